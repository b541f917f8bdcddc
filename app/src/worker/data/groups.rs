//! Two groups of the visitor's cells.
//!
//! Does: takes cells by a label's value, by a line drawn on the map, by nearest type, or all others.
//! Does not know: tests.
//! Flow: [`Cut`] → **group** → test, export.

use super::outbox::tell;
use super::own::{Group, Own};
use crate::map_view::region::Region;
use crate::protocol::data::{Cut, Tell};

/// Cells whose label reads so.
pub(super) fn labelled(own: &Own, key: &str, value: &str) -> Vec<usize> {
    let column = own.labels.get(key);
    let is_of = |cell: &usize| column.and_then(|c| c.text(*cell)).as_deref() == Some(value);
    (0..own.names.len()).filter(is_of).collect()
}

/// Cells of the nearest type.
pub(super) fn near(own: &Own, name: &str) -> Vec<usize> {
    let kind = own.type_names.iter().position(|own| own == name);
    let is_of = |cell: &usize| Some(usize::from(own.types[*cell])) == kind;
    (0..own.names.len()).filter(is_of).collect()
}

/// Makes a group and tells its size.
pub(super) fn make(own: &mut Own, side: usize, cut: &Cut) {
    let all = own.names.len();
    let (cells, words): (Vec<usize>, String) = match cut {
        Cut::Nobody => (Vec::new(), String::new()),
        Cut::Label { key, value } => (labelled(own, key, value), format!("{key} = {value}")),
        Cut::Nearest(name) => (near(own, name), format!("nearest to {name}")),
        Cut::Inside(line) => {
            let lasso = Region::Lasso(line.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect());
            let is_of = |cell: &usize| {
                let place = own.coordinates.get(2 * cell..2 * cell + 2);
                place.is_some_and(|at| lasso.contains((f64::from(at[0]), f64::from(at[1]))))
            };
            ((0..all).filter(is_of).collect(), "drawn on the map".to_owned())
        }
        Cut::Others => {
            let other = own.groups[1 - side].as_ref();
            let is_of = |cell: &usize| other.is_none_or(|group| group.cells.binary_search(cell).is_err());
            ((0..all).filter(is_of).collect(), "all other cells".to_owned())
        }
    };
    let count = cells.len() as u32;
    own.groups[side] = (!cells.is_empty()).then(|| Group { cells, words: words.clone() });
    tell(Tell::Grouped { side: side as u8, cells: count, words }, &[]);
}
