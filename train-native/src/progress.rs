//! What is being done, from the first second to the last.
//!
//! Does: names every phase when it begins; on a terminal as a line that moves, elsewhere (a log file, a cluster) as one
//! plain line at once and another every half a minute, with how far it is and the time left.
//! Does not know: what a phase does.
//! Flow: commands → **phases** → standard error.
//!
//! Phases lie in each other; the innermost is shown. Nothing is shown before [`begin`], which `main` calls: as a library
//! this crate is silent.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::say;
use crate::terminal::{MANNER, Manner};

/// Time between two lines where there is no terminal.
pub const INTERVAL: Duration = Duration::from_secs(30);
/// Time between two looks at the phases.
const LOOK: Duration = Duration::from_millis(200);

/// Phases in work, the innermost last.
static PHASES: Mutex<Vec<Arc<Shown>>> = Mutex::new(Vec::new());

/// A lock that a panic elsewhere does not take away: what it guards is always whole.
fn own<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of a phase.
struct Shown {
    what: String,
    /// How much there is to do, and of what; none where that is not known.
    length: Option<(u64, &'static str)>,
    /// Done without the part in work.
    done: AtomicU64,
    /// Where it began, for a run that goes on: the time left follows from what was done since.
    first: AtomicU64,
    part: Mutex<Option<ProgressBar>>,
    message: Mutex<String>,
    started: Instant,
    said: Mutex<Instant>,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn position(&self) -> u64 {
        self.done.load(Ordering::Relaxed) + own(&self.part).as_ref().map_or(0, ProgressBar::position)
    }

    /// How far it is, in a line.
    fn line(&self, now: Instant) -> String {
        line(&self.what, self.length, self.position(), &self.rest(now))
    }

    /// What stands behind the numbers: what there is to say, and the time.
    fn rest(&self, now: Instant) -> String {
        let elapsed = now.saturating_duration_since(self.started);
        let (first, position) = (self.first.load(Ordering::Relaxed), self.position());
        let time = time(self.length.map(|(length, _)| length), (first, position), elapsed);
        let message = own(&self.message);
        if message.is_empty() { time } else { format!("{message}, {time}") }
    }
}

/// A span of time in the largest unit that fits.
fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", (seconds + 30) / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// The time left of a phase that stood at `first` when it began and stands at `position` now; where nothing tells, the
/// time so far.
fn time(length: Option<u64>, (first, position): (u64, u64), elapsed: Duration) -> String {
    let done = position.saturating_sub(first);
    match length {
        Some(length) if done > 0 => {
            let left = length.saturating_sub(position);
            format!("{} left", words(elapsed.mul_f64(left as f64 / done as f64)))
        }
        _ => format!("{} so far", words(elapsed)),
    }
}

/// How far a phase is.
fn line(what: &str, length: Option<(u64, &str)>, position: u64, rest: &str) -> String {
    match length {
        None => format!("{what}: {rest}"),
        Some((length, unit)) => format!("{what}: {position} of {length} {unit}, {rest}"),
    }
}

/// Starts to show progress: bars where standard error is a terminal, otherwise lines every `interval`.
pub fn begin(interval: Duration) {
    let bars = std::io::stderr().is_terminal();
    let manner = || if bars { Manner::Bars(MultiProgress::new()) } else { Manner::Lines(interval) };
    if MANNER.set(manner()).is_ok() {
        // Ends with the program.
        std::thread::spawn(look);
    }
}

/// Brings what is shown up to date, for ever.
fn look() {
    loop {
        std::thread::sleep(LOOK);
        let Some(phase) = own(&PHASES).last().cloned() else { continue };
        match MANNER.get() {
            Some(Manner::Bars(_)) => {
                if let Some(bar) = &phase.bar {
                    bar.set_position(phase.position());
                    bar.set_message(phase.rest(Instant::now()));
                    bar.tick();
                }
            }
            Some(Manner::Lines(interval)) => {
                let now = Instant::now();
                if now.saturating_duration_since(*own(&phase.said)) >= *interval {
                    *own(&phase.said) = now;
                    say(&phase.line(now));
                }
            }
            None => {}
        }
    }
}

/// A phase in work; it ends when this is dropped.
pub struct Phase(Arc<Shown>);

/// Begins a phase of unknown length.
pub fn phase(what: impl Into<String>) -> Phase {
    started(what.into(), None)
}

/// Begins a phase of so many units.
pub fn counted(what: impl Into<String>, length: u64, unit: &'static str) -> Phase {
    started(what.into(), Some((length, unit)))
}

fn started(what: String, length: Option<(u64, &'static str)>) -> Phase {
    let bar = match MANNER.get() {
        Some(Manner::Bars(bars)) => Some(bars.add(bar(&what, length))),
        Some(Manner::Lines(_)) => {
            say(&what);
            None
        }
        None => None,
    };
    let now = Instant::now();
    let shown = Arc::new(Shown {
        what,
        length,
        done: AtomicU64::new(0),
        first: AtomicU64::new(0),
        part: Mutex::new(None),
        message: Mutex::new(String::new()),
        started: now,
        said: Mutex::new(now),
        bar,
    });
    own(&PHASES).push(Arc::clone(&shown));
    Phase(shown)
}

/// A bar for a terminal.
fn bar(what: &str, length: Option<(u64, &'static str)>) -> ProgressBar {
    let (bar, template) = match length {
        None => (ProgressBar::new_spinner(), "{spinner} {prefix}: {msg}".to_owned()),
        Some((length, unit)) => {
            (ProgressBar::new(length), format!("{{prefix}} {{bar:24}} {{pos}}/{{len}} {unit}, {{msg}}"))
        }
    };
    bar.set_prefix(what.to_owned());
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

impl Phase {
    /// So much more is done.
    pub fn advance(&self, by: u64) {
        self.0.done.fetch_add(by, Ordering::Relaxed);
    }

    /// So much is done in all.
    pub fn reach(&self, position: u64) {
        self.0.done.store(position, Ordering::Relaxed);
    }

    /// So much was done before this began: a run that goes on.
    pub fn goes_on_from(&self, position: u64) {
        self.reach(position);
        self.0.first.store(position, Ordering::Relaxed);
        if let Some(bar) = &self.0.bar {
            bar.set_position(position);
        }
    }

    /// What else there is to say of where it stands.
    pub fn note(&self, message: String) {
        *own(&self.0.message) = message;
    }

    /// A bar for the next piece of the work, for code that moves a bar of its own; what it reaches counts here. The
    /// piece before it is taken to be done.
    pub fn part(&self) -> ProgressBar {
        let next = ProgressBar::hidden();
        let before = own(&self.0.part).replace(next.clone());
        if let Some(before) = before {
            self.advance(before.length().unwrap_or_else(|| before.position()));
        }
        next
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        own(&PHASES).retain(|shown| !Arc::ptr_eq(shown, &self.0));
        if let Some(bar) = &self.0.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{counted, line, time, words};

    #[test]
    fn a_line_says_how_far_it_is_and_what_is_left() {
        let seconds = Duration::from_secs;
        assert_eq!(line("reading", None, 0, &time(None, (0, 0), seconds(90))), "reading: 90 s so far");
        let steps = |position, rest: &str| line("training", Some((400, "steps")), position, rest);
        assert_eq!(steps(0, &time(Some(400), (0, 0), seconds(5))), "training: 0 of 400 steps, 5 s so far");
        // A hundred steps of this session took 50 s; 200 are left.
        assert_eq!(steps(200, &time(Some(400), (100, 200), seconds(50))), "training: 200 of 400 steps, 100 s left");
        assert_eq!([words(seconds(119)), words(seconds(150)), words(seconds(7380))], ["119 s", "3 min", "2 h 3 min"]);
    }

    #[test]
    fn pieces_add_up() {
        let phase = counted("cells", 100, "cells");
        let first = phase.part();
        first.set_length(40);
        first.set_position(10);
        assert_eq!(phase.0.position(), 10);
        first.finish_and_clear();
        let second = phase.part();
        second.set_position(5);
        assert_eq!(phase.0.position(), 45);
    }
}
