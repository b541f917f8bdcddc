//! What the README promises exists.

use super::{files, root, text, toml};

/// Command lines of the README's code blocks, continued lines joined.
fn commands() -> Vec<String> {
    let readme = text("README.md");
    let mut commands = Vec::new();
    for block in readme.split("```").skip(1).step_by(2) {
        let body = block.split_once('\n').map_or("", |(_, body)| body).replace("\\\n", " ");
        let lines = body.lines().map(|line| line.split(" #").next().unwrap().trim().to_owned());
        commands.extend(lines.filter(|line| !line.is_empty()));
    }
    commands
}

/// `--flags` of a command line, without their values.
fn flags(command: &str) -> Vec<&str> {
    command.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2).collect()
}

#[test]
fn xtask_commands_exist() {
    let source = text("xtask/src/main.rs");
    let help = source.split("const HELP").nth(1).unwrap().split("\";").next().unwrap();
    let mut found = 0;
    for command in commands() {
        let Some(rest) = command.strip_prefix("cargo xtask ") else { continue };
        let name = rest.split_whitespace().next().unwrap();
        assert!(help.contains(&format!("cargo xtask {name}")), "README: `{command}`, but xtask has no {name}");
        if name != "bench" {
            for flag in flags(rest) {
                assert!(help.contains(flag), "README: `{command}`, but {name} has no {flag}");
            }
        }
        found += 1;
    }
    assert!(found >= 3, "the README shows only {found} xtask commands");
}

#[test]
fn trainer_commands_exist() {
    let source = ["cli.rs", "cli/inspect.rs", "cli/precompute.rs", "cli/recipe.rs", "cli/train.rs"];
    let source = source.map(|file| text(&format!("train-native/src/{file}"))).concat();
    let commands_of = source.split("enum Command {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let mut found = 0;
    for command in commands() {
        let Some(rest) = command.strip_prefix("wellplate ") else { continue };
        let name = rest.split_whitespace().next().unwrap();
        let variant = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        // Arguments stand in the command, or in a structure of its name: `Train`, `WriteRecipe`.
        let own = commands_of.split(&format!("\n    {variant} {{")).nth(1).map(|body| body.split("\n    }"));
        let apart = source.split(&format!("{variant} {{\n    /// ")).nth(1).map(|body| body.split("\n}"));
        let body = own.or(apart).and_then(|mut parts| parts.next());
        let body = body.unwrap_or_else(|| panic!("README: wellplate has no {name}"));
        for flag in flags(rest) {
            let field = format!(" {}: ", flag.trim_start_matches("--").replace('-', "_"));
            assert!(body.contains(&field), "README: `{command}`, but wellplate {name} has no {flag}");
        }
        found += 1;
    }
    assert!(found >= 4, "the README shows only {found} trainer commands");
}

#[test]
fn the_program_has_one_name() {
    // Folder and crate are `train-native`; who reads a command, in a document or a bundle's card, types `wellplate`.
    let endings = [".rs", ".md", ".toml", ".py", ".sh", ".json"];
    let old =
        ["train", "sample", "export", "evaluate", "judge", "predict", "inspect", "prepare", "precompute", "bench"]
            .map(|command| format!("train-native {command}"));
    let mut new = 0;
    for path in files("", &endings) {
        let text = text(&path);
        let found = old.iter().find(|command| text.contains(command.as_str()));
        assert!(found.is_none(), "{path} says `{}`; the program is called `wellplate`", found.unwrap());
        new += usize::from(text.contains("wellplate train --data"));
    }
    assert!(new > 10, "only {new} files show how a model is trained");
}

#[test]
fn named_files_exist() {
    // Links of the form [text](path), and paths of the project in commands.
    let readme = text("README.md");
    for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let local = !link.starts_with("http") && !link.starts_with('#');
        assert!(!local || root().join(link).exists(), "README links to {link}, which is not there");
    }
    for command in commands() {
        for word in command.split_whitespace().filter(|word| word.starts_with("train-native/recipes/")) {
            assert!(root().join(word).exists(), "README names {word}, which is not there");
        }
    }
}

#[test]
fn the_check_command_is_one_line_of_xtask() {
    let run = text(".ci/run");
    assert!(run.trim_end().ends_with("exec cargo xtask test"), ".ci/run is `cargo xtask test`");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(root().join(".ci/run")).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, ".ci/run cannot be executed");
    }
}

#[test]
fn workflows_call_what_exists() {
    let (checks, pages) = (text(".github/workflows/checks.yml"), text(".github/workflows/pages.yml"));
    assert!(checks.contains("run: .ci/run\n"), "the forge runs the checks that everyone runs");
    let source = text("xtask/src/main.rs");
    for line in checks.lines().chain(pages.lines()).map(|line| line.trim().trim_start_matches("- ")) {
        if let Some(action) = line.strip_prefix("uses: ") {
            let major = action.split_once("@v").map(|(_, version)| version);
            assert!(major.is_some_and(|own| own.parse::<u32>().is_ok()), "{action} is not pinned by its major version");
        }
        if let Some(name) = line.strip_prefix("run: cargo xtask ").and_then(|rest| rest.split(' ').next()) {
            assert!(
                source.contains(&format!("Some(\"{name}\")")),
                "a workflow calls `{line}`, but xtask has no {name}"
            );
        }
    }
}

#[test]
fn the_change_log_knows_this_version() {
    let version = toml("Cargo.toml")["workspace"]["package"]["version"].as_str().unwrap().to_owned();
    let log = text("CHANGELOG.md");
    assert!(log.contains(&format!("## {version}")), "CHANGELOG.md has no section for {version}");
}

#[test]
fn rooms_are_those_of_the_design() {
    for room in ["app", "cells", "model", "plots", "tests", "train-native", "xtask"] {
        assert!(root().join(room).join("Cargo.toml").exists(), "{room} is missing");
        assert!(!files(room, &[".rs"]).is_empty(), "{room} holds no source");
    }
    for file in ["index.html", "Trunk.toml", "README.md", "LICENSE-MIT", "LICENSE-APACHE", ".ci/run"] {
        assert!(root().join(file).exists(), "{file} is missing");
    }
}
