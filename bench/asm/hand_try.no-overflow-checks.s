endbr64
cmp $0x7,%rsi
ja <+0x1c>
shl $0x7,%rsi
mov 0x10(%rdi),%rax
add %rsi,%rax
add $0x100,%rax
ret
xor %eax,%eax
ret
