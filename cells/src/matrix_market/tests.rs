//! Tests of the Matrix Market reader: round trips in any pieces, companions, wrong lines.
//!
//! Does: writes small matrices and reads them back, packed and not; damages lines.
//! Does not know: files.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use proptest::prelude::{Strategy, prop, proptest};

use super::{Companions, Entry, Held, Inflate, MtxError, Odd, Reader, Size, Trio, write};
use crate::counts::Counts;
use crate::h5ad::{Expression, Matrix};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

/// Reads a text in pieces of so many bytes.
fn read(bytes: &[u8], piece: usize) -> Result<(Size, Option<Odd>, Vec<Entry>), MtxError> {
    let (mut reader, mut inflate, mut entries) = (Reader::new(), Inflate::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        let text = inflate.push(piece)?;
        reader.push(&text, &mut |entry| entries.push(entry))?;
    }
    reader.push(&inflate.finish()?, &mut |entry| entries.push(entry))?;
    let (size, odd) = reader.finish(&mut |entry| entries.push(entry))?;
    Ok((size, odd, entries))
}

fn names(count: usize, word: &str) -> String {
    (0..count).map(|at| format!("{word}{at}\tG{at}\tGene Expression\n")).collect()
}

/// The cells of three texts.
fn held(
    matrix: &[u8],
    piece: usize,
    texts: [&[u8]; 2],
    kept: Option<&[usize]>,
    asked: &Matrix,
) -> Result<Held, MtxError> {
    let (size, odd, entries) = read(matrix, piece)?;
    let mut trio = Trio::new(Companions::read(texts[0], texts[1], size, super::genome(asked))?, size.stored, kept);
    entries.into_iter().for_each(|entry| trio.take(entry));
    trio.finish(odd, asked)
}

/// Counts and names of a text with made-up companions.
fn cells(
    bytes: &[u8],
    piece: usize,
    genes: usize,
    barcodes: usize,
    kept: Option<&[usize]>,
) -> (Counts, Vec<String>, Vec<String>) {
    let (genes, barcodes) = (names(genes, "ENSG"), names(barcodes, "AAAC"));
    let held = held(bytes, piece, [genes.as_bytes(), barcodes.as_bytes()], kept, &Matrix::Auto).unwrap();
    let Expression::Counts(counts) = held.expression else { panic!("no counts") };
    (counts, held.genes.names, held.names)
}

fn dense() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0_u32..4, 7), 0..9)
}

proptest! {
    #[test]
    fn counts_come_back_in_any_pieces(rows in dense(), piece in 1_usize..40, packed: bool) {
        let counts = Counts::from_dense_rows(7, rows.iter().map(Vec::as_slice));
        let text = write(&counts).into_bytes();
        let bytes = if packed { gzip(&text) } else { text.clone() };
        let (found, ..) = cells(&bytes, piece, 7, rows.len(), None);
        assert_eq!(found, counts);
        assert_eq!(write(&found).into_bytes(), text);
    }
}

#[test]
fn order_and_direction_do_not_matter() {
    let head = "%%MatrixMarket matrix coordinate real general\n%metadata\n";
    let by_genes = format!("{head}2 3 3\n2 1 4\n1 3 1.0\n1 1 2e0\n");
    let by_cells = format!("\u{feff}{head}3 2 3\r\n1 1 2\r\n3 1 1\r\n1 2 4");
    let expected = Counts::from_dense_rows(2, [[2_u32, 4], [0, 0], [1, 0]].iter().map(|row| row.as_slice()));
    let (counts, genes, _) = cells(by_genes.as_bytes(), 5, 2, 3, None);
    assert_eq!((&counts, &genes), (&expected, &vec!["G0".to_owned(), "G1".to_owned()]));
    assert_eq!(cells(by_cells.as_bytes(), 1000, 2, 3, None).0, expected);
    let (counts, _, names) = cells(by_genes.as_bytes(), 1000, 2, 3, Some(&[0, 2]));
    assert_eq!((counts, names), (expected.select_cells(&[0, 2]), vec!["AAAC0".into(), "AAAC2".into()]));
}

/// Companions of a matrix of so many rows and columns.
fn companions(features: &str, barcodes: &str, rows: u64, columns: u64) -> Result<Companions, MtxError> {
    Companions::read(features.as_bytes(), barcodes.as_bytes(), Size { rows, columns, stored: 0 }, None)
}

#[test]
fn what_is_no_gene_is_left_out_and_names_are_unique() {
    let text = "ENSG1\tCD3D\tGene Expression\nAB1\tCD3\tAntibody Capture\nENSG2\tCD3D\tgene expression\nENSG3\n";
    let packed = gzip(text.as_bytes());
    let size = Size { rows: 4, columns: 1, stored: 0 };
    let found = Companions::read(&packed, b"AAAC-1\n", size, None).unwrap();
    assert_eq!(found.genes.names, ["CD3D", "CD3D-1", "ENSG3"]);
    assert_eq!(found.genes.columns, [Some(0), None, Some(1), Some(2)]);
    assert_eq!(companions("ENSG1\tCD3D\n", "A\n", 1, 1).unwrap().genes.names, ["CD3D"]);
    let error = companions("AB1\tCD3\tAntibody Capture\n", "A\n", 1, 1).unwrap_err().to_string();
    assert!(error.contains("no gene expression") && error.contains("Antibody Capture"), "{error}");
    let error = Companions::read(b"A\n", &[0xff, 0xfe, 0x00], size, None).unwrap_err().to_string();
    assert!(error.contains("barcodes.tsv"), "{error}");
}

#[test]
fn names_stay_with_their_rows() {
    let plain = companions("E1\tA\nE2\tB\nE3\tC\n", "x\ny\n", 3, 2).unwrap();
    assert_eq!(
        (plain.genes.names.clone(), plain.names.clone()),
        (vec!["A".into(), "B".into(), "C".into()], vec!["x".into(), "y".into()])
    );
    for features in [
        "gene_id\tgene_name\nE1\tA\nE2\tB\nE3\tC\n",
        "\"\",\"V1\",\"V2\"\n\"1\",\"E1\",\"A\"\n\"2\",\"E2\",\"B\"\n\"3\",\"E3\",\"C\"\n",
        "V1 V2\n1 E1 A\n2 E2 B\n3 E3 C\n",
        "A\nB\nC\n",
        "\nE1\tA\nE2\tB\nE3\tC\n\n",
        "E1\tA\n\nE2\tB\nE3\tC\n",
    ] {
        for barcodes in ["x\ny\n", "barcode\nx\ny\n", "\"\",\"x\"\n\"1\",\"x\"\n\"2\",\"y\"\n", "x,1\r\ny,2\r\n"] {
            let found = companions(features, barcodes, 3, 2).unwrap();
            assert_eq!(
                (&found.genes.names, &found.names),
                (&plain.genes.names, &plain.names),
                "{features:?} {barcodes:?}"
            );
            assert!(!found.cells_are_rows);
            assert!(companions(features, barcodes, 2, 3).unwrap().cells_are_rows);
        }
    }
    // An empty line that stands for a row keeps it.
    let unnamed = companions("E1\tA\n\nE3\tC\n", "x\ny\n", 3, 2).unwrap();
    assert_eq!(unnamed.genes.names, ["A", "unnamed-row-2", "C"]);
    assert!(unnamed.notes[0].contains("number of their row"));
    // A header instead of a row would shift every name.
    assert!(companions("gene_id\tgene_name\nE1\tA\nE2\tB\n", "x\ny\n", 3, 2).is_err());
    let apart = companions("A\nB\n", "x\n", 1, 1).unwrap_err().to_string();
    assert!(apart.contains("1 × 1, but there are 2 features and 1 barcodes"), "{apart}");
}

#[test]
fn a_table_of_cells_gives_labels() {
    let table = "bc_wells,sample,species,gene_count,score\n01_01_01,ctrl,hg38,100,0.5\n01_01_02,,hg38,200,\n";
    let genes =
        "gene_id,gene_name,genome\nENSG00000000003,TSPAN6,hg38\nENSG00000000005,TNMD,hg38\nENSG00000000419,DPM1,hg38\n";
    let found = companions(genes, table, 2, 3).unwrap();
    assert!(found.cells_are_rows);
    assert_eq!(found.genes.names, ["TSPAN6", "TNMD", "DPM1"]);
    assert_eq!(found.names, ["01_01_01", "01_01_02"]);
    assert_eq!(found.labels["sample"].text(1), None);
    assert_eq!(found.labels["gene_count"].text(1).as_deref(), Some("200"));
    assert_eq!(found.labels["score"].text(0).as_deref(), Some("0.5"));
}

#[test]
fn kinds_of_values_are_judged() {
    let genes = names(3, "ENSG");
    let ask = |matrix: &str, asked: &Matrix| {
        let text = format!("%%MatrixMarket matrix coordinate float general\n3 2 4\n{matrix}");
        held(text.as_bytes(), 7, [genes.as_bytes(), b"x\ny\n"], None, asked)
    };
    let corrected = "1 1 1\n2 1 0.5\n1 2 2\n3 2 25.4\n";
    let error = ask(corrected, &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("corrected, fractional counts") && error.contains("line 4 holds 0.5"), "{error}");
    let rounded = ask(corrected, &Matrix::Named("rounded".into())).unwrap();
    let Expression::Counts(counts) = &rounded.expression else { panic!("no counts") };
    assert_eq!(counts.row(1), (&[0_u32, 2][..], &[2_u32, 25][..]));
    assert!(rounded.report.read_as.contains("rounded"));
    let logged: String = [(1, 1, 1.0), (2, 1, 3.0), (1, 2, 2.0), (3, 2, 2.0)]
        .map(|(gene, cell, count): (u8, u8, f64)| format!("{gene} {cell} {}\n", (count * 2500.0).ln_1p()))
        .concat();
    let held = ask(&logged, &Matrix::Auto).unwrap();
    assert!(matches!(held.expression, Expression::LogNormalised(_)), "{}", held.report);
    let error = ask("1 1 -2\n2 1 1\n3 1 1\n1 2 1\n", &Matrix::Auto).err().unwrap().to_string();
    assert!(error.contains("scaled") && error.contains("-2"), "{error}");
    // Entries of one place are added up.
    let twice = ask("1 1 1\n1 1 2\n1 2 1\n3 2 1\n", &Matrix::Auto).unwrap().into_rows();
    assert_eq!(twice.counts(0, 1).unwrap().row(0), (&[0_u32][..], &[3_u32][..]));
    assert_eq!((twice.names(0, 2).unwrap(), twice.report().cells), (vec!["x".to_owned(), "y".to_owned()], 2));
}

#[test]
fn one_matrix_is_read_in_every_form() {
    let plain = "%%MatrixMarket matrix coordinate real general\n% a comment\n2 3 3\n2 1 4\n1 3 2.5\n1 1 2\n";
    let (size, odd, entries) = read(plain.as_bytes(), 1000).unwrap();
    assert_eq!((size.rows, size.columns, odd.unwrap().line), (2, 3, 5));
    let wide = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        mark.into_iter().chain(plain.encode_utf16().flat_map(bytes)).collect()
    };
    let (head, body) = plain.split_at(plain.find("2 3 3").unwrap());
    let forms = [
        plain.replace('\n', "\r").into_bytes(),
        plain.replace('\n', "\r\n").into_bytes(),
        wide([0xff, 0xfe], u16::to_le_bytes),
        wide([0xfe, 0xff], u16::to_be_bytes),
        format!("{head}{}", body.replace(' ', ",")).into_bytes(),
        format!("{head}{}", body.replace(' ', ", ")).into_bytes(),
        format!("{head}{}", body.replace(' ', ";").replace("2.5", "2,5")).into_bytes(),
        format!("{head}{}", body.replace("2.5", "2,5")).into_bytes(),
        body.as_bytes().to_vec(),
        format!("% made by hand\n{body}").into_bytes(),
        plain.replace("%%MatrixMarket ", "%MatrixMarket\t").into_bytes(),
    ];
    for form in forms {
        for piece in [1, 2, 7, 1000] {
            let (found, _, values) = read(&form, piece).unwrap();
            assert_eq!((found, &values), (size, &entries), "{}", String::from_utf8_lossy(&form));
        }
    }
}

#[test]
fn headers_of_many_programs_are_no_names() {
    let ids = ["ENSG00000000001", "ENSG00000000002"];
    let features = |header: &str, apart: char| {
        let line = |at: usize| format!("{}{apart}{}{apart}gene_expression\n", ids[at], ["CD3D", "LYZ"][at]);
        format!("{header}\n{}{}", line(0), line(1))
    };
    let cells = |header: &str| format!("{header}\nAAACATACAACCAC-1\nAAACATTGAGCTAC-1\nAAACCGTGCTTCCG-1\n");
    for header in [
        "EnsemblID,GeneSymbol,FeatureType",
        "gene-id,gene-name,feature-type",
        "accession,hgnc,type",
        "col1,col2,col3",
        "V1,V2,V3",
        "0,1,2",
        "what,ever,this",
    ] {
        for barcodes in
            ["CellID", "cellname", "CB", "barcode_id", "obs_names", "sample", "Cell Barcode", "X", "0", "anything"]
        {
            let found = companions(&features(header, ','), &cells(barcodes), 2, 3).unwrap();
            assert_eq!(found.genes.names, ["CD3D", "LYZ"], "{header}");
            assert_eq!((found.names.len(), found.names[0].as_str()), (3, "AAACATACAACCAC-1"), "{barcodes}");
        }
    }
    let pandas =
        companions(",0,1\n0,ENSG00000000001,CD3D\n1,ENSG00000000002,LYZ\n", ",0\n0,x\n1,y\n2,z\n", 2, 3).unwrap();
    assert_eq!(
        (pandas.genes.names, pandas.names),
        (vec!["CD3D".to_owned(), "LYZ".into()], vec!["x".to_owned(), "y".into(), "z".into()])
    );
    // Without a header the same lines are names.
    let plain = companions("what\tever\nENSG00000000001\tCD3D\n", &cells("x"), 2, 4).unwrap();
    assert_eq!((plain.genes.names[0].as_str(), plain.names[0].as_str()), ("ever", "x"));
}

#[test]
fn kinds_are_known_in_any_spelling() {
    for (gene, other) in [
        ("gene_expression", "antibody_capture"),
        ("Gene-Expression", "Antibody-Capture"),
        ("Gene.Expression", "Antibody.Capture"),
        ("GENE EXPRESSION", "Protein Expression"),
    ] {
        let text = format!("E1\tCD3D\t{gene}\nA1\tCD3\t{other}\nE2\tLYZ\t{gene}\n");
        assert_eq!(companions(&text, "x\n", 3, 1).unwrap().genes.names, ["CD3D", "LYZ"], "{gene}");
        // Two species beside an antibody.
        let text = format!("E1\tGRCh38_CD3D\t{gene}\nA1\tCD3\t{other}\nE2\tmm10___Lyz2\t{gene}\n");
        assert_eq!(companions(&text, "x\n", 3, 1).unwrap().genes.names, ["CD3D", "Lyz2"], "{gene}");
    }
}

#[test]
fn as_many_cells_as_genes_lie_as_the_texts_say() {
    let genes = "gene_id,gene_name,genome\nENSG00000000003,TSPAN6,hg38\nENSG00000000005,TNMD,hg38\n";
    let parse = companions(genes, "bc_wells,sample\n01_01_01,a\n01_01_02,b\n", 2, 2).unwrap();
    assert!(parse.cells_are_rows && parse.notes[0].contains("Parse"), "{:?}", parse.notes);
    let tenx = companions("E1\tA\nE2\tB\n", "AAACATACAACCAC-1\nAAACATTGAGCTAC-1\n", 2, 2).unwrap();
    assert!(!tenx.cells_are_rows && tenx.notes[0].contains("10x"), "{:?}", tenx.notes);
}

#[test]
fn wrong_lines_are_named() {
    let head = "%%MatrixMarket matrix coordinate integer general\n% a comment\n";
    let cases = [
        ("%%MatrixMarket matrix array real general\n1 1\n".to_owned(), "line 1"),
        ("%%MatrixMarket matrix coordinate pattern general\n".to_owned(), "line 1"),
        ("CELL,1\n".to_owned(), "CELL,1"),
        (format!("{head}2 3\n"), "line 3"),
        (format!("{head}2 3 1\n0 1 1\n"), "line 4"),
        (format!("{head}2 3 1\n3 1 1\n"), "row from 1 to 2"),
        (format!("{head}2 3 1\n1 4 1\n"), "column from 1 to 3"),
        (format!("{head}2 3 1\n1 1 3 2 1\n"), "line 4 holds 3 values, `1 1 3 2 1`, as Velocyto"),
        (format!("{head}2 3 1\n1 1 nan\n"), "line 4"),
        (format!("{head}2 3 1\n1 1\n"), "line 4"),
        (format!("{head}2 3 1\n1 1 1\n1 2 1\n"), "line 5"),
        (format!("{head}2 3 4\n1 1 1\n"), "ends after 1"),
        (format!("{head}{}", "7".repeat(9000)), "line 3"),
        (String::new(), "line 1"),
    ];
    for (text, word) in cases {
        let error = read(text.as_bytes(), 1 << 20).unwrap_err().to_string();
        assert!(error.contains(word), "{text:.80}: {error}");
        assert_eq!(read(text.as_bytes(), 3).unwrap_err().to_string().split(':').next(), error.split(':').next());
    }
}

#[test]
fn a_damaged_packing_is_told() {
    let whole = gzip(b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 1\n");
    assert!(matches!(read(&whole[..whole.len() - 6], 7), Err(MtxError::Packed(_))));
    let mut damaged = whole.clone();
    damaged[20] ^= 0x55;
    assert!(read(&damaged, 1000).is_err());
    // Two packed files, one after the other, are one text.
    let two = [gzip(b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n"), gzip(b"1 1 3\n")].concat();
    assert_eq!(read(&two, 11).unwrap().2, [Entry { row: 0, column: 0, value: 3.0 }]);
    // No more than a caller has room for.
    assert_eq!(Inflate::within(&gzip(&[b'a'; 1000]), 999).unwrap(), None);
    assert_eq!(Inflate::within(&gzip(&[b'a'; 1000]), 1000).unwrap().unwrap().len(), 1000);
    // 100 MB of zeros in 100 kB.
    let bomb = gzip(&vec![0; 100 << 20]);
    let error = Inflate::all(&bomb).unwrap_err().to_string();
    assert!(error.contains("far more than its size"), "{error}");
}

#[test]
fn long_comments_are_passed_over() {
    let text = |comment: &str| {
        format!("%%MatrixMarket matrix coordinate integer general\n%{comment}\n1 1 1\n% {comment}\n1 1 3\n")
    };
    for piece in [100, 5000, 1 << 20] {
        let (size, _, entries) = read(text(&"x".repeat(50_000)).as_bytes(), piece).unwrap();
        assert_eq!((size.stored, entries.len()), (1, 1));
    }
    // A long line that is no comment still ends in a sentence.
    let error = read(text("").replace("1 1 3", &"1".repeat(5000)).as_bytes(), 100).unwrap_err().to_string();
    assert!(error.contains("line 5"), "{error}");
}

#[test]
fn what_unpacks_to_far_more_than_its_size_is_refused_on_the_way() {
    let head = b"%%MatrixMarket matrix coordinate integer general\n1 1 1\n1 1 3\n";
    let packed = gzip(&[&head[..], &vec![b'\n'; 80 << 20]].concat());
    assert!(packed.len() < 200_000);
    for piece in [4096, packed.len()] {
        let error = read(&packed, piece).unwrap_err().to_string();
        assert!(error.contains("far more than its size"), "{error}");
    }
}

#[test]
fn companions_of_pandas_of_r_and_of_latin_letters_are_read() {
    let size = Size { rows: 2, columns: 2, stored: 0 };
    for (features, barcodes) in [
        (&b"0\nA\nB\n"[..], &b",0\n0,x\n1,y\n"[..]),
        (b",gene\n0,A\n1,B\n", b"0\nx\ny\n"),
        (b"'E1'\t'A'\n'E2'\t'B'\n", b"'x'\n'y'\n"),
    ] {
        let found = Companions::read(features, barcodes, size, None).unwrap();
        assert_eq!(
            (found.genes.names, found.names),
            (vec!["A".to_owned(), "B".to_owned()], vec!["x".into(), "y".into()])
        );
    }
    let latin = Companions::read(b"A\nB\n", b"caf\xe9\ny\n", size, None).unwrap();
    assert_eq!(latin.names[0], "caf\u{e9}");
}
