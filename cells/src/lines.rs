//! Lines of a text that comes in pieces.
//!
//! Does: takes off the byte order mark, reads UTF-8, Latin-1 and UTF-16, ends lines at line feeds and at the carriage
//! returns of Windows and old Macintoshes; counts lines.
//! Does not know: what stands in them.
//! Flow: pieces of bytes → **lines with their numbers** → dense tables, Matrix Market.

/// Bytes that tell how letters are written.
const MARK: usize = 3;

/// Why bytes are no lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A line, from 1, is no text.
    NoText(u64),
    /// A line, from 1, is longer than the most that is read.
    Long(u64),
}

/// How letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letters {
    /// Fewer bytes than tell have come.
    Unknown,
    /// A byte for each letter of ASCII.
    Bytes,
    /// Two bytes for each; whether the lower stands first.
    Wide { lower_first: bool },
}

/// Cuts a text into lines.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    letters: Letters,
    /// First bytes, or those of a letter that is not whole.
    early: Vec<u8>,
    /// First half of a letter of four bytes in UTF-16.
    half: Option<u16>,
    /// Beginning of a line whose end has not come.
    rest: Vec<u8>,
    /// Lines so far.
    line: u64,
    /// Whether the last byte was a carriage return.
    returned: bool,
    /// Longest line in bytes.
    longest: usize,
}

/// The letters of a word.
pub(crate) fn decode(word: &[u8]) -> String {
    let text = match std::str::from_utf8(word) {
        Ok(text) => text.to_owned(),
        // Each byte of Latin-1 is a letter.
        Err(_) => word.iter().copied().map(char::from).collect(),
    };
    if text.contains("\"\"") { text.replace("\"\"", "\"") } else { text }
}

impl Lines {
    /// Before the first byte; no line may be longer than so many bytes.
    pub(crate) fn new(longest: usize) -> Self {
        let letters = Letters::Unknown;
        Self { letters, early: Vec::new(), half: None, rest: Vec::new(), line: 0, returned: false, longest }
    }

    /// Takes the next bytes and hands out the lines that are whole.
    ///
    /// # Errors
    /// When it is no text, and those of `take`.
    pub(crate) fn push<F, E>(&mut self, bytes: &[u8], take: &mut F) -> Result<(), E>
    where
        F: FnMut(u64, &[u8]) -> Result<(), E>,
        E: From<Fault>,
    {
        if self.letters == Letters::Bytes {
            return self.cut(bytes, take);
        }
        self.early.extend_from_slice(bytes);
        if self.letters == Letters::Unknown {
            if self.early.len() < MARK {
                return Ok(());
            }
            self.letters = Self::told(&mut self.early);
        }
        let text = self.plain();
        self.cut(&text, take)
    }

    /// Ends the text; a last line without an end is handed out.
    ///
    /// # Errors
    /// As [`Lines::push`].
    pub(crate) fn finish<F, E>(mut self, take: &mut F) -> Result<(), E>
    where
        F: FnMut(u64, &[u8]) -> Result<(), E>,
        E: From<Fault>,
    {
        if self.letters == Letters::Unknown {
            self.letters = Self::told(&mut self.early);
            let text = self.plain();
            self.cut(&text, take)?;
        }
        if !self.early.is_empty() {
            return Err(Fault::NoText(self.line + 1).into());
        }
        if self.rest.is_empty() {
            return Ok(());
        }
        let last = std::mem::take(&mut self.rest);
        self.hand_out(&last, take)
    }

    /// How letters are written, by the mark, which is taken off.
    fn told(early: &mut Vec<u8>) -> Letters {
        let (letters, mark) = if early.starts_with(&[0xff, 0xfe]) {
            (Letters::Wide { lower_first: true }, 2)
        } else if early.starts_with(&[0xfe, 0xff]) {
            (Letters::Wide { lower_first: false }, 2)
        } else if early.starts_with(b"\xef\xbb\xbf") {
            (Letters::Bytes, 3)
        } else {
            (Letters::Bytes, 0)
        };
        early.drain(..mark);
        letters
    }

    /// The bytes that wait, in UTF-8.
    fn plain(&mut self) -> Vec<u8> {
        let Letters::Wide { lower_first } = self.letters else { return std::mem::take(&mut self.early) };
        let unit = if lower_first { u16::from_le_bytes } else { u16::from_be_bytes };
        let whole = self.early.len() / 2 * 2;
        let bytes: Vec<u8> = self.early.drain(..whole).collect();
        let pairs = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(unit);
        let mut units: Vec<u16> = self.half.take().into_iter().chain(pairs).collect();
        if units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            self.half = units.pop();
        }
        let letters = char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        letters.collect::<String>().into_bytes()
    }

    fn cut<F, E>(&mut self, bytes: &[u8], take: &mut F) -> Result<(), E>
    where
        F: FnMut(u64, &[u8]) -> Result<(), E>,
        E: From<Fault>,
    {
        let mut from = 0;
        while let Some(length) = bytes[from..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (piece, end) = (&bytes[from..from + length], bytes[from + length]);
            from += length + 1;
            // The line feed after a carriage return ends the line that has ended already.
            let is_second = end == b'\n' && length == 0 && self.returned && self.rest.is_empty();
            self.returned = end == b'\r';
            if is_second {
                continue;
            }
            if self.rest.is_empty() {
                self.hand_out(piece, take)?;
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(piece);
                self.hand_out(&whole, take)?;
            }
        }
        if from < bytes.len() {
            self.returned = false;
            self.rest.extend_from_slice(&bytes[from..]);
        }
        if self.rest.len() > self.longest {
            return Err(Fault::Long(self.line + 1).into());
        }
        Ok(())
    }

    fn hand_out<F, E>(&mut self, line: &[u8], take: &mut F) -> Result<(), E>
    where
        F: FnMut(u64, &[u8]) -> Result<(), E>,
        E: From<Fault>,
    {
        self.line += 1;
        if line.contains(&0) {
            return Err(Fault::NoText(self.line).into());
        }
        take(self.line, line)
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Fault, Lines, decode};

    fn lines(bytes: &[u8], piece: usize) -> Vec<(u64, String)> {
        let (mut lines, mut found) = (Lines::new(100), Vec::new());
        let mut take = |number, line: &[u8]| {
            found.push((number, decode(line)));
            Ok::<(), Fault>(())
        };
        bytes.chunks(piece).for_each(|piece| lines.push(piece, &mut take).unwrap());
        lines.finish(&mut take).unwrap();
        found
    }

    #[test]
    fn lines_are_the_same_in_any_pieces_and_letters() {
        let expected: Vec<(u64, String)> =
            [(1, "a\u{e9}"), (2, ""), (3, "\u{1f9ec}b"), (4, "c")].map(|(at, text)| (at, text.to_owned())).to_vec();
        let plain = "a\u{e9}\n\n\u{1f9ec}b\nc";
        let wide = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.into_iter().chain(plain.encode_utf16().flat_map(bytes)).collect()
        };
        let forms = [
            plain.as_bytes().to_vec(),
            format!("\u{feff}{plain}\n").into_bytes(),
            plain.replace('\n', "\r\n").into_bytes(),
            plain.replace('\n', "\r").into_bytes(),
            wide([0xff, 0xfe], u16::to_le_bytes),
            wide([0xfe, 0xff], u16::to_be_bytes),
        ];
        for form in forms {
            for piece in [1, 2, 3, 5, 1000] {
                assert_eq!(lines(&form, piece), expected, "{form:?} in pieces of {piece}");
            }
        }
        assert_eq!(lines(b"", 1), []);
        assert_eq!(lines(b"x", 1), [(1, "x".to_owned())]);
        assert_eq!(lines(b"caf\xe9\n", 9), [(1, "caf\u{e9}".to_owned())]);
    }

    #[test]
    fn what_is_no_text_is_told() {
        let failed = |bytes: &[u8]| {
            let mut lines = Lines::new(100);
            let mut take = |_, _: &[u8]| Ok::<(), Fault>(());
            lines.push(bytes, &mut take).and_then(|()| lines.finish(&mut take)).unwrap_err()
        };
        assert_eq!(failed(b"a,b\n1,\0\n"), Fault::NoText(2));
        assert_eq!(failed(&[0xff, 0xfe, b'a', 0, b'b']), Fault::NoText(1));
        assert_eq!(failed(format!("a\n{}", "b".repeat(101)).as_bytes()), Fault::Long(2));
    }
}
