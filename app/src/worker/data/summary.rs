//! What was read, in numbers.
//!
//! Does: counts cells, genes, shared genes, medians, the values of labels and nearest types.
//! Does not know: how it is shown.
//! Flow: own cells → **summary** → page.

use std::collections::BTreeMap;

use cells::Column;
use cells::report::LabelFound;

use super::super::session::Session;
use super::own::{Own, Values};
use crate::protocol::data::{Label, Summary};

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
    let found = LabelFound::of(key, column);
    Label {
        key: found.key,
        values: found.values.into_iter().map(|(value, cells)| (value, cells as u32)).collect(),
        different: found.different.unwrap_or(0) as u32,
        missing: found.missing as u32,
        numeric: found.numeric,
    }
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
