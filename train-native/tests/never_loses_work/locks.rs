//! Two programs in one folder.

use std::time::SystemTime;

use train_native::lock;

use crate::bench::{Bench, refused, said, until};

#[test]
fn a_second_trainer_is_refused_by_name_and_a_killed_one_blocks_nobody() {
    let bench = Bench::new();
    let mut first = bench.command("long.toml", "run").spawn().unwrap();
    until(&mut first, || bench.path("run").join("checkpoint.safetensors").exists());
    let second = bench.train("long.toml", "run");
    refused(&second, &format!("`train`, process {} on ", first.id()));
    assert!(said(&second).contains("since 20") && said(&second).contains(" UTC"), "{}", said(&second));
    // Other folders and readers are free.
    assert!(bench.run(&["inspect", "--run", "run"]).status.success());
    bench.trained("other");
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(bench.path("run").join(lock::LOCK).exists(), "a kill leaves the file");
    let again = bench.command("long.toml", "run").args(["--stop-after", "1"]).output().unwrap();
    assert!(again.status.success() && said(&again).contains("resuming at step"), "{}", said(&again));
}

#[test]
fn stores_and_bundles_have_one_writer_too() {
    let bench = Bench::new();
    bench.trained("run");
    let prepare = ["prepare", "--config", "store.toml", "--out", "store"];
    let export = ["export", "--run", "run", "--out", "bundle"];
    for (folder, words) in [("store", prepare), ("bundle", export)] {
        let held = lock::take(&bench.path(folder), "somebody", SystemTime::now()).unwrap();
        refused(&bench.run(&words), "`somebody`, process ");
        drop(held);
        let ended = bench.run(&words);
        assert!(ended.status.success(), "{}", said(&ended));
        assert!(!bench.path(folder).join(lock::LOCK).exists());
    }
}
