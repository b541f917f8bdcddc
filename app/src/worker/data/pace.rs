//! Long work that a person can watch and stop.
//!
//! Does: reports progress a few times a second, lets messages in, sees a cancel.
//! Does not know: what is being done.
//! Flow: loops of the other files → **pace** → progress, or an early end.

use super::super::outbox::{Stop, breathe, send};
use crate::protocol::FromWorker;

/// Milliseconds of work between two looks at the messages.
const BREATH: f64 = 40.0;

/// Why a task ended early.
pub(super) enum End {
    /// Stopped by the person.
    Cancelled,
    /// What failed, as a sentence.
    Failed(String),
    /// Corrected counts alone, which are not rounded before someone agrees: the sentence, and what to choose then.
    Corrected(String, String),
    /// Already told by someone else.
    Told,
}

impl End {
    /// Why an HDF5 file is not read.
    pub(super) fn of_file(title: &str, error: &cells::h5ad::H5adError) -> Self {
        match error.rounding() {
            Some(matrix) => Self::Corrected(words(title, error), matrix.to_owned()),
            None => refused(title, error),
        }
    }

    /// Why a Matrix Market file is not read.
    pub(super) fn of_text(title: &str, error: &cells::matrix_market::MtxError) -> Self {
        match error {
            cells::matrix_market::MtxError::Values { rounding: true, .. } => {
                Self::Corrected(words(title, error), "rounded".to_owned())
            }
            error => refused(title, error),
        }
    }

    /// Why a dense table is not read.
    pub(super) fn of_table(title: &str, error: &cells::dense::DenseError) -> Self {
        match error {
            cells::dense::DenseError::Text(error) => Self::of_text(title, error),
            error => refused(title, error),
        }
    }
}

impl From<String> for End {
    fn from(sentence: String) -> Self {
        Self::Failed(sentence)
    }
}

/// An error with a full stop, its first letter large.
pub(super) fn sentence(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    let text = first.unwrap_or_default();
    if text.ends_with(['.', '?', '!']) { text } else { format!("{text}.") }
}

/// Why a file is not read, as a sentence.
fn words(title: &str, error: &dyn std::fmt::Display) -> String {
    let why = error.to_string();
    format!("{title} was refused: {why}{}", if why.ends_with(['.', '?']) { "" } else { "." })
}

/// A file that is not read, and why.
pub(super) fn refused(title: &str, error: &dyn std::fmt::Display) -> End {
    End::Failed(words(title, error))
}

/// The pace of a task.
pub(super) struct Pace<'a> {
    job: u32,
    stop: &'a Stop,
    last: f64,
    phase: String,
    phase_began: f64,
}

impl<'a> Pace<'a> {
    pub(super) fn new(job: u32, stop: &'a Stop) -> Self {
        let now = js_sys::Date::now();
        Self { job, stop, last: now, phase: "reading".to_owned(), phase_began: now }
    }

    /// Number of the task.
    pub(super) fn job(&self) -> u32 {
        self.job
    }

    /// Begins a part of the work; its progress counts from 0.
    pub(super) fn begin(&mut self, phase: &str) {
        self.phase = phase.to_owned();
        self.phase_began = js_sys::Date::now();
        self.tell(0.0);
    }

    fn tell(&self, share: f64) {
        let elapsed = (js_sys::Date::now() - self.phase_began) / 1000.0;
        let seconds_left = (share > 0.05 && elapsed > 1.0).then(|| elapsed * (1.0 - share) / share);
        send(&FromWorker::Progress { run: self.job, phase: self.phase.clone(), share, seconds_left }, &[]);
    }

    /// Called between small pieces of work with the share of the part that is done.
    pub(super) async fn step(&mut self, share: f64) -> Result<(), End> {
        if js_sys::Date::now() - self.last < BREATH {
            return Ok(());
        }
        self.tell(share.clamp(0.0, 1.0));
        breathe().await;
        self.last = js_sys::Date::now();
        if self.stop.get() == self.job { Err(End::Cancelled) } else { Ok(()) }
    }
}
