//! Reads what was looked at, in slices, with progress and cancel.
//!
//! Does: windows of cells or genes from HDF5, pieces of text from Matrix Market and dense tables; keeps a random part where
//! asked.
//! Does not know: the model, the map.
//! Flow: pending files → **cells in memory**.

use std::collections::BTreeMap;

use cells::Counts;
use cells::dense::{Table, Values as TableValues};
use cells::gather::Gather;
use cells::h5ad::{CellRows, Expression, Matrix, Scale};
use cells::matrix_market::{Companions, Held, Inflate, MtxError, Reader, Size, Trio};
use cells::normalise::Normalised;
use cells::subset::random_subset;

use super::files::Input;
use super::found::notes;
use super::look::{Pending, Source};
use super::own::{Own, Values};
use super::pace::{End, Pace, refused};
use super::pieces::{LENGTHS, pieces};

/// Stored values of a window.
const WINDOW: f64 = 300_000.0;
/// Mark of a cell that is left out.
const LEFT_OUT: u32 = u32::MAX;

/// Reads all cells, or a random part of them.
pub(super) async fn load(
    pending: Pending,
    (sample, seed): (Option<u32>, u32),
    pace: &mut Pace<'_>,
) -> Result<Own, End> {
    let all = pending.cells;
    let kept = sample
        .filter(|wanted| (*wanted as usize) < all)
        .map(|wanted| random_subset(all, wanted as usize, u64::from(seed)));
    pace.begin("reading the file");
    let title = pending.title.clone();
    let mut own = match pending.source {
        Source::Hdf5(rows) => {
            let mut own = hdf5(&title, &rows, kept.as_deref(), pending.stored, pace).await?;
            own.notes.extend(notes(rows.report(), rows.scale()));
            own
        }
        Source::Made(rows) => hdf5(&title, &rows, None, pending.stored, pace).await?,
        Source::Trio { matrix, size, companions, asked } => {
            trio(&title, &matrix, (size, *companions, &asked), kept.as_deref(), pace).await?
        }
        Source::Table { input, table, asked } => {
            self::table(&title, &input, (*table, &asked), kept.as_deref(), pace).await?
        }
    };
    own.cells_in_file = all;
    if kept.is_some() {
        own.notes.push(format!("A random part of {} of {all} cells, drawn with seed {seed}.", own.names.len()));
    }
    Ok(own)
}

/// Cells of an open HDF5 file.
async fn hdf5(
    title: &str,
    rows: &CellRows,
    kept: Option<&[usize]>,
    stored: f64,
    pace: &mut Pace<'_>,
) -> Result<Own, End> {
    let wrong = |error: cells::h5ad::H5adError| refused(title, &error);
    let values = if rows.is_by_genes() {
        by_genes(title, rows, kept, stored, pace).await?
    } else {
        by_cells(title, rows, kept, stored, pace).await?
    };
    let names = rows.names(0, rows.cells()).map_err(wrong)?;
    let mut labels = BTreeMap::new();
    for key in rows.keys() {
        pace.step(1.0).await?;
        // A damaged column must not take the others with it; columns of other kinds are named in the notes.
        if let Ok(column) = rows.label(&key).and_then(|label| label.read(0, rows.cells())) {
            labels.insert(key, kept.map_or_else(|| column.clone(), |kept| column.select(kept)));
        }
    }
    let names = kept.map_or_else(|| names.clone(), |kept| kept.iter().map(|cell| names[*cell].clone()).collect());
    let own = Own::new(title, rows.place(), (names, rows.genes().to_vec()), labels, values);
    Ok(Own { identifiers: rows.identifiers().map(<[String]>::to_vec), ..own })
}

/// Windows of cells.
async fn by_cells(
    title: &str,
    rows: &CellRows,
    kept: Option<&[usize]>,
    stored: f64,
    pace: &mut Pace<'_>,
) -> Result<Values, End> {
    let (all, genes) = (rows.cells(), rows.genes().len());
    let wanted = kept.map_or(all, <[usize]>::len);
    let room = (stored * wanted as f64 / all.max(1) as f64).ceil() as usize;
    let mut values = match rows.scale() {
        Scale::Counts => Values::Counts(Counts::with_capacity(genes, wanted, room)),
        Scale::LogNormalised => Values::Logged(Normalised::with_capacity(genes, wanted, room)),
    };
    let window = (WINDOW * all as f64 / stored.max(1.0)).clamp(1.0, 4096.0) as usize;
    for first in (0..all).step_by(window) {
        pace.step(first as f64 / all as f64).await?;
        let count = window.min(all - first);
        let local: Option<Vec<usize>> = kept.map(|kept| {
            let from = kept.partition_point(|cell| *cell < first);
            let to = kept.partition_point(|cell| *cell < first + count);
            kept[from..to].iter().map(|cell| cell - first).collect()
        });
        if local.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let found = rows.expression(first, count).map_err(|error| refused(title, &error))?;
        let appended = match (&mut values, found) {
            (Values::Counts(all), Expression::Counts(part)) => match &local {
                Some(local) => all.append(&part.select_cells(local)),
                None => all.append(&part),
            },
            (Values::Logged(all), Expression::LogNormalised(part)) => match &local {
                Some(local) => all.append(&part.select(local)),
                None => all.append(&part),
            },
            _ => Ok(()),
        };
        appended.map_err(|error| refused(title, &error))?;
    }
    Ok(values)
}

/// Windows of genes.
async fn by_genes(
    title: &str,
    rows: &CellRows,
    kept: Option<&[usize]>,
    stored: f64,
    pace: &mut Pace<'_>,
) -> Result<Values, End> {
    let (all, genes) = (rows.cells(), rows.genes().len());
    let wanted = kept.map_or(all, <[usize]>::len);
    let places = kept.map(|kept| {
        let mut places = vec![LEFT_OUT; all];
        kept.iter().enumerate().for_each(|(new, old)| places[*old] = new as u32);
        places
    });
    let keep = |cell: u32| match &places {
        Some(places) => Some(places[cell as usize]).filter(|place| *place != LEFT_OUT),
        None => Some(cell),
    };
    let room = (stored * wanted as f64 / all.max(1) as f64).ceil() as usize;
    let mut gather = Gather::new(wanted, genes, room);
    let features = rows.features();
    let window = (WINDOW * features as f64 / stored.max(1.0)).clamp(1.0, 4096.0) as usize;
    for first in (0..features).step_by(window) {
        pace.step(first as f64 / features as f64).await?;
        let range = (first, window.min(features - first));
        rows.gather_genes(range, &keep, &mut gather).map_err(|error| refused(title, &error))?;
    }
    Ok(match rows.scale() {
        Scale::Counts => Values::Counts(gather.counts().map_err(|error| refused(title, &error))?),
        Scale::LogNormalised => Values::Logged(gather.normalised().map_err(|error| refused(title, &error))?),
    })
}

/// A Matrix Market file with its names.
async fn trio(
    title: &str,
    matrix: &Input,
    (size, companions, asked): (Size, Companions, &Matrix),
    kept: Option<&[usize]>,
    pace: &mut Pace<'_>,
) -> Result<Own, End> {
    let wrong = |error: MtxError| End::of_text(title, &error);
    let mut trio = Trio::new(companions, size.stored, kept);
    let (mut inflate, mut reader) = (Inflate::new(), Reader::new());
    let mut at = 0;
    while at < matrix.len() {
        pace.step(at as f64 / matrix.len() as f64).await?;
        let piece = if at == 0 || inflate.is_packed() { LENGTHS.1 } else { LENGTHS.0 };
        let text = inflate.push(&matrix.slice(at, at + piece)?).map_err(wrong)?;
        reader.push(&text, &mut |entry| trio.take(entry)).map_err(wrong)?;
        at += piece;
    }
    let rest = inflate.finish().map_err(wrong)?;
    reader.push(&rest, &mut |entry| trio.take(entry)).map_err(wrong)?;
    let (_, odd) = reader.finish(&mut |entry| trio.take(entry)).map_err(wrong)?;
    pace.begin("sorting the values");
    pace.step(0.0).await?;
    Ok(own(title, "matrix.mtx", trio.finish(odd, asked).map_err(wrong)?))
}

/// A dense table, read a second time.
async fn table(
    title: &str,
    input: &Input,
    (table, asked): (Table, &Matrix),
    kept: Option<&[usize]>,
    pace: &mut Pace<'_>,
) -> Result<Own, End> {
    let (mut values, mut trio) = (TableValues::new(&table), table.trio(kept));
    drop(table);
    pieces(title, input, pace, &mut |text| values.push(text, &mut |entry| trio.take(entry))).await?;
    let odd = values.finish(&mut |entry| trio.take(entry)).map_err(|error| End::of_table(title, &error))?;
    pace.begin("judging the values");
    pace.step(0.0).await?;
    Ok(own(title, "table", trio.finish(odd, asked).map_err(|error| End::of_text(title, &error))?))
}

/// A visitor's own cells from cells in memory.
fn own(title: &str, place: &str, held: Held) -> Own {
    let (values, scale) = match held.expression {
        Expression::Counts(counts) => (Values::Counts(counts), Scale::Counts),
        Expression::LogNormalised(data) => (Values::Logged(data), Scale::LogNormalised),
    };
    let mut own = Own::new(title, place, (held.names, held.genes.names), held.labels, values);
    own.identifiers = held.genes.identifiers;
    own.notes.extend(notes(&held.report, scale));
    own
}
