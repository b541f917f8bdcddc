//! The guess and the card's held-out scores.
//!
//! Does: lets a person guess whose score is highest and checks it against the card; shows model, PerturbMean and
//! ceiling beside each other.
//! Does not know: how scores were computed.
//! Flow: card → **guess, bars, table**.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::bars::{Bar, draw};

use super::runs;
use crate::judged::three::{self, RIVAL, Three};
use crate::lessons::{GUESS, GUESSES, highest, noise_free};
use crate::protocol::card::Metrics;
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::canvas::{resized, surface, theme};
use crate::ui::widgets::numbers::or_dash;

/// The three, in the order shown.
const THREE: [&str; GUESSES] = ["the model", RIVAL, "the ceiling"];
/// What is said where they do.
const ALIKE: &str = "Means over all held-out groups. The effects of the model and of PerturbMean are both against the measured control cells.";
/// What is said where a single group does not compare like with like.
const UNLIKE: &str = "In a single group the model's effects are against control cells of its own and PerturbMean's against measured ones: the two are not the same test. Over all held-out groups they are.";

/// All that the open card says of the three.
fn all(store: Store) -> Vec<Three> {
    store.card.with(|card| card.as_ref().map(|card| three::all(card)).unwrap_or_default())
}

/// The guess that an address says.
fn guessed(store: Store) -> Option<usize> {
    runs::part(store, GUESS)?.parse::<usize>().ok()?.checked_sub(1).filter(|place| *place < GUESSES)
}

#[component]
pub(super) fn Guess() -> impl IntoView {
    let store = use_store();
    let (chosen, set_chosen) = signal(untrack(|| guessed(store)));
    let radios: Vec<_> = THREE
        .iter()
        .enumerate()
        .map(|(place, name)| {
            view! {
                <label class="vote">
                    <input type="radio" name="guess" value=place data-testid=format!("guess-{}", place + 1)
                        prop:checked=move || chosen.get() == Some(place) on:change=move |_| set_chosen.set(Some(place))/>
                    <span>{*name}</span>
                </label>
            }
        })
        .collect();
    let check = move |_| {
        if let Some(place) = chosen.get_untracked() {
            runs::set_part(store, GUESS, (place + 1).to_string());
        }
    };
    let verdict = move || {
        let (guess, first) = (guessed(store)?, all(store).into_iter().next()?);
        let found = first.deltas();
        let numbers: Vec<String> =
            THREE.iter().zip(found).map(|(name, value)| format!("{name} {}", or_dash(value, 2))).collect();
        let told = match highest(found).filter(|_| first.alike) {
            Some(top) if top == guess => format!("✓ Right: {} is highest here.", THREE[top]),
            Some(top) => format!("✗ Not here: {} is highest.", THREE[top]),
            None => "The card does not say which is highest.".to_owned(),
        };
        Some(format!(
            "{told} {}: {}. The next step says why that is less strange than it looks.",
            first.title,
            numbers.join(", ")
        ))
    };
    let none = move || store.card.with(Option::is_some) && all(store).is_empty();
    let hidden = move || store.card.with(Option::is_none) || none();
    view! {
        <section class="panel" aria-labelledby="guess-title" data-testid="learn-guess">
            <h3 id="guess-title">"Your guess"</h3>
            <p class="empty" hidden=move || !none()>"This model has no held-out scores to guess at; its card says what was measured instead."</p>
            <fieldset class="question" hidden=hidden>
                <legend>"Which has the highest Pearson-Δ on held-out cells?"</legend>
                {radios}
                <button data-testid="guess-check" disabled=move || chosen.get().is_none() on:click=check>"Look"</button>
                <p role="status" class="reply" data-testid="guess-verdict">{move || verdict().unwrap_or_default()}</p>
            </fieldset>
        </section>
    }
}

#[component]
pub(super) fn Scores() -> impl IntoView {
    let store = use_store();
    let (picked, set_picked) = signal(None::<usize>);
    let score = Memo::new(move |_| all(store).into_iter().nth(picked.get().unwrap_or(0)));
    let options = move || {
        let own = picked.get().unwrap_or(0);
        let option = |(at, score): (usize, Three)| view! { <option value=at selected=at == own>{score.title}</option> };
        all(store).into_iter().enumerate().map(option).collect::<Vec<_>>()
    };
    let beside = move || score.with(|score| score.as_ref().map(|own| if own.alike { ALIKE } else { UNLIKE }));
    let rows = move || {
        let score = score.get()?;
        let row = |(name, metrics): (&str, Metrics)| {
            view! { <tr><th scope="row">{name.to_owned()}</th><td>{or_dash(metrics.pearson_delta, 2)}</td><td>{or_dash(metrics.des, 2)}</td><td>{or_dash(metrics.mae, 4)}</td></tr> }
        };
        Some(THREE.into_iter().zip(score.metrics).map(row).collect::<Vec<_>>())
    };
    let limit = move || {
        let [.., halves] = score.get()?.deltas();
        let halves = halves?;
        Some(format!(
            "Halves agree at r = {halves:.2}, so a prediction without noise could reach about √(2r / (1 + r)) = {:.2} against all of these cells.",
            noise_free(halves)?
        ))
    };
    let none = move || store.card.with(Option::is_some) && all(store).is_empty();
    // Before the model is there its table would be a head without rows.
    let hidden = move || store.card.with(Option::is_none) || none();
    view! {
        <section class="panel" aria-labelledby="scores-title" data-testid="learn-scores">
            <h3 id="scores-title">"Scores on held-out cells"</h3>
            <p class="empty" hidden=move || !none()>"This model has no held-out scores."</p>
            <label class="inline" for="score-group" hidden=hidden>"Held-out cells "
                <select id="score-group" data-testid="score-group" on:change=move |event| set_picked.set(event_target_value(&event).parse().ok())>{options}</select>
            </label>
            <ThreeBars score/>
            <div class="scroll" tabindex="0" role="region" aria-label="Scores" hidden=hidden>
                <table data-testid="learn-scores-table">
                    <thead><tr><th scope="col">"Predictor"</th><th scope="col">"Pearson-Δ"</th><th scope="col">"DES"</th><th scope="col">"MAE"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="note" data-testid="scores-beside">{beside}</p>
            <p class="note" data-testid="noise-free">{move || limit().unwrap_or_default()}</p>
        </section>
    }
}

/// Pearson-Δ of the three as bars.
#[component]
fn ThreeBars(score: Memo<Option<Three>>) -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let size = resized();
    let bars = move || -> Vec<Bar> {
        let found = score.get().map(|score| score.deltas()).unwrap_or_default();
        let named =
            THREE.iter().zip(found).filter_map(|(name, value)| Some(Bar { name: (*name).to_owned(), value: value? }));
        named.collect()
    };
    Effect::new(move |_| {
        size.get();
        node.get();
        let (theme, bars) = (theme(store), bars());
        let Some(area) = surface(node, theme.scale) else { return };
        if let Err(error) = draw(&area, &theme, ("", "Pearson-Δ"), 1.0, (None, ""), &bars) {
            store.alert.set(Some(error.to_string()));
        }
    });
    let words = move || {
        let named: Vec<String> = bars().iter().map(|bar| format!("{} {:.2}", bar.name, bar.value)).collect();
        format!("Pearson-Δ: {}.", named.join(", "))
    };
    view! {
        <Show when=move || score.with(Option::is_some)>
            <canvas class="three" node_ref=node role="img" aria-label=words data-testid="learn-scores-bars"></canvas>
        </Show>
    }
}
