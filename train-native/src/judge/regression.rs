//! The log-linear regression as a baseline of any model.
//!
//! Does: sums training cells and the control cells of the asked contexts by context, cell type and perturbation, fits the
//! regression with context × perturbation, and draws negative binomial cells at its means.
//! Does not know: files, scores, how a regression is fitted (`cells::glm`).
//! Flow: counts of training contexts + control cells of held-out ones → **regression** → cells of a perturbation.

use std::collections::BTreeMap;

use cells::Counts;
use cells::baselines::{BaselineError, NegativeBinomial};
use cells::glm::{Grouped, Regression, Role, Scheme, leaves_donors_out};

use super::groups::ALL;
use crate::pool::pool;

/// Codes of names in the order of their coming.
#[derive(Clone, Default)]
struct Names(BTreeMap<String, u32>);

impl Names {
    fn code(&mut self, name: &str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

/// Cells that a regression is fitted to.
#[derive(Clone, Default)]
pub struct Fitting {
    contexts: Names,
    types: Names,
    perturbations: Names,
    grouped: Option<Grouped>,
}

/// What a cell is: context, cell type, perturbation.
pub type Labels<'a> = (&'a str, &'a str, &'a str);

impl Fitting {
    /// Adds cells; `control` is the name of the control.
    pub fn add(&mut self, (context, cell_type, perturbation): Labels<'_>, control: &str, counts: &Counts) {
        // The control has the first code.
        self.perturbations.code(control);
        let codes = [
            Some(self.contexts.code(context)),
            Some(self.types.code(cell_type)),
            Some(self.perturbations.code(perturbation)),
        ];
        // Halves are kept apart: whether donors can be left out is known when all cells are there.
        let grouped = self.grouped.get_or_insert_with(|| Grouped::new(counts.genes(), true));
        for (cell, size) in counts.library_sizes().into_iter().enumerate() {
            let (genes, values) = counts.row(cell);
            let values = genes.iter().zip(values).map(|(gene, count)| (*gene as usize, *count));
            grouped.add(&codes, size.max(1) as f64, values, []);
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.grouped.is_none()
    }

    /// Fits the regression; none without cells.
    pub fn fit(&self) -> Option<Fitted<'_>> {
        let grouped = self.grouped.as_ref()?;
        let typed = self.types.0.len() > 1 || !self.types.0.contains_key(ALL);
        let mut labels = vec![(Role::Identity, self.contexts.0.len())];
        // Without types the column would be one value for all.
        labels.push((if typed { Role::CellType } else { Role::Identity }, self.types.0.len()));
        labels.push((Role::Perturbation, self.perturbations.0.len()));
        let scheme = Scheme { labels, control: Some(0) };
        let by_donor = typed && leaves_donors_out(&scheme, grouped.codes.iter().map(Vec::as_slice));
        Some(Fitted { own: self, regression: Regression::fit(grouped, &scheme, by_donor, &pool()) })
    }
}

/// A fitted regression.
pub struct Fitted<'a> {
    own: &'a Fitting,
    regression: Regression,
}

impl Fitted<'_> {
    /// Draws `count` cells at these library sizes.
    ///
    /// # Errors
    /// When no training cell has the perturbation.
    pub fn draw(
        &self,
        (context, cell_type, perturbation): Labels<'_>,
        sizes: &[u64],
        count: usize,
        seed: u64,
    ) -> Result<Counts, BaselineError> {
        let unseen =
            || BaselineError::Unseen { perturbation: perturbation.to_owned(), contexts: self.own.contexts.0.len() };
        let code = |names: &Names, name: &str| names.0.get(name).copied();
        let asked = code(&self.own.perturbations, perturbation).ok_or_else(unseen)?;
        let codes = [code(&self.own.contexts, context), code(&self.own.types, cell_type), Some(asked)];
        let means = self.regression.means(&codes);
        let total = means.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let shares = means.into_iter().map(|mean| mean / total).collect();
        let dispersions = self.regression.fits.iter().map(|fit| fit.overdispersion).collect();
        Ok(NegativeBinomial { shares, dispersions }.draw(sizes, count, seed))
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::Fitting;
    use cells::baselines::NegativeBinomial;

    #[test]
    fn a_response_is_carried_to_a_context_of_control_cells() {
        let truth = NegativeBinomial { shares: vec![0.05, 0.25, 0.7], dispersions: vec![0.3; 3] };
        let moved = truth.moved(&[2.0, 0.0, 0.0]);
        let mut fitting = Fitting::default();
        for (donor, seed) in [("1", 1), ("2", 2)] {
            for kind in ["B", "T"] {
                fitting.add((donor, kind, "none"), "none", &truth.draw(&[100], 150, seed));
                fitting.add((donor, kind, "X"), "none", &moved.draw(&[100], 150, seed + 10));
            }
        }
        let control = truth.draw(&[100], 150, 7);
        fitting.add(("3", "B", "none"), "none", &control);
        let fitted = fitting.fit().unwrap();
        let drawn = fitted.draw(("3", "B", "X"), &[100], 2000, 4).unwrap();
        let share = NegativeBinomial::fit(&drawn).shares[0];
        // exp(2) times as many before all shares add up to 1: .05 e² / (.95 + .05 e²) = .28.
        assert!((share - 0.28).abs() < 0.03, "{share}");
        assert!(fitted.draw(("3", "B", "Y"), &[100], 5, 4).is_err());
    }
}
