//! Genes of a run: the long table, the figures behind tabs, the list to watch, the files.
//!
//! Does: scrolls, sorts and walks the table by keys, chooses genes in figures by keys and by a click, edits the list,
//! saves TSV and PNG.
//! Does not know: how genes are tested or figures drawn.
//! Flow: `cargo xtask test --only browser` → here.

use serde_json::json;

use super::explore::{finished, loaded, number};
use super::page::{Page, with_page};

/// A fast run with shifts.
const RUN: &str = "device=cpu&cells=16&steps=2&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";
/// Keys of WebDriver.
const DOWN: &str = "\u{E015}";
const RIGHT: &str = "\u{E014}";
const PAGE_DOWN: &str = "\u{E00F}";
const END: &str = "\u{E010}";
const HOME: &str = "\u{E011}";
const ENTER: &str = "\u{E007}";

/// Generates cells and waits for the table.
pub(super) fn run(page: &Page) {
    page.open(RUN);
    loaded(page);
    page.click("generate");
    finished(page);
    page.wait("rows", 30, |page| (page.rows("shifts-table").len() > 10).then_some(()));
}

/// Rows that the table has in all, from its own count (the head is one of them).
fn all(page: &Page) -> usize {
    number(page, "shifts-table", "aria-rowcount") - 1
}

/// Places of the rows that are in the document, counted from 1 without the head.
fn places(page: &Page) -> Vec<usize> {
    let body = "return [...document.querySelectorAll('[data-testid=\"shifts-table\"] tbody tr')]\
        .map(r => +r.getAttribute('aria-rowindex') - 1);";
    serde_json::from_value(page.script_with(body, &[])).unwrap()
}

/// Attribute of every row in the document.
pub(super) fn of_rows(page: &Page, name: &str) -> Vec<String> {
    let body = "return [...document.querySelectorAll('[data-testid=\"shifts-table\"] tbody tr')]\
        .map(r => r.getAttribute(arguments[0]));";
    serde_json::from_value(page.script_with(body, &[json!(name)])).unwrap()
}

/// Gene of the row that keys are at.
fn active(page: &Page) -> Option<String> {
    let body = "const t = document.querySelector('[data-testid=\"shifts-table\"]'); \
        const r = document.getElementById(t.getAttribute('aria-activedescendant')); return r && r.dataset.gene;";
    page.script_with(body, &[]).as_str().map(str::to_owned)
}

/// The chosen gene, from the address.
fn chosen(page: &Page) -> Option<String> {
    let address = page.address();
    let query = address.split_once('?').map(|(_, query)| query.to_owned())?;
    query.split('&').find_map(|pair| pair.strip_prefix("gene=").map(str::to_owned))
}

#[test]
fn thousands_of_genes_scroll_sort_and_answer_to_keys() {
    with_page(
        "gene-table",
        |_| (),
        |page| {
            run(page);
            let genes = all(page);
            assert!(genes > 2000, "{genes} genes have counts");
            let few = |page: &Page| {
                let rows = places(page).len();
                assert!((10..=60).contains(&rows), "{rows} rows are in the document");
            };
            few(page);
            // Any place of the scroll bar has its rows, and the last row is the last gene.
            page.script_with(
                "const b = document.querySelector('.shifts'); b.scrollTop = b.scrollHeight / 2; return null;",
                &[],
            );
            page.wait("rows of the middle", 10, |page| {
                let own = places(page);
                (own.first()? > &(genes / 3) && own.last()? < &(2 * genes / 3)).then_some(())
            });
            few(page);
            page.script_with(
                "const b = document.querySelector('.shifts'); b.scrollTop = b.scrollHeight; return null;",
                &[],
            );
            page.wait("the last row", 10, |page| (places(page).last() == Some(&genes)).then_some(()));
            few(page);
            page.script_with("document.querySelector('.shifts').scrollTop = 0; return null;", &[]);
            page.wait("the first row", 10, |page| (places(page).first() == Some(&1)).then_some(()));

            // Sorted by fold change: largest first, then smallest first.
            let changes = |page: &Page| -> Vec<f64> {
                of_rows(page, "data-log2fc").iter().map(|text| text.parse().unwrap()).collect()
            };
            page.click("sort-change");
            let down = page.wait("the largest first", 10, |page| {
                Some(changes(page)).filter(|own| own[0] > 0.0 && own.windows(2).all(|pair| pair[0] >= pair[1]))
            });
            page.click("sort-change");
            page.wait("the smallest first", 10, |page| {
                let own = changes(page);
                (own[0] < down[0] && own.windows(2).all(|pair| pair[0] <= pair[1])).then_some(())
            });
            let sorted = "return document.querySelector('[data-testid=\"sort-change\"]').closest('th').ariaSort;";
            assert_eq!(page.script_with(sorted, &[]), json!("ascending"));

            // Keys move, Enter chooses.
            page.click("sort-gene");
            page.wait("names in order", 10, |page| {
                of_rows(page, "data-gene").windows(2).all(|pair| pair[0] < pair[1]).then_some(())
            });
            page.keys("shifts-table", &format!("{HOME}{DOWN}{DOWN}"));
            let third = of_rows(page, "data-gene")[2].clone();
            page.wait("the third row", 10, |page| (active(page)? == third).then_some(()));
            page.keys("shifts-table", ENTER);
            page.wait("the third gene", 10, |page| (chosen(page)? == third).then_some(()));
            assert!(page.text("gene-card").contains(&third));
            page.keys("shifts-table", PAGE_DOWN);
            page.wait("a page further", 10, |page| (active(page)? > third).then_some(()));
            page.keys("shifts-table", END);
            page.wait("the last gene", 10, |page| {
                (places(page).last() == Some(&genes) && active(page)? > third).then_some(())
            });
            few(page);

            // Several names at once; a cut by q; a direction.
            page.keys("filter", "ISG15, IFI6");
            page.wait("two genes", 10, |page| {
                let own = of_rows(page, "data-gene");
                (own.len() < 10 && own.iter().any(|gene| gene == "ISG15") && own.iter().any(|gene| gene == "IFI6"))
                    .then_some(())
            });
            let before = all(page);
            page.keys("cut-change", "30");
            page.wait("none", 10, |page| (all(page) < before).then_some(()));
        },
    );
}

#[test]
fn figures_choose_genes_and_their_tables_tell_the_same() {
    with_page(
        "gene-figures",
        |_| (),
        |page| {
            run(page);
            // Dot plot, by the arrow keys of its tabs: volcano, MA plot, violins, dot plot.
            page.keys("view-volcano", RIGHT);
            page.keys("view-ma", RIGHT);
            page.wait("violins", 60, |page| (number(page, "violins", "data-genes") >= 6).then_some(()));
            page.keys("view-violins", RIGHT);
            page.wait("a drawn dot plot", 30, |page| {
                (number(page, "dots", "data-genes") >= 6 && page.painted("dots").1 > 3).then_some(())
            });
            assert_eq!(page.attribute("view-dots", "aria-selected").as_deref(), Some("true"));
            assert!(page.address().contains("genes.figure=dots"));
            assert_eq!(chosen(page), None);
            page.keys("dots", RIGHT);
            let first = page.wait("a gene by key", 10, chosen);
            page.keys("dots", RIGHT);
            page.wait("the next gene", 10, |page| (chosen(page)? != first).then_some(()));
            page.click("figure-table-toggle");
            let rows = page.wait("the table of dots", 10, |page| {
                Some(page.rows("figure-table")).filter(|rows| rows.len() == number(page, "dots", "data-genes"))
            });
            assert!(rows.iter().all(|row| row.len() == 5 && row[1].ends_with('%')), "{rows:?}");

            // Heat map: a click in its middle chooses a gene that is in its table.
            page.click("view-heat");
            page.wait("a drawn heat map", 60, |page| {
                (number(page, "heat", "data-genes") >= 6 && page.painted("heat").1 > 5).then_some(())
            });
            let heat = page.rows("figure-table");
            let before = chosen(page);
            page.keys("heat", DOWN);
            page.wait("a gene of the heat map", 10, |page| (chosen(page) != before).then_some(()));
            page.click("heat");
            let clicked = page.wait("a gene by click", 10, chosen);
            assert!(heat.iter().any(|row| row[0] == clicked), "{clicked} is not in the heat map");
            page.click("heat-groups");
            page.click("heat-log");
            page.wait("means of groups", 10, |page| {
                let words = page.attribute("heat", "aria-label").unwrap_or_default();
                words.contains("2 groups of cells").then_some(())
            });
        },
    );
}

#[test]
fn the_list_is_edited_and_stays_in_the_address() {
    with_page(
        "gene-list",
        |_| (),
        |page| {
            run(page);
            page.click("view-violins");
            let before =
                page.wait("violins", 60, |page| Some(number(page, "violins", "data-genes")).filter(|n| *n >= 6));
            page.click("list-open");
            page.keys("list-input", &format!("B2M, pf4 NOSUCHGENE{ENTER}"));
            page.wait("two more violins", 60, |page| {
                (number(page, "violins", "data-genes") == before + 2).then_some(())
            });
            assert!(page.text("list-told").contains("NOSUCHGENE"), "{}", page.text("list-told"));
            assert!(page.text("list").contains("PF4") && page.address().contains("genes.list="));
            page.click("list-top");
            page.wait("other genes", 60, |page| {
                let list = page.text("list");
                (!list.contains("PF4") && number(page, "violins", "data-genes") > 0).then_some(())
            });
            page.click("list-markers");
            page.wait("the markers", 60, |page| (number(page, "violins", "data-genes") == before).then_some(()));
            assert!(!page.address().contains("genes.list="), "the markers need no address");
        },
    );
}

/// Width and height that a PNG says.
fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n", "not a PNG");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn figures_and_table_are_saved() {
    with_page(
        "gene-files",
        |_| (),
        |page| {
            run(page);
            let (name, bytes) = page.download(|page| page.click("save-tsv"));
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(name, "wellplate-shifts.tsv");
            assert!(text.lines().any(|line| line.starts_with("# seed: ")));
            let rows: Vec<Vec<&str>> =
                text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect()).collect();
            assert_eq!((rows.len(), rows[0][0], rows[0][3]), (9016, "gene", "q"));
            assert!(rows.iter().all(|row| row.len() == rows[0].len() && row.len() > 8));

            // Twice as many pixels as points: 760 points wide.
            for (tab, figure, file) in [
                ("view-volcano", "volcano", "wellplate-volcano"),
                ("view-ma", "volcano", "wellplate-ma"),
                ("view-violins", "violins", "wellplate-violins"),
                ("view-dots", "dots", "wellplate-dot-plot"),
                ("view-heat", "heat", "wellplate-heat-map"),
            ] {
                page.click(tab);
                page.wait(file, 60, |page| (page.sees(figure) && number(page, figure, "data-genes") > 0).then_some(()));
                let (name, bytes) = page.download(|page| page.click(&format!("png-{figure}")));
                let (width, height) = png_size(&bytes);
                assert_eq!((name, width), (format!("{file}.png"), 1520));
                assert!((300..6000).contains(&height) && bytes.len() > 5000, "{file}: {height} high");
                let (name, svg) = page.download(|page| page.click(&format!("save-{figure}")));
                let svg = String::from_utf8(svg).unwrap();
                assert!(name == format!("{file}.svg") && svg.starts_with("<svg"), "{name}");
                // Every figure says its unit.
                let unit = if figure == "heat" { "standard deviations" } else { "log" };
                assert!(svg.contains(unit), "{file} does not say {unit:?}");
            }
        },
    );
}
