//! The worker's part of a visitor's own data.
//!
//! Does: looks at chosen files, reads them in slices, places, groups and tests their cells, hands them out; keeps them
//! until they are removed.
//! Does not know: the page.
//! Flow: [`Ask`] → desk and session → messages.

mod files;
mod found;
mod groups;
mod hand_out;
mod load;
mod look;
mod outbox;
mod own;
mod pace;
mod pieces;
mod place;
mod predict;
mod sample;
mod summary;
mod test;

use std::cell::RefCell;

use cells::h5ad::Matrix;

use super::outbox::{Stop, fail, send};
use super::session::Session;
use crate::protocol::data::{Ask, Export, Tell};
use crate::protocol::{Array, FromWorker};
use outbox::tell;
use own::Own;
use pace::{End, Pace};
use predict::made::Predicted;

/// What lies on the desk between two questions.
#[derive(Default)]
struct Desk {
    /// Files that were looked at last, for another look.
    files: Vec<web_sys::File>,
    /// Files that were looked at and not read yet.
    pending: Option<look::Pending>,
    /// The cells.
    own: Option<Own>,
    /// The matrix that was asked for by name.
    matrix: Option<String>,
    /// What was predicted of the cells last.
    predicted: Option<Predicted>,
    /// Memory in use before any cells were there, in bytes.
    base: Option<f64>,
}

thread_local! {
    /// Files that came with messages and were not looked at yet.
    static ARRIVED: RefCell<Vec<web_sys::File>> = const { RefCell::new(Vec::new()) };
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Keeps the files that came with a message.
pub(super) fn keep_files(arrays: Vec<Array>) {
    let files: Vec<web_sys::File> =
        arrays.into_iter().filter_map(|array| if let Array::File(file) = array { Some(file) } else { None }).collect();
    if !files.is_empty() {
        ARRIVED.replace(files);
    }
}

/// What is said when there are no cells.
fn nothing() -> String {
    "There are no cells of yours here any more; choose the file again.".to_owned()
}

/// Answers a question; failures are sent as sentences.
pub(super) async fn answer(session: Option<&mut Session>, ask: Ask, stop: &Stop) {
    let mut desk = DESK.take();
    let job = match &ask {
        Ask::Look { job }
        | Ask::Choose { job, .. }
        | Ask::Read { job, .. }
        | Ask::Sample { job, .. }
        | Ask::Predict { job, .. }
        | Ask::Test { job } => Some(*job),
        _ => None,
    };
    let reads = matches!(ask, Ask::Read { .. });
    let ended = work(session, &mut desk, ask, stop).await;
    if reads && ended.is_err() {
        // What was half read is gone; the page must not offer it any more.
        (desk.pending, desk.own) = (None, None);
        tell(Tell::Removed, &[]);
    }
    match ended {
        Ok(()) => {}
        Err(End::Cancelled) => send(&FromWorker::Cancelled { run: job.unwrap_or(0), cells: 0 }, &[]),
        Err(End::Told) => {}
        Err(End::Corrected(why, matrix)) => tell(Tell::Corrected { job: job.unwrap_or(0), why, matrix }, &[]),
        Err(End::Failed(sentence)) => fail(job, sentence, false),
    }
    DESK.replace(desk);
}

async fn work(session: Option<&mut Session>, desk: &mut Desk, ask: Ask, stop: &Stop) -> Result<(), End> {
    let own = |desk: &Desk| desk.own.is_some().then_some(()).ok_or_else(|| End::Failed(nothing()));
    match ask {
        Ask::Look { job } => {
            desk.files = ARRIVED.take();
            desk.matrix = None;
            look(desk, job, &Matrix::Auto, stop).await?;
        }
        Ask::Choose { job, matrix } => {
            if desk.files.is_empty() {
                return Err(End::Failed(nothing()));
            }
            desk.matrix = Some(matrix.clone());
            look(desk, job, &Matrix::Named(matrix), stop).await?;
        }
        Ask::Read { job, sample, seed } => {
            let session = session.ok_or_else(no_model)?;
            let pending = desk.pending.take().ok_or_else(|| End::Failed(nothing()))?;
            read(session, desk, pending, (sample, seed), &mut Pace::new(job, stop)).await?;
        }
        Ask::Sample { job, request } => {
            let session = session.ok_or_else(no_model)?;
            desk.base.get_or_insert_with(look::memory_in_use);
            let bytes = sample::make(session, job, &request, stop).await?;
            let pending = look::of_bytes("sample: generated cells.h5ad", bytes)?;
            read(session, desk, pending, (None, 0), &mut Pace::new(job, stop)).await?;
        }
        Ask::Colour(by) => {
            own(desk)?;
            if let Some(own) = &mut desk.own {
                own.colour(by)?;
            }
        }
        Ask::Group { side, cut } => {
            own(desk)?;
            if let Some(own) = &mut desk.own {
                groups::make(own, usize::from(side.min(1)), &cut);
            }
        }
        Ask::Test { job } => {
            let session = session.ok_or_else(no_model)?;
            let own = desk.own.as_ref().ok_or_else(|| End::Failed(nothing()))?;
            test::test(session, own, &mut Pace::new(job, stop)).await?;
        }
        Ask::Predict { job, wanted } => {
            let session = session.ok_or_else(no_model)?;
            desk.predicted = None;
            if let Some(own) = &mut desk.own {
                own.named = wanted.named();
            }
            let own = desk.own.as_ref().ok_or_else(|| End::Failed(nothing()))?;
            let asked = (&wanted, desk.matrix.as_deref());
            desk.predicted = Some(predict::run::predict(session, own, asked, &mut Pace::new(job, stop)).await?);
        }
        Ask::Dots { genes } => {
            if let Some((own, predicted)) = desk.own.as_ref().zip(desk.predicted.as_ref()) {
                predict::dots::answer(own, predicted, genes);
            }
        }
        Ask::Export(Export::Predicted) => {
            let none = || End::Failed("No cells are predicted any more; predict them again.".to_owned());
            let (own, predicted) = desk.own.as_ref().zip(desk.predicted.as_ref()).ok_or_else(none)?;
            let bytes = predict::hand_out::h5ad(own, predicted)?;
            tell(Tell::File { name: "predicted.h5ad".to_owned() }, &[Array::U8(bytes)]);
        }
        Ask::Export(what) => {
            let own = desk.own.as_ref().ok_or_else(|| End::Failed(nothing()))?;
            hand_out::hand_out(own, what)?;
        }
        Ask::Remove => {
            (desk.own, desk.predicted, desk.pending, desk.files) = (None, None, None, Vec::new());
            tell(Tell::Removed, &[]);
        }
    }
    Ok(())
}

/// Looks at the files on the desk.
async fn look(desk: &mut Desk, job: u32, asked: &Matrix, stop: &Stop) -> Result<(), End> {
    let base = *desk.base.get_or_insert_with(look::memory_in_use);
    desk.pending = None;
    let (pending, plan) = look::look(&desk.files, asked, base, &mut Pace::new(job, stop)).await?;
    desk.pending = Some(pending);
    tell(Tell::Looked { job, plan }, &[]);
    Ok(())
}

fn no_model() -> End {
    End::Failed("No model is loaded yet; wait until it is, then choose the file again.".to_owned())
}

/// Reads what was looked at, places it and tells what it is.
async fn read(
    session: &Session,
    desk: &mut Desk,
    pending: look::Pending,
    sample: (Option<u32>, u32),
    pace: &mut Pace<'_>,
) -> Result<(), End> {
    // The old cells go first, so that two files are never in memory.
    (desk.own, desk.predicted) = (None, None);
    let generated = pending.is_generated();
    let mut own = load::load(pending, sample, pace).await?;
    place::place(session, &mut own, pace).await?;
    let mut summary = summary::summary(session, &own);
    summary.generated = generated;
    let arrays = [Array::F32(own.coordinates.clone()), Array::U8(own.genes.join("\n").into_bytes())];
    desk.own = Some(own);
    tell(Tell::Read { job: pace.job(), summary }, &arrays);
    Ok(())
}
