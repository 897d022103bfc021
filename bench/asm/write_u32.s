endbr64
mov 0x8(%rdi),%rax
mov %esi,0x528(%rax)
xor %eax,%eax
ret
