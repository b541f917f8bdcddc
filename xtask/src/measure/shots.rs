//! `cargo xtask shots`: pictures of every view.
//!
//! Does: opens each view at three widths in both themes, Explore with results, and keeps a picture of each that is small
//! enough for a README.
//! Does not know: what a good picture is.
//! Flow: browser → **pictures** → folder.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;
use xtask::webdriver::bytes_of;

use super::page::{Page, Site};
use crate::process::step;
use crate::setup::browser;

/// Views by their names in the address.
const VIEWS: [&str; 5] = ["explore", "plate", "learn", "data", "model"];
/// Widths and heights of the window.
const SIZES: [(u32, u32); 3] = [(1440, 900), (1024, 768), (390, 844)];
/// A run that takes seconds and shows something.
const RUN: &str = "device=cpu&cells=48&steps=4&gene=ISG15&with.condition=IFN-beta";
/// Largest file that a README should show.
const MOST: usize = 150_000;

/// The window as a picture: PNG where it is small enough, else JPEG at the best quality that is.
fn picture(page: &Page) -> Result<(&'static str, Vec<u8>)> {
    let take = |kind: &str, quality: u32| -> Result<Vec<u8>> {
        let mut order = json!({ "format": kind });
        if kind == "jpeg" {
            order["quality"] = json!(quality);
        }
        let taken = page.window.devtools("Page.captureScreenshot", &order)?;
        Ok(bytes_of(taken["data"].as_str().context("the browser gave no picture")?))
    };
    let png = take("png", 0)?;
    if png.len() <= MOST {
        return Ok(("png", png));
    }
    let mut jpeg = Vec::new();
    for quality in [88, 78, 66, 50] {
        jpeg = take("jpeg", quality)?;
        if jpeg.len() <= MOST {
            break;
        }
    }
    Ok(("jpg", jpeg))
}

/// Every view as it is shown now.
fn views(page: &Page, folder: &Path, theme: &str) -> Result<Vec<String>> {
    let mut written = Vec::new();
    for view in VIEWS {
        page.click(&format!("tab-{view}"))?;
        for (width, height) in SIZES {
            page.window.size(width, height)?;
            // Figures are drawn again after the window has changed.
            std::thread::sleep(Duration::from_millis(700));
            page.window.script("document.activeElement.blur(); scrollTo(0, 0);", &[])?;
            let (kind, bytes) = picture(page)?;
            let name = format!("{view}-{width}-{theme}.{kind}");
            std::fs::write(folder.join(&name), &bytes)?;
            let wide = page.window.script("return document.documentElement.scrollWidth - innerWidth;", &[])?;
            let beyond = wide.as_f64().filter(|over| *over > 0.0);
            let remark = beyond.map_or_else(String::new, |over| format!("  {over} px wider than the window"));
            written.push(format!("{name:<32} {:>7} B{remark}", bytes.len()));
        }
    }
    Ok(written)
}

/// Takes all pictures into a folder.
///
/// # Errors
/// When the page is not built, there is no browser, or a run fails.
pub(crate) fn shots(folder: &Path, query: Option<&str>) -> Result<()> {
    let (browser, site) = (browser()?, Site::open()?);
    std::fs::create_dir_all(folder).with_context(|| format!("cannot write to {}", folder.display()))?;
    let page = site.visit(&browser, query.unwrap_or(RUN))?;
    page.loaded()?;
    step("generating the cells that are shown", || {
        page.click("generate")?;
        page.finished(Duration::from_secs(600))?.map(drop).context("the run did not end within 600 s")
    })?;
    for theme in ["light", "dark"] {
        let shown = page.window.script("return document.documentElement.dataset.theme;", &[])?;
        if shown != *theme {
            page.click("theme")?;
        }
        views(&page, folder, theme)?.iter().for_each(|line| println!("{line}"));
    }
    eprintln!("pictures are in {}", folder.display());
    Ok(())
}
