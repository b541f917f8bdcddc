//! The steps of a prediction.
//!
//! Does: has each chosen cell rewritten under the perturbation and under the control by all workers, places what was
//! predicted on the map while it is made, has genes tested over the pairs; with progress, and a cancel between steps.
//! Does not know: files, how cells are rewritten (`model::rewrite`), who rewrites which (`pool`).
//! Flow: chosen cells → **steps** → predicted cells and shifts → page.

use cells::Counts;
use model::card::Kind;
use model::rewrite::panel::labels;
use model::rewrite::{Rewriting, Setting};

use super::super::super::outbox::breathe;
use super::super::super::pool::rewriting::Predicting;
use super::super::super::pool::start::Start;
use super::super::super::session::Session;
use super::super::outbox::tell;
use super::super::own::{Own, Values};
use super::super::pace::{End, Pace, sentence};
use super::super::place::Placer;
use super::chosen::Chosen;
use super::made::{Predicted, Written};
use super::{chosen, genes, provenance};
use crate::protocol::Array;
use crate::protocol::data::Tell as DataTell;
use crate::protocol::what_if::{Tell, Types, Wanted};

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
    let rewriting = Rewriting::new(&session.bundle, setting.clone()).map_err(sentence)?;
    let chosen = chosen::of(session, own, counts, wanted)?;
    let job = pace.job();
    let begun = Tell::Begun { job, about: chosen.about.clone() };
    tell(DataTell::Predicted(begun), &[Array::F64(chosen.cells.iter().map(|cell| *cell as f64).collect())]);
    let mut written = Written::new(own.genes.len(), chosen.places.len());
    let placer = Placer::new(session, &own.panel);
    let mut predicting = Predicting::begin(session, rewriting, start(counts, &chosen, &setting));
    while !predicting.is_done() {
        // What helpers have finished is delivered in pauses.
        breathe().await;
        predicting.step().await?;
        while let Some((first, found)) = predicting.take() {
            let predicted = written.take(counts, &chosen, first, found)?;
            let places = coordinates(session, own, &placer, &predicted);
            tell(DataTell::Predicted(Tell::Cells { job, first: first as u32 }), &[Array::F32(places)]);
        }
        pace.step(predicting.share()).await?;
    }
    drop(predicting);
    let found = genes::test(own, &chosen, &written, pace).await?;
    let provenance = provenance::of(session, own, (wanted, matrix), &chosen);
    let seconds = (js_sys::Date::now() - started) / 1000.0;
    tell(DataTell::Predicted(Tell::Done { job, provenance: provenance.clone(), seconds }), &found);
    let labels = labels(&session.bundle.card, &setting.with, &chosen.values);
    let types = chosen.types(session);
    Ok(Predicted { cells: chosen.cells, places: chosen.places, types, written, labels, provenance })
}

/// What all workers are told of the cells.
fn start(counts: &Counts, chosen: &Chosen, setting: &Setting) -> Start {
    Start {
        setting: setting.clone(),
        counts: counts.select_cells(&chosen.cells).select_genes(&chosen.places),
        has: chosen.places.iter().map(Option::is_some).collect(),
        with: chosen.values.clone(),
    }
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

/// Places of predicted cells; not a number where the model has no map.
fn coordinates(session: &Session, own: &Own, placer: &Placer, counts: &Counts) -> Vec<f32> {
    let found = placer.coordinates(session, counts.select_genes(&own.panel));
    if found.len() == 2 * counts.cells() { found } else { vec![f32::NAN; 2 * counts.cells()] }
}
