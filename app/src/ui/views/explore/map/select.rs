//! Selecting cells without drawing, and what is selected.
//!
//! Does: selects groups by name, all generated cells, none; says how many and what they are; hands out their table.
//! Does not know: how regions are drawn.
//! Flow: names → **selection** in the store → words, CSV.

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::board::Board;
use super::layers;
use super::progress::capital;
use super::scene::Layer;
use crate::map_view::selection::{Row, Selection, csv, words};
use crate::map_view::{LayerId, point};
use crate::ui::effects::download::text_file;

/// Points of every layer that pass.
fn of_layers(board: Board, passes: impl Fn(&Layer, usize) -> bool) -> Selection {
    board.scene.with_value(|scene| {
        Selection::new(scene.layers.iter().map(|layer| {
            let found = (0..layer.cells()).filter(|index| passes(layer, *index)).map(|index| index as u32);
            (layer.id, found.collect())
        }))
    })
}

/// The selection that an option of the select stands for: `layer:KEY` or `name:KEY:PLACE`.
fn chosen(board: Board, value: &str) -> Option<Selection> {
    let (kind, rest) = value.split_once(':')?;
    if kind == "layer" {
        let id = LayerId::of_key(rest)?;
        return Some(of_layers(board, |layer, _| layer.id == id));
    }
    let (key, place) = rest.rsplit_once(':')?;
    let labels = board.labels.get_untracked();
    let label = labels.iter().find(|label| label.key == key)?;
    let name = label.names.get(place.parse::<usize>().ok()?)?;
    Some(of_layers(board, |layer, index| {
        layer.id != LayerId::Benchmark && label.of(layer.id).of(index) == Some(name.as_str())
    }))
}

/// Groups that can be selected by name: layers with cells, then the values of every label.
#[component]
fn Groups(board: Board) -> impl IntoView {
    let layers = move || {
        // The legend changes whenever layers or their names do.
        board.legend.track();
        let there: Vec<(LayerId, String)> = board.scene.with_value(|scene| {
            scene.layers.iter().filter(|layer| layer.cells() > 0).map(|layer| (layer.id, layer.name.clone())).collect()
        });
        let option = |(id, name): (LayerId, String)| {
            view! { <option value=format!("layer:{}", id.key())>{capital(&name)}</option> }
        };
        there.into_iter().map(option).collect::<Vec<_>>()
    };
    let names = move || {
        let group = |label: layers::Label| {
            let key = label.key.clone();
            let present = |place: &usize| label.codes.iter().any(|code| usize::from(*code) == *place);
            let options: Vec<_> = (0..label.names.len())
                .filter(present)
                .map(
                    |place| view! { <option value=format!("name:{key}:{place}")>{label.names[place].clone()}</option> },
                )
                .collect();
            view! { <optgroup label=label.title.clone()>{options}</optgroup> }
        };
        board.labels.get().into_iter().map(group).collect::<Vec<_>>()
    };
    let node = NodeRef::<leptos::html::Select>::new();
    // What is drawn or cleared afterwards is no longer the group that the select names.
    let take = move |event| {
        if let Some(selection) = chosen(board, &event_target_value(&event)) {
            board.select(selection);
        }
    };
    let cleared = move || board.store.selection.with(|selection| selection.is_empty());
    Effect::new(move |_| {
        if let (true, Some(select)) = (cleared(), node.get()) {
            select.set_value("");
        }
    });
    view! {
        <select node_ref=node data-testid="map-group" aria-label="Select a group of cells" on:change=take>
            <option value="">"Select a group …"</option>
            <optgroup label="Scenario">{layers}</optgroup>
            {names}
        </select>
    }
}

/// For each selected cell the group of the measured cell nearest to it.
fn groups(board: Board, selection: &Selection) -> BTreeMap<(LayerId, u32), String> {
    let labels = board.labels.get();
    let Some(label) = labels.first() else { return BTreeMap::new() };
    let of_measured = label.of(LayerId::Measured);
    let mut found = BTreeMap::new();
    for (layer, points) in &selection.of {
        let near = if layer.is_generated() {
            board.scene.try_update_value(|scene| scene.nearest_measured(*layer, points)).unwrap_or_default()
        } else {
            points.iter().map(|index| (*index, *index as usize)).collect()
        };
        for (index, measured) in near {
            found.extend(of_measured.of(measured).map(|name| ((*layer, index), name.to_owned())));
        }
    }
    found
}

/// The selected cells as CSV.
fn save(board: Board) {
    let store = board.store;
    let selection = store.selection.get_untracked();
    let (near, labels) = untrack(|| (groups(board, &selection), board.labels.get()));
    let label = labels.first();
    let gene = board.gene.get_untracked();
    let mut made_by = untrack(|| store.made_by()).map(|made| made.entries).unwrap_or_default();
    made_by
        .push(("table".to_owned(), "cells selected on the map; coordinates are those of the bundle's UMAP".to_owned()));
    if let Some(card) = store.card.get_untracked().filter(|_| untrack(|| store.made_by()).is_none()) {
        made_by.push(("bundle".to_owned(), card.name.clone()));
    }
    if let Some(gene) = &gene {
        made_by.push(("unit".to_owned(), format!("{gene} in log(1 + x) of normalised counts, generated cells only")));
    }
    let values: BTreeMap<LayerId, _> = selection
        .of
        .keys()
        .filter_map(|layer| Some((*layer, untrack(|| layers::values(store, gene.as_deref()?, *layer))?)))
        .collect();
    let text = board.scene.with_value(|scene| {
        let rows = scene.layers.iter().flat_map(|layer| {
            let (near, values) = (&near, &values);
            selection.in_layer(layer.id).iter().filter_map(move |index| {
                Some(Row {
                    layer: &layer.name,
                    index: *index,
                    at: point(&layer.points, *index as usize)?,
                    group: near.get(&(layer.id, *index)).map_or("", String::as_str),
                    value: values.get(&layer.id).and_then(|values| values.get(*index as usize)).copied(),
                })
            })
        });
        csv(&made_by, label.map_or("group", |label| label.key.as_str()), gene.as_deref(), rows)
    });
    text_file("wellplate-selection.csv", "text/csv", &text);
}

#[component]
pub(super) fn Selecting(board: Board) -> impl IntoView {
    let store = board.store;
    let told = Memo::new(move |_| {
        let selection = store.selection.get();
        if selection.is_empty() {
            return "No cell is selected: choose a group, or draw a box or a lasso on the map.".to_owned();
        }
        let near = groups(board, &selection);
        words(&selection, |layer| board.layer_name(layer), |layer, index| near.get(&(layer, index)).map(String::as_str))
    });
    let none = move || store.selection.with(|selection| selection.is_empty());
    let generated = move || store.control.with(Vec::is_empty) && store.perturbed.with(Vec::is_empty);
    view! {
        <div class="map-select">
            <Groups board/>
            <button class="quiet" data-testid="map-generated" disabled=generated
                on:click=move |_| board.select(of_layers(board, |layer, _| layer.id.is_generated()))>"All generated"</button>
            <button class="quiet" data-testid="map-clear" disabled=none on:click=move |_| board.select(Selection::default())>"Clear"</button>
            <button class="quiet" data-testid="save-selection" disabled=none on:click=move |_| save(board)>"CSV"</button>
        </div>
        <p class="note" aria-live="polite" data-testid="map-selected" data-count=move || store.selection.with(|selection| selection.count())>{told}</p>
    }
}
