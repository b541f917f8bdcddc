//! Chunks that the library beneath cannot unpack.
//!
//! Does: finds the chunks that a window of rows touches, undoes their filters, puts their rows together; keeps the last
//! few, because windows overlap in chunks.
//! Does not know: what elements are.
//! Flow: window → **bytes**, as the library would give them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_pure::{Chunk, Dataset, Filter, Source};

use super::{Shared, filters};

/// Kept chunks.
const KEPT: usize = 4;
/// Most bytes of one chunk: the library's own bound, which HDF5's chunks of 32 bits can reach.
const MOST: u64 = u32::MAX as u64;

/// A chunk's place in the grid.
type Place = Vec<u64>;

/// The chunks of a data set.
pub(super) struct Chunks {
    source: Shared,
    filters: Vec<Filter>,
    /// Edges of a chunk and of all, in elements.
    edges: Vec<u64>,
    shape: Vec<u64>,
    width: usize,
    by_place: HashMap<Place, Chunk>,
    kept: Mutex<VecDeque<(Place, Arc<Vec<u8>>)>>,
}

impl Chunks {
    /// Lists the chunks of a data set of elements of `width` bytes.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn new(source: Shared, dataset: &Dataset, shape: &[u64], width: usize) -> Result<Self, String> {
        let words = |error: hdf5_pure::Error| error.to_string();
        let edges = dataset.chunk_shape().map_err(words)?.ok_or("it is packed, but not in chunks")?;
        if edges.len() != shape.len() || edges.contains(&0) || edges.is_empty() || edges.len() > 2 {
            return Err(format!("its chunks are {edges:?}, but it is {shape:?}"));
        }
        let size = edges.iter().try_fold(width as u64, |size, edge| size.checked_mul(*edge));
        if size.is_none_or(|size| size > MOST) {
            return Err(format!("its chunks of {edges:?} are too large"));
        }
        let place = |chunk: &Chunk| chunk.offset.iter().zip(&edges).map(|(at, edge)| at / edge).collect();
        let by_place = dataset.chunks().map_err(words)?.into_iter().map(|chunk| (place(&chunk), chunk)).collect();
        let filters = dataset.filter_pipeline();
        Ok(Self { source, filters, edges, shape: shape.to_vec(), width, by_place, kept: Mutex::default() })
    }

    /// Bytes of a whole chunk.
    fn size(&self) -> usize {
        self.edges.iter().product::<u64>() as usize * self.width
    }

    /// A chunk unpacked; none where nothing was written.
    fn chunk(&self, place: &Place) -> Result<Option<Arc<Vec<u8>>>, String> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = kept.iter().find(|(own, _)| own == place) {
            return Ok(Some(Arc::clone(found)));
        }
        let Some(chunk) = self.by_place.get(place) else { return Ok(None) };
        let length = usize::try_from(chunk.storage_size).map_err(|_| "a chunk is too large".to_owned())?;
        let stored = self.source.read_exact_at(chunk.address, length).map_err(|error| error.to_string())?;
        let bytes = filters::undo(&self.filters, chunk.filter_mask, stored, self.size(), self.width)?;
        let found = Arc::new(bytes);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((place.clone(), Arc::clone(&found)));
        Ok(Some(found))
    }

    /// Bytes of `count` rows from `first` on, which must lie inside.
    ///
    /// # Errors
    /// What is wrong with a chunk.
    pub(super) fn rows(&self, first: u64, count: u64) -> Result<Vec<u8>, String> {
        let (inner, across) = (self.shape.get(1).copied().unwrap_or(1), self.edges.get(1).copied().unwrap_or(1));
        let (row, high) = (inner as usize * self.width, self.edges[0]);
        // What was never written reads as zeros.
        let mut out = vec![0; count as usize * row];
        if out.is_empty() {
            return Ok(out);
        }
        for down in first / high..(first + count).div_ceil(high) {
            for right in 0..inner.div_ceil(across) {
                let place = if self.edges.len() == 2 { vec![down, right] } else { vec![down] };
                let Some(chunk) = self.chunk(&place)? else { continue };
                let cells = (inner - right * across).min(across) as usize * self.width;
                let begin = (right * across) as usize * self.width;
                for own in down * high..((down + 1) * high).min(self.shape[0]) {
                    let Some(line) = own.checked_sub(first).filter(|line| *line < count) else { continue };
                    let from = (own - down * high) as usize * across as usize * self.width;
                    let to = line as usize * row + begin;
                    out[to..to + cells].copy_from_slice(&chunk[from..from + cells]);
                }
            }
        }
        Ok(out)
    }
}
