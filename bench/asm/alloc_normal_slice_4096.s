endbr64
push %r15
push %r14
push %r12
push %rbx
push %rax
mov %rdi,%rbx
movq $0x0,(%rsp)
mov %rsp,%rdx
mov $0x1000,%esi
mov $0xdc0,%ecx
xor %r8d,%r8d
call <+0x2c> # dma_alloc_attrs-0x4
test %rax,%rax
je <+0x63>
mov %rax,%r15
mov (%rsp),%r12
mov %rbx,%rdi
call <+0x40> # <kernel::device::Device as kernel::sync::aref::AlwaysRefCounted>::inc_ref-0x4
xor %r14d,%r14d
mov $0x1000,%esi
mov %rbx,%rdi
mov %r15,%rdx
mov %r12,%rcx
xor %r8d,%r8d
call <+0x59> # dma_free_attrs-0x4
mov %rbx,%rdi
call <+0x61> # <kernel::device::Device as kernel::sync::aref::AlwaysRefCounted>::dec_ref-0x4
jmp <+0x69>
mov $0x1,%r14d
mov %r14,%rax
add $0x8,%rsp
pop %rbx
pop %r12
pop %r14
pop %r15
ret
