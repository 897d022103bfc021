endbr64
cmp $0x52f,%rsi
ja <+0x15>
mov %rsi,%rax
add 0x10(%rdi),%rax
ret
xor %eax,%eax
ret
