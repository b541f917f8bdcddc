//! What a file of cells holds.
//!
//! Does: prints what the one reader found (cells, genes, the matrix that was taken and why, the others, labels with their
//! values, where symbols stood, what was left out) and how much of a bundle's panel the file has, as text or as JSON.
//! Does not know: forms of files.
//! Flow: path → **text** on standard output, the words of the page's Data view.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cells::h5ad::Matrix;
use cells::report::Report;
use model::bundle::{CARD, read_card};
use serde::Serialize;

use crate::data::files::{Wanted, rows};

/// What is asked.
pub struct Asked<'a> {
    /// File, or folder of a matrix with its texts.
    pub data: &'a Path,
    /// Matrix, modality or genome; none: the best.
    pub matrix: Option<&'a str>,
    /// Bundle whose panel is compared.
    pub bundle: Option<&'a PathBuf>,
    /// JSON in place of text.
    pub json: bool,
}

/// How much of a bundle's panel a file has.
#[derive(Serialize)]
struct Share {
    /// The bundle.
    bundle: String,
    /// Genes of the panel that the file has.
    shared: usize,
    /// Genes of the panel.
    panel: usize,
    /// Whether the identifiers and not the symbols were compared.
    by_identifiers: bool,
}

/// What was found.
#[derive(Serialize)]
struct Found {
    #[serde(flatten)]
    report: Report,
    /// How much of a bundle's panel the file has.
    panel: Option<Share>,
}

/// Looks at a file and says what it found.
///
/// # Errors
/// When the file or the bundle cannot be read.
pub fn inspect(asked: &Asked<'_>) -> Result<String> {
    let matrix = asked.matrix.map_or(Matrix::Auto, |name| Matrix::Named(name.to_owned()));
    let (rows, _) = rows(asked.data, &matrix, Wanted::Any)?;
    let report = rows.full_report().with_context(|| format!("{} cannot be used", asked.data.display()))?;
    let share = asked.bundle.map(|folder| -> Result<Share> {
        let path = folder.join(CARD);
        let json = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let card = read_card(&json).with_context(|| format!("{} cannot be used", path.display()))?;
        let panel: HashSet<&String> = card.genes.iter().collect();
        let count = |names: &[String]| names.iter().filter(|name| panel.contains(name)).count();
        let (symbols, ids) = (count(rows.genes()), rows.identifiers().map_or(0, count));
        let by_identifiers = ids > symbols;
        Ok(Share { bundle: card.name, shared: symbols.max(ids), panel: card.genes.len(), by_identifiers })
    });
    let found = Found { report, panel: share.transpose()? };
    if asked.json {
        return Ok(serde_json::to_string_pretty(&found)? + "\n");
    }
    let mut text = found.report.to_string();
    if let Some(share) = found.panel {
        let percent = 100.0 * share.shared as f64 / share.panel.max(1) as f64;
        let by = if share.by_identifiers { ", by identifiers" } else { "" };
        text.push_str(&format!(
            "panel of {}\t{} of {} genes ({percent:.0} %{by})\n",
            share.bundle, share.shared, share.panel
        ));
    }
    Ok(text)
}
