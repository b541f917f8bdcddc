//! Several workers on the CPU: the cells of one, with a lost one, stopped, on the plate and in a lesson.

use super::explore::{LOADING, RUN, finished, loaded, number};
use super::page::{Page, with_page};

/// A guided run of a few fast cells; with 22 of each side the last batches are smaller than others.
const FEW: &str =
    "device=cpu&cells=22&steps=2&guidance=1&seed=3&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";

/// Waits until the badge says so.
fn badge(page: &Page, words: &str) {
    page.wait(&format!("the badge to say {words}"), LOADING, |page| {
        page.text("device-badge").contains(words).then_some(())
    });
}

/// Runs, and takes what can be saved: the cells and the table.
fn saved(page: &Page) -> [Vec<u8>; 2] {
    page.click("generate");
    finished(page);
    ["save-h5ad", "save-csv"].map(|part| page.download(|page| page.click(part)).1)
}

/// What one worker saves of the few cells.
fn of_one(page: &Page) -> [Vec<u8>; 2] {
    page.open(&format!("{FEW}&workers=1"));
    loaded(page);
    // Helpers start half a second after the last message; this page has none.
    std::thread::sleep(std::time::Duration::from_secs(2));
    badge(page, "one worker");
    let saved = saved(page);
    badge(page, "one worker");
    saved
}

#[test]
fn three_workers_write_the_cells_of_one() {
    with_page(
        "pool",
        |_| (),
        |page| {
            let alone = of_one(page);
            page.open(&format!("{FEW}&workers=3"));
            loaded(page);
            badge(page, "3 workers");
            assert!(page.address().contains("workers=3"), "{}", page.address());
            // Cells, their order, their labels and what is said of how they were made.
            assert!(saved(page) == alone, "three workers wrote other files than one");
            page.click("device-badge");
            assert!(page.text("device-pace").ends_with("3 workers share the cells."), "{}", page.text("device-pace"));
        },
    );
}

#[test]
fn a_lost_helper_is_done_without() {
    with_page(
        "lost-helper",
        |_| (),
        |page| {
            let alone = of_one(page);
            page.open(&format!("{FEW}&workers=2&fault=lose-member"));
            loaded(page);
            badge(page, "2 workers");
            let saved = saved(page);
            // It is lost at its first step, with cells in its hands: so it had some, and they were written again.
            badge(page, "one worker");
            assert!(saved == alone, "the files are those of one worker");
            assert!(page.alert().is_empty(), "{}", page.alert());
        },
    );
}

#[test]
fn all_workers_stop_at_once_and_work_again() {
    with_page(
        "stop-helpers",
        |_| (),
        |page| {
            page.open("device=cpu&cells=600&steps=4&with.condition=IFN-beta&workers=2");
            loaded(page);
            badge(page, "2 workers");
            page.click("generate");
            page.wait("first cells", RUN, |page| (number(page, "map", "data-points") > 0).then_some(()));
            page.click("cancel");
            page.wait("the stop", 60, |page| (!page.sees("cancel")).then_some(()));
            assert!(page.text("progress").starts_with("Stopped"), "{}", page.text("progress"));
            let made = number(page, "map", "data-points");
            assert!(made > 0 && made < 1200, "{made} cells");
            std::thread::sleep(std::time::Duration::from_secs(2));
            assert_eq!(number(page, "map", "data-points"), made, "nothing comes after the stop");
            badge(page, "2 workers");
            page.click("numbers-open");
            page.click("new-seed");
            page.click("generate");
            page.wait("cells of the next run", RUN, |page| (number(page, "map", "data-points") > 0).then_some(()));
            page.click("cancel");
            page.wait("the stop", 60, |page| (!page.sees("cancel")).then_some(()));
        },
    );
}
