//! Matrix Market with its two texts: three parts of the input, apart by a line of four dashes.
//!
//! Does: reads the matrix in pieces as the page does, fits the names, puts them together.
//! Does not know: what the texts are.

#![no_main]

use cells::h5ad::Matrix;
use cells::matrix_market::{Companions, Inflate, Reader, Trio};
use libfuzzer_sys::fuzz_target;

/// The input up to the next line of dashes, and what comes after it.
fn part(bytes: &[u8]) -> (&[u8], &[u8]) {
    const APART: &[u8] = b"\n----\n";
    match bytes.windows(APART.len()).position(|window| window == APART) {
        Some(at) => (&bytes[..at + 1], &bytes[at + APART.len()..]),
        None => (bytes, &[]),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (matrix, rest) = part(bytes);
    let (features, barcodes) = part(rest);
    let (mut inflate, mut reader, mut entries) = (Inflate::new(), Reader::new(), Vec::new());
    for piece in matrix.chunks(37) {
        let Ok(text) = inflate.push(piece) else { return };
        if reader.push(&text, &mut |entry| entries.push(entry)).is_err() {
            return;
        }
    }
    let Ok(rest) = inflate.finish() else { return };
    if reader.push(&rest, &mut |entry| entries.push(entry)).is_err() {
        return;
    }
    let Ok((size, odd)) = reader.finish(&mut |entry| entries.push(entry)) else { return };
    let Ok(companions) = Companions::read(features, barcodes, size, None) else { return };
    for asked in [Matrix::Auto, Matrix::Named("rounded".to_owned())] {
        let mut trio = Trio::new(companions.clone(), size.stored, None);
        entries.iter().for_each(|entry| trio.take(*entry));
        let Ok(held) = trio.finish(odd, &asked) else { continue };
        let rows = held.into_rows();
        let _ = (rows.full_report(), rows.all(bytes.len() as u64));
    }
});
