//! Counts of cells summed over groups that share all labels.
//!
//! Does: groups cells by the codes of their labels and sums counts, squares and exposures of every gene in every group.
//! Does not know: where cells come from, what is fitted.
//! Flow: cells one by one → **sums [J, G]** → `regression`.

use std::collections::BTreeMap;

use super::design::Sums;

/// What a kind of label is to a regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Donor or line.
    Identity,
    /// Cell type.
    CellType,
    /// Perturbation; its control has no effect of its own.
    Perturbation,
}

/// Kinds of labels of a regression, in the order of a cell's codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scheme {
    /// Role and number of values of each kind.
    pub labels: Vec<(Role, usize)>,
    /// Code of the perturbation's control.
    pub control: Option<u32>,
}

impl Scheme {
    /// Place of the first kind of a role.
    pub fn place(&self, role: Role) -> Option<usize> {
        self.labels.iter().position(|(own, _)| *own == role)
    }

    /// Whether a cell with these codes is perturbed.
    pub fn is_perturbed(&self, codes: &[Option<u32>]) -> bool {
        let place = self.place(Role::Perturbation);
        place.is_some_and(|place| codes[place].is_some() && codes[place] != self.control)
    }

    /// Context and perturbation whose pairs have effects of their own: cell type × perturbation; where there is no cell
    /// type, line or donor × perturbation.
    pub fn paired(&self) -> Option<(usize, usize)> {
        let context = self.place(Role::CellType).or_else(|| self.place(Role::Identity))?;
        Some((context, self.place(Role::Perturbation)?))
    }
}

/// Sums over groups of cells.
#[derive(Clone, Debug, Default)]
pub struct Grouped {
    /// Codes of every group's labels [J].
    pub codes: Vec<Vec<Option<u32>>>,
    /// Which half of its cells a group stands for: cells with the same labels go to either half in turn [J].
    pub half: Vec<usize>,
    /// Cells of every group [J].
    pub cells: Vec<usize>,
    places: BTreeMap<(Vec<Option<u32>>, usize), usize>,
    seen: BTreeMap<Vec<Option<u32>>, usize>,
    halves: bool,
    genes: usize,
    counts: Vec<f32>,
    squares: Vec<f32>,
    exposures: Vec<f64>,
    /// What a group's exposure is less by for a gene that some of its cells did not measure [J, G]; none where all did.
    missing: Option<Vec<f32>>,
    /// Cells that did not measure a gene [G].
    unmeasured: Vec<f64>,
}

impl Grouped {
    /// No cells yet; `halves` keeps two halves of every group apart.
    pub fn new(genes: usize, halves: bool) -> Self {
        Self { genes, halves, unmeasured: vec![0.0; genes], ..Self::default() }
    }

    /// Adds a cell of this size factor by its counts above 0 (gene, count), and the genes that it did not measure.
    pub fn add(
        &mut self,
        codes: &[Option<u32>],
        size: f64,
        counts: impl IntoIterator<Item = (usize, u32)>,
        unmeasured: impl IntoIterator<Item = usize>,
    ) {
        let group = self.group(codes);
        self.cells[group] += 1;
        self.exposures[group] += size;
        let start = group * self.genes;
        for (gene, count) in counts {
            let count = f64::from(count);
            self.counts[start + gene] += count as f32;
            self.squares[start + gene] += (count * count / size) as f32;
        }
        for gene in unmeasured {
            let length = self.counts.len();
            let missing = self.missing.get_or_insert_with(Vec::new);
            missing.resize(length, 0.0);
            missing[start + gene] += size as f32;
            self.unmeasured[gene] += 1.0;
        }
    }

    /// Group of a cell's codes, made where there is none.
    fn group(&mut self, codes: &[Option<u32>]) -> usize {
        let before = self.seen.entry(codes.to_vec()).or_default();
        let half = if self.halves { *before % 2 } else { 0 };
        *before += 1;
        let next = self.codes.len();
        let group = *self.places.entry((codes.to_vec(), half)).or_insert(next);
        if group == next {
            self.codes.push(codes.to_vec());
            self.half.push(half);
            self.cells.push(0);
            self.exposures.push(0.0);
            self.counts.resize(self.codes.len() * self.genes, 0.0);
            self.squares.resize(self.codes.len() * self.genes, 0.0);
        }
        group
    }

    /// J.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// G.
    pub fn genes(&self) -> usize {
        self.genes
    }

    /// One gene's sums in the groups that `kept` says [J].
    pub fn sums(&self, gene: usize, kept: &[bool]) -> Sums {
        let mut sums = Sums::default();
        let mut cells = 0;
        for (group, kept) in kept.iter().enumerate().take(self.len()) {
            let (keep, at) = (f64::from(u8::from(*kept)), group * self.genes + gene);
            sums.counts.push(keep * f64::from(self.counts[at]));
            sums.squares.push(keep * f64::from(self.squares[at]));
            let missing = self.missing.as_ref().and_then(|list| list.get(at)).copied().unwrap_or(0.0);
            sums.exposures.push(keep * (self.exposures[group] - f64::from(missing)).max(0.0));
            cells += if *kept { self.cells[group] } else { 0 };
        }
        // Cells that did not measure the gene are taken for spread evenly over the groups.
        let all = self.cells.iter().sum::<usize>().max(1) as f64;
        sums.cells = cells as f64 * (1.0 - self.unmeasured[gene] / all);
        sums
    }

    /// Counts of a gene over all groups.
    pub fn total(&self, gene: usize) -> f64 {
        (0..self.len()).map(|group| f64::from(self.counts[group * self.genes + gene])).sum()
    }
}
