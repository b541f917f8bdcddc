//! Puts cells onto a fixed map.
//!
//! Does: a cell stands at the mean of its nearest reference cells' places, the nearer the heavier.
//! Does not know: how the map was made; it never moves (DESIGN.md decision 6).
//! Flow: generated cells' principal components + reference map → **coordinates**.

use crate::neighbours::nearest;

/// Neighbours that decide a place. Few, so that a cell between two clusters joins one of them.
pub const NEIGHBOURS: usize = 8;

/// Coordinates [m, 2] of `query` [m, dimensions] on the map of `reference` [n, dimensions] whose
/// coordinates are `map` [n, 2]. Weights are 1 / (distance² + ε), ε a thousandth of the mean
/// squared distance, so that a copy of a reference cell stands on it. Without reference, no places.
pub fn place(reference: &[f32], map: &[f32], query: &[f32], dimensions: usize, k: usize) -> Vec<f32> {
    let found = nearest(reference, query, dimensions, k);
    if found.k == 0 {
        return Vec::new();
    }
    let mut coordinates = Vec::with_capacity(2 * query.len() / dimensions.max(1));
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

#[cfg(test)]
mod tests {
    use super::place;

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
