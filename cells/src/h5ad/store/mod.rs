//! HDF5 with nothing believed: every length that a file claims is held against what the file can hold.
//!
//! Does: opens a source of bytes, says when it is empty, cut off or something else; finds groups, attributes and data
//! sets ([`Array`]), whose bytes come in windows, unpacked by the library or by our own filters.
//! Does not know: AnnData, cells.
//! Flow: source of bytes → **groups and arrays** → frames, matrices.

mod array;
mod chunks;
mod filters;
mod heap;
mod numbers;

#[cfg(test)]
mod tests;

pub(super) use array::{Array, Member, Values};

use std::collections::HashMap;
use std::sync::Arc;

use hdf5_pure::{AttrValue, File, FormatError, Group, Source};

use super::error::H5adError;
use crate::sniff::{self, Form};
use heap::Heap;

/// First bytes of an HDF5 file.
const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Bytes that any file may claim, however small it is.
const ANYWAY: u64 = 1 << 20;
/// A claim within so many times the file's size needs no second look.
const PLAUSIBLE: u64 = 4;

/// What stands in files of cells, for groups that cannot be listed.
const USUAL: [&str; 26] = [
    "X",
    "obs",
    "var",
    "raw",
    "raw.X",
    "raw.var",
    "layers",
    "uns",
    "mod",
    "matrix",
    "_index",
    "index",
    "__categories",
    "codes",
    "categories",
    "values",
    "mask",
    "data",
    "indices",
    "indptr",
    "barcodes",
    "features",
    "counts",
    "raw_counts",
    "umi",
    "log1p",
];

/// A source that several readers share.
#[derive(Clone)]
pub struct Shared(Arc<dyn Source + Send + Sync>);

impl Shared {
    /// Shares a source.
    pub fn new<S: Source + Send + Sync + 'static>(source: S) -> Self {
        Self(Arc::new(source))
    }
}

impl Source for Shared {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), FormatError> {
        self.0.read_at(offset, buf)
    }
}

/// An open HDF5 file.
#[derive(Clone)]
pub(super) struct Hdf5 {
    file: File,
    source: Shared,
    heap: Arc<Heap>,
}

/// Puts a place to a library error.
pub(super) fn at<T>(place: &str, result: Result<T, hdf5_pure::Error>) -> Result<T, H5adError> {
    result.map_err(|source| {
        let place = place.to_owned();
        match source {
            // Versions that come after those of the library: what HDF5 2.0 writes where it was told to.
            hdf5_pure::Error::Format(
                FormatError::InvalidLayoutVersion(5..)
                | FormatError::InvalidChunkIndexType(_)
                | FormatError::UnsupportedVirtualLayout
                | FormatError::UnsupportedExternalStorage,
            ) => H5adError::Newer { place, source },
            source => H5adError::Unreadable { place, source },
        }
    })
}

/// A place below another; the root is the empty text.
pub(super) fn below(place: &str, name: &str) -> String {
    if place.is_empty() { name.to_owned() } else { format!("{place}/{name}") }
}

/// Text of an attribute, however it is stored.
pub(super) fn text(value: Option<&AttrValue>) -> Option<String> {
    match value? {
        AttrValue::String(text)
        | AttrValue::AsciiString(text)
        | AttrValue::VarLenString(text)
        | AttrValue::VarLenAsciiString(text) => Some(text.clone()),
        AttrValue::StringArray(list)
        | AttrValue::VarLenStringArray(list)
        | AttrValue::AsciiStringArray(list)
        | AttrValue::VarLenAsciiStringArray(list) => list.first().cloned(),
        _ => None,
    }
}

/// Whole numbers of an attribute, whatever their width.
pub(super) fn numbers(value: Option<&AttrValue>) -> Option<Vec<u64>> {
    let wide = |list: &[i64]| list.iter().map(|own| u64::try_from(*own).ok()).collect();
    match value? {
        AttrValue::I64Array(list) => wide(list),
        AttrValue::I32Array(list) => wide(&list.iter().map(|own| i64::from(*own)).collect::<Vec<_>>()),
        AttrValue::U64Array(list) => Some(list.clone()),
        AttrValue::U32Array(list) => Some(list.iter().map(|own| u64::from(*own)).collect()),
        AttrValue::F64Array(list) => Some(list.iter().map(|own| *own as u64).collect()),
        _ => None,
    }
}

impl Hdf5 {
    /// Opens a source of bytes.
    ///
    /// # Errors
    /// When it is empty, cut off, or no HDF5; the sentence says what it is instead.
    pub(super) fn open<S: Source + Send + Sync + 'static>(source: S) -> Result<Self, H5adError> {
        let source = Shared::new(source);
        let mut head = vec![0; (source.len() as usize).min(sniff::HEAD)];
        if source.read_at(0, &mut head).is_err() {
            return Err(H5adError::NotHdf5 { found: "its first bytes cannot be read".to_owned() });
        }
        match sniff::form(&head) {
            Form::Hdf5 => {}
            Form::Empty => return Err(H5adError::Empty),
            Form::Gzip => {
                let found = "it is packed with gzip; unpack it first (gunzip)".to_owned();
                return Err(H5adError::NotHdf5 { found });
            }
            other => return Err(H5adError::NotHdf5 { found: format!("it is {}", other.words()) }),
        }
        if let Some(expected) = end_of_file(&head).filter(|end| *end > source.len()) {
            return Err(H5adError::CutOff { expected, missing: expected - source.len() });
        }
        let wrong = |error: hdf5_pure::Error| {
            match error {
            hdf5_pure::Error::FileMarkedInUse(_) => H5adError::OtherFile {
                found: "marked as open for writing: it is still being written, or the program that wrote it ended early; close it there, or take the mark off with `h5clear -s`".to_owned(),
            },
            error => H5adError::NotHdf5 { found: error.to_string() },
        }
        };
        let file = File::from_source(source.clone()).map_err(wrong)?;
        let (offsets, lengths) = (file.superblock().offset_size, file.superblock().length_size);
        let heap = Heap::new(source.clone(), base(&head), (offsets, lengths));
        Ok(Self { file, source, heap: Arc::new(heap) })
    }

    /// Bytes of the file.
    pub(super) fn len(&self) -> u64 {
        self.source.len()
    }

    fn group(&self, place: &str) -> Option<Group> {
        if place.is_empty() { Some(self.file.root()) } else { self.file.group(place).ok() }
    }

    /// Whether there is a group.
    pub(super) fn has_group(&self, place: &str) -> bool {
        self.group(place).is_some()
    }

    /// Whether there is a data set.
    pub(super) fn has_array(&self, place: &str) -> bool {
        self.file.dataset(place).is_ok()
    }

    /// Names of the data sets and groups in a group, in the order of their names; none where there is no such group.
    pub(super) fn members(&self, place: &str) -> Result<(Vec<String>, Vec<String>), H5adError> {
        let Some(group) = self.group(place) else { return Ok((Vec::new(), Vec::new())) };
        let (mut arrays, mut groups) = match (group.datasets(), group.groups()) {
            (Ok(arrays), Ok(groups)) => (arrays, groups),
            // The library stops at a link by name in a group of the old form: it has no address.
            (Err(hdf5_pure::Error::Format(FormatError::OffsetOverflow { .. })), _) => self.asked_for(place),
            (arrays, groups) => (at(place, arrays)?, at(place, groups)?),
        };
        arrays.sort();
        groups.sort();
        Ok((arrays, groups))
    }

    /// Data sets and groups that a file of cells may have at a place and that are there: where a group cannot be listed.
    fn asked_for(&self, place: &str) -> (Vec<String>, Vec<String>) {
        let columns = match self.attributes(place).remove("column-order") {
            Some(AttrValue::StringArray(names) | AttrValue::VarLenStringArray(names)) => names,
            _ => Vec::new(),
        };
        let mut names: Vec<String> = USUAL.iter().map(|name| (*name).to_owned()).chain(columns).collect();
        names.sort();
        names.dedup();
        let there = |name: &String| (self.has_array(&below(place, name)), self.has_group(&below(place, name)));
        let found: Vec<(bool, bool)> = names.iter().map(there).collect();
        let of = |pick: fn(&(bool, bool)) -> bool| {
            let pairs = names.iter().zip(&found).filter(|(_, found)| pick(found));
            pairs.map(|(name, _)| name.clone()).collect()
        };
        (of(|found| found.0), of(|found| found.1))
    }

    /// Attributes of a group or data set; none when they cannot be read.
    pub(super) fn attributes(&self, place: &str) -> HashMap<String, AttrValue> {
        let found = match self.group(place) {
            Some(group) => group.attrs(),
            None => self.file.dataset(place).and_then(|dataset| dataset.attrs()),
        };
        found.unwrap_or_default()
    }

    /// A data set.
    ///
    /// # Errors
    /// When it is not there, its head cannot be read, or it claims more than the file can hold.
    pub(super) fn array(&self, place: &str) -> Result<Array, H5adError> {
        let dataset = match self.file.dataset(place) {
            Ok(dataset) => dataset,
            Err(hdf5_pure::Error::Format(FormatError::PathNotFound(_)) | hdf5_pure::Error::NotAGroup(_)) => {
                return Err(H5adError::Missing { place: place.to_owned() });
            }
            Err(source) => return Err(H5adError::Unreadable { place: place.to_owned(), source }),
        };
        Array::new(self, dataset, place)
    }
}

/// Number in the `width` bytes from `from` on, lowest first.
fn number(bytes: &[u8], from: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(from..from.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Width of an address and place of the first one, the base address, in a file's first block.
fn first_block(head: &[u8]) -> Option<(usize, usize)> {
    let at = [0, 512, 1024, 2048].into_iter().find(|at| head.get(*at..).is_some_and(|rest| rest.starts_with(MAGIC)))?;
    let (width, base) = match *head.get(at + 8)? {
        0 => (*head.get(at + 13)?, at + 24),
        1 => (*head.get(at + 13)?, at + 28),
        2 | 3 => (*head.get(at + 9)?, at + 12),
        _ => return None,
    };
    [2, 4, 8].contains(&width).then_some((usize::from(width), base))
}

/// Where a file says that it ends, in bytes from its beginning.
fn end_of_file(head: &[u8]) -> Option<u64> {
    let (width, base) = first_block(head)?;
    // Base address, free space or extension, end of file: the third address in every version.
    let end = number(head, base + 2 * width, width)?;
    (end < u64::MAX >> (64 - 8 * width)).then_some(end)
}

/// What addresses are counted from: a block of the user's may stand before the file.
fn base(head: &[u8]) -> u64 {
    first_block(head).and_then(|(width, base)| number(head, base, width)).unwrap_or(0)
}
