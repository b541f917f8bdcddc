//! Violins of the markers and of the chosen gene.
//!
//! Does: asks the worker for the values it lacks, draws them, exports SVG, gives the means in words.
//! Does not know: how expression was normalised.
//! Flow: markers + chosen gene → worker → **canvas**.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::violin::{Panel, draw};

use super::canvas::{export_theme, resized, surface, theme};
use super::download::text_file;
use super::store::{GeneValues, Store};
use super::{link, use_store};
use crate::protocol::ToWorker;

/// Genes shown: the chosen one, then the bundle's markers.
fn genes(store: Store) -> Vec<String> {
    let markers = store.card.get().map(|card| card.markers.clone()).unwrap_or_default();
    let chosen = store.state.with(|state| state.gene.clone()).filter(|gene| !markers.contains(gene));
    chosen.into_iter().chain(markers).collect()
}

/// Values of the shown genes that are there.
fn shown(store: Store) -> Vec<(String, GeneValues)> {
    store.values.with(|values| {
        genes(store).into_iter().filter_map(|gene| values.get(&gene).map(|v| (gene, v.clone()))).collect()
    })
}

/// Names of the groups.
fn groups(store: Store) -> Vec<String> {
    let perturbed = store.perturbation().map(|(_, _, name)| format!("generated, {name}"));
    std::iter::once("generated, no cytokine".to_owned()).chain(perturbed).collect()
}

/// Panels for the figure.
fn panels<'a>(values: &'a [(String, GeneValues)], groups: usize) -> Vec<Panel<'a>> {
    values
        .iter()
        .map(|(gene, pair)| Panel {
            gene,
            groups: [pair.0.as_slice(), pair.1.as_slice()].into_iter().take(groups).collect(),
        })
        .collect()
}

/// The markers' panel; it comes with the first cells.
#[component]
pub(super) fn Markers() -> impl IntoView {
    let store = use_store();
    let has_cells = move || store.control.with(|points| !points.is_empty());
    view! {
        <Show when=has_cells>
            <section class="panel" aria-labelledby="markers-title"><Violins/></section>
        </Show>
    }
}

#[component]
fn Violins() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    // Values exist once a run is finished; each gene is asked for once.
    Effect::new(move |_| {
        let finished = store.provenance.with(Option::is_some);
        let missing: Vec<String> =
            store.values.with(|values| genes(store).into_iter().filter(|gene| !values.contains_key(gene)).collect());
        if finished && !missing.is_empty() {
            link::send(store, &ToWorker::Values { run: store.run.get_untracked(), genes: missing });
        }
    });
    Effect::new(move |_| {
        size.get();
        node.get();
        let theme = theme(store);
        let (values, groups) = (shown(store), groups(store));
        let names: Vec<&str> = groups.iter().map(String::as_str).collect();
        let Some(area) = surface(node, theme.scale) else { return };
        if let Err(error) = draw(&area, &theme, &names, &panels(&values, names.len())) {
            store.alert.set(Some(error.to_string()));
        }
    });
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    let words = move || {
        let parts: Vec<String> = shown(store)
            .iter()
            .map(|(gene, pair)| format!("{gene} {:.2} to {:.2}", mean(&pair.0), mean(&pair.1)))
            .collect();
        format!("Violins of log-normalised expression; means from control to perturbed cells: {}.", parts.join(", "))
    };
    let save = move |_| {
        let (values, groups) = untrack(|| (shown(store), groups(store)));
        let names: Vec<&str> = groups.iter().map(String::as_str).collect();
        let svg = plots::svg::render((760, 520), "Marker genes", &untrack(words), |area| {
            draw(area, &export_theme(), &names, &panels(&values, names.len()))
        });
        match svg {
            Ok(svg) => text_file("wellplate-violins.svg", "image/svg+xml", &svg),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    };
    let waiting = move || store.values.with(|values| values.is_empty());
    view! {
        <div class="bar"><h2 id="markers-title">"Markers"</h2><button class="quiet" data-testid="save-violins" on:click=save>"SVG"</button></div>
        <p class="empty" hidden=move || !waiting()>"Violins appear when the run is finished."</p>
        <canvas class="violins" node_ref=node role="img" aria-label=words data-testid="violins" data-genes=move || store.values.with(|v| v.len())></canvas>
    }
}
