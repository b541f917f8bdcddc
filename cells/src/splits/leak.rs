//! Whether training and held-out cells are really apart.
//!
//! Does: refuses held-out conditions among the training cells, one cell identifier on both sides, and the counts of a
//! held-out cell under another name in training; warns of what it could not look at.
//! Does not know: files; a training set too large for memory comes in shards. Does not find near copies, such as a cell
//! that was sequenced again or subsampled.
//! Flow: split + held-out cells + training cells → **checked, or what leaks** → a report that may be believed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use thiserror::Error;

use super::groups::{Groups, column, text};
use super::{Condition, Part, Split, words};
use crate::cells::{Cells, CellsError};
use crate::column::Column;

/// Cells with fewer detected genes are not compared by their counts: small cells agree by chance.
pub const LEAST_GENES: usize = 20;
/// Examples that a sentence gives.
const EXAMPLES: usize = 5;

/// Some of the cells.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    cells: &'a Cells,
    places: Option<&'a [usize]>,
}

impl<'a> View<'a> {
    /// All of them.
    pub const fn whole(cells: &'a Cells) -> Self {
        Self { cells, places: None }
    }

    /// Those at these places, such as a list of [`super::Parts`]. Every place must be one of a cell.
    pub const fn of(cells: &'a Cells, places: &'a [usize]) -> Self {
        Self { cells, places: Some(places) }
    }

    /// Number of cells.
    fn len(&self) -> usize {
        self.places.map_or(self.cells.len(), <[usize]>::len)
    }

    /// Their places.
    fn places(&self) -> impl Iterator<Item = usize> + use<'a> {
        let places = self.places;
        (0..self.len()).map(move |at| places.map_or(at, |list| list[at]))
    }
}

/// How often one kind of leak was found, and the first examples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Cells.
    pub count: usize,
    /// The first few in words.
    pub examples: Vec<String>,
}

impl Finding {
    fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example());
        }
    }

    /// Examples, and whether there are more.
    fn list(&self) -> String {
        let more = if self.count > self.examples.len() { ", …" } else { "" };
        format!("{}{more}", self.examples.join(", "))
    }
}

/// What leaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaks {
    /// Training cells of held-out conditions: number of cells by condition.
    pub conditions: BTreeMap<Condition, usize>,
    /// Training cells whose identifier stands in the held-out cells of the same source.
    pub names: Finding,
    /// Training cells with the counts of a held-out cell under another identifier.
    pub counts: Finding,
}

impl Leaks {
    fn is_empty(&self) -> bool {
        self.conditions.is_empty() && self.names.count == 0 && self.counts.count == 0
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        form.write_str("training and held-out cells are not apart")?;
        if !self.conditions.is_empty() {
            let named =
                self.conditions.iter().map(|(condition, cells)| format!("{} ({cells} cells)", words(condition)));
            let named: Vec<String> = named.take(EXAMPLES).collect();
            let more = if self.conditions.len() > EXAMPLES { ", …" } else { "" };
            let (count, list) = (self.conditions.len(), named.join(", "));
            write!(
                form,
                "; {count} held-out conditions appear in training: {list}{more}: train only on the split's training part"
            )?;
        }
        if self.names.count > 0 {
            let (count, list) = (self.names.count, self.names.list());
            write!(
                form,
                "; {count} training cells have the identifier of a held-out cell: {list}: take them out of one side, or, if identifiers are unique only within a file or data set, name its column in the split's `source`"
            )?;
        }
        if self.counts.count > 0 {
            let (count, list) = (self.counts.count, self.counts.list());
            write!(
                form,
                "; {count} training cells have the very counts of a held-out cell under another name: {list}: take the copies out of training and train again"
            )?;
        }
        Ok(())
    }
}

/// Why training and held-out cells cannot be used together, or cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LeakError {
    /// A column of the split or of the source is missing.
    #[error(transparent)]
    Labels(#[from] CellsError),
    /// Rows of different genes cannot be compared.
    #[error(
        "training and held-out cells have different genes, from place {place} on; bring both to one panel, or copies cannot be found"
    )]
    Panel {
        /// First place that differs, from 0.
        place: usize,
    },
    /// The same cells or conditions on both sides.
    #[error("{0}")]
    Leaks(Box<Leaks>),
}

/// What was looked at, when nothing leaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Training cells seen.
    pub training: usize,
    /// Held-out cells seen.
    pub held_out: usize,
    /// Of the training cells, those with fewer than [`LEAST_GENES`] detected genes, not compared by counts.
    pub small_training: usize,
    /// Of the held-out cells, those.
    pub small_held_out: usize,
    /// Training cells that lack a label of the split, so that no condition on it could be seen.
    pub unlabelled: usize,
    /// Held-out cells that are training cells by the split's own conditions.
    pub not_held_out: usize,
    /// Conditions that the split names and no held-out cell has.
    pub without_cells: Vec<Condition>,
}

impl Checked {
    /// What a reader of the report should know, in sentences; none when all was looked at.
    pub fn warnings(&self) -> Vec<String> {
        let mut all = Vec::new();
        for (side, count) in [("training", self.training), ("held-out", self.held_out)] {
            if count == 0 {
                all.push(format!("there was no {side} cell to look at, so nothing was checked"));
            }
        }
        for (side, small, of) in
            [("training", self.small_training, self.training), ("held-out", self.small_held_out, self.held_out)]
        {
            if small > 0 {
                all.push(format!(
                    "{small} of {of} {side} cells have fewer than {LEAST_GENES} detected genes; copies of them were not looked for"
                ));
            }
        }
        if self.unlabelled > 0 {
            all.push(format!(
                "{} training cells lack a label that the split is made of; whether they are held out cannot be said",
                self.unlabelled
            ));
        }
        if self.not_held_out > 0 {
            all.push(format!(
                "{} held-out cells belong to the split's training part; a score on them is not one on unseen conditions",
                self.not_held_out
            ));
        }
        if !self.without_cells.is_empty() {
            let named: Vec<String> = self.without_cells.iter().take(EXAMPLES).map(words).collect();
            let more = if self.without_cells.len() > EXAMPLES { ", …" } else { "" };
            let (count, list) = (self.without_cells.len(), named.join(", "));
            all.push(format!("{count} conditions of the split have no cells: {list}{more}"));
        }
        all
    }
}

/// Source data set and identifier of a cell.
type Name<'a> = (Option<Cow<'a, str>>, &'a str);
/// Genes and counts of a cell.
type Row<'a> = (&'a [u32], &'a [u32]);

/// A check against one set of held-out cells, which stays in memory while training cells pass in shards.
#[derive(Debug)]
pub struct LeakCheck<'a> {
    split: &'a Split,
    held_out: View<'a>,
    names: HashMap<Name<'a>, usize>,
    // The map hashes a row and then compares it, so only equal rows are ever found.
    rows: HashMap<Row<'a>, usize>,
    leaks: Leaks,
    checked: Checked,
}

impl<'a> LeakCheck<'a> {
    /// Starts with the held-out cells: those of the test part, or of the validation part, or both.
    ///
    /// # Errors
    /// When they lack a column of the split.
    pub fn new(split: &'a Split, held_out: View<'a>) -> Result<Self, LeakError> {
        let cells = held_out.cells;
        let groups = Groups::of(&cells.labels, &split.columns)?;
        let part_of_group = groups.parts(split);
        let source = source(split, cells)?;
        let (mut names, mut rows) = (HashMap::new(), HashMap::new());
        let mut checked = Checked { held_out: held_out.len(), ..Checked::default() };
        let mut seen = vec![false; groups.len()];
        for cell in held_out.places() {
            names.insert((source.and_then(|own| text(own, cell)), cells.names[cell].as_str()), cell);
            let row = cells.counts.row(cell);
            if row.0.len() < LEAST_GENES {
                checked.small_held_out += 1;
            } else {
                rows.insert(row, cell);
            }
            let group = groups.of_cell[cell];
            seen[group] = true;
            checked.not_held_out += usize::from(part_of_group[group] == Part::Training);
        }
        let present = |part: Part| seen.iter().zip(&part_of_group).any(|(seen, own)| *seen && *own == part);
        // Validation conditions are missed only where validation cells were brought at all, and test ones likewise.
        let looked_at: &[Part] = match (present(Part::Validation), present(Part::Test)) {
            (true, true) => &[Part::Validation, Part::Test],
            (true, false) => &[Part::Validation],
            _ => &[Part::Test],
        };
        let conditions = looked_at.iter().flat_map(|part| split.conditions(*part));
        let has_cells = |condition: &&Condition| (0..groups.len()).any(|at| seen[at] && groups.is_in(at, condition));
        checked.without_cells = conditions.filter(|condition| !has_cells(condition)).cloned().collect();
        Ok(Self { split, held_out, names, rows, leaks: Leaks::default(), checked })
    }

    /// Looks at training cells, all of them or a shard.
    ///
    /// # Errors
    /// When they lack a column of the split or have other genes than the held-out cells. What leaks is said at the end.
    pub fn training(&mut self, training: View<'_>) -> Result<(), LeakError> {
        let (cells, held) = (training.cells, self.held_out.cells);
        if cells.genes != held.genes {
            let same = cells.genes.iter().zip(&held.genes).take_while(|(own, other)| own == other).count();
            return Err(LeakError::Panel { place: same });
        }
        let groups = Groups::of(&cells.labels, &self.split.columns)?;
        let part_of_group = groups.parts(self.split);
        let source = source(self.split, cells)?;
        let mut held_out_cells = vec![0; groups.len()];
        for cell in training.places() {
            let group = groups.of_cell[cell];
            match part_of_group[group] {
                Part::Training => self.checked.unlabelled += usize::from(groups.lacks_a_label(group)),
                Part::Validation | Part::Test => held_out_cells[group] += 1,
            }
            self.compare((source.and_then(|own| text(own, cell)), &cells.names[cell]), cells.counts.row(cell));
        }
        self.checked.training += training.len();
        for (group, count) in held_out_cells.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let all = self.split.test.iter().chain(&self.split.validation);
            for condition in all.filter(|condition| groups.is_in(group, condition)) {
                *self.leaks.conditions.entry(condition.clone()).or_default() += count;
            }
        }
        Ok(())
    }

    /// Looks for one training cell among the held-out ones.
    fn compare(&mut self, name: Name<'_>, row: Row<'_>) {
        let held = self.held_out.cells;
        if self.names.contains_key(&name) {
            self.leaks.names.add(|| in_words(&name));
            // Its counts would be a second finding of the same cell.
            return;
        }
        if row.0.len() < LEAST_GENES {
            self.checked.small_training += 1;
        } else if let Some(other) = self.rows.get(&row) {
            let other = &held.names[*other];
            self.leaks.counts.add(|| format!("{} is `{other}` ({} detected genes)", in_words(&name), row.0.len()));
        }
    }

    /// What was found.
    ///
    /// # Errors
    /// When anything leaks, with examples.
    pub fn finish(self) -> Result<Checked, LeakError> {
        if self.leaks.is_empty() { Ok(self.checked) } else { Err(LeakError::Leaks(Box::new(self.leaks))) }
    }
}

/// A cell in words.
fn in_words((source, name): &Name<'_>) -> String {
    source.as_ref().map_or_else(|| format!("`{name}`"), |source| format!("`{name}` of {source}"))
}

/// The column of the source data set, if the split names one.
fn source<'a>(split: &Split, cells: &'a Cells) -> Result<Option<&'a Column>, CellsError> {
    split.source.as_deref().map(|key| column(&cells.labels, key)).transpose()
}

/// Checks training cells against the cells of the test part.
///
/// # Errors
/// When anything leaks: a held-out condition in training, a cell identifier on both sides (within one source data set),
/// or equal counts under another name; each with examples and what to do. When columns are missing or genes differ.
pub fn check(training: View<'_>, test: View<'_>, split: &Split) -> Result<Checked, LeakError> {
    let mut check = LeakCheck::new(split, test)?;
    check.training(training)?;
    check.finish()
}
