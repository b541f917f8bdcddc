//! Results keep their condition: what was compared or written says what it is of, also once something else is chosen.

use std::collections::BTreeMap;

use cells::h5ad::write_h5ad;

use super::explore::{finished, loaded};
use super::own_data::{choose, file, planted};
use super::page::{Page, with_page};

/// A fast run of CD14 monocytes with interferon beta.
const FAST: &str = "device=cpu&cells=8&steps=2&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// A run, at most; one takes a fraction of it even beside other work.
const RUN: u64 = 300;

/// Whether a part is dimmed.
fn is_dimmed(page: &Page, css: &str) -> bool {
    let body = "return getComputedStyle(document.querySelector(arguments[0])).filter.includes('grayscale(1)');";
    page.script_with(body, &[serde_json::json!(css)]) == serde_json::json!(true)
}

#[test]
fn own_cells_say_which_run_they_are_compared_with() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = file(folder.path(), "mine.h5ad", write_h5ad(&planted(), &BTreeMap::new()).unwrap());
    with_page(
        "own-compared",
        |_| (),
        |page| {
            page.open(FAST);
            loaded(page);
            page.click("generate");
            finished(page);
            page.click("tab-data");
            choose(page, &[path]);
            page.wait_for("own-cells", RUN);
            page.choose_option("group-a", "condition = ctrl");
            page.choose_option("group-b", "condition = stim");
            page.wait("group B", 30, |page| page.text("group-b-about").starts_with("30 cells").then_some(()));
            page.click("data-test");
            page.wait_for("own-compared", RUN);
            let title = page.text("own-compared-title");
            for part in ["Compared with the run of ", "CD14+ Monocytes", "8 cells, seed 1"] {
                assert!(title.contains(part), "{title}");
            }
            let rows = page.rows("own-compared");
            assert!(rows.len() == 3 && !page.sees("own-compared-old"), "{rows:?}");

            // Explore goes on: the numbers stay those of the run that they were computed with, and say so.
            page.click("tab-explore");
            page.choose("select-cell_type", "B cells");
            page.click("generate");
            page.wait("the other run", RUN, |page| page.text("answer-of").contains("B cells").then_some(()));
            finished(page);
            page.click("tab-data");
            page.wait_for("own-compared-old", 30);
            assert_eq!((page.text("own-compared-title"), page.rows("own-compared")), (title, rows));
            assert!(is_dimmed(page, ".own-compare .run-body"));
            page.click("data-test");
            page.wait("the new numbers", RUN, |page| page.text("own-compared-title").contains("B cells").then_some(()));
            assert!(!page.sees("own-compared-old") && !is_dimmed(page, ".own-compare .run-body"));
        },
    );
}

#[test]
fn lessons_say_what_their_cells_are_once_something_else_is_chosen() {
    with_page(
        "lesson-conditions",
        |_| (),
        |page| {
            page.open(
                "device=cpu&view=learn&learn.ceiling-cells=4&learn.lesson=ceiling&learn.step=3&learn.type=B%20cells",
            );
            page.wait("the model", 120, |page| (page.sees("lesson") && !page.sees("loading")).then_some(()));
            page.click("learn-run");
            page.wait_for("scatter", RUN);
            let of = page.text("scatter-of");
            assert!(
                of.starts_with("These cells: ") && of.contains("B cells") && of.ends_with("4 cells, seed 1."),
                "{of}"
            );
            assert!(!is_dimmed(page, "[data-testid=learn-scatter] .run-body"));
            page.choose("learn-type", "CD14+ Monocytes");
            let of = page.wait("the condition of before", 10, |page| {
                Some(page.text("scatter-of")).filter(|words| words.starts_with("Of other choices"))
            });
            assert!(of.contains("B cells") && !of.contains("Monocytes"), "{of}");
            assert!(is_dimmed(page, "[data-testid=learn-scatter] .run-body"));
            // The next step shows the same run, and says the same.
            page.click("lesson-next");
            page.wait_for("halves-of", 10);
            assert_eq!(page.text("halves-of"), of);
            page.click("lesson-back");
            page.choose("learn-type", "B cells");
            page.wait("the condition again", 10, |page| page.text("scatter-of").starts_with("These").then_some(()));
        },
    );
}
