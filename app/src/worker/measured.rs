//! Measured cells beside generated ones.
//!
//! Does: finds the bundle's measured means of the run's cell type with and without its perturbation, and how well the
//! generated effect agrees with the measured one.
//! Does not know: single measured cells; a bundle carries means of groups over all donors in training.
//! Flow: finished run + bundle's reference → **message**.

use cells::Counts;
use cells::metrics::{effect, pearson};
use model::card::Kind;

use super::send;
use super::session::Session;
use crate::protocol::{Array, FromWorker, Request};

/// Place of a group in the reference, and its cells.
fn group(session: &Session, cell_type: &str, condition: &str) -> Option<(usize, u32)> {
    let groups = &session.bundle.card.reference;
    let place = groups.iter().position(|own| own.cell_type == cell_type && own.condition == condition)?;
    Some((place, groups[place].cells as u32))
}

/// Means of a group [G].
fn means(session: &Session, place: usize) -> Option<&[f32]> {
    let genes = session.bundle.card.genes.len();
    session.bundle.reference.mean.get(place * genes..(place + 1) * genes)
}

/// Posts the measured means and the agreement, where the bundle has measured such cells at all.
pub(crate) fn show(session: &Session, run: u32, request: &Request, control: &Counts, perturbed: &Counts) -> Option<()> {
    let card = &session.bundle.card;
    let (types, changed) = (card.of_kind(Kind::CellType)?, card.of_kind(Kind::Perturbation)?);
    let one = |key: &str| request.with.get(key).filter(|values| values.len() == 1)?.first();
    let (cell_type, value) = (one(&types.key)?, one(&changed.key)?);
    let (own, own_cells) = group(session, cell_type, changed.control.as_ref()?)?;
    let (moved, moved_cells) = group(session, cell_type, value)?;
    let (own, moved) = (means(session, own)?, means(session, moved)?);
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let measured = effect(&wide(moved), &wide(own));
    let generated = effect(&session.normalised(perturbed).mean(), &session.normalised(control).mean());
    let agreement = Some(pearson(&measured, &generated)).filter(|value| value.is_finite());
    let message = FromWorker::Measured { run, cells: (own_cells, moved_cells), agreement };
    send(&message, &[Array::F32(own.to_vec()), Array::F32(moved.to_vec())]);
    Some(())
}
