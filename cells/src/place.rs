//! Puts cells onto a fixed map.
//!
//! Does: a cell stands at the mean of its nearest reference cells' places, the nearer the heavier; says
//! where the name of a group of cells belongs.
//! Does not know: how the map was made; it never moves (DESIGN.md decision 6).
//! Flow: generated cells' principal components + reference map → **coordinates**.

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

/// Where to write the names of groups of cells on a map [n, 2]: above each group's middle, as (group,
/// x, y), the largest group first. `groups` holds the group of each cell; groups of fewer than `least`
/// cells get no name.
pub fn summits(map: &[f32], groups: &[Option<usize>], least: usize) -> Vec<(usize, f32, f32)> {
    let mut members: std::collections::BTreeMap<usize, (Vec<f32>, Vec<f32>)> = std::collections::BTreeMap::new();
    for (point, group) in map.chunks_exact(2).zip(groups) {
        if let Some(group) = group {
            let (x, y) = members.entry(*group).or_default();
            x.push(point[0]);
            y.push(point[1]);
        }
    }
    let mut found: Vec<(usize, usize, f32, f32)> = members
        .into_iter()
        .filter(|(_, (x, _))| x.len() >= least.max(1))
        .map(|(group, (mut x, mut y))| {
            x.sort_by(f32::total_cmp);
            y.sort_by(f32::total_cmp);
            // Strays above the group do not lift its name.
            (x.len(), group, x[x.len() / 2], y[(y.len() - 1) * 95 / 100])
        })
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    found.into_iter().map(|(_, group, x, y)| (group, x, y)).collect()
}

#[cfg(test)]
mod tests {
    use super::{place, summits};

    #[test]
    fn names_stand_above_their_groups_the_largest_first() {
        let map = [0.0, 0.0, 2.0, 1.0, 1.0, 5.0, 9.0, 9.0, 9.0, 8.0];
        let groups = [Some(1), Some(1), Some(1), Some(0), None];
        assert_eq!(summits(&map, &groups, 1), [(1, 1.0, 1.0), (0, 9.0, 9.0)]);
        assert_eq!(summits(&map, &groups, 2).len(), 1);
        assert!(summits(&[], &[], 0).is_empty());
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
