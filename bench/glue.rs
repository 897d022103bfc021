// SPDX-License-Identifier: GPL-2.0

//! Bindings to `harness.c`, and a macro that defines its cases.

use core::ffi::CStr;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    ffi::{
        c_char,
        c_uint,
        c_void, //
    },
    prelude::*, //
};

/// One unit of work, called through a pointer as in C.
pub(crate) type Run = unsafe extern "C" fn(*const c_void, usize) -> u64;

extern "C" {
    fn coherent_bench_device() -> *mut c_void;
    fn coherent_bench_run(
        language: *const c_char,
        name: *const c_char,
        run: Run,
        arg: *const c_void,
        index: usize,
        batch: c_uint,
    );
}

/// The device of the C module, which unregisters it after this module is unloaded.
pub(crate) fn device() -> &'static Device<Bound> {
    // SAFETY: The C module keeps the device bound as long as it is loaded, and this module uses its
    // symbols.
    unsafe { Device::from_raw(coherent_bench_device().cast()) }
}

/// Runs `cases`, whose argument is an `A`, and prints their instruction counts.
///
/// # Safety
///
/// The argument of all `cases` must be a pointer to an `A`.
pub(crate) unsafe fn run<A>(cases: &[(&'static CStr, Run)], arg: &A, batch: c_uint) {
    for (name, run) in cases {
        // SAFETY: The strings end with a zero. The case takes a pointer to an `A`.
        unsafe {
            coherent_bench_run(
                c"rust".as_char_ptr(),
                name.as_char_ptr(),
                *run,
                (&raw const *arg).cast(),
                3,
                batch,
            )
        };
    }
}

/// Defines one function for each case, under its own symbol, and a table of them.
macro_rules! cases {
    ($table:ident: $arg:ty; $($name:ident($c:ident, $i:ident) $body:block)*) => {
        $(
            /// # Safety
            ///
            /// `arg` must be a pointer to the argument type of the table.
            #[no_mangle]
            unsafe extern "C" fn $name(arg: *const c_void, $i: usize) -> u64 {
                let _ = $i;
                // SAFETY: The caller passes a pointer to this type.
                let $c: &$arg = unsafe { &*arg.cast() };
                $body
            }
        )*

        pub(crate) const $table: &[(&core::ffi::CStr, crate::glue::Run)] = &[
            $((
                match core::ffi::CStr::from_bytes_with_nul(
                    concat!(stringify!($name), "\0").as_bytes(),
                ) {
                    Ok(name) => name,
                    Err(_) => c"?",
                },
                $name,
            ),)*
        ];
    };
}
pub(crate) use cases;
