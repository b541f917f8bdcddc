//! The shipped bundle on the CPU: load, toggle, generate, read, save, come back, stop.

use cells::h5ad::{Matrix, read_h5ad};

use super::page::{Page, with_page};

/// Address of the shipped bundle on the CPU: CD14 monocytes, few cells and steps, so that a test takes
/// seconds. Results are those of a fast run, not of the bundle's own settings.
const MONOCYTES: &str = "device=cpu&cells=24&steps=4&with.cell_type=CD14%2B%20Monocytes";
/// Loading a bundle and a device, at most.
pub(super) const LOADING: u64 = 120;
/// A run, at most; one takes a fraction of it even beside other work.
pub(super) const RUN: u64 = 400;

/// Waits until the model is loaded.
pub(super) fn loaded(page: &Page) {
    page.wait("the model", LOADING, |page| {
        let ready = page.sees("generate") && page.attribute("generate", "disabled").is_none();
        ready.then_some(())
    });
}

/// Waits until a run is finished.
pub(super) fn finished(page: &Page) {
    page.wait_for("done", RUN);
}

/// Number in an attribute; 0 when it is not there.
pub(super) fn number(page: &Page, id: &str, name: &str) -> usize {
    page.attribute(id, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Lines of a CSV file: comments, then rows of fields without the head.
pub(super) fn csv(bytes: &[u8]) -> (Vec<String>, Vec<Vec<String>>) {
    let text = std::str::from_utf8(bytes).unwrap();
    let (comments, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    let rows = rows.iter().skip(1).map(|row| row.split(',').map(str::to_owned).collect()).collect();
    (comments.into_iter().map(str::to_owned).collect(), rows)
}

#[test]
fn interferon_raises_its_genes_and_everything_can_be_saved() {
    with_page(
        "interferon",
        |_| (),
        |page| {
            page.open(MONOCYTES);
            loaded(page);
            assert!(page.text("device-badge").starts_with("CPU"), "{}", page.text("device-badge"));
            assert_eq!(page.attribute("toggle-IFN-beta", "aria-checked").as_deref(), Some("false"));
            page.click("toggle-IFN-beta");
            assert_eq!(page.attribute("toggle-IFN-beta", "aria-checked").as_deref(), Some("true"));
            page.click("generate");
            // Cells are on the map before the run is over.
            page.wait("first cells", RUN, |page| (number(page, "map", "data-points") > 0).then_some(()));
            assert!(!page.sees("done"), "cells appear as they are made");
            finished(page);
            assert_eq!((number(page, "map", "data-points"), number(page, "map", "data-control")), (48, 24));
            page.wait("a drawn map and volcano", 30, |page| {
                let drawn = |id| page.painted(id).1 > 3;
                (drawn("map") && drawn("volcano")).then_some(())
            });
            page.click("view-violins");
            page.wait("violins", 60, |page| {
                (number(page, "violins", "data-genes") >= 6 && page.painted("violins").1 > 3).then_some(())
            });

            let (name, bytes) = page.download(|page| page.click("save-csv"));
            assert_eq!(name, "wellplate-shifts.csv");
            let (comments, rows) = csv(&bytes);
            for key in ["bundle_sha256", "seed", "guidance", "steps", "device", "version", "conditions"] {
                assert!(
                    comments.iter().any(|line| line.starts_with(&format!("# {key}: "))),
                    "the CSV does not say its {key}"
                );
            }
            let change = |gene: &str| -> f64 { rows.iter().find(|row| row[0] == gene).unwrap()[1].parse().unwrap() };
            for gene in ["ISG15", "IFI6"] {
                assert!(change(gene) > 1.0, "{gene} must at least double: log2 fold change {}", change(gene));
            }
            page.keys("filter", "ISG15");
            let shown =
                page.wait("ISG15", 30, |page| page.rows("shifts-table").into_iter().find(|row| row[0] == "ISG15"));
            assert!(shown[1].parse::<f64>().unwrap() > 1.0, "{shown:?}");

            let (_, bytes) = page.download(|page| page.click("save-h5ad"));
            let cells = read_h5ad(bytes, &Matrix::X).unwrap();
            assert_eq!((cells.len(), cells.genes.len()), (48, rows.len()));
            assert_eq!(cells.indices_where("condition", "IFN-beta").unwrap().len(), 24);
            assert_eq!(cells.indices_where("cell_type", "CD14+ Monocytes").unwrap().len(), 48);
            for figure in ["save-map", "save-violins", "save-volcano"] {
                if figure == "save-volcano" {
                    page.click("view-volcano");
                }
                let (_, svg) = page.download(|page| page.click(figure));
                let svg = String::from_utf8(svg).unwrap();
                assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{figure} is not SVG");
            }
            page.click("methods-open");
            let methods = page.text("methods");
            for words in ["bundle pbmc-ifnb", "Kang et al. 2018", "condition=IFN-beta", "24 generated perturbed cells"]
            {
                assert!(methods.contains(words), "the methods do not say {words}: {methods}");
            }
            assert!(page.text("command").starts_with("wellplate sample --bundle"), "{}", page.text("command"));
            let (name, _) = page.download(|page| page.click("save-methods"));
            assert_eq!(name, "wellplate-methods.txt");
            page.click("view-ma");
            page.wait("a drawn MA plot", 30, |page| {
                let words = page.attribute("volcano", "aria-label").unwrap_or_default();
                (words.starts_with("MA plot") && page.painted("volcano").1 > 3).then_some(())
            });
            let (name, svg) = page.download(|page| page.click("save-volcano"));
            assert!(name == "wellplate-ma.svg" && String::from_utf8(svg).unwrap().contains("mean normalised counts"));
        },
    );
}

#[test]
fn an_address_brings_the_same_results_back() {
    with_page(
        "address",
        |_| (),
        |page| {
            page.open(&format!("{MONOCYTES}&cells=8&with.condition=IFN-beta&seed=7&gene=ISG15"));
            loaded(page);
            page.click("generate");
            finished(page);
            // How many training cells carry an answer is said once.
            assert!(!page.sees("seen") && page.text("verdict").contains("training cells carry it"));
            let (first, address) = (page.rows("shifts-table"), page.address());
            assert!(first.len() >= 10);
            // What was measured of this cell type stands beside what was generated.
            page.click("why-open");
            let agreement = page.text("agreement");
            let r = agreement.split("over all genes at ").nth(1).and_then(|rest| rest.split(". ").next());
            let r: f64 = r.unwrap_or_else(|| panic!("no agreement in {agreement:?}")).parse().unwrap();
            assert!((0.5..=1.0).contains(&r), "eight cells of each agree with the measured effect: {agreement}");
            let card = page.text("gene-card");
            for words in ["ISG15", "log2 fold change", "of 9015 genes", "Measured Δ", "GeneCards"] {
                assert!(card.contains(words), "{words} is not on the gene's card: {card}");
            }
            // "… Of 9015 genes 3892 are in no generated cell. Rows: 5123": cuts leave fewer, and say how many.
            let passing = |page: &Page| -> u32 {
                let words = page.text("shifts-count");
                let mut numbers =
                    words.split(|letter: char| !letter.is_ascii_digit()).filter_map(|word| word.parse().ok());
                numbers.next_back().unwrap_or(0)
            };
            let all = passing(page);
            page.keys("cut-change", "2");
            page.wait("fewer genes", 10, |page| (passing(page) < all).then_some(()));
            page.open_address(&address);
            finished(page);
            assert_eq!(page.rows("shifts-table"), first, "the address {address} gave other results");
        },
    );
}

#[test]
fn back_undoes_a_choice() {
    with_page(
        "back",
        |_| (),
        |page| {
            page.open(MONOCYTES);
            loaded(page);
            let before = page.address();
            page.click("toggle-IFN-beta");
            page.wait("the address to follow", 10, |page| page.address().contains("IFN-beta").then_some(()));
            page.back();
            page.wait("the toggle to go back", 10, |page| {
                (page.attribute("toggle-IFN-beta", "aria-checked").as_deref() == Some("false")).then_some(())
            });
            assert_eq!(page.address(), before);
        },
    );
}

#[test]
fn what_no_training_cell_had_is_called_an_extrapolation() {
    with_page(
        "extrapolated",
        |_| (),
        |page| {
            // Donor 101's stimulated cells are held out of the shipped bundle's training; nothing is precomputed for
            // seven steps.
            page.open("device=cpu&with.donor=101&with.condition=IFN-beta&steps=7");
            loaded(page);
            assert!(page.text("seen").starts_with("To be extrapolated"), "{}", page.text("seen"));
            // A result that is there, precomputed, was extrapolated.
            page.open("device=cpu&with.donor=101&with.condition=IFN-beta");
            loaded(page);
            page.wait_for("precomputed", LOADING);
            let verdict = page.text("verdict");
            assert!(verdict.contains("no training cell had this combination: an extrapolation"), "{verdict}");
            page.click("toggle-IFN-beta");
            page.wait("a combination that was seen", 10, |page| {
                page.text("seen").contains("training cells had this combination.").then_some(())
            });
        },
    );
}

#[test]
fn a_newcomer_is_shown_a_response_at_once() {
    with_page(
        "begin",
        |_| (),
        |page| {
            page.open("device=cpu");
            page.wait_for("begin", LOADING);
            assert_eq!(page.text("begin"), "Add Interferon beta (IFN-β)");
            page.click("begin");
            // Precomputed: neither the weights nor a run are waited for.
            page.wait_for("shifts-table", 20);
            assert!(page.sees("precomputed") && !page.sees("begin"));
            assert_eq!(page.attribute("toggle-IFN-beta", "aria-checked").as_deref(), Some("true"));
        },
    );
}

#[test]
fn a_run_stops_half_way_and_another_starts() {
    with_page(
        "cancel",
        |_| (),
        |page| {
            page.open("device=cpu&cells=600&steps=4&with.condition=IFN-beta");
            loaded(page);
            page.click("generate");
            page.wait("first cells", RUN, |page| (number(page, "map", "data-points") > 0).then_some(()));
            page.click("cancel");
            page.wait("the stop", 60, |page| (!page.sees("cancel")).then_some(()));
            assert!(page.text("progress").starts_with("Stopped"), "{}", page.text("progress"));
            let made = number(page, "map", "data-points");
            assert!(made > 0 && made < 1200, "{made} cells");
            assert!(!page.sees("done"));
            // What is stopped stays stopped, and the next run is whole.
            page.open(&format!("{MONOCYTES}&cells=8"));
            loaded(page);
            page.click("generate");
            finished(page);
            assert_eq!(number(page, "map", "data-points"), 8);
            assert!(!page.text("no-shifts").is_empty(), "without a cytokine nothing is compared, and the page says so");
        },
    );
}

#[test]
fn the_card_shows_scores_beside_their_neighbours() {
    with_page(
        "card",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            page.click("tab-model");
            page.wait_for("card", 10);
            assert!(page.address().contains("view=model"));
            let card = page.text("card");
            assert!(card.contains("GSE96583") && card.contains("patient"), "the card names its data and its limits");
            let predictors: Vec<String> = page.rows("scores").into_iter().map(|row| row[1].clone()).collect();
            for name in ["model", "PerturbMean", "ceiling"] {
                assert!(predictors.iter().any(|predictor| predictor == name), "no score of {name}");
            }
        },
    );
}
