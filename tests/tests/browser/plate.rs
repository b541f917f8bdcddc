//! The plate on the shipped bundle: wells placed by keyboard, run, stopped, pasted, saved and pasted back.

use super::explore::{RUN, loaded};
use super::page::{Page, with_page};

/// An open plate on the CPU with as few cells and steps as there can be.
const PLATE: &str = "device=cpu&view=plate&steps=2&plate.cells=16&with.cell_type=CD14%2B%20Monocytes&with.donor=1015";
/// Keys of WebDriver (W3C WebDriver, 17.4.2).
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";
const ENTER: &str = "\u{e007}";
const SHIFT: &str = "\u{e008}";
const CONTROL: &str = "\u{e009}";
/// Lets held keys go.
const RELEASE: &str = "\u{e000}";
const DELETE: &str = "\u{e017}";
const BACKSPACE: &str = "\u{e003}";
const TAB: &str = "\u{e004}";

/// Opens the plate and waits for its model.
fn open(page: &Page, query: &str) {
    page.open(query);
    page.wait("the plate", super::explore::LOADING, |page| page.sees("plate-grid").then_some(()));
    page.wait("the device", 60, |page| page.text("device-badge").starts_with("CPU").then_some(()));
}

/// What a screen reader says of a well.
fn said(page: &Page, well: &str) -> String {
    page.attribute(&format!("well-{well}"), "aria-label").unwrap_or_default()
}

/// The value that a well is coloured by.
fn value(page: &Page, well: &str) -> Option<f64> {
    page.attribute(&format!("well-{well}"), "data-value")?.parse().ok()
}

/// Waits until nothing runs on the plate.
fn finished(page: &Page) {
    page.wait("the wells", RUN, |page| page.text("plate-status").starts_with("Done").then_some(()));
}

/// Puts a text into the paste box and places it.
fn paste(page: &Page, text: &str) {
    page.click("paste-open");
    page.keys("paste-text", text);
    page.click("paste-place");
}

/// A table without its comments: head and rows.
fn table(bytes: &[u8]) -> (Vec<String>, Vec<Vec<String>>) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    (lines.next().unwrap(), lines.collect())
}

#[test]
fn wells_placed_by_keys_alone_show_what_interferon_does() {
    with_page(
        "plate",
        |_| (),
        |page| {
            open(page, PLATE);
            assert!(page.sees("plate-teach"), "an empty plate says what a plate is");
            // A1 and A2: control in two replicates.
            page.keys("well-A1", &format!("{SHIFT}{RIGHT}{RELEASE}"));
            page.keys("well-A2", ENTER);
            page.wait("A2", 10, |page| said(page, "A2").contains("replicate 2").then_some(()));
            assert!(!page.sees("plate-teach") && said(page, "A1").contains("donor 1015, CD14+ Monocytes"));
            assert_eq!(page.attribute("well-A2", "aria-selected").as_deref(), Some("true"));
            page.click("palette-IFN-beta");
            page.keys("well-A2", DOWN);
            page.keys("well-B2", ENTER);
            page.wait("B2", 10, |page| said(page, "B2").contains("IFN-β").then_some(()));
            // One well takes what is before it.
            page.keys("well-B2", RIGHT);
            page.keys("well-B3", &format!("{CONTROL}r{RELEASE}"));
            page.wait("B3", 10, |page| said(page, "B3").contains("replicate 2").then_some(()));
            page.keys("well-B3", RIGHT);
            page.keys("well-B4", ENTER);
            page.wait("B4", 10, |page| said(page, "B4").contains("replicate 3").then_some(()));
            // Edits within a second are one step of the history, as when wells are painted.
            std::thread::sleep(std::time::Duration::from_millis(1200));
            page.keys("well-B4", DELETE);
            page.wait("an empty B4", 10, |page| (said(page, "B4") == "B4: empty").then_some(()));
            let address = page.address();
            page.back();
            page.wait("the step back", 10, |page| said(page, "B4").contains("replicate 3").then_some(()));
            page.open_address(&address);
            page.wait("the same plate", 60, |page| said(page, "B3").contains("replicate 2").then_some(()));
            assert_eq!(said(page, "B4"), "B4: empty");

            page.wait("the device", 60, |page| {
                (page.sees("run-plate") && page.attribute("run-plate", "disabled").is_none()).then_some(())
            });
            assert_eq!(page.text("run-plate"), "Run 4 wells");
            page.click("run-plate");
            finished(page);
            let of = |well: &str| value(page, well).unwrap_or_else(|| panic!("{well} has no value"));
            assert!(
                of("B2") > of("A1") + 5.0 && of("B3") > of("A2") + 5.0,
                "{} {} {} {}",
                of("A1"),
                of("A2"),
                of("B2"),
                of("B3")
            );
            page.click("well-B2");
            assert!(
                page.text("well-replicates").contains("over 2 of 2 replicate wells"),
                "{}",
                page.text("well-replicates")
            );
            assert!(page.text("well-seen").starts_with("Generated: "), "{}", page.text("well-seen"));
            assert!(page.rows("well-top").len() >= 5);
            page.wait("a drawn heat map", 60, |page| (page.sees("heat") && page.painted("heat").1 > 3).then_some(()));
            page.keys("plate-by", "size");
            page.wait("another measure", 10, |_| of("B2").lt(&5.0).then_some(()));
            assert!(of("B2") > of("A1"), "the size of the shift tells them apart too");

            let (name, bytes) = page.download(|page| page.click("save-results"));
            assert_eq!(name, "wellplate-results.tsv");
            let text = String::from_utf8(bytes.clone()).unwrap();
            for key in ["bundle_sha256", "seed", "steps", "device", "version", "command B3"] {
                assert!(text.contains(&format!("# {key}: ")), "the results do not say their {key}");
            }
            let (head, rows) = table(&bytes);
            let column = |name: &str| head.iter().position(|own| own == name).unwrap_or_else(|| panic!("no {name}"));
            assert_eq!(rows.len(), 4);
            let seeds: Vec<&str> = rows.iter().map(|row| row[column("seed")].as_str()).collect();
            assert_eq!(seeds, ["2", "3", "2", "3"], "a replicate moves the seed");
            assert!(rows.iter().all(|row| row[column("cells")] == "16"));
            let (name, bytes) = page.download(|page| page.click("save-genes"));
            assert_eq!((name.as_str(), table(&bytes).1.len()), ("wellplate-genes.tsv", 4 * 9015));
            for figure in ["save-plate-svg", "save-heat"] {
                let svg = String::from_utf8(page.download(|page| page.click(figure)).1).unwrap();
                assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{figure} is not SVG");
            }
            for figure in ["save-plate-png", "save-heat-png"] {
                assert!(page.download(|page| page.click(figure)).1.starts_with(b"\x89PNG"), "{figure} is not PNG");
            }
            page.click("open-explore");
            loaded(page);
            assert_eq!(page.attribute("toggle-IFN-beta", "aria-checked").as_deref(), Some("true"));
        },
    );
}

#[test]
fn a_plate_shows_what_is_precomputed_at_once_and_says_its_time_before() {
    with_page(
        "plate-ahead",
        |_| (),
        |page| {
            // Interferon on B cells and monocytes, a control well beside them: these came with the model.
            open(
                page,
                "device=cpu&view=plate&plate.cells=8&plate.wells=cell_type.condition.donor~B__cells.IFN_2Dbeta.1015~CD14_2B__Monocytes.IFN_2Dbeta.1015~B__cells.ctrl.1015*0-1.1-1.2-1",
            );
            page.wait("precomputed responses", 30, |page| {
                (value(page, "A1").is_some() && value(page, "A2").is_some()).then_some(())
            });
            assert!(
                value(page, "A1").unwrap() > 20.0 && said(page, "A1").contains("precomputed"),
                "{}",
                said(page, "A1")
            );
            assert_eq!(value(page, "A3"), None, "a control well responds to nothing");
            let time = page.text("plate-time");
            assert!(time.contains("About ") && time.contains("2 of 3 wells have a precomputed response"), "{time}");
            let words = page.text("plate-definition");
            assert!(
                words.starts_with("Precomputed: these came with the model") && words.contains("on either side, seed"),
                "{words}"
            );
            // Own cells take its place; of other settings they are none of these wells, and it comes back.
            page.wait("Run", 60, |page| page.attribute("run-plate", "disabled").is_none().then_some(()));
            page.click("run-plate");
            finished(page);
            page.wait("the wells' own values", 30, |page| value(page, "A3").map(drop));
            assert!(!said(page, "A1").contains("precomputed"), "{}", said(page, "A1"));
            page.keys("plate-cells", &format!("{BACKSPACE}16{TAB}"));
            page.wait("what is precomputed", 30, |page| said(page, "A1").contains("precomputed").then_some(()));
            assert_eq!(value(page, "A3"), None, "nothing is precomputed of a control well");
            // Among a plate's own results it is marked, and has no colour of their scale.
            page.choose("plate-colour", "strength");
            page.wait("wells without a value", 30, |page| value(page, "A1").is_none().then_some(()));
            assert!(said(page, "A1").contains("not run yet, precomputed: "), "{}", said(page, "A1"));
            assert!(page.text("well-A1").contains('*') && !page.text("well-A3").contains('*'));
            assert!(page.address().contains("plate.colour=strength"), "{}", page.address());
            // What is out of range is refused where it is typed.
            page.keys("plate-cells", &format!("{BACKSPACE}{BACKSPACE}9999{TAB}"));
            page.wait_for("plate-cells-told", 10);
            let told = page.text("plate-cells-told");
            assert!(told.contains("from 8 to 256; 9999 was not taken") && told.contains("It stays 16."), "{told}");
        },
    );
}

#[test]
fn what_a_plate_of_a_link_asks_for_and_the_model_lacks_is_named_and_not_run() {
    with_page(
        "plate-unknown",
        |_| (),
        |page| {
            open(
                page,
                "device=cpu&view=plate&steps=9999&plate.cells=9999&plate.wells=cell_type.condition.donor~B__cells.IFN_2Dbeta.999~Martian.IFN_2Dbeta.101~B__cells.IFN_2Dbeta.101.9~B__cells.IFN_2Dbeta.101.2~B__cells.IFN_2Dbeta.101.many*0-1.1-1.2-1.3-1.4-1",
            );
            page.wait_for("plate-problems", 30);
            let words = page.text("plate-problems");
            for part in [
                "A1: Donor: this model has no “999”",
                "A2: Cell type: this model has no “Martian”",
                "A3: Guidance scale: a number from 0 to",
                "9 was not taken",
                "A5: The address asks for guidance “many”, which is no number",
                "Sampling steps: a whole number from 1 to 256; 9999 was not taken",
                "Cells per well: a whole number from 8 to 256; 9999 was not taken",
            ] {
                assert!(words.contains(part), "{part} in {words}");
            }
            assert!(!words.contains("A4"), "{words}");
            assert!(page.attribute("run-plate", "disabled").is_some(), "nothing runs of it");
            assert!(page.address().contains("999"), "nothing is replaced: {}", page.address());
            page.click("well-A2");
            let seen = page.text("well-seen");
            assert!(seen.starts_with("Unknown to this model") && seen.contains("“Martian”"), "{seen}");
            // Guidance of a well is in the address.
            assert!(said(page, "A4").contains("guidance 2"), "{}", said(page, "A4"));
            // Each is settled by itself, and what is no number stays named while others are.
            let mut last = String::new();
            while page.sees("plate-problems") {
                last = page.text("plate-problems");
                page.script("document.querySelector('[data-testid=plate-problems] button').click();");
            }
            assert!(last.contains("A5: The address asks for guidance “many”"), "{last}");
            page.wait("Run", 30, |page| page.attribute("run-plate", "disabled").is_none().then_some(()));
            assert_eq!(page.text("run-plate"), "Run 1 well");
        },
    );
}

#[test]
fn a_plate_map_goes_to_a_spreadsheet_and_back() {
    with_page(
        "plate-map",
        |_| (),
        |page| {
            open(page, PLATE);
            // A bad field places nothing, and is named.
            paste(page, "well,cell type,cytokine\nC3,B cells,IFN-beta\nC4,B cells,IFN-gamma");
            let problems = page.wait("problems", 10, |page| {
                Some(page.text("paste-problems")).filter(|text| text.contains("IFN-gamma"))
            });
            assert!(problems.contains("Line 3, column 3"), "{problems}");
            assert_eq!(said(page, "C3"), "C3: empty");
            page.click("paste-some");
            page.wait("C3", 10, |page| said(page, "C3").contains("B cells").then_some(()));
            assert_eq!(said(page, "C4"), "C4: empty");
            // A grid stands where the selection is.
            page.click("well-H11");
            paste(page, "NK cells; IFN-beta");
            page.wait("H11", 10, |page| said(page, "H11").contains("NK cells, Interferon beta").then_some(()));
            let before = (said(page, "C3"), said(page, "H11"));
            let (name, bytes) = page.download(|page| page.click("save-map-tsv"));
            assert_eq!(name, "wellplate-map.tsv");
            let text = String::from_utf8(bytes).unwrap();
            // A typed tab would leave the field: the saved table travels with commas.
            let typed = text.replace('\t', ",");
            page.open("device=cpu&view=model");
            open(page, PLATE);
            assert_eq!(said(page, "C3"), "C3: empty");
            paste(page, &typed);
            page.wait("the plate map", 10, |page| said(page, "H11").contains("NK cells").then_some(()));
            assert_eq!((said(page, "C3"), said(page, "H11")), before);
        },
    );
}

#[test]
fn the_example_runs_until_it_is_stopped() {
    with_page(
        "plate-cancel",
        |_| (),
        |page| {
            open(page, &PLATE.replace("plate.cells=16", "plate.cells=8"));
            page.click("teach-example");
            page.wait("a full plate", 10, |page| (!said(page, "H12").ends_with("empty")).then_some(()));
            page.wait("the device", 60, |page| {
                (page.sees("run-plate") && page.attribute("run-plate", "disabled").is_none()).then_some(())
            });
            assert_eq!(page.text("run-plate"), "Run 96 wells");
            page.click("run-plate");
            page.wait("the first wells", RUN, |page| {
                (value(page, "A1").is_some() && value(page, "A4").is_some()).then_some(())
            });
            page.click("cancel-plate");
            page.wait("the stop", 60, |page| page.text("plate-status").starts_with("Stopped").then_some(()));
            assert!(
                value(page, "A1").is_some() && value(page, "H12").is_none(),
                "finished wells stay, others are not there"
            );
            assert!(page.text("run-plate").ends_with("more wells"), "{}", page.text("run-plate"));
        },
    );
}
