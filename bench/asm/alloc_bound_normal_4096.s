endbr64
push %r14
push %rbx
push %rax
mov %rdi,%rbx
movq $0x0,(%rsp)
mov %rsp,%rdx
mov $0x1000,%esi
mov $0xdc0,%ecx
xor %r8d,%r8d
call <+0x28> # dma_alloc_attrs-0x4
test %rax,%rax
je <+0x49>
mov (%rsp),%rcx
xor %r14d,%r14d
mov $0x1000,%esi
mov %rbx,%rdi
mov %rax,%rdx
xor %r8d,%r8d
call <+0x47> # dma_free_attrs-0x4
jmp <+0x4f>
mov $0x1,%r14d
mov %r14,%rax
add $0x8,%rsp
pop %rbx
pop %r14
ret
