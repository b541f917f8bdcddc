//! What is seen at work where there is no terminal.

use crate::bench::{Bench, said};

/// What a command says, a line of progress every second.
fn shown(bench: &Bench, words: &[&str]) -> String {
    let ended = bench.program(words).env("WELLPLATE_PROGRESS_SECONDS", "1").output().unwrap();
    assert!(ended.status.success(), "{words:?}: {}", said(&ended));
    said(&ended)
}

/// Asserts that lines begin so, in this order.
fn in_order(text: &str, beginnings: &[&str]) {
    let mut lines = text.lines();
    for beginning in beginnings {
        assert!(lines.any(|line| line.starts_with(beginning)), "no line {beginning:?} where it should be in\n{text}");
    }
}

#[test]
fn every_phase_is_named_when_it_begins() {
    let bench = Bench::new();
    let train = ["train", "--data", "cells.h5ad", "--config", "recipe.toml", "--out", "run"];
    in_order(&shown(&bench, &train), &["reading cells.h5ad", "choosing", "setting the starting weights", "training"]);
    in_order(&shown(&bench, &["export", "--run", "run", "--out", "bundle"]), &["reading cells.h5ad", "making"]);
    let prepare = ["prepare", "--config", "store.toml", "--out", "store"];
    in_order(&shown(&bench, &prepare), &["opening", "reading the files once", "preparing"]);
    let sample = ["sample", "--bundle", "bundle", "--cells", "4", "--out", "made.h5ad"];
    in_order(&shown(&bench, &sample), &["reading the bundle", "generating cells"]);
    let evaluate = ["evaluate", "--bundle", "bundle", "--run", "run", "--data", "cells.h5ad", "--most", "20"];
    let phases = ["reading the bundle", "reading cells.h5ad", "checking", "generating cells", "scoring"];
    in_order(&shown(&bench, &evaluate), &phases);
    let judge = ["judge", "--real", "cells.h5ad", "--predicted", "cells.h5ad", "--pert-col", "condition"];
    let judge = [&judge[..], &["--control", "control"]].concat();
    in_order(&shown(&bench, &judge), &["reading cells.h5ad", "testing", "scoring cells", "scoring baselines"]);
}

#[test]
fn a_long_phase_says_how_far_it_is() {
    let bench = Bench::new();
    bench.trained("run");
    bench.exported("run", "bundle");
    bench.recipe("long.toml", &[("steps = 400", "steps = 300")]);
    let train = ["train", "--data", "cells.h5ad", "--config", "long.toml", "--out", "long"];
    let text = shown(&bench, &train);
    let line = text.lines().find(|line| line.starts_with("training: ")).expect("a line of progress");
    assert!(line.contains(" of 300 steps, ") && line.contains(" bits/gene, ") && line.ends_with(" left"), "{line}");
    let sample = ["sample", "--bundle", "bundle", "--cells", "20000", "--steps", "16", "--out", "made.h5ad"];
    let text = shown(&bench, &sample);
    assert!(
        text.lines().any(|line| line.starts_with("generating cells: ") && line.contains(" of 20000 cells")),
        "{text}"
    );
}
