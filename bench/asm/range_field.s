endbr64
mov $0x520,%eax
add 0x10(%rdi),%rax
ret
