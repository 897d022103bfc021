endbr64
cmp $0x7,%rsi
jbe <+0xd>
xor %eax,%eax
ret
mov 0x10(%rdi),%rax
shl $0x7,%rsi
add %rsi,%rax
add $0x100,%rax
ret
