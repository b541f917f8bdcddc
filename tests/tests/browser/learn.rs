//! The lessons: real runs in the page, questions that know right from wrong, a place that comes back.

use super::explore::{loaded, number};
use super::page::{Page, with_page};

/// Address of the lessons on the CPU, with few steps and cells.
const LEARN: &str = "device=cpu&view=learn&learn.steps=8&learn.guide-cells=4&learn.ceiling-cells=8";
/// A lesson's run, at most; one takes a fraction of it even beside other work.
const RUN: u64 = 300;

/// Opens a step of a lesson and waits until the model is loaded.
fn open(page: &Page, lesson: &str, step: usize) {
    page.open(&format!("{LEARN}&learn.lesson={lesson}&learn.step={step}"));
    page.wait("the model", 120, |page| {
        let ready = page.sees("lesson") && page.attribute("device-badge", "data-testid").is_some();
        (ready && !page.text("device-badge").starts_with("starting")).then_some(())
    });
}

/// Runs the open lesson and waits until a part that needs the run can be seen.
fn run(page: &Page, part: &str) {
    page.click("learn-run");
    page.wait(part, RUN, |page| {
        let over = page.sees(part) || page.text("learn-progress").starts_with("Written");
        over.then_some(())
    });
}

/// Number in the cell of a table.
fn value(text: &str) -> f64 {
    text.replace('−', "-").parse().unwrap_or_else(|_| panic!("{text:?} is not a number"))
}

/// Probabilities that the table of the watched gene shows, in percent.
fn shares(page: &Page) -> Vec<f64> {
    let percent = |text: &str| value(text.trim_start_matches("< ").trim_end_matches(" %"));
    page.rows("learn-bars-table").iter().map(|row| percent(&row[1])).collect()
}

#[test]
fn a_cell_is_written_step_by_step_and_back() {
    with_page(
        "learn-write",
        |_| (),
        |page| {
            open(page, "write", 1);
            run(page, "learn-progress");
            page.wait("the written cell", RUN, |page| page.text("learn-progress").starts_with("Written").then_some(()));
            page.click("lesson-next");
            page.wait_for("learn-cell", 10);
            let (genes, shown) =
                (number(page, "learn-facts", "data-genes"), |page: &Page| number(page, "learn-facts", "data-shown"));
            assert_eq!((genes, shown(page)), (9015, 0), "before the first step all genes are masked");
            let mut forward = vec![0];
            for step in 1..=8 {
                page.click("step-forward");
                page.wait("the next step", 10, |page| (number(page, "learn-facts", "data-at") == step).then_some(()));
                forward.push(shown(page));
            }
            assert!(forward.windows(2).all(|pair| pair[0] < pair[1]), "each step reveals genes: {forward:?}");
            assert_eq!(forward[8], 9015, "all genes are revealed at the end");
            assert!(page.attribute("step-forward", "disabled").is_some() && page.painted("learn-grid").1 > 3);
            let (sums, fresh) = (page.text("learn-sums"), page.text("learn-fresh"));
            for step in (0..8).rev() {
                page.click("step-back");
                page.wait("the step before", 10, |page| (number(page, "learn-facts", "data-at") == step).then_some(()));
                assert_eq!(shown(page), forward[step], "going back shows what was there");
            }
            // The slider moves by the arrow keys, and the end is what it was.
            page.keys("step-slider", &"\u{e014}".repeat(8));
            page.wait("the last step", 10, |page| (number(page, "learn-facts", "data-at") == 8).then_some(()));
            assert_eq!((page.text("learn-sums"), page.text("learn-fresh")), (sums, fresh));
        },
    );
}

#[test]
fn a_genes_probabilities_add_up_at_every_step() {
    with_page(
        "learn-gene",
        |_| (),
        |page| {
            open(page, "write", 1);
            run(page, "learn-progress");
            page.wait("the written cell", RUN, |page| page.text("learn-progress").starts_with("Written").then_some(()));
            page.click("lesson-next");
            page.click("lesson-next");
            page.wait_for("learn-bars", 10);
            page.click("learn-bars-open");
            for step in 0..=8 {
                let total: f64 = page.attribute("learn-bars", "data-total").unwrap().parse().unwrap();
                assert!((total - 1.0).abs() < 1e-3, "after step {step} the probabilities add up to {total}");
                let rows = shares(page);
                let sum: f64 = rows.iter().sum();
                // Each row is rounded to a tenth of a percent.
                assert!(rows.len() >= 2 && (sum - 100.0).abs() < 0.11 * rows.len() as f64, "{step}: {rows:?}");
                if step < 8 {
                    page.click("step-forward");
                    page.wait("the step", 10, |page| {
                        (number(page, "learn-facts", "data-at") == step + 1).then_some(())
                    });
                }
            }
            assert!(
                page.text("learn-gene-words").contains("was revealed in step"),
                "{}",
                page.text("learn-gene-words")
            );
            // A gene that was not recorded is recorded in a second run, which writes the same cell.
            page.keys("watch-gene", "NOC2L");
            page.click("watch");
            page.click("watch-again");
            page.wait("NOC2L", RUN, |page| page.text("learn-gene-words").contains("NOC2L").then_some(()));
            assert!(page.text("learn-same").contains("were the same"), "{}", page.text("learn-same"));
            assert!(page.address().contains("learn.gene=NOC2L"), "{}", page.address());
        },
    );
}

#[test]
fn right_and_wrong_answers_are_told_apart_and_come_back() {
    with_page(
        "learn-question",
        |_| (),
        |page| {
            open(page, "write", 2);
            assert_eq!(page.attribute("lesson", "data-step").as_deref(), Some("2"));
            assert!(page.text("q1-verdict").is_empty());
            // An answer is one line with its button, and no empty frame waits below.
            let look = "const q = document.querySelector('[data-testid=question]'); const o = q.querySelector('label'); \
                const r = o.querySelector('input').getBoundingClientRect(), s = o.querySelector('span').getBoundingClientRect(); \
                const v = q.querySelector('[role=status]').getBoundingClientRect(); return [r.right <= s.left, r.top < s.bottom, v.height];";
            assert_eq!(page.script(look), serde_json::json!([true, true, 0]));
            page.click("q1-1");
            page.click("q1-check");
            let wrong =
                page.wait("a verdict", 10, |page| Some(page.text("q1-verdict")).filter(|text| !text.is_empty()));
            assert!(wrong.starts_with("✗ Not quite"), "{wrong}");
            assert_eq!(page.attribute("question", "data-right").as_deref(), Some("false"));
            page.click("q1-2");
            page.click("q1-check");
            page.wait("the right verdict", 10, |page| page.text("q1-verdict").starts_with("✓ Right").then_some(()));
            assert_eq!(page.attribute("question", "data-right").as_deref(), Some("true"));
            // The address brings lesson, step and answer back.
            let address = page.address();
            page.open_address(&address);
            page.wait_for("lesson", 60);
            assert_eq!(page.attribute("lesson", "data-lesson").as_deref(), Some("write"));
            assert_eq!(page.attribute("lesson", "data-step").as_deref(), Some("2"));
            assert!(page.text("q1-verdict").starts_with("✓ Right"), "{}", page.text("q1-verdict"));
            page.click("all-lessons");
            page.wait_for("lesson-card-write", 10);
            assert!(page.text("lesson-card-write").contains("1 of 3 questions right"));
            assert_eq!(page.attribute("lesson-card-write", "data-done").as_deref(), Some("false"));
            page.back();
            page.wait("the lesson again", 10, |page| {
                (page.attribute("lesson", "data-step").as_deref() == Some("2")).then_some(())
            });
        },
    );
}

#[test]
fn numbers_out_of_range_are_refused_in_words() {
    with_page(
        "learn-numbers",
        |_| (),
        |page| {
            open(page, "write", 1);
            page.script(
                "const e = document.querySelector('[data-testid=learn-steps]'); e.value = '9999'; \
                e.dispatchEvent(new Event('change', { bubbles: true }));",
            );
            let told =
                page.wait("the sentence", 10, |page| Some(page.text("learn-steps-told")).filter(|own| !own.is_empty()));
            assert!(told.contains("from 8 to 64; 9999 was not taken") && told.contains("It stays 8."), "{told}");
            assert!(page.address().contains("learn.steps=8"), "{}", page.address());
        },
    );
}

#[test]
fn guidance_is_measured_at_several_scales() {
    with_page(
        "learn-guide",
        |_| (),
        |page| {
            open(page, "guide", 2);
            run(page, "guide-table");
            let rows = page.wait("all scales", RUN, |page| {
                let rows = page.rows("guide-table");
                (rows.iter().any(|row| row[0].starts_with('3'))).then_some(rows)
            });
            let scales: Vec<&Vec<String>> = rows.iter().filter(|row| value_or_none(&row[0]).is_some()).collect();
            assert!(scales.len() >= 3, "w = 0, the paper's and a large one: {rows:?}");
            for row in &scales {
                assert!(row[1..].iter().all(|text| value(text).is_finite()), "every scale has its numbers: {row:?}");
                assert!(value(&row[4]) > 0.0, "cells differ: {row:?}");
            }
            // Four cells are few, but twice the difference is seen in any of them; large scales overshoot.
            let (first, next) = (value(&scales[0][1]), value(&scales[1][1]));
            assert!(next > first, "guidance makes effects larger: {first} at w = 0, {next} at the next");
            assert!(rows.iter().any(|row| row[0] == "measured"), "{rows:?}");
            page.wait("drawn figures", 30, |page| {
                (page.painted("guide-size").1 > 3 && page.painted("guide-strips").1 > 3).then_some(())
            });
        },
    );
}

/// The number that a row's name begins with.
fn value_or_none(name: &str) -> Option<f64> {
    name.split_whitespace().next()?.parse().ok()
}

#[test]
fn scores_stand_beside_baseline_and_ceiling() {
    with_page(
        "learn-ceiling",
        |_| (),
        |page| {
            open(page, "ceiling", 1);
            page.click("guess-1");
            page.click("guess-check");
            let verdict =
                page.wait("a verdict", 10, |page| Some(page.text("guess-verdict")).filter(|text| !text.is_empty()));
            assert!(verdict.starts_with('✓') || verdict.starts_with('✗'), "{verdict}");
            page.click("lesson-next");
            let rows =
                page.wait("scores", 10, |page| Some(page.rows("learn-scores-table")).filter(|rows| rows.len() == 3));
            let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
            assert_eq!(names, ["the model", "PerturbMean", "the ceiling"]);
            assert!(rows.iter().all(|row| (-1.0..=1.0).contains(&value(&row[1]))), "{rows:?}");
            assert!(page.text("scores-beside").contains("both against the measured control cells"));
            page.choose_option("score-group", "Interferon beta");
            assert!(page.text("scores-beside").contains("the two are not the same test"));
            // The verdict agrees with the table: it calls the model highest just when it is.
            let highest = rows.iter().max_by(|a, b| value(&a[1]).total_cmp(&value(&b[1]))).unwrap();
            assert_eq!(verdict.starts_with('✓'), highest[0] == "the model", "{verdict} {rows:?}");
            page.click("lesson-next");
            run(page, "learn-scatter");
            page.wait_for("scatter", RUN);
            assert!(page.text("scatter-words").contains("correlate at"), "{}", page.text("scatter-words"));
            page.click("lesson-next");
            let rows = page.wait("halves", 30, |page| Some(page.rows("halves-table")).filter(|rows| !rows.is_empty()));
            let cells: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
            assert_eq!(cells, ["2", "4"], "eight cells have halves of two and four");
            assert!(rows.iter().all(|row| value(&row[1]) <= 1.0), "{rows:?}");
        },
    );
}

#[test]
fn a_lessons_run_can_be_stopped() {
    with_page(
        "learn-cancel",
        |_| (),
        |page| {
            page.open("device=cpu&view=learn&learn.lesson=ceiling&learn.step=3&learn.ceiling-cells=256");
            page.click("tab-explore");
            loaded(page);
            page.click("tab-learn");
            page.click("learn-run");
            page.wait_for("learn-cancel", 30);
            page.click("learn-cancel");
            page.wait("the stop", 60, |page| (!page.sees("learn-cancel")).then_some(()));
            assert!(!page.sees("scatter"), "what was stopped shows nothing");
            page.wait("another run", 30, |page| page.attribute("learn-run", "disabled").is_none().then_some(()));
        },
    );
}
