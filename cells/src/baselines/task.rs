//! What a baseline sees, and why it may have no prediction.
//!
//! Does: holds the measured cells of a context, boils them down to responses, states a question and checks it.
//! Does not know: how anything is predicted.
//! Flow: measured cells → **responses of training contexts and a task** → each baseline.
//!
//! A context is a donor, a cell type, or both. Responses are small beside cells: they are made once, and all tasks
//! share them.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::counts::Counts;
use crate::metrics::effect;
use crate::normalise::Normalised;

/// Measured cells of one context, log-normalised or as counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Context<Data = Normalised> {
    /// Its name, for example donor and cell type.
    pub name: String,
    /// Its cell type; one name for all contexts where types are not told apart.
    pub cell_type: String,
    /// Control cells.
    pub control: Data,
    /// Cells of every perturbation by name.
    pub perturbed: BTreeMap<String, Data>,
}

/// What a perturbation does in one context.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// Perturbed minus control [G]: of mean log-normalised values, or of logs of shares.
    pub shift: Vec<f64>,
    /// Perturbed cells that it was measured on.
    pub cells: usize,
}

/// What perturbations do in one context: all that baselines need of its cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// Name of the context.
    pub name: String,
    /// Its cell type.
    pub cell_type: String,
    /// Control pseudobulk [G]: mean log-normalised values, or shares of all counts.
    pub control: Vec<f64>,
    /// Effects by perturbation.
    pub effects: BTreeMap<String, Effect>,
}

/// One question: what does a perturbation do to the control cells of a held-out context?
#[derive(Clone, Debug)]
pub struct Task<'a, Data = Normalised> {
    /// Responses of the training contexts. They may include other perturbations of the held-out context.
    pub training: Vec<&'a Response>,
    /// Name of the held-out context.
    pub context: &'a str,
    /// Its cell type.
    pub cell_type: &'a str,
    /// Its control cells, normalised as the training contexts' were.
    pub control: &'a Data,
    /// The asked perturbation.
    pub perturbation: &'a str,
    /// Number of cells wanted.
    pub count: usize,
    /// Seed of all draws. Baselines that move control cells take the same ones at the same seed.
    pub seed: u64,
}

/// Why a baseline has no prediction.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BaselineError {
    /// The held-out context has no control cells.
    #[error("the held-out context {context} has no control cells; every baseline starts from them")]
    NoControl {
        /// Its name.
        context: String,
    },
    /// Different genes.
    #[error("{context} has {found} genes where {expected} are expected; align all contexts to one panel first")]
    Genes {
        /// Context that differs.
        context: String,
        /// Its genes.
        found: usize,
        /// Genes of the others.
        expected: usize,
    },
    /// The answer is among the training data.
    #[error(
        "the training data hold the answer: {perturbation} as measured in the held-out context {context}; leave it out"
    )]
    Leak {
        /// The held-out context.
        context: String,
        /// The asked perturbation.
        perturbation: String,
    },
    /// There are no training effects at all.
    #[error("no training context has both control cells and perturbed ones; only a control copy can be made")]
    NoTraining,
    /// The asked perturbation has no training effect.
    #[error(
        "{perturbation} was measured in none of the {contexts} training contexts; take the control copy, as STATE does"
    )]
    Unseen {
        /// The asked perturbation.
        perturbation: String,
        /// Number of training contexts.
        contexts: usize,
    },
    /// Ridge penalties that cannot be used.
    #[error("the ridge penalties to choose from must be positive finite numbers, at least one")]
    Penalties,
    /// A pseudobulk or an effect that cannot be computed with.
    #[error("{context} holds values that are not finite; look at how its cells were normalised")]
    NotFinite {
        /// The training context.
        context: String,
    },
    /// A decomposition failed.
    #[error("the linear latent baseline could not be fitted: a decomposition did not converge")]
    NoConvergence,
}

impl<Data> Context<Data> {
    /// A response with the effects that `of` finds; checks the genes of every perturbation.
    fn boiled(
        &self,
        control: Vec<f64>,
        genes: impl Fn(&Data) -> usize,
        of: impl Fn(&Data) -> Option<Effect>,
    ) -> Result<Response, BaselineError> {
        let expected = control.len();
        if let Some((name, found)) =
            self.perturbed.iter().map(|(name, cells)| (name, genes(cells))).find(|(_, found)| *found != expected)
        {
            return Err(BaselineError::Genes { context: format!("{} ({name})", self.name), found, expected });
        }
        let effects = self.perturbed.iter().filter_map(|(name, cells)| Some((name.clone(), of(cells)?))).collect();
        Ok(Response { name: self.name.clone(), cell_type: self.cell_type.clone(), control, effects })
    }
}

impl Context<Normalised> {
    /// Pseudobulks (means of log-normalised values) and their differences. A perturbation without cells has no effect,
    /// and nothing has in a context without control cells: STATE skips both.
    ///
    /// # Errors
    /// When a perturbation's cells have other genes than the control cells.
    pub fn response(&self) -> Result<Response, BaselineError> {
        let control = self.control.mean();
        let none = self.control.cells() == 0;
        let of = |cells: &Normalised| {
            let shift = || effect(&cells.mean(), &control);
            (!none && cells.cells() > 0).then(|| Effect { shift: shift(), cells: cells.cells() })
        };
        self.boiled(control.clone(), Normalised::genes, of)
    }
}

impl Context<Counts> {
    /// Shares of all counts and natural logs of their ratios, for [`super::negative_binomial`] only: a baseline of
    /// log-normalised cells must not be given these. Both shares get a pseudocount of one count at the depth of the
    /// shallower side, so that a single count there is at most a factor of two. A side without counts has no effect.
    ///
    /// # Errors
    /// When a perturbation's cells have other genes than the control cells.
    pub fn fold_changes(&self) -> Result<Response, BaselineError> {
        let control = totals(&self.control);
        let depth: u64 = control.iter().sum();
        let of = |cells: &Counts| {
            let own = totals(cells);
            let own_depth: u64 = own.iter().sum();
            let least = depth.min(own_depth) as f64;
            let with = |count: &u64, depth: u64| *count as f64 / depth as f64 + 1.0 / least;
            let ratio = |(own, control): (&u64, &u64)| (with(own, own_depth) / with(control, depth)).ln();
            let shift = || own.iter().zip(&control).map(ratio).collect();
            (least > 0.0).then(|| Effect { shift: shift(), cells: cells.cells() })
        };
        let shares = control.iter().map(|count| *count as f64 / depth.max(1) as f64).collect();
        self.boiled(shares, Counts::genes, of)
    }
}

/// Counts of each gene over all cells [G].
pub(super) fn totals(counts: &Counts) -> Vec<u64> {
    let mut totals = vec![0; counts.genes()];
    for cell in 0..counts.cells() {
        let (genes, values) = counts.row(cell);
        genes.iter().zip(values).for_each(|(gene, count)| totals[*gene as usize] += u64::from(*count));
    }
    totals
}

impl<Data: Clone> Task<'_, Data> {
    /// The same question to training contexts of the same cell type only: the cell-type-wise variant of every baseline.
    pub fn of_same_cell_type(&self) -> Self {
        let mut narrowed = self.clone();
        narrowed.training.retain(|response| response.cell_type == self.cell_type);
        narrowed
    }
}

impl<Data> Task<'_, Data> {
    /// Whether the question can be asked; `cells` and `genes` are those of the control cells.
    ///
    /// # Errors
    /// When there are no control cells, genes differ, or the answer is among the training data.
    pub(super) fn check(&self, cells: usize, genes: usize) -> Result<(), BaselineError> {
        if cells == 0 {
            return Err(BaselineError::NoControl { context: self.context.to_owned() });
        }
        for response in &self.training {
            check_genes(response, genes)?;
            if response.name == self.context && response.effects.contains_key(self.perturbation) {
                let (context, perturbation) = (self.context.to_owned(), self.perturbation.to_owned());
                return Err(BaselineError::Leak { context, perturbation });
            }
        }
        Ok(())
    }

    /// Why there is no effect to carry over.
    pub(super) fn unseen(&self) -> BaselineError {
        if self.training.iter().all(|response| response.effects.is_empty()) {
            return BaselineError::NoTraining;
        }
        BaselineError::Unseen { perturbation: self.perturbation.to_owned(), contexts: self.training.len() }
    }
}

/// Whether a response has so many genes throughout.
pub(super) fn check_genes(response: &Response, expected: usize) -> Result<(), BaselineError> {
    let mut lengths = response.effects.values().map(|effect| effect.shift.len()).chain([response.control.len()]);
    match lengths.find(|found| *found != expected) {
        Some(found) => Err(BaselineError::Genes { context: response.name.clone(), found, expected }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::{BaselineError, Context};
    use crate::counts::Counts;
    use crate::normalise::{Target, log_normalise};

    fn counts(rows: &[[u32; 3]]) -> Counts {
        Counts::from_dense_rows(3, rows.iter().map(|row| row.as_slice()))
    }

    fn context(control: Counts, perturbed: &[(&str, Counts)]) -> Context<Counts> {
        let perturbed = perturbed.iter().map(|(name, cells)| ((*name).to_owned(), cells.clone())).collect();
        Context { name: "donor 1".to_owned(), cell_type: "T".to_owned(), control, perturbed }
    }

    /// The same cells with logs; `sum` is the library size they are scaled to.
    fn logs(context: &Context<Counts>, sum: f64) -> Context {
        let of = |cells: &Counts| log_normalise(cells, Target::Sum(sum));
        let perturbed: BTreeMap<_, _> =
            context.perturbed.iter().map(|(name, cells)| (name.clone(), of(cells))).collect();
        let (name, cell_type) = (context.name.clone(), context.cell_type.clone());
        Context { name, cell_type, control: of(&context.control), perturbed }
    }

    #[test]
    fn effects_by_hand() {
        let cells = context(counts(&[[1, 3, 0], [4, 0, 0]]), &[("A", counts(&[[0, 2, 2]])), ("none", counts(&[]))]);
        let response = logs(&cells, 4.0).response().unwrap();
        assert_eq!(response.effects.keys().collect::<Vec<_>>(), ["A"]);
        assert_eq!(response.effects["A"].cells, 1);
        let (two, three, four, five) = (2.0_f64.ln(), 3.0_f64.ln(), 4.0_f64.ln(), 5.0_f64.ln());
        let expected = [-(two + five) / 2.0, three - four / 2.0, three];
        // Values are kept in f32.
        assert!(response.effects["A"].shift.iter().zip(expected).all(|(own, wanted)| (own - wanted).abs() < 1e-6));
        // Shares 5/8, 3/8, 0 against 0, 1/2, 1/2; the shallower side has 4 counts, so ¼ is added.
        let folds = cells.fold_changes().unwrap();
        assert_eq!(folds.control, [0.625, 0.375, 0.0]);
        let expected = [(0.25_f64 / 0.875).ln(), (0.75_f64 / 0.625).ln(), three];
        assert!(folds.effects["A"].shift.iter().zip(expected).all(|(own, wanted)| (own - wanted).abs() < 1e-12));
        assert_eq!(folds.effects.len(), 1);
    }

    #[test]
    fn without_control_cells_there_are_no_effects() {
        let cells = context(Counts::empty(3), &[("A", counts(&[[0, 2, 2]]))]);
        assert!(logs(&cells, 4.0).response().unwrap().effects.is_empty());
        assert!(cells.fold_changes().unwrap().effects.is_empty());
    }

    #[test]
    fn other_genes_are_refused() {
        let cells = context(counts(&[[1, 3, 0]]), &[("A", Counts::empty(2))]);
        let wanted = BaselineError::Genes { context: "donor 1 (A)".to_owned(), found: 2, expected: 3 };
        assert_eq!(logs(&cells, 4.0).response().unwrap_err(), wanted);
        assert_eq!(cells.fold_changes().unwrap_err(), wanted);
    }
}
