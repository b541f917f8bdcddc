//! The quantiser: UMI counts to expression tokens and back.
//!
//! Does: maps every `u32` count onto one of 281 tokens, exact below 100 and two significant
//! digits above (PAPER.md section 2), and back onto the middle of the token's bin.
//! Does not know: genes, cells, tensors.
//! Flow: counts → **tokens** → mask → embed …; and at the end tokens → **counts**.

/// Number of expression tokens V: 0–99 exact, 90 bins for each of 100–999 and 1000–9999, overflow.
pub const VOCABULARY: usize = 281;
/// Token of every count above 9999.
pub const OVERFLOW: u16 = 280;
/// Token that stands for "not yet known". It is never predicted.
pub const MASK: i32 = VOCABULARY as i32;
/// Token of the first condition value; the others follow.
pub const FIRST_CONDITION: i32 = MASK + 1;

/// Expression token of a count.
pub fn quantise(count: u32) -> u16 {
    match count {
        0..=99 => count as u16,
        100..=999 => 100 + ((count - 100) / 10) as u16,
        1000..=9999 => 190 + ((count - 1000) / 100) as u16,
        _ => OVERFLOW,
    }
}

/// Count at the middle of a token's bin, rounded down; 10,000 for the overflow token.
///
/// The paper leaves the way back open; this one satisfies `quantise(dequantise(v)) == v`.
/// Tokens past the vocabulary are read as the overflow token.
pub fn dequantise(token: u16) -> u32 {
    match token {
        0..=99 => u32::from(token),
        100..=189 => 100 + u32::from(token - 100) * 10 + 4,
        190..=279 => 1000 + u32::from(token - 190) * 100 + 49,
        _ => 10_000,
    }
}

#[cfg(test)]
mod tests {
    use super::{OVERFLOW, VOCABULARY, dequantise, quantise};
    use proptest::prelude::{any, proptest};

    #[test]
    fn anchors_of_the_paper() {
        let anchors = [
            (0, 0),
            (99, 99),
            (100, 100),
            (109, 100),
            (110, 101),
            (119, 101),
            (990, 189),
            (999, 189),
            (1000, 190),
            (1099, 190),
            (9900, 279),
            (9999, 279),
            (10_000, 280),
            (u32::MAX, OVERFLOW),
        ];
        for (count, token) in anchors {
            assert_eq!(quantise(count), token, "count {count}");
        }
    }

    #[test]
    fn every_token_comes_back() {
        for token in 0..VOCABULARY as u16 {
            assert_eq!(quantise(dequantise(token)), token);
        }
        assert_eq!(dequantise(100), 104);
    }

    proptest! {
        #[test]
        fn monotone_and_close(count in any::<u32>()) {
            let token = quantise(count);
            assert!((token as usize) < VOCABULARY);
            assert!(quantise(count.saturating_add(1)) >= token);
            if count <= 9999 {
                // Half a bin: 5 % of a count between 100 and 999, and the same a decade above.
                let error = f64::from(dequantise(token).abs_diff(count));
                assert!(error <= 0.0501 * f64::from(count), "{count}: {error}");
            }
        }
    }
}
