//! Nearest neighbours by Euclidean distance, exactly.
//!
//! Does: the k nearest reference points of every query point.
//! Does not know: what the coordinates are.
//! Flow: principal components → **neighbours** → the map.

/// The k nearest reference points of every query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// k, at most the number of reference points.
    pub k: usize,
    /// Reference points [queries, k].
    pub indices: Vec<u32>,
    /// Their distances [queries, k].
    pub distances: Vec<f32>,
}

/// Finds them by looking at all pairs: exact, and fast enough for a map of a few thousand cells.
///
/// `reference` is [n, dimensions], `query` is [m, dimensions]. Ties go to the earlier point.
pub fn nearest(reference: &[f32], query: &[f32], dimensions: usize, k: usize) -> Neighbours {
    let dimensions = dimensions.max(1);
    let points = reference.len() / dimensions;
    let k = k.min(points);
    let mut found = Neighbours { k, indices: Vec::new(), distances: Vec::new() };
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(k + 1);
    for point in query.chunks_exact(dimensions) {
        best.clear();
        for (index, candidate) in reference.chunks_exact(dimensions).enumerate() {
            let squared: f32 = point.iter().zip(candidate).map(|(a, b)| (a - b) * (a - b)).sum();
            if best.len() == k && best.last().is_none_or(|worst| squared >= worst.0) {
                continue;
            }
            let place = best.partition_point(|entry| entry.0 <= squared);
            best.insert(place, (squared, index as u32));
            best.truncate(k);
        }
        found.indices.extend(best.iter().map(|entry| entry.1));
        found.distances.extend(best.iter().map(|entry| entry.0.sqrt()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn nearest_first_and_ties_to_the_earlier() {
        let reference = [0.0, 0.0, 1.0, 0.0, 0.0, 2.0, -1.0, 0.0];
        let found = nearest(&reference, &[0.0, 0.0], 2, 3);
        assert_eq!(found.indices, [0, 1, 3]);
        assert_eq!(found.distances, [0.0, 1.0, 1.0]);
        assert_eq!(nearest(&reference, &[5.0, 5.0], 2, 9).k, 4);
        assert!(nearest(&[], &[1.0, 1.0], 2, 3).indices.is_empty());
    }
}
