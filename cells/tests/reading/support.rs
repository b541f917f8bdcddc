//! Opens files and folders of cells for the integration tests of this folder.
//!
//! Does: reads a file or a folder of a matrix with its texts as the trainer and the page do.
//! Does not know: which test asks.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;
use std::path::{Path, PathBuf};

use cells::dense::{DenseError, Scan, Values};
use cells::h5ad::{CellRows, H5adError, Matrix, ReadSeekSource};
use cells::matrix_market::{Companions, Inflate, Reader, Trio, genome};
use cells::parts::{Chosen, Part, choose};

/// Small files of another folder of the machine, if it is there.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// A fixture of the project.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)).unwrap()
}

/// Rows of the bytes of an HDF5 file.
pub(crate) fn open(bytes: Vec<u8>, matrix: &Matrix) -> Result<CellRows, H5adError> {
    CellRows::open_whole(ReadSeekSource::new(Cursor::new(bytes)).unwrap(), matrix)
}

/// Rows of a Matrix Market file with its texts.
pub(crate) fn open_trio(matrix: &[u8], features: &[u8], barcodes: &[u8], asked: &Matrix) -> Result<CellRows, String> {
    let words = |error: cells::matrix_market::MtxError| error.to_string();
    let text = Inflate::all(matrix).map_err(words)?;
    let (mut reader, mut entries) = (Reader::new(), Vec::new());
    reader.push(&text, &mut |entry| entries.push(entry)).map_err(words)?;
    let (size, odd) = reader.finish(&mut |entry| entries.push(entry)).map_err(words)?;
    let companions = Companions::read(features, barcodes, size, genome(asked)).map_err(words)?;
    let mut trio = Trio::new(companions, size.stored, None);
    entries.into_iter().for_each(|entry| trio.take(entry));
    Ok(trio.finish(odd, asked).map_err(words)?.into_rows())
}

/// Rows of a dense table in pieces of so many bytes.
pub(crate) fn open_table(bytes: &[u8], piece: usize, asked: &Matrix) -> Result<CellRows, DenseError> {
    let text = Inflate::all(bytes)?;
    let mut scan = Scan::new();
    text.chunks(piece).try_for_each(|piece| scan.push(piece))?;
    let table = scan.finish(asked)?;
    let (mut values, mut trio) = (Values::new(&table), table.trio(None));
    text.chunks(piece).try_for_each(|piece| values.push(piece, &mut |entry| trio.take(entry)))?;
    let odd = values.finish(&mut |entry| trio.take(entry))?;
    Ok(trio.finish(odd, asked)?.into_rows())
}

/// Rows of a file or folder, or why not.
pub(crate) fn open_path(path: &Path, matrix: &Matrix) -> Result<CellRows, String> {
    let mut paths = vec![path.to_owned()];
    if path.is_dir() {
        paths = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
    }
    let bytes: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let part = |(path, bytes): (&PathBuf, &Vec<u8>)| Part {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        head: bytes[..bytes.len().min(cells::sniff::HEAD)].to_vec(),
    };
    let parts: Vec<Part> = paths.iter().zip(&bytes).map(part).collect();
    match choose(&parts)? {
        Chosen::Hdf5 { file, .. } => {
            let bytes = Inflate::all(&bytes[file]).map_err(|error| error.to_string())?;
            open(bytes, matrix).map_err(|error| error.to_string())
        }
        Chosen::Trio { matrix: file, features, barcodes } => {
            open_trio(&bytes[file], &bytes[features], &bytes[barcodes], matrix)
        }
        Chosen::Table { file } => open_table(&bytes[file], 1 << 16, matrix).map_err(|error| error.to_string()),
    }
}

/// Every count of a file, cell by cell.
pub(crate) fn dense(rows: &CellRows) -> Vec<Vec<u32>> {
    let counts = rows.counts(0, rows.cells()).unwrap();
    let mut row = vec![0; counts.genes()];
    let of_cell = |cell| {
        counts.dense_row(cell, &mut row);
        row.clone()
    };
    (0..counts.cells()).map(of_cell).collect()
}

/// A label, `None` where it is missing.
pub(crate) fn label(rows: &CellRows, key: &str) -> Vec<Option<String>> {
    let column = rows.label(key).unwrap().read(0, rows.cells()).unwrap();
    (0..rows.cells()).map(|cell| column.text(cell).map(|text| text.into_owned())).collect()
}
