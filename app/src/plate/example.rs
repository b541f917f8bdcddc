//! The example: a plate that is true for the bundle.
//!
//! Does: cell types down the rows; donors, control and perturbations, and their replicates across.
//! Does not know: which bundle it is; everything comes from its card.
//! Flow: card → **layout**.

use std::collections::BTreeMap;

use super::layout::{Condition, Layout};
use super::wells::{COLUMNS, ROWS};
use crate::protocol::card::{Card, Condition as Slot};

/// Most wells of one condition side by side.
const REPLICATES: usize = 3;

/// Values with the most training cells, in the card's order.
fn most_seen(slot: &Slot, most: usize) -> Vec<String> {
    let mut order: Vec<usize> = (0..slot.values.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(slot.values[*place].cells));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|place| slot.values[place].value.clone()).collect()
}

/// Control first, then the perturbations.
fn treatments(slot: &Slot, most: usize) -> Vec<String> {
    let is_other = |value: &String| Some(value) != slot.control.as_ref();
    let others = most_seen(slot, most).into_iter().filter(is_other);
    slot.control.iter().cloned().chain(others).take(most).collect()
}

/// Values of one condition that training cells had together with a value of another, the most common first.
fn seen_with(card: &Card, (own, value): (&Slot, &String), other: &Slot) -> Vec<String> {
    let place = |slot: &Slot| card.choosable().position(|known| known.key == slot.key);
    let Some((own, at)) = place(own).zip(place(other)) else { return Vec::new() };
    let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
    for (names, cells) in &card.combinations {
        let parts: Vec<&str> = names.split('|').collect();
        if parts.get(own) == Some(&value.as_str()) && *cells > 0 {
            parts.get(at).into_iter().for_each(|name| *sums.entry(*name).or_default() += cells);
        }
    }
    let mut found: Vec<(&str, u32)> = sums.into_iter().collect();
    found.retain(|(name, _)| other.values.iter().any(|value| value.value == *name));
    found.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    found.into_iter().map(|(name, _)| name.to_owned()).collect()
}

/// The example plate of a bundle; `base` fills the conditions that it does not vary.
pub fn example(card: &Card, base: &Condition) -> Layout {
    let of = |kind: &str| card.choosable().find(|slot| slot.kind == kind);
    let (types, donors, changes) = (of("cell_type"), of("identity"), of("perturbation"));
    let (down, across) = if types.is_some() { (types, donors) } else { (donors, None) };
    let treatments = changes.map_or_else(Vec::new, |slot| treatments(slot, COLUMNS));
    let of_treatment = treatments.len().max(1);
    let replicates = (COLUMNS / of_treatment).clamp(1, REPLICATES);
    let groups = across.map_or(1, |slot| (COLUMNS / (of_treatment * replicates)).clamp(1, slot.values.len().max(1)));
    let mut layout = Layout::default();
    let rows = down.map_or_else(Vec::new, |slot| most_seen(slot, ROWS));
    let donors = across.map_or_else(Vec::new, |slot| most_seen(slot, groups));
    for row in 0..rows.len().max(1) {
        // Without a perturbation the kinds of cells are all there is to show: only those that were ever seen together.
        let seen = match (down, across, rows.get(row)) {
            (Some(down), Some(across), Some(own)) if changes.is_none() => seen_with(card, (down, own), across),
            _ => Vec::new(),
        };
        let (donors, groups) = if seen.is_empty() { (&donors, groups) } else { (&seen, seen.len().min(groups)) };
        for column in 0..groups * of_treatment * replicates {
            let mut condition = Condition { with: base.with.clone(), ..Condition::default() };
            let mut choose = |slot: Option<&Slot>, value: Option<&String>| {
                if let (Some(slot), Some(value)) = (slot, value) {
                    condition.with.insert(slot.key.clone(), vec![value.clone()]);
                }
            };
            choose(down, rows.get(row));
            choose(across, donors.get(column / (of_treatment * replicates)));
            choose(changes, treatments.get(column / replicates % of_treatment));
            layout.place(&[row * COLUMNS + column], &condition);
        }
    }
    layout
}

/// What the example shows, in a sentence.
pub fn about(card: &Card) -> String {
    let title = |kind: &str| card.choosable().find(|slot| slot.kind == kind).map(|slot| slot.title.to_lowercase());
    let down = title("cell_type").or_else(|| title("identity")).unwrap_or_else(|| "one condition".to_owned());
    let donors =
        title("cell_type").and_then(|_| title("identity")).map_or_else(String::new, |name| format!(" by {name}"));
    let change = title("perturbation")
        .map_or_else(|| "replicates".to_owned(), |name| format!("control and {name}, in replicates"));
    format!("Every {down} in a row; {change}{donors}, in columns.")
}

/// Wells of the example's condition set, by key, for tests and the palette: values by key.
pub fn defaults(card: &Card) -> BTreeMap<String, Vec<String>> {
    let first = |slot: &Slot| slot.control.clone().or_else(|| most_seen(slot, 1).pop());
    card.choosable().filter_map(|slot| Some((slot.key.clone(), vec![first(slot)?]))).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::super::layout::Condition;
    use super::{about, defaults, example};
    use crate::protocol::card::{Card, Condition as Slot, Value};

    /// A small bundle's card.
    pub(crate) fn card() -> Card {
        let slot = |key: &str, title: &str, kind: &str, control: Option<&str>, values: &[(&str, &str, u32)]| Slot {
            key: key.into(),
            title: title.into(),
            kind: kind.into(),
            control: control.map(str::to_owned),
            values: values
                .iter()
                .map(|(value, display, cells)| Value {
                    value: (*value).into(),
                    display: (*display).into(),
                    cells: *cells,
                    ..Value::default()
                })
                .collect(),
            ..Slot::default()
        };
        let conditions = vec![
            slot("donor", "Donor", "identity", None, &[("101", "101", 9), ("102", "102", 5), ("103", "103", 7)]),
            slot(
                "cell_type",
                "Cell type",
                "cell_type",
                None,
                &[("B cells", "B cells", 3), ("CD14+ Monocytes", "CD14+ Monocytes", 4)],
            ),
            slot(
                "condition",
                "Cytokine",
                "perturbation",
                Some("ctrl"),
                &[("ctrl", "No cytokine", 9), ("IFN-beta", "Interferon beta (IFN-β)", 5), ("TNF", "TNF", 2)],
            ),
            slot("depth", "Library size", "depth", None, &[("low", "low", 1)]),
        ];
        Card { guidance_limit: 3.0, conditions, genes: vec!["ISG15".into(), "CD14".into()], ..Card::default() }
    }

    #[test]
    fn types_stand_in_rows_and_treatments_in_columns() {
        let base = Condition { with: defaults(&card()), guidance: Some(3.0), ..Condition::default() };
        assert_eq!(base.with["donor"], ["101"]);
        assert_eq!(base.with["condition"], ["ctrl"]);
        let layout = example(&card(), &base);
        // Three treatments, three replicates each, one donor: nine columns; two types: two rows.
        assert_eq!(layout.filled().count(), 18);
        let of = |place: usize, key: &str| layout.get(place).unwrap().condition.with[key][0].clone();
        assert_eq!(
            (of(0, "condition"), of(3, "condition"), of(6, "condition")),
            ("ctrl".into(), "IFN-beta".into(), "TNF".into())
        );
        assert_eq!((of(0, "cell_type"), of(12, "cell_type")), ("B cells".into(), "CD14+ Monocytes".into()));
        assert_eq!((0..3).map(|place| layout.get(place).unwrap().replicate).collect::<Vec<_>>(), [1, 2, 3]);
        let two = {
            let mut card = card();
            card.conditions[2].values.pop();
            example(&card, &base)
        };
        assert_eq!(two.filled().count(), 24);
        assert_eq!(two.get(6).unwrap().condition.with["donor"], ["103"], "donors with the most cells, in their order");
        assert!(about(&card()).starts_with("Every cell type in a row; control and cytokine"), "{}", about(&card()));
        let bare = Card { conditions: Vec::new(), ..card() };
        assert_eq!(example(&bare, &Condition::default()).filled().count(), REPLICATES_OF_ONE);
    }

    #[test]
    fn without_a_perturbation_only_kinds_that_were_seen_stand_there() {
        let mut card = card();
        card.conditions.remove(2);
        let seen = [("101|B cells", 3), ("103|B cells", 9), ("102|CD14+ Monocytes", 1)];
        card.combinations = seen.map(|(names, cells)| (names.to_owned(), cells)).into();
        let base = Condition { with: defaults(&card), ..Condition::default() };
        let layout = example(&card, &base);
        assert_eq!(layout.filled().count(), 9, "two donors of B cells, one of monocytes, three replicates each");
        let donor = |place: usize| layout.get(place).unwrap().condition.with["donor"][0].clone();
        assert_eq!((donor(0), donor(3), donor(12)), ("103".into(), "101".into(), "102".into()));
    }

    /// One condition in its replicates.
    const REPLICATES_OF_ONE: usize = super::REPLICATES;
}
