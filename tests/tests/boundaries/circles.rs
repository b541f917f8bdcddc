//! No circle of files, and one way down through the page.
//!
//! Does: reads which file uses which from `use` lines and paths, finds circles, checks the order of the page's rooms.
//! Does not know: methods that a file adds to a type of another; a path must name the file.
//! Flow: sources → **files that a file uses** → circles, arrows that run back up.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Uses, uses};

/// The page's rooms from the top; a file may use its own room and those below.
const ROOMS: [&str; 4] = ["views", "widgets", "effects", "state"];

/// Groups of files that all reach one another: each file's way back to itself.
fn circles(uses: &Uses) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = uses.keys().map(|file| (file, reached(uses, file))).collect();
    let mut groups: Vec<BTreeSet<String>> = Vec::new();
    for (file, seen) in &reach {
        if !seen.contains(file) || groups.iter().any(|group| group.contains(*file)) {
            continue;
        }
        let same = seen.iter().filter(|other| reach.get(**other).is_some_and(|back| back.contains(file)));
        groups.push(same.map(|other| (*other).clone()).collect());
    }
    groups
}

/// Files that a file uses, at any distance; itself only where a way leads back to it.
fn reached<'a>(uses: &'a Uses, from: &String) -> BTreeSet<&'a String> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        for (used, _) in uses.get(file).into_iter().flatten() {
            if seen.insert(used) {
                next.push(used);
            }
        }
    }
    seen
}

/// A circle as sentences: which of its files uses which, and by what path.
fn told(uses: &Uses, circle: &BTreeSet<String>) -> String {
    let arrows = circle.iter().flat_map(|file| {
        let inside = uses[file].iter().filter(|(used, _)| circle.contains(*used));
        inside.map(move |(used, path)| format!("  {file} uses {used} ({path})"))
    });
    arrows.collect::<Vec<_>>().join("\n")
}

#[test]
fn no_files_go_in_a_circle() {
    for krate in ["cells", "plots", "model", "train-native", "xtask", "app"] {
        let uses = uses(&format!("{krate}/src"));
        assert!(uses.values().map(BTreeMap::len).sum::<usize>() > 10, "the files of {krate} were not understood");
        let circles = circles(&uses);
        let told: Vec<String> = circles.iter().map(|circle| told(&uses, circle)).collect();
        assert!(circles.is_empty(), "{krate} has a circle of files:\n{}", told.join("\n\n"));
    }
}

#[test]
fn the_page_has_one_way_down() {
    let uses = uses("app/src");
    let room = |file: &str| {
        let name = file.strip_prefix("ui/")?.split('/').next()?;
        ROOMS.iter().position(|room| *room == name)
    };
    let mut arrows = 0;
    for (file, used) in &uses {
        // The root puts the rooms together; everything else of the page stands in one.
        let Some(own) = room(file) else {
            assert!(!file.starts_with("ui/") || file == "ui/mod.rs", "{file} stands in no room of the page");
            let page = used.keys().find(|used| used.starts_with("ui/"));
            let may = ["lib.rs", "ui/mod.rs"].contains(&file.as_str());
            assert!(may || page.is_none(), "{file} uses {page:?}: what is not the page does not know it");
            continue;
        };
        for (other, path) in used {
            assert_ne!(other, "ui/mod.rs", "{file} uses the page's root ({path})");
            let Some(below) = room(other) else { continue };
            assert!(own <= below, "{file} uses {other} ({path}), from {} back up to {}", ROOMS[own], ROOMS[below]);
            arrows += usize::from(own != below);
        }
    }
    assert!(arrows > 100, "only {arrows} arrows between the rooms were understood");
}

/// Names of the methods that stand in a file.
fn methods(file: &str) -> Vec<String> {
    let text = super::without_tests(&format!("app/src/{file}"));
    let heads = text.lines().filter(|line| line.starts_with("    ") && line.contains("fn ") && line.contains("self"));
    let name = |line: &str| line.split_once("fn ")?.1.split(['(', '<']).next().map(str::to_owned);
    heads.filter_map(name).collect()
}

#[test]
fn state_calls_nothing_that_effects_add_to_it() {
    // A file may add methods to a type of another room; a call of one is an arrow that no path shows.
    let uses = uses("app/src");
    let of = |room: &str| uses.keys().filter(move |file| file.starts_with(room)).collect::<Vec<_>>();
    let own: BTreeSet<String> = of("ui/state/").into_iter().flat_map(|file| methods(file)).collect();
    let above = ["ui/effects/", "ui/widgets/", "ui/views/"].into_iter().flat_map(of);
    let added: BTreeSet<String> = above.flat_map(|file| methods(file)).filter(|name| !own.contains(name)).collect();
    assert!(own.contains("is_running") && added.contains("tell"), "methods were not understood: {added:?}");
    for file in of("ui/state/") {
        let text = super::without_tests(&format!("app/src/{file}"));
        // Of the page's own signals only: other values have methods of such names, too.
        for name in &added {
            for call in [format!("self.{name}("), format!("store.{name}("), format!("looks.{name}(")] {
                assert!(!text.contains(&call), "{file} calls {call}…), which stands above state");
            }
        }
    }
}

#[test]
fn state_sends_nothing() {
    // What reaches out of the page is for effects: the worker, the network, the browser's storage.
    let outside = ["ToWorker", "post_message", "gloo::net", "fetch_with", "local_storage", "codec::", "XmlHttp"];
    super::sources::none_of("app/src/ui/state", &outside, "state knows what is there; effects reach out");
}

#[test]
fn circles_are_seen() {
    let arrows = |list: &[(&str, &str)]| {
        let mut uses = Uses::new();
        for (from, to) in list {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned(), String::new());
            uses.entry((*to).to_owned()).or_default();
        }
        uses
    };
    assert!(circles(&arrows(&[("a", "b"), ("b", "c"), ("a", "c")])).is_empty());
    let found = circles(&arrows(&[("a", "b"), ("b", "c"), ("c", "b"), ("d", "e"), ("e", "d"), ("a", "d")]));
    let groups: Vec<Vec<&str>> = found.iter().map(|group| group.iter().map(String::as_str).collect()).collect();
    assert_eq!(groups, [vec!["b", "c"], vec!["d", "e"]]);
}
