endbr64
mov 0x8(%rdi),%rcx
mov 0x500(%rcx),%rax
xor 0x508(%rcx),%rax
xor 0x510(%rcx),%rax
xor 0x518(%rcx),%rax
ret
