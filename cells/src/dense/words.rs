//! Words of a line, and what a word is.
//!
//! Does: cuts a line at tabs, commas, semicolons or blanks, takes quotes off; tells numbers, texts and words for nothing.
//! Does not know: lines before and after.
//! Flow: line → **words** → head and body.

/// What stands between words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apart {
    /// This byte, once.
    Byte(u8),
    /// Any number of blanks.
    Blanks,
}

impl Apart {
    /// All there are, the surest first.
    pub(super) const ALL: [Self; 4] = [Self::Byte(b'\t'), Self::Byte(b','), Self::Byte(b';'), Self::Blanks];

    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Byte(b'\t') => "tab-separated",
            Self::Byte(b',') => "comma-separated",
            Self::Byte(_) => "separated by semicolons",
            Self::Blanks => "separated by blanks",
        }
    }

    /// Where semicolons stand between words, commas stand in numbers.
    pub(super) fn has_commas(self) -> bool {
        self == Self::Byte(b';')
    }
}

/// Words of a line, without blanks and quotes around them.
pub(super) struct Words<'a> {
    rest: Option<&'a [u8]>,
    apart: Apart,
}

/// Words of a line.
pub(super) fn words(line: &[u8], apart: Apart) -> Words<'_> {
    let rest = match apart {
        Apart::Byte(_) => Some(line),
        Apart::Blanks => Some(line.trim_ascii()).filter(|rest| !rest.is_empty()),
    };
    Words { rest, apart }
}

/// Bytes up to the quote that ends a word; two quotes are one of its letters.
fn quoted(inside: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = inside[at..].iter().position(|byte| *byte == b'"') {
        at += length;
        if inside.get(at + 1) != Some(&b'"') {
            return at;
        }
        at += 2;
    }
    inside.len()
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let apart = self.apart;
        let ends = |byte: &u8| match apart {
            Apart::Byte(own) => *byte == own,
            Apart::Blanks => byte.is_ascii_whitespace(),
        };
        // Blanks before a quote are none of the word.
        let blanks = rest.iter().take_while(|byte| **byte == b' ' && !ends(byte)).count();
        let (word, after) = if rest.get(blanks) == Some(&b'"') {
            let inside = &rest[blanks + 1..];
            let length = quoted(inside);
            let after = inside.get(length + 1..).unwrap_or_default();
            (&inside[..length], after.iter().position(ends).map(|at| &after[at + 1..]))
        } else {
            let end = rest.iter().position(ends);
            (&rest[..end.unwrap_or(rest.len())], end.map(|at| &rest[at + 1..]))
        };
        self.rest = match apart {
            Apart::Byte(_) => after,
            Apart::Blanks => after.map(<[u8]>::trim_ascii_start).filter(|rest| !rest.is_empty()),
        };
        let word = word.trim_ascii();
        Some(word.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'")).unwrap_or(word))
    }
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word {
    /// A number.
    Number(f64),
    /// It stands for nothing.
    Missing,
    /// Anything else.
    Text,
}

impl Word {
    /// Of a word; `commas`: whether commas stand in numbers.
    pub(super) fn of(word: &[u8], commas: bool) -> Self {
        if let [digit @ b'0'..=b'9'] = word {
            return Self::Number(f64::from(digit - b'0'));
        }
        number(word, commas).map_or_else(|| if is_missing(word) { Self::Missing } else { Self::Text }, Self::Number)
    }
}

/// A finite number.
fn number(word: &[u8], commas: bool) -> Option<f64> {
    if !word.first().is_some_and(|first| first.is_ascii_digit() || b"+-.,".contains(first)) {
        return None;
    }
    if word.len() < 16 && word.iter().all(u8::is_ascii_digit) {
        return Some(word.iter().fold(0_u64, |sum, digit| 10 * sum + u64::from(digit - b'0')) as f64);
    }
    let text = std::str::from_utf8(word).ok()?;
    let number = if commas && text.contains(',') { text.replacen(',', ".", 1).parse() } else { text.parse() };
    number.ok().filter(|number: &f64| number.is_finite())
}

/// Whether a word stands for nothing.
pub(super) fn is_missing(word: &[u8]) -> bool {
    const NOTHING: [&[u8]; 11] =
        [b"", b"na", b"nan", b"n/a", b"#n/a", b"<na>", b"null", b"none", b"-", b".", b"missing"];
    word.len() < 8 && NOTHING.contains(&word.to_ascii_lowercase().as_slice())
}

#[cfg(test)]
mod tests {
    use super::{Apart, Word, words};

    fn cut(line: &str, apart: Apart) -> Vec<String> {
        words(line.as_bytes(), apart).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    #[test]
    fn words_come_without_quotes_and_blanks() {
        assert_eq!(cut("\ta\t\tb c\t", Apart::Byte(b'\t')), ["", "a", "", "b c", ""]);
        assert_eq!(cut("\"a, b\", \"c\",'d',\"e", Apart::Byte(b',')), ["a, b", "c", "d", "e"]);
        assert_eq!(cut("  \"a b\"  1 2.5 ", Apart::Blanks), ["a b", "1", "2.5"]);
        assert_eq!(cut("", Apart::Byte(b',')), [""]);
        assert!(cut(" ", Apart::Blanks).is_empty());
    }

    #[test]
    fn numbers_texts_and_nothing_are_told_apart() {
        let of = |word: &str| Word::of(word.as_bytes(), false);
        for (word, number) in
            [("0", 0.0), ("12", 12.0), ("1.0", 1.0), ("1e3", 1000.0), ("2.5E+01", 25.0), ("-3", -3.0), ("+4", 4.0)]
        {
            assert_eq!(of(word), Word::Number(number), "{word}");
        }
        for word in ["", "NA", "NaN", "-", "null", "#N/A"] {
            assert_eq!(of(word), Word::Missing, "{word}");
        }
        for word in ["CD3D", "inf", "1,234", "1O", "2024-01-01", "1e999"] {
            assert_eq!(of(word), Word::Text, "{word}");
        }
        assert_eq!(Word::of(b"1,5", true), Word::Number(1.5));
        assert_eq!(Word::of(b"123456789012345678", false), Word::Number(123_456_789_012_345_680.0));
    }
}
