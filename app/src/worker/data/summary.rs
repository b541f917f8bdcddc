//! What was read, in numbers.
//!
//! Does: counts cells, genes, shared genes, medians, the values of labels and nearest types.
//! Does not know: how it is shown.
//! Flow: own cells → **summary** → page.

use std::collections::{BTreeMap, BTreeSet};

use cells::Column;

use super::super::session::Session;
use super::own::{Own, Values};
use crate::protocol::data::{Label, Summary};

/// Values of a label that are listed.
const LISTED: usize = 60;
/// A column of numbers with at most so many different ones is offered as groups.
const FEW_NUMBERS: usize = 20;

/// The middle value; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_by(f64::total_cmp);
    0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
}

/// Names and how often each comes, the commonest first.
fn commonest(counts: BTreeMap<String, u32>) -> Vec<(String, u32)> {
    let mut list: Vec<(String, u32)> = counts.into_iter().filter(|(_, cells)| *cells > 0).collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    list
}

/// A label.
fn label(key: &str, column: &Column) -> Label {
    let numeric = matches!(column, Column::Float(_) | Column::Integer(_));
    let different = match column {
        Column::Float(values) => values.iter().map(|v| v.to_bits()).collect::<BTreeSet<_>>().len(),
        Column::Integer(values) => values.iter().collect::<BTreeSet<_>>().len(),
        Column::Boolean(_) => 2,
        Column::Categorical { categories, .. } => categories.len(),
    };
    let mut found = Label { key: key.to_owned(), values: Vec::new(), different: different as u32, numeric };
    if numeric && different > FEW_NUMBERS {
        return found;
    }
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    match column {
        // Categories are counted by their codes; texts are made once.
        Column::Categorical { codes, categories } => {
            let mut by_code = vec![0_u32; categories.len()];
            codes.iter().filter_map(|code| usize::try_from(*code).ok()).for_each(|code| by_code[code] += 1);
            counts.extend(categories.iter().cloned().zip(by_code));
        }
        _ => {
            for cell in 0..column.len() {
                if let Some(text) = column.text(cell) {
                    *counts.entry(text.into_owned()).or_default() += 1;
                }
            }
        }
    }
    found.values = commonest(counts);
    found.values.truncate(LISTED);
    found
}

/// What was read.
pub(super) fn summary(session: &Session, own: &Own) -> Summary {
    let (sizes, genes) = own.sizes();
    let counts = matches!(own.values, Values::Counts(_));
    let mut types: BTreeMap<String, u32> = BTreeMap::new();
    for kind in &own.types {
        if let Some(name) = own.type_names.get(usize::from(*kind)) {
            *types.entry(name.clone()).or_default() += 1;
        }
    }
    Summary {
        title: own.title.clone(),
        cells: own.names.len() as u32,
        cells_in_file: own.cells_in_file as u32,
        genes: own.genes.len() as u32,
        shared: own.panel.iter().flatten().count() as u32,
        panel: session.bundle.card.genes.len() as u32,
        place: own.place.clone(),
        counts,
        median_counts: counts.then(|| median(sizes)),
        median_genes: median(genes),
        labels: own.labels.iter().map(|(key, column)| label(key, column)).collect(),
        types: commonest(types),
        notes: own.notes.clone(),
        generated: false,
    }
}
