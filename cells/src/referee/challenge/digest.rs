//! Everything about one group of cells that the challenge's metrics need.
//!
//! Does: prepares the control cells once, digests the cells of one perturbation of one side against them; a group's
//! digest depends on no other group, so a caller may make them in parallel.
//! Does not know: the other side, metrics.
//! Flow: counts of a group → **digest** → `challenge::report`.

use std::collections::HashMap;

use super::error::{ChallengeError, MOST_COUNTS};
use super::genes::{GeneTest, Reference};
use super::sampling::Bulk;
use crate::counts::Counts;

/// Name of the control cells in errors.
const CONTROL: &str = "the control";

/// The measured control cells, ready to be compared with.
pub struct Control {
    symbols: HashMap<String, usize>,
    reference: Reference,
    name_ranks: Vec<u32>,
    pub(super) bulk: Bulk,
}

/// One perturbation of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    pub(super) name: String,
    /// The gene that the perturbation is named as.
    pub(super) target: Option<usize>,
    pub(super) bulk: Bulk,
    pub(super) tests: Vec<GeneTest>,
}

impl Control {
    /// Prepares control cells. `genes` are the gene symbols [G].
    ///
    /// # Errors
    /// When names and genes differ in number, a name is there twice, there are no cells or a cell has too many counts,
    /// or no gene passes the gate.
    pub fn new(cells: &Counts, genes: &[String]) -> Result<Self, ChallengeError> {
        if genes.len() != cells.genes() {
            return Err(ChallengeError::Names { names: genes.len(), genes: cells.genes() });
        }
        let mut symbols = HashMap::with_capacity(genes.len());
        for (gene, name) in genes.iter().enumerate() {
            if symbols.insert(name.clone(), gene).is_some() {
                return Err(ChallengeError::TwiceGene(name.clone()));
            }
        }
        check(CONTROL, cells)?;
        let reference = Reference::new(cells);
        let tested = reference.tested();
        if tested.is_empty() {
            return Err(ChallengeError::Gate);
        }
        let mut order: Vec<usize> = (0..tested.len()).collect();
        order.sort_by_key(|place| &genes[tested[*place] as usize]);
        let mut name_ranks = vec![0; tested.len()];
        order.iter().enumerate().for_each(|(rank, place)| name_ranks[*place] = rank as u32);
        Ok(Self { symbols, name_ranks, bulk: Bulk::new(cells), reference })
    }

    /// Genes past the gate, ascending: those of [`Digest::tests`].
    pub fn tested(&self) -> &[u32] {
        self.reference.tested()
    }

    /// Ranks of the tested genes by name.
    pub(super) fn name_ranks(&self) -> &[u32] {
        &self.name_ranks
    }

    /// Place of a perturbation's own gene among the tested ones.
    pub(super) fn own_place(&self, digest: &Digest) -> Option<usize> {
        digest.target.and_then(|gene| self.reference.place(gene as u32))
    }
}

impl Digest {
    /// Name of the perturbation.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tests of the genes past the gate, in the order of [`Control::tested`].
    pub fn tests(&self) -> &[GeneTest] {
        &self.tests
    }
}

/// Digests the cells of one perturbation, measured or predicted.
///
/// # Errors
/// When there are none, they have other genes than the control, or a cell has too many counts.
pub fn digest(control: &Control, name: &str, cells: &Counts) -> Result<Digest, ChallengeError> {
    let genes = control.bulk.means.len();
    if cells.genes() != genes {
        return Err(ChallengeError::Genes { group: name.to_owned(), genes: cells.genes(), control: genes });
    }
    check(name, cells)?;
    Ok(Digest {
        name: name.to_owned(),
        target: control.symbols.get(name).copied(),
        bulk: Bulk::new(cells),
        tests: control.reference.compare(cells),
    })
}

/// Refuses groups without cells and cells with too many counts.
fn check(group: &str, cells: &Counts) -> Result<(), ChallengeError> {
    if cells.cells() == 0 {
        return Err(ChallengeError::Empty(group.to_owned()));
    }
    let sizes = cells.library_sizes();
    let over = sizes.iter().position(|counts| *counts > MOST_COUNTS);
    over.map_or(Ok(()), |cell| Err(ChallengeError::Counts { group: group.to_owned(), cell, counts: sizes[cell] }))
}
