//! Files as they are met in the field, and damaged ones: what must happen to each.
//!
//! Does: opens every file of `../shared/data/wild` and of `faults` that holds cells, where these folders are there; every
//! kind is guarded besides by `forms.rs` and `kinds.rs`, which need no other folder.
//! Does not know: how the files were made.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use super::support::{dense, label, open_path, shared};
use cells::h5ad::{Matrix, Scale};

/// What must happen to a file.
enum Must {
    /// Counts from this place, as in the plain file.
    Plain(&'static str),
    /// Counts of so many cells and genes.
    Counts(usize, usize),
    /// Log-normalised expression from this place.
    Logged(&'static str),
    /// A sentence with these words.
    Refuse(&'static [&'static str]),
}

use Must::{Counts, Logged, Plain, Refuse};

/// Genes of most files.
const GENES: [&str; 5] = ["CD3D", "LYZ", "MS4A1", "ISG15", "GNLY"];

/// Every file with what must happen to it.
const FILES: [(&str, Must); 47] = [
    ("00_plain.h5ad", Plain("X")),
    ("01_index_nullable_string.h5ad", Plain("X")),
    ("02_categories_nullable_string.h5ad", Plain("X")),
    ("03_nullable_columns.h5ad", Plain("X")),
    ("04b_zstd_big.h5ad", Counts(2000, 300)),
    ("05d_lz4.h5ad", Counts(2000, 300)),
    ("06c_szip.h5ad", Refuse(&["szip", "compression=\"gzip\""])),
    ("06_lzf.h5ad", Plain("X")),
    ("06e_gzip_big.h5ad", Counts(2000, 300)),
    ("07_anndata06_compound.h5ad", Plain("X")),
    ("08_anndata07_categories.h5ad", Plain("X")),
    ("10_X_lognorm_layer_counts_RNA.h5ad", Plain("layers/counts_RNA")),
    ("10_X_lognorm_layer_raw_counts.h5ad", Plain("layers/raw_counts")),
    ("12_pbmc3k_processed_X_scaled_raw_lognorm.h5ad", Logged("raw/X")),
    ("13_X_scaled_raw_counts.h5ad", Plain("raw/X")),
    ("14_fractional_counts_soupx.h5ad", Refuse(&["corrected, fractional counts", "`X`", "2.79", "rounded"])),
    ("16_X_cpm_not_logged.h5ad", Logged("X")),
    ("19_duplicate_entries.h5ad", Counts(6, 5)),
    ("20_duplicate_names.h5ad", Counts(6, 5)),
    ("21_ensembl_GeneSymbol.h5ad", Plain("X")),
    ("21_ensembl_Symbol.h5ad", Plain("X")),
    ("21_ensembl_gene_short_name.h5ad", Plain("X")),
    ("21_ensembl_feature_name.h5ad", Plain("X")),
    ("21b_ensembl_featurename_categorical.h5ad", Plain("X")),
    ("21c_ensembl_featurename_nullable.h5ad", Plain("X")),
    ("24_seuratdisk_no_encoding_type_csr.h5ad", Plain("X")),
    ("26_obs_junk_columns.h5ad", Plain("X")),
    ("27_truncated.h5ad", Refuse(&["cut off", "6979"])),
    ("28_mudata.h5mu.h5ad", Plain("mod/rna/X")),
    ("30_dense_float16.h5ad", Plain("X")),
    ("32_numeric_index.h5ad", Plain("X")),
    ("37_X_lognorm_but_first64_integers.h5ad", Logged("X")),
    ("50_indptr_int32_overflow.h5ad", Refuse(&["32-bit pointers that overflowed", "int64"])),
    ("43_10x_v3_barnyard.h5", Counts(6, 5)),
    ("44_10x_atac_only.h5", Refuse(&["no gene expression", "Peaks"])),
    ("47_molecule_info.h5", Refuse(&["molecule_info.h5", "filtered_feature_bc_matrix.h5"])),
    ("42_cellbender03.h5", Plain("matrix")),
    ("45_10x_mixed.h5", Counts(6, 3)),
    ("62_features_header", Plain("matrix.mtx")),
    ("63_features_spaces", Plain("matrix.mtx")),
    ("63b_features_quoted_R", Plain("matrix.mtx")),
    ("64_bom_features", Plain("matrix.mtx")),
    ("64c_bom_1col", Plain("matrix.mtx")),
    ("66_starsolo_em_float_header", Refuse(&["fractional counts", "line 5 holds 0.5", "rounded"])),
    ("71_starsolo_first_line_blank", Plain("matrix.mtx")),
    ("75_type_lowercase", Plain("matrix.mtx")),
    ("72_velocyto_3_values", Refuse(&["line 4", "3 values", "Velocyto"])),
];

#[test]
fn every_file_is_read_or_refused_with_a_sentence() {
    let Some(folder) = shared("wild") else { return };
    let listed = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    for name in listed.filter(|name| name != "README.md") {
        assert!(FILES.iter().any(|(own, _)| name == *own), "{name:?} has no line in this test");
    }
    let plain = dense(&open_path(&folder.join("00_plain.h5ad"), &Matrix::Auto).unwrap());
    for (name, must) in FILES {
        let found = open_path(&folder.join(name), &Matrix::Auto);
        match (must, found) {
            (Plain(place), Ok(rows)) => {
                assert_eq!((rows.place(), rows.scale()), (place, Scale::Counts), "{name}");
                assert_eq!(rows.genes(), GENES, "{name}");
                assert_eq!(dense(&rows), plain, "{name}");
                assert!(rows.report().reason().contains(place), "{name}");
            }
            (Counts(cells, genes), Ok(rows)) => {
                assert_eq!((rows.scale(), rows.cells(), rows.genes().len()), (Scale::Counts, cells, genes), "{name}");
            }
            (Logged(place), Ok(rows)) => {
                assert_eq!((rows.place(), rows.scale()), (place, Scale::LogNormalised), "{name}");
                rows.expression(0, rows.cells()).unwrap();
            }
            (Refuse(words), Err(sentence)) => {
                for word in words {
                    assert!(sentence.contains(word), "{name}: {sentence}");
                }
                assert!(!sentence.contains('\n') && sentence.len() < 500, "{name}: {sentence}");
            }
            (_, Ok(rows)) => panic!("{name} was read: {}", rows.report()),
            (_, Err(sentence)) => panic!("{name}: {sentence}"),
        }
    }
}

#[test]
fn values_and_labels_are_the_right_ones() {
    let Some(folder) = shared("wild") else { return };
    let open = |name: &str| open_path(&folder.join(name), &Matrix::Auto).unwrap();
    let big = dense(&open("06e_gzip_big.h5ad"));
    for packed in ["04b_zstd_big.h5ad", "05d_lz4.h5ad"] {
        assert_eq!(dense(&open(packed)), big, "{packed}");
    }
    let names = |name: &str| open(name).names(0, 6).unwrap();
    assert_eq!(names("01_index_nullable_string.h5ad")[5], "CELL5-1");
    assert_eq!(names("32_numeric_index.h5ad"), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(names("64_bom_features")[0], "CELL0-1");
    let some =
        |texts: &[&str]| texts.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect::<Vec<_>>();
    assert_eq!(label(&open("02_categories_nullable_string.h5ad"), "sample"), some(&["B", "T", "B", "T", "", "T"]));
    let columns = open("03_nullable_columns.h5ad");
    assert_eq!(label(&columns, "i"), some(&["1", "2", "", "4", "5", "6"]));
    assert_eq!(label(&columns, "b"), some(&["true", "", "false", "true", "true", "true"]));
    assert_eq!(label(&columns, "s"), some(&["x", "", "y", "x", "y", "x"]));
    assert_eq!(label(&open("07_anndata06_compound.h5ad"), "louvain"), some(&["B", "T", "B", "T", "B", "T"]));
    assert_eq!(label(&open("08_anndata07_categories.h5ad"), "ct"), some(&["B", "T", "B", "T", "B", ""]));
    assert_eq!(dense(&open("19_duplicate_entries.h5ad")), vec![vec![2, 0, 0, 0, 0]; 6]);
    assert_eq!(open("20_duplicate_names.h5ad").genes(), ["CD3D", "CD3D-1", "TBCE", "TBCE-1", "TBCE-2"]);
    assert_eq!(open("45_10x_mixed.h5").genes(), ["CD3D", "LYZ", "MS4A1"]);
    let junk = open("26_obs_junk_columns.h5ad");
    assert_eq!(junk.keys(), ["bool8", "cell_type", "f16", "when", "été µ"]);
    let left: Vec<&str> = junk.report().left_out.iter().map(|column| column.place.as_str()).collect();
    assert_eq!(left, ["obs/c64", "obs/empty", "obs/vec", "obs/vl"]);
}

#[test]
fn what_is_said_about_a_file_is_right() {
    let Some(folder) = shared("wild") else { return };
    let said = |name: &str, matrix: &Matrix| open_path(&folder.join(name), matrix).unwrap().report().to_string();
    let auto = |name: &str| said(name, &Matrix::Auto);
    assert!(auto("12_pbmc3k_processed_X_scaled_raw_lognorm.h5ad").contains("`X` holds scaled values"));
    assert!(auto("16_X_cpm_not_logged.h5ad").contains("normalised but not logged (cells sum to 10000"));
    assert!(auto("20_duplicate_names.h5ad").contains("-1, -2"));
    assert!(auto("19_duplicate_entries.h5ad").contains("added up"));
    assert!(auto("21_ensembl_GeneSymbol.h5ad").contains("var/GeneSymbol"));
    assert!(auto("43_10x_v3_barnyard.h5").contains("GRCh38 (2 genes"));
    let mouse = open_path(&folder.join("43_10x_v3_barnyard.h5"), &Matrix::Named("mm10".to_owned())).unwrap();
    assert_eq!(mouse.genes(), ["Cd3d", "Lyz2", "Isg15"]);
    for name in ["14_fractional_counts_soupx.h5ad", "66_starsolo_em_float_header"] {
        let rounded = Matrix::Named(if name.ends_with("h5ad") { "X rounded" } else { "rounded" }.to_owned());
        let rows = open_path(&folder.join(name), &rounded).unwrap();
        assert!(rows.report().read_as.contains("rounded"), "{name}");
    }
    let plain = open_path(&folder.join("00_plain.h5ad"), &Matrix::Auto).unwrap();
    let soup = open_path(&folder.join("14_fractional_counts_soupx.h5ad"), &Matrix::Named("X rounded".into())).unwrap();
    assert_eq!(dense(&soup), dense(&plain));
}

#[test]
fn damaged_files_end_in_a_sentence() {
    let Some(folder) = shared("faults") else { return };
    let sentence = open_path(&folder.join("tenx_alloc_34TB.h5"), &Matrix::Auto).err().unwrap();
    assert!(sentence.contains("claims") && sentence.contains("`matrix/"), "{sentence}");
    // One column claims 34 GB: it is left out by name, and nothing else is lost.
    let rows = open_path(&folder.join("h5ad_vlen_alloc_34GB.h5ad"), &Matrix::Auto).unwrap();
    assert_eq!((rows.cells(), rows.keys()), (24, vec!["condition".to_owned()]));
    let sentence = rows.label("donor").err().unwrap().to_string();
    assert!(sentence.contains("obs/donor/categories") && sentence.contains("34359738352"), "{sentence}");
}
