//! AnnData and MuData from any bytes: opened, reported and read to the end.
//!
//! Does: everything that trainer and page do with an open file; a value and a sentence are equally right.
//! Does not know: what the bytes are.

#![no_main]

use std::io::Cursor;

use cells::h5ad::{CellRows, Matrix, ReadSeekSource};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let size = bytes.len() as u64;
    let Ok(source) = ReadSeekSource::new(Cursor::new(bytes.to_vec())) else { return };
    let Ok(rows) = CellRows::open_whole(source, &Matrix::Auto) else { return };
    let some = rows.cells().min(1000);
    let _ = (rows.full_report(), rows.names(0, some), rows.stored_by_cell(), rows.stored_about());
    let _ = rows.expression(0, some);
    for key in rows.keys() {
        let _ = rows.label(&key).and_then(|label| label.read(0, some));
    }
    let _ = rows.in_rows(size).and_then(|rows| rows.all(size));
});
