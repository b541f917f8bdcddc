//! Lines of a table that stand for the rows of a matrix.
//!
//! Does: tells a header from the first name, skips empty lines where names fit without them, so that a name never stands
//! with another row than its own; gives columns by place and by name, without the numbers of rows that R writes.
//! Does not know: whether rows are genes or cells.
//! Flow: table and number of rows → **fitted table** → companions.

use super::table::Table;
use crate::feature_kinds::joined;
use crate::names::{is_barcode, is_identifier};

/// Words that stand in headers and are no names of genes or cells, joined.
const HEADERS: &str = "geneid geneids genename genenames genesymbol genesymbols symbol symbols gene genes id ids name \
    names feature features featureid featureids featurename featurenames featuretype featuretypes type genome ensembl \
    ensemblid ensemblids ensemblgeneid ensemblgene hgnc hgncsymbol hgncid mgisymbol accession entrezid entrez biotype \
    genebiotype genetype geneshortname varnames targetid transcriptid barcode barcodes barcodeid cell cells cellid cellids \
    cellbarcode cellbarcodes cellname cellnames obsnames bcwells index rownames";
/// Words that could be a name as well, and programs' words for headers of nothing.
const PERHAPS: [&str; 8] = ["", "x", "sample", "cb", "bc", "chromosome", "chr", "description"];

/// A table whose lines stand for rows of the matrix.
pub(super) struct Fitted {
    header: Option<Vec<String>>,
    pub(super) lines: Vec<Vec<String>>,
    /// Empty lines that were skipped.
    pub(super) skipped: usize,
}

/// Whether a word is one that stands in headers alone.
fn is_word(word: &str) -> bool {
    HEADERS.split_whitespace().any(|own| own == word)
}

/// Whether a word is a header that says nothing: `V1`, `col2`, `Unnamed: 0`, the numbers of pandas.
fn is_made_up(word: &str) -> bool {
    let start = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let number = &word[start.len()..];
    let numbered = ["", "v", "x", "col", "column", "field", "unnamed"].contains(&start) && number.len() < 3;
    PERHAPS.contains(&word) || (numbered && !number.is_empty())
}

/// Whether a line is a header; `surely` only where its words could be nothing else.
fn is_header(line: &[String], surely: bool) -> bool {
    let plain: Vec<String> = line.iter().map(|word| joined(word)).collect();
    let named = plain.iter().filter(|word| is_word(word)).count();
    if surely {
        return named >= 2 || (named == 1 && line.len() == 1);
    }
    named > 0 || plain.iter().all(|word| is_made_up(word))
}

/// Whether a word has the form of an identifier or a barcode, as names of rows have.
fn is_formed(word: &str) -> bool {
    is_identifier(word) || is_barcode(word)
}

/// Whether the first line is unlike the others: they hold identifiers or barcodes in a column where it holds none.
fn is_unlike(lines: &[&Vec<String>]) -> bool {
    let Some((first, others)) = lines.split_first() else { return false };
    let formed = |line: &Vec<String>, at: usize| line.get(at).is_some_and(|word| is_formed(word));
    (0..first.len()).any(|at| {
        let those = others.iter().filter(|line| formed(line, at)).count();
        !formed(first, at) && 10 * those >= 9 * others.len() && !others.is_empty()
    })
}

/// Fits the lines of a table to `wanted` rows; none when they cannot stand for them.
pub(super) fn fit(table: &Table, wanted: u64) -> Option<Fitted> {
    let empty = |line: &Vec<String>| line.iter().all(String::is_empty);
    let Some(first) = table.lines.iter().position(|line| !empty(line)) else {
        let none = || Fitted { header: None, lines: Vec::new(), skipped: table.lines.len() };
        return (wanted == 0).then(none);
    };
    let there: Vec<&Vec<String>> = table.lines.iter().filter(|line| !empty(line)).collect();
    let headed = is_header(&table.lines[first], false) || is_unlike(&there);
    let skipped = table.lines.len() - there.len();
    let own = |lines: &[&Vec<String>]| lines.iter().map(|line| (*line).clone()).collect::<Vec<_>>();
    let fits = |lines: usize| lines as u64 == wanted;
    let header = || Some(there[0].clone());
    // What is certain goes first: a header that can be nothing else is never a name.
    let sure = is_header(&table.lines[first], true);
    if fits(table.lines.len()) && !sure {
        // Every line has its row, an empty one too: that feature has no name.
        return Some(Fitted { header: None, lines: table.lines.clone(), skipped: 0 });
    }
    if headed && fits(table.lines.len() - first - 1) {
        return Some(Fitted { header: header(), lines: table.lines[first + 1..].to_vec(), skipped: 0 });
    }
    if fits(there.len()) && !sure {
        return Some(Fitted { header: None, lines: own(&there), skipped });
    }
    (headed && fits(there.len() - 1)).then(|| Fitted { header: header(), lines: own(&there[1..]), skipped })
}

impl Fitted {
    /// Number of columns.
    fn width(&self) -> usize {
        self.lines.iter().map(Vec::len).max().unwrap_or(0)
    }

    pub(super) fn column(&self, at: usize) -> Vec<String> {
        self.lines.iter().map(|line| line.get(at).cloned().unwrap_or_default()).collect()
    }

    /// Name of a column by the header.
    pub(super) fn named(&self, at: usize) -> Option<&str> {
        let header = self.header.as_ref()?;
        // R leaves out the header of row names.
        let shift = usize::from(header.len() + 1 == self.width());
        header.get(at.checked_sub(shift)?).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Columns that say something: R writes the numbers of the rows first.
    pub(super) fn columns(&self) -> Vec<usize> {
        let numbers = self.column(0);
        let counts_from = |base: usize| numbers.iter().enumerate().all(|(at, word)| *word == (at + base).to_string());
        let numbered = self.width() > 1 && numbers.len() > 1 && (counts_from(0) || counts_from(1));
        (usize::from(numbered)..self.width()).collect()
    }

    /// Whether the header is that of Parse's table of cells, whose matrix has cells in rows.
    pub(super) fn is_of_parse(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.iter().any(|word| joined(word) == "bcwells"))
    }
}
