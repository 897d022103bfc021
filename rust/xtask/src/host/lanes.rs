// SPDX-License-Identifier: GPL-2.0

//! Work side by side.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Does `work` on each of `items`, on as many threads as there are `lanes`, the first ones first.
/// Returns the results in the order of the items.
pub fn run<T: Send, R: Send>(
    lanes: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let items: Vec<T> = items.into_iter().collect();
    let queue = Mutex::new((0..).zip(items));
    let done = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some((number, item)) = next() {
                    let result: (usize, R) = (number, work(item));
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push(result);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn items_are_worked_on_side_by_side_and_keep_their_order() {
        let both = Barrier::new(2);
        let results = run(2, 0..4, |number| {
            // The first two wait for each other.
            if number < 2 {
                both.wait();
            }
            number
        });
        assert_eq!(results, [0, 1, 2, 3]);
    }
}
