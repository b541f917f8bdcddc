//! What the program says and prints, whatever has become of its outputs.
//!
//! Does: words on standard error and results on standard output, where a pipe that was closed or a disk that is full
//! ends nothing; remembers that a result was lost.
//! Does not know: what is said, exit codes.
//! Flow: sentences → **standard error**; tables → **standard output** → `main` asks whether they arrived.
//!
//! `println!` and `eprintln!` panic where the other side has gone: a training run of a week would end because somebody
//! closed a terminal. They are not used in this crate (a lint keeps that).

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::terminal::beside;

/// Whether a result could not be written for another reason than that nobody reads any further.
static LOST: AtomicBool = AtomicBool::new(false);

/// Says a sentence on standard error, in a line of its own. Where it cannot be said, the work goes on.
pub fn say(sentence: &str) {
    let line = format!("{sentence}\n");
    beside(|| {
        // Nobody can be told that nobody can be told.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    });
}

/// Prints a result on standard output. A reader that has seen enough (`| head`) is no failure; what is lost for another
/// reason is known to [`lost`].
pub fn print(text: &str) {
    beside(|| {
        let mut output = std::io::stdout().lock();
        let written = output.write_all(text.as_bytes()).and_then(|()| output.flush());
        if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
            LOST.store(true, Ordering::Relaxed);
        }
    });
}

/// Whether a part of what was printed is lost.
pub fn lost() -> bool {
    LOST.load(Ordering::Relaxed)
}
