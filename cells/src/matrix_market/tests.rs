//! Tests of the Matrix Market reader: round trips in any pieces, companions, wrong lines.
//!
//! Does: writes small matrices and reads them back, packed and not; damages lines.
//! Does not know: files.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use proptest::prelude::{Strategy, prop, proptest};

use super::{Entry, Inflate, MtxError, Reader, Size, Trio, read_barcodes, read_features, write};
use crate::cells::Cells;
use crate::counts::Counts;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// Reads a text in pieces of so many bytes.
fn read(bytes: &[u8], piece: usize) -> Result<(Size, Vec<Entry>), MtxError> {
    let (mut reader, mut inflate, mut entries) = (Reader::new(), Inflate::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        let text = inflate.push(piece)?;
        reader.push(&text, &mut |entry| entries.push(entry))?;
    }
    reader.push(&inflate.finish()?, &mut |entry| entries.push(entry))?;
    let size = reader.finish(&mut |entry| entries.push(entry))?;
    Ok((size, entries))
}

fn names(count: usize, word: &str) -> String {
    (0..count).map(|at| format!("{word}{at}\tG{at}\tGene Expression\n")).collect()
}

/// The cells of a text with made-up companions.
fn cells(bytes: &[u8], piece: usize, genes: usize, barcodes: usize, kept: Option<&[usize]>) -> Cells {
    let (size, entries) = read(bytes, piece).unwrap();
    let features = read_features(names(genes, "ENSG").as_bytes()).unwrap();
    let barcodes = read_barcodes(names(barcodes, "AAAC").as_bytes()).unwrap();
    let mut trio = Trio::new(size, features, barcodes, kept).unwrap();
    entries.into_iter().for_each(|entry| trio.take(entry));
    trio.finish().unwrap()
}

fn dense() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0_u32..4, 7), 0..9)
}

proptest! {
    #[test]
    fn counts_come_back_in_any_pieces(rows in dense(), piece in 1_usize..40, packed: bool) {
        let counts = Counts::from_dense_rows(7, rows.iter().map(Vec::as_slice));
        let text = write(&counts).into_bytes();
        let bytes = if packed { gzip(&text) } else { text.clone() };
        let found = cells(&bytes, piece, 7, rows.len(), None);
        assert_eq!(found.counts, counts);
        assert_eq!(write(&found.counts).into_bytes(), text);
    }
}

#[test]
fn order_and_direction_do_not_matter() {
    let head = "%%MatrixMarket matrix coordinate real general\n%metadata\n";
    let by_genes = format!("{head}2 3 3\n2 1 4\n1 3 1.0\n1 1 2e0\n");
    let by_cells = format!("{head}3 2 3\r\n1 1 2\r\n3 1 1\r\n1 2 4");
    let expected = Counts::from_dense_rows(2, [[2_u32, 4], [0, 0], [1, 0]].iter().map(|row| row.as_slice()));
    let found = cells(by_genes.as_bytes(), 5, 2, 3, None);
    assert_eq!((&found.counts, &found.genes), (&expected, &vec!["G0".to_owned(), "G1".to_owned()]));
    assert_eq!(cells(by_cells.as_bytes(), 1000, 2, 3, None).counts, expected);
    let part = cells(by_genes.as_bytes(), 1000, 2, 3, Some(&[0, 2]));
    assert_eq!((part.counts, part.names), (expected.select_cells(&[0, 2]), vec!["AAAC0".into(), "AAAC2".into()]));
}

#[test]
fn what_is_no_gene_is_left_out_and_names_are_unique() {
    let text = "ENSG1\tCD3D\tGene Expression\nAB1\tCD3\tAntibody Capture\nENSG2\tCD3D\tGene Expression\nENSG3\n";
    let features = read_features(&gzip(text.as_bytes())).unwrap();
    assert_eq!(features.genes, ["CD3D", "CD3D-1", "ENSG3"]);
    assert_eq!(features.columns, [Some(0), None, Some(1), Some(2)]);
    assert_eq!(read_features(b"ENSG1\tCD3D\n").unwrap().genes, ["CD3D"]);
    assert!(read_features(b"AB1\tCD3\tAntibody Capture\n").unwrap_err().to_string().contains("Gene Expression"));
    assert!(read_barcodes(&[0xff, 0xfe, 0x00]).unwrap_err().to_string().contains("barcodes.tsv"));
}

#[test]
fn wrong_lines_are_named() {
    let head = "%%MatrixMarket matrix coordinate integer general\n% a comment\n";
    let cases = [
        ("%%MatrixMarket matrix array real general\n1 1\n".to_owned(), "line 1"),
        ("%%MatrixMarket matrix coordinate pattern general\n".to_owned(), "line 1"),
        ("CELL,1\n".to_owned(), "CELL,1"),
        (format!("{head}2 3\n"), "line 3"),
        (format!("{head}2 3 1\n0 1 1\n"), "line 4"),
        (format!("{head}2 3 1\n3 1 1\n"), "row from 1 to 2"),
        (format!("{head}2 3 1\n1 4 1\n"), "column from 1 to 3"),
        (format!("{head}2 3 1\n1 1 -2\n"), "-2, which is not a count"),
        (format!("{head}2 3 1\n1 1 0.5\n"), "0.5, which is not a count"),
        (format!("{head}2 3 1\n1 1 4294967296\n"), "not a count"),
        (format!("{head}2 3 1\n1 1\n"), "line 4"),
        (format!("{head}2 3 1\n1 1 1\n1 2 1\n"), "line 5"),
        (format!("{head}2 3 4\n1 1 1\n"), "ends after 1"),
        (format!("{head}{}", "7".repeat(9000)), "line 3"),
        (String::new(), "line 1"),
    ];
    for (text, word) in cases {
        let error = read(text.as_bytes(), 1 << 20).unwrap_err().to_string();
        assert!(error.contains(word), "{text:.80}: {error}");
        assert_eq!(read(text.as_bytes(), 3).unwrap_err().to_string().split(':').next(), error.split(':').next());
    }
    let twice = format!("{head}1 1 2\n1 1 1\n1 1 1\n");
    let (size, entries) = read(twice.as_bytes(), 9).unwrap();
    let mut trio = Trio::new(size, read_features(b"A\tA\n").unwrap(), vec!["x".into()], None).unwrap();
    entries.into_iter().for_each(|entry| trio.take(entry));
    assert!(trio.finish().unwrap_err().to_string().contains("twice"));
    let apart = Trio::new(size, read_features(b"A\tA\nB\tB\n").unwrap(), vec!["x".into()], None);
    assert!(apart.err().unwrap().to_string().contains("1 × 1, but there are 2 features and 1 barcodes"));
}

#[test]
fn a_damaged_packing_is_told() {
    let whole = gzip(b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n");
    assert!(matches!(read(&whole[..whole.len() - 6], 7), Err(MtxError::Packed(_))));
    let mut damaged = whole.clone();
    damaged[20] ^= 0x55;
    assert!(read(&damaged, 1000).is_err());
    // Two packed files, one after the other, are one text.
    let two = [gzip(b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n"), gzip(b"1 1 3\n")].concat();
    assert_eq!(read(&two, 11).unwrap().1, [Entry { row: 0, column: 0, value: 3 }]);
}
