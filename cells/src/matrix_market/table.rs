//! Texts that stand beside a matrix, as tables of words.
//!
//! Does: unpacks, takes off the byte order mark, reads UTF-8 and UTF-16, finds out what stands between words (tabs,
//! commas, semicolons, blanks), takes quotes off; keeps empty lines in their places.
//! Does not know: what the words are.
//! Flow: bytes → **lines of words** → companions.

use super::error::MtxError;
use super::inflate::Inflate;

/// Lines that decide what stands between words.
const LOOKED_AT: usize = 50;

/// A table of words.
pub(super) struct Table {
    /// Words of every line; empty lines have none.
    pub(super) lines: Vec<Vec<String>>,
}

/// The text of a file.
fn text(file: &'static str, bytes: &[u8]) -> Result<String, MtxError> {
    let wrong = |what: String| MtxError::Companion { file, what };
    let bytes = Inflate::all(bytes).map_err(|error| wrong(error.to_string()))?;
    let no_text = || wrong("this is no text (UTF-8)".to_owned());
    let wide = |number: fn([u8; 2]) -> u16| {
        let pairs = bytes[2..].chunks(2).map(|pair| pair.try_into().map(number));
        let units: Vec<u16> = pairs.collect::<Result<_, _>>().map_err(|_| no_text())?;
        String::from_utf16(&units).map_err(|_| no_text())
    };
    if bytes.starts_with(&[0xff, 0xfe]) {
        return wide(u16::from_le_bytes);
    }
    if bytes.starts_with(&[0xfe, 0xff]) {
        return wide(u16::from_be_bytes);
    }
    // Each byte of Latin-1 is a letter; binary files have zeros, which are refused below.
    let text =
        String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect());
    if text.contains('\0') {
        return Err(no_text());
    }
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// What stands between words: blanks where there is no tab, comma or semicolon in most lines.
fn between(lines: &[&str]) -> Option<char> {
    let some: Vec<&&str> = lines.iter().filter(|line| !line.trim().is_empty()).take(LOOKED_AT).collect();
    let in_most = |letter: &char| 2 * some.iter().filter(|line| line.contains(*letter)).count() > some.len();
    ['\t', ',', ';'].into_iter().find(in_most)
}

/// Words of a line with something between them; a word in quotes may hold it.
fn words(line: &str, apart: char) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let Some(word) = words.last_mut() else { break };
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                word.push('"');
            }
            // A quote inside a word is a letter of it.
            '"' if quoted || word.trim().is_empty() => quoted = !quoted,
            letter if letter == apart && !quoted => words.push(String::new()),
            letter => word.push(letter),
        }
    }
    words.iter().map(|word| word.trim().to_owned()).collect()
}

/// Takes single quotes off a word that stands in them as a whole.
fn unquote(word: &mut String) {
    if let Some(inside) = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        *word = inside.to_owned();
    }
}

/// Words of a line with blanks between them: the third may hold blanks (`Gene Expression`).
fn by_blanks(line: &str) -> Vec<String> {
    let mut rest = line.trim();
    let mut found = Vec::new();
    while !rest.is_empty() && found.len() < 2 {
        let end = if let Some(inside) = rest.strip_prefix('"') {
            inside.find('"').map_or(rest.len(), |end| end + 2)
        } else {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        };
        found.push(rest[..end].trim_matches('"').to_owned());
        rest = rest[end..].trim_start();
    }
    if !rest.is_empty() {
        found.push(rest.trim_matches('"').to_owned());
    }
    found
}

impl Table {
    /// Reads a table; empty lines at its end are none of it.
    ///
    /// # Errors
    /// When it is no text, or the packing is damaged.
    pub(super) fn read(file: &'static str, bytes: &[u8]) -> Result<Self, MtxError> {
        let text = text(file, bytes)?;
        // Old Macintosh line ends too.
        let text = if text.contains('\n') { text } else { text.replace('\r', "\n") };
        let lines: Vec<&str> = text.lines().collect();
        let apart = between(&lines);
        let of_line = |line: &&str| {
            if line.trim().is_empty() {
                return Vec::new();
            }
            apart.map_or_else(|| by_blanks(line), |apart| words(line, apart))
        };
        let mut lines: Vec<Vec<String>> = lines.iter().map(of_line).collect();
        lines.iter_mut().flatten().for_each(unquote);
        while lines.last().is_some_and(|line| line.iter().all(String::is_empty)) {
            lines.pop();
        }
        Ok(Self { lines })
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::Table;

    fn lines(text: &[u8]) -> Vec<Vec<String>> {
        Table::read("features.tsv", text).unwrap().lines
    }

    #[test]
    fn the_same_words_in_many_forms() {
        let expected = [["ENSG1", "CD3D", "Gene Expression"], ["ENSG2", "HLA-A", "Gene Expression"]];
        let tabs = "ENSG1\tCD3D\tGene Expression\nENSG2\tHLA-A\tGene Expression\n";
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(tabs.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let forms = [
            tabs.as_bytes().to_vec(),
            tabs.replace('\n', "\r\n").into_bytes(),
            tabs.replace('\n', "\r").into_bytes(),
            format!("\u{feff}{tabs}\n\n").into_bytes(),
            tabs.replace('\t', ",").into_bytes(),
            tabs.replace('\t', "; ").into_bytes(),
            tabs.replace('\t', " ").into_bytes(),
            "\"ENSG1\"\t\"CD3D\"\t\"Gene Expression\"\n\"ENSG2\"\t\"HLA-A\"\t\"Gene Expression\"".into(),
            "\"ENSG1\" \"CD3D\" \"Gene Expression\"\n\"ENSG2\" \"HLA-A\" \"Gene Expression\"".into(),
            utf16,
        ];
        for form in forms {
            assert_eq!(lines(&form), expected, "{:?}", String::from_utf8_lossy(&form));
        }
    }

    #[test]
    fn empty_lines_keep_their_places() {
        assert_eq!(lines(b"\nA\n\nB\n\n"), [vec![], vec!["A".to_owned()], vec![], vec!["B".to_owned()]]);
        assert_eq!(lines(b"a,\"b, c\",\"d \"\"e\"\"\"\n"), [["a", "b, c", "d \"e\""]]);
        assert!(Table::read("barcodes.tsv", &[0xff, 0xfe, 0x00]).is_err());
        assert!(Table::read("barcodes.tsv", &[b'a', 0, 0xff]).is_err());
    }
}
