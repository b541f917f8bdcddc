//! Fuzz targets: everything that reads what others wrote, on inputs that nobody wrote.
//!
//! Does: installs cargo-fuzz where it is missing, makes the corpus, runs each target for a while with bounds on time and
//! memory, sums up how many inputs each was given.
//! Does not know: what the targets read.
//! Flow: `fuzz/` → **targets at work** → inputs and findings.

use std::path::Path;

use anyhow::{Result, bail, ensure};

use crate::process::{command, root, run, run_captured};
use crate::setup;

/// Targets, each with the feature of the fuzz crate that it needs.
const TARGETS: [(&str, &str); 9] = [
    ("h5ad", ""),
    ("tenx", ""),
    ("mtx", ""),
    ("dense", ""),
    ("links", "page"),
    ("bundle", "bundle"),
    ("precomputed", "bundle"),
    ("store", "trainer"),
    ("recipe", "trainer"),
];
/// Longest input in bytes, longest time for one in seconds, most memory in MB: in all, and asked for at once.
const BOUNDS: [&str; 4] = ["-max_len=64000", "-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=256"];
/// What a run says of its inputs.
const INPUTS: &str = "stat::number_of_executed_units:";

/// Names of the targets.
pub(crate) fn names() -> Vec<&'static str> {
    TARGETS.iter().map(|(name, _)| *name).collect()
}

/// The number of inputs that a run was given.
fn inputs(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.strip_prefix(INPUTS)?.trim().parse().ok())
}

/// Gives the fuzz crate the versions of everything that the project itself has, where it has none or older ones: what the
/// checks have built is not built again, and what is tried is what is used.
fn lock() -> Result<()> {
    let [project, own] = ["Cargo.lock", "fuzz/Cargo.lock"].map(|name| root().join(name));
    let written = |path: &Path| path.metadata().and_then(|about| about.modified());
    let newer = written(&own).is_ok_and(|own| written(&project).is_ok_and(|project| own >= project));
    if !newer {
        std::fs::copy(&project, &own)?;
    }
    Ok(())
}

/// Runs the targets, or one of them, for so many seconds each.
///
/// # Errors
/// When a target cannot be built, or finds an input that ends it; it lies in `fuzz/artifacts`.
pub(crate) fn fuzz(seconds: u64, only: Option<&str>) -> Result<()> {
    if let Some(only) = only.filter(|only| !names().contains(only)) {
        bail!("there is no fuzz target {only}; there are {}", names().join(", "));
    }
    let tool = setup::fuzz()?;
    lock()?;
    let (mut told, mut failed) = (Vec::new(), Vec::new());
    for (name, feature) in TARGETS.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        let manifest = root().join("fuzz/Cargo.toml").display().to_string();
        let of_corpus = ["run", "--manifest-path", &manifest, "--bin", "corpus", "--features", feature];
        run(&mut command("cargo", &of_corpus))?;
        let (ended_well, said) = target(&tool, name, feature, seconds)?;
        if !ended_well {
            failed.push(name);
        }
        told.push(format!(
            "{name}: {} inputs",
            inputs(&said).map_or_else(|| "?".to_owned(), |inputs| inputs.to_string())
        ));
    }
    println!("{}", told.join("\n"));
    ensure!(failed.is_empty(), "an input ended {}; it lies in fuzz/artifacts", failed.join(", "));
    Ok(())
}

/// One target.
fn target(tool: &Path, name: &str, feature: &str, seconds: u64) -> Result<(bool, String)> {
    let time = format!("-max_total_time={seconds}");
    // libFuzzer speaks on the error output, which is the one that is captured here.
    let mut arguments = vec!["-c", "exec \"$@\" 2>&1", "sh"];
    let program = tool.display().to_string();
    arguments.push(&program);
    // All code here is safe Rust, in which a sanitizer finds nothing; without one, twice as many inputs are tried.
    arguments.extend(["run", "--fuzz-dir", "fuzz", "--sanitizer", "none", "--features", feature, name, "--"]);
    arguments.extend(BOUNDS);
    // What the readers themselves say is not wanted.
    arguments.extend([time.as_str(), "-print_final_stats=1", "-close_fd_mask=3"]);
    let mut fuzz = command("sh", &arguments);
    // On the stable compiler: some flags of cargo-fuzz are not yet stable.
    fuzz.env("RUSTC_BOOTSTRAP", "1");
    run_captured(&mut fuzz)
}

#[cfg(test)]
mod tests {
    use super::{inputs, names};
    use crate::process::root;

    #[test]
    fn every_target_stands_in_the_crate_and_has_its_file() {
        let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap_or_default();
        for name in names() {
            let path = format!("fuzz_targets/{name}.rs");
            assert!(manifest.contains(&path) && root().join("fuzz").join(&path).is_file(), "{name}");
        }
        let bins = manifest.matches("fuzz_targets/").count();
        assert_eq!(bins, names().len(), "a target is not run");
    }

    #[test]
    fn inputs_are_read_from_the_last_lines() {
        let said = "Done 7 runs\nstat::number_of_executed_units: 1234\nstat::peak_rss_mb: 9\n";
        assert_eq!((inputs(said), inputs("nothing")), (Some(1234), None));
    }
}
