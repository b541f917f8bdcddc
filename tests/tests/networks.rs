//! Networks that were never trained, for tests of what holds whatever the weights are.
//!
//! Does: statistics of genes with ceilings of every width of values; networks whose parameters that start at 0 are random
//! too, so that every part of them says something.
//! Does not know: data.
//! Flow: sizes + seed → **statistics, networks** → the other modules.

use burn::tensor::{Device, Tensor, TensorData};
use model::config::ModelConfig;
use model::network::Network;
use model::pairs::Pairs;
use model::quantise::dequantise;
use model::random::Draws;
use model::statistics::GeneStatistics;

/// Tokens of ceilings, from a gene that was never counted to one without a ceiling.
const CEILINGS: [u16; 11] = [7, 0, 1, 95, 31, 20, 280, 3, 60, 140, 230];

/// Genes with ceilings of every width; the mean of a gene is a seventh of its largest count. Gene 4 may show 31 counts.
pub(crate) fn statistics(genes: usize) -> GeneStatistics {
    let mut statistics = GeneStatistics::flat(genes);
    for gene in 0..genes {
        statistics.ceiling[gene] = CEILINGS[gene % CEILINGS.len()];
        let mean = f64::from(dequantise(statistics.ceiling[gene])) / 7.0;
        statistics.log_mean[gene] = mean.max(1e-6).ln() as f32;
        statistics.log_size[gene] = [-1.5, -0.5, 0.5, 1.5][gene % 4];
        statistics.scale[gene] = (2.0 * mean).max(1.0) as f32;
        (statistics.lowest[gene], statistics.highest[gene]) = (-1.5, 1.2);
    }
    statistics
}

/// A fresh network with normal numbers added to every parameter: `size` times in^-½ for matrices, `size` for single rows.
pub(crate) fn awake(
    config: &ModelConfig,
    statistics: GeneStatistics,
    pairs: Pairs,
    (seed, size): (u64, f32),
    device: &Device,
) -> Network {
    let mut stream = 1 << 30;
    Network::init(config, statistics, pairs, seed, device).map(|_, tensor| {
        let [rows, columns] = tensor.dims();
        stream += 1;
        let mut draws = Draws::new(seed, stream);
        let deviation = size / (rows as f32).sqrt();
        let noise: Vec<f32> = (0..rows * columns).map(|_| deviation * draws.normal()).collect();
        tensor + Tensor::from_data(TensorData::new(noise, [rows, columns]), device)
    })
}
