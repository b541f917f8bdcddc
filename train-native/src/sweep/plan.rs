//! Which cells a sweep looks at.
//!
//! Does: plans a few cells of every condition value, of every cell type under every perturbation, of combinations that were
//! seen, unseen and left open, of few and many sampling steps, of guidance up to the bundle's limit, of several perturbations at once, of genes held at their
//! ceilings and at 0.
//! Does not know: how cells are made or looked at.
//! Flow: card → **items** → `sweep`.

use std::collections::BTreeMap;

use model::card::{Card, Choices, Condition, Kind, UNSPECIFIED};
use model::random::Draws;

use super::settings::Settings;

/// Few and many steps besides the bundle's own.
const STEPS: [usize; 2] = [3, 256];
/// Perturbations at once.
const TOGETHER: [usize; 3] = [2, 3, 5];
/// Genes held in one plan item.
const HELD: usize = 10;
/// Combinations of donor and cell type that no training cell had.
const UNSEEN: usize = 12;
/// Stream of the choices.
const STREAM: u64 = 1 << 51;

/// One item: a setting in words, and what is asked for.
pub(super) struct Item {
    pub(super) setting: String,
    pub(super) choices: Choices,
}

/// Everything that is looked at of a bundle; `largest` gives the ceiling of a gene.
pub(super) fn plan(card: &Card, settings: Settings, largest: &dyn Fn(usize) -> u32) -> Vec<Item> {
    let mut plan = Plan { card, settings, items: Vec::new() };
    plan.alone();
    plan.pairs();
    plan.steps();
    plan.guided();
    plan.together();
    plan.unseen();
    plan.held(largest);
    plan.items
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

    /// Values of the training cells' combinations that stand for these kinds, most cells first.
    fn seen(&self, kinds: &[Kind]) -> Vec<BTreeMap<String, Vec<String>>> {
        let slots: Vec<&Condition> = self.card.conditions.iter().filter(|own| own.kind != Kind::Depth).collect();
        let mut found: BTreeMap<Vec<(String, String)>, usize> = BTreeMap::new();
        for (text, cells) in &self.card.combinations {
            let values: Vec<&str> = text.split('|').collect();
            if values.len() != slots.len() {
                continue;
            }
            let own = slots.iter().zip(values).filter(|(slot, _)| kinds.contains(&slot.kind));
            *found.entry(own.map(|(slot, value)| (slot.key.clone(), value.to_owned())).collect()).or_default() += cells;
        }
        let mut order: Vec<_> = found.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let with = |own: Vec<(String, String)>| own.into_iter().map(|(key, value)| (key, vec![value])).collect();
        order.into_iter().map(|(own, _)| with(own)).collect()
    }

    /// Every cell type under every perturbation that some training cell had, rare ones too.
    fn pairs(&mut self) {
        if self.card.of_kind(Kind::CellType).is_none() || self.card.of_kind(Kind::Perturbation).is_none() {
            return;
        }
        for with in self.seen(&[Kind::CellType, Kind::Perturbation]).into_iter().step_by(self.settings.every) {
            self.add("each cell type under each perturbation", Choices { with, ..self.base() });
        }
    }

    /// Few and many steps, with nothing chosen, with values of every condition, and with all of them: of many and of few
    /// training cells.
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
            let all = self.seen(&[Kind::Identity, Kind::CellType, Kind::Perturbation]);
            let places = [0, all.len() / 2, all.len().saturating_sub(1)];
            for with in places.into_iter().step_by(self.settings.every.min(2)).filter_map(|place| all.get(place)) {
                self.add(format!("N = {steps}"), Choices { with: with.clone(), ..base.clone() });
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
        for (place_of, (donor, kind)) in unseen.into_iter().take(UNSEEN.div_ceil(self.settings.every)).enumerate() {
            let mut with = BTreeMap::from([
                (identity.clone(), vec![donor.value.clone()]),
                (cell_type.clone(), vec![kind.value.clone()]),
            ]);
            self.add("unseen combinations", Choices { with: with.clone(), ..self.base() });
            if place_of == 0 {
                let steps = STEPS[1].min(self.settings.most_steps).min(self.card.genes.len());
                let setting = format!("unseen combinations, N = {steps}");
                self.add(setting, Choices { with: with.clone(), steps, ..self.base() });
            }
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
