//! Every check of the project, in order, each with its time.
//!
//! Does: formatting, lints, native tests, the page's build, tests in the browser; counts tests and
//! ends with one line of passed and failed. Tools are installed beside the stages that need none.
//! Does not know: what is tested.
//! Flow: `cargo xtask test` and CI → **stages**.

use std::process::Command;
use std::sync::OnceLock;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};

use crate::count::{Count, judge};
use crate::others::{Found, OTHERS, others, variables};
use crate::process::{command, free_space, root, run, run_captured};
use crate::setup::{Browser, PageTools, axe, browser, component, page_tools};
use crate::wasm_library::{self, WASM};
use crate::web;

/// A check by name.
type Stage = (&'static str, fn() -> Result<Count>);

/// Bytes that all stages take from nothing: build folders, tools, profiles of browsers.
const SPACE: u64 = 20_000_000_000;

/// Stages in order: those that need no tools first, while the tools are being installed.
const STAGES: [Stage; 9] = [
    ("format", format),
    ("native", native),
    ("lint", lint),
    ("page", page),
    ("size", size),
    ("lint-web", lint_web),
    ("worker", worker),
    ("browser", in_browser),
    ("other-browsers", in_other_browsers),
];

/// The stage that is not among the checks of every change: it installs two browsers, and the slower one takes minutes.
const ON_REQUEST: &str = "other-browsers";

/// One call for all native tests: packages that are asked for together share one set of features, so that nothing is
/// compiled twice.
const NATIVE: [&str; 3] = ["test", "--no-fail-fast", "--workspace"];
/// Profile of the page that is tested.
const QUICK: &str = "page-quick";
/// Name of the tests that need a browser, in the integration binary.
const BROWSER_TESTS: &str = "browser::";
/// Those of them that are for other browsers than Chromium.
const OTHER_BROWSERS: &str = "browser::other_browsers::";

/// Prints the stages' names.
pub(crate) fn list() {
    STAGES.iter().for_each(|(name, _)| println!("{name}"));
}

/// A result that two threads may ask for: the second waits for the first.
type Once<T> = OnceLock<std::result::Result<T, String>>;

/// Tools of the page, installed once.
fn tools() -> Result<PageTools> {
    static TOOLS: Once<PageTools> = Once::new();
    let tools = TOOLS.get_or_init(|| page_tools().map_err(|error| format!("{error:#}")));
    tools.clone().map_err(|error| anyhow!(error))
}

/// The browser, installed once.
fn a_browser() -> Result<Browser> {
    static BROWSER: Once<Browser> = Once::new();
    let found = BROWSER.get_or_init(|| browser().map_err(|error| format!("{error:#}")));
    found.clone().map_err(|error| anyhow!(error))
}

/// The browsers beside it, installed once.
fn other_browsers() -> &'static [Found; OTHERS] {
    static FOUND: OnceLock<[Found; OTHERS]> = OnceLock::new();
    FOUND.get_or_init(others)
}

/// Runs tests and counts them.
fn tests(command: &mut Command) -> Result<Count> {
    let (succeeded, output) = run_captured(command)?;
    let found = judge(succeeded, &output);
    if found == Count::default() {
        bail!("no test ran");
    }
    Ok(found)
}

/// Runs something that either holds or does not.
fn holds(command: &mut Command) -> Result<Count> {
    run(command).map(|()| Count::default())
}

fn format() -> Result<Count> {
    component("fmt", "rustfmt")?;
    holds(&mut command("cargo", &["fmt", "--all", "--check"]))
}

fn native() -> Result<Count> {
    let mut cargo = command("cargo", &NATIVE);
    // What needs the built page has its own stage.
    cargo.args(["--", "--skip", BROWSER_TESTS]).env_remove("WELLPLATE_BROWSER");
    tests(&mut cargo)
}

fn lint() -> Result<Count> {
    component("clippy", "clippy")?;
    holds(&mut command("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn page() -> Result<Count> {
    web::build(&tools()?, false).map(|()| Count::default())
}

/// Sizes of what was just built, and of the bundles.
fn size() -> Result<Count> {
    crate::size::size_of_quick().map(|()| Count::default())
}

/// The app as it is built for the page; natively most of it is not compiled at all.
fn lint_web() -> Result<Count> {
    let tools = tools()?;
    wasm_library::clippy(tools.toolchain)?;
    // In the page's own profile: macros and build scripts are then those that the page was built with.
    let mut cargo = command("cargo", &["clippy", "-p", "app", "--target", WASM, "--profile", QUICK]);
    tools.prepare(&mut cargo);
    holds(cargo.args(["--features", "ui,worker", "--all-targets", "--", "-D", "warnings"]))
}

/// The app's tests inside a dedicated worker of a browser.
fn worker() -> Result<Count> {
    tests(&mut in_worker()?)
}

/// The test of the page's differential expression, which prints its time.
///
/// # Errors
/// When a tool is missing or the test fails.
pub(crate) fn bench_tests() -> Result<()> {
    let mut cargo = in_worker()?;
    crate::process::run(cargo.args(["--", "--nocapture", "ten_thousand"]))
}

/// The command that runs those tests.
fn in_worker() -> Result<Command> {
    let (tools, browser) = (tools()?, a_browser()?);
    let capabilities = root().join("target/webdriver.json");
    let text = format!(
        "{{\"goog:chromeOptions\": {{\"binary\": {:?}, \"args\": {:?}}}}}\n",
        browser.chromium.display().to_string(),
        xtask::BROWSER_FLAGS
    );
    std::fs::create_dir_all(root().join("target"))?;
    std::fs::write(&capabilities, text)?;
    // The page's own profile and features, so that burn is not compiled once more.
    let mut cargo =
        command("cargo", &["test", "-p", "app", "--target", WASM, "--profile", QUICK, "--features", "worker"]);
    tools.prepare(&mut cargo);
    cargo.args(["--test", "worker"]).env("CHROMEDRIVER", &browser.driver);
    cargo.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &capabilities).env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", tools.bin.join("wasm-bindgen-test-runner"));
    Ok(cargo)
}

fn in_browser() -> Result<Count> {
    let (browser, axe) = (a_browser()?, axe()?);
    let mut cargo = command("cargo", &NATIVE);
    cargo.args(["--test", "all", "--", "--test-threads", "2", "--nocapture", BROWSER_TESTS]);
    cargo.args(["--skip", OTHER_BROWSERS]);
    cargo.env("WELLPLATE_AXE", &axe);
    cargo.env("WELLPLATE_BROWSER", "1").env("CHROME", &browser.chromium).env("CHROMEDRIVER", &browser.driver);
    tests(&mut cargo)
}

/// A smoke run in other browsers; one that cannot be had on this machine is skipped in words.
fn in_other_browsers() -> Result<Count> {
    let (chromium, axe) = (a_browser()?, axe()?);
    let mut cargo = command("cargo", &NATIVE);
    cargo.args(["--test", "all", "--", "--test-threads", "1", "--nocapture"]);
    cargo.env("WELLPLATE_AXE", &axe);
    cargo.env("WELLPLATE_BROWSER", "1").env("CHROME", &chromium.chromium).env("CHROMEDRIVER", &chromium.driver);
    let mut skipped = 0;
    for (name, found) in other_browsers() {
        match found {
            Ok(engine) => {
                cargo.arg(format!("{OTHER_BROWSERS}{}", name.to_lowercase())).envs(variables(engine));
            }
            Err(why) => {
                eprintln!("skipped: {name}: {why:#}");
                skipped += 1;
            }
        }
    }
    if skipped == OTHERS {
        return Ok(Count { skipped, ..Count::default() });
    }
    Ok(Count { skipped, ..tests(&mut cargo)? })
}

/// Runs a stage; an error counts as one failed check.
fn run_stage((name, stage): Stage) -> (Count, String) {
    eprintln!("\n== {name}");
    let started = Instant::now();
    let found = stage().unwrap_or_else(|error| {
        eprintln!("{name}: {error:#}");
        Count { failed: 1, ..Count::default() }
    });
    let seconds = started.elapsed().as_secs_f64();
    let outcome = match found {
        found if found == Count::default() => "holds".to_owned(),
        found => found.to_string(),
    };
    (found, format!("{name:<14} {seconds:>6.0} s   {outcome}"))
}

/// Says beforehand that a build from nothing will not fit: in the middle of it the compiler says less.
fn say_space() {
    // What stands there already need not be built.
    let is_new = !root().join("target").join(WASM).exists();
    if let Some(free) = free_space().filter(|free| is_new && *free < SPACE) {
        eprintln!(
            "only {:.1} GB are free here; all checks from nothing take about {:.0} GB",
            free as f64 / 1e9,
            SPACE as f64 / 1e9
        );
    }
}

/// Runs all stages, or one; prints times and the sum of the tests. `false` when anything failed; the
/// other stages still run, so that one run shows everything.
///
/// # Errors
/// When there is no such stage.
pub(crate) fn test(only: Option<&str>) -> Result<bool> {
    let is_chosen = |name: &str| only.map_or(name != ON_REQUEST, |only| only == name);
    let chosen: Vec<Stage> = STAGES.into_iter().filter(|(name, _)| is_chosen(name)).collect();
    if chosen.is_empty() {
        bail!("there is no stage {}; `cargo xtask test --list` names them", only.unwrap_or_default());
    }
    let started = Instant::now();
    if only.is_none() {
        // Downloads and the tools' compilation go on beside the first stages, whose compilation does
        // not keep all cores busy. A failure is reported by the stage that needs the tool.
        std::thread::spawn(|| (a_browser().is_ok(), tools().is_ok()));
        say_space();
        eprintln!("not among these checks: Firefox and WebKitGTK (`cargo xtask test --only {ON_REQUEST}`)");
    }
    let (counts, lines): (Vec<Count>, Vec<String>) = chosen.into_iter().map(run_stage).unzip();
    println!("\n{}\n{:<14} {:>6.0} s", lines.join("\n"), "in all", started.elapsed().as_secs_f64());
    let total: Count = counts.into_iter().sum();
    println!("\n{total}");
    Ok(total.failed == 0)
}
