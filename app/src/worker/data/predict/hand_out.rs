//! Predicted cells as a file.
//!
//! Does: an h5ad of the predicted counts with every gene and label of the input, the control twins and the expected counts of
//! both as layers, what was predicted as labels, and what made it.
//! Does not know: downloads.
//! Flow: predicted cells → **bytes of an h5ad** → page.

use std::collections::BTreeMap;

use cells::h5ad::{Layer, write_h5ad_with_layers};
use cells::{Cells, Column};
use model::rewrite::panel::{CONTROL_TWIN, KEPT};

use super::super::own::Own;
use super::super::pace::{End, sentence};
use super::made::Predicted;
use crate::what_if::expects;

/// Layers of the expected counts, named as those of `wellplate predict`: predicted cells, control twins.
const EXPECTED: [&str; 2] = ["expected", "control_expected"];

/// The file, as `wellplate predict` writes it; without the layers of expected counts where they are too large for a
/// browser's memory, which the file and the page say.
pub(in super::super) fn h5ad(own: &Own, predicted: &Predicted) -> Result<Vec<u8>, End> {
    let written = &predicted.written;
    let mut labels: BTreeMap<String, Column> =
        own.labels.iter().map(|(key, column)| (key.clone(), column.select(&predicted.cells))).collect();
    for (key, texts) in &predicted.labels {
        labels.insert(key.clone(), Column::categorical(texts));
    }
    let kept = written.kept.iter().map(|own| own.iter().filter(|kept| **kept).count() as i64);
    labels.insert(KEPT.to_owned(), Column::Integer(kept.collect()));
    let names = predicted.cells.iter().map(|cell| own.names[*cell].clone()).collect();
    let [perturbed, control] = &written.sides;
    let cells = Cells::new(perturbed.clone(), own.genes.clone(), names, labels).map_err(sentence)?;
    let fits = expects(predicted.cells.len(), own.genes.len());
    let expected: Vec<(&str, Vec<f32>)> = match fits {
        true => {
            EXPECTED.iter().enumerate().map(|(side, n)| (*n, written.expected_on(side, &predicted.places))).collect()
        }
        false => Vec::new(),
    };
    let entries = predicted.provenance.entries.iter().map(|(key, value)| (key.as_str(), value.clone()));
    let left_out = (!fits).then(|| ("layers_left_out", EXPECTED.join(", ")));
    let notes = entries.chain(left_out).map(|(key, value)| (format!("wellplate_{key}"), value)).collect();
    let layers = expected.iter().map(|(name, values)| (*name, Layer::Dense(values)));
    let layers: Vec<(&str, Layer<'_>)> = [(CONTROL_TWIN, Layer::Counts(control))].into_iter().chain(layers).collect();
    Ok(write_h5ad_with_layers(&cells, &notes, &layers).map_err(sentence)?)
}
