//! A gene's expression in a group of cells, in a few numbers.
//!
//! Does: mean, share of cells with the gene, distance from the gene's mean in standard deviations, probabilities in
//! words.
//! Does not know: genes' names, how values were normalised.
//! Flow: values of cells → **numbers** → dot plot, heat map, tables.

/// Mean; 0 of nothing.
pub fn mean(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value)).sum::<f64>() / values.len().max(1) as f64
}

/// Share of cells with the gene; 0 of nothing.
pub fn share(values: &[f32]) -> f64 {
    values.iter().filter(|value| **value > 0.0).count() as f64 / values.len().max(1) as f64
}

/// Values minus their mean, in standard deviations (of a population); zeros where all are equal.
pub fn standardised(values: &[f32]) -> Vec<f32> {
    let mean = mean(values);
    let square =
        values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64;
    let deviation = square.sqrt();
    let of = |value: &f32| if deviation > 1e-9 { ((f64::from(*value) - mean) / deviation) as f32 } else { 0.0 };
    values.iter().map(of).collect()
}

/// A probability in words; one that is too small for a number is below the smallest, never 0.
pub fn probability(value: f64) -> String {
    /// The smallest number that is written.
    const LEAST: f64 = 1e-300;
    let text = match value {
        _ if value.is_nan() => "–".to_owned(),
        _ if value < LEAST => "< 1e-300".to_owned(),
        _ if value < 0.001 => format!("{value:.1e}"),
        _ => format!("{value:.3}"),
    };
    text.replace('-', "−")
}

/// The same of a number that was kept in single precision, which ends far sooner.
pub fn probability_single(value: f32) -> String {
    if value < f32::MIN_POSITIVE { "< 1.2e−38".to_owned() } else { probability(f64::from(value)) }
}

#[cfg(test)]
mod tests {
    use super::{mean, probability, probability_single, share, standardised};

    #[test]
    fn a_probability_is_never_nothing() {
        let words = [0.0, 1e-310, 2.34e-7, 0.0004, 0.04567, 1.0, f64::NAN].map(probability);
        assert_eq!(words, ["< 1e−300", "< 1e−300", "2.3e−7", "4.0e−4", "0.046", "1.000", "–"]);
        let words = [0.0, 1e-40, 2e-38, 0.0456, f32::NAN].map(probability_single);
        assert_eq!(words, ["< 1.2e−38", "< 1.2e−38", "2.0e−38", "0.046", "–"], "nothing is claimed that was not kept");
    }

    #[test]
    fn numbers_of_a_group() {
        let values = [0.0, 0.0, 3.0, 1.0];
        assert_eq!((mean(&values), share(&values)), (1.0, 0.5));
        assert_eq!((mean(&[]), share(&[])), (0.0, 0.0));
        let z = standardised(&values);
        assert!(z.iter().sum::<f32>().abs() < 1e-6);
        assert!((z.iter().map(|z| z * z).sum::<f32>() / 4.0 - 1.0).abs() < 1e-5);
        assert_eq!(standardised(&[0.3, 0.3]), [0.0, 0.0]);
        assert!(standardised(&[]).is_empty());
    }
}
