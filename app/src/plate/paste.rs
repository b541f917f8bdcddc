//! What a pasted table means.
//!
//! Does: reads a grid of conditions or a list with a column `well` into wells, by the bundle's values and display names;
//! says of every field that it does not understand where it stands and why.
//! Does not know: the clipboard; whether the wells are then placed.
//! Flow: rows of fields + card → **wells and problems** → layout.

use super::layout::{Condition, Well};
use super::table::{ANY, rows};
use super::wells::{COLUMNS, ROWS, letter, place};
use crate::protocol::card::{Card, Condition as Slot};

/// A field that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line of the paste, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What stands there.
    pub text: String,
    /// Why it was not understood, and what would be.
    pub why: String,
}

impl Problem {
    /// In one sentence.
    pub fn sentence(&self) -> String {
        format!("Line {}, column {}, “{}”: {}.", self.line, self.column, self.text, self.why)
    }
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pasted {
    /// Wells by place; an empty one is emptied.
    pub wells: Vec<(usize, Option<Well>)>,
    /// What was not understood.
    pub problems: Vec<Problem>,
    /// Columns of a list that say nothing about a well.
    pub ignored: Vec<String>,
}

/// Reads a paste. A grid starts at the well `at`, unless it names its rows and columns; what a field leaves open is
/// taken from `base`.
pub fn read(text: &str, card: &Card, base: &Condition, at: usize) -> Pasted {
    let rows = rows(text);
    let is_list = rows.first().is_some_and(|row| row.iter().any(|field| same(field, "well")));
    if is_list { list(&rows, card, base) } else { grid(&rows, card, base, at) }
}

/// Whether two names are the same to a person.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.trim().to_lowercase().replace(['_', '-'], " ");
    plain(a) == plain(b)
}

/// A well in the making.
struct Draft {
    condition: Condition,
    replicate: u32,
}

impl Draft {
    fn new(base: &Condition) -> Self {
        Self { condition: base.clone(), replicate: 1 }
    }

    fn well(self) -> Well {
        Well { condition: self.condition, replicate: self.replicate }
    }

    /// Takes a value of a named kind.
    fn take(&mut self, card: &Card, kind: &str, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(slot) = slot(card, kind) {
            let values = values(slot, text)?;
            if values.is_empty() {
                self.condition.with.remove(&slot.key);
            } else {
                self.condition.with.insert(slot.key.clone(), values);
            }
            return Ok(());
        }
        match kind.to_lowercase().as_str() {
            "replicate" | "rep" => {
                self.replicate =
                    text.parse().ok().filter(|n| *n > 0).ok_or("a replicate is a whole number from 1".to_owned())?;
            }
            "guidance" | "w" => {
                let limit = card.guidance_limit;
                let guidance = text.parse().ok().filter(|guidance| (0.0..=limit).contains(guidance));
                let wrong = || {
                    format!(
                        "guidance is a number from 0 to {limit}, the largest at which this model's cells were looked at and found plausible"
                    )
                };
                self.condition.set_guidance(Some(guidance.ok_or_else(wrong)?));
            }
            "held" | "clamp" => {
                self.condition.set_clamp(held_genes(card, text)?);
            }
            _ => return Err(format!("nothing here is called “{kind}”")),
        }
        Ok(())
    }
}

/// Condition with a key or title.
fn slot<'a>(card: &'a Card, name: &str) -> Option<&'a Slot> {
    card.choosable().find(|slot| same(&slot.key, name) || same(&slot.title, name))
}

/// The value that a text names.
fn value(slot: &Slot, text: &str) -> Option<String> {
    let exact = slot.values.iter().find(|value| value.value == text);
    exact
        .or_else(|| slot.values.iter().find(|v| same(&v.value, text) || same(&v.display, text)))
        .map(|v| v.value.clone())
}

/// Values that a text names: one, or several perturbations joined by "+"; none for the word "any".
fn values(slot: &Slot, text: &str) -> Result<Vec<String>, String> {
    if let Some(one) = value(slot, text) {
        return Ok(vec![one]);
    }
    if same(text, ANY) {
        return Ok(Vec::new());
    }
    let known = || {
        let names: Vec<&str> = slot.values.iter().take(8).map(|value| value.value.as_str()).collect();
        let more = if slot.values.len() > 8 { ", …" } else { "" };
        format!("this model has no such {}; it has {}{more}", slot.title.to_lowercase(), names.join(", "))
    };
    if slot.kind != "perturbation" {
        return Err(known());
    }
    text.split('+').map(|part| value(slot, part).ok_or_else(known)).collect()
}

/// Genes held at counts: `GENE=COUNT`, separated by spaces, commas or semicolons.
///
/// # Errors
/// What is wrong with which part.
pub fn held_genes(card: &Card, text: &str) -> Result<Vec<(String, u32)>, String> {
    text.split([' ', ',', ';']).filter(|part| !part.is_empty()).map(|part| held(card, part)).collect()
}

/// GENE=COUNT.
fn held(card: &Card, text: &str) -> Result<(String, u32), String> {
    let why = || format!("“{text}” is not GENE=COUNT");
    let (gene, count) = text.split_once('=').ok_or_else(why)?;
    let gene = gene.trim().to_uppercase();
    let known = card.genes.iter().find(|own| own.to_uppercase() == gene);
    let known = known.ok_or_else(|| format!("{gene} is not among this model's genes"))?;
    Ok((known.clone(), count.trim().parse().map_err(|_| why())?))
}

/// A list: a head with `well`, then one line per well.
fn list(rows: &[Vec<String>], card: &Card, base: &Condition) -> Pasted {
    let mut pasted = Pasted::default();
    let Some((head, body)) = rows.split_first() else { return pasted };
    let own = ["well", "replicate", "rep", "guidance", "w", "held", "clamp"];
    let is_known = |name: &String| slot(card, name).is_some() || own.iter().any(|own| same(own, name));
    pasted.ignored = head.iter().filter(|name| !name.is_empty() && !is_known(name)).cloned().collect();
    for (row, fields) in body.iter().enumerate().filter(|(_, fields)| fields.iter().any(|field| !field.is_empty())) {
        let (mut draft, mut at, before) = (Draft::new(base), None, pasted.problems.len());
        for (column, (name, text)) in head.iter().zip(fields).enumerate() {
            let taken = if same(name, "well") {
                at = place(text);
                at.map(drop).ok_or_else(|| "a well is a letter from A to H and a number from 1 to 12".to_owned())
            } else if is_known(name) {
                draft.take(card, name, text)
            } else {
                Ok(())
            };
            if let Err(why) = taken {
                pasted.problems.push(Problem { line: row + 2, column: column + 1, text: text.clone(), why });
            }
        }
        match at {
            Some(at) if pasted.problems.len() == before => pasted.wells.push((at, Some(draft.well()))),
            // A line that is cut off before its well.
            None if pasted.problems.len() == before => {
                let (line, text) = (row + 2, fields.join(" "));
                pasted.problems.push(Problem { line, column: 1, text, why: "this line names no well".to_owned() });
            }
            _ => {}
        }
    }
    pasted
}

/// Whether the first row is 1, 2, 3 … behind an empty corner.
fn names_columns(row: &[String]) -> bool {
    let number = |field: &String| field.parse::<usize>().is_ok_and(|number| (1..=COLUMNS).contains(&number));
    row.len() > 1 && row[0].is_empty() && row[1..].iter().all(number)
}

/// A grid: one field per well.
fn grid(rows: &[Vec<String>], card: &Card, base: &Condition, at: usize) -> Pasted {
    let mut pasted = Pasted::default();
    let named = rows.first().is_some_and(|row| names_columns(row));
    for (row, fields) in rows.iter().enumerate().skip(usize::from(named)) {
        let named_row = fields.first().and_then(|name| (0..ROWS).find(|row| *name == letter(*row).to_string()));
        for (column, text) in fields.iter().enumerate().skip(usize::from(named)) {
            if text.is_empty() {
                continue;
            }
            let mut problem = |why: String| {
                pasted.problems.push(Problem { line: row + 1, column: column + 1, text: text.clone(), why })
            };
            let (down, across) = if named {
                let across = rows[0].get(column).and_then(|number| number.parse::<usize>().ok());
                (named_row.unwrap_or(row - 1), across.map_or(COLUMNS, |number| number - 1))
            } else {
                (at / COLUMNS + row, at % COLUMNS + column)
            };
            if down >= ROWS || across >= COLUMNS {
                problem("it lies past the plate's edge".to_owned());
                continue;
            }
            match well(text, card, base) {
                Ok(well) => pasted.wells.push((down * COLUMNS + across, well)),
                Err(why) => problem(why),
            }
        }
    }
    pasted
}

/// One field of a grid: values in any order, `key=value` where a value alone would not be clear; "empty" or "-" empties
/// the well.
fn well(text: &str, card: &Card, base: &Condition) -> Result<Option<Well>, String> {
    if same(text, "empty") || text == "-" || text == "–" {
        return Ok(None);
    }
    let mut draft = Draft::new(base);
    // A value may hold a separator itself.
    if part(&mut draft, card, text).is_ok() {
        return Ok(Some(draft.well()));
    }
    let mut draft = Draft::new(base);
    let separators: &[char] = if text.contains([';', '|', '·']) { &[';', '|', '·'] } else { &[',', '\n'] };
    for piece in text.split(separators).map(str::trim).filter(|piece| !piece.is_empty()) {
        part(&mut draft, card, piece)?;
    }
    Ok(Some(draft.well()))
}

/// One part of a field.
fn part(draft: &mut Draft, card: &Card, text: &str) -> Result<(), String> {
    if let Some((kind, rest)) = text.split_once(['=', ':']) {
        let (kind, rest) = (kind.trim(), rest.trim());
        let is_kind = slot(card, kind).is_some()
            || ["replicate", "rep", "guidance", "w", "held", "clamp"].iter().any(|own| same(own, kind));
        if is_kind {
            return draft.take(card, kind, rest);
        }
        if card.genes.iter().any(|gene| gene.eq_ignore_ascii_case(kind)) {
            let gene = held(card, &format!("{kind}={rest}"))?;
            draft.condition.clamp.retain(|(own, _)| *own != gene.0);
            draft.condition.clamp.push(gene);
            return Ok(());
        }
    }
    let replicate = text.strip_prefix('#').or_else(|| text.strip_prefix("rep ")).or_else(|| text.strip_prefix('r'));
    if let Some(number) = replicate.and_then(|number| number.trim().parse().ok()).filter(|number| *number > 0) {
        draft.replicate = number;
        return Ok(());
    }
    let matching: Vec<(&Slot, Vec<String>)> = card
        .choosable()
        .filter(|_| !same(text, ANY))
        .filter_map(|slot| values(slot, text).ok().map(|values| (slot, values)))
        .collect();
    match matching.as_slice() {
        [] => {
            let titles: Vec<String> = card.choosable().map(|slot| slot.title.to_lowercase()).collect();
            Err(format!("“{text}” is no {} of this bundle", titles.join(", no ")))
        }
        [(slot, values)] => {
            draft.condition.with.insert(slot.key.clone(), values.clone());
            Ok(())
        }
        several => {
            let keys: Vec<String> = several.iter().map(|(slot, _)| format!("{}={text}", slot.key)).collect();
            Err(format!("“{text}” can be {}; write which", keys.join(" or ")))
        }
    }
}

#[cfg(test)]
mod tests;
