//! The wasm32 standard library, without which nothing is built for the page.
//!
//! Does: tries rustup's way first, then Debian's compiler with its sources, whose library is built
//! once; proves that the result links.
//! Does not know: what is built with it.
//! Flow: compiler → **toolchain for wasm32** → trunk, wasm tests.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cache::cache;
use crate::debian::{as_root, install};
use crate::process::{command, run, step, watch};

/// The target.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";
/// Name under which rustup knows Debian's compiler.
const DEBIAN: &str = "debian";
/// Debian's compiler, its library's sources and the linker that it calls.
const PACKAGES: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];

/// A toolchain that builds for wasm32; `None` is the default one.
pub(crate) type Toolchain = Option<&'static str>;

/// Whether a toolchain compiles and links a small library for wasm32.
fn works(toolchain: Toolchain) -> bool {
    let out = std::env::temp_dir().join(format!("wellplate-{}.wasm", std::process::id()));
    let out_name = out.display().to_string();
    let mut rustc =
        command("rustc", &["--target", WASM, "--crate-type", "cdylib", "--crate-name", "probe", "-o", &out_name, "-"]);
    rustc.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(toolchain) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    let Ok(mut child) = rustc.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // A compiler that is not there closes the pipe; its exit code says the rest.
        let _ = input.write_all(b"pub fn f() -> Vec<u8> { vec![1] }\n");
    }
    let linked = child.wait().is_ok_and(|status| status.success()) && out.is_file();
    let _ = std::fs::remove_file(out);
    linked
}

/// The toolchain to build for wasm32 with, made ready if need be.
///
/// # Errors
/// When neither way leads to one.
pub(crate) fn toolchain() -> Result<Toolchain> {
    if works(None) {
        return Ok(None);
    }
    if works(Some(DEBIAN)) {
        return Ok(Some(DEBIAN));
    }
    let by_rustup = step("installing the wasm32 standard library with rustup", || {
        watch("rustup", Duration::from_secs(120), &mut command("rustup", &["target", "add", WASM]))
    });
    if by_rustup.is_ok() && works(None) {
        return Ok(None);
    }
    let by_hand = format!("the wasm32 standard library is missing; `rustup target add {WASM}` installs it");
    step("building the wasm32 standard library from Debian's sources", from_debian).context(by_hand)?;
    if !works(Some(DEBIAN)) {
        bail!("the wasm32 standard library was built, but `rustc +{DEBIAN} --target {WASM}` does not link with it");
    }
    Ok(Some(DEBIAN))
}

/// Clippy for a toolchain; the default one's comes with rustup.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn clippy(toolchain: Toolchain) -> Result<()> {
    match toolchain {
        Some(_) => install(&["rust-web-clippy"]),
        None => Ok(()),
    }
}

/// Builds the library with Debian's compiler and lays it where that compiler looks.
fn from_debian() -> Result<()> {
    install(&PACKAGES)?;
    let folder = cache().join("wasm-library");
    std::fs::create_dir_all(folder.join("src"))?;
    let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[workspace]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::write(folder.join("src/lib.rs"), "")?;
    let arguments = ["build", "--release", "-Z", "build-std=std,panic_abort,proc_macro,test", "--target", WASM];
    let mut cargo = command("/usr/bin/cargo", &arguments);
    // Two Debian compilers may have followed each other: libraries of both would not go together.
    let _ = std::fs::remove_dir_all(folder.join("target"));
    // RUSTC too: cargo would otherwise take rustup's compiler, which has no sources.
    cargo.current_dir(&folder).env("RUSTC_BOOTSTRAP", "1").env("RUSTC", "/usr/bin/rustc");
    cargo.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").env_remove("CARGO");
    watch("wasm32 library", Duration::from_secs(1800), &mut cargo)?;
    lay(&folder.join("target").join(WASM).join("release/deps"), &Path::new("/usr/lib/rustlib").join(WASM).join("lib"))?;
    std::fs::remove_dir_all(folder)?;
    run(&mut command("rustup", &["toolchain", "link", DEBIAN, "/usr"]))
}

/// Whether a built file belongs into the library: all but the empty crate itself.
fn is_library(name: &str) -> bool {
    name.starts_with("lib") && name.ends_with(".rlib") && !name.starts_with("libempty")
}

/// Copies the library's files; an older build's are taken away first.
fn lay(from: &Path, to: &Path) -> Result<()> {
    let files = std::fs::read_dir(from).with_context(|| format!("{} is missing", from.display()))?;
    let built: Vec<String> = files
        .flatten()
        .filter(|entry| is_library(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path().display().to_string())
        .collect();
    if built.is_empty() {
        bail!("{} holds no library", from.display());
    }
    let to = to.display().to_string();
    let mut copy = vec!["-t", to.as_str()];
    copy.extend(built.iter().map(String::as_str));
    for (program, arguments) in [("rm", vec!["-rf", to.as_str()]), ("mkdir", vec!["-p", to.as_str()]), ("cp", copy)] {
        let mut command = as_root(program, &arguments).with_context(|| format!("writing to {to} needs root"))?;
        run(&mut command)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_library;

    #[test]
    fn only_library_files_are_laid() {
        assert!(is_library("libstd-0123.rlib"));
        for other in ["libempty-0123.rlib", "empty.wasm", "libstd-0123.rmeta", "std-0123.d"] {
            assert!(!is_library(other), "{other}");
        }
    }
}
