//! Files that other programs wrote: both forms of 10x Genomics' `.h5`, AnnData with genes in rows and identifiers.
//!
//! Does: reads the fixtures of `fixtures/make_tenx.py`, which hold one matrix in five forms.
//! Does not know: how they were written.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::io::Cursor;

use cells::Counts;
use cells::gather::Gather;
use cells::h5ad::{CellRows, Expression, Matrix, ReadSeekSource, Scale};

fn open(name: &str, matrix: &Matrix) -> Result<CellRows, cells::h5ad::H5adError> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    CellRows::open_whole(ReadSeekSource::new(Cursor::new(std::fs::read(path).unwrap())).unwrap(), matrix)
}

fn expected() -> Counts {
    Counts::from_dense_rows(3, [[5_u32, 0, 1], [0, 2, 0], [0; 3], [3, 0, 9]].iter().map(|row| row.as_slice()))
}

#[test]
fn both_forms_of_tenx_are_read() {
    for name in ["tenx_v3.h5", "tenx_v2.h5"] {
        let rows = open(name, &Matrix::Auto).unwrap();
        assert_eq!(rows.genes(), ["CD14", "ISG15", "LYZ"], "{name}");
        assert_eq!((rows.cells(), rows.scale(), rows.is_by_genes()), (4, Scale::Counts, false), "{name}");
        assert_eq!(rows.counts(0, 4).unwrap(), expected(), "{name}");
        assert_eq!(rows.counts(2, 2).unwrap(), expected().select_cells(&[2, 3]), "{name}");
        assert_eq!(rows.names(3, 1).unwrap(), ["AAAC3-1"], "{name}");
        assert!((5..=9).contains(&rows.stored_about().unwrap()), "{name}");
    }
    // Two genomes, each with a matrix of its own: the one of more values, and the other where it is asked for.
    let rows = open("tenx_v2_two.h5", &Matrix::Auto).unwrap();
    let groups: Vec<(&str, bool)> = rows.report().groups.iter().map(|own| (own.name.as_str(), own.taken)).collect();
    assert_eq!(groups.len(), 2, "{groups:?}");
    for genome in ["GRCh38", "mm10"] {
        let rows = open("tenx_v2_two.h5", &Matrix::Named(genome.to_owned())).unwrap();
        assert_eq!(rows.place(), genome);
    }
    let error = open("tenx_v2_two.h5", &Matrix::Named("rn6".to_owned())).err().unwrap().to_string();
    assert!(error.contains("rn6") && error.contains("GRCh38") && error.contains("mm10"), "{error}");
}

#[test]
fn genes_in_rows_are_gathered_and_symbols_found() {
    let rows = open("by_genes_ids.h5ad", &Matrix::Auto).unwrap();
    assert!(rows.is_by_genes());
    assert_eq!(rows.genes(), ["CD14", "ISG15", "LYZ"]);
    assert_eq!(rows.identifiers().unwrap()[0], "ENSG00000000001");
    assert_eq!(rows.report().symbols, "var/feature_name");
    assert!(rows.counts(0, 1).unwrap_err().to_string().contains("compressed by genes"));
    let mut all = Gather::new(4, 3, rows.stored_about().unwrap() as usize);
    for gene in 0..3 {
        rows.gather_genes((gene, 1), &Some, &mut all).unwrap();
    }
    assert_eq!(all.counts().unwrap(), expected());
    let mut part = Gather::new(2, 3, 5);
    rows.gather_genes((0, 3), &|cell| [Some(0), None, None, Some(1)][cell as usize], &mut part).unwrap();
    assert_eq!(part.counts().unwrap(), expected().select_cells(&[0, 3]));
    assert_eq!(rows.label("group").unwrap().read(0, 4).unwrap().text(3).as_deref(), Some("b"));
}

#[test]
fn log_normalised_genes_in_rows_are_gathered() {
    let rows = open("by_genes_logged.h5ad", &Matrix::Auto).unwrap();
    assert_eq!(rows.scale(), Scale::LogNormalised);
    let mut all = Gather::new(4, 3, 5);
    rows.gather_genes((0, 3), &Some, &mut all).unwrap();
    let found = all.normalised().unwrap().gene(2);
    assert!((found[3] - 5.5_f32.ln()).abs() < 1e-6, "{found:?}");
    // Rows of cells say the same of a file of counts.
    assert!(matches!(open("tenx_v3.h5", &Matrix::Auto).unwrap().expression(0, 1).unwrap(), Expression::Counts(_)));
}

#[test]
fn a_real_matrix_reads_alike_by_genes_and_by_cells() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let open = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).ok()?;
        Some(CellRows::open_whole(ReadSeekSource::new(Cursor::new(bytes)).unwrap(), &Matrix::Auto).unwrap())
    };
    let (Some(by_genes), Some(by_cells)) = (open("fixture_kang_csc.h5ad"), open("fixture_kang_csr.h5ad")) else {
        eprintln!("skipped: no measured data beside the project");
        return;
    };
    assert!(by_genes.is_by_genes() && !by_cells.is_by_genes());
    let stored = by_genes.stored_about().unwrap();
    assert_eq!(stored, by_cells.stored_about().unwrap());
    let (cells, genes) = (by_genes.cells(), by_genes.genes().len());
    let mut gather = Gather::new(cells, genes, stored as usize);
    for first in (0..genes).step_by(137) {
        by_genes.gather_genes((first, 137.min(genes - first)), &Some, &mut gather).unwrap();
    }
    assert_eq!(gather.counts().unwrap(), by_cells.counts(0, cells).unwrap());
}
