//! `cargo xtask bench rivals`: this page and onnxruntime-web, one after the other in one browser.
//!
//! Does: has PyTorch write the network of a bundle as ONNX files, checks in the browser that their logits are the
//! bundle's, has onnxruntime-web and this page make cells in turns, prints a table in Markdown.
//! Does not know: how the network is written for PyTorch (`xtask/rivals` does), how the tools are installed.
//! Flow: bundle → PyTorch → ONNX → onnxruntime-web in a worker; built page → its workers → **milliseconds a cell**.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use xtask::server;

use super::bench::build_words;
use super::page::{Page, Site};
use super::processes::worked;
use super::table::load_words;
use crate::process::{command, root, step, watch};
use crate::setup::{ONNXRUNTIME, browser, onnxruntime_web, pytorch, rivals};

/// The bundle whose network is compared.
const BUNDLE: &str = "pbmc-ifnb";
/// Steps of sampling, without guidance.
const STEPS: u32 = 4;
/// Batches of the rival that are tried: some runtimes like many small ones.
const SIZES: [u32; 3] = [1, 4, 8];
/// Furthest that logits (up to 40) may differ: sums of some hundred f32 in another order.
const CLOSE: f64 = 1e-3;
/// Longest measurement.
const LIMIT: Duration = Duration::from_secs(600);
/// Files of the rival's page that are ours.
const OWN: [&str; 3] = ["index.html", "page.js", "rival.js"];
/// Files of onnxruntime-web that its CPU needs.
const RUNTIME: [&str; 3] = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

/// Milliseconds a cell.
#[derive(Clone, Copy)]
struct Pace {
    /// By the clock on the wall: what a person waits.
    wall: f64,
    /// Worked by all cores for the browser: on a machine that does something else as well the steadier figure. `None`
    /// where the system does not tell.
    worked: Option<f64>,
}

/// A line of the table.
struct Row {
    what: String,
    rounds: Vec<Pace>,
}

/// Builds what is needed, measures in turns and prints.
///
/// # Errors
/// When something cannot be installed, the networks differ, or a run fails.
pub(crate) fn bench_rivals(cells: u32, rounds: u32) -> Result<()> {
    let (browser, site) = (browser()?, Site::open()?);
    let folder = written(&root().join("assets/models").join(BUNDLE))?;
    let (listener, port) = server::bind(0)?;
    let served = folder.clone();
    std::thread::spawn(move || server::serve(&listener, &served));
    let page = site.visit(&browser, "view=model&device=cpu")?;
    let before = load_words();
    let difference = at_rival(&page, port)?.measured(&json!({ "golden": true }))?;
    let difference = difference.as_f64().context("the rival's logits are not known")?;
    ensure!(difference < CLOSE, "the rival is another network: its logits differ by {difference}");

    let mut rows: Vec<Row> = Vec::new();
    for round in 1..=rounds {
        step(&format!("round {round} of {rounds}"), || {
            let mut measured = rival_rows(&at_rival(&page, port)?, cells)?;
            measured.extend(own_rows(&page, cells)?);
            for (what, pace) in measured {
                match rows.iter_mut().find(|row| row.what == what) {
                    Some(row) => row.rounds.push(pace),
                    None => rows.push(Row { what, rounds: vec![pace] }),
                }
            }
            Ok(())
        })?;
    }
    let about = format!(
        "{BUNDLE}, {STEPS} steps, w = 0, {cells} cells a measurement, {rounds} rounds, {}; the page's build: {}; \
         logits of the golden pass differ by {difference:.1e} at most. Load before: {before}; after: {}.",
        page.window.name(),
        build_words(),
        load_words()
    );
    println!("{about}\n\n{}", table(&rows));
    Ok(())
}

/// The table for people, in Markdown.
fn table(rows: &[Row]) -> String {
    let head = "| what | ms a cell, best round | all rounds | ms of processor time, best round |\n|---|---|---|---|\n";
    let mut text = head.to_owned();
    for Row { what, rounds } in rows {
        let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let best = least(&mut rounds.iter().map(|pace| pace.wall));
        let worked = least(&mut rounds.iter().filter_map(|pace| pace.worked));
        let worked = if worked.is_finite() { format!("{worked:.1}") } else { "not told".to_owned() };
        let all: Vec<String> = rounds.iter().map(|pace| format!("{:.1}", pace.wall)).collect();
        text += &format!("| {what} | {best:.1} | {} | {worked} |\n", all.join(", "));
    }
    text
}

/// A folder with the network as ONNX files and a page that runs them; written anew when bundle or scripts have changed.
fn written(bundle: &Path) -> Result<PathBuf> {
    let scripts = root().join("xtask/rivals");
    let folder = rivals().join(BUNDLE);
    std::fs::create_dir_all(&folder)?;
    let runtime = onnxruntime_web()?;
    for (from, names) in [(scripts.as_path(), OWN), (runtime.as_path(), RUNTIME)] {
        for name in names {
            let file = from.join(name);
            std::fs::copy(&file, folder.join(name)).with_context(|| format!("{} is missing", file.display()))?;
        }
    }
    let made = |path: PathBuf| path.metadata().and_then(|about| about.modified()).ok();
    let sources = [scripts.join("network.py"), scripts.join("export.py"), bundle.join("weights.safetensors")];
    let newest = sources.into_iter().filter_map(made).max();
    // Written last.
    if made(folder.join("about.json")) < newest {
        let python = pytorch()?;
        let words =
            [scripts.join("export.py"), bundle.to_path_buf(), folder.clone()].map(|path| path.display().to_string());
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        step("writing the network for onnxruntime-web", || watch("export.py", LIMIT, &mut command(&python, &words)))?;
    }
    Ok(folder)
}

/// The rival's page, opened.
struct Rival<'a>(&'a Page);

fn at_rival(page: &Page, port: u16) -> Result<Rival<'_>> {
    page.window.go(&format!("http://127.0.0.1:{port}/"))?;
    let is_ready = |page: &Page| Ok(page.window.script("return !!window.ready;", &[])?.as_bool() == Some(true));
    page.until(LIMIT, is_ready)?.context("onnxruntime-web does not start")?;
    Ok(Rival(page))
}

impl Rival<'_> {
    /// Gives the rival's worker an order and waits for what it answers.
    fn measured(&self, order: &Value) -> Result<Value> {
        self.0.window.script("measure(arguments[0]);", std::slice::from_ref(order))?;
        let started = Instant::now();
        while started.elapsed() < LIMIT {
            let told = self.0.window.script("return { measured: window.measured, failed: window.failed };", &[])?;
            ensure!(told["failed"].is_null(), "onnxruntime-web fails: {}", told["failed"]);
            if !told["measured"].is_null() {
                return Ok(told["measured"].clone());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("onnxruntime-web did not answer within {} s", LIMIT.as_secs())
    }
}

/// Milliseconds a cell of the rival: its best batch, and what it would take if it decoded every gene once as this page does.
fn rival_rows(rival: &Rival<'_>, cells: u32) -> Result<Vec<(String, Pace)>> {
    let mut found = Vec::new();
    for size in SIZES {
        let order = json!({ "cells": cells / 4, "size": size, "steps": STEPS, "low": 500, "high": 8000 });
        // Once to warm up.
        rival.measured(&json!({ "cells": size, "size": size, "steps": STEPS, "low": 500, "high": 8000 }))?;
        let before = worked(rival.0.window.profile());
        let told = rival.measured(&order)?;
        let of = |key: &str| told[key].as_f64().with_context(|| format!("the rival does not tell {key}"));
        ensure!(of("unknown")? == 0.0 && of("counts")? > 100.0, "the rival's cells are none: {told}");
        let own = worked_since(rival.0, before, of("cells")?);
        // Under load the share of decoding says more than its time.
        let once = 1.0 - of("decode")? / of("all")? * (1.0 - 1.0 / f64::from(STEPS));
        found.push((size, Pace { wall: of("all")?, worked: own }, once));
    }
    let best = |pace: &Pace| pace.worked.unwrap_or(pace.wall);
    let (size, all, once) =
        found.into_iter().min_by(|a, b| best(&a.1).total_cmp(&best(&b.1))).context("nothing was measured")?;
    let once = Pace { wall: all.wall * once, worked: all.worked.map(|own| own * once) };
    eprintln!("·   onnxruntime-web is fastest with batches of {size}");
    Ok(vec![
        (format!("{}, one thread", runtime_name()), all),
        ("the same, decoding counted once instead of in every step".to_owned(), once),
    ])
}

/// Milliseconds of processor time a cell since a look at the browser's processes.
fn worked_since(page: &Page, before: Option<f64>, cells: f64) -> Option<f64> {
    Some((worked(page.window.profile())? - before?) * 1e3 / cells)
}

fn runtime_name() -> String {
    format!("onnxruntime-web {}", ONNXRUNTIME)
}

/// Milliseconds a cell of this page, from the click to all cells on the map, with one worker and with one per core.
fn own_rows(page: &Page, cells: u32) -> Result<Vec<(String, Pace)>> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut rows = Vec::new();
    for workers in [1, cores.max(2)] {
        page.go(&format!(
            "device=cpu&cells={cells}&steps={STEPS}&guidance=0&workers={workers}&bundle=models/{BUNDLE}"
        ))?;
        page.loaded()?;
        let there = if workers == 1 { "one worker".to_owned() } else { format!("{workers} workers") };
        // Helpers start half a second after the page has come to rest.
        std::thread::sleep(Duration::from_secs(2));
        page.until(LIMIT, |page| Ok(page.text("device-badge")?.contains(&there)))?
            .with_context(|| format!("the page does not come to have {there}"))?;
        let (started, before) = (Instant::now(), worked(page.window.profile()));
        page.click("generate")?;
        let all = |page: &Page| Ok(page.sees("done")? && page.number("map", "data-points")? >= f64::from(cells));
        page.until(LIMIT, all)?.context("the run did not end")?;
        let wall = started.elapsed().as_secs_f64() * 1e3 / f64::from(cells);
        let worked = worked_since(page, before, f64::from(cells));
        rows.push((format!("this page, {there}"), Pace { wall, worked }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{Pace, Row, table};

    #[test]
    fn the_best_round_stands_first() {
        let pace = |wall, worked| Pace { wall, worked };
        let rows = [Row { what: "a".to_owned(), rounds: vec![pace(12.34, Some(9.0)), pace(10.06, None)] }];
        assert!(table(&rows).ends_with("| a | 10.1 | 12.3, 10.1 | 9.0 |\n"), "{}", table(&rows));
    }
}
