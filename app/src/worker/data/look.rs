//! A cheap look at files before anything is read whole.
//!
//! Does: finds out what was chosen by first bytes and names, reads HDF5's heads, the size line and the names beside it, or
//! a dense table for the first time, says which matrix is taken and why, weighs what reading would take against what the browser gives.
//! Does not know: the model.
//! Flow: files → **plan** (to the page) and what is read later.

use std::sync::Arc;

use cells::dense::{Scan, Table};
use cells::h5ad::{CellRows, Matrix, ReadSeekSource};
use cells::matrix_market::{Companions, Inflate, Reader, Size, genome};
use cells::parts::{Chosen, Part, choose};
use cells::sniff;
use js_sys::{ArrayBuffer, Reflect, WebAssembly};
use wasm_bindgen::JsCast;
use web_sys::File;

use super::files::{Input, Slices};
use super::found::found;
use super::pace::{End, Pace, refused, sentence};
use super::pieces::pieces;
use crate::own_data::{cells_that_fit, memory_given, memory_needed, size};
use crate::protocol::data::{Found, Plan};

/// The size line comes within this many bytes.
const HEAD: u64 = 256 * 1024;
/// Largest list of names, in bytes.
const LARGEST_LIST: u64 = 300_000_000;
/// Share of the browser's memory that an unpacked HDF5 file may take: its bytes are held twice while they grow, and the
/// cells come beside them.
const PACKED_SHARE: f64 = 0.25;

/// What will be read.
pub(super) struct Pending {
    pub(super) title: String,
    pub(super) cells: usize,
    pub(super) stored: f64,
    pub(super) source: Source,
}

/// How it will be read.
pub(super) enum Source {
    /// An open HDF5 file.
    Hdf5(Box<CellRows>),
    /// A Matrix Market file with its names, and what was asked of it.
    Trio { matrix: Input, size: Size, companions: Box<Companions>, asked: Matrix },
    /// A dense table with what its first reading told, and what was asked of it.
    Table { input: Input, table: Box<Table>, asked: Matrix },
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
fn open(title: &str, input: Input, asked: &Matrix) -> Result<CellRows, End> {
    let source = ReadSeekSource::new(Slices::new(input)).map_err(|error| format!("{title}: {}", sentence(error)))?;
    CellRows::open_whole(source, asked).map_err(|error| End::of_file(title, &error))
}

/// HDF5 made here.
pub(super) fn of_bytes(title: &str, bytes: Vec<u8>) -> Result<Pending, End> {
    let rows = open(title, Input::Bytes(Arc::new(bytes)), &Matrix::Auto)?;
    let (cells, stored) = (rows.cells(), rows.stored_about().unwrap_or(0) as f64);
    Ok(Pending { title: title.to_owned(), cells, stored, source: Source::Made(Box::new(rows)) })
}

/// The bytes of a packed file; packed and unpacked they must fit, with the cells that are made of them, into `has` bytes
/// of memory.
fn unpacked(title: &str, input: &Input, has: f64) -> Result<Input, End> {
    let most = (has * PACKED_SHARE) as u64;
    let packed = input.len();
    let too_large = |what: &str| {
        let why = format!(
            "it is packed ({}) and {what} {}, which is what the browser's memory holds of it; unpack it first (gunzip) and choose the .h5ad",
            size(packed as f64),
            size(most as f64)
        );
        refused(title, &why)
    };
    if packed > most {
        return Err(too_large("larger than"));
    }
    match Inflate::within(&input.slice(0, packed)?, most) {
        Ok(Some(bytes)) => Ok(Input::Bytes(Arc::new(bytes))),
        Ok(None) => Err(too_large("unpacks to more than")),
        Err(error) => Err(refused(title, &error)),
    }
}

/// What was found of an HDF5 file, with the number of its genes.
fn hdf5(title: &str, input: Input, asked: &Matrix) -> Result<(Pending, usize, String, Found), End> {
    let rows = open(title, input, asked)?;
    let stored = rows.stored_about().map_err(|error| refused(title, &error))? as f64;
    let (cells, genes) = (rows.cells(), rows.genes().len());
    let (kind, found) = (format!("{}, values in {}", rows.report().format, rows.place()), found(rows.report()));
    let pending = Pending { title: title.to_owned(), cells, stored, source: Source::Hdf5(Box::new(rows)) };
    Ok((pending, genes, kind, found))
}

/// The same of a Matrix Market file with its names, the values of which are judged when they are read.
fn trio(
    title: &str,
    parts: [Input; 3],
    names: [&str; 2],
    asked: &Matrix,
) -> Result<(Pending, usize, String, Found), End> {
    let [matrix, features, barcodes] = parts;
    let size = size_of(title, &matrix)?;
    let lists = [features.all(names[0], LARGEST_LIST)?, barcodes.all(names[1], LARGEST_LIST)?];
    let companions = Companions::read(&lists[0], &lists[1], size, genome(asked)).map_err(sentence)?;
    let (cells, genes) = (companions.names.len(), companions.genes.names.len());
    let found = super::found::of_companions(&companions, asked);
    let source = Source::Trio { matrix, size, companions: Box::new(companions), asked: asked.clone() };
    let pending = Pending { title: title.to_owned(), cells, stored: size.stored as f64, source };
    Ok((pending, genes, "Matrix Market with features and barcodes".to_owned(), found))
}

/// The same of a dense table, which is read once for this: nothing in it says how large it is.
async fn table(
    title: &str,
    input: Input,
    asked: &Matrix,
    pace: &mut Pace<'_>,
) -> Result<(Pending, usize, String, Found), End> {
    let mut scan = Scan::new();
    pieces(title, &input, pace, &mut |text| scan.push(text)).await?;
    let table = scan.finish(asked).map_err(|error| End::of_table(title, &error))?;
    let (cells, genes) = (table.companions.names.len(), table.companions.genes.names.len());
    let (kind, found) = (table.format.clone(), super::found::of_table(&table, asked));
    let stored = table.size.stored as f64;
    let source = Source::Table { input, table: Box::new(table), asked: asked.clone() };
    Ok((Pending { title: title.to_owned(), cells, stored, source }, genes, kind, found))
}

/// Looks at files; `asked` is the matrix, genome or modality that is wanted.
pub(super) async fn look(
    files: &[File],
    asked: &Matrix,
    base: f64,
    pace: &mut Pace<'_>,
) -> Result<(Pending, Plan), End> {
    pace.begin("looking at the file");
    pace.step(0.0).await?;
    let names: Vec<String> = files.iter().map(File::name).collect();
    let input = |place: usize| Input::File(files[place].clone());
    let mut parts = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate() {
        parts.push(Part { name: name.clone(), head: input(place).slice(0, sniff::HEAD as u64)? });
    }
    let has = memory_given(base, device_gigabytes());
    let bytes = |places: &[usize]| places.iter().map(|place| files[*place].size()).sum::<f64>();
    let ((pending, genes, kind, found), bytes) = match choose(&parts)? {
        Chosen::Hdf5 { file, packed } => {
            let title = &names[file];
            let input = if packed { unpacked(title, &input(file), has)? } else { input(file) };
            (hdf5(title, input, asked)?, bytes(&[file]))
        }
        Chosen::Trio { matrix, features, barcodes } => {
            let own = [input(matrix), input(features), input(barcodes)];
            let found = trio(&names[matrix], own, [&names[features], &names[barcodes]], asked)?;
            (found, bytes(&[matrix, features, barcodes]))
        }
        Chosen::Table { file } => (table(&names[file], input(file), asked, pace).await?, bytes(&[file])),
    };
    if pending.cells == 0 || genes == 0 {
        let what = if genes == 0 { "genes" } else { "cells" };
        return Err(End::Failed(format!("{} holds no {what}; there is nothing to show.", pending.title)));
    }
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
        found,
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
            Ok((size, _)) => Ok(size),
            Err(error) => Err(refused(title, &error)),
        },
    }
}
