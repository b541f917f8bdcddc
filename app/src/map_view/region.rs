//! Parts of the map that a person draws: a box or a lasso.
//!
//! Does: says what lies inside.
//! Does not know: pointers, layers.
//! Flow: drag → **region** + grid → selected points.

use super::grid::Grid;
use super::point;

/// A region in the map's coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum Region {
    /// Between two corners.
    Box((f64, f64), (f64, f64)),
    /// Inside a closed line.
    Lasso(Vec<(f64, f64)>),
}

impl Region {
    /// Lowest and highest x and y; `None` without any corner.
    fn reach(&self) -> Option<((f64, f64), (f64, f64))> {
        let corners: Vec<(f64, f64)> = match self {
            Self::Box(a, b) => vec![*a, *b],
            Self::Lasso(corners) => corners.clone(),
        };
        let first = *corners.first()?;
        Some(corners.iter().fold((first, first), |(low, high), at| {
            ((low.0.min(at.0), low.1.min(at.1)), (high.0.max(at.0), high.1.max(at.1)))
        }))
    }

    /// Whether a place lies inside. A lasso that crosses itself leaves out what it goes round twice.
    pub fn contains(&self, at: (f64, f64)) -> bool {
        match self {
            Self::Box(a, b) => {
                let between = |value: f64, a: f64, b: f64| a.min(b) <= value && value <= a.max(b);
                between(at.0, a.0, b.0) && between(at.1, a.1, b.1)
            }
            Self::Lasso(corners) => {
                let mut inside = false;
                for (place, a) in corners.iter().enumerate() {
                    let b = corners[(place + 1) % corners.len()];
                    // A ray to the right crosses this edge.
                    let spans = (a.1 > at.1) != (b.1 > at.1);
                    if spans && at.0 < a.0 + (at.1 - a.1) / (b.1 - a.1) * (b.0 - a.0) {
                        inside = !inside;
                    }
                }
                inside
            }
        }
    }

    /// The accepted points inside, in order.
    pub fn select(&self, grid: &Grid, points: &[f32], accept: impl Fn(usize) -> bool) -> Vec<u32> {
        let Some((low, high)) = self.reach() else { return Vec::new() };
        let mut found = Vec::new();
        grid.around((low.0 as f32, low.1 as f32), (high.0 as f32, high.1 as f32), |index| {
            let inside =
                point(points, index).is_some_and(|(x, y)| self.contains((f64::from(x), f64::from(y)))) && accept(index);
            if inside {
                found.push(index as u32);
            }
        });
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::{Grid, Region};

    /// Points (0, 0) to (9, 9), row by row.
    fn points() -> Vec<f32> {
        (0..100).flat_map(|index| [(index % 10) as f32, (index / 10) as f32]).collect()
    }

    #[test]
    fn a_box_holds_what_lies_between_its_corners() {
        let points = points();
        let grid = Grid::new(&points);
        let region = Region::Box((4.5, 1.5), (1.5, 0.0));
        assert_eq!(region.select(&grid, &points, |_| true), [2, 3, 4, 12, 13, 14]);
        assert_eq!(region.select(&grid, &points, |index| index != 3), [2, 4, 12, 13, 14]);
        assert!(Region::Box((20.0, 20.0), (30.0, 30.0)).select(&grid, &points, |_| true).is_empty());
    }

    #[test]
    fn the_mouth_of_a_lasso_is_outside() {
        // A C.
        let line = [(0.0, 0.0), (4.0, 0.0), (4.0, 1.0), (1.0, 1.0), (1.0, 3.0), (4.0, 3.0), (4.0, 4.0), (0.0, 4.0)];
        let lasso = Region::Lasso(line.to_vec());
        assert!(lasso.contains((0.5, 2.0)) && lasso.contains((3.0, 0.5)));
        assert!(!lasso.contains((3.0, 2.0)) && !lasso.contains((5.0, 0.5)));
        assert!(!Region::Lasso(Vec::new()).contains((0.0, 0.0)));
    }

    #[test]
    fn a_lasso_holds_what_it_goes_round() {
        let points = points();
        let grid = Grid::new(&points);
        // A triangle over the lower left half of a 4 × 4 square.
        let triangle = Region::Lasso(vec![(-0.5, -0.5), (3.2, -0.5), (-0.5, 3.2)]);
        assert_eq!(triangle.select(&grid, &points, |_| true), [0, 1, 2, 10, 11, 20]);
        // A notch is left out.
        let notch = Region::Lasso(vec![(-0.5, -0.5), (4.5, -0.5), (4.5, 0.5), (2.0, -0.2), (-0.5, 0.5)]);
        assert_eq!(notch.select(&grid, &points, |_| true), [0, 1, 3, 4]);
        assert!(Region::Lasso(Vec::new()).select(&grid, &points, |_| true).is_empty());
        assert!(!Region::Lasso(vec![(0.0, 0.0)]).contains((0.0, 0.0)));
    }
}
