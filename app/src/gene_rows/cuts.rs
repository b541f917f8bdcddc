//! What a gene must be to stand in the table, and the order of its rows, as the address keeps them.
//!
//! Does: reads lists of names, cut-offs, a direction and an order from the state's parts, writes the order.
//! Does not know: genes, fields of the page.
//! Flow: state's parts → **cuts, order** → rows.

use std::collections::BTreeMap;

use super::order::{Column, Order};

/// Part of the address: names that are looked for, as they were typed.
pub const FIND: &str = "genes.find";
/// Part of the address: largest q-value.
pub const Q: &str = "genes.q";
/// Part of the address: smallest absolute log2 fold change.
pub const CHANGE: &str = "genes.fold_change";
/// Part of the address: direction of the shift.
pub const DIRECTION: &str = "genes.shift";
/// Part of the address: column that rows are sorted by; "-" before it for the largest first.
pub const SORT: &str = "genes.sort";

/// Columns by their names in an address.
const COLUMNS: [(Column, &str); 8] = [
    (Column::Gene, "gene"),
    (Column::Change, "fold_change"),
    (Column::Difference, "difference"),
    (Column::P, "p"),
    (Column::Q, "q"),
    (Column::Control, "control"),
    (Column::Perturbed, "perturbed"),
    (Column::Measured, "measured"),
];

/// Which way a gene must shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Either.
    #[default]
    Both,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// What a gene must be to stand in the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuts {
    /// Parts of names, any of which it must have; none is all genes.
    pub names: Vec<String>,
    /// Whole symbols that will do as well: genes that are called what was typed.
    pub genes: Vec<String>,
    /// Largest q-value.
    pub q: f64,
    /// Smallest |log2 fold change|.
    pub change: f64,
    /// Direction.
    pub direction: Direction,
}

impl Default for Cuts {
    fn default() -> Self {
        Self { names: Vec::new(), genes: Vec::new(), q: 1.0, change: 0.0, direction: Direction::Both }
    }
}

impl Cuts {
    /// Reads the state's parts; what is not understood cuts nothing.
    pub fn of(parts: &BTreeMap<String, String>) -> Self {
        let number = |key: &str, otherwise: f64| {
            let number = parts.get(key).and_then(|text| text.trim().parse::<f64>().ok());
            number.filter(|number| number.is_finite()).unwrap_or(otherwise)
        };
        let direction = match parts.get(DIRECTION).map(String::as_str) {
            Some("up") => Direction::Up,
            Some("down") => Direction::Down,
            _ => Direction::Both,
        };
        let names = parts.get(FIND).map(|text| names(text)).unwrap_or_default();
        Self { names, genes: Vec::new(), q: number(Q, 1.0), change: number(CHANGE, 0.0), direction }
    }
}

/// The order that the state's parts ask for.
pub fn order_of(parts: &BTreeMap<String, String>) -> Order {
    let Some(text) = parts.get(SORT) else { return Order::default() };
    let (descending, name) = text.strip_prefix('-').map_or((false, text.as_str()), |name| (true, name));
    let column = COLUMNS.iter().find(|(_, own)| *own == name);
    column.map_or_else(Order::default, |(column, _)| Order { column: *column, descending })
}

/// An order as the address has it; none for the usual one.
pub fn order_text(order: Order) -> Option<String> {
    let name = COLUMNS.iter().find(|(own, _)| *own == order.column).map(|(_, name)| *name)?;
    let sign = if order.descending { "-" } else { "" };
    (order != Order::default()).then(|| format!("{sign}{name}"))
}

/// Names in a text: whatever stands between blanks, commas, semicolons and line ends, in upper case, each once.
pub fn names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let quotes: &[char] = &['"', '\''];
    for part in text.split(|letter: char| letter.is_whitespace() || ",;".contains(letter)) {
        let name = part.trim_matches(quotes).to_uppercase();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{CHANGE, COLUMNS, Cuts, DIRECTION, Direction, FIND, Q, SORT, order_of, order_text};
    use crate::gene_rows::Order;

    fn parts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn cuts_are_read_from_an_address() {
        let all = parts(&[(FIND, "isg15, cd"), (Q, "0.05"), (CHANGE, "1"), (DIRECTION, "down")]);
        let names = vec!["ISG15".to_owned(), "CD".to_owned()];
        assert_eq!(Cuts::of(&all), Cuts { names, q: 0.05, change: 1.0, direction: Direction::Down, ..Cuts::default() });
        let wrong = parts(&[(FIND, " "), (Q, "little"), (CHANGE, "inf"), (DIRECTION, "sideways")]);
        assert_eq!(Cuts::of(&wrong), Cuts::default(), "what is not understood cuts nothing");
    }

    #[test]
    fn every_order_comes_back_from_its_text() {
        for (column, _) in COLUMNS {
            for descending in [false, true] {
                let order = Order { column, descending };
                let kept = order_text(order).map(|text| parts(&[(SORT, text.as_str())])).unwrap_or_default();
                assert_eq!(order_of(&kept), order);
            }
        }
        assert_eq!(order_text(Order::default()), None, "the usual order needs no place in the address");
        assert_eq!(order_of(&parts(&[(SORT, "-nothing")])), Order::default());
    }
}
