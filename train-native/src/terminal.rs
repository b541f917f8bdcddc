//! Who writes to the terminal.
//!
//! Does: knows whether bars stand on it, and lets other words pass beside them.
//! Does not know: what is shown or said.
//! Flow: `progress` sets **how progress is shown** → `output` writes beside it.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::MultiProgress;

/// How progress is shown.
pub(crate) enum Manner {
    /// Bars on a terminal.
    Bars(MultiProgress),
    /// A line every so often.
    Lines(Duration),
}

/// How it is shown in this program; nothing before `progress::begin`.
pub(crate) static MANNER: OnceLock<Manner> = OnceLock::new();

/// Writes something else to a terminal on which bars stand.
pub(crate) fn beside(write: impl FnOnce()) {
    match MANNER.get() {
        Some(Manner::Bars(bars)) => bars.suspend(write),
        _ => write(),
    }
}
