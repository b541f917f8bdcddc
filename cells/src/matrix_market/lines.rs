//! The lines of a Matrix Market file, from pieces of bytes of any length.
//!
//! Does: checks the first line where there is one, finds the size, turns each further line into an entry, with commas in
//! it or not; every error names its line.
//! Does not know: what rows and columns are, whether values are counts.
//! Flow: bytes → **entries**.

use super::error::MtxError;
use crate::kind::is_count;
use crate::lines::Lines;

/// Longest line of numbers, and longest comment; a longer one is not text.
const LONGEST: usize = 4096;
const LONGEST_COMMENT: usize = 1 << 20;
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

/// Reads a file as its bytes come: in UTF-8 or UTF-16, with any line ends.
#[derive(Clone, Debug)]
pub struct Reader {
    lines: Lines,
    state: State,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

/// What is known of a file after some of its lines.
#[derive(Clone, Debug, Default)]
struct State {
    /// Line that was read last, from 1; 0 before anything came.
    line: u64,
    /// Whether the first line was read.
    headed: bool,
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

/// The words of a line with blanks between them, where something else stands there: commas, semicolons, a comma in a
/// number with a fraction.
fn with_blanks(line: &[u8]) -> Vec<u8> {
    let line = line.trim_ascii();
    let apart = if line.contains(&b';') { b';' } else { b',' };
    let alone = !line.iter().any(u8::is_ascii_whitespace);
    let ends = |at: usize| line.get(at + 1).is_none_or(u8::is_ascii_whitespace);
    let plain = |(at, byte): (usize, &u8)| match *byte {
        byte if byte == apart && (alone || ends(at)) => b' ',
        b',' => b'.',
        byte => byte,
    };
    line.iter().enumerate().map(plain).collect()
}

impl Reader {
    /// Before the first byte.
    pub fn new() -> Self {
        Self { lines: Lines::new(LONGEST_COMMENT), state: State::default() }
    }

    /// The size, once its line has come.
    pub fn size(&self) -> Option<Size> {
        self.state.size
    }

    /// Entries so far.
    pub fn found(&self) -> u64 {
        self.state.found
    }

    /// The first value that is no count, if one has come.
    pub fn odd(&self) -> Option<Odd> {
        self.state.odd
    }

    /// Takes the next bytes; whole lines among them become entries.
    ///
    /// # Errors
    /// At the first line that is wrong.
    pub fn push(&mut self, bytes: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), MtxError> {
        let Self { lines, state } = self;
        lines.push(bytes, &mut |number, line: &[u8]| state.take_line(number, line, take))
    }

    /// Ends the file; gives its size and the first value that is no count.
    ///
    /// # Errors
    /// When the last line is wrong or values are missing.
    pub fn finish(self, take: &mut impl FnMut(Entry)) -> Result<(Size, Option<Odd>), MtxError> {
        let Self { lines, mut state } = self;
        lines.finish(&mut |number, line: &[u8]| state.take_line(number, line, take))?;
        let Some(size) = state.size else { return Err(state.wrong(b"")) };
        if state.found < size.stored {
            return Err(MtxError::Short { expected: size.stored, found: state.found });
        }
        Ok((size, state.odd))
    }
}

impl State {
    /// The error of a line that is not what stands at its place.
    fn wrong(&self, line: &[u8]) -> MtxError {
        let found = shown(line);
        match self.size {
            None if !self.headed => MtxError::Header { line: self.line.max(1), found },
            None => MtxError::Size { line: self.line, found },
            Some(size) => MtxError::Entry { line: self.line, found, rows: size.rows, columns: size.columns },
        }
    }

    fn take_line(&mut self, number: u64, line: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), MtxError> {
        self.line = number;
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if line.trim_ascii_start().first() == Some(&b'%') {
            if !self.headed && is_banner(line) {
                self.check_head(line)?;
                self.headed = true;
            }
            return Ok(());
        }
        if line.len() > LONGEST {
            return Err(self.wrong(line));
        }
        if line.contains(&b',') || line.contains(&b';') {
            return self.take_words(line, &with_blanks(line), take);
        }
        self.take_words(line, line, take)
    }

    /// Takes a line of numbers; `shown` is how it stands in the file.
    fn take_words(&mut self, shown: &[u8], line: &[u8], take: &mut impl FnMut(Entry)) -> Result<(), MtxError> {
        let mut words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let (Some(first), Some(second), Some(third)) = (words.next(), words.next(), words.next()) else {
            return Err(self.wrong(shown));
        };
        let more = words.count();
        let (Some(first), Some(second)) = (digits(first), digits(second)) else { return Err(self.wrong(shown)) };
        let Some(size) = self.size else {
            // Without the first line three whole numbers can be nothing but the size of a matrix of entries.
            let stored = digits(third).filter(|_| more == 0).ok_or_else(|| self.wrong(shown))?;
            self.headed = true;
            self.size = Some(Size { rows: first, columns: second, stored });
            return Ok(());
        };
        if more > 0 {
            return Err(MtxError::Several { line: self.line, values: more + 1, found: self::shown(shown) });
        }
        let inside = (1..=size.rows).contains(&first) && (1..=size.columns).contains(&second);
        let (Ok(row), Ok(column)) = (u32::try_from(first), u32::try_from(second)) else {
            return Err(self.wrong(shown));
        };
        if !inside || self.found == size.stored {
            return Err(self.wrong(shown));
        }
        let value = number(third).filter(|value| value.is_finite()).ok_or_else(|| self.wrong(shown))?;
        if self.odd.is_none() && !is_count(value) {
            self.odd = Some(Odd { line: self.line, value });
        }
        self.found += 1;
        take(Entry { row: row - 1, column: column - 1, value });
        Ok(())
    }

    fn check_head(&self, line: &[u8]) -> Result<(), MtxError> {
        let text = String::from_utf8_lossy(line).to_lowercase();
        let words: Vec<&str> =
            text.split([' ', '\t', ',', ';']).map(str::trim).filter(|word| !word.is_empty()).collect();
        const NUMBERS: [&str; 6] = ["integer", "real", "float", "double", "unsigned-integer", "int"];
        match words.as_slice() {
            [_, "matrix", "coordinate", kind, "general"] if NUMBERS.contains(kind) => Ok(()),
            _ => Err(self.wrong(line)),
        }
    }
}

/// Whether a line is the first of a Matrix Market file; others that begin alike are comments.
fn is_banner(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&line[..line.len().min(SHOWN)]).to_lowercase();
    text.trim_start().trim_start_matches('%').trim_start().starts_with("matrixmarket")
}
