//! The Plate view.
//!
//! Does: holds what the view knows, takes the worker's results of wells, arranges the parts.
//! Does not know: the model, how layouts are edited (`crate::plate` does).
//! Flow: person → palette and grid → layout in the state → worker → **results** → colours, card, heat map, files.

mod actions;
mod bar;
mod card;
mod desk;
mod export;
mod grid;
mod heat;
mod keys;
mod palette;
mod paste_box;
mod scale;
mod teach;
mod twin;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use leptos::prelude::*;

use super::store::Store;
use super::use_store;
use crate::plate::Condition;
use crate::plate::results::{Made, WellResult};
use crate::protocol::plate::{Ordered, Tell};
use crate::protocol::{Array, Provenance};
use desk::Desk;
use paste_box::Draft;

/// What a pointer on the grid does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tool {
    /// Selects wells.
    #[default]
    Select,
    /// Places the palette's condition in the wells it is dragged over.
    Paint,
    /// Empties them.
    Erase,
}

/// Orders of a heat map: the question's number, rows and columns.
type Orders = Option<(u32, [Ordered; 2])>;

/// What the view knows, as signals. It outlives the view, so that a run goes on while another one is open.
#[derive(Clone, Copy)]
pub(super) struct PlateStore {
    /// Finished wells by place.
    results: RwSignal<BTreeMap<usize, Arc<WellResult>>>,
    /// What the task in work was asked for, by place.
    asked: RwSignal<BTreeMap<usize, Made>>,
    /// Wells that are still to come.
    waiting: RwSignal<BTreeSet<usize>>,
    /// Well in work and its share.
    working: RwSignal<Option<(usize, f64)>>,
    /// Number of the last task.
    job: RwSignal<u32>,
    /// What made the results.
    provenance: RwSignal<Option<Provenance>>,
    /// What happened last, for everyone to hear.
    said: RwSignal<String>,
    /// Selected wells in order, the one with the focus, the one where a range began.
    selection: RwSignal<Vec<usize>>,
    focus: RwSignal<usize>,
    anchor: RwSignal<usize>,
    tool: RwSignal<Tool>,
    /// Condition of the palette.
    chosen: RwSignal<Condition>,
    /// A paste that was not understood, or one being written.
    draft: RwSignal<Option<Draft>>,
    orders: RwSignal<Orders>,
}

impl PlateStore {
    pub(super) fn new() -> Self {
        Self {
            results: RwSignal::new(BTreeMap::new()),
            asked: RwSignal::new(BTreeMap::new()),
            waiting: RwSignal::new(BTreeSet::new()),
            working: RwSignal::new(None),
            job: RwSignal::new(0),
            provenance: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            selection: RwSignal::new(vec![0]),
            focus: RwSignal::new(0),
            anchor: RwSignal::new(0),
            tool: RwSignal::new(Tool::Select),
            chosen: RwSignal::new(Condition::default()),
            draft: RwSignal::new(None),
            orders: RwSignal::new(None),
        }
    }

    /// Takes a message of the worker; `next` hands out its arrays in order.
    pub(super) fn receive(&self, store: Store, tell: Tell, next: &mut dyn FnMut() -> Array) {
        let own = self.job.get_untracked();
        match tell {
            Tell::Working { job, well, share } if job == own => self.working.set(Some((well as usize, share))),
            Tell::Well { job, well, cells, genes_shifted, rms } if job == own => {
                let place = well as usize;
                let made = self.asked.with_untracked(|asked| asked.get(&place).cloned());
                let Some(made) = made else { return };
                let (mean, difference, change, q) = (next().f32(), next().f32(), next().f32(), next().f32());
                let result = WellResult { made, cells, genes_shifted, rms, mean, difference, change, q };
                self.waiting.update(|waiting| {
                    waiting.remove(&place);
                });
                self.results.update(|results| {
                    results.insert(place, Arc::new(result));
                });
            }
            Tell::Finished { job, provenance, seconds } if job == own => {
                self.provenance.set(Some(provenance));
                self.working.set(None);
                let wells = self.asked.with_untracked(BTreeMap::len);
                self.said.set(format!("Done: {wells} wells in {seconds:.1} s."));
                store.end_job(job);
            }
            Tell::Ordered { number, rows, columns } => self.orders.set(Some((number, [rows, columns]))),
            _ => {}
        }
    }
}

#[component]
pub(super) fn PlateView() -> impl IntoView {
    let store = use_store();
    // Another bundle's card makes the view anew: its choices are other ones.
    move || match store.card.get() {
        Some(_) => view! { <Loaded/> }.into_any(),
        None => view! {
            <section class="panel plate-wait" data-testid="plate">
                <h2>"Plate"</h2>
                <p class="empty">"The plate is laid out once the model is loaded."</p>
            </section>
        }
        .into_any(),
    }
}

/// The view of a loaded bundle.
#[component]
fn Loaded() -> impl IntoView {
    let desk = Desk::new(use_store());
    provide_context(desk);
    desk.settle();
    let is_empty = move || desk.layout.with(|layout| layout.is_empty());
    view! {
        <div class="plate" data-testid="plate">
            <palette::Palette/>
            <div class="plate-middle">
                <section class="panel plate-board" aria-labelledby="plate-title">
                    <div class="bar">
                        <h2 id="plate-title">"Plate"</h2>
                        <bar::RunBar/>
                    </div>
                    <bar::Progress/>
                    <Show when=is_empty><teach::Teach/></Show>
                    <bar::Edits/>
                    <paste_box::PasteBox/>
                    <grid::Grid/>
                    <scale::Legend/>
                    <twin::Twin/>
                </section>
                <heat::Heat/>
            </div>
            <div class="plate-side">
                <card::WellCard/>
                <export::Exports/>
            </div>
        </div>
    }
}
