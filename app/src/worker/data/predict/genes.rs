//! Which genes the perturbation moves in the visitor's cells.
//!
//! Does: tests every gene that was drawn, cell by cell against its control twin; means of measured, twin and predicted cells.
//! Does not know: how cells were predicted.
//! Flow: predicted cells and twins → **shifts** → page.

use cells::de::paired::Paired;

use super::super::super::shifts::column;
use super::super::own::Own;
use super::super::pace::{End, Pace, sentence};
use super::chosen::Chosen;
use super::made::Written;
use crate::protocol::Array;

/// Genes tested between looks at the messages.
const GENES_AT_ONCE: usize = 500;

/// Tests; gives the arrays of [`crate::protocol::what_if::Tell::Done`].
pub(super) async fn test(
    own: &Own,
    chosen: &Chosen,
    written: &Written,
    pace: &mut Pace<'_>,
) -> Result<Vec<Array>, End> {
    pace.begin("testing genes");
    pace.step(0.0).await?;
    let drawn_in =
        |gene: usize| Some((chosen.places[gene]? as u32, written.drawn[gene])).filter(|(_, drawn)| *drawn > 0);
    let mut drawn: Vec<(u32, u32)> = (0..chosen.places.len()).filter_map(drawn_in).collect();
    drawn.sort_unstable();
    let places: Vec<u32> = drawn.iter().map(|(place, _)| *place).collect();
    let [predicted, twins] = &written.sides;
    let mut paired = Paired::new(twins, predicted, own.target, &places).map_err(sentence)?;
    loop {
        let share = paired.step(GENES_AT_ONCE);
        pace.step(share).await?;
        if share >= 1.0 {
            break;
        }
    }
    let found = paired.finish();
    let measured = own.normalised(&chosen.cells).mean();
    let names: Vec<&str> = places.iter().map(|place| own.genes[*place as usize].as_str()).collect();
    let column = |value| column(&found, value);
    let of_cells = chosen.cells.len() as f64;
    Ok(vec![
        Array::U8(names.join("\n").into_bytes()),
        column(|shift| shift.log2_fold_change),
        column(|shift| shift.p),
        column(|shift| shift.q),
        Array::F64(places.iter().map(|place| measured[*place as usize].exp_m1()).collect()),
        column(|shift| shift.mean_control),
        column(|shift| shift.mean_perturbed),
        column(|shift| shift.low),
        column(|shift| shift.high),
        Array::F64(drawn.iter().map(|(_, cells)| f64::from(*cells) / of_cells).collect()),
    ])
}
