//! Being asked to stop, and when the program may end.
//!
//! Does: remembers that a signal came and which; says what a command still has to do before the program may end, and how
//! long that may take; the exit code that says "unfinished".
//! Does not know: signals of an operating system (`main`'s `signals`), what a command does.
//! Flow: signal → **stop** → the command ends in order, or the program ends when nothing is lost by it.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use thiserror::Error;

/// Ctrl-C, where signals have no numbers.
pub const INTERRUPT: u8 = 2;
/// How long a step may take after a signal: clusters kill 30 s after they asked, and writing takes some of that.
pub const GRACE: Duration = Duration::from_secs(20);

/// A command that was asked to stop and did, before it was done.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Stopped(pub String);

/// What is lost when the program ends now.
const NOTHING: u8 = 0;
const PIECE: u8 = 1;
const STATE: u8 = 2;

/// Whether to stop.
#[derive(Debug)]
pub struct Stop {
    asked: AtomicBool,
    signal: AtomicU8,
    at_stake: AtomicU8,
    grace: Duration,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new(GRACE)
    }
}

impl Stop {
    /// Not asked yet; `grace` is how long the piece of work in hand may take afterwards.
    pub fn new(grace: Duration) -> Self {
        Self {
            asked: AtomicBool::new(false),
            signal: AtomicU8::new(INTERRUPT),
            at_stake: AtomicU8::new(NOTHING),
            grace,
        }
    }

    /// Asks to stop because of a signal; `false` when that was asked before.
    pub fn ask(&self, signal: u8) -> bool {
        let first = !self.asked.swap(true, Ordering::SeqCst);
        if first {
            self.signal.store(signal, Ordering::SeqCst);
        }
        first
    }

    /// Whether it was asked.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// What is set when it is asked, for loops that know nothing more.
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// How long the piece of work in hand may take after it was asked.
    pub fn grace(&self) -> Duration {
        self.grace
    }

    /// The exit code of a command that stopped: 128 and the signal's number, as shells have it.
    pub fn code(&self) -> u8 {
        128 + self.signal.load(Ordering::SeqCst)
    }

    /// From here on pieces of work are worth finishing, but can be done again.
    pub fn finishes_pieces(&self) {
        self.at_stake.store(PIECE, Ordering::SeqCst);
    }

    /// From here on work would be lost: the program must not end before [`Self::saved`].
    pub fn holds_state(&self) {
        self.at_stake.store(STATE, Ordering::SeqCst);
    }

    /// Everything is on disk.
    pub fn saved(&self) {
        self.at_stake.store(NOTHING, Ordering::SeqCst);
    }

    /// Whether the program may end so long after it was asked to.
    pub fn may_end(&self, since: Duration) -> bool {
        match self.at_stake.load(Ordering::SeqCst) {
            NOTHING => true,
            PIECE => since >= self.grace,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{GRACE, Stop};

    #[test]
    fn the_first_signal_gives_the_code() {
        let stop = Stop::default();
        assert!(!stop.asked());
        assert!(stop.ask(15) && !stop.ask(2));
        assert!(stop.asked());
        assert_eq!(stop.code(), 143);
    }

    #[test]
    fn the_program_ends_when_nothing_is_lost_by_it() {
        let stop = Stop::default();
        assert!(stop.may_end(Duration::ZERO));
        stop.finishes_pieces();
        assert!(!stop.may_end(Duration::ZERO) && stop.may_end(GRACE));
        stop.holds_state();
        assert!(!stop.may_end(10 * GRACE));
        stop.saved();
        assert!(stop.may_end(Duration::ZERO));
    }
}
