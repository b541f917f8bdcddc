//! Which rows of a matrix belong together: average-linkage clustering and an order for a heat map.
//!
//! Does: merges the closest groups of rows (mean Euclidean distance between their members, UPGMA) until one is left, as
//! `scipy.cluster.hierarchy.linkage` does; turns the branches so that neighbours in the order are alike.
//! Does not know: what rows or columns are, figures.
//! Flow: matrix → **merges and order** → heat map.

/// A clustering of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Linkage {
    /// Merges from the closest to the furthest: both groups (the smaller number first), their distance, rows in the new
    /// group. Rows are groups 0 … n − 1, the group made by merge m is n + m.
    pub merges: Vec<(usize, usize, f64, usize)>,
    /// Every row once, so that neighbours are alike.
    pub order: Vec<usize>,
}

/// One merge as a figure draws it: two branches and the line that joins them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fork {
    /// Places of both branches along the order, in rows: the middle of the first row is 0.5.
    pub places: [f64; 2],
    /// Where both branches begin, as a share of the furthest merge; a row begins at 0.
    pub from: [f64; 2],
    /// Distance of the merge, as a share of the furthest.
    pub height: f64,
}

impl Linkage {
    /// The tree over the rows in their order, closest merges first.
    pub fn forks(&self) -> Vec<Fork> {
        let n = self.order.len();
        let furthest = self.merges.iter().map(|merge| merge.2).fold(0.0, f64::max);
        let share = |distance: f64| if furthest > 0.0 { distance / furthest } else { 1.0 };
        // Place and height of every group, rows first.
        let mut tops = vec![(0.0, 0.0); n];
        for (place, row) in self.order.iter().enumerate() {
            tops[*row] = (place as f64 + 0.5, 0.0);
        }
        let mut forks = Vec::with_capacity(self.merges.len());
        for (a, b, distance, _) in &self.merges {
            let ((first, from_first), (second, from_second)) = (tops[*a], tops[*b]);
            let height = share(*distance);
            forks.push(Fork { places: [first, second], from: [from_first, from_second], height });
            tops.push(((first + second) / 2.0, height));
        }
        forks
    }
}

/// Distances of rows, the upper half of the square.
struct Distances {
    rows: usize,
    half: Vec<f64>,
}

impl Distances {
    fn place(&self, a: usize, b: usize) -> usize {
        let (low, high) = (a.min(b), a.max(b));
        low * (2 * self.rows - low - 1) / 2 + high - low - 1
    }

    fn of(&self, a: usize, b: usize) -> f64 {
        self.half[self.place(a, b)]
    }
}

/// Clusters `n` rows of `dimensions` values, row after row. Values that are not finite, and those that `rows` is too
/// short to hold, are left out: distances are then those over the dimensions that both rows have, scaled to all of them.
/// Rows without a common dimension are as far apart as the furthest two.
pub fn average_linkage(rows: &[f32], n: usize, dimensions: usize) -> Linkage {
    let distances = distances(rows, n, dimensions);
    let merges = named(merge_all(&distances), n);
    let order = order(&merges, &distances, |row| {
        let own: Vec<f64> = values(rows, row, dimensions).filter(|value| value.is_finite()).collect();
        own.iter().sum::<f64>() / own.len().max(1) as f64
    });
    Linkage { merges, order }
}

/// Values of a row.
fn values(rows: &[f32], row: usize, dimensions: usize) -> impl Iterator<Item = f64> + '_ {
    (0..dimensions).map(move |at| rows.get(row * dimensions + at).map_or(f64::NAN, |value| f64::from(*value)))
}

/// Euclidean distances of all pairs.
fn distances(rows: &[f32], n: usize, dimensions: usize) -> Distances {
    let mut half = Vec::with_capacity(n * n.saturating_sub(1) / 2);
    for a in 0..n {
        for b in a + 1..n {
            let pairs = values(rows, a, dimensions).zip(values(rows, b, dimensions));
            let (mut sum, mut shared) = (0.0, 0_usize);
            for difference in pairs.map(|(x, y)| x - y).filter(|difference| difference.is_finite()) {
                sum += difference * difference;
                shared += 1;
            }
            let scale = dimensions as f64 / shared.max(1) as f64;
            half.push(if shared > 0 || dimensions == 0 { (sum * scale).sqrt() } else { f64::NAN });
        }
    }
    let furthest = half.iter().copied().filter(|distance| distance.is_finite()).fold(0.0, f64::max);
    half.iter_mut().filter(|distance| !distance.is_finite()).for_each(|distance| *distance = furthest);
    Distances { rows: n, half }
}

/// Merges along chains of nearest neighbours: two groups that are each other's nearest are merged at once, which gives
/// the merges of always taking the closest pair in another order and in time n². A group keeps the place of its second
/// part; the merges are returned as (place that ends, place that stays, distance), closest first.
fn merge_all(distances: &Distances) -> Vec<(usize, usize, f64)> {
    let n = distances.rows;
    let mut own = Distances { rows: n, half: distances.half.clone() };
    let mut size = vec![1_usize; n];
    let mut chain: Vec<usize> = Vec::new();
    let mut found = Vec::with_capacity(n.saturating_sub(1));
    while found.len() + 1 < n {
        if chain.is_empty() {
            chain.extend((0..n).find(|group| size[*group] > 0));
        }
        let Some(last) = chain.last().copied() else { break };
        // On a tie the chain turns back, so that it ends.
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        let mut nearest = before.map(|group| (own.of(last, group), group));
        for group in (0..n).filter(|group| size[*group] > 0 && *group != last) {
            let distance = own.of(last, group);
            if nearest.is_none_or(|(closest, _)| distance < closest) {
                nearest = Some((distance, group));
            }
        }
        let Some((distance, group)) = nearest else { break };
        if Some(group) != before {
            chain.push(group);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (ends, stays) = (size[last] as f64, size[group] as f64);
        for other in (0..n).filter(|other| size[*other] > 0 && *other != last && *other != group) {
            let mean = (ends * own.of(last, other) + stays * own.of(group, other)) / (ends + stays);
            let place = own.place(group, other);
            own.half[place] = mean;
        }
        size[group] += size[last];
        size[last] = 0;
        found.push((last, group, distance));
    }
    found.sort_by(|a, b| a.2.total_cmp(&b.2));
    found
}

/// Numbers the groups in the order of their merges.
fn named(found: Vec<(usize, usize, f64)>, n: usize) -> Vec<(usize, usize, f64, usize)> {
    // Group that a row is in, found by following the groups upwards.
    let mut above: Vec<usize> = (0..2 * n).collect();
    let mut sizes = vec![1_usize; 2 * n];
    let top = |above: &mut Vec<usize>, mut group: usize| {
        while above[group] != group {
            above[group] = above[above[group]];
            group = above[group];
        }
        group
    };
    let mut merges = Vec::with_capacity(found.len());
    for (number, (a, b, distance)) in found.into_iter().enumerate() {
        let (a, b) = (top(&mut above, a), top(&mut above, b));
        let size = sizes[a] + sizes[b];
        (above[a], above[b], sizes[n + number]) = (n + number, n + number, size);
        merges.push((a.min(b), a.max(b), distance, size));
    }
    merges
}

/// Rows of the tree from one end to the other. Each branch is turned so that the rows that meet are the closest of the
/// four ends, from the leaves upwards: not always the best order of all, but found in time n². The end with the larger
/// values comes first.
fn order(merges: &[(usize, usize, f64, usize)], distances: &Distances, mean: impl Fn(usize) -> f64) -> Vec<usize> {
    let n = distances.rows;
    let mut groups: Vec<Vec<usize>> = (0..n).map(|row| vec![row]).collect();
    for (a, b, _, _) in merges {
        let (mut left, mut right) = (std::mem::take(&mut groups[*a]), std::mem::take(&mut groups[*b]));
        let meeting = |turn_left: bool, turn_right: bool| {
            let end = if turn_left { left.first() } else { left.last() };
            let start = if turn_right { right.last() } else { right.first() };
            end.zip(start).map_or(0.0, |(end, start)| distances.of(*end, *start))
        };
        let turns = [(false, false), (true, false), (false, true), (true, true)];
        let best = turns.into_iter().min_by(|x, y| meeting(x.0, x.1).total_cmp(&meeting(y.0, y.1)));
        let (turn_left, turn_right) = best.unwrap_or_default();
        if turn_left {
            left.reverse();
        }
        if turn_right {
            right.reverse();
        }
        left.append(&mut right);
        groups.push(left);
    }
    let mut rows = groups.pop().unwrap_or_default();
    let ends = rows.first().zip(rows.last()).map(|(first, last)| (mean(*first), mean(*last)));
    if ends.is_some_and(|(first, last)| last > first) {
        rows.reverse();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::{Fork, Linkage, average_linkage};

    #[test]
    fn close_rows_are_merged_first_and_stand_together() {
        // Points on a line: 0, 10, 1, 12, 30.
        let found = average_linkage(&[0.0, 10.0, 1.0, 12.0, 30.0], 5, 1);
        assert_eq!(found.merges[0], (0, 2, 1.0, 2));
        assert_eq!(found.merges[1], (1, 3, 2.0, 2));
        // Mean over the four pairs: (10 + 12 + 9 + 11) / 4.
        assert_eq!(found.merges[2], (5, 6, 10.5, 4));
        assert_eq!(found.merges[3], (4, 7, (30.0 + 20.0 + 29.0 + 18.0) / 4.0, 5));
        assert_eq!(found.order, [4, 3, 1, 2, 0], "the largest first, neighbours side by side");
    }

    #[test]
    fn the_tree_stands_over_the_order() {
        // Order 4, 3, 1, 2, 0 (the test above): rows 0 and 2 are the last two, 1 and 3 the two before.
        let forks = average_linkage(&[0.0, 10.0, 1.0, 12.0, 30.0], 5, 1).forks();
        let furthest = 24.25;
        let expected = [
            ([4.5, 3.5], [0.0, 0.0], 1.0),
            ([2.5, 1.5], [0.0, 0.0], 2.0),
            ([4.0, 2.0], [1.0, 2.0], 10.5),
            ([0.5, 3.0], [0.0, 10.5], furthest),
        ];
        assert_eq!(forks.len(), expected.len());
        for (found, (places, from, height)) in forks.iter().zip(expected) {
            let wanted = Fork { places, from: from.map(|own| own / furthest), height: height / furthest };
            assert_eq!(*found, wanted);
        }
        let equal = average_linkage(&[1.0; 3], 3, 1).forks();
        assert!(equal.iter().all(|fork| fork.height == 1.0), "equal rows: a tree that can be seen all the same");
        assert!(Linkage::default().forks().is_empty());
    }

    #[test]
    fn equal_rows_and_few_rows_are_no_trouble() {
        let equal = average_linkage(&[1.0; 12], 6, 2);
        assert!(equal.merges.iter().all(|merge| merge.2 == 0.0));
        assert_eq!((equal.merges.len(), equal.merges[4].3), (5, 6));
        assert_eq!(average_linkage(&[], 0, 3), Linkage::default());
        assert_eq!(average_linkage(&[1.0, 2.0], 1, 2), Linkage { merges: Vec::new(), order: vec![0] });
        let without_columns = average_linkage(&[], 3, 0);
        assert_eq!((without_columns.merges.len(), without_columns.order.len()), (2, 3));
    }

    #[test]
    fn what_is_not_a_number_is_left_out() {
        const NAN: f32 = f32::NAN;
        let rows = [0.0, 0.0, NAN, 0.1, 9.0, 9.0, NAN, NAN];
        let found = average_linkage(&rows, 4, 2);
        // Rows 0 and 1 share the second dimension: 0.1, scaled to both.
        assert_eq!((found.merges[0].0, found.merges[0].1), (0, 1));
        assert!((found.merges[0].2 - (2.0_f64 * 0.01).sqrt()).abs() < 1e-6);
        assert!(found.merges.iter().all(|merge| merge.2.is_finite()));
        let mut all = found.order;
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3]);
        // Too short a matrix is one with holes.
        assert_eq!(average_linkage(&rows[..6], 4, 2).merges, found.merges);
    }
}
