//! Bundles of other kinds than the shipped one: what their cards say of held-out cells, cells that were not measured,
//! models without a perturbation, lists of many values.
//!
//! Does: changes a copy of the shipped bundle's card. What such a model's cells mean is of no account here; what the
//! page says of them is.
//! Does not know: how real bundles of these kinds are made.
//! Flow: changed card → page → **what it says**.

use serde_json::{Value, json};

use super::explore::{LOADING, csv, finished, loaded, number};
use super::page::{Page, Site, with_page};

/// Fewest cells and steps on the CPU.
const FAST: &str = "device=cpu&cells=8&steps=2&gene=ISG15";
/// WebDriver's keys (W3C WebDriver, section 17.4.2).
const ENTER: &str = "\u{E007}";
/// Names of the views in addresses.
const VIEWS: [&str; 5] = ["explore", "plate", "learn", "data", "model"];

/// Adds a copy of the shipped bundle with another card.
fn add(site: &Site, name: &str, change: impl FnOnce(&mut Value)) {
    site.add_bundle(&site.bundle("pbmc-ifnb"), name);
    let path = site.bundle(name).join("bundle.json");
    let mut card: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    card["name"] = json!(name);
    change(&mut card);
    // Another card than the one that was sealed.
    card.as_object_mut().unwrap().remove("seal");
    std::fs::write(path, card.to_string()).unwrap();
}

/// A card with everything that the referee says.
fn add_judged(site: &Site) {
    let metrics = |delta: f64, des: f64, mae: f64| {
        json!({
            "pearson_delta": { "value": delta, "low": delta - 0.04, "high": delta + 0.04 },
            "overlap_at_N": { "value": des },
            "mae": { "value": mae },
            "roc_auc": { "value": 0.7 },
        })
    };
    add(site, "judged", |card| {
        card["species"] = json!("Mus musculus");
        card["summaries"] = json!([{ "title": "Cell type by cell type", "groups": 12, "entries": [
            { "name": "model, measured controls", "kind": "prediction", "metrics": metrics(0.83, 0.31, 0.05) },
            { "name": "PerturbMean", "kind": "baseline", "metrics": metrics(0.61, 0.42, 0.02) },
            { "name": "ceiling", "kind": "ceiling", "metrics": metrics(0.9, 0.8, 0.01) },
        ] }]);
        card["populations"] = json!([{ "title": "Control cells set aside", "cells": 2000, "measures": [
            { "name": "Pearson of gene means", "best": "1", "generated": 0.9995, "ceiling": 0.9999 },
            { "name": "iLISI, 20 components", "best": "1", "generated": 0.41, "ceiling": 0.97 },
            { "name": "exact copies of training cells", "best": "0", "generated": 0.0, "ceiling": 0.0 },
        ] }]);
    });
}

/// Waits until the card can be read.
fn card(page: &Page, name: &str) {
    page.open(&format!("bundle=models/{name}&device=cpu&view=model"));
    page.wait("the card", LOADING, |page| page.sees("card").then_some(()));
}

#[test]
fn a_card_says_where_its_model_is_ahead_and_which_targets_it_misses() {
    with_page("judged", add_judged, |page| {
        card(page, "judged");
        let rows = page.rows("summary-0");
        // DES, Pearson-Δ, MAE: the paper's order.
        let heads: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(heads, ["Model, measured controls", "Baseline: PerturbMean", "Ceiling: measured against measured"]);
        // The best baseline of a column is marked; here there is one.
        for (shown, value) in rows[1][1..].iter().zip(["0.42", "0.61\n(0.57 to 0.65)", "0.020"]) {
            assert!(shown.contains("best baseline") && shown.ends_with(value), "{shown}");
        }
        assert!(rows[0][2].contains('✓') && rows[0][2].ends_with("0.83\n(0.79 to 0.87)"), "{:?}", rows[0]);
        assert!(!rows[0][1].contains('✓') && !rows[0][3].contains('✓'), "neither DES nor MAE is won: {:?}", rows[0]);
        let verdict = page.text("summary-verdict-0");
        assert!(
            verdict.contains("Missed: DES (PerturbMean is ahead), MAE (2.50 times that of PerturbMean)."),
            "{verdict}"
        );

        let rows = page.rows("population-0");
        let words: Vec<&str> = rows.iter().map(|row| row[5].trim_start_matches(['✓', '✗', ' '])).collect();
        assert_eq!(words, ["reached", "missed", "–"]);
        assert_eq!(rows[1][1..5], ["0.4100", "0.9700", "1", "at least 0.85"]);
        let verdict = page.text("population-verdict-0");
        assert!(verdict.starts_with("1 of 2 targets are reached; missed: iLISI, 20 components."), "{verdict}");
        assert!(!page.sees("origin") && !page.sees("card-origin"), "all of its cells were measured");
    });
}

#[test]
fn genes_of_another_species_are_looked_up_elsewhere() {
    with_page("species", add_judged, |page| {
        page.open(&format!("bundle=models/judged&{FAST}&with.condition=IFN-beta"));
        loaded(page);
        page.click("generate");
        finished(page);
        page.wait_for("gene-card", 30);
        let words = page.text("gene-card");
        assert!(words.contains("Mus musculus") && words.contains("MGI"), "{words}");
        assert!(!words.contains("GeneCards"), "GeneCards knows human genes alone: {words}");
    });
}

/// A semi-synthetic bundle: the measured cytokine is marked, another one is not.
fn add_mixed(site: &Site) {
    add(site, "mixed", |card| {
        card["origin"] = json!("semi-synthetic");
        card["origin_note"] = json!("Counts times fold changes of a signature; seed 7.");
        let donor = card["conditions"][0]["values"][0]["token"].clone();
        let values = card["conditions"][2]["values"].as_array_mut().unwrap();
        values.iter_mut().for_each(|value| value["origin"] = json!("measured"));
        values.push(json!({ "value": "IL-4", "display": "IL-4", "token": donor, "cells": 9 }));
    });
}

#[test]
fn cells_that_were_not_measured_are_called_so_on_every_screen() {
    with_page("mixed", add_mixed, |page| {
        for view in VIEWS {
            page.open(&format!("bundle=models/mixed&device=cpu&view={view}"));
            page.wait("the origin", LOADING, |page| page.sees("origin-words").then_some(()));
            let words = page.text("origin-words");
            assert!(words.starts_with("Semi-synthetic: ") && words.contains("IFN"), "{view}: {words}");
        }
        assert!(page.text("footer").contains("semi-synthetic"), "{}", page.text("footer"));
        page.open(&format!("bundle=models/mixed&{FAST}&with.condition=IL-4&with.cell_type=CD14%2B%20Monocytes"));
        loaded(page);
        let (made, measured) = (page.text("toggle-IL-4"), page.text("toggle-IFN-beta"));
        assert!(made.contains("semi-synthetic"), "{made}");
        assert!(measured.contains("measured") && !measured.contains("semi"), "{measured}");
        page.click("generate");
        finished(page);
        page.click("methods-open");
        let methods = page.text("methods");
        assert!(methods.contains("generated after semi-synthetic training cells"), "{methods}");
        let (_, bytes) = page.download(|page| page.click("save-csv"));
        let (comments, _) = csv(&bytes);
        assert!(
            comments.iter().any(|line| line.contains("training_origin") && line.contains("semi-synthetic")),
            "{comments:?}"
        );
        // The line leads to the card's own words, the focus too.
        page.click("origin-open");
        page.wait_for("origin-note", 10);
        assert_eq!(page.text("origin-note"), "Counts times fold changes of a signature; seed 7.");
        page.wait("the focus", 10, |page| {
            (page.script("return document.activeElement.id;") == json!("origin-note")).then_some(())
        });
    });
}

/// A bundle that knows no perturbation: what was one only says which cells they are.
fn add_atlas(site: &Site) {
    add(site, "atlas", |card| {
        card["conditions"][2]["kind"] = json!("identity");
        card["conditions"][2]["title"] = json!("Batch");
        card["conditions"][2]["control"] = Value::Null;
        // Identities can be left open; the donor's word for that does for it as well.
        card["conditions"][2]["unspecified"] = card["conditions"][0]["unspecified"].clone();
        let batches = card["conditions"][2]["values"].as_array_mut().unwrap();
        for (place, value) in batches.iter_mut().enumerate() {
            value["display"] = json!(format!("batch {place}"));
        }
        card["scores"] = json!([]);
    });
}

/// All words of the open view.
fn words(page: &Page) -> String {
    page.script("return document.querySelector('main').innerText;").as_str().unwrap().to_lowercase()
}

#[test]
fn two_kinds_of_cells_are_compared_where_there_is_no_perturbation() {
    with_page("atlas", add_atlas, |page| {
        page.open(&format!("bundle=models/atlas&{FAST}&with.cell_type=CD14%2B%20Monocytes"));
        loaded(page);
        assert!(page.text("no-perturbation").contains("Compare two scenarios"), "{}", page.text("no-perturbation"));
        assert!(!page.sees("guidance"), "there is nothing to guide to");
        page.click("compare-instead");
        page.wait_for("scenario-b", 10);
        page.choose("select-cell_type", "B cells");
        page.click("generate");
        finished(page);
        page.wait_for("shifts-table", 30);
        assert!(!page.sees("show-a"), "there is one comparison, and nothing to choose");
        assert_eq!((page.text("sort-control"), page.text("sort-perturbed")), ("A".to_owned(), "B".to_owned()));
        assert!(page.text("gene-card").contains("cells of A"), "{}", page.text("gene-card"));
        for word in ["perturbed", "control", "cytokine"] {
            assert!(!words(page).contains(word), "{word}: {}", words(page));
        }
        page.click("view-violins");
        page.wait("violins", 60, |page| (number(page, "violins", "data-genes") >= 6).then_some(()));
        page.click("methods-open");
        assert!(page.text("methods").contains("8 cells of scenario B"), "{}", page.text("methods"));
    });
}

#[test]
fn plate_and_lessons_say_what_such_a_model_cannot_do() {
    with_page("atlas-plate", add_atlas, |page| {
        page.open("bundle=models/atlas&device=cpu&view=plate&steps=2&plate.cells=8");
        page.wait("the plate", LOADING, |page| page.sees("plate-grid").then_some(()));
        page.wait("the device", 60, |page| page.text("device-badge").starts_with("CPU").then_some(()));
        let teach = page.text("teach-words");
        assert!(teach.contains("no perturbation") && teach.contains("left open"), "{teach}");
        assert!(page.text("plate-definition").contains("left open"), "{}", page.text("plate-definition"));
        page.open("bundle=models/atlas&device=cpu&view=learn&learn.lesson=guide&learn.step=1");
        page.wait("the lesson", LOADING, |page| page.sees("lesson-lacks").then_some(()));
        assert!(page.attribute("learn-run", "disabled").is_some(), "there is no effect to look at");
        page.click("instead-models/pbmc-ifnb");
        page.wait("a model with a perturbation", LOADING, |page| {
            let ready = !page.sees("lesson-lacks") && page.attribute("learn-run", "disabled").is_none();
            ready.then_some(())
        });
        assert!(page.address().contains("learn.lesson=guide"), "the lesson stays open: {}", page.address());
    });
}

/// A bundle with thirty cell types.
fn add_types(site: &Site) {
    add(site, "types", |card| {
        let values = card["conditions"][1]["values"].as_array_mut().unwrap();
        let tokens: Vec<Value> = values.iter().map(|value| value["token"].clone()).collect();
        for (place, token) in tokens.iter().cycle().take(22).enumerate() {
            let name = format!("type {place}");
            values.push(json!({ "value": name, "display": name, "token": token, "cells": 1 }));
        }
    });
}

#[test]
fn one_of_many_cell_types_is_found_by_typing() {
    with_page("types", add_types, |page| {
        page.open(&format!("bundle=models/types&{FAST}&with.cell_type=B%20cells"));
        loaded(page);
        assert_eq!(page.text("select-cell_type-chosen"), "B cells");
        page.keys("select-cell_type", "type 21");
        page.wait_for("option-type 21", 10);
        page.keys("select-cell_type", ENTER);
        page.wait("the choice", 10, |page| (page.text("select-cell_type-chosen") == "type 21").then_some(()));
        assert!(page.address().contains("with.cell_type=type"), "{}", page.address());
    });
}
