//! A run that is killed, starved of disk or led astray still has its last checkpoint.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::bench::{Bench, STEPS, said};

#[test]
fn killed_at_any_moment_it_ends_in_the_same_bits() {
    let bench = Bench::new();
    assert!(bench.train("recipe.toml", "whole").status.success());
    let mut killed = 0;
    // Waits of all lengths: before the first checkpoint, between two, and while one is written.
    for wait in (0..).map(|turn| Duration::from_millis(40 + 37 * turn % 400)) {
        let mut child = bench.command("recipe.toml", "killed").spawn().unwrap();
        std::thread::sleep(wait);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        assert!(killed < 500, "the run never ends");
    }
    assert!(killed >= 1, "the run ended before it could be killed");
    assert!(bench.checkpoint("whole") == bench.checkpoint("killed"), "the checkpoints differ after {killed} kills");
}

#[test]
fn a_damaged_checkpoint_gives_way_to_an_older_one() {
    let bench = Bench::new();
    assert!(bench.train("recipe.toml", "whole").status.success());
    let stopped = bench.command("recipe.toml", "run").args(["--stop-after", "9"]).output().unwrap();
    assert!(stopped.status.success());
    let newest = bench.path("run").join("checkpoint.safetensors");
    let mut bytes = std::fs::read(&newest).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(&newest, bytes).unwrap();
    let resumed = bench.train("recipe.toml", "run");
    assert!(resumed.status.success() && said(&resumed).contains("step 8"), "{}", said(&resumed));
    assert!(bench.checkpoint("whole") == bench.checkpoint("run"));
    let kept = std::fs::read_dir(bench.path("run")).unwrap().flatten().map(|entry| entry.file_name());
    let mut kept: Vec<String> =
        kept.map(|name| name.into_string().unwrap()).filter(|name| name.ends_with(".safetensors")).collect();
    kept.sort();
    let older = format!("checkpoint-{:08}.safetensors", STEPS - 1);
    assert_eq!(kept, ["best.safetensors", &older, "checkpoint.safetensors"]);
}

#[test]
fn a_session_that_ended_between_link_and_write_harms_nothing() {
    let bench = Bench::new();
    assert!(bench.train("recipe.toml", "whole").status.success());
    let stop = |step: &str| bench.command("recipe.toml", "run").args(["--stop-after", step]).output().unwrap();
    assert!(stop("9").status.success());
    // What a kill at the worst moment leaves: the newest checkpoint under two names, one file.
    let folder = bench.path("run");
    std::fs::hard_link(folder.join("checkpoint.safetensors"), folder.join("checkpoint-00000009.safetensors")).unwrap();
    assert!(stop("10").status.success());
    let older = std::fs::read(folder.join("checkpoint-00000009.safetensors")).unwrap();
    assert!(older.len() > 1000, "the older checkpoint has {} bytes", older.len());
    assert!(bench.train("recipe.toml", "run").status.success());
    assert!(bench.checkpoint("whole") == bench.checkpoint("run"));
}

#[test]
fn a_loss_that_is_no_number_ends_in_a_sentence() {
    let bench = Bench::new();
    bench.recipe("wild.toml", &[("peak_rate = 3e-3", "peak_rate = 1e30"), ("warm_up = 20", "warm_up = 2")]);
    let ended = bench.train("wild.toml", "run");
    assert_eq!(ended.status.code(), Some(1));
    assert!(said(&ended).contains("not finite"), "{}", said(&ended));
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_in_a_sentence() {
    let bench = Bench::new();
    // Files may not grow past 64 blocks of 512 bytes, as on a disk that is full: checkpoints are larger.
    let inner = bench.command("recipe.toml", "run");
    let words: Vec<String> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let ended = Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; ulimit -f 64; {}", words.join(" "))])
        .current_dir(bench.path(""))
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", said(&ended));
    assert!(said(&ended).contains("is the disk full?"), "{}", said(&ended));
    // With room again the same command goes on.
    assert!(bench.train("recipe.toml", "run").status.success());
}

#[test]
fn checkpoints_written_by_the_clock_change_no_bit() {
    let bench = Bench::new();
    let steps = format!("steps = {STEPS}");
    bench.recipe("watched.toml", &[("steps = 400", &steps), ("seed = 11", "seed = 11\nvalidation = 12")]);
    let words = ["train", "--save-every", "7", "--data", "cells.h5ad", "--config", "watched.toml", "--out"];
    let train = |out: &str, minutes: &str| {
        let ended = bench.program(&words).args([out, "--save-minutes", minutes]).output().unwrap();
        assert!(ended.status.success(), "{}", said(&ended));
        let events = std::fs::read_to_string(bench.path(out).join("events.jsonl")).unwrap();
        events.matches("\"event\":\"checkpoint\"").count()
    };
    // The start, every seventh step and the last; the start and every step.
    assert_eq!((train("whole", "0"), train("often", "0.0000001")), (5, STEPS + 1));
    assert!(bench.checkpoint("whole") == bench.checkpoint("often"));
    let best = |run: &str| std::fs::read(bench.path(run).join("best.safetensors")).unwrap();
    assert!(best("whole") == best("often"));
    let wrong = bench.program(&words).args(["run", "--save-minutes", "-1"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}
