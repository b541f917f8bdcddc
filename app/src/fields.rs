//! Fields of tables that leave the page.
//!
//! Does: quotes what a separator would take apart; marks texts that a spreadsheet would compute (=, +, -, @ at their
//! beginning) with an apostrophe, which spreadsheets take for "this is text"; takes the mark off again when a table is
//! pasted; writes remarks that stay on one line.
//! Does not know: what is in a table.
//! Flow: text → **field, remark** → CSV, TSV; field → text of a paste.

/// Whether a spreadsheet would compute a cell of this text. A number may begin with a sign; "-inf" and "+nan" are names to a
/// spreadsheet.
fn is_computed(text: &str) -> bool {
    let is_number = || text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number()
}

/// A text as a field between separators.
pub fn field(text: &str, separator: char) -> String {
    let guarded = if is_computed(text) { format!("'{text}") } else { text.to_owned() };
    let splits = |letter: char| letter == separator || matches!(letter, '"' | '\n' | '\r');
    if guarded.contains(splits) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

/// The text of a field that came back: the mark of a text that would be computed is taken off.
pub fn unmarked(field: &str) -> &str {
    field.strip_prefix('\'').filter(|rest| is_computed(rest)).unwrap_or(field)
}

/// Fields as one line, with its end.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>, separator: char) -> String {
    let mut line =
        fields.into_iter().map(|text| field(text, separator)).collect::<Vec<_>>().join(&separator.to_string());
    line.push('\n');
    line
}

/// A remark above a table: "# key: value" on one line. A spreadsheet cuts it at separators, and what then begins a cell
/// must not be computed.
pub fn remark(key: &str, value: &str, separator: char) -> String {
    let flat = format!("{key}: {value}").replace(['\n', '\r', '\t'], " ");
    let mut out = String::from("# ");
    let mut begins = false;
    for (at, letter) in flat.char_indices() {
        if begins && !letter.is_whitespace() {
            let cell = flat[at..].split(separator).next().unwrap_or_default();
            if is_computed(cell) {
                out.push('\'');
            }
            begins = false;
        }
        begins |= letter == separator;
        out.push(letter);
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::{field, line, remark, unmarked};

    #[test]
    fn separators_quotes_and_line_ends_are_quoted() {
        assert_eq!(field("a,b", ','), "\"a,b\"");
        assert_eq!(field("a,b", '\t'), "a,b");
        assert_eq!(field("say \"so\"", ','), "\"say \"\"so\"\"\"");
        assert_eq!(field("two\nlines", '\t'), "\"two\nlines\"");
        assert_eq!(line(["a", "b c", "d,e"], ','), "a,b c,\"d,e\"\n");
    }

    #[test]
    fn nothing_is_computed_by_a_spreadsheet() {
        for text in [
            "=1+1",
            "+cmd",
            "-x",
            "@SUM(A1)",
            "=HYPERLINK(\"http://x\",\"y\")",
            "\t=1",
            "-inf",
            "+nan",
            "-Infinity",
            "+1e999",
        ] {
            let written = field(text, ',');
            assert!(written.trim_start_matches('"').starts_with('\''), "{written}");
        }
        for text in ["-1.5", "+3", "1e-9", "CD4+ T", "plain", ""] {
            assert_eq!(field(text, ','), text, "a number or a name stays as it is");
        }
    }

    #[test]
    fn marks_come_off_again() {
        for text in ["=1+1", "-x", "plain", "'quoted'", "-1.5", "-inf", ""] {
            assert_eq!(unmarked(&field(text, ',')), text);
        }
    }

    #[test]
    fn remarks_stay_on_one_line_and_are_not_computed() {
        assert_eq!(remark("command", "a\nb", ','), "# command: a b\n");
        assert_eq!(remark("source", "x, =1+1,-y,-2", ','), "# source: x, '=1+1,'-y,-2\n");
        assert_eq!(remark("source", "x, =1+1", '\t'), "# source: x, =1+1\n");
    }
}
