//! Files of several matrices, modalities, kinds of features, columns of names: the right one is taken.
//!
//! Does: writes each by the library's own writer and reads it; needs no other folder.
//! Does not know: files on disk.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use cells::h5ad::{CellRows, Matrix, ReadSeekSource, Scale};
use hdf5_pure::FileBuilder;

use super::kinds::{CELLS, COUNTS, GENES, anndata, changed, counts, frame, layer, logged, raw, sparse, tenx, text};
use super::support::{dense, label, open};

/// A modality: its name, its matrix, its features.
type Modality<'a> = (&'a str, Vec<Vec<f32>>, &'a [&'a str]);

/// A MuData file.
fn mudata(modalities: &[Modality]) -> Vec<u8> {
    let mut file = FileBuilder::new();
    let mut all = file.create_group("mod");
    for (name, matrix, features) in modalities {
        let mut group = all.create_group(name);
        let x = group.create_group("X");
        group.add_group(sparse(x, matrix, Some("csr_matrix")));
        for (frame, index) in [("obs", &CELLS[..]), ("var", features)] {
            let mut own = group.create_group(frame);
            own.set_attr("_index", text("_index"));
            own.create_dataset("_index").with_vlen_strings(index);
            group.add_group(own.finish());
        }
        all.add_group(group.finish());
    }
    file.add_group(all.finish());
    file.finish().unwrap()
}

fn scaled() -> Vec<Vec<f32>> {
    changed(|count, _| count - 1.5)
}

/// As the trainer opens files: counts alone.
fn open_counts(bytes: Vec<u8>) -> Result<CellRows, String> {
    let source = ReadSeekSource::new(std::io::Cursor::new(bytes)).unwrap();
    CellRows::open_counts(source, &Matrix::Auto).map_err(|error| error.to_string())
}

#[test]
fn counts_of_another_modality_never_stand_for_genes() {
    let proteins = ["CD3", "CD19", "CD14", "CD8"];
    let peaks = ["chr1:1-2", "chr1:3-4", "chr1:5-6", "chr1:7-8"];
    for (name, features) in [("prot", &proteins), ("ADT", &proteins), ("atac", &peaks), ("a_thing", &peaks)] {
        let file = |matrix| mudata(&[(name, counts(), features), ("rna", matrix, &GENES)]);
        let rows = open(file(logged()), &Matrix::Auto).unwrap();
        assert_eq!((rows.place(), rows.scale()), ("mod/rna/X", Scale::LogNormalised), "{name}");
        assert_eq!(rows.genes(), GENES, "{name}");
        // What cannot be used is refused, with what else there is.
        for error in
            [open_counts(file(logged())), open(file(scaled()), &Matrix::Auto).map_err(|error| error.to_string())]
        {
            let error = error.err().unwrap();
            assert!(error.contains("`mod/rna/X` holds"), "{error}");
            assert!(error.contains(&format!("another modality by its name ({name})")), "{error}");
        }
        assert_eq!(open(file(scaled()), &Matrix::Named(name.to_owned())).unwrap().place(), format!("mod/{name}/X"));
        let alone = open(mudata(&[(name, counts(), features)]), &Matrix::Auto);
        if name == "a_thing" {
            assert!(alone.is_ok(), "what is called nothing else may be genes");
        } else {
            let error = alone.err().unwrap().to_string();
            assert!(error.contains("No modality is called one of gene expression") && error.contains(name), "{error}");
        }
    }
    // Names that say nothing: the one of known genes.
    let odd = mudata(&[("first", counts(), &peaks), ("second", logged(), &GENES)]);
    assert_eq!(open(odd, &Matrix::Auto).unwrap().place(), "mod/second/X");
}

#[test]
fn features_that_are_no_genes_are_left_out_whatever_they_are_called() {
    let gene = "Gene Expression";
    for other in [
        "Negative Control Probe",
        "Unassigned Codeword",
        "Blank Codeword",
        "Protein Expression",
        "Hashtag Oligo",
        "Antibody_Capture",
    ] {
        let file = tenx(&[("CD3D", gene, "GRCh38"), ("x1", other, ""), ("LYZ", gene, "GRCh38"), ("x2", other, "")]);
        let rows = open(file, &Matrix::Auto).unwrap();
        assert_eq!((rows.genes(), &dense(&rows)[0]), (&["CD3D", "LYZ"].map(str::to_owned)[..], &vec![3, 1]), "{other}");
        assert!(rows.report().notes.iter().any(|note| note.contains(other)), "{}", rows.report());
        let rows = described(&GENES, &[("Feature-Type", [gene, other, gene, other])]);
        assert_eq!(rows.genes(), ["CD3D", "MS4A1"], "{other}");
    }
    for alone in ["Motifs", "Transcription Factor", "Blank Codeword", "Antibody Capture"] {
        let error = open(tenx(&[("a", alone, ""); 4]), &Matrix::Auto).err().unwrap().to_string();
        assert!(error.contains(&format!("only {alone}")), "{error}");
    }
}

#[test]
fn genomes_come_off_beside_antibodies_and_where_the_file_names_both_at_once() {
    let gene = "Gene Expression";
    for (genomes, human) in [(["GRCh38", "mm10", "GRCh38", ""], "GRCh38"), (["GRCh38_and_mm10"; 4], "GRCh38")] {
        let file = tenx(&[
            ("GRCh38_CD3D", gene, genomes[0]),
            ("mm10___Cd3d", gene, genomes[1]),
            ("GRCh38_LYZ", gene, genomes[2]),
            ("CD3", "Antibody Capture", genomes[3]),
        ]);
        let rows = open(file.clone(), &Matrix::Auto).unwrap();
        assert_eq!(rows.genes(), ["CD3D", "Cd3d", "LYZ"]);
        assert_eq!(open(file, &Matrix::Named(human.to_owned())).unwrap().genes(), ["CD3D", "LYZ"]);
    }
}

/// A file whose genes have these names, with these columns beside them.
fn described(index: &[&str], columns: &[(&str, [&str; 4])]) -> CellRows {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &counts(), Some("csr_matrix")));
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", index, |var| {
        for (name, texts) in columns {
            var.create_dataset(name).with_vlen_strings(texts);
        }
    });
    open(file.finish().unwrap(), &Matrix::Auto).unwrap()
}

#[test]
fn symbols_are_those_of_the_column_of_most_known_genes() {
    let ids = ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004"];
    let transcripts = ["CD3D-201", "LYZ-201", "MS4A1-203", "ISG15-202"];
    let kinds = ["protein_coding", "lincRNA", "antisense", "snRNA"];
    let rows = described(&ids, &[("transcript", transcripts), ("biotype", kinds), ("zz", GENES)]);
    assert_eq!((rows.genes(), rows.report().symbols.as_str()), (&GENES.map(str::to_owned)[..], "var/zz"));
    assert_eq!(described(&ids, &[("transcript", transcripts), ("biotype", kinds)]).genes(), ids);
    for index in [
        ["ILMN_1", "ILMN_2", "ILMN_3", "ILMN_4"],
        ["gene0", "gene1", "gene2", "gene3"],
        ["YAL001C", "YAL002W", "YAL003W", "YAL005C"],
        ["a1b2", "c3d4", "0f0f", "77aa"],
    ] {
        let rows = described(&index, &[("gene_symbols", GENES), ("biotype", kinds)]);
        assert_eq!(
            (rows.genes(), rows.identifiers().unwrap()),
            (&GENES.map(str::to_owned)[..], &index.map(str::to_owned)[..])
        );
    }
    // Symbols of yeast are hardly known; their column is called one.
    let yeast = ["TFC3", "VPS8", "EFB1", "SSA1"];
    let loci = ["YAL001C", "YAL002W", "YAL003W", "YAL005C"];
    assert_eq!(described(&loci, &[("gene_symbols", yeast)]).genes(), yeast);
    // Names that are genes stay.
    assert_eq!(described(&["Cd3d", "Lyz2", "Ms4a1", "Isg15"], &[("human", GENES)]).genes()[1], "Lyz2");
}

#[test]
fn whole_numbers_that_are_no_counts_come_last() {
    let yes_or_no = changed(|count, _| f32::from(u8::from(count > 0.0)));
    let ranks = vec![vec![1.0, 3.0, 2.0, 4.0], vec![4.0, 1.0, 2.0, 3.0], vec![2.0, 1.0, 4.0, 3.0]];
    let ranks = [ranks.clone(), ranks[..2].to_vec()].concat();
    for x in [yes_or_no.clone(), ranks] {
        for name in ["counts", "other"] {
            let rows = open(anndata(&x, &GENES, |file| layer(file, name, &counts())), &Matrix::Auto).unwrap();
            assert_eq!(
                (rows.place(), dense(&rows)),
                (format!("layers/{name}").as_str(), COUNTS.map(Vec::from).to_vec())
            );
        }
        let rows = open(anndata(&x, &GENES, |file| layer(file, "lognorm", &logged())), &Matrix::Auto).unwrap();
        assert_eq!(rows.place(), "layers/lognorm", "{}", rows.report());
        // Alone it is read, and what it may be is told.
        let alone = open_counts(anndata(&x, &GENES, |_| {})).unwrap();
        assert!(alone.report().taken.why.contains(" as "), "{}", alone.report());
    }
    let mut file = FileBuilder::new();
    let flags: Vec<u8> = yes_or_no.concat().iter().map(|value| *value as u8).collect();
    file.create_dataset("X").with_u8_data(&flags).with_shape(&[5, 4]);
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", &GENES, |_| {});
    raw(&mut file, &counts());
    assert_eq!(open(file.finish().unwrap(), &Matrix::Auto).unwrap().place(), "raw/X");
}

#[test]
fn of_counts_those_of_more_genes_are_taken() {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    let some: Vec<Vec<f32>> = counts().iter().map(|row| row[..2].to_vec()).collect();
    file.add_group(sparse(group, &some, Some("csr_matrix")));
    frame(&mut file, "obs", &CELLS, |_| {});
    frame(&mut file, "var", &GENES[..2], |_| {});
    layer(&mut file, "counts", &some);
    raw(&mut file, &counts());
    let bytes = file.finish().unwrap();
    assert_eq!(open(bytes.clone(), &Matrix::Auto).unwrap().place(), "raw/X");
    assert_eq!(open(bytes, &Matrix::X).unwrap().genes(), &GENES[..2]);
    // A layer of a part of the counts is not taken, whatever it is called.
    let velocity = anndata(&logged(), &GENES, |file| {
        let mut layers = file.create_group("layers");
        for name in ["unspliced_counts", "spliced"] {
            let group = layers.create_group(name);
            layers.add_group(sparse(group, &counts(), Some("csr_matrix")));
        }
        file.add_group(layers.finish());
    });
    assert_eq!(open(velocity, &Matrix::Auto).unwrap().place(), "layers/spliced");
}

#[test]
fn texts_without_marks_of_missing_ones_lack_none() {
    let mut file = FileBuilder::new();
    let group = file.create_group("X");
    file.add_group(sparse(group, &counts(), Some("csr_matrix")));
    for (name, index) in [("obs", &CELLS[..]), ("var", &GENES[..])] {
        let mut group = file.create_group(name);
        group.set_attr("_index", text("_index"));
        for (column, texts) in [("_index", index), ("copy", index)] {
            let mut own = group.create_group(column);
            own.set_attr("encoding-type", text("nullable-string-array"));
            own.create_dataset("values").with_vlen_strings(texts);
            group.add_group(own.finish());
        }
        file.add_group(group.finish());
    }
    let rows = open(file.finish().unwrap(), &Matrix::Auto).unwrap();
    assert_eq!(
        (rows.genes(), rows.names(0, 5).unwrap()),
        (&GENES.map(str::to_owned)[..], CELLS.map(str::to_owned).to_vec())
    );
    assert_eq!(label(&rows, "copy")[4].as_deref(), Some("c4"));
}

#[test]
fn matrices_that_old_anndata_wrote_apart_or_as_a_line_are_read() {
    // anndata 0.5: the arrays of a compressed matrix stand in the root.
    for (word, by_genes) in [("csr", false), ("csc", true)] {
        let turned: Vec<Vec<f32>> = (0..4).map(|gene| counts().iter().map(|row| row[gene]).collect()).collect();
        let (values, columns, starts) = super::kinds::rows(&if by_genes { turned } else { counts() });
        let split = |shape: [i64; 2]| {
            let mut file = FileBuilder::new();
            file.create_dataset(&format!("X_{word}_data")).with_f32_data(&values);
            file.create_dataset(&format!("X_{word}_indices")).with_i32_data(&columns);
            file.create_dataset(&format!("X_{word}_indptr")).with_i32_data(&starts);
            file.create_dataset(&format!("X_{word}_shape")).with_i64_data(&shape);
            frame(&mut file, "obs", &CELLS, |_| {});
            frame(&mut file, "var", &GENES, |_| {});
            open(file.finish().unwrap(), &Matrix::Auto)
        };
        let rows = split([5, 4]).unwrap();
        assert_eq!((rows.place(), rows.is_by_genes()), ("X", by_genes));
        assert_eq!(dense(&rows.in_rows(1 << 20).unwrap()), COUNTS, "{word}");
        assert!(split([5, 3]).err().unwrap().to_string().contains("[5, 3]"));
    }
    // anndata 0.6: one gene, and one cell.
    let line = |values: &[f32], cells: &[&str], genes: &[&str]| {
        let mut file = FileBuilder::new();
        file.create_dataset("X").with_f32_data(values);
        frame(&mut file, "obs", cells, |_| {});
        frame(&mut file, "var", genes, |_| {});
        open(file.finish().unwrap(), &Matrix::Auto)
    };
    let gene = line(&[3.0, 0.0, 1.0, 0.0, 2.0], &CELLS, &GENES[..1]).unwrap();
    assert_eq!(dense(&gene), [[3], [0], [1], [0], [2]]);
    let cell = line(&[3.0, 0.0, 1.0, 2.0], &CELLS[..1], &GENES).unwrap();
    assert_eq!(dense(&cell.in_rows(1 << 20).unwrap()), [[3, 0, 1, 2]]);
    assert!(line(&[3.0, 0.0, 1.0], &CELLS, &GENES[..1]).is_err());
}
