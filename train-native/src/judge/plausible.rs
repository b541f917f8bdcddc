//! Whether the cells of predictions could be cells at all, and whether they are on the scale of the measured ones.
//!
//! Does: looks at raw counts of every prediction with ceilings and library sizes of the measured cells (and of training
//! cells, where there are some), and with the largest counts of their own type and perturbation; says where a log-normalised prediction stands on another library size.
//! Does not know: scores.
//! Flow: files → **sentences** beside the table of scores.

use anyhow::Result;
use cells::foreign::{Kind, Measured};
use cells::h5ad::Expression;
use cells::normalise::{Normalised, median};
use cells::plausibility::{Bounds, look, measured_ceilings};
use cells::{Cells, Column, Counts};

use super::asked::Asked;
use super::groups::{Columns, opened};
use crate::data::read_cells;
use crate::panels::aligned;
use crate::progress;

/// Cells of a log-normalised prediction whose library size is looked at.
const LOOKED_AT: usize = 256;
/// Relative difference of library sizes that is said.
const APART: f64 = 0.1;

/// Values of some labels of every cell, in words.
fn words_of<'a>(cells: &Cells, keys: impl Iterator<Item = &'a String>) -> Vec<String> {
    let columns: Vec<_> = keys.map(|key| cells.labels.get(key)).collect();
    let text = |column: &Option<&Column>, cell: usize| {
        column.and_then(|column| column.text(cell)).map_or_else(String::new, |text| text.into_owned())
    };
    let of_cell = |cell| columns.iter().map(|column| text(column, cell)).collect::<Vec<_>>().join(" · ");
    (0..cells.len()).map(of_cell).collect()
}

/// Kind of every cell by the labels of its type, if there are any, and of its perturbation.
pub(crate) fn kinds_of<'a>(
    cells: &Cells,
    types: impl Iterator<Item = &'a String> + Clone,
    perturbations: impl Iterator<Item = &'a String>,
) -> Vec<Kind> {
    let groups = words_of(cells, types.clone().chain(perturbations));
    groups.into_iter().zip(words_of(cells, types)).map(|(group, cell_type)| Kind { group, cell_type }).collect()
}

/// Cell type (where a column was named) and perturbation of every cell.
fn groups(cells: &Cells, columns: &Columns) -> Vec<Kind> {
    kinds_of(cells, columns.cell_type.iter(), std::iter::once(&columns.perturbation))
}

/// Counts and groups of measured cells and of training cells on the same genes, one after the other.
fn measured(asked: &Asked, genes: &[String]) -> Result<Option<(Counts, Vec<Kind>)>> {
    let Ok(real) = read_cells(&asked.real) else { return Ok(None) };
    let real = aligned(&real, genes, "the measured cells", "the scored genes")?;
    let mut of_cell = groups(&real, &asked.columns);
    let Some(path) = &asked.train else { return Ok(Some((real.counts, of_cell))) };
    let training: Cells = aligned(&read_cells(path)?, genes, "the training cells", "the measured cells")?;
    of_cell.extend(groups(&training, &asked.columns));
    let mut all = real.counts;
    all.append(&training.counts)?;
    Ok(Some((all, of_cell)))
}

/// Library size that log-normalised cells were scaled to: the median over cells of Σ (eˣ − 1).
fn scale(data: &Normalised) -> f64 {
    let of_cell =
        |cell: usize| data.row(cell).1.iter().map(|value| f64::from(*value).exp_m1()).sum::<f64>().round() as u64;
    median(&(0..data.cells()).map(of_cell).collect::<Vec<_>>())
}

/// What raw counts of a prediction say.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    /// Name of the prediction.
    pub name: String,
    /// The verdict.
    pub words: String,
    /// Heads and sentences gene by gene.
    pub by_gene: Vec<(&'static str, String)>,
}

impl Raw {
    /// As facts of a report.
    pub fn facts(&self) -> Vec<(String, String)> {
        let of = |what: &str| if self.name.is_empty() { what.to_owned() } else { format!("{what}, {}", self.name) };
        let lines = self.by_gene.iter().map(|(head, words)| (of(head), words.clone()));
        std::iter::once((of("Plausibility"), self.words.clone())).chain(lines).collect()
    }
}

/// A verdict on the raw counts of every prediction.
pub(super) fn looked_at(asked: &Asked, genes: &[String]) -> Result<Vec<Raw>> {
    let _looking = progress::phase("looking at raw counts of the predictions");
    let Some((measured, of_measured)) = measured(asked, genes)? else { return Ok(Vec::new()) };
    let by_type = Measured::of(&measured, &of_measured);
    let ceilings = measured_ceilings(&measured);
    let mut sizes = measured.library_sizes();
    sizes.sort_unstable();
    let library_sizes = [sizes.first().copied().unwrap_or(0), sizes.last().copied().unwrap_or(0)];
    let target = median(&sizes);
    let of_file = |(name, path): &(String, std::path::PathBuf)| -> Result<Raw> {
        let name = name.clone();
        let rows = opened(path)?;
        if let Expression::LogNormalised(data) = rows.expression(0, rows.cells().min(LOOKED_AT))? {
            let scale = scale(&data);
            let apart = (scale / target - 1.0).abs() > APART;
            let how = if apart {
                format!(
                    "its cells are log-normalised to about {scale:.0}, the measured ones to their median, {target:.0}: effects and errors are on another scale; normalise to {target:.0} before log1p, or give raw counts"
                )
            } else {
                format!("its cells are log-normalised (to about {scale:.0}), so that raw counts cannot be looked at")
            };
            return Ok(Raw { name, words: how, ..Raw::default() });
        }
        let cells = aligned(&read_cells(path)?, genes, "the predicted cells", "the measured cells")?;
        let mut found = look(&cells.counts, Bounds { ceilings: &ceilings, library_sizes }, Some(&measured));
        let own = groups(&cells, &asked.columns);
        found.foreign = Some(by_type.look(&cells.counts, &own));
        Ok(Raw { name, words: found.words(genes), by_gene: found.by_gene(genes) })
    };
    asked.predicted.iter().map(of_file).collect()
}
