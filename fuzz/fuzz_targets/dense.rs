//! A dense table of counts from any bytes.
//!
//! Does: reads the table twice in pieces as the page does, as it is and with the sides that can be asked for.
//! Does not know: what the text is.

#![no_main]

use cells::dense::{DenseError, Scan, Values};
use cells::h5ad::Matrix;
use cells::matrix_market::Inflate;
use libfuzzer_sys::fuzz_target;

/// Reads a text as trainer and page do.
fn read(text: &[u8], size: u64, asked: &Matrix) -> Result<(), DenseError> {
    let mut scan = Scan::new();
    text.chunks(37).try_for_each(|piece| scan.push(piece))?;
    let table = scan.finish(asked)?;
    let (mut values, mut trio) = (Values::new(&table), table.trio(None));
    text.chunks(61).try_for_each(|piece| values.push(piece, &mut |entry| trio.take(entry)))?;
    let odd = values.finish(&mut |entry| trio.take(entry))?;
    let rows = trio.finish(odd, asked)?.into_rows();
    let _ = (rows.full_report(), rows.all(size));
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = Inflate::all(bytes) else { return };
    let ways = ["table", "table rounded", "genes in rows", "cells in rows rounded"];
    for asked in ways.map(|way| Matrix::Named(way.to_owned())) {
        let _ = read(&text, bytes.len() as u64, &asked);
    }
});
