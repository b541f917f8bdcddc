//! The folder of tools that are kept between runs.
//!
//! Does: says where it is, by the XDG base directory specification.
//! Does not know: what lies in it.
//! Flow: environment → **folder** → `setup`, `wasm_library`.

use std::path::PathBuf;

use crate::process::root;

/// The cache folder of these two variables.
fn cache_of(xdg: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    // A relative XDG folder is to be ignored (XDG base directory specification).
    let base = xdg.filter(|folder| folder.is_absolute()).or_else(|| home.map(|home| home.join(".cache")));
    base.unwrap_or_else(|| root().join("target")).join("wellplate/tools")
}

/// Where tools are kept between runs and checkouts.
pub(crate) fn cache() -> PathBuf {
    let folder = |name| std::env::var_os(name).map(PathBuf::from);
    cache_of(folder("XDG_CACHE_HOME"), folder("HOME"))
}

#[cfg(test)]
mod tests {
    use super::cache_of;
    use std::path::{Path, PathBuf};

    #[test]
    fn the_cache_follows_xdg() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(cache_of(path("/x"), path("/u/a")), Path::new("/x/wellplate/tools"));
        assert_eq!(cache_of(path("x"), path("/u/a")), Path::new("/u/a/.cache/wellplate/tools"));
        assert_eq!(cache_of(None, path("/u/a")), Path::new("/u/a/.cache/wellplate/tools"));
    }
}
