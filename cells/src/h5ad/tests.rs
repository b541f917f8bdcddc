//! Tests of the AnnData reader and writer: round trips, real files, damaged files.
//!
//! Does: writes and reads small cells, reads every real file that is present, damages bytes.
//! Does not know: the real files' path beyond `../shared/data` beside the project.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::{H5adError, Matrix, read_h5ad, write_h5ad};
use crate::cells::Cells;
use crate::column::Column;
use crate::counts::Counts;

fn small() -> Cells {
    let rows: Vec<Vec<u32>> =
        (0..20).map(|cell| (0..11).map(|gene| (cell * gene) % 7 * u32::from(gene % 3 != 0)).collect()).collect();
    let counts = Counts::from_dense_rows(11, rows.iter().map(Vec::as_slice));
    let genes = (0..11).map(|gene| format!("GENE{gene}")).collect();
    let names = (0..20).map(|cell| format!("cell-{cell}")).collect();
    let donors: Vec<String> = (0..20).map(|cell| format!("donor {}", cell % 3)).collect();
    let labels = BTreeMap::from([
        ("donor".to_owned(), Column::categorical(&donors)),
        ("batch".to_owned(), Column::Integer((0..20).collect())),
        ("score".to_owned(), Column::Float((0..20).map(|cell| f64::from(cell) / 3.0).collect())),
    ]);
    Cells::new(counts, genes, names, labels).unwrap()
}

#[test]
fn what_is_written_is_read() {
    let cells = small();
    let uns = BTreeMap::from([("seed".to_owned(), "7".to_owned())]);
    let bytes = write_h5ad(&cells, &uns).unwrap();
    assert_eq!(read_h5ad(bytes.clone(), &Matrix::X).unwrap(), cells);
    assert_eq!(read_h5ad(bytes, &Matrix::Auto).unwrap(), cells);
}

#[test]
fn no_cells_are_written_and_read() {
    let cells = small().select(&[]);
    let bytes = write_h5ad(&cells, &BTreeMap::new()).unwrap();
    assert_eq!(read_h5ad(bytes, &Matrix::X).unwrap().len(), 0);
}

#[test]
fn a_missing_layer_is_named() {
    let bytes = write_h5ad(&small(), &BTreeMap::new()).unwrap();
    let error = read_h5ad(bytes, &Matrix::Layer("spliced".to_owned())).unwrap_err();
    assert!(matches!(&error, H5adError::Missing { place } if place == "layers/spliced"), "{error}");
}

#[test]
fn values_that_are_not_counts_are_named() {
    for (value, shown) in [(0.5_f32, "0.5"), (-1.0, "-1"), (f32::NAN, "NaN")] {
        let mut file = hdf5_pure::FileBuilder::new();
        for (name, texts) in [("obs", ["a", "b"]), ("var", ["G", "H"])] {
            let mut frame = file.create_group(name);
            frame.create_dataset("_index").with_vlen_strings(&texts);
            file.add_group(frame.finish());
        }
        file.create_dataset("X").with_f32_data(&[1.0, 2.0, value, 0.0]).with_shape(&[2, 2]);
        let error = read_h5ad(file.finish().unwrap(), &Matrix::X).unwrap_err();
        assert!(error.to_string().contains(shown) && error.to_string().contains("`X`"), "{error}");
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let bytes = write_h5ad(&small(), &BTreeMap::new()).unwrap();
    for cut in (0..bytes.len()).step_by(97) {
        assert!(read_h5ad(bytes[..cut].to_vec(), &Matrix::X).is_err(), "cut at {cut} of {}", bytes.len());
    }
    // Flipped bytes may still make a readable file; they must never make a panic.
    for place in (0..bytes.len()).step_by(61) {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x5a;
        let _ = read_h5ad(damaged, &Matrix::X);
    }
}

#[test]
fn the_real_files_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !folder.is_dir() {
        eprintln!("skipped: no measured data beside the project");
        return;
    }
    let expected = [
        ("kang2018_ifnb_9015genes", 1810, 9015),
        ("fixture_kang_csc", 345, 2000),
        ("fixture_kang_csr", 345, 2000),
        ("fixture_papalexi", 1200, 299),
        ("gbm_panobinostat_300genes", 4032, 300),
        ("mouse_hpc_14086genes", 0, 14_086),
        ("jurkat_cropseq_2000genes", 6011, 2000),
    ];
    for (name, cells, genes) in expected {
        let bytes = std::fs::read(folder.join(format!("{name}.h5ad"))).unwrap();
        let read = read_h5ad(bytes, &Matrix::X).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(read.genes.len(), genes, "{name}");
        assert!(cells == 0 || read.len() == cells, "{name}: {} cells", read.len());
        assert!(read.label("cell_type").is_ok(), "{name}");
    }
}
