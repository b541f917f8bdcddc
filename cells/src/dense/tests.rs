//! Tests of the reader of dense tables: round trips in any pieces and on both sides, what tells the sides apart.
//!
//! Does: writes tables and reads them back; changes a table between its two readings.
//! Does not know: files; forms of the field stand in the integration tests.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use proptest::prelude::{Strategy, prop, proptest};

use super::{DenseError, Scan, Table, Values};
use crate::counts::Counts;
use crate::h5ad::{Expression, Held, Matrix};

fn scan(text: &str, piece: usize) -> Result<Table, DenseError> {
    let mut scan = Scan::new();
    text.as_bytes().chunks(piece).try_for_each(|piece| scan.push(piece))?;
    scan.finish(&Matrix::Auto)
}

fn read(table: &Table, text: &str, piece: usize, kept: Option<&[usize]>) -> Result<Held, DenseError> {
    let (mut values, mut trio) = (Values::new(table), table.trio(kept));
    text.as_bytes().chunks(piece).try_for_each(|piece| values.push(piece, &mut |entry| trio.take(entry)))?;
    let odd = values.finish(&mut |entry| trio.take(entry))?;
    Ok(trio.finish(odd, &Matrix::Auto)?)
}

fn counts(held: Held) -> Counts {
    let Expression::Counts(counts) = held.expression else { panic!("no counts") };
    counts
}

/// A table of counts with seven genes, in rows or in columns.
fn written(counts: &Counts, genes_in_rows: bool) -> String {
    let genes: Vec<String> = (0..7).map(|gene| format!("RPL{gene}")).collect();
    let rows: Vec<Vec<u32>> = (0..counts.cells())
        .map(|cell| {
            let mut row = vec![0; 7];
            counts.dense_row(cell, &mut row);
            row
        })
        .collect();
    let line = |name: &str, values: Vec<u32>| {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        format!("{name},{}\n", values.join(","))
    };
    if genes_in_rows {
        let head: Vec<String> = (0..rows.len()).map(|cell| format!("cell{cell}")).collect();
        let lines = genes.iter().enumerate().map(|(at, gene)| line(gene, rows.iter().map(|row| row[at]).collect()));
        format!(",{}\n{}", head.join(","), lines.collect::<String>())
    } else {
        let lines = rows.iter().enumerate().map(|(cell, row)| line(&format!("cell{cell}"), row.clone()));
        format!(",{}\n{}", genes.join(","), lines.collect::<String>())
    }
}

fn dense() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0_u32..4, 7), 1..9)
}

proptest! {
    #[test]
    fn counts_come_back_from_both_sides_in_any_pieces(rows in dense(), piece in 1_usize..60, genes_in_rows: bool) {
        let expected = Counts::from_dense_rows(7, rows.iter().map(Vec::as_slice));
        let text = written(&expected, genes_in_rows);
        let table = scan(&text, piece).unwrap();
        assert_eq!(table.companions.cells_are_rows, !genes_in_rows, "{text}");
        assert_eq!(table.size.stored, expected.stored() as u64);
        assert_eq!(counts(read(&table, &text, piece, None).unwrap()), expected);
        let kept: Vec<usize> = (0..rows.len()).step_by(2).collect();
        assert_eq!(counts(read(&table, &text, 1000, Some(&kept)).unwrap()), expected.select_cells(&kept));
    }
}

#[test]
fn a_table_that_changes_between_its_readings_is_told() {
    let text = ",c1,c2\nCD3D,1,0\nRPL3,0,2\n";
    let table = scan(text, 7).unwrap();
    assert_eq!(counts(read(&table, text, 7, None).unwrap()).stored(), 2);
    for other in [",c1,c2\nCD3D,1,0\n", ",c1,c2\nCD3D,1\nRPL3,0,2\n", ",c1,c2\nCD3D,x,0\nRPL3,0,2\n"] {
        let error = read(&table, other, 7, None).err().unwrap().to_string();
        assert!(error.contains("changed while it was read"), "{other}: {error}");
    }
    // More values of a cell than there were.
    let more = ",c1,c2\nCD3D,1,0\nRPL3,7,2\n";
    assert!(read(&table, more, 7, None).is_err());
}
