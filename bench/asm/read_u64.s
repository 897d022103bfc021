endbr64
mov 0x8(%rdi),%rax
mov 0x520(%rax),%rax
ret
