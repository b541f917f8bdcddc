//! Nothing moves under a visitor's eyes: layout shift while the page loads, when the first answer comes and in a run.
//!
//! Does: has the browser add up layout shifts from the first paint on.
//! Does not know: why something moved.
//! Flow: page → browser's layout-shift entries → **cumulative layout shift**.

use serde_json::json;

use super::explore::{LOADING, finished, loaded};
use super::page::{Page, with_page};

/// Most that a page may move while it loads: what web vitals call good (cumulative layout shift).
const MOST: f64 = 0.1;
/// Most that a run may move: half of that, because a person looks at what is there.
const MOST_OF_A_RUN: f64 = 0.05;
/// Cells of the run; what is precomputed, and stands there before it, is there for any number.
const CELLS: &str = "&cells=8";
/// Counts from before the page; what a person set off within half a second does not count, as in the standard.
const COUNT: &str = "window.shifts = []; new PerformanceObserver(list => { for (const e of list.getEntries()) \
    if (!e.hadRecentInput) window.shifts.push([e.value, e.sources.map(s => (s.node?.className ?? '') + ' ' + (s.node?.dataset?.testid ?? '')).join(', ')]); \
    }).observe({ type: 'layout-shift', buffered: true });";

/// What moved so far, and what that was.
fn moved(page: &Page) -> (f64, String) {
    let shifts = page.script("return window.shifts;");
    let sum = shifts.as_array().unwrap().iter().map(|own| own[0].as_f64().unwrap()).sum();
    (sum, shifts.to_string())
}

#[test]
fn little_moves_while_the_page_loads_when_the_first_answer_comes_and_in_a_run() {
    with_page(
        "layout-shift",
        |_| (),
        |page| {
            page.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": COUNT }));
            for (width, height) in [(1440, 900), (390, 844)] {
                page.size(width, height);
                for view in ["explore", "plate", "learn", "data", "model"] {
                    let address = format!("{}/?view={view}&device=cpu&with.condition=IFN-beta{CELLS}", page.origin());
                    page.open_address(&address);
                    page.wait("the model", LOADING, |page| {
                        let there = page.script(
                            "return !!document.querySelector('[data-testid=device-badge]')?.innerText.includes('CPU');",
                        );
                        (there == json!(true) && !page.sees("loading")).then_some(())
                    });
                    if view == "explore" {
                        loaded(page);
                        page.wait_for("shifts-table", LOADING);
                    }
                    // What comes late moves late.
                    std::thread::sleep(std::time::Duration::from_secs(1));
                    let (sum, what) = moved(page);
                    println!("{view} at {width} px: {sum:.3}");
                    assert!(sum < MOST, "{view} at {width} px moved by {sum:.3}: {what}");
                    if view == "explore" {
                        // By a script: what follows a person's own click at once would not be counted.
                        page.script("window.shifts = []; document.querySelector('[data-testid=generate]').click();");
                        finished(page);
                        std::thread::sleep(std::time::Duration::from_secs(1));
                        let (sum, what) = moved(page);
                        println!("a run at {width} px: {sum:.3}");
                        assert!(sum < MOST_OF_A_RUN, "a run at {width} px moved by {sum:.3}: {what}");
                    }
                }
            }
        },
    );
}
