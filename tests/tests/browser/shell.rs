//! What stands around the views: undo, keys, dialogs, looks, title, the header on a phone.

use serde_json::{Value, json};

use super::explore::{finished, loaded};
use super::page::{Page, with_page};

/// Whether the cytokine is on, as the page says it.
fn is_on(page: &Page) -> Option<String> {
    page.attribute("toggle-IFN-beta", "aria-checked")
}

/// Waits until the cytokine is on or off.
fn wait_on(page: &Page, on: bool) {
    page.wait(&format!("the cytokine to be {on}"), 10, |page| (is_on(page) == Some(on.to_string())).then_some(()));
}

/// What a button says of itself.
fn label(page: &Page, id: &str) -> String {
    page.attribute(id, "aria-label").unwrap_or_default()
}

/// A computed colour or length of the root element.
fn root_style(page: &Page, name: &str) -> Value {
    page.script_with(
        "return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim();",
        &[json!(name)],
    )
}

#[test]
fn steps_are_undone_and_done_again() {
    with_page(
        "undo",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            assert_eq!(
                (label(page, "undo"), label(page, "redo")),
                ("Undo: nothing".to_owned(), "Redo: nothing".to_owned())
            );
            page.click("toggle-IFN-beta");
            wait_on(page, true);
            assert!(label(page, "undo").contains("→ Interferon beta"), "{}", label(page, "undo"));
            // A slider that is drawn along is one step.
            page.script_with(
                "const e = document.querySelector('[data-testid=guidance]'); \
             for (const w of [1.5, 2, 2.5]) { e.value = w; e.dispatchEvent(new Event('input', { bubbles: true })); }",
                &[],
            );
            page.wait("the guidance", 10, |page| page.address().contains("guidance=2.5").then_some(()));
            page.press("Control+z");
            page.wait("the guidance to go back", 10, |page| (!page.address().contains("guidance=")).then_some(()));
            assert_eq!(is_on(page).as_deref(), Some("true"), "the cytokine is a step of its own");
            assert!(label(page, "redo").contains("→ 2.5"), "{}", label(page, "redo"));
            page.click("undo");
            wait_on(page, false);
            assert!(page.text("told").starts_with("Undone"), "{}", page.text("told"));
            page.press("r");
            wait_on(page, true);
            page.press("Control+Shift+z");
            page.wait("the guidance again", 10, |page| page.address().contains("guidance=2.5").then_some(()));
            // The browser's own Back is the same step.
            page.back();
            page.wait("the guidance to go back", 10, |page| label(page, "redo").contains("→ 2.5").then_some(()));
            assert!(!page.address().contains("guidance="));
        },
    );
}

#[test]
fn keys_open_views_and_the_focus_and_the_title_follow() {
    with_page(
        "views-by-key",
        |_| (),
        |page| {
            page.open("device=cpu&cells=8&steps=2");
            loaded(page);
            let title =
                |page: &Page| page.script_with("return document.title;", &[]).as_str().unwrap_or_default().to_owned();
            for (key, name) in [("2", "Plate"), ("3", "Learn"), ("4", "Data"), ("5", "Model card"), ("1", "Explore")] {
                page.press(key);
                page.wait(name, 10, |page| (title(page) == format!("{name} · Wellplate")).then_some(()));
                page.wait("the focus", 10, |page| {
                let heading = "const e = document.activeElement; return e.matches('main h2, main') && e.closest('main') !== null;";
                (page.script_with(heading, &[]) == json!(true)).then_some(())
            });
            }
            page.press("g");
            finished(page);
            page.wait("the title", 10, |page| title(page).starts_with('✓').then_some(()));
        },
    );
}

#[test]
fn the_keyboard_map_keeps_the_focus_and_gives_it_back() {
    with_page(
        "help",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            page.script_with("document.querySelector('[data-testid=theme]').focus();", &[]);
            page.press("?");
            page.wait_for("shortcuts", 10);
            let text = page.text("shortcuts");
            for words in ["Generate cells", "Undo", "Find a gene", "Model card", "Volcano"] {
                assert!(text.contains(words), "{words} is not in the keyboard map");
            }
            for _ in 0..6 {
                page.press("Tab");
                let out = page.script_with(
                    "const e = document.activeElement; return e !== document.body && !e.closest('dialog');",
                    &[],
                );
                assert_eq!(out, json!(false), "the focus left the dialog");
            }
            page.press("2");
            assert!(!page.address().contains("view="), "behind a dialog nothing happens");
            page.press("Escape");
            page.wait("the dialog to close", 10, |page| (!page.sees("shortcuts")).then_some(()));
            let back = page.script_with("return document.activeElement.dataset.testid;", &[]);
            assert_eq!(back, json!("theme"), "the focus is where it was");
        },
    );
}

#[test]
fn looks_are_chosen_and_kept() {
    with_page(
        "looks",
        |_| (),
        |page| {
            page.open("device=cpu&with.condition=IFN-beta");
            loaded(page);
            let shown = |page: &Page| page.script_with("return document.documentElement.dataset.theme;", &[]);
            let (before, standard) = (shown(page), root_style(page, "--series-1"));
            page.press("t");
            page.wait("the other theme", 10, |page| (shown(page) != before).then_some(()));
            page.press("t");
            page.wait("the theme", 10, |page| (shown(page) == before).then_some(()));
            page.click("settings-open");
            page.click("theme-dark");
            page.click("palette-bright");
            page.click("settings-close");
            page.wait("the dark theme", 10, |page| (shown(page) == json!("dark")).then_some(()));
            let bright = root_style(page, "--series-1");
            assert_ne!(bright, standard);
            let address = page.address();
            page.open_address(&address);
            loaded(page);
            assert_eq!(
                (shown(page), root_style(page, "--series-1")),
                (json!("dark"), bright),
                "looks outlive the visit"
            );
            page.click("settings-open");
            page.click("theme-system");
            page.click("settings-close");
            page.wait("the system's theme", 10, |page| (shown(page) == before).then_some(()));
        },
    );
}

#[test]
fn a_phone_keeps_its_space() {
    with_page(
        "phone",
        |_| (),
        |page| {
            page.open("device=cpu");
            loaded(page);
            page.size(360, 740);
            let height =
                page.script_with("return document.querySelector('header').getBoundingClientRect().height;", &[]);
            assert!(height.as_f64().unwrap() < 110.0, "the header takes {height} px of a phone");
            let beyond = page.script_with("return document.documentElement.scrollWidth - innerWidth;", &[]);
            assert!(beyond.as_f64().unwrap() <= 0.0, "the page is {beyond} px wider than a phone");
            let position = page.script_with("return getComputedStyle(document.querySelector('header')).position;", &[]);
            assert_eq!(position, json!("static"), "on a phone the header scrolls away");
        },
    );
}
