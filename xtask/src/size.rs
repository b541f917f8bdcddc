//! Sizes of what a visitor downloads.
//!
//! Does: builds the release, compresses as a static host would (brotli), prints a table, fails above
//! the limits.
//! Does not know: how to make it smaller.
//! Flow: release `dist` → **table**.

use std::path::Path;

use anyhow::{Result, bail};

use crate::web;

/// Bytes after brotli at its highest setting.
fn compressed(path: &Path) -> Result<u64> {
    let bytes = std::fs::read(path)?;
    let mut out = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut bytes.as_slice(), &mut out, &parameters)?;
    Ok(out.len() as u64)
}

/// Bytes of the files below a folder.
fn folder_bytes(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)?.flatten() {
        total += entry.metadata()?.len();
    }
    Ok(total)
}

/// Builds, measures, compares.
///
/// # Errors
/// When the build fails or a size is above its limit.
pub(crate) fn size() -> Result<()> {
    web::build(true)?;
    let dist = web::dist();
    let (mut ui, mut worker) = (0, 0);
    for entry in std::fs::read_dir(&dist)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let bytes = match name.rsplit('.').next() {
            Some("wasm" | "js") => compressed(&entry.path())?,
            _ => continue,
        };
        if name.starts_with("worker") { worker += bytes } else { ui += bytes }
    }
    let mut rows = vec![("worker (brotli)".to_owned(), worker, 2_500_000), ("page (brotli)".to_owned(), ui, 500_000)];
    for bundle in std::fs::read_dir(dist.join("models"))?.flatten() {
        let name = format!("bundle {}", bundle.file_name().to_string_lossy());
        rows.push((name, folder_bytes(&bundle.path())?, 6_000_000));
    }
    println!("{:<24} {:>10} {:>10}", "", "bytes", "limit");
    for (name, bytes, limit) in &rows {
        println!("{name:<24} {bytes:>10} {limit:>10}");
    }
    if let Some((name, bytes, limit)) = rows.iter().find(|(_, bytes, limit)| bytes > limit) {
        bail!("{name} is {bytes} bytes, above the limit of {limit}");
    }
    Ok(())
}
