//! Generated against measured effect, and halves against halves.
//!
//! Does: a scatter of genes with the genes that shift most by name and in a table; the agreement of halves over the
//! number of cells as curves and a table.
//! Does not know: how cells were written or split.
//! Flow: worker's effects and agreements → **figures and tables**.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::{curves, scatter};

use super::run_of::RunOf;
use crate::bundles::grouped;
use crate::ui::state::lesson_runs::HalvesRun;
use crate::ui::state::store::use_store;
use crate::ui::widgets::canvas::{resized, surface, theme};
use crate::ui::widgets::numbers::{fixed, or_dash};

/// Genes drawn: those with the largest effects on either side. The rest lie in a heap around zero.
const DRAWN: usize = 1500;
/// Genes named in the scatter, and in its table.
const NAMED: usize = 12;

/// Genes by falling effect on either side.
fn strongest(run: &HalvesRun, most: usize) -> Vec<usize> {
    let size = |gene: usize| run.effect[gene].abs().max(run.measured[gene].abs());
    let mut order: Vec<usize> = (0..run.effect.len().min(run.measured.len())).collect();
    order.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
    order.truncate(most);
    order
}

#[component]
pub(super) fn Scatter() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    let run = store.learn.halves;
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let Some(run) = run.get() else { return };
        let Some(area) = surface(node, theme.scale) else { return };
        let genes = strongest(&run, DRAWN);
        let of = |values: &[f64]| genes.iter().map(|gene| values[*gene]).collect::<Vec<f64>>();
        let (x, y) = (of(&run.measured), of(&run.effect));
        let labels: Vec<(usize, &str)> = genes
            .iter()
            .take(NAMED)
            .enumerate()
            .filter_map(|(place, gene)| Some((place, run.card.genes.get(*gene)?.as_str())))
            .collect();
        let series = [scatter::Series { name: "genes", x: &x, y: &y, labels: &labels }];
        if let Err(error) = scatter::draw(&area, &theme, ("measured effect", "generated effect"), true, &series) {
            store.alert.set(Some(error.to_string()));
        }
    });
    let words = move || {
        run.with(|run| run.as_ref().map(|run| match run.measured_cells {
        Some((control, perturbed)) => format!(
            "Over all {} genes the generated effect ({} control and {} perturbed cells) and the measured one ({control} and {perturbed} cells) correlate at {}. The {} genes with the largest effects are drawn.",
            grouped(run.effect.len() as u64), run.cells, run.cells, or_dash(run.agreement, 2), grouped(DRAWN.min(run.effect.len()) as u64)
        ),
        None => "No such cells were measured for this model, so there is no effect to compare with.".to_owned(),
    })).unwrap_or_default()
    };
    let rows = move || {
        let run = run.get()?;
        let row = |gene: usize| {
            let name = run.card.genes.get(gene).cloned().unwrap_or_default();
            view! { <tr><th scope="row">{name}</th><td>{fixed(run.measured[gene], 2)}</td><td>{fixed(run.effect[gene], 2)}</td></tr> }
        };
        Some(strongest(&run, 2 * NAMED).into_iter().map(row).collect::<Vec<_>>())
    };
    let has_measured = move || run.with(|run| run.as_ref().is_some_and(|run| !run.measured.is_empty()));
    view! {
        <section class="panel" aria-labelledby="scatter-title" data-testid="learn-scatter">
            <h3 id="scatter-title">"Generated against measured effect"</h3>
            <RunOf lesson="ceiling" id="scatter-of">
            <p data-testid="scatter-words">{words}</p>
            <Show when=has_measured>
                <canvas class="scatter" node_ref=node role="img" aria-label=words data-testid="scatter"></canvas>
                <details>
                    <summary>"The strongest genes as a table"</summary>
                    <table data-testid="scatter-table">
                        <thead><tr><th scope="col">"Gene"</th><th scope="col">"Measured Δ"</th><th scope="col">"Generated Δ"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </details>
            </Show>
            </RunOf>
        </section>
    }
}

#[component]
pub(super) fn Halves() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    let run = store.learn.halves;
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let Some(run) = run.get() else { return };
        let Some(area) = surface(node, theme.scale) else { return };
        let of = |value: &dyn Fn(&crate::protocol::learn::HalfPoint) -> f64| {
            run.points.iter().map(value).collect::<Vec<f64>>()
        };
        let x = of(&|point| f64::from(point.cells));
        let (halves, measured) = (of(&|point| point.halves), of(&|point| point.measured.unwrap_or(f64::NAN)));
        let (least, most) = (of(&|point| point.range.0), of(&|point| point.range.1));
        let line = |name, y, pale| curves::Series { name, x: &x, y, pale };
        let mut series = vec![line("one half against the other", &halves, false)];
        if measured.iter().any(|value| value.is_finite()) {
            series.push(line("a half against the measured effect", &measured, false));
        }
        series.push(line("lowest of ten splits", &least, true));
        series.push(line("highest of ten splits", &most, true));
        if let Err(error) = curves::draw(&area, &theme, ("cells in each half", "Pearson-Δ"), &series) {
            store.alert.set(Some(error.to_string()));
        }
    });
    let words =
        move || {
            run.with(|run| {
        let run = run.as_ref()?;
        let (first, last) = run.points.first().zip(run.points.last())?;
        Some(format!(
            "Halves of {} cells agree at {}, halves of {} cells at {}, though all cells come from the same model.",
            first.cells, fixed(first.halves, 2), last.cells, fixed(last.halves, 2)
        ))
    }).unwrap_or_else(|| "There are too few cells for halves: write at least 4.".to_owned())
        };
    let rows = move || {
        let run = run.get()?;
        let row = |point: &crate::protocol::learn::HalfPoint| {
            view! {
                <tr><th scope="row">{point.cells}</th><td>{fixed(point.halves, 2)}</td>
                    <td>{format!("{} … {}", fixed(point.range.0, 2), fixed(point.range.1, 2))}</td><td>{or_dash(point.measured, 2)}</td></tr>
            }
        };
        Some(run.points.iter().map(row).collect::<Vec<_>>())
    };
    view! {
        <section class="panel" aria-labelledby="halves-title" data-testid="learn-halves">
            <h3 id="halves-title">"Halves against halves"</h3>
            <RunOf lesson="ceiling" id="halves-of">
            <p data-testid="halves-words">{words}</p>
            <canvas class="curve" node_ref=node role="img" aria-label=words data-testid="halves"></canvas>
            <div class="scroll" tabindex="0" role="region" aria-label="Agreement by number of cells">
                <table data-testid="halves-table">
                    <thead><tr><th scope="col">"Cells in each half"</th><th scope="col">"Half against half"</th><th scope="col">"Ten splits"</th><th scope="col">"Half against measured"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            </RunOf>
        </section>
    }
}
