//! The map as the page handles it: signals around a scene.
//!
//! Does: keeps the scene in step with the store, draws once per animation frame when something changed, chooses between
//! WebGPU and canvas and says why, tells what a point is.
//! Does not know: buttons, pointers.
//! Flow: store → **board** → scene → canvas or GPU.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::html::Canvas;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::gpu::Gpu;
use super::layers::{Label, labels, sources};
use super::renderer::{CANVAS_MOST, Renderer};
use super::scene::{Scene, palette};
use super::surface::{Ground, Pictures, Shown};
use super::{gpu, layers, surface};
use crate::faults::is_asked;
use crate::map_view::colour::{Coloured, Legend, Names, Sheet, by_layer, by_name, by_value};
use crate::map_view::selection::Selection;
use crate::map_view::{LayerId, benchmark};
use crate::parts::COLOUR;
use crate::ui::state::store::Store;
use crate::ui::widgets::canvas::{resized, theme};

/// What a tooltip says and where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tip {
    /// CSS pixels on the map.
    pub(super) at: (f64, f64),
    /// Words.
    pub(super) words: String,
}

/// The map; cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Board {
    pub(super) store: Store,
    /// The 2D canvas, which also takes pointers and keys.
    pub(super) canvas: NodeRef<Canvas>,
    /// The canvas below it, for WebGPU.
    pub(super) below: NodeRef<Canvas>,
    pub(super) scene: StoredValue<Scene, LocalStorage>,
    gpu: StoredValue<Option<Gpu>, LocalStorage>,
    pictures: StoredValue<Pictures, LocalStorage>,
    scheduled: StoredValue<bool>,
    /// Whether the GPU's picture is out of date, and whether one is being made.
    stale: StoredValue<(bool, bool)>,
    frames: StoredValue<u32>,
    pub(super) renderer: RwSignal<Renderer>,
    pub(super) legend: RwSignal<Legend>,
    pub(super) hidden: RwSignal<BTreeSet<String>>,
    pub(super) tip: RwSignal<Option<Tip>>,
    /// What the keyboard's pointer stands on, to be read out.
    pub(super) spoken: RwSignal<String>,
    /// Labels of the cells.
    pub(super) labels: Memo<Vec<Label>>,
    /// What colours the cells: "scenario", "gene" or a condition's key.
    pub(super) colour: Memo<String>,
    /// The chosen gene.
    pub(super) gene: Memo<Option<String>>,
    /// Points asked for by a benchmark.
    pub(super) load: Memo<Option<usize>>,
}

impl Board {
    pub(super) fn new(store: Store) -> Self {
        let part = move |key: &'static str| store.state.with(|state| state.parts.get(key).cloned());
        let board = Self {
            store,
            canvas: NodeRef::new(),
            below: NodeRef::new(),
            scene: StoredValue::new_local(Scene::new(untrack(|| theme(store)))),
            gpu: StoredValue::new_local(None),
            pictures: StoredValue::new_local(Pictures::default()),
            scheduled: StoredValue::new(false),
            stale: StoredValue::new((true, false)),
            frames: StoredValue::new(0),
            renderer: RwSignal::new(Renderer::Canvas),
            legend: RwSignal::new(Legend::default()),
            hidden: RwSignal::new(BTreeSet::new()),
            tip: RwSignal::new(None),
            spoken: RwSignal::new(String::new()),
            labels: Memo::new(move |_| labels(store)),
            colour: Memo::new(move |_| part(COLOUR).unwrap_or_else(|| "scenario".to_owned())),
            gene: Memo::new(move |_| store.state.with(|state| state.gene.clone())),
            load: Memo::new(move |_| part("map.load").and_then(|value| benchmark::asked(&value))),
        };
        board.follow();
        board
    }

    /// Chooses what colours the cells; the address follows.
    pub(super) fn colour_by(self, key: &str) {
        self.hidden.set(BTreeSet::new());
        self.store.change(|state| {
            if key == "scenario" {
                state.parts.remove(COLOUR);
            } else {
                state.parts.insert(COLOUR.to_owned(), key.to_owned());
            }
        });
    }

    /// Keeps the scene in step with the store.
    fn follow(self) {
        let store = self.store;
        let size = resized();
        let many = Memo::new(move |_| {
            let measured = store.reference.get();
            let more = self.load.get().map_or(0, |count| count.saturating_sub(measured.len() / 2));
            Arc::new(benchmark::repeated(&measured, more))
        });
        let shown = Memo::new(move |_| theme(store));
        Effect::new(move |_| {
            size.get();
            self.canvas.get();
            let (theme, card, measured) = (shown.get(), store.card.get(), store.reference.get());
            let names = store.names.get().into_iter().map(|name| (name.text, name.at)).collect();
            let ending = store.cells_ending();
            let mut all = vec![(LayerId::Benchmark, None, many.get()), (LayerId::Measured, None, measured.clone())];
            for source in sources(store) {
                all.push((source.id, source.ran.get(), Arc::new(source.points.get())));
            }
            self.scene.update_value(|scene| {
                for (id, ran, points) in all {
                    let ending = if id.is_generated() { ending } else { "" };
                    scene.put(id, layers::name(id, card.as_deref(), ran.as_ref()) + ending, points);
                }
                scene.reach(&measured, store.map.seen.get_untracked());
                scene.names = names;
                if scene.theme != theme {
                    scene.palette = palette(&theme);
                    scene.theme = theme;
                }
            });
            self.paint();
            self.choose();
            self.redraw();
        });
    }

    /// Gives all points their codes, and the legend its lines.
    fn paint(self) {
        let (store, colour, hidden) = (self.store, self.colour.get(), self.hidden.get());
        let (labels, gene) = (self.labels.get(), self.gene.get());
        let coloured = self.scene.with_value(|scene| {
            let sheets: Vec<Sheet<'_>> = scene
                .layers
                .iter()
                .map(|layer| Sheet { id: layer.id, name: &layer.name, cells: layer.cells() })
                .collect();
            match (colour.as_str(), labels.iter().find(|label| label.key == colour), gene) {
                ("gene", _, Some(gene)) => {
                    let values: Vec<_> = sheets.iter().map(|sheet| layers::values(store, &gene, sheet.id)).collect();
                    let values: Vec<Option<&[f32]>> =
                        values.iter().map(|values| values.as_ref().map(|values| values.as_slice())).collect();
                    by_value(&sheets, &values, &hidden)
                }
                (_, Some(label), _) => {
                    let names: Vec<Names<'_>> = sheets.iter().map(|sheet| label.of(sheet.id)).collect();
                    by_name(&sheets, &names, &label.names, &hidden)
                }
                _ => by_layer(&sheets, &hidden),
            }
        });
        let Coloured { codes, legend } = coloured;
        let selection = store.selection.get();
        self.scene.update_value(|scene| {
            let cells = |id| scene.layers.iter().find(|layer| layer.id == id).map_or(0, super::scene::Layer::cells);
            let selection = selection.fitting(cells);
            scene.paint(codes, &selection);
            scene.marked = scene.marked.filter(|(layer, index)| scene.at(*layer, *index).is_some());
        });
        if self.legend.with_untracked(|old| *old != legend) {
            self.legend.set(legend);
        }
    }

    /// Chooses who draws.
    fn choose(self) {
        let cells = self.scene.with_value(Scene::cells);
        let now = self.renderer.get_untracked();
        if cells <= CANVAS_MOST {
            if matches!(now, Renderer::WebGpu(_)) {
                self.renderer.set(Renderer::Canvas);
            }
            return;
        }
        if now != Renderer::Canvas {
            return;
        }
        if let Some(name) = self.gpu.with_value(|gpu| gpu.as_ref().map(|gpu| gpu.name.clone())) {
            self.renderer.set(Renderer::WebGpu(name));
            return;
        }
        let Some(canvas) = self.below.get_untracked() else { return };
        self.renderer.set(Renderer::Starting);
        let lost = move |why: String| self.fall_back(why);
        spawn_local(async move {
            let started = gpu::start(canvas, lost).await;
            // The map may have been closed meanwhile.
            let renderer = match started {
                Ok(gpu) => {
                    let name = gpu.name.clone();
                    if self.gpu.try_update_value(|slot| *slot = Some(gpu)).is_none() {
                        return;
                    }
                    Renderer::WebGpu(name)
                }
                Err(why) => Renderer::Without(why),
            };
            if self.renderer.try_set(renderer).is_none() {
                self.redraw();
            }
        });
    }

    /// Goes on with the canvas.
    fn fall_back(self, why: String) {
        // Nothing to do when the map was closed: its GPU went with it.
        if self.scheduled.try_get_value().is_some() && self.renderer.try_set(Renderer::Without(why)).is_none() {
            self.redraw();
        }
    }

    /// Asks for a new picture in the next animation frame.
    pub(super) fn redraw(self) {
        if self.stale.try_update_value(|stale| stale.0 = true).is_some() {
            self.show();
        }
    }

    /// Shows what there is in the next animation frame.
    fn show(self) {
        if self.scheduled.try_update_value(|scheduled| !std::mem::replace(scheduled, true)) == Some(true) {
            request_animation_frame(move || self.frame());
        }
    }

    /// Draws.
    fn frame(self) {
        if self.scheduled.try_update_value(|scheduled| *scheduled = false).is_none() {
            return;
        }
        let (Some(canvas), Some(below)) = (self.canvas.get_untracked(), self.below.get_untracked()) else { return };
        let scale = window().device_pixel_ratio().clamp(1.0, 3.0);
        let size = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        if size.0 < 20.0 || size.1 < 20.0 {
            return;
        }
        self.scene.update_value(|scene| scene.resize(size));
        let pixels = ((size.0 * scale) as u32, (size.1 * scale) as u32);
        let renderer = self.renderer.get_untracked();
        let wanted = matches!(renderer, Renderer::WebGpu(_));
        for (own, _) in [(&canvas, true), (&below, wanted)].into_iter().filter(|(_, used)| *used) {
            if (own.width(), own.height()) != pixels {
                own.set_width(pixels.0);
                own.set_height(pixels.1);
            }
        }
        let ground = match renderer {
            Renderer::WebGpu(_) => self.draw_on_gpu(scale),
            // So many points would hold the page up; they come with the GPU.
            Renderer::Starting => Ground::Picture,
            Renderer::Canvas | Renderer::Without(_) => Ground::Points,
        };
        if let Some(context) = surface::context(&canvas) {
            self.scene.with_value(|scene| {
                self.pictures.update_value(|pictures| {
                    // A context that fails to draw fails at the next frame too; there is no other surface.
                    let _ = surface::draw(&context, scene, pictures, scale, ground);
                });
            });
        }
        self.tell_frame(&canvas);
        if wanted && ground != Ground::Points && asked_to_lose() {
            self.gpu.with_value(|gpu| gpu.iter().for_each(Gpu::lose));
        }
    }

    /// Lets the GPU draw, unless it still draws; says what then lies under the names.
    fn draw_on_gpu(self, scale: f64) -> Ground {
        let (stale, drawing) = self.stale.get_value();
        let copies = self.gpu.with_value(|gpu| gpu.as_ref().is_some_and(Gpu::copies));
        let mut result = Ok(());
        if stale && !drawing {
            self.stale.set_value((false, copies));
            self.scene.with_value(|scene| {
                self.gpu.update_value(|gpu| {
                    result = match gpu {
                        Some(gpu) => gpu.draw(scene, scale, move |picture| self.take(&picture)),
                        None => Err("the GPU is gone".to_owned()),
                    };
                });
            });
        }
        match result {
            Ok(()) if copies => Ground::Picture,
            Ok(()) => Ground::Clear,
            Err(why) => {
                self.fall_back(why);
                Ground::Points
            }
        }
    }

    /// Takes a picture that the GPU has finished.
    fn take(self, picture: &super::copy::Picture) {
        let shown = Shown::new(picture);
        if self.pictures.try_update_value(|pictures| pictures.shown = shown).is_some() {
            self.stale.update_value(|stale| stale.1 = false);
            self.show();
        }
    }

    /// Says at the canvas what was drawn, for tests and benchmarks.
    fn tell_frame(self, canvas: &web_sys::HtmlCanvasElement) {
        self.frames.update_value(|frames| *frames = frames.wrapping_add(1));
        let (view, home) = self.scene.with_value(|scene| (scene.view, scene.home));
        self.store.map.seen.set(self.scene.with_value(|scene| (!scene.fitted).then_some((scene.bounds, view))));
        let facts = [
            ("data-frames", self.frames.get_value().to_string()),
            ("data-zoom", format!("{:.3}", view.magnification(&home))),
            ("data-x", format!("{:.4}", view.centre.0)),
            ("data-y", format!("{:.4}", view.centre.1)),
        ];
        for (name, value) in facts {
            // An attribute that cannot be set is missed by nobody but a test.
            let _ = canvas.set_attribute(name, &value);
        }
    }

    /// What a point is, in words.
    pub(super) fn describe(self, layer: LayerId, index: usize) -> String {
        let name = self.layer_name(layer);
        let labels = self.labels.get_untracked();
        let group = if layer.is_generated() {
            self.group(layer, index as u32, &labels).map(|group| format!("near measured {group}"))
        } else {
            let known = labels.iter().filter(|label| label.kind == "cell_type" || label.kind == "perturbation");
            let words: Vec<&str> = known.filter_map(|label| label.of(layer).of(index)).collect();
            (!words.is_empty()).then(|| words.join(", "))
        };
        let value = self.gene.get_untracked().and_then(|gene| {
            let value = untrack(|| layers::values(self.store, &gene, layer))?.get(index).copied()?;
            Some(format!("{gene} {value:.2} log(1 + x)"))
        });
        [Some(name), group, value].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// Name of a layer.
    pub(super) fn layer_name(self, id: LayerId) -> String {
        self.scene.with_value(|scene| {
            scene.layers.iter().find(|layer| layer.id == id).map_or_else(String::new, |layer| layer.name.clone())
        })
    }

    /// Group of the measured cell that is nearest to a point: its own, when it is measured itself.
    pub(super) fn group(self, layer: LayerId, index: u32, labels: &[Label]) -> Option<String> {
        let label = labels.first()?;
        let measured = if layer.is_generated() {
            self.scene.try_update_value(|scene| scene.nearest_measured(layer, &[index]))?.remove(&index)?
        } else {
            index as usize
        };
        label.of(LayerId::Measured).of(measured).map(str::to_owned)
    }

    /// Selects cells.
    pub(super) fn select(self, selection: Selection) {
        self.store.selection.set(Arc::new(selection));
    }

    /// Points at a cell, or at none.
    pub(super) fn point_at(self, found: Option<(LayerId, usize)>) {
        let changed = self.scene.try_update_value(|scene| std::mem::replace(&mut scene.marked, found) != found);
        if changed != Some(true) {
            return;
        }
        let place = found
            .and_then(|(layer, index)| self.scene.with_value(|scene| scene.at(layer, index).map(|at| scene.pixel(at))));
        let tip = found.zip(place).map(|((layer, index), at)| Tip { at, words: self.describe(layer, index) });
        self.tip.set(tip);
        self.redraw();
    }
}

/// Whether a test asked for a GPU that is lost (`?fault=lose-map-gpu`).
fn asked_to_lose() -> bool {
    window().location().search().is_ok_and(|query| is_asked(&query, "lose-map-gpu"))
}
