//! Puts cells onto a fixed map.
//!
//! Does: a cell stands at the mean of its nearest reference cells' places, the nearer the heavier; says
//! where the name of a group of cells belongs.
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
