//! Predicted cells as a file.
//!
//! Does: an h5ad of the predicted counts with every gene and label of the input, the control twins as a layer, what was
//! predicted as labels, and what made it.
//! Does not know: downloads.
//! Flow: predicted cells → **bytes of an h5ad** → page.

use std::collections::BTreeMap;

use cells::h5ad::{Layer, write_h5ad_with_layers};
use cells::{Cells, Column};
use model::rewrite::panel::{CONTROL_TWIN, KEPT};

use super::super::own::Own;
use super::super::pace::{End, sentence};
use super::made::Predicted;

/// The file, as `wellplate predict` writes it but for the layers of expected counts.
pub(in super::super) fn h5ad(own: &Own, predicted: &Predicted) -> Result<Vec<u8>, End> {
    let mut labels: BTreeMap<String, Column> =
        own.labels.iter().map(|(key, column)| (key.clone(), column.select(&predicted.cells))).collect();
    for (key, texts) in &predicted.labels {
        labels.insert(key.clone(), Column::categorical(texts));
    }
    labels.insert(KEPT.to_owned(), Column::Integer(predicted.kept.clone()));
    let names = predicted.cells.iter().map(|cell| own.names[*cell].clone()).collect();
    let [perturbed, control] = &predicted.sides;
    let cells = Cells::new(perturbed.clone(), own.genes.clone(), names, labels).map_err(sentence)?;
    let entries = predicted.provenance.entries.iter();
    let notes = entries.map(|(key, value)| (format!("wellplate_{key}"), value.clone())).collect();
    let layers = [(CONTROL_TWIN, Layer::Counts(control))];
    Ok(write_h5ad_with_layers(&cells, &notes, &layers).map_err(sentence)?)
}
