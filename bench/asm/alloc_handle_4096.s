endbr64
push %r15
push %r14
push %rbx
sub $0x10,%rsp
mov %rdi,%rbx
movq $0x0,0x8(%rsp)
lea 0x8(%rsp),%rdx
mov $0x1000,%esi
mov $0x10,%r8d
mov $0xcc0,%ecx
call <+0x33> # dma_alloc_attrs-0x4
test %rax,%rax
je <+0x6d>
mov %rax,%r14
mov 0x8(%rsp),%r15
mov %rbx,%rdi
call <+0x48> # <kernel::device::Device as kernel::sync::aref::AlwaysRefCounted>::inc_ref-0x4
mov $0x1000,%esi
mov $0x10,%r8d
mov %rbx,%rdi
mov %r14,%rdx
mov %r15,%rcx
call <+0x61> # dma_free_attrs-0x4
mov %rbx,%rdi
call <+0x69> # <kernel::device::Device as kernel::sync::aref::AlwaysRefCounted>::dec_ref-0x4
xor %eax,%eax
jmp <+0x72>
mov $0x1,%eax
add $0x10,%rsp
pop %rbx
pop %r14
pop %r15
ret
