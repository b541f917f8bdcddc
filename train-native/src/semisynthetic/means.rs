//! Semi-synthetic cells of perturbations whose mean effects were measured, from files to a file.
//!
//! Does: reads measured cells and a table of means (an h5ad file with one row per group and perturbation); says what will
//! be made; writes the cells with how they were made.
//! Does not know: what counts as an effect, how cells are moved (`cells::signatures`).
//! Flow: h5ad + h5ad of means → `cells::signatures` → **h5ad, marked measured or semi-synthetic**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::h5ad::{Expression, Matrix, write_h5ad};
use cells::signatures::{EffectRule, Effects, Means, Order, make_from_means};

use crate::data::files::{Wanted, rows};
use crate::data::read_cells;
use crate::files::write_atomic;

/// Files and columns that the cells are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct MeansSources {
    /// Measured cells, raw counts.
    pub data: PathBuf,
    /// Means of log1p(counts per 10,000), one row per group and perturbation.
    pub means: PathBuf,
    /// obs column of the groups in the table of means.
    pub group: String,
    /// obs column of the perturbations in the table of means.
    pub perturbation: String,
    /// Its value for the control.
    pub control: String,
    /// Group of the table by cell type of the cells.
    pub groups: BTreeMap<String, String>,
}

/// What was read.
pub struct Ready {
    cells: Cells,
    /// What the perturbations do.
    pub effects: Effects,
    /// Genes of the cells that the table knows.
    pub known: usize,
}

/// Reads a table of means.
fn means(sources: &MeansSources) -> Result<Means> {
    let (rows, _) = rows(&sources.means, &Matrix::Auto, Wanted::Any)?;
    let failed = || format!("{} cannot be used", sources.means.display());
    let (groups, names) = (rows.label(&sources.group), rows.label(&sources.perturbation));
    let (groups, names) = (groups.with_context(failed)?, names.with_context(failed)?);
    let count = rows.cells();
    let (groups, names) = (groups.read(0, count)?, names.read(0, count)?);
    let Expression::LogNormalised(values) = rows.expression(0, count).with_context(failed)? else {
        anyhow::bail!("{} holds counts; a table of means holds means of log1p(counts per 10,000)", failed());
    };
    let mut table = Means { genes: rows.genes().to_vec(), rows: Vec::with_capacity(count) };
    for row in 0..count {
        let (genes, own) = values.row(row);
        let mut dense = vec![0.0; table.genes.len()];
        genes.iter().zip(own).for_each(|(gene, value)| dense[*gene as usize] = f64::from(*value));
        let text = |column: &cells::Column| column.text(row).unwrap_or_default().into_owned();
        table.rows.push((text(&groups), text(&names), dense));
    }
    Ok(table)
}

/// Reads everything, and says what has an effect.
///
/// # Errors
/// When a file cannot be read, a group of `sources.groups` is not in the table, or nothing has an effect.
pub fn ready(sources: &MeansSources, rule: &EffectRule) -> Result<Ready> {
    let table = means(sources)?;
    let mut there: Vec<&str> = table.rows.iter().map(|(group, ..)| group.as_str()).collect();
    there.sort_unstable();
    there.dedup();
    for (kind, group) in &sources.groups {
        ensure!(
            there.contains(&group.as_str()),
            "{kind} is to follow {group}, which {} has not; it has {}",
            sources.means.display(),
            there.join(", ")
        );
    }
    let effects =
        table.effects(&sources.control, rule).with_context(|| format!("{} cannot be used", sources.means.display()))?;
    let cells = read_cells(&sources.data)?;
    let known = cells.genes.iter().filter(|gene| effects.genes.contains(gene)).count();
    ensure!(known > 0, "no gene of {} is in {}", sources.data.display(), sources.means.display());
    Ok(Ready { cells, effects, known })
}

/// What will be made, for the terminal.
pub fn describe_means(ready: &Ready, rule: &EffectRule) -> String {
    let mut text = format!("{}\n{} genes of the cells are in the table\n\n", formula(rule), ready.known);
    for (name, groups) in &ready.effects.of {
        let moved = |folds: &Vec<f64>| folds.iter().filter(|fold| **fold != 0.0).count();
        let groups: Vec<String> = groups.iter().map(|(group, folds)| format!("{group} {}", moved(folds))).collect();
        text += &format!("  {name}: genes moved: {}\n", groups.join(", "));
    }
    let left: Vec<&str> = ready.effects.left_out.iter().map(|(name, _)| name.as_str()).collect();
    text + &format!("\nleft out, fewer than {} genes in every group: {}\n", rule.fewest, left.join(", "))
}

/// How an effect is found.
fn formula(rule: &EffectRule) -> String {
    let EffectRule { cut, added, largest, .. } = rule;
    format!(
        "log2 fold change of a gene = log2((e^X - 1 + {added})/(e^r - 1 + {added})), X the measured mean of log1p(counts \
         per 10,000) of the group under the perturbation and r the median over all perturbations and the control, where \
         |X - r| is at least {cut} times the noise (1.4826 x median |X - r|), else 0; at most {largest} up or down. Down: \
         binomial thinning. Up: counts plus Poisson(library size x the gene's mean share x (fold - 1))."
    )
}

/// Makes the cells and writes them to `out`; returns their number.
///
/// # Errors
/// When a label is missing or the file cannot be written.
pub fn write_from_means(
    ready: &Ready,
    sources: &MeansSources,
    rule: &EffectRule,
    order: &Order,
    out: &Path,
) -> Result<usize> {
    ensure!(order.cells_per > 0, "--cells-per must be at least 1");
    let made = make_from_means(&ready.cells, &ready.effects, &sources.groups, order)?;
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let groups: Vec<String> = sources.groups.iter().map(|(kind, group)| format!("{kind} as {group}")).collect();
    let left: Vec<&str> = ready.effects.left_out.iter().map(|(name, _)| name.as_str()).collect();
    let about = [
        (
            "origin",
            "semi-synthetic: measured control cells moved by measured mean effects; obs `origin` tells cell by cell"
                .to_owned(),
        ),
        ("formula", formula(rule)),
        ("groups", groups.join("; ")),
        ("left_out", format!("fewer than {} genes moved: {}", rule.fewest, left.join(", "))),
        ("renewed", order.response.renewed.to_string()),
        ("seed", order.seed.to_string()),
        ("cells_per_donor_and_perturbation", order.cells_per.to_string()),
        ("source_cells", name(&sources.data)),
        ("source_means", name(&sources.means)),
        ("made_by", format!("wellplate {} from-means", env!("CARGO_PKG_VERSION"))),
    ];
    let about = about.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    write_atomic(out, &write_h5ad(&made, &about)?)?;
    Ok(made.len())
}
