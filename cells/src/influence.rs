//! How much one cell may say of its group's mean.
//!
//! Does: finds counts by which one cell or a few hold most of what their group shows of a gene (a doublet with a red cell
//! among 72 NK cells holds half of their haemoglobin), and the largest count at which no cell holds more than a fifth.
//! Does not know: what groups are, what is fitted to the counts.
//! Flow: counts, size factors and groups of training cells → **limited counts** → the start of a network and its training.
//!
//! A mean that hangs on one cell is no mean: a regression spreads it over the cell's type, donor and perturbation, and
//! every cell drawn from it carries it on. Counts are limited as by Winsor (the value is pulled in, the cell stays), size
//! factor for size factor, and only where the rest of the group is large enough to be believed.

use crate::counts::Counts;

/// Largest share of a group's counts of one gene that a single cell may hold.
const LARGEST_SHARE: f64 = 0.2;
/// Counts up to this one stay as they are at size factor 1: of a rare gene a few counts are all that there is.
const ALWAYS_KEPT: f64 = 10.0;
/// Cells that a group needs, for which a fifth is three cells.
pub const FEWEST_CELLS: usize = 15;

/// Largest value of a gene in one group, from its values above 0 per size factor (any order; they are sorted): the largest
/// c of which c ≤ [`LARGEST_SHARE`] · Σ min(value, c), at least [`ALWAYS_KEPT`]. Infinite where nothing has to be held.
fn limit(values: &mut [f64]) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    let mut rest: f64 = values.iter().sum();
    match values.first() {
        Some(largest) if *largest > ALWAYS_KEPT && *largest > LARGEST_SHARE * rest => {}
        _ => return f64::INFINITY,
    }
    // With k values above it, c (1 − share · k) = share · (sum of the others).
    for (place, value) in values.iter().enumerate() {
        let above = (place + 1) as f64;
        rest -= value;
        if LARGEST_SHARE * above >= 1.0 {
            // So many hold it that it is the group's own.
            return value.max(ALWAYS_KEPT);
        }
        let found = LARGEST_SHARE * rest / (1.0 - LARGEST_SHARE * above);
        if values.get(place + 1).is_none_or(|next| found >= *next) {
            return found.max(ALWAYS_KEPT);
        }
    }
    ALWAYS_KEPT
}

/// Limits of every gene per size factor, for every group; none for a group of few cells.
fn limits_of(counts: &Counts, sizes: &[f64], groups: &[usize]) -> Vec<Vec<f64>> {
    let many = groups.iter().max().map_or(0, |last| last + 1);
    let mut members = vec![Vec::new(); many];
    for (cell, group) in groups.iter().enumerate() {
        members[*group].push(cell);
    }
    let mut limits = vec![Vec::new(); many];
    for (group, members) in members.iter().enumerate().filter(|(_, members)| members.len() >= FEWEST_CELLS) {
        let mut values: Vec<Vec<f64>> = vec![Vec::new(); counts.genes()];
        for cell in members {
            let (genes, own) = counts.row(*cell);
            let own = genes.iter().zip(own);
            own.for_each(|(gene, count)| values[*gene as usize].push(f64::from(*count) / sizes[*cell]));
        }
        limits[group] = values.iter_mut().map(|own| limit(own)).collect();
    }
    limits
}

/// Counts with no cell above the limit of its group and gene, and how many counts were pulled in. `sizes` are size factors
/// [cells], `groups` numbers of groups [cells], `wider` those of the wider ones that groups lie in (the cell type of a type
/// under one perturbation) [cells]. Cells of a group of fewer than [`FEWEST_CELLS`] are held to the limit of the wider one,
/// and stay as they are where that is as small.
///
/// ```
/// use cells::{Counts, influence::limited};
/// // Twenty cells with 3 counts of a gene each, one of them with 900.
/// let rows: Vec<[u32; 1]> = (0..20).map(|cell| [if cell == 7 { 900 } else { 3 }]).collect();
/// let counts = Counts::from_dense_rows(1, rows.iter().map(|row| row.as_slice()));
/// let (counts, changed) = limited(&counts, &[1.0; 20], &[0; 20], &[0; 20]);
/// // A fifth of 14 + 19 · 3 is 14.
/// assert_eq!((counts.row(7).1, changed), ([14].as_slice(), 1));
/// ```
pub fn limited(counts: &Counts, sizes: &[f64], groups: &[usize], wider: &[usize]) -> (Counts, usize) {
    let (narrow, wide) = (limits_of(counts, sizes, groups), limits_of(counts, sizes, wider));
    let (mut starts, mut genes, mut values, mut changed) = (vec![0], Vec::new(), Vec::new(), 0);
    for (cell, (group, wider)) in groups.iter().zip(wider).enumerate() {
        let (own, counted) = counts.row(cell);
        let limits = [&narrow[*group], &wide[*wider]].into_iter().find(|limits| !limits.is_empty());
        for (gene, count) in own.iter().zip(counted) {
            let most = limits.map_or(f64::INFINITY, |limits| limits[*gene as usize] * sizes[cell]);
            // At least one count: that the gene was seen is not taken back.
            let kept = f64::from(*count).min(most.round().max(1.0)) as u32;
            changed += usize::from(kept < *count);
            values.push(kept);
        }
        genes.extend_from_slice(own);
        starts.push(genes.len());
    }
    // The arrays are those of a matrix that was checked, none of them emptied.
    match Counts::new(counts.genes(), starts, genes, values) {
        Ok(limited) if counts.has_totals() => (limited.with_totals(counts.totals()), changed),
        Ok(limited) => (limited, changed),
        Err(_) => (counts.clone(), 0),
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{limit, limited};
    use crate::counts::Counts;

    #[test]
    fn no_cell_holds_more_than_a_fifth_of_what_its_group_shows() {
        // Three doublets among cells that hold next to nothing: they are pulled down to what is always kept.
        let mut values = vec![2950.0, 2043.0, 870.0, 2.0, 1.0, 1.0];
        assert_eq!(limit(&mut values), 10.0);
        // Five cells that hold it alike are a part of the group: a fifth of 4 · 41 + 40 + 1 is 41.
        assert!((limit(&mut [50.0, 40.0, 60.0, 55.0, 45.0, 1.0]) - 41.0).abs() < 1e-9);
        // One above many: c = (c + 40 · 5) / 5, so 50.
        let mut many = vec![5.0; 40];
        many.push(300.0);
        assert!((limit(&mut many) - 50.0).abs() < 1e-9);
        // What is spread stays, and so does a rare gene with few counts.
        assert_eq!(limit(&mut [30.0; 20]), f64::INFINITY);
        assert_eq!(limit(&mut [9.0, 1.0]), f64::INFINITY);
        assert_eq!(limit(&mut []), f64::INFINITY);
    }

    #[test]
    fn sizes_groups_and_small_groups_are_told_apart() {
        // Gene 0: cell 0 of the first group holds nearly all; gene 1 follows the size factors, however large they are.
        let size = |cell: usize| if cell % 20 == 3 { 30.0 } else { 1.0 };
        let rows: Vec<[u32; 2]> =
            (0..45).map(|cell| [if cell % 20 == 0 { 500 } else { 0 }, 4 * size(cell) as u32]).collect();
        let counts = Counts::from_dense_rows(2, rows.iter().map(|row| row.as_slice()));
        let sizes: Vec<f64> = (0..45).map(size).collect();
        // Twenty cells, twenty in groups of four, and five.
        let groups: Vec<usize> = (0..45).map(|cell| [0, 1 + cell % 5, 6][cell / 20]).collect();
        let alone: Vec<usize> = (0..45).collect();
        let (found, changed) = limited(&counts, &sizes, &groups, &alone);
        let gene = |cell: usize| {
            let mut row = [0; 2];
            found.dense_row(cell, &mut row);
            row
        };
        assert_eq!(changed, 1);
        assert_eq!((gene(0), gene(20), gene(40)), ([10, 4], [500, 4], [500, 4]));
        assert_eq!(gene(3), [0, 120]);
        assert_eq!(found.stored(), counts.stored());
        // Groups of four that are one cell type are held to its limit together; five cells by themselves stay.
        let wider: Vec<usize> = (0..45).map(|cell| cell / 20).collect();
        let (found, changed) = limited(&counts, &sizes, &groups, &wider);
        assert_eq!((found.row(20).1[0], found.row(40).1[0], changed), (10, 500, 2));
    }
}
