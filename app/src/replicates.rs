//! How sure a difference is over replicate seeds.
//!
//! Does: the 95 % t interval of a mean over a few replicates.
//! Does not know: cells, genes.
//! Flow: one difference per seed → **interval** → table, gene card.

/// 97.5 % quantiles of Student's t for 1 to 7 degrees of freedom; the page has at most eight replicates.
const T: [f64; 7] =
    [12.706_204_736, 4.302_652_730, 3.182_446_305, 2.776_445_105, 2.570_581_836, 2.446_911_851, 2.364_624_252];

/// Both ends of the 95 % interval of the mean of `values`; not a number below two values. Past eight the
/// last quantile is used, which makes the interval a little too wide.
pub fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let Some(quantile) = values.len().checked_sub(2).map(|place| T[place.min(T.len() - 1)]) else {
        return (f64::NAN, f64::NAN);
    };
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let margin = quantile * (variance / n).sqrt();
    (mean - margin, mean + margin)
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn one_replicate_says_nothing() {
        for values in [&[][..], &[1.0]] {
            let (low, high) = interval(values);
            assert!(low.is_nan() && high.is_nan());
        }
    }

    #[test]
    fn intervals_are_those_of_students_t() {
        // scipy.stats.t.interval(0.95, 1, 2, 1) and (0.95, 3, 2.5, 0.6454972243679028).
        let (low, high) = interval(&[1.0, 3.0]);
        assert!((low - (2.0 - 12.706_204_736)).abs() < 1e-6 && (high - 14.706_204_736).abs() < 1e-6);
        let (low, high) = interval(&[1.0, 2.0, 3.0, 4.0]);
        assert!((low - 0.445_739_743).abs() < 1e-6, "{low}");
        assert!((high - 4.554_260_257).abs() < 1e-6, "{high}");
        assert_eq!(interval(&[0.5; 8]), (0.5, 0.5));
    }
}
