//! Sizes of what a visitor downloads.
//!
//! Does: builds the release, compresses as a static host would (brotli), prints a table, fails above
//! the limits; the same for the quick build of the checks, whose limits stand for those of a release.
//! Does not know: how to make it smaller.
//! Flow: `dist` → **table**.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::process::step;
use crate::setup::page_tools;
use crate::web;

/// What holds for a build.
struct Limits {
    /// The worker's scripts and module after brotli, in bytes.
    worker: u64,
    /// The page's scripts and module after brotli, in bytes.
    page: u64,
    /// How hard brotli tries, from 0 to 11.
    quality: i32,
}

/// What visitors download, compressed as hosts do once for all of them. The page draws maps of a million points by WebGPU
/// itself.
const RELEASE: Limits = Limits { worker: 2_500_000, page: 900_000, quality: 11 };
/// The build that the checks make in any case, a release takes too long for them: without wasm-opt and optimised for quick
/// building it is far larger. Measured 5.83 and 1.86 MB, and an eighth on top: a dependency that swells a
/// download shows here too. Brotli at a quality that takes seconds.
const QUICK: Limits = Limits { worker: 6_500_000, page: 2_100_000, quality: 5 };
/// Limit of a bundle's files, in bytes as they are.
const BUNDLE: u64 = 9_000_000;

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    /// Bytes as built.
    raw: u64,
    /// Bytes as transferred.
    sent: u64,
    limit: u64,
}

/// Bytes after brotli at its highest setting.
pub(crate) fn compressed(bytes: &[u8]) -> Result<u64> {
    compressed_at(RELEASE.quality, bytes)
}

fn compressed_at(quality: i32, bytes: &[u8]) -> Result<u64> {
    let mut out = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters)?;
    Ok(out.len() as u64)
}

/// Scripts and modules of `dist`, the worker's and the page's apart.
fn code_rows(dist: &Path, limits: &Limits) -> Result<[Row; 2]> {
    let row = |name: &str, limit| Row { name: name.to_owned(), raw: 0, sent: 0, limit };
    let mut worker = row("worker (js + wasm, brotli)", limits.worker);
    let mut page = row("page (js + wasm, brotli)", limits.page);
    for entry in std::fs::read_dir(dist).with_context(|| format!("{} is missing", dist.display()))?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".js") && !name.ends_with(".wasm") {
            continue;
        }
        let bytes = std::fs::read(entry.path())?;
        let row = if name.starts_with("worker") { &mut worker } else { &mut page };
        row.raw += bytes.len() as u64;
        row.sent += compressed_at(limits.quality, &bytes)?;
    }
    Ok([worker, page])
}

/// Bundles of `dist`; their files are hardly compressible and counted as they are.
fn bundle_rows(models: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let entries = std::fs::read_dir(models).with_context(|| format!("{} is missing", models.display()))?;
    // Beside the bundles lies the list of them.
    for bundle in entries.flatten().filter(|entry| entry.path().is_dir()) {
        let mut bytes = 0;
        for file in std::fs::read_dir(bundle.path())?.flatten() {
            bytes += file.metadata()?.len();
        }
        let name = format!("bundle {}", bundle.file_name().to_string_lossy());
        rows.push(Row { name, raw: bytes, sent: bytes, limit: BUNDLE });
    }
    Ok(rows)
}

/// The table for people.
fn table(rows: &[Row]) -> String {
    let mut text = format!("{:<28} {:>12} {:>12} {:>12}\n", "", "built, B", "sent, B", "limit, B");
    for Row { name, raw, sent, limit } in rows {
        text += &format!("{name:<28} {raw:>12} {sent:>12} {limit:>12}\n");
    }
    text
}

/// What is above its limit, in words.
fn above(rows: &[Row]) -> Vec<String> {
    let over = rows.iter().filter(|row| row.sent > row.limit);
    over.map(|row| format!("{} is {} bytes, above its limit of {}", row.name, row.sent, row.limit)).collect()
}

/// Builds the release, measures, compares.
///
/// # Errors
/// When the build fails or a size is above its limit.
pub(crate) fn size() -> Result<()> {
    web::build(&page_tools()?, true)?;
    within(&RELEASE)
}

/// Measures the quick build that stands in `dist`, compares.
///
/// # Errors
/// When there is none or a size is above its limit.
pub(crate) fn size_of_quick() -> Result<()> {
    within(&QUICK)
}

fn within(limits: &Limits) -> Result<()> {
    let mut rows = Vec::from(step("compressing", || code_rows(&web::dist(), limits))?);
    rows.extend(bundle_rows(&web::dist().join("models"))?);
    print!("{}", table(&rows));
    let above = above(&rows);
    if !above.is_empty() {
        bail!("{}", above.join("; "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{QUICK, Row, above, bundle_rows, code_rows, compressed, table};
    use std::path::Path;

    /// An empty folder of this test's own.
    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("wellplate-size-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn worker_and_page_are_counted_apart() {
        let dist = folder("code");
        for (name, bytes) in
            [("worker.js", 10), ("worker_bg.wasm", 1000), ("app-1f.js", 20), ("app-1f_bg.wasm", 3000), ("a.css", 9)]
        {
            std::fs::write(dist.join(name), vec![b'a'; bytes]).unwrap();
        }
        let [worker, page] = code_rows(&dist, &QUICK).unwrap();
        std::fs::remove_dir_all(&dist).unwrap();
        assert_eq!((worker.raw, page.raw), (1010, 3020));
        assert!(worker.sent > 0 && worker.sent < 100 && page.sent > 0 && page.sent < 100);
    }

    #[test]
    fn bundles_are_summed() {
        let models = folder("models");
        std::fs::create_dir_all(models.join("small")).unwrap();
        std::fs::write(models.join("small/weights.safetensors"), [0; 30]).unwrap();
        std::fs::write(models.join("small/bundle.json"), [0; 12]).unwrap();
        let rows = bundle_rows(&models).unwrap();
        std::fs::remove_dir_all(&models).unwrap();
        assert_eq!((rows.len(), rows[0].sent), (1, 42));
        assert!(bundle_rows(Path::new("/no/such/folder")).is_err());
    }

    #[test]
    fn only_what_is_above_its_limit_is_named() {
        let row = |name: &str, sent| Row { name: name.to_owned(), raw: sent, sent, limit: 100 };
        let rows = [row("fits", 100), row("too big", 101)];
        assert_eq!(above(&rows), ["too big is 101 bytes, above its limit of 100"]);
        assert_eq!(table(&rows).lines().count(), 3);
    }

    #[test]
    fn brotli_compresses() {
        assert!(compressed(&[7; 10_000]).unwrap() < 100);
    }
}
