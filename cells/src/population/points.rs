//! Coordinates of cells, checked once.
//!
//! Does: a borrowed set of points [n, dimensions] whose values are whole points and finite.
//! Does not know: what the coordinates are (here: principal components).
//! Flow: `cells::pca` → **points** → classifier, discriminator, memorisation.

use super::error::PopulationError;

/// Points [n, dimensions], row by row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Points<'a> {
    values: &'a [f32],
    dimensions: usize,
}

impl<'a> Points<'a> {
    /// Points from their coordinates [n, dimensions].
    ///
    /// # Errors
    /// When the coordinates do not divide into points, or one is not finite.
    pub fn new(values: &'a [f32], dimensions: usize) -> Result<Self, PopulationError> {
        if dimensions == 0 || !values.len().is_multiple_of(dimensions) {
            return Err(PopulationError::Shape { values: values.len(), dimensions });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            return Err(PopulationError::NotFinite { point: place / dimensions, dimension: place % dimensions });
        }
        Ok(Self { values, dimensions })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Dimensions of a point.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// All coordinates [n, dimensions].
    pub fn values(&self) -> &'a [f32] {
        self.values
    }

    /// Coordinates of one point.
    pub fn row(&self, point: usize) -> &'a [f32] {
        &self.values[point * self.dimensions..(point + 1) * self.dimensions]
    }

    /// Coordinates of the named points, in that order.
    pub fn select(&self, points: &[usize]) -> Vec<f32> {
        points.iter().flat_map(|point| self.row(*point).iter().copied()).collect()
    }

    /// Refuses points of another space.
    pub(super) fn same_space(&self, other: usize) -> Result<(), PopulationError> {
        if self.dimensions == other {
            return Ok(());
        }
        Err(PopulationError::Dimensions { left: self.dimensions, right: other })
    }
}

#[cfg(test)]
mod tests {
    use super::Points;
    use crate::population::PopulationError;

    #[test]
    fn only_whole_and_finite_points_pass() {
        assert_eq!(Points::new(&[1.0, 2.0, 3.0], 2), Err(PopulationError::Shape { values: 3, dimensions: 2 }));
        assert_eq!(Points::new(&[], 0), Err(PopulationError::Shape { values: 0, dimensions: 0 }));
        let bad = Points::new(&[1.0, 2.0, 3.0, f32::NAN], 2);
        assert_eq!(bad, Err(PopulationError::NotFinite { point: 1, dimension: 1 }));
        let good = Points::new(&[1.0, 2.0, 3.0, 4.0], 2);
        assert_eq!(good.map(|points| points.select(&[1, 0])), Ok(vec![3.0, 4.0, 1.0, 2.0]));
    }
}
