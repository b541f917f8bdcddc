//! What guidance did to the cells: effect sizes and spread.
//!
//! Does: curves over the guidance scale with what was measured as a flat line, violins of one gene, tables of all
//! numbers, a sentence computed from them.
//! Does not know: how cells were written.
//! Flow: worker's scales → **figures and tables**.

use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::curves::{self, Series};
use plots::violin::{self, Panel};

use super::run_of::RunOf;
use super::runs::{self, scale_words};
use super::setup::RunState;
use crate::held_out;
use crate::ui::state::lesson_runs::{GuideRun, ScaleRun};
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::canvas::{resized, surface, theme};
use crate::ui::widgets::numbers::{fixed, or_dash};

/// Place of the chosen gene among those followed.
fn chosen(store: Store, run: &GuideRun) -> usize {
    let gene = runs::part(store, "learn.gene");
    gene.and_then(|gene| run.genes.iter().position(|own| *own == gene)).unwrap_or(0)
}

/// Values of a gene in cells, from gene after gene.
fn of_gene(values: &[f32], genes: usize, gene: usize) -> &[f32] {
    let cells = values.len() / genes.max(1);
    values.get(gene * cells..(gene + 1) * cells).unwrap_or_default()
}

/// Draws one curve with its flat reference.
fn curve(
    store: Store,
    node: NodeRef<Canvas>,
    titles: (&str, &str),
    made: (&str, &[f64], &[f64]),
    flat: Option<(&str, f64)>,
) {
    let theme = theme(store);
    let Some(area) = surface(node, theme.scale) else { return };
    let (name, x, y) = made;
    let level = flat.map(|(_, value)| vec![value; x.len()]).unwrap_or_default();
    let mut series = vec![Series { name, x, y, pale: false }];
    if let Some((name, _)) = flat {
        series.push(Series { name, x, y: &level, pale: true });
    }
    if let Err(error) = curves::draw(&area, &theme, titles, &series) {
        store.alert.set(Some(error.to_string()));
    }
}

/// Scales of a run as numbers of an axis.
fn scales(run: &GuideRun) -> Vec<f64> {
    run.scales.iter().map(|own| f64::from(own.guided.scale)).collect()
}

#[component]
pub(super) fn Effects() -> impl IntoView {
    let store = use_store();
    let run = store.learn.guide;
    let measured = move || run.with(|run| run.as_ref().and_then(|run| run.measured));
    let together = move || {
        let sources = store.card.with(|card| card.as_ref().and_then(|card| held_out::sources(card)));
        sources.map_or_else(String::new, |sources| format!(", all {sources} together"))
    };
    let about = move || {
        match measured() {
        Some((control, perturbed)) => format!(
            "Measured: {perturbed} perturbed and {control} control training cells of this kind{}. Followed: the genes with the largest measured effect.", together()
        ),
        None => {
            "No such cells were measured for this model, so there is nothing to compare with. Followed: its marker genes."
                .to_owned()
        }
    }
    };
    view! {
        <section class="panel" aria-labelledby="effects-title" data-testid="learn-effects">
            <h3 id="effects-title">"Effects at each guidance scale"</h3>
            <Show when=move || store.is_running()><RunState lesson="guide"/></Show>
            <RunOf lesson="guide" id="effects-of">
                <p class="note">{about}</p>
                <SizeFigure/>
                <Table/>
                <GeneFigure/>
            </RunOf>
        </section>
    }
}

/// Size of the effect over the scales.
#[component]
fn SizeFigure() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    Effect::new(move |_| {
        size.get();
        node.get();
        let Some(run) = store.learn.guide.get() else { return };
        let (x, sizes): (Vec<f64>, Vec<f64>) =
            (scales(&run), run.scales.iter().map(|own| own.guided.size.unwrap_or(f64::NAN)).collect());
        curve(
            store,
            node,
            ("guidance scale w", "size of the effect"),
            ("generated, followed genes", &x, &sizes),
            Some(("as strong as measured", 1.0)),
        );
    });
    let words = move || store.learn.guide.with(|run| run.as_ref().map(|run| sentence(run)).unwrap_or_default());
    let has_size = move || store.learn.guide.with(|run| run.as_ref().is_some_and(|run| run.measured.is_some()));
    view! {
        <Show when=has_size>
            <canvas class="curve" node_ref=node role="img" aria-label=words data-testid="guide-size"></canvas>
            <p data-testid="guide-words">{words}</p>
        </Show>
    }
}

/// What the run showed, from its numbers alone.
fn sentence(run: &GuideRun) -> String {
    let sized: Vec<(f32, f64)> =
        run.scales.iter().filter_map(|own| Some((own.guided.scale, own.guided.size?))).collect();
    let (Some(first), Some(last)) = (sized.first(), sized.last()) else {
        return "No scale is finished yet.".to_owned();
    };
    let of = |(scale, size): (f32, f64)| format!("{} times the measured effect at w = {scale}", fixed(size, 2));
    if sized.len() < 2 {
        return format!("In this run: {}.", of(*first));
    }
    let nearest = sized.iter().min_by(|a, b| (a.1 - 1.0).abs().total_cmp(&(b.1 - 1.0).abs())).unwrap_or(first);
    let over = match sized.iter().find(|own| own.1 > 1.2) {
        Some(own) => format!("It overshoots by more than a fifth from w = {} on.", own.0),
        None => "It never overshoots by more than a fifth here.".to_owned(),
    };
    format!("In this run: {}, {}. Nearest to the measured size: w = {}. {over}", of(*first), of(*last), nearest.0)
}

/// All numbers.
#[component]
fn Table() -> impl IntoView {
    let store = use_store();
    let rows = move || {
        let run: Arc<GuideRun> = store.learn.guide.get()?;
        let (card, gene) = (store.card.get(), chosen(store, &run));
        let row = |own: &ScaleRun| {
            let words = scale_words(card.as_deref(), own.guided.scale);
            let effect = own.effect.get(gene).map(|value| f64::from(*value));
            view! {
                <tr data-scale=own.guided.scale.to_string()>
                    <th scope="row">{words}</th><td>{or_dash(own.guided.size, 2)}</td><td>{or_dash(own.guided.agreement, 2)}</td>
                    <td>{or_dash(effect, 2)}</td><td>{fixed(own.guided.spread, 2)}</td>
                </tr>
            }
        };
        let mut rows: Vec<AnyView> = run.scales.iter().map(|own| row(own).into_any()).collect();
        if let Some(effect) = run.effect.get(gene) {
            rows.push(view! { <tr class="measured"><th scope="row">"measured"</th><td>"1"</td><td>"1"</td><td>{fixed(f64::from(*effect), 2)}</td><td>"–"</td></tr> }.into_any());
        }
        rows.push(view! { <tr class="measured"><th scope="row">"control cells"</th><td>"–"</td><td>"–"</td><td>"0"</td><td>{fixed(run.spread, 2)}</td></tr> }.into_any());
        Some(rows)
    };
    let gene =
        move || store.learn.guide.get().and_then(|run| run.genes.get(chosen(store, &run)).cloned()).unwrap_or_default();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Numbers at each guidance scale">
            <table data-testid="guide-table">
                <thead><tr><th scope="col">"w"</th><th scope="col">"Size"</th><th scope="col">"Agreement"</th><th scope="col">{move || format!("Δ {}", gene())}</th><th scope="col">"Spread"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="note">"Size: slope of the generated on the measured effect over the followed genes. Agreement: correlation of the two over all genes. Δ: mean log-normalised expression minus that of control cells."</p>
    }
}

/// One gene's cells at every scale.
#[component]
fn GeneFigure() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    let run = store.learn.guide;
    let names = |run: &GuideRun| -> Vec<String> {
        std::iter::once("control".to_owned())
            .chain(run.scales.iter().map(|own| format!("w = {}", own.guided.scale)))
            .collect()
    };
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let Some(run) = run.get() else { return };
        let gene = chosen(store, &run);
        let Some(area) = surface(node, theme.scale) else { return };
        let of = |values: &'_ [f32]| of_gene(values, run.genes.len(), gene).to_vec();
        let groups: Vec<Vec<f32>> =
            std::iter::once(of(&run.control)).chain(run.scales.iter().map(|own| of(&own.values))).collect();
        let names = names(&run);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let panel = Panel {
            gene: run.genes.get(gene).map_or("", String::as_str),
            groups: groups.iter().map(Vec::as_slice).collect(),
        };
        if let Err(error) = violin::draw(&area, &theme, &names, &[panel]) {
            store.alert.set(Some(error.to_string()));
        }
    });
    let options = move || {
        let run = run.get()?;
        let own = chosen(store, &run);
        let option = |(place, gene): (usize, &String)| view! { <option value=gene.clone() selected=place == own>{gene.clone()}</option> };
        Some(run.genes.iter().enumerate().map(option).collect::<Vec<_>>())
    };
    let words = move || {
        let Some(run) = run.get() else { return String::new() };
        let gene = chosen(store, &run);
        let mean = |values: &[f32]| {
            let own = of_gene(values, run.genes.len(), gene);
            own.iter().map(|value| f64::from(*value)).sum::<f64>() / own.len().max(1) as f64
        };
        let mut parts = vec![format!("control {}", fixed(mean(&run.control), 2))];
        parts.extend(run.scales.iter().map(|own| format!("w = {}: {}", own.guided.scale, fixed(mean(&own.values), 2))));
        parts.extend(run.mean.get(gene).map(|mean| format!("measured, perturbed: {}", fixed(f64::from(*mean), 2))));
        format!(
            "Mean log-normalised expression of {}: {}.",
            run.genes.get(gene).map_or("", String::as_str),
            parts.join("; ")
        )
    };
    view! {
        <div class="bar">
            <label class="inline" for="guide-gene">"Cells of one gene "
                <select id="guide-gene" data-testid="guide-gene" on:change=move |event| runs::set_part(store, "learn.gene", event_target_value(&event))>{options}</select>
            </label>
        </div>
        <canvas class="strips" node_ref=node role="img" aria-label=words data-testid="guide-strips"></canvas>
        <p data-testid="guide-gene-words">{words}</p>
    }
}

/// Spread over the scales, and its table.
#[component]
pub(super) fn Spread() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    let run = store.learn.guide;
    Effect::new(move |_| {
        size.get();
        node.get();
        let Some(run) = run.get() else { return };
        let (x, y): (Vec<f64>, Vec<f64>) = (scales(&run), run.scales.iter().map(|own| own.guided.spread).collect());
        curve(
            store,
            node,
            ("guidance scale w", "spread of the cells"),
            ("generated, perturbed", &x, &y),
            Some(("generated, control", run.spread)),
        );
    });
    let words = move || {
        let Some(run) = run.get() else { return String::new() };
        let (Some(first), Some(last)) = (run.scales.first(), run.scales.last()) else {
            return "No scale is finished yet.".to_owned();
        };
        let (from, to) = (first.guided.spread, last.guided.spread);
        let change = 100.0 * (to / from.max(1e-9) - 1.0);
        let verb = if change < -1.0 {
            "shrank"
        } else if change > 1.0 {
            "grew"
        } else {
            "hardly changed"
        };
        format!(
            "In this run the spread {verb} from {} at w = {} to {} at w = {} ({} %).",
            fixed(from, 2),
            first.guided.scale,
            fixed(to, 2),
            last.guided.scale,
            fixed(change, 0)
        )
    };
    view! {
        <section class="panel" aria-labelledby="spread-title" data-testid="learn-spread">
            <h3 id="spread-title">"Spread at each guidance scale"</h3>
            <Show when=move || store.is_running()><RunState lesson="guide"/></Show>
            <RunOf lesson="guide" id="spread-of">
                <canvas class="curve" node_ref=node role="img" aria-label=words data-testid="guide-spread"></canvas>
                <p data-testid="spread-words">{words}</p>
                <Table/>
            </RunOf>
        </section>
    }
}
