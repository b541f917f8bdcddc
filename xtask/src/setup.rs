//! What a fresh machine lacks: found, or installed once, or named with the command that installs it.
//!
//! Does: trunk and wasm-bindgen of fixed versions, wasm-opt, axe-core, Chromium with its driver, rustup's
//! clippy and rustfmt.
//! Does not know: what is built with them.
//! Flow: a command needs a tool → **tool's path**.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cache::cache;
use crate::debian::install;
use crate::process::{command, on_path, quiet, root, run, step, watch};
use crate::wasm_library::{self, Toolchain};

/// Version of trunk; later ones ask for a newer compiler.
const TRUNK: &str = "0.21.14";
/// Version of wasm-opt's package; Debian's own writes modules that browsers refuse.
const BINARYEN: &str = "132";
/// Version of axe-core, which finds breaches of the accessibility guidelines.
const AXE: &str = "4.14.1";
/// Version of cargo-fuzz, which runs libFuzzer.
const CARGO_FUZZ: &str = "0.13.2";
/// Version of the runtime that the page is compared with.
pub(crate) const ONNXRUNTIME: &str = "1.30.0";
/// What writes a network for it.
const PYTORCH: [&str; 5] = ["torch==2.15.0", "onnx==1.23.2", "onnxscript==0.7.2", "safetensors==0.8.0", "numpy"];
/// No single installation takes longer.
const LIMIT: Duration = Duration::from_secs(2400);

/// Tools of the page.
#[derive(Clone)]
pub(crate) struct PageTools {
    /// Folder with trunk and wasm-bindgen.
    pub(crate) bin: PathBuf,
    /// Toolchain that has the wasm32 standard library.
    pub(crate) toolchain: Toolchain,
}

impl PageTools {
    /// Environment of everything that builds for wasm32.
    pub(crate) fn prepare(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(self.bin.clone()).chain(std::env::split_paths(&path));
        if let Ok(joined) = std::env::join_paths(paths) {
            command.env("PATH", joined);
        }
        if let Some(toolchain) = self.toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        // Panics carry the names of source files: those of this machine's folders have no business in a page. Cargo
        // adds these to the flags of .cargo/config.toml.
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", remapped(&private_folders()));
        // xtask itself runs under cargo; its settings must not leak into trunk's cargo. NO_COLOR=1 is
        // refused by trunk, which wants true or false.
        command.env_remove("CARGO").env_remove("RUSTC").env_remove("NO_COLOR");
    }
}

/// Folders of this machine whose names stand in what the compiler writes, and what stands there instead; a folder comes
/// after those that it lies in, because the last rule that fits is taken.
pub(crate) fn private_folders() -> Vec<(PathBuf, &'static str)> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let cargo =
        std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| home.clone().map(|home| home.join(".cargo")));
    let of_home = home.map(|home| (home, "home"));
    let of_cargo = cargo.map(|cargo| (cargo.join("registry/src"), "crates"));
    of_home.into_iter().chain(of_cargo).chain([(root(), "wellplate")]).collect()
}

/// Compiler flags that put names in the place of folders. A folder with a blank in its name cannot be told to cargo.
fn remapped(folders: &[(PathBuf, &str)]) -> String {
    let rule = |(folder, name): &(PathBuf, &str)| format!("--remap-path-prefix={}={name}", folder.display());
    let rules = folders.iter().map(rule).filter(|rule| !rule.contains(' '));
    rules.collect::<Vec<_>>().join(" ")
}

/// Everything that building the page needs.
///
/// # Errors
/// When something is missing and cannot be installed.
pub(crate) fn page_tools() -> Result<PageTools> {
    let toolchain = wasm_library::toolchain()?;
    let bin = cache().join("bin");
    let bindgen = locked_version(&std::fs::read_to_string(root().join("Cargo.lock"))?, "wasm-bindgen")
        .context("Cargo.lock names no wasm-bindgen")?;
    // Without --locked: one of its locked dependencies is no longer to be had.
    cargo_tool(&bin, "wasm-bindgen", "wasm-bindgen-cli", &bindgen, &[])?;
    // Without its TLS: it downloads nothing, because everything it would download is here.
    cargo_tool(&bin, "trunk", "trunk", TRUNK, &["--locked", "--no-default-features"])?;
    Ok(PageTools { bin, toolchain })
}

/// Version of a package in a lock file.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| *line == name)?;
    let version = lines.next()?.strip_prefix("version = \"")?;
    Some(version.trim_end_matches('"').to_owned())
}

/// Whether a program's `--version` names a version.
fn is_version(said: &str, version: &str) -> bool {
    said.split_whitespace().any(|word| word == version)
}

/// Installs a program with cargo unless the wanted version is there.
pub(crate) fn cargo_tool(bin: &Path, program: &str, package: &str, version: &str, options: &[&str]) -> Result<()> {
    let said = quiet(&mut command(bin.join(program), &["--version"])).unwrap_or_default();
    if is_version(&said, version) {
        return Ok(());
    }
    let folder = bin.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let mut arguments = vec!["install", package, "--version", version, "--root", &folder, "--force"];
    arguments.extend(options);
    let mut cargo = command("cargo", &arguments);
    // Tools that run for seconds need no link-time optimisation that takes minutes.
    cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    cargo.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env_remove("CARGO_TARGET_DIR");
    step(&format!("installing {package} {version} (a few minutes, once)"), || {
        watch(package, LIMIT, &mut cargo).with_context(|| {
            format!("{package} {version} is missing; `cargo install {package} --version {version} --root {folder}` installs it")
        })
    })
}

/// Installs a package of npm beside the others.
pub(crate) fn npm(package: &str, version: &str, what: &str) -> Result<()> {
    let folder = cache().join("npm");
    std::fs::create_dir_all(&folder)?;
    let (prefix, package) = (folder.display().to_string(), format!("{package}@{version}"));
    let by_hand = format!("{what} {version} is missing; `npm install --prefix {prefix} {package}` installs it");
    step(&format!("installing {what} {version}"), || {
        watch("npm", LIMIT, &mut command("npm", &["install", "--prefix", &prefix, &package])).context(by_hand)
    })
}

/// cargo-fuzz, for the fuzz targets.
///
/// # Errors
/// When it is missing and cannot be installed.
pub(crate) fn fuzz() -> Result<PathBuf> {
    let bin = cache().join("bin");
    cargo_tool(&bin, "cargo-fuzz", "cargo-fuzz", CARGO_FUZZ, &["--locked"])?;
    Ok(bin.join("cargo-fuzz"))
}

/// Where the comparison with other runtimes keeps what it needs.
pub(crate) fn rivals() -> PathBuf {
    cache().join("rivals")
}

/// The folder of onnxruntime-web's files for browsers.
///
/// # Errors
/// When npm is missing or the package cannot be installed.
pub(crate) fn onnxruntime_web() -> Result<PathBuf> {
    let folder = cache().join("npm/node_modules/onnxruntime-web");
    let wanted = format!("\"version\": \"{ONNXRUNTIME}\"");
    let is_there = || std::fs::read_to_string(folder.join("package.json")).unwrap_or_default().contains(&wanted);
    if !is_there() {
        npm("onnxruntime-web", ONNXRUNTIME, "onnxruntime-web")?;
        if !is_there() {
            bail!("npm installed onnxruntime-web {ONNXRUNTIME}, but {} is not it", folder.display());
        }
    }
    Ok(folder.join("dist"))
}

/// A Python that has PyTorch and what writes ONNX files, in an environment of its own. On Linux PyPI's PyTorch brings the
/// libraries of its GPU backend along: some gigabytes.
///
/// # Errors
/// When there is no Python or a package cannot be installed.
pub(crate) fn pytorch() -> Result<PathBuf> {
    let folder = rivals().join("venv");
    let python = ["bin/python", "Scripts/python.exe"].map(|name| folder.join(name));
    let ready = |python: &&PathBuf| {
        quiet(&mut command(python, &["-c", "import torch, onnx, onnxscript, safetensors"])).is_some()
    };
    if let Some(found) = python.iter().find(ready) {
        return Ok(found.clone());
    }
    let base = on_path("python3").or_else(|| on_path("python")).context("Python 3 is not on PATH")?;
    step("installing PyTorch and ONNX in an environment of their own (some gigabytes, once)", || {
        let place = folder.display().to_string();
        run(&mut command(base, &["-m", "venv", &place]))?;
        let python = python.iter().find(|file| file.is_file()).context("the environment has no Python")?;
        let mut words = vec!["-m", "pip", "install", "--quiet", "--no-cache-dir"];
        words.extend(PYTORCH);
        watch("pip", LIMIT, &mut command(python, &words))
    })?;
    python.into_iter().find(|python| ready(&python)).context("PyTorch was installed but cannot be imported")
}

/// axe-core's script, for the browser tests.
///
/// # Errors
/// When npm is missing or the package cannot be installed.
pub(crate) fn axe() -> Result<PathBuf> {
    let folder = cache().join("npm/node_modules/axe-core");
    let script = folder.join("axe.min.js");
    let wanted = format!("\"version\": \"{AXE}\"");
    let is_there = || {
        let manifest = std::fs::read_to_string(folder.join("package.json")).unwrap_or_default();
        script.is_file() && manifest.contains(&wanted)
    };
    if !is_there() {
        npm("axe-core", AXE, "axe-core")?;
        if !is_there() {
            bail!("npm installed axe-core {AXE}, but {} is not there", script.display());
        }
    }
    Ok(script)
}

/// wasm-opt, for release builds.
///
/// # Errors
/// When npm is missing or the package cannot be installed.
pub(crate) fn wasm_opt() -> Result<PathBuf> {
    let folder = cache().join("npm");
    let program = folder.join("node_modules/.bin/wasm-opt");
    let version = |program: &Path| quiet(&mut command(program, &["--version"])).unwrap_or_default();
    if is_version(&version(&program), BINARYEN) {
        return Ok(program);
    }
    npm("binaryen", BINARYEN, "wasm-opt")?;
    if !is_version(&version(&program), BINARYEN) {
        bail!("npm installed binaryen {BINARYEN}, but {} does not start", program.display());
    }
    Ok(program)
}

/// Chromium and its driver.
#[derive(Clone)]
pub(crate) struct Browser {
    /// The browser.
    pub(crate) chromium: PathBuf,
    /// Its driver.
    pub(crate) driver: PathBuf,
}

/// A browser that is there; CHROME and CHROMEDRIVER name others than those on PATH.
fn found_browser() -> Option<Browser> {
    let find = |variable: &str, names: &[&str]| {
        std::env::var_os(variable).map(PathBuf::from).or_else(|| names.iter().find_map(|name| on_path(name)))
    };
    Some(Browser {
        chromium: find("CHROME", &["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"])?,
        driver: find("CHROMEDRIVER", &["chromedriver"])?,
    })
}

/// Finds or installs a browser for tests.
///
/// # Errors
/// When there is none and none can be installed.
pub(crate) fn browser() -> Result<Browser> {
    if let Some(found) = found_browser() {
        return Ok(found);
    }
    step("installing Chromium and its driver", || install(&["chromium", "chromium-driver"]))
        .context("tests need Chromium and chromedriver; install them, or name them with CHROME and CHROMEDRIVER")?;
    found_browser().context("Chromium was installed but is not on PATH; name it with CHROME and CHROMEDRIVER")
}

/// A part of rustup's toolchain (clippy, rustfmt).
///
/// # Errors
/// When it is missing and rustup cannot add it.
pub(crate) fn component(program: &str, component: &str) -> Result<()> {
    if quiet(&mut command("cargo", &[program, "--version"])).is_some() {
        return Ok(());
    }
    step(&format!("adding {component}"), || {
        watch("rustup", Duration::from_secs(120), &mut command("rustup", &["component", "add", component]))
            .with_context(|| format!("{component} is missing; `rustup component add {component}` installs it"))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_version, locked_version, remapped};
    use std::path::PathBuf;

    #[test]
    fn folders_are_told_to_the_compiler_by_other_names() {
        let folders =
            [(PathBuf::from("/u/ada"), "home"), (PathBuf::from("/with a blank"), "no"), (PathBuf::from("/w"), "w")];
        assert_eq!(remapped(&folders), "--remap-path-prefix=/u/ada=home --remap-path-prefix=/w=w");
    }

    #[test]
    fn the_locked_version_is_read() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "serde"), None);
    }

    #[test]
    fn versions_are_whole_words() {
        assert!(is_version("wasm-opt version 132 (version_132)", "132"));
        assert!(is_version("trunk 0.21.14", "0.21.14"));
        assert!(!is_version("trunk 0.21.141", "0.21.14"));
        assert!(!is_version("", "132"));
    }
}
