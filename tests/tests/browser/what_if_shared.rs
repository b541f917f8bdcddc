//! What if, by several workers: the cells of one, with a lost one, stopped; names by hand, genes by type, layers, distance.
//!
//! Does: has the page predict cells of a written file by one worker and by three, and compares what it saves byte by byte.
//! Does not know: who rewrites which cells.
//! Flow: written file → page → **saved cells and tables**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
use cells::{Cells, Column, Counts};

use super::explore::LOADING;
use super::own_data::{choose, file, genes, ready};
use super::page::{Page, with_page};
use super::what_if::{PREDICTING, READING, fill};

/// Cells that are predicted: the last batch of four is smaller than the others.
const CELLS: usize = 10;

/// Resting cells; one of the three names of types is none of the model's, and their counts are noise, as no cell's are.
fn written(folder: &Path) -> PathBuf {
    let genes = genes(700);
    let rows: Vec<Vec<u32>> = (0..CELLS)
        .map(|cell| {
            (0..genes.len()).map(|gene| ((cell * 7919 + gene * 104_729 + cell * gene * 31) % 19) as u32 / 6).collect()
        })
        .collect();
    let counts = Counts::from_dense_rows(genes.len(), rows.iter().map(Vec::as_slice));
    let names = (0..CELLS).map(|cell| format!("cell-{cell}")).collect();
    let kinds: Vec<&str> = (0..CELLS).map(|cell| ["CD4 T cells", "B cells", "my monocytes"][cell % 3]).collect();
    let labels = BTreeMap::from([("annotation".to_owned(), Column::categorical(&kinds))]);
    let cells = Cells::new(counts, genes, names, labels).unwrap();
    file(folder, "mine.h5ad", write_h5ad(&cells, &BTreeMap::new()).unwrap())
}

/// Opens the view with so many workers and has it read the file.
fn read(page: &Page, path: &Path, workers: &str, badge: &str) {
    page.open(&format!("view=data&device=cpu&workers={workers}"));
    ready(page);
    page.wait("the workers", LOADING, |page| page.text("device-badge").contains(badge).then_some(()));
    choose(page, &[path.to_path_buf()]);
    page.wait_for("predict", READING);
    page.wait("the button", 30, |page| page.attribute("predict", "disabled").is_none().then_some(()));
}

/// Predicts, and takes what can be saved: cells and table.
fn saved(page: &Page) -> [Vec<u8>; 2] {
    page.click("predict-numbers");
    fill(page, "predict-steps", "2");
    page.click("predict");
    page.wait_for("predict-table", PREDICTING);
    ["predict-h5ad", "predict-csv"].map(|part| page.download(|page| page.click(part)).1)
}

#[test]
fn three_workers_predict_the_cells_of_one_and_a_lost_one_is_done_without() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = written(folder.path());
    with_page(
        "what-if-pool",
        |_| (),
        |page| {
            read(page, &path, "1", "one worker");
            let alone = saved(page);
            read(page, &path, "3", "3 workers");
            assert!(saved(page) == alone, "three workers predicted other cells than one");
            read(page, &path, "2&fault=lose-member", "2 workers");
            let without = saved(page);
            // It is lost at its first step, with cells in its hands.
            page.wait("the loss", 30, |page| page.text("device-badge").contains("one worker").then_some(()));
            assert!(without == alone, "the files are those of one worker");
            assert!(page.alert().is_empty(), "{}", page.alert());
        },
    );
}

#[test]
fn all_workers_stop_at_once_and_predict_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = written(folder.path());
    with_page(
        "what-if-pool-stop",
        |_| (),
        |page| {
            read(page, &path, "2", "2 workers");
            page.click("predict-numbers");
            fill(page, "predict-steps", "32");
            page.click("predict");
            page.wait_for("predict-cancel", 30);
            page.click("predict-cancel");
            page.wait("the stop", 60, |page| page.text("predict-ended").contains("Stopped").then_some(()));
            assert!(!page.sees("predicted"));
            fill(page, "predict-steps", "2");
            page.click("predict");
            page.wait_for("predict-table", PREDICTING);
            assert_eq!(page.attribute("own-map", "data-predicted").as_deref(), Some("10"));
        },
    );
}

#[test]
fn names_by_hand_genes_by_type_and_expected_counts() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = written(folder.path());
    with_page(
        "what-if-named",
        |_| (),
        |page| {
            read(page, &path, "1", "one worker");
            assert!(
                page.text("predict-unknown").contains("1 of the names in annotation"),
                "{}",
                page.text("predict-unknown")
            );
            let first = "const e = document.querySelector('[data-testid=predict-name-0]'); return e.options[e.selectedIndex].text;";
            assert_eq!(page.script(first), serde_json::json!("left unspecified"));
            page.choose_option("predict-name-0", "CD14+ Monocytes");
            let [h5ad, _] = saved(page);
            let kinds = page.text("predict-kinds");
            assert!(kinds.contains("CD14+ Monocytes (3)") && !kinds.contains("left open"), "{kinds}");

            // How far the cells lie from those of training is always said; when it is too far, the app's own tests say.
            assert!(
                page.text("predict-figures").contains("times as far as training cells"),
                "{}",
                page.text("predict-figures")
            );

            // Every type has its measured cells, its twins and its predicted cells.
            page.keys("predict-dots-genes", &format!("{}ISG15 nosuchgene\u{E007}", "\u{E003}".repeat(200)));
            page.wait("a gene that is not there", 30, |page| {
                page.text("predict-dots-lacking").contains("nosuchgene").then_some(())
            });
            page.wait("drawn dots", 30, |page| (page.painted("predict-dots").1 > 2).then_some(()));
            let words = page.attribute("predict-dots", "aria-label").unwrap();
            assert!(words.starts_with("Dot plot of 1 gene in 3 cell types, three rows each"), "{words}");

            let text = String::from_utf8_lossy(&h5ad);
            for layer in ["control_twin", "expected", "control_expected"] {
                assert!(text.contains(layer), "no layer {layer}");
            }
            assert!(page.text("predict-layers").contains("expected counts of both"), "{}", page.text("predict-layers"));

            // The command starts from a file that knows the names.
            page.click("predict-command-open");
            assert!(
                page.text("predict-command").contains("--cell-type-col wellplate_named_type"),
                "{}",
                page.text("predict-command")
            );
            let (_, own) = page.download(|page| page.click("own-h5ad"));
            let cells = read_h5ad(own, &Matrix::X).unwrap();
            assert_eq!(cells.label("wellplate_named_type").unwrap().text(2).as_deref(), Some("CD14+ Monocytes"));
        },
    );
}
