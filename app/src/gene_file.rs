//! A table of genes as a file.
//!
//! Does: remarks on what the numbers are of, a line of heads, a line for each gene; probabilities to every digit.
//! Does not know: what was tested, how files leave the page.
//! Flow: notes, genes, columns → **text** → CSV, TSV.

use crate::fields::{line, remark};

/// A column: its head, a value for each gene.
pub type Numbers<'a> = (&'a str, &'a [f64]);

/// The file. Heads `p` and `q` are probabilities: they may be smaller than a decimal number shows.
pub fn text<N: AsRef<str>>(notes: &[(N, N)], genes: &[String], columns: &[Numbers<'_>], apart: char) -> String {
    let mut out: String = notes.iter().map(|(key, value)| remark(key.as_ref(), value.as_ref(), apart)).collect();
    out.push_str(&line(std::iter::once("gene").chain(columns.iter().map(|(head, _)| *head)), apart));
    let rows = columns.iter().map(|(_, values)| values.len()).min().unwrap_or(genes.len());
    for (gene, name) in genes.iter().enumerate().take(rows) {
        let number = |(head, values): &Numbers<'_>| match *head {
            "p" | "q" => format!("{:e}", values[gene]),
            _ => values[gene].to_string(),
        };
        let numbers: Vec<String> = columns.iter().map(number).collect();
        out.push_str(&line(std::iter::once(name.as_str()).chain(numbers.iter().map(String::as_str)), apart));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn hostile_names_neither_split_cells_nor_are_computed() {
        let genes: Vec<String> =
            ["=1+1", "a,b", "say \"so\"", "@SUM(A1)", "-x", "two\nlines", "CD14"].map(str::to_owned).to_vec();
        let values = [-1.5, 0.0, 2.0, 1e-300, f64::INFINITY, 3.25, 4.0];
        let q: Vec<f64> = values.iter().map(|value| value.abs() * 1e-300).collect();
        for apart in [',', '\t'] {
            let notes = [("A", "condition = x, =cmd|'/c calc'!A0\nsecond line"), ("cells", "measured")];
            let out = text(&notes, &genes, &[("log2_fold_change", &values), ("q", &q)], apart);
            let table: String = out.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect();
            let read = read(&table, apart);
            assert_eq!(read[0], ["gene", "log2_fold_change", "q"]);
            assert_eq!(read.len(), genes.len() + 1, "{out}");
            for ((row, gene), value) in read[1..].iter().zip(&genes).zip(values) {
                assert_eq!(row.len(), 3, "{row:?}");
                assert_eq!(row[0].strip_prefix('\'').unwrap_or(&row[0]), gene);
                assert!(!row[0].starts_with(['=', '+', '-', '@']), "{row:?} would be computed");
                assert_eq!(row[1].parse(), Ok(value));
            }
            let remarks: Vec<&str> = out.lines().filter(|line| line.starts_with('#')).collect();
            assert_eq!(remarks.len(), 2, "a remark stays on its line: {remarks:?}");
            let computed = remarks.iter().flat_map(|line| line.split(apart)).any(|cell| cell.trim().starts_with('='));
            assert!(!computed, "{remarks:?}");
        }
    }

    #[test]
    fn small_probabilities_keep_their_digits() {
        let out = text::<&str>(&[], &["X".into()], &[("p", &[1e-300]), ("mean_a", &[0.25])], ',');
        assert_eq!(out, "gene,p,mean_a\nX,1e-300,0.25\n");
    }

    /// A table as a spreadsheet reads it.
    fn read(text: &str, apart: char) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
                '"' => quoted = !quoted,
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut field));
                    rows.push(std::mem::take(&mut row));
                }
                own if own == apart && !quoted => row.push(std::mem::take(&mut field)),
                own => field.push(own),
            }
        }
        rows
    }
}
