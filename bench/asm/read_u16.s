endbr64
mov 0x8(%rdi),%rax
movzwl 0x52c(%rax),%eax
ret
