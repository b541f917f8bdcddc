//! The cards of the shipped models: whose cells were held out, what the model is held against, tables that fit.
//!
//! Does: opens cards of screens, of drugs and of blood, and reads them as a visitor would.
//! Does not know: what the scores are.
//! Flow: shipped bundle → page → **words, widths**.

use serde_json::json;

use super::explore::LOADING;
use super::page::{Page, with_page};

/// Opens a card and gives its words.
fn card(page: &Page, name: &str) -> String {
    page.open(&format!("bundle=models/{name}&device=cpu&view=model"));
    page.wait("the card", LOADING, |page| page.sees("card").then_some(()));
    page.text("card")
}

#[test]
fn groups_are_called_what_the_model_calls_them() {
    with_page(
        "card-groups",
        |_| (),
        |page| {
            let words = card(page, "thp1-knockouts");
            assert!(words.contains("Knock-out: IFNGR2; Replicate 3"), "{words}");
            let rows = page.rows("scores");
            assert!(rows.iter().any(|row| row[0].starts_with("STAT1, replicate 2 (")), "{rows:?}");
            assert!(!words.contains("donor") && !words.contains(" = rep_"), "a replicate is no donor: {words}");
            // Pairs in one line of cells: neither donors nor cell types.
            let words = card(page, "k562-activation");
            assert!(page.rows("scores")[0][0].starts_with("KLF1 + MAP2K6 ("), "{:?}", page.rows("scores")[0]);
            assert!(!words.contains("all cells,") && !words.contains("donor"), "{words}");
            assert!(!words.contains("AUPRC (regression is ahead)"), "both find all: {words}");
            assert!(words.contains("AUPRC (regression is as good)"), "{words}");
            // Drugs have no baseline group by group.
            let words = card(page, "pbmc-drugs");
            assert!(
                !page.sees("scores-summary") && words.contains("No baseline was measured group by group"),
                "{words}"
            );
            assert!(!page.rows("scores").iter().any(|row| row[1] == "PerturbMean"), "a baseline that was not measured");
            // Where all baselines are equal none is the best.
            let rows = page.rows("summary-0");
            assert!(
                rows.iter().filter(|row| row[0].starts_with("Baseline")).all(|row| !row[1].contains('★')),
                "{rows:?}"
            );
        },
    );
}

#[test]
fn the_card_is_at_hand_and_its_tables_fit() {
    with_page(
        "card-fits",
        |_| (),
        |page| {
            card(page, "pbmc-ifnb");
            page.size(1440, 900);
            let cut = "return [...document.querySelectorAll('[data-testid=summaries] > .scroll')] \
                .map(e => e.scrollWidth - e.clientWidth).filter(w => w > 0);";
            assert_eq!(page.script(cut), json!([]), "tables of scores are cut off");
            let summary = page.text("scores-summary");
            assert!(
                summary.starts_with("Held-out groups in which the model is better than PerturbMean: "),
                "{summary}"
            );
            // On a phone a list of eleven models stands above the card.
            page.size(390, 800);
            page.click("to-card");
            page.wait("the card's title", 10, |page| {
                let place = "const e = document.activeElement, r = e.getBoundingClientRect(); \
                    return e.id === 'card-title' && r.top >= 0 && r.top < innerHeight;";
                (page.script(place) == json!(true)).then_some(())
            });
        },
    );
}

#[test]
fn what_another_model_does_not_know_is_named_as_it_was_shown() {
    with_page(
        "card-notice",
        |_| (),
        |page| {
            page.open("bundle=models/pbmc-ifnb&device=cpu&view=model&with.condition=IFN-beta");
            page.wait("the card", LOADING, |page| page.sees("card").then_some(()));
            page.click("open-models/thp1-knockouts");
            let words =
                page.wait("the notice", LOADING, |page| Some(page.text("notice")).filter(|own| !own.is_empty()));
            assert!(words.contains("left out: cytokine Interferon beta (IFN-β)"), "{words}");
            // One step back is the model of before with all that was chosen of it.
            page.back();
            page.wait("the model of before", LOADING, |page| page.text("card").starts_with("PBMC").then_some(()));
            assert!(page.address().contains("with.condition=IFN-beta"), "{}", page.address());
        },
    );
}
