//! The lines of a Matrix Market file, from pieces of bytes of any length.
//!
//! Does: checks the first line, finds the size, turns each further line into an entry; every error names its line.
//! Does not know: what rows and columns are, whether values are counts.
//! Flow: bytes → **entries**.

use super::error::MtxError;
use crate::kind::is_count;

/// Longest line; a longer one is not text.
const LONGEST: usize = 4096;
/// Letters of a line that an error shows.
const SHOWN: usize = 60;

/// What the size line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub rows: u64,
    /// Columns.
    pub columns: u64,
    /// Values.
    pub stored: u64,
}

/// One stored value; row and column count from 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Row.
    pub row: u32,
    /// Column.
    pub column: u32,
    /// Value.
    pub value: f64,
}

/// The first value that is no count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odd {
    /// Its line, from 1.
    pub line: u64,
    /// The value.
    pub value: f64,
}

/// Reads a file as its bytes come.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// Line that was read last, from 1; 0 before anything came.
    line: u64,
    /// Whether the first line was read.
    headed: bool,
    /// Beginning of a line whose end has not come.
    rest: Vec<u8>,
    size: Option<Size>,
    found: u64,
    odd: Option<Odd>,
}

/// The beginning of a line for an error.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>().trim().to_owned()
}

/// A whole number of digits alone.
fn digits(word: &[u8]) -> Option<u64> {
    if word.is_empty() || word.len() > 18 {
        return None;
    }
    word.iter().try_fold(0_u64, |sum, byte| byte.is_ascii_digit().then(|| 10 * sum + u64::from(byte - b'0')))
}

/// A number that may be written with a point or an exponent.
fn number(word: &[u8]) -> Option<f64> {
    match digits(word) {
        Some(whole) => Some(whole as f64),
        None => std::str::from_utf8(word).ok()?.parse().ok(),
    }
}

impl Reader {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// The size, once its line has come.
    pub fn size(&self) -> Option<Size> {
        self.size
    }

    /// Entries so far.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// The first value that is no count, if one has come.
    pub fn odd(&self) -> Option<Odd> {
        self.odd
    }

    /// Takes the next bytes; whole lines among them become entries.
    ///
    /// # Errors
    /// At the first line that is wrong.
    pub fn push(&mut self, bytes: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), MtxError> {
        let mut from = 0;
        while let Some(length) = bytes[from..].iter().position(|byte| *byte == b'\n') {
            let piece = &bytes[from..from + length];
            if self.rest.is_empty() {
                self.take_line(piece, take)?;
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(piece);
                self.take_line(&whole, take)?;
            }
            from += length + 1;
        }
        self.rest.extend_from_slice(&bytes[from..]);
        // Of a long comment its mark is enough.
        if self.headed && self.rest.trim_ascii_start().first() == Some(&b'%') {
            self.rest.truncate(LONGEST);
        }
        if self.rest.len() > LONGEST {
            self.line += 1;
            return Err(self.wrong(&self.rest));
        }
        Ok(())
    }

    /// Ends the file; gives its size and the first value that is no count.
    ///
    /// # Errors
    /// When the last line is wrong or values are missing.
    pub fn finish(mut self, take: &mut impl FnMut(Entry)) -> Result<(Size, Option<Odd>), MtxError> {
        let last = std::mem::take(&mut self.rest);
        if !last.is_empty() {
            self.take_line(&last, take)?;
        }
        let Some(size) = self.size else { return Err(self.wrong(b"")) };
        if self.found < size.stored {
            return Err(MtxError::Short { expected: size.stored, found: self.found });
        }
        Ok((size, self.odd))
    }

    /// The error of a line that is not what stands at its place.
    fn wrong(&self, line: &[u8]) -> MtxError {
        let found = shown(line);
        match self.size {
            None if !self.headed => MtxError::Header { line: self.line.max(1), found },
            None => MtxError::Size { line: self.line, found },
            Some(size) => MtxError::Entry { line: self.line, found, rows: size.rows, columns: size.columns },
        }
    }

    fn take_line(&mut self, line: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), MtxError> {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if self.line == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if !self.headed {
            self.check_head(line)?;
            self.headed = true;
            return Ok(());
        }
        if line.trim_ascii_start().first() == Some(&b'%') {
            return Ok(());
        }
        let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let (Some(first), Some(second), Some(third)) = (words.next(), words.next(), words.next()) else {
            return Err(self.wrong(line));
        };
        let more = words.count();
        let (Some(first), Some(second)) = (digits(first), digits(second)) else { return Err(self.wrong(line)) };
        let Some(size) = self.size else {
            let stored = digits(third).filter(|_| more == 0).ok_or_else(|| self.wrong(line))?;
            self.size = Some(Size { rows: first, columns: second, stored });
            return Ok(());
        };
        if more > 0 {
            return Err(MtxError::Several { line: self.line, values: more + 1, found: shown(line) });
        }
        let inside = (1..=size.rows).contains(&first) && (1..=size.columns).contains(&second);
        let (Ok(row), Ok(column)) = (u32::try_from(first), u32::try_from(second)) else {
            return Err(self.wrong(line));
        };
        if !inside || self.found == size.stored {
            return Err(self.wrong(line));
        }
        let value = number(third).filter(|value| value.is_finite()).ok_or_else(|| self.wrong(line))?;
        if self.odd.is_none() && !is_count(value) {
            self.odd = Some(Odd { line: self.line, value });
        }
        self.found += 1;
        take(Entry { row: row - 1, column: column - 1, value });
        Ok(())
    }

    fn check_head(&self, line: &[u8]) -> Result<(), MtxError> {
        let text = String::from_utf8_lossy(line).to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        const NUMBERS: [&str; 6] = ["integer", "real", "float", "double", "unsigned-integer", "int"];
        match words.as_slice() {
            ["%%matrixmarket", "matrix", "coordinate", kind, "general"] if NUMBERS.contains(kind) => Ok(()),
            _ => Err(self.wrong(line)),
        }
    }
}
