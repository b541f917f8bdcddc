//! The texts beside `matrix.mtx`: genes and barcodes.
//!
//! Does: reads `features.tsv` (identifier, symbol, kind), the older `genes.tsv` (identifier, symbol) and
//! `barcodes.tsv`, packed or not.
//! Does not know: the matrix.
//! Flow: bytes → **names** → `Trio`.

use super::{Inflate, MtxError};
use crate::h5ad::unique;

/// Genes of the rows of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// Gene symbols; one that comes again carries `-1`, `-2` … as in scanpy.
    pub genes: Vec<String>,
    /// Gene of every line; lines that are no genes (antibodies, guides) have none.
    pub columns: Vec<Option<u32>>,
}

/// Lines of a text, packed or not.
fn lines(file: &'static str, bytes: &[u8]) -> Result<Vec<String>, MtxError> {
    let companion = |what: String| MtxError::Companion { file, what };
    let text = Inflate::all(bytes).map_err(|error| companion(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| companion("this is no text (UTF-8)".to_owned()))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// `features.tsv` or `genes.tsv`, packed or not.
///
/// # Errors
/// When it is no text or has no genes.
pub fn read_features(bytes: &[u8]) -> Result<Features, MtxError> {
    let (mut genes, mut columns) = (Vec::new(), Vec::new());
    for line in lines("features.tsv", bytes)? {
        let mut words = line.split('\t').map(str::trim);
        let id = words.next().unwrap_or_default();
        let symbol = words.next().filter(|symbol| !symbol.is_empty()).unwrap_or(id);
        let is_gene = words.next().is_none_or(|kind| kind.is_empty() || kind == "Gene Expression");
        columns.push(is_gene.then_some(genes.len() as u32));
        if is_gene {
            genes.push(symbol.to_owned());
        }
    }
    if genes.is_empty() {
        let what =
            "there is no line of a gene; each needs an identifier, a symbol and `Gene Expression`, apart by tabs";
        return Err(MtxError::Companion { file: "features.tsv", what: what.to_owned() });
    }
    Ok(Features { genes: unique(genes), columns })
}

/// `barcodes.tsv`, packed or not: the first word of each line.
///
/// # Errors
/// When it is no text.
pub fn read_barcodes(bytes: &[u8]) -> Result<Vec<String>, MtxError> {
    let first = |line: String| line.split('\t').next().unwrap_or_default().trim().to_owned();
    Ok(lines("barcodes.tsv", bytes)?.into_iter().map(first).collect())
}
