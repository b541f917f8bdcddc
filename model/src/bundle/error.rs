//! Why a bundle, or a wish to it, is refused.
//!
//! Does: the error type of `bundle` and `choices`; every sentence says what was wrong and what there is instead.
//! Does not know: how anything is read.
//! Flow: from readers and choices to whoever shows the sentence.

use thiserror::Error;

use crate::card::FORMAT_VERSION;
use crate::precomputed::PrecomputedError;
use crate::weights::WeightsError;

/// Why a bundle was refused.
#[derive(Debug, Error)]
pub enum BundleError {
    /// The card cannot be read.
    #[error("bundle.json cannot be read: {0}")]
    Card(#[from] serde_json::Error),
    /// The card is not as it was written.
    #[error(
        "bundle.json was changed or damaged: it does not have the hash that it names (who changes it on purpose removes its \"seal\")"
    )]
    Broken,
    /// Another format.
    #[error("this bundle has format version {found}; this version of Wellplate reads {FORMAT_VERSION}")]
    Version {
        /// Found.
        found: u32,
    },
    /// A file is missing.
    #[error("the bundle's file {0} is missing")]
    MissingFile(String),
    /// A file is not what the card says.
    #[error("the bundle's file {name} was changed or damaged: its {what} is {found}, but the card says {expected}")]
    Tampered {
        /// File.
        name: String,
        /// Size or hash.
        what: &'static str,
        /// Found.
        found: String,
        /// By the card.
        expected: String,
    },
    /// The card contradicts itself.
    #[error("bundle.json contradicts itself: {0}")]
    Inconsistent(String),
    /// A file's content does not fit.
    #[error("the bundle's file {file} does not fit: {source}")]
    Content {
        /// File.
        file: &'static str,
        /// What is wrong.
        source: WeightsError,
    },
    /// The precomputed results do not fit.
    #[error("the bundle's file precomputed.safetensors does not fit: {0}")]
    Precomputed(#[from] PrecomputedError),
    /// A choice that the bundle does not have.
    #[error("this model has no {key} called {value:?}; it has {known}")]
    UnknownValue {
        /// Condition.
        key: String,
        /// Asked for.
        value: String,
        /// The values there are.
        known: String,
    },
    /// A condition that the bundle does not have.
    #[error("this model has no condition called {key:?}; it has {known}")]
    UnknownKey {
        /// Asked for.
        key: String,
        /// The keys there are.
        known: String,
    },
    /// Several values of one condition.
    #[error("this model takes one {key} at a time; {values} were chosen")]
    Several {
        /// Condition.
        key: String,
        /// How many.
        values: usize,
    },
    /// A gene that is not in the panel.
    #[error("the gene {0} is not among the genes of this model")]
    UnknownGene(String),
    /// A gene held above what it can show.
    #[error(
        "{gene} cannot be held at {count}: its ceiling is {ceiling}, a quarter above the largest count of the training cells"
    )]
    AboveCeiling {
        /// Gene.
        gene: String,
        /// Asked for.
        count: u32,
        /// Largest count that its ceiling allows.
        ceiling: u32,
    },
    /// A number out of range.
    #[error("{what} must be between {least} and {most}; it is {found}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Smallest.
        least: f64,
        /// Largest.
        most: f64,
        /// Asked for.
        found: f64,
    },
}
