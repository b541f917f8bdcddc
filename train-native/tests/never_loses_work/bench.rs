//! A folder with cells, recipes and settings, and the commands of the program on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use cells::h5ad::write_h5ad;
use cells::synthetic::{SyntheticSpec, synthetic};

const SPEC: SyntheticSpec = SyntheticSpec {
    cells_per_group: 20,
    genes: 48,
    types: 2,
    donors: 2,
    markers: 6,
    programme: 6,
    shifted: 6,
    fold_change: 4.0,
    depth: 400.0,
};

/// Steps of every run here.
pub(crate) const STEPS: usize = 24;

/// A folder with cells and a recipe of few steps.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cells = synthetic(&SPEC, 5).unwrap().0;
        std::fs::write(folder.path().join("cells.h5ad"), write_h5ad(&cells, &BTreeMap::new()).unwrap()).unwrap();
        let bench = Self { folder };
        bench.recipe("recipe.toml", &[("steps = 400", &format!("steps = {STEPS}"))]);
        bench.recipe("long.toml", &[("steps = 400", "steps = 100000")]);
        // Labels and few cells a shard, so that there are several.
        let settings = "pert_col = \"condition\"\ncontrol_pert = \"control\"\ncell_type_key = \"cell_type\"\n\
                        shard_cells = 16\n[labels]\ndonor = \"donor\"\n[datasets]\none = \"cells.h5ad\"\n";
        std::fs::write(bench.path("store.toml"), settings).unwrap();
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The shipped recipe of synthetic cells with some lines changed.
    pub(crate) fn recipe(&self, name: &str, changes: &[(&str, &str)]) {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/synthetic.toml");
        let mut text = std::fs::read_to_string(shipped).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "the recipe has no line {from}");
            text = text.replace(from, to);
        }
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The program with some words; paths among them start in the folder.
    pub(crate) fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wellplate"));
        command.args(words).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.program(words).output().unwrap()
    }

    /// Training with a checkpoint at every step.
    pub(crate) fn command(&self, recipe: &str, run: &str) -> Command {
        self.program(&["train", "--save-every", "1", "--data", "cells.h5ad", "--config", recipe, "--out", run])
    }

    pub(crate) fn train(&self, recipe: &str, run: &str) -> Output {
        self.command(recipe, run).output().unwrap()
    }

    /// A finished run.
    pub(crate) fn trained(&self, run: &str) {
        let ended = self.train("recipe.toml", run);
        assert!(ended.status.success(), "{}", said(&ended));
    }

    /// A bundle of a run.
    pub(crate) fn exported(&self, run: &str, bundle: &str) {
        let ended = self.run(&["export", "--run", run, "--out", bundle]);
        assert!(ended.status.success(), "{}", said(&ended));
    }

    /// A finished store.
    pub(crate) fn prepared(&self, store: &str) {
        let ended = self.run(&["prepare", "--config", "store.toml", "--out", store]);
        assert!(ended.status.success(), "{}", said(&ended));
    }

    pub(crate) fn checkpoint(&self, run: &str) -> Vec<u8> {
        std::fs::read(self.path(run).join("checkpoint.safetensors")).unwrap()
    }

    /// Bytes of every file of a folder; folders in it have none.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap().flatten();
        entries
            .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap_or_default()))
            .collect()
    }

    /// Flips a bit of a file of a folder; returns what the file was.
    pub(crate) fn flip(&self, file: &str, place: usize) -> Vec<u8> {
        let whole = std::fs::read(self.path(file)).unwrap();
        let mut hit = whole.clone();
        let place = place % whole.len();
        hit[place] ^= 1 << (place % 8);
        // Another file, and not the same one changed: older checkpoints may be links to it.
        std::fs::remove_file(self.path(file)).unwrap();
        std::fs::write(self.path(file), hit).unwrap();
        whole
    }
}

/// What was said on standard error.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Asserts that a command ended in a sentence: code 1, one line of error, no panic.
pub(crate) fn refused(output: &Output, words: &str) {
    let text = said(output);
    assert_eq!(output.status.code(), Some(1), "{words}: {text}");
    let errors = text.lines().filter(|line| line.starts_with("error: ")).count();
    assert!(errors == 1 && text.contains(words) && !text.contains("panicked"), "{words}: {text}");
}

/// Waits until something holds, while a process goes on.
pub(crate) fn until(child: &mut Child, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        if let Some(status) = child.try_wait().unwrap() {
            panic!("it ended early: {status}");
        }
        assert!(started.elapsed() < Duration::from_secs(120), "it never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}
