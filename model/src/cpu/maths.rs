//! Arithmetic on slices in the form that compilers turn into vector instructions.
//!
//! Does: runs a kernel with the widest vectors that the machine has; exp, softmax, SiLU, norms, dot products on slices.
//! Does not know: networks. What is not in here is not worth a vector.
//! Flow: `trunk`, `attention`, `reading`, `decode` → **loops over eight numbers** → slices.
//!
//! Only sums and products that round one by one (no fused multiply-add), in an order that does not hang on the width of
//! the machine's vectors: a kernel gives the same bits wherever it runs.

use pulp::{Arch, NullaryFnOnce};

/// Numbers that are worked on at once: one vector of AVX, two of SSE, NEON or WebAssembly.
pub(super) const LANES: usize = 8;
/// That many numbers.
pub(super) type Lanes = [f32; LANES];

/// Below it exp is 0; its own value there is the smallest that f32 holds with all its digits.
const LEAST_EXPONENT: f32 = -87.0;
/// Above it exp stays what it is there.
const MOST_EXPONENT: f32 = 88.0;
/// Added to a number below 2²², it leaves the nearest whole number in the last bits.
const ROUNDER: f32 = 12_582_912.0;
/// ln 2 in two parts: products of the first with whole numbers below 2⁸ are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Bits of the exponent of 1.
const ONE: u32 = 0x3f80_0000;

/// Runs a kernel with the widest vectors of this machine. What a kernel calls must be inlined into it.
pub(super) fn fast<K: NullaryFnOnce>(kernel: K) -> K::Output {
    Arch::new().dispatch(kernel)
}

/// eˣ to two units in the last place; 0 below −87, NaN for NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let value = power(if x > MOST_EXPONENT { MOST_EXPONENT } else { raised(x) });
    if x < LEAST_EXPONENT { 0.0 } else { value }
}

/// At least −87.
#[inline(always)]
fn raised(x: f32) -> f32 {
    if x < LEAST_EXPONENT { LEAST_EXPONENT } else { x }
}

/// eˣ from −87 to 88: 2ⁿ e^r with r at most half of ln 2, and of it the polynomial of least relative error, 3e-9.
#[inline(always)]
fn power(x: f32) -> f32 {
    let shifted = x * std::f32::consts::LOG2_E + ROUNDER;
    let whole = shifted - ROUNDER;
    let rest = x - whole * LN_2[0] - whole * LN_2[1];
    let mut sum = 1.381_446_7e-3_f32;
    for coefficient in [8.368_781e-3, 4.166_839_3e-2, 1.666_652e-1, 4.999_999_4e-1] {
        sum = sum * rest + coefficient;
    }
    (sum * (rest * rest) + rest + 1.0) * f32::from_bits((shifted.to_bits() << 23).wrapping_add(ONE))
}

/// Sum of eight numbers, in pairs.
#[inline(always)]
pub(super) fn sum(values: &Lanes) -> f32 {
    let [a, b, c, d, e, f, g, h] = *values;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Σ a b over two rows of one length.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (one, other) in whole_a.iter().zip(whole_b) {
        for lane in 0..LANES {
            sums[lane] += one[lane] * other[lane];
        }
    }
    sum(&sums) + rest_a.iter().zip(rest_b).map(|(one, other)| one * other).sum::<f32>()
}

/// out += scale · row.
#[inline(always)]
pub(super) fn add_scaled(out: &mut [f32], scale: f32, row: &[f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += scale * value;
    }
}

/// Largest of some numbers; a whole number of lanes.
#[inline(always)]
pub(super) fn largest(values: &[Lanes]) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut most = [f32::MIN; LANES];
    for chunk in values {
        for lane in 0..LANES {
            most[lane] = larger(chunk[lane], most[lane]);
        }
    }
    most.into_iter().fold(f32::MIN, larger)
}

/// The exponential of every number less `shift`, which is the largest of them, in its place; their sum. Where it is below
/// e⁻⁸⁷ it is that: no sum notices, because one of them is 1.
#[inline(always)]
pub(super) fn exponentials(values: &mut [Lanes], shift: f32) -> f32 {
    let mut sums = [0.0; LANES];
    for chunk in values {
        for lane in 0..LANES {
            chunk[lane] = power(raised(chunk[lane] - shift));
            sums[lane] += chunk[lane];
        }
    }
    sum(&sums)
}

/// x / √(mean(x²) + ε) · gain of every row [m, D].
pub(super) struct Norm<'a> {
    /// [m, D].
    pub(super) rows: &'a [f32],
    /// [D].
    pub(super) gain: &'a [f32],
    /// Added to the mean square.
    pub(super) epsilon: f32,
    /// [m, D].
    pub(super) out: &'a mut [f32],
}

impl NullaryFnOnce for Norm<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let width = self.gain.len();
        for (row, out) in self.rows.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            let scale = 1.0 / (dot(row, row) / width as f32 + self.epsilon).sqrt();
            for ((out, value), gain) in out.iter_mut().zip(row).zip(self.gain) {
                *out = value * scale * gain;
            }
        }
    }
}

/// silu(gate) · value of rows that hold both side by side [m, 2 F] → [m, F].
pub(super) struct Gate<'a> {
    /// [m, 2 F].
    pub(super) rows: &'a [f32],
    /// F.
    pub(super) inner: usize,
    /// [m, F].
    pub(super) out: &'a mut [f32],
}

impl NullaryFnOnce for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let rows = self.rows.chunks_exact(2 * self.inner);
        for (row, out) in rows.zip(self.out.chunks_exact_mut(self.inner)) {
            let (gates, values) = row.split_at(self.inner);
            for ((out, gate), value) in out.iter_mut().zip(gates).zip(values) {
                *out = gate / (1.0 + exp(-gate)) * value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, LANES, Norm, dot, exp, exponentials, fast, largest};

    #[test]
    fn exp_is_right_to_two_units_in_the_last_place() {
        let mut worst = 0.0_f64;
        for step in -870_000..=880_000 {
            let x = step as f32 * 1e-4;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / exact - 1.0).abs());
        }
        // Half a unit is 6e-8.
        assert!(worst < 2e-7, "{worst:e}");
        assert_eq!((exp(0.0), exp(-1e9), exp(f32::NEG_INFINITY)), (1.0, 0.0, 0.0));
        assert!(exp(1e9).is_finite() && exp(f32::NAN).is_nan());
    }

    #[test]
    fn rows_are_what_their_formulas_say() {
        let row: Vec<f32> = (0..21).map(|i| (i as f32 * 0.7).sin() * 3.0).collect();
        let square: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
        // 21 roundings of f32.
        assert!((f64::from(dot(&row, &row)) / square - 1.0).abs() < 1e-6);
        let gain: Vec<f32> = (0..21).map(|i| 1.0 + i as f32).collect();
        let mut normed = vec![0.0; 21];
        fast(Norm { rows: &row, gain: &gain, epsilon: 0.1, out: &mut normed });
        let root = (square / 21.0 + 0.1).sqrt();
        for ((value, x), gain) in normed.iter().zip(&row).zip(&gain) {
            assert!((f64::from(*value) - f64::from(*x) / root * f64::from(*gain)).abs() < 1e-5);
        }
        let mut gated = vec![0.0; 10];
        fast(Gate { rows: &row[..20], inner: 10, out: &mut gated });
        for (at, value) in gated.iter().enumerate() {
            let (gate, other) = (f64::from(row[at]), f64::from(row[at + 10]));
            assert!((f64::from(*value) - gate / (1.0 + (-gate).exp()) * other).abs() < 1e-6);
        }
    }

    #[test]
    fn a_softmax_adds_up() {
        let mut values = [[0.5_f32; LANES], [-1e9; LANES]];
        values[0][3] = 2.0;
        let most = largest(&values);
        let total = exponentials(&mut values, most);
        let exact = 1.0 + 7.0 * (-1.5_f64).exp();
        assert!((f64::from(total) - exact).abs() < 1e-6 && values[0][3] == 1.0);
        assert!(values[1].iter().all(|share| *share < 1e-37));
    }
}
