//! Semi-synthetic cells made from the command line.
//!
//! Does: names, help and defaults of the arguments; turns them into the order of `cells::signatures`, prints the plan, has the cells written.
//! Does not know: how cells respond.
//! Flow: arguments → `train_native::semisynthetic` → **h5ad**.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cells::signatures::{EffectRule, Order, ReceptorRule, ResponseRule};
use clap::Args;
use train_native::output::{print, say};
use train_native::progress;
use train_native::semisynthetic::{
    MeansSources, Sources, describe, describe_means, planned, ready, write, write_from_means, write_pairs,
};

use crate::cli::from_means::FromMeans;
use crate::cli::made::Made;
use crate::cli::pairs::key_value;

/// What `semisynthetic` takes.
#[derive(Args)]
pub(crate) struct MakeSemisynthetic {
    /// Cells, columns, numbers and file.
    #[command(flatten)]
    pub(crate) made: Made,
    /// Response signatures as z-scores: `gene,signal,signal,…`, also packed with gzip.
    #[arg(long)]
    pub(crate) signatures: PathBuf,
    /// Cytokines with receptor genes and signals, in huCIRA's columns and `cytosig_signal`.
    #[arg(long)]
    pub(crate) cytokines: PathBuf,
    /// More measured cells, in whose controls receptor genes are looked for; repeat for several.
    #[arg(long)]
    pub(crate) receptor_cells: Vec<PathBuf>,
    /// CYTOKINE=SIGNAL of a cytokine whose measured cells are kept and calibrate the scale; repeat for several, of which
    /// the first by name calibrates.
    #[arg(long, value_parser = key_value)]
    pub(crate) measured: Vec<(String, String)>,
    /// Donors to calibrate on, separated by commas (all when left out).
    #[arg(long, value_delimiter = ',')]
    pub(crate) calibrate_on: Vec<String>,
    /// Fewest control and treated cells of a cell type to calibrate on.
    #[arg(long, default_value_t = 20)]
    pub(crate) fewest: usize,
    /// log2 fold change per unit of z, in place of calibrating.
    #[arg(long)]
    pub(crate) scale: Option<f64>,
    /// Signals to make cells of, separated by commas (all that stand for a cytokine when left out).
    #[arg(long, value_delimiter = ',')]
    pub(crate) signals: Vec<String>,
    /// Smallest share of a cell type's cells that must show every chain of a receptor.
    #[arg(long, default_value_t = ReceptorRule::default().share)]
    pub(crate) receptor_share: f64,
    /// Smallest |z| that moves a gene.
    #[arg(long, default_value_t = ResponseRule::default().cut)]
    pub(crate) least_z: f64,
    /// Largest log2 fold change, up or down.
    #[arg(long, default_value_t = ResponseRule::default().largest)]
    pub(crate) largest: f64,
    /// Log deviation of the strength of cells of one type.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) variation: f64,
    /// In place of cells of single cytokines, cells of so many pairs of them: what `combinations` scores a bundle on.
    #[arg(long)]
    pub(crate) pairs: Option<usize>,
}

/// Names, or none when the list is empty.
fn some(names: Vec<String>) -> Option<Vec<String>> {
    Some(names).filter(|names| !names.is_empty())
}

/// Plans, and unless only that was asked for makes the cells.
pub(crate) fn semisynthetic(asked: MakeSemisynthetic) -> Result<()> {
    let made = asked.made;
    let sources = Sources {
        data: made.data,
        signatures: asked.signatures,
        cytokines: asked.cytokines,
        references: asked.receptor_cells,
    };
    let order = Order {
        donor: made.donor_col,
        kind: made.cell_type_col,
        condition: made.pert_col,
        control: made.control,
        measured: asked.measured.into_iter().collect(),
        calibrate_on: some(asked.calibrate_on),
        fewest: asked.fewest,
        scale: asked.scale,
        signals: some(asked.signals),
        cells_per: made.cells_per,
        receptors: ReceptorRule { share: asked.receptor_share, ..ReceptorRule::default() },
        response: ResponseRule {
            cut: asked.least_z,
            largest: asked.largest,
            variation: asked.variation,
            renewed: made.renewed,
            ..ResponseRule::default()
        },
        seed: made.seed,
    };
    let reading = progress::phase("reading cells and signatures");
    let planned = planned(&sources, &order)?;
    drop(reading);
    if made.dry_run {
        print(&describe(&planned.plan, &order));
        return Ok(());
    }
    say(describe(&planned.plan, &order).trim_end());
    let out = made.out.context("give --out, the file to write")?;
    let _making = progress::phase("making cells");
    let cells = match asked.pairs {
        Some(wanted) => {
            let (names, cells) = write_pairs(&planned, &sources, &order, wanted, &out)?;
            say(&format!("pairs: {}", names.join(", ")));
            cells
        }
        None => write(&planned, &sources, &order, &out)?,
    };
    say(&format!("{}: {cells} cells", out.display()));
    Ok(())
}

/// Reads means and cells, and unless only the plan was asked for makes the cells.
pub(crate) fn from_means(asked: FromMeans) -> Result<()> {
    let made = asked.made;
    let sources = MeansSources {
        data: made.data,
        means: asked.means,
        group: asked.group_col,
        perturbation: asked.means_pert_col,
        control: asked.means_control,
        groups: asked.follows.into_iter().collect(),
    };
    let rule = EffectRule { cut: asked.least_z, fewest: asked.fewest_genes, ..EffectRule::default() };
    let order = Order {
        donor: made.donor_col,
        kind: made.cell_type_col,
        condition: made.pert_col,
        control: made.control,
        cells_per: made.cells_per,
        response: ResponseRule { renewed: made.renewed, ..ResponseRule::default() },
        seed: made.seed,
        // Nothing is calibrated, and no receptor is looked for: the effects are the measured ones.
        measured: std::collections::BTreeMap::new(),
        calibrate_on: None,
        fewest: 1,
        scale: Some(1.0),
        signals: None,
        receptors: ReceptorRule::default(),
    };
    let reading = progress::phase("reading cells and means");
    let read = ready(&sources, &rule)?;
    drop(reading);
    if made.dry_run {
        print(&describe_means(&read, &rule));
        return Ok(());
    }
    say(describe_means(&read, &rule).trim_end());
    let out = made.out.context("give --out, the file to write")?;
    let _making = progress::phase("making cells");
    let cells = write_from_means(&read, &sources, &rule, &order, &out)?;
    say(&format!("{}: {cells} cells", out.display()));
    Ok(())
}
