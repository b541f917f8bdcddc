//! Many points, to measure how fast the map is drawn.
//!
//! Does: repeats the measured cells with a little jitter, always the same.
//! Does not know: who measures. The page calls them benchmark points and never mixes them with cells.
//! Flow: measured coordinates → **more points** → map.

/// Most points of a benchmark.
pub const MOST: usize = 2_000_000;

/// Number that an address asks for (`map.load=100000`).
pub fn asked(value: &str) -> Option<usize> {
    value.parse().ok().filter(|count| *count > 0).map(|count: usize| count.min(MOST))
}

/// `count` points: the measured ones again and again, each moved by up to a hundredth of the map's width.
pub fn repeated(measured: &[f32], count: usize) -> Vec<f32> {
    let Some(bounds) = super::view::Bounds::around(measured) else { return Vec::new() };
    let reach = 0.01 * (bounds.high.0 - bounds.low.0).max(1e-3) as f32;
    let mut state = 0x9e37_79b9_u32;
    let mut jitter = || {
        // A linear congruential generator: dust needs no better.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * reach
    };
    let cells = measured.len() / 2;
    (0..count).flat_map(|place| [0, 1].map(|axis| measured[2 * (place % cells) + axis] + jitter())).collect()
}

#[cfg(test)]
mod tests {
    use super::{MOST, asked, repeated};

    #[test]
    fn benchmark_points_stay_near_their_cells() {
        let measured = [0.0, 0.0, 10.0, 5.0];
        let points = repeated(&measured, 5);
        assert_eq!(points.len(), 10);
        for (place, value) in points.iter().enumerate() {
            assert!((value - measured[place % 4]).abs() <= 0.1, "{points:?}");
        }
        assert!(points[0] != points[4] && points == repeated(&measured, 5));
        assert!(repeated(&[], 5).is_empty());
    }

    #[test]
    fn an_address_asks_for_a_number() {
        assert_eq!(
            (asked("100000"), asked("0"), asked("many"), asked("9999999")),
            (Some(100_000), None, None, Some(MOST))
        );
    }
}
