endbr64
mov $0x3bc,%eax
add 0x10(%rdi),%rax
ret
