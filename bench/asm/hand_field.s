endbr64
mov 0x10(%rdi),%rax
cmp $0xfffffffffffffadf,%rax
ja <+0x17>
add $0x520,%rax
ret
push %rax
mov $0x0,%rdi # .rodata
call <+0x24> # core::panicking::panic_const::panic_const_add_overflow-0x4
