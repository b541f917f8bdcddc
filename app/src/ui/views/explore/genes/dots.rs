//! The dot plot of the watched genes.
//!
//! Does: share of cells with each gene and mean expression, for control and perturbed cells.
//! Does not know: how dots are drawn.
//! Flow: store's values → **dot plot** → chosen gene.

use leptos::prelude::*;

use super::list::{known, shown};
use crate::expression::{mean, share};
use crate::ui::state::gene_choice::{chosen, groups};
use crate::ui::state::store::{Store, use_store};
use crate::ui::widgets::dot_plot::{Dots, Group};
use crate::ui::widgets::figure::panel;

/// The plot; `ending` says in its titles that the numbers came with the model.
fn dots(store: Store, genes: Vec<String>, groups: Vec<Group>, ending: &str) -> Dots {
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    let of = names.join(" and ");
    let chosen = chosen(store).and_then(|gene| genes.iter().position(|own| *own == gene));
    Dots {
        genes,
        groups,
        together: 1,
        chosen,
        file: "wellplate-dot-plot",
        title: format!("Dot plot of generated cells{ending}"),
        of,
        caption: format!("Dot plot: generated cells{ending}"),
    }
}

/// Of generated cells; before there are any, of the precomputed result.
fn made(store: Store) -> Option<Dots> {
    let values = shown(store);
    if values.is_empty() {
        return ahead(store);
    }
    let group = |(place, name): (usize, String)| {
        let sides = || values.iter().map(move |(_, pair)| if place == 0 { &pair.0 } else { &pair.1 });
        Group { name, share: sides().map(|own| share(own)).collect(), mean: sides().map(|own| mean(own)).collect() }
    };
    let groups = groups(store).into_iter().enumerate().map(group).collect();
    Some(dots(store, values.iter().map(|(gene, _)| gene.clone()).collect(), groups, ""))
}

/// Of a precomputed result, which holds means and shares themselves.
fn ahead(store: Store) -> Option<Dots> {
    let (shown, card) = (store.ahead.shown()?, store.card.get()?);
    let of = |gene: String| {
        let place = card.genes.iter().position(|own| *own == gene)?;
        Some((gene, shown.gene(place)?))
    };
    let told: Vec<(String, Vec<(f64, f64)>)> = known(store).into_iter().filter_map(of).collect();
    let sides = told.first()?.1.len();
    let group = |(side, name): (usize, String)| {
        let (mean, share) = told.iter().map(|(_, sides)| sides[side]).unzip();
        Group { name, share, mean }
    };
    let groups = groups(store).into_iter().take(sides).enumerate().map(group).collect();
    Some(dots(store, told.into_iter().map(|(gene, _)| gene).collect(), groups, store.ahead.ending()))
}

#[component]
pub(super) fn DotPlot() -> impl IntoView {
    let store = use_store();
    let waiting = move || shown(store).is_empty() && !store.ahead.is_shown();
    // Genes of the list that a precomputed result does not tell of.
    let untold = move || {
        let (shown, card) = (store.ahead.shown()?, store.card.get()?);
        let place = |gene: &String| card.genes.iter().position(|own| own == gene);
        let is_untold = |gene: &String| place(gene).is_none_or(|place| shown.gene(place).is_none());
        let genes: Vec<String> = known(store).into_iter().filter(is_untold).collect();
        let words = format!("The precomputed result does not tell of {}: press Generate for them.", genes.join(", "));
        (!genes.is_empty()).then_some(words)
    };
    view! {
        <p class="empty" hidden=move || !waiting()>"Dots appear when the run is finished."</p>
        {panel(store, ("dots", |store| store.cells_words()), move || made(store))}
        {move || untold().map(|words| view! { <p class="note" data-testid="untold">{words}</p> })}
    }
}
