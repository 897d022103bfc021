endbr64
cmp $0x7,%rsi
ja <+0x1c>
mov 0x10(%rdi),%rax
shl $0x7,%rsi
add %rsi,%rax
add $0x100,%rax
ret
push %rax
mov %rsi,%rdi
mov $0x8,%esi
mov $0x0,%rdx # .rodata
call <+0x31> # core::panicking::panic_bounds_check-0x4
