//! A visitor's own data: files of both kinds, what is said before and after reading, groups, tests, stops, refusals.
//!
//! Does: writes small files with a planted truth, hands them to the page as a person would, reads what it says.
//! Does not know: how the page reads them.
//! Flow: written files → page → **summary, test, sentences**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
use cells::{Cells, Column, Counts, matrix_market};

use super::explore::csv;
use super::page::{Page, with_page};
use crate::boundaries::root;

/// The shipped bundle on the CPU, the Data view open; the sample is small and quick.
const DATA: &str = "view=data&device=cpu&cells=8&steps=2";
/// Loading a bundle, at most.
const LOADING: u64 = 120;
/// Reading and testing a small file, at most.
const READING: u64 = 120;
/// The gene that differs.
const PLANTED: &str = "ISG15";

/// Waits until files can be chosen.
pub(super) fn ready(page: &Page) {
    // Files are taken while the model is loading; the sample is not.
    page.wait("the model", LOADING, |page| {
        (page.sees("data-sample") && page.attribute("data-sample", "disabled").is_none()).then_some(())
    });
}

/// The first genes of the shipped bundle, the planted one among them.
pub(super) fn genes(count: usize) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("assets/models/pbmc-ifnb/bundle.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panel: Vec<String> = serde_json::from_value(card["genes"].clone()).unwrap();
    assert!(panel[..count].contains(&PLANTED.to_owned()));
    panel[..count].to_vec()
}

/// 60 cells of two conditions: every gene scatters alike, the planted one is ten times higher in "stim".
pub(super) fn planted() -> Cells {
    let genes = genes(300);
    let place = genes.iter().position(|gene| gene == PLANTED).unwrap();
    let rows: Vec<Vec<u32>> = (0..60_usize)
        .map(|cell| {
            let noise = |gene: usize| ((cell * 7919 + gene * 104_729 + cell * gene * 31) % 11) as u32 / 4;
            let mut row: Vec<u32> = (0..genes.len()).map(noise).collect();
            row[place] = if cell % 2 == 1 { 20 + (cell % 5) as u32 } else { 2 };
            row
        })
        .collect();
    let counts = Counts::from_dense_rows(genes.len(), rows.iter().map(Vec::as_slice));
    let names = (0..60).map(|cell| format!("cell-{cell}")).collect();
    let conditions: Vec<&str> = (0..60).map(|cell| ["ctrl", "stim"][cell % 2]).collect();
    let labels = BTreeMap::from([("condition".to_owned(), Column::categorical(&conditions))]);
    Cells::new(counts, genes, names, labels).unwrap()
}

/// Writes a file and gives its path.
pub(super) fn file(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Hands files to the page.
pub(super) fn choose(page: &Page, files: &[PathBuf]) {
    let paths: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    page.keys("data-files", &paths.join("\n"));
}

/// Opens the view of own data and has it read these files.
fn read(page: &Page, files: &[PathBuf]) {
    page.open(DATA);
    ready(page);
    choose(page, files);
    page.wait_for("own-cells", READING);
}

/// A Matrix Market file and its companions.
fn trio(folder: &Path, matrix: impl AsRef<[u8]>, genes: &[String], cells: usize) -> Vec<PathBuf> {
    let features: String =
        genes.iter().enumerate().map(|(at, gene)| format!("ENSG{at:011}\t{gene}\tGene Expression\n")).collect();
    let barcodes: String = (0..cells).map(|cell| format!("AAAC-{cell}\n")).collect();
    vec![
        file(folder, "barcodes.tsv", barcodes),
        file(folder, "features.tsv", features),
        file(folder, "matrix.mtx", matrix),
    ]
}

#[test]
fn a_file_is_placed_tested_and_handed_out() {
    let folder = tempfile::TempDir::new().unwrap();
    let cells = planted();
    let path = file(folder.path(), "mine.h5ad", write_h5ad(&cells, &BTreeMap::new()).unwrap());
    with_page(
        "own-h5ad",
        |_| (),
        |page| {
            read(page, &[path]);
            assert_eq!((page.text("own-cells"), page.text("own-genes")), ("60".to_owned(), "300".to_owned()));
            assert!(page.text("own-shared").starts_with("300 of "), "{}", page.text("own-shared"));
            assert!(page.text("own-values").starts_with("counts"), "{}", page.text("own-values"));
            assert!(page.text("own-origin").contains("measured (your file)"));
            // What it needs was said, and so was what there is.
            let plan = page.text("data-plan");
            assert!(plan.contains("60 cells × 300 genes") && plan.contains("the browser gives about"), "{plan}");
            assert!(page.rows("own-labels").iter().any(|row| row[0] == "condition" && row[1].contains("stim (30)")));
            page.wait("a drawn map", 30, |page| (page.painted("own-map").1 > 3).then_some(()));

            page.choose_option("group-a", "condition = ctrl");
            page.choose_option("group-b", "condition = stim");
            page.wait("group B", 30, |page| page.text("group-b-about").starts_with("30 cells").then_some(()));
            page.click("data-test");
            page.wait_for("own-table", READING);
            let rows = page.rows("own-table");
            assert_eq!(rows[0][0], PLANTED, "{rows:?}");
            assert!(rows[0][1].parse::<f64>().unwrap() > 2.0, "{:?}", rows[0]);
            assert!(page.text("own-compared").contains("Generate cells in Explore"));

            let (name, bytes) = page.download(|page| page.click("own-csv"));
            assert_eq!(name, "own-genes.csv");
            let (comments, rows) = csv(&bytes);
            assert!(comments.iter().any(|line| line.contains("condition = stim")), "{comments:?}");
            assert_eq!(rows.len(), 300);
            let (_, places) = page.download(|page| page.click("own-places"));
            let rows = csv(&places).1;
            let agree = rows.iter().map(|row| row[4].parse::<f64>().unwrap());
            assert!(rows.len() == 60 && agree.clone().all(|share| share > 0.0 && share <= 1.0), "{rows:?}");
            assert!(
                page.text("own-notes").contains("genes that make the map are in the file ("),
                "{}",
                page.text("own-notes")
            );
            let (_, h5ad) = page.download(|page| page.click("own-h5ad"));
            let read = read_h5ad(h5ad, &Matrix::X).unwrap();
            assert_eq!(read.counts, cells.counts);
            assert!(read.label("wellplate_nearest_type").is_ok());

            page.click("own-remove");
            page.wait("an empty view", 30, |page| (!page.sees("own-cells")).then_some(()));
        },
    );
}

#[test]
fn names_in_a_file_neither_split_nor_compute_in_what_is_saved() {
    let folder = tempfile::TempDir::new().unwrap();
    let own = planted();
    let hostile = ["=1+1", "a,b", "say \"so\"", "@SUM(A1)", "-x", "+y"];
    let mut genes = own.genes.clone();
    let others = genes.iter_mut().filter(|gene| *gene != PLANTED);
    others.zip(hostile).for_each(|(gene, name)| *gene = name.to_owned());
    let labels = (0..60).map(|cell| ["=cmd|'/c calc'!A0, \"x\"", "stim"][cell % 2]).collect::<Vec<_>>();
    let labels = BTreeMap::from([("condition".to_owned(), Column::categorical(&labels))]);
    let names = (0..60).map(|cell| format!("=cell,{cell}")).collect();
    let cells = Cells::new(own.counts, genes, names, labels).unwrap();
    let path = file(folder.path(), "mine.h5ad", write_h5ad(&cells, &BTreeMap::new()).unwrap());
    with_page(
        "own-hostile",
        |_| (),
        |page| {
            read(page, &[path]);
            page.choose_option("group-a", "condition = =cmd");
            page.choose_option("group-b", "condition = stim");
            page.wait("group B", 30, |page| page.text("group-b-about").starts_with("30 cells").then_some(()));
            page.click("data-test");
            page.wait_for("own-table", READING);
            for (part, apart) in [("own-csv", ','), ("own-tsv", '\t')] {
                let (_, bytes) = page.download(|page| page.click(part));
                let text = String::from_utf8(bytes).unwrap();
                let remark =
                    |key: &str| text.lines().find(|line| line.starts_with(&format!("# {key}: "))).unwrap_or_default();
                assert!(remark("A").contains("condition = =cmd") && remark("B").contains("condition = stim"), "{text}");
                assert!(remark("cells").contains("measured"), "what the numbers are of: {text}");
                assert!(!text.lines().any(|line| line.starts_with(['=', '+', '-', '@'])), "{text}");
                for name in hostile {
                    let mark = if name.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
                    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
                    let field = if name.contains([apart, '"']) { quoted } else { format!("{mark}{name}") };
                    assert!(text.lines().any(|line| line.starts_with(&format!("{field}{apart}"))), "{field} in {text}");
                }
            }
            let (_, bytes) = page.download(|page| page.click("own-places"));
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains("\n\"'=cell,59\","), "{text}");
        },
    );
}

#[test]
fn the_sample_needs_no_file() {
    with_page(
        "own-sample",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            page.click("data-sample");
            page.wait_for("own-cells", 400);
            assert_eq!(page.text("own-cells"), "16");
            assert!(page.text("own-origin").contains("generated"), "a sample is not called measured");
            assert!(page.rows("own-labels").iter().any(|row| row[0] == "condition"));
        },
    );
}

#[test]
fn three_files_in_any_order_and_one_that_is_missing() {
    let folder = tempfile::TempDir::new().unwrap();
    let cells = planted();
    let files = trio(folder.path(), matrix_market::write(&cells.counts), &cells.genes, 60);
    with_page(
        "own-trio",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            choose(page, &files[2..]);
            let said = page.wait_for_alert(60);
            assert!(said.contains("features.tsv (or genes.tsv) and barcodes.tsv are missing"), "{said}");
            choose(page, &files);
            page.wait("alert to go", 30, |page| page.alert().is_empty().then_some(()));
            page.wait_for("own-cells", READING);
            assert_eq!((page.text("own-cells"), page.text("own-genes")), ("60".to_owned(), "300".to_owned()));
            let median: f64 = page.text("own-median").parse().unwrap();
            let mut sizes = cells.counts.library_sizes();
            sizes.sort_unstable();
            assert!((median - (sizes[29] + sizes[30]) as f64 / 2.0).abs() <= 0.5, "{median}");
        },
    );
}

#[test]
fn a_dense_table_is_read_with_its_labels() {
    let folder = tempfile::TempDir::new().unwrap();
    let cells = planted();
    let mut text = format!("\"\",\"{}\",\"condition\"\r\n", cells.genes.join("\",\""));
    let mut row = vec![0; cells.genes.len()];
    for (cell, name) in cells.names.iter().enumerate() {
        cells.counts.dense_row(cell, &mut row);
        let counts: Vec<String> = row.iter().map(ToString::to_string).collect();
        text += &format!("\"{name}\",{},\"{}\"\r\n", counts.join(","), ["ctrl", "stim"][cell % 2]);
    }
    let path = file(folder.path(), "counts.csv", text);
    with_page(
        "own-table",
        |_| (),
        |page| {
            read(page, &[path]);
            assert_eq!((page.text("own-cells"), page.text("own-genes")), ("60".to_owned(), "300".to_owned()));
            assert!(page.rows("own-labels").iter().any(|row| row[0] == "condition" && row[1].contains("stim (30)")));
            assert!(page.text("own-notes").contains("Read with cells in rows"), "{}", page.text("own-notes"));
        },
    );
}

#[test]
fn a_broken_file_gets_a_sentence_and_the_page_lives_on() {
    let folder = tempfile::TempDir::new().unwrap();
    let whole = write_h5ad(&planted(), &BTreeMap::new()).unwrap();
    let cases = [
        (file(folder.path(), "text.h5ad", "this is no HDF5"), "HDF5"),
        (file(folder.path(), "cut.h5ad", &whole[..whole.len() / 2]), "cut off"),
        (file(folder.path(), "nothing.h5ad", ""), "empty"),
        (file(folder.path(), "nothing.mtx", ""), "empty"),
        (file(folder.path(), "cells.rds", "x"), "Seurat"),
    ];
    let good = file(folder.path(), "good.h5ad", &whole);
    with_page(
        "own-broken",
        |_| (),
        |page| {
            page.open(DATA);
            for (path, word) in &cases {
                ready(page);
                choose(page, std::slice::from_ref(path));
                let said = page.wait("alert", 60, |page| Some(page.alert()).filter(|text| text.contains(word)));
                assert!(!said.contains("panicked"), "{said}");
            }
            choose(page, &[good]);
            page.wait("alert to go", 30, |page| page.alert().is_empty().then_some(()));
            page.wait_for("own-cells", READING);
        },
    );
}

#[test]
fn a_file_that_is_chosen_while_the_model_loads_is_read_once_it_is_there() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = file(folder.path(), "early.h5ad", write_h5ad(&planted(), &BTreeMap::new()).unwrap());
    with_page(
        "early-file",
        |_| (),
        |page| {
            page.slow(600_000);
            page.open(DATA);
            page.wait_for("loading", LOADING);
            choose(page, &[path]);
            page.wait("a word", 30, |page| page.text("told").contains("as soon as the model").then_some(()));
            page.slow(0);
            page.wait_for("own-cells", READING);
            assert_eq!(page.text("own-cells"), "60");
            assert!(page.alert().is_empty(), "{}", page.alert());
        },
    );
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_read() {
    let folder = tempfile::TempDir::new().unwrap();
    let head = "%%MatrixMarket matrix coordinate integer general\n300 1000 4000000000\n1 1 1\n";
    let files = trio(folder.path(), head, &genes(300), 1000);
    with_page(
        "own-too-large",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            choose(page, &files);
            page.wait_for("data-read-part", READING);
            let plan = page.text("data-plan");
            assert!(plan.contains("It needs about 96 GB") && plan.contains("the browser gives about"), "{plan}");
            assert!(!page.sees("data-read"), "what does not fit cannot be read as a whole");
            assert!(page.alert().is_empty(), "{}", page.alert());
        },
    );
}

#[test]
fn reading_can_be_stopped() {
    let folder = tempfile::TempDir::new().unwrap();
    let (genes, cells) = (genes(300), 40_000);
    let mut text = format!("%%MatrixMarket matrix coordinate integer general\n300 {cells} {}\n", 40 * cells);
    for cell in 1..=cells {
        (0..40).for_each(|gene| text.push_str(&format!("{} {cell} 1\n", 1 + gene * 5)));
    }
    let files = trio(folder.path(), text, &genes, cells);
    with_page(
        "own-stop",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            choose(page, &files);
            page.wait("placing", READING, |page| page.text("data-progress").contains("Placing").then_some(()));
            page.click("data-cancel");
            ready(page);
            assert!(!page.sees("own-cells"), "a stopped file is not shown");
            assert!(page.alert().is_empty(), "{}", page.alert());
        },
    );
}

#[test]
fn corrected_counts_are_rounded_only_where_someone_agrees() {
    let folder = tempfile::TempDir::new().unwrap();
    let cells = planted();
    let text = matrix_market::write(&cells.counts).replacen("integer", "float", 1);
    // One value has a fraction: 2 becomes 1.6, which rounds back.
    let (head, entries) = text.split_at(text.find(" 2\n").unwrap());
    let files = trio(folder.path(), format!("{head} 1.6\n{}", &entries[3..]), &cells.genes, 60);
    with_page(
        "own-corrected",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            choose(page, &files);
            page.wait_for("data-corrected", READING);
            let said = page.text("data-corrected");
            assert!(said.contains("corrected, fractional counts") && said.contains("holds 1.6"), "{said}");
            assert!(!page.sees("own-cells"), "nothing is rounded without a word");
            page.click("data-round");
            page.wait_for("own-cells", READING);
            assert!(page.text("own-notes").contains("rounded to whole numbers"), "{}", page.text("own-notes"));
            let (_, h5ad) = page.download(|page| page.click("own-h5ad"));
            assert_eq!(read_h5ad(h5ad, &Matrix::X).unwrap().counts, cells.counts);
        },
    );
}

#[test]
fn the_matrix_can_be_changed() {
    let path = root().join("cells/fixtures/records.h5ad");
    with_page(
        "own-matrix",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            choose(page, &[path]);
            page.wait_for("data-matrix", READING);
            assert!(page.text("data-reason").contains("`raw.X` holds counts"), "{}", page.text("data-reason"));
            ready(page);
            page.choose_option("data-matrix", "X: log-normalised");
            page.wait("the other matrix", READING, |page| {
                page.text("data-reason").contains("`X` holds log-normalised").then_some(())
            });
        },
    );
}

#[test]
fn files_of_the_field_are_told_alike_in_page_and_command() {
    let folder = root().join("../shared/data/wild");
    // The browser takes canonical paths only.
    let folder = folder.canonicalize().unwrap_or(folder);
    let Ok(listed) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    let mut files: Vec<PathBuf> = listed.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "h5ad" || end == "h5"));
    files.sort();
    let panel = genes(9015);
    with_page(
        "own-field",
        |_| (),
        |page| {
            page.open(DATA);
            for path in &files {
                ready(page);
                choose(page, std::slice::from_ref(path));
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let own = train_native::data::files::rows(path, &Matrix::Auto, train_native::data::files::Wanted::Any);
                let expected = match own {
                    Ok((rows, _)) if !rows.genes().iter().any(|gene| panel.contains(gene)) => {
                        "shares no gene".to_owned()
                    }
                    Ok((rows, _)) => rows.report().reason(),
                    // The page puts the file's name before, the command its path.
                    Err(error) => error.root_cause().to_string(),
                };
                let said = page.wait(&format!("alert or words of {name}"), READING, |page| {
                    let parts = ["data-plan", "data-reason", "data-corrected"];
                    let said = parts.map(|id| if page.sees(id) { page.text(id) } else { String::new() });
                    let all = said.concat() + &page.alert();
                    let is_told = all.to_lowercase().contains(&expected.to_lowercase());
                    (is_told && all.contains(&name)).then_some(all)
                });
                assert!(!said.contains("panicked"), "{name}: {said}");
            }
        },
    );
}
