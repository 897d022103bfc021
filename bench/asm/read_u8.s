endbr64
mov 0x8(%rdi),%rax
movzbl 0x52e(%rax),%eax
ret
