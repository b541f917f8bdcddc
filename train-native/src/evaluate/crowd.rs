//! Generated cells beside measured ones that training never saw, as populations.
//!
//! Does: takes the cells that a recipe set aside (their controls, where the bundle has a perturbation), has the bundle
//! write as many with labels drawn as often as they trained, and measures how alike both are beside two halves of the
//! measured ones; puts the result into the form of a card.
//! Does not know: perturbed cells (`evaluate`), how likeness is measured (`judge::population`).
//! Flow: bundle + cells + recipe → **populations** → card, report.

use anyhow::{Result, ensure};
use cells::Cells;
use model::bundle::Bundle;
use model::card::{Card, Kind, Likeness, Population as Line};
use model::random::Draws;

use super::Settings;
use super::groups::{self, With};
use crate::data;
use crate::judge::SEED;
use crate::judge::population::{MEASURES, MOST, Measures, Population, measure};
use crate::judge::report::Crowd;
use crate::panels::{aligned, sized};
use crate::progress;
use crate::recipe::Recipe;
use crate::store::Store;

/// Fewest cells set aside: below, the halves say nothing.
const FEWEST: usize = 40;
/// Stream of the draws of labels.
const STREAM: u64 = (1 << 46) + 1;

/// Two populations and what they are.
pub struct Found {
    /// Which cells, in words.
    pub title: String,
    /// Both sides.
    pub crowd: Crowd,
    /// The measured cells that were set aside.
    pub measured: Cells,
    /// The generated cells.
    pub generated: Cells,
}

/// Whether a cell is a control cell of the bundle; every cell is where nothing was perturbed.
fn is_control(cells: &Cells, card: &Card) -> impl Fn(usize) -> bool {
    let slot = card.of_kind(Kind::Perturbation);
    let column = slot.and_then(|slot| cells.labels.get(&slot.key));
    let control = slot.and_then(|slot| slot.control.clone());
    move |cell| match (column, &control) {
        (Some(column), Some(control)) => column.text(cell).as_deref() == Some(control),
        _ => true,
    }
}

/// Combinations of labels and training cells of each; control cells only.
fn combinations(card: &Card) -> Vec<(With, usize)> {
    let slots: Vec<_> = card.conditions.iter().filter(|slot| slot.kind != Kind::Depth).collect();
    let mut found = Vec::new();
    for (names, cells) in &card.combinations {
        let values: Vec<&str> = names.split('|').collect();
        let pairs = || slots.iter().zip(&values);
        if values.len() != slots.len() || pairs().any(|(slot, value)| slot.control.as_ref().is_some_and(|c| c != value))
        {
            continue;
        }
        // A value that no cell trained with stays open.
        let known = pairs().filter(|(slot, value)| slot.token(value).is_some());
        found.push((known.map(|(slot, value)| (slot.key.clone(), vec![(*value).to_owned()])).collect(), *cells));
    }
    found
}

/// Writes `wanted` cells with labels drawn as often as they trained.
fn written(bundle: &Bundle, wanted: usize, settings: &Settings) -> Result<Cells> {
    let combinations = combinations(&bundle.card);
    let total: usize = combinations.iter().map(|(_, cells)| cells).sum();
    ensure!(total > 0, "the bundle does not say which labels its training cells had");
    let mut draws = Draws::new(settings.seed, STREAM);
    let mut numbers = vec![0_usize; combinations.len()];
    for _ in 0..wanted {
        let mut left = (f64::from(draws.uniform()) * total as f64) as usize;
        let place = combinations.iter().position(|(_, cells)| {
            let here = left < *cells;
            left = left.saturating_sub(*cells);
            here
        });
        numbers[place.unwrap_or(combinations.len() - 1)] += 1;
    }
    let asked = combinations.into_iter().zip(numbers).map(|((with, _), cells)| (with, cells));
    groups::write(bundle, asked.collect(), 0, settings)
}

/// Compares the cells that a recipe set aside with as many that the bundle writes; none where too few were set aside. Of a
/// run on a `store`, `cells` are those of one source, in which the cells that were set aside are known by their names.
///
/// # Errors
/// When labels are missing, or the device fails.
pub fn crowd(
    bundle: &Bundle,
    cells: &Cells,
    recipe: &Recipe,
    store: Option<&Store>,
    settings: &Settings,
) -> Result<Option<Found>> {
    let cells = sized(aligned(cells, &bundle.card.genes, "the measured cells", "the bundle")?, &bundle.card)?;
    let (training, aside) = match store {
        Some(store) => data::parts_of_source(&cells, recipe, store)?,
        None => data::parts(&cells, recipe)?,
    };
    let is_control = is_control(&cells, &bundle.card);
    let of =
        |places: Vec<usize>| cells.select(&places.into_iter().filter(|cell| is_control(*cell)).collect::<Vec<_>>());
    let (training, aside) = (of(training), of(aside));
    if aside.len() < FEWEST {
        return Ok(None);
    }
    // As many as a half of the measured ones: more would not be looked at.
    let generated = written(bundle, (aside.len() / 2).min(MOST), settings)?;
    let key = bundle.card.of_kind(Kind::CellType).map(|slot| slot.key.as_str());
    let [training_side, measured, own] = [&training, &aside, &generated].map(|side| Population::of(side, key));
    let _measuring = progress::phase("comparing populations");
    let measures = measure(&measured, &own, Some((&training_side, &measured)), SEED)?;
    let which = if bundle.card.of_kind(Kind::Perturbation).is_some() { "Control cells" } else { "Cells" };
    let title = format!("{which} set aside from training");
    Ok(Some(Found { title, crowd: Crowd { measured, generated: own, measures }, measured: aside, generated }))
}

/// A line of a card.
pub fn line(title: &str, measures: &Measures) -> Line {
    let pairs = measures.generated.values.iter().zip(&measures.other_half.values);
    let measures_of = MEASURES.iter().zip(pairs).map(|(measure, (generated, ceiling))| Likeness {
        name: measure.name.to_owned(),
        best: measure.best.to_owned(),
        generated: *generated,
        ceiling: *ceiling,
    });
    Line { title: title.to_owned(), cells: measures.cells, measures: measures_of.collect() }
}
