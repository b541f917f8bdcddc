//! How gene programmes are spread over cells.
//!
//! Does: scores cells by sets of genes, compares the spread of the scores on two sides, and counts responders.
//! Does not know: which side is generated, where sets come from.
//! Flow: log-normalised cells + gene sets → **scores** → spread beside that of two halves of the measured cells.
//!
//! A model that draws genes one by one can have every mean and every variance right and still make cells that differ from
//! each other less than measured ones do: a programme's score is a sum over its genes, whose variance lives on what they
//! have in common.

use crate::normalise::Normalised;

/// Score of every cell: mean log-normalised value over the genes of a set (places in the panel); 0 of an empty set.
///
/// ```
/// use cells::Counts;
/// use cells::normalise::{Target, log_normalise};
/// use cells::population::programmes::scores;
/// let cells = Counts::from_dense_rows(3, [[1, 1, 2].as_slice(), [0, 4, 0].as_slice()]);
/// let data = log_normalise(&cells, Target::Sum(4.0));
/// let found = scores(&data, &[0, 1]);
/// assert!((found[0] - 2_f64.ln()).abs() < 1e-6 && (found[1] - 5_f64.ln() / 2.0).abs() < 1e-6);
/// ```
pub fn scores(data: &Normalised, set: &[u32]) -> Vec<f64> {
    let mut member = vec![false; data.genes()];
    set.iter().for_each(|gene| member[*gene as usize] = true);
    let size = member.iter().filter(|own| **own).count().max(1) as f64;
    let of_cell = |cell: usize| {
        let (genes, values) = data.row(cell);
        let own = genes.iter().zip(values).filter(|(gene, _)| member[**gene as usize]);
        own.map(|(_, value)| f64::from(*value)).sum::<f64>() / size
    };
    (0..data.cells()).map(of_cell).collect()
}

/// Variance of some scores; 0 of fewer than two.
pub fn variance(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// Largest distance of the two distribution functions (Kolmogorov-Smirnov); 0 without values.
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let sorted = |values: &[f64]| {
        let mut own = values.to_vec();
        own.sort_by(f64::total_cmp);
        own
    };
    let (a, b) = (sorted(a), sorted(b));
    let (mut at_a, mut at_b, mut most) = (0, 0, 0.0_f64);
    while at_a < a.len() && at_b < b.len() {
        let value = a[at_a].min(b[at_b]);
        at_a += a[at_a..].iter().take_while(|own| **own <= value).count();
        at_b += b[at_b..].iter().take_while(|own| **own <= value).count();
        most = most.max((at_a as f64 / a.len() as f64 - at_b as f64 / b.len() as f64).abs());
    }
    most
}

/// Share of scores above the `quantile` of the control's; 0 without either.
pub fn responders(scores: &[f64], control: &[f64], quantile: f64) -> f64 {
    let mut sorted = control.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = ((sorted.len() as f64 * quantile) as usize).min(sorted.len().saturating_sub(1));
    let Some(cut) = sorted.get(place) else { return 0.0 };
    scores.iter().filter(|score| *score > cut).count() as f64 / scores.len().max(1) as f64
}

/// How the programmes of one side are spread beside those of another.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Mean over the sets of the Kolmogorov-Smirnov distance of scores.
    pub distance: f64,
    /// Geometric mean over the sets of the variance on this side over that on the other.
    pub variance_ratio: f64,
    /// Sets that vary on both sides.
    pub sets: usize,
}

/// Compares the spread of gene sets on two sides; sets that do not vary on one of them are left out.
pub fn spread(reference: &Normalised, own: &Normalised, sets: &[Vec<u32>]) -> Spread {
    let mut found = Spread::default();
    let mut log_ratio = 0.0;
    for set in sets {
        let (a, b) = (scores(reference, set), scores(own, set));
        let (va, vb) = (variance(&a), variance(&b));
        if va > 0.0 && vb > 0.0 {
            found.distance += kolmogorov_smirnov(&a, &b);
            log_ratio += (vb / va).ln();
            found.sets += 1;
        }
    }
    let count = found.sets.max(1) as f64;
    found.distance /= count;
    found.variance_ratio = (log_ratio / count).exp();
    found
}

/// Sets of a GMT file (name, description, genes by tabs) on a panel; sets with fewer than `least` of its genes are left
/// out.
pub fn sets_of(gmt: &str, genes: &[String], least: usize) -> Vec<(String, Vec<u32>)> {
    let place: std::collections::HashMap<&str, u32> =
        genes.iter().enumerate().map(|(place, gene)| (gene.as_str(), place as u32)).collect();
    let of_line = |line: &str| {
        let mut fields = line.trim_end().split('\t');
        let name = fields.next()?.to_owned();
        let found: Vec<u32> = fields.skip(1).filter_map(|gene| place.get(gene).copied()).collect();
        (found.len() >= least).then_some((name, found))
    };
    gmt.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::{kolmogorov_smirnov, responders, sets_of, spread};
    use crate::counts::Counts;
    use crate::normalise::{Target, log_normalise};
    use crate::random::Random;

    #[test]
    fn distances_by_hand() {
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        // As scipy.stats.ks_2samp: after 2, one half against all.
        assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 2.0, 5.0], &[1.0, 2.0]), 0.25);
        assert_eq!(kolmogorov_smirnov(&[], &[1.0]), 0.0);
        assert_eq!(responders(&[1.0, 5.0, 6.0, 0.0], &[0.0, 1.0, 2.0, 3.0], 0.95), 0.5);
        assert_eq!(responders(&[1.0], &[], 0.95), 0.0);
    }

    #[test]
    fn genes_that_are_drawn_apart_spread_their_programme_less() {
        let (mut random, cells) = (Random::new(5), 600);
        // Ten genes of a programme that is off or on in a cell; then the same genes shuffled over cells.
        let rows: Vec<Vec<u32>> = (0..cells)
            .map(|cell| {
                let mean = if cell % 2 == 0 { 1.0 } else { 6.0 };
                let mut row: Vec<u32> = (0..10).map(|_| random.negative_binomial(mean, 0.2)).collect();
                row.push(100);
                row
            })
            .collect();
        let apart: Vec<Vec<u32>> =
            (0..cells).map(|_| (0..11).map(|gene| rows[random.below(cells)][gene]).collect()).collect();
        let data = |rows: &[Vec<u32>]| {
            log_normalise(&Counts::from_dense_rows(11, rows.iter().map(Vec::as_slice)), Target::Sum(100.0))
        };
        let sets = vec![(0..10).collect::<Vec<u32>>()];
        let (half, other) = (data(&rows[..cells / 2]), data(&rows[cells / 2..]));
        let (alike, lost) = (spread(&half, &other, &sets), spread(&half, &data(&apart), &sets));
        assert!(alike.distance < 0.12 && (0.8..1.25).contains(&alike.variance_ratio), "{alike:?}");
        assert!(lost.distance > 0.25 && lost.variance_ratio < 0.3, "{lost:?}");
    }

    #[test]
    fn sets_are_read_on_a_panel() {
        let genes = ["A", "B", "C"].map(str::to_owned);
        let found = sets_of("FIRST\thttp://x\tA\tC\tZ\nSECOND\t\tB\n", &genes, 2);
        assert_eq!(found, [("FIRST".to_owned(), vec![0, 2])]);
    }
}
