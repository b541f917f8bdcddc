//! Nothing broken: what once was, on a phone, without storage, by keys, in forced colours, when a run is stopped.

use std::collections::{BTreeMap, BTreeSet};

use cells::h5ad::write_h5ad;
use serde_json::{Value, json};

use super::accessibility;
use super::explore::{LOADING, finished, loaded, number};
use super::own_data::{choose, file, planted};
use super::page::{Page, with_page};

/// A fast run.
const FAST: &str = "device=cpu&cells=8&steps=2&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// Four wells of two conditions.
const WELLS: &str =
    "cell_type.condition.donor~CD14_2B__Monocytes.ctrl.1015~CD14_2B__Monocytes.IFN_2Dbeta.1015%2A0-0.1-0._10.0-1.1-1";
/// The views.
const VIEWS: [&str; 5] = ["explore", "plate", "learn", "data", "model"];

/// The page fits its window at every width; 640 px is a window of 1,280 at 200 % zoom.
fn fits(page: &Page, what: &str) {
    for width in [360, 390, 640, 768, 1024, 1280, 1920, 2560] {
        page.size(width, 900);
        assert!(beyond(page) <= 0.0, "{what} at {width} px is {} px too wide", beyond(page));
    }
}

/// Pixels that the page is wider than its window.
fn beyond(page: &Page) -> f64 {
    page.script("return document.documentElement.scrollWidth - innerWidth;").as_f64().unwrap()
}

#[test]
fn switching_views_while_frames_are_pending_breaks_nothing() {
    with_page(
        "pending-frames",
        |_| (),
        |page| {
            page.open(FAST);
            loaded(page);
            page.click("generate");
            finished(page);
            page.wait_for("shifts-table", LOADING);
            // Each switch puts the table away while a frame that measures it is still to come; the harness fails on the
            // panic that this once was.
            for _ in 0..5 {
                page.script("document.querySelector('.shifts')?.dispatchEvent(new Event('scroll')); window.dispatchEvent(new Event('resize')); document.querySelector('[data-testid=toggle-IFN-beta]').click();");
                page.click("tab-plate");
                page.click("tab-explore");
            }
            loaded(page);
        },
    );
}

#[test]
fn a_browser_that_keeps_nothing_shows_the_page() {
    with_page(
        "no-storage",
        |_| (),
        |page| {
            let refuse = "for (const [of, name] of [[window, 'localStorage'], [window, 'sessionStorage'], [window, 'caches'], [Navigator.prototype, 'serviceWorker']]) \
                Object.defineProperty(of, name, { get() { throw new DOMException('denied', 'SecurityError'); } });";
            page.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": refuse }));
            page.open("device=cpu");
            loaded(page);
            page.press("t");
            page.wait("the other theme", 10, |page| {
                let dark = page.script("return document.documentElement.dataset.theme;");
                (dark == json!("dark")).then_some(())
            });
            page.click("tab-model");
            page.wait("what is kept", 30, |page| {
                page.text("storage-words").starts_with("Nothing is kept: ").then_some(())
            });
        },
    );
}

#[test]
fn single_keys_can_be_switched_off() {
    with_page(
        "single-keys",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            page.click("settings-open");
            page.click("single-keys");
            page.click("settings-close");
            page.press("2");
            page.press("4");
            assert!(!page.address().contains("view="), "{}", page.address());
            let address = page.address();
            page.open_address(&address);
            loaded(page);
            page.press("2");
            assert!(!page.address().contains("view="), "the choice outlives the visit: {}", page.address());
            page.click("settings-open");
            page.click("single-keys");
            page.click("settings-close");
            page.press("2");
            page.wait("the plate", 10, |page| page.address().contains("view=plate").then_some(()));
        },
    );
}

#[test]
fn no_view_is_wider_than_its_window() {
    with_page(
        "widths",
        |_| (),
        |page| {
            for view in VIEWS {
                page.open(&format!("view={view}&{FAST}"));
                page.wait("the model", LOADING, |page| (!page.sees("loading")).then_some(()));
                // 640 px is a window of 1,280 at 200 % zoom.
                for width in [360, 390, 640, 768, 1024, 1280, 1920, 2560] {
                    page.size(width, 900);
                    assert!(beyond(page) <= 0.0, "{view} at {width} px is {} px too wide", beyond(page));
                    // All five views can be chosen without knowing that their names scroll.
                    let hidden =
                        page.script("const e = document.querySelector('.tabs'); return e.scrollWidth - e.clientWidth;");
                    assert!(width <= 390 || hidden.as_f64() <= Some(0.0), "{view} at {width} px: tabs are cut off");
                }
            }
        },
    );
}

#[test]
fn no_view_is_wider_than_its_window_when_it_is_full() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = file(folder.path(), "mine.h5ad", write_h5ad(&planted(), &BTreeMap::new()).unwrap());
    with_page(
        "widths-full",
        |_| (),
        |page| {
            page.open(&format!(
                "{FAST}&gene=ISG15&b.on=1&b.with.cell_type=B%20cells&plate.cells=8&plate.wells={WELLS}"
            ));
            loaded(page);
            page.click("generate");
            finished(page);
            page.wait_for("shifts-table", LOADING);
            for figure in ["volcano", "dots", "heat"] {
                page.click(&format!("view-{figure}"));
                page.wait("the figure", 60, |page| (page.painted(figure).1 > 1).then_some(()));
                fits(page, &format!("Explore with results, {figure}"));
            }
            page.size(1280, 900);
            page.click("tab-plate");
            page.click("run-plate");
            page.wait("the wells", LOADING, |page| page.text("plate-status").starts_with("Done").then_some(()));
            fits(page, "a plate that ran");
            page.size(1280, 900);
            page.click("tab-data");
            choose(page, std::slice::from_ref(&file));
            page.wait_for("own-cells", LOADING);
            page.choose_option("group-a", "condition = ctrl");
            page.choose_option("group-b", "condition = stim");
            page.wait("group B", 30, |page| page.text("group-b-about").starts_with("30 cells").then_some(()));
            page.click("data-test");
            page.wait_for("own-compared", LOADING);
            fits(page, "own cells that were tested");
            page.size(1280, 900);
            page.open(&format!("{FAST}&view=learn&learn.lesson=ceiling&learn.step=3&learn.ceiling-cells=8"));
            page.wait("the model", LOADING, |page| (page.sees("lesson") && !page.sees("loading")).then_some(()));
            page.click("learn-run");
            page.wait_for("scatter", LOADING);
            fits(page, "a lesson's run");
            page.size(1280, 900);
            page.click("lesson-next");
            page.wait_for("halves", 30);
            fits(page, "a lesson's table");
        },
    );
}

#[test]
fn one_finger_scrolls_the_page_over_the_map() {
    with_page(
        "map-touch",
        |_| (),
        |page| {
            page.size(390, 800);
            page.open(FAST);
            page.wait_for("map", LOADING);
            page.script(
                "document.querySelector('[data-testid=map]').scrollIntoView({ block: 'center', behavior: 'instant' });",
            );
            let top = |page: &Page| page.script("return scrollY;").as_f64().unwrap();
            let (before, zoom) = (top(page), page.attribute("map", "data-x"));
            page.swipe("map", (0.0, -200.0));
            page.wait("the page to scroll", 10, |page| (top(page) > before + 50.0).then_some(()));
            assert_eq!(page.attribute("map", "data-x"), zoom, "the map stays where it is");
        },
    );
}

#[test]
fn forced_colours_show_switches_and_swatches() {
    with_page(
        "forced-colours",
        |_| (),
        |page| {
            force_colours(page);
            page.open(FAST);
            loaded(page);
            let ground = |page: &Page, css: &str| {
                let body = "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor;";
                page.script_with(body, &[Value::from(css)])
            };
            let knob = "[data-testid=toggle-IFN-beta] .knob";
            let on = ground(page, knob);
            assert_ne!(on, ground(page, "body"), "a switch that is on stands out");
            page.click("toggle-IFN-beta");
            page.wait("the switch to look off", 10, |page| (ground(page, knob) != on).then_some(()));
            page.click("settings-open");
            let swatches = "return new Set([...document.querySelectorAll('[data-palette=okabe-ito].swatches i')].map(i => getComputedStyle(i).backgroundColor)).size;";
            assert_eq!(page.script(swatches), json!(6), "swatches keep their colours");
        },
    );
}

/// The emulation of forced colours, from now on.
fn force_colours(page: &Page) {
    let active = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
    page.devtools("Emulation.setEmulatedMedia", &active);
}

/// Colours of a part of each element that a selector finds.
fn colours(page: &Page, css: &str, part: &str) -> Vec<String> {
    let body = "return [...document.querySelectorAll(arguments[0])].map(e => getComputedStyle(e)[arguments[1]]);";
    serde_json::from_value(page.script_with(body, &[json!(css), json!(part)])).unwrap()
}

#[test]
fn forced_colours_leave_what_colours_alone_tell() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = file(folder.path(), "mine.h5ad", write_h5ad(&planted(), &BTreeMap::new()).unwrap());
    with_page(
        "forced-figures",
        |_| (),
        |page| {
            force_colours(page);
            page.open(&format!("{FAST}&view=plate&plate.cells=8&plate.colour=mean&gene=ISG15&plate.wells={WELLS}"));
            page.wait("the device", LOADING, |page| page.text("device-badge").starts_with("CPU").then_some(()));
            page.click("run-plate");
            page.wait("the wells", LOADING, |page| page.text("plate-status").starts_with("Done").then_some(()));
            let wells = colours(page, ".well.done .disc", "backgroundColor");
            let kinds: BTreeSet<&String> = wells.iter().collect();
            assert!(wells.len() == 4 && kinds.len() > 1, "wells keep the colours of their values: {wells:?}");
            assert!(colours(page, ".plate-ramp", "backgroundImage").iter().all(|own| own.contains("gradient")));
            assert_eq!(colours(page, ".plate-ramp", "forcedColorAdjust"), ["none"]);
            let lost = "return [...document.querySelectorAll('.well.done .disc')].filter(e => getComputedStyle(e).backgroundColor === getComputedStyle(e.querySelector('span')).color).length;";
            assert_eq!(page.script(lost), json!(0), "what is written on a well can be read");
            page.click("tab-data");
            choose(page, std::slice::from_ref(&file));
            page.wait_for("own-cells", LOADING);
            page.wait("the legend", 30, |page| (colours(page, ".own-legend .sign", "color").len() > 1).then_some(()));
            let signs = colours(page, ".own-legend .sign", "color");
            assert!(signs.iter().collect::<BTreeSet<_>>().len() > 1, "signs keep the colours of the map: {signs:?}");
        },
    );
}

#[test]
fn forced_colours_break_no_guideline_in_any_view() {
    let Some(axe) = accessibility::axe() else { return };
    with_page(
        "forced-axe",
        |_| (),
        |page| {
            force_colours(page);
            page.open(FAST);
            loaded(page);
            page.click("generate");
            finished(page);
            accessibility::inject(page, &axe);
            let mut found = Vec::new();
            for view in VIEWS {
                page.click(&format!("tab-{view}"));
                page.wait("the view", 10, |page| {
                    (page.attribute(&format!("tab-{view}"), "aria-current").as_deref() == Some("page")).then_some(())
                });
                found.extend(accessibility::breaches(page, &format!("{view} in forced colours")));
            }
            accessibility::none(&found);
        },
    );
}

#[test]
fn names_in_a_list_are_not_taken_apart_letter_by_letter() {
    with_page(
        "list-names",
        |_| (),
        |page| {
            page.open("bundle=models/thp1-knockouts&device=cpu");
            page.wait_for("perturbation-search", LOADING);
            page.keys("perturbation-search", "STAT");
            page.wait("suggestions", 30, |page| {
                let lines = "return Math.max(0, ...[...document.querySelectorAll('.type-ahead li span:nth-child(2)')].filter(s => s.getClientRects().length).map(s => s.getBoundingClientRect().height / parseFloat(getComputedStyle(s).lineHeight)));";
                let lines = page.script(lines).as_f64().unwrap();
                assert!(lines < 2.5, "a name of one word takes {lines} lines");
                (lines > 0.5).then_some(())
            });
        },
    );
}

#[test]
fn an_answer_stays_until_another_is_there_and_comes_back_when_a_run_is_stopped() {
    with_page(
        "answer-stays",
        |_| (),
        |page| {
            page.open(FAST);
            loaded(page);
            page.click("generate");
            finished(page);
            let (rows, points) = (page.rows("shifts-table"), number(page, "map", "data-points"));
            // A long run of other choices, stopped at its beginning.
            page.choose("select-cell_type", "B cells");
            page.click("numbers-open");
            page.keys("cells", "\u{E003}\u{E003}\u{E003}600\u{E004}");
            page.click("generate");
            page.wait("the run", 30, |page| page.sees("cancel").then_some(()));
            assert!(page.sees("shifts-table"), "the table of before stands until there is a new one");
            assert!(page.text("standing").contains("Previous answer"), "{}", page.text("standing"));
            page.click("cancel");
            page.wait("the stop", 60, |page| (!page.sees("cancel")).then_some(()));
            if page.text("progress").contains("is shown again") {
                assert_eq!((page.rows("shifts-table"), number(page, "map", "data-points")), (rows.clone(), points));
            } else {
                // The machine was quick enough for a first table: the answer of before is one click away.
                page.click("standing-before");
                page.wait("the answer of before", 30, |page| (page.rows("shifts-table") == rows).then_some(()));
            }
            // It is whole: its cells can still be saved.
            let (name, _) = page.download(|page| page.click("save-h5ad"));
            assert_eq!(name, "wellplate-cells.h5ad");
            assert!(page.text("told").contains("Saved wellplate-cells.h5ad"), "{}", page.text("told"));
        },
    );
}

#[test]
fn the_split_of_the_training_cells_is_not_asked_for() {
    with_page(
        "no-split",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            let asked = "return caches.open('wellplate-bundles-1').then(c => c.keys()).then(k => k.map(r => r.url));";
            let kept = page.script(asked).to_string();
            assert!(kept.contains("weights.safetensors") && !kept.contains("split.json"), "{kept}");
            // Not even begun and given up again.
            let asked = page.traffic.asked.lock().unwrap().clone();
            assert!(asked.iter().any(|path| path.ends_with("/weights.safetensors")), "{asked:?}");
            assert!(!asked.iter().any(|path| path.ends_with("split.json")), "{asked:?}");
        },
    );
}

#[test]
fn no_module_names_a_folder_of_the_machine_that_built_it() {
    let folder = crate::boundaries::root().join("dist");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: the page is not built");
        return;
    };
    let own = crate::boundaries::root().display().to_string();
    for path in
        files.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "wasm"))
    {
        let bytes = std::fs::read(&path).unwrap();
        for name in [own.as_str(), "/.cargo/registry/"] {
            let found = bytes.windows(name.len()).any(|window| window == name.as_bytes());
            assert!(!found, "{} names {name}", path.display());
        }
    }
}

#[test]
fn a_wide_table_of_results_scrolls_by_itself() {
    with_page(
        "wide-results",
        |_| (),
        |page| {
            page.open("bundle=models/k562-activation&device=cpu&with.condition=KLF1");
            loaded(page);
            page.wait_for("shifts-table", LOADING);
            for width in [1440, 1100, 390] {
                page.size(width, 900);
                page.wait("a page that fits", 10, |page| (beyond(page) <= 0.0).then_some(()));
            }
            let wider = "const e = document.querySelector('.shifts'); return e.scrollWidth > e.clientWidth;";
            assert_eq!(page.script(wider), json!(true), "the table itself is wider than its room");
        },
    );
}
