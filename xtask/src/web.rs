//! The page: built by trunk, shrunk for release, served.
//!
//! Does: calls trunk with the right tools, toolchain and profile; runs wasm-opt over the release; writes the
//! list of bundles and the version into what came out.
//! Does not know: what the page does.
//! Flow: app + assets → **dist** → server.

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, bail};

use crate::process::{command, on_path, root, run, step};
use crate::setup::{PageTools, page_tools, private_folders, wasm_opt};
use xtask::server;
use xtask::stamp::stamp;

/// What wasm-opt may use: what rustc's output needs and every browser with WebGPU has. All features would
/// let it write encodings that browsers refuse (compact imports, string references).
const FEATURES: [&str; 9] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];
/// Compiles a module as a browser would; npm, which installs wasm-opt, brings node.
const COMPILES: &str = "WebAssembly.compile(require('fs').readFileSync(process.argv[1])).catch(error => {
    console.error(error.message);
    process.exit(1);
})";

/// The folder that trunk writes.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Builds the page into `dist`.
///
/// # Errors
/// When the build fails, or a release lacks wasm-opt.
pub(crate) fn build(tools: &PageTools, release: bool) -> Result<()> {
    let profile = if release { "page" } else { "page-quick" };
    // Before the build: eleven minutes are too long to learn afterwards that npm is missing.
    let optimiser = if release { Some(wasm_opt()?) } else { None };
    let started = SystemTime::now();
    step(&format!("building the page (profile {profile})"), || {
        // Hashes in the HTML would not survive wasm-opt, and files of one's own origin need none.
        let mut trunk = command(tools.bin.join("trunk"), &["build", "--cargo-profile", profile, "--no-sri", "true"]);
        tools.prepare(&mut trunk);
        // Faults that browser tests ask for (`app/src/faults.rs`): what visitors download knows none.
        if release {
            trunk.env_remove("WELLPLATE_FAULTS")
        } else {
            trunk.env("WELLPLATE_FAULTS", "1")
        };
        run(&mut trunk)
    })?;
    eprintln!("· of that: {}", parts_words(&target().join("wasm32-unknown-unknown").join(profile), started));
    if let Some(optimiser) = optimiser {
        for file in wasm_files(&dist())? {
            let name = file.display().to_string();
            step(&format!("shrinking {}", file.file_name().unwrap_or_default().to_string_lossy()), || {
                run(command(&optimiser, &["-Oz", &name, "-o", &name]).args(FEATURES))?;
                run(&mut command("node", &["-e", COMPILES, &name]))
                    .with_context(|| format!("{name} is not a module that a browser takes"))
            })?;
        }
    }
    for file in wasm_files(&dist())? {
        let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        if let Some(folder) = private_folders().into_iter().find_map(|(folder, _)| named_in(&bytes, &folder)) {
            bail!("{} names a folder of this machine: {folder}", file.display());
        }
    }
    // Last: the version is the hash of what is served.
    finish(&dist())
}

/// Where cargo puts what it compiles.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// When page and worker were compiled, by the files that the compiler wrote since the start: cargo does one after the
/// other.
fn parts_words(folder: &Path, started: SystemTime) -> String {
    let written = |name: &str| {
        let at = folder.join(format!("{name}.wasm")).metadata().and_then(|about| about.modified()).ok()?;
        at.duration_since(started).ok()
    };
    let words = |(name, what): (&str, &str)| match written(name) {
        Some(after) => format!("{what} compiled after {:.0} s", after.as_secs_f64()),
        None => format!("{what} was compiled before"),
    };
    [("app", "page"), ("worker", "worker")].map(words).join(", ")
}

/// The folder's name, if these bytes hold it. One that every machine has says nothing.
fn named_in(bytes: &[u8], folder: &Path) -> Option<String> {
    let name = folder.display().to_string();
    let is_telling = folder.components().count() > 2;
    let holds = || bytes.windows(name.len()).any(|window| window == name.as_bytes());
    (is_telling && holds()).then_some(name)
}

/// Writes the list of bundles and the version into a built page.
///
/// # Errors
/// When trunk has not written what the page needs.
pub(crate) fn finish(dist: &Path) -> Result<()> {
    let version = stamp(dist)?;
    eprintln!("· version {version}");
    Ok(())
}

/// The wasm modules of a folder.
fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} is missing", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|ending| ending == "wasm")).collect())
}

/// Builds, serves and opens the explorer.
///
/// # Errors
/// When it cannot be built or the port is taken.
pub(crate) fn serve(release: bool, port: u16, open: bool) -> Result<()> {
    // The port first: a build takes minutes.
    let (listener, port) = server::bind(port)?;
    let started = Instant::now();
    let tools = page_tools()?;
    let of_tools = started.elapsed().as_secs_f64();
    build(&tools, release)?;
    let in_all = started.elapsed().as_secs_f64();
    eprintln!("· ready after {in_all:.0} s: tools {of_tools:.0} s, page and worker {:.0} s", in_all - of_tools);
    let address = format!("http://127.0.0.1:{port}/");
    eprintln!("Wellplate is at {address}  (Ctrl-C stops it)");
    if open {
        let opener = ["xdg-open", "open"].into_iter().find_map(on_path);
        if let Some(opener) = opener {
            // Without a desktop there is nothing to open; the address stands above.
            let _ = command(opener, &[&address]).stderr(std::process::Stdio::null()).spawn();
        }
    }
    server::serve(&listener, &dist());
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{named_in, parts_words};

    #[test]
    fn parts_that_were_compiled_are_told_from_those_that_stood() {
        let folder = tempfile::TempDir::new().unwrap();
        let started = SystemTime::now() - Duration::from_secs(60);
        std::fs::write(folder.path().join("worker.wasm"), "").unwrap();
        let words = parts_words(folder.path(), started);
        assert!(words.starts_with("page was compiled before, worker compiled after 6"), "{words}");
        let later = SystemTime::now() + Duration::from_secs(60);
        assert!(parts_words(folder.path(), later).ends_with("worker was compiled before"));
    }

    #[test]
    fn folders_of_a_machine_are_found_in_a_module() {
        let module = b"\0asm...panicked at /u/ada/wellplate/app/src/lib.rs:3";
        assert_eq!(named_in(module, Path::new("/u/ada/wellplate")).as_deref(), Some("/u/ada/wellplate"));
        assert_eq!(named_in(module, Path::new("/u/bob")), None);
        assert_eq!(named_in(b"/srv and /u", Path::new("/srv")), None, "every machine has it");
    }
}
