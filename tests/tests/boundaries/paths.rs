//! Which file of a crate uses which, by reading paths.
//!
//! Does: resolves `use` trees and paths in the code that begin with `crate`, `super`, `self` or a module declared in the
//! file, to the file that the longest part of them names. Tests, comments and texts are left out.
//! Does not know: types, macros, names that a glob brings.
//! Flow: sources → paths → **uses**.

use std::collections::{BTreeMap, BTreeSet};

use super::{files, without_tests};

/// Files that each file uses, with the path by which it does.
pub(super) type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// Module of a file of a crate, by its path from the crate's source folder.
fn module(file: &str) -> Vec<String> {
    let mut parts: Vec<String> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if ["mod", "lib", "main"].contains(&parts[parts.len() - 1].as_str()) {
        parts.pop();
    }
    parts
}

/// Code without comments and texts.
pub(super) fn code(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(['/', '"', '\'']) {
        out.push_str(&rest[..at]);
        let found = &rest[at..];
        let end = match found.as_bytes()[0] {
            b'/' if found.starts_with("//") => found.find('\n').unwrap_or(found.len()),
            b'"' => end_of_text(found),
            // A letter, not a lifetime: its second quote is near.
            b'\'' if found.starts_with("'\\") => found[2..].find('\'').map_or(1, |end| end + 3),
            b'\'' => match found.char_indices().nth(2) {
                Some((second, '\'')) => second + 1,
                _ => 1,
            },
            _ => 1,
        };
        if end == 1 {
            out.push_str(&found[..1]);
        }
        rest = &found[end..];
    }
    out.push_str(rest);
    out
}

/// Length of a text that begins with a double quote.
fn end_of_text(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Paths of a `use` tree, as parts.
fn leaves(tree: &str, before: &[String], out: &mut Vec<Vec<String>>) {
    let (mut depth, mut from) = (0, 0);
    let ends = tree.char_indices().filter_map(|(at, letter)| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    });
    let ends: Vec<usize> = ends.chain([tree.len()]).collect();
    for end in ends {
        let (head, inner) = match tree[from..end].split_once('{') {
            Some((head, inner)) => (head, inner.rsplit_once('}').map(|(inner, _)| inner)),
            None => (tree[from..end].split(" as ").next().unwrap(), None),
        };
        let parts = head.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
        let path: Vec<String> = before.iter().cloned().chain(parts).collect();
        match inner {
            Some(inner) => leaves(inner, &path, out),
            None if path.len() > before.len() => out.push(path),
            None => {}
        }
        from = (end + 1).min(tree.len());
    }
}

/// Paths in code that is no `use` line: names joined by `::`.
fn inline(code: &str) -> Vec<Vec<String>> {
    let name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let words = code.split(|letter| !name(letter)).filter(|word| word.contains("::"));
    // A path that begins with :: goes on from something else.
    words
        .filter(|word| !word.starts_with(':'))
        .map(|word| word.split("::").map(|part| part.trim_matches(':').to_owned()).collect())
        .collect()
}

/// All paths of a file, and the modules that it declares.
fn paths(text: &str) -> (Vec<Vec<String>>, BTreeSet<String>) {
    let (mut found, mut rest, mut children) = (Vec::new(), String::new(), BTreeSet::new());
    let code = code(text);
    for statement in code.split_inclusive(';') {
        let line = statement.trim_end_matches(';');
        // What stands before the word is an attribute, a visibility, or the end of something else.
        let after = |word: &str| {
            let at = line.rfind(word)?;
            let free = line[..at].chars().next_back().is_none_or(char::is_whitespace);
            free.then(|| (&line[..at], &line[at + word.len()..]))
        };
        match (after("use "), after("mod ")) {
            (Some((before, tree)), _) if !tree.contains('(') => {
                leaves(tree, &[], &mut found);
                rest.push_str(before);
            }
            (_, Some((before, child))) if child.trim().chars().all(|c| c.is_alphanumeric() || c == '_') => {
                children.insert(child.trim().to_owned());
                rest.push_str(before);
            }
            _ => rest.push_str(statement),
        }
    }
    // `pub(in crate::ui)` says who may use an item, not what it uses.
    let mut parts = rest.split("(in ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    found.extend(inline(&plain));
    (found, children)
}

/// The file that a path names, seen from a file of a module that declares `children`.
fn named<'a>(
    path: &[String],
    own: &[String],
    children: &BTreeSet<String>,
    modules: &'a BTreeMap<Vec<String>, String>,
) -> Option<&'a String> {
    let ups = path.iter().take_while(|part| *part == "super").count();
    let from = match path[0].as_str() {
        "crate" => [&[], &path[1..]].concat(),
        "self" => [own, &path[1..]].concat(),
        "super" => [own.get(..own.len().checked_sub(ups)?)?, &path[ups..]].concat(),
        child if children.contains(child) => [own, path].concat(),
        _ => return None,
    };
    (0..=from.len()).rev().find_map(|length| modules.get(&from[..length]))
}

/// Which file uses which below a crate's source folder; files are named from there.
pub(super) fn uses(source: &str) -> Uses {
    let all: Vec<String> = files(source, &[".rs"]).iter().map(|path| path[source.len() + 1..].to_owned()).collect();
    let own: Vec<&String> = all.iter().filter(|file| !file.ends_with("tests.rs")).collect();
    // Where there are both, paths from the root mean the library.
    let roots = own.iter().filter(|file| **file == "main.rs").chain(own.iter().filter(|file| **file != "main.rs"));
    let modules: BTreeMap<Vec<String>, String> = roots.map(|file| (module(file), (*file).clone())).collect();
    let one = |file: &&String| {
        let (paths, children) = paths(&without_tests(&format!("{source}/{file}")));
        let mut used = BTreeMap::new();
        for path in &paths {
            if let Some(other) = named(path, &module(file), &children, &modules).filter(|other| other != file) {
                used.entry(other.clone()).or_insert_with(|| path.join("::"));
            }
        }
        ((*file).clone(), used)
    };
    own.iter().map(one).collect()
}

#[test]
fn paths_are_understood() {
    let text = "//! crate::not_this\nmod child;\npub(in crate::ui) mod other;\nuse std::fmt;\nuse super::{a::{B, c as d}, e};\n\
                pub(super) use child::Deep;\nfn f<'a>(x: &'a str) -> char { let y = \"crate::nor::this\"; crate::g::h(x, '\"'); other::i() }\n";
    let (found, children) = paths(text);
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["std::fmt", "super::a::B", "super::a::c", "super::e", "child::Deep", "crate::g::h", "other::i"]);
    assert_eq!(children.into_iter().collect::<Vec<_>>(), ["child", "other"]);
}
