//! Bytes as they are, or unpacked from gzip, a piece at a time.
//!
//! Does: finds out from the first two bytes whether they are packed; unpacks whole files within a bound.
//! Does not know: what the bytes mean.
//! Flow: pieces of a file → **pieces of text**.

use std::io::{Read, Write};

use flate2::write::MultiGzDecoder;

use super::error::MtxError;
use crate::sniff::{self, Form};

/// First bytes of a gzip file.
const MAGIC: [u8; 2] = [0x1f, 0x8b];
/// A file may unpack to so many times its size, and to this much in any case.
const UNPACKED: u64 = 100;
const ANYWAY: u64 = 64 << 20;

/// How the bytes come.
enum Kind {
    /// Nothing has come.
    Unknown,
    /// As they are.
    Plain,
    /// Packed.
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
}

/// Packed bytes that are unpacked together: what they become is bounded by a look after each.
const STEP: usize = 16 << 10;

/// Unpacks what needs it.
pub struct Inflate {
    kind: Kind,
    /// A single first byte that has to wait for the second.
    first: Vec<u8>,
    /// Packed bytes that came, and what they became.
    packed: u64,
    unpacked: u64,
}

impl Default for Inflate {
    fn default() -> Self {
        Self::new()
    }
}

/// What a file is by its first bytes, looked at inside when it is packed.
pub fn form_inside(head: &[u8]) -> Form {
    let form = sniff::form(head);
    if form != Form::Gzip {
        return form;
    }
    let mut inside = Vec::new();
    // The head ends somewhere in the packed bytes, so what came before the end is enough.
    let _ = flate2::read::MultiGzDecoder::new(head).take(sniff::HEAD as u64).read_to_end(&mut inside);
    if inside.is_empty() { Form::Gzip } else { sniff::form(&inside) }
}

fn too_much(most: u64) -> MtxError {
    MtxError::Packed(format!("it unpacks to more than {most} bytes, far more than its size"))
}

impl Inflate {
    /// Before the first byte.
    pub fn new() -> Self {
        Self { kind: Kind::Unknown, first: Vec::new(), packed: 0, unpacked: 0 }
    }

    /// Whether the bytes are packed, once two have come.
    pub fn is_packed(&self) -> bool {
        matches!(self.kind, Kind::Gzip(_))
    }

    /// The text of the next bytes.
    ///
    /// # Errors
    /// When the packing is damaged.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<u8>, MtxError> {
        if matches!(self.kind, Kind::Unknown) {
            self.first.extend_from_slice(bytes);
            if self.first.len() < MAGIC.len() {
                return Ok(Vec::new());
            }
            let all = std::mem::take(&mut self.first);
            self.kind = if all.starts_with(&MAGIC) {
                Kind::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))
            } else {
                Kind::Plain
            };
            return self.unpack(&all);
        }
        self.unpack(bytes)
    }

    fn unpack(&mut self, bytes: &[u8]) -> Result<Vec<u8>, MtxError> {
        let Kind::Gzip(decoder) = &mut self.kind else { return Ok(bytes.to_vec()) };
        let mut text = Vec::new();
        for piece in bytes.chunks(STEP) {
            decoder.write_all(piece).map_err(|error| MtxError::Packed(error.to_string()))?;
            self.packed += piece.len() as u64;
            self.unpacked += decoder.get_ref().len() as u64;
            let most = ANYWAY.max(self.packed * UNPACKED);
            if self.unpacked > most {
                return Err(too_much(most));
            }
            text.append(decoder.get_mut());
        }
        Ok(text)
    }

    /// What is left at the end.
    ///
    /// # Errors
    /// When the file was cut off.
    pub fn finish(self) -> Result<Vec<u8>, MtxError> {
        match self.kind {
            Kind::Unknown | Kind::Plain => Ok(self.first),
            Kind::Gzip(decoder) => decoder.finish().map_err(|error| MtxError::Packed(error.to_string())),
        }
    }

    /// A whole file at once.
    ///
    /// # Errors
    /// When the packing is damaged, or it unpacks to far more than its size.
    pub fn all(bytes: &[u8]) -> Result<Vec<u8>, MtxError> {
        let most = ANYWAY.max(bytes.len() as u64 * UNPACKED);
        Self::within(bytes, most)?.ok_or_else(|| too_much(most))
    }

    /// A whole file at once; none when it unpacks to more than `most` bytes.
    ///
    /// # Errors
    /// When the packing is damaged.
    pub fn within(bytes: &[u8], most: u64) -> Result<Option<Vec<u8>>, MtxError> {
        if !bytes.starts_with(&MAGIC) {
            return Ok(Some(bytes.to_vec()));
        }
        let most = most.min(ANYWAY.max(bytes.len() as u64 * UNPACKED));
        let mut text = Vec::new();
        let mut decoder = flate2::read::MultiGzDecoder::new(bytes).take(most + 1);
        decoder.read_to_end(&mut text).map_err(|error| MtxError::Packed(error.to_string()))?;
        Ok((text.len() as u64 <= most).then_some(text))
    }
}
