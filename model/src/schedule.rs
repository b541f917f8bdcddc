//! How many genes each sampling step reveals.
//!
//! Does: the cosine schedule of PAPER.md section 6, as counts that add up to G exactly.
//! Does not know: which genes those are (`random`), nor what their values become.
//! Flow: fixed before the first step of the walk back from noise.

/// Genes revealed after each of `steps` steps, cumulative; the last entry is `genes`.
///
/// The masked fraction after step i is cos(π i / 2N) (MaskGIT's schedule; the paper leaves the
/// formula open). For N = 3 and G = 18,080 the steps reveal 2422, 6618 and 9040 genes.
/// `steps` of 0 is read as 1.
pub fn cosine_schedule(genes: usize, steps: usize) -> Vec<usize> {
    let steps = steps.max(1);
    (1..=steps)
        .map(|step| {
            if step == steps {
                return genes;
            }
            let masked = (std::f64::consts::FRAC_PI_2 * step as f64 / steps as f64).cos();
            ((1.0 - masked) * genes as f64).round() as usize
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::cosine_schedule;
    use proptest::prelude::proptest;

    #[test]
    fn the_three_steps_of_the_paper() {
        assert_eq!(cosine_schedule(18_080, 3), [2422, 2422 + 6618, 18_080]);
    }

    proptest! {
        #[test]
        fn reveals_every_gene_once(genes in 0_usize..30_000, steps in 0_usize..300) {
            let schedule = cosine_schedule(genes, steps);
            assert_eq!(schedule.len(), steps.max(1));
            assert_eq!(*schedule.last().expect("at least one step"), genes);
            assert!(schedule.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }
}
