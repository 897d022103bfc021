endbr64
sub $0x20,%rsp
mov 0x8(%rdi),%rax
mov %rsi,0x18(%rsp)
mov %rsi,0x10(%rsp)
mov %rsi,0x8(%rsp)
mov %rsi,(%rsp)
mov 0x18(%rsp),%rcx
mov %rcx,0x500(%rax)
mov 0x10(%rsp),%rcx
mov %rcx,0x508(%rax)
mov 0x8(%rsp),%rcx
mov %rcx,0x510(%rax)
mov (%rsp),%rcx
mov %rcx,0x518(%rax)
xor %eax,%eax
add $0x20,%rsp
ret
