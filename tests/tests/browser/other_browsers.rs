//! The page outside Chromium: Firefox and WebKitGTK do what Chromium does.
//!
//! Does: in each, looks at the answer that stands ready, makes cells on the CPU and compares the table with Chromium's,
//! gives the Data view a file, asks axe-core in both themes, and lets no complaint pass that a page can hear.
//! Does not know: how a browser is found (`cargo xtask test --only other-browsers` installs and names it).
//! Flow: built `dist` → Chromium and **another browser** → the same table.

use std::collections::BTreeMap;

use cells::h5ad::write_h5ad;

use super::accessibility::{axe, breaches, inject, none, show_theme};
use super::driver::{Engine, Kind, Window, program};
use super::explore::finished;
use super::own_data::{choose, file, planted, ready};
use super::page::{Page, Site, with_page, with_window};

/// A comparison whose results the page ships.
const AHEAD: &str = "device=cpu&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// The same, made here of few cells.
const FEW: &str = "device=cpu&cells=8&steps=2&seed=3&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// Loading a page, at most. WebKit compiles the whole worker of a quick build (37 MB) before it runs any of it.
const PATIENCE: u64 = 400;
/// Keeps what the page complains of: these drivers hand out no console. What a worker says is not heard.
const LISTENER: &str = "(() => {
    const keep = words => {
        const heard = JSON.parse(sessionStorage.getItem('heard') || '[]');
        sessionStorage.setItem('heard', JSON.stringify(heard.concat([words])));
    };
    for (const level of ['error', 'warn']) {
        const own = console[level];
        console[level] = (...words) => { keep(level + ': ' + words.join(' ')); own.apply(console, words); };
    }
    const source = e => e.target && (e.target.src || e.target.href);
    addEventListener('error', e => keep('error: ' + (e.message || 'not loaded: ' + source(e))), true);
    addEventListener('unhandledrejection', e => keep('rejected: ' + e.reason));
    addEventListener('securitypolicyviolation', e => keep('policy: ' + e.violatedDirective + ' ' + e.blockedURI));
})();";

/// The browser of a kind, if the stage has named it.
fn engine(kind: Kind) -> Option<Engine> {
    let (browser, driver, screen) = match kind {
        Kind::Firefox => ("FIREFOX", "GECKODRIVER", None),
        Kind::WebKit => ("WEBKIT", "WEBKITDRIVER", program("XVFB", &[])),
        Kind::Chromium => ("CHROME", "CHROMEDRIVER", None),
    };
    let engine = Engine::new(kind, &program(browser, &[])?, &program(driver, &[])?);
    Some(Engine { screen, ..engine })
}

/// Puts the listener before everything else of the page.
fn listened(site: &Site) {
    std::fs::write(site.file("listener.js"), LISTENER).unwrap();
    let index = std::fs::read_to_string(site.file("index.html")).unwrap();
    let with = index.replacen("<head>", "<head><script src=\"listener.js\"></script>", 1);
    assert_ne!(with, index, "the page has a head");
    std::fs::write(site.file("index.html"), with).unwrap();
}

/// What the page has complained of since this was last asked.
fn heard(page: &Page) -> Vec<String> {
    let own = "const own = sessionStorage.getItem('heard') || '[]'; sessionStorage.removeItem('heard'); return JSON.parse(own);";
    serde_json::from_value(page.script(own)).unwrap()
}

/// What this browser makes of the few cells: what is said of all genes, and the rows of the table that are in sight.
fn table(page: &Page) -> (String, Vec<Vec<String>>) {
    page.open(FEW);
    page.wait("the model", PATIENCE, |page| {
        (page.sees("generate") && page.attribute("generate", "disabled").is_none()).then_some(())
    });
    page.click("generate");
    finished(page);
    (page.text("shifts-count"), page.rows("shifts-table"))
}

/// Breaches of the guidelines in both themes.
fn in_both_themes(page: &Page, place: &str) -> Vec<String> {
    let of = |theme: &&str| {
        show_theme(page, theme);
        breaches(page, &format!("{place}, {theme}"))
    };
    ["light", "dark"].iter().flat_map(of).collect()
}

/// What a person does first, in this browser; `expected` is Chromium's table.
fn goes_as_in_chromium(page: &Page, axe: &str, (words, expected): &(String, Vec<Vec<String>>)) {
    page.open(AHEAD);
    page.wait_for("precomputed", PATIENCE);
    page.wait_for("shifts-table", PATIENCE);
    assert!(page.text("verdict").contains(" up, "), "{}", page.text("verdict"));
    // A picture that does not exist: the listener does hear.
    page.script("const i = document.createElement('img'); i.src = 'none.png'; document.body.append(i);");
    page.wait("what the listener hears", 10, |page| {
        heard(page).iter().any(|words| words.contains("none.png")).then_some(())
    });

    let (of_all, rows) = table(page);
    assert_eq!(&of_all, words, "{} tests other genes than Chromium", page.browser());
    // How many rows are in sight depends on the height of a line.
    let both = rows.len().min(expected.len());
    assert!(both >= 12, "{both} rows are in sight of both");
    assert_eq!(rows[..both], expected[..both], "{} makes another table than Chromium", page.browser());
    assert!(page.text("device-badge").starts_with("CPU"), "{}", page.text("device-badge"));
    inject(page, axe);
    let mut found = in_both_themes(page, "explore with results");

    let folder = tempfile::TempDir::new().unwrap();
    let own = file(folder.path(), "mine.h5ad", write_h5ad(&planted(), &BTreeMap::new()).unwrap());
    page.click("tab-data");
    ready(page);
    choose(page, &[own]);
    page.wait_for("own-cells", PATIENCE);
    assert_eq!((page.text("own-cells"), page.text("own-genes")), ("60".to_owned(), "300".to_owned()));
    found.extend(in_both_themes(page, "data with a file"));
    none(&found);
    assert_eq!(heard(page), [""; 0], "{} complains", page.browser());
}

/// Runs the smoke test in a browser beside Chromium.
fn smoke(name: &str, kind: Kind) {
    let Some(engine) = engine(kind) else {
        eprintln!("skipped: {name}: no such browser was named; `cargo xtask test --only other-browsers` installs it");
        return;
    };
    let Some(axe) = axe() else { return };
    let mut expected = None;
    with_page(&format!("{name}-chromium"), |_| (), |page| expected = Some(table(page)));
    // Without a built page that was said.
    let Some(expected) = expected else { return };
    assert!(expected.0.contains("Rows: ") && expected.1[0].len() > 5, "{expected:?}");
    with_window(name, || Window::open_in(&engine), listened, |page| goes_as_in_chromium(page, &axe, &expected));
}

#[test]
fn firefox() {
    smoke("firefox", Kind::Firefox);
}

#[test]
fn webkitgtk() {
    smoke("webkitgtk", Kind::WebKit);
}
