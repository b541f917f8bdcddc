//! Files: written whole or not at all.
//!
//! Does: atomic writes (a temporary file beside the target, then a rename), with errors that name
//! the path.
//! Does not know: what is written.
//! Flow: bytes → **disk**.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes `bytes` to `path`; an interruption leaves the old file or none, never half a file.
///
/// # Errors
/// When the folder cannot be written or the disk is full.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let failed = || format!("cannot write {} (is the disk full?)", path.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    file.write_all(bytes).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    readable(file.as_file()).with_context(failed)?;
    file.persist(path).with_context(failed)?;
    Ok(())
}

/// Temporary files are private; what is written here is meant to be served and shared.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
