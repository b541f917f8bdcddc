//! The first reading of a table.
//!
//! Does: unites lines, head and body; waits with the judgement of the head until enough lines have come.
//! Does not know: files; how the bytes were packed.
//! Flow: pieces of text → lines → head, body → **`Table`**.

use super::body::Body;
use super::error::{DenseError, LONGEST};
use super::found::Table;
use super::head::Head;
use crate::h5ad::Matrix;
use crate::lines::Lines;

/// Lines that are enough to judge the head, and bytes of them where lines are long.
const LINES: usize = 40;
const BYTES: usize = 4 << 20;

/// Reads a table for the first time.
#[derive(Clone, Debug)]
pub struct Scan {
    lines: Lines,
    taken: Taken,
}

/// Lines that were taken.
#[derive(Clone, Debug, Default)]
struct Taken {
    /// First lines, until the head is judged.
    early: Vec<(u64, Vec<u8>)>,
    bytes: usize,
    /// Number of a last line without an end.
    last: Option<u64>,
    body: Option<Body>,
}

impl Default for Scan {
    fn default() -> Self {
        Self::new()
    }
}

impl Scan {
    /// Before the first byte.
    pub fn new() -> Self {
        Self { lines: Lines::new(LONGEST), taken: Taken::default() }
    }

    /// Takes the next bytes of the text.
    ///
    /// # Errors
    /// When it is no text or no table, or lines have different numbers of words.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DenseError> {
        let taken = &mut self.taken;
        self.lines.push(bytes, &mut |number, line| taken.take(number, line, false))
    }

    /// Ends the text. `asked` may name a genome, or the side of the genes (`genes in rows`, `cells in rows`).
    ///
    /// # Errors
    /// As [`Scan::push`], and when the table is none of counts.
    pub fn finish(self, asked: &Matrix) -> Result<Table, DenseError> {
        let Self { lines, mut taken } = self;
        lines.finish(&mut |number, line| taken.take(number, line, true))?;
        taken.judge()?;
        match taken.body {
            Some(body) => Table::of(body, asked),
            None => Err(DenseError::Changed),
        }
    }
}

impl Taken {
    fn take(&mut self, number: u64, line: &[u8], last: bool) -> Result<(), DenseError> {
        if let Some(body) = &mut self.body {
            return body.take(number, line, last);
        }
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        self.bytes += line.len();
        self.last = last.then_some(number);
        self.early.push((number, line.to_vec()));
        if self.early.len() >= LINES || (self.early.len() > 3 && self.bytes > BYTES) {
            return self.judge();
        }
        Ok(())
    }

    /// Judges the head by what has come, and hands the other lines to the body.
    fn judge(&mut self) -> Result<(), DenseError> {
        if self.body.is_some() {
            return Ok(());
        }
        let head = Head::of(&self.early)?;
        let first = head.body;
        let mut body = Body::new(head);
        for (number, line) in self.early.drain(..).filter(|(number, _)| *number >= first) {
            body.take(number, &line, self.last == Some(number))?;
        }
        self.body = Some(body);
        Ok(())
    }
}
