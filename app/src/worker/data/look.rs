//! A cheap look at files before anything is read whole.
//!
//! Does: finds out what was chosen, reads HDF5's heads or the size line and the names beside it, weighs what reading
//! would take against what the browser gives.
//! Does not know: the model.
//! Flow: files → **plan** (to the page) and what is read later.

use std::sync::Arc;

use cells::h5ad::{CellRows, ReadSeekSource};
use cells::matrix_market::{Features, Inflate, Reader, Size, read_barcodes, read_features};
use js_sys::{ArrayBuffer, Reflect, WebAssembly};
use wasm_bindgen::JsCast;
use web_sys::File;

use super::files::{Input, Slices};
use super::pace::{End, Pace, refused, sentence};
use crate::own_data::{Chosen, cells_that_fit, choose, memory_given, memory_needed};
use crate::protocol::data::Plan;

/// The size line comes within this many bytes.
const HEAD: u64 = 256 * 1024;
/// Largest list of names, in bytes.
const LARGEST_LIST: u64 = 300_000_000;

/// What will be read.
pub(super) struct Pending {
    pub(super) title: String,
    pub(super) cells: usize,
    pub(super) stored: f64,
    pub(super) source: Source,
}

/// How it will be read.
pub(super) enum Source {
    /// An open HDF5 file, and the column that its gene symbols were taken from.
    Hdf5(Box<CellRows>, Option<String>),
    /// A Matrix Market file with its names.
    Trio { matrix: Input, size: Size, features: Features, barcodes: Vec<String> },
    /// HDF5 made here.
    Made(Box<CellRows>),
}

impl Pending {
    /// Whether the cells were made here.
    pub(super) fn is_generated(&self) -> bool {
        matches!(self.source, Source::Made(_))
    }
}

/// Memory of this worker, in bytes.
pub(super) fn memory_in_use() -> f64 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().dyn_ref::<ArrayBuffer>().map_or(0.0, |buffer| f64::from(buffer.byte_length()))
}

/// Memory of the machine in gigabytes, where the browser tells.
fn device_gigabytes() -> Option<f64> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    Reflect::get(&navigator, &"deviceMemory".into()).ok()?.as_f64()
}

/// Opens HDF5.
fn open(title: &str, input: Input) -> Result<CellRows, End> {
    let source = ReadSeekSource::new(Slices::new(input)).map_err(|error| format!("{title}: {}", sentence(error)))?;
    CellRows::open_whole(source).map_err(|error| refused(title, &error))
}

/// HDF5 made here.
pub(super) fn of_bytes(title: &str, bytes: Vec<u8>) -> Result<Pending, End> {
    let rows = open(title, Input::Bytes(Arc::new(bytes)))?;
    let (cells, stored) = (rows.cells(), rows.stored_about().unwrap_or(0) as f64);
    Ok(Pending { title: title.to_owned(), cells, stored, source: Source::Made(Box::new(rows)) })
}

/// Looks at files.
pub(super) async fn look(files: Vec<File>, base: f64, pace: &mut Pace<'_>) -> Result<(Pending, Plan), End> {
    pace.begin("looking at the file");
    pace.step(0.0).await?;
    let names: Vec<String> = files.iter().map(File::name).collect();
    let chosen = choose(&names)?;
    let bytes = |places: &[usize]| places.iter().map(|place| files[*place].size()).sum::<f64>();
    let (pending, genes, kind, bytes) = match chosen {
        Chosen::Hdf5(place) => {
            let title = names[place].clone();
            let mut rows = open(&title, Input::File(files[place].clone()))?;
            let symbols = rows.take_symbols();
            let stored = rows.stored_about().map_err(|error| refused(&title, &error))? as f64;
            let (cells, genes) = (rows.cells(), rows.genes().len());
            let kind = format!("HDF5, values in {}", rows.place());
            let source = Source::Hdf5(Box::new(rows), symbols);
            (Pending { title, cells, stored, source }, genes, kind, bytes(&[place]))
        }
        Chosen::Trio { matrix, features, barcodes } => {
            let title = names[matrix].clone();
            let input = |place: usize| Input::File(files[place].clone());
            let size = size_of(&title, &input(matrix))?;
            let list = |place: usize| input(place).all(&names[place], LARGEST_LIST);
            let read_features = read_features(&list(features)?).map_err(sentence)?;
            pace.step(0.3).await?;
            let barcodes_read = read_barcodes(&list(barcodes)?).map_err(sentence)?;
            let (cells, genes) = (barcodes_read.len(), read_features.genes.len());
            let all = bytes(&[matrix, features, barcodes]);
            let source = Source::Trio { matrix: input(matrix), size, features: read_features, barcodes: barcodes_read };
            let kind = "Matrix Market with features and barcodes".to_owned();
            (Pending { title, cells, stored: size.stored as f64, source }, genes, kind, all)
        }
    };
    if pending.cells == 0 || genes == 0 {
        let what = if genes == 0 { "genes" } else { "cells" };
        return Err(End::Failed(format!("{} holds no {what}; there is nothing to show.", pending.title)));
    }
    let has = memory_given(base, device_gigabytes());
    let (cells, wide) = (pending.cells as f64, genes as f64);
    let plan = Plan {
        title: pending.title.clone(),
        kind,
        bytes,
        cells: pending.cells as u32,
        genes: genes as u32,
        stored: pending.stored,
        needs: memory_needed(cells, wide, pending.stored),
        has,
        sample: cells_that_fit(cells, wide, pending.stored, has),
    };
    Ok((pending, plan))
}

/// The size line of a Matrix Market file.
fn size_of(title: &str, matrix: &Input) -> Result<Size, End> {
    let text = Inflate::new().push(&matrix.slice(0, HEAD)?).map_err(|error| refused(title, &error))?;
    let mut reader = Reader::new();
    // An entry that is wrong is told when it is read; here only the head counts.
    let pushed = reader.push(&text, &mut |_| ());
    match (reader.size(), pushed) {
        (Some(size), _) => Ok(size),
        (None, Err(error)) => Err(refused(title, &error)),
        (None, Ok(())) => match reader.finish(&mut |_| ()) {
            Ok(size) => Ok(size),
            Err(error) => Err(refused(title, &error)),
        },
    }
}
