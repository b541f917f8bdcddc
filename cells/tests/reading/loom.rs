//! Loom files: every value, genes in rows.
//!
//! Does: writes one with layers, labels and identifiers, reads it as trainer and page do.
//! Does not know: files on disk.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use cells::h5ad::{CellRows, H5adError, Matrix};
use cells::parts::{Chosen, Part, choose};
use hdf5_pure::FileBuilder;

use super::kinds::{CELLS, COUNTS, GENES};
use super::support::{dense, label, open};

/// Values of genes in rows.
fn turned(change: impl Fn(u32) -> f32) -> Vec<f32> {
    (0..GENES.len()).flat_map(|gene| COUNTS.iter().map(move |row| row[gene])).map(change).collect()
}

fn loom(matrix: &[f32], layer: Option<&[f32]>, genes: &str) -> Vec<u8> {
    let shape = [GENES.len() as u64, CELLS.len() as u64];
    let mut file = FileBuilder::new();
    file.create_dataset("matrix").with_f32_data(matrix).with_shape(&shape);
    if let Some(layer) = layer {
        let mut layers = file.create_group("layers");
        layers.create_dataset("counts").with_f32_data(layer).with_shape(&shape);
        file.add_group(layers.finish());
    }
    let mut rows = file.create_group("row_attrs");
    rows.create_dataset(genes).with_vlen_strings(&GENES);
    let ids: Vec<String> = (1..=GENES.len()).map(|gene| format!("ENSG{gene:011}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    rows.create_dataset("Accession").with_vlen_strings(&ids);
    file.add_group(rows.finish());
    let mut columns = file.create_group("col_attrs");
    columns.create_dataset("CellID").with_vlen_strings(&CELLS);
    columns.create_dataset("ClusterName").with_vlen_strings(&["B", "T", "B", "T", "B"]);
    file.add_group(columns.finish());
    file.finish().unwrap()
}

/// A loom file with two matrices.
pub(crate) fn small() -> Vec<u8> {
    loom(&turned(|count| count as f32 / 2.0), Some(&turned(|count| count as f32)), "Gene")
}

fn in_rows(bytes: Vec<u8>) -> CellRows {
    open(bytes, &Matrix::Auto).unwrap().in_rows(1 << 20).unwrap()
}

#[test]
fn genes_in_rows_are_turned_round() {
    let bytes = loom(&turned(|count| count as f32), None, "Gene");
    let part = Part { name: "cells.loom".to_owned(), head: bytes.clone() };
    assert_eq!(choose(&[part]), Ok(Chosen::Hdf5 { file: 0, packed: false }));
    let rows = in_rows(bytes.clone());
    assert_eq!(
        (rows.genes(), rows.names(0, 5).unwrap()),
        (&GENES.map(str::to_owned)[..], CELLS.map(str::to_owned).to_vec())
    );
    assert_eq!(dense(&rows), COUNTS);
    assert_eq!(label(&rows, "ClusterName")[1].as_deref(), Some("T"));
    assert_eq!(rows.identifiers().unwrap()[0], "ENSG00000000001");
    assert!(rows.report().to_string().contains("file\tloom (HDF5)\ncells\t5\ngenes\t4"), "{}", rows.report());
    let all = open(bytes.clone(), &Matrix::Auto).unwrap().all(1 << 20).unwrap();
    assert_eq!((all.len(), all.label("ClusterName").unwrap().text(4).as_deref()), (5, Some("B")));
    assert!(open(bytes.clone(), &Matrix::Auto).unwrap().stored_about().unwrap() >= 10);
    // A few cells at a time it cannot be read.
    let source = cells::h5ad::ReadSeekSource::new(std::io::Cursor::new(bytes)).unwrap();
    assert!(matches!(CellRows::open(source, &Matrix::Auto), Err(H5adError::ByGenes { .. })));
    // Symbols under another name.
    assert_eq!(in_rows(loom(&turned(|count| count as f32), None, "var_names")).genes(), GENES);
}

#[test]
fn the_best_matrix_of_a_loom_is_taken() {
    let logged = turned(|count| (f32::from(count as u16) * 100.0).ln_1p());
    let rows = in_rows(loom(&logged, Some(&turned(|count| count as f32)), "Gene"));
    assert_eq!((rows.place(), dense(&rows)), ("layers/counts", COUNTS.map(Vec::from).to_vec()));
    let mut file = FileBuilder::new();
    file.create_dataset("matrix").with_f32_data(&[1.0]);
    let rows = file.create_group("row_attrs");
    file.add_group(rows.finish());
    assert!(open(file.finish().unwrap(), &Matrix::Auto).is_err(), "nothing names its genes");
}
