//! What holds of drawn cells whatever the weights are.
//!
//! Does: draws from networks of large random weights, guided and composed far past any use, and looks at ceilings, held
//! genes, library sizes, and expected counts beside drawn ones.
//! Does not know: trained networks, names.
//! Flow: random network + request → cells → **bounds**.

use std::collections::BTreeMap;

use burn::tensor::Device;
use model::config::ModelConfig;
use model::network::Network;
use model::pairs::Pairs;
use model::quantise::{FIRST_CONDITION, OVERFLOW, dequantise};
use model::sample::{Effort, Request, Run};
use model::statistics::GeneStatistics;
use train_native::generate::wait;
use train_native::optimise::leave_out;

use crate::networks::{awake, statistics};

/// Cell type (two values), perturbation (a control and six more), library size (two bins).
const CONFIG: ModelConfig = ModelConfig {
    genes: 61,
    group_size: 8,
    width: 16,
    blocks: 1,
    heads: 2,
    feed_width: 24,
    rank: 4,
    summary: 2,
    shape: 2,
    condition_slots: 3,
    condition_values: 11,
    pairs: 2,
};
const GUIDANCE: [f32; 4] = [0.0, 1.0, 3.0, 20.0];

fn token(place: i32) -> i32 {
    FIRST_CONDITION + place
}

fn pairs() -> Pairs {
    Pairs::new([[token(0), token(3)], [token(1), token(4)]])
}

/// Cells of the perturbations (places of their values), either type, either library size.
fn request(perturbations: &[i32], guidance: f32, steps: usize, cells: usize, seed: u64) -> Request {
    let row = |kind: i32, depth: i32| (vec![token(kind), token(perturbations[0]), token(depth)], 1.0);
    let several: Vec<i32> = perturbations.iter().map(|place| token(*place)).collect();
    Request {
        labels: vec![row(0, 9), row(1, 9), row(0, 10), row(1, 10)],
        composed: (several.len() > 1).then_some((1, several)),
        null: vec![None, Some(token(2)), None],
        guidance,
        expects: true,
        ..Request::of(vec![0; 3], steps, cells, seed)
    }
}

fn drawn(network: &Network, request: Request) -> Run {
    let mut run = Run::new(network, request, Effort { cells: 64, rows: 4096 });
    while !run.is_finished() {
        wait(run.step(network)).unwrap();
    }
    run
}

#[test]
fn no_count_is_above_its_ceiling() {
    let statistics = statistics(CONFIG.genes);
    // Gene 5 may show 20 counts, gene 6 any; gene 1 was never counted.
    let clamps = [vec![], vec![(5, 20), (6, 9000), (1, 0)], vec![(5, 4_000_000), (1, 7)]];
    let (mut at_ceiling, mut above_zero, mut all) = (0, 0, 0);
    for (seed, size) in [(1, 3.0), (2, 10.0), (3, 40.0)] {
        let network = awake(&CONFIG, statistics.clone(), pairs(), (seed, size), &Device::flex());
        for (place, guidance) in GUIDANCE.into_iter().enumerate() {
            for steps in [1, 3, 64] {
                for perturbations in [&[3][..], &[4, 3, 8, 6, 5]] {
                    let clamp = clamps[(place + steps) % 3].clone();
                    let asked = Request { clamp: clamp.clone(), ..request(perturbations, guidance, steps, 3, seed) };
                    let run = drawn(&network, asked);
                    for cell in 0..3 {
                        for (gene, found) in run.tokens(cell).iter().enumerate() {
                            let ceiling = statistics.ceiling[gene];
                            assert!(
                                *found <= ceiling,
                                "w {guidance}, {steps} steps, gene {gene}: {found} above {ceiling}"
                            );
                            let expected = run.expected(cell)[gene];
                            // A mean of counts up to the ceiling: one rounding above it at most.
                            let most = dequantise(ceiling) as f32 * 1.000_01;
                            assert!((0.0..=most).contains(&expected), "gene {gene}: {expected} expected");
                            at_ceiling += usize::from(*found == ceiling && ceiling > 0);
                            above_zero += usize::from(*found > 0);
                            all += 1;
                        }
                        for (gene, count) in &clamp {
                            let held = model::quantise::quantise(*count).min(statistics.ceiling[*gene as usize]);
                            assert_eq!(run.tokens(cell)[*gene as usize], held, "held at {count}");
                        }
                    }
                }
            }
        }
    }
    // The bounds are reached, so something would be past them without.
    assert!(
        at_ceiling * 100 > all && above_zero * 4 > all,
        "{at_ceiling} at the ceiling, {above_zero} above 0 of {all}"
    );
}

/// Genes that nothing but their negative binomials says anything of: 244 counts to a cell, no ceilings.
fn plain() -> Network {
    let genes = CONFIG.genes;
    let statistics = GeneStatistics {
        log_mean: vec![4.0_f32.ln(); genes],
        log_size: vec![4.0_f32.ln(); genes],
        scale: vec![8.0; genes],
        lowest: vec![-4.0; genes],
        highest: vec![4.0; genes],
        ceiling: vec![OVERFLOW; genes],
    };
    let network = awake(&CONFIG, statistics, pairs(), (5, 0.7), &Device::flex());
    leave_out(network, &["correction".to_owned()])
}

/// Mean library size of the cells of a bin, and its standard error.
fn library(run: &Run, cells: usize, bin: i32) -> (f64, f64) {
    let own = (0..cells).filter(|cell| run.labels(*cell)[2] == token(bin));
    let total = |cell: usize| run.tokens(cell).iter().map(|token| f64::from(dequantise(*token))).sum::<f64>();
    let totals: Vec<f64> = own.map(total).collect();
    let n = totals.len() as f64;
    let mean = totals.iter().sum::<f64>() / n;
    let square = totals.iter().map(|total| (total - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (square / n).sqrt())
}

#[test]
fn library_sizes_stay_in_their_range() {
    let network = plain();
    let ranges = [(9, [150.0_f32, 200.0]), (10, [900.0, 1100.0])];
    let totals: BTreeMap<i32, [f32; 2]> = ranges.iter().map(|(bin, range)| (token(*bin), *range)).collect();
    let mut leaves = 0;
    for guidance in GUIDANCE {
        for (steps, perturbations) in [(1, &[3][..]), (3, &[3]), (16, &[4]), (3, &[4, 3, 8, 6, 5])] {
            let asked = request(perturbations, guidance, steps, 64, 6);
            let (free, held) =
                (drawn(&network, asked.clone()), drawn(&network, Request { totals: totals.clone(), ..asked }));
            for (bin, [lowest, highest]) in ranges {
                let (mean, error) = library(&held, 64, bin);
                // Besides the noise of some 32 cells: what is drawn is not taken back, and where most of a cell is there, its
                // last genes are moved by a few times at most; with many steps a weight that pulls at every one of them
                // gets a sixth past a bound (these networks would go to 35 times the bound).
                let room = if steps > 3 { 0.2 } else { 0.05 };
                let allowed = |bound: f32, sign: f64| f64::from(bound) * (1.0 + room * sign) + sign * 4.0 * error;
                let range = allowed(lowest, -1.0)..allowed(highest, 1.0);
                assert!(range.contains(&mean), "w {guidance}, {steps} steps, bin {bin}: {mean} ± {error}");
                let unbound = library(&free, 64, bin).0;
                leaves += usize::from(!(f64::from(lowest)..f64::from(highest)).contains(&unbound));
            }
        }
    }
    assert!(leaves > 24, "{leaves} of 32 leave the range where nothing holds them");
}

#[test]
fn expected_counts_have_the_mean_of_drawn_ones() {
    let network = awake(&CONFIG, statistics(CONFIG.genes), pairs(), (7, 0.7), &Device::flex());
    let cells = 800;
    let run = drawn(&network, Request { clamp: vec![(4, 17)], ..request(&[3], 1.0, 4, cells, 9) });
    let (mut squares, mut counted) = (0.0, 0.0);
    for gene in 0..CONFIG.genes {
        let difference = |cell: usize| {
            let count = f64::from(dequantise(run.tokens(cell)[gene]));
            count - f64::from(run.expected(cell)[gene])
        };
        let all: Vec<f64> = (0..cells).map(difference).collect();
        let mean = all.iter().sum::<f64>() / cells as f64;
        let square = all.iter().map(|own| (own - mean).powi(2)).sum::<f64>() / (cells - 1) as f64;
        let error = (square / cells as f64).sqrt();
        if gene == 4 || network.statistics.ceiling[gene] == 0 {
            assert_eq!((mean, error), (0.0, 0.0), "gene {gene} is held, or was never counted");
            continue;
        }
        // Given all that was drawn before, a draw has the mean that is noted: differences have no mean.
        assert!(mean.abs() < 4.5 * error, "gene {gene}: {mean} ± {error}");
        squares += (mean / error).powi(2);
        counted += 1.0;
    }
    // A mean of squared standard normal numbers: 1 ± 4 √(2/n).
    let spread = 4.0 * f64::sqrt(2.0 / counted);
    assert!((squares / counted - 1.0).abs() < spread, "{} over {counted} genes", squares / counted);
    // They say more with fewer cells: what draws add is left out.
    let variance = |of: &dyn Fn(usize) -> f64| {
        let all: Vec<f64> = (0..cells).map(of).collect();
        let mean = all.iter().sum::<f64>() / cells as f64;
        all.iter().map(|own| (own - mean).powi(2)).sum::<f64>()
    };
    let gene = 3;
    let counts = variance(&|cell| f64::from(dequantise(run.tokens(cell)[gene])));
    assert!(variance(&|cell| f64::from(run.expected(cell)[gene])) < 0.5 * counts);
}
