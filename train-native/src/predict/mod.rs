//! What a perturbation would do to measured cells: a file of cells in, the same cells rewritten out.
//!
//! Does: reads the cells, has them rewritten under the perturbation and under the control, and writes one file: `X` the
//! predicted counts, layers for the control twins and the expected counts of both, every label and gene of the input.
//! Does not know: the command line, how cells are rewritten (`model::rewrite`), scores.
//! Flow: h5ad + bundle + perturbation → `input` → `rewriting` → **h5ad**.

mod asked;
mod input;
pub mod rewriting;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cells::h5ad::{Layer, Matrix, write_h5ad_with_layers};
use cells::report::Report;
use cells::{Cells, Column, Counts};
use model::bundle::Bundle;
use model::card::{Choices, Kind};
use model::rewrite::Setting;
use model::rewrite::panel::{KEPT, evenly, labels as predicted_labels, put};
use model::rewrite::part::{Rewritten, Side};

use crate::data::files::{Wanted, rows};
use crate::files::write_atomic;
use crate::generate::provenance;
use crate::output::say;
use crate::progress;
use crate::sample::grid::perturbations;
pub use asked::Asked;
use input::{Input, input};
pub use model::rewrite::panel::CONTROL_TWIN;
use rewriting::rewrite;

/// Layer of the predicted cells' expected counts.
pub const EXPECTED: &str = "expected";
/// Layer of the control twins' expected counts.
pub const CONTROL_EXPECTED: &str = "control_expected";
/// Most bytes of dense layers, which are held in memory.
const MOST: usize = 4 << 30;

/// Reads the cells, and checks all that was asked.
fn read(bundle: &Bundle, asked: &Asked<'_>) -> Result<Input> {
    // A wrong name is said before a large file is read.
    model::rewrite::Rewriting::new(bundle, asked.setting())?;
    let failed = || format!("{} cannot be used", asked.data.display());
    let _reading = progress::phase(format!("reading {}", asked.data.display()));
    let matrix = asked.matrix.map_or(Matrix::Auto, |name| Matrix::Named(name.to_owned()));
    let (rows, size) = rows(asked.data, &matrix, Wanted::Counts)?;
    let all = rows.all(size).with_context(failed)?;
    let mut found = input(&bundle.card, all, rows.identifiers(), asked).with_context(failed)?;
    found.notes.extend(left_behind(rows.report()));
    Ok(found)
}

/// Says what the written file will lack of what the file of cells holds.
fn left_behind(report: &Report) -> Option<String> {
    let columns = report.left_out.iter().map(|own| format!("{} ({})", own.place, own.why));
    let matrices = report.others().map(|own| own.place.clone());
    let all: Vec<String> = matrices.chain(report.beside.iter().cloned()).chain(columns).collect();
    (!all.is_empty()).then(|| format!("not carried into the predicted file: {}", all.join(", ")))
}

/// What would be predicted, in words.
///
/// # Errors
/// When the cells cannot be read, or a choice is unknown.
pub fn describe(bundle: &Bundle, asked: &Asked<'_>) -> Result<String> {
    let Input { cells, places, notes, .. } = read(bundle, asked)?;
    let found = places.iter().flatten().count();
    let kept = (f64::from(asked.keep) * found as f64).round();
    let mut text = format!("cells\t{}\ngenes drawn anew\t{} of {found}\n", cells.len(), found as f64 - kept);
    notes.iter().for_each(|note| text.push_str(&format!("note\t{note}\n")));
    Ok(text)
}

/// Predicts the cells and writes them.
///
/// # Errors
/// When the cells cannot be read, a choice is unknown, the device fails or the disk is full: nothing is written then.
pub fn predict(bundle: &Bundle, asked: &Asked<'_>, out: &Path) -> Result<()> {
    let input = read(bundle, asked)?;
    let all = (0..input.cells.len()).collect();
    write(bundle, asked, &input, &[Set { with: asked.with.clone(), cells: all, of_table: false }], out)
}

/// Predicts cells under each perturbation of a table (perturbation, number of cells), as STATE's users have them: so many
/// of the file's cells, evenly from all that were chosen, for every line; names carry the perturbation. What
/// [`Asked::with`] says besides holds for all lines.
///
/// # Errors
/// As [`predict`]; when the table cannot be read, or a line asks for more cells than there are.
pub fn predict_table(bundle: &Bundle, asked: &Asked<'_>, table: &Path, out: &Path) -> Result<()> {
    let choices = Choices { with: asked.with.clone(), ..asked.choices.clone() };
    let lines = perturbations(&bundle.card, &choices, table)?;
    // A wrong name is said before a large file is read.
    for line in &lines {
        let setting = Setting { with: line.with.clone(), ..asked.setting() };
        model::rewrite::Rewriting::new(bundle, setting).with_context(|| format!("{}", table.display()))?;
    }
    let with = lines.first().map(|line| line.with.clone()).unwrap_or_default();
    let input = read(bundle, &Asked { with: &with, ..*asked })?;
    let mut sets = Vec::with_capacity(lines.len());
    for line in lines {
        let (there, wanted) = (input.cells.len(), line.cells);
        ensure!(
            wanted <= there,
            "{} asks for {wanted} cells of one perturbation, but only {there} were chosen from {}; a cell is predicted once for each perturbation",
            table.display(),
            asked.data.display()
        );
        sets.push(Set { with: line.with, cells: evenly(there, wanted), of_table: true });
    }
    write(bundle, asked, &input, &sets, out)
}

/// Cells that are predicted under one perturbation.
struct Set {
    /// The perturbation, and what is said for all cells.
    with: BTreeMap<String, Vec<String>>,
    /// Places among the chosen cells of the file.
    cells: Vec<usize>,
    /// Whether it is one of several, which cells' names then say.
    of_table: bool,
}

/// Predicts sets of cells and writes them as one file.
fn write(bundle: &Bundle, asked: &Asked<'_>, input: &Input, sets: &[Set], out: &Path) -> Result<()> {
    let count: usize = sets.iter().map(|set| set.cells.len()).sum();
    let genes = input.cells.genes.len();
    let bytes = count.saturating_mul(genes).saturating_mul(8);
    ensure!(
        bytes <= MOST,
        "expected counts of {count} cells and {genes} genes are {:.1} GB; take fewer cells at a time with --only",
        bytes as f64 / 1e9
    );
    input.notes.iter().for_each(|note| say(note));
    let (labels, names) = added(bundle, input, sets)?;
    let (mut perturbed, mut control) = (Written::new(genes), Written::new(genes));
    let mut kept = Vec::with_capacity(count);
    let shown = progress::counted("predicting cells", count as u64, "cells");
    for set in sets {
        let setting = Setting { with: set.with.clone(), ..asked.setting() };
        let own = |cell: usize| input.measured(set.cells[cell]);
        rewrite(bundle, &setting, (set.cells.len(), &own), asked.effort, &mut |first, part: Rewritten| {
            let places = &set.cells[first..first + part.kept.len()];
            perturbed.take(input, places, &part.perturbed, &part.kept)?;
            control.take(input, places, &part.control, &part.kept)?;
            kept.extend(part.kept.iter().map(|own| own.iter().filter(|kept| **kept).count() as i64));
            shown.reach(kept.len() as u64);
            Ok(())
        })?;
    }
    drop(shown);
    let mut labels = labels;
    labels.insert(KEPT.to_owned(), Column::Integer(kept));
    let all = Cells::new(perturbed.counts, input.cells.genes.clone(), names, labels)?;
    let layers = [
        (CONTROL_TWIN, Layer::Counts(&control.counts)),
        (EXPECTED, Layer::Dense(&perturbed.expected)),
        (CONTROL_EXPECTED, Layer::Dense(&control.expected)),
    ];
    write_atomic(out, &write_h5ad_with_layers(&all, &notes(bundle, asked, sets, &input.notes), &layers)?)?;
    say(&format!("{} cells in {}", all.len(), out.display()));
    Ok(())
}

/// Labels by name, and names.
type Named = (BTreeMap<String, Column>, Vec<String>);

/// Labels and names of the cells, with labels that say what was predicted; a label of the input is never replaced.
fn added(bundle: &Bundle, input: &Input, sets: &[Set]) -> Result<Named> {
    let chosen: Vec<usize> = sets.iter().flat_map(|set| set.cells.iter().copied()).collect();
    let mut labels: BTreeMap<String, Column> =
        input.cells.labels.iter().map(|(key, column)| (key.clone(), column.select(&chosen))).collect();
    let (mut texts, mut names) = (BTreeMap::<String, Vec<String>>::new(), Vec::with_capacity(chosen.len()));
    for set in sets {
        let values: Vec<BTreeMap<String, String>> = set.cells.iter().map(|cell| input.values[*cell].clone()).collect();
        for (key, own) in predicted_labels(&bundle.card, &set.with, &values) {
            texts.entry(key).or_default().extend(own);
        }
        let perturbation = bundle.card.of_kind(Kind::Perturbation).and_then(|own| set.with.get(&own.key));
        let mark = perturbation.filter(|_| set.of_table).map_or_else(String::new, |own| format!("|{}", own.join("+")));
        names.extend(set.cells.iter().map(|cell| format!("{}{mark}", input.cells.names[*cell])));
    }
    let taken = texts.keys().map(String::as_str).chain([KEPT]).find(|key| labels.contains_key(*key));
    ensure!(
        taken.is_none(),
        "the cells have a label `{}` already: these look like predicted cells; give the measured ones",
        taken.unwrap_or_default()
    );
    labels.extend(texts.into_iter().map(|(key, texts)| (key, Column::categorical(&texts))));
    Ok((labels, names))
}

/// What the file carries besides.
fn notes(bundle: &Bundle, asked: &Asked<'_>, sets: &[Set], sentences: &[String]) -> BTreeMap<String, String> {
    // Of a table every perturbation is named; which cell has which its labels say.
    let mut with = BTreeMap::<String, Vec<String>>::new();
    for (key, values) in sets.iter().flat_map(|set| &set.with) {
        let own = with.entry(key.clone()).or_default();
        let new: Vec<String> = values.iter().filter(|value| !own.contains(value)).cloned().collect();
        own.extend(new);
    }
    let choices = Choices { with, ..asked.choices.clone() };
    let mut notes = provenance(bundle, &choices, asked.device);
    let file = asked.data.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let only: Vec<String> = asked.only.iter().map(|(key, value)| format!("{key}={value}")).collect();
    notes.insert("wellplate_kind".to_owned(), "predicted".to_owned());
    notes.insert("wellplate_kept".to_owned(), asked.keep.to_string());
    notes.insert("wellplate_cells".to_owned(), file);
    notes.insert("wellplate_only".to_owned(), only.join("; "));
    notes.insert("wellplate_notes".to_owned(), sentences.join("; "));
    notes
}

/// One side on the genes of the file.
struct Written {
    counts: Counts,
    expected: Vec<f32>,
}

impl Written {
    fn new(genes: usize) -> Self {
        Self { counts: Counts::empty(genes), expected: Vec::new() }
    }

    /// Takes a part, cells at these places of the input: what was drawn stands in place of what was measured, everything
    /// else stays.
    fn take(&mut self, input: &Input, places: &[usize], side: &Side, kept: &[Vec<bool>]) -> Result<()> {
        let genes = input.cells.genes.len();
        let mut rows = Vec::with_capacity(kept.len());
        for (cell, (place, kept)) in places.iter().zip(kept).enumerate() {
            let mut row = vec![0; genes];
            input.cells.counts.dense_row(*place, &mut row);
            let mut expected: Vec<f32> = row.iter().map(|count| *count as f32).collect();
            put(&mut row, &input.places, kept, &side.counts[cell]);
            put(&mut expected, &input.places, kept, &side.expected[cell]);
            rows.push(row);
            self.expected.extend(expected);
        }
        self.counts.append(&Counts::from_dense_rows(genes, rows.iter().map(Vec::as_slice)))?;
        Ok(())
    }
}
