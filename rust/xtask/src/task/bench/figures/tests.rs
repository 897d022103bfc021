// SPDX-License-Identifier: GPL-2.0

use super::*;

fn measured(rust: &[(&str, f64)], c: &[(&str, f64)]) -> Counts {
    let name = |language, (case, count): &(&str, f64)| (format!("{language} {case}"), *count);
    let rust = rust.iter().map(|count| name("rust", count));
    rust.chain(c.iter().map(|count| name("c", count))).collect()
}

/// Whether `case`, of these counts in the library, in Linux 7.3 and in C, meets its goal.
fn met(case: &str, library: f64, upstream: f64, c: f64) -> Option<bool> {
    let c = [(&*c_case(case), c)];
    let upstream = measured(&[(&*upstream_case(case), upstream)], &c);
    let figures = compare(&measured(&[(case, library)], &c), &upstream);
    Some(figures[0].goal()?.1)
}

#[test]
fn a_case_is_compared_with_the_same_work() {
    for (case, c) in [
        ("alloc_handle_64", "alloc_no_mapping_64_ref"),
        ("alloc_normal_slice_64", "alloc_normal_64_ref"),
        ("alloc_bound_no_mapping_64", "alloc_no_mapping_64"),
        ("project_panic_no_mapping", "project_try"),
        ("hand_field", "project_field"),
        ("range_field", "project_field"),
        ("range_try", "range_try"),
        ("read_u8", "read_u8"),
    ] {
        assert_eq!(c_case(case), c);
    }
    assert_eq!(upstream_case("alloc_no_mapping_64"), "alloc_handle_64");
    assert_eq!(upstream_case("project_try_no_mapping"), "project_try");
}

#[test]
fn an_allocation_may_take_one_percent_more_than_c_and_no_more_than_upstream() {
    assert_eq!(met("alloc_handle_64", 1010.0, 1010.0, 1000.0), Some(true));
    assert_eq!(met("alloc_handle_64", 1011.0, 1020.0, 1000.0), Some(false));
    assert_eq!(met("alloc_handle_64", 1005.0, 1004.0, 1000.0), Some(false));
}

#[test]
fn upstream_is_compared_with_c_in_its_own_boot() {
    let library = measured(
        &[("alloc_handle_64", 1005.0)],
        &[("alloc_no_mapping_64_ref", 1000.0)],
    );
    let met = |c: f64| {
        let c = [("alloc_no_mapping_64_ref", c)];
        let upstream = measured(&[("alloc_handle_64", 1016.0)], &c);
        compare(&library, &upstream)[0].goal()
    };
    assert_eq!(met(1000.0), Some(("C + 1 %, Linux 7.3", true)));
    assert_eq!(met(1012.0), Some(("C + 1 %, Linux 7.3", false)));
}

#[test]
fn a_bound_allocation_is_compared_with_c_without_a_reference() {
    let c = [("alloc_normal_64", 1000.0), ("alloc_normal_64_ref", 1059.0)];
    let goal = |count| {
        let library = measured(&[("alloc_bound_normal_64", count)], &c);
        compare(&library, &Counts::new())[0].goal()
    };
    assert_eq!(goal(1010.0), Some(("C + 1 %", true)));
    assert_eq!(goal(1011.0), Some(("C + 1 %", false)));
}

#[test]
fn a_constant_offset_takes_no_more_than_c_and_a_run_time_index_no_more_than_upstream() {
    assert_eq!(met("project_field", 1.0, 9.0, 1.0), Some(true));
    assert_eq!(met("project_field", 2.0, 9.0, 1.0), Some(false));
    assert_eq!(met("project_try", 6.0, 6.0, 5.0), Some(true));
    assert_eq!(met("project_try", 7.0, 6.0, 5.0), Some(false));
    assert_eq!(met("read_u8", 2.0, 2.0, 1.0), Some(false));
    assert_eq!(met("copy_write", 15.0, 14.0, 8.0), Some(false));
    assert_eq!(met("hand_field", 3.0, 3.0, 1.0), None);
}

#[test]
fn without_a_figure_to_compare_with_a_goal_is_missed() {
    let library = measured(&[("project_field", 1.0), ("text_rust_dma", 1.0)], &[]);
    for figure in compare(&library, &Counts::new()) {
        assert!(
            figure.goal().is_some_and(|(_, met)| !met),
            "{}",
            figure.case
        );
    }
}

#[test]
fn a_rise_of_more_than_one_percent_and_a_case_on_one_side_are_found() {
    let of = |count| {
        compare(
            &measured(&[("alloc_handle_64", count)], &[]),
            &Counts::new(),
        )
    };
    assert_eq!(risen(&of(1000.0), &of(1010.0)), Vec::<String>::new());
    assert_eq!(risen(&of(1000.0), &of(900.0)), Vec::<String>::new());
    assert_eq!(
        risen(&of(1000.0), &of(1011.0)),
        ["alloc_handle_64: Some(1011.0), committed: Some(1000.0)"]
    );
    assert_eq!(risen(&of(1000.0), &[]).len(), 1, "it is gone");
    assert_eq!(risen(&[], &of(1.0)).len(), 1, "it is not committed");
}

/// Some 60 times fewer instructions are the point of `NoMapping`; 20 is what we promise.
#[test]
fn the_committed_figures_meet_their_goals() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/results.json");
    let results = Results::load(&file).expect("what `make bench` wrote");
    assert_eq!(results.missed(), Vec::<&str>::new());
    let count = |case: &str| {
        let figure = results.figures.iter().find(|figure| figure.case == case);
        figure.expect(case).library
    };
    let factor = count("alloc_normal_4194304") / count("alloc_no_mapping_4194304");
    assert!(factor >= 20.0, "{factor}");
}
