//! `cargo xtask bench page`: what a visitor waits for.
//!
//! Does: measures the first visit, the way from a toggle to cells on each device, frames while the map pans, the page's
//! long tasks, a visitor's large file, memory; prints each figure as soon as it has it, and whether the build is a release.
//! Does not know: what is behind a figure.
//! Flow: browser → **figures** → terminal.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::memory::memory;
use super::page::{Page, Site};
use super::processes::resident;
use super::table::{Line, load_words, long_words, megabytes, quantile};
use crate::process::step;
use crate::setup::{Browser, browser};
use crate::size::compressed;
use crate::web::dist;

/// Cells of each scenario in the measured run.
const CELLS: u32 = 256;
/// Points that pan when nothing else is asked for.
pub(crate) const POINTS: u32 = 100_000;
/// A worker of a quick build is above this size, one of a release far below, in bytes.
const RELEASE: u64 = 15_000_000;

/// What may be asked for.
pub(crate) struct Wishes {
    /// Minutes of use over which memory is looked at.
    pub(crate) minutes: f64,
    /// Longest run on one device, in seconds.
    pub(crate) limit: u64,
    /// Only measurements whose name begins so.
    pub(crate) only: Option<String>,
    /// A visitor's file for the Data view.
    pub(crate) data: Option<PathBuf>,
    /// Points that pan.
    pub(crate) points: u32,
}

type Measurement = fn(&Site, &Browser, &Wishes) -> Result<Vec<Line>>;

/// Measurements in order.
const MEASUREMENTS: [(&str, Measurement); 7] = [
    ("first", first_visit),
    ("cpu", on_cpu),
    ("alone", on_one_worker),
    ("webgpu", on_webgpu),
    ("pan", pan),
    ("data", own_file),
    ("memory", over_time),
];

/// Names of the measurements.
pub(crate) fn names() -> Vec<&'static str> {
    MEASUREMENTS.iter().map(|(name, _)| *name).collect()
}

/// Which build `dist` holds.
pub(super) fn build_words() -> &'static str {
    let worker = dist().join("worker_bg.wasm").metadata().map_or(0, |about| about.len());
    if worker > RELEASE { "quick (`page-quick`), as the tests use it" } else { "release" }
}

/// Measures and prints.
///
/// # Errors
/// When the page is not built, there is no browser, or a measurement fails; the others are still made.
pub(crate) fn bench_page(wishes: &Wishes) -> Result<()> {
    let browser = browser()?;
    let site = Site::open()?;
    Line::new("build", build_words()).print();
    Line::new("load of this machine", load_words()).print();
    let mut failed = None;
    for (name, measure) in MEASUREMENTS {
        if wishes.only.as_ref().is_some_and(|only| !name.starts_with(only.as_str())) {
            continue;
        }
        match step(&format!("measuring {name}"), || measure(&site, &browser, wishes)) {
            Ok(lines) => lines.iter().for_each(Line::print),
            Err(error) => {
                Line::new(name, format!("failed: {error:#}")).print();
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// Time and bytes of a first visit with nothing in any cache.
fn first_visit(site: &Site, browser: &Browser, _: &Wishes) -> Result<Vec<Line>> {
    site.take_sent();
    let page = site.visit(browser, "")?;
    page.loaded()?;
    let ready = page.note("ready")?.as_f64().context("the page did not note when it was ready")?;
    let painted = page.window.script(
        "const e = performance.getEntriesByName('first-contentful-paint')[0]; return e ? e.startTime : null;",
        &[],
    )?;
    let tasks = page.long_tasks()?;
    let sent = site.take_sent();
    let raw: u64 = sent.values().sum();
    let mut small = 0;
    for (file, bytes) in &sent {
        // Weights are hardly compressible, and hosts send them as they are.
        let text =
            [".js", ".wasm", ".css", ".html", ".json", ".svg", ".tsv"].iter().any(|ending| file.ends_with(ending));
        small += if text { compressed(&std::fs::read(dist().join(file))?)? } else { *bytes };
    }
    let largest = sent.iter().max_by_key(|(_, bytes)| **bytes).map(|(file, _)| file.clone()).unwrap_or_default();
    let first = painted.as_f64().map_or_else(|| "not told".to_owned(), |ms| format!("{:.2} s", ms / 1e3));
    Ok(vec![
        Line::new("first paint, cold cache, this machine", first),
        Line::new("time to interactive (Generate can be pressed)", format!("{:.2} s", ready / 1e3)),
        Line::new(
            "first visit, as sent by `cargo xtask serve`",
            format!("{} in {} files, the largest {largest}", megabytes(raw as f64), sent.len()),
        ),
        Line::new("first visit from a host that sends brotli", megabytes(small as f64)),
        Line::new("page's tasks over 50 ms while it starts", long_words(&tasks)),
    ])
}

fn on_cpu(site: &Site, browser: &Browser, wishes: &Wishes) -> Result<Vec<Line>> {
    on_device(site, browser, wishes, "cpu")
}

/// The CPU with one worker, to be compared with all of them.
fn on_one_worker(site: &Site, browser: &Browser, wishes: &Wishes) -> Result<Vec<Line>> {
    on_device(site, browser, wishes, "cpu&workers=1")
}

fn on_webgpu(site: &Site, browser: &Browser, wishes: &Wishes) -> Result<Vec<Line>> {
    on_device(site, browser, wishes, "webgpu")
}

/// From a toggle and Generate to the first cells, to all of them, to the results; the page's long tasks meanwhile.
fn on_device(site: &Site, browser: &Browser, wishes: &Wishes, device: &str) -> Result<Vec<Line>> {
    let page = site.visit(browser, &format!("device={device}&cells={CELLS}"))?;
    page.loaded()?;
    let badge = page.text("device-badge")?.replace('\n', " ");
    let mut lines = vec![Line::new(format!("device asked for: {device}"), badge)];
    page.watch()?;
    let started = Instant::now();
    toggle(&page)?;
    page.click("generate")?;
    let limit = Duration::from_secs(wishes.limit);
    let cells = |page: &Page| page.number("map", "data-points");
    let mut until = |what: &str, wanted: f64| -> Result<()> {
        let reached = page.until(limit.saturating_sub(started.elapsed()), |page| Ok(cells(page)? >= wanted))?;
        lines.push(Line::new(
            format!("{device}: {what}"),
            match reached {
                Some(_) => format!("{:.1} s", started.elapsed().as_secs_f64()),
                None => format!("not within {} s ({} cells by then)", wishes.limit, cells(&page)?),
            },
        ));
        Ok(())
    };
    until("toggle and Generate to the first cells", 1.0)?;
    until(&format!("to {CELLS} cells on the map"), f64::from(CELLS))?;
    until(&format!("to {CELLS} control and {CELLS} perturbed cells"), f64::from(2 * CELLS))?;
    // Helpers start late: the badge at the end says how many workers there were.
    let badge = page.text("device-badge")?.replace('\n', " ");
    let done = page.finished(limit.saturating_sub(started.elapsed()))?;
    let seconds = started.elapsed().as_secs_f64();
    let results = done.map_or_else(|| "not within the limit".to_owned(), |_| format!("{seconds:.1} s"));
    lines.push(Line::new(format!("{device}: to all results"), results));
    lines.push(Line::new(format!("{device}: computed by"), badge));
    lines.push(Line::new(format!("{device}: page's tasks over 50 ms while sampling"), long_words(&page.long_tasks()?)));
    let frames = page.frames()?;
    lines.push(Line::new(format!("{device}: page's frames while sampling"), frame_words(&frames)));
    Ok(lines)
}

/// Switches the first cytokine or knock-down on.
fn toggle(page: &Page) -> Result<()> {
    let script = "const e = document.querySelector('main [role=switch], main [data-testid^=toggle-]'); if (e) e.click(); return !!e;";
    let found = page.window.script(script, &[])?.as_bool() == Some(true);
    found.then_some(()).context("the page has no toggle")
}

/// Frames in words.
fn frame_words(frames: &[f64]) -> String {
    format!(
        "median {:.1}, 95 % under {:.1}, worst {:.1} ms ({} frames)",
        quantile(frames, 0.5),
        quantile(frames, 0.95),
        quantile(frames, 1.0),
        frames.len()
    )
}

/// Frames while many points pan under the pointer.
fn pan(site: &Site, browser: &Browser, wishes: &Wishes) -> Result<Vec<Line>> {
    let asked = wishes.points;
    let page = site.visit(browser, &format!("device=cpu&map.load={asked}"))?;
    page.loaded()?;
    let place =
        page.of("map", "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2];")?;
    let at = |number: usize| place[number].as_f64().map(|place| place as i32).context("the page has no map");
    let (x, y) = (at(0)?, at(1)?);
    // The points are drawn once before they are moved.
    std::thread::sleep(Duration::from_secs(3));
    let drawn = page.number("map", "data-frames")?;
    page.watch()?;
    // To and fro, a few pixels a frame.
    let path: Vec<(i32, i32)> =
        (0..180).map(|step: i32| (x + 2 * (45 - (step % 90 - 45).abs()), y + (step % 40 - 20))).collect();
    page.window.drag(&path)?;
    let (frames, tasks) = (page.frames()?, page.long_tasks()?);
    let drawn = page.number("map", "data-frames")? - drawn;
    let renderer = page.of("map", "return e.dataset.renderer || 'not told';")?;
    let renderer = renderer.as_str().unwrap_or_default();
    let points = page.text("map-benchmark")?.split(':').next().unwrap_or_default().to_owned();
    if points.is_empty() {
        bail!("the map does not know `map.load`: no {asked} points are on it");
    }
    Ok(vec![
        Line::new("map that pans", format!("{points}, drawn {drawn} times by {renderer}")),
        Line::new(format!("frames while {asked} points pan"), frame_words(&frames)),
        Line::new("page's tasks over 50 ms meanwhile", long_words(&tasks)),
    ])
}

/// A visitor's file: when its needs are announced, until its cells are on the map, memory of the page meanwhile.
fn own_file(site: &Site, browser: &Browser, wishes: &Wishes) -> Result<Vec<Line>> {
    let Some(file) = &wishes.data else {
        return Ok(vec![Line::new("a visitor's file", "not measured: --data FILE names one (.h5ad)")]);
    };
    let file = file.canonicalize().with_context(|| format!("{} cannot be read", file.display()))?;
    let page = site.visit(browser, "view=data&device=cpu")?;
    let is_free = |page: &Page| Ok(page.of("data-files", "return !!e && !e.disabled;")?.as_bool() == Some(true));
    page.until(Duration::from_secs(60), is_free)?.context("the page takes no files")?;
    page.watch()?;
    let started = Instant::now();
    page.window.keys("[data-testid=data-files]", &file.display().to_string())?;
    let limit = Duration::from_secs(wishes.limit);
    page.until(limit, |page| Ok(!page.text("data-plan")?.is_empty()))?.context("nothing was announced")?;
    let mut lines = vec![
        Line::new("a visitor's file, as announced before it is read", page.text("data-plan")?),
        Line::new("until that is said", format!("{:.1} s", started.elapsed().as_secs_f64())),
    ];
    let whole = page.of("data-read", "return !!e && !e.hidden;")?.as_bool() == Some(true);
    let started = Instant::now();
    page.click(if whole { "data-read" } else { "data-read-part" })?;
    let (mut most, mut looked) = (None::<f64>, None::<Instant>);
    let placed = page.until(limit, |page| {
        // Looking through all processes costs the browser time itself.
        if looked.is_none_or(|then| then.elapsed() > Duration::from_secs(1)) {
            most = match (most, resident(page.window.profile())) {
                (Some(most), Some(now)) => Some(most.max(now)),
                (most, now) => most.or(now),
            };
            looked = Some(Instant::now());
        }
        page.sees("own-labels")
    })?;
    let read = placed.map_or_else(
        || format!("not within {} s", wishes.limit),
        |_| format!("{:.1} s ({})", started.elapsed().as_secs_f64(), if whole { "all cells" } else { "a part" }),
    );
    lines.push(Line::new("until its cells are on the map", read));
    let most = most.map_or_else(|| "not told by this system".to_owned(), megabytes);
    lines.push(Line::new("memory of all processes of the browser meanwhile, at most", most));
    lines.push(Line::new("page's tasks over 50 ms meanwhile", long_words(&page.long_tasks()?)));
    lines.push(Line::new("page's frames meanwhile", frame_words(&page.frames()?)));
    Ok(lines)
}

fn over_time(site: &Site, browser: &Browser, wishes: &Wishes) -> Result<Vec<Line>> {
    memory(site, browser, wishes.minutes)
}
