// SPDX-License-Identifier: GPL-2.0

//! A bound buffer escapes from a closure that takes any lifetime.

include!("../prelude.rs");

pub fn with(run: impl for<'a> FnOnce(&'a Device<Bound>) -> Result) -> Result {
    let _ = run;
    Ok(())
}

pub fn f() -> Result {
    let mut out = None;
    with(|dev| {
        // control: out = Some(CoherentHandle::alloc(dev, 64, GFP_KERNEL)?);
        out = Some(bound::CoherentHandle::alloc(dev, 64, GFP_KERNEL)?); //~ E0521
        Ok(())
    })?;
    drop(out);
    Ok(())
}
