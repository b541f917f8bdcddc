//! The second reading of a table: its values.
//!
//! Does: hands out every value that is not zero with its row and column, checks that the text is the one that was read
//! before.
//! Does not know: genes, cells.
//! Flow: pieces of text → **entries** → `Trio`.

use super::body::is_passed_over;
use super::error::{DenseError, LONGEST};
use super::found::{Layout, NO_VALUES, Table};
use super::words::{Word, words};
use crate::kind::is_count;
use crate::lines::Lines;
use crate::matrix_market::{Entry, Odd};

/// Reads the values of a table that was read before.
#[derive(Clone, Debug)]
pub struct Values {
    lines: Lines,
    state: State,
}

#[derive(Clone, Debug)]
struct State {
    layout: Layout,
    row: usize,
    odd: Option<Odd>,
}

impl Values {
    /// Before the first byte.
    pub fn new(table: &Table) -> Self {
        Self { lines: Lines::new(LONGEST), state: State { layout: table.layout.clone(), row: 0, odd: None } }
    }

    /// Takes the next bytes of the text; whole lines among them become entries.
    ///
    /// # Errors
    /// When the text is another than at the first reading.
    pub fn push(&mut self, bytes: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), DenseError> {
        let state = &mut self.state;
        self.lines.push(bytes, &mut |number, line| state.line(number, line, take))
    }

    /// Ends the text; gives the first value that is no count.
    ///
    /// # Errors
    /// As [`Values::push`].
    pub fn finish(self, take: &mut impl FnMut(Entry)) -> Result<Option<Odd>, DenseError> {
        let Self { lines, mut state } = self;
        lines.finish(&mut |number, line| state.line(number, line, take))?;
        if state.row == state.layout.rows { Ok(state.odd) } else { Err(DenseError::Changed) }
    }
}

impl State {
    fn line(&mut self, number: u64, line: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), DenseError> {
        let Layout { apart, body, places, rows } = &self.layout;
        if number < *body || is_passed_over(line, *apart, places.len()) {
            return Ok(());
        }
        let commas = apart.has_commas();
        let mut found = 0;
        for (word, column) in words(line, *apart).zip(places) {
            found += 1;
            if *column == NO_VALUES || word == b"0" {
                continue;
            }
            let Word::Number(value) = Word::of(word, commas) else { return Err(DenseError::Changed) };
            if value == 0.0 {
                continue;
            }
            if self.odd.is_none() && !is_count(value) {
                self.odd = Some(Odd { line: number, value });
            }
            take(Entry { row: self.row as u32, column: *column, value });
        }
        if found != places.len() || self.row >= *rows {
            return Err(DenseError::Changed);
        }
        self.row += 1;
        Ok(())
    }
}
