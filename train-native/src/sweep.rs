//! Cells of every choice that a bundle offers, at the edges of every setting, looked at one by one.
//!
//! Does: plans a few cells of every condition value, of combinations that were seen, unseen and left open, of few and many
//! sampling steps, of guidance up to the bundle's limit, of several perturbations at once, of genes held at their
//! ceilings and at 0; has the bundle write them and says which could not be cells.
//! Does not know: how cells are made, what is plausible (`cells::plausibility`).
//! Flow: bundle → plan → **cells** → verdict by setting.

use std::collections::BTreeMap;

use anyhow::Result;
use cells::Counts;
use cells::plausibility::{Bounds, Plausibility, look};
use model::bundle::Bundle;
use model::card::{Card, Choices, Condition, Kind, UNSPECIFIED};
use model::random::Draws;
use model::sample::Effort;

use crate::generate::generate_part;
use crate::progress;

/// Few and many steps besides the bundle's own.
const STEPS: [usize; 2] = [3, 256];
/// Perturbations at once.
const TOGETHER: [usize; 3] = [2, 3, 5];
/// Genes held in one plan item.
const HELD: usize = 10;
/// Combinations of donor and cell type that no training cell had.
const UNSEEN: usize = 12;
/// Share of counts that may stand at the ceiling of their gene; under guidance, of several perturbations at once and in
/// combinations that no training cell had.
const LEANING: f64 = 0.01;
const LEANING_FAR: f64 = 0.04;
/// Stream of the choices.
const STREAM: u64 = 1 << 51;

/// What to look at.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Cells of every item of the plan; an eighth, and at least one, where there are 256 steps.
    pub cells: usize,
    /// Every n-th value of a condition alone; 1 is all of them. Where it is more, compositions are tried once each.
    pub every: usize,
    /// Sampling steps of the longest run.
    pub most_steps: usize,
    /// Seed.
    pub seed: u64,
    /// How much the device does at once.
    pub effort: Effort,
}

/// One item: a setting in words, and what is asked for.
struct Item {
    setting: String,
    choices: Choices,
}

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
            "| setting | choices | cells | above a ceiling | library size out of range | counts at a ceiling, % | library sizes |\n|---|---|---|---|---|---|---|\n",
        );
        for line in &self.lines {
            let found = &line.found;
            let [smallest, median, largest] = found.library_sizes;
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {:.3} | {smallest} · {median} · {largest} |\n",
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

/// The plan of a bundle.
struct Plan<'a> {
    card: &'a Card,
    settings: Settings,
    items: Vec<Item>,
}

impl Plan<'_> {
    fn base(&self) -> Choices {
        Choices {
            with: BTreeMap::new(),
            guidance: self.card.guidance,
            steps: self.card.steps,
            cells: self.settings.cells,
            seed: self.settings.seed,
            clamp: Vec::new(),
        }
    }

    fn add(&mut self, setting: impl Into<String>, choices: Choices) {
        let many = choices.steps > 64;
        let cells = if many { (choices.cells / 8).max(1) } else { choices.cells };
        self.items.push(Item { setting: setting.into(), choices: Choices { cells, ..choices } });
    }

    /// Every n-th value of a condition, the first one always.
    fn values<'b>(&self, condition: &'b Condition, every: usize) -> Vec<&'b str> {
        condition.values.iter().step_by(every.max(1)).map(|value| value.value.as_str()).collect()
    }

    /// Perturbations other than the control.
    fn perturbations(&self) -> Option<(&Condition, Vec<String>)> {
        let condition = self.card.of_kind(Kind::Perturbation)?;
        let values = condition.values.iter().filter(|value| Some(&value.value) != condition.control.as_ref());
        Some((condition, values.map(|value| value.value.clone()).collect()))
    }

    /// Each value alone, the others left open; nothing at all; "unspecified".
    fn alone(&mut self) {
        let base = self.base();
        self.add("nothing chosen", Choices { cells: 4 * base.cells, ..base.clone() });
        for condition in &self.card.conditions {
            for value in self.values(condition, self.settings.every) {
                let with = BTreeMap::from([(condition.key.clone(), vec![value.to_owned()])]);
                self.add(format!("each {} alone", condition.title.to_lowercase()), Choices { with, ..base.clone() });
            }
        }
        let open = self.card.conditions.iter().filter(|own| own.unspecified.is_some());
        let with = open.map(|own| (own.key.clone(), vec![UNSPECIFIED.to_owned()])).collect();
        self.add("unspecified", Choices { with, ..base });
    }

    /// Few and many steps, with nothing chosen and with values of every condition.
    fn steps(&mut self) {
        for steps in STEPS.map(|steps| steps.min(self.settings.most_steps).min(self.card.genes.len())) {
            let base = Choices { steps, ..self.base() };
            self.add(format!("N = {steps}"), base.clone());
            for condition in self.card.conditions.iter().filter(|own| own.kind != Kind::Depth) {
                let every = condition.values.len().div_ceil(if steps > 64 { 3 } else { 24 }) * self.settings.every;
                for value in self.values(condition, every) {
                    let with = BTreeMap::from([(condition.key.clone(), vec![value.to_owned()])]);
                    self.add(format!("N = {steps}"), Choices { with, ..base.clone() });
                }
            }
        }
    }

    /// Guidance up to the limit on every perturbation, in every cell type where there are few of them.
    fn guided(&mut self) {
        let Some((condition, values)) = self.perturbations() else { return };
        let key = condition.key.clone();
        let types: Vec<Option<(String, String)>> = match self.card.of_kind(Kind::CellType) {
            Some(own) => own
                .values
                .iter()
                .take(8)
                .step_by(self.settings.every.min(4))
                .map(|value| Some((own.key.clone(), value.value.clone())))
                .collect(),
            None => vec![None],
        };
        for guidance in [1.0, 2.0, self.card.guidance_limit] {
            for (place, value) in values.iter().enumerate().step_by(self.settings.every) {
                let mut with = BTreeMap::from([(key.clone(), vec![value.clone()])]);
                with.extend(types[place % types.len()].iter().map(|(key, value)| (key.clone(), vec![value.clone()])));
                self.add(format!("guidance {guidance}"), Choices { with, guidance, ..self.base() });
            }
            for own in types.iter().flatten() {
                let Some(value) = values.first() else { continue };
                let with = BTreeMap::from([(key.clone(), vec![value.clone()]), (own.0.clone(), vec![own.1.clone()])]);
                self.add(format!("guidance {guidance}"), Choices { with, guidance, ..self.base() });
            }
        }
    }

    /// Several perturbations at once.
    fn together(&mut self) {
        let Some((condition, values)) = self.perturbations() else { return };
        let (key, mut draws) = (condition.key.clone(), Draws::new(self.settings.seed, STREAM));
        let tries = if self.settings.every > 1 { 1 } else { 4 };
        for count in TOGETHER.into_iter().filter(|count| *count <= values.len()) {
            for guidance in [0.0, self.card.guidance_limit] {
                for _ in 0..tries {
                    let mut chosen = values.clone();
                    draws.shuffle(&mut chosen);
                    chosen.truncate(count);
                    let with = BTreeMap::from([(key.clone(), chosen)]);
                    self.add(format!("{count} perturbations at once"), Choices { with, guidance, ..self.base() });
                }
            }
        }
    }

    /// Donors and cell types that no training cell had together.
    fn unseen(&mut self) {
        let (Some(identity), Some(cell_type)) = (self.card.of_kind(Kind::Identity), self.card.of_kind(Kind::CellType))
        else {
            return;
        };
        let names: Vec<&str> =
            self.card.conditions.iter().filter(|own| own.kind != Kind::Depth).map(|own| own.key.as_str()).collect();
        let place = |key: &str| names.iter().position(|own| *own == key);
        let seen = |donor: &str, kind: &str| {
            self.card.combinations.keys().any(|text| {
                let values: Vec<&str> = text.split('|').collect();
                let is = |key: &str, value: &str| place(key).and_then(|at| values.get(at)) == Some(&value);
                is(&identity.key, donor) && is(&cell_type.key, kind)
            })
        };
        let all = identity.values.iter().flat_map(|donor| cell_type.values.iter().map(move |kind| (donor, kind)));
        let mut unseen: Vec<_> = all.filter(|(donor, kind)| !seen(&donor.value, &kind.value)).collect();
        Draws::new(self.settings.seed, STREAM + 1).shuffle(&mut unseen);
        let (identity, cell_type) = (identity.key.clone(), cell_type.key.clone());
        let perturbation =
            self.perturbations().and_then(|(own, values)| Some((own.key.clone(), values.first()?.clone())));
        for (donor, kind) in unseen.into_iter().take(UNSEEN.div_ceil(self.settings.every)) {
            let mut with = BTreeMap::from([
                (identity.clone(), vec![donor.value.clone()]),
                (cell_type.clone(), vec![kind.value.clone()]),
            ]);
            self.add("unseen combinations", Choices { with: with.clone(), ..self.base() });
            if let Some((key, value)) = &perturbation {
                with.insert(key.clone(), vec![value.clone()]);
                let guidance = self.card.guidance_limit;
                self.add("unseen combinations, guided", Choices { with, guidance, ..self.base() });
            }
        }
    }

    /// Genes held at their ceilings and at 0.
    fn held(&mut self, largest: &dyn Fn(usize) -> u32) {
        let mut draws = Draws::new(self.settings.seed, STREAM + 2);
        let genes = self.card.genes.len();
        let mut high: Vec<usize> = (0..genes).collect();
        high.sort_by_key(|gene| std::cmp::Reverse(largest(*gene)));
        let mut any = high.clone();
        draws.shuffle(&mut any);
        let name = |gene: &usize| self.card.genes[*gene].clone();
        let at = |genes: &[usize], count: &dyn Fn(usize) -> u32| -> Vec<(String, u32)> {
            genes.iter().take(HELD).map(|gene| (name(gene), count(*gene))).collect()
        };
        let clamps =
            [at(&high, largest), at(&any, largest), at(&high, &|_| 0), at(&any, &|_| 0), at(&high[..1], largest)];
        for clamp in clamps {
            self.add("genes held at their ceilings or at 0", Choices { clamp, ..self.base() });
        }
    }
}

/// Has the bundle write the cells of the plan and looks at them.
///
/// # Errors
/// When the device fails.
pub fn sweep(bundle: &Bundle, settings: Settings) -> Result<Swept> {
    let statistics = &bundle.network.statistics;
    let mut plan = Plan { card: &bundle.card, settings, items: Vec::new() };
    plan.alone();
    plan.steps();
    plan.guided();
    plan.together();
    plan.unseen();
    plan.held(&|gene| statistics.largest(gene));
    let ceilings: Vec<u32> = (0..statistics.genes()).map(|gene| statistics.largest(gene)).collect();
    let total: usize = plan.items.iter().map(|item| item.choices.cells).sum();
    let shown = progress::counted("looking at cells", total as u64, "cells");
    let mut order: Vec<String> = Vec::new();
    let mut found: BTreeMap<String, (usize, Option<Counts>, Vec<String>, u64)> = BTreeMap::new();
    for Item { setting, choices } in plan.items {
        let made = generate_part(bundle, &choices, 0, settings.effort, false, &mut |_| {})?.cells;
        shown.advance(made.len() as u64);
        // What is held counts towards the library size, and is no draw that could lean on a ceiling.
        let held: u64 = choices.clamp.iter().map(|(_, count)| u64::from(*count)).sum();
        let drawn = without(&bundle.card, &made.counts, &choices.clamp);
        let own = look(&drawn, bounds(&bundle.card, &ceilings, held), None);
        // Guided, composed and unseen cells lie at the edge of what was measured, and some of their genes at the ceiling.
        let is_far =
            choices.guidance > 0.0 || choices.with.values().any(|own| own.len() > 1) || setting.contains("unseen");
        let entry = found.entry(setting.clone()).or_insert_with(|| {
            order.push(setting);
            (0, None, Vec::new(), 0)
        });
        entry.0 += 1;
        entry.3 = entry.3.max(held);
        if !own.is_sound_within(if is_far { LEANING_FAR } else { LEANING }) {
            entry.2.push(format!("{}: {}", words(&choices), own.words(&bundle.card.genes)));
        }
        match &mut entry.1 {
            Some(before) => before.append(&drawn)?,
            none => *none = Some(drawn),
        }
    }
    drop(shown);
    let line = |setting: String| {
        let (items, cells, broken, held) = found.remove(&setting)?;
        let found = look(&cells?, bounds(&bundle.card, &ceilings, held), None);
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
