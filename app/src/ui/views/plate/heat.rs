//! Genes × wells.
//!
//! Does: the heat map of the genes that vary most between wells, or of a list; both sides in the order of their
//! clustering (asked of the worker) or of the plate; a click or arrow keys choose a gene; files and a table.
//! Does not know: how clustering or drawing work.
//! Flow: results → matrix → worker's orders → **canvas** → chosen gene.

use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use plots::heat_map::{HeatMap, Layout, draw, height};

use super::desk::{Desk, part, use_desk};
use super::words::{against, words_of};
use crate::gene_list;
use crate::gene_names::Found;
use crate::plate::results::{HEAT, WellResult, heat_genes, most_varied};
use crate::plate::wells::name;
use crate::protocol::ToWorker;
use crate::protocol::plate::{Ask, Ordered};
use crate::ui::effects::download::{png_figure, text_file};
use crate::ui::effects::worker;
use crate::ui::widgets::canvas::{export_theme, pointer, resized, surface, theme};

/// Genes when nothing else is said.
const USUAL: usize = 30;

/// What is shown, in the plate's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Matrix {
    genes: Vec<String>,
    wells: Vec<String>,
    /// Values [genes, wells].
    values: Vec<f32>,
    shift: bool,
    /// Trees over the genes and over the wells, where these stand in the order of their clustering.
    trees: [Vec<[f32; 5]>; 2],
}

impl Matrix {
    /// The same with its rows and columns in other orders; orders that do not fit change nothing.
    fn ordered(&self, own: &[Ordered; 2]) -> Self {
        let [rows, columns] = own.each_ref().map(|own| own.order.as_slice());
        if rows.len() != self.genes.len() || columns.len() != self.wells.len() {
            return self.clone();
        }
        let pick =
            |names: &[String], order: &[u32]| order.iter().filter_map(|at| names.get(*at as usize).cloned()).collect();
        let at = |row: u32, column: u32| self.values.get(row as usize * self.wells.len() + column as usize).copied();
        let values =
            rows.iter().flat_map(|row| columns.iter().map(move |column| at(*row, *column).unwrap_or(f32::NAN)));
        Self {
            genes: pick(&self.genes, rows),
            wells: pick(&self.wells, columns),
            values: values.collect(),
            shift: self.shift,
            trees: own.each_ref().map(|own| own.tree.clone()),
        }
    }

    fn unit(&self) -> &'static str {
        if self.shift { "Δ against control or the rest, ln(1 + x)" } else { "mean expression, ln(1 + x)" }
    }

    fn figure<'a>(&'a self, title: &'a str, selected: Option<&str>) -> HeatMap<'a> {
        let selected_row = selected.and_then(|gene| self.genes.iter().position(|own| own == gene));
        HeatMap {
            rows: &self.genes,
            columns: &self.wells,
            values: &self.values,
            range: None,
            diverging: self.shift,
            unit: self.unit(),
            title,
            selected_row,
            trees: [&self.trees[0], &self.trees[1]],
        }
    }
}

/// Genes to show: those of the list that the bundle has, else those that vary most.
fn genes(desk: Desk, results: &[&WellResult]) -> Vec<usize> {
    let card = desk.card();
    let wish = part(desk.store, "plate.heat").unwrap_or_default();
    if let Ok(Some(count)) = heat_genes(&wish) {
        return most_varied(results, count);
    }
    if wish.is_empty() {
        return most_varied(results, USUAL);
    }
    let (listed, names) = (gene_list::names(&wish), desk.store.gene_names.get());
    let place = |found: Found| match found {
        Found::Gene(gene) => card.genes.iter().position(|own| *own == gene),
        Found::Several(_) | Found::Nothing => None,
    };
    let listed: Vec<usize> =
        listed.iter().filter_map(|name| place(names.find(name, &card.genes))).take(HEAT.1 as usize).collect();
    if listed.is_empty() { most_varied(results, USUAL) } else { listed }
}

/// The matrix of the finished wells.
fn matrix(desk: Desk) -> Matrix {
    let finished = desk.finished();
    let results: Vec<&WellResult> = finished.iter().map(|(_, result)| result.as_ref()).collect();
    let (card, genes) = (desk.card(), genes(desk, &results));
    let shift = part(desk.store, "plate.matrix").as_deref() != Some("mean");
    let label = |place: &usize| {
        let about = desk.layout.with(|layout| {
            layout.get(*place).map(|well| {
                let kinds =
                    ["perturbation", "cell_type", "identity"].map(|kind| words_of(&card, &well.condition, kind));
                kinds.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
            })
        });
        format!("{} {}", name(*place), about.unwrap_or_default())
    };
    let value = |gene: &usize, result: &&WellResult| {
        let own = if shift { &result.difference } else { &result.mean };
        own.get(*gene).copied().unwrap_or(f32::NAN)
    };
    Matrix {
        values: genes.iter().flat_map(|gene| results.iter().map(move |result| value(gene, result))).collect(),
        genes: genes.iter().filter_map(|gene| card.genes.get(*gene).cloned()).collect(),
        wells: finished.iter().map(|(place, _)| label(place)).collect(),
        shift,
        trees: Default::default(),
    }
}

/// The matrix as it is shown, for the view and for files: asks the worker for orders when it changes.
fn shown(desk: Desk) -> Memo<Arc<Matrix>> {
    let number = StoredValue::new(0_u32);
    // While wells come in, the heat map would jump; it is made once they are there.
    let plain = Memo::new(
        move |before: Option<&Arc<Matrix>>| {
            if desk.is_running() { before.cloned().unwrap_or_default() } else { Arc::new(matrix(desk)) }
        },
    );
    Effect::new(move |_| {
        let plain = plain.get();
        desk.plate.orders.set(None);
        if plain.genes.len() > 1 && plain.wells.len() > 1 {
            number.update_value(|number| *number += 1);
            let (values, columns) = (plain.values.clone(), plain.wells.len() as u32);
            worker::send(desk.store, &ToWorker::Plate(Ask::Order { number: number.get_value(), values, columns }));
        }
    });
    Memo::new(move |_| {
        let (plain, in_plate_order) = (plain.get(), part(desk.store, "plate.order").as_deref() == Some("plate"));
        match desk.plate.orders.get() {
            Some((own, orders)) if own == number.get_value() && !in_plate_order => Arc::new(plain.ordered(&orders)),
            _ => plain,
        }
    })
}

#[component]
pub(super) fn Heat() -> impl IntoView {
    let desk = use_desk();
    let shown = shown(desk);
    let has_values = Memo::new(move |_| shown.with(|matrix| !matrix.values.is_empty()));
    view! {
        <section class="panel plate-heat" aria-labelledby="heat-title" data-testid="plate-heat">
            <div class="bar">
                <h2 id="heat-title">"Genes × wells"</h2>
                <Controls shown/>
            </div>
            <Show when=move || has_values.get() fallback=|| view! { <p class="empty">"Once wells have run, the genes that differ most between them stand here, alike genes and alike wells side by side."</p> }>
                <Figure shown/>
            </Show>
        </section>
    }
}

#[component]
fn Controls(shown: Memo<Arc<Matrix>>) -> impl IntoView {
    let desk = use_desk();
    let wish = move || part(desk.store, "plate.heat").unwrap_or_else(|| USUAL.to_string());
    let take = move |event| {
        let text = event_target_value(&event).trim().to_owned();
        if let Err(words) = heat_genes(&text) {
            desk.store.alert.set(Some(words));
            return;
        }
        desk.set_part("plate.heat", Some(text).filter(|text| !text.is_empty() && *text != USUAL.to_string()));
    };
    let select = move |key: &'static str, own: &'static str| {
        move |event: web_sys::Event| desk.set_part(key, Some(event_target_value(&event)).filter(|value| value == own))
    };
    let is = move |key: &'static str, own: &'static str| part(desk.store, key).as_deref() == Some(own);
    let title = "Genes by wells";
    let words = move || {
        shown.with(|matrix| format!("{} genes by {} wells, {}", matrix.genes.len(), matrix.wells.len(), matrix.unit()))
    };
    let gene = move || desk.gene.get_untracked().map(|(name, _)| name);
    let svg = move |_| {
        let (matrix, gene) = (shown.get_untracked(), gene());
        let (figure, theme) = (matrix.figure(title, gene.as_deref()), export_theme());
        let size = (960, height(&theme, 960, &figure));
        match plots::svg::render(size, title, &untrack(words), |area| draw(area, &theme, &figure).map(drop)) {
            Ok(svg) => text_file("wellplate-heat.svg", "image/svg+xml", &svg),
            Err(error) => desk.store.alert.set(Some(error.to_string())),
        }
    };
    let png = move |_| {
        let (matrix, gene) = (shown.get_untracked(), gene());
        let figure = matrix.figure(title, gene.as_deref());
        let size = (960, height(&export_theme(), 960, &figure));
        let saved = png_figure("wellplate-heat.png", size, |area, theme| draw(area, theme, &figure).map(drop));
        if let Err(sentence) = saved {
            desk.store.alert.set(Some(sentence));
        }
    };
    view! {
        <label class="inline">"Genes "
            <input class="plate-wish" title="A number: those that vary most between wells. Or symbols, separated by spaces." data-testid="heat-genes"
                prop:value=wish on:change=take/>
        </label>
        <label class="inline">"Values "
            <select data-testid="heat-values" on:change=select("plate.matrix", "mean")>
                <option value="shift" selected=move || !is("plate.matrix", "mean")>{format!("shift against {}", against(&desk.card()))}</option>
                <option value="mean" selected=move || is("plate.matrix", "mean")>"mean"</option>
            </select>
        </label>
        <label class="inline">"Order "
            <select data-testid="heat-order" on:change=select("plate.order", "plate")>
                <option value="alike" selected=move || !is("plate.order", "plate")>"alike together"</option>
                <option value="plate" selected=move || is("plate.order", "plate")>"as on the plate"</option>
            </select>
        </label>
        <button class="quiet" data-testid="save-heat" on:click=svg>"SVG"</button>
        <button class="quiet" data-testid="save-heat-png" on:click=png>"PNG"</button>
    }
}

#[component]
fn Figure(shown: Memo<Arc<Matrix>>) -> impl IntoView {
    let desk = use_desk();
    let node = NodeRef::<Canvas>::new();
    let drawn: StoredValue<Option<Layout>> = StoredValue::new(None);
    let size = resized();
    Effect::new(move |_| {
        size.get();
        let (theme, matrix, gene) = (theme(desk.store), shown.get(), desk.gene.get());
        let Some(canvas) = node.get() else { return };
        let figure = matrix.figure("", gene.as_ref().map(|(name, _)| name.as_str()));
        let width = (f64::from(canvas.client_width()) * theme.scale) as u32;
        let high = f64::from(height(&theme, width, &figure)) / theme.scale;
        // A style that cannot be set leaves the canvas at its usual height.
        let _ = web_sys::HtmlElement::style(&canvas).set_property("height", &format!("{high}px"));
        let Some(area) = surface(node, theme.scale) else { return };
        match draw(&area, &theme, &figure) {
            Ok(layout) => drawn.set_value(Some(layout)),
            Err(error) => desk.store.alert.set(Some(error.to_string())),
        }
    });
    let choose = move |gene: String| desk.store.change(|state| state.gene = Some(gene));
    let pick = move |event: web_sys::MouseEvent| {
        let scale = window().device_pixel_ratio().clamp(1.0, 3.0);
        let row = drawn.with_value(|layout| layout.as_ref().and_then(|layout| layout.row_at(pointer(&event, scale).1)));
        if let Some(gene) = row.and_then(|row| shown.with_untracked(|matrix| matrix.genes.get(row).cloned())) {
            choose(gene);
        }
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        let (matrix, gene) = (shown.get_untracked(), desk.gene.get_untracked());
        let now = gene.and_then(|(gene, _)| matrix.genes.iter().position(|own| *own == gene));
        let next = now.map_or(0, |now| now.saturating_add_signed(step).min(matrix.genes.len().saturating_sub(1)));
        matrix.genes.get(next).cloned().into_iter().for_each(choose);
    };
    let label = move || {
        let gene = desk.gene.get().map_or_else(String::new, |(name, _)| format!(" Chosen: {name}."));
        shown.with(|matrix| {
            format!(
                "Heat map of {} genes by {} wells, {}.{gene} Arrow keys choose a gene.",
                matrix.genes.len(),
                matrix.wells.len(),
                matrix.unit()
            )
        })
    };
    view! {
        <canvas class="heat" node_ref=node tabindex="0" role="img" aria-label=label data-testid="heat" data-genes=move || shown.with(|matrix| matrix.genes.join(" "))
            on:click=pick on:keydown=keys></canvas>
        <Twin shown/>
    }
}

/// The same numbers as a table.
#[component]
fn Twin(shown: Memo<Arc<Matrix>>) -> impl IntoView {
    let (is_open, set_open) = signal(false);
    let toggled = move |event: web_sys::Event| {
        let open = event.target().and_then(|target| js_sys::Reflect::get(&target, &"open".into()).ok());
        set_open.set(open.and_then(|open| open.as_bool()).unwrap_or(false));
    };
    let table = move || {
        is_open.get().then(|| {
            let matrix = shown.get();
            let head: Vec<_> = matrix.wells.iter().map(|well| view! { <th scope="col">{well.clone()}</th> }).collect();
            let rows: Vec<_> = matrix.genes.iter().zip(matrix.values.chunks(matrix.wells.len().max(1))).map(|(gene, values)| {
                let fields: Vec<_> = values.iter().map(|value| view! { <td>{format!("{value:.2}").replace('-', "−")}</td> }).collect();
                view! { <tr><th scope="row">{gene.clone()}</th>{fields}</tr> }
            }).collect();
            view! { <table data-testid="heat-table"><thead><tr><th scope="col">"Gene"</th>{head}</tr></thead><tbody>{rows}</tbody></table> }
        })
    };
    view! {
        <details on:toggle=toggled>
            <summary data-testid="heat-table-open">"The heat map as a table"</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="The heat map as a table">{table}</div>
        </details>
    }
}
