//! The lines of a Matrix Market file, from pieces of bytes of any length.
//!
//! Does: checks the first line, finds the size, turns each further line into an entry; every error names its line.
//! Does not know: what rows and columns are.
//! Flow: bytes → **entries**.

use super::MtxError;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Row.
    pub row: u32,
    /// Column.
    pub column: u32,
    /// Count.
    pub value: u32,
}

/// Reads a file as its bytes come.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// Line that is read next, from 1; 0 before anything came.
    line: u64,
    /// Beginning of a line whose end has not come.
    rest: Vec<u8>,
    size: Option<Size>,
    found: u64,
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
    std::str::from_utf8(word).ok()?.parse().ok()
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
        if self.rest.len() > LONGEST {
            self.line += 1;
            return Err(self.wrong(&self.rest));
        }
        Ok(())
    }

    /// Ends the file and gives its size.
    ///
    /// # Errors
    /// When the last line is wrong or values are missing.
    pub fn finish(mut self, take: &mut impl FnMut(Entry)) -> Result<Size, MtxError> {
        let last = std::mem::take(&mut self.rest);
        if !last.is_empty() {
            self.take_line(&last, take)?;
        }
        let Some(size) = self.size else { return Err(self.wrong(b"")) };
        if self.found < size.stored {
            return Err(MtxError::Short { expected: size.stored, found: self.found });
        }
        Ok(size)
    }

    /// The error of a line that is not what stands at its place.
    fn wrong(&self, line: &[u8]) -> MtxError {
        let found = shown(line);
        match self.size {
            None if self.line <= 1 => MtxError::Header { found },
            None => MtxError::Size { line: self.line, found },
            Some(size) => MtxError::Entry { line: self.line, found, rows: size.rows, columns: size.columns },
        }
    }

    fn take_line(&mut self, line: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), MtxError> {
        self.line += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.line == 1 {
            return self.check_head(line);
        }
        if line.first() == Some(&b'%') || line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let (Some(first), Some(second), Some(third), None) = (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(self.wrong(line));
        };
        let (Some(first), Some(second)) = (digits(first), digits(second)) else { return Err(self.wrong(line)) };
        let Some(size) = self.size else {
            let stored = digits(third).ok_or_else(|| self.wrong(line))?;
            self.size = Some(Size { rows: first, columns: second, stored });
            return Ok(());
        };
        let inside = (1..=size.rows).contains(&first) && (1..=size.columns).contains(&second);
        let (Ok(row), Ok(column)) = (u32::try_from(first), u32::try_from(second)) else {
            return Err(self.wrong(line));
        };
        if !inside || self.found == size.stored {
            return Err(self.wrong(line));
        }
        let value = self.value(third, line)?;
        self.found += 1;
        take(Entry { row: row - 1, column: column - 1, value });
        Ok(())
    }

    /// A count, also one written as `3.0`.
    fn value(&self, word: &[u8], line: &[u8]) -> Result<u32, MtxError> {
        if let Some(value) = digits(word).and_then(|value| u32::try_from(value).ok()) {
            return Ok(value);
        }
        let value = number(word).ok_or_else(|| self.wrong(line))?;
        // A cast stops at the ends of the range and cuts the fraction off, so only a count comes back as it was.
        if f64::from(value as u32) == value {
            return Ok(value as u32);
        }
        Err(MtxError::NotACount { line: self.line, value })
    }

    fn check_head(&self, line: &[u8]) -> Result<(), MtxError> {
        let text = String::from_utf8_lossy(line).to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            ["%%matrixmarket", "matrix", "coordinate", "integer" | "real", "general"] => Ok(()),
            _ => Err(self.wrong(line)),
        }
    }
}
