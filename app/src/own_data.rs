//! A visitor's own data, as far as it needs no browser.
//!
//! Does: says how much memory a matrix takes; writes sizes for people.
//! Does not know: files (which of them is what, `cells` knows), the browser.
//! Flow: sizes → **a plan** → worker and page.

use crate::bundles::grouped;

/// Bytes for each stored value from the file to the end of a test: counts, their copy for a group, its columns.
const BYTES_PER_VALUE: f64 = 24.0;
/// Bytes for each cell: name, labels, place.
const BYTES_PER_CELL: f64 = 250.0;
/// Bytes for each gene: name and results.
const BYTES_PER_GENE: f64 = 400.0;
/// Bytes whatever the file: windows that are read and unpacked.
const BYTES_ANYWAY: f64 = 64e6;

/// Memory that reading, placing and testing takes, in bytes.
pub fn memory_needed(cells: f64, genes: f64, stored: f64) -> f64 {
    BYTES_ANYWAY + BYTES_PER_VALUE * stored + BYTES_PER_CELL * cells + BYTES_PER_GENE * genes
}

/// The most cells of a matrix that fit, as a round number below.
pub fn cells_that_fit(cells: f64, genes: f64, stored: f64, has: f64) -> u32 {
    let each = BYTES_PER_VALUE * stored / cells.max(1.0) + BYTES_PER_CELL;
    let most = ((0.8 * has - BYTES_ANYWAY - BYTES_PER_GENE * genes) / each).clamp(0.0, cells);
    let unit = 10_f64.powf((most.max(1.0).log10() - 1.0).floor().max(0.0));
    ((most / unit).floor() * unit) as u32
}

/// Memory that a browser gives, in bytes: the 4 GiB that 32-bit WebAssembly can name less what is in use, and three
/// quarters of what the machine says it has (`device_gigabytes`, where the browser tells).
pub fn memory_given(in_use: f64, device_gigabytes: Option<f64>) -> f64 {
    let named = 4.0 * 1024.0 * 1024.0 * 1024.0 - in_use - 256e6;
    device_gigabytes.map_or(named, |gigabytes| named.min(0.75e9 * gigabytes)).max(0.0)
}

/// A size for people.
pub fn size(bytes: f64) -> String {
    match bytes {
        b if b >= 9.95e9 => format!("{:.0} GB", b / 1e9),
        b if b >= 1e9 => format!("{:.1} GB", b / 1e9),
        b if b >= 1e6 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.0} kB", (b / 1e3).ceil()),
    }
}

/// The text with a capital first letter.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A number for people, rounded, thousands apart; below 0 is 0.
pub fn thousands(number: f64) -> String {
    grouped(number.max(0.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::{capital, cells_that_fit, memory_given, memory_needed, size, thousands};

    #[test]
    fn a_part_that_fits_fits() {
        let (cells, genes, stored) = (1.2e6, 33_000.0, 3.0e9);
        let has = memory_given(120e6, Some(8.0));
        assert!(memory_needed(cells, genes, stored) > has && has > 3.5e9);
        let part = f64::from(cells_that_fit(cells, genes, stored, has));
        assert!(part > 1000.0 && memory_needed(part, genes, stored * part / cells) <= has, "{part}");
        assert_eq!(cells_that_fit(500.0, 100.0, 5000.0, has), 500);
        assert_eq!(cells_that_fit(1e6, 1e5, 1e9, 1e6), 0);
        assert!(memory_given(0.0, Some(2.0)) <= 1.5e9 && memory_given(9e9, None) == 0.0);
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([12.0, 2.4e6, 3.64e9, 72e9].map(size), ["1 kB", "2 MB", "3.6 GB", "72 GB"]);
        assert_eq!(["reading", "éa", ""].map(capital), ["Reading", "Éa", ""]);
        assert_eq!([7.0, 1234.0, 1e6].map(thousands), ["7", "1,234", "1,000,000"]);
    }
}
