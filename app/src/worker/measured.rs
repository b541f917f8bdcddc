//! Measured cells beside generated ones.
//!
//! Does: finds the bundle's measured means of what a comparison compares, and how well the generated effect agrees with
//! the measured one.
//! Does not know: single measured cells; a bundle carries means of groups over all donors in training.
//! Flow: finished comparison + bundle's reference → **message**.

use cells::metrics::{effect, pearson};
use model::card::Kind;

use super::made::Sampled;
use super::outbox::send;
use super::session::Session;
use crate::protocol::{Array, Comparison, FromWorker, Request};

/// Place of a group in the reference, and its cells.
fn group(session: &Session, cell_type: &str, condition: &str) -> Option<(usize, u32)> {
    let groups = &session.bundle.card.reference;
    let place = groups.iter().position(|own| own.cell_type == cell_type && own.condition == condition)?;
    Some((place, groups[place].cells as u32))
}

/// The group of a request's cells, or of their control; perturbations that act together were measured only if a group
/// has their names.
fn group_of(session: &Session, request: &Request, perturbed: bool) -> Option<(usize, u32)> {
    let card = &session.bundle.card;
    // Groups of a bundle without cell types, or without a perturbation, have no name there.
    let condition = match card.of_kind(Kind::Perturbation) {
        None => String::new(),
        Some(changed) => match request.with.get(&changed.key).filter(|_| perturbed) {
            Some(values) => values.join("+"),
            None => changed.control.clone()?,
        },
    };
    let cell_type = match card.of_kind(Kind::CellType) {
        None => "",
        Some(types) => request.with.get(&types.key)?.first()?.as_str(),
    };
    group(session, cell_type, &condition)
}

/// Means of a group [G].
fn means(session: &Session, place: usize) -> Option<&[f32]> {
    let genes = session.bundle.card.genes.len();
    session.bundle.reference.mean.get(place * genes..(place + 1) * genes)
}

/// Posts the measured means and the agreement, where the bundle has measured such cells at all. `asked` are the
/// scenarios A and B.
pub(crate) fn show(
    session: &Session,
    run: u32,
    comparison: Comparison,
    asked: &[Option<Request>; 2],
    (control, moved): (&Sampled, &Sampled),
) -> Option<()> {
    let ((base, base_perturbed), other) = match comparison {
        Comparison::A => ((asked[0].as_ref()?, false), asked[0].as_ref()?),
        Comparison::B => ((asked[1].as_ref()?, false), asked[1].as_ref()?),
        Comparison::BAgainstA => ((asked[0].as_ref()?, true), asked[1].as_ref()?),
    };
    let (own, own_cells) = group_of(session, base, base_perturbed)?;
    let (changed, changed_cells) = group_of(session, other, true)?;
    if own == changed {
        return None;
    }
    let (own, changed) = (means(session, own)?, means(session, changed)?);
    let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let measured = effect(&wide(changed), &wide(own));
    let generated = effect(&session.normalised(&moved.counts).mean(), &session.normalised(&control.counts).mean());
    let agreement = Some(pearson(&measured, &generated)).filter(|value| value.is_finite());
    let message = FromWorker::Measured { run, comparison, cells: (own_cells, changed_cells), agreement };
    send(&message, &[Array::F32(own.to_vec()), Array::F32(changed.to_vec())]);
    Some(())
}
