endbr64
cmp $0x8,%rsi
jae <+0x1f>
shl $0x7,%rsi
add $0x100,%rsi
add 0x10(%rdi),%rsi
jb <+0x25>
mov %rsi,%rax
ret
xor %esi,%esi
mov %rsi,%rax
ret
push %rax
mov $0x0,%rdi # .rodata
call <+0x32> # core::panicking::panic_const::panic_const_add_overflow-0x4
