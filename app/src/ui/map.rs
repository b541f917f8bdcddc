//! The map of cells.
//!
//! Does: draws the reference once and adds generated cells as they arrive; says in words what is on
//! it; exports SVG.
//! Does not know: how coordinates were made.
//! Flow: store's coordinates → **canvas**.

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::frame::Marker;
use plots::map::{Layer, Name, add, draw, frame, reference};
use plots::{Frame, Theme};

use super::canvas::{again, export_theme, resized, surface, theme};
use super::download::text_file;
use super::store::{Phase, Store};
use super::{link, use_store};

/// The two layers of generated cells.
fn layers<'a>(theme: &Theme, name: &'a str, control: &'a [f32], perturbed: &'a [f32]) -> [Layer<'a>; 2] {
    [
        Layer { name: "generated, no cytokine", colour: theme.series[0], marker: Marker::Disc, points: control },
        Layer { name, colour: theme.series[1], marker: Marker::Triangle, points: perturbed },
    ]
}

/// Names of the measured groups.
fn names(store: Store) -> Vec<Name> {
    store.names.with(|names| names.iter().map(|name| Name { text: name.text.clone(), at: name.at }).collect())
}

/// Name of the perturbed layer.
fn perturbed_name(store: Store) -> String {
    store.perturbation().map_or_else(|| "generated, perturbed".to_owned(), |(_, _, name)| format!("generated, {name}"))
}

/// What is drawn: the frame and how many cells of each layer.
type Drawn = Option<(Frame, usize, usize)>;

/// Draws what is new; everything, when anything else changed.
fn paint(store: Store, node: NodeRef<Canvas>, drawn: StoredValue<Drawn>, whole: bool) {
    let theme = theme(store);
    let (points, control, perturbed) = (store.reference.get(), store.control.get(), store.perturbed.get());
    let old = drawn.get_value().filter(|(_, c, p)| !whole && *c <= control.len() / 2 && *p <= perturbed.len() / 2);
    let layers = layers(&theme, "", &control, &perturbed);
    let result = match old {
        Some((frame, c, p)) => again(node).map(|area| {
            add(&area, &theme, &frame, &layers[0], c)?;
            add(&area, &theme, &frame, &layers[1], p)?;
            Ok(frame)
        }),
        None => surface(node, theme.scale).map(|area| {
            let frame = frame(&area, &theme, &points);
            reference(&area, &theme, &frame, &points, &names(store))?;
            layers.iter().try_for_each(|layer| add(&area, &theme, &frame, layer, 0))?;
            Ok::<Frame, plots::PlotError>(frame)
        }),
    };
    match result {
        Some(Ok(frame)) => drawn.set_value(Some((frame, control.len() / 2, perturbed.len() / 2))),
        Some(Err(error)) => store.alert.set(Some(error.to_string())),
        None => drawn.set_value(None),
    }
}

#[component]
pub(super) fn MapPanel() -> impl IntoView {
    let store = use_store();
    let node = NodeRef::<Canvas>::new();
    let drawn: StoredValue<Drawn> = StoredValue::new(None);
    let size = resized();
    Effect::new(move |before: Option<(u32, bool, usize)>| {
        let now = (size.get(), store.dark.get(), store.reference.with(|points| points.len()));
        node.get();
        paint(store, node, drawn, before != Some(now));
        now
    });
    let counts = move || (store.control.with(Vec::len) / 2, store.perturbed.with(Vec::len) / 2);
    let words = move || {
        let (control, perturbed) = counts();
        let measured = store.reference.with(|points| points.len() / 2);
        format!(
            "Map of {measured} measured cells in grey, {control} generated control cells and {perturbed} generated perturbed cells."
        )
    };
    let save = move |_| {
        let (points, control, perturbed) =
            (store.reference.get_untracked(), store.control.get_untracked(), store.perturbed.get_untracked());
        let theme = export_theme();
        let (name, named) = untrack(|| (perturbed_name(store), names(store)));
        let layers = layers(&theme, &name, &control, &perturbed);
        let svg = plots::svg::render((720, 640), "Map of cells", &untrack(words), |area| {
            draw(area, &theme, &points, &named, &layers).map(|_| ())
        });
        match svg {
            Ok(svg) => text_file("wellplate-map.svg", "image/svg+xml", &svg),
            Err(error) => store.alert.set(Some(error.to_string())),
        }
    };
    view! {
        <section class="panel map" aria-labelledby="map-title">
            <div class="bar">
                <h2 id="map-title">"Map"</h2>
                <button class="quiet" data-testid="save-map" on:click=save>"SVG"</button>
            </div>
            <Progress/>
            <canvas node_ref=node role="img" aria-label=words data-testid="map"
                data-control=move || counts().0 data-points=move || counts().0 + counts().1></canvas>
            <ul class="legend">
                <li><span class="key grey"></span>"measured"</li>
                <li><span class="key control"></span>{move || format!("generated control ({})", counts().0)}</li>
                <li><span class="key perturbed"></span>{move || format!("{} ({})", perturbed_name(store), counts().1)}</li>
            </ul>
        </section>
    }
}

/// Progress with the time left and a way to stop.
#[component]
fn Progress() -> impl IntoView {
    let store = use_store();
    let words = move || match store.phase.get() {
        Phase::Loading { stage, share } => format!("Loading {stage} ({:.0} %)", 100.0 * share),
        Phase::Running { what, share, seconds_left } => {
            let left = seconds_left.map_or_else(String::new, |seconds| format!(", about {:.0} s left", seconds.ceil()));
            format!("{}: {:.0} %{left}", capital(&what), 100.0 * share)
        }
        Phase::Idle => {
            store.finished.get().unwrap_or_else(|| "Choose a cell type, toggle a cytokine and generate cells.".into())
        }
        Phase::Lost => "The model is not running.".into(),
        Phase::Refused => "No model is loaded.".into(),
    };
    let share = move || match store.phase.get() {
        Phase::Loading { share, .. } | Phase::Running { share, .. } => Some(share),
        _ => None,
    };
    view! {
        <div class="progress">
            <p aria-live="polite" data-testid="progress">{words}</p>
            <progress max="1" value=move || share().unwrap_or(0.0) hidden=move || share().is_none() aria-label="Progress"></progress>
            <button data-testid="cancel" hidden=move || !store.is_running() on:click=move |_| link::cancel(store)>"Cancel"</button>
            <span data-testid="done" hidden=move || store.provenance.with(Option::is_none)>"✓"</span>
        </div>
    }
}

/// The text with a capital first letter.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
