//! What if, on a visitor's own cells: predicted by mouse and by keyboard, stopped, saved, and the same as the command's.
//!
//! Does: writes small files, has the page predict their cells, holds files and numbers against `wellplate predict`.
//! Does not know: how cells are rewritten.
//! Flow: written files → page → **predicted cells, table, sentences**.

use std::collections::BTreeMap;
use std::path::Path;

use burn::tensor::Device;
use cells::de::paired::Paired;
use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
use cells::{Cells, Column, Counts};
use model::card::Choices;
use model::sample::Effort;
use serde_json::json;
use train_native::generate::read_bundle;
use train_native::predict::{Asked, CONTROL_TWIN, predict};

use super::accessibility::{axe, everywhere, inject, none};
use super::explore::{csv, number};
use super::keyboard::tab_to;
use super::own_data::{choose, file, genes, ready};
use super::page::{Page, with_page};
use crate::boundaries::root;

/// The shipped bundle on the CPU, the Data view open.
const DATA: &str = "view=data&device=cpu";
/// Reading a small file, and predicting few of its cells, at most.
pub(super) const READING: u64 = 120;
pub(super) const PREDICTING: u64 = 400;
/// Cells that are predicted, steps and seed.
const ASKED: (usize, usize, u64) = (6, 2, 5);

/// 40 resting cells on the first `count` genes of the bundle, one of them under another name; types as other people write
/// them.
fn resting(count: usize) -> Cells {
    let mut genes = genes(count);
    genes[1] = "OUTSIDE".to_owned();
    let rows: Vec<Vec<u32>> = (0..40_usize)
        .map(|cell| {
            let noise = |gene: usize| ((cell * 7919 + gene * 104_729 + cell * gene * 31) % 19) as u32 / 9;
            let mut row: Vec<u32> = (0..count).map(noise).collect();
            row[1] = 3 + cell as u32;
            row
        })
        .collect();
    let counts = Counts::from_dense_rows(count, rows.iter().map(Vec::as_slice));
    let names = (0..40).map(|cell| format!("cell-{cell}")).collect();
    let texts = |values: [&'static str; 2]| (0..40).map(|cell| values[cell % 2]).collect::<Vec<_>>();
    let labels = BTreeMap::from([
        ("annotation".to_owned(), Column::categorical(&texts(["cd4 T Cells", "B CELLS"]))),
        ("batch".to_owned(), Column::categorical(&texts(["first", "second"]))),
    ]);
    Cells::new(counts, genes, names, labels).unwrap()
}

/// Opens the view and has it read a file.
fn with_file(page: &Page, path: &Path) {
    page.open(DATA);
    ready(page);
    choose(page, &[path.to_path_buf()]);
    page.wait_for("predict", READING);
    page.wait("the button", 30, |page| page.attribute("predict", "disabled").is_none().then_some(()));
}

/// Writes a number into a field.
pub(super) fn fill(page: &Page, id: &str, number: &str) {
    page.script_with(
        "const e = document.querySelector('[data-testid=\"' + arguments[0] + '\"]'); e.value = arguments[1]; \
         e.dispatchEvent(new Event('input', { bubbles: true })); e.dispatchEvent(new Event('change', { bubbles: true }));",
        &[json!(id), json!(number)],
    );
}

/// The same cells from the command.
fn by_command(data: &Path, out: &Path) -> (Cells, Cells) {
    let (most, steps, seed) = ASKED;
    let with = BTreeMap::from([("condition".to_owned(), vec!["IFN-beta".to_owned()])]);
    let choices = Choices { with: BTreeMap::new(), guidance: 0.0, steps, cells: 1, seed, clamp: Vec::new() };
    let asked = Asked {
        data,
        matrix: None,
        with: &with,
        cell_type_col: Some("annotation"),
        identity_col: None,
        only: &[("batch".to_owned(), "first".to_owned())],
        at_most: Some(most),
        keep: 0.8,
        choices: &choices,
        effort: Effort::CPU,
        device: "flex",
    };
    predict(&read_bundle(&root().join("assets/models/pbmc-ifnb"), &Device::flex()).unwrap(), &asked, out).unwrap();
    of_bytes(std::fs::read(out).unwrap())
}

/// Predicted cells and their control twins.
fn of_bytes(bytes: Vec<u8>) -> (Cells, Cells) {
    let twins = read_h5ad(bytes.clone(), &Matrix::Layer(CONTROL_TWIN.to_owned())).unwrap();
    (read_h5ad(bytes, &Matrix::X).unwrap(), twins)
}

/// Share of the counts of two matrices that are equal.
fn equal(a: &Counts, b: &Counts) -> f64 {
    assert_eq!((a.cells(), a.genes()), (b.cells(), b.genes()));
    let (mut one, mut other, mut same) = (vec![0; a.genes()], vec![0; b.genes()], 0);
    for cell in 0..a.cells() {
        a.dense_row(cell, &mut one);
        b.dense_row(cell, &mut other);
        same += one.iter().zip(&other).filter(|(a, b)| a == b).count();
    }
    same as f64 / (a.cells() * a.genes()) as f64
}

/// The table's numbers are those of the saved cells.
fn table_is_of(rows: &[Vec<String>], (predicted, twins): &(Cells, Cells)) {
    let places: Vec<u32> = rows
        .iter()
        .map(|row| {
            predicted.genes.iter().position(|gene| *gene == row[0]).unwrap_or_else(|| panic!("{}", row[0])) as u32
        })
        .collect();
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|row| places[*row]);
    let wanted: Vec<u32> = order.iter().map(|row| places[*row]).collect();
    let text = std::fs::read_to_string(root().join("assets/models/pbmc-ifnb/bundle.json")).unwrap();
    let card: serde_json::Value = serde_json::from_str(&text).unwrap();
    let target = card["target_sum"].as_f64().unwrap();
    let found = Paired::new(&twins.counts, &predicted.counts, target, &wanted).unwrap().finish();
    for (row, own) in order.into_iter().map(|row| &rows[row]).zip(found) {
        let number = |place: usize| row[place].parse::<f64>().unwrap();
        for (place, value) in
            [(1, own.log2_fold_change), (2, own.p), (3, own.q), (5, own.mean_control), (6, own.mean_perturbed)]
        {
            // The same function on the same counts; logarithms of other machines differ in the last digits.
            assert!((number(place) - value).abs() <= 1e-9 * value.abs().max(1.0), "{}: {value} in {row:?}", row[0]);
        }
    }
}

#[test]
fn cells_are_predicted_shown_saved_and_are_those_of_the_command() {
    let folder = tempfile::TempDir::new().unwrap();
    let own = resting(900);
    let path = file(folder.path(), "mine.h5ad", write_h5ad(&own, &BTreeMap::new()).unwrap());
    with_page(
        "what-if",
        |_| (),
        |page| {
            with_file(page, &path);
            assert!(
                page.text("predict-few").contains("899 of the model's 9,015 genes"),
                "{}",
                page.text("predict-few")
            );
            assert_eq!(
                page.attribute("predict-IFN-beta", "aria-checked").as_deref(),
                Some("true"),
                "the only one is on"
            );
            let types = "const e = document.querySelector('[data-testid=predict-types]'); return e.options[e.selectedIndex].text;";
            assert_eq!(page.script(types), json!("annotation: 2 of 2 names known"), "the label that is known best");
            page.choose_option("predict-cells", "batch = first");
            page.click("predict-numbers");
            let (most, steps, seed) = ASKED;
            for (id, value) in [
                ("predict-most", most.to_string()),
                ("predict-steps", steps.to_string()),
                ("predict-seed", seed.to_string()),
                ("predict-keep", "80".to_owned()),
            ] {
                fill(page, id, &value);
            }
            page.click("predict");
            page.wait_for("predict-progress", 30);
            assert!(page.sees("predict-cancel") && !page.sees("data-cancel"), "progress stands beside the button");
            page.wait_for("predict-table", PREDICTING);

            // Said first: what moved, how far to trust it, and that this file is far from the model's cells.
            let verdict = page.text("predict-verdict");
            assert!(verdict.starts_with("?Predicted: ") || verdict.contains("Predicted: "), "{verdict}");
            assert!(verdict.contains("a guess"), "{verdict}");
            assert!(page.text("predict-warnings").contains("899 of 9,015 (10 %)"), "{}", page.text("predict-warnings"));
            assert!(
                page.text("predict-taken").contains("6 of 20 cells (batch = first), taken evenly"),
                "{}",
                page.text("predict-taken")
            );
            assert!(
                page.text("predict-explained").contains("0.340") && page.text("predict-explained").contains("0.374")
            );
            assert!(page.text("predict-origin").contains("not measured"));
            assert!(page.text("predict-kinds").contains("CD4 T cells (6)"), "{}", page.text("predict-kinds"));
            // On the map, with lines on request.
            assert_eq!(number(page, "own-map", "data-predicted"), 6);
            assert!(page.text("own-legend").contains("predicted: your cells under"), "{}", page.text("own-legend"));
            page.wait("a drawn map", 30, |page| (page.painted("own-map").1 > 3).then_some(()));
            let before = page.painted("own-map");
            page.click("predict-lines");
            page.wait("lines", 30, |page| (page.painted("own-map") != before).then_some(()));
            page.wait("a drawn volcano", 30, |page| (page.painted("predict-volcano").1 > 2).then_some(()));

            let (name, bytes) = page.download(|page| page.click("predict-h5ad"));
            assert_eq!(name, "predicted.h5ad");
            let saved = of_bytes(bytes);
            let command = by_command(&path, &folder.path().join("predicted.h5ad"));
            assert_eq!((&saved.0.names, &saved.0.genes), (&command.0.names, &command.0.genes));
            let keys = |cells: &Cells| cells.labels.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&saved.0), keys(&command.0), "every label of the input, and the same new ones");
            // The browser's CPU rounds in another order than this one: a draw that lies on the edge falls the other way.
            for (mine, theirs) in [(&saved.0, &command.0), (&saved.1, &command.1)] {
                let same = equal(&mine.counts, &theirs.counts);
                assert!(same >= 0.999, "{same} of the counts are equal");
            }
            // A gene that the model lacks stays, kept ones stay, and some are drawn.
            let outside = own.genes.iter().position(|gene| gene == "OUTSIDE").unwrap();
            let mut row = vec![0; own.genes.len()];
            saved.0.counts.dense_row(0, &mut row);
            assert_eq!(row[outside], 3);

            let (name, bytes) = page.download(|page| page.click("predict-csv"));
            assert_eq!(name, "predicted-genes.csv");
            let (comments, rows) = csv(&bytes);
            for key in
                ["bundle_sha256", "seed", "kept", "guidance", "steps", "device", "version", "conditions", "command"]
            {
                assert!(
                    comments.iter().any(|line| line.starts_with(&format!("# {key}: "))),
                    "the CSV does not say its {key}"
                );
            }
            // A fifth of the 899 genes that both know was drawn, for the one type that was chosen.
            assert_eq!(rows.len(), 899 - (0.8_f64 * 899.0).round() as usize);
            assert!(rows.iter().all(|row| row[0] != "OUTSIDE" && row[9] == "1"), "drawn in every cell");
            table_is_of(&rows, &saved);
            page.click("predict-command-open");
            let text = page.text("predict-command");
            for part in [
                "--cells mine.h5ad",
                "--cell-type-col annotation",
                "--only batch=first",
                "--at-most 6",
                "--keep 0.8",
                "--seed 5",
            ] {
                assert!(text.contains(part), "{part} in {text}");
            }
            // Another file forgets the cells.
            page.click("own-remove");
            page.wait("an empty view", 30, |page| (!page.sees("predicted")).then_some(()));
        },
    );
}

#[test]
fn a_prediction_needs_no_pointer_and_can_be_stopped() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = file(folder.path(), "mine.h5ad", write_h5ad(&resting(900), &BTreeMap::new()).unwrap());
    with_page(
        "what-if-keys",
        |_| (),
        |page| {
            with_file(page, &path);
            fill(page, "predict-most", "40");
            tab_to(page, "[data-testid=predict]");
            page.press("Enter");
            page.wait_for("predict-cancel", 30);
            tab_to(page, "[data-testid=predict-cancel]");
            page.press("Enter");
            page.wait("the stop", 60, |page| page.text("predict-ended").contains("Stopped").then_some(()));
            assert!(
                !page.sees("predicted") && number(page, "own-map", "data-predicted") == 0,
                "half of it is not shown"
            );
            tab_to(page, "[data-testid=predict-cells]");
            tab_to(page, "[data-testid=predict-most]");
            page.press("Control+a");
            page.press("2");
            tab_to(page, "[data-testid=predict]");
            page.press("Enter");
            page.wait_for("predict-table", PREDICTING);
            assert_eq!(number(page, "own-map", "data-predicted"), 2);
            tab_to(page, "[data-testid=predict-filter]");
            for letter in ["I", "S", "G"] {
                page.press(letter);
            }
            page.wait("genes by name", 30, |page| {
                let rows = page.rows("predict-table");
                rows.iter().all(|row| row[0].contains("ISG")).then_some(())
            });
            tab_to(page, "[data-testid=predict-csv]");
            let (name, _) = page.download(|page| page.press("Enter"));
            assert_eq!(name, "predicted-genes.csv");
        },
    );
}

#[test]
fn a_prediction_breaks_no_guideline_and_fits_a_phone() {
    let Some(axe) = axe() else { return };
    let folder = tempfile::TempDir::new().unwrap();
    let path = file(folder.path(), "mine.h5ad", write_h5ad(&resting(900), &BTreeMap::new()).unwrap());
    with_page(
        "what-if-axe",
        |_| (),
        |page| {
            with_file(page, &path);
            fill(page, "predict-most", "2");
            page.click("predict");
            page.wait_for("predict-table", PREDICTING);
            page.click("predict-numbers");
            page.click("predict-command-open");
            inject(page, &axe);
            none(&everywhere(page, "what if"));
            page.size(360, 800);
            let wide =
                page.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth;");
            assert_eq!(wide, json!(0), "no sideways scroll");
        },
    );
}
