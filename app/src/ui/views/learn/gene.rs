//! What the model thinks of one gene, step by step.
//!
//! Does: bars and a table of the gene's probabilities before each step until it is revealed; lets a person watch
//! another gene, which writes the same cell again.
//! Does not know: how probabilities are computed.
//! Flow: recorded probabilities + step → **bars, table, words**.

use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::bars::{Bar, draw};

use super::cell::Scrubber;
use super::run_of::RunOf;
use super::runs::{self, percent};
use super::setup::{RunState, record};
use crate::lessons::bins::{Bins, VOCABULARY};
use crate::ui::state::lesson_runs::CellRun;
use crate::ui::state::store::{Phase, Store, use_store};
use crate::ui::widgets::canvas::{resized, surface, theme};
use crate::ui::widgets::gene_options;

/// What is shown of the watched gene at a step.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    gene: String,
    /// Step that the probabilities belong to.
    step: u32,
    bars: Vec<Bar>,
    /// Highest bar of all steps.
    most: f64,
    /// Bin, count and lot, once the gene is revealed.
    drawn: Option<(usize, u32, f32)>,
    mean: f64,
}

/// The watched gene: the one in the address, else the first marker.
fn gene(store: Store, run: &CellRun) -> String {
    runs::part(store, "learn.gene").or_else(|| run.card.markers.first().cloned()).unwrap_or_default()
}

/// The watched gene's probabilities at the scrubber's step; none when it was not recorded.
fn shown(store: Store) -> Option<Shown> {
    let run: Arc<CellRun> = store.learn.cell.get()?;
    let gene = gene(store, &run);
    let record = run.records.get(&gene)?;
    let place = run.card.genes.iter().position(|own| *own == gene)?;
    let count = *run.written.counts.get(place)?;
    let at = store.learn.at.get();
    let step = (at + 1).min(record.step.max(1));
    let bins = Bins::of(&record.shares, count);
    let rows: Vec<Vec<f64>> = record.shares.chunks_exact(VOCABULARY).map(|row| bins.sums(row)).collect();
    let row = rows.get(step as usize - 1)?;
    let most = rows.iter().flatten().copied().fold(0.0, f64::max);
    let bars = row.iter().enumerate().map(|(bin, value)| Bar { name: bins.name(bin), value: *value }).collect();
    let shares = record.shares.chunks_exact(VOCABULARY).nth(step as usize - 1)?;
    // Counts up to 99 are tokens of their own; beyond, a bin's first count is near enough for a mean in words.
    let mean =
        shares.iter().enumerate().map(|(token, share)| f64::from(*share) * f64::from(Bins::least_count(token))).sum();
    let drawn = (at >= record.step).then(|| (bins.of_count(count), count, record.uniform));
    Some(Shown { gene, step, bars, most, drawn, mean })
}

#[component]
pub(super) fn GenePanel() -> impl IntoView {
    let store = use_store();
    let shown = Memo::new(move |_| shown(store));
    let is_unknown = move || store.learn.cell.with(Option::is_some) && shown.with(Option::is_none);
    let is_running = move || store.phase.with(|phase| matches!(phase, Phase::Running { .. }));
    view! {
        <section class="panel" aria-labelledby="gene-panel-title" data-testid="learn-gene-panel">
            <h3 id="gene-panel-title">"One gene's probabilities"</h3>
            <Choose/>
            <Show when=is_unknown><Unrecorded/></Show>
            <Show when=is_running><RunState lesson="write"/></Show>
            <Show when=move || shown.with(Option::is_some)>
                <RunOf lesson="write" id="gene-of">
                    <Scrubber/>
                    <Figure shown/>
                </RunOf>
            </Show>
        </section>
    }
}

/// Which gene: the recorded ones as buttons, any other by name.
#[component]
fn Choose() -> impl IntoView {
    let store = use_store();
    let (typed, set_typed) = signal(String::new());
    let (missing, set_missing) = signal(String::new());
    let own = move || store.learn.cell.get().map(|run| gene(store, &run)).unwrap_or_default();
    let recorded = Memo::new(move |_| {
        store
            .learn
            .cell
            .with(|run| run.as_ref().map(|run| run.records.keys().cloned().collect::<Vec<_>>()))
            .unwrap_or_default()
    });
    let chips = move || {
        let chip = |gene: String| {
            let (name, chosen) = (gene.clone(), gene.clone());
            view! {
                <button class="choice" data-testid=format!("watch-{gene}") aria-pressed=move || (own() == chosen).to_string()
                    on:click=move |_| runs::set_part(store, "learn.gene", name.clone())>{gene.clone()}</button>
            }
        };
        recorded.get().into_iter().map(chip).collect::<Vec<_>>()
    };
    let matches = move || {
        let run = store.learn.cell.get()?;
        Some(gene_options::options(store.gene_names, &typed.get(), &run.card.genes))
    };
    let watch = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(run) = store.learn.cell.get_untracked() else { return };
        match store.gene_names.find(&typed.get_untracked(), &run.card.genes, "this model's") {
            Ok(name) => {
                set_missing.set(String::new());
                runs::set_part(store, "learn.gene", name);
            }
            Err(why) => set_missing.set(why),
        }
    };
    view! {
        <div class="choices watch" role="group" aria-label="Watched gene">{chips}</div>
        <form class="bar" on:submit=watch>
            <label class="inline" for="watch-gene">"Another gene"</label>
            <input id="watch-gene" type="search" list="watch-list" data-testid="watch-gene" autocomplete="off" prop:value=typed
                on:input=move |event| set_typed.set(event_target_value(&event))/>
            <datalist id="watch-list">{matches}</datalist>
            <button type="submit" data-testid="watch">"Watch"</button>
        </form>
        <p class="note" role="status">{missing}</p>
    }
}

/// A gene whose probabilities were not recorded.
#[component]
fn Unrecorded() -> impl IntoView {
    let store = use_store();
    let own = move || store.learn.cell.get().map(|run| gene(store, &run)).unwrap_or_default();
    let blocked = move || store.phase.with(|phase| *phase != Phase::Idle);
    view! {
        <p>{move || format!("The probabilities of {} were not recorded: for all genes at all steps they would not fit into memory. The same seed writes the same cell again, this time with {} watched.", own(), own())}</p>
        <button class="primary" data-testid="watch-again" disabled=blocked on:click=move |_| record(store, untrack(own))>"Write the same cell again"</button>
    }
}

/// What the figure shows, in words.
fn words(shown: &Shown) -> String {
    let Shown { gene, step, mean, .. } = shown;
    let top = shown.bars.iter().max_by(|a, b| a.value.total_cmp(&b.value));
    let top = top.map_or_else(String::new, |bar| format!(" Most probable: {} ({}).", bar.name, percent(bar.value)));
    let mean = format!(" Mean of the bars: {mean:.2}.");
    match shown.drawn {
        Some((_, count, lot)) => {
            format!(
                "{gene} was revealed in step {step}: its uniform random draw was {lot:.3}, and count {count} was drawn from these probabilities.{top}{mean}"
            )
        }
        None => format!("Before step {step}, {gene} is masked.{top}{mean}"),
    }
}

/// Bars with their table twin.
#[component]
fn Figure(shown: Memo<Option<Shown>>) -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let Some(shown) = shown.get() else { return };
        let Some(area) = surface(node, theme.scale) else { return };
        let mark = shown.drawn.map_or_else(String::new, |(_, count, _)| format!("drawn: {count}"));
        let marked = shown.drawn.map(|(bin, _, _)| bin);
        let titles = (format!("count of {} in this cell", shown.gene), "probability");
        if let Err(error) = draw(&area, &theme, (&titles.0, titles.1), shown.most, (marked, &mark), &shown.bars) {
            store.alert.set(Some(error.to_string()));
        }
    });
    let says = move || shown.with(|shown| shown.as_ref().map(words).unwrap_or_default());
    let total = move || {
        shown.with(|shown| shown.as_ref().map_or(0.0, |shown| shown.bars.iter().map(|bar| bar.value).sum::<f64>()))
    };
    let rows = move || {
        let shown = shown.get()?;
        let drawn = shown.drawn.map(|(bin, _, _)| bin);
        let row = |(bin, bar): (usize, &Bar)| {
            let mark = if drawn == Some(bin) { " (drawn)" } else { "" };
            view! { <tr data-share=format!("{:.6}", bar.value)><th scope="row">{format!("{}{mark}", bar.name)}</th><td>{percent(bar.value)}</td></tr> }
        };
        Some(shown.bars.iter().enumerate().map(row).collect::<Vec<_>>())
    };
    view! {
        <canvas class="bars" node_ref=node role="img" aria-label=says data-testid="learn-bars" data-total=move || format!("{:.4}", total())
            data-step=move || shown.with(|shown| shown.as_ref().map_or(0, |shown| shown.step))></canvas>
        <p data-testid="learn-gene-words">{says}</p>
        <details>
            <summary data-testid="learn-bars-open">"As a table"</summary>
            <table data-testid="learn-bars-table">
                <thead><tr><th scope="col">"Count"</th><th scope="col">"Probability"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
}
