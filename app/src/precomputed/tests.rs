//! Results are cut, found and named as they are.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
use super::{Found, Held};
use crate::protocol::Array;
use crate::protocol::card::{Card, Condition, Value};
use crate::protocol::precomputed::{Compared, Made, Set, Tell};
use crate::state::State;

fn condition(key: &str, kind: &str, control: Option<&str>, names: &[(&str, u32)]) -> Condition {
    let value = |(name, cells): &(&str, u32)| Value {
        value: (*name).into(),
        display: (*name).into(),
        aliases: Vec::new(),
        cells: *cells,
        ..Value::default()
    };
    let values = names.iter().map(value).collect();
    Condition {
        key: key.into(),
        title: key.into(),
        kind: kind.into(),
        control: control.map(str::to_owned),
        values,
        ..Condition::default()
    }
}

fn card() -> Card {
    Card {
        name: "tiny".into(),
        guidance: 1.5,
        steps: 4,
        genes: ["A", "B", "C", "D"].map(str::to_owned).into(),
        conditions: vec![
            condition("donor", "identity", None, &[("1", 3), ("2", 7)]),
            condition("drug", "perturbation", Some("none"), &[("none", 9), ("X", 1), ("Y", 1)]),
        ],
        ..Card::default()
    }
}

/// Donor 2 without and with X.
fn held() -> Held {
    let set = |drug: &str, points, typical| Set {
        with: [("donor", "2"), ("drug", drug)].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        points,
        genes: 2,
        typical,
    };
    let made = Made {
        version: "0.1.0".into(),
        device: "the CPU".into(),
        seed: "7".into(),
        guidance: 1.5,
        steps: 4,
        cells: 128,
        tested: 4,
        bundle: "ff".into(),
    };
    let tell = Tell {
        made,
        sets: vec![set("none", 1, Vec::new()), set("X", 2, vec![3])],
        comparisons: vec![
            Compared { control: 0, perturbed: 1, genes: 2, shifted: 1 },
            // Of cells that are not there: left out.
            Compared { control: 0, perturbed: 9, genes: 0, shifted: 0 },
        ],
        ..Tell::default()
    };
    let mut arrays = vec![
        Array::F32(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        Array::F32(vec![1.0, 3.0, 1.0, 3.0]),
        Array::F32(vec![0.5, 0.0, 1.5, 2.0]),
        Array::F32(vec![0.25, 0.0, 0.5, 1.0]),
        Array::F32(vec![1.0, 3.0]),
    ];
    arrays.extend((0..7).map(|column| Array::F64(vec![f64::from(column) + 0.25, f64::from(column) + 0.5])));
    let mut arrays = arrays.into_iter();
    Held::new(&tell, || arrays.next().unwrap_or(Array::F32(Vec::new())))
}

#[test]
fn arrays_are_cut_where_they_belong() {
    let held = held();
    assert_eq!((held.sets.len(), held.comparisons.len(), held.conditions()), (2, 1, 1));
    assert_eq!(held.sets[1].points, [2.0, 3.0, 4.0, 5.0]);
    assert_eq!(
        (held.sets[1].of(3), held.sets[0].of(1), held.sets[0].of(2)),
        (Some((2.0, 1.0)), Some((0.5, 0.25)), None)
    );
    assert_eq!(held.sets[1].typical, [3]);
    let [change, p, q, control, perturbed, low, high] = held.comparisons[0].over(4);
    assert_eq!((change[1], p[1], q[3], low[3], high[1]), (0.25, 1.25, 2.5, 5.5, 6.25));
    // Genes that the file does not tell of are no zeros, and are not counted in any cell.
    assert!(change[0].is_nan() && q[2].is_nan() && low[0].is_nan());
    assert_eq!((control[0], perturbed[2], control[1], perturbed[3]), (0.0, 0.0, 3.25, 4.5));
}

#[test]
fn choices_find_their_result() {
    let (held, card) = (held(), card());
    let find = |query: &str| held.find(&card, &State::read(query));
    let both = Found { control: 0, compared: Some((1, 0)) };
    assert_eq!(find("with.drug=X"), Ok(both), "the donor with most cells is the default");
    assert_eq!(find("with.drug=X&with.donor=2&cells=8&seed=9&replicates=2&gene=A"), Ok(both));
    assert_eq!(find(""), Ok(Found { control: 0, compared: None }));
    // Without a perturbation nothing is guided.
    assert_eq!(find("guidance=3"), Ok(Found { control: 0, compared: None }));
}

#[test]
fn what_is_not_there_is_said() {
    let (held, card) = (held(), card());
    let why = |query: &str| held.find(&card, &State::read(query)).unwrap_err();
    assert!(why("with.drug=Y").contains("not among the 1 precomputed"));
    assert!(why("with.drug=X&with.donor=1").contains("not among"));
    assert!(why("with.drug=X&with.drug=Y").contains("several"));
    assert!(why("with.drug=X&guidance=3").contains("guidance scale 1.5"));
    assert!(why("with.drug=X&steps=8").contains("4 sampling steps"));
    assert!(why("with.drug=X&clamp=A:1").contains("held genes"));
    assert!(why("with.drug=X&b.on=1").contains("two scenarios"));
}

#[test]
fn results_say_what_made_them() {
    let (held, card) = (held(), card());
    let found = Found { control: 0, compared: Some((1, 0)) };
    let words = held.words(found);
    for part in
        ["128 cells on either side (1 of them on the map)", "seed 7", "wellplate 0.1.0", "the CPU", "press Generate"]
    {
        assert!(words.contains(part), "{words}");
    }
    let made = held.provenance(&card, found);
    let of = |key: &str| made.entries.iter().find(|(own, _)| own == key).unwrap().1.clone();
    assert_eq!((of("kind").as_str(), of("conditions").as_str()), ("generated, precomputed", "donor=2; drug=X"));
    let commands = of("command");
    let (first, second) = commands.split_once(" && ").unwrap();
    assert!(first.contains("--with \"drug=X\" --guidance 1.5 --steps 4 --cells 128 --seed 7"), "{first}");
    assert!(second.contains("--with \"donor=2\" --guidance 0") && !second.contains("drug"), "{second}");
    assert!(of("genes").contains("the 2 genes with the smallest q, and markers, of 4 that were tested. Of all"));
}
