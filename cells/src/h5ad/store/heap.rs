//! Texts of any length, which HDF5 keeps apart from the arrays that name them.
//!
//! Does: resolves references (length, address of a collection, number in it), reads collections whole and keeps the last
//! few; the work for one read is bounded by the file's size.
//! Does not know: where references stand: in an array, in a member of a compound.
//! Flow: references → **texts**.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_pure::Source;

use super::{Shared, number};

/// Kept collections.
const KEPT: usize = 8;
/// One read may go through so many times the file's bytes, and this many in any case.
const TURNS: u64 = 8;
const FREE: u64 = 64 << 20;

/// A collection of texts, as it stands in the file.
struct Collection {
    bytes: Vec<u8>,
    /// Begin and length by number.
    objects: HashMap<u64, (usize, usize)>,
}

/// The heaps of a file.
pub(super) struct Heap {
    source: Shared,
    base: u64,
    /// Bytes of an address and of a length.
    widths: (usize, usize),
    kept: Mutex<VecDeque<(u64, Arc<Collection>)>>,
}

impl Heap {
    pub(super) fn new(source: Shared, base: u64, (offsets, lengths): (u8, u8)) -> Self {
        let widths = (usize::from(offsets), usize::from(lengths));
        Self { source, base, widths, kept: Mutex::default() }
    }

    /// Bytes of a reference.
    pub(super) fn width(&self) -> usize {
        8 + self.widths.0
    }

    /// The texts that references name, each of [`Heap::width`] bytes.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub(super) fn texts<'a>(&self, references: impl Iterator<Item = &'a [u8]>) -> Result<Vec<String>, String> {
        let mut left = FREE.max(TURNS.saturating_mul(self.source.len()));
        let mut texts = Vec::new();
        for reference in references {
            let field = |from, width| number(reference, from, width).ok_or("a reference is cut off");
            let (length, address) = (field(0, 4)?, field(4, self.widths.0)?);
            let none = u64::MAX >> (64 - 8 * self.widths.0.clamp(1, 8));
            if length == 0 || address == 0 || address == none {
                texts.push(String::new());
                continue;
            }
            let place = self.base.checked_add(address).ok_or("a text stands outside the file")?;
            let collection = self.collection(place, &mut left)?;
            let number = field(4 + self.widths.0, 4)?;
            let object = collection.objects.get(&number);
            let (from, size) = object.ok_or_else(|| format!("there is no text {number} at {place}"))?;
            if length > *size as u64 {
                return Err(format!("a text claims {length} bytes, of which {size} are there"));
            }
            let text = &collection.bytes[*from..from + length as usize];
            left = left.checked_sub(length).ok_or("its texts claim more than the file holds")?;
            texts.push(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned());
        }
        Ok(texts)
    }

    /// The collection at a place; `left` bytes may still be read.
    fn collection(&self, place: u64, left: &mut u64) -> Result<Arc<Collection>, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = kept.iter().find(|(own, _)| *own == place) {
            return Ok(Arc::clone(found));
        }
        let wrong = |what: &str| format!("the collection of texts at {place} {what}");
        let read = |length: u64| {
            let length = usize::try_from(length).map_err(|_| wrong("is too large"))?;
            self.source.read_exact_at(place, length).map_err(|_| wrong("ends outside the file"))
        };
        let head_length = 8 + self.widths.1;
        let head = read(head_length as u64)?;
        if !head.starts_with(b"GCOL") {
            return Err(wrong("is none"));
        }
        let size = number(&head, 8, self.widths.1).unwrap_or(0);
        *left = left.checked_sub(size).ok_or("its texts stand in more collections than the file holds")?;
        let bytes = read(size)?;
        let found = Arc::new(Collection { objects: objects(&bytes, head_length, self.widths.1), bytes });
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((place, Arc::clone(&found)));
        Ok(found)
    }
}

/// Where the objects of a collection stand, up to the first that does not fit.
fn objects(bytes: &[u8], mut from: usize, width: usize) -> HashMap<u64, (usize, usize)> {
    let mut objects = HashMap::new();
    while let (Some(index), Some(size)) = (number(bytes, from, 2), number(bytes, from + 8, width)) {
        let begin = from + 8 + width;
        let Some(size) = usize::try_from(size).ok().filter(|size| *size <= bytes.len().saturating_sub(begin)) else {
            break;
        };
        // Number 0 marks the free rest.
        if index == 0 {
            break;
        }
        objects.insert(index, (begin, size));
        from = begin + size.next_multiple_of(8);
    }
    objects
}
