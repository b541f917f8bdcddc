//! 10x Genomics' `.h5` files: both versions of their form.
//!
//! Does: finds the matrix (`/matrix` since Cell Ranger 3, one group per genome before) and opens it as rows of
//! cells; of features that are not gene expression (antibodies, guides) the columns are left out.
//! Does not know: AnnData.
//! Flow: HDF5 file → **open rows of cells** → windows.

use hdf5_pure::File;

use super::{CellRows, Layout, Names, Scale, unique};
use crate::h5ad::error::H5adError;
use crate::h5ad::labels::{at, group};

/// Where a file of 10x Genomics keeps its matrix; none when it is no such file.
///
/// # Errors
/// When it holds several genomes.
pub(super) fn place(file: &File) -> Result<Option<String>, H5adError> {
    if file.group("matrix").is_ok() {
        return Ok(Some("matrix".to_owned()));
    }
    let groups = file.root().groups().unwrap_or_default();
    let holds = |name: &String| {
        file.group(name).is_ok_and(|genome| {
            ["barcodes", "gene_names", "indptr", "indices", "data"].iter().all(|part| genome.dataset(part).is_ok())
        })
    };
    let genomes: Vec<String> = groups.into_iter().filter(holds).collect();
    if genomes.len() > 1 {
        return Err(H5adError::Genomes { found: genomes.join(", ") });
    }
    Ok(genomes.into_iter().next())
}

impl CellRows {
    /// A filtered matrix of 10x Genomics: compressed by barcode.
    pub(super) fn tenx(file: File, place: String) -> Result<Self, H5adError> {
        let matrix = group(&file, &place)?;
        let part = |name: &str| {
            let full = format!("{place}/{name}");
            matrix.dataset(name).map_err(|_| H5adError::Missing { place: full })
        };
        let barcodes = part("barcodes")?;
        let cells = at(&format!("{place}/barcodes"), barcodes.shape())?.first().copied().unwrap_or(0) as usize;
        let names = if place == "matrix" { "features/name" } else { "gene_names" };
        let symbols = at(&format!("{place}/{names}"), part(names)?.read_string())?;
        // Version 2 knows genes only; so does a file that does not say.
        let kinds = part("features/feature_type").and_then(|kinds| at("matrix/features", kinds.read_string()));
        let is_gene =
            |at: usize| kinds.as_ref().map_or(true, |kinds| kinds.get(at).is_some_and(|k| k == "Gene Expression"));
        let mut genes = Vec::new();
        let columns = symbols
            .into_iter()
            .enumerate()
            .map(|(at, symbol)| {
                is_gene(at).then(|| {
                    genes.push(symbol);
                    genes.len() as u32 - 1
                })
            })
            .collect();
        let layout = Layout::Sparse(Box::new([part("indptr")?, part("indices")?, part("data")?]));
        let (genes, names, scale) = (unique(genes), Names::Texts(barcodes), Scale::Counts);
        Ok(Self { file, place, var: None, layout, names, genes, columns, cells, has_labels: false, scale })
    }
}
