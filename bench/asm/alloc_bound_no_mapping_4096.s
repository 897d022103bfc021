endbr64
push %rbx
sub $0x10,%rsp
mov %rdi,%rbx
movq $0x0,0x8(%rsp)
lea 0x8(%rsp),%rdx
mov $0x1000,%esi
mov $0x10,%r8d
mov $0xcc0,%ecx
call <+0x2f> # dma_alloc_attrs-0x4
test %rax,%rax
je <+0x53>
mov 0x8(%rsp),%rcx
mov $0x1000,%esi
mov $0x10,%r8d
mov %rbx,%rdi
mov %rax,%rdx
call <+0x4f> # dma_free_attrs-0x4
xor %eax,%eax
jmp <+0x58>
mov $0x1,%eax
add $0x10,%rsp
pop %rbx
ret
