//! Arguments that are two words joined by `=`.
//!
//! Does: splits them.
//! Does not know: what they mean.
//! Flow: word → **pair** → arguments.

use std::path::PathBuf;

/// KEY=VALUE.
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| format!("{text:?} is not KEY=VALUE"))
}

/// NAME=FILE, or a file, which is then named by its stem.
pub(crate) fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    if let Some((name, file)) = text.split_once('=').filter(|(name, file)| !name.is_empty() && !file.is_empty()) {
        return Ok((name.trim().to_owned(), PathBuf::from(file)));
    }
    let path = PathBuf::from(text);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    stem.map(|stem| (stem, path)).ok_or_else(|| format!("{text:?} is neither FILE nor NAME=FILE"))
}
