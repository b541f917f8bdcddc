//! Which of several files is what.
//!
//! Does: finds the one HDF5 file, or the matrix with its genes and cells, among files by their first bytes and names; says
//! what is missing, too much, or not read.
//! Does not know: where files come from, more of them than their first bytes.
//! Flow: names and first bytes → **roles** → the reader of each form.

use crate::matrix_market::form_inside;
use crate::sniff::Form;

/// A file by its name and its first bytes ([`crate::sniff::HEAD`] of them are enough).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its first bytes.
    pub head: Vec<u8>,
}

/// Which files are read, by their places in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// AnnData, MuData or 10x Genomics' HDF5.
    Hdf5 {
        /// The file.
        file: usize,
        /// Whether it is packed with gzip.
        packed: bool,
    },
    /// A Matrix Market file with its companions.
    Trio {
        /// `matrix.mtx`, `count_matrix.mtx`.
        matrix: usize,
        /// `features.tsv`, `genes.tsv`, `all_genes.csv`.
        features: usize,
        /// `barcodes.tsv`, `cell_metadata.csv`.
        barcodes: usize,
    },
    /// A text that may be a dense table of counts.
    Table {
        /// The file.
        file: usize,
    },
}

/// What one file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Hdf5,
    Matrix,
    Features,
    Barcodes,
    /// A text that is not called like any of these.
    Table,
    Empty,
    Other,
}

fn role(part: &Part) -> Role {
    let name = part.name.to_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    match form_inside(&part.head) {
        Form::Empty => Role::Empty,
        Form::Hdf5 => Role::Hdf5,
        Form::MatrixMarket => Role::Matrix,
        Form::Other(_) if plain.ends_with(".mtx") && form_inside(&part.head) != Form::UNKNOWN => Role::Other,
        // A damaged file is what its name says, so that its reader can say what is wrong with it.
        _ if [".h5ad", ".h5", ".hdf5", ".h5mu", ".loom"].iter().any(|end| plain.ends_with(end)) => Role::Hdf5,
        _ if plain.ends_with(".mtx") => Role::Matrix,
        form if is_named(form) && [".tsv", ".csv", ".txt"].iter().any(|end| plain.ends_with(end)) => {
            // The last word decides: cells_x_genes.genes.txt, cells_x_genes.barcodes.txt.
            let last = |words: &[&str]| words.iter().filter_map(|word| plain.rfind(word)).max();
            match (last(&["barcode", "cell", "metadata", "obs"]), last(&["feature", "gene", "var"])) {
                (None, None) => Role::Table,
                (cells, genes) if cells > genes => Role::Barcodes,
                _ => Role::Features,
            }
        }
        _ => Role::Other,
    }
}

/// Whether the name of a file says what it is: a damaged text is told by its reader.
fn is_named(form: Form) -> bool {
    matches!(form, Form::Text | Form::Gzip) || form == Form::UNKNOWN
}

/// How usual a name is among files of one role, the most usual first: what a program writes beside them (matrices of other
/// counts, tables of clusters) is called otherwise.
fn usual(name: &str) -> usize {
    const NAMES: [&str; 8] = [
        "matrix.mtx",
        "features.tsv",
        "genes.tsv",
        "barcodes.tsv",
        "count_matrix.mtx",
        "dge.mtx",
        "all_genes.csv",
        "cell_metadata.csv",
    ];
    let name = name.to_lowercase();
    let plain = name.strip_suffix(".gz");
    // A file that was unpacked beside its packed form is the same one.
    let at = NAMES.iter().position(|own| *own == plain.unwrap_or(&name)).unwrap_or(NAMES.len());
    2 * at + usize::from(plain.is_some())
}

/// Of several files of a role the one with the most usual name, where one has it.
fn most_usual(parts: &[Part], mut places: Vec<usize>) -> Vec<usize> {
    places.sort_by_key(|place| usual(&parts[*place].name));
    if let [first, second, ..] = places.as_slice()
        && usual(&parts[*first].name) < usual(&parts[*second].name)
    {
        places.truncate(1);
    }
    places
}

/// Finds out what was chosen, in any order.
///
/// ```
/// use cells::parts::{Chosen, Part, choose};
///
/// let part = |name: &str, head: &[u8]| Part { name: name.to_owned(), head: head.to_vec() };
/// let files = [
///     part("all_genes.csv", b"gene_id,gene_name,genome\n"),
///     part("count_matrix.mtx", b"%%MatrixMarket matrix coordinate integer general\n"),
///     part("cell_metadata.csv", b"bc_wells,sample\n"),
/// ];
/// assert_eq!(choose(&files), Ok(Chosen::Trio { matrix: 1, features: 0, barcodes: 2 }));
/// ```
///
/// # Errors
/// A sentence that says what is missing, too much, or not read.
pub fn choose(parts: &[Part]) -> Result<Chosen, String> {
    let roles: Vec<Role> = parts.iter().map(role).collect();
    let of = |wanted: Role| -> Vec<usize> { (0..parts.len()).filter(|at| roles[*at] == wanted).collect() };
    let (files, matrices) = (of(Role::Hdf5), most_usual(parts, of(Role::Matrix)));
    let (mut features, mut barcodes, tables) = (of(Role::Features), of(Role::Barcodes), of(Role::Table));
    let matrix = match (files.as_slice(), matrices.as_slice()) {
        ([file], []) => {
            let packed = parts[*file].head.starts_with(&[0x1f, 0x8b]);
            return Ok(Chosen::Hdf5 { file: *file, packed });
        }
        ([], [matrix]) => *matrix,
        ([], []) => {
            let file = table(parts, &roles).ok_or_else(|| no_matrix(parts, &roles))?;
            return Ok(Chosen::Table { file });
        }
        _ => {
            let names: Vec<&str> = files.iter().chain(&matrices).map(|at| parts[*at].name.as_str()).take(8).collect();
            return Err(format!(
                "{} matrices were chosen ({}); choose one at a time: an .h5ad, an .h5, or one matrix.mtx with its features and barcodes.",
                files.len() + matrices.len(),
                names.join(", ")
            ));
        }
    };
    // Tables that are called neither way are the missing ones; of two, the one of barcodes is known by its letters.
    match (tables.as_slice(), features.is_empty(), barcodes.is_empty()) {
        ([table], true, false) => features.push(*table),
        ([table], false, true) => barcodes.push(*table),
        ([one, two], true, true) => {
            let (own, other) = if are_barcodes(&parts[*two].head) { (one, two) } else { (two, one) };
            features.push(*own);
            barcodes.push(*other);
        }
        _ => {}
    }
    // kallisto writes identifiers and symbols apart.
    let named: Vec<usize> = features.iter().copied().filter(|at| parts[*at].name.contains("names")).collect();
    if let ([_, _], [named]) = (features.as_slice(), named.as_slice()) {
        features = vec![*named];
    }
    let (features, barcodes) = (most_usual(parts, features), most_usual(parts, barcodes));
    let name = &parts[matrix].name;
    if let (true, Some(empty)) = (features.is_empty() || barcodes.is_empty(), of(Role::Empty).first()) {
        return Err(format!("{} is empty (0 bytes); copy or download it again.", parts[*empty].name));
    }
    match (features.as_slice(), barcodes.as_slice()) {
        ([features], [barcodes]) => Ok(Chosen::Trio { matrix, features: *features, barcodes: *barcodes }),
        ([], []) => Err(missing(name, "features.tsv (or genes.tsv) and barcodes.tsv are missing")),
        ([], _) => Err(missing(name, "features.tsv (or genes.tsv) is missing")),
        (_, []) => Err(missing(name, "barcodes.tsv is missing")),
        _ => Err("There are several features or barcodes files; choose the three files of one folder.".to_owned()),
    }
}

/// The text that may be a dense table: the only one, whatever it is called; of several the only one that is called like
/// one of counts.
fn table(parts: &[Part], roles: &[Role]) -> Option<usize> {
    let is_text = |at: &usize| match roles[*at] {
        Role::Features | Role::Barcodes | Role::Table => true,
        Role::Other => form_inside(&parts[*at].head) == Form::Text && !is_document(&parts[*at].name),
        _ => false,
    };
    let texts: Vec<usize> = (0..parts.len()).filter(is_text).collect();
    let counts = |at: &usize| {
        let name = parts[*at].name.to_lowercase();
        ["count", "matrix", "expression", "expr", "umi", "dge", "raw"].iter().any(|word| name.contains(word))
            && !name.contains("meta")
    };
    let called: Vec<usize> = texts.iter().copied().filter(counts).collect();
    match (texts.as_slice(), called.as_slice()) {
        ([file], _) | (_, [file]) => Some(*file),
        _ => None,
    }
}

/// Whether a text belongs to something else than cells, by its name.
fn is_document(name: &str) -> bool {
    let name = name.to_lowercase();
    const ENDS: &str = ".zgroup .zattrs .zmetadata .json .toml .yaml .yml .py .r .rmd .ipynb .md .html .rds .rdata .rda .h5seurat .xlsx .ods .zip .tar .tgz .zarr .png .pdf";
    ENDS.split(' ').any(|end| name.ends_with(end))
}

/// Whether most lines begin with a barcode: letters of DNA alone.
fn are_barcodes(head: &[u8]) -> bool {
    let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).take(20).collect();
    let dna = |line: &&&[u8]| {
        let letters = line.iter().take_while(|byte| b"ACGTN".contains(byte)).count();
        letters >= 8 && line.get(letters).is_none_or(|next| b"-_\r\t,.\"".contains(next))
    };
    2 * lines.iter().filter(dna).count() > lines.len()
}

fn missing(matrix: &str, what: &str) -> String {
    format!(
        "{matrix} is there, but {what}. They stand in the same folder; choose all three together (packed as .gz or not)."
    )
}

fn no_matrix(parts: &[Part], roles: &[Role]) -> String {
    let Some(first) = parts.first() else { return "No file was chosen.".to_owned() };
    if parts.iter().any(|part| [".zgroup", ".zattrs", ".zmetadata", "zarr.json"].contains(&part.name.as_str())) {
        return "This is a zarr folder, which is not read here; save it in Python as h5ad: anndata.read_zarr(…).write_h5ad(…).".to_owned();
    }
    if let Some(empty) = roles.iter().position(|role| *role == Role::Empty) {
        return format!("{} is empty (0 bytes); copy or download it again.", parts[empty].name);
    }
    let mistaken = parts.iter().zip(roles).find(|(part, role)| **role == Role::Other && part.name.contains(".mtx"));
    if let Some((part, Form::Other(words))) = mistaken.map(|(part, _)| (part, form_inside(&part.head))) {
        return format!("{} is not read here: it is {words}.", part.name);
    }
    let (names, tables) = ([Role::Features, Role::Barcodes], roles.iter().filter(|role| **role == Role::Table).count());
    if tables > 1 {
        return "Several tables were chosen; choose one table of counts at a time, with its labels in the same table."
            .to_owned();
    }
    if roles.iter().any(|role| names.contains(role)) && parts.len() > 1 {
        return "The matrix itself is missing: choose matrix.mtx (or matrix.mtx.gz) together with its features and barcodes.".to_owned();
    }
    let lower = first.name.to_lowercase();
    let lower = lower.strip_suffix(".gz").unwrap_or(&lower);
    let how = match lower.rsplit('.').next().unwrap_or_default() {
        "rds" | "rdata" | "h5seurat" => "Save it from Seurat as h5ad (for example with sceasy or zellkonverter).",
        "xlsx" | "xls" | "ods" => "Save the table of counts as CSV or as text with tabs and choose that.",
        "zip" | "tar" | "tgz" | "zarr" => "Unpack it first and choose the files inside.",
        _ => {
            "Files that are read: .h5ad, .h5mu, .loom, 10x Genomics' .h5, matrix.mtx(.gz) with features and barcodes, and tables of counts (.csv, .tsv, .txt, packed as .gz or not)."
        }
    };
    let form = form_inside(&first.head);
    if [".xlsx", ".xls", ".ods"].iter().any(|end| lower.ends_with(end)) {
        return format!("{} is not read here: it is a spreadsheet. {how}", first.name);
    }
    if let Form::Other(words) = form {
        return format!("{} is not read here: it is {words}.", first.name);
    }
    format!("{} is not read here. {how}", first.name)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Chosen, Part, choose};

    const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
    const MTX: &[u8] = b"%%MatrixMarket matrix";

    fn parts(list: &[(&str, &[u8])]) -> Vec<Part> {
        list.iter().map(|(name, head)| Part { name: (*name).to_owned(), head: head.to_vec() }).collect()
    }

    #[test]
    fn files_are_known_by_their_bytes_in_any_order() {
        assert_eq!(choose(&parts(&[("My cells.bin", HDF5)])), Ok(Chosen::Hdf5 { file: 0, packed: false }));
        let two = parts(&[("readme.txt", b"hello"), ("filtered_feature_bc_matrix.h5", HDF5)]);
        assert_eq!(choose(&two), Ok(Chosen::Hdf5 { file: 1, packed: false }));
        // What says nothing by its bytes is what its name says.
        assert_eq!(choose(&parts(&[("cells.h5ad.gz", &[0x1f, 0x8b])])), Ok(Chosen::Hdf5 { file: 0, packed: true }));
        let trio = Chosen::Trio { matrix: 2, features: 1, barcodes: 0 };
        let packed: &[u8] = &[0x1f, 0x8b];
        let tenx = [("barcodes.tsv.gz", packed), ("features.tsv.gz", packed), ("matrix.mtx.gz", packed)];
        assert_eq!(choose(&parts(&tenx)), Ok(trio));
        let old = [("GSM1_barcodes.tsv", &b"A"[..]), ("GSM1_genes.tsv", b"E\tA"), ("GSM1_matrix.mtx", MTX)];
        assert_eq!(choose(&parts(&old)), Ok(trio));
        let parse = [("cell_metadata.csv", &b"bc_wells"[..]), ("all_genes.csv", b"gene_id"), ("DGE.mtx", MTX)];
        assert_eq!(choose(&parts(&parse)), Ok(trio));
        let kallisto = [
            ("cells_x_genes.barcodes.txt", &b"A"[..]),
            ("cells_x_genes.genes.names.txt", b"CD3D"),
            ("cells_x_genes.mtx", MTX),
            ("cells_x_genes.genes.txt", b"E"),
        ];
        assert_eq!(choose(&parts(&kallisto)), Ok(trio));
        let alevin = [
            ("quants_mat_rows.txt", &b"ACGTACGTAC\nTTGTACGTAC\n"[..]),
            ("quants_mat_cols.txt", b"E1\nE2\n"),
            ("quants_mat.mtx", MTX),
        ];
        assert_eq!(choose(&parts(&alevin)), Ok(trio));
        let odd = [("barcodes.csv", &b"A"[..]), ("rows.csv", b"E,A"), ("counts.mtx", MTX)];
        assert_eq!(choose(&parts(&odd)), Ok(trio));
    }

    #[test]
    fn what_programs_write_beside_is_passed_over() {
        let genes = ("features.tsv", &b"E\tA"[..]);
        let cells = ("barcodes.tsv", &b"A"[..]);
        let trio = Ok(Chosen::Trio { matrix: 0, features: 1, barcodes: 2 });
        for beside in [
            ("UniqueAndMult-EM.mtx", MTX),
            ("matrix.mtx.gz", &[0x1f, 0x8b]),
            ("umap_cells.csv", b"Barcode,x"),
            ("genes.tsv", b"E"),
            ("metrics_summary.csv", b"a,b"),
        ] {
            assert_eq!(choose(&parts(&[("matrix.mtx", MTX), genes, cells, beside])), trio, "{beside:?}");
        }
        let two = choose(&parts(&[("a.mtx", MTX), ("b.mtx", MTX), genes, cells])).unwrap_err();
        assert!(two.contains("(a.mtx, b.mtx)"), "{two}");
        // A list that is no text is told by its reader.
        assert_eq!(choose(&parts(&[("matrix.mtx", MTX), ("features.tsv", b"C\0D"), cells])), trio);
    }

    #[test]
    fn a_text_alone_may_be_a_table() {
        let packed: &[u8] = &[0x1f, 0x8b];
        for name in ["counts.csv", "GSM1_genes.tsv.gz", "cells.txt", "matrix.tab", "export.xls", "a"] {
            let head = if name.ends_with(".gz") { packed } else { b",c1\nCD3D,1\n" };
            assert_eq!(choose(&parts(&[(name, head)])), Ok(Chosen::Table { file: 0 }), "{name}");
        }
        let both = parts(&[("metadata.csv", b",type\nc1,B\n"), ("raw_counts.csv.gz", packed)]);
        assert_eq!(choose(&both), Ok(Chosen::Table { file: 1 }));
    }

    #[test]
    fn what_is_missing_is_told() {
        let said = |list: &[(&str, &[u8])]| choose(&parts(list)).unwrap_err();
        let one = |name: &str, head: &[u8]| said(&[(name, head)]);
        assert!(one("matrix.mtx", MTX).contains("features.tsv (or genes.tsv) and barcodes.tsv are missing"));
        assert!(said(&[("matrix.mtx", MTX), ("genes.tsv", b"E")]).contains("barcodes.tsv is missing"));
        assert!(
            said(&[("matrix.mtx", MTX), ("barcodes.tsv", b"A")]).contains("features.tsv (or genes.tsv) is missing")
        );
        assert!(said(&[("features.tsv", b"E"), ("barcodes.tsv", b"A")]).contains("matrix.mtx"));
        assert!(said(&[("a.h5ad", HDF5), ("b.h5ad", HDF5)]).contains("one at a time"));
        assert!(one("cells.rds", b"RDX3").contains("R file") && one("x.loom", b"").contains("0 bytes"));
        assert!(
            one("picture.png", b"\x89PNG\x00").contains("not known") && choose(&[]).unwrap_err().contains("No file")
        );
        assert!(said(&[(".zgroup", b"{}"), ("zarr.json", b"{}")]).contains("read_zarr"));
        assert!(one("a.xlsx", b"PK\x03\x04").contains("spreadsheet") && one("a.xlsx", b"PK\x03\x04").contains("CSV"));
        assert!(
            said(&[("matrix.mtx", b"<html>"), ("features.tsv", b"E"), ("barcodes.tsv", b"A")]).contains("web page")
        );
        let empty = [("matrix.mtx", MTX), ("features.tsv", &b""[..]), ("barcodes.tsv", b"A")];
        assert!(said(&empty).contains("features.tsv is empty"));
        assert!(said(&[("a.csv", b"a,b"), ("b.csv", b"a,b")]).contains("Several tables"));
        assert!(one("recipe.toml", b"a = 1").contains("not read here"));
        assert!(one("cells.h5.html", b"<html>").contains("web page"));
    }
}
