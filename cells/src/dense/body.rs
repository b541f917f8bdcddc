//! The lines of a table, looked at one after the other.
//!
//! Does: notes of every column whether numbers, texts or nothing stand in it and how many values are not zero, keeps the
//! words of columns that may hold names or labels; holds no value.
//! Does not know: which side the genes are.
//! Flow: lines → **`Body`** → what was found.

use std::collections::BTreeMap;

use super::error::DenseError;
use super::head::Head;
use super::known::{is_annotation, is_label};
use super::words::{Apart, Word, words};
use crate::lines::decode;

/// First columns whose words are kept in any case: names of rows and what describes them.
const KEPT: usize = 4;
/// Columns of texts or labels beyond which a table is none of counts.
const MOST_KEPT: usize = 200;
/// Letters of a word that an error shows.
const SHOWN: usize = 40;

/// What stands in a column, as bits.
pub(super) const NUMBER: u8 = 1;
pub(super) const TEXT: u8 = 2;
pub(super) const MISSING: u8 = 4;
pub(super) const FRACTION: u8 = 8;
pub(super) const NEGATIVE: u8 = 16;

/// Words of a column, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    text: String,
    ends: Vec<usize>,
    /// How many of them are texts.
    pub(super) texts: usize,
}

impl Kept {
    fn push(&mut self, word: &[u8]) {
        self.text.push_str(&decode(word));
        self.ends.push(self.text.len());
    }

    /// The words.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// The words, each for itself.
    pub(super) fn list(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }
}

/// A word that is no number, the first of its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: u64,
    /// The word, in words.
    pub(super) found: String,
    pub(super) missing: bool,
}

/// What was seen of the lines.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) head: Head,
    /// What stands in each column.
    pub(super) columns: Vec<u8>,
    /// Values of each column that are not zero.
    pub(super) by_column: Vec<u32>,
    /// The same of each row.
    pub(super) by_row: Vec<u32>,
    /// Words of some columns.
    pub(super) kept: BTreeMap<usize, Kept>,
    /// First faults of columns that are not kept.
    pub(super) faults: BTreeMap<usize, Fault>,
    /// Rows.
    pub(super) rows: usize,
    /// Comments among the rows.
    pub(super) comments: usize,
}

/// A word for an error.
fn shown(word: &[u8]) -> String {
    let text: String = decode(&word[..word.len().min(SHOWN)]);
    if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", text.replace(char::is_control, " ")) }
}

/// Whether a line is no row: empty, or a comment of another width.
pub(super) fn is_passed_over(line: &[u8], apart: Apart, width: usize) -> bool {
    line.trim_ascii().is_empty() || (line.starts_with(b"#") && words(line, apart).count() != width)
}

impl Body {
    pub(super) fn new(head: Head) -> Self {
        let width = head.width;
        let labelled = |at: &usize| {
            let names = head.header.as_ref().and_then(|names| names.get(*at));
            names.is_some_and(|name| is_label(name) || is_annotation(name))
        };
        let mut kept: BTreeMap<usize, Kept> = (0..width.min(KEPT)).map(|at| (at, Kept::default())).collect();
        let named: Vec<usize> = (0..width).filter(labelled).collect();
        // Where most names look like labels they are names of cells (sample1_AAAC).
        if named.len() <= MOST_KEPT && 4 * named.len() <= 3 * width {
            kept.extend(named.into_iter().map(|at| (at, Kept::default())));
        }
        Self {
            columns: vec![0; width],
            by_column: vec![0; width],
            by_row: Vec::new(),
            kept,
            faults: BTreeMap::new(),
            rows: 0,
            comments: 0,
            head,
        }
    }

    /// Takes a line of values.
    ///
    /// # Errors
    /// When it has another number of words, or most of the first hold texts.
    pub(super) fn take(&mut self, line_number: u64, line: &[u8], last: bool) -> Result<(), DenseError> {
        if is_passed_over(line, self.head.apart, self.head.width) {
            self.comments += usize::from(!line.trim_ascii().is_empty());
            return Ok(());
        }
        if self.rows == 0 {
            self.keep_texts(line)?;
        }
        let (mut found, mut there) = (0, 0_u32);
        let commas = self.head.apart.has_commas();
        for word in words(line, self.head.apart) {
            let at = found;
            found += 1;
            let Some(column) = self.columns.get_mut(at) else { continue };
            let own = Word::of(word, commas);
            match own {
                Word::Number(value) => {
                    *column |= NUMBER;
                    if value != 0.0 {
                        self.by_column[at] += 1;
                        there += 1;
                        *column |=
                            if value.fract() == 0.0 { 0 } else { FRACTION } | if value < 0.0 { NEGATIVE } else { 0 };
                    }
                }
                Word::Missing => *column |= MISSING,
                Word::Text => *column |= TEXT,
            }
            if let Some(kept) = self.kept.get_mut(&at) {
                kept.push(word);
                kept.texts += usize::from(own == Word::Text);
            }
            if !matches!(own, Word::Number(_)) {
                let missing = own == Word::Missing;
                let fault = || Fault { line: line_number, found: shown(word), missing };
                self.faults.entry(at).or_insert_with(fault);
            }
        }
        if found != self.head.width {
            return Err(DenseError::Ragged { line: line_number, found, expected: self.head.width, last });
        }
        self.by_row.push(there);
        self.rows += 1;
        Ok(())
    }

    /// Columns that begin with a text or with nothing are kept.
    fn keep_texts(&mut self, line: &[u8]) -> Result<(), DenseError> {
        let commas = self.head.apart.has_commas();
        let others = words(line, self.head.apart).enumerate().take(self.head.width);
        let others = others.filter(|(_, word)| !matches!(Word::of(word, commas), Word::Number(_)));
        let others: Vec<usize> = others.map(|(at, _)| at).collect();
        if others.len() > MOST_KEPT && 2 * others.len() > self.head.width {
            return Err(DenseError::NotCounts {
                looks: format!(
                    "a table of texts: {} of {} columns begin with no number",
                    others.len(),
                    self.head.width
                ),
                todo: "choose the table of counts",
            });
        }
        self.kept.extend(others.into_iter().take(MOST_KEPT).map(|at| (at, Kept::default())));
        Ok(())
    }

    /// Name of a column.
    pub(super) fn name(&self, at: usize) -> &str {
        self.head.header.as_ref().and_then(|names| names.get(at)).map_or("", String::as_str)
    }

    /// Name of a column for a sentence, or its number.
    pub(super) fn called(&self, at: usize) -> String {
        match self.name(at) {
            "" => (at + 1).to_string(),
            name => name.chars().take(SHOWN).collect(),
        }
    }
}
