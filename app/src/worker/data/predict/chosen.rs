//! The cells that a prediction starts from.
//!
//! Does: takes cells by label, nearest type or group, evenly where they are many; turns their types and identities into the
//! model's names, by hand where the visitor said so; says with figures how like they are to the cells of training.
//! Does not know: how cells are rewritten.
//! Flow: own cells + [`Wanted`] → **chosen cells and what is known of them**.

use std::collections::BTreeMap;

use cells::normalise::median as median_of;
use cells::{Column, Counts};
use model::card::{Condition, Kind};
use model::rewrite::panel::{KEPT, PREDICTED, Translated, Unlike, evenly, perturbed_already};

use super::super::super::session::Session;
use super::super::groups;
use super::super::own::Own;
use super::super::pace::{End, sentence};
use crate::protocol::what_if::{About, Types, Wanted, Who};

/// Chosen cells.
pub(super) struct Chosen {
    /// Places among the visitor's cells.
    pub(super) cells: Vec<usize>,
    /// Place of every gene of the panel in the file [G].
    pub(super) places: Vec<Option<usize>>,
    /// What each cell is, in the model's names.
    pub(super) values: Vec<BTreeMap<String, String>>,
    /// What the page is told of them.
    pub(super) about: About,
    /// The type of all of them, where one was chosen for all.
    for_all: Option<String>,
}

impl Chosen {
    /// Type of each cell as a place among the names for people, which follow; none where it was left open.
    pub(super) fn types(&self, session: &Session) -> (Vec<Option<usize>>, Vec<String>) {
        let Some(condition) = session.bundle.card.of_kind(Kind::CellType) else {
            return (vec![Some(0); self.cells.len()], vec!["all cells".to_owned()]);
        };
        let place = |own: &BTreeMap<String, String>| {
            let value = self.for_all.as_ref().or_else(|| own.get(&condition.key))?;
            condition.values.iter().position(|own| own.value == *value)
        };
        let names = condition.values.iter().map(|own| own.display.clone()).collect();
        (self.values.iter().map(place).collect(), names)
    }
}

/// Chooses the cells.
pub(super) fn of(session: &Session, own: &Own, counts: &Counts, wanted: &Wanted) -> Result<Chosen, End> {
    let card = &session.bundle.card;
    if let Some(key) = own.labels.keys().find(|key| key.starts_with(PREDICTED) || *key == KEPT) {
        return Err(End::Failed(format!(
            "The cells have a label {key:?} already: these look like predicted cells; choose a file of measured ones."
        )));
    }
    let (all, words) = who(own, &wanted.who)?;
    let cells: Vec<usize> = evenly(all.len(), wanted.most as usize).into_iter().map(|place| all[place]).collect();
    let places = own.panel.clone();
    let mut values = vec![BTreeMap::new(); cells.len()];
    let mut notes = Vec::new();
    let mut about = About { cells: cells.len() as u32, chosen: all.len() as u32, words, ..About::default() };
    for condition in card.conditions.iter().filter(|own| !wanted.with.contains_key(&own.key)) {
        let found = match condition.kind {
            Kind::CellType => kinds(own, &cells, condition, wanted)?,
            Kind::Identity => identities(own, &cells, condition),
            Kind::Perturbation | Kind::Depth => continue,
        };
        notes.extend(found.1);
        if condition.kind == Kind::CellType {
            (about.types, about.open) = counted(&found.0);
        }
        for (values, value) in values.iter_mut().zip(found.0) {
            values.extend(value.map(|value| (condition.key.clone(), value)));
        }
    }
    notes.extend(already(session, own, &cells));
    figures(session, own, (counts, &cells, &places), &mut about);
    (about.keep, about.notes) = (wanted.keep, notes);
    let for_all = if let Types::Value(value) = &wanted.types { Some(value.clone()) } else { None };
    Ok(Chosen { cells, places, values, about, for_all })
}

/// Cells and what they are, in words.
fn who(own: &Own, who: &Who) -> Result<(Vec<usize>, String), End> {
    let (cells, words) = match who {
        Who::All => ((0..own.names.len()).collect(), "all cells".to_owned()),
        Who::Label { key, value } => (groups::labelled(own, key, value), format!("{key} = {value}")),
        Who::Nearest(name) => (groups::near(own, name), format!("nearest to {name}")),
        Who::Group(side) => {
            let side = usize::from((*side).min(1));
            let group = own.groups[side].as_ref();
            let group = group.ok_or_else(|| format!("Group {} has no cells.", ["A", "B"][side]))?;
            (group.cells.clone(), format!("group {}: {}", ["A", "B"][side], group.words))
        }
    };
    let none = || End::Failed(format!("No cell is chosen: there is none with {words}."));
    (!cells.is_empty()).then(|| (cells, words.clone())).ok_or_else(none)
}

/// Values of cells, with what is to be said of them.
type Named = (Vec<Option<String>>, Vec<String>);

/// Texts of a label.
fn texts<'a>(column: &'a Column, cells: &'a [usize]) -> impl Iterator<Item = std::borrow::Cow<'a, str>> {
    cells.iter().map(|cell| column.text(*cell).unwrap_or_default())
}

/// Cell types.
fn kinds(own: &Own, cells: &[usize], condition: &Condition, wanted: &Wanted) -> Result<Named, End> {
    match &wanted.types {
        Types::Value(value) => Ok((vec![Some(value.clone()); cells.len()], Vec::new())),
        // The map's types are places among the card's values.
        Types::Nearest => {
            let of = |cell: &usize| condition.values.get(usize::from(own.types[*cell])).map(|own| own.value.clone());
            Ok((cells.iter().map(of).collect(), Vec::new()))
        }
        Types::Label(key) => {
            let column = own.labels.get(key).ok_or_else(|| format!("{} has no label {key:?}.", own.title))?;
            // A name that the visitor gave a meaning to counts as that type's own.
            let named =
                |text: std::borrow::Cow<'_, str>| wanted.named.get(text.as_ref()).cloned().unwrap_or(text.into());
            let found = Translated::of(condition, texts(column, cells).map(named));
            match found.refusal(condition, key) {
                Some(why) => Err(End::Failed(sentence(why))),
                None => {
                    let note = found.note(condition, key);
                    Ok((found.values, note.into_iter().collect()))
                }
            }
        }
    }
}

/// Identities, where the file has a label of the model's own name.
fn identities(own: &Own, cells: &[usize], condition: &Condition) -> Named {
    let Some(column) = own.labels.get(&condition.key) else {
        let note = format!("no label says which {} a cell is from: it is left open", condition.key);
        return (vec![None; cells.len()], vec![note]);
    };
    let found = Translated::of(condition, texts(column, cells));
    let note = found.note(condition, &condition.key);
    (found.values, note.into_iter().collect())
}

/// How many cells the file itself calls perturbed.
fn already(session: &Session, own: &Own, cells: &[usize]) -> Option<String> {
    let condition = session.bundle.card.of_kind(Kind::Perturbation)?;
    let count = perturbed_already(condition, texts(own.labels.get(&condition.key)?, cells));
    let (key, control) = (&condition.key, condition.control.as_deref().unwrap_or_default());
    (count > 0).then(|| {
        let all = cells.len();
        format!("{count} of {all} cells are perturbed already by their {key}; choose {key} = {control} for control cells alone")
    })
}

/// Values and how often each comes, the most common first; and how many are left open.
fn counted(values: &[Option<String>]) -> (Vec<(String, u32)>, u32) {
    let mut counts: BTreeMap<&String, u32> = BTreeMap::new();
    values.iter().flatten().for_each(|value| *counts.entry(value).or_default() += 1);
    let open = values.iter().filter(|value| value.is_none()).count() as u32;
    let mut list: Vec<(String, u32)> = counts.into_iter().map(|(value, cells)| (value.clone(), cells)).collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    (list, open)
}

/// How like the cells are to those of training.
fn figures(
    session: &Session,
    own: &Own,
    (counts, cells, places): (&Counts, &[usize], &[Option<usize>]),
    about: &mut About,
) {
    let mut is_shared = vec![false; own.genes.len()];
    places.iter().flatten().for_each(|place| is_shared[*place] = true);
    let size = |cell: &usize| -> (u64, u64) {
        let (genes, values) = counts.row(*cell);
        let inside = genes.iter().zip(values).filter(|(gene, _)| is_shared[**gene as usize]);
        (values.iter().map(|own| u64::from(*own)).sum(), inside.map(|(_, own)| u64::from(*own)).sum())
    };
    let unlike = Unlike::of(&session.bundle.card, places, cells.iter().map(size));
    let map = &session.bundle.map.genes;
    let used = map.iter().filter(|gene| places[**gene as usize].is_some()).count();
    about.genes = (unlike.shared as u32, unlike.panel as u32);
    about.map_genes = (used as u32, map.len() as u32);
    (about.inside, about.outside) = (unlike.inside, unlike.outside as u32);
    about.sizes = (unlike.sizes[0], unlike.sizes[1]);
    let sure: Vec<u64> = cells
        .iter()
        .filter_map(|cell| own.confidence.get(*cell))
        // Whole numbers, for the median of whole numbers.
        .map(|share| (f64::from(*share) * THOUSAND).round() as u64)
        .collect();
    about.apart = own.apart(cells);
    about.sure = (!sure.is_empty()).then(|| median_of(&sure) / THOUSAND);
}

/// Steps of a share.
const THOUSAND: f64 = 1000.0;
