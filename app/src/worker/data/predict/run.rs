//! The steps of a prediction.
//!
//! Does: has each chosen cell rewritten under the perturbation and under the control, places what was predicted on the map
//! while it is made, has genes tested over the pairs; with progress, and a cancel between steps.
//! Does not know: files, how cells are rewritten (`model::rewrite`).
//! Flow: chosen cells → **steps** → predicted cells and shifts → page.

use cells::Counts;
use model::card::Kind;
use model::rewrite::panel::labels;
use model::rewrite::part::{Part, Rewritten};
use model::rewrite::{Measured, Rewriting, Setting};

use super::super::super::session::Session;
use super::super::outbox::tell;
use super::super::own::{Own, Values};
use super::super::pace::{End, Pace, sentence};
use super::super::place::Placer;
use super::made::{Predicted, Written};
use super::{chosen, genes, provenance};
use crate::protocol::Array;
use crate::protocol::data::Tell as DataTell;
use crate::protocol::what_if::{Tell, Types, Wanted};

/// Cells that are rewritten and shown together.
const PART: usize = 32;

/// The model's setting: what holds for all cells, and how they are drawn.
fn setting(session: &Session, wanted: &Wanted) -> Setting {
    let mut with = wanted.with.clone();
    if let (Types::Value(value), Some(condition)) = (&wanted.types, session.bundle.card.of_kind(Kind::CellType)) {
        with.insert(condition.key.clone(), vec![value.clone()]);
    }
    let Wanted { guidance, keep, .. } = *wanted;
    Setting { with, guidance, steps: wanted.steps as usize, seed: u64::from(wanted.seed), keep }
}

/// Predicts, and tells the page as it goes. `matrix` is the one that was asked for by name.
pub(in super::super) async fn predict(
    session: &Session,
    own: &Own,
    (wanted, matrix): (&Wanted, Option<&str>),
    pace: &mut Pace<'_>,
) -> Result<Predicted, End> {
    let started = js_sys::Date::now();
    let counts = counts(own)?;
    pace.begin("predicting your cells");
    let setting = setting(session, wanted);
    // A choice that the model does not have is said before anything is drawn.
    let mut rewriting = Rewriting::new(&session.bundle, setting.clone()).map_err(sentence)?;
    let chosen = chosen::of(session, own, counts, wanted)?;
    let job = pace.job();
    let begun = Tell::Begun { job, about: chosen.about.clone() };
    tell(DataTell::Predicted(begun), &[Array::F64(chosen.cells.iter().map(|cell| *cell as f64).collect())]);
    let empty = || Counts::empty(own.genes.len());
    let drawn = vec![0; chosen.places.len()];
    let mut written = Written { sides: [empty(), empty()], kept: Vec::new(), drawn };
    let (placer, all) = (Placer::new(session, &own.panel), chosen.cells.len());
    for first in (0..all).step_by(PART) {
        let cells = first..all.min(first + PART);
        let part: Vec<Measured> = cells.clone().map(|cell| chosen.measured(counts, cell)).collect();
        let found = rewritten(session, (&mut rewriting, part, first), all, pace).await?;
        let predicted = written.take(counts, &chosen, first, &found)?;
        let places = coordinates(session, own, &placer, &predicted);
        tell(DataTell::Predicted(Tell::Cells { job, first: first as u32 }), &[Array::F32(places)]);
    }
    let found = genes::test(own, &chosen, &written, pace).await?;
    let provenance = provenance::of(session, own, (wanted, matrix), &chosen);
    let seconds = (js_sys::Date::now() - started) / 1000.0;
    tell(DataTell::Predicted(Tell::Done { job, provenance: provenance.clone(), seconds }), &found);
    let labels = labels(&session.bundle.card, &setting.with, &chosen.values);
    Ok(Predicted { cells: chosen.cells, sides: written.sides, kept: written.kept, labels, provenance })
}

/// The counts; a cell of other values cannot be rewritten.
fn counts(own: &Own) -> Result<&Counts, End> {
    match &own.values {
        Values::Counts(counts) => Ok(counts),
        Values::Logged(_) => Err(End::Failed(
            "The file holds log-normalised values, and the model rewrites counts. Save it with raw counts in X, layers/counts or raw/X."
                .to_owned(),
        )),
    }
}

/// A part of the cells, step by step, with a look at the messages between the steps.
async fn rewritten(
    session: &Session,
    (rewriting, cells, first): (&mut Rewriting<'_>, Vec<Measured>, usize),
    all: usize,
    pace: &mut Pace<'_>,
) -> Result<Rewritten, End> {
    let count = cells.len();
    pace.step(first as f64 / all as f64).await?;
    let mut part = Part::new(rewriting, cells, first, session.effort()).await.map_err(sentence)?;
    loop {
        let failed = |error| format!("The device failed while predicting cells: {error}.");
        let share = part.step(&session.bundle.network).await.map_err(failed)?;
        pace.step((first as f64 + share * count as f64) / all as f64).await?;
        if share >= 1.0 {
            return Ok(part.finish());
        }
    }
}

/// Places of predicted cells; not a number where the model has no map.
fn coordinates(session: &Session, own: &Own, placer: &Placer, counts: &Counts) -> Vec<f32> {
    let found = placer.coordinates(session, counts.select_genes(&own.panel));
    if found.len() == 2 * counts.cells() { found } else { vec![f32::NAN; 2 * counts.cells()] }
}
