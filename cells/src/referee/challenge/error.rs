//! Cells that the challenge's metrics refuse.
//!
//! Does: the error type of `challenge` and the limit that it names; every sentence says what was wrong and what to do.
//! Does not know: metrics.
//! Flow: from digests and the report to whoever shows the sentence.

use thiserror::Error;

use super::genes::GATE;

/// Most counts that a cell may have.
pub const MOST_COUNTS: u64 = 1_000_000;

/// Cells that cannot be judged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChallengeError {
    /// The number of gene names is not that of the control cells' genes.
    #[error("{names} gene names stand against {genes} genes of the control cells")]
    Names {
        /// Names.
        names: usize,
        /// Genes.
        genes: usize,
    },
    /// A gene name twice.
    #[error("the gene {0} is named twice; make gene names unique, or a perturbation's own gene is not known")]
    TwiceGene(String),
    /// A perturbation whose cells have other genes.
    #[error("{group} has {genes} genes and the control cells have {control}; align both to one panel")]
    Genes {
        /// Perturbation.
        group: String,
        /// Its genes.
        genes: usize,
        /// Genes of the control.
        control: usize,
    },
    /// A group without cells.
    #[error("{0} has no cells")]
    Empty(String),
    /// A cell with more counts than any cell has.
    #[error("cell {cell} of {group} has {counts} counts; the challenge allows at most {MOST_COUNTS}")]
    Counts {
        /// Perturbation, or the control.
        group: String,
        /// Cell.
        cell: usize,
        /// Its counts.
        counts: u64,
    },
    /// No gene is expressed enough to be tested.
    #[error("no gene has more than {GATE} counts per million in the control cells, so none can be tested")]
    Gate,
    /// One side lacks a perturbation of the other.
    #[error("the perturbation {name} has {side} cells only; the challenge needs both measured and predicted ones")]
    Perturbation {
        /// Its name.
        name: String,
        /// The side that has it.
        side: &'static str,
    },
    /// A perturbation twice on one side.
    #[error("the perturbation {0} was given twice on one side; put its cells together")]
    TwicePerturbation(String),
    /// A digest that was made against other control cells.
    #[error("{0} was digested against other control cells; digest all perturbations of both sides against one control")]
    OtherControl(String),
    /// There is nothing to score.
    #[error("there is no perturbation besides the control; nothing can be scored")]
    Nothing,
    /// No perturbation is named as a gene, so no gene could be left out as its target.
    #[error(
        "none of the {perturbations} perturbations is named as a gene{tested}; name them as the genes that they target, so that a prediction is not paid for the target itself"
    )]
    Targets {
        /// Perturbations.
        perturbations: usize,
        /// Says that the gene must be a tested one where that is what lacks.
        tested: &'static str,
    },
    /// Nothing is left without the targets.
    #[error("every one of the {0} genes is the target of a perturbation, so no gene is left to tell effects apart")]
    AllTargets(usize),
    /// The measured effects do not exceed their sampling noise.
    #[error(
        "the measured perturbations do not differ from the control beyond sampling noise, so an error of the prediction has no scale; more measured cells are needed"
    )]
    NoEffect,
}
