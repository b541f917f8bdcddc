//! Nothing misleading: answers say what they are of, what they rest on, and what the model cannot say.

use serde_json::json;

use super::explore::{LOADING, RUN, finished, loaded};
use super::page::{Page, with_page};

/// A fast run of CD14 monocytes with interferon beta.
const FAST: &str = "device=cpu&cells=8&steps=2&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// The same choices as shipped results have, which are there at once.
const AHEAD: &str = "device=cpu&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// WebDriver's keys (W3C WebDriver, section 17.4.2).
const TAB: &str = "\u{E004}";
const BACKSPACE: &str = "\u{E003}";

/// Waits for words in a part.
fn says(page: &Page, id: &str, words: &str) -> String {
    page.wait(&format!("{words:?} in {id}"), 60, |page| Some(page.text(id)).filter(|text| text.contains(words)))
}

#[test]
fn a_result_of_other_choices_says_so_and_leads_back() {
    with_page(
        "stale",
        |_| (),
        |page| {
            page.open(FAST);
            loaded(page);
            page.click("generate");
            finished(page);
            assert!(!page.sees("standing") && page.text("answer-of").contains("CD14"), "{}", page.text("answer-of"));
            let (rows, verdict, legend) = (page.rows("shifts-table"), page.text("verdict"), page.text("map-legend"));
            assert!(legend.contains("generated, "), "{legend}");
            page.choose("select-cell_type", "B cells");
            let words = says(page, "standing", "Of other choices");
            assert!(words.contains("CD14"), "the condition that the table is of: {words}");
            assert_eq!(page.text("verdict"), verdict, "trust belongs to the table, not to what is chosen now");
            assert!(page.sees("figures-standing"), "figures say it too");
            page.click("toggle-IFN-beta");
            assert_eq!(page.text("map-legend"), legend, "the map's cells are still those of the answer");
            page.click("toggle-IFN-beta");
            let filter = page.script("return getComputedStyle(document.querySelector('.answer')).filter;");
            assert!(filter.as_str().is_some_and(|own| own.contains("grayscale")), "{filter}");
            page.click("standing-back");
            page.wait("the result to be of these choices", 10, |page| (!page.sees("standing")).then_some(()));
            assert_eq!(page.rows("shifts-table"), rows);
            assert!(page.address().contains("CD14"));
        },
    );
}

#[test]
fn a_verdict_stands_first() {
    with_page(
        "verdict",
        |_| (),
        |page| {
            page.open(AHEAD);
            let words = {
                page.wait_for("verdict", LOADING);
                page.text("verdict")
            };
            for part in [" up, ", " down at q < 0.05", "training cells carry it"] {
                assert!(words.contains(part), "{words}");
            }
            let level = page.attribute("verdict", "data-level").unwrap();
            assert!(["ahead", "even", "behind", "unknown"].contains(&level.as_str()), "{level}");
            // Above everything else of the result.
            let first = "const v = document.querySelector('[data-testid=verdict]'), t = document.querySelector('[data-testid=shifts-table]'); \
                return v.getBoundingClientRect().bottom <= t.getBoundingClientRect().top;";
            assert_eq!(page.script(first), json!(true));
            page.click("why-open");
            assert!(!page.text("trust").is_empty());
        },
    );
}

#[test]
fn infinite_fold_changes_are_explained_and_saved_figures_say_what_they_are_of() {
    with_page(
        "infinite-folds",
        |_| (),
        |page| {
            page.open(&format!("{FAST}&genes.sort=-fold_change"));
            loaded(page);
            page.click("generate");
            finished(page);
            let first = page.wait("rows", 30, |page| page.rows("shifts-table").into_iter().next());
            assert_eq!(first[1], "new", "{first:?}");
            let about = page.script("return document.getElementById('shifts-about').innerText;");
            let about = about.as_str().unwrap_or_default();
            for part in
                ["“new”: no counts at all in the control cells", "“gone”: none in the perturbed cells", "is infinite"]
            {
                assert!(about.contains(part), "{part} in {about}");
            }
            for (tab, save) in [("view-volcano", "save-volcano"), ("view-dots", "save-dots"), ("", "save-map")] {
                if !tab.is_empty() {
                    page.click(tab);
                }
                let (_, svg) = page.download(|page| page.click(save));
                let svg = String::from_utf8(svg).unwrap();
                assert!(
                    svg.contains("CD14+ Monocytes") && svg.contains("against its control"),
                    "{save}: {}",
                    &svg[..600]
                );
            }
        },
    );
}

#[test]
fn cuts_that_no_gene_could_pass_are_refused_in_words() {
    with_page(
        "refused-cuts",
        |_| (),
        |page| {
            page.open(AHEAD);
            page.wait_for("shifts-table", LOADING);
            page.keys("cut-q", "5");
            let words = says(page, "cuts-told", "5 was not taken");
            assert!(words.contains("from 0 to 1") && words.contains("No cut is made"), "{words}");
            assert!(!page.address().contains("genes.q"), "{}", page.address());
            page.keys("cut-q", &format!("{BACKSPACE}0.05"));
            page.wait("the cut", 10, |page| page.address().contains("genes.q=0.05").then_some(()));
            assert!(page.text("cuts-told").is_empty());
            page.keys("cut-change", "-3");
            says(page, "cuts-told", "-3 was not taken");
            assert!(!page.address().contains("fold_change"), "{}", page.address());
        },
    );
}

#[test]
fn genes_that_lead_nowhere_are_told_with_what_to_press() {
    with_page(
        "missing-genes",
        |_| (),
        |page| {
            page.open(AHEAD);
            page.wait_for("shifts-table", LOADING);
            page.keys("filter", "NOSUCHGENE");
            says(page, "missing-genes", "NOSUCHGENE is not among this model's");
            page.keys("filter", &BACKSPACE.repeat(10));
            page.keys("filter", "ISG15 ubiquitin like modifier");
            page.wait("a gene by its full name", 30, |page| {
                let rows = page.rows("shifts-table");
                (rows.len() == 1 && rows[0][0] == "ISG15").then_some(())
            });
        },
    );
}

#[test]
fn a_gene_that_a_model_lacks_is_said_so_by_any_of_its_names() {
    with_page(
        "gene-not-in-panel",
        |_| (),
        |page| {
            // Does PD-L1 fall when STAT1 is knocked out? This model cannot say, and says so.
            page.open("bundle=models/thp1-knockouts&device=cpu&with.condition=STAT1");
            page.wait_for("shifts-table", LOADING);
            page.keys("filter", "PD-L1");
            let words = says(page, "missing-genes", "PD-L1 (CD274) is not among this model's 299 genes");
            assert!(words.contains("Model lists other models"), "{words}");
            page.keys("filter", &BACKSPACE.repeat(5));
            page.keys("filter", "CD274 molecule");
            let words = says(page, "missing-genes", "“CD274 molecule” is in the full name of CD274");
            assert!(words.contains("not among this model's 299 genes") && !words.contains("MOLECULE"), "{words}");
            page.keys("filter", &BACKSPACE.repeat(14));
            page.keys("filter", "programmed death");
            says(page, "missing-genes", "No gene is called “programmed death”");
        },
    );
}

#[test]
fn unknown_values_of_a_link_are_named_and_not_replaced() {
    with_page(
        "unknown-values",
        |_| (),
        |page| {
            page.open("device=cpu&with.donor=999&with.condition=IFN-beta&cells=99999&steps=many&run=1");
            page.wait_for("problems", LOADING);
            let words = page.text("problems");
            assert!(
                words.contains("no") && words.contains("“999”") && words.contains("99999 was not taken"),
                "{words}"
            );
            assert!(page.text("refused-parts").contains("steps=many"), "{}", page.text("refused-parts"));
            page.wait("the model", LOADING, |page| (!page.sees("loading")).then_some(()));
            assert!(page.attribute("generate", "disabled").is_some() && !page.sees("done"), "nothing runs of it");
            assert!(page.address().contains("with.donor=999"), "{}", page.address());
            page.click("leave-out");
            loaded(page);
            assert!(!page.address().contains("999"), "{}", page.address());
        },
    );
}

#[test]
fn links_are_not_ignored_in_silence_in_any_view() {
    // A link for each view, what of it nobody can understand, and what of it the model does not have.
    let links = [
        (
            "explore",
            "cell=8&b.with.donor=101&genes.q=5&map.colour=organ",
            "cell=8, b.with.donor=101, genes.q=5",
            "Colours of the map “organ”",
        ),
        ("plate", "run=yes&plate.order=x&plate.heat=9999", "run=yes, plate.heat=9999, plate.order=x", ""),
        (
            "learn",
            "learn.lesson=moon&learn.steps=9999&learn.gene=NOSUCHGENE",
            "learn.lesson=moon, learn.steps=9999",
            "Lesson's gene “NOSUCHGENE”",
        ),
        ("data", "data.file=x&with_donor=101", "with_donor=101, data.file=x", ""),
        ("model", "with.donor=&show.comparison=c&utm_source=x", "with.donor=, show.comparison=c", ""),
    ];
    with_page(
        "ignored-links",
        |_| (),
        |page| {
            for (view, query, ignored, left_out) in links {
                page.open(&format!("device=cpu&view={view}&{query}"));
                page.wait_for("refused-parts", LOADING);
                let words = page.text("refused-parts");
                assert!(
                    words.contains(&format!("were ignored: {ignored}")) && !words.contains("utm"),
                    "{view}: {words}"
                );
                page.wait("the model", LOADING, |page| (!page.sees("loading")).then_some(()));
                if !left_out.is_empty() {
                    says(page, "notice", left_out);
                }
                let address = page.address();
                let stays = query.split('&').find(|pair| address.contains(pair) && !pair.starts_with("utm"));
                assert_eq!(stays, None, "what was not taken does not stay in the address: {address}");
            }
        },
    );
}

#[test]
fn numbers_out_of_range_are_refused_in_words() {
    with_page(
        "refused-numbers",
        |_| (),
        |page| {
            page.open(FAST);
            loaded(page);
            page.click("numbers-open");
            page.keys("cells", &format!("{}99999{TAB}", BACKSPACE.repeat(3)));
            let words = says(page, "cells-told", "99999 was not taken");
            assert!(words.contains("from 4 to 2,000") && words.contains("It stays 8."), "{words}");
            assert!(page.address().contains("cells=8"), "{}", page.address());
            // Guidance is offered as far as the model's cells were found plausible.
            let limit = page.text("guidance-limit");
            let most = page.attribute("guidance", "max").unwrap();
            assert!(limit.starts_with(&format!("Up to {most}:")), "{limit}");
        },
    );
}

#[test]
fn nothing_is_said_of_a_model_that_is_not_there_yet() {
    with_page(
        "loading-words",
        |_| (),
        |page| {
            page.slow(30_000);
            page.open("device=cpu&steps=7");
            let words =
                page.wait("the first words", 30, |page| Some(page.text("no-shifts")).filter(|words| !words.is_empty()));
            assert!(!words.contains("knows no perturbation"), "{words}");
            // One bar of progress, not two.
            let bars =
                "return [...document.querySelectorAll('progress')].filter(p => p.getClientRects().length).length;";
            assert_eq!(page.script(bars), json!(1));
            page.slow(0);
            loaded(page);
        },
    );
}

#[test]
fn the_volcano_shows_its_grey_points() {
    with_page(
        "grey-points",
        |_| (),
        |page| {
            // Four cells on either side: nothing can be sure.
            page.open(&FAST.replace("cells=8", "cells=4"));
            loaded(page);
            page.click("generate");
            page.wait_for("done", RUN);
            assert!(page.text("verdict").contains("0 genes up, 0 down"), "{}", page.text("verdict"));
            assert!(!page.text("shifts-count").contains(" up, "), "it is said once: {}", page.text("shifts-count"));
            page.click("view-volcano");
            page.wait("grey points", 30, |page| (page.painted("volcano").1 > 3).then_some(()));
            let (_, svg) = page.download(|page| page.click("save-volcano"));
            let svg = String::from_utf8(svg).unwrap();
            assert!(!svg.contains("no gene shifts") && svg.matches("<circle").count() > 100, "grey points are there");
        },
    );
}
