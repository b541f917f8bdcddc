//! Figures as lines of a table.
//!
//! Does: quantiles, and lines of a name with its value. Does not know: what was measured.
//! Flow: numbers → **lines** → terminal.

/// A line: what, and its figure in words.
pub(super) struct Line {
    pub(super) what: String,
    pub(super) figure: String,
}

impl Line {
    pub(super) fn new(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into() }
    }

    /// Prints it at once, so that a long measurement shows what it has.
    pub(super) fn print(&self) {
        println!("{:<46} {}", self.what, self.figure);
    }
}

/// The value below which a share of the values lies; 0 when there are none.
pub(super) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64).ceil().max(1.0) as usize - 1;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// What else this machine is doing: processes that want a core, over the last minute; nothing where the system does not
/// tell.
pub(super) fn load_words() -> String {
    let told = std::fs::read_to_string("/proc/loadavg").ok();
    let load = told.as_deref().and_then(|text| text.split(' ').next()).map(str::to_owned);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    match load {
        Some(load) => format!("{load} processes over the last minute, on {cores} cores"),
        None => format!("not told by this system ({cores} cores)"),
    }
}

/// Bytes as people read them.
pub(super) fn megabytes(bytes: f64) -> String {
    format!("{:.2} MB", bytes / 1e6)
}

/// What long tasks there were, in words.
pub(super) fn long_words(tasks: &[f64]) -> String {
    match tasks.len() {
        0 => "none".to_owned(),
        n => format!("{n}, the longest {:.0} ms", quantile(tasks, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::{long_words, megabytes, quantile};

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let values = [3.0, 1.0, 2.0, 4.0];
        assert_eq!([0.0, 0.5, 0.95, 1.0].map(|share| quantile(&values, share)), [1.0, 2.0, 4.0, 4.0]);
        assert_eq!(quantile(&[], 0.5), 0.0);
    }

    #[test]
    fn figures_are_words() {
        assert_eq!(megabytes(1_234_567.0), "1.23 MB");
        assert_eq!(long_words(&[]), "none");
        assert_eq!(long_words(&[60.0, 81.4]), "2, the longest 81 ms");
    }
}
