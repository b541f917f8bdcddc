//! Forms of files that our own writer cannot make: fixtures of `fixtures/make_forms.py`.
//!
//! Does: reads what packs with zstd and LZ4, records of anndata 0.6, nullable texts, half precision, MuData.
//! Does not know: how they were written.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::support::{dense, fixture, label, open};
use cells::h5ad::{Matrix, Scale};

/// Counts of most fixtures.
const COUNTS: [[u32; 3]; 4] = [[5, 0, 1], [0, 2, 0], [0, 0, 0], [3, 0, 9]];
const GENES: [&str; 3] = ["CD14", "ISG15", "LYZ"];

fn named(name: &str) -> Matrix {
    Matrix::Named(name.to_owned())
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect()
}

#[test]
fn zstd_and_lz4_unpack_numbers_and_texts() {
    let of = |cell: usize, gene: usize| Some((7 * cell + 3 * gene) % 5).filter(|count| *count > 1).unwrap_or(0) as u32;
    let expected: Vec<Vec<u32>> = (0..64).map(|cell| (0..30).map(|gene| of(cell, gene)).collect()).collect();
    for name in ["packed_zstd.h5ad", "packed_lz4.h5ad", "packed_gzip.h5ad"] {
        let rows = open(fixture(name), &Matrix::Auto).unwrap();
        assert_eq!(dense(&rows), expected, "{name}");
        assert_eq!(rows.names(31, 3).unwrap(), ["AAAC31-1", "AAAC32-1", "AAAC33-1"], "{name}");
        assert_eq!(rows.genes()[29], "GENE29", "{name}");
        assert_eq!(label(&rows, "group")[..4], some(&["", "a", "b", ""]), "{name}");
        // Chunks of a matrix of every value, at its edges too, after shuffle and a checksum.
        let every = open(fixture(name), &named("dense")).unwrap();
        assert_eq!((every.place(), dense(&every)), ("layers/dense", expected.clone()), "{name}");
        let part = every.counts(17, 30).unwrap();
        assert_eq!(part, rows.counts(17, 30).unwrap(), "{name}");
    }
    let error = open(fixture("packed_bzip2.h5ad"), &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("bzip2") && error.contains("write_h5ad"), "{error}");
}

#[test]
fn damaged_packing_is_told_and_never_a_panic() {
    for name in ["packed_zstd.h5ad", "packed_lz4.h5ad"] {
        let bytes = fixture(name);
        let mut refused = 0;
        for place in (0..bytes.len()).step_by(29) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0xa5;
            let rows = open(damaged, &Matrix::Auto);
            refused += usize::from(rows.and_then(|rows| rows.counts(0, rows.cells())).is_err());
        }
        assert!(refused > 20, "{name}: {refused}");
    }
}

#[test]
fn records_of_old_anndata_are_frames() {
    let rows = open(fixture("records.h5ad"), &Matrix::Auto).unwrap();
    assert_eq!((rows.place(), rows.scale()), ("raw.X", Scale::Counts));
    assert_eq!(dense(&rows), COUNTS);
    assert_eq!(rows.genes(), GENES);
    assert_eq!(rows.identifiers().unwrap()[2], "ENSG00000000003");
    assert_eq!(rows.names(0, 2).unwrap(), ["AAAC0-1", "AAAC1-1"]);
    assert_eq!(label(&rows, "group"), some(&["a", "b", "a", ""]));
    assert_eq!(label(&rows, "plate"), some(&["p1", "p2", "p1", "p10"]));
    assert_eq!(label(&rows, "lane"), some(&["1", "-2", "300", "4"]));
    assert_eq!(label(&rows, "score")[1].as_deref(), Some("1.5"));
    let logged = open(fixture("records.h5ad"), &Matrix::X).unwrap();
    assert_eq!(logged.scale(), Scale::LogNormalised);
}

#[test]
fn half_precision_big_ends_and_names_that_are_categories() {
    let rows = open(fixture("half.h5ad"), &Matrix::X).unwrap();
    assert_eq!(dense(&rows), COUNTS);
    assert_eq!(dense(&open(fixture("half.h5ad"), &named("layers/big")).unwrap()), COUNTS);
    assert_eq!(rows.names(2, 2).unwrap(), ["AAAC2-1", "AAAC3-1"]);
    assert_eq!(label(&rows, "wide"), some(&["1", "2", "3", "-4"]));
    assert_eq!(label(&rows, "half"), some(&["0.5", "1", "2", ""]));
    assert_eq!(label(&rows, "yes"), some(&["true", "false", "true", "true"]));
}

#[test]
fn missing_texts_stand_anywhere() {
    let rows = open(fixture("nullable.h5ad"), &Matrix::Auto).unwrap();
    assert_eq!(dense(&rows), COUNTS);
    // A gene without a symbol keeps its identifier; a cell without a name is called by its place.
    assert_eq!(rows.genes(), ["CD14", "ISG15", "ENSG00000000003"]);
    assert_eq!(rows.names(0, 4).unwrap(), ["AAAC0-1", "AAAC1-1", "2", "AAAC3-1"]);
    assert_eq!(label(&rows, "group"), some(&["a", "b", "a", ""]));
    assert_eq!(label(&rows, "words"), some(&["x", "y", "", "x"]));
    assert_eq!(label(&rows, "numbers"), some(&["1", "", "3", "4"]));
    assert_eq!(label(&rows, "flags"), some(&["true", "false", "", "true"]));
    let report = rows.full_report().unwrap();
    assert!(report.labels.iter().all(|label| label.missing == 1), "{report}");
}

#[test]
fn the_modality_of_genes_is_found_with_the_labels_of_all() {
    let rows = open(fixture("multi.h5mu"), &Matrix::Auto).unwrap();
    assert_eq!((rows.place(), rows.genes().to_vec()), ("mod/rna/layers/counts", GENES.map(str::to_owned).to_vec()));
    assert_eq!(dense(&rows), COUNTS);
    // The shared columns stand in another order, with a cell that this modality has not.
    assert_eq!(label(&rows, "sample"), some(&["s1", "s1", "s0", "s0"]));
    assert_eq!(rows.keys(), ["depth", "sample"]);
    let groups: Vec<(&str, bool)> = rows.report().groups.iter().map(|own| (own.name.as_str(), own.taken)).collect();
    assert_eq!(groups, [("rna", true), ("atac", false)]);
    assert_eq!(open(fixture("multi.h5mu"), &named("rna")).unwrap().place(), "mod/rna/layers/counts");
    let error = open(fixture("multi.h5mu"), &named("atac")).err().unwrap().to_string();
    assert!(error.contains("Peaks"), "{error}");
    let error = open(fixture("multi.h5mu"), &named("adt")).err().unwrap().to_string();
    assert!(error.contains("`adt`") && error.contains("mod/rna/X"), "{error}");
}
