//! A gene's numbers, written alike everywhere.
//!
//! Does: changes, means and probabilities for table cells; words where a number is only a convention.
//! Does not know: where they stand.
//! Flow: table of shifts → **words** → tables, cards, files.

use crate::ui::state::tables::ShiftTable;

/// A probability for a table cell; one too small to be written is never 0.
pub(in crate::ui) fn small(value: f64) -> String {
    crate::expression::probability(value)
}

/// A number with a real minus sign.
pub(in crate::ui) fn fixed(value: f64, digits: usize) -> String {
    format!("{value:.digits$}").replace('-', "−")
}

/// A number, or a dash where there is none.
pub(in crate::ui) fn or_dash(value: Option<f64>, digits: usize) -> String {
    value.filter(|value| value.is_finite()).map_or_else(|| "–".to_owned(), |value| fixed(value, digits))
}

/// A change for a table cell; a dash where there is none.
pub(in crate::ui) fn change(value: f64) -> String {
    or_dash(Some(value), 2)
}

/// A fold change in words where one side has no counts at all: the number is then only a convention.
pub(in crate::ui) fn fold_change(table: &ShiftTable, gene: usize) -> String {
    match (table.control[gene] > 0.0, table.perturbed[gene] > 0.0) {
        (false, true) => "new".to_owned(),
        (true, false) => "gone".to_owned(),
        _ => change(table.change[gene]),
    }
}

/// A mean of normalised counts.
pub(in crate::ui) fn mean(value: f64) -> String {
    if value > 0.0 && value < 0.01 { "< 0.01".to_owned() } else { format!("{value:.2}") }
}
