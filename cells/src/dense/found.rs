//! What a table holds: names, labels, the side of the genes.
//!
//! Does: tells columns of names, labels, annotations and values apart, judges the side of the genes, makes the names of
//! genes and cells that values are put to.
//! Does not know: values.
//! Flow: body → **`Table`** → second reading, plan of the page.

use std::collections::{BTreeMap, HashSet};

use super::axes::{Known, Side, Sides};
use super::body::{Body, MISSING, NUMBER, TEXT};
use super::error::DenseError;
use super::known::{is_annotation, is_index, is_label, is_remainder, side};
use super::refuse::{Parts, refuse};
use super::words::Apart;
use crate::column::Column;
use crate::genes::{Described, Genes, counted};
use crate::h5ad::Matrix;
use crate::matrix_market::{Companions, Size, Trio, genome, label_of};
use crate::report::GroupFound;

/// Mark of a column without values.
pub(super) const NO_VALUES: u32 = u32::MAX;
/// What is asked for to have genes in rows, and cells.
const SIDES: [&str; 2] = ["genes in rows", "cells in rows"];

/// What a table holds, after its first reading.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its genes and cells.
    pub companions: Companions,
    /// Rows and columns of values, and how many are not zero.
    pub size: Size,
    /// What the table is and which side the genes are, in words.
    pub format: String,
    /// Both sides to choose from, where names do not tell which the genes are.
    pub groups: Vec<GroupFound>,
    /// Values of every cell that are not zero, or a few more.
    filled: Vec<u32>,
    /// How values are found again.
    pub(super) layout: Layout,
}

/// How values are found again.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) apart: Apart,
    /// Number of the first line of values.
    pub(super) body: u64,
    /// Place among the values of every column, or [`NO_VALUES`].
    pub(super) places: Vec<u32>,
    /// Rows of values.
    pub(super) rows: usize,
}

/// Columns by what they are.
#[derive(Clone, Debug, Default)]
struct Columns {
    /// Names of rows.
    index: Option<usize>,
    /// Texts.
    texts: Vec<usize>,
    /// Values.
    values: Vec<usize>,
    /// What counts nothing, or is empty.
    left_out: Vec<usize>,
}

/// Whether most words of a column that is kept are texts, as far as any stand in it.
fn is_of_texts(body: &Body, at: usize) -> bool {
    let kept = body.kept.get(&at).filter(|kept| kept.texts > 0);
    kept.is_some_and(|kept| 4 * kept.texts >= body.rows - kept.texts || is_label(body.name(at)))
}

/// Whether most words of a column are different.
fn is_of_names(body: &Body, at: usize) -> bool {
    let Some(kept) = body.kept.get(&at) else { return false };
    10 * kept.iter().collect::<HashSet<_>>().len() >= 9 * body.rows
}

/// The column of names of rows, and the one with their numbers.
fn index(body: &Body) -> (Option<usize>, Option<usize>) {
    let counts_from = |base: usize| {
        let words = body.kept.get(&0).into_iter().flat_map(|kept| kept.iter());
        body.rows > 1 && words.enumerate().all(|(row, word)| word.parse() == Ok(row + base))
    };
    let headed = body.head.header.is_some();
    let numbered = (!headed || is_index(body.name(0))) && (counts_from(0) || counts_from(1));
    let mut named = (0..body.columns.len()).filter(|at| is_of_texts(body, *at) && is_of_names(body, *at));
    if numbered && let Some(at) = named.next() {
        return (Some(at), Some(0));
    }
    if body.head.shifted || is_of_texts(body, 0) || (headed && is_index(body.name(0))) {
        return (Some(0), None);
    }
    (named.next(), None)
}

/// Sorts columns by what stands in them.
fn columns(body: &Body) -> Columns {
    let (index, numbers) = index(body);
    let mut found = Columns { index, ..Columns::default() };
    for at in 0..body.columns.len() {
        let empty = body.columns[at] & (NUMBER | TEXT) == 0;
        if Some(at) == index || Some(at) == numbers {
            continue;
        }
        if empty || is_annotation(body.name(at)) {
            found.left_out.push(at);
        } else if is_of_texts(body, at) {
            found.texts.push(at);
        } else {
            found.values.push(at);
        }
    }
    found
}

/// Names, with their numbers where there are none.
fn filled(names: Vec<String>, what: &str) -> Vec<String> {
    let name = |(at, name): (usize, String)| if name.is_empty() { format!("{what}-{}", at + 1) } else { name };
    names.into_iter().enumerate().map(name).collect()
}

impl Table {
    /// What the lines of a table are.
    pub(super) fn of(body: Body, asked: &Matrix) -> Result<Self, DenseError> {
        let mut columns = columns(&body);
        let rows =
            columns.index.map_or_else(Vec::new, |at| body.kept.get(&at).map(|kept| kept.list()).unwrap_or_default());
        let names = |columns: &Columns| columns.values.iter().map(|at| body.name(*at).to_owned()).collect::<Vec<_>>();
        let described =
            columns.texts.iter().filter(|at| is_of_names(&body, **at)).map(|at| Known::of(&body.kept[at].list()));
        let sides = Sides {
            rows: described.fold(Known::of(&rows), |best, own| if own.genes() > best.genes() { own } else { best }),
            columns: Known::of(&names(&columns)),
            sizes: (body.rows, columns.values.len()),
            index: columns.index.and_then(|at| side(body.name(at))),
            labels: labels(&body, &columns),
        };
        let values = names(&columns);
        refuse(&Parts { body: &body, sides: &sides, rows: &rows, values: &values, texts: &columns.texts })?;
        let wanted = asked_side(asked);
        let side = sides.judge(wanted);
        if side.cells_are_rows {
            let is_own = |at: &usize| body.kept.contains_key(at) && is_label(body.name(*at));
            let (labels, values) = columns.values.iter().partition::<Vec<usize>, _>(|at| is_own(at));
            columns.values = values;
            columns.texts.extend(labels);
        }
        // What is no number among the values is told before anything is made of them.
        if let Some((at, fault)) = columns.values.iter().find_map(|at| Some((*at, faulty(&body, *at)?))) {
            let column = body.called(at);
            return Err(DenseError::Place {
                line: fault.line,
                column,
                found: fault.found.clone(),
                missing: fault.missing,
            });
        }
        let choices = if side.is_sure && wanted.is_none() { Vec::new() } else { both(&body, &columns, &side) };
        Self::put(body, &columns, rows, &side, asked).map(|table| Self { groups: choices, ..table })
    }

    fn put(body: Body, columns: &Columns, rows: Vec<String>, side: &Side, asked: &Matrix) -> Result<Self, DenseError> {
        let names: Vec<String> = columns.values.iter().map(|at| body.name(*at).to_owned()).collect();
        let rows = if rows.is_empty() { vec![String::new(); body.rows] } else { rows };
        let genome = genome(asked).filter(|_| asked_side(asked).is_none());
        let mut notes = notes(&body, columns);
        let stored = columns.values.iter().map(|at| u64::from(body.by_column[*at])).sum();
        let (genes, cells, labels, sizes);
        if side.cells_are_rows {
            genes = genes_of(described_columns(&body, columns, names), genome)?;
            cells = filled(rows, "cell");
            labels = labels_of_rows(&body, columns);
            sizes = body.by_row.clone();
        } else {
            genes = genes_of(described_rows(&body, columns, rows), genome)?;
            cells = filled(names, "cell");
            labels = labels_of_columns(&body, columns);
            sizes = columns.values.iter().map(|at| body.by_column[*at]).collect();
        }
        if genes.names.is_empty()
            && let Some(asked) = genome
        {
            return Err(DenseError::NoGenome { asked: asked.to_owned() });
        }
        let what = if side.cells_are_rows { "cells in rows" } else { "genes in rows" };
        notes.insert(0, format!("Read with {what}: {}.", side.why));
        let mut places = vec![NO_VALUES; body.columns.len()];
        columns.values.iter().zip(0..).for_each(|(at, place)| places[*at] = place);
        let size = Size { rows: body.rows as u64, columns: columns.values.len() as u64, stored };
        Ok(Self {
            companions: Companions { genes, names: cells, labels, cells_are_rows: side.cells_are_rows, notes },
            size,
            format: format!("Table of numbers ({}, {what})", body.head.apart.words()),
            groups: Vec::new(),
            filled: sizes,
            layout: Layout { apart: body.head.apart, body: body.head.body, places, rows: body.rows },
        })
    }

    /// The cells, before the first value; with `kept` (ascending places) only these.
    pub fn trio(&self, kept: Option<&[usize]>) -> Trio {
        Trio::filled(self.companions.clone(), &self.filled, kept, &self.format, &self.groups)
    }
}

/// The side that was asked for: whether cells are rows.
fn asked_side(asked: &Matrix) -> Option<bool> {
    let Matrix::Named(text) = asked else { return None };
    SIDES.iter().position(|side| text.starts_with(side)).map(|place| place == 1)
}

/// Both sides, to choose from.
fn both(body: &Body, columns: &Columns, side: &Side) -> Vec<GroupFound> {
    let sizes = [body.rows, columns.values.len()];
    let choice = |place: usize| GroupFound {
        name: SIDES[place].to_owned(),
        genes: sizes[place] as u64,
        taken: side.cells_are_rows == (place == 1),
    };
    vec![choice(0), choice(1)]
}

/// A place of a column of values where no number stands.
fn faulty(body: &Body, at: usize) -> Option<&super::body::Fault> {
    if body.columns[at] & (TEXT | MISSING) == 0 { None } else { body.faults.get(&at) }
}

/// Names of columns that only cells have.
fn labels(body: &Body, columns: &Columns) -> Vec<String> {
    let called = |list: &[usize]| -> Vec<String> {
        let kept = list.iter().filter(|at| body.kept.contains_key(at)).map(|at| body.name(*at));
        kept.filter(|name| is_label(name)).map(str::to_owned).collect()
    };
    let (mut labels, numbers) = (called(&columns.texts), called(&columns.values));
    // Where most columns of numbers are called like labels they are cells (sample1).
    if 2 * numbers.len() <= columns.values.len() {
        labels.extend(numbers);
    }
    labels
}

/// What describes genes in rows: their names and other texts.
fn described_rows(body: &Body, columns: &Columns, rows: Vec<String>) -> Vec<(String, Vec<String>)> {
    let place = |at: usize| format!("column {}", body.called(at));
    let index =
        columns.index.filter(|at| !body.name(*at).is_empty()).map_or_else(|| "the names of rows".to_owned(), place);
    let texts = columns.texts.iter().map(|at| (place(*at), body.kept[at].list()));
    std::iter::once((index, rows)).chain(texts).collect()
}

/// What describes genes in columns: the header and lines of texts below it.
fn described_columns(body: &Body, columns: &Columns, names: Vec<String>) -> Vec<(String, Vec<String>)> {
    let of_line = |line: &Vec<String>| {
        let words = columns.values.iter().map(|at| line[*at].clone()).collect();
        (format!("line {}", line.first().map_or("", String::as_str)), words)
    };
    std::iter::once(("the header".to_owned(), names)).chain(body.head.labels.iter().map(of_line)).collect()
}

/// Labels of cells in rows.
fn labels_of_rows(body: &Body, columns: &Columns) -> BTreeMap<String, Column> {
    let mut labels = BTreeMap::new();
    for at in &columns.texts {
        labels.entry(body.called(*at)).or_insert_with(|| label_of(body.kept[at].list()));
    }
    labels
}

/// Labels of cells in columns: lines of texts above the values.
fn labels_of_columns(body: &Body, columns: &Columns) -> BTreeMap<String, Column> {
    let mut labels = BTreeMap::new();
    for (place, line) in body.head.labels.iter().enumerate() {
        let at = columns.index.unwrap_or(0);
        let name = line.get(at).filter(|name| !name.is_empty()).cloned();
        let words = columns.values.iter().map(|at| line[*at].clone()).collect();
        labels.entry(name.unwrap_or_else(|| format!("label {}", place + 1))).or_insert_with(|| label_of(words));
    }
    labels
}

/// The genes among described rows or columns; remainders of counting are none.
fn genes_of(columns: Vec<(String, Vec<String>)>, genome: Option<&str>) -> Result<Genes, DenseError> {
    let names = columns.first().map(|(_, names)| names.as_slice()).unwrap_or_default();
    let others = names.iter().filter(|name| is_remainder(name)).count();
    let kinds = names.iter().map(|name| if is_remainder(name) { "custom" } else { "" }.to_owned()).collect();
    let kinds = (others > 0).then_some(kinds);
    let genes = Genes::of(Described { columns, kinds, genomes: None }, genome);
    genes.map_err(|_| DenseError::NotCounts {
        looks: "what is left of counting reads, without a gene".to_owned(),
        todo: "choose the table of counts",
    })
}

/// What the reader of the table should know.
fn notes(body: &Body, columns: &Columns) -> Vec<String> {
    let mut notes = Vec::new();
    let left_out: Vec<String> = columns.left_out.iter().take(8).map(|at| body.called(*at)).collect();
    if !left_out.is_empty() {
        let more = columns.left_out.len() - left_out.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        notes.push(format!("Columns that count nothing were left out: {}{more}.", left_out.join(", ")));
    }
    if body.comments > 0 {
        notes.push(format!("{} among the lines passed over.", counted(body.comments, "comment")));
    }
    if body.head.header.is_none() {
        notes.push("There is no header; columns are called by their numbers.".to_owned());
    }
    if body.head.apart.has_commas() && body.head.apart == Apart::Byte(b';') {
        notes.push("Commas were read as decimal points.".to_owned());
    }
    notes
}
