//! What is kept of generated cells.
//!
//! Does: chooses the surest genes, writes sets and comparisons in the few numbers that the file holds.
//! Does not know: how cells are made.
//! Flow: cells and shifts → **numbers** → file.

use cells::de::GeneShift;
use cells::normalise::Normalised;
use model::card::Card;
use model::precomputed::{Comparison, Population, exponent};

use super::plan::With;

/// q below which a gene counts as shifted, as on the page.
const SURE: f64 = 0.05;
/// Most genes named as typical of a set.
const TYPICAL: usize = 12;
/// Largest number of f16.
const LARGEST: f64 = 65_504.0;

/// Panel places of genes.
pub(super) fn places(card: &Card, genes: &[String]) -> Vec<u32> {
    genes.iter().filter_map(|gene| card.genes.iter().position(|own| own == gene)).map(|place| place as u32).collect()
}

/// All of these genes, ascending, each once.
pub(super) fn union(lists: impl IntoIterator<Item = Vec<u32>>) -> Vec<u32> {
    let mut all: Vec<u32> = lists.into_iter().flatten().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Shifts in the order of the page's table: by q, then p, then the size of the change. The largest fold changes alone
/// would be genes that one cell has.
fn in_order(shifts: &[GeneShift]) -> Vec<&GeneShift> {
    let mut order: Vec<&GeneShift> =
        shifts.iter().filter(|own| own.mean_control > 0.0 || own.mean_perturbed > 0.0).collect();
    order.sort_by(|a, b| {
        let size = |own: &GeneShift| own.log2_fold_change.abs();
        a.q.total_cmp(&b.q).then(a.p.total_cmp(&b.p)).then(size(b).total_cmp(&size(a))).then(a.gene.cmp(&b.gene))
    });
    order
}

/// The surest genes.
pub(super) fn surest(shifts: &[GeneShift], most: usize) -> Vec<u32> {
    in_order(shifts).into_iter().take(most).map(|own| own.gene).collect()
}

/// Genes that are surely higher on the second side, surest first.
pub(super) fn typical(shifts: &[GeneShift]) -> Vec<u32> {
    let higher = |own: &&GeneShift| own.q < SURE && own.difference > 0.0;
    in_order(shifts).into_iter().filter(higher).take(TYPICAL).map(|own| own.gene).collect()
}

/// A set of cells that tells of these genes.
pub(super) fn population(with: &With, data: &Normalised, genes: Vec<u32>, points: Vec<f32>) -> Population {
    let means = data.mean();
    let mut seen = vec![0_u32; data.genes()];
    for cell in 0..data.cells() {
        data.row(cell).0.iter().for_each(|gene| seen[*gene as usize] += 1);
    }
    Population {
        with: with.clone(),
        points,
        mean: genes.iter().map(|gene| means[*gene as usize].exp_m1().min(LARGEST) as f32).collect(),
        detected: genes.iter().map(|gene| seen[*gene as usize]).collect(),
        genes,
        typical: Vec::new(),
    }
}

/// A comparison of the sets at two places, of these genes.
pub(super) fn comparison((control, perturbed): (usize, usize), shifts: &[GeneShift], genes: &[u32]) -> Comparison {
    let of = |value: fn(&GeneShift) -> f32| genes.iter().map(|gene| value(&shifts[*gene as usize])).collect();
    Comparison {
        control,
        perturbed,
        p: of(|own| exponent(own.p)),
        q: of(|own| exponent(own.q)),
        margin: of(|own| (0.5 * (own.high - own.low)) as f32),
        shifted: shifts.iter().filter(|own| own.q < SURE).count(),
    }
}
