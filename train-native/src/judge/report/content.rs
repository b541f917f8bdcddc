//! All that a report says.
//!
//! Does: holds what was scored, the populations, and what must be known of both.
//! Does not know: forms.
//! Flow: scoring → **content** → sentences, figures, page.

use cells::splits::Split;

use super::pairs::Pair;
use crate::judge::entry::Verdict;
use crate::judge::population::{Measures, Population};

/// One table of scores.
#[derive(Clone)]
pub struct Section {
    /// Title.
    pub title: String,
    /// Scores.
    pub verdict: Verdict,
    /// Perturbations that are shown gene by gene.
    pub pairs: Vec<Pair>,
}

/// Both sides as a whole.
pub struct Crowd {
    /// Measured cells.
    pub measured: Population,
    /// Generated cells.
    pub generated: Population,
    /// How alike they are.
    pub measures: Measures,
}

/// All that a report says.
pub struct Report {
    /// Title of the page.
    pub title: String,
    /// What was scored, on what and how: name and words.
    pub facts: Vec<(String, String)>,
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// Tables, the most telling first.
    pub sections: Vec<Section>,
    /// Populations, where they were compared.
    pub crowd: Option<Crowd>,
    /// What was held out.
    pub split: Option<Split>,
}
