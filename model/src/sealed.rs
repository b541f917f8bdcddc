//! Files that know when a bit of them has changed.
//!
//! Does: puts a file's own SHA-256 into it, and checks it on reading.
//! Does not know: what kind of file it is: a mark with room for 64 digits stands somewhere in its text.
//! Flow: bytes with a [`MARK`] → **seal** → disk or web → **check**.
//!
//! The hash is that of the file with zeros in the place of the digits.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// What the digits stand behind.
const MARK: &str = "sha256-of-this-file:";
/// Digits of a hash.
const DIGITS: usize = 64;
/// Key of the mark in a JSON object.
pub const KEY: &str = "seal";

/// How a file fares against its own hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// As it was written.
    Whole,
    /// It has changed.
    Broken,
    /// It has none: an earlier version wrote it, or the mark itself was hit.
    Absent,
}

/// The mark before sealing.
pub fn mark() -> String {
    format!("{MARK}{}", "0".repeat(DIGITS))
}

/// Where the digits are, if there is a mark in the first `within` bytes.
fn digits(bytes: &[u8], within: usize) -> Option<std::ops::Range<usize>> {
    let head = &bytes[..within.min(bytes.len())];
    let at = head.windows(MARK.len()).position(|window| window == MARK.as_bytes())? + MARK.len();
    (at + DIGITS <= bytes.len()).then_some(at..at + DIGITS)
}

/// Hash of a file with zeros in a place.
fn hash(bytes: &[u8], place: &std::ops::Range<usize>) -> String {
    let mut hash = Sha256::new();
    hash.update(&bytes[..place.start]);
    hash.update([b'0'; DIGITS]);
    hash.update(&bytes[place.end..]);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the hash into a file whose first `within` bytes hold the mark; one without a mark stays as it is.
pub fn seal(bytes: &mut [u8], within: usize) {
    if let Some(place) = digits(bytes, within) {
        let hash = hash(bytes, &place);
        bytes[place].copy_from_slice(hash.as_bytes());
    }
}

/// Checks a file whose mark, if it has one, stands in the first `within` bytes.
pub fn check(bytes: &[u8], within: usize) -> Seal {
    match digits(bytes, within) {
        None => Seal::Absent,
        Some(place) if hash(bytes, &place).as_bytes() == &bytes[place.clone()] => Seal::Whole,
        Some(_) => Seal::Broken,
    }
}

/// The text of a JSON object as a sealed file: the mark comes first and the rest stays as it is, numbers and order too.
pub fn to_text(object: &str) -> Vec<u8> {
    let Some(rest) = object.trim_start().strip_prefix('{') else { return object.as_bytes().to_vec() };
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    let mut bytes = format!("{{\"{KEY}\":\"{}\"{comma}{rest}", mark()).into_bytes();
    let all = bytes.len();
    seal(&mut bytes, all);
    bytes
}

/// A JSON object as a sealed file.
pub fn to_json(mut object: Value) -> Vec<u8> {
    object[KEY] = mark().into();
    let mut bytes = format!("{object:#}\n").into_bytes();
    let all = bytes.len();
    seal(&mut bytes, all);
    bytes
}

/// A JSON object from a file, and whether it is as it was written. One that has the key but no mark was hit there.
///
/// # Errors
/// When it is no JSON.
pub fn from_json(bytes: &[u8]) -> Result<(Value, Seal), serde_json::Error> {
    let mut object: Value = serde_json::from_slice(bytes)?;
    let had = object.as_object_mut().and_then(|own| own.remove(KEY)).is_some();
    Ok((object, check_with_key(bytes, had)))
}

/// Checks a JSON file that has the key or has not: one that has it but no mark was hit there.
pub fn check_with_key(bytes: &[u8], has_key: bool) -> Seal {
    match check(bytes, bytes.len()) {
        Seal::Absent if has_key => Seal::Broken,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Seal, check, from_json, mark, seal, to_json, to_text};
    use serde_json::json;

    #[test]
    fn every_flipped_bit_is_seen() {
        let object = json!({ "step": 9, "data": "cells.h5ad", "config": { "genes": 48 } });
        let bytes = to_json(object.clone());
        assert_eq!(from_json(&bytes).unwrap(), (object, Seal::Whole));
        for place in 0..bytes.len() {
            for bit in 0..8 {
                let mut hit = bytes.clone();
                hit[place] ^= 1 << bit;
                let seen = from_json(&hit).map_or(true, |(_, seal)| seal != Seal::Whole);
                assert!(seen, "bit {bit} of byte {place}");
                // Only a hit on the key and its mark can look like an earlier version's file, and not on both at once.
                let absent = from_json(&hit).is_ok_and(|(_, seal)| seal == Seal::Absent);
                assert!(!absent, "bit {bit} of byte {place} takes the seal away");
            }
        }
    }

    #[test]
    fn a_text_stays_as_it_is_behind_its_mark() {
        for text in ["{\"b\":0.1,\"a\":[1]}", "{}"] {
            let bytes = to_text(text);
            let (object, seal) = from_json(&bytes).unwrap();
            assert_eq!((object, seal), (serde_json::from_str(text).unwrap(), Seal::Whole), "{text}");
            assert!(bytes.ends_with(&text.as_bytes()[1..]), "{text}");
        }
    }

    #[test]
    fn a_file_without_a_seal_is_told_from_a_broken_one() {
        assert_eq!(from_json(b"{\"step\": 9}").unwrap().1, Seal::Absent);
        let mut short = mark().into_bytes();
        short.truncate(40);
        assert_eq!(check(&short, 40), Seal::Absent);
        let mut whole = format!("x{}y", mark()).into_bytes();
        seal(&mut whole, 40);
        assert_eq!((check(&whole, 40), check(&whole, 10)), (Seal::Whole, Seal::Absent));
    }
}
