//! Paths that documents name.
//!
//! Does: finds links and words in code marks that name a file or folder of the project, and looks for each.
//! Does not know: what stands there.
//! Flow: documents → paths → **a sentence for each that is not there**.

use super::{files, root, text};

/// Paths of the project in a document: targets of links, and code words that begin with a room or end like a file.
fn paths(document: &str) -> Vec<String> {
    let links = document.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let links = links.filter(|link| !link.starts_with("http") && !link.starts_with('#'));
    // Blocks of commands name files of the reader's own.
    let prose: String = document.split("```").step_by(2).collect();
    let rooms: Vec<String> = top();
    let words = prose.split('`').skip(1).step_by(2).map(str::to_owned).filter(|word| {
        let first = word.split('/').next().unwrap_or_default();
        word.contains('/') && rooms.iter().any(|room| room == first) && !word.contains([' ', '*', '<', '{'])
    });
    let paths = links.map(|link| link.split('#').next().unwrap().to_owned()).chain(words);
    paths.filter(|path| !path.is_empty()).collect()
}

/// Names at the project's root that are part of it; `dist` and `target` are made.
fn top() -> Vec<String> {
    let entries = std::fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    entries.filter(|name| !["dist", "target", "runs", ".git"].contains(&name.as_str())).collect()
}

#[test]
fn paths_of_documents_exist() {
    let documents = files("docs", &[".md"]).into_iter().chain(["ARCHITECTURE.md".into(), "CONTRIBUTING.md".into()]);
    let mut found = 0;
    for document in documents {
        for path in paths(&text(&document)) {
            // A link is read from the folder that its document stands in.
            let folder = root().join(&document).parent().unwrap().to_path_buf();
            let exists = root().join(&path).exists() || folder.join(&path).exists();
            assert!(exists, "{document} names {path}, which is not there");
            found += 1;
        }
    }
    assert!(found > 60, "the documents name only {found} paths");
}

#[test]
fn paths_in_documents_are_seen() {
    let document =
        "See [x](docs/a.md#part) and `app/src/b.rs`, `a/b`, `cells/src/*`.\n```sh\n`app/no`\n```\n[y](https://z)";
    assert_eq!(paths(document), ["docs/a.md", "app/src/b.rs"]);
}
