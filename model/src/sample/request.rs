//! What the sampler is asked for.
//!
//! Does: holds conditions, guidance, draws and bounds of a request, and what cells begin from; says which branches of the
//! network a state runs through.
//! Does not know: names (`choices`), networks, how cells are drawn (`sample`).
//! Flow: choices, or measured cells (`rewrite`) → **request** → `sample`.

use std::collections::BTreeMap;
use std::ops::Range;

/// What to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Condition tokens that cells have [C], each with a weight: one row where everything was chosen, several where
    /// something was left open; every cell draws one of them.
    pub labels: Vec<(Vec<i32>, f64)>,
    /// Several perturbations at once: (slot, their tokens, at least two). The differences that each makes to the
    /// unguided branch are added. No training cell had them together: an extrapolation.
    pub composed: Option<(usize, Vec<i32>)>,
    /// Tokens of the unguided branch where it differs from the conditions [C]: the control label
    /// of perturbation slots. All `None`: no guidance, one branch.
    pub null: Vec<Option<i32>>,
    /// w of a₀ + (w+1) Σₖ (aₖ − a₀), over the perturbations k that act together; with one of them, 0 is
    /// plain conditional sampling.
    pub guidance: f32,
    /// N.
    pub steps: usize,
    /// Cells to make.
    pub cells: usize,
    /// Number of the first of them: cells are drawn by their numbers, so any split of a request gives the same cells.
    pub first: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// Key of the conditions among the seed's draws: requests with other conditions have other keys, so that no two
    /// groups of cells share draws ([`crate::random::Draws::keyed`]).
    pub key: u64,
    /// Genes held at a count throughout: (place in the panel, count).
    pub clamp: Vec<(u32, u32)>,
    /// Library sizes that a cell may have, by the condition token that says so; cells with none of the tokens are held
    /// to the entry of the token 0, if there is one.
    pub totals: BTreeMap<i32, [f32; 2]>,
    /// Whether to keep the mean count of the distribution that every value is drawn from ([`super::Run::expected`]).
    pub expects: bool,
    /// Whether what visible genes leave unknown of the summary factors is drawn in every step
    /// ([`crate::hidden::Hidden::with_factors`]), so that genes revealed together vary together.
    pub draws_factors: bool,
    /// What cells begin from, one entry for each; empty: from nothing but the conditions.
    pub given: Vec<Given>,
}

/// What one cell begins from: a measured cell of which a part is drawn anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// What is visible of it, in panel order [G]; MASK where the gene is drawn. A token above its gene's ceiling is read
    /// as the ceiling.
    pub tokens: Vec<u16>,
    /// Its condition tokens [C], in place of the request's: one row, or several with weights.
    pub labels: Vec<(Vec<i32>, f64)>,
    /// Smallest and largest library size that it may have, in place of the request's.
    pub totals: [f32; 2],
}

impl Request {
    /// A request for cells of these condition tokens [C], with everything else as simple as it can be: no guidance, no
    /// composition, no bounds on library sizes, factors at the mean of their posterior.
    pub fn of(labels: Vec<i32>, steps: usize, cells: usize, seed: u64) -> Self {
        Self {
            null: vec![None; labels.len()],
            labels: vec![(labels, 1.0)],
            composed: None,
            guidance: 0.0,
            steps,
            cells,
            first: 0,
            seed,
            key: 0,
            clamp: Vec::new(),
            totals: BTreeMap::new(),
            expects: false,
            draws_factors: false,
            given: Vec::new(),
        }
    }

    /// A range of this request's cells, as a request of its own: cells are drawn by their numbers, so they are the very
    /// cells that the whole request has there. The range ends with the request's cells.
    pub fn part(&self, cells: Range<usize>) -> Self {
        let end = cells.end.min(self.cells);
        let first = cells.start.min(end);
        let given = self.given.get(first..end.min(self.given.len())).unwrap_or_default().to_vec();
        Self { first: self.first + first, cells: end - first, given, ..self.clone() }
    }

    /// C.
    fn slots(&self) -> usize {
        self.null.len()
    }

    /// Most perturbations that act together in one slot.
    fn together(&self) -> usize {
        self.composed.as_ref().map_or(1, |(_, tokens)| tokens.len().max(1))
    }

    /// Whether the unguided branch is needed at all.
    fn guided(&self) -> bool {
        let acts =
            |labels: &[i32]| labels.iter().zip(&self.null).any(|(token, null)| null.is_some_and(|null| *token != null));
        let mut rows = self.labels.iter().chain(self.given.iter().flat_map(|own| &own.labels));
        (self.guidance != 0.0 || self.together() > 1) && rows.any(|(labels, _)| acts(labels))
    }

    /// Branches of the network that every state runs through: the perturbations, and the unguided one.
    pub(crate) fn branches(&self) -> usize {
        if self.guided() { self.together() + 1 } else { 1 }
    }

    /// Condition tokens of branch `part` for states whose own tokens are `labels` [U, C]: perturbation
    /// `part` of a composed slot, or the unguided branch when `part` is past the last one. A slot with
    /// fewer perturbations than others stands at its control in the branches that it does not reach.
    pub(crate) fn branch(&self, labels: &[i32], part: usize) -> Vec<i32> {
        let slots = self.slots();
        let token = |(index, own): (usize, &i32)| {
            let slot = index % slots;
            let composed = self.composed.as_ref().filter(|(of, _)| *of == slot).map(|(_, tokens)| tokens);
            match (composed, self.null[slot]) {
                (Some(tokens), _) if part < tokens.len() => tokens[part],
                (_, None) => *own,
                (_, Some(_)) if part == 0 => *own,
                (_, Some(null)) => null,
            }
        };
        labels.iter().enumerate().map(token).collect()
    }

    /// Condition tokens that a cell may have, with weights.
    pub(super) fn labels_of(&self, cell: usize) -> &[(Vec<i32>, f64)] {
        self.given.get(cell).map_or(&self.labels, |own| &own.labels)
    }

    /// Whether library sizes have bounds at all.
    pub(super) fn is_bounded(&self) -> bool {
        !self.totals.is_empty() || !self.given.is_empty()
    }

    /// Library sizes that a cell with these condition tokens may have.
    pub(super) fn totals_of(&self, cell: usize, labels: &[i32]) -> [f32; 2] {
        if let Some(given) = self.given.get(cell) {
            return given.totals;
        }
        let own = labels.iter().find_map(|token| self.totals.get(token)).or_else(|| self.totals.get(&0));
        own.copied().unwrap_or([0.0, f32::MAX])
    }
}
