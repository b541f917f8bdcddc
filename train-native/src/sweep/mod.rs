//! Cells of every choice that a bundle offers, at the edges of every setting, looked at one by one.
//!
//! Does: has a bundle write the cells of a plan and says which could not be cells; beside measured cells also which hold
//! counts that no cell of their type and perturbation has.
//! Does not know: how cells are made, what is plausible (`cells::plausibility`).
//! Flow: bundle → plan → **cells** → verdict by setting.

mod plan;
mod settings;

use std::collections::BTreeMap;

use anyhow::Result;
use cells::foreign::{Kind, Measured};
use cells::plausibility::{Bounds, Plausibility, look};
use cells::{Cells, Counts};
use model::bundle::Bundle;
use model::card::{Card, Choices};

use crate::evaluate::plausible::kinds;
use crate::generate::generate_part;
use crate::panels::aligned;
use crate::progress;
use plan::{Item, plan};
pub use settings::Settings;

/// Share of counts that may stand at the ceiling of their gene; under guidance, of several perturbations at once and in
/// combinations that no training cell had.
const LEANING: f64 = 0.01;
const LEANING_FAR: f64 = 0.04;

/// What was found at one setting.
#[derive(Clone, Debug)]
pub struct Line {
    /// The setting, such as "guidance 3".
    pub setting: String,
    /// Items of the plan.
    pub items: usize,
    /// Cells, and what they are.
    pub found: Plausibility,
    /// Choices whose cells are not sound, in words.
    pub broken: Vec<String>,
}

/// Everything that was found.
pub struct Swept {
    /// By setting.
    pub lines: Vec<Line>,
}

impl Swept {
    /// Cells looked at.
    pub fn cells(&self) -> usize {
        self.lines.iter().map(|line| line.found.cells).sum()
    }

    /// Cells that could not be.
    pub fn broken(&self) -> usize {
        self.lines.iter().map(|line| line.found.above + line.found.outside).sum()
    }

    /// Whether every setting is sound.
    pub fn is_sound(&self) -> bool {
        self.lines.iter().all(|line| line.broken.is_empty())
    }

    /// A table in Markdown.
    pub fn table(&self) -> String {
        let mut text = String::from(
            "| setting | choices | cells | above a ceiling | library size out of range | counts at a ceiling, % | counts of another type (cells of cells looked at) | library sizes |\n|---|---|---|---|---|---|---|---|\n",
        );
        for line in &self.lines {
            let found = &line.found;
            let [smallest, median, largest] = found.library_sizes;
            let foreign =
                found.foreign.as_ref().map_or_else(|| "–".to_owned(), |own| format!("{} of {}", own.above, own.cells));
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {:.3} | {foreign} | {smallest} · {median} · {largest} |\n",
                line.setting,
                line.items,
                found.cells,
                found.above,
                found.outside,
                100.0 * found.leaning
            ));
        }
        for line in self.lines.iter().filter(|line| !line.broken.is_empty()) {
            text.push_str(&format!("\n{}:\n", line.setting));
            line.broken.iter().take(10).for_each(|words| text.push_str(&format!("- {words}\n")));
        }
        text
    }
}

/// Choices in a few words.
fn words(choices: &Choices) -> String {
    let with: Vec<String> = choices.with.iter().map(|(key, values)| format!("{key}={}", values.join("+"))).collect();
    let held: Vec<String> = choices.clamp.iter().map(|(gene, count)| format!("{gene}={count}")).collect();
    let with = if with.is_empty() { "nothing chosen".to_owned() } else { with.join(", ") };
    let held = if held.is_empty() { String::new() } else { format!(", held {}", held.join(", ")) };
    format!("{with}, N = {}, w = {}{held}", choices.steps, choices.guidance)
}

/// Cells of one setting, as they are gathered.
#[derive(Default)]
struct Gathered {
    items: usize,
    counts: Option<Counts>,
    /// Cell type and perturbation of every cell.
    kinds: Vec<Kind>,
    broken: Vec<String>,
    /// Most counts of held genes.
    held: u64,
    /// Whether it lies at the edge of what was measured: guided, composed or of an unseen combination.
    is_far: bool,
}

/// Has the bundle write the cells of the plan and looks at them; beside `measured` cells also at counts that no cell of
/// their type and perturbation has.
///
/// # Errors
/// When the device fails, or the measured cells are of other genes.
pub fn sweep(bundle: &Bundle, settings: Settings, measured: Option<&Cells>) -> Result<Swept> {
    let card = &bundle.card;
    let measured = measured.map(|cells| aligned(cells, &card.genes, "the measured cells", "the bundle")).transpose()?;
    let measured = measured.map(|cells| Measured::of(&cells.counts, &kinds(card, &cells)));
    let statistics = &bundle.network.statistics;
    let items = plan(card, settings, &|gene| statistics.largest(gene));
    let ceilings: Vec<u32> = (0..statistics.genes()).map(|gene| statistics.largest(gene)).collect();
    let total: usize = items.iter().map(|item| item.choices.cells).sum();
    let shown = progress::counted("looking at cells", total as u64, "cells");
    let mut order: Vec<String> = Vec::new();
    let mut found: BTreeMap<String, Gathered> = BTreeMap::new();
    for Item { setting, choices } in items {
        let made = generate_part(bundle, &choices, 0, settings.effort, false, &mut |_| {})?.cells;
        shown.advance(made.len() as u64);
        // What is held counts towards the library size, and is no draw that could lean on a ceiling.
        let held: u64 = choices.clamp.iter().map(|(_, count)| u64::from(*count)).sum();
        let drawn = without(card, &made.counts, &choices.clamp);
        let own = look(&drawn, bounds(card, &ceilings, held), None);
        // Guided, composed and unseen cells lie at the edge of what was measured, and some of their genes at the ceiling.
        let is_far =
            choices.guidance > 0.0 || choices.with.values().any(|own| own.len() > 1) || setting.contains("unseen");
        let entry = found.entry(setting.clone()).or_insert_with(|| {
            order.push(setting);
            Gathered { is_far, ..Gathered::default() }
        });
        entry.items += 1;
        entry.held = entry.held.max(held);
        entry.kinds.extend(kinds(card, &made));
        if !own.is_sound_within(if is_far { LEANING_FAR } else { LEANING }) {
            entry.broken.push(format!("{}: {}", words(&choices), own.words(&card.genes)));
        }
        match &mut entry.counts {
            Some(before) => before.append(&drawn)?,
            none => *none = Some(drawn),
        }
    }
    drop(shown);
    let line = |setting: String| {
        let Gathered { items, counts, kinds, mut broken, held, is_far } = found.remove(&setting)?;
        let counts = counts?;
        let mut found = look(&counts, bounds(card, &ceilings, held), None);
        found.foreign = measured.as_ref().map(|own| own.look(&counts, &kinds));
        // At the edge of what was measured a perturbation may lead past what its own cells show: said, no failure.
        if let Some(own) = found.foreign.as_ref().filter(|own| !is_far && !own.is_sound()) {
            broken.extend(own.words(&card.genes));
        }
        Some(Line { setting, items, found, broken })
    };
    Ok(Swept { lines: order.into_iter().filter_map(line).collect() })
}

/// Counts without those of genes that were held.
fn without(card: &Card, counts: &Counts, held: &[(String, u32)]) -> Counts {
    let is_held: Vec<bool> = card.genes.iter().map(|gene| held.iter().any(|(own, _)| own == gene)).collect();
    let mut rows = Counts::empty(counts.genes());
    let mut row = vec![0; counts.genes()];
    for cell in 0..counts.cells() {
        counts.dense_row(cell, &mut row);
        row.iter_mut().zip(&is_held).filter(|(_, held)| **held).for_each(|(count, _)| *count = 0);
        let one = Counts::from_dense_rows(counts.genes(), [row.as_slice()]);
        // Rows of one panel always go together.
        if rows.append(&one).is_err() {
            return rows;
        }
    }
    rows
}

/// What cells of a bundle may show, without the `held` counts.
fn bounds<'a>(card: &Card, ceilings: &'a [u32], held: u64) -> Bounds<'a> {
    let [low, high] = card.library_sizes;
    Bounds { ceilings, library_sizes: [u64::from(low).saturating_sub(held), u64::from(high)] }
}
