//! Files that mislead: emptied matrices, shapes that are not theirs, codes without a sign, links by name.
//!
//! Does: writes each here, or takes the fixture that our own writer cannot make, and reads it.
//! Does not know: files on disk.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::kinds::{CELLS, COUNTS, GENES, anndata, counts, frame, layer, logged, sparse};
use super::support::{dense, fixture, label, open};
use cells::h5ad::Matrix;
use hdf5_pure::{AttrValue, FileBuilder};

fn zeros() -> Vec<Vec<f32>> {
    vec![vec![0.0; GENES.len()]; CELLS.len()]
}

#[test]
fn an_emptied_matrix_gives_way_to_any_other() {
    for (other, place) in [(counts(), "layers/kept"), (logged(), "layers/kept")] {
        let rows = open(anndata(&zeros(), &GENES, |file| layer(file, "kept", &other)), &Matrix::Auto).unwrap();
        assert_eq!(rows.place(), place);
    }
    let alone = open(anndata(&zeros(), &GENES, |_| {}), &Matrix::Auto).unwrap();
    assert_eq!((alone.place(), alone.report().taken.why.contains("zeros alone")), ("X", true));
}

#[test]
fn a_matrix_of_another_shape_is_refused() {
    let with = |shape: [i64; 2]| {
        let mut file = FileBuilder::new();
        let mut group = file.create_group("X");
        group.set_attr("shape", AttrValue::I64Array(shape.to_vec()));
        file.add_group(sparse(group, &counts(), Some("csr_matrix")));
        frame(&mut file, "obs", &CELLS, |_| {});
        frame(&mut file, "var", &GENES, |_| {});
        open(file.finish().unwrap(), &Matrix::Auto)
    };
    assert_eq!(dense(&with([5, 4]).unwrap()), COUNTS);
    // Its three columns could be any of the four genes.
    let error = with([5, 3]).err().unwrap().to_string();
    assert!(error.contains("`X` is [5, 3]") && error.contains("[5, 4]"), "{error}");
}

#[test]
fn a_missing_code_without_a_sign_is_missing() {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &counts(), Some("csr_matrix")));
    frame(&mut file, "var", &GENES, |_| {});
    frame(&mut file, "obs", &CELLS, |obs| {
        let mut label = obs.create_group("label");
        label.create_dataset("codes").with_u8_data(&[0, 1, 255, 1, 0]);
        label.create_dataset("categories").with_vlen_strings(&["a", "b"]);
        obs.add_group(label.finish());
    });
    let bytes = file.finish().unwrap();
    let rows = open(bytes, &Matrix::Auto).unwrap();
    let found: Vec<String> = label(&rows, "label").into_iter().map(Option::unwrap_or_default).collect();
    assert_eq!(found, ["a", "b", "", "b", "a"]);
}

#[test]
fn links_by_name_take_nothing_else_with_them() {
    // Links of the old form, in `obs`, in the root and in `layers`.
    let rows = open(fixture("links.h5ad"), &Matrix::Auto).unwrap();
    assert_eq!((rows.cells(), rows.keys(), rows.place()), (4, vec!["group".to_owned()], "layers/counts"));
    assert_eq!(rows.genes(), ["CD14", "ISG15", "LYZ"]);
}
