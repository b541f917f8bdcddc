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

/// Directions by their names in an address.
const DIRECTIONS: [(Direction, &str); 2] = [(Direction::Up, "up"), (Direction::Down, "down")];

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
        let number = |key: &str, read: fn(&str) -> Result<f64, String>, otherwise: f64| {
            parts.get(key).and_then(|text| read(text).ok()).unwrap_or(otherwise)
        };
        let direction = parts.get(DIRECTION).and_then(|text| direction_of(text)).unwrap_or_default();
        let names = parts.get(FIND).map(|text| names(text)).unwrap_or_default();
        let (q, change) = (number(Q, largest_q, 1.0), number(CHANGE, smallest_change, 0.0));
        Self { names, genes: Vec::new(), q, change, direction }
    }
}

/// A finite number of a text that is at least nothing and at most `most`.
fn cut(text: &str, most: f64, what: &str) -> Result<f64, String> {
    let text = text.trim();
    let number = text.parse::<f64>().ok().filter(|own| own.is_finite() && (0.0..=most).contains(own));
    number.ok_or_else(|| format!("{what}; {text} was not taken."))
}

/// The largest q that a text asks for.
///
/// # Errors
/// A sentence when it asks for none that there could be.
pub fn largest_q(text: &str) -> Result<f64, String> {
    cut(text, 1.0, "Largest q: a number from 0 to 1")
}

/// The smallest absolute fold change that a text asks for.
///
/// # Errors
/// A sentence when it asks for none that there could be.
pub fn smallest_change(text: &str) -> Result<f64, String> {
    cut(text, f64::MAX, "Smallest |log2 fold change|: a number from 0")
}

/// The direction that a text names.
pub fn direction_of(text: &str) -> Option<Direction> {
    DIRECTIONS.iter().find(|(_, own)| *own == text).map(|(direction, _)| *direction)
}

/// The order that a text names.
pub fn order_named(text: &str) -> Option<Order> {
    let (descending, name) = text.strip_prefix('-').map_or((false, text), |name| (true, name));
    COLUMNS.iter().find(|(_, own)| *own == name).map(|(column, _)| Order { column: *column, descending })
}

/// The order that the state's parts ask for.
pub fn order_of(parts: &BTreeMap<String, String>) -> Order {
    parts.get(SORT).and_then(|text| order_named(text)).unwrap_or_default()
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

    use super::{
        CHANGE, COLUMNS, Cuts, DIRECTION, Direction, FIND, Q, SORT, largest_q, order_of, order_text, smallest_change,
    };
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
        let wrong = parts(&[(Q, "5"), (CHANGE, "-3")]);
        assert_eq!(Cuts::of(&wrong), Cuts::default(), "and so does what no gene could pass or fail");
    }

    #[test]
    fn cuts_that_cannot_be_are_refused_in_words() {
        assert_eq!((largest_q(" 0.05 "), largest_q("0"), smallest_change("40")), (Ok(0.05), Ok(0.0), Ok(40.0)));
        assert_eq!(largest_q("5").err().as_deref(), Some("Largest q: a number from 0 to 1; 5 was not taken."));
        for text in ["abc", "-0.1", "NaN", "0,05", ""] {
            assert!(largest_q(text).is_err(), "{text}");
        }
        assert!(smallest_change("-3").is_err_and(|words| words.ends_with("a number from 0; -3 was not taken.")));
        assert!(smallest_change("inf").is_err());
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
