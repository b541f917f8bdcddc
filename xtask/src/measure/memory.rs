//! Memory of the browser while the page is used for a while.
//!
//! Does: toggles and runs over and over, looks after each run at what the browser's processes hold, compares the first
//! third with the last.
//! Does not know: what holds the memory.
//! Flow: runs → **resident bytes, JavaScript bytes** → flat or not.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::page::{Page, Site};
use super::processes::resident;
use super::table::{Line, megabytes};
use crate::setup::Browser;

/// Growth from the first third to the last that still counts as flat: what caches and a garbage collector do.
const FLAT: f64 = 1.1;
/// Pause between two looks at the page: forty looks a second alone would grow its heap by 10 kB a minute.
const LOOK: Duration = Duration::from_secs(1);
/// A quick run; the seed differs each time, so that nothing could be kept for it.
const RUN: &str = "device=cpu&cells=16&steps=2&with.condition=IFN-beta";

/// What is held at a moment, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Held {
    /// All processes of the browser, where the system tells (Linux).
    resident: Option<f64>,
    /// JavaScript's heap of the page.
    script: f64,
}

fn look(page: &Page) -> Result<Held> {
    // What could be freed is freed first: the question is what cannot be.
    page.window.devtools("HeapProfiler.collectGarbage", &json!({}))?;
    page.window.devtools("Performance.enable", &json!({}))?;
    let metrics = page.window.devtools("Performance.getMetrics", &json!({}))?;
    let metric = |name: &str| {
        let all = metrics["metrics"].as_array()?;
        all.iter().find(|own| own["name"] == name)?["value"].as_f64()
    };
    let script = metric("JSHeapUsedSize").context("the browser does not tell its JSHeapUsedSize")?;
    Ok(Held { resident: resident(page.window.profile()), script })
}

/// One round: another seed, a run, a theme, a view and back.
fn use_once(page: &Page) -> Result<()> {
    page.click("new-seed")?;
    page.click("generate")?;
    page.finished(Duration::from_secs(300))?.context("a run did not end within 300 s")?;
    for part in ["theme", "tab-model", "theme", "tab-explore"] {
        page.click(part)?;
    }
    page.loaded()
}

/// Mean of the first and of the last third.
fn thirds(values: &[f64]) -> Option<(f64, f64)> {
    let third = values.len() / 3;
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    (third > 0).then(|| (mean(&values[..third]), mean(&values[values.len() - third..])))
}

/// In words.
fn words(values: &[f64]) -> String {
    let most = megabytes(values.iter().copied().fold(0.0, f64::max));
    match thirds(values) {
        Some((first, last)) => {
            let verdict = if last <= FLAT * first { "flat" } else { "GROWS" };
            format!("at most {most}; first third {}, last third {}: {verdict}", megabytes(first), megabytes(last))
        }
        None => format!("at most {most}; too few rounds to compare"),
    }
}

/// Memory over some minutes of use.
pub(super) fn memory(site: &Site, browser: &Browser, minutes: f64) -> Result<Vec<Line>> {
    let mut page = site.visit(browser, RUN)?;
    page.loaded()?;
    page.look = LOOK;
    // The first run fills caches for good.
    use_once(&page)?;
    let (started, mut held) = (Instant::now(), Vec::new());
    while held.is_empty() || started.elapsed().as_secs_f64() < 60.0 * minutes {
        use_once(&page)?;
        held.push(look(&page)?);
    }
    let rounds = format!("memory over {:.0} min, {} rounds", started.elapsed().as_secs_f64() / 60.0, held.len());
    let resident: Option<Vec<f64>> = held.iter().map(|own| own.resident).collect();
    let script: Vec<f64> = held.iter().map(|own| own.script).collect();
    let mut lines = vec![Line::new(format!("{rounds}: JavaScript"), words(&script))];
    if let Some(resident) = resident {
        lines.push(Line::new(format!("{rounds}: browser"), words(&resident)));
    }
    let canvases = page.window.script("return document.querySelectorAll('*').length;", &[])?;
    lines.push(Line::new(
        "elements of the page at the end",
        canvases.as_u64().map_or_else(String::new, |n| n.to_string()),
    ));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::{thirds, words};

    #[test]
    fn growth_is_told_from_noise() {
        assert_eq!(thirds(&[1.0, 2.0]), None);
        assert_eq!(thirds(&[1.0, 9.0, 3.0, 9.0, 4.0, 6.0]), Some((5.0, 5.0)));
        assert!(words(&[1e8, 1.05e8, 1.02e8, 1.04e8, 1.0e8, 1.05e8]).ends_with("flat"));
        assert!(words(&[1e8, 1.2e8, 1.4e8]).ends_with("GROWS"));
        assert!(words(&[1e8]).contains("too few"));
    }
}
