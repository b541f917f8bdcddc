//! A newcomer's way from a measured file to generated cells: four commands, as the head of the recipe has them.
//!
//! Does: writes a recipe for a file of the field, cuts its steps to a few, trains, exports and samples; says why it is
//! skipped where the file is not there.
//! Does not know: how good the cells are.
//! Flow: h5ad → recipe → run → bundle → **h5ad**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use cells::h5ad::{Matrix, read_h5ad};

#[test]
fn a_file_of_the_field_becomes_generated_cells_in_four_commands() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/gbm_panobinostat_300genes.h5ad");
    let Ok(data) = data.canonicalize() else {
        eprintln!("skipped: {} is not there", data.display());
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &str| {
        let words = words.replace("DATA", &data.display().to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_wellplate"));
        let done = command.args(words.split(' ')).current_dir(folder.path()).env_remove("WORLD_SIZE").output().unwrap();
        assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
    };
    run("recipe --data DATA --out mine.toml");
    let path = folder.path().join("mine.toml");
    let recipe = std::fs::read_to_string(&path).unwrap();
    assert!(recipe.contains("on the CPU of this machine: an estimate from one timed step"), "{recipe}");
    // A few steps of few cells; everything else as it was written.
    let short: String = recipe
        .lines()
        .map(|line| match line.split(" = ").next() {
            Some("steps") if !line.ends_with(" 4") && !line.ends_with(" 12") => "steps = 3\n".to_owned(),
            Some("batch") => "batch = 8\n".to_owned(),
            Some("warm_up") => "warm_up = 1\n".to_owned(),
            Some("validation") => "validation = 20\n".to_owned(),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(short.contains("steps = 3") && short != recipe);
    std::fs::write(&path, &short).unwrap();
    run("train --data DATA --config mine.toml --out run");
    run("export --run run --out bundle");
    run("sample --bundle bundle --cells 5 --out generated.h5ad");
    let made = read_h5ad(std::fs::read(folder.path().join("generated.h5ad")).unwrap(), &Matrix::Auto).unwrap();
    assert_eq!((made.len(), made.genes.len()), (5, 300));
    assert!(made.counts.library_sizes().iter().all(|size| *size > 0));
}
