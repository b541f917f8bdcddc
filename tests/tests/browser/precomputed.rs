//! What a bundle ships ahead of time is on the screen before the model is, says so, and gives way to own cells.

use std::sync::atomic::AtomicBool;

use burn::tensor::Device;
use train_native::generate::read_bundle;
use train_native::precompute::{precompute, write};

use super::explore::{LOADING, RUN, csv, finished, loaded, number};
use super::page::{Page, Site, with_page};
use crate::pipeline::trained;
use crate::precompute::settings;

/// The bundle with results, on the CPU.
const AHEAD: &str = "bundle=models/ahead&device=cpu";
/// The same with the cytokine that the results know.
const PERTURBED: &str = "bundle=models/ahead&device=cpu&with.condition=IFN-beta";

/// Puts the synthetic cells' bundle with three precomputed conditions beside the shipped one: 24 cells of seed 9 on
/// either side, 7 of them on the map.
fn with_results(site: &Site) {
    site.add_bundle(&trained().bundle, "ahead");
    let folder = site.bundle("ahead");
    let mut bundle = read_bundle(&folder, &Device::flex()).unwrap();
    let found = precompute(&bundle, &settings(), &AtomicBool::new(false)).unwrap();
    write(&folder, &mut bundle.card, &found).unwrap();
}

/// Waits for a precomputed result and gives its label.
fn label(page: &Page) -> String {
    page.wait_for("precomputed", LOADING);
    page.text("precomputed")
}

#[test]
fn a_result_stands_before_the_model_and_own_cells_of_its_seed_agree() {
    with_page("precomputed", with_results, |page| {
        page.open(&format!("{PERTURBED}&cells=24&seed=9"));
        let words = label(page);
        for part in
            ["Precomputed:", "24 cells on either side", "seed 9", "made by wellplate", "the CPU", "press Generate"]
        {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!((number(page, "map", "data-points"), number(page, "map", "data-control")), (14, 7));
        assert!(page.attribute("map", "aria-label").unwrap().contains("precomputed"));
        assert!(!page.sees("done"), "nothing was run");
        page.wait("a drawn map and volcano", 30, |page| {
            let drawn = |id| page.painted(id).1 > 3;
            (drawn("map") && drawn("volcano")).then_some(())
        });
        assert!(page.text("shifts-count").contains("of 96 that were tested"), "{}", page.text("shifts-count"));
        page.click("view-violins");
        page.wait("why there are no violins", 10, |page| {
            page.text("figures").contains("no values of single cells").then_some(())
        });
        page.click("view-dots");
        page.wait("a dot plot", 10, |page| (number(page, "dots", "data-genes") >= 5).then_some(()));
        page.click("view-volcano");

        let (_, bytes) = page.download(|page| page.click("save-csv"));
        let (comments, ahead) = csv(&bytes);
        for line in ["# kind: generated, precomputed", "# seed: 9", "# cells: 24", "# device: the CPU"] {
            assert!(comments.iter().any(|own| own == line), "the CSV does not say {line:?}: {comments:#?}");
        }
        assert!((10..96).contains(&ahead.len()), "{} genes", ahead.len());

        loaded(page);
        assert!(page.sees("precomputed"), "the model's arrival takes nothing away");
        page.click("generate");
        finished(page);
        assert!(!page.sees("precomputed"), "own cells take its place");
        let (_, bytes) = page.download(|page| page.click("save-csv"));
        let own = csv(&bytes).1;
        let value = |row: &[String]| row[1].parse::<f64>().unwrap();
        let differing = ahead.iter().filter(|row| {
            let same = own.iter().find(|own| own[0] == row[0]).unwrap();
            // Two means rounded to f16.
            (value(row) - value(same)).abs() > 2e-3
        });
        // Browser and trainer add in another order: a draw in 10,000 may fall the other way.
        let differing = differing.count();
        assert!(differing <= 2, "{differing} of {} genes differ", ahead.len());
    });
}

#[test]
fn a_result_comes_before_the_weights() {
    with_page("precomputed-early", with_results, |page| {
        page.slow(40_000);
        page.open(PERTURBED);
        label(page);
        assert!(page.attribute("generate", "disabled").is_some(), "the weights are still on their way");
        assert!(page.sees("shifts-table"));
        page.slow(0);
        loaded(page);
        assert_eq!(number(page, "map", "data-points"), 14);
    });
}

#[test]
fn results_follow_the_choices_and_never_own_cells() {
    with_page("precomputed-choices", with_results, |page| {
        page.open(AHEAD);
        assert!(
            label(page).contains("24 cells (7 of them on the map), seed 9"),
            "control cells alone have no other side"
        );
        assert_eq!(number(page, "map", "data-points"), 7);
        loaded(page);
        page.click("toggle-IFN-beta");
        page.wait("the result with the cytokine", 10, |page| {
            (number(page, "map", "data-points") == 14 && page.sees("shifts-table")).then_some(())
        });
        page.click("toggle-IFN-beta");
        page.wait("the result without it", 10, |page| (number(page, "map", "data-points") == 7).then_some(()));

        // What is not precomputed is said, and nothing else is shown for it.
        page.open(&format!("{PERTURBED}&steps=7"));
        page.wait_for("not-precomputed", LOADING);
        let why = page.text("not-precomputed");
        assert!(why.contains("4 sampling steps") && why.contains("Press Generate"), "{why}");
        assert_eq!(number(page, "map", "data-points"), 0);

        // Own cells stay until somebody asks for the result.
        page.open(&format!("{PERTURBED}&cells=8"));
        loaded(page);
        page.click("generate");
        page.wait_for("done", RUN);
        assert!(!page.sees("show-precomputed"), "own cells are of these choices");
        page.click("toggle-IFN-beta");
        page.wait_for("show-precomputed", 10);
        assert_eq!(number(page, "map", "data-points"), 16);
        page.click("show-precomputed");
        assert!(label(page).contains("seed 9"));
        assert_eq!(number(page, "map", "data-points"), 7);
    });
}
