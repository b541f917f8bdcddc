//! axe-core over every view, empty and with results, in both themes, on a desk and on a phone.
//!
//! Does: injects axe's script (its path is in `WELLPLATE_AXE`) and asks for breaches of the guidelines.
//! Does not know: the guidelines, the page's code.
//! Flow: view → **axe-core** → a sentence per breach.

use serde_json::{Value, json};

use super::explore::{finished, loaded};
use super::page::{Page, with_page};

/// Views by their names in addresses.
const VIEWS: [&str; 5] = ["explore", "plate", "learn", "data", "model"];
/// A desk and a phone.
const SIZES: [(u32, u32); 2] = [(1280, 900), (390, 844)];
/// Breaches of what is shown: rule, what it asks, the elements.
const RUN: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(found => \
    found.violations.map(own => [own.id + ': ' + own.help].concat(own.nodes.map(node => \
        '    ' + node.html.slice(0, 300) + ' — ' + node.failureSummary.replace(/\\s+/g, ' '))).join('\\n')));";

/// axe-core's script; `None` when it is not asked for and not there.
pub(super) fn axe() -> Option<String> {
    match std::env::var_os("WELLPLATE_AXE") {
        Some(path) => {
            let name = path.to_string_lossy().into_owned();
            Some(std::fs::read_to_string(path).unwrap_or_else(|error| panic!("WELLPLATE_AXE={name}: {error}")))
        }
        None => {
            assert!(
                std::env::var_os("WELLPLATE_BROWSER").is_none(),
                "WELLPLATE_AXE names no axe-core; `cargo xtask test --only browser` installs it"
            );
            eprintln!("skipped: WELLPLATE_AXE names no axe-core; `cargo xtask test --only browser` installs it");
            None
        }
    }
}

/// Puts axe-core into the page. A script of WebDriver's is not bound by the page's policy.
pub(super) fn inject(page: &Page, axe: &str) {
    page.script_with(axe, &[]);
    assert_eq!(page.script_with("return typeof axe;", &[]), json!("object"), "axe-core is in the page");
}

/// Breaches on what is shown, each with where it was.
pub(super) fn breaches(page: &Page, place: &str) -> Vec<String> {
    let found = page.script_with(RUN, &[]);
    let words = |own: &Value| format!("{place}: {}", own.as_str().unwrap_or_default());
    found.as_array().into_iter().flatten().map(words).collect()
}

/// Breaches of what is shown in both themes and both sizes.
pub(super) fn everywhere(page: &Page, place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for theme in ["light", "dark"] {
        show_theme(page, theme);
        for (width, height) in SIZES {
            page.size(width, height);
            found.extend(breaches(page, &format!("{place}, {theme}, {width} px")));
        }
    }
    found
}

/// Switches to a theme through the header's button.
pub(super) fn show_theme(page: &Page, theme: &str) {
    let shown = "return document.documentElement.dataset.theme;";
    if page.script_with(shown, &[]) != json!(theme) {
        page.script_with("document.querySelector('[data-testid=theme]').click();", &[]);
    }
    page.wait("the theme", 10, |page| (page.script_with(shown, &[]) == json!(theme)).then_some(()));
}

/// Nothing was found.
pub(super) fn none(found: &[String]) {
    assert!(found.is_empty(), "axe-core found {}:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_view_breaks_the_guidelines() {
    let Some(axe) = axe() else { return };
    with_page(
        "axe-views",
        |_| (),
        |page| {
            page.open("device=cpu&cells=8&steps=2");
            loaded(page);
            inject(page, &axe);
            let mut found = Vec::new();
            for view in VIEWS {
                page.size(1280, 900);
                page.click(&format!("tab-{view}"));
                page.wait("the view", 10, |page| {
                    let current = page.attribute(&format!("tab-{view}"), "aria-current");
                    (current.as_deref() == Some("page")).then_some(())
                });
                found.extend(everywhere(page, view));
            }
            none(&found);
        },
    );
}

#[test]
fn results_do_not_break_the_guidelines() {
    let Some(axe) = axe() else { return };
    with_page(
        "axe-results",
        |_| (),
        |page| {
            page.open("device=cpu&cells=8&steps=2&with.condition=IFN-beta&gene=ISG15");
            loaded(page);
            inject(page, &axe);
            page.click("generate");
            finished(page);
            page.wait_for("gene-card", 30);
            none(&everywhere(page, "explore with results"));
        },
    );
}

#[test]
fn dialogs_and_high_contrast_do_not_break_the_guidelines() {
    let Some(axe) = axe() else { return };
    with_page(
        "axe-dialogs",
        |_| (),
        |page| {
            page.open("device=cpu&cells=8&steps=2");
            loaded(page);
            inject(page, &axe);
            let mut found = Vec::new();
            for (opener, dialog) in [("shortcuts-open", "shortcuts"), ("settings-open", "settings")] {
                page.click(opener);
                page.wait_for(dialog, 10);
                found.extend(breaches(page, dialog));
                page.click(&format!("{dialog}-close"));
            }
            page.click("settings-open");
            page.click("palette-contrast");
            page.click("settings-close");
            found.extend(everywhere(page, "explore in high contrast"));
            none(&found);
        },
    );
}
