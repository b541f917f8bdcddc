//! What the trainer does with files of every form, by their paths.
//!
//! Does: writes folders, packed files and matrices with genes in rows, opens them as `train`, `prepare`, `judge` and
//! `inspect` do; opens every file of the field, where these are there.
//! Does not know: what is in the files of the field; `cells` has the tests of that.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use cells::h5ad::{Matrix, write_h5ad};
use cells::{Cells, Column, Counts, matrix_market};
use train_native::data::files::{Wanted, rows};
use train_native::data::{Data, read_cells};
use train_native::inspect_data::{Asked, inspect};

/// Six cells of four genes.
fn small() -> Cells {
    let rows: [[u32; 4]; 6] = [[3, 0, 1, 0], [0, 2, 0, 1], [1, 1, 0, 0], [0, 0, 4, 2], [2, 0, 0, 1], [0, 5, 0, 0]];
    let counts = Counts::from_dense_rows(4, rows.iter().map(|row| row.as_slice()));
    let names = (0..6).map(|cell| format!("CELL{cell}-1")).collect();
    let labels = BTreeMap::from([("donor".to_owned(), Column::categorical(&["a", "b", "a", "b", "a", "b"]))]);
    Cells::new(counts, ["CD3D", "LYZ", "MS4A1", "ISG15"].map(str::to_owned).to_vec(), names, labels).unwrap()
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Writes the matrix with its texts; `name` and `end` make the files' names.
fn folder(path: &Path, name: &str, packed: bool) {
    let cells = small();
    let features: String = cells.genes.iter().map(|gene| format!("ENSG\t{gene}\tGene Expression\n")).collect();
    let texts = [
        ("matrix.mtx", matrix_market::write(&cells.counts)),
        ("features.tsv", features),
        ("barcodes.tsv", cells.names.join("\n")),
    ];
    for (own, text) in texts {
        let (end, bytes) = if packed { (".gz", pack(text.as_bytes())) } else { ("", text.into_bytes()) };
        std::fs::write(path.join(format!("{name}{own}{end}")), bytes).unwrap();
    }
}

#[test]
fn folders_packed_files_and_the_matrix_itself_are_read_alike() {
    let place = tempfile::tempdir().unwrap();
    let expected = small();
    for (name, packed) in [("plain", false), ("packed", true)] {
        let path = place.path().join(name);
        std::fs::create_dir(&path).unwrap();
        folder(&path, "", packed);
        assert_eq!(read_cells(&path).unwrap().counts, expected.counts, "{name}");
        let matrix = path.join(if packed { "matrix.mtx.gz" } else { "matrix.mtx" });
        assert_eq!(read_cells(&matrix).unwrap().names, expected.names, "{name}");
        assert!(matches!(Data::open(&path).unwrap(), Data::Held(_)), "{name} is no store");
        assert!(!Data::open(&path).unwrap().fingerprint(&path).unwrap().is_empty());
    }
    // What systems hide and what stands beside is passed over.
    let plain = place.path().join("plain");
    std::fs::write(plain.join(".DS_Store"), [0, 0, 0, 1]).unwrap();
    std::fs::write(plain.join("UniqueAndMult-EM.mtx"), "%%MatrixMarket matrix coordinate real general\n1 1 0\n")
        .unwrap();
    std::fs::write(plain.join("anndata.h5ad"), write_h5ad(&expected, &BTreeMap::new()).unwrap()).unwrap();
    assert_eq!(read_cells(&plain.join("matrix.mtx")).unwrap().counts, expected.counts);
    // A folder of folders names those with a matrix.
    let error = format!("{:#}", read_cells(place.path()).unwrap_err());
    assert!(error.contains(&plain.display().to_string()) && error.contains("packed"), "{error}");
    // Two samples in one folder are told apart by what their files begin with.
    let both = place.path().join("both");
    std::fs::create_dir(&both).unwrap();
    folder(&both, "GSM1_", true);
    folder(&both, "GSM2_", true);
    assert_eq!(read_cells(&both.join("GSM2_matrix.mtx.gz")).unwrap().genes, expected.genes);
    let error = format!("{:#}", read_cells(&both).unwrap_err());
    assert!(error.contains("2 matrices"), "{error}");
    let h5ad = write_h5ad(&expected, &BTreeMap::new()).unwrap();
    let path = place.path().join("cells.h5ad.gz");
    std::fs::write(&path, pack(&h5ad)).unwrap();
    assert_eq!(read_cells(&path).unwrap(), expected);
}

#[test]
fn dense_tables_are_read_as_matrices_are() {
    let place = tempfile::tempdir().unwrap();
    let expected = small();
    let of_cell = |cell: usize| {
        let mut row = [0; 4];
        expected.counts.dense_row(cell, &mut row);
        let words: Vec<String> = row.iter().map(ToString::to_string).collect();
        format!("{},{},{}\n", expected.names[cell], words.join(","), expected.labels["donor"].text(cell).unwrap())
    };
    let text = format!(",{},donor\n{}", expected.genes.join(","), (0..6).map(of_cell).collect::<String>());
    for (name, bytes) in [("counts.csv", text.clone().into_bytes()), ("counts.csv.gz", pack(text.as_bytes()))] {
        let path = place.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read_cells(&path).unwrap(), expected, "{name}");
        assert!(matches!(Data::open(&path).unwrap(), Data::Held(_)), "{name} is no store");
        assert!(!Data::open(&path).unwrap().fingerprint(&path).unwrap().is_empty());
    }
    let path = place.path().join("counts.csv");
    let text = inspect(&Asked { data: &path, matrix: None, bundle: None, json: false }).unwrap();
    for line in ["cells\t6", "genes\t4", "cells in rows", "`table` holds counts", "label donor\t2: a (3), b (3)"] {
        assert!(text.contains(line), "{text}");
    }
    assert!(text.contains("4 of 4 names of columns are known as names of genes"), "{text}");
    // Expression is no training set, and is shown all the same.
    std::fs::write(&path, ",CD3D,LYZ\nc1,9.21044,0\nc2,8.5173932,8.5173932\n").unwrap();
    assert!(format!("{:#}", read_cells(&path).unwrap_err()).contains("log-normalised"));
    let text = inspect(&Asked { data: &path, matrix: None, bundle: None, json: false }).unwrap();
    assert!(text.contains("`table` holds log-normalised expression"), "{text}");
    std::fs::write(&path, "gene,p_val,padj\nCD3D,0.1,1\nLYZ,0.2,1\n").unwrap();
    let error = format!("{:#}", read_cells(&path).unwrap_err());
    assert!(error.contains("counts.csv cannot be used") && error.contains("results of a test of genes"), "{error}");
}

#[test]
fn what_is_wrong_with_a_path_is_a_sentence() {
    let place = tempfile::tempdir().unwrap();
    let said = |path: &Path| format!("{:#}", read_cells(path).unwrap_err());
    let write = |name: &str, bytes: &[u8]| {
        let path = place.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    assert!(said(place.path()).contains("no folder of a matrix.mtx"));
    assert!(said(&place.path().join("nowhere.h5ad")).contains("cannot read"));
    assert!(said(&write("empty.h5ad", b"")).contains("0 bytes"));
    assert!(said(&write("page.h5ad", b"<!DOCTYPE html>")).contains("web page"));
    assert!(said(&write("cells.rds", b"RDX3\n")).contains("R file"));
    let whole = write_h5ad(&small(), &BTreeMap::new()).unwrap();
    assert!(said(&write("half.h5ad", &whole[..whole.len() / 2])).contains("cut off"));
    assert!(said(&write("half.h5ad.gz", &pack(&whole)[..500])).contains("cannot be unpacked"));
    std::fs::create_dir(place.path().join("alone")).unwrap();
    assert!(said(&write("alone/matrix.mtx", b"%%MatrixMarket")).contains("barcodes.tsv are missing"));
}

#[test]
fn inspect_says_what_was_taken_and_how_much_of_a_panel_is_there() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("cells.h5ad");
    std::fs::write(&path, write_h5ad(&small(), &BTreeMap::new()).unwrap()).unwrap();
    let asked = Asked { data: &path, matrix: None, bundle: None, json: false };
    let text = inspect(&asked).unwrap();
    for line in ["cells\t6", "genes\t4", "`X` holds counts", "label donor\t2: a (3), b (3)"] {
        assert!(text.contains(line), "{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&inspect(&Asked { json: true, ..asked }).unwrap()).unwrap();
    assert_eq!(json["taken"]["kind"], "counts");
    assert_eq!(json["labels"][0]["values"][0][0], "a");
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models/pbmc-ifnb");
    let text = inspect(&Asked { data: &path, matrix: Some("X"), bundle: Some(&bundle), json: false }).unwrap();
    assert!(text.contains("panel of pbmc-ifnb\t4 of 9015 genes"), "{text}");
    let error = format!(
        "{:#}",
        inspect(&Asked { data: &path, matrix: Some("spliced"), bundle: None, json: false }).unwrap_err()
    );
    assert!(error.contains("no `spliced`"), "{error}");
}

/// Files of the field that are refused, with words of the sentence.
const REFUSED: [(&str, &str); 9] = [
    ("06c_szip.h5ad", "szip"),
    ("14_fractional_counts_soupx.h5ad", "corrected, fractional counts"),
    ("27_truncated.h5ad", "cut off"),
    ("44_10x_atac_only.h5", "Peaks"),
    ("47_molecule_info.h5", "molecule_info.h5"),
    ("50_indptr_int32_overflow.h5ad", "32-bit pointers that overflowed"),
    ("66_starsolo_em_float_header", "fractional counts"),
    ("72_velocyto_3_values", "Velocyto"),
    ("tenx_alloc_34TB.h5", "claims"),
];
/// Files without counts, which the trainer does not take.
const LOGGED: [&str; 3] = [
    "12_pbmc3k_processed_X_scaled_raw_lognorm.h5ad",
    "16_X_cpm_not_logged.h5ad",
    "37_X_lognorm_but_first64_integers.h5ad",
];

#[test]
fn every_file_of_the_field_is_read_or_refused_with_a_sentence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let mut met = Vec::new();
    for folder in ["wild", "faults"] {
        let Ok(listed) = std::fs::read_dir(root.join(folder)) else {
            eprintln!("skipped: {} is not there", root.join(folder).display());
            continue;
        };
        for path in listed.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_cells = [".h5ad", ".h5"].iter().any(|end| name.ends_with(end)) || path.join("matrix.mtx").is_file();
            if !is_cells {
                continue;
            }
            let refused = REFUSED.iter().find(|(own, _)| *own == name);
            match (rows(&path, &Matrix::Auto, Wanted::Any), refused) {
                (Ok((rows, _)), None) => {
                    assert!(rows.cells() > 0 && !rows.full_report().unwrap().to_string().is_empty(), "{name}");
                    // The trainer takes counts alone.
                    assert_eq!(read_cells(&path).is_ok(), !LOGGED.contains(&name.as_str()), "{name}");
                }
                (Err(error), Some((_, words))) => {
                    let sentence = format!("{error:#}");
                    assert!(!sentence.contains('\n') && sentence.contains(&name), "{sentence}");
                    assert!(sentence.contains(words), "{sentence}");
                }
                (Ok((rows, _)), Some(_)) => panic!("{name} was read: {}", rows.report()),
                (Err(error), None) => panic!("{name}: {error:#}"),
            }
            met.push(name);
        }
    }
    if met.len() > REFUSED.len() {
        let known = REFUSED.iter().map(|(name, _)| *name).chain(LOGGED);
        known.for_each(|name| assert!(met.iter().any(|own| own == name), "{name} is no longer there"));
    }
}
