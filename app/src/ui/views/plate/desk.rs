//! What the parts of the view share: the layout, the settings, the look of every well.
//!
//! Does: derives all of it from the state and the results; reads and writes the view's parts of the address.
//! Does not know: how it is shown.
//! Flow: state + results → **memos** → grid, card, heat map, files.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use plots::plate::{Rim, Scale};

use super::words::{acts, against, brief, css, sentence, words_of};
use crate::choices::perturbation;
use crate::plate::results::{Made, Strength, WellResult};
use crate::plate::unknown::{Refused, settings as refused_settings, unknown};
use crate::plate::wells::{WELLS, name};
use crate::plate::work::{Settings, USUAL_CELLS, cells_of, request};
use crate::plate::{Condition, Layout, Well, address};
use crate::protocol::card::Card;
use crate::ui::state::plate::PlateStore;
use crate::ui::state::store::{Phase, Store};
use crate::ui::widgets::canvas::theme;

/// What wells are coloured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Show {
    /// Response strength.
    #[default]
    Strength,
    /// Mean expression of the chosen gene.
    Mean,
    /// Its shift against the control population.
    Shift,
    /// What came with the model, before anything has run.
    Ahead,
}

/// Marks a precomputed number among a plate's own.
pub(super) const AHEAD_MARK: &str = "*";

/// How a well looks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Look {
    /// What it holds.
    pub(super) rim: Rim,
    /// Lines inside.
    pub(super) words: Vec<String>,
    /// What a screen reader says.
    pub(super) label: String,
    /// Value and its colours: ground, letters.
    pub(super) value: Option<(f32, String, String)>,
    /// Whether it is still to come in the task in work.
    pub(super) waits: bool,
    /// Whether what stands in it came with the model, on no scale of the plate's own results.
    pub(super) ahead: bool,
}

/// Memos of the view.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub(super) store: Store,
    pub(super) plate: PlateStore,
    pub(super) layout: Memo<Layout>,
    pub(super) settings: Memo<Settings>,
    pub(super) strength: Memo<Strength>,
    pub(super) show: Memo<Show>,
    /// Chosen gene and its place in the panel.
    pub(super) gene: Memo<Option<(String, usize)>>,
    pub(super) scale: Memo<Scale>,
    pub(super) looks: Memo<Vec<Look>>,
    /// What came with the model: genes with q below 0.05, by well.
    pub(super) ahead: Memo<BTreeMap<usize, u32>>,
    /// What the plate asks for that the model lacks, with its wells.
    pub(super) unknown: Memo<Vec<(String, Vec<usize>)>>,
    /// Settings of the whole plate that the model refuses.
    pub(super) refused: Memo<Vec<Refused>>,
}

/// The view's shared memos.
pub(super) fn use_desk() -> Desk {
    expect_context::<Desk>()
}

impl Desk {
    pub(super) fn new(store: Store) -> Self {
        let plate = store.plate;
        let text = Memo::new(move |_| store.state.with(|state| state.parts.get(address::PART).cloned()));
        let layout = Memo::new(move |_| text.with(|text| text.as_deref().map(address::read).unwrap_or_default()));
        let settings = Memo::new(move |_| Settings {
            guidance: store.guidance(),
            steps: store.steps(),
            // What is out of range is refused in words, and nothing runs before it is settled.
            cells: part(store, CELLS_PART).and_then(|text| cells_of(&text).ok()).unwrap_or(USUAL_CELLS),
            seed: store.state.with(|state| state.seed),
        });
        let strength = Memo::new(move |_| match part(store, "plate.by").as_deref() {
            Some("rms") => Strength::Rms,
            _ => Strength::Genes,
        });
        let ahead = Memo::new(move |_| ahead(store, layout, settings));
        let unknown = Memo::new(move |_| {
            store
                .card
                .with(|card| card.as_ref().map(|card| layout.with(|layout| unknown(card, layout))))
                .unwrap_or_default()
        });
        let refused = Memo::new(move |_| {
            let of = |card: &Arc<Card>| {
                store.state.with(|state| refused_settings(card, state, state.parts.get(CELLS_PART).map(String::as_str)))
            };
            store.card.with(|card| card.as_ref().map(of)).unwrap_or_default()
        });
        // Results of other settings or conditions are none of these wells.
        let has_own = Memo::new(move |_| {
            let made = |well: &Well| made(store, &settings.get(), well);
            plate.results.with(|results| {
                layout.with(|layout| {
                    layout.filled().any(|(place, well)| results.get(&place).is_some_and(|own| own.made == made(well)))
                })
            })
        });
        let show = Memo::new(move |_| match part(store, "plate.colour").as_deref() {
            Some("mean") => Show::Mean,
            Some("shift") => Show::Shift,
            Some("strength") => Show::Strength,
            Some("ahead") => Show::Ahead,
            // What is there at once is shown until there is something of the plate's own.
            _ if ahead.with(|own| !own.is_empty()) && !has_own.get() => Show::Ahead,
            _ => Show::Strength,
        });
        let gene = Memo::new(move |_| {
            let (card, chosen) = (store.card.get()?, store.state.with(|state| state.gene.clone()));
            let name = chosen.or_else(|| card.markers.first().cloned()).or_else(|| card.genes.first().cloned())?;
            let place = card.genes.iter().position(|own| *own == name)?;
            Some((name, place))
        });
        let half = Half { store, plate, layout, settings, strength, show, gene, ahead };
        let scale = Memo::new(move |_| half.scale());
        let looks = Memo::new(move |_| half.looks(&scale.get()));
        Self { store, plate, layout, settings, strength, show, gene, scale, looks, ahead, unknown, refused }
    }

    /// What must hold as long as the view is open: a palette with values, no well in work once nothing runs.
    pub(super) fn settle(self) {
        Effect::new(move |_| {
            let Some(card) = self.store.card.get() else { return };
            let known = |condition: &Condition| {
                !condition.with.is_empty()
                    && card.choosable().all(|slot| {
                        condition
                            .with
                            .get(&slot.key)
                            .is_some_and(|own| own.iter().all(|v| slot.values.iter().any(|k| k.value == *v)))
                    })
            };
            if !self.plate.chosen.with_untracked(known) {
                let with =
                    card.choosable().map(|slot| (slot.key.clone(), vec![untrack(|| self.store.chosen(&slot.key))]));
                self.plate.chosen.set(Condition { with: with.collect(), ..Condition::default() });
            }
        });
        Effect::new(move |ran: Option<bool>| {
            let runs = self.is_running();
            // Also when it ended while another view was open.
            if ran != Some(false) && !runs {
                let left = self.plate.waiting.with_untracked(std::collections::BTreeSet::len);
                self.plate.working.set(None);
                self.plate.waiting.set(Default::default());
                if left > 0 {
                    let asked = self.plate.asked.with_untracked(std::collections::BTreeMap::len);
                    self.plate.said.set(format!("Stopped; {} of {asked} wells were finished and stay.", asked - left));
                }
            }
            runs
        });
    }

    /// Whether the plate asks for something that the model lacks or refuses.
    pub(super) fn has_problems(self) -> bool {
        self.unknown.with(|own| !own.is_empty()) || self.refused.with(|own| !own.is_empty())
    }

    /// Whether the plate's task is in work.
    pub(super) fn is_running(self) -> bool {
        let job = self.plate.job.get();
        job != 0
            && self.store.working.get() == job
            && self.store.phase.with(|phase| matches!(phase, Phase::Running { .. }))
    }

    /// The card; there is one as long as the view is open.
    pub(super) fn card(self) -> Arc<Card> {
        self.store.card.get().unwrap_or_default()
    }

    /// What would make the cells of a well now.
    pub(super) fn made(self, well: &Well) -> Made {
        self.half().made(well)
    }

    /// The result of a well, if what made it is what the well holds now.
    pub(super) fn result(self, place: usize) -> Option<Arc<WellResult>> {
        self.half().result(place)
    }

    fn half(self) -> Half {
        let Self { store, plate, layout, settings, strength, show, gene, ahead, .. } = self;
        Half { store, plate, layout, settings, strength, show, gene, ahead }
    }

    /// Wells with a result, in order.
    pub(super) fn finished(self) -> Vec<(usize, Arc<WellResult>)> {
        (0..WELLS).filter_map(|place| Some((place, self.result(place)?))).collect()
    }

    /// What values of wells are, with their unit.
    pub(super) fn unit(self) -> String {
        let gene = self.gene.get().map(|(name, _)| name).unwrap_or_default();
        match self.show.get() {
            Show::Strength => self.strength.get().unit().to_owned(),
            Show::Mean => format!("mean {gene}, ln(1 + x)"),
            Show::Ahead => "genes with q < 0.05, precomputed".to_owned(),
            Show::Shift => format!("Δ {gene} against {}, ln(1 + x)", against(&self.card())),
        }
    }

    /// The value that a well is coloured by; none while there is nothing.
    pub(super) fn shown(self, place: usize) -> Option<f32> {
        self.half().shown(place)
    }

    /// The value that a result is coloured by.
    pub(super) fn value(self, result: &WellResult) -> Option<f32> {
        self.half().value(result)
    }

    /// Writes a part of the address; `None` takes it out.
    pub(super) fn set_part(self, key: &str, value: Option<String>) {
        self.store.set_part(key, value);
    }
}

/// The part of the address that keeps the cells per well.
pub(super) const CELLS_PART: &str = "plate.cells";

/// A part of the address.
pub(super) fn part(store: Store, key: &str) -> Option<String> {
    store.state.with(|state| state.parts.get(key).cloned())
}

/// What looks are derived from.
#[derive(Clone, Copy)]
struct Half {
    store: Store,
    plate: PlateStore,
    layout: Memo<Layout>,
    settings: Memo<Settings>,
    strength: Memo<Strength>,
    show: Memo<Show>,
    gene: Memo<Option<(String, usize)>>,
    ahead: Memo<BTreeMap<usize, u32>>,
}

/// What came with the model of the wells of a plate.
fn ahead(store: Store, layout: Memo<Layout>, settings: Memo<Settings>) -> BTreeMap<usize, u32> {
    let Some((held, card)) = store.ahead.held.get().zip(store.card.get()) else { return BTreeMap::new() };
    let settings = settings.get();
    let of = |(place, well): (usize, &Well)| {
        held.of_well(&card, &request(well, &settings)).map(|compared| (place, compared.shifted))
    };
    layout.with(|layout| layout.filled().filter_map(of).collect())
}

/// What would make the cells of a well with these settings.
fn made(store: Store, settings: &Settings, well: &Well) -> Made {
    let bundle = store.state.with(|state| state.bundle.clone());
    Made { bundle, request: request(well, settings), control_seed: settings.seed }
}

impl Half {
    fn made(self, well: &Well) -> Made {
        made(self.store, &self.settings.get(), well)
    }

    fn result(self, place: usize) -> Option<Arc<WellResult>> {
        let made = self.layout.with(|layout| layout.get(place).map(|well| self.made(well)))?;
        self.plate.results.with(|results| results.get(&place).filter(|result| result.made == made).cloned())
    }

    fn value(self, result: &WellResult) -> Option<f32> {
        let gene = || self.gene.get().map(|(_, place)| place);
        match self.show.get() {
            Show::Strength => Some(self.strength.get().of(result)),
            Show::Mean => result.mean.get(gene()?).copied(),
            Show::Shift => result.difference.get(gene()?).copied(),
            // It is not of the plate's own cells.
            Show::Ahead => None,
        }
    }

    /// What a well is coloured by; none while there is nothing.
    fn shown(self, place: usize) -> Option<f32> {
        match self.show.get() {
            Show::Ahead => self.ahead.with(|own| own.get(&place).map(|genes| *genes as f32)),
            _ => self.result(place).and_then(|result| self.value(&result)),
        }
    }

    fn scale(self) -> Scale {
        let values: Vec<f32> = (0..WELLS).filter_map(|place| self.shown(place)).collect();
        Scale::of(values.into_iter(), self.show.get() == Show::Shift)
    }

    fn looks(self, scale: &Scale) -> Vec<Look> {
        let (theme, card) = (theme(self.store), self.store.card.get().unwrap_or_default());
        let waiting = self.plate.waiting.get();
        let look = |place: usize| {
            let name = name(place);
            let Some(well) = self.layout.with(|layout| layout.get(place).cloned()) else {
                return Look { label: format!("{name}: empty"), ..Look::default() };
            };
            let value = self.shown(place);
            let about = sentence(&card, &well.condition);
            let ahead = if self.show.get() == Show::Ahead { " genes, precomputed" } else { "" };
            // A well that has not run shows what came with the model, marked, and on no scale of the plate's own cells.
            let beside = self.ahead.with(|own| own.get(&place).copied());
            let beside = beside.filter(|_| value.is_none() && self.show.get() == Show::Strength);
            let outcome = match (value, beside) {
                (Some(value), _) => format!("; {}{ahead}", brief(value)),
                (None, Some(genes)) => format!("; not run yet, precomputed: {genes} genes"),
                (None, None) => String::new(),
            };
            let kind = |kind: &str| words_of(&card, &well.condition, kind);
            // Where nothing perturbs, whose cells they are is what else tells wells apart.
            let last = if perturbation(&card).is_some() { "perturbation" } else { "identity" };
            let mut said = [kind("cell_type"), kind("identity")].into_iter().filter(|text| !text.is_empty());
            let top = said.next();
            let bottom = Some(kind(last)).filter(|text| Some(text) != top.as_ref()).unwrap_or_default();
            let middle = match (value, beside) {
                (Some(value), _) => brief(value),
                (None, Some(genes)) => format!("{genes}{AHEAD_MARK}"),
                (None, None) => format!("·{}", well.replicate),
            };
            Look {
                rim: if acts(&card, &well.condition) { Rim::Perturbed } else { Rim::Control },
                words: vec![top.unwrap_or_default(), middle, bottom],
                label: format!("{name}: {about}, replicate {}{outcome}", well.replicate),
                value: value.map(|value| {
                    let colour = scale.colour(&theme, value);
                    (value, css(colour), css(theme.on(colour)))
                }),
                waits: waiting.contains(&place),
                ahead: beside.is_some(),
            }
        };
        (0..WELLS).map(look).collect()
    }
}
