//! Cells of a window, and how stored values become them.
//!
//! Does: counts or log-normalised expression behind one type; rounds corrected counts where that was asked for, takes a
//! logarithm that was not taken, changes its base; adds entries of one cell and gene up.
//! Does not know: files.
//! Flow: stored values → **expression**.

use super::stored::Stored;
use crate::counts::{Counts, CountsError};
use crate::kind::{Kind, is_count};
use crate::normalise::Normalised;

/// Sum of a cell below which normalised values are shares or percents, and above which they are scaled as usual.
const USUAL_SUM: f64 = 1000.0;
/// What such values are scaled to before the logarithm.
const TARGET: f64 = 1e4;

/// What the values of a matrix are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// UMI counts.
    Counts,
    /// Log-normalised expression.
    LogNormalised,
}

/// Cells of a window.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// UMI counts.
    Counts(Counts),
    /// Log-normalised expression.
    LogNormalised(Normalised),
}

impl Expression {
    /// Number of cells.
    pub fn cells(&self) -> usize {
        match self {
            Self::Counts(counts) => counts.cells(),
            Self::LogNormalised(data) => data.cells(),
        }
    }

    /// Number of stored values.
    pub fn stored(&self) -> usize {
        match self {
            Self::Counts(counts) => counts.stored(),
            Self::LogNormalised(data) => (0..data.cells()).map(|cell| data.row(cell).0.len()).sum(),
        }
    }

    /// Values of `count` cells from `first` on.
    pub(super) fn window(&self, first: usize, count: usize) -> Stored {
        let mut stored = Stored { starts: vec![0], ..Stored::default() };
        for cell in first..first + count {
            match self {
                Self::Counts(counts) => {
                    let (genes, values) = counts.row(cell);
                    stored.columns.extend_from_slice(genes);
                    stored.values.extend(values.iter().map(|value| f64::from(*value)));
                }
                Self::LogNormalised(data) => {
                    let (genes, values) = data.row(cell);
                    stored.columns.extend_from_slice(genes);
                    stored.values.extend(values.iter().map(|value| f64::from(*value)));
                }
            }
            stored.starts.push(stored.values.len());
        }
        stored
    }
}

/// How a stored value becomes what is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Convert {
    /// A count as it is.
    Count,
    /// Rounded to a count.
    Round,
    /// A logarithm, times a factor that makes it the natural one.
    Logged(f64),
    /// No logarithm yet: ln(1 + value × factor).
    Log(f64),
}

impl Convert {
    /// How values of a kind are read; corrected counts are rounded where that was asked for. None where they are not read.
    pub fn of(kind: Kind, rounded: bool) -> Option<Self> {
        match kind {
            Kind::Counts => Some(Self::Count),
            Kind::Corrected => rounded.then_some(Self::Round),
            Kind::LogNormalised { base } => Some(Self::Logged(base.ln())),
            Kind::Normalised { sum } if sum > 0.0 && sum < USUAL_SUM => Some(Self::Log(TARGET / sum)),
            Kind::Normalised { .. } => Some(Self::Log(1.0)),
            Kind::Scaled | Kind::Other => None,
        }
    }

    /// What comes out.
    pub fn scale(self) -> Scale {
        match self {
            Self::Count | Self::Round => Scale::Counts,
            Self::Logged(_) | Self::Log(_) => Scale::LogNormalised,
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Count => "counts",
            Self::Round => "counts, rounded to whole numbers as asked for",
            Self::Logged(1.0) => "log-normalised expression",
            Self::Logged(_) => "log-normalised expression, changed to the natural logarithm",
            Self::Log(_) => "log-normalised expression; the logarithm is taken here: ln(1 + value)",
        }
    }

    /// The value that is read; none when it is not of the kind.
    pub(crate) fn value(self, stored: f64) -> Option<f64> {
        match self {
            Self::Count => is_count(stored).then_some(stored),
            Self::Round => Some(stored.round()).filter(|value| is_count(*value)),
            Self::Logged(factor) => Some(stored * factor).filter(|value| (0.0..15.0).contains(value)),
            Self::Log(factor) => Some((stored * factor).ln_1p()).filter(|value| (0.0..15.0).contains(value)),
        }
    }
}

/// Adds up entries of one cell and gene, as scipy does; genes then ascend in each row. Gives how many were added.
pub(super) fn add_up(stored: &mut Stored) -> usize {
    let ascends = |pair: &[usize]| stored.columns[pair[0]..pair[1]].windows(2).all(|two| two[0] < two[1]);
    if stored.starts.windows(2).all(ascends) {
        return 0;
    }
    let before = stored.values.len();
    let mut held = 0;
    let mut row: Vec<(u32, f64)> = Vec::new();
    let mut begin = 0;
    for end in stored.starts.iter_mut().skip(1) {
        row.clear();
        row.extend(stored.columns[begin..*end].iter().copied().zip(stored.values[begin..*end].iter().copied()));
        row.sort_by_key(|(column, _)| *column);
        begin = *end;
        let first = held;
        for (column, value) in &row {
            if held > first && stored.columns[held - 1] == *column {
                stored.values[held - 1] += value;
            } else {
                (stored.columns[held], stored.values[held]) = (*column, *value);
                held += 1;
            }
        }
        *end = held;
    }
    stored.columns.truncate(held);
    stored.values.truncate(held);
    before - held
}

/// Counts of values that were converted.
pub(super) fn counts(genes: usize, stored: Stored) -> Result<Counts, CountsError> {
    let values = stored.values.into_iter().map(|value| value as u32).collect();
    Counts::new(genes, stored.starts, stored.columns, values)
}

#[cfg(test)]
mod tests {
    use super::{Convert, Stored, add_up};
    use crate::kind::Kind;

    #[test]
    fn entries_of_one_gene_are_added_up() {
        let mut stored = Stored {
            starts: vec![0, 3, 3, 5],
            columns: vec![2, 0, 2, 1, 3],
            values: vec![1.0, 5.0, 2.0, 1.0, 1.0],
            first: 0,
        };
        assert_eq!(add_up(&mut stored), 1);
        assert_eq!((stored.starts, stored.columns), (vec![0, 2, 2, 4], vec![0, 2, 1, 3]));
        assert_eq!(stored.values, [5.0, 3.0, 1.0, 1.0]);
    }

    #[test]
    fn values_are_read_by_their_kind() {
        let read = |kind, rounded, value: f64| Convert::of(kind, rounded).and_then(|convert| convert.value(value));
        assert_eq!(read(Kind::Counts, false, 3.0), Some(3.0));
        assert_eq!(read(Kind::Counts, false, 3.5), None);
        assert_eq!(read(Kind::Corrected, false, 2.79), None);
        assert_eq!(read(Kind::Corrected, true, 2.79), Some(3.0));
        let twice = read(Kind::LogNormalised { base: 2.0 }, false, 3.0);
        assert!((twice.unwrap_or_default() - 8_f64.ln()).abs() < 1e-12);
        assert_eq!(read(Kind::Normalised { sum: 1e4 }, false, 2000.0), Some(2001_f64.ln()));
        assert_eq!(read(Kind::Normalised { sum: 1.0 }, false, 0.2), Some(2001_f64.ln()));
        assert_eq!(read(Kind::Scaled, true, 1.0), None);
    }
}
