//! Signals: what a person or a cluster sends, and the end of the program.
//!
//! Does: hears Ctrl-C, SIGTERM, SIGHUP and SIGUSR1, asks the command to stop, and ends the program with the code of the
//! signal as soon as nothing is lost by it and no file is in hand.
//! Does not know: what a command does (`Stop` says what is at stake).
//! Flow: signal → `Stop` → **exit code** 130, 143, 129 or 138.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use train_native::files::none_in_hand;
use train_native::output::say;
use train_native::stop::{GRACE, INTERRUPT, Stop};

/// Time between two looks whether the program may end. The first is also the time in which the command may say how it
/// ended.
const LOOK: Duration = Duration::from_millis(50);

/// What is said when a signal comes.
#[derive(Clone, Copy)]
struct Words {
    /// What is done before the program ends.
    after: &'static str,
    /// What there is when it ends at once.
    left: &'static str,
}

/// Hears signals from here on; `after` says what is done first when one comes.
pub(crate) fn listen(after: &'static str, grace: Duration) -> anyhow::Result<Arc<Stop>> {
    hear(Words { after, left: "nothing is lost by it" }, grace)
}

/// Hears signals from here on in a command that needs not be asked: it ends at once, but for a file that is in hand. `left`
/// says what there is then.
pub(crate) fn end_at_once(left: &'static str) -> anyhow::Result<()> {
    hear(Words { after: "the file in hand", left }, GRACE).map(drop)
}

fn hear(words: Words, grace: Duration) -> anyhow::Result<Arc<Stop>> {
    let stop = Arc::new(Stop::new(grace));
    let asked = Arc::clone(&stop);
    heard(move |signal, name| came(&asked, signal, name, words)).context("signals cannot be heard")?;
    Ok(stop)
}

/// A signal came.
fn came(stop: &Arc<Stop>, signal: u8, name: &str, words: Words) {
    if !stop.ask(signal) {
        // Clusters repeat themselves; a person who does means it.
        if signal == INTERRUPT {
            std::process::exit(i32::from(stop.code()));
        }
        return;
    }
    // In a thread of its own: saying something may wait for whoever reads it.
    let ending = Arc::clone(stop);
    std::thread::spawn(move || end(&ending));
    // A terminal has written ^C where the next line would begin.
    let (line, again) = if signal == INTERRUPT { ("\n", "; once more to stop at once") } else { ("", "") };
    match stop.may_end(Duration::ZERO) {
        true => say(&format!("{line}{name}: stopped; {}", words.left)),
        false => say(&format!("{line}{name}: stopping after {}{again}", words.after)),
    }
}

/// Ends the program when it may.
fn end(stop: &Stop) {
    let since = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        if !stop.may_end(since.elapsed()) {
            continue;
        }
        // Held to the end: no file is begun any more. A disk that takes longer than the grace is not waited for.
        let between = none_in_hand();
        if between.is_some() || since.elapsed() >= stop.grace() {
            std::process::exit(i32::from(stop.code()));
        }
    }
}

/// Calls `came` with the number and the name of every signal.
#[cfg(unix)]
fn heard(came: impl Fn(u8, &str) + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    let names = [(SIGINT, "Ctrl-C"), (SIGTERM, "SIGTERM"), (SIGHUP, "SIGHUP"), (SIGUSR1, "SIGUSR1")];
    let chosen = names.iter().map(|(signal, _)| *signal).filter(|signal| *signal != SIGHUP || !ignores_hang_up());
    let mut signals = signal_hook::iterator::Signals::new(chosen)?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let name = names.iter().find(|(own, _)| *own == signal).map_or("a signal", |(_, name)| name);
            came(u8::try_from(signal).unwrap_or(INTERRUPT), name);
        }
    });
    Ok(())
}

/// Whether this was started by `nohup`, which means that a closed terminal is no reason to stop.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the lowest bit.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
fn heard(came: impl Fn(u8, &str) + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(move || came(INTERRUPT, "Ctrl-C"))
}
