//! Genes by their other names, and cuts that stand in the address.
//!
//! Does: finds genes by synonyms in the table, among the genes to hold and in the list to watch; reads the full name on a
//! gene's card; opens a link with cuts again.
//! Does not know: where names come from.
//! Flow: `cargo xtask test --only browser` → here.

use serde_json::json;

use super::explore::{finished, loaded};
use super::genes::{of_rows, run};
use super::page::{Page, with_page};

const HOME: &str = "\u{E011}";
const ENTER: &str = "\u{E007}";
const DOWN: &str = "\u{E015}";

/// What stands in a field.
fn value(page: &Page, id: &str) -> String {
    let body = "return document.querySelector(`[data-testid=\"${arguments[0]}\"]`).value;";
    page.script_with(body, &[json!(id)]).as_str().unwrap_or_default().to_owned()
}

#[test]
fn genes_are_found_by_any_name_and_a_link_keeps_the_cuts() {
    with_page(
        "gene-names",
        |_| (),
        |page| {
            run(page);
            // UCRP is ISG15's older name.
            page.keys("filter", "UCRP");
            page.wait("ISG15 alone", 30, |page| (of_rows(page, "data-gene") == ["ISG15"]).then_some(()));
            page.keys("shifts-table", &format!("{HOME}{DOWN}"));
            page.keys("shifts-table", ENTER);
            let names = page.wait("its names", 30, |page| {
                Some(page.text("gene-card")).filter(|text| text.contains("ubiquitin-like modifier"))
            });
            assert!(names.contains("also G1P2") && names.contains("UCRP"), "{names}");

            // Cuts and order stand in the address.
            page.keys("cut-q", "0.5");
            page.choose("cut-direction", "up");
            page.click("sort-change");
            let address = page.wait("the address", 10, |page| {
                let wanted = ["genes.find=UCRP", "genes.q=0.5", "genes.shift=up", "genes.sort=-fold_change", "run=1"];
                Some(page.address()).filter(|own| wanted.iter().all(|part| own.contains(part)))
            });
            page.back();
            page.wait("the step before", 10, |page| (!page.address().contains("genes.sort")).then_some(()));
            page.open_address(&address);
            finished(page);
            page.wait("the same row", 30, |page| (of_rows(page, "data-gene") == ["ISG15"]).then_some(()));
            assert_eq!(["filter", "cut-q", "cut-direction"].map(|id| value(page, id)), ["UCRP", "0.5", "up"]);

            // Held genes are suggested by synonym and by full name.
            page.click("hold-open");
            page.keys("clamp-gene", "pd-l1");
            let option =
                page.wait("a suggestion", 30, |page| page.sees("option-CD274").then(|| page.text("option-CD274")));
            assert!(option.contains("CD274 molecule"), "{option}");
            page.keys("clamp-gene", ENTER);
            page.wait_for("held-CD274", 10);
            page.keys("clamp-gene", "ubiquitin-like modifier");
            page.wait("ISG15 by its full name", 10, |page| page.sees("option-ISG15").then_some(()));

            // A name of two genes asks which.
            page.click("view-violins");
            page.click("list-open");
            page.keys("list-input", &format!("CD16{ENTER}"));
            let said = page.wait("a sentence", 10, |page| Some(page.text("list-told")).filter(|text| !text.is_empty()));
            assert!(said.contains("CD16 can be FCGR3A or FCGR3B"), "{said}");
            assert_eq!(page.log(), Vec::<String>::new());
        },
    );
}

#[test]
fn without_its_list_of_names_the_page_works_by_symbols() {
    with_page(
        "no-gene-names",
        |site| {
            std::fs::remove_file(site.file("genes/human.tsv")).unwrap();
            site.stamp();
        },
        |page| {
            // The browser itself says so of every file that is not there.
            page.expect(&["genes/human.tsv"]);
            page.open("device=cpu&gene=ISG15");
            loaded(page);
            page.click("hold-open");
            page.keys("clamp-gene", "isg1");
            page.wait("a symbol", 30, |page| page.sees("option-ISG15").then_some(()));
            page.keys("clamp-gene", ENTER);
            page.wait_for("held-ISG15", 10);
        },
    );
}
