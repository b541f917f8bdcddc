//! Puts cells onto a fixed map.
//!
//! Does: a cell stands at the mean of its nearest reference cells' places, the nearer the heavier; restricts a map to
//! the genes that other cells share with it; says where the name of a group of cells belongs.
//! Does not know: how the map was made; it never moves (DESIGN.md decision 6).
//! Flow: generated cells' principal components + reference map → **coordinates**.

use std::collections::BTreeMap;

use crate::neighbours::{Neighbours, nearest};
use crate::normalise::Normalised;
use crate::pca::Pca;

/// Neighbours that decide a place. Few, so that a cell between two clusters joins one of them.
pub const NEIGHBOURS: usize = 8;

/// Coordinates [m, 2] of `query` [m, dimensions] on the map of `reference` [n, dimensions] whose
/// coordinates are `map` [n, 2]. Weights are 1 / (distance² + ε), ε a thousandth of the mean
/// squared distance, so that a copy of a reference cell stands on it. Without reference, no places.
pub fn place(reference: &[f32], map: &[f32], query: &[f32], dimensions: usize, k: usize) -> Vec<f32> {
    among(&nearest(reference, query, dimensions, k), map)
}

/// Coordinates [m, 2] of cells on a fixed map: their components by the map's own loadings, then [`place`].
pub fn onto(pca: &Pca, reference: &[f32], map: &[f32], cells: &Normalised) -> Vec<f32> {
    place(reference, map, &pca.project(cells), pca.components, NEIGHBOURS)
}

/// A map on those of its genes that other cells have as well.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// Components on these genes.
    pub pca: Pca,
    /// Components of the reference cells [n, components], projected on these genes alone.
    pub reference: Vec<f32>,
}

/// Restricts a map to the genes that `has` knows (by their places in the panel). A gene that a file lacks is not a gene
/// without counts: taken for one it would pull every cell to where that gene is low. The reference cells are kept as
/// components; what these say of the shared genes is projected as the file's own values are.
pub fn on_shared(pca: &Pca, reference: &[f32], has: impl Fn(u32) -> bool) -> Shared {
    let dimensions = pca.components;
    let kept: Vec<usize> = (0..pca.genes.len()).filter(|place| has(pca.genes[*place])).collect();
    if kept.len() == pca.genes.len() || dimensions == 0 {
        return Shared { pca: pca.clone(), reference: reference.to_vec() };
    }
    let row = |place: usize| &pca.loadings[place * dimensions..(place + 1) * dimensions];
    // [components, components]: what projecting a cell's own reconstruction does to its components.
    let mut gram = vec![0.0_f32; dimensions * dimensions];
    for loadings in kept.iter().map(|place| row(*place)) {
        for (one, sums) in loadings.iter().zip(gram.chunks_exact_mut(dimensions)) {
            sums.iter_mut().zip(loadings).for_each(|(sum, other)| *sum += one * other);
        }
    }
    let projected = reference.chunks_exact(dimensions).flat_map(|cell| {
        let along = |sums: &[f32]| sums.iter().zip(cell).map(|(g, value)| g * value).sum::<f32>();
        gram.chunks_exact(dimensions).map(along).collect::<Vec<f32>>()
    });
    Shared {
        pca: Pca {
            genes: kept.iter().map(|place| pca.genes[*place]).collect(),
            mean: kept.iter().map(|place| pca.mean[*place]).collect(),
            loadings: kept.iter().flat_map(|place| row(*place).iter().copied()).collect(),
            components: dimensions,
        },
        reference: projected.collect(),
    }
}

/// Share of a cell's normalised counts that fall on the genes that `has` knows, by the log-normalised means [groups, G]
/// of groups of `cells` cells: what cells of a file with only these genes are to be scaled to. 1 where nothing is known.
pub fn shared_share(means: &[f32], cells: &[usize], genes: usize, has: impl Fn(usize) -> bool) -> f64 {
    let (mut kept, mut all) = (0.0, 0.0);
    for (row, cells) in means.chunks_exact(genes.max(1)).zip(cells) {
        for (gene, value) in row.iter().enumerate() {
            let counts = f64::from(*value).exp_m1() * *cells as f64;
            all += counts;
            kept += if has(gene) { counts } else { 0.0 };
        }
    }
    if all > 0.0 && kept > 0.0 { kept / all } else { 1.0 }
}

/// [`place`] for cells whose neighbours are known.
pub fn among(found: &Neighbours, map: &[f32]) -> Vec<f32> {
    if found.k == 0 {
        return Vec::new();
    }
    let mut coordinates = Vec::with_capacity(2 * found.indices.len() / found.k);
    for (indices, distances) in found.indices.chunks_exact(found.k).zip(found.distances.chunks_exact(found.k)) {
        let mean_square = distances.iter().map(|d| d * d).sum::<f32>() / found.k as f32;
        let softening = (1e-3 * mean_square).max(1e-12);
        let (mut x, mut y, mut total) = (0.0, 0.0, 0.0);
        for (index, distance) in indices.iter().zip(distances) {
            let weight = 1.0 / (distance * distance + softening);
            x += weight * map[2 * *index as usize];
            y += weight * map[2 * *index as usize + 1];
            total += weight;
        }
        coordinates.extend([x / total, y / total]);
    }
    coordinates
}

/// Fields along the longer side of a map; points in neighbouring fields belong together.
const FIELDS: f32 = 32.0;

/// The largest island of some points: those that hang together by neighbouring fields of size `field`. All points,
/// where no island holds more than a third of them.
fn island(points: &[(f32, f32)], field: f32) -> Vec<(f32, f32)> {
    let mut fields: BTreeMap<(i32, i32), Vec<(f32, f32)>> = BTreeMap::new();
    for (x, y) in points {
        fields.entry(((x / field).floor() as i32, (y / field).floor() as i32)).or_default().push((*x, *y));
    }
    let mut largest: Vec<(f32, f32)> = Vec::new();
    while let Some((start, own)) = fields.pop_first() {
        let (mut found, mut open) = (own, vec![start]);
        while let Some((x, y)) = open.pop() {
            for place in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x.saturating_add(dx), y.saturating_add(dy)))) {
                if let Some(own) = fields.remove(&place) {
                    found.extend(own);
                    open.push(place);
                }
            }
        }
        if found.len() > largest.len() {
            largest = found;
        }
    }
    if 3 * largest.len() <= points.len() { points.to_vec() } else { largest }
}

/// Where to write the names of groups of cells on a map [n, 2]: above the middle of each group's largest island, as
/// (group, x, y), the largest group first. `groups` holds the group of each cell; groups of fewer than `least`
/// cells get no name.
pub fn summits(map: &[f32], groups: &[Option<usize>], least: usize) -> Vec<(usize, f32, f32)> {
    let mut members: BTreeMap<usize, Vec<(f32, f32)>> = BTreeMap::new();
    for (point, group) in map.chunks_exact(2).zip(groups) {
        if let Some(group) = group {
            members.entry(*group).or_default().push((point[0], point[1]));
        }
    }
    let range = |side: usize| {
        let side = || map.iter().skip(side).step_by(2).copied();
        side().fold(f32::MIN, f32::max) - side().fold(f32::MAX, f32::min)
    };
    let field = (range(0).max(range(1)) / FIELDS).max(f32::MIN_POSITIVE);
    let mut found: Vec<(usize, usize, f32, f32)> = members
        .into_iter()
        .filter(|(_, own)| own.len() >= least.max(1))
        .map(|(group, own)| {
            let (mut x, mut y): (Vec<f32>, Vec<f32>) = island(&own, field).into_iter().unzip();
            x.sort_by(f32::total_cmp);
            y.sort_by(f32::total_cmp);
            // Strays above the group do not lift its name.
            (own.len(), group, x[x.len() / 2], y[(y.len() - 1) * 95 / 100])
        })
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    found.into_iter().map(|(_, group, x, y)| (group, x, y)).collect()
}

#[cfg(test)]
mod tests {
    use super::{on_shared, place, shared_share, summits};
    use crate::counts::Counts;
    use crate::neighbours::nearest;
    use crate::normalise::{Normalised, Target, log_normalise};
    use crate::pca::{Pca, fit_pca};

    const GENES: usize = 60;
    const KINDS: usize = 3;
    const TARGET: f64 = 1000.0;

    /// Cells of three kinds in turn, each high in twenty genes of its own, on a little deterministic noise.
    fn kinds(cells: usize, shift: usize) -> Counts {
        let count = |cell: usize, gene: usize| {
            let high = gene / 20 == cell % KINDS;
            3 + 14 * u32::from(high) + ((cell * 31 + gene * 17 + shift) % 5) as u32
        };
        let rows: Vec<Vec<u32>> = (0..cells).map(|cell| (0..GENES).map(|gene| count(cell, gene)).collect()).collect();
        Counts::from_dense_rows(GENES, rows.iter().map(Vec::as_slice))
    }

    /// Cells whose three nearest reference cells are all of their kind.
    fn right(reference: &[f32], pca: &Pca, cells: &Normalised) -> usize {
        let found = nearest(reference, &pca.project(cells), pca.components, 3);
        let near = found.indices.chunks_exact(3).enumerate();
        near.filter(|(cell, near)| near.iter().all(|own| *own as usize % KINDS == cell % KINDS)).count()
    }

    #[test]
    fn cells_with_half_of_the_genes_land_among_their_own_kind() {
        let measured = log_normalise(&kinds(90, 0), Target::Sum(TARGET));
        let genes: Vec<u32> = (0..GENES as u32).collect();
        let pca = fit_pca(&measured, &genes, 4).unwrap_or_else(|error| panic!("{error}"));
        let reference = pca.project(&measured);
        // The file lacks nearly all genes of the first kind and half of the second kind's.
        let has = |gene: usize| gene.is_multiple_of(10) || (30..60).contains(&gene);
        let panel: Vec<Option<usize>> = (0..GENES).map(|gene| has(gene).then_some(gene)).collect();
        let own = kinds(60, 3).select_genes(&panel);
        let naive = right(&reference, &pca, &log_normalise(&own, Target::Sum(TARGET)));
        let shared = on_shared(&pca, &reference, |gene| has(gene as usize));
        assert_eq!(shared.pca.genes.len(), 33);
        let means: Vec<f32> = measured.mean().iter().map(|mean| *mean as f32).collect();
        let share = shared_share(&means, &[90], GENES, has);
        assert!((0.5..0.62).contains(&share), "about 33 of 60 genes: {share}");
        let placed = right(&shared.reference, &shared.pca, &log_normalise(&own, Target::Sum(share * TARGET)));
        assert_eq!(placed, 60, "all cells are among their own kind");
        assert!(naive < 45, "genes that are not there count as zeros: {naive} of 60");
    }

    #[test]
    fn a_file_with_all_genes_is_placed_as_ever() {
        let measured = log_normalise(&kinds(30, 0), Target::Sum(TARGET));
        let pca =
            fit_pca(&measured, &(0..GENES as u32).collect::<Vec<_>>(), 3).unwrap_or_else(|error| panic!("{error}"));
        let reference = pca.project(&measured);
        let shared = on_shared(&pca, &reference, |_| true);
        assert!(shared.pca == pca && shared.reference == reference);
        assert_eq!(shared_share(&[1.0, 2.0], &[5], 2, |_| true), 1.0);
        assert_eq!(shared_share(&[], &[], 2, |_| false), 1.0, "nothing is known");
    }

    #[test]
    fn names_stand_above_their_groups_the_largest_first() {
        let map = [0.0, 0.0, 2.0, 1.0, 1.0, 5.0, 9.0, 9.0, 9.0, 8.0];
        let groups = [Some(1), Some(1), Some(1), Some(0), None];
        assert_eq!(summits(&map, &groups, 1), [(1, 1.0, 1.0), (0, 9.0, 9.0)]);
        assert_eq!(summits(&map, &groups, 2).len(), 1);
        assert!(summits(&[], &[], 0).is_empty());
    }

    #[test]
    fn the_name_of_a_group_in_two_parts_stands_above_the_larger() {
        // Thirty cells around (1, 2), twelve around (9, 9): their common middle is where no cell is.
        let near =
            |x: f32, y: f32, n: usize| (0..n).flat_map(move |i| [x + 0.1 * (i % 5) as f32, y + 0.1 * (i / 5) as f32]);
        let map: Vec<f32> = near(1.0, 2.0, 30).chain(near(9.0, 9.0, 12)).chain([0.0, 0.0, 10.0, 10.0]).collect();
        let mut groups = vec![Some(7); 42];
        groups.extend([None, None]);
        let found = summits(&map, &groups, 1);
        let (group, x, y) = found[0];
        assert!(group == 7 && (1.0..1.5).contains(&x) && (2.3..2.6).contains(&y), "{found:?}");
    }

    #[test]
    fn a_copy_stands_on_its_original() {
        let reference = [0.0, 1.0, 10.0, 11.0];
        let map = [0.0, 0.0, 1.0, 1.0, 8.0, 8.0, 9.0, 9.0];
        let placed = place(&reference, &map, &[10.0, 0.5], 1, 2);
        // The neighbour's weight is below ε/d² = 5e-4 of the copy's.
        assert!((placed[0] - 8.0).abs() < 1e-2 && (placed[2] - 0.5).abs() < 1e-5);
        assert!(place(&[], &[], &[1.0], 1, 3).is_empty());
        assert!(place(&[0.0, 0.0], &[1.0, 2.0, 1.0, 2.0], &[0.0], 1, 2).iter().all(|v| v.is_finite()));
    }
}
