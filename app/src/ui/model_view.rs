//! The model's card.
//!
//! Does: what the model was trained on, how well it does beside baseline and ceiling, its limits.
//! Does not know: weights.
//! Flow: card → **page**.

use std::sync::Arc;

use leptos::prelude::*;

use super::use_store;
use crate::protocol::card::{Card, Metrics};

#[component]
pub(super) fn ModelView() -> impl IntoView {
    let store = use_store();
    move || match store.card.get() {
        Some(card) => view! { <CardView card/> }.into_any(),
        None => view! { <p class="panel empty">"The model is still being loaded."</p> }.into_any(),
    }
}

/// A list of texts.
fn list(items: &[String]) -> impl IntoView + use<> {
    let items: Vec<_> = items.iter().cloned().map(|item| view! { <li>{item}</li> }).collect();
    view! { <ul>{items}</ul> }
}

#[component]
fn CardView(card: Arc<Card>) -> impl IntoView {
    let training = &card.training;
    let facts = format!(
        "{} training cells, {} genes, {} optimiser steps of {} cells, {:.3} bits per gene at the end.",
        training.cells,
        card.genes.len(),
        training.steps,
        training.batch,
        training.bits_per_gene
    );
    let sources: Vec<String> =
        card.data.iter().map(|s| format!("{} ({}; {})", s.source, s.accession, s.licence)).collect();
    view! {
        <article class="panel card" data-testid="card">
            <h2>{card.title.clone()}</h2>
            <p>{card.description.clone()}</p>
            <p>{facts}</p>
            <h3>"On donors that it never saw stimulated"</h3>
            <Scores card=card.clone()/>
            <p class="note">"Held out of training: "{training.held_out.join("; ")}</p>
            <h3>"Not for"</h3>
            {list(&card.not_for)}
            <h3>"Trained on"</h3>
            {list(&sources)}
            <p class="note">"Made by: "<code>{training.command.clone()}</code></p>
        </article>
    }
}

/// Scores beside PerturbMean and the ceiling.
#[component]
fn Scores(card: Arc<Card>) -> impl IntoView {
    if card.scores.is_empty() {
        return view! { <p class="empty">"This bundle carries no held-out scores."</p> }.into_any();
    }
    let show = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let row = move |name: &'static str, who: String, metrics: Metrics| {
        view! {
            <tr><th scope="row">{who}</th><td>{name}</td><td>{show(metrics.pearson_delta)}</td><td>{show(metrics.mae)}</td><td>{show(metrics.des)}</td></tr>
        }
    };
    let rows: Vec<_> = card
        .scores
        .iter()
        .flat_map(|score| {
            let who = format!("donor {}, {} ({} cells)", score.donor, score.cell_type, score.cells);
            [
                row("model", who, score.model),
                row("PerturbMean", String::new(), score.baseline),
                row("ceiling", String::new(), score.ceiling),
            ]
        })
        .collect();
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Held-out scores">
            <table data-testid="scores">
                <thead><tr><th scope="col">"Held out"</th><th scope="col">"Predictor"</th><th scope="col">"Pearson-Δ"</th><th scope="col">"MAE"</th><th scope="col">"DES"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="note">"Pearson-Δ: correlation of the effects (1 is best). MAE: mean absolute error of mean log-normalised expression (0 is best). DES: share of the measured top genes found (1 is best). PerturbMean adds the mean effect of the other donors; the ceiling compares one half of the measured cells with the other; halves of few cells are noisy, so that a prediction can pass it."</p>
    }.into_any()
}
