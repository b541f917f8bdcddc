//! The walls between the rooms, kept by reading the project's own files.
//!
//! Does: finds the files of a room and reads manifests.
//! Does not know: what the code computes.
//! Flow: manifests, sources, README → **rules of the design** → a sentence per breach.

use std::path::{Path, PathBuf};

use toml::Table;

mod circles;
mod documents;
mod manifests;
mod paths;
mod readme;
mod sources;
mod styles;
mod unused;

/// The project's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// A text file below the root.
fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A TOML file below the root.
fn toml(path: &str) -> Table {
    text(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Members of the workspace.
fn members() -> Vec<String> {
    let manifest = toml("Cargo.toml");
    let members = manifest["workspace"]["members"].as_array().unwrap();
    members.iter().map(|member| member.as_str().unwrap().to_owned()).collect()
}

/// Files with an ending below a folder of the root, as paths from the root; build outputs and hidden
/// folders are left out.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            let built = ["target", "dist", "node_modules", "runs"].contains(&name.as_str());
            if !built && !name.starts_with('.') {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The lines of a Rust file that are not its tests: everything before `#[cfg(test)]`.
fn without_tests(path: &str) -> String {
    text(path).split("#[cfg(test)]").next().unwrap().to_owned()
}
