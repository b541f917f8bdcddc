//! What the command line says and how it ends: exit codes, help with examples, sentences.
//!
//! Does: starts the program as a person does. Does not know: training.
//! Flow: words → **exit code and text**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::process::{Command, Output};

fn run(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wellplate")).args(words).env_remove("WORLD_SIZE").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        "prepare",
        "train",
        "evaluate",
        "sample",
        "precompute",
        "export",
        "report",
        "bench",
        "inspect",
        "judge",
        "predict",
        "recipe",
        "rewriting",
    ] {
        let output = run(&[command, "--help"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(text.contains(&format!("Example: wellplate {command}")), "{command}: {text}");
    }
}

#[test]
fn wrong_usage_ends_in_2_and_what_cannot_be_done_in_1() {
    assert_eq!(run(&["train", "--dat", "x"]).status.code(), Some(2));
    let missing = run(&["train", "--data", "gone.h5ad", "--config", "gone.toml", "--out", "run"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("gone.toml") && missing.stdout.is_empty(), "{}", said(&missing));
}

#[test]
fn a_device_that_is_not_there_is_a_sentence() {
    let output = run(&["bench", "--preset", "page", "--device", "cuda"]);
    assert_eq!(output.status.code(), Some(1));
    let text = said(&output);
    // Built without CUDA it says how to build with it, built with it and without a GPU it says that none answers.
    assert!(text.contains("CUDA") && text.lines().count() == 1 && !text.contains("panicked"), "{text}");
}

#[test]
fn one_of_several_processes_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wellplate"));
    let output = command.args(["bench", "--preset", "page"]).env("WORLD_SIZE", "4").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("--replicas"), "{}", said(&output));
}
