//! What the style sheets must hold to.

use std::collections::BTreeMap;

use super::{files, text};

/// The sheet that all views share; the others belong to one view or part each.
const SHARED: &str = "assets/styles/wellplate.css";

/// Classes that rules of a sheet begin with: what such a rule says it says in every view, for all sheets are loaded.
fn classes(sheet: &str) -> Vec<String> {
    let mut bare = String::new();
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        bare.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let selectors = bare.split('{').map(|part| part.rsplit(['}', ';']).next().unwrap().to_owned());
    let one = |selector: &str| {
        let selector = selector.trim();
        let element = selector.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(selector.len());
        let class = selector[element..].strip_prefix('.')?;
        let end = class.find(|letter: char| !(letter.is_alphanumeric() || letter == '-')).unwrap_or(class.len());
        Some(class[..end].to_owned())
    };
    selectors.flat_map(|own| own.split(',').filter_map(one).collect::<Vec<_>>()).collect()
}

#[test]
fn no_class_belongs_to_two_views() {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for path in files("assets/styles", &[".css"]).into_iter().filter(|path| path != SHARED) {
        for class in classes(&text(&path)) {
            let owner = owners.entry(class.clone()).or_insert_with(|| path.clone());
            assert_eq!(
                *owner, path,
                ".{class} is styled by two views, and each changes the other's: name one otherwise"
            );
        }
    }
    assert!(owners.len() > 100, "the sheets were read");
}

#[test]
fn classes_are_found_where_rules_begin_with_them() {
    let sheet = "/* .no { */ .a, label.b:hover > .c { color: red; } @media (x) { .d-e { top: 0.5rem } } h2 { }";
    assert_eq!(classes(sheet), ["a", "b", "d-e"]);
}
