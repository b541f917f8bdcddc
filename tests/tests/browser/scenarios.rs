//! Choices of Explore: two scenarios, several perturbations, replicate seeds, lists of held genes.

use std::collections::BTreeSet;

use cells::h5ad::{Matrix, read_h5ad};
use serde_json::{Value, json};

use super::explore::{finished, loaded, number};
use super::page::{Page, Site, with_page};

/// A fast run of CD14 monocytes with interferon beta.
const FAST: &str = "device=cpu&cells=8&steps=2&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta&gene=ISG15";
/// WebDriver's keys (W3C WebDriver, section 17.4.2).
const ENTER: &str = "\u{E007}";
const TAB: &str = "\u{E004}";
const BACKSPACE: &str = "\u{E003}";
const ARROW_DOWN: &str = "\u{E015}";

/// Waits until the address holds some words, or does not.
fn address(page: &Page, words: &str, held: bool) {
    page.wait(&format!("the address to follow on {words}"), 10, |page| {
        (page.address().contains(words) == held).then_some(())
    });
}

/// Change of a gene as the table shows it.
fn change(page: &Page, gene: &str) -> String {
    page.wait(gene, 30, |page| {
        let rows = page.rows("shifts-table");
        rows.into_iter().find(|row| row[0] == gene).map(|row| row[1].clone())
    })
}

#[test]
fn two_scenarios_are_compared_with_their_controls_and_with_one_another() {
    with_page(
        "scenarios",
        |_| (),
        |page| {
            page.open(FAST);
            loaded(page);
            page.click("compare-add");
            page.wait_for("scenario-b", 10);
            // B begins as a copy of A, and the controls now change B alone.
            assert_eq!(page.text("scenario-a-words"), page.text("scenario-b-words"));
            assert_eq!(page.attribute("scenario-b", "aria-selected").as_deref(), Some("true"));
            page.click("toggle-IFN-beta");
            address(page, "b.on=1", true);
            address(page, "&with.condition=IFN-beta", true);
            address(page, "b.with.condition", false);
            page.click("scenario-a");
            assert_eq!(page.attribute("toggle-IFN-beta", "aria-checked").as_deref(), Some("true"));
            page.click("generate");
            finished(page);
            // B has neither a perturbation nor other cells than A's control: nothing is made twice.
            assert_eq!((number(page, "map", "data-control"), number(page, "map", "data-points")), (8, 16));
            assert!(page.attribute("show-b", "disabled").is_some(), "B has nothing to be compared with but A");
            // Two scenarios open on one against the other.
            page.keys("filter", "ISG15");
            assert!(page.text("sides").contains("from A's cells"), "{}", page.text("sides"));
            let each = "; of each against its control: ";
            assert!(page.text("verdict").contains(each), "{}", page.text("verdict"));
            let back = change(page, "ISG15");
            assert!(back.starts_with('−') || back == "gone", "without interferon ISG15 falls: {back}");
            let (_, bytes) = page.download(|page| page.click("save-csv"));
            let csv = String::from_utf8(bytes).unwrap();
            assert!(csv.starts_with("# comparison: B (") && csv.contains(",mean_a,mean_b,"), "{}", &csv[..400]);
            page.click("show-a");
            let raised =
                page.wait("the other comparison", 10, |page| Some(change(page, "ISG15")).filter(|c| *c != back));
            assert!(!raised.starts_with('−') && raised != "gone", "{raised}");
            assert!(!page.text("verdict").contains(each), "{}", page.text("verdict"));
            address(page, "show.comparison=a", true);
            page.click("show-b-a");
            address(page, "show.comparison", false);
            page.click("methods-open");
            let methods = page.text("methods");
            for words in ["Scenario A was", "scenario B was", "8 cells of scenario B", "same random numbers"] {
                assert!(methods.contains(words), "the methods do not say {words}: {methods}");
            }

            page.click("show-a");
            address(page, "show.comparison=a", true);
            let (shared, rows) = (page.address(), page.rows("shifts-table"));
            page.open_address(&shared);
            finished(page);
            page.wait("the same table", 30, |page| (page.rows("shifts-table") == rows).then_some(()));
            page.click("scenario-swap");
            address(page, "b.with.condition=IFN-beta", true);
            page.click("scenario-remove");
            address(page, "b.on", false);
            assert!(page.sees("compare-add"));
        },
    );
}

#[test]
fn replicates_are_runs_with_the_next_seeds() {
    with_page(
        "replicates",
        |_| (),
        |page| {
            page.open(&format!("{FAST}&cells=4&seed=7"));
            loaded(page);
            page.click("numbers-open");
            page.keys("replicates", &format!("{BACKSPACE}2{TAB}"));
            address(page, "replicates=2", true);
            assert!(page.text("replicates-note").contains("Seeds 7 to 8"), "{}", page.text("replicates-note"));
            page.click("generate");
            finished(page);
            assert_eq!((number(page, "map", "data-control"), number(page, "map", "data-points")), (8, 16));
            let card = page.text("gene-card");
            assert!(card.contains("over replicate seeds") && card.contains("(2 seeds)"), "{card}");
            let (_, bytes) = page.download(|page| page.click("save-h5ad"));
            let cells = read_h5ad(bytes, &Matrix::X).unwrap();
            let count = |key: &str, value: &str| cells.indices_where(key, value).unwrap().len();
            assert_eq!((count("seed", "7"), count("seed", "8")), (8, 8));
            // Names say conditions, seed and place, as those of the command line do: files can be put together.
            let names: BTreeSet<&String> = cells.names.iter().collect();
            assert!(names.len() == 16 && names.iter().all(|name| name.starts_with("generated-")), "{names:?}");
            let ends = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
            assert_eq!([ends("-7-0"), ends("-7-3"), ends("-8-0"), ends("-8-3")], [2; 4], "{names:?}");
            assert_eq!((count("scenario", "control"), count("scenario", "perturbed")), (8, 8));
            page.click("methods-open");
            let commands = page.text("command");
            assert_eq!(commands.matches("wellplate sample").count(), 4, "{commands}");
            assert!(commands.contains("--seed 7 --out perturbed-7.h5ad"), "{commands}");
            assert!(commands.contains("--guidance 0 --steps 2 --cells 4 --seed 8 --out control-8.h5ad"), "{commands}");
        },
    );
}

#[test]
fn a_pasted_list_of_genes_is_held() {
    with_page(
        "prior",
        |_| (),
        |page| {
            page.open(&format!("{FAST}&cells=4"));
            loaded(page);
            page.click("hold-open");
            page.keys("prior-text", "isg15, IFI6 # known to be off\nNOPE1");
            page.click("prior-add");
            let said = page.text("held-said");
            assert_eq!(said, "2 genes are held at 1; NOPE1 is not among this model's genes.");
            address(page, "clamp=ISG15%3A1&clamp=IFI6%3A1", true);
            // One more by typing: the list suggests it, the keyboard takes it.
            page.keys("clamp-gene", "cd14");
            page.wait_for("option-CD14", 10);
            page.keys("clamp-gene", &format!("{ARROW_DOWN}{ENTER}"));
            page.wait_for("held-CD14", 10);
            page.click("generate");
            finished(page);
            let (_, bytes) = page.download(|page| page.click("save-h5ad"));
            let cells = read_h5ad(bytes, &Matrix::X).unwrap();
            for (gene, held) in [("ISG15", 1), ("IFI6", 1), ("CD14", 0)] {
                let place = cells.genes.iter().position(|own| own == gene).unwrap() as u32;
                for cell in 0..cells.len() {
                    let (genes, counts) = cells.counts.row(cell);
                    let found = genes.iter().position(|own| *own == place).map_or(0, |at| counts[at]);
                    assert_eq!(found, held, "{gene} in cell {cell}");
                }
            }
            page.click("release-all");
            address(page, "clamp=", false);
        },
    );
}

/// Adds a bundle with nine perturbations: the shipped one, whose donors' tokens stand for them as well. What they do
/// to cells means nothing; how they are chosen and put together does.
fn add_many(site: &Site) {
    site.add_bundle(&site.bundle("pbmc-ifnb"), "many");
    let path = site.bundle("many").join("bundle.json");
    let mut card: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let tokens: Vec<Value> =
        card["conditions"][0]["values"].as_array().unwrap().iter().map(|value| value["token"].clone()).collect();
    let names = ["IL-2", "IL-4", "IL-6", "IL-10", "IL-15", "IL-21", "IFN-gamma", "TNF-alpha"];
    let values = card["conditions"][2]["values"].as_array_mut().unwrap();
    for (name, token) in names.iter().zip(tokens.iter().cycle()) {
        let aliases: &[&str] = if *name == "TNF-alpha" { &["cachectin"] } else { &[] };
        values.push(json!({ "value": name, "display": name, "aliases": aliases, "token": token, "cells": 0 }));
    }
    // Another card than the one that was sealed.
    card.as_object_mut().unwrap().remove("seal");
    std::fs::write(path, card.to_string()).unwrap();
}

#[test]
fn several_perturbations_are_found_by_name_and_act_together() {
    with_page("together", add_many, |page| {
        page.open("bundle=models/many&device=cpu&cells=4&steps=2");
        loaded(page);
        page.keys("perturbation-search", "cachectin");
        page.wait_for("option-TNF-alpha", 10);
        page.keys("perturbation-search", ENTER);
        page.wait_for("chip-TNF-alpha", 10);
        page.keys("perturbation-search", &format!("IFN-β{ENTER}"));
        page.wait_for("chip-IFN-beta", 10);
        address(page, "with.condition=TNF-alpha&with.condition=IFN-beta", true);
        assert!(page.text("seen").contains("these 2 perturbations together"), "{}", page.text("seen"));
        page.click("generate");
        finished(page);
        let verdict = page.text("verdict");
        assert!(verdict.contains("no training cell had these 2 together: an extrapolation"), "{verdict}");
        page.click("methods-open");
        let command = page.text("command");
        assert!(command.contains("--with \"condition=IFN-beta\" --with \"condition=TNF-alpha\""), "{command}");
        assert!(page.text("methods").contains("an extrapolation"), "{}", page.text("methods"));
        let (_, bytes) = page.download(|page| page.click("save-h5ad"));
        let cells = read_h5ad(bytes, &Matrix::X).unwrap();
        assert_eq!(cells.indices_where("condition", "IFN-beta+TNF-alpha").unwrap().len(), 4);
        page.click("clear-all");
        address(page, "with.condition", false);
    });
}
