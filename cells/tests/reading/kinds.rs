//! Kinds of files that are met in the field, made here by the library's own writer.
//!
//! Does: writes AnnData and 10x Genomics' files with one thing odd about each, and reads them; needs no other folder.
//! Does not know: files on disk.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use cells::h5ad::{Matrix, Scale};
use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};

use super::support::{dense, label, open};

pub(crate) const COUNTS: [[u32; 4]; 5] = [[3, 0, 1, 0], [0, 2, 0, 1], [1, 1, 0, 0], [0, 0, 4, 2], [2, 0, 0, 1]];
pub(crate) const GENES: [&str; 4] = ["CD3D", "LYZ", "MS4A1", "ISG15"];
pub(crate) const CELLS: [&str; 5] = ["c0", "c1", "c2", "c3", "c4"];

pub(crate) fn text(value: &str) -> AttrValue {
    AttrValue::VarLenString(value.to_owned())
}

/// Values that are not zero, with their columns and the starts of the rows.
pub(crate) fn rows(matrix: &[Vec<f32>]) -> (Vec<f32>, Vec<i32>, Vec<i32>) {
    let (mut values, mut columns, mut starts) = (Vec::new(), Vec::new(), vec![0]);
    for row in matrix {
        for (column, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
            values.push(*value);
            columns.push(column as i32);
        }
        starts.push(values.len() as i32);
    }
    (values, columns, starts)
}

/// The counts, changed.
pub(crate) fn changed(change: impl Fn(f32, f32) -> f32) -> Vec<Vec<f32>> {
    let of_cell = |row: &[u32; 4]| {
        let sum: u32 = row.iter().sum();
        row.iter().map(|count| change(*count as f32, sum as f32)).collect()
    };
    COUNTS.iter().map(of_cell).collect()
}

pub(crate) fn counts() -> Vec<Vec<f32>> {
    changed(|count, _| count)
}

pub(crate) fn logged() -> Vec<Vec<f32>> {
    changed(|count, sum| (count / sum * 1e4).ln_1p())
}

/// A group of compressed rows.
pub(crate) fn sparse(mut group: GroupBuilder, matrix: &[Vec<f32>], encoding: Option<&str>) -> hdf5_pure::FinishedGroup {
    let (values, columns, starts) = rows(matrix);
    if let Some(encoding) = encoding {
        group.set_attr("encoding-type", text(encoding));
    }
    group.create_dataset("data").with_f32_data(&values);
    group.create_dataset("indices").with_i32_data(&columns);
    group.create_dataset("indptr").with_i32_data(&starts);
    group.finish()
}

pub(crate) fn frame(file: &mut FileBuilder, name: &str, index: &[&str], fill: impl FnOnce(&mut GroupBuilder)) {
    let mut group = file.create_group(name);
    group.set_attr("_index", text("_index"));
    group.create_dataset("_index").with_vlen_strings(index);
    fill(&mut group);
    file.add_group(group.finish());
}

/// An AnnData file with X; `fill` adds what is odd.
pub(crate) fn anndata(x: &[Vec<f32>], genes: &[&str], fill: impl FnOnce(&mut FileBuilder)) -> Vec<u8> {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, x, Some("csr_matrix")));
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", genes, |_| {});
    fill(&mut file);
    file.finish().unwrap()
}

pub(crate) fn layer(file: &mut FileBuilder, name: &str, matrix: &[Vec<f32>]) {
    let mut layers = file.create_group("layers");
    let group = layers.create_group(name);
    layers.add_group(sparse(group, matrix, Some("csr_matrix")));
    file.add_group(layers.finish());
}

pub(crate) fn raw(file: &mut FileBuilder, matrix: &[Vec<f32>]) {
    let mut raw = file.create_group("raw");
    let group = raw.create_group("X");
    raw.add_group(sparse(group, matrix, Some("csr_matrix")));
    let mut var = raw.create_group("var");
    var.set_attr("_index", text("_index"));
    var.create_dataset("_index").with_vlen_strings(&GENES);
    raw.add_group(var.finish());
    file.add_group(raw.finish());
}

#[test]
fn the_best_matrix_is_taken_and_the_others_are_told() {
    let cases = [
        (anndata(&logged(), &GENES, |file| layer(file, "anything", &counts())), "layers/anything", Scale::Counts),
        (anndata(&logged(), &GENES, |file| raw(file, &counts())), "raw/X", Scale::Counts),
        (anndata(&changed(|count, _| count - 1.5), &GENES, |file| raw(file, &logged())), "raw/X", Scale::LogNormalised),
        (anndata(&counts(), &GENES, |file| layer(file, "counts", &counts())), "layers/counts", Scale::Counts),
        (anndata(&counts(), &GENES, |file| layer(file, "other", &counts())), "X", Scale::Counts),
        (anndata(&changed(|count, sum| count / sum * 1e4), &GENES, |_| {}), "X", Scale::LogNormalised),
    ];
    for (bytes, place, scale) in cases {
        let rows = open(bytes, &Matrix::Auto).unwrap();
        assert_eq!((rows.place(), rows.scale()), (place, scale), "{}", rows.report());
        assert!(rows.report().others().count() == rows.report().matrices.len() - 1);
        if scale == Scale::Counts {
            assert_eq!(dense(&rows), COUNTS);
        }
    }
    // The choice can be changed, and is told what it may be.
    let both = || anndata(&logged(), &GENES, |file| layer(file, "counts", &counts()));
    assert_eq!(open(both(), &Matrix::X).unwrap().scale(), Scale::LogNormalised);
    let error = open(both(), &Matrix::Named("spliced".into())).err().unwrap().to_string();
    assert!(error.contains("`spliced`") && error.contains("X, layers/counts"), "{error}");
}

#[test]
fn genes_of_raw_take_their_symbols_from_var() {
    let ids = ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004"];
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    let part: Vec<Vec<f32>> = logged().iter().map(|row| row[..3].iter().map(|value| value - 1.0).collect()).collect();
    file.add_group(sparse(group, &part, Some("csr_matrix")));
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", &ids[..3], |var| {
        var.create_dataset("feature_name").with_vlen_strings(&GENES[..3]);
    });
    let mut raw = file.create_group("raw");
    let group = raw.create_group("X");
    raw.add_group(sparse(group, &counts(), Some("csr_matrix")));
    let mut var = raw.create_group("var");
    var.set_attr("_index", text("_index"));
    var.create_dataset("_index").with_vlen_strings(&ids);
    raw.add_group(var.finish());
    file.add_group(raw.finish());
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!((rows.place(), rows.genes()[0].as_str()), ("raw/X", "CD3D"));
    assert_eq!(rows.genes()[3], "ENSG00000000004");
}

#[test]
fn corrected_counts_are_rounded_where_it_is_asked_for() {
    let bytes = anndata(&changed(|count, _| count * 0.9), &GENES, |_| {});
    let error = open(bytes.clone(), &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("corrected, fractional counts") && error.contains("X rounded"), "{error}");
    let rows = open(bytes, &Matrix::Named("X rounded".into())).unwrap();
    assert_eq!(dense(&rows), COUNTS);
    let scaled =
        open(anndata(&changed(|count, _| count - 1.5), &GENES, |_| {}), &Matrix::Auto).err().unwrap().to_string();
    assert!(scaled.contains("scaled values") && scaled.contains("cannot be turned back"), "{scaled}");
}

#[test]
fn the_kind_is_judged_on_cells_from_all_of_the_file() {
    // 600 cells, of which the first 500 hold whole numbers.
    let value = |cell: usize| if cell < 500 { 1.0 } else { 2.5 };
    let matrix: Vec<Vec<f32>> = (0..600).map(|cell| vec![value(cell), 0.0]).collect();
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &matrix, Some("csr_matrix")));
    let names: Vec<String> = (0..600).map(|cell| cell.to_string()).collect();
    frame(&mut file, "obs", &names.iter().map(String::as_str).collect::<Vec<_>>(), |_| {});
    frame(&mut file, "var", &["A", "B"], |_| {});
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!(rows.scale(), Scale::LogNormalised, "{}", rows.report());
}

#[test]
fn nothing_need_be_said_about_a_sparse_matrix() {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &counts(), None));
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", &GENES, |_| {});
    assert_eq!(dense(&open(file.finish().unwrap(), &Matrix::Auto).unwrap()), COUNTS);
    // The same arrays along the genes.
    let turned: Vec<Vec<f32>> = (0..4).map(|gene| counts().iter().map(|row| row[gene]).collect()).collect();
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &turned, None));
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", &GENES, |_| {});
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert!(rows.is_by_genes());
    assert_eq!(dense(&rows.in_rows(1 << 20).unwrap()), COUNTS);
}

#[test]
fn pointers_of_32_bits_that_ran_over_are_one_sentence() {
    let mut file = FileBuilder::new();
    let mut group = file.create_group("X");
    let (values, columns, mut starts) = rows(&counts());
    starts[3..].iter_mut().for_each(|start| *start = start.wrapping_add(i32::MIN));
    group.create_dataset("data").with_f32_data(&values);
    group.create_dataset("indices").with_i32_data(&columns);
    group.create_dataset("indptr").with_i32_data(&starts);
    file.add_group(group.finish());
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", &GENES, |_| {});
    let error = open(file.finish().unwrap(), &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("`X/indptr`") && error.contains("32-bit pointers that overflowed"), "{error}");
}

#[test]
fn entries_and_names_that_come_twice_follow_one_rule() {
    let mut file = FileBuilder::new();
    let mut group = file.create_group("X");
    group.create_dataset("data").with_f32_data(&[1.0, 2.0, 4.0, 1.0]);
    group.create_dataset("indices").with_i32_data(&[1, 0, 1, 1]);
    group.create_dataset("indptr").with_i64_data(&[0, 3, 4]);
    group.set_attr("encoding-type", text("csr_matrix"));
    file.add_group(group.finish());
    frame(&mut file, "obs", &["c", "c"], |_| {});
    frame(&mut file, "var", &["A", "A", "A-1"], |_| {});
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!(dense(&rows), [[2, 5, 0], [0, 1, 0]]);
    assert_eq!(rows.genes(), ["A", "A-2", "A-1"]);
    let notes = rows.full_report().unwrap().notes.join(" ");
    assert!(notes.contains("added up") && notes.contains("-1, -2") && notes.contains("cell name"), "{notes}");
}

#[test]
fn columns_that_cannot_be_labels_are_left_out_by_name() {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &counts(), Some("csr_matrix")));
    frame(&mut file, "obs", &CELLS, |obs| {
        obs.create_dataset("été µ").with_i64_data(&[1, 2, 3, 4, 5]);
        obs.create_dataset("short").with_f64_data(&[1.0, 2.0]);
        obs.create_dataset("wide").with_f64_data(&[0.0; 10]).with_shape(&[5, 2]);
        let mut odd = obs.create_group("odd");
        odd.set_attr("encoding-type", text("awkward-array"));
        obs.add_group(odd.finish());
        let mut slash = obs.create_group("a");
        slash.create_dataset("b").with_vlen_strings(&["x", "y", "x", "y", "x"]);
        obs.add_group(slash.finish());
    });
    frame(&mut file, "var", &GENES, |_| {});
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!(rows.keys(), ["a/b", "été µ"]);
    assert_eq!(label(&rows, "a/b")[1].as_deref(), Some("y"));
    let left: Vec<&str> = rows.report().left_out.iter().map(|column| column.place.as_str()).collect();
    assert_eq!(left, ["obs/odd", "obs/short", "obs/wide"]);
    let error = rows.label("wide").err().unwrap().to_string();
    assert!(error.contains("`obs/wide` cannot be a label: it holds an array of 2 dimensions"), "{error}");
}

#[test]
fn rows_may_be_called_by_numbers_or_by_nothing() {
    let mut file = FileBuilder::new();
    file.create_dataset("X").with_f32_data(&counts().concat()).with_shape(&[5, 4]);
    let mut obs = file.create_group("obs");
    obs.set_attr("_index", text("id"));
    obs.create_dataset("id").with_i64_data(&[10, 11, 12, 13, 14]);
    file.add_group(obs.finish());
    let mut var = file.create_group("var");
    var.set_attr("_index", text("_index"));
    var.create_dataset("_index").with_i64_data(&[0, 1, 2, 3]);
    var.create_dataset("some column").with_vlen_strings(&GENES);
    file.add_group(var.finish());
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!((rows.genes(), rows.names(4, 1).unwrap()), (&GENES.map(str::to_owned)[..], vec!["14".to_owned()]));
    // Neither an index nor any column: cells are called by their places.
    let mut file = FileBuilder::new();
    file.create_dataset("X").with_f32_data(&counts().concat()).with_shape(&[5, 4]);
    let obs = file.create_group("obs");
    file.add_group(obs.finish());
    frame(&mut file, "var", &GENES, |_| {});
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!(
        (dense(&rows), rows.names(3, 2).unwrap()),
        (COUNTS.map(Vec::from).to_vec(), vec!["3".into(), "4".into()])
    );
}

/// A file of 10x Genomics with these features: name, kind, genome.
pub(crate) fn tenx(features: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut file = FileBuilder::new();
    let mut matrix = file.create_group("matrix");
    let (values, columns, starts) = rows(&counts());
    matrix.create_dataset("data").with_i32_data(&values.iter().map(|value| *value as i32).collect::<Vec<_>>());
    matrix.create_dataset("indices").with_i32_data(&columns);
    matrix.create_dataset("indptr").with_i32_data(&starts);
    matrix.create_dataset("barcodes").with_ascii_strings(&CELLS).unwrap();
    let mut group = matrix.create_group("features");
    let column = |at: fn(&(&str, &str, &str)) -> String| features.iter().map(at).collect::<Vec<_>>();
    for (name, texts) in [
        ("name", column(|own| own.0.to_owned())),
        ("feature_type", column(|own| own.1.to_owned())),
        ("genome", column(|own| own.2.to_owned())),
    ] {
        group.create_dataset(name).with_vlen_strings(&texts.iter().map(String::as_str).collect::<Vec<_>>());
    }
    matrix.add_group(group.finish());
    file.add_group(matrix.finish());
    file.finish().unwrap()
}

#[test]
fn features_of_other_kinds_and_genomes_are_sorted_out() {
    let gene = "gene expression";
    let barnyard = tenx(&[
        ("GRCh38_CD3D", gene, "GRCh38"),
        ("mm10___Cd3d", gene, "mm10"),
        ("GRCh38_LYZ", gene, "GRCh38"),
        ("CD3", "ANTIBODY CAPTURE", ""),
    ]);
    let rows = open(barnyard.clone(), &Matrix::Auto).unwrap();
    assert_eq!(rows.genes(), ["CD3D", "Cd3d", "LYZ"]);
    assert_eq!(dense(&rows)[3], [0, 0, 4]);
    assert_eq!(rows.report().groups.len(), 2);
    let human = open(barnyard, &Matrix::Named("GRCh38".into())).unwrap();
    assert_eq!((human.genes(), &dense(&human)[0]), (&["CD3D".to_owned(), "LYZ".to_owned()][..], &vec![3, 1]));
    let peaks = tenx(&[("chr1:1-2", "Peaks", "GRCh38"); 4]);
    let error = open(peaks, &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("only Peaks"), "{error}");
}

#[test]
fn files_of_other_things_are_called_by_their_names() {
    let refused = |fill: fn(&mut FileBuilder)| {
        let mut file = FileBuilder::new();
        fill(&mut file);
        open(file.finish().unwrap(), &Matrix::Auto).err().unwrap().to_string()
    };
    let molecules = refused(|file| {
        ["barcode_idx", "feature_idx", "umi", "count"].iter().for_each(|name| {
            file.create_dataset(name).with_i64_data(&[1]);
        });
    });
    assert!(
        molecules.contains("molecule_info.h5") && molecules.contains("filtered_feature_bc_matrix.h5"),
        "{molecules}"
    );
    let other = refused(|file| {
        file.create_dataset("weights").with_f32_data(&[1.0]);
    });
    assert!(other.contains("neither AnnData") && other.contains("weights"), "{other}");
    for (bytes, words) in [
        (vec![], "empty (0 bytes)"),
        (b"<html>log in</html>".to_vec(), "web page"),
        (vec![0x1f, 0x8b, 8, 0], "gunzip"),
        (b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "git lfs pull"),
    ] {
        let error = open(bytes, &Matrix::Auto).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
    let whole = anndata(&counts(), &GENES, |_| {});
    let error = open(whole[..whole.len() - 100].to_vec(), &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("100 of its") && error.contains("missing"), "{error}");
}
