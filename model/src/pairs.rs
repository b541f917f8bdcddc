//! Pairs of condition values whose joint effect is more than the sum of both: context × perturbation.
//!
//! Does: lists the pairs and finds those of a cell by its condition tokens.
//! Does not know: what the values mean, what a pair does.
//! Flow: recipe and training cells → **pairs** → gates (`network`).

use std::collections::BTreeMap;

/// Pairs of condition tokens, each with a row of gates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    list: Vec<[i32; 2]>,
    row_of: BTreeMap<[i32; 2], usize>,
}

impl Pairs {
    /// From pairs of condition tokens of different slots, lower slot first; a repeated pair counts once.
    pub fn new(pairs: impl IntoIterator<Item = [i32; 2]>) -> Self {
        let mut own = Self::default();
        for pair in pairs {
            if !own.row_of.contains_key(&pair) {
                own.row_of.insert(pair, own.list.len());
                own.list.push(pair);
            }
        }
        own
    }

    /// The pairs in the order of their rows.
    pub fn list(&self) -> &[[i32; 2]] {
        &self.list
    }

    /// P.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Rows of a cell's pairs.
    pub fn of_cell(&self, tokens: &[i32]) -> Vec<usize> {
        let mut rows = Vec::new();
        for (slot, first) in tokens.iter().enumerate() {
            rows.extend(tokens[slot + 1..].iter().filter_map(|second| self.row_of.get(&[*first, *second])));
        }
        rows
    }

    /// Rows of the pairs of cells with C condition tokens each [B × M], and M, the most that one of them has (at least
    /// 1); the row P, which is of no pair, fills up.
    pub(crate) fn of_cells(&self, tokens: &[i32], slots: usize) -> (Vec<i32>, usize) {
        let of_cells: Vec<Vec<usize>> = tokens.chunks(slots.max(1)).map(|own| self.of_cell(own)).collect();
        let most = of_cells.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let filled = |own: &Vec<usize>| {
            let rows = own.iter().copied().chain(std::iter::repeat(self.list.len()));
            rows.take(most).map(|row| row as i32).collect::<Vec<_>>()
        };
        (of_cells.iter().flat_map(filled).collect(), most)
    }
}

#[cfg(test)]
mod tests {
    use super::Pairs;

    #[test]
    fn a_cell_has_the_pairs_of_its_tokens() {
        let pairs = Pairs::new([[300, 310], [301, 310], [300, 310], [310, 320]]);
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs.of_cell(&[300, 310, 320]), [0, 2]);
        assert_eq!(pairs.of_cell(&[310, 300]), [] as [usize; 0]);
        assert_eq!(pairs.of_cells(&[300, 310, 320, 302, 310, 321], 3), (vec![0, 2, 3, 3], 2));
        assert_eq!(Pairs::default().of_cells(&[1, 2], 2), (vec![0], 1));
    }
}
