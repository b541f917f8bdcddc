//! The filters of a chunk, undone in Rust alone.
//!
//! Does: Zstandard, LZ4, deflate, shuffle and the Fletcher checksum, each with a bound on what comes out; names the
//! filters that are not undone here.
//! Does not know: where a chunk stands.
//! Flow: stored bytes of a chunk → **bytes of its values**.

use std::io::Read;

use hdf5_pure::Filter;

/// Registered numbers of filters.
const DEFLATE: u16 = 1;
const SHUFFLE: u16 = 2;
const FLETCHER: u16 = 3;
const LZ4: u16 = 32004;
const ZSTD: u16 = 32015;

/// Whether the HDF5 library beneath lacks a filter that is undone here.
pub(super) fn is_ours(filter: u16) -> bool {
    [LZ4, ZSTD].contains(&filter)
}

/// The first filter that nobody here undoes, in words.
pub(super) fn unknown(filters: &[Filter]) -> Option<String> {
    let ours = filters.iter().any(|filter| is_ours(filter.id));
    let done = |id: u16| match id {
        DEFLATE | SHUFFLE | FLETCHER => true,
        // Scale-offset and LZF: the library undoes them, alone among its own.
        6 | 32000 => !ours,
        other => is_ours(other),
    };
    filters.iter().find(|filter| !done(filter.id)).map(|filter| name(filter.id, filter.name.as_deref()))
}

/// How many times larger than its stored bytes a chunk may be.
pub(super) fn growth(filters: &[Filter]) -> u64 {
    let of = |id: u16| match id {
        DEFLATE => 1032,
        LZ4 => 255,
        // A block of 128 KiB that repeats one byte takes four.
        ZSTD => 45_000,
        32000 => 264,
        // Chunks of one value are stored as their head alone.
        6 => 1 << 32,
        _ => 1,
    };
    filters.iter().fold(1, |all: u64, filter| all.saturating_mul(of(filter.id)))
}

/// A filter's name for people.
fn name(id: u16, recorded: Option<&str>) -> String {
    let known = match id {
        4 => "szip",
        5 => "N-bit packing",
        6 => "scale-offset",
        307 => "bzip2",
        32000 => "LZF",
        32001 => "Blosc",
        32008 => "Bitshuffle",
        32013 => "ZFP",
        32017 => "SZ",
        32026 => "Blosc2",
        _ => return recorded.map_or_else(|| format!("filter {id}"), |word| format!("{word} (filter {id})")),
    };
    known.to_owned()
}

/// Undoes the filters of a chunk that holds `size` bytes of elements of `width` bytes; `mask` marks those that were
/// not used for it.
///
/// # Errors
/// What is wrong with the chunk.
pub(super) fn undo(
    filters: &[Filter],
    mask: u32,
    stored: Vec<u8>,
    size: usize,
    width: usize,
) -> Result<Vec<u8>, String> {
    // A checksum of 4 bytes may be added at each step before the last.
    let most = size.saturating_add(4 * filters.len());
    let mut bytes = stored;
    for (place, filter) in filters.iter().enumerate().rev() {
        if place < 32 && mask >> place & 1 == 1 {
            continue;
        }
        bytes = match filter.id {
            DEFLATE => at_most(flate2::read::ZlibDecoder::new(bytes.as_slice()), most, "deflate")?,
            SHUFFLE => unshuffle(&bytes, width),
            FLETCHER => without_checksum(bytes)?,
            LZ4 => lz4(&bytes, most)?,
            ZSTD => zstd(&bytes, most)?,
            other => return Err(format!("it is packed with {}, which is not undone here", name(other, None))),
        };
    }
    if bytes.len() == size {
        return Ok(bytes);
    }
    Err(format!("a chunk of {size} bytes unpacks to {}", bytes.len()))
}

/// Reads all that comes, but no more than `most` bytes.
fn at_most(from: impl Read, most: usize, filter: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = from.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("a chunk packed with {filter} cannot be unpacked ({error})"))?;
    if bytes.len() > most {
        return Err(format!("a chunk packed with {filter} unpacks to more than its {most} bytes"));
    }
    Ok(bytes)
}

fn zstd(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    // The decoder takes a window's memory at once, so a frame may not ask for more than a chunk can use.
    let window = (2 * most as u64).max(1 << 20);
    let decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(bytes, window);
    at_most(decoder.map_err(|error| format!("a chunk packed with zstd cannot be unpacked ({error})"))?, most, "zstd")
}

/// The form of HDF5's LZ4 filter: whole size, size of a block, then blocks, each with its packed size; numbers with the
/// highest byte first.
fn lz4(bytes: &[u8], most: usize) -> Result<Vec<u8>, String> {
    let wrong = || "a chunk packed with LZ4 is damaged".to_owned();
    let number = |from: usize, width: usize| -> Option<usize> {
        let bytes = bytes.get(from..from.checked_add(width)?)?;
        usize::try_from(bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))).ok()
    };
    let (Some(whole), Some(block)) = (number(0, 8), number(8, 4)) else { return Err(wrong()) };
    if whole > most || (whole > 0 && block == 0) {
        return Err(wrong());
    }
    let mut out = vec![0; whole];
    let mut at = 12;
    for part in out.chunks_mut(block.max(1)) {
        let packed = number(at, 4).ok_or_else(wrong)?;
        let stored = bytes.get(at + 4..).and_then(|rest| rest.get(..packed)).ok_or_else(wrong)?;
        if packed == part.len() {
            part.copy_from_slice(stored);
        } else if lz4_flex::block::decompress_into(stored, part).ok() != Some(part.len()) {
            return Err(wrong());
        }
        at += 4 + packed;
    }
    Ok(out)
}

/// Bytes of the same place of all elements stand together; puts each element's own together again.
fn unshuffle(bytes: &[u8], width: usize) -> Vec<u8> {
    let elements = bytes.len() / width.max(1);
    if width < 2 || elements == 0 {
        return bytes.to_vec();
    }
    let mut out = bytes.to_vec();
    for (place, plane) in bytes[..elements * width].chunks_exact(elements).enumerate() {
        plane.iter().enumerate().for_each(|(element, byte)| out[element * width + place] = *byte);
    }
    // What is left over stands at the end as it was.
    out
}

/// Fletcher's sum over words of two bytes, the first one high.
fn fletcher(bytes: &[u8]) -> u32 {
    let (mut low, mut high) = (0_u32, 0_u32);
    for words in bytes.chunks(720) {
        for word in words.chunks(2) {
            low += u32::from(word[0]) << 8 | word.get(1).map_or(0, |byte| u32::from(*byte));
            high += low;
        }
        (low, high) = ((low & 0xffff) + (low >> 16), (high & 0xffff) + (high >> 16));
    }
    (low, high) = ((low & 0xffff) + (low >> 16), (high & 0xffff) + (high >> 16));
    high << 16 | low
}

fn without_checksum(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let cut = bytes.len().checked_sub(4).ok_or("a chunk is too short for its checksum")?;
    let sum = bytes.split_off(cut);
    let stored = u32::from_le_bytes([sum[0], sum[1], sum[2], sum[3]]);
    // Old libraries wrote the sum with the bytes of each half turned round.
    let turned = (stored & 0x00ff_00ff) << 8 | (stored >> 8 & 0x00ff_00ff);
    if [stored, turned].contains(&fletcher(&bytes)) { Ok(bytes) } else { Err("a checksum is wrong".to_owned()) }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{fletcher, lz4, unshuffle, without_checksum, zstd};

    /// LZ4's own form of bytes that are not packed at all: a block of literals.
    fn literals(bytes: &[u8]) -> Vec<u8> {
        assert!(bytes.len() < 15);
        [&[(bytes.len() as u8) << 4], bytes].concat()
    }

    #[test]
    fn lz4_blocks_are_put_together() {
        let block = literals(b"abcdefgh");
        let head = [&16_u64.to_be_bytes()[..], &8_u32.to_be_bytes()].concat();
        let mut bytes = [&head[..], &(block.len() as u32).to_be_bytes(), &block].concat();
        // The second block is stored as it is: its packed size is its own.
        bytes.extend([&8_u32.to_be_bytes()[..], b"ijklmnop"].concat());
        assert_eq!(lz4(&bytes, 16).unwrap(), b"abcdefghijklmnop");
        assert!(lz4(&bytes, 15).is_err(), "more than a chunk holds");
        assert!((0..bytes.len()).all(|cut| lz4(&bytes[..cut], 16).is_err()));
        let huge = [&u64::MAX.to_be_bytes()[..], &1_u32.to_be_bytes()].concat();
        assert!(lz4(&huge, 100).is_err());
    }

    #[test]
    fn zstd_is_bounded() {
        // A raw block, then one that repeats a byte 100 times.
        let raw = [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0][..], b"abc"].concat();
        assert_eq!(zstd(&raw, 3).unwrap(), b"abc");
        assert!(zstd(&raw, 2).unwrap_err().contains("more than"));
        assert!(zstd(&raw[..7], 3).is_err() && zstd(b"", 3).is_err());
        // A frame that claims a window of 2 GiB.
        assert!(zstd(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0], 100).is_err());
    }

    #[test]
    fn shuffled_bytes_find_their_elements() {
        assert_eq!(unshuffle(&[1, 3, 5, 2, 4, 6], 2), [1, 2, 3, 4, 5, 6]);
        assert_eq!(unshuffle(&[1, 3, 2, 4, 9], 2), [1, 2, 3, 4, 9]);
        assert_eq!(unshuffle(&[1, 2], 4), [1, 2]);
    }

    #[test]
    fn a_wrong_checksum_is_told() {
        let bytes = b"wellplate".to_vec();
        let sum = fletcher(&bytes);
        let mut with = [bytes.clone(), sum.to_le_bytes().to_vec()].concat();
        assert_eq!(without_checksum(with.clone()).unwrap(), bytes);
        with[2] ^= 1;
        assert!(without_checksum(with).is_err() && without_checksum(vec![1, 2]).is_err());
    }
}
