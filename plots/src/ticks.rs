//! Ranges of data and the round numbers on their axes.
//!
//! Does: the range around values, ticks 1, 2 or 5 times a power of ten apart, their numbers with the digits that tell
//! them apart.
//! Does not know: pixels.
//! Flow: values → **range and ticks** → frame.

/// Smallest and largest finite value, widened by `margin` of the span, or by a hundredth of the value where
/// there is but one; (0, 1) when there is none.
pub(crate) fn range(values: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        low = low.min(value);
        high = high.max(value);
    }
    if low > high {
        return (0.0, 1.0);
    }
    let widening = if high > low { (high - low) * margin } else { 0.01 * high.abs().max(0.1) };
    (low - widening, high + widening)
}

/// Round tick values inside a range, about `wanted` of them.
pub(crate) fn ticks((low, high): (f64, f64), wanted: usize) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return Vec::new();
    }
    let raw = span / wanted.max(1) as f64;
    let power = 10.0_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| *s >= raw).unwrap_or(raw);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).take(50).map(|at| at as f64 * step).collect()
}

/// Round ticks with their numbers; at least two, so that a reader can measure.
pub(crate) fn labelled(range: (f64, f64), wanted: usize) -> Vec<(f64, String)> {
    // Fifths of a range always have two ticks inside.
    let ticks = (wanted..=wanted.max(5)).map(|wanted| ticks(range, wanted)).find(|ticks| ticks.len() > 1);
    let ticks = ticks.unwrap_or_default();
    let step = match ticks.as_slice() {
        [first, second, ..] => second - first,
        _ => 0.0,
    };
    ticks.into_iter().map(|value| (value, label(value, step))).collect()
}

/// A tick's number without needless digits, exact to the `step` between ticks.
fn label(value: f64, step: f64) -> String {
    if value.abs() <= step * 1e-6 {
        return "0".to_owned();
    }
    // The last digit that differs between ticks; a step of 0.001 must not become 0.0009….
    let last = (step.abs().log10() + 1e-9).floor();
    let power = (value.abs().log10() + 1e-9).floor();
    if !(-3.0..6.0).contains(&power) {
        let digits = (power - last).clamp(0.0, 6.0) as usize;
        return format!("{value:.digits$e}").replace('-', "−");
    }
    let digits = (-last).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.digits$}");
    let trimmed = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    trimmed.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::{label, labelled, range, ticks};

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks((-1.3, 4.2), 5), [0.0, 2.0, 4.0]);
        assert!(ticks((1.0, 1.0), 5).is_empty() && ticks((f64::NAN, 1.0), 5).is_empty());
        assert_eq!(range([f64::NAN, 2.0].into_iter(), 0.0).0, 2.0 - 0.02);
        assert_eq!(range(std::iter::empty(), 0.1), (0.0, 1.0));
        // Small spans stay small: a metric's interval of a few millionths is drawn as wide as any other.
        assert_eq!(range([1e-6, 3e-6].into_iter(), 0.0), (1e-6, 3e-6));
    }

    #[test]
    fn ticks_have_the_digits_that_tell_them_apart() {
        assert_eq!(label(-2.5, 0.5), "−2.5");
        assert_eq!(label(-10.0, 5.0), "−10");
        let steps = [0.002, 0.05, 0.5, 200.0, 0.5];
        let words: Vec<String> =
            [0.002, 0.15, 12.5, 1200.0, 0.0].iter().zip(steps).map(|(v, s)| label(*v, s)).collect();
        assert_eq!(words, ["0.002", "0.15", "12.5", "1200", "0"]);
        assert_eq!(
            [(0.0002, 0.0002), (-0.00001, 0.00001), (0.00015, 0.00005)].map(|(v, s)| label(v, s)),
            ["2e−4", "−1e−5", "1.5e−4"]
        );
        assert_eq!(label(2e6, 1e6), "2e6");
        for low in 0..40 {
            let low = f64::from(low) * 0.03;
            assert!((1..4).all(|wanted| labelled((low, low + 0.57), wanted).len() > 1), "{low}");
        }
        let close: Vec<String> = labelled((0.99914, 0.99951), 6).into_iter().map(|(_, words)| words).collect();
        assert_eq!(close, ["0.9992", "0.9993", "0.9994", "0.9995"]);
    }
}
