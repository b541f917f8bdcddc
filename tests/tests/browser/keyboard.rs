//! The whole what-if without a pointer, and the focus seen at every step.

use serde_json::json;

use super::explore::{finished, loaded};
use super::page::{Page, with_page};

/// Tabs that are pressed before a part counts as out of reach: a table of genes is a long way.
const MOST: usize = 400;
/// The focused element: whether it fits a selector, what it is called, whether one sees that it has the focus.
const FOCUS: &str = "const e = document.activeElement; \
    if (!e || e === document.body || e === document.documentElement) return [false, 'nothing', true]; \
    const r = e.getBoundingClientRect(); \
    const ringed = e => { const s = getComputedStyle(e); \
        return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; }; \
    const ring = ringed(e) || ringed(e.parentElement); \
    const inside = r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth; \
    return [e.matches(arguments[0]), e.tagName + ' ' + (e.getAttribute('aria-label') || e.innerText || e.id).slice(0, 50), ring && inside];";

/// Whether the focus is on what fits; the test fails when one cannot see where it is.
fn is_on(page: &Page, css: &str) -> bool {
    let found = page.script_with(FOCUS, &[json!(css)]);
    assert!(found[2] == json!(true), "one does not see that {} has the focus", found[1]);
    found[0] == json!(true)
}

/// Presses Tab until the focus is on what fits.
pub(super) fn tab_to(page: &Page, css: &str) {
    let reached = (0..MOST).any(|_| {
        page.press("Tab");
        is_on(page, css)
    });
    assert!(reached, "{css} is not reached in {MOST} steps of Tab");
}

#[test]
fn the_what_if_needs_no_pointer() {
    with_page(
        "keyboard",
        |_| (),
        |page| {
            page.open("device=cpu&cells=8&steps=2");
            loaded(page);
            tab_to(page, "[data-testid=toggle-IFN-beta]");
            page.press("Space");
            page.wait("the cytokine", 10, |page| {
                (page.attribute("toggle-IFN-beta", "aria-checked").as_deref() == Some("true")).then_some(())
            });
            tab_to(page, "[data-testid=generate]");
            page.press("Enter");
            finished(page);
            // What was pressed is disabled while it runs; the way goes on from there or from the top.
            tab_to(page, "[data-testid=filter]");
            for letter in ["I", "S", "G", "1", "5"] {
                page.press(letter);
            }
            page.wait("ISG15", 30, |page| {
                page.rows("shifts-table").first().is_some_and(|row| row[0] == "ISG15").then_some(())
            });
            assert!(!page.address().contains("view="), "digits that are typed open no view");
            tab_to(page, "[data-testid=save-csv]");
            let (name, bytes) = page.download(|page| page.press("Enter"));
            assert!(name.ends_with(".csv") && bytes.len() > 10_000, "{name}: {} bytes", bytes.len());
            // The table is one stop: arrow keys move in it.
            tab_to(page, "[data-testid=shifts-table]");
            page.press("Home");
            page.press("Enter");
            page.wait_for("gene-card", 10);
            assert!(page.text("gene-card").contains("ISG15"), "{}", page.text("gene-card"));
        },
    );
}

#[test]
fn one_key_generates_and_one_stops() {
    with_page(
        "keys",
        |_| (),
        |page| {
            page.open("device=cpu&cells=400&steps=4&with.condition=IFN-beta");
            loaded(page);
            page.press("g");
            page.wait_for("cancel", 30);
            page.press("Escape");
            page.wait("the stop", 60, |page| (!page.sees("cancel")).then_some(()));
            assert!(page.text("progress").starts_with("Stopped"), "{}", page.text("progress"));
        },
    );
}

#[test]
fn the_header_can_be_skipped() {
    with_page(
        "skip",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            page.press("Tab");
            assert!(is_on(page, "[data-testid=skip]"), "the way past the header comes first");
            let address = page.address();
            page.press("Enter");
            page.press("Tab");
            assert_eq!(page.script_with("return document.activeElement.closest('main') !== null;", &[]), json!(true));
            assert_eq!(page.address(), address, "skipping is no step in the history");
        },
    );
}
