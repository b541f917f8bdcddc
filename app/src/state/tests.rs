//! States and addresses, there and back.

use super::{Other, SHOW, State, VIEWS, View, Which};
use crate::protocol::{Comparison, Wish};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

/// Any state that controls can make; names may hold any character.
fn states() -> impl Strategy<Value = State> {
    let names = || "\\PC{1,12}";
    let with = || {
        let values = btree_set(names(), 1..4).prop_map(|values| values.into_iter().rev().collect::<Vec<_>>());
        btree_map(names(), values, 0..4)
    };
    let clamp = || vec((names(), any::<u32>()), 0..4);
    let counts = (any::<u32>(), any::<u32>(), any::<u32>());
    let numbers = (option::of(-9.0_f32..=20.0), option::of(any::<u32>()), counts);
    let parts = btree_map(names().prop_map(|name| format!("plate.{name}")), names(), 0..3);
    let other = option::of((with(), clamp()).prop_map(|(with, clamp)| Other { with, clamp }));
    let lists = (with(), clamp(), option::of(names()), parts, other);
    (numbers, lists, (0..VIEWS.len(), any::<bool>())).prop_map(
        |((guidance, steps, (cells, seed, replicates)), (with, clamp, gene, parts, other), (view, run))| State {
            view: VIEWS[view].0,
            parts,
            with,
            guidance,
            steps,
            cells,
            seed,
            replicates,
            clamp,
            other,
            gene,
            run,
            ..State::default()
        },
    )
}

proptest! {
    #[test]
    fn any_state_comes_back_from_its_address(state in states()) {
        let query = state.query();
        prop_assert_eq!(State::read(&query), state, "{}", query);
    }

    #[test]
    fn any_text_is_read_as_some_state(query in "\\PC{0,60}") {
        let state = State::read(&query);
        prop_assert_eq!(State::read(&state.query()), state);
    }
}

#[test]
fn an_address_comes_back() {
    let mut state = State {
        device: Wish::Cpu,
        view: View::Model,
        guidance: Some(2.5),
        steps: Some(8),
        cells: 128,
        seed: 42,
        clamp: vec![("HLA-DRA".into(), 0), ("CD14".into(), 12)],
        gene: Some("ISG15".into()),
        run: true,
        ..State::default()
    };
    state.with.insert("cell_type".into(), vec!["CD14+ Monocytes & more = 100 %".into()]);
    state.with.insert("condition".into(), vec!["IFN-β".into(), "IL-2+IL-15, low".into()]);
    assert_eq!(State::read(&state.query()), state);
    assert_eq!(State::read(&State::default().query()), State::default());
}

#[test]
fn several_values_of_a_key_are_kept_once_each() {
    let state = State::read("with.condition=A&with.condition=B%2BC&with.condition=A&with.condition=&with.=x");
    assert_eq!(state.with.len(), 1);
    assert_eq!(state.with["condition"], ["A", "B+C"]);
    assert_eq!(state.query(), "with.condition=A&with.condition=B%2BC");
}

#[test]
fn a_second_scenario_has_its_own_part_of_the_address() {
    let query = "with.condition=A&replicates=3&b.on=1&b.with.condition=B&b.with.donor=7&b.clamp=CD14%3A0";
    let mut state = State::read(query);
    assert_eq!((state.query().as_str(), state.replicates), (query, 3));
    assert_eq!(state.with_of(Which::B)["condition"], ["B"]);
    assert_eq!(state.clamp_of(Which::B), [("CD14".to_owned(), 0)]);
    assert!(state.clamp_of(Which::A).is_empty());
    state.swap();
    assert_eq!(state.with_of(Which::A)["donor"], ["7"]);
    assert_eq!(state.with_of(Which::B)["condition"], ["A"]);
    // Without its switch there is no B: what is said of it is refused, and later choices for it go to A.
    let (mut alone, refused) = State::read_telling("b.with.condition=B&b.on=0&b.nonsense=1&b.=&replicates=99");
    assert_eq!(refused, ["b.nonsense=1", "b.=", "b.with.condition=B"]);
    assert_eq!((alone.other.clone(), alone.replicates), (None, 99), "what is out of range is kept, to be told");
    alone.with_mut(Which::B).insert("condition".into(), vec!["C".into()]);
    alone.clamp_mut(Which::B).push(("CD14".into(), 1));
    assert_eq!((alone.with["condition"].as_slice(), alone.clamp.len()), (["C".to_owned()].as_slice(), 1));
}

#[test]
fn a_bundle_goes_by_its_name_alone() {
    for address in ["bundle=thp1-knockouts", "bundle=models/thp1-knockouts"] {
        assert_eq!(State::read(address).bundle, "models/thp1-knockouts");
    }
    assert_eq!(State::read("bundle=pbmc-ifnb"), State::default());
}

#[test]
fn nonsense_stays_at_its_default_and_is_named() {
    let (state, refused) = State::read_telling(
        "?bundle=//elsewhere.org&cells=9999999&guidance=NaN&steps=-4&seed=x&clamp=CD14&%ZZ=%&device=tpu&view=moon&with.=q&b.on=1&b.clamp=x",
    );
    let other = Some(Other::default());
    assert_eq!(state, State { cells: 9_999_999, other, ..State::default() }, "a number is kept, whatever its size");
    let named = [
        "bundle=//elsewhere.org",
        "guidance=NaN",
        "steps=-4",
        "seed=x",
        "clamp=CD14",
        "%ZZ=%",
        "device=tpu",
        "view=moon",
        "with.=q",
        "b.clamp=x",
    ];
    assert_eq!(refused, named);
}

#[test]
fn nothing_is_dropped_without_a_word() {
    let refused = |query: &str| State::read_telling(query).1;
    for pair in [
        "cell=8",
        "with_donor=x",
        "with.donor=",
        "gene=",
        "run=yes",
        "b.on=yes",
        "b.nonsense=1",
        "b.with.donor=101",
        "b.clamp=CD14:1",
        "genes.=",
    ] {
        assert_eq!(refused(pair), [pair]);
    }
    assert_eq!(refused("b.on=1&b.with.=x&b.cells=8"), ["b.with.=x", "b.cells=8"]);
    assert_eq!(refused("steps"), ["steps="]);
    assert!(!State::read("run=0").run && refused("run=0&b.on=0&with.donor=1&with.donor=1").is_empty());
    // What is none of ours is nobody's fault.
    assert!(refused("utm_source=x&fbclid=1&gclid=2&fault=y&workers=2&run=1").is_empty());
}

#[test]
fn two_scenarios_open_on_b_against_a() {
    let shown = |query: &str| State::read(query).comparison();
    assert_eq!(shown(""), Comparison::A);
    assert_eq!(shown("show.comparison=b-a"), Comparison::A, "without B there is nothing else");
    assert_eq!(shown("b.on=1"), Comparison::BAgainstA);
    for (comparison, name) in super::SHOWN {
        assert_eq!(shown(&format!("b.on=1&{SHOW}={name}")), comparison);
    }
    assert_eq!(shown("b.on=1&show.comparison=c"), Comparison::BAgainstA);
}

#[test]
fn what_is_there_is_shown() {
    use super::shown_of;
    let wanted = Comparison::BAgainstA;
    assert_eq!(shown_of(wanted, [true, true, true]), wanted);
    assert_eq!(shown_of(wanted, [false, true, false]), Comparison::B);
    assert_eq!(shown_of(wanted, [false; 3]), wanted, "it is on its way");
}

#[test]
fn what_makes_cells_is_told_apart_from_what_shows_them() {
    let one = State::read("with.drug=A&cells=8&gene=CD14&view=plate&genes.q=0.1&run=1&device=cpu");
    let other = State::read("with.drug=A&cells=8&gene=IL6");
    assert_eq!(one.asks(), other.asks());
    assert_ne!(one.asks(), State::read("with.drug=A&cells=9").asks());
    let mut back = State::read("with.drug=B&gene=IL6&seed=4");
    back.take_asks(&one);
    assert_eq!((back.asks(), back.gene.as_deref(), back.view), (one.asks(), Some("IL6"), View::Explore));
}
