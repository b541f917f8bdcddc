//! The corpus of the fuzz targets: small inputs that are right, for the targets that this build has.
//!
//! Does: takes the fixtures of `cells`, writes texts, and makes a bundle, results, a store's index and a shard.
//! Does not know: how inputs are changed.
//! Flow: `cargo run --bin corpus` → **corpus/TARGET**.

use std::io::Result;
use std::path::{Path, PathBuf};

#[cfg(feature = "bundle")]
mod bundle;
mod texts;
#[cfg(feature = "trainer")]
mod trainer;

/// Largest input.
const LARGEST: u64 = 64_000;

/// Writes an input of a target.
fn keep(target: &str, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(name), bytes)
}

/// Fixtures of `cells` with one of these ends.
fn fixtures(ends: &[&str]) -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cells/fixtures");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_wanted = path.extension().is_some_and(|end| ends.iter().any(|own| end == *own));
        if is_wanted && path.metadata()?.len() <= LARGEST {
            found.push(path);
        }
    }
    Ok(found)
}

fn main() -> Result<()> {
    for (target, ends) in [("h5ad", &["h5ad", "h5mu"][..]), ("tenx", &["h5"])] {
        for (place, path) in fixtures(ends)?.into_iter().enumerate() {
            keep(target, &format!("fixture-{place}"), &std::fs::read(path)?)?;
        }
    }
    texts::write(&keep)?;
    #[cfg(feature = "bundle")]
    bundle::write(&keep)?;
    #[cfg(feature = "trainer")]
    trainer::write(&keep)?;
    Ok(())
}
