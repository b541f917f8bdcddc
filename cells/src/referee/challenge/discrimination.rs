//! Whether a predicted effect is nearest to its own measured one.
//!
//! Does: the discrimination score of perturbations by the cosine of effects, genes that any perturbation targets left
//! out on both sides.
//! Does not know: where effects come from, names.
//! Flow: bulks of all perturbations and of the control → **numbers** → `challenge`.
//!
//! `referee::effects::discrimination` is the older rule: it leaves out one gene a row and divides by n.

/// Sums that a scalar product is split into, so that the compiler can take several products at once.
const LANES: usize = 8;

/// 1 − rank / (n − 1) of every prediction's own measured effect among all n measured ones, nearest first, equal
/// distances at their middle rank; 1 for a single perturbation. `bulks` are pairs (measured, predicted) [G] each,
/// `control` is the measured control's, `left_out` marks genes [G] that are not looked at.
pub(super) fn discrimination(bulks: &[(&[f64], &[f64])], control: &[f64], left_out: &[bool]) -> Vec<f64> {
    let effect = |bulk: &[f64]| -> Vec<f64> {
        let genes = bulk.iter().zip(control).zip(left_out).filter(|(_, left_out)| !**left_out);
        genes.map(|((value, control), _)| value - control).collect()
    };
    let lengths = |effects: &[Vec<f64>]| -> Vec<f64> { effects.iter().map(|own| product(own, own).sqrt()).collect() };
    let real: Vec<Vec<f64>> = bulks.iter().map(|(real, _)| effect(real)).collect();
    let predicted: Vec<Vec<f64>> = bulks.iter().map(|(_, predicted)| effect(predicted)).collect();
    let (real_lengths, lengths) = (lengths(&real), lengths(&predicted));
    let of_one = |(own, (prediction, length)): (usize, (&Vec<f64>, &f64))| {
        let cosine = |(truth, real_length): (&Vec<f64>, &f64)| {
            // An effect of nothing has no direction: as far as two that have nothing in common.
            let lengths = length * real_length;
            if lengths == 0.0 { 0.0 } else { product(prediction, truth) / lengths }
        };
        let distances: Vec<f64> =
            real.iter().zip(&real_lengths).map(|truth| (1.0 - cosine(truth)).clamp(0.0, 2.0)).collect();
        rank_score(&distances, own)
    };
    predicted.iter().zip(&lengths).enumerate().map(of_one).collect()
}

/// 1 − middle rank of the own distance over the number of others.
fn rank_score(distances: &[f64], own: usize) -> f64 {
    let others = distances.len() - 1;
    if others == 0 {
        return 1.0;
    }
    let closer = distances.iter().filter(|other| **other < distances[own]).count() as f64;
    let tied = distances.iter().filter(|other| **other == distances[own]).count() as f64 - 1.0;
    1.0 - (closer + tied / 2.0) / others as f64
}

/// Scalar product; the order of sums is fixed, so that equal effects are equally far.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let (heads, tails) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = heads.remainder().iter().zip(tails.remainder()).map(|(a, b)| a * b).sum();
    let mut lanes = [0.0; LANES];
    for (a, b) in heads.zip(tails) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::{discrimination, product};

    #[test]
    fn the_nearest_counts_and_ties_share() {
        let control = [0.0; 3];
        let real = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 2.0, 0.0]];
        let scores = |predicted: &[[f64; 3]], left_out: [bool; 3]| {
            let bulks: Vec<(&[f64], &[f64])> =
                real.iter().zip(predicted).map(|(a, b)| (a.as_slice(), b.as_slice())).collect();
            discrimination(&bulks, &control, &left_out)
        };
        // The second and third point the same way, so they tie at the first two ranks: 1 − ½ / 2.
        assert_eq!(scores(&real, [false; 3]), [1.0, 0.75, 0.75]);
        // Nothing ties with everything, and so does all once the genes are left out.
        assert_eq!(scores(&[[0.0; 3]; 3], [false; 3]), [0.5; 3]);
        assert_eq!(scores(&real, [true, true, false]), [0.5; 3]);
        // Opposite: two are nearer.
        assert_eq!(scores(&[[-1.0, 0.0, 0.0], real[1], real[2]], [false; 3])[0], 0.0);
    }

    #[test]
    fn products_take_every_gene() {
        let values: Vec<f64> = (1..=21).map(f64::from).collect();
        // Σ k² for k to 21.
        assert_eq!(product(&values, &values), 3311.0);
    }
}
