//! 10x Genomics' HDF5 from any bytes, and each genome that it names.
//!
//! Does: opens counts as `prepare` does, reads windows of them.
//! Does not know: what the bytes are.

#![no_main]

use std::io::Cursor;

use cells::h5ad::{CellRows, Matrix, ReadSeekSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let open = |matrix: &Matrix| {
        let source = ReadSeekSource::new(Cursor::new(bytes.to_vec())).ok()?;
        CellRows::open(source, matrix).ok()
    };
    let Some(rows) = open(&Matrix::Auto) else { return };
    let read = |rows: &CellRows| {
        for first in (0..rows.cells().min(1000)).step_by(64) {
            let count = 64.min(rows.cells() - first);
            let _ = (rows.counts(first, count), rows.names(first, count));
        }
    };
    read(&rows);
    for group in rows.report().groups.iter().take(3) {
        open(&Matrix::Named(group.name.clone())).iter().for_each(&read);
    }
});
