//! The model's card.
//!
//! Does: what the model is, what it was trained on and under which terms, how well it does, what it is for
//! and not for, where it fails, how it was made, and its files; leaves out what a bundle does not say.
//! Does not know: weights.
//! Flow: card and sheet → **page**.

use std::sync::Arc;

use leptos::prelude::*;

use super::populations::Populations;
use super::published::published;
use super::scores::Scores;
use super::summary::Summaries;
use crate::bundles::{CARD_FILE, grouped, size_words};
use crate::held_out;
use crate::origin;
use crate::protocol::card::{Card, Condition};
use crate::sheet::{Sheet, link_of};
use crate::ui::effects::download::text_file;
use crate::ui::state::store::use_store;
use crate::ui::views::bundles::origin::NOTE;

/// Element of the card's title.
pub(super) const TITLE: &str = "card-title";
/// Letters of a value that needs two columns.
const WIDE: usize = 26;

#[component]
pub(super) fn CardView(card: Arc<Card>) -> impl IntoView {
    let store = use_store();
    let sheet = store.bundles.json.with(|json| Sheet::read(json));
    let hash = move || store.bundles.came.get().map(|came| came.hash).unwrap_or_default();
    let save = move |_| text_file(CARD_FILE, "application/json", &store.bundles.json.get_untracked());
    let tags: Vec<_> = sheet.species.iter().chain(&sheet.origin).cloned().map(|tag| view! { <li>{tag}</li> }).collect();
    view! {
        <article class="panel card" data-testid="card">
            <div class="bar">
                <h2 id=TITLE tabindex="-1">{card.title.clone()}</h2>
                <button data-testid="save-card" on:click=save>"Download bundle.json"</button>
            </div>
            <p class="lead">{card.description.clone()}</p>
            <ul class="tags">{tags}</ul>
            {made(&card, &sheet)}
            <Facts card=card.clone() sheet=sheet.clone()/>
            <h3>"Performance on held-out cells"</h3>
            {list("Held out of training", &card.training.held_out.iter().map(|own| held_out::rule(&card, own)).collect::<Vec<_>>())}
            <Summaries summaries=sheet.summaries.clone()/>
            {scores(card.clone(), &sheet)}
            {published(&card.published)}
            <Populations populations=sheet.populations.clone()/>
            {sound(&card)}
            {origin::reading(&card).map(|words| view! { <p class="note" data-testid="reading">{words}</p> })}
            <div class="columns">
                {list("Intended for", &sheet.intended_use)}
                {list("Not for", &card.not_for)}
                {list("Known failures", &sheet.known_failures)}
            </div>
            <Sources card=card.clone() licence=sheet.licence.clone()/>
            <h3>"Conditions it can generate"</h3>
            {card.choosable().map(|condition| values(&card, condition)).collect::<Vec<_>>()}
            <h3>"Training command"</h3>
            <pre class="command" data-testid="card-command"><code>{card.training.command.clone()}</code></pre>
            <Files sheet/>
            <p class="note">"SHA-256 of bundle.json, which names the whole bundle: "<code class="hash" data-testid="card-hash">{hash}</code></p>
        </article>
    }
}

/// How cells that were not measured were made; nothing where all were.
fn made(card: &Card, sheet: &Sheet) -> Option<impl IntoView + use<>> {
    let words =
        origin::sentence(card).or_else(|| (!sheet.origin_note.is_empty()).then(|| "Measured cells.".to_owned()))?;
    let note = match sheet.origin_note.as_str() {
        "" => "The card does not say how these cells were made.".to_owned(),
        note => note.to_owned(),
    };
    Some(view! {
        <section class="made" id=NOTE tabindex="-1" aria-labelledby="origin-title" data-testid="card-origin">
            <h3 id="origin-title">"Where its cells come from"</h3>
            <p>{words}</p>
            <p class="made-note" data-testid="origin-note">{note}</p>
        </section>
    })
}

/// Whether raw numbers of its cells are those of cells; nothing where it was not looked at.
fn sound(card: &Card) -> Option<impl IntoView + use<>> {
    let own = card.plausibility.clone()?;
    // The card's sentence counts the cells once more.
    let all = format!("all {} cells are plausible: ", own.cells);
    let words = match own.words.strip_prefix(&all) {
        Some(rest) => format!("All of {} generated cells are: {rest}.", grouped(own.cells.into())),
        None => format!("Of {} generated cells: {}.", grouped(own.cells.into()), own.words),
    };
    Some(view! { <p class:missed=!own.sound data-testid="card-sound"><b>"Are its cells plausible? "</b>{words}</p> })
}

/// Scores of every held-out group. A model that knows no perturbation has none, and that is no omission.
fn scores(card: Arc<Card>, sheet: &Sheet) -> impl IntoView + use<> {
    let is_told = !sheet.summaries.is_empty() || !sheet.populations.is_empty();
    match (card.scores.is_empty(), is_told) {
        (true, true) => None,
        (false, true) => Some(view! { <h4>"Group by group"</h4><Scores card/> }.into_any()),
        (_, false) => Some(view! { <Scores card/> }.into_any()),
    }
}

/// A list under its heading; nothing when there is nothing.
fn list(title: &'static str, items: &[String]) -> Option<impl IntoView + use<>> {
    let items: Vec<_> = items.iter().cloned().map(|item| view! { <li>{item}</li> }).collect();
    (!items.is_empty()).then(|| view! { <section><h4>{title}</h4><ul>{items}</ul></section> })
}

/// The numbers, each with its name.
#[component]
fn Facts(card: Arc<Card>, sheet: Sheet) -> impl IntoView {
    let training = &card.training;
    let count = |number: u32| grouped(u64::from(number));
    let network = sheet.network().iter().skip(1).map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>();
    let json = use_store().bundles.json.with(|json| json.len() as u64);
    let groups = sheet.reference.iter().map(|group| group.cells).sum::<u64>();
    let all = [
        ("Training cells", (training.cells > 0).then(|| count(training.cells))),
        ("Genes", Some(grouped(card.genes.len() as u64))),
        (
            "Optimiser steps",
            (training.steps > 0).then(|| format!("{} of {} cells", count(training.steps), training.batch)),
        ),
        (
            "Final training loss",
            (training.bits_per_gene > 0.0).then(|| format!("{:.3} bits per gene", training.bits_per_gene)),
        ),
        ("Training seed", sheet.training.seed.map(|seed| seed.to_string())),
        ("Network", (!network.is_empty()).then(|| network.join(", "))),
        ("Default settings", Some(format!("guidance {}, {} steps", card.guidance, card.steps))),
        ("Guidance", Some(format!("up to {}; above that, its cells were not looked at", card.guidance_limit))),
        (
            "Library sizes",
            (card.library_sizes[1] > 0).then(|| {
                let [least, most] = card.library_sizes.map(count);
                format!("{least} to {most} counts per training cell")
            }),
        ),
        (
            "Normalised to",
            sheet.target_sum.map(|sum| format!("{} counts per cell, then log(1 + x)", grouped(sum.round() as u64))),
        ),
        ("Measured groups", (groups > 0).then(|| format!("{} ({} cells)", sheet.reference.len(), grouped(groups)))),
        ("Download", (sheet.bytes() > 0).then(|| size_words(sheet.bytes() + json))),
        ("Bundle format", sheet.format_version.map(|version| version.to_string())),
    ];
    let shown: Vec<_> = all
        .into_iter()
        .filter_map(|(name, value)| {
            value.map(|value| {
                let wide = value.len() > WIDE;
                view! { <div class:wide=wide><dt>{name}</dt><dd>{value}</dd></div> }
            })
        })
        .collect();
    view! { <dl class="facts" data-testid="card-facts">{shown}</dl> }
}

/// What it was trained on, with terms.
#[component]
fn Sources(card: Arc<Card>, licence: Option<String>) -> impl IntoView {
    let linked = |words: &str| match link_of(words) {
        Some(address) => view! { <a href=address target="_blank" rel="noreferrer">{words.to_owned()}</a> }.into_any(),
        None => view! { <span>{words.to_owned()}</span> }.into_any(),
    };
    let rows: Vec<_> = card
        .data
        .iter()
        .map(|source| {
            view! { <li>{linked(&source.source)}" · "{linked(&source.accession)}<p class="note">"Terms: "{source.licence.clone()}</p></li> }
        })
        .collect();
    let own = licence.map(|licence| view! { <p class="note">"Terms of the weights: "{licence}</p> });
    (!rows.is_empty()).then(|| view! { <h3>"Trained on"</h3><ul class="sources">{rows}</ul>{own} })
}

/// A condition with all its values and how many training cells had them.
fn values(card: &Card, condition: &Condition) -> impl IntoView + use<> {
    let summary = format!("{} ({})", condition.title, condition.values.len());
    let items: Vec<_> = condition
        .values
        .iter()
        .map(|value| {
            let cells = format!("{} cells", grouped(u64::from(value.cells)));
            let about = match origin::note(card, condition, value) {
                Some(word) => format!("{cells}, {word}"),
                None => cells,
            };
            view! { <li>{value.display.clone()}" "<small>{about}</small></li> }
        })
        .collect();
    view! { <details><summary>{summary}</summary><ul class="values">{items}</ul></details> }
}

/// The files with sizes and hashes.
#[component]
fn Files(sheet: Sheet) -> impl IntoView {
    let rows: Vec<_> = sheet
        .files
        .into_iter()
        .map(|(name, file)| view! { <tr><th scope="row">{name}</th><td>{size_words(file.bytes)}</td><td><code class="hash">{file.sha256}</code></td></tr> })
        .collect();
    (!rows.is_empty()).then(|| view! {
        <details>
            <summary>"Files and their hashes"</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="Files of the bundle">
                <table data-testid="card-files">
                    <thead><tr><th scope="col">"File"</th><th scope="col">"Size"</th><th scope="col">"SHA-256, checked whenever it is loaded"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    })
}
