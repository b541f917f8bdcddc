//! Why two populations cannot be compared.
//!
//! Does: one sentence for every input that a metric refuses.
//! Does not know: how metrics are computed.
//! Flow: beside the metrics of whole populations.

use thiserror::Error;

/// Input that a metric of populations refuses.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PopulationError {
    /// Coordinates do not divide into points.
    #[error("{values} coordinates do not divide into points of {dimensions} dimensions; give whole points")]
    Shape {
        /// Coordinates.
        values: usize,
        /// Dimensions of a point.
        dimensions: usize,
    },
    /// A coordinate is NaN or infinite.
    #[error("coordinate {dimension} of point {point} is not a finite number; leave this cell out")]
    NotFinite {
        /// Point, counted from 0.
        point: usize,
        /// Dimension, counted from 0.
        dimension: usize,
    },
    /// Two sets of points in different spaces.
    #[error("points of {left} and of {right} dimensions cannot be compared; project both on the same components")]
    Dimensions {
        /// Dimensions of the first.
        left: usize,
        /// Dimensions of the second.
        right: usize,
    },
    /// There is nothing on one side.
    #[error("there are no {0} cells to compare")]
    Empty(&'static str),
    /// Not one label, or fold, for every point.
    #[error("{given} {what} stand against {points} points; give one for every point")]
    PerPoint {
        /// What is given for every point.
        what: &'static str,
        /// How many are given.
        given: usize,
        /// Points.
        points: usize,
    },
    /// A class past the last one.
    #[error("point {point} has class {class}, but there are only {classes} classes")]
    Class {
        /// Point, counted from 0.
        point: usize,
        /// Its class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Fewer than two classes among the points of a fit.
    #[error("there are cells of {0} classes to learn from; telling classes apart needs at least 2")]
    Classes(usize),
    /// The strength of the penalty.
    #[error("the inverse penalty C is {0}; it must be a finite number above 0")]
    Penalty(f64),
    /// Folds that cannot be made.
    #[error("{folds} folds cannot be made of {cells} cells; take at least 2 folds and at most one for each cell")]
    Folds {
        /// Asked for.
        folds: usize,
        /// Cells to deal out (of the smaller side, where every fold needs both).
        cells: usize,
    },
    /// A fold lacks one of two sides.
    #[error("fold {0} does not hold cells of both sides; deal the cells of each side over all folds")]
    OneSided(usize),
    /// The fit did not reach its tolerance.
    #[error("the logistic regression stopped at a gradient of {gradient:e}; take a smaller C")]
    NoConvergence {
        /// Largest entry of the gradient.
        gradient: f64,
    },
    /// Different genes.
    #[error("the two sides have {left} and {right} genes; align both to one panel first")]
    Genes {
        /// Genes of the first.
        left: usize,
        /// Genes of the second.
        right: usize,
    },
    /// A gene past the last one.
    #[error("gene {gene} was asked for, but there are only {genes} genes")]
    Gene {
        /// Asked for.
        gene: u32,
        /// Number of genes.
        genes: usize,
    },
}
