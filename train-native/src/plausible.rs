//! Counts that no sequencing gives.
//!
//! Does: finds counts past 2³¹ and says so: no cell has as many molecules, and programs that take them for signed numbers
//! see negative ones.
//! Does not know: where counts come from.
//! Flow: counts of cells → **a sentence** → people who train or prepare.

/// The first count that is one too many.
const LARGE: u32 = 1 << 31;

/// Counts past 2³¹.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Large {
    number: usize,
    /// The largest, its cell, and its place among the genes.
    largest: Option<(u32, String, u32)>,
}

impl Large {
    /// Looks at a cell.
    pub fn add(&mut self, name: &str, genes: &[u32], counts: &[u32]) {
        for (gene, count) in genes.iter().zip(counts).filter(|(_, count)| **count >= LARGE) {
            self.number += 1;
            if self.largest.as_ref().is_none_or(|(most, ..)| count > most) {
                self.largest = Some((*count, name.to_owned(), *gene));
            }
        }
    }

    /// What is to be said of them; nothing where there are none.
    pub fn words(&self, genes: &[String]) -> Option<String> {
        let (most, cell, gene) = self.largest.as_ref()?;
        let gene = genes.get(*gene as usize).map_or("", String::as_str);
        Some(format!(
            "{} counts are past 2^31, the largest {most} of {gene} in the cell {cell}; no cell has as many molecules: are these raw counts?",
            self.number
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::Large;

    #[test]
    fn the_largest_is_named_and_ordinary_counts_are_not() {
        let genes = ["CD14".to_owned(), "LYZ".to_owned()];
        let mut found = Large::default();
        found.add("a", &[0, 1], &[7, (1 << 31) - 1]);
        assert_eq!(found.words(&genes), None);
        found.add("b", &[0, 1], &[1 << 31, 3_000_000_000]);
        let words = found.words(&genes).unwrap_or_default();
        assert!(words.starts_with("2 counts are past 2^31, the largest 3000000000 of LYZ in the cell b;"), "{words}");
    }
}
