//! Tests the visitor's groups against each other and compares them with the current run.
//!
//! Does: every gene of the file between A and B, in steps; means and effects beside those of generated cells over the
//! genes that both have.
//! Does not know: how groups were made.
//! Flow: two groups (+ the session's run) → **shifts and agreement**.

use cells::Counts;
use cells::de::Differential;
use cells::metrics::{effect, mean_absolute_error, pearson, pearson_delta};
use model::card::Choices;

use super::super::made::Current;
use super::super::session::Session;
use super::super::shifts::column;
use super::outbox::tell;
use super::own::Own;
use super::pace::{End, Pace, sentence};
use crate::protocol::data::{Comparison, Tell};
use crate::protocol::{Request, Scenario};

/// Genes tested between looks at the messages.
const GENES_AT_ONCE: usize = 200;
/// Fewest cells of a group: a rank test of fewer says nothing.
const FEWEST: usize = 3;

/// Tests and compares.
pub(super) async fn test(session: &Session, own: &Own, pace: &mut Pace<'_>) -> Result<(), End> {
    let sides = [0, 1].map(|side| own.groups[side].as_ref().filter(|group| group.cells.len() >= FEWEST));
    let [Some(a), Some(b)] = sides else {
        let sentence =
            format!("Both groups need at least {FEWEST} cells: choose A and B by a label, or draw them on the map.");
        return Err(End::Failed(sentence));
    };
    let both = b.cells.iter().filter(|cell| a.cells.binary_search(cell).is_ok()).count();
    if both > 0 {
        return Err(End::Failed(format!(
            "{both} cells are in both groups; a test needs groups without a common cell."
        )));
    }
    pace.begin("testing genes");
    pace.step(0.0).await?;
    let expression = (own.normalised(&a.cells), own.normalised(&b.cells));
    pace.step(0.1).await?;
    let mut differential = Differential::new(&expression.0, &expression.1).map_err(sentence)?;
    drop(expression);
    loop {
        let share = differential.step(GENES_AT_ONCE);
        pace.step(0.1 + 0.9 * share).await?;
        if share >= 1.0 {
            break;
        }
    }
    let found = differential.finish();
    let column = |value| column(&found, value);
    let arrays = [
        column(|shift| shift.log2_fold_change),
        column(|shift| shift.p),
        column(|shift| shift.q),
        column(|shift| shift.mean_control),
        column(|shift| shift.mean_perturbed),
        column(|shift| shift.low),
        column(|shift| shift.high),
    ];
    let comparison = compare(session, own, (&a.cells, &b.cells));
    let cells = (a.cells.len() as u32, b.cells.len() as u32);
    let words = (a.words.clone(), b.words.clone());
    tell(Tell::Tested { job: pace.job(), cells, words, comparison }, &arrays);
    Ok(())
}

/// What a run was asked for: its perturbed cells, where it made any.
fn asked(run: &Current) -> Option<Request> {
    let parts = &run.made.parts;
    let first = parts.get(&Scenario::Perturbed).or_else(|| parts.get(&Scenario::Control))?;
    let Choices { with, guidance, steps, cells, seed, clamp } = first.choices.clone();
    Some(Request { with, guidance, steps: steps as u32, cells: cells as u32, seed: seed as u32, clamp })
}

/// A beside generated control cells, B beside generated perturbed ones; none without such a run.
fn compare(session: &Session, own: &Own, (a, b): (&[usize], &[usize])) -> Option<Comparison> {
    let run = session.current.as_ref()?;
    let (control, moved) = run.made.generated()?;
    let none = Counts::empty(control.counts.genes());
    let generated = [&control.counts, moved.map_or(&none, |moved| &moved.counts)];
    let shared: Vec<usize> = (0..own.panel.len()).filter(|gene| own.panel[*gene].is_some()).collect();
    let on_shared = |means: Vec<f64>| shared.iter().map(|gene| means[*gene]).collect::<Vec<f64>>();
    let measured = [a, b].map(|cells| on_shared(own.on_panel(cells).mean()));
    let predicted = generated.map(|counts| on_shared(session.normalised(counts).mean()));
    let has = generated.map(|counts| counts.cells() > 0);
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    let each = |score: fn(&[f64], &[f64]) -> f64| {
        [0, 1].map(|side| has[side].then(|| score(&measured[side], &predicted[side])).and_then(finite))
    };
    let effects = [&measured, &predicted].map(|sides| effect(&sides[1], &sides[0]));
    Some(Comparison {
        run: run.run,
        request: asked(run)?,
        shared: shared.len() as u32,
        panel: own.panel.len() as u32,
        cells: [a.len(), b.len(), generated[0].cells(), generated[1].cells()].map(|cells| cells as u32),
        pearson: each(pearson),
        mae: each(mean_absolute_error),
        pearson_delta: has[1].then(|| pearson_delta(&effects[0], &effects[1])).and_then(finite),
    })
}
