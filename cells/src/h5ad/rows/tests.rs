//! Tests of reading in windows: every window of every layout equals the whole.
//!
//! Does: writes small files, reads them by windows; reads the real files that are present; damages one.
//! Does not know: the real files' path beyond `../shared/data` beside the project.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use proptest::prelude::{prop, proptest};

use crate::h5ad::{CellRows, H5adError, Matrix, ReadSeekSource, read_h5ad, write_h5ad};
use crate::{Cells, Column, Counts};

fn open(bytes: Vec<u8>) -> Result<CellRows, H5adError> {
    CellRows::open(ReadSeekSource::new(Cursor::new(bytes)).unwrap(), &Matrix::Auto)
}

/// All of it by windows of `step`.
fn by_windows(rows: &CellRows, keys: &[String], step: usize) -> (Counts, Vec<String>, Vec<Vec<String>>) {
    let (mut counts, mut names) = (Counts::empty(rows.genes().len()), Vec::new());
    let mut texts = vec![Vec::new(); keys.len()];
    for first in (0..rows.cells()).step_by(step) {
        let count = step.min(rows.cells() - first);
        counts.append(&rows.counts(first, count).unwrap()).unwrap();
        names.extend(rows.names(first, count).unwrap());
        for (key, texts) in keys.iter().zip(&mut texts) {
            let column = rows.label(key).unwrap().read(first, count).unwrap();
            texts.extend((0..count).map(|cell| column.text(cell).unwrap_or_default().into_owned()));
        }
    }
    (counts, names, texts)
}

fn check(cells: &Cells, rows: &CellRows, step: usize) {
    let keys: Vec<String> = cells.labels.keys().cloned().collect();
    let (counts, names, texts) = by_windows(rows, &keys, step);
    assert_eq!(rows.genes(), cells.genes);
    assert_eq!(counts, cells.counts);
    assert_eq!(names, cells.names);
    for (key, texts) in keys.iter().zip(&texts) {
        let expected = (0..cells.len()).map(|cell| cells.labels[key].text(cell).unwrap_or_default().into_owned());
        assert_eq!(*texts, expected.collect::<Vec<_>>(), "{key}");
    }
}

proptest! {
    #[test]
    fn windows_are_the_whole(rows in prop::collection::vec(prop::collection::vec(0_u32..3, 6), 1..40), step in 1_usize..12) {
        let counts = Counts::from_dense_rows(6, rows.iter().map(Vec::as_slice));
        let names = (0..rows.len()).map(|cell| format!("cell {cell}")).collect();
        let labels = BTreeMap::from([
            ("kind".to_owned(), Column::categorical(&(0..rows.len()).map(|i| format!("k{}", i % 3)).collect::<Vec<_>>())),
            ("size".to_owned(), Column::Integer((0..rows.len() as i64).collect())),
        ]);
        let cells = Cells::new(counts, (0..6).map(|g| format!("G{g}")).collect(), names, labels).unwrap();
        let bytes = write_h5ad(&cells, &BTreeMap::new()).unwrap();
        check(&cells, &open(bytes).unwrap(), step);
    }
}

#[test]
fn real_files_read_alike_in_windows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    for name in ["fixture_kang_csr.h5ad", "fixture_papalexi.h5ad", "fixture_kang_9015genes.h5ad"] {
        let path = folder.join(name);
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("skipped: {} is not there", path.display());
            continue;
        };
        let cells = read_h5ad(bytes.clone(), &Matrix::Auto).unwrap();
        match open(bytes) {
            Ok(rows) => check(&cells, &rows, 97),
            Err(error) => panic!("{name}: {error}"),
        }
    }
    if let Ok(bytes) = std::fs::read(folder.join("fixture_kang_csc.h5ad")) {
        assert!(matches!(open(bytes), Err(H5adError::ByGenes { .. })));
    }
}

/// A 10x file of three cells, two genes and an antibody.
fn tenx() -> Vec<u8> {
    let mut file = hdf5_pure::FileBuilder::new();
    let mut matrix = file.create_group("matrix");
    matrix.create_dataset("barcodes").with_ascii_strings(&["AAAC-1", "AAAG-1", "AAAT-1"]).unwrap();
    matrix.create_dataset("data").with_i32_data(&[5, 9, 1, 2, 7]);
    matrix.create_dataset("indices").with_i64_data(&[0, 1, 2, 0, 2]);
    matrix.create_dataset("indptr").with_i64_data(&[0, 2, 3, 5]);
    matrix.create_dataset("shape").with_i32_data(&[3, 3]);
    let mut features = matrix.create_group("features");
    features.create_dataset("name").with_ascii_strings(&["CD14", "anti-CD3", "CD14"]).unwrap();
    features
        .create_dataset("feature_type")
        .with_ascii_strings(&["Gene Expression", "Antibody Capture", "Gene Expression"])
        .unwrap();
    matrix.add_group(features.finish());
    file.add_group(matrix.finish());
    file.finish().unwrap()
}

#[test]
fn a_10x_file_is_read_without_its_antibodies() {
    let rows = open(tenx()).unwrap();
    assert_eq!(rows.genes(), ["CD14", "CD14-1"]);
    assert_eq!(rows.names(1, 2).unwrap(), ["AAAG-1", "AAAT-1"]);
    let counts = rows.counts(0, 3).unwrap();
    assert_eq!(counts, Counts::from_dense_rows(2, [[5_u32, 0], [0, 1], [2, 7]].iter().map(|row| row.as_slice())));
    assert_eq!(rows.counts(2, 1).unwrap(), counts.select_cells(&[2]));
    assert!(rows.keys().is_empty());
    assert!(rows.label("donor").is_err());
}

#[test]
fn what_is_no_count_or_no_file_is_named() {
    assert!(matches!(open(vec![1; 300]), Err(H5adError::NotHdf5 { .. })));
    let mut bytes = tenx();
    bytes.truncate(bytes.len() / 2);
    assert!(open(bytes).is_err());
}
