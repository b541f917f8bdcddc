//! Every check of the project, in order, each with its time.
//!
//! Does: formatting, lints, native tests, the page's build, browser tests; counts tests and ends with
//! one line of passed and failed.
//! Does not know: what is tested.
//! Flow: `cargo xtask test` and CI → **stages**.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::process::{command, run, run_captured};
use crate::setup::{browser, page_tools};
use crate::web;

/// Tests counted in a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
}

type Stage = (&'static str, fn() -> Result<Count>);

/// Stages in order: quick ones first.
const STAGES: [Stage; 6] = [
    ("format", format),
    ("unit", unit),
    ("model", model),
    ("lint", lint),
    ("page", page),
    ("browser", in_browser),
];

/// Prints the stages' names.
pub(crate) fn list() {
    STAGES.iter().for_each(|(name, _)| println!("{name}"));
}

/// Sums the results of a test runner's output.
fn count(output: &str) -> Count {
    let mut total = Count::default();
    for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
        let number = |word: &str| -> usize {
            let before = line.split(word).next().unwrap_or_default();
            before.split_whitespace().last().and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        total.passed += number(" passed");
        total.failed += number(" failed");
    }
    total
}

/// Runs tests and counts them; a runner that fails without a failed test counts as one.
fn tests(command: &mut std::process::Command) -> Result<Count> {
    let (good, output) = run_captured(command)?;
    let mut found = count(&output);
    if !good && found.failed == 0 {
        found.failed = 1;
    }
    if good && found.passed == 0 {
        bail!("no test ran");
    }
    Ok(found)
}

fn format() -> Result<Count> {
    run(&mut command("cargo", &["fmt", "--all", "--check"]))?;
    Ok(Count::default())
}

fn unit() -> Result<Count> {
    tests(&mut command("cargo", &["test", "-p", "cells", "-p", "plots", "-p", "xtask", "-p", "app"]))
}

/// One call, so that burn is compiled once with one set of features.
fn model() -> Result<Count> {
    tests(&mut command("cargo", &["test", "-p", "model", "-p", "train-native", "-p", "wellplate-tests"]))
}

fn lint() -> Result<Count> {
    run(&mut command("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    Ok(Count::default())
}

fn page() -> Result<Count> {
    web::build(false)?;
    Ok(Count::default())
}

fn in_browser() -> Result<Count> {
    let tools = page_tools()?;
    let browser = browser()?;
    let mut cargo = command("cargo", &["test", "-p", "model", "-p", "train-native", "-p", "wellplate-tests", "--test", "browser", "--", "--test-threads", "1", "--nocapture"]);
    cargo.env("WELLPLATE_BROWSER", "1").env("CHROME", &browser.chromium).env("CHROMEDRIVER", &browser.driver);
    let _ = tools;
    tests(&mut cargo)
}

/// Runs all stages, or one; prints times and the sum of the tests.
///
/// # Errors
/// When a stage fails; the others still run, so that one run shows everything.
pub(crate) fn test(only: Option<&str>) -> Result<()> {
    let chosen: Vec<Stage> = STAGES.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        bail!("there is no stage {}; `cargo xtask test --list` names them", only.unwrap_or_default());
    }
    let mut lines = Vec::new();
    let mut total = Count::default();
    let mut broken = Vec::new();
    for (name, stage) in chosen {
        eprintln!("== {name}");
        let started = Instant::now();
        let result = stage();
        let seconds = started.elapsed().as_secs_f64();
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                eprintln!("{name}: {error:#}");
                Count { passed: 0, failed: 1 }
            }
        };
        if found.failed > 0 {
            broken.push(name);
        }
        total.passed += found.passed;
        total.failed += found.failed;
        lines.push(format!("{name:<10} {seconds:>6.0} s   {} passed, {} failed", found.passed, found.failed));
    }
    println!("\n{}", lines.join("\n"));
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if !broken.is_empty() {
        bail!("failed: {}", broken.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Count, count};

    #[test]
    fn results_are_summed() {
        let output = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored\n\ntest result: FAILED. 4 passed; 2 failed; 0 ignored\n";
        assert_eq!(count(output), Count { passed: 7, failed: 2 });
        assert_eq!(count("nothing"), Count::default());
    }
}
