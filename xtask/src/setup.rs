//! What a fresh machine lacks: found, or installed once, or named with the command that installs it.
//!
//! Does: the wasm32 standard library (rustup's way, else Debian's compiler and sources), trunk,
//! wasm-bindgen of the locked version, wasm-opt, Chromium with its driver.
//! Does not know: what is built with them.
//! Flow: a command needs a tool → **tool's path**.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{command, on_path, quiet, root, run, step};

/// Version of trunk; later ones ask for a newer compiler.
const TRUNK: &str = "0.21.14";
/// Version of wasm-opt's package; Debian's own writes modules that browsers refuse.
const BINARYEN: &str = "132";
/// The target.
const WASM: &str = "wasm32-unknown-unknown";

/// Tools of the page.
pub(crate) struct PageTools {
    /// Folder with trunk and wasm-bindgen.
    pub(crate) bin: PathBuf,
    /// Toolchain that has the wasm32 standard library, when it is not the default one.
    pub(crate) toolchain: Option<String>,
}

/// Where tools are kept between runs and checkouts.
pub(crate) fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"))
    });
    base.unwrap_or_else(|| root().join("target")).join("wellplate/tools")
}

/// Everything that building the page needs.
///
/// # Errors
/// When something is missing and cannot be installed.
pub(crate) fn page_tools() -> Result<PageTools> {
    let toolchain = wasm_library()?;
    let bin = cache().join("bin");
    let bindgen = locked_version(&std::fs::read_to_string(root().join("Cargo.lock"))?, "wasm-bindgen")
        .context("Cargo.lock names no wasm-bindgen")?;
    // Without --locked: one of its locked dependencies is no longer to be had.
    cargo_tool(&bin, "wasm-bindgen", "wasm-bindgen-cli", &bindgen, false)?;
    cargo_tool(&bin, "trunk", "trunk", TRUNK, true)?;
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

/// Installs a program with cargo unless the wanted version is there.
fn cargo_tool(bin: &Path, program: &str, package: &str, version: &str, locked: bool) -> Result<()> {
    let installed = quiet(&mut command(bin.join(program), &["--version"])).unwrap_or_default();
    if installed.split_whitespace().any(|word| word == version) {
        return Ok(());
    }
    let target = bin.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
    let mut arguments = vec!["install", package, "--version", version, "--root", &target];
    if locked {
        arguments.push("--locked");
    }
    step(&format!("installing {package} {version} (a few minutes, once)"), || {
        run(&mut command("cargo", &arguments)).with_context(|| {
            format!("{package} {version} is missing; `cargo install {package} --version {version}` installs it")
        })
    })
}

/// Whether a toolchain has the wasm32 standard library.
fn has_wasm(toolchain: Option<&str>) -> bool {
    let mut rustc = command("rustc", &["--print", "target-libdir", "--target", WASM]);
    if let Some(toolchain) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    let Some(folder) = quiet(&mut rustc) else { return false };
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

/// The wasm32 standard library: the toolchain to use for it, `None` for the default one.
fn wasm_library() -> Result<Option<String>> {
    if has_wasm(None) {
        return Ok(None);
    }
    if has_wasm(Some("debian")) {
        return Ok(Some("debian".to_owned()));
    }
    let by_rustup = step("installing the wasm32 standard library with rustup", || {
        run(command("timeout", &["120", "rustup", "target", "add", WASM]).stderr(std::process::Stdio::null()))
    });
    if by_rustup.is_ok() && has_wasm(None) {
        return Ok(None);
    }
    step("building the wasm32 standard library from Debian's sources", debian_wasm).with_context(|| {
        format!("the wasm32 standard library is missing; `rustup target add {WASM}` installs it")
    })?;
    if !has_wasm(Some("debian")) {
        bail!("the wasm32 standard library was built, but the compiler does not find it");
    }
    Ok(Some("debian".to_owned()))
}

/// Debian's compiler with its sources, the library built from them (BUILDING notes of the project).
fn debian_wasm() -> Result<()> {
    apt(&["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"])?;
    let folder = cache().join("wasm-library");
    std::fs::create_dir_all(folder.join("src"))?;
    let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::write(folder.join("src/lib.rs"), "")?;
    let arguments = ["build", "--release", "-Z", "build-std=std,panic_abort,proc_macro,test", "--target", WASM];
    // RUSTC too: cargo would otherwise take rustup's compiler, which has no sources.
    run(command("/usr/bin/cargo", &arguments)
        .current_dir(&folder)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTC", "/usr/bin/rustc")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS"))?;
    let target = Path::new("/usr/lib/rustlib").join(WASM).join("lib");
    std::fs::create_dir_all(&target)?;
    for entry in std::fs::read_dir(folder.join("target").join(WASM).join("release/deps"))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("lib") && name.ends_with(".rlib") && !name.starts_with("libempty") {
            std::fs::copy(entry.path(), target.join(name))?;
        }
    }
    run(&mut command("rustup", &["toolchain", "link", "debian", "/usr"]))
}

/// Installs Debian packages.
fn apt(packages: &[&str]) -> Result<()> {
    let by_hand = format!("`apt-get install {}` (as root) installs them", packages.join(" "));
    if on_path("apt-get").is_none() {
        bail!("{} are missing, and this system has no apt-get; on Debian {by_hand}", packages.join(", "));
    }
    let quiet_install = |arguments: &[&str]| {
        let mut apt = command("apt-get", arguments);
        run(apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(std::process::Stdio::null()))
    };
    // An old list may name packages that are gone; a failed update may still leave a usable one.
    let _ = quiet_install(&["update", "-q"]);
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(packages);
    quiet_install(&arguments).with_context(|| format!("{} are missing; {by_hand}", packages.join(", ")))
}

/// wasm-opt.
///
/// # Errors
/// When npm is missing or the package cannot be installed.
pub(crate) fn wasm_opt() -> Result<PathBuf> {
    let folder = cache().join("npm");
    let program = folder.join("node_modules/.bin/wasm-opt");
    let version = quiet(&mut command(&program, &["--version"])).unwrap_or_default();
    if version.contains(BINARYEN) {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder)?;
    let (prefix, package) = (folder.display().to_string(), format!("binaryen@{BINARYEN}"));
    step("installing wasm-opt", || {
        run(command("npm", &["install", "--prefix", &prefix, &package]).stdout(std::process::Stdio::null()))
            .with_context(|| format!("wasm-opt is missing; `npm install -g {package}` installs it"))
    })?;
    Ok(program)
}

/// Chromium and its driver.
pub(crate) struct Browser {
    /// The browser.
    pub(crate) chromium: PathBuf,
    /// Its driver.
    pub(crate) driver: PathBuf,
}

/// Finds or installs a browser for tests; CHROME and CHROMEDRIVER name others.
///
/// # Errors
/// When there is none and none can be installed.
pub(crate) fn browser() -> Result<Browser> {
    let find = |variable: &str, names: &[&str]| {
        std::env::var_os(variable).map(PathBuf::from).or_else(|| names.iter().find_map(|name| on_path(name)))
    };
    let both = || {
        Some(Browser {
            chromium: find("CHROME", &["chromium", "google-chrome", "chromium-browser"])?,
            driver: find("CHROMEDRIVER", &["chromedriver"])?,
        })
    };
    if let Some(found) = both() {
        return Ok(found);
    }
    step("installing Chromium and its driver", || apt(&["chromium", "chromium-driver"]))?;
    both().context("Chromium was installed but is not on PATH; set CHROME and CHROMEDRIVER")
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn the_locked_version_is_read() {
        let lock = "[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.1\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked_version(lock, "serde"), None);
    }
}
