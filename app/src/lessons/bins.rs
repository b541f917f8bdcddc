//! A distribution over tokens as a few bars that a person can read.
//!
//! Does: bins of neighbouring counts that hold all but a trace of the probability at every step, their names and sums.
//! Does not know: figures, the model; the quantiser's rule is repeated here because the page does not link the model.
//! Flow: probabilities [steps, V] → **bins** → bars and table.

/// Expression tokens: 0–99 exact, 90 bins for each of 100–999 and 1000–9999, overflow.
pub const VOCABULARY: usize = 281;
/// Most bars apart from the last one, which is everything above.
const MOST: usize = 14;
/// Probability that may lie above the last bar at any step.
const TRACE: f32 = 0.005;

/// Token of a count.
fn token(count: u32) -> usize {
    match count {
        0..=99 => count as usize,
        100..=999 => 100 + (count as usize - 100) / 10,
        1000..=9999 => 190 + (count as usize - 1000) / 100,
        _ => VOCABULARY - 1,
    }
}

/// Smallest count of a token.
fn least(token: usize) -> u32 {
    match token {
        0..=99 => token as u32,
        100..=189 => 100 + 10 * (token as u32 - 100),
        190..=279 => 1000 + 100 * (token as u32 - 190),
        _ => 10_000,
    }
}

/// Bins over tokens; the last one is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bins {
    starts: Vec<usize>,
}

impl Bins {
    /// Bins for all steps of one gene, so that bars of different steps can be compared; `count` is the one drawn.
    pub fn of(shares: &[f32], count: u32) -> Self {
        let reach = |row: &[f32]| {
            let mut above = 0.0;
            let above = row.iter().rev().take_while(|share| {
                above += **share;
                above <= TRACE
            });
            row.len() - above.count()
        };
        let tokens = shares.chunks_exact(VOCABULARY).map(reach).max().unwrap_or(1);
        let tokens = tokens.max(token(count) + 1).clamp(2, VOCABULARY - 1);
        let width = tokens.div_ceil(MOST);
        // Up to and with the first token past the reach, which opens the last bin.
        let starts = (0..).map(|bin| bin * width).take_while(|start| *start < tokens + width).collect::<Vec<_>>();
        Self { starts: starts.into_iter().filter(|start| *start < VOCABULARY).collect() }
    }

    /// Smallest count that a token stands for.
    pub fn least_count(token: usize) -> u32 {
        least(token)
    }

    /// Number of bins.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are none; there are always two at least.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// Counts of a bin in words.
    pub fn name(&self, bin: usize) -> String {
        let first = self.starts.get(bin).map_or(0, |start| least(*start));
        match self.starts.get(bin + 1).map(|next| least(*next) - 1) {
            Some(last) if last == first => first.to_string(),
            Some(last) => format!("{first}–{last}"),
            None => format!("{first}+"),
        }
    }

    /// Bin of a count.
    pub fn of_count(&self, count: u32) -> usize {
        self.starts.iter().rposition(|start| *start <= token(count)).unwrap_or(0)
    }

    /// Probability of each bin.
    pub fn sums(&self, shares: &[f32]) -> Vec<f64> {
        let mut sums = vec![0.0; self.len()];
        let mut bin = 0;
        for (token, share) in shares.iter().enumerate() {
            while self.starts.get(bin + 1).is_some_and(|next| *next <= token) {
                bin += 1;
            }
            sums[bin] += f64::from(*share);
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::{Bins, VOCABULARY, least, token};

    fn shares(at: &[(usize, f32)]) -> Vec<f32> {
        let mut row = vec![0.0; VOCABULARY];
        at.iter().for_each(|(token, share)| row[*token] = *share);
        row
    }

    #[test]
    fn small_counts_have_a_bar_each() {
        let row = shares(&[(0, 0.7), (1, 0.2), (2, 0.097), (3, 0.003)]);
        let bins = Bins::of(&row, 1);
        let names: Vec<String> = (0..bins.len()).map(|bin| bins.name(bin)).collect();
        assert_eq!(names, ["0", "1", "2", "3+"]);
        assert_eq!([0, 1, 3, 9000].map(|count| bins.of_count(count)), [0, 1, 3, 3]);
        let sums = bins.sums(&row);
        assert!((sums.iter().sum::<f64>() - 1.0).abs() < 1e-6 && (sums[0] - 0.7).abs() < 1e-6);
    }

    #[test]
    fn large_counts_share_bars_and_nothing_is_lost() {
        let mut two = shares(&[(0, 1.0)]);
        two.extend(shares(&[(40, 0.5), (119, 0.5)]));
        for count in [0, 7, 119, 350, 12_000] {
            let bins = Bins::of(&two, count);
            assert!(bins.len() <= 16, "{}", bins.len());
            for row in two.chunks(VOCABULARY) {
                assert!((bins.sums(row).iter().sum::<f64>() - 1.0).abs() < 1e-6);
            }
            assert!(bins.of_count(count) < bins.len());
        }
        // Tokens 117–125 are the counts 270–359.
        let bins = Bins::of(&two, 0);
        assert_eq!((bins.name(0), bins.name(13), bins.name(14)), ("0–8".into(), "270–359".into(), "360+".into()));
        assert!(Bins::of(&[], 0).len() == 3 && !Bins::of(&[], 0).is_empty());
    }

    #[test]
    fn tokens_begin_at_their_smallest_count() {
        for own in 0..VOCABULARY {
            assert_eq!(token(least(own)), own);
        }
        assert_eq!((token(109), token(110), token(u32::MAX)), (100, 101, 280));
    }
}
