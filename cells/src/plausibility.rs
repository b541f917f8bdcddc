//! Whether generated cells could be cells at all.
//!
//! Does: looks at raw numbers, which logarithms and medians hide: counts above what a gene can show, library sizes out of
//! the measured range, how often genes are detected, which genes have the heaviest tails; says the verdict in words.
//! Does not know: how cells were made, where ceilings come from.
//! Flow: counts + ceilings + measured cells → **plausibility** → referee, card, page, sweep.

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::foreign::Foreign;

/// Genes that are named.
const NAMED: usize = 5;
/// Fewest counts of a tail that is named though it stays below its ceiling.
const LEAST_TAIL: u32 = 10;
/// Share of a measured library-size range that cells may leave it by, on either side, before they are called broken.
const LIBRARY_ROOM: f64 = 1.5;
/// Standard deviations of counting that come on top.
const COUNTING: f64 = 3.0;
/// Share of cells that may hold a value at the ceiling of its gene and still be called sound: measured cells do so in
/// their largest values.
const LEANING: f64 = 0.01;

/// What cells may show.
#[derive(Clone, Copy, Debug)]
pub struct Bounds<'a> {
    /// Largest count that each gene can show [G].
    pub ceilings: &'a [u32],
    /// Smallest and largest library size of measured cells.
    pub library_sizes: [u64; 2],
}

/// A gene with counts above its ceiling, or near it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Place of the gene in the panel.
    pub gene: usize,
    /// Cells concerned.
    pub cells: usize,
    /// Largest count.
    pub largest: u32,
    /// Ceiling.
    pub ceiling: u32,
}

/// How often a gene is seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// Place of the gene in the panel.
    pub gene: usize,
    /// Share of the cells that have it.
    pub share: f64,
    /// The same of measured cells.
    pub measured: f64,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plausibility {
    /// Cells looked at.
    pub cells: usize,
    /// Cells with a count above the ceiling of its gene.
    pub above: usize,
    /// Cells whose library size is out of the measured range by more than a half and what counting explains.
    pub outside: usize,
    /// Smallest, median and largest library size.
    pub library_sizes: [u64; 3],
    /// Share of counts above 0 that stand at the ceiling of their gene.
    pub leaning: f64,
    /// Counts above 0.
    #[serde(default)]
    pub values: usize,
    /// Genes with most cells above their ceiling, then at it, then with the largest count for their ceiling.
    pub tails: Vec<Tail>,
    /// Mean over genes of the difference between shares of cells with the gene, generated and measured; none without
    /// measured cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<f64>,
    /// Genes whose share of cells is furthest from that of measured cells; none without these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub furthest: Vec<Detection>,
    /// Counts that are not those of a cell's own type and perturbation; none where it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<Foreign>,
}

/// Ceilings from measured counts: the largest of each gene and a quarter more [G].
pub fn measured_ceilings(cells: &Counts) -> Vec<u32> {
    let mut largest = vec![0_u32; cells.genes()];
    for cell in 0..cells.cells() {
        let (genes, counts) = cells.row(cell);
        genes.iter().zip(counts).for_each(|(gene, count)| {
            let own = &mut largest[*gene as usize];
            *own = (*own).max(*count);
        });
    }
    largest.into_iter().map(|count| count.saturating_add(count.div_ceil(4))).collect()
}

/// Share of cells with each gene [G].
pub fn detected(cells: &Counts) -> Vec<f64> {
    let mut seen = vec![0.0; cells.genes()];
    for cell in 0..cells.cells() {
        cells.row(cell).0.iter().for_each(|gene| seen[*gene as usize] += 1.0);
    }
    let all = cells.cells().max(1) as f64;
    seen.into_iter().map(|count| count / all).collect()
}

/// Looks at cells; `measured` are cells of the same kinds, where there are some.
///
/// ```
/// use cells::Counts;
/// use cells::plausibility::{Bounds, look};
/// let cells = Counts::from_dense_rows(2, [[3, 0].as_slice(), [9, 70].as_slice()]);
/// let found = look(&cells, Bounds { ceilings: &[10, 20], library_sizes: [2, 30] }, None);
/// assert_eq!((found.above, found.outside), (1, 1));
/// assert!(!found.is_sound());
/// ```
pub fn look(cells: &Counts, bounds: Bounds<'_>, measured: Option<&Counts>) -> Plausibility {
    let mut found = Plausibility { cells: cells.cells(), ..Plausibility::default() };
    let (mut above, mut at, mut largest) =
        (vec![0_usize; cells.genes()], vec![0_usize; cells.genes()], vec![0_u32; cells.genes()]);
    let (mut values, mut leaning) = (0_usize, 0_usize);
    for cell in 0..cells.cells() {
        let (genes, counts) = cells.row(cell);
        let mut broken = false;
        for (gene, count) in genes.iter().zip(counts) {
            let (gene, ceiling) = (*gene as usize, bounds.ceilings[*gene as usize]);
            values += 1;
            largest[gene] = largest[gene].max(*count);
            broken |= *count > ceiling;
            above[gene] += usize::from(*count > ceiling);
            at[gene] += usize::from(*count == ceiling);
            leaning += usize::from(*count >= ceiling);
        }
        found.above += usize::from(broken);
    }
    let mut sizes = cells.library_sizes();
    sizes.sort_unstable();
    let [low, high] = bounds.library_sizes.map(|size| size as f64);
    // Besides the room, three standard deviations of counting: a cell that expects 20 counts often has 10. Never none,
    // where every measured cell has some.
    let chance = |size: f64| COUNTING * size.sqrt();
    let lowest = (low / LIBRARY_ROOM - chance(low)).max(low.min(1.0));
    let highest = high * LIBRARY_ROOM + chance(high);
    let is_outside = |size: &&u64| !(lowest..=highest).contains(&(**size as f64));
    found.outside = sizes.iter().filter(is_outside).count();
    if let (Some(smallest), Some(most)) = (sizes.first(), sizes.last()) {
        found.library_sizes = [*smallest, sizes[sizes.len() / 2], *most];
    }
    found.leaning = leaning as f64 / values.max(1) as f64;
    found.values = values;
    // Of genes below their ceilings those come first whose largest count is the largest part of it.
    let part = |gene: usize| f64::from(largest[gene]) / f64::from(bounds.ceilings[gene].max(1));
    let mut order: Vec<usize> = (0..cells.genes()).filter(|gene| largest[*gene] >= LEAST_TAIL).collect();
    order.extend((0..cells.genes()).filter(|gene| largest[*gene] < LEAST_TAIL && above[*gene] + at[*gene] > 0));
    let rank = |gene: usize| (above[gene], at[gene]);
    order.sort_by(|a, b| rank(*b).cmp(&rank(*a)).then(part(*b).total_cmp(&part(*a))).then(a.cmp(b)));
    let tail = |gene: &usize| Tail {
        gene: *gene,
        cells: if above[*gene] > 0 { above[*gene] } else { at[*gene] },
        largest: largest[*gene],
        ceiling: bounds.ceilings[*gene],
    };
    found.tails = order.iter().take(NAMED).map(tail).collect();
    if let Some(measured) = measured {
        let pairs = detected(cells).into_iter().zip(detected(measured)).enumerate();
        let mut all: Vec<Detection> =
            pairs.map(|(gene, (share, measured))| Detection { gene, share, measured }).collect();
        let apart = |own: &Detection| (own.share - own.measured).abs();
        found.detection = Some(all.iter().map(apart).sum::<f64>() / cells.genes().max(1) as f64);
        all.sort_by(|a, b| apart(b).total_cmp(&apart(a)).then(a.gene.cmp(&b.gene)));
        all.truncate(NAMED);
        found.furthest = all;
    }
    found
}

impl Plausibility {
    /// Whether every cell could be a cell, and no more values than in measured cells stand at their ceilings.
    pub fn is_sound(&self) -> bool {
        self.is_sound_within(LEANING)
    }

    /// The same where another share of counts may stand at the ceiling of its gene.
    pub fn is_sound_within(&self, leaning: f64) -> bool {
        self.above == 0
            && self.outside == 0
            && !self.leans(leaning)
            && self.foreign.as_ref().is_none_or(Foreign::is_sound)
    }

    /// Whether more than this share of counts stands at the ceilings, beyond three standard deviations of chance: one of a
    /// cell's 40 counts says nothing.
    fn leans(&self, most: f64) -> bool {
        let chance = if self.values > 0 { COUNTING * (most / self.values as f64).sqrt() } else { 0.0 };
        self.leaning > most + chance
    }

    /// What raw counts show gene by gene, as heads and sentences; `genes` are the symbols of the panel.
    pub fn by_gene(&self, genes: &[String]) -> Vec<(&'static str, String)> {
        let name = |gene: usize| genes.get(gene).map_or("?", String::as_str);
        let tail = |own: &Tail| format!("{} {} (ceiling {})", name(own.gene), own.largest, own.ceiling);
        let tails: Vec<String> = self.tails.iter().map(tail).collect();
        let seen = |own: &Detection| {
            format!("{} in {:.1} % (measured {:.1} %)", name(own.gene), 100.0 * own.share, 100.0 * own.measured)
        };
        let mean = self.detection.map(|mean| format!("mean over genes {:.2} percentage points", 100.0 * mean));
        let seen: Vec<String> = mean.into_iter().chain(self.furthest.iter().map(seen)).collect();
        let lines = [("Largest counts for their ceilings", tails), ("Detection furthest from measured", seen)];
        lines.into_iter().filter(|(_, own)| !own.is_empty()).map(|(head, own)| (head, own.join("; "))).collect()
    }

    /// The verdict in words; `genes` are the symbols of the panel.
    pub fn words(&self, genes: &[String]) -> String {
        let name = |gene: usize| genes.get(gene).map_or("?", String::as_str);
        if self.cells == 0 {
            return "no cell to look at".to_owned();
        }
        if self.is_sound() {
            let [smallest, median, largest] = self.library_sizes;
            let foreign = self.foreign.as_ref().and_then(|own| own.words(genes));
            let foreign = foreign.map_or_else(String::new, |words| format!("; {words}"));
            return format!(
                "all {} cells are plausible: no count above its gene's ceiling, library sizes {smallest} to {largest} (median {median}), {:.3} % of counts at a ceiling{foreign}",
                self.cells,
                100.0 * self.leaning
            );
        }
        let mut faults = Vec::new();
        if self.above > 0 {
            let named: Vec<String> = self
                .tails
                .iter()
                .take(3)
                .map(|tail| format!("{} up to {} where {} is the ceiling", name(tail.gene), tail.largest, tail.ceiling))
                .collect();
            faults.push(format!(
                "{} of {} cells hold impossible counts ({})",
                self.above,
                self.cells,
                named.join("; ")
            ));
        }
        if self.outside > 0 {
            let [smallest, _, largest] = self.library_sizes;
            faults.push(format!(
                "{} of {} cells have library sizes that no measured cell has ({smallest} to {largest})",
                self.outside, self.cells
            ));
        }
        if self.leans(LEANING) {
            let named: Vec<&str> = self.tails.iter().take(3).map(|tail| name(tail.gene)).collect();
            faults.push(format!(
                "{:.1} % of counts stand at the ceiling of their gene ({})",
                100.0 * self.leaning,
                named.join(", ")
            ));
        }
        if let Some(own) = self.foreign.as_ref().filter(|own| !own.is_sound()) {
            faults.extend(own.words(genes));
        }
        format!("broken: {}", faults.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, look, measured_ceilings};
    use crate::counts::Counts;

    fn counts(rows: &[[u32; 3]]) -> Counts {
        Counts::from_dense_rows(3, rows.iter().map(|row| row.as_slice()))
    }

    #[test]
    fn measured_cells_are_plausible_by_their_own_bounds() {
        let cells = counts(&[[1, 0, 7], [2, 0, 100], [0, 1, 3]]);
        let ceilings = measured_ceilings(&cells);
        assert_eq!(ceilings, [3, 2, 125]);
        let found = look(&cells, Bounds { ceilings: &ceilings, library_sizes: [4, 102] }, Some(&cells));
        assert!(found.is_sound(), "{found:?}");
        assert_eq!((found.library_sizes, found.detection), ([4, 8, 102], Some(0.0)));
        let lines = found.by_gene(&["A", "B", "C"].map(str::to_owned));
        assert_eq!(lines[0], ("Largest counts for their ceilings", "C 100 (ceiling 125)".to_owned()));
        assert!(lines[1].1.contains("A in 66.7 % (measured 66.7 %)"), "{lines:?}");
        assert!(found.words(&[]).starts_with("all 3 cells are plausible"));
    }

    #[test]
    fn one_impossible_count_is_named() {
        let found = look(
            &counts(&[[1, 0, 7], [10_000, 0, 5], [0, 1, 3]]),
            Bounds { ceilings: &[3, 2, 125], library_sizes: [4, 102] },
            None,
        );
        assert_eq!((found.above, found.outside), (1, 1));
        assert_eq!((found.tails[0].gene, found.tails[0].largest, found.tails[0].ceiling), (0, 10_000, 3));
        let genes = ["A", "B", "C"].map(str::to_owned);
        let words = found.words(&genes);
        assert!(words.starts_with("broken: 1 of 3 cells hold impossible counts (A up to 10000 where 3"), "{words}");
    }

    #[test]
    fn cells_that_lean_on_ceilings_are_not_sound() {
        let found = look(
            &counts(&[[3, 2, 125], [3, 2, 120]]),
            Bounds { ceilings: &[3, 2, 125], library_sizes: [100, 140] },
            None,
        );
        assert_eq!((found.above, found.outside), (0, 0));
        assert!(!found.is_sound() && found.words(&[]).contains("at the ceiling"), "{found:?}");
    }

    #[test]
    fn nothing_to_look_at_is_said() {
        let found = look(&Counts::empty(3), Bounds { ceilings: &[1, 1, 1], library_sizes: [1, 2] }, None);
        assert_eq!(found.words(&[]), "no cell to look at");
    }
}
