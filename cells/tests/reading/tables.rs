//! Dense tables of counts in the forms that people have, and tables that are none.
//!
//! Does: writes each, opens it as trainer and page do, compares counts, names and labels.
//! Does not know: files on disk.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use cells::h5ad::{CellRows, Matrix};
use cells::parts::{Chosen, Part, choose};

use super::support::{dense, label, open_table};

/// Opens a text by its name, as trainer and page choose the reader.
fn open_as(name: &str, bytes: &[u8], asked: &Matrix) -> Result<CellRows, String> {
    let head = bytes[..bytes.len().min(cells::sniff::HEAD)].to_vec();
    match choose(&[Part { name: name.to_owned(), head }])? {
        Chosen::Table { .. } => open_table(bytes, 11, asked).map_err(|error| error.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

fn open(text: &str) -> Result<CellRows, String> {
    open_as("GSM1_counts.csv", text.as_bytes(), &Matrix::Auto)
}

fn refused(text: &str) -> String {
    open(text).err().unwrap_or_else(|| panic!("{text} is read"))
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

const GENES: [&str; 3] = ["CD3D", "LYZ", "MS4A1"];
const NAMES: [&str; 2] = ["AAACATACAACCAC-1", "AAACATTGAGCTAC-1"];
const COUNTS: [[u32; 3]; 2] = [[3, 0, 10], [0, 2, 1]];
const GENES_IN_ROWS: &str = "gene\tAAACATACAACCAC-1\tAAACATTGAGCTAC-1\nCD3D\t3\t0\nLYZ\t0\t2\nMS4A1\t10\t1\n";
const CELLS_IN_ROWS: &str = ",CD3D,LYZ,MS4A1\nAAACATACAACCAC-1,3,0,10\nAAACATTGAGCTAC-1,0,2,1\n";

fn is_expected(rows: &CellRows, what: &str) {
    assert_eq!(rows.genes(), GENES, "{what}");
    assert_eq!(rows.names(0, 2).unwrap(), NAMES, "{what}");
    assert_eq!(dense(rows), COUNTS, "{what}");
}

#[test]
fn one_table_is_read_in_every_form() {
    let r_of = |apart: &str| {
        let quoted = GENES_IN_ROWS.replacen("gene\t", "", 1).replace('\t', apart);
        quoted.split_inclusive('\n').map(str::to_owned).collect::<String>()
    };
    let all_quoted = |text: &str, apart: char| -> String {
        text.lines()
            .map(|line| {
                line.split(apart).map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(&apart.to_string())
            })
            .map(|line| line + "\n")
            .collect()
    };
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(CELLS_IN_ROWS.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("tabs.tsv", GENES_IN_ROWS.into()),
        ("commas.csv", GENES_IN_ROWS.replace('\t', ",").into()),
        ("cells.csv", CELLS_IN_ROWS.into()),
        ("blanks.txt", r_of(" ").into()),
        ("r_tabs.txt", r_of("\t").into()),
        ("quoted.csv", all_quoted(CELLS_IN_ROWS, ',').into()),
        ("quoted.txt", all_quoted(&r_of("\t"), '\t').into()),
        ("bom.csv", format!("\u{feff}{CELLS_IN_ROWS}").into()),
        ("windows.csv", CELLS_IN_ROWS.replace('\n', "\r\n").into()),
        ("mac.csv", CELLS_IN_ROWS.replace('\n', "\r").into()),
        ("no_end.csv", CELLS_IN_ROWS.trim_end().into()),
        ("empty_lines.csv", format!("\n{}\n\n", CELLS_IN_ROWS.replacen('\n', "\n\n", 2)).into()),
        ("comments.tsv", format!("# written by a program\n# version 2\n{GENES_IN_ROWS}").into()),
        ("utf16.txt", utf16),
        ("decimal.csv", CELLS_IN_ROWS.replace(",10\n", ",10.0\n").replace(",0", ",0.0").into()),
        ("scientific.csv", CELLS_IN_ROWS.replace(",10\n", ",1e+01\n").into()),
        ("semicolons.csv", CELLS_IN_ROWS.replace(',', ";").replace(";10\n", ";10,0\n").into()),
        ("index.csv", CELLS_IN_ROWS.replacen(",CD3D", "cell_id,CD3D", 1).into()),
        ("trailing.csv", CELLS_IN_ROWS.replace('\n', ",\n").into()),
        ("spaces.csv", CELLS_IN_ROWS.replace(',', " , ").into()),
        ("gct.gct", format!("#1.2\n3\t2\n{GENES_IN_ROWS}").into()),
    ];
    for (name, bytes) in forms {
        is_expected(&open_as(name, &bytes, &Matrix::Auto).unwrap_or_else(|why| panic!("{name}: {why}")), name);
        let packed = pack(&bytes);
        is_expected(&open_as(&format!("{name}.gz"), &packed, &Matrix::Auto).unwrap(), name);
    }
}

#[test]
fn the_report_says_which_side_was_taken_and_why() {
    let text = open(GENES_IN_ROWS).unwrap().full_report().unwrap().to_string();
    assert!(text.contains("file\tTable of numbers (tab-separated, genes in rows)"), "{text}");
    assert!(text.contains("3 of 3 names of rows are known as names of genes"), "{text}");
    assert!(text.contains("matrix\t`table` holds counts"), "{text}");
    let text = open(CELLS_IN_ROWS).unwrap().full_report().unwrap().to_string();
    assert!(text.contains("comma-separated, cells in rows"), "{text}");
    // Names that tell nothing: sizes do, and the other side can be asked for.
    let odd = ",a,b\nw,1,2\nx,0,1\ny,5,0\n";
    let rows = open(odd).unwrap();
    assert_eq!((rows.cells(), rows.report().groups.len()), (2, 2));
    assert!(rows.report().to_string().contains("more rows than columns (3 × 2)"));
    let asked = Matrix::Named("cells in rows".to_owned());
    let turned = open_as("x.csv", odd.as_bytes(), &asked).unwrap();
    assert_eq!((turned.cells(), turned.genes()), (3, &["a".to_owned(), "b".to_owned()][..]));
    // Barcodes tell it too, and what the column is called.
    assert_eq!(open(",AAACATACAACCAC-1,AAACATTGAGCTAC-1,AAACATTGAGCTTT-1\nw,1,2,3\nx,0,1,0\n").unwrap().cells(), 3);
    assert_eq!(open("cell,w,x\na,1,2\nb,0,1\nc,2,2\n").unwrap().cells(), 3);
}

#[test]
fn descriptions_identifiers_and_labels_find_their_place() {
    let both = "id\tsymbol\tlength\tc1\tc2\nENSG00000167286\tCD3D\t1000\t3\t0\nENSG00000090382\tLYZ\t2000\t0\t2\n";
    let rows = open(both).unwrap();
    assert_eq!(rows.genes(), ["CD3D", "LYZ"]);
    assert_eq!(rows.identifiers().unwrap()[1], "ENSG00000090382");
    assert_eq!(dense(&rows), [[3, 0], [0, 2]]);
    assert!(rows.report().to_string().contains("left out: length"), "{}", rows.report());
    // featureCounts and HTSeq.
    let counted = "# Program:featureCounts v2\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\nCD3D\t11;11\t1;5\t2;9\t-;-\t6\t3\nLYZ\t12\t1\t5\t+\t5\t7\n";
    let rows = open(counted).unwrap();
    assert_eq!((rows.genes().len(), rows.cells(), dense(&rows)), (2, 1, vec![vec![3, 7]]));
    let rows = open("gene\ta\tb\nCD3D\t3\t1\nLYZ\t1\t1\n__no_feature\t90\t80\n").unwrap();
    assert_eq!((rows.genes().len(), dense(&rows)), (2, vec![vec![3, 1], vec![1, 1]]));
    // Labels among the genes; numbers with the names of labels count nothing.
    let labelled = ",cell_type,CD3D,nCount_RNA,LYZ,percent.mt,age\nc1,B cell,3,30,0,0.5,\nc2,T cell,0,20,2,1.5,7\n";
    let rows = open(labelled).unwrap();
    assert_eq!(
        (rows.genes(), dense(&rows)),
        (&["CD3D".to_owned(), "LYZ".to_owned()][..], vec![vec![3, 0], vec![0, 2]])
    );
    assert_eq!(label(&rows, "cell_type")[1].as_deref(), Some("T cell"));
    assert_eq!(label(&rows, "nCount_RNA")[0].as_deref(), Some("30"));
    assert_eq!((label(&rows, "age")[0].as_deref(), label(&rows, "age")[1].as_deref()), (None, Some("7")));
    // The numbers of rows that pandas writes.
    let rows = open(",gene,c1,c2\n0,CD3D,3,0\n1,LYZ,0,2\n").unwrap();
    assert_eq!((rows.genes().len(), rows.cells()), (2, 2));
    // Labels of cells in a line of their own.
    let rows = open("gene,c1,c2,c3\ncell_type,B,T,T\nCD3D,1,0,2\nLYZ,0,3,1\n").unwrap();
    assert_eq!(label(&rows, "cell_type")[2].as_deref(), Some("T"));
    assert_eq!(dense(&rows), [[1, 0], [0, 3], [2, 1]]);
    // Names that come again, by the rule of the house.
    let rows = open("gene,c1,c2\nCD3D,1,0\nCD3D,2,3\nLYZ,1,1\n").unwrap();
    assert_eq!((rows.genes(), dense(&rows)[0].clone()), (&GENES_AGAIN.map(str::to_owned)[..], vec![1, 2, 1]));
    // Without a header, and without names of cells.
    let rows = open("CD3D,5,0,1\nLYZ,0,2,1\n").unwrap();
    assert_eq!((rows.names(0, 3).unwrap()[2].as_str(), rows.genes().len()), ("cell-3", 2));
    let rows = open("CD3D,LYZ,MS4A1\n1,0,2\n0,3,1\n").unwrap();
    assert_eq!((rows.cells(), dense(&rows)), (2, vec![vec![1, 0, 2], vec![0, 3, 1]]));
}

const GENES_AGAIN: [&str; 3] = ["CD3D", "CD3D-1", "LYZ"];

#[test]
fn values_are_judged_as_elsewhere() {
    let logged = |count: f64| (count * 2500.0_f64).ln_1p();
    let text = format!(",CD3D,LYZ\nc1,{},{}\nc2,{},0\n", logged(1.0), logged(3.0), logged(4.0));
    let rows = open(&text).unwrap();
    assert!(rows.report().to_string().contains("holds log-normalised expression"), "{}", rows.report());
    let corrected = ",CD3D,LYZ\nc1,1,0.5\nc2,2,25.4\n";
    assert!(refused(corrected).contains("corrected, fractional counts, not counts: line 2 holds 0.5"));
    let rounded = open_as("x.csv", corrected.as_bytes(), &Matrix::Named("rounded".to_owned())).unwrap();
    assert_eq!(dense(&rounded), [[1, 1], [2, 25]]);
    let negative = refused(",CD3D,LYZ\nc1,1,-2\nc2,2,1\n");
    assert!(negative.contains("scaled values") && negative.contains("line 2 holds -2"), "{negative}");
    let large = refused(",CD3D,LYZ\nc1,1,5000000000\nc2,2,1\n");
    assert!(large.contains("line 2 holds 5000000000") && large.contains("largest count"), "{large}");
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (text, words) in [
        (",CD3D,LYZ,MS4A1\nc1,1,2,3\nc2,1,2\nc3,1,2,3\n", "line 3 holds 3 words where the lines before it hold 4"),
        (",CD3D,LYZ\nc1,1,2\nc2,1", "was the file cut off?"),
        (",CD3D,LYZ\nc1,1,2\nc2,,2\n", "line 3 holds nothing in column CD3D, where a count must stand; write 0"),
        (",CD3D,LYZ\nc1,1,2\nc2,NaN,2\n", "line 3 holds `NaN` in column CD3D"),
        (",CD3D,LYZ\nc1,1,2\nc2,3,2\nc3,1,1\nc4,1,1\nc5,0,1\nc6,1O,1\n", "line 7 holds `1O` in column CD3D"),
        (",CD3D,LYZ\nc1,1,2,3,4\nc2,1,2,3,4\n", "the header (line 1) holds 3 names, but the line after it 5"),
        ("a,\0\n1,2\n", "line 1 is no text"),
    ] {
        let error = refused(text);
        assert!(error.contains(words), "{text:?}: {error}");
    }
    let error = open_as("x.csv", CELLS_IN_ROWS.as_bytes(), &Matrix::Named("spliced".to_owned())).err().unwrap();
    assert!(error.contains("no `spliced`"), "{error}");
    let half = &pack(CELLS_IN_ROWS.repeat(50).as_bytes())[..60];
    assert!(open_as("x.csv.gz", half, &Matrix::Auto).err().unwrap().contains("cannot be unpacked"));
}

#[test]
fn tables_that_are_none_of_counts_are_told_what_they_look_like() {
    for (text, words) in [
        ("This is a text.\nIt says, in words, a lot.\nAnd then no more.\n", "a text and no table"),
        ("CD3D\nLYZ\nMS4A1\n", "a list of names without counts"),
        ("{\n\"a\": [1, 2]\n}\n", "JSON"),
        (
            ",cell_type,donor,n_genes\nc1,B,d1,300\nc2,T,d2,400\n",
            "a table of labels of cells (cell_type, donor, n_genes)",
        ),
        (
            "gene,p_val,avg_log2FC,pct.1,pct.2,p_val_adj\nCD3D,0.1,2,0.5,0.4,1\nLYZ,NA,3,0.1,0.2,1\n",
            "results of a test of genes (p_val, avg_log2FC, pct.1)",
        ),
        ("cluster,gene\n0,CD3D\n0,LYZ\n1,MS4A1\n", "a list of genes, such as markers"),
        ("B,T\nCD79A,CD3D\nMS4A1,IL7R\n", "a list of genes, such as markers"),
        (",UMAP_1,UMAP_2\nc1,0.5,-3\nc2,1.5,2\n", "coordinates of cells (UMAP_1, UMAP_2)"),
        (",CD3D,LYZ,ISG15\nCD3D,1,0.5,0.1\nLYZ,0.5,1,0.2\nISG15,0.1,0.2,1\n", "a matrix of each with each"),
        ("1,2\n3,4\n5,7\n", "numbers alone, without names"),
        (
            "date,temperature,rain\n2024-01-01,3.5,1\n2024-01-02,-1,0.5\n",
            "a table of other numbers (temperature, rain)",
        ),
    ] {
        let error = refused(text);
        assert!(error.contains(words) && error.contains("; choose"), "{text:?}: {error}");
    }
}
