//! How each gene's mean answers to the conditions: the regression that a network starts from.
//!
//! Does: fits the regression to the training cells and reads it in condition tokens; extends the effects to values that
//! are left open.
//! Does not know: networks, how genes vary together, how a regression is fitted (`cells::glm`).
//! Flow: groups of training cells → regression → **effects of condition tokens and pairs [rows, G]** → `assemble`.

use cells::glm::{Regression, leaves_donors_out};
use model::card::Kind;
use model::quantise::FIRST_CONDITION;

use super::groups::{codes, grouped, scheme, slots};
use crate::data::TrainingSet;
use crate::pool::pool;

/// Least strength by which donors are held back, in observed counts. A donor whose perturbed cells are not in training is
/// known by its control cells alone, and there the genes that a perturbation raises have next to no counts: what they seem
/// to say of the donor then weakens or strengthens its whole response. Likelihood, in which the thousands of genes that do
/// not respond have their say, asks for 8 to 32. With perturbed cells of two training donors left out of `pbmc-ifnb`
/// (donors 1015 and 1244; score over PerturbMean and Pearson-Δ of the start, measured controls, cell type by cell type) 8
/// gave .238 and .819, 512 .271 and .834; the network learns from there what is a donor's own.
const LEAST_DONOR_STRENGTH: f64 = 512.0;

/// The regression of all genes.
pub(super) struct Effects {
    pub(super) regression: Regression,
}

impl Effects {
    /// Fits every gene of a training set.
    pub(super) fn fit(set: &TrainingSet, sizes: &[f64]) -> Self {
        let scheme = scheme(set);
        let all: Vec<Vec<Option<u32>>> = (0..set.cells.len()).map(|cell| codes(set, set.labels_of(cell))).collect();
        let by_donor = leaves_donors_out(&scheme, all.iter().map(Vec::as_slice));
        let has_pairs = !set.pairs.is_empty();
        let grouped = grouped(set, sizes, has_pairs && !by_donor);
        let least = if by_donor { LEAST_DONOR_STRENGTH } else { 0.0 };
        Self { regression: Regression::fit_holding(&grouped, &scheme, by_donor, least, &pool()) }
    }

    /// Mean of every gene in a cell of size factor 1 with these condition tokens [G].
    pub(super) fn means(&self, set: &TrainingSet, labels: &[i32]) -> Vec<f64> {
        self.regression.means(&codes(set, labels))
    }

    /// Effect of every condition token on every gene [K][G], natural log; what is left open has the effect that gives
    /// its cells the mean of all of them.
    pub(super) fn of_tokens(&self, set: &TrainingSet) -> Vec<Vec<f64>> {
        let mut rows = vec![vec![0.0; set.genes()]; set.condition_values()];
        let row = |token: i32| (token - FIRST_CONDITION) as usize;
        for (label, (slot, _)) in slots(set).into_iter().enumerate() {
            let condition = &set.conditions[slot];
            let all: f64 = condition.values.iter().map(|value| value.cells as f64).sum();
            let mut means = vec![0.0; set.genes()];
            for (code, value) in condition.values.iter().enumerate() {
                // The control of a perturbation has no effect: others are measured from it.
                let is_control =
                    condition.kind == Kind::Perturbation && Some(&value.value) == condition.control.as_ref();
                let effects = if is_control { vec![0.0; set.genes()] } else { self.regression.effects(label, code) };
                let share = value.cells as f64 / all.max(1.0);
                means.iter_mut().zip(&effects).for_each(|(mean, effect)| *mean += share * effect.exp());
                rows[row(value.token)] = effects;
            }
            if let Some(open) = condition.unspecified {
                rows[row(open)] = means.into_iter().map(|mean: f64| mean.max(1e-6).ln()).collect();
            }
        }
        rows
    }

    /// Effect of every pair of the training set beyond the sum of both of its values [P][G], natural log.
    pub(super) fn of_pairs(&self, set: &TrainingSet) -> Vec<Vec<f64>> {
        let Some((context, perturbation)) = self.regression.scheme.paired() else { return Vec::new() };
        let slots = slots(set);
        // A pair of tokens holds the lower slot first.
        let context_first = slots[context].0 < slots[perturbation].0;
        let code = |slot: usize, token: i32| {
            set.conditions[slot].values.iter().position(|value| value.token == token).map(|code| code as u32)
        };
        let of_pair = |pair: &[i32; 2]| {
            let [first, second] = if context_first { *pair } else { [pair[1], pair[0]] };
            let codes = [code(slots[context].0, first), code(slots[perturbation].0, second)];
            let row = self.regression.pairs.iter().position(|own| own.map(Some) == codes);
            row.map_or_else(|| vec![0.0; set.genes()], |row| self.regression.pair_effects(row))
        };
        set.pairs.list().iter().map(of_pair).collect()
    }
}
