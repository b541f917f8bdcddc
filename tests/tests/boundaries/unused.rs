//! Every dependency is used by the room that asks for it.
//!
//! Does: looks for each dependency's name in the code of its room; in code that is shipped, unless only tests ask for it.
//! Does not know: features of a dependency that nothing needs.
//! Flow: manifests, sources → **dependencies that nothing names**.

use toml::{Table, Value};

use super::paths::code;
use super::{files, members, text, toml, without_tests};

/// Dependencies that are there to switch on a feature of a package that others bring.
const FOR_THEIR_FEATURES: [&str; 4] = ["getrandom02", "getrandom03", "getrandom04", "cubecl-cuda"];

/// Whether code names a crate in a path or a `use`.
fn names(code: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let is_path = after.starts_with("::") || (before.ends_with("use ") && after.starts_with([';', ' ']));
        is_path && !before.ends_with(is_part)
    })
}

/// Names of a table of dependencies, of every target.
fn asked(manifest: &Table, table: &str) -> Vec<String> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let parts = targets.filter_map(Value::as_table).chain([manifest]);
    let lists = parts.filter_map(|part| part.get(table).and_then(Value::as_table));
    lists.flat_map(|list| list.keys().cloned()).collect()
}

#[test]
fn no_dependency_is_unused() {
    let mut seen = 0;
    for member in members() {
        let manifest = toml(&format!("{member}/Cargo.toml"));
        let all = files(&member, &[".rs"]);
        let shipped = |path: &&String| !path.ends_with("tests.rs") && !path.starts_with(&format!("{member}/tests"));
        let own: String = all.iter().filter(shipped).map(|path| code(&without_tests(path))).collect();
        let with_tests: String = all.iter().map(|path| code(&text(path))).collect();
        for (table, code) in [("dependencies", &own), ("dev-dependencies", &with_tests)] {
            for name in asked(&manifest, table).iter().filter(|name| !FOR_THEIR_FEATURES.contains(&name.as_str())) {
                assert!(names(code, &name.replace('-', "_")), "{member} asks for {name} ({table}) and never names it");
                seen += 1;
            }
        }
    }
    assert!(seen > 80, "only {seen} dependencies were understood");
}

#[test]
fn names_are_whole_words_of_code() {
    assert!(names("use half;", "half") && names("fn f() { half::f16::ONE }", "half"));
    assert!(!names("use behalf::of; a::half::b; half.len()", "half"));
}
