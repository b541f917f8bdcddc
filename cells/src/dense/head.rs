//! The beginning of a table: what stands between words, the header, labels in lines of their own.
//!
//! Does: judges by the first lines; knows headers that have one name fewer than the lines after them (R), comments before
//! them, GCT's two lines, trailing separators.
//! Does not know: the lines after.
//! Flow: first lines → **`Head`** → body.

use super::error::DenseError;
use super::known::{is_index, side};
use super::words::{Apart, Word, words};
use crate::lines::decode;

/// Lines of labels above the values.
const MOST_LABELS: usize = 20;

/// What the beginning of a table says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    pub(super) apart: Apart,
    /// Words of a line.
    pub(super) width: usize,
    /// Names of the columns, as many as words; none without a header.
    pub(super) header: Option<Vec<String>>,
    /// Whether the header has no name for the first column.
    pub(super) shifted: bool,
    /// Lines of texts above the values, each with its name: labels of the columns.
    pub(super) labels: Vec<Vec<String>>,
    /// Number of the first line of values.
    pub(super) body: u64,
}

/// A line with its number.
type Line = (u64, Vec<u8>);

/// What the first lines are, without a table in them.
fn no_table(lines: &[Line]) -> DenseError {
    let text = lines.iter().map(|(_, line)| decode(line)).collect::<Vec<_>>();
    let short = text.iter().filter(|line| line.split_whitespace().count() <= 1).count();
    let names = lines.len() > 1 && 2 * short > lines.len();
    let (looks, todo) = if is_json(lines) {
        ("a text of JSON and no table", "choose the table or matrix of counts")
    } else if names {
        (
            "a list of names without counts",
            "choose it together with its matrix (matrix.mtx, features.tsv and barcodes.tsv), or choose a table of counts",
        )
    } else if lines.len() == 1 && Apart::ALL.iter().any(|apart| words(&lines[0].1, *apart).count() > 2) {
        (
            "the header of a table without a table: there is one line",
            "the file may have been cut off; copy or download it again",
        )
    } else {
        (
            "a text and no table: its lines hold no columns with tabs, commas, semicolons or blanks between them",
            "choose a table with a line for every gene and a column for every cell, or the other way round",
        )
    };
    DenseError::NotCounts { looks: looks.to_owned(), todo }
}

/// What stands between words: what cuts most lines into as many words, most of which are numbers.
fn apart(lines: &[Line]) -> Option<Apart> {
    let body = if lines.len() > 1 { &lines[1..] } else { lines };
    let score = |apart: Apart| {
        let rows: Vec<Vec<&[u8]>> = body.iter().map(|(_, line)| words(line, apart).collect()).collect();
        let agree = |width: usize| rows.iter().filter(|row| row.len() == width).count();
        let width = rows.iter().map(Vec::len).max_by_key(|width| (agree(*width), *width)).filter(|width| *width > 1)?;
        let inside = rows.iter().filter(|row| row.len() == width).flat_map(|row| &row[1..]);
        let (mut all, mut numbers) = (0_usize, 0_usize);
        for word in inside {
            all += 1;
            numbers += usize::from(matches!(Word::of(word, apart.has_commas()), Word::Number(_)));
        }
        let share = agree(width) as f64 / rows.len() as f64;
        // Of two lines one may be cut off.
        let fits = (share > 0.5 || (share == 0.5 && numbers > 0))
            .then_some(share * (0.5 + numbers as f64 / all.max(1) as f64))?;
        // Blanks stand in sentences too.
        (apart != Apart::Blanks || numbers > 0).then_some(fits)
    };
    let mut best: Option<(f64, Apart)> = None;
    for own in Apart::ALL {
        if let Some(score) = score(own).filter(|score| best.is_none_or(|(most, _)| *score > most)) {
            best = Some((score, own));
        }
    }
    best.map(|(_, apart)| apart)
}

/// Whether most words after the first are texts.
fn of_texts(row: &[&[u8]], commas: bool) -> bool {
    let texts = row.iter().skip(1).filter(|word| Word::of(word, commas) == Word::Text).count();
    2 * texts > row.len().saturating_sub(1)
}

/// Whether a text begins as JSON does: no name of a column has a bracket to begin with.
fn is_json(lines: &[Line]) -> bool {
    lines.first().is_some_and(|(_, line)| decode(line).trim_start().starts_with(['{', '[']))
}

/// Whether a first line is a header, given the width of the lines after it.
fn is_header(first: &[&[u8]], width: usize, commas: bool) -> bool {
    if first.len() < width {
        return true;
    }
    // A header of the sign of a comment alone has no words left.
    let Some((name, rest)) = first.split_first() else { return true };
    let name = decode(name);
    let known = if name.is_empty() { !rest.iter().all(|word| word.is_empty()) } else { side(&name).is_some() };
    let numbers: Option<Vec<f64>> = rest
        .iter()
        .map(|word| match Word::of(word, commas) {
            Word::Number(number) => Some(number),
            _ => None,
        })
        .collect();
    // Columns without names are numbered by pandas and by R.
    let numbered = |numbers: &[f64]| numbers.len() > 1 && numbers.windows(2).all(|two| two[1] == two[0] + 1.0);
    match numbers {
        None => true,
        Some(numbers) => known || (numbered(&numbers) && is_index(&name)),
    }
}

/// The lines without comments and empty ones before the table.
fn without_comments(lines: &[Line]) -> Vec<Line> {
    let gct = lines.first().is_some_and(|(_, line)| line.starts_with(b"#1.2") || line.starts_with(b"#1.3"));
    let mut left: Vec<Line> = lines.iter().skip(if gct { 2 } else { 0 }).cloned().collect();
    let comments = left.iter().take_while(|(_, line)| line.starts_with(b"#")).count();
    let Some((_, next)) = left.get(comments) else { return Vec::new() };
    // A header may begin with the sign of a comment: it has as many words as the lines after it.
    let is_header = |line: &[u8]| {
        Apart::ALL.iter().any(|apart| {
            let (own, next) = (words(line, *apart).count(), words(next, *apart).count());
            next > 1 && own == next && *apart != Apart::Blanks
        })
    };
    let kept = comments > 0 && is_header(&left[comments - 1].1);
    left.drain(..comments - usize::from(kept));
    if kept && let Some((_, line)) = left.first_mut() {
        line.drain(..1);
    }
    left
}

impl Head {
    /// Judges the first lines, of which none is empty.
    ///
    /// # Errors
    /// When they are no table.
    pub(super) fn of(lines: &[Line]) -> Result<Self, DenseError> {
        let table = without_comments(lines);
        if is_json(&table) {
            return Err(no_table(&table));
        }
        let Some(apart) = apart(&table) else { return Err(no_table(if table.is_empty() { lines } else { &table })) };
        let commas = apart.has_commas();
        let rows: Vec<Vec<&[u8]>> = table.iter().map(|(_, line)| words(line, apart).collect()).collect();
        let [first, second, ..] = rows.as_slice() else { return Err(no_table(&table)) };
        let width = second.len();
        let mut header: Vec<String> = first.iter().map(|word| decode(word)).collect();
        // A separator at the end of the header alone.
        if header.len() == width + 1 && header.last().is_some_and(String::is_empty) {
            header.pop();
        }
        let headed = is_header(first, width, commas);
        let shifted = header.len() + 1 == width;
        if headed && header.len() != width && !shifted {
            return Err(DenseError::Header { line: table[0].0, header: header.len(), width });
        }
        if shifted {
            header.insert(0, String::new());
        }
        let begin = usize::from(headed);
        let texts = rows[begin..].iter().take_while(|row| row.len() == width && of_texts(row, commas)).count();
        // Texts that no numbers follow are no labels of columns, and nor are lines with a number where numbers follow.
        let is_number = |word: &[u8]| matches!(Word::of(word, commas), Word::Number(_));
        let of_labels =
            |row: &[&[u8]], next: &[&[u8]]| !row.iter().zip(next).any(|(own, next)| is_number(own) && is_number(next));
        let follow = rows.get(begin + texts).is_some_and(|next| {
            !of_texts(next, commas) && rows[begin..begin + texts].iter().all(|row| of_labels(row, next))
        });
        let texts = if headed && follow && texts <= MOST_LABELS && width > 3 { texts } else { 0 };
        let labels = rows[begin..begin + texts].iter().map(|row| row.iter().map(|word| decode(word)).collect());
        Ok(Self {
            apart,
            width,
            header: headed.then_some(header),
            shifted: headed && shifted,
            labels: labels.collect(),
            body: table[begin + texts].0,
        })
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Apart, Head};

    fn head(text: &str) -> Result<Head, String> {
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let lines: Vec<(u64, Vec<u8>)> = lines.map(|(line, at)| (at, line.as_bytes().to_vec())).collect();
        Head::of(&lines).map_err(|error| error.to_string())
    }

    #[test]
    fn one_table_in_many_forms() {
        let expected = ["", "c1", "c2"].map(str::to_owned).to_vec();
        for (text, apart, body) in [
            (",c1,c2\nA,1,2\nB,3,4\n", Apart::Byte(b','), 2),
            ("\tc1\tc2\nA\t1\t2\nB\t3\t4\n", Apart::Byte(b'\t'), 2),
            ("\"c1\" \"c2\"\n\"A\" 1 2\n\"B\" 3 4\n", Apart::Blanks, 2),
            ("c1\tc2\nA\t1\t2\n", Apart::Byte(b'\t'), 2),
            (";c1;c2\nA;1,5;2,5\nB;3,0;4,0\n", Apart::Byte(b';'), 2),
            ("# made by x\n#\n\n,c1,c2\nA,1,2\n", Apart::Byte(b','), 5),
            ("#,c1,c2\nA,1,2\n", Apart::Byte(b','), 2),
            ("#1.2\n2\t2\n\tc1\tc2\nA\t1\t2\n", Apart::Byte(b'\t'), 4),
            (",c1,c2,\nA,1,2\n", Apart::Byte(b','), 2),
        ] {
            let found = head(text).unwrap();
            assert_eq!((found.apart, found.body, found.width), (apart, body, 3), "{text}");
            assert_eq!(found.header.as_ref(), Some(&expected), "{text}");
        }
        let none = head("A,5,2\nB,3,4\n").unwrap();
        assert_eq!((none.header, none.body), (None, 1));
        let numbered = head(",0,1,2\nA,5,2,0\nB,3,4,1\n").unwrap();
        assert_eq!((numbered.header.is_some(), numbered.body), (true, 2));
        let labelled = head("gene,c1,c2,c3\ntype,B,T,T\nA,5,2,1\nB,3,4,1\n").unwrap();
        assert_eq!((labelled.labels, labelled.body), (vec![["type", "B", "T", "T"].map(str::to_owned).to_vec()], 3));
    }

    #[test]
    fn what_is_no_table_is_told() {
        assert!(
            head("This is a text.\nIt has, perhaps, a comma.\nNo more.\n").unwrap_err().contains("a text and no table")
        );
        assert!(head("CD3D\nLYZ\nMS4A1\n").unwrap_err().contains("list of names"));
        assert!(head("{\n \"a\": 1\n}\n").unwrap_err().contains("JSON"));
        assert!(head("a,b\n").is_err() && head("").is_err());
        assert!(head(",c1,c2,c3\n").unwrap_err().contains("there is one line"));
        assert!(head("#\t\na 1\t2 3\nb 1\t2 3\n").is_err(), "nothing is left of the header");
        assert!(
            head("a,b\n1,2,3,4\n1,2,3,4\n").unwrap_err().contains("(line 1) holds 2 names, but the line after it 4")
        );
    }
}
