//! Nothing broken: what once was, on a phone, without storage, by keys, in forced colours, when a run is stopped.

use serde_json::{Value, json};

use super::explore::{LOADING, finished, loaded, number};
use super::page::{Page, with_page};

/// A fast run.
const FAST: &str = "device=cpu&cells=8&steps=2&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// The views.
const VIEWS: [&str; 5] = ["explore", "plate", "learn", "data", "model"];

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
            let refuse = "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });";
            page.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": refuse }));
            page.open("device=cpu");
            loaded(page);
            page.press("t");
            page.wait("the other theme", 10, |page| {
                let dark = page.script("return document.documentElement.dataset.theme;");
                (dark == json!("dark")).then_some(())
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
            page.devtools(
                "Emulation.setEmulatedMedia",
                &json!({ "features": [{ "name": "forced-colors", "value": "active" }] }),
            );
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
