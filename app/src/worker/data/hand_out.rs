//! Files of the visitor's cells.
//!
//! Does: a table of places and nearest types, h5ad of all cells or of a group with these as labels.
//! Does not know: downloads.
//! Flow: own cells → **bytes** → page.

use std::collections::BTreeMap;

use cells::h5ad::write_h5ad;
use cells::{Cells, Column};

use super::outbox::tell;
use super::own::{Own, Values};
use super::pace::{End, sentence};
use crate::fields::{line, remark};
use crate::protocol::Array;
use crate::protocol::data::{Export, Tell};
use crate::what_if::NAMED;

/// Most stored values of an h5ad that is put together in memory.
const MOST_VALUES: usize = 60_000_000;

/// Hands out a file.
pub(super) fn hand_out(own: &Own, what: Export) -> Result<(), End> {
    let (name, bytes) = match what {
        Export::Places => ("own-cells-places.csv", places(own).into_bytes()),
        Export::Cells => ("own-cells.h5ad", h5ad(own, &(0..own.names.len()).collect::<Vec<_>>(), "all cells")?),
        Export::Group(side) => {
            let side = usize::from(side.min(1));
            let group = own.groups[side].as_ref().ok_or_else(|| format!("Group {} has no cells.", ["A", "B"][side]))?;
            (["own-cells-A.h5ad", "own-cells-B.h5ad"][side], h5ad(own, &group.cells, &group.words)?)
        }
        // Predicted cells lie elsewhere on the desk.
        Export::Predicted => return Ok(()),
    };
    tell(Tell::File { name: name.to_owned() }, &[Array::U8(bytes)]);
    Ok(())
}

/// Group of a cell in words.
fn group(own: &Own, cell: usize) -> &'static str {
    let is_in = |side: usize| own.groups[side].as_ref().is_some_and(|group| group.cells.binary_search(&cell).is_ok());
    match (is_in(0), is_in(1)) {
        (true, true) => "A and B",
        (true, false) => "A",
        (false, true) => "B",
        (false, false) => "",
    }
}

/// Name, place, nearest type and group of every cell.
fn places(own: &Own) -> String {
    let mut csv = remark("source", &own.title, ',');
    csv.push_str("# places: weighted mean of the 8 nearest reference cells; nearest type: their majority; type_share: how many of them agree\n");
    csv.push_str("cell,umap_1,umap_2,nearest_type,type_share,group\n");
    for (cell, at) in own.coordinates.chunks_exact(2).enumerate() {
        let kind = own.type_names.get(usize::from(own.types[cell])).map_or("", String::as_str);
        let [x, y, sure] = [at[0], at[1], own.confidence.get(cell).copied().unwrap_or(f32::NAN)].map(|n| n.to_string());
        csv.push_str(&line([own.names[cell].as_str(), &x, &y, kind, &sure, group(own, cell)], ','));
    }
    csv
}

/// Cells as h5ad.
fn h5ad(own: &Own, chosen: &[usize], words: &str) -> Result<Vec<u8>, End> {
    let Values::Counts(counts) = &own.values else {
        let why =
            "The file holds log-normalised values, so there are no counts to write; the table of places can be saved.";
        return Err(End::Failed(why.to_owned()));
    };
    let stored: usize = chosen.iter().map(|cell| counts.row(*cell).0.len()).sum();
    if stored > MOST_VALUES {
        return Err(End::Failed(format!(
            "An h5ad of {} cells would need too much memory here; save a group of fewer cells.",
            chosen.len()
        )));
    }
    let pick = |axis: usize| chosen.iter().map(|cell| f64::from(own.coordinates[2 * cell + axis])).collect();
    let mut labels: BTreeMap<String, Column> =
        own.labels.iter().map(|(key, column)| (key.clone(), column.select(chosen))).collect();
    labels.insert("wellplate_umap_1".to_owned(), Column::Float(pick(0)));
    labels.insert("wellplate_umap_2".to_owned(), Column::Float(pick(1)));
    let kind = |cell: &usize| own.type_names.get(usize::from(own.types[*cell])).map_or("", String::as_str);
    let kinds: Vec<&str> = chosen.iter().map(kind).collect();
    labels.insert("wellplate_nearest_type".to_owned(), Column::categorical(&kinds));
    let sure = chosen.iter().map(|cell| own.confidence.get(*cell).map_or(f64::NAN, |share| f64::from(*share)));
    labels.insert("wellplate_type_share".to_owned(), Column::Float(sure.collect()));
    // What a prediction took the visitor's names for, so that the command line can start from the same.
    if let Some((column, named)) = own.named.as_ref().and_then(|(key, named)| Some((own.labels.get(key)?, named))) {
        let meant = |cell: &usize| {
            let text = column.text(*cell).unwrap_or_default();
            named.get(text.as_ref()).cloned().unwrap_or(text.into_owned())
        };
        labels.insert(NAMED.to_owned(), Column::categorical(&chosen.iter().map(meant).collect::<Vec<_>>()));
    }
    let names = chosen.iter().map(|cell| own.names[*cell].clone()).collect();
    let cells = Cells::new(counts.select_cells(chosen), own.genes.clone(), names, labels).map_err(sentence)?;
    let notes = [("source", own.title.as_str()), ("cells", words), ("version", env!("CARGO_PKG_VERSION"))];
    let notes = notes.map(|(key, value)| (format!("wellplate_{key}"), value.to_owned())).into_iter().collect();
    Ok(write_h5ad(&cells, &notes).map_err(sentence)?)
}
