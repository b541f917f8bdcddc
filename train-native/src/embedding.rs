//! Gene embeddings that come from elsewhere: protein language models, co-expression, text.
//!
//! Does: reads a table (gene, then numbers, by tabs or commas), brings it to the network's width and scale, and
//! starts the gene embedding from it; training goes on from there. Genes that the table lacks start at random.
//! Does not know: where the numbers come from.
//! Flow: table + panel → **gene_embedding [G, D] at the start**.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Tensor, TensorData};
use model::network::Network;
use model::random::Draws;

use crate::output::say;

/// Stream of the projection.
const STREAM: u64 = 1 << 49;

/// Rows of a table by gene, all of one length.
fn read(path: &Path) -> Result<HashMap<String, Vec<f64>>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut rows = HashMap::new();
    let mut width = None;
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let mut fields = line.split(['\t', ',']).map(str::trim);
        let gene = fields.next().unwrap_or_default().to_owned();
        let values: Option<Vec<f64>> = fields.map(|field| field.parse().ok().filter(|v: &f64| v.is_finite())).collect();
        // The first line may name the columns.
        let Some(values) = values.filter(|values| !values.is_empty()) else {
            ensure!(number == 0, "{}, line {}: not a gene with numbers after it", path.display(), number + 1);
            continue;
        };
        let expected = *width.get_or_insert(values.len());
        ensure!(
            values.len() == expected,
            "{}, line {}: {} numbers, the lines before have {expected}",
            path.display(),
            number + 1,
            values.len()
        );
        rows.insert(gene, values);
    }
    Ok(rows)
}

/// Starts the gene embedding of a fresh network from a table.
///
/// # Errors
/// When the table cannot be read or has no gene of the panel.
pub fn apply(mut network: Network, genes: &[String], path: &Path, seed: u64) -> Result<Network> {
    let rows = read(path)?;
    let found: Vec<(usize, &Vec<f64>)> =
        genes.iter().enumerate().filter_map(|(place, gene)| Some((place, rows.get(gene)?))).collect();
    ensure!(!found.is_empty(), "{} has no gene of the panel", path.display());
    let (own, width) = (found[0].1.len(), network.config.width);
    // Directions in random directions: distances between genes stay as they are, whatever the widths.
    let mut draws = Draws::new(seed, STREAM);
    let projection: Vec<f64> = (0..own * width).map(|_| f64::from(draws.normal())).collect();
    let mut mean = vec![0.0; own];
    found.iter().for_each(|(_, row)| mean.iter_mut().zip(*row).for_each(|(m, v)| *m += v / found.len() as f64));
    let projected: Vec<Vec<f64>> = found
        .iter()
        .map(|(_, row)| {
            let centred = row.iter().zip(&mean).map(|(v, m)| v - m);
            let mut into = vec![0.0; width];
            for (value, weights) in centred.zip(projection.chunks(width)) {
                into.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += value * weight);
            }
            into
        })
        .collect();
    let squares: f64 = projected.iter().flatten().map(|value| value * value).sum();
    // That of a random start.
    let deviation = (network.config.group_size as f64).powf(-0.5);
    let scale = deviation / (squares / (projected.len() * width) as f64).sqrt().max(1e-12);
    let mut values: Vec<f32> = network.gene_embedding.clone().into_data().iter::<f32>().collect();
    for ((place, _), row) in found.iter().zip(&projected) {
        let into = &mut values[place * width..(place + 1) * width];
        into.iter_mut().zip(row).for_each(|(into, value)| *into = (value * scale) as f32);
    }
    say(&format!("{} of {} genes start from {}", found.len(), genes.len(), path.display()));
    let device = network.gene_embedding.device();
    network.gene_embedding = Tensor::from_data(TensorData::new(values, [genes.len(), width]), &device);
    Ok(network)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::apply;
    use burn::tensor::Device;
    use model::config::ModelConfig;
    use model::network::Network;
    use model::pairs::Pairs;
    use model::statistics::GeneStatistics;

    #[test]
    fn genes_that_are_alike_in_the_table_start_alike() {
        let config = ModelConfig {
            genes: 4,
            group_size: 2,
            width: 16,
            blocks: 1,
            heads: 2,
            feed_width: 16,
            rank: 4,
            summary: 0,
            shape: 2,
            condition_slots: 1,
            condition_values: 2,
            pairs: 0,
        };
        let network = Network::init(&config, GeneStatistics::flat(4), Pairs::default(), 1, &Device::flex());
        let genes = ["A", "B", "C", "D"].map(str::to_owned);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.tsv");
        std::fs::write(&path, "gene\tx\ty\tz\nA\t1\t0\t0\nB\t1\t0.1\t0\nC\t-1\t0\t2\n").unwrap();
        let before: Vec<f32> = network.gene_embedding.clone().into_data().iter::<f32>().collect();
        let after = apply(network.clone(), &genes, &path, 1).unwrap();
        let after: Vec<f32> = after.gene_embedding.into_data().iter::<f32>().collect();
        let apart = |a: usize, b: usize| (0..16).map(|d| (after[16 * a + d] - after[16 * b + d]).powi(2)).sum::<f32>();
        assert!(apart(0, 1) < 0.05 * apart(0, 2), "{} and {}", apart(0, 1), apart(0, 2));
        let spread = (after[..48].iter().map(|v| v * v).sum::<f32>() / 48.0).sqrt();
        // That of a random start: S^-½.
        assert!((spread - 0.5_f32.sqrt()).abs() < 1e-4, "{spread}");
        assert_eq!(before[48..], after[48..], "D is not in the table");

        std::fs::write(&path, "A\t1\t2\nB\t1\n").unwrap();
        assert!(apply(network.clone(), &genes, &path, 1).unwrap_err().to_string().contains("line 2"));
        std::fs::write(&path, "TP53\t1\t2\n").unwrap();
        assert!(apply(network, &genes, &path, 1).unwrap_err().to_string().contains("no gene of the panel"));
    }
}
