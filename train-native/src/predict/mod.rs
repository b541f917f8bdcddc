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
use cells::{Cells, Column, Counts};
use model::bundle::Bundle;
use model::card::Choices;
use model::rewrite::panel::{KEPT, labels as predicted_labels, put};
use model::rewrite::part::{Rewritten, Side};

use crate::data::files::{Wanted, rows};
use crate::files::write_atomic;
use crate::generate::provenance;
use crate::output::say;
use crate::progress;
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
    input(&bundle.card, all, rows.identifiers(), asked).with_context(failed)
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
    let bytes = input.cells.len().saturating_mul(input.cells.genes.len()).saturating_mul(8);
    ensure!(
        bytes <= MOST,
        "expected counts of {} cells and {} genes are {:.1} GB; take fewer cells at a time with --only",
        input.cells.len(),
        input.cells.genes.len(),
        bytes as f64 / 1e9
    );
    input.notes.iter().for_each(|note| say(note));
    let mut labels = input.cells.labels.clone();
    added(bundle, asked, &input, &mut labels)?;
    let genes = input.cells.genes.len();
    let (mut perturbed, mut control) = (Written::new(genes), Written::new(genes));
    let mut kept = Vec::with_capacity(input.cells.len());
    let shown = progress::counted("predicting cells", input.cells.len() as u64, "cells");
    rewrite(
        bundle,
        &asked.setting(),
        (input.cells.len(), &|cell| input.measured(cell)),
        asked.effort,
        &mut |first, part: Rewritten| {
            perturbed.take(&input, first, &part.perturbed, &part.kept)?;
            control.take(&input, first, &part.control, &part.kept)?;
            kept.extend(part.kept.iter().map(|own| own.iter().filter(|kept| **kept).count() as i64));
            shown.reach(kept.len() as u64);
            Ok(())
        },
    )?;
    drop(shown);
    labels.insert(KEPT.to_owned(), Column::Integer(kept));
    let Cells { genes, names, .. } = input.cells;
    let all = Cells::new(perturbed.counts, genes, names, labels)?;
    let layers = [
        (CONTROL_TWIN, Layer::Counts(&control.counts)),
        (EXPECTED, Layer::Dense(&perturbed.expected)),
        (CONTROL_EXPECTED, Layer::Dense(&control.expected)),
    ];
    write_atomic(out, &write_h5ad_with_layers(&all, &notes(bundle, asked, &input.notes), &layers)?)?;
    say(&format!("{} cells in {}", all.len(), out.display()));
    Ok(())
}

/// Labels that say what was predicted; a label of the input is never replaced.
fn added(bundle: &Bundle, asked: &Asked<'_>, input: &Input, labels: &mut BTreeMap<String, Column>) -> Result<()> {
    let texts = predicted_labels(&bundle.card, asked.with, &input.values);
    let own: BTreeMap<String, Column> =
        texts.into_iter().map(|(key, texts)| (key, Column::categorical(&texts))).collect();
    let taken = own.keys().map(String::as_str).chain([KEPT]).find(|key| labels.contains_key(*key));
    ensure!(
        taken.is_none(),
        "the cells have a label `{}` already: these look like predicted cells; give the measured ones",
        taken.unwrap_or_default()
    );
    labels.extend(own);
    Ok(())
}

/// What the file carries besides.
fn notes(bundle: &Bundle, asked: &Asked<'_>, sentences: &[String]) -> BTreeMap<String, String> {
    let choices = Choices { with: asked.with.clone(), ..asked.choices.clone() };
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

    /// Takes a part: what was drawn stands in place of what was measured, everything else stays.
    fn take(&mut self, input: &Input, first: usize, side: &Side, kept: &[Vec<bool>]) -> Result<()> {
        let genes = input.cells.genes.len();
        let mut rows = Vec::with_capacity(kept.len());
        for (cell, kept) in kept.iter().enumerate() {
            let mut row = vec![0; genes];
            input.cells.counts.dense_row(first + cell, &mut row);
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
