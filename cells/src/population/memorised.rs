//! Has the model learned its training cells by heart?
//!
//! Does: distances of generated cells to the nearest training cell beside those of held-out measured cells; exact
//! copies.
//! Does not know: which cells the model was trained on beyond what it is given.
//! Flow: components (fitted on the training cells) and counts of three sets → **numbers**.
//!
//! Held-out cells come from the same population and cannot be memorised: generated cells that are nearer to training
//! cells than those are copies more or less. An average cell is near to everything and looks the same: read this beside
//! the discriminator.

use std::collections::HashSet;

use super::distributions::quantile;
use super::error::PopulationError;
use super::nearest_distances;
use super::points::Points;
use crate::counts::Counts;

/// Shares of the held-out cells that are nearer than the distances at which generated cells are counted.
pub const NEAREST: [f64; 2] = [0.01, 0.05];

/// Distances to the nearest training cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memorisation {
    /// Median over the generated cells, in the unit of the coordinates.
    pub generated: f64,
    /// Median over the held-out measured cells.
    pub held_out: f64,
    /// Distances that the [`NEAREST`] shares of the held-out cells are below (percentiles 1 and 5, linear between the
    /// two nearest cells).
    pub distances: [f64; 2],
    /// Shares of the generated cells that are nearer than those; without memorisation they are about the [`NEAREST`]
    /// shares. 0 when a distance is 0, as when held-out cells repeat training cells.
    pub nearer: [f64; 2],
}

/// Compares how near generated and held-out measured cells come to training cells. The first percentile means little
/// with fewer than a few hundred held-out cells.
///
/// # Errors
/// When the points have different dimensions, or a set is empty.
pub fn memorisation(training: Points, held_out: Points, generated: Points) -> Result<Memorisation, PopulationError> {
    for (points, name) in [(training, "training"), (held_out, "held-out"), (generated, "generated")] {
        training.same_space(points.dimensions())?;
        if points.is_empty() {
            return Err(PopulationError::Empty(name));
        }
    }
    let to_training = |points: Points| nearest_distances(points.values(), training.values(), training.dimensions());
    let (of_held_out, of_generated) = (to_training(held_out), to_training(generated));
    let distances = NEAREST.map(|share| quantile(&of_held_out, share));
    let nearer = distances.map(|limit| of_generated.partition_point(|distance| f64::from(*distance) < limit));
    Ok(Memorisation {
        generated: quantile(&of_generated, 0.5),
        held_out: quantile(&of_held_out, 0.5),
        distances,
        nearer: nearer.map(|count| count as f64 / generated.len() as f64),
    })
}

/// Number of cells whose counts are those of a training cell, gene by gene. Cells without counts are not copies.
/// Held-out measured cells show how many are the same by chance (shallow cells can be).
///
/// # Errors
/// When the sides differ in genes.
pub fn exact_copies(training: &Counts, cells: &Counts) -> Result<usize, PopulationError> {
    if training.genes() != cells.genes() {
        return Err(PopulationError::Genes { left: training.genes(), right: cells.genes() });
    }
    // Hashed by genes and counts, and compared where the hash is the same.
    let known: HashSet<(&[u32], &[u32])> = (0..training.cells()).map(|cell| training.row(cell)).collect();
    let own = (0..cells.cells()).map(|cell| cells.row(cell));
    Ok(own.filter(|row| !row.0.is_empty() && known.contains(row)).count())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use rand_chacha::ChaCha8Rng;
    use rand_core::{RngCore, SeedableRng};

    use super::{exact_copies, memorisation};
    use crate::counts::Counts;
    use crate::population::{Points, PopulationError};

    /// Points of three dimensions, even in a cube.
    fn cloud(points: usize, seed: u64) -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..3 * points).map(|_| random.next_u32() as f32 / u32::MAX as f32).collect()
    }

    #[test]
    fn planted_neighbours_are_found_and_honest_cells_are_not() {
        let (training, held_out, honest) = (cloud(500, 1), cloud(400, 2), cloud(400, 3));
        let points = |values| Points::new(values, 3).unwrap();
        let found = memorisation(points(&training), points(&held_out), points(&honest)).unwrap();
        // Both are draws of one population: 4 and 20 of 400 expected, standard deviations 2 and 4.4.
        assert!(found.nearer[0] < 0.03 && (0.01..0.10).contains(&found.nearer[1]), "{found:?}");
        assert!((found.generated / found.held_out - 1.0).abs() < 0.1, "{found:?}");
        // 120 of 400 stand beside a training cell.
        let mut planted = honest.clone();
        planted.iter_mut().zip(&training).take(360).for_each(|(value, copied)| *value = copied + 1e-5);
        let found = memorisation(points(&training), points(&held_out), points(&planted)).unwrap();
        assert!((0.30..0.33).contains(&found.nearer[0]) && found.nearer[1] >= found.nearer[0], "{found:?}");
        assert!(found.generated < found.held_out);
        // Held-out cells that repeat training cells leave no distance to be nearer than.
        let repeated = memorisation(points(&training), points(&training), points(&planted)).unwrap();
        assert_eq!((repeated.distances, repeated.nearer), ([0.0; 2], [0.0; 2]));
    }

    #[test]
    fn empty_sets_and_other_spaces_are_refused() {
        let cells = cloud(4, 1);
        let (three, two, none) = (Points::new(&cells, 3), Points::new(&cells, 2), Points::new(&[], 3));
        let (three, two, none) = (three.unwrap(), two.unwrap(), none.unwrap());
        assert_eq!(memorisation(three, none, three), Err(PopulationError::Empty("held-out")));
        assert_eq!(memorisation(none, three, three), Err(PopulationError::Empty("training")));
        assert_eq!(memorisation(three, three, two), Err(PopulationError::Dimensions { left: 3, right: 2 }));
    }

    #[test]
    fn planted_copies_are_counted() {
        let training = [[1, 0, 3, 0], [0, 2, 0, 0], [0, 0, 0, 0], [5, 5, 5, 5]];
        // A copy, the same counts on other genes, one count off, a copy twice, and an empty cell.
        let cells = [[1, 0, 3, 0], [0, 1, 3, 0], [0, 3, 0, 0], [5, 5, 5, 5], [5, 5, 5, 5], [0, 0, 0, 0]];
        let counts = |rows: &[[u32; 4]]| Counts::from_dense_rows(4, rows.iter().map(|row| row.as_slice()));
        assert_eq!(exact_copies(&counts(&training), &counts(&cells)), Ok(3));
        assert_eq!(exact_copies(&counts(&[]), &counts(&cells)), Ok(0));
        let fewer = Counts::empty(3);
        assert_eq!(exact_copies(&fewer, &counts(&cells)), Err(PopulationError::Genes { left: 3, right: 4 }));
    }
}
