//! What the store has for the map.
//!
//! Does: lists the layers of generated cells, names them by the run that made them, knows the labels of every layer and
//! the values of the chosen gene.
//! Does not know: colours, pixels.
//! Flow: store → **layers, labels, values** → scene.

use std::sync::Arc;

use leptos::prelude::*;

use crate::choices;
use crate::map_view::LayerId;
use crate::map_view::colour::Names;
use crate::origin::map_word;
use crate::protocol::card::{Card, Condition};
use crate::protocol::{Comparison, Request};
use crate::ui::state::store::Store;

/// A layer of generated cells: its points and the run that makes them.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// Which.
    pub(super) id: LayerId,
    /// Coordinates [n, 2], which become more while cells are written.
    pub(super) points: RwSignal<Vec<f32>>,
    /// What was asked for.
    pub(super) ran: RwSignal<Option<Request>>,
}

/// Layers of generated cells, the lowest first.
pub(super) fn sources(store: Store) -> Vec<Source> {
    vec![
        Source { id: LayerId::Control, points: store.control, ran: store.ran },
        Source { id: LayerId::Perturbed, points: store.perturbed, ran: store.ran },
        Source { id: LayerId::OtherControl, points: store.other_control, ran: store.ran_other },
        Source { id: LayerId::Other, points: store.other, ran: store.ran_other },
    ]
}

/// Whether a layer's cells have the perturbation.
fn is_perturbed(id: LayerId) -> bool {
    matches!(id, LayerId::Perturbed | LayerId::Other)
}

/// Name of a value for people.
fn display(condition: &Condition, value: &str) -> String {
    let known = condition.values.iter().find(|known| known.value == value);
    known.map_or_else(|| value.to_owned(), |known| known.display.clone())
}

/// What a run's cells of a layer are in one condition; `None` when the run left it open.
fn asked(condition: &Condition, request: &Request, id: LayerId) -> Option<String> {
    if condition.kind == "perturbation" && !is_perturbed(id) {
        return condition.control.as_ref().map(|control| display(condition, control));
    }
    let values = request.with.get(&condition.key).filter(|values| !values.is_empty())?;
    Some(values.iter().map(|value| display(condition, value)).collect::<Vec<_>>().join(" + "))
}

/// Name of a layer in words.
pub(super) fn name(id: LayerId, card: Option<&Card>, request: Option<&Request>) -> String {
    let scenario = if matches!(id, LayerId::OtherControl | LayerId::Other) { "B: " } else { "" };
    let perturbation = || {
        let condition = card?.conditions.iter().find(|condition| condition.kind == "perturbation")?;
        asked(condition, request?, id)
    };
    match id {
        LayerId::Benchmark => "benchmark points, no cells".to_owned(),
        LayerId::Measured => card.map_or("measured", map_word).to_owned(),
        LayerId::Control | LayerId::OtherControl if card.is_some_and(|card| choices::perturbation(card).is_none()) => {
            format!("{scenario}generated")
        }
        LayerId::Control | LayerId::OtherControl => format!("{scenario}generated control"),
        LayerId::Perturbed | LayerId::Other => {
            format!("{scenario}generated, {}", perturbation().unwrap_or_else(|| "perturbed".to_owned()))
        }
    }
}

/// A condition that measured cells are labelled with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Label {
    /// Key.
    pub(super) key: String,
    /// For people.
    pub(super) title: String,
    /// "cell_type", "perturbation", "identity" or "depth".
    pub(super) kind: String,
    /// Names of its values.
    pub(super) names: Vec<String>,
    /// Each measured cell's place among them.
    pub(super) codes: Arc<Vec<u8>>,
    /// What the cells of each generated layer are.
    pub(super) generated: Vec<(LayerId, String)>,
}

impl Label {
    /// Names of a layer's points.
    pub(super) fn of(&self, id: LayerId) -> Names<'_> {
        if !id.is_generated() {
            return Names::Each(&self.codes, &self.names);
        }
        self.generated.iter().find(|(own, _)| *own == id).map_or(Names::Unknown, |(_, name)| Names::All(name))
    }
}

/// All labels but the library size, cell types first.
pub(super) fn labels(store: Store) -> Vec<Label> {
    let Some(card) = store.card.get() else { return Vec::new() };
    let runs: Vec<(LayerId, Option<Request>)> =
        sources(store).into_iter().map(|source| (source.id, source.ran.get())).collect();
    let codes = store.map.labels.get();
    let label = |condition: &Condition| {
        let (_, codes) = codes.iter().find(|(key, _)| *key == condition.key)?;
        let generated =
            runs.iter().filter_map(|(id, run)| Some((*id, asked(condition, run.as_ref()?, *id)?))).collect();
        Some(Label {
            key: condition.key.clone(),
            title: condition.title.clone(),
            kind: condition.kind.clone(),
            names: condition.values.iter().map(|value| value.display.clone()).collect(),
            codes: codes.clone(),
            generated,
        })
    };
    let mut labels: Vec<Label> = card.choosable().filter_map(label).collect();
    labels.sort_by_key(|label| label.kind != "cell_type");
    labels
}

/// Values of a gene in a layer's cells, where they are known.
pub(super) fn values(store: Store, gene: &str, id: LayerId) -> Option<Arc<Vec<f32>>> {
    let (comparison, control) = match id {
        LayerId::Control => (Comparison::A, true),
        LayerId::Perturbed => (Comparison::A, false),
        LayerId::OtherControl => (Comparison::B, true),
        LayerId::Other => (Comparison::B, false),
        LayerId::Measured | LayerId::Benchmark => return None,
    };
    let pair = store.tables.values_of(gene, comparison)?;
    Some(Arc::new(if control { pair.0.clone() } else { pair.1.clone() }))
}
