//! The visitor's files, read in slices.
//!
//! Does: reads a stretch of a file when it is asked for; keeps a few small blocks, because HDF5 looks at many small
//! places; the whole file is never in memory.
//! Does not know: what is in the file.
//! Flow: `File` of the page → **bytes** → readers of `cells`.

use std::collections::VecDeque;
use std::io::{Error, Read, Result as IoResult, Seek, SeekFrom};
use std::sync::Arc;

use js_sys::Uint8Array;
use web_sys::{File, FileReaderSync};

/// Bytes of a kept block.
const BLOCK: u64 = 256 * 1024;
/// Kept blocks.
const BLOCKS: usize = 24;

/// Where bytes come from.
#[derive(Clone)]
pub(super) enum Input {
    /// A file of the visitor.
    File(File),
    /// Bytes made here.
    Bytes(Arc<Vec<u8>>),
}

impl Input {
    /// Size in bytes.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(file) => file.size() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// Bytes `from..to`.
    ///
    /// # Errors
    /// A sentence, when the file was moved or changed meanwhile.
    pub(super) fn slice(&self, from: u64, to: u64) -> Result<Vec<u8>, String> {
        let to = to.min(self.len());
        match self {
            Self::Bytes(bytes) => Ok(bytes.get(from as usize..to as usize).unwrap_or_default().to_vec()),
            Self::File(file) => {
                let gone =
                    |_| format!("{} cannot be read any more; was it moved or changed? Choose it again.", file.name());
                let part = file.slice_with_f64_and_f64(from as f64, to as f64).map_err(gone)?;
                let buffer = FileReaderSync::new().and_then(|reader| reader.read_as_array_buffer(&part));
                Ok(Uint8Array::new(&buffer.map_err(gone)?.into()).to_vec())
            }
        }
    }

    /// All of a small file.
    ///
    /// # Errors
    /// As [`Input::slice`], and when it is larger than `most` bytes.
    pub(super) fn all(&self, name: &str, most: u64) -> Result<Vec<u8>, String> {
        if self.len() > most {
            return Err(format!("{name} is {} MB large; a list of names should not be.", self.len() / 1_000_000));
        }
        self.slice(0, self.len())
    }
}

/// A file that is read here and there.
pub(super) struct Slices {
    input: Input,
    at: u64,
    /// Number and bytes, the one used last at the end.
    blocks: VecDeque<(u64, Vec<u8>)>,
}

impl Slices {
    pub(super) fn new(input: Input) -> Self {
        Self { input, at: 0, blocks: VecDeque::new() }
    }

    fn block(&mut self, number: u64) -> IoResult<&[u8]> {
        match self.blocks.iter().position(|(own, _)| *own == number) {
            Some(place) => {
                if let Some(block) = self.blocks.remove(place) {
                    self.blocks.push_back(block);
                }
            }
            None => {
                let bytes = self.input.slice(number * BLOCK, (number + 1) * BLOCK).map_err(Error::other)?;
                if self.blocks.len() == BLOCKS {
                    self.blocks.pop_front();
                }
                self.blocks.push_back((number, bytes));
            }
        }
        Ok(self.blocks.back().map_or(&[], |(_, bytes)| bytes.as_slice()))
    }
}

impl Read for Slices {
    fn read(&mut self, into: &mut [u8]) -> IoResult<usize> {
        let at = self.at;
        if at >= self.input.len() || into.is_empty() {
            return Ok(0);
        }
        let found = if into.len() as u64 >= BLOCK {
            // A long stretch is data that is wanted once.
            let bytes = self.input.slice(at, at + into.len() as u64).map_err(Error::other)?;
            into[..bytes.len()].copy_from_slice(&bytes);
            bytes.len()
        } else {
            let block = self.block(at / BLOCK)?;
            let rest = block.get((at % BLOCK) as usize..).unwrap_or_default();
            let length = rest.len().min(into.len());
            into[..length].copy_from_slice(&rest[..length]);
            length
        };
        self.at += found as u64;
        Ok(found)
    }
}

impl Seek for Slices {
    fn seek(&mut self, to: SeekFrom) -> IoResult<u64> {
        let outside = || Error::other("a place before the beginning of the file");
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(back) => self.input.len().checked_add_signed(back).ok_or_else(outside)?,
            SeekFrom::Current(on) => self.at.checked_add_signed(on).ok_or_else(outside)?,
        };
        Ok(self.at)
    }
}
