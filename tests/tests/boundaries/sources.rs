//! What the sources themselves must hold to.

use super::{files, members, text, without_tests};

/// Lines that a file may have.
const LINES: usize = 450;

/// Asserts that none of these words stands in the code (not the tests) below a folder.
pub(super) fn none_of(folder: &str, words: &[&str], why: &str) {
    let sources = files(folder, &[".rs"]);
    assert!(!sources.is_empty(), "{folder} holds no source");
    for path in sources.iter().filter(|path| !path.ends_with("/tests.rs")) {
        for (number, line) in without_tests(path).lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in words {
                assert!(!code.contains(word), "{path}:{}: `{word}`: {why}", number + 1);
            }
        }
    }
}

#[test]
fn every_source_says_what_it_is_and_stays_short() {
    for member in members() {
        for path in files(&member, &[".rs"]) {
            let text = text(&path);
            assert!(text.starts_with("//! "), "{path} does not open with `//!`: say what it does and where it stands");
            let lines = text.lines().count();
            assert!(lines <= LINES, "{path} has {lines} lines; split it by what its parts do");
        }
    }
}

#[test]
fn the_model_is_the_same_everywhere() {
    none_of("model/src", &["cfg(target_", "cfg!(target_"], "the model does not know where it runs");
    let devices =
        ["Device::flex", "Device::wgpu", "Device::cuda", "burn::backend", "burn_flex", "burn_wgpu", "burn_cuda"];
    none_of("model/src", &devices, "no backend is named in the model");
    let outside = ["std::fs", "std::net", "std::thread", "std::env", "std::time", "web_sys", "js_sys"];
    none_of("model/src", &outside, "the model knows no files, network, threads, clock or web");
}

#[test]
fn cells_and_plots_are_pure() {
    let outside = ["std::fs", "std::net", "std::thread", "std::env", "std::time", "std::process", "web_sys", "js_sys"];
    none_of("cells/src", &outside, "cells come and go as bytes and slices");
    none_of("plots/src", &outside, "a figure is a function of slices");
}

#[test]
fn page_and_worker_meet_only_in_messages() {
    none_of("app/src/ui", &["burn::", "model::", "crate::worker"], "the page knows the worker by its messages");
    let document = ["leptos", "crate::ui", ".document(", "HtmlElement", "web_sys::window"];
    none_of("app/src/worker", &document, "the worker has no document");
}

#[test]
fn no_style_stands_in_markup() {
    // The page's policy has no 'unsafe-inline': such an attribute is silently ignored by the browser.
    // A tuple, style=("--name", value), goes through the style object as style:name=… does.
    for path in files("app/src/ui", &[".rs"]) {
        for (number, line) in text(&path).lines().enumerate() {
            let rest = line.replace(" style=(", "");
            let breach = rest.contains(" style=") || rest.contains("\"style\"");
            assert!(!breach, "{path}:{}: set styles through the style object: style:width=…", number + 1);
        }
    }
}

#[test]
fn no_source_uses_unsafe_or_leaves_work_undone() {
    for member in members() {
        for path in files(&member, &[".rs"]).iter().filter(|path| !path.starts_with("tests/tests/boundaries")) {
            for (number, line) in text(path).lines().enumerate() {
                let code = line.split("//").next().unwrap();
                for word in ["todo!(", "unimplemented!(", "unsafe {", "#[ignore"] {
                    assert!(!code.contains(word), "{path}:{}: `{word}`", number + 1);
                }
            }
        }
    }
}

#[test]
fn no_text_knows_the_machine_it_was_written_on() {
    let endings = [".rs", ".toml", ".md", ".html", ".css", ".js", ".json", ".py", ".sh", "run"];
    // Put together here, so that this file does not hold what it looks for.
    let machine =
        [["/wo", "rk/"].concat(), ["/var", "/tmp/"].concat(), ["/ro", "ot/"].concat(), ["/ho", "me/"].concat()];
    for path in files("", &endings) {
        let text = text(&path);
        for word in &machine {
            // A path is foreign when it starts there, not when the same letters stand inside a longer one.
            let at = text.match_indices(word.as_str()).find(|(at, _)| {
                let before = text[..*at].chars().next_back();
                before.is_none_or(|before| !before.is_ascii_alphanumeric() && !"_-./".contains(before))
            });
            assert!(at.is_none(), "{path} holds the path {word}");
        }
    }
}
