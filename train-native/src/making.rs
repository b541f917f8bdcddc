//! Semi-synthetic cells made from the command line.
//!
//! Does: turns arguments into the order of `cells::signatures`, prints the plan, has the cells written.
//! Does not know: how cells respond.
//! Flow: arguments → `train_native::semisynthetic` → **h5ad**.

use anyhow::{Context as _, Result};
use cells::signatures::{Order, ReceptorRule, ResponseRule};
use train_native::semisynthetic::{Sources, describe, planned, write};

use crate::cli::MakeSemisynthetic;

/// Names, or none when the list is empty.
fn some(names: Vec<String>) -> Option<Vec<String>> {
    Some(names).filter(|names| !names.is_empty())
}

/// Plans, and unless only that was asked for makes the cells.
pub(crate) fn semisynthetic(asked: MakeSemisynthetic) -> Result<()> {
    let sources = Sources {
        data: asked.data,
        signatures: asked.signatures,
        cytokines: asked.cytokines,
        references: asked.receptor_cells,
    };
    let order = Order {
        donor: asked.donor_col,
        kind: asked.cell_type_col,
        condition: asked.pert_col,
        control: asked.control,
        measured: asked.measured.into_iter().collect(),
        calibrate_on: some(asked.calibrate_on),
        fewest: asked.fewest,
        scale: asked.scale,
        signals: some(asked.signals),
        cells_per: asked.cells_per,
        receptors: ReceptorRule { share: asked.receptor_share, ..ReceptorRule::default() },
        response: ResponseRule {
            cut: asked.least_z,
            largest: asked.largest,
            variation: asked.variation,
            renewed: asked.renewed,
            ..ResponseRule::default()
        },
        seed: asked.seed,
    };
    let planned = planned(&sources, &order)?;
    if asked.dry_run {
        print!("{}", describe(&planned.plan, &order));
        return Ok(());
    }
    eprint!("{}", describe(&planned.plan, &order));
    let out = asked.out.context("give --out, the file to write")?;
    let cells = write(&planned, &sources, &order, &out)?;
    eprintln!("{}: {cells} cells", out.display());
    Ok(())
}
