// SPDX-License-Identifier: GPL-2.0

use super::*;
use crate::task::bench::object::{Shape, Shapes};
use crate::task::bench::results::{Made, Pair};

fn costs(pairs: &[(&str, f64)]) -> Costs {
    pairs
        .iter()
        .map(|(name, cost)| (name.to_string(), *cost))
        .collect()
}

fn results(ours: &[(&str, f64)], upstream: &[(&str, f64)], c: &[(&str, f64)]) -> Results {
    let none = || Pair {
        ours: Shapes::new(),
        upstream: Shapes::new(),
    };
    Results {
        made: Made::default(),
        c: Pair {
            ours: costs(c),
            upstream: costs(c),
        },
        costs: Pair {
            ours: costs(ours),
            upstream: costs(upstream),
        },
        ratios: Pair {
            ours: Costs::new(),
            upstream: Costs::new(),
        },
        checked: none(),
        unchecked: none(),
        sizes: Pair {
            ours: [("text".to_string(), 10), ("calls of f".to_string(), 9)].into(),
            upstream: [("text".to_string(), 9), ("calls of f".to_string(), 8)].into(),
        },
    }
}

fn met(results: &Results, what: &str) -> Option<bool> {
    let rows = rows(results);
    rows.into_iter().find(|row| row.what == what)?.met
}

#[test]
fn an_allocation_may_take_one_percent_more_than_c_and_no_more_than_upstream() {
    let of = |ours, upstream| {
        let c = [("alloc_no_mapping_64_ref", 1000.0)];
        let results = results(
            &[("alloc_handle_64", ours)],
            &[("alloc_handle_64", upstream)],
            &c,
        );
        met(&results, "alloc_handle_64")
    };
    assert_eq!(of(1010.0, 1010.0), Some(true));
    assert_eq!(of(1011.0, 1020.0), Some(false));
    assert_eq!(of(1005.0, 1004.0), Some(false));
}

#[test]
fn upstream_is_measured_from_c_in_its_own_boot() {
    let mut results = results(
        &[("alloc_handle_64", 1005.0)],
        &[("alloc_handle_64", 1016.0)],
        &[("alloc_no_mapping_64_ref", 1000.0)],
    );
    assert_eq!(met(&results, "alloc_handle_64"), Some(true));
    results.c.upstream = costs(&[("alloc_no_mapping_64_ref", 1012.0)]);
    assert_eq!(met(&results, "alloc_handle_64"), Some(false));
}

#[test]
fn a_constant_projection_has_no_branch_with_and_without_checks() {
    let mut results = results(
        &[("project_field", 2.0)],
        &[("project_field", 2.0)],
        &[("project_field", 2.0)],
    );
    let shapes = |branches| {
        let shape = Shape {
            instructions: 4,
            branches,
            panics: 0,
        };
        Shapes::from([("project_field".to_string(), shape)])
    };
    assert_eq!(met(&results, "project_field"), Some(false));
    results.checked.ours = shapes(0);
    results.unchecked.ours = shapes(0);
    assert_eq!(met(&results, "project_field"), Some(true));
    results.unchecked.ours = shapes(1);
    assert_eq!(met(&results, "project_field"), Some(false));
}

#[test]
fn no_mapping_has_to_be_twenty_times_cheaper_at_the_largest_size() {
    let of = |normal| {
        let costs = [
            ("alloc_normal_4194304", normal),
            ("alloc_no_mapping_4194304", 10.0),
        ];
        let what = "4194304 bytes: NoMapping is cheaper than Normal by a factor of";
        met(&results(&costs, &[], &[]), what)
    };
    assert_eq!(of(200.0), Some(true));
    assert_eq!(of(199.0), Some(false));
}

#[test]
fn larger_code_is_a_missed_goal_and_more_calls_are_not() {
    let results = results(&[], &[], &[]);
    assert_eq!(met(&results, "text"), Some(false));
    assert_eq!(met(&results, "calls of f"), None);
}
