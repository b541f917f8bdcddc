//! Tables as texts: what spreadsheets copy, and the plate map.
//!
//! Does: reads tab-, comma- or semicolon-separated lines with quotes; writes tab-separated ones; the plate map as a list
//! of wells, and a selection as a grid.
//! Does not know: what the values mean (`paste` does).
//! Flow: clipboard and files ⇄ **rows of fields** ⇄ paste, export.

use super::layout::{Condition, Layout};
use super::wells::{COLUMNS, name};
use crate::fields;
use crate::protocol::card::Card;

/// Word for a condition that is left open.
pub const ANY: &str = "any";

/// Rows of a pasted text; lines of comments (`# …`) and empty lines at the end are left out.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ")).collect();
    let kept = kept.join("\n");
    let separator = ['\t', ';', ','].into_iter().find(|separator| {
        let line = kept.lines().next().unwrap_or_default();
        kept.contains('\t') && *separator == '\t' || !kept.contains('\t') && line.contains(*separator) && is_list(line)
    });
    let mut rows = split(&kept, separator.unwrap_or('\t'));
    while rows.last().is_some_and(|row| row.iter().all(String::is_empty)) {
        rows.pop();
    }
    rows
}

/// Whether a line is the head of a list of wells: only there may commas and semicolons separate fields, since inside a
/// grid they separate the parts of one well.
fn is_list(line: &str) -> bool {
    line.split([',', ';']).any(|field| field.trim().trim_matches('"').eq_ignore_ascii_case("well"))
}

/// Fields of lines; a quoted field may hold separators, line ends and doubled quotes.
fn split(text: &str, separator: char) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        let Some(row) = rows.last_mut() else { break };
        let Some(field) = row.last_mut() else { break };
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' if quoted || field.is_empty() => quoted = !quoted,
            '\r' if !quoted => {}
            '\n' if !quoted => rows.push(vec![String::new()]),
            _ if letter == separator && !quoted => row.push(String::new()),
            _ => field.push(letter),
        }
    }
    rows.iter_mut().flatten().for_each(|field| *field = fields::unmarked(field.trim()).to_owned());
    rows
}

/// A line of fields.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    fields::line(fields, '\t')
}

/// Held genes as one field.
pub fn held(clamp: &[(String, u32)]) -> String {
    clamp.iter().map(|(gene, count)| format!("{gene}={count}")).collect::<Vec<_>>().join(" ")
}

/// Values of a key as one field.
pub fn values(condition: &Condition, key: &str) -> String {
    condition.with.get(key).map_or_else(|| ANY.to_owned(), |values| values.join("+"))
}

/// Head of the columns that say what a well is.
pub fn head(card: &Card) -> Vec<String> {
    let keys = card.choosable().map(|condition| condition.key.clone());
    let rest = ["replicate", "guidance", "held"].map(str::to_owned);
    std::iter::once("well".to_owned()).chain(keys).chain(rest).collect()
}

/// The same columns of one well.
pub fn well_fields(card: &Card, layout: &Layout, place: usize) -> Vec<String> {
    let Some(well) = layout.get(place) else { return vec![name(place)] };
    let keys = card.choosable().map(|condition| values(&well.condition, &condition.key));
    let guidance = well.condition.guidance_words().unwrap_or_default();
    let rest = [well.replicate.to_string(), guidance, held(&well.condition.clamp)];
    std::iter::once(name(place)).chain(keys).chain(rest).collect()
}

/// The plate map: one line per filled well. It opens in a spreadsheet and can be pasted back.
pub fn plate_map(card: &Card, layout: &Layout, notes: &[(String, String)]) -> String {
    let mut text: String = notes.iter().map(|(key, value)| fields::remark(key, value, '\t')).collect();
    text.push_str(&line(head(card).iter().map(String::as_str)));
    for (place, _) in layout.filled() {
        text.push_str(&line(well_fields(card, layout, place).iter().map(String::as_str)));
    }
    text
}

/// Wells of a selection as a grid, for the clipboard: the parts of a well are separated by semicolons.
pub fn grid(card: &Card, layout: &Layout, places: &[usize]) -> String {
    let (rows, columns) = (places.iter().map(|place| place / COLUMNS), places.iter().map(|place| place % COLUMNS));
    let (Some(top), Some(bottom)) = (rows.clone().min(), rows.max()) else { return String::new() };
    let (Some(left), Some(right)) = (columns.clone().min(), columns.max()) else { return String::new() };
    let cell = |place: usize| {
        let Some(well) = layout.get(place).filter(|_| places.contains(&place)) else { return String::new() };
        let mut parts: Vec<String> =
            card.choosable().map(|own| format!("{}={}", own.key, values(&well.condition, &own.key))).collect();
        parts.push(format!("replicate={}", well.replicate));
        parts.extend(well.condition.guidance_words().map(|guidance| format!("guidance={guidance}")));
        if !well.condition.clamp.is_empty() {
            parts.push(format!("held={}", held(&well.condition.clamp)));
        }
        parts.join("; ")
    };
    let row = |row: usize| {
        line((left..=right).map(|column| cell(row * COLUMNS + column)).collect::<Vec<_>>().iter().map(String::as_str))
    };
    (top..=bottom).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{line, rows};

    #[test]
    fn spreadsheets_are_read_as_they_copy() {
        let text = "# bundle: x\nwell\tdonor\r\nA1\t\"tab\there \"\"quoted\"\"\"\r\nA2\t5\" tall\n\n";
        assert_eq!(rows(text), [vec!["well", "donor"], vec!["A1", "tab\there \"quoted\""], vec!["A2", "5\" tall"]]);
        assert_eq!(rows("well,donor\nA1,\"a, b\""), [["well", "donor"], ["A1", "a, b"]]);
        assert_eq!(rows("Well;donor\nA1;a,b"), [["Well", "donor"], ["A1", "a,b"]]);
        // In a grid, semicolons belong to the well.
        assert_eq!(rows("101; B cells\n102; B cells"), [["101; B cells"], ["102; B cells"]]);
        assert!(rows(" \n\n").is_empty() && rows("").is_empty());
    }

    #[test]
    fn fields_come_back() {
        let fields = ["plain", "a\tb", "say \"so\"", "two\nlines", "=1+1", "-cell", ""];
        assert_eq!(rows(&format!("{}x", line(fields)))[0], fields);
        assert_eq!(line(["plain", "=1+1"]), "plain\t'=1+1\n", "a spreadsheet computes nothing of it");
    }
}
