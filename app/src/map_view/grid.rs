//! Points sorted into squares, so that the ones near a place are found without looking at all.
//!
//! Does: builds in one pass, finds the nearest point and all points of a rectangle.
//! Does not know: pixels, layers.
//! Flow: coordinates [n, 2] → **grid** → hover, selection, nearest measured cell.

use super::point;

/// Points per square, on average over the map.
const FULL: usize = 4;
/// Most squares.
const MOST: usize = 1 << 20;

/// A uniform grid over points; the points themselves stay with the caller.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    low: (f32, f32),
    side: f32,
    columns: usize,
    rows: usize,
    /// Where each square's points begin in `items`; one more at the end.
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Grid {
    /// Sorts the finite ones of coordinates [n, 2].
    pub fn new(points: &[f32]) -> Self {
        let Some(bounds) = super::view::Bounds::around(points) else { return Self::default() };
        let low = (bounds.low.0 as f32, bounds.low.1 as f32);
        let span = ((bounds.high.0 - bounds.low.0).max(1e-6), (bounds.high.1 - bounds.low.1).max(1e-6));
        let squares = (points.len() / 2 / FULL).clamp(1, MOST) as f64;
        // A map that is all but a line has one row of squares, not millions of columns.
        let side = (span.0 * span.1 / squares).sqrt().max(span.0.max(span.1) / squares) as f32;
        let count = |span: f64| (span / f64::from(side)).floor() as usize + 1;
        let (columns, rows) = (count(span.0), count(span.1));
        let mut grid = Self { low, side, columns, rows, starts: vec![0; columns * rows + 1], items: Vec::new() };
        let of: Vec<Option<usize>> =
            (0..points.len() / 2).map(|index| point(points, index).map(|at| grid.square(at))).collect();
        for square in of.iter().flatten() {
            grid.starts[square + 1] += 1;
        }
        for square in 0..columns * rows {
            grid.starts[square + 1] += grid.starts[square];
        }
        let mut next = grid.starts.clone();
        grid.items = vec![0; of.iter().flatten().count()];
        for (index, square) in of.iter().enumerate() {
            if let Some(square) = square {
                grid.items[next[*square] as usize] = index as u32;
                next[*square] += 1;
            }
        }
        grid
    }

    /// Column or row of a distance from the low edge.
    fn step(&self, along: f32, count: usize) -> usize {
        // Negative and undefined distances become 0.
        ((along / self.side) as usize).min(count.saturating_sub(1))
    }

    /// Square of a place; the nearest one outside the grid.
    fn square(&self, at: (f32, f32)) -> usize {
        self.step(at.1 - self.low.1, self.rows) * self.columns + self.step(at.0 - self.low.0, self.columns)
    }

    /// Hands over every point in the squares that a rectangle touches; some may lie outside it.
    pub fn around(&self, low: (f32, f32), high: (f32, f32), mut take: impl FnMut(usize)) {
        if self.items.is_empty() {
            return;
        }
        let columns = self.step(low.0 - self.low.0, self.columns)..=self.step(high.0 - self.low.0, self.columns);
        for row in self.step(low.1 - self.low.1, self.rows)..=self.step(high.1 - self.low.1, self.rows) {
            let first = self.starts[row * self.columns + columns.start()] as usize;
            let last = self.starts[row * self.columns + columns.end() + 1] as usize;
            self.items[first..last].iter().for_each(|item| take(*item as usize));
        }
    }

    /// Nearest of the accepted points within a distance; of two at the same place the later one, which is drawn on
    /// top. `points` are those that the grid was made of.
    pub fn nearest(
        &self,
        points: &[f32],
        at: (f32, f32),
        within: f32,
        accept: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut best: Option<(f32, usize)> = None;
        self.around((at.0 - within, at.1 - within), (at.0 + within, at.1 + within), |index| {
            let Some((x, y)) = point(points, index) else { return };
            let distance = (x - at.0).powi(2) + (y - at.1).powi(2);
            let better = best.is_none_or(|(least, own)| distance < least || (distance == least && index > own));
            if distance <= within * within && better && accept(index) {
                best = Some((distance, index));
            }
        });
        best.map(|(_, index)| index)
    }

    /// Nearest point of all, however far.
    pub fn closest(&self, points: &[f32], at: (f32, f32)) -> Option<usize> {
        if self.items.is_empty() || !at.0.is_finite() || !at.1.is_finite() {
            return None;
        }
        let mut within = self.side;
        loop {
            if let Some(found) = self.nearest(points, at, within, |_| true) {
                return Some(found);
            }
            // Grows until it reaches the grid from wherever the place is.
            within *= 2.0;
            if !within.is_finite() {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;
    use crate::map_view::point;

    fn points() -> Vec<f32> {
        let mut seed = 7_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / 1e6
        };
        let mut points: Vec<f32> = (0..2000).map(|_| next()).collect();
        points[40] = f32::NAN;
        points
    }

    fn slowly(points: &[f32], at: (f32, f32)) -> Option<usize> {
        let distance = |index: &usize| {
            point(points, *index).map_or(f32::INFINITY, |(x, y)| (x - at.0).powi(2) + (y - at.1).powi(2))
        };
        (0..points.len() / 2).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }

    #[test]
    fn the_nearest_is_the_one_that_all_would_name() {
        let points = points();
        let grid = Grid::new(&points);
        for at in [(0.0, 0.0), (8.0, 8.0), (16.7, 0.1), (-40.0, 90.0), (3.3, 12.1)] {
            assert_eq!(grid.closest(&points, at), slowly(&points, at), "{at:?}");
        }
        assert_eq!(grid.nearest(&points, (-40.0, 90.0), 1.0, |_| true), None);
        let first = grid.closest(&points, (8.0, 8.0));
        assert_ne!(grid.nearest(&points, (8.0, 8.0), 5.0, |index| Some(index) != first), first);
        assert_eq!(grid.closest(&points, (f32::NAN, 0.0)), None);
    }

    #[test]
    fn odd_maps_are_borne() {
        assert_eq!(Grid::new(&[]).closest(&[], (0.0, 0.0)), None);
        assert_eq!(Grid::new(&[f32::NAN, 1.0]).closest(&[f32::NAN, 1.0], (0.0, 0.0)), None);
        let same = [2.0; 20];
        assert_eq!(Grid::new(&same).closest(&same, (0.0, 0.0)), Some(9));
        let line: Vec<f32> = (0..1000).flat_map(|x| [x as f32, 0.0]).collect();
        assert_eq!(Grid::new(&line).closest(&line, (500.2, 3.0)), Some(500));
        let mut seen = 0;
        Grid::new(&line).around((-5.0, -1.0), (2000.0, 1.0), |_| seen += 1);
        assert_eq!(seen, 1000);
    }
}
