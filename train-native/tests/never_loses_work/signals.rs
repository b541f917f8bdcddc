//! Signals: what a person or a cluster sends, at random moments.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use model::random::Draws;

use crate::bench::{Bench, said, until};

/// Signals that ask, and the exit codes that say "unfinished".
const ASKING: [(&str, i32); 4] = [("INT", 130), ("TERM", 143), ("HUP", 129), ("USR1", 138)];

/// How often each command is interrupted with each signal.
fn rounds() -> usize {
    std::env::var("WELLPLATE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

fn send(child: &Child, signal: &str) {
    // The child may have ended by itself.
    let _ = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).stderr(Stdio::null()).status();
}

/// Whether the tests themselves were started by `nohup`, which their children inherit.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:").map(|mask| mask.trim().to_owned()));
    mask.and_then(|mask| u64::from_str_radix(&mask, 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// Step of a run's newest checkpoint.
fn step_of(bench: &Bench, run: &str) -> usize {
    let text = bench.run(&["inspect", "--run", run]);
    let text = String::from_utf8(text.stdout).unwrap();
    let after = text.split("done\tstep ").nth(1).unwrap();
    after.split(' ').next().unwrap().parse().unwrap()
}

/// Steps that a run's events tell of.
fn steps_noted(bench: &Bench, run: &str) -> usize {
    let text = std::fs::read_to_string(bench.path(run).join("events.jsonl")).unwrap_or_default();
    text.matches("\"event\":\"step\"").count()
}

#[test]
fn each_signal_saves_the_step_in_work_and_says_unfinished() {
    let bench = Bench::new();
    for (signal, code) in ASKING {
        if signal == "HUP" && hang_up_is_ignored() {
            eprintln!("skipped: SIGHUP is ignored in this session, and so in what it starts");
            continue;
        }
        let run = format!("run-{signal}");
        // No checkpoint would be due for a long time.
        let words = ["train", "--save-every", "1000000", "--save-minutes", "0", "--data", "cells.h5ad"];
        let mut child = bench.program(&words).args(["--config", "long.toml", "--out", &run]).spawn().unwrap();
        until(&mut child, || steps_noted(&bench, &run) > 20);
        let asked = Instant::now();
        send(&child, signal);
        let ended = child.wait_with_output().unwrap();
        assert!(asked.elapsed() < Duration::from_secs(30), "{signal}: {:?}", asked.elapsed());
        assert_eq!(ended.status.code(), Some(code), "{signal}: {}", said(&ended));
        assert!(said(&ended).contains("run the same command to go on"), "{}", said(&ended));
        assert_eq!(step_of(&bench, &run), steps_noted(&bench, &run), "{signal}: the last step that was done is saved");
        // An export names the step it takes.
        let exported = bench.run(&["export", "--run", &run, "--out", &format!("bundle-{signal}")]);
        let step = format!("step {} of 100000", step_of(&bench, &run));
        assert!(said(&exported).contains(&step) && said(&exported).contains("not finished"), "{}", said(&exported));
    }
}

#[test]
fn a_script_does_not_go_on_after_an_unfinished_run() {
    let bench = Bench::new();
    let program = env!("CARGO_BIN_EXE_wellplate");
    let script = format!(
        "{program} train --data cells.h5ad --config long.toml --out run & trainer=$!; wait $trainer && touch shipped; \
         wait $trainer; echo code $? > code"
    );
    // In a script of its own the trainer's SIGINT would be ignored; SIGTERM is what a cluster sends.
    let mut child = Command::new("sh")
        .args(["-c", &script])
        .current_dir(bench.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until(&mut child, || steps_noted(&bench, "run") > 5);
    let lock = std::fs::read_to_string(bench.path("run").join(".wellplate-lock")).unwrap();
    let pid = lock.split("\"pid\":").nth(1).unwrap().split([',', '}']).next().unwrap().to_owned();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    child.wait().unwrap();
    assert!(!bench.path("shipped").exists(), "the next command ran");
}

/// Interrupts a command at random moments, a few times with each signal, until it has ended by itself.
fn interrupted(bench: &Bench, words: &[&str], longest: Duration, seed: u64, mut after: impl FnMut(&str)) -> usize {
    let mut draws = Draws::new(seed, 1);
    let mut interrupted = 0;
    for round in 0..rounds() {
        for (signal, code) in ASKING.into_iter().chain([("KILL", 137)]) {
            if signal == "HUP" && hang_up_is_ignored() {
                continue;
            }
            let mut child = bench.program(words).spawn().unwrap();
            std::thread::sleep(longest.mul_f64(f64::from(draws.uniform())));
            send(&child, signal);
            let asked = Instant::now();
            while child.try_wait().unwrap().is_none() {
                assert!(asked.elapsed() < Duration::from_secs(60), "{signal}, round {round}: it does not end");
                std::thread::sleep(Duration::from_millis(5));
            }
            let ended = child.wait_with_output().unwrap();
            // Ended by itself, in order by the signal, or by the signal before it was heard or where it ends at once.
            let found = ended.status.code().or_else(|| {
                use std::os::unix::process::ExitStatusExt;
                ended.status.signal().map(|own| 128 + own)
            });
            assert!(found == Some(0) || found == Some(code), "{signal}, round {round}: {found:?} {}", said(&ended));
            assert!(!said(&ended).contains("panicked"), "{}", said(&ended));
            // Where the signal was heard, and that is from the first moments on, it says so.
            let heard = ended.status.code() == Some(code);
            assert!(!heard || said(&ended).contains(": stop"), "{signal}, round {round}: {}", said(&ended));
            interrupted += usize::from(found == Some(code));
            after(signal);
        }
    }
    interrupted
}

#[test]
fn a_run_that_is_interrupted_at_random_moments_ends_in_the_same_bits() {
    let bench = Bench::new();
    // Cells set aside, and a best checkpoint that is looked for at some steps only: what is saved in between must not
    // count. As many steps as last through all rounds.
    let steps = format!("steps = {}", 60 + 90 * rounds());
    let changes = [("steps = 400", steps.as_str()), ("seed = 11", "seed = 11\nvalidation = 12")];
    bench.recipe("watched.toml", &changes);
    let words = ["train", "--save-every", "7", "--data", "cells.h5ad", "--config", "watched.toml", "--out"];
    let whole: Vec<&str> = words.iter().copied().chain(["whole"]).collect();
    let parts: Vec<&str> = words.iter().copied().chain(["parts"]).collect();
    assert!(bench.run(&whole).status.success());
    let count = interrupted(&bench, &parts, Duration::from_millis(400), 3, |signal| {
        let inspected = bench.run(&["inspect", "--run", "parts"]);
        let started = bench.path("parts").join("checkpoint.safetensors").exists();
        assert!(!started || inspected.status.success(), "after {signal}: {}", said(&inspected));
    });
    assert!(count >= rounds(), "only {count} interruptions came before the end");
    let ended = bench.run(&parts);
    assert!(ended.status.success(), "{}", said(&ended));
    eprintln!("training: {count} interruptions");
    assert!(bench.checkpoint("whole") == bench.checkpoint("parts"), "the bits differ after {count} interruptions");
    let best = |run: &str| std::fs::read(bench.path(run).join("best.safetensors")).unwrap();
    assert!(best("whole") == best("parts"), "another checkpoint is the best after {count} interruptions");
    let left = bench.files("parts").into_keys().filter(|name| name.starts_with('.')).collect::<Vec<_>>();
    assert_eq!(left, Vec::<String>::new(), "temporary files and locks are gone");
}

/// How long a command takes when nobody interrupts it, and a little more.
fn time_of(bench: &Bench, words: &[&str]) -> Duration {
    let started = Instant::now();
    let ended = bench.run(words);
    assert!(ended.status.success(), "{}", said(&ended));
    started.elapsed().mul_f64(1.1)
}

#[test]
fn a_store_that_is_interrupted_at_random_moments_ends_in_the_same_bytes() {
    let bench = Bench::new();
    // Several files, so that there is something to interrupt.
    let names: Vec<String> = (0..20).map(|number| format!("cells{number}.h5ad")).collect();
    for name in &names {
        std::fs::copy(bench.path("cells.h5ad"), bench.path(name)).unwrap();
    }
    let settings = std::fs::read_to_string(bench.path("store.toml")).unwrap();
    std::fs::write(bench.path("store.toml"), settings.replace("one = \"cells.h5ad\"", &format!("one = {names:?}")))
        .unwrap();
    let words = |out| ["prepare", "--config", "store.toml", "--out", out];
    let longest = time_of(&bench, &words("whole"));
    let whole = bench.files("whole");
    let mut finished = 0;
    let count = interrupted(&bench, &words("parts"), longest, 5, |_| {
        if bench.path("parts/store.json").exists() {
            // Its list of shards and its lock may still be there.
            let mut found = bench.files("parts");
            found.retain(|name, _| whole.contains_key(name));
            assert!(found == whole, "a store that is finished is whole");
            std::fs::remove_dir_all(bench.path("parts")).unwrap();
            finished += 1;
        }
    });
    bench.prepared("parts");
    eprintln!("preparing: {count} interruptions, {finished} stores finished meanwhile");
    assert!(count >= rounds(), "only {count} interruptions came before the end");
    assert!(bench.files("parts") == whole, "the bytes differ after {count} interruptions");
}

#[test]
fn a_bundle_that_is_interrupted_at_random_moments_is_whole_after_the_next_export() {
    let bench = Bench::new();
    bench.trained("run");
    bench.exported("run", "whole");
    // An older bundle in the same folder, of other weights.
    let stopped = bench.command("recipe.toml", "earlier").args(["--stop-after", "5"]).output().unwrap();
    assert!(stopped.status.success(), "{}", said(&stopped));
    let words = |run| ["export", "--run", run, "--out", "parts"];
    let longest = time_of(&bench, &words("earlier"));
    let (whole, earlier) = (bench.files("whole"), bench.files("parts"));
    assert!(whole["weights.safetensors"] != earlier["weights.safetensors"]);
    let mut new = 0;
    let count = interrupted(&bench, &words("run"), longest, 7, |signal| {
        let opened = bench.run(&["sample", "--bundle", "parts", "--dry-run", "--cells", "1", "--out", "x.h5ad"]);
        // It is the old one or the new one, whole.
        assert!(opened.status.success(), "{signal}: {}", said(&opened));
        new += usize::from(bench.files("parts")["bundle.json"] == whole["bundle.json"]);
        for (name, bytes) in &earlier {
            std::fs::write(bench.path("parts").join(name), bytes).unwrap();
        }
    });
    bench.exported("run", "parts");
    eprintln!("exporting: {count} interruptions, {new} times the new bundle was there");
    assert!(count >= rounds(), "only {count} interruptions came before the end");
    assert!(bench.files("parts") == whole, "the bytes differ after {count} interruptions");
    let left = bench.files("").into_keys().filter(|name| name.starts_with('.')).collect::<Vec<_>>();
    assert_eq!(left, Vec::<String>::new(), "temporary folders are gone");
}

/// Names in a folder that no command may leave.
fn left_over(bench: &Bench, folder: &str) -> Vec<String> {
    bench.files(folder).into_keys().filter(|name| name.starts_with(".wellplate")).collect()
}

#[test]
fn cells_scores_and_reports_that_are_interrupted_are_whole_or_not_there() {
    let bench = Bench::new();
    bench.trained("run");
    bench.exported("run", "bundle");
    let judge = "judge --real cells.h5ad --predicted cells.h5ad --pert-col condition --control control --report out";
    for words in [
        "sample --bundle bundle --cells 2100 --out out/made.h5ad",
        "predict --bundle bundle --cells cells.h5ad --with condition=IFN-beta --out out/made.h5ad",
        "evaluate --bundle bundle --run run --data cells.h5ad --most 20 --write --report out",
        judge,
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let longest = time_of(&bench, &words);
        // `evaluate` has written its scores into the bundle, whose hash stands in the files of the next time; from then on
        // both are the same each time.
        assert!(bench.run(&words).status.success());
        let (out, bundle) = (bench.files("out"), bench.files("bundle"));
        std::fs::remove_dir_all(bench.path("out")).unwrap();
        std::fs::create_dir(bench.path("out")).unwrap();
        let count = interrupted(&bench, &words, longest, 9, |signal| {
            assert!(bench.files("bundle").iter().all(|(name, bytes)| bundle.get(name).is_none_or(|own| own == bytes)));
            let mut found = bench.files("out");
            found.retain(|name, _| !name.starts_with(".wellplate") && name != "made.h5ad.parts");
            assert!(found.iter().all(|(name, bytes)| out[name] == *bytes), "{words:?}, {signal}");
            if signal != "KILL" {
                for folder in ["", "out", "bundle"] {
                    assert_eq!(left_over(&bench, folder), Vec::<String>::new(), "{words:?}, {signal}, {folder}");
                }
                // `sample` goes on from the parts that are there.
                let _ = std::fs::remove_file(bench.path("out/made.h5ad"));
                return;
            }
            std::fs::remove_dir_all(bench.path("out")).unwrap();
            std::fs::create_dir(bench.path("out")).unwrap();
            left_over(&bench, "").iter().for_each(|name| std::fs::remove_dir_all(bench.path(name)).unwrap());
            for name in left_over(&bench, "bundle") {
                std::fs::remove_file(bench.path("bundle").join(name)).unwrap();
            }
        });
        assert!(bench.run(&words).status.success());
        eprintln!("{}: {count} interruptions", words[0]);
        assert!(count >= 1, "no interruption of {words:?} came before the end");
        assert!(bench.files("out") == out, "{words:?}: other files after {count} interruptions");
        std::fs::remove_dir_all(bench.path("out")).unwrap();
    }
}

#[test]
fn a_step_that_takes_too_long_gives_way_to_the_one_before_it() {
    let bench = Bench::new();
    // Steps of half a second or more, and no time to spare.
    let changes = [("steps = 400", "steps = 3"), ("batch = 32", "batch = 2048")];
    bench.recipe("slow.toml", &changes);
    let words = ["train", "--save-every", "100", "--data", "cells.h5ad", "--config", "slow.toml"];
    assert!(bench.run(&[&words[..], &["--out", "whole"]].concat()).status.success());
    let words = [&words[..], &["--out", "parts", "--grace", "0"]].concat();
    let mut child = bench.program(&words).spawn().unwrap();
    until(&mut child, || steps_noted(&bench, "parts") >= 1);
    send(&child, "TERM");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(143), "{}", said(&ended));
    assert!(said(&ended).contains("was saved"), "{}", said(&ended));
    assert_eq!(step_of(&bench, "parts"), steps_noted(&bench, "parts"));
    let ended = bench.run(&words);
    assert!(ended.status.success(), "{}", said(&ended));
    assert!(bench.checkpoint("whole") == bench.checkpoint("parts"));
}

#[test]
fn what_nohup_started_outlives_its_terminal() {
    let bench = Bench::new();
    let program = env!("CARGO_BIN_EXE_wellplate");
    let words = "train --save-every 1 --data cells.h5ad --config recipe.toml --out run";
    let mut child = Command::new("sh")
        .args(["-c", &format!("trap '' HUP; exec {program} {words}")])
        .current_dir(bench.path(""))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    until(&mut child, || steps_noted(&bench, "run") > 1);
    send(&child, "HUP");
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", said(&ended));
}
