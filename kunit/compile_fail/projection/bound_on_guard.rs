// SPDX-License-Identifier: GPL-2.0

//! A bound claims the trait that projects.
//!
//! The macros refuse a field behind `Deref`, whose code could return any address.

include!("../prelude.rs");

use core::{
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    }, //
};
use kernel::ptr::projection::ProjectField;

pub struct Inner {
    value: u32,
}

pub struct Plain<T> {
    value: u32,
    tag: PhantomData<T>,
}

pub struct Outer<T> {
    inner: &'static Inner,
    tag: PhantomData<T>,
}

impl<T> Deref for Outer<T> {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        self.inner
    }
}

impl<T> DerefMut for Outer<T> {
    fn deref_mut(&mut self) -> &mut Inner {
        loop {}
    }
}

#[allow(dangerous_implicit_autorefs)]
#[rustfmt::skip]
// control: pub fn f<T>(buf: &Coherent<Plain<T>, NoMapping>) where Plain<T>: ProjectField {
pub fn f<T>(buf: &Coherent<Outer<T>, NoMapping>) where Outer<T>: ProjectField {
    let _ = io_project!(buf, .value).dma_address(); //~ E0283 E0284
}
