//! Cells of many genes as one array, and back.
//!
//! Does: puts rows one after the other, takes them apart again; a count that was not measured travels as "not a number".
//! Does not know: what the numbers are of, messages.
//! Flow: rows [n][G] ⇄ **one array [n G]** ⇄ messages of the workers.

/// Rows one after the other.
pub fn flat<T: Copy, U>(rows: &[Vec<T>], of: impl Fn(T) -> U) -> Vec<U> {
    rows.iter().flatten().map(|own| of(*own)).collect()
}

/// Rows of `genes` numbers each.
pub fn rows<T: Copy, U>(flat: &[T], genes: usize, of: impl Fn(T) -> U) -> Vec<Vec<U>> {
    flat.chunks_exact(genes.max(1)).map(|row| row.iter().map(|own| of(*own)).collect()).collect()
}

/// A count as a number that says whether it was measured. Counts are whole and below 2³², which a double holds exactly.
pub fn to_number(count: Option<u32>) -> f64 {
    count.map_or(f64::NAN, f64::from)
}

/// The count of such a number.
pub fn to_count(number: f64) -> Option<u32> {
    (number >= 0.0).then_some(number as u32)
}

#[cfg(test)]
mod tests {
    use super::{flat, rows, to_count, to_number};

    #[test]
    fn rows_and_counts_come_back_as_they_were() {
        let cells = vec![vec![Some(0), None, Some(u32::MAX)], vec![None, Some(7), Some(1)]];
        let array = flat(&cells, to_number);
        assert_eq!(array.len(), 6);
        assert_eq!(rows(&array, 3, to_count), cells);
        assert_eq!(rows(&flat(&[vec![true, false]], u8::from), 2, |own| own > 0), [[true, false]]);
        assert!(rows(&array, 0, to_count).iter().all(|row| row.len() == 1), "no genes divide by nothing");
    }
}
