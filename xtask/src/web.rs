//! The page: built by trunk, shrunk for release, served.
//!
//! Does: calls trunk with the right tools, toolchain and profile; runs wasm-opt over the release.
//! Does not know: what the page does.
//! Flow: app + assets → **dist** → server.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::{command, on_path, root, run, step};
use crate::server;
use crate::setup::{PageTools, page_tools, wasm_opt};

/// The folder that trunk writes.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Environment of everything that builds for wasm32.
pub(crate) fn prepare(command: &mut std::process::Command, tools: &PageTools) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(tools.bin.clone()).chain(std::env::split_paths(&path));
    if let Ok(joined) = std::env::join_paths(paths) {
        command.env("PATH", joined);
    }
    if let Some(toolchain) = &tools.toolchain {
        command.env("RUSTUP_TOOLCHAIN", toolchain);
    }
    // xtask itself runs under cargo; its settings must not leak into trunk's cargo. NO_COLOR=1 is
    // refused by trunk, which wants true or false.
    command.env_remove("CARGO").env_remove("RUSTC").env_remove("NO_COLOR");
}

/// Builds the page into `dist`.
///
/// # Errors
/// When a tool is missing or the build fails.
pub(crate) fn build(release: bool) -> Result<PageTools> {
    let tools = page_tools()?;
    let profile = if release { "page" } else { "page-quick" };
    step(&format!("building the page (profile {profile})"), || {
        let mut trunk = command(tools.bin.join("trunk"), &["build", "--cargo-profile", profile]);
        prepare(&mut trunk, &tools);
        run(&mut trunk)
    })?;
    if release {
        let optimiser = wasm_opt()?;
        for file in wasm_files(&dist())? {
            let name = file.display().to_string();
            step(&format!("shrinking {}", file.file_name().unwrap_or_default().to_string_lossy()), || {
                run(&mut command(&optimiser, &["-Oz", "--all-features", &name, "-o", &name]))
            })?;
        }
    }
    Ok(tools)
}

/// The wasm modules of a folder.
pub(crate) fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} is missing", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.extension().is_some_and(|ending| ending == "wasm")).collect())
}

/// Builds, serves and opens the explorer.
///
/// # Errors
/// When it cannot be built or the port is taken.
pub(crate) fn serve(release: bool, port: u16, open: bool) -> Result<()> {
    build(release)?;
    let (listener, port) = server::bind(port)?;
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
