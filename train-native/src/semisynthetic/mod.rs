//! Semi-synthetic cells of many cytokines, from files to a file.
//!
//! Does: reads measured cells, signatures (packed or not) and the table of cytokines; prints the plan; writes the cells
//! with how they were made.
//! Does not know: how cells respond (`cells::signatures`).
//! Flow: h5ad + tables → `cells::signatures` → **h5ad, marked measured or semi-synthetic**.

mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::h5ad::write_h5ad;
use cells::matrix_market::Inflate;
use cells::signatures::{Cytokine, Order, Plan, Signatures, cytokines, make, plan};

use crate::data::read_cells;
use crate::files::write_atomic;

pub use words::describe;

/// Files that the cells are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources {
    /// Measured cells, raw counts.
    pub data: PathBuf,
    /// Response signatures.
    pub signatures: PathBuf,
    /// Cytokines with their receptors.
    pub cytokines: PathBuf,
    /// More measured cells in which receptor genes are looked for.
    pub references: Vec<PathBuf>,
}

/// What was read, and the plan.
pub struct Planned {
    cells: Cells,
    signatures: Signatures,
    /// What will be made.
    pub plan: Plan,
}

/// Text of a file, unpacked if it is packed.
fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bytes = Inflate::all(&bytes).with_context(|| format!("{} cannot be unpacked", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))
}

/// Reads everything and plans.
///
/// # Errors
/// When a file cannot be read, or the order cannot be carried out on these cells.
pub fn planned(sources: &Sources, order: &Order) -> Result<Planned> {
    ensure!(order.cells_per > 0, "--cells-per must be at least 1");
    let cells = read_cells(&sources.data)?;
    let references: Vec<Cells> = sources.references.iter().map(|path| read_cells(path)).collect::<Result<_>>()?;
    let signatures = Signatures::read(&text(&sources.signatures)?)
        .with_context(|| format!("{} cannot be used", sources.signatures.display()))?;
    let table: Vec<Cytokine> = cytokines(&text(&sources.cytokines)?)
        .with_context(|| format!("{} cannot be used", sources.cytokines.display()))?;
    let references: Vec<&Cells> = references.iter().collect();
    let plan = plan(&cells, &references, &signatures, &table, order)?;
    Ok(Planned { cells, signatures, plan })
}

/// Makes the planned cells and writes them to `out`; returns their number.
///
/// # Errors
/// When a label is missing or the file cannot be written.
pub fn write(planned: &Planned, sources: &Sources, order: &Order, out: &Path) -> Result<usize> {
    let made = make(&planned.cells, &planned.signatures, &planned.plan, order)?;
    let bytes = write_h5ad(&made, &provenance(&planned.plan, sources, order))?;
    write_atomic(out, &bytes)?;
    Ok(made.len())
}

/// What the file says about itself.
fn provenance(plan: &Plan, sources: &Sources, order: &Order) -> BTreeMap<String, String> {
    // Names only: where files lay on the maker's machine is nobody's concern.
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let references: Vec<String> = sources.references.iter().map(name).collect();
    let rule = &plan.response;
    let lines = [
        (
            "origin",
            "semi-synthetic: measured control cells moved by response signatures; obs `origin` tells cell by cell"
                .to_owned(),
        ),
        ("formula", words::formula(rule)),
        ("scale", rule.scale.to_string()),
        ("fit", plan.fit.as_ref().map(words::fit).unwrap_or_else(|| "the scale was given".to_owned())),
        ("receptors", words::receptors(order)),
        ("responders", words::responders(plan)),
        ("left_out", words::left_out(plan)),
        ("seed", order.seed.to_string()),
        ("cells_per_donor_and_cytokine", order.cells_per.to_string()),
        ("measured", order.measured.keys().cloned().collect::<Vec<_>>().join(", ")),
        ("source_cells", name(&sources.data)),
        ("source_signatures", name(&sources.signatures)),
        ("source_cytokines", name(&sources.cytokines)),
        ("source_references", references.join(", ")),
        ("made_by", format!("train-native {} semisynthetic", env!("CARGO_PKG_VERSION"))),
    ];
    lines.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
