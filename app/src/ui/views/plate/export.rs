//! Files of the plate.
//!
//! Does: the plate map, a table of results with a line per well, one with a line per well and gene (written a piece at a
//! time, so that the page stays quick), the plate as SVG and PNG. Every table says what made it.
//! Does not know: how tables are written (`crate::plate` does).
//! Flow: layout + results + provenance → **files**.

use leptos::prelude::*;
use plots::plate::{Disc, Plate, draw, height};

use super::desk::{Desk, use_desk};
use super::words::acts;
use crate::choices::perturbation;
use crate::lacks::Lacks;
use crate::origin;
use crate::plate::results::{LONG_HEAD, long, most_varied, notes, wide};
use crate::plate::table::plate_map;
use crate::plate::wells::{WELLS, name};
use crate::plate::work::command;
use crate::ui::effects::download::{png_figure, text_file};
use crate::ui::widgets::canvas::export_theme;

/// Kind of a tab-separated table.
const TSV: &str = "text/tab-separated-values";
/// Genes of the wide table beside the chosen one.
const GENES: usize = 30;
/// Genes written between looks at what else the page has to do.
const PIECE: usize = 1500;

/// What made the layout: it can be saved before anything has run.
fn layout_notes(desk: Desk) -> Vec<(String, String)> {
    let (card, settings) = (desk.card(), desk.settings.get());
    let device = desk.store.device.get().map_or_else(String::new, |own| format!("{} ({})", own.kind, own.name));
    [
        ("bundle", card.name.clone()),
        ("guidance", settings.guidance.to_string()),
        ("steps", settings.steps.to_string()),
        ("cells_per_well", settings.cells.to_string()),
        ("seed", settings.seed.to_string()),
        (
            "seeds",
            "replicate r of a condition has seed + r; what wells are compared with has the seed itself".to_owned(),
        ),
        ("device", device),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into_iter()
    .chain(origin::sentence(&card).map(|words| ("training_origin".to_owned(), words)))
    .collect()
}

/// What made the results, and the command that repeats each well.
fn result_notes(desk: Desk) -> Vec<(String, String)> {
    let (card, settings) = (desk.card(), desk.settings.get());
    let mut entries = desk.plate.provenance.get().map(|own| own.entries).unwrap_or_default();
    // A run that was stopped has made its wells all the same.
    for (key, value) in layout_notes(desk) {
        if !entries.iter().any(|(own, _)| *own == key) {
            entries.push((key, value));
        }
    }
    let more = [
        ("control", format!("{}, without held genes", Lacks::of(&card).reference(&card))),
        (
            "shifted_genes",
            "genes with q < 0.05 (Mann-Whitney, Benjamini-Hochberg) and |log2 fold change| > 0.5".to_owned(),
        ),
        ("rms_delta", "root mean square over all genes of the difference of mean ln(1 + x)".to_owned()),
        ("command control", format!("--guidance 0 --seed {} for {}", settings.seed, Lacks::of(&card).reference(&card))),
    ];
    entries.extend(more.map(|(key, value)| (key.to_owned(), value)));
    let layout = desk.layout.get();
    for (place, result) in desk.finished() {
        let moves = layout.get(place).is_some_and(|well| acts(&card, &well.condition));
        entries.push((format!("command {}", name(place)), command(&card.name, &result.made.request, moves)));
    }
    entries
}

/// A line per well.
fn save_wide(desk: Desk) {
    let (card, finished) = (desk.card(), desk.finished());
    let results: Vec<_> = finished.iter().map(|(place, result)| (*place, result.as_ref())).collect();
    let own: Vec<_> = results.iter().map(|(_, result)| *result).collect();
    let chosen = desk.gene.get().map(|(_, place)| place);
    let varied = most_varied(&own, GENES).into_iter().filter(|gene| Some(*gene) != chosen);
    let genes: Vec<usize> = chosen.into_iter().chain(varied).collect();
    let text = notes(&result_notes(desk)) + &wide(&card, &desk.layout.get(), &results, &genes);
    text_file("wellplate-results.tsv", TSV, &text);
}

/// A line per well and gene.
async fn save_long(desk: Desk) {
    let (card, finished, head) = untrack(|| (desk.card(), desk.finished(), notes(&result_notes(desk))));
    let pieces = js_sys::Array::of2(&head.into(), &LONG_HEAD.into());
    for (place, result) in finished {
        for first in (0..card.genes.len()).step_by(PIECE) {
            pieces.push(&long(&card, place, &result, first..first + PIECE).into());
            gloo::timers::future::TimeoutFuture::new(0).await;
        }
    }
    // Joined by the browser: the parts stay its own strings until the file is made.
    let text = pieces.join("");
    text_file("wellplate-genes.tsv", TSV, &String::from(text));
}

/// The plate as discs.
fn discs(desk: Desk) -> Vec<Disc> {
    let looks = desk.looks.get();
    let disc = |place: usize| {
        let look = looks.get(place).cloned().unwrap_or_default();
        Disc { rim: look.rim, value: look.value.map(|(value, ..)| value), words: look.words }
    };
    (0..WELLS).map(disc).collect()
}

/// Title and note of a saved plate.
fn words(desk: Desk) -> (String, String) {
    let (card, settings) = (desk.card(), desk.settings.get());
    let title = format!("{}: {}", card.title, desk.unit());
    let rims = if perturbation(&card).is_some() { "Thick rims: perturbed. " } else { "" };
    let made = origin::caption(&card);
    let note = format!(
        "Generated cells, {} per well; guidance {}, {} steps, seed {}. {rims}{made}Wellplate {}, bundle {}.",
        settings.cells,
        settings.guidance,
        settings.steps,
        settings.seed,
        env!("CARGO_PKG_VERSION"),
        card.name
    );
    (title, note)
}

/// The plate as a picture.
fn save_picture(desk: Desk, as_svg: bool) {
    let (wells, scale, unit, (title, note)) = (discs(desk), desk.scale.get(), desk.unit(), words(desk));
    let plate = Plate { wells: &wells, scale, unit: &unit, title: &title, note: &note };
    let size = (960, height(&export_theme(), 960));
    let saved = if as_svg {
        plots::svg::render(size, &title, &note, |area| draw(area, &export_theme(), &plate))
            .map(|svg| text_file("wellplate-plate.svg", "image/svg+xml", &svg))
            .map_err(|error| format!("The plate could not be drawn: {error}."))
    } else {
        png_figure("wellplate-plate.png", size, |area, theme| draw(area, theme, &plate))
    };
    if let Err(sentence) = saved {
        desk.store.alert.set(Some(sentence));
    }
}

#[component]
pub(super) fn Exports() -> impl IntoView {
    let desk = use_desk();
    let is_empty = Memo::new(move |_| desk.layout.with(|layout| layout.is_empty()));
    let is_bare = Memo::new(move |_| (0..WELLS).all(|place| desk.result(place).is_none()));
    let map = move |_| {
        untrack(|| {
            text_file("wellplate-map.tsv", TSV, &plate_map(&desk.card(), &desk.layout.get(), &layout_notes(desk)))
        })
    };
    let genes = move |_| {
        desk.say("Writing all genes of all wells …".to_owned());
        wasm_bindgen_futures::spawn_local(async move {
            save_long(desk).await;
            desk.say("The table of all genes is written.".to_owned());
        });
    };
    view! {
        <section class="panel plate-exports" aria-labelledby="plate-save-title">
            <h2 id="plate-save-title">"Save"</h2>
            <div class="plate-saves">
                <button data-testid="save-map-tsv" disabled=move || is_empty.get() on:click=map>"Plate map, TSV"</button>
                <button data-testid="save-results" disabled=move || is_bare.get() on:click=move |_| untrack(|| save_wide(desk))>"Results by well, TSV"</button>
                <button data-testid="save-genes" disabled=move || is_bare.get() on:click=genes>"All genes of all wells, TSV"</button>
                <button data-testid="save-plate-svg" disabled=move || is_empty.get() on:click=move |_| untrack(|| save_picture(desk, true))>"Plate, SVG"</button>
                <button data-testid="save-plate-png" disabled=move || is_empty.get() on:click=move |_| untrack(|| save_picture(desk, false))>"Plate, PNG"</button>
            </div>
            <p class="note">"The plate map opens in a spreadsheet and can be pasted back. Tables carry bundle, seed, steps, device and the command that repeats each well."</p>
        </section>
    }
}
