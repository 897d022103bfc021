// SPDX-License-Identifier: GPL-2.0

//! Jobs side by side.

use std::sync::{Mutex, PoisonError};
use std::thread;

pub type Job<'a, T> = Box<dyn FnOnce() -> T + Send + 'a>;

/// Does `jobs` on as many threads as there are `lanes`, the first ones first. Returns what they return,
/// in their order.
pub fn run<T: Send>(lanes: usize, jobs: Vec<Job<'_, T>>) -> Vec<T> {
    let queue = Mutex::new((0..).zip(jobs));
    let done = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some((number, job)) = next() {
                    let value = job();
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((number, value));
                }
            });
        }
    });
    let mut done: Vec<(usize, T)> = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn jobs_run_side_by_side_and_keep_their_order() {
        let both = Barrier::new(2);
        // The first two wait for each other.
        let jobs = (0..4).map(|number| {
            let both = &both;
            let job = move || {
                if number < 2 {
                    both.wait();
                }
                number
            };
            Box::new(job) as Job<'_, i32>
        });
        assert_eq!(run(2, jobs.collect()), [0, 1, 2, 3]);
    }
}
