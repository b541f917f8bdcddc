//! Which genes shift between two groups of cells.
//!
//! Does: reads an `.h5ad` (its path and a condition column with `control` in it are the arguments) or makes synthetic
//! cells, normalises, tests every gene, and prints the surest and the first components.
//! Does not know: models.
//! Flow: `cargo run -p cells --example effects -- cells.h5ad condition IFN-beta` → **table**.

use std::error::Error;

use cells::Cells;
use cells::de::compare;
use cells::h5ad::{Matrix, read_h5ad};
use cells::normalise::{Target, log_normalise};
use cells::pca::{fit_pca, highly_variable};
use cells::synthetic::{CONTROL, PERTURBED, SyntheticSpec, synthetic};

/// Cells of two types and two donors, with and without a perturbation that makes ten genes four times as high.
const SPEC: SyntheticSpec = SyntheticSpec {
    cells_per_group: 40,
    genes: 200,
    types: 2,
    donors: 2,
    markers: 5,
    programme: 10,
    shifted: 10,
    fold_change: 4.0,
    depth: 2000.0,
};

/// The surest genes, as lines of a table.
fn effects(cells: &Cells, key: &str, perturbed: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let normalised = log_normalise(&cells.counts, Target::Sum(10_000.0));
    let of = |value: &str| cells.indices_where(key, value).map(|places| normalised.select(&places));
    let mut shifts = compare(&of(CONTROL)?, &of(perturbed)?)?;
    shifts.sort_by(|a, b| a.q.total_cmp(&b.q));
    let mut lines: Vec<String> = Vec::new();
    for shift in &shifts[..5] {
        lines.push(format!("{}\t{:.2}\tq {:.1e}", cells.genes[shift.gene as usize], shift.log2_fold_change, shift.q));
    }
    let pca = fit_pca(&normalised, &highly_variable(&normalised, 50), 2)?;
    let first = &pca.project(&normalised)[..2];
    lines.push(format!("the first cell stands at ({:.2}, {:.2}) of two components", first[0], first[1]));
    Ok(lines)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (cells, key, perturbed) = match arguments.as_slice() {
        [file, key, perturbed] => (read_h5ad(std::fs::read(file)?, &Matrix::Auto)?, key.as_str(), perturbed.as_str()),
        _ => (synthetic(&SPEC, 1)?.0, "condition", PERTURBED),
    };
    effects(&cells, key, perturbed)?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

#[test]
fn the_shifted_genes_come_first() -> Result<(), Box<dyn Error>> {
    let (cells, truth) = synthetic(&SPEC, 1)?;
    let lines = effects(&cells, "condition", PERTURBED)?;
    let is_true = |line: &&String| truth.shifted.iter().any(|gene| line.starts_with(&cells.genes[*gene]));
    assert_eq!(lines.iter().filter(is_true).count(), 5, "{lines:?}");
    Ok(())
}
