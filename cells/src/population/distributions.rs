//! Two samples of one number each.
//!
//! Does: quantiles; the areas between and the largest gap of two distribution functions.
//! Does not know: what the numbers are.
//! Flow: sorted values of both sides → **distances** → genes' Wasserstein distances, depth.

/// Quantile of ascending values, linear between the two nearest (numpy's default); NaN without values.
pub(super) fn quantile<V: Copy + Into<f64>>(ascending: &[V], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let at = share.clamp(0.0, 1.0) * last as f64;
    let below = at.floor() as usize;
    let (low, high): (f64, f64) = (ascending[below].into(), ascending[(below + 1).min(last)].into());
    low + (high - low) * (at - below as f64)
}

/// How far two distribution functions F and G are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Apart {
    /// ∫ |F − G|, the one-dimensional Wasserstein distance.
    pub(super) area: f64,
    /// Largest |F − G|, the two-sample Kolmogorov-Smirnov statistic.
    pub(super) gap: f64,
}

/// Distances of two samples of values that are not negative: the ascending values, and zeros up to n and m.
pub(super) fn apart<V: Copy + Into<f64>>(a: &[V], n: usize, b: &[V], m: usize) -> Apart {
    let value = |values: &[V], at: usize| -> Option<f64> { values.get(at).map(|value| (*value).into()) };
    let share = |above: usize, all: usize| 1.0 - above as f64 / all.max(1) as f64;
    let (mut i, mut j, mut at) = (0, 0, 0.0);
    let mut found = Apart { area: 0.0, gap: 0.0 };
    loop {
        let next = match (value(a, i), value(b, j)) {
            (Some(x), Some(y)) => x.min(y),
            (Some(x), None) => x,
            (None, Some(y)) => y,
            (None, None) => return found,
        };
        // Between `at` and `next` both distribution functions are flat.
        let height = (share(a.len() - i, n) - share(b.len() - j, m)).abs();
        found.area += height * (next - at);
        found.gap = found.gap.max(height);
        at = next;
        i += a[i..].iter().take_while(|value| (**value).into() == next).count();
        j += b[j..].iter().take_while(|value| (**value).into() == next).count();
    }
}

#[cfg(test)]
mod tests {
    use super::{Apart, apart, quantile};

    #[test]
    fn distances_by_hand() {
        // {0, 0, 2, 4} against {0, 1, 1, 4}: F − G is ¼ on (0, 1), −¼ on (1, 2), 0 after.
        assert_eq!(apart(&[2.0, 4.0], 4, &[1.0, 1.0, 4.0], 4), Apart { area: 0.5, gap: 0.25 });
        // All mass moved by 3.
        assert_eq!(apart(&[3.0, 3.0], 2, &[], 5), Apart { area: 3.0, gap: 1.0 });
        assert_eq!(apart::<f64>(&[], 3, &[], 2), Apart { area: 0.0, gap: 0.0 });
        // Zeros that are spelled out are the same as those that are not.
        assert_eq!(apart(&[0.0, 0.0, 2.0, 4.0], 4, &[0.0, 1.0, 1.0, 4.0], 4), Apart { area: 0.5, gap: 0.25 });
    }

    #[test]
    fn quantiles_lie_between() {
        assert_eq!(quantile(&[1_u32, 2, 4, 8], 0.5), 3.0);
        assert_eq!(quantile(&[1_u32, 2, 4, 8], 0.25), 1.75);
        assert_eq!(quantile(&[1_u32, 2, 4, 8], 1.0), 8.0);
        assert_eq!(quantile(&[5_u32], 0.1), 5.0);
        assert!(quantile::<f64>(&[], 0.5).is_nan());
    }
}
