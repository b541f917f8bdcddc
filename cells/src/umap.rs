//! UMAP: a plane on which neighbours stay neighbours.
//!
//! Does: the fuzzy neighbour graph and its layout of McInnes, Healy and Melville 2018
//! (arXiv:1802.03426), on one thread and from a seed, so that the same cells give the same map.
//! Does not know: what the coordinates are; how neighbours are found (`neighbours`).
//! Flow: principal components → neighbours → graph → **layout [n, 2]** → the map of a bundle.
//!
//! Ours because a map must be reproducible: the crate at hand (umap-rs 0.4.5) draws from the thread's
//! generator, moves points from several threads at once, and divides its forces by 1 + a·d^(2b+2)
//! where the method has 1 + a·d^(2b), which let far neighbours go and left rings.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::neighbours::{Neighbours, nearest};

/// a and b of the curve 1 / (1 + a d^2b) for a least distance of 0.1 at spread 1 (the fit of the
/// reference implementation).
const CURVE: (f32, f32) = (1.576_943_5, 0.895_060_9);
/// Passes over the graph.
const EPOCHS: usize = 400;
/// Points pushed away for each neighbour pulled.
const REPELLED: usize = 5;
/// Longest move along an axis in one update, before the rate.
const LONGEST: f32 = 4.0;

/// One undirected edge of the graph.
struct Edge {
    from: u32,
    to: u32,
    weight: f32,
}

/// Coordinates [n, 2] of points [n, dimensions]; `k` neighbours (15 is usual), the point itself among
/// them. Starts from the first two dimensions. Fewer than three points stand at the origin.
pub fn umap(points: &[f32], dimensions: usize, k: usize, seed: u64) -> Vec<f32> {
    let dimensions = dimensions.max(1);
    let n = points.len() / dimensions;
    if n < 3 {
        return vec![0.0; 2 * n];
    }
    let edges = graph(&nearest(points, points, dimensions, k.max(3)));
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut place = start(points, dimensions, &mut random);
    let strongest = edges.iter().fold(0.0_f32, |most, edge| most.max(edge.weight));
    // An edge is used in proportion to its weight, the strongest in every epoch.
    let mut due: Vec<f32> = edges.iter().map(|edge| strongest / edge.weight).collect();
    for epoch in 0..EPOCHS {
        let rate = 1.0 - epoch as f32 / EPOCHS as f32;
        for (edge, due) in edges.iter().zip(&mut due) {
            if *due > (epoch + 1) as f32 {
                continue;
            }
            *due += strongest / edge.weight;
            pull(&mut place, edge, rate);
            for end in [edge.from, edge.to] {
                for _ in 0..REPELLED {
                    let other = ((u64::from(random.next_u32()) * n as u64) >> 32) as u32;
                    push(&mut place, end, other, rate);
                }
            }
        }
    }
    centre(&mut place);
    place
}

/// Bandwidth of a point: weights of its k neighbours sum to log2 k. Distances are sorted.
fn bandwidth(distances: &[f32], nearest: f32) -> f32 {
    let target = (distances.len() as f32).log2();
    let (mut low, mut high) = (0.0_f32, f32::INFINITY);
    let mut middle = 1.0_f32;
    for _ in 0..64 {
        let sum: f32 = distances.iter().skip(1).map(|d| (-(d - nearest).max(0.0) / middle).exp()).sum();
        if sum > target {
            high = middle
        } else {
            low = middle
        }
        middle = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * middle };
    }
    let mean = distances.iter().sum::<f32>() / distances.len() as f32;
    middle.max(1e-3 * mean).max(1e-12)
}

/// Symmetric graph: weight a + b − ab of the two directed weights.
fn graph(found: &Neighbours) -> Vec<Edge> {
    let mut directed = std::collections::BTreeMap::new();
    let rows = found.indices.chunks_exact(found.k).zip(found.distances.chunks_exact(found.k));
    for (from, (indices, distances)) in rows.enumerate() {
        let nearest = distances.iter().copied().find(|distance| *distance > 0.0).unwrap_or(0.0);
        let width = bandwidth(distances, nearest);
        for (to, distance) in indices.iter().zip(distances).filter(|(to, _)| **to as usize != from) {
            directed.insert((from as u32, *to), (-(distance - nearest).max(0.0) / width).exp());
        }
    }
    let back = |from: u32, to: u32| directed.get(&(to, from)).copied();
    directed
        .iter()
        // A pair known from both sides is taken once.
        .filter(|((from, to), _)| from < to || back(*from, *to).is_none())
        .map(|((from, to), there)| {
            let back = back(*from, *to).unwrap_or(0.0);
            Edge { from: *from, to: *to, weight: there + back - there * back }
        })
        // An edge that would not be used once in all epochs is left out.
        .filter(|edge| edge.weight * EPOCHS as f32 >= 1.0)
        .collect()
}

/// The first two dimensions, ten wide, with a trace of noise that keeps identical points apart.
fn start(points: &[f32], dimensions: usize, random: &mut ChaCha8Rng) -> Vec<f32> {
    let axis = |point: &[f32], axis: usize| point[axis.min(dimensions - 1)];
    let widest =
        points.chunks_exact(dimensions).flat_map(|p| [axis(p, 0).abs(), axis(p, 1).abs()]).fold(1e-6, f32::max);
    let mut noise = || (random.next_u32() >> 8) as f32 / 16_777_216.0 - 0.5;
    points
        .chunks_exact(dimensions)
        .flat_map(|point| [axis(point, 0), axis(point, 1)])
        .map(|value| 10.0 * value / widest + 1e-2 * noise())
        .collect()
}

/// The vector from `b` to `a`, and its squared length.
fn apart(place: &[f32], a: u32, b: u32) -> ([f32; 2], f32) {
    let (a, b) = (2 * a as usize, 2 * b as usize);
    let difference = [place[a] - place[b], place[a + 1] - place[b + 1]];
    (difference, difference[0] * difference[0] + difference[1] * difference[1])
}

/// Moves a point.
fn shift(place: &mut [f32], point: u32, difference: [f32; 2], force: f32, rate: f32) {
    for axis in 0..2 {
        place[2 * point as usize + axis] += rate * (force * difference[axis]).clamp(-LONGEST, LONGEST);
    }
}

/// Pulls both ends of an edge together.
fn pull(place: &mut [f32], edge: &Edge, rate: f32) {
    let (difference, squared) = apart(place, edge.from, edge.to);
    if squared > 0.0 {
        let (a, b) = CURVE;
        let force = -2.0 * a * b * squared.powf(b - 1.0) / (1.0 + a * squared.powf(b));
        shift(place, edge.from, difference, force, rate);
        shift(place, edge.to, difference, -force, rate);
    }
}

/// Pushes a point away from another.
fn push(place: &mut [f32], point: u32, other: u32, rate: f32) {
    let (difference, squared) = apart(place, point, other);
    if point != other && squared > 0.0 {
        let (a, b) = CURVE;
        let force = 2.0 * b / ((0.001 + squared) * (1.0 + a * squared.powf(b)));
        shift(place, point, difference, force, rate);
    }
}

/// Puts the middle of the map at the origin.
fn centre(place: &mut [f32]) {
    let n = (place.len() / 2) as f32;
    for axis in 0..2 {
        let mean = place.iter().skip(axis).step_by(2).sum::<f32>() / n;
        place.iter_mut().skip(axis).step_by(2).for_each(|value| *value -= mean);
    }
}

#[cfg(test)]
mod tests {
    use super::umap;
    use crate::neighbours::nearest;
    use rand_chacha::ChaCha8Rng;
    use rand_core::{RngCore, SeedableRng};

    /// Six clouds in ten dimensions whose first two dimensions tell only some of them apart.
    fn clouds() -> (Vec<f32>, Vec<usize>) {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut noise = || (0..6).map(|_| random.next_u32() as f32 / u32::MAX as f32 - 0.5).sum::<f32>();
        let mut points = Vec::new();
        let kinds: Vec<usize> = (0..300).map(|point| point % 6).collect();
        for kind in &kinds {
            let middle = |dimension: usize| if dimension == *kind / 2 || dimension == 4 + *kind { 6.0 } else { 0.0 };
            points.extend((0..10).map(|dimension| middle(dimension) + noise()));
        }
        (points, kinds)
    }

    #[test]
    fn neighbours_stay_neighbours_and_a_seed_gives_the_same_map() {
        let (points, kinds) = clouds();
        let map = umap(&points, 10, 15, 7);
        assert_eq!(map, umap(&points, 10, 15, 7));
        let found = nearest(&map, &map, 2, 11);
        let own = |point: usize| found.indices[point * 11 + 1..(point + 1) * 11].iter().map(|n| *n as usize);
        let same = (0..300).flat_map(|p| own(p).map(move |n| (p, n))).filter(|(p, n)| kinds[*p] == kinds[*n]).count();
        // Clouds stand six apart at a spread of 0.7, so nearly every neighbour must be of the same cloud.
        assert!(same > 2940, "{same} of 3000 neighbours on the map are of the same cloud");
    }

    #[test]
    fn few_or_identical_points_are_no_trouble() {
        assert_eq!(umap(&[1.0, 2.0], 2, 15, 1), [0.0, 0.0]);
        assert!(umap(&[], 2, 15, 1).is_empty());
        assert!(umap(&[1.0; 40], 2, 15, 1).iter().all(|value| value.is_finite()));
    }
}
