//! A file known by its content.
//!
//! Does: a hash of a file of any size, in blocks that are read side by side.
//! Does not know: what is in it.
//! Flow: file → **hash** → what a store is made of.
//!
//! Name, size and time of change do not say what is in a file: a copy has another time, and a file that was mended may
//! have the same. Reading costs little beside preparing: a core hashes more bytes in a second than it prepares.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use model::bundle::sha256;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use sha2::{Digest, Sha256};

use crate::progress::Phase;

/// Bytes that are hashed together.
const BLOCK: u64 = 1 << 25;
/// Bytes read at a time.
const READ: usize = 1 << 20;

/// Hash of a file's bytes: SHA-256 of its length and of the SHA-256 of each block.
///
/// # Errors
/// When it cannot be read.
pub(super) fn digest(path: &Path, shown: &Phase) -> Result<String> {
    let failed = || format!("cannot read {}", path.display());
    let length = std::fs::metadata(path).with_context(failed)?.len();
    let blocks = (0..length.div_ceil(BLOCK)).into_par_iter();
    let hashed = blocks.map(|block| of_block(path, block, shown)).collect::<std::io::Result<Vec<_>>>();
    let mut all = length.to_le_bytes().to_vec();
    hashed.with_context(failed)?.iter().for_each(|hash| all.extend(hash));
    Ok(sha256(&all))
}

/// SHA-256 of a block.
fn of_block(path: &Path, block: u64, shown: &Phase) -> std::io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(block * BLOCK))?;
    let mut left = file.take(BLOCK);
    let mut part = vec![0; READ];
    let mut hash = Sha256::new();
    loop {
        let read = left.read(&mut part)?;
        if read == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&part[..read]);
        shown.advance(read as u64);
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{BLOCK, digest};
    use crate::progress::phase;

    #[test]
    fn a_file_is_what_its_bytes_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mut bytes = vec![7; BLOCK as usize + 3];
        std::fs::write(path("a"), &bytes).unwrap();
        std::fs::write(path("copy"), &bytes).unwrap();
        let hash = |name: &str| digest(&path(name), &phase("hashing")).unwrap();
        assert_eq!(hash("a"), hash("copy"));
        // The last byte, in the second block; and the same with a byte less.
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(path("hit"), &bytes).unwrap();
        bytes.pop();
        std::fs::write(path("short"), &bytes).unwrap();
        assert!(hash("hit") != hash("a") && hash("short") != hash("hit"));
    }
}
