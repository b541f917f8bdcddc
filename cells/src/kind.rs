//! What the values of a matrix are: counts, corrected counts, log-normalised, normalised, scaled.
//!
//! Does: looks at cells from the whole of a matrix and judges by their values; gives the reason in words; turns stored
//! values into what is read (a logarithm of another base, one that was not taken, counts that are rounded).
//! Does not know: files; which matrix of a file is taken.
//! Flow: cells of a matrix → **kind and reason** → choice of a matrix, report.

use serde::{Deserialize, Serialize};

/// Sums of cells are constant when they spread by less than this share of their mean.
const CONSTANT: f64 = 0.01;
/// Ratios are whole numbers when they are this close to one.
const WHOLE: f64 = 0.01;
/// No logarithm of normalised counts reaches it: ln(1 + 10⁶) is 13.8, log2 of that 19.9.
const MOST_LOGGED: f64 = 20.0;
/// Among so many values counts would not all be small.
const MANY: usize = 2000;
/// Values of a cell that are kept to find a unit of all cells.
const SOME: usize = 8;
/// Largest count that is read: sums of a cell's counts then stay exact in f64.
const LARGEST: f64 = u32::MAX as f64;

/// What the values of a matrix are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// Whole numbers from 0.
    Counts,
    /// Logarithm of 1 + counts scaled to one sum; the natural one (base e), or of base 2 or 10.
    LogNormalised {
        /// Base of the logarithm.
        base: f64,
    },
    /// Counts scaled to one sum, no logarithm taken.
    Normalised {
        /// The sum; 0 where cells were divided by sizes of their own.
        sum: f64,
    },
    /// Counts with fractions: background taken off, shared between genes.
    Corrected,
    /// Values below 0: scaled, centred, residuals.
    Scaled,
    /// No numbers, or numbers that are nothing of these.
    #[default]
    Other,
}

impl Kind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::LogNormalised { .. } => "log-normalised expression",
            Self::Normalised { .. } => "expression that is normalised but not logged",
            Self::Corrected => "corrected, fractional counts",
            Self::Scaled => "scaled values",
            Self::Other => "values of no known kind",
        }
    }

    /// Smaller is better.
    pub fn rank(self) -> u8 {
        match self {
            Self::Counts => 0,
            Self::LogNormalised { .. } => 1,
            Self::Normalised { .. } => 2,
            Self::Corrected => 3,
            Self::Scaled => 4,
            Self::Other => 5,
        }
    }
}

/// What is known besides the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The matrix or the file says that a logarithm was taken (`uns/log1p`, a name).
    pub logged: bool,
    /// The form of file holds counts and nothing else (Matrix Market, 10x Genomics), or the name says corrected counts.
    pub counted: bool,
}

/// A kind with its reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The kind.
    pub kind: Kind,
    /// Why, in words.
    pub why: String,
}

/// Sums of cells under one transformation: how many, their mean, squared deviations.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    cells: f64,
    mean: f64,
    squares: f64,
}

impl Sums {
    fn add(&mut self, sum: f64) {
        self.cells += 1.0;
        let step = sum - self.mean;
        self.mean += step / self.cells;
        self.squares += step * (sum - self.mean);
    }

    /// Spread of the sums as a share of their mean, where all cells have one sum; a single cell tells nothing.
    fn constant(self) -> Option<f64> {
        let spread = (self.squares / self.cells.max(1.0)).sqrt() / self.mean;
        Some(spread).filter(|spread| self.cells >= 2.0 && self.mean > 0.0 && *spread < CONSTANT)
    }

    fn is_constant(self) -> bool {
        self.constant().is_some()
    }
}

/// Bases of logarithms that are tried.
const BASES: [f64; 3] = [std::f64::consts::E, 2.0, 10.0];

/// What was seen of a matrix.
#[derive(Clone, Debug)]
pub struct Look {
    cells: usize,
    values: usize,
    least: f64,
    most: f64,
    /// First value that is no count.
    odd: Option<f64>,
    /// Values that are counts.
    whole: usize,
    not_numbers: usize,
    /// First value that is no number.
    no_number: Option<f64>,
    plain: Sums,
    logged: [Sums; 3],
    /// Cells whose values are multiples of one unit as they are.
    multiples: usize,
    /// The same before a logarithm of each base.
    before: [usize; 3],
    /// Cells with enough different values to tell.
    telling: usize,
    /// Units of those cells.
    units: Sums,
    /// Some of their values.
    some: Vec<f64>,
    twice: usize,
    /// Cells of several values, and those whose values are 1, 2, 3 …, each once.
    several: usize,
    ranked: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            cells: 0,
            values: 0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            odd: None,
            whole: 0,
            not_numbers: 0,
            no_number: None,
            plain: Sums::default(),
            logged: [Sums::default(); 3],
            multiples: 0,
            before: [0; 3],
            telling: 0,
            units: Sums::default(),
            some: Vec::new(),
            twice: 0,
            several: 0,
            ranked: 0,
        }
    }
}

/// Whether values are whole multiples of the smallest, which is given back. Rounding hides whether large multiples are
/// whole, so some of them must be small.
fn unit(values: &[f64]) -> Option<f64> {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let mut tells = false;
    for value in values {
        let ratio = value / least;
        // The smallest value may itself be twice the unit: halves are multiples too.
        if ratio <= 50.0 && ((2.0 * ratio).round() - 2.0 * ratio).abs() >= 2.0 * WHOLE {
            return None;
        }
        tells |= (1.25..=50.0).contains(&ratio);
    }
    tells.then_some(least)
}

/// Whether values are 1, 2, 3 …, each once and in any order.
fn are_ranks(values: &[f64]) -> bool {
    let mut seen = vec![false; values.len()];
    values.iter().all(|value| {
        let place = (*value as usize).wrapping_sub(1);
        seen.get_mut(place).is_some_and(|seen| !std::mem::replace(seen, true))
    })
}

impl Look {
    /// Looks at the stored values of a cell; zeros tell nothing.
    pub fn cell(&mut self, stored: &[f64]) {
        self.cells += 1;
        let values: Vec<f64> = stored.iter().copied().filter(|value| *value != 0.0).collect();
        self.values += values.len();
        for value in &values {
            if !value.is_finite() {
                self.not_numbers += 1;
                self.no_number.get_or_insert(*value);
                continue;
            }
            (self.least, self.most) = (self.least.min(*value), self.most.max(*value));
            if is_count(*value) {
                self.whole += 1;
            } else {
                self.odd.get_or_insert(*value);
            }
        }
        if values.is_empty() || !values.iter().all(|value| value.is_finite() && *value > 0.0) {
            return;
        }
        if self.odd.is_none() && values.len() > 2 {
            self.several += 1;
            self.ranked += usize::from(are_ranks(&values));
        }
        self.plain.add(values.iter().sum());
        for (sums, base) in self.logged.iter_mut().zip(BASES) {
            sums.add(values.iter().map(|value| base.powf(*value) - 1.0).sum());
        }
        let spread = values.iter().any(|value| (value - values[0]).abs() > WHOLE * values[0]);
        if spread && self.odd.is_some() {
            self.telling += 1;
            for (cells, base) in self.before.iter_mut().zip(BASES) {
                let before: Vec<f64> = values.iter().map(|value| base.powf(*value) - 1.0).collect();
                *cells += usize::from(unit(&before).is_some());
            }
            self.some.extend(values.iter().take(SOME));
            if let Some(unit) = unit(&values) {
                self.multiples += 1;
                self.units.add(unit);
            }
        }
    }

    /// Notes that a cell held a gene twice.
    pub fn twice(&mut self, genes: usize) {
        self.twice += genes;
    }

    /// Times that a cell held a gene again.
    pub fn repeated(&self) -> usize {
        self.twice
    }

    /// Whether there were zeros alone.
    pub fn is_empty(&self) -> bool {
        self.values == 0 && self.not_numbers == 0
    }

    /// Why whole numbers may be no counts, in words: such a matrix is taken where there is none that is surer.
    pub fn doubt(&self) -> Option<&'static str> {
        if self.odd.is_some() || self.values == 0 {
            return None;
        }
        if self.least == 1.0 && self.most == 1.0 {
            return Some("0 and 1 alone, as where counts were made yes or no");
        }
        (self.several > 1 && 20 * self.ranked >= 19 * self.several).then_some("in each cell 1, 2, 3 …, as ranks are")
    }

    /// The kind, with its reason.
    pub fn judge(&self, hints: Hints) -> Judged {
        let judged = |kind, why: String| Judged { kind, why };
        let seen = format!("in {} cells from all of it", self.cells);
        if let Some(value) = self.no_number {
            return judged(Kind::Other, format!("{} values are {value} or the like", self.not_numbers));
        }
        if self.values == 0 {
            return judged(Kind::Counts, format!("zeros alone {seen}"));
        }
        if self.least < 0.0 {
            return judged(Kind::Scaled, format!("values below 0, down to {}", short(self.least)));
        }
        if let Some(odd) = self.odd.filter(|odd| *odd > LARGEST && odd.fract() == 0.0) {
            return judged(Kind::Other, format!("{odd:.0} is more than the largest count that is read, {LARGEST}"));
        }
        let Some(odd) = self.odd else {
            let why = self.doubt().map_or_else(|| format!("up to {}", short(self.most)), |doubt| format!("({doubt})"));
            return judged(Kind::Counts, format!("whole numbers {why} {seen}"));
        };
        let constant = self.logged.iter().zip(BASES).find(|(sums, _)| sums.is_constant());
        let constant = constant.filter(|_| self.most < MOST_LOGGED);
        // In a few cells of few genes both may seem constant: what was made so is the nearer to it.
        let before = constant.and_then(|(sums, _)| sums.constant()).unwrap_or(f64::INFINITY);
        if self.plain.constant().is_some_and(|spread| spread <= before) {
            let why = format!("cells sum to {}, and no logarithm was taken", short(self.plain.mean));
            return judged(Kind::Normalised { sum: self.plain.mean }, why);
        }
        if let Some((sums, base)) = constant {
            let name = if base == BASES[0] { String::new() } else { format!(" of base {base}") };
            let why = format!("cells sum to {} before the logarithm{name}", short(sums.mean));
            return judged(Kind::LogNormalised { base }, why);
        }
        self.fractions(odd, hints)
    }

    /// The kind of a matrix of fractions whose cells do not have one sum.
    fn fractions(&self, odd: f64, hints: Hints) -> Judged {
        let judged = |kind, why: String| Judged { kind, why };
        let mostly = |cells: usize| self.telling > 0 && 10 * cells >= 9 * self.telling;
        let (natural, tells) = (Kind::LogNormalised { base: BASES[0] }, hints.counted || self.telling > 0);
        let apart = format!("fractions such as {}; cells have no common sum, with or without a logarithm", short(odd));
        if 2 * self.whole >= self.values && tells {
            return judged(Kind::Corrected, format!("whole numbers among {apart}"));
        }
        let logged = self.before.iter().zip(BASES).find(|(cells, _)| mostly(**cells));
        if let Some((_, base)) = logged.filter(|_| self.most < MOST_LOGGED) {
            let name = if base == BASES[0] { String::new() } else { format!(" of base {base}") };
            let why = format!("before the logarithm{name}, values are whole multiples of one unit in every cell");
            return judged(Kind::LogNormalised { base }, why);
        }
        if mostly(self.multiples) {
            // A cell may lack the smallest count, so the units of cells may differ where the unit of all is one.
            let one = if self.units.is_constant() { Some(self.units.mean) } else { unit(&self.some) };
            if let Some(one) = one {
                return judged(Kind::Corrected, format!("multiples of {} in every cell; {apart}", short(one)));
            }
            let why = "whole multiples of another unit in every cell: counts divided by sizes of cells".to_owned();
            return judged(Kind::Normalised { sum: 0.0 }, why);
        }
        if self.most >= MOST_LOGGED {
            return judged(Kind::Corrected, format!("{apart}; up to {}", short(self.most)));
        }
        if hints.logged {
            let why = format!("fractions up to {}; the file says that a logarithm was taken", short(self.most));
            return judged(natural, why);
        }
        // Among so many counts there are large ones; logarithms stay small however many there are.
        if tells && (self.values < MANY || hints.counted) {
            return judged(Kind::Corrected, apart);
        }
        judged(natural, format!("fractions such as {}, up to {}, as logarithms have", short(odd), short(self.most)))
    }
}

/// Whether a value is a count.
pub fn is_count(value: f64) -> bool {
    // A cast cuts the fraction off and stops at the ends of the range, so only a count comes back as it was.
    value <= LARGEST && f64::from(value as u32) == value
}

/// A number for a sentence, with four digits that tell.
fn short(value: f64) -> String {
    let digits = if value == 0.0 { 0 } else { (3 - value.abs().log10().floor() as i32).clamp(0, 6) as usize };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests;
