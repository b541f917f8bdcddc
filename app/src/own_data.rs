//! A visitor's own data, as far as it needs no browser.
//!
//! Does: says which of the chosen files is what by their names, how much memory a matrix takes; writes sizes for people.
//! Does not know: files' contents, the browser.
//! Flow: names and sizes → **a plan or a sentence** → worker and page.

use crate::bundles::grouped;

/// Which of the chosen files are read, by their places in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// AnnData or 10x Genomics' HDF5.
    Hdf5(usize),
    /// A Matrix Market file with its companions.
    Trio {
        /// `matrix.mtx`.
        matrix: usize,
        /// `features.tsv` or `genes.tsv`.
        features: usize,
        /// `barcodes.tsv`.
        barcodes: usize,
    },
}

/// What one file is by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Hdf5,
    Matrix,
    Features,
    Barcodes,
    Other,
}

fn part(name: &str) -> Part {
    let name = name.to_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let is_table = [".tsv", ".txt"].iter().any(|ending| plain.ends_with(ending));
    if [".h5ad", ".h5", ".hdf5"].iter().any(|ending| name.ends_with(ending)) {
        Part::Hdf5
    } else if plain.ends_with(".mtx") {
        Part::Matrix
    } else if is_table && (plain.contains("features") || plain.contains("genes")) {
        Part::Features
    } else if is_table && plain.contains("barcodes") {
        Part::Barcodes
    } else {
        Part::Other
    }
}

/// Finds out what was chosen, in any order.
///
/// # Errors
/// A sentence that says what is missing or too much.
pub fn choose(names: &[String]) -> Result<Chosen, String> {
    let of = |wanted: Part| -> Vec<usize> { (0..names.len()).filter(|at| part(&names[*at]) == wanted).collect() };
    let (files, matrices) = (of(Part::Hdf5), of(Part::Matrix));
    match (files.as_slice(), matrices.as_slice()) {
        ([file], []) => return Ok(Chosen::Hdf5(*file)),
        ([], [_]) => {}
        ([], []) => return Err(no_matrix(names, !of(Part::Features).is_empty() || !of(Part::Barcodes).is_empty())),
        _ => {
            return Err(format!(
                "{} matrices were chosen; choose one at a time: an .h5ad, an .h5, or one matrix.mtx with its features and barcodes.",
                files.len() + matrices.len()
            ));
        }
    }
    let (features, barcodes) = (of(Part::Features), of(Part::Barcodes));
    let matrix = matrices[0];
    match (features.as_slice(), barcodes.as_slice()) {
        ([features], [barcodes]) => Ok(Chosen::Trio { matrix, features: *features, barcodes: *barcodes }),
        ([], []) => Err(missing(&names[matrix], "features.tsv (or genes.tsv) and barcodes.tsv are missing")),
        ([], _) => Err(missing(&names[matrix], "features.tsv (or genes.tsv) is missing")),
        (_, []) => Err(missing(&names[matrix], "barcodes.tsv is missing")),
        _ => Err("There are several features or barcodes files; choose the three files of one folder.".to_owned()),
    }
}

fn missing(matrix: &str, what: &str) -> String {
    format!(
        "{matrix} is there, but {what}. They stand in the same folder; choose all three together (packed as .gz or not)."
    )
}

fn no_matrix(names: &[String], companions: bool) -> String {
    let first = names.first().map_or("Nothing", String::as_str);
    let lower = first.to_lowercase();
    if companions {
        return "The matrix itself is missing: choose matrix.mtx (or matrix.mtx.gz) together with its features and barcodes.".to_owned();
    }
    if names.is_empty() {
        return "No file was chosen.".to_owned();
    }
    let how = match lower.rsplit('.').next().unwrap_or_default() {
        "rds" | "rdata" | "h5seurat" => "Save it from Seurat as h5ad (for example with sceasy or zellkonverter).",
        "loom" => "Open it in scanpy (read_loom) and save it with write_h5ad.",
        "csv" | "tsv" | "txt" | "xlsx" => "Tables of counts are read as h5ad: scanpy.read_csv(…).write_h5ad(…).",
        "zip" | "tar" | "gz" | "zarr" => "Unpack it first and choose the files inside.",
        _ => "Files that are read: .h5ad, 10x Genomics' .h5, and matrix.mtx(.gz) with features and barcodes.",
    };
    format!("{first} is not read here. {how}")
}

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
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Chosen, capital, cells_that_fit, choose, memory_given, memory_needed, size, thousands};

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn files_are_known_by_their_names_in_any_order() {
        assert_eq!(choose(&names(&["My cells.H5AD"])), Ok(Chosen::Hdf5(0)));
        assert_eq!(choose(&names(&["readme.txt", "filtered_feature_bc_matrix.h5"])), Ok(Chosen::Hdf5(1)));
        let trio = Chosen::Trio { matrix: 2, features: 1, barcodes: 0 };
        assert_eq!(choose(&names(&["barcodes.tsv.gz", "features.tsv.gz", "matrix.mtx.gz"])), Ok(trio));
        assert_eq!(choose(&names(&["GSM1_barcodes.tsv", "GSM1_genes.tsv", "GSM1_matrix.mtx"])), Ok(trio));
    }

    #[test]
    fn what_is_missing_is_told() {
        let said = |list: &[&str]| choose(&names(list)).unwrap_err();
        assert!(said(&["matrix.mtx"]).contains("features.tsv (or genes.tsv) and barcodes.tsv are missing"));
        assert!(said(&["matrix.mtx", "genes.tsv"]).contains("barcodes.tsv is missing"));
        assert!(said(&["matrix.mtx", "barcodes.tsv"]).contains("features.tsv (or genes.tsv) is missing"));
        assert!(said(&["features.tsv", "barcodes.tsv"]).contains("matrix.mtx"));
        assert!(said(&["a.h5ad", "b.h5ad"]).contains("one at a time"));
        assert!(said(&["cells.rds"]).contains("Seurat") && said(&["x.loom"]).contains("scanpy"));
        assert!(said(&[]).contains("No file") && said(&["picture.png"]).contains(".h5ad"));
    }

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
