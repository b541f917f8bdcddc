//! The CPU's numbers are those of the tensors, but for rounding.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};

use super::Engine;
use super::tensors::floats;
use crate::config::ModelConfig;
use crate::decode::Decoder;
use crate::hidden::{Hidden, Totals};
use crate::layout::WIDTHS;
use crate::network::{Labels, Network};
use crate::pairs::Pairs;
use crate::quantise::{FIRST_CONDITION, MASK, VOCABULARY};
use crate::random::Draws;
use crate::sample::{Effort, Given, Request, Run};
use crate::statistics::{GeneStatistics, NEVER};

/// No size is a multiple of eight, the last group is padded, heads are odd in number.
const CONFIG: ModelConfig = ModelConfig {
    genes: 61,
    group_size: 8,
    width: 18,
    blocks: 2,
    heads: 3,
    feed_width: 20,
    rank: 5,
    summary: 3,
    shape: 2,
    condition_slots: 3,
    condition_values: 9,
    pairs: 2,
};
/// Factors, or none.
const SUMMARIES: [usize; 2] = [3, 0];

fn token(place: i32) -> i32 {
    FIRST_CONDITION + place
}

/// A network in which everything does something, with all widths of values.
fn network(summary: usize) -> Network {
    let config = ModelConfig { summary, ..CONFIG };
    let of = |each: &dyn Fn(usize) -> f32| (0..CONFIG.genes).map(each).collect::<Vec<f32>>();
    let statistics = GeneStatistics {
        log_mean: of(&|gene| [-2.0, 1.0, 3.0, 6.0][gene % 4] + 0.01 * gene as f32),
        log_size: of(&|gene| [-1.0, 0.5, 2.0][gene % 3]),
        scale: of(&|gene| [1.0, 4.0, 30.0][gene % 3]),
        lowest: vec![-0.8; CONFIG.genes],
        highest: vec![0.9; CONFIG.genes],
        ceiling: (0..CONFIG.genes).map(|gene| [[4, 7], [20, 31], [60, 95], [150, 280]][gene % 4][gene % 2]).collect(),
    };
    let pairs = Pairs::new([[token(0), token(3)], [token(1), token(4)]]);
    let network = Network::init(&config, statistics, pairs, 5, &Device::flex());
    let mut stream = 0;
    network.map(|_, tensor| {
        stream += 1;
        let mut draws = Draws::new(8, stream);
        let noise: Vec<f32> = (0..tensor.shape().num_elements()).map(|_| 0.15 * draws.normal()).collect();
        tensor.clone() + Tensor::from_data(TensorData::new(noise, tensor.dims()), &Device::flex())
    })
}

/// Cells of which every third gene is visible, at any count; the first cell has nothing to show.
fn cells(network: &Network, count: usize) -> Vec<u16> {
    let mut draws = Draws::new(2, 1);
    let mut token = |cell: usize, gene: usize| {
        let count = draws.below(u32::from(network.statistics.ceiling[gene]) + 1) as u16;
        if cell > 0 && (gene + cell).is_multiple_of(3) { count } else { MASK as u16 }
    };
    (0..count).flat_map(|cell| (0..CONFIG.genes).map(|gene| token(cell, gene)).collect::<Vec<_>>()).collect()
}

fn engine(network: &Network) -> Engine {
    Engine::of(&network.clone().on_host()).expect("it is on its host")
}

/// Largest difference, over the size of the numbers where they are above 1.
fn worst(found: &[f32], exact: &[f32]) -> f32 {
    assert_eq!(found.len(), exact.len());
    found.iter().zip(exact).map(|(a, b)| (a - b).abs() / b.abs().max(1.0)).fold(0.0, f32::max)
}

/// Bounded rows of three cells in three branches with guidance, by tensors: [branches × cells] mixed, drawn, bounded.
fn by_tensors(network: &Network, tokens: &[u16], labels: &[i32], numbers: &[f32], bounds: &[[f32; 2]]) -> [Hidden; 2] {
    let (tables, device) = (network.tables(), network.device());
    let seen = network.read(tokens);
    let mixed = network.hidden(&tables, &seen.repeat(3), Labels::of(labels)).composed(3, 1.7);
    let drawn = match network.config.summary {
        0 => mixed.clone(),
        q => {
            let numbers = TensorData::new(numbers.to_vec(), [bounds.len(), q]);
            mixed.clone().with_factors(&tables, Tensor::from_data(numbers, &device))
        }
    };
    let totals = Totals::new(bounds, &device);
    [mixed, drawn.bounded(&network.constants, Some((&seen, &totals)))]
}

#[test]
fn states_rows_and_logits_are_those_of_tensors() {
    for summary in SUMMARIES {
        let network = network(summary);
        let tokens = cells(&network, 3);
        let of_branch = |value: i32| [[0, value, 7], [1, value, 8], [0, value, 8]].map(|own| own.map(token));
        let labels: Vec<i32> = [3, 4, 2].into_iter().flat_map(of_branch).flatten().collect();
        let numbers: Vec<f32> = (0..3 * summary).map(|i| [0.3, -1.2, 2.0, 0.9][i % 4]).collect();
        // Within, below and above what the cells would have.
        let bounds = [[0.0, f32::MAX], [1e5, 2e5], [1.0, 50.0]];
        let [mixed, bounded] = by_tensors(&network, &tokens, &labels, &numbers, &bounds);
        let genes: Vec<u32> = (0..CONFIG.genes as u32).rev().collect();
        let logits = floats(&Decoder::new(&network).logits(&bounded, &genes));
        let mut engine = engine(&network);
        for cell in 0..3 {
            let branches: Vec<i32> = (0..3).flat_map(|part| &labels[(part * 3 + cell) * 3..][..3]).copied().collect();
            let state = engine.state(&network, &tokens[cell * CONFIG.genes..][..CONFIG.genes], &branches, 1.7);
            let drawn = (summary > 0).then(|| &numbers[cell * summary..][..summary]);
            let row = engine.row(&state, drawn, Some(bounds[cell]));
            let (mixed, bounded) = (mixed.narrow(cell, 1), bounded.narrow(cell, 1));
            // Sums of f32 in another order, differences of branches times 1.7: found within 4e-6.
            for (name, found, exact) in [
                ("groups", &state.groups, floats(&mixed.groups)),
                ("shifts", &state.shifts, floats(&mixed.shifts)),
                ("shapes", &state.shapes, floats(&mixed.shapes)),
                ("unknown", &state.unknown, mixed.unknown.as_ref().map(floats).unwrap_or_default()),
                ("bounded", &row.shifts, floats(&bounded.shifts)),
            ] {
                let difference = worst(found, &exact);
                assert!(difference < 2e-5, "{name} of cell {cell}, {summary} factors: {difference:e}");
            }
            let size = genes.len() * VOCABULARY;
            let (found, exact) = (engine.logits(&row, &genes), &logits[cell * size..(cell + 1) * size]);
            for (at, (found, exact)) in found.iter().zip(exact).enumerate() {
                if *exact < 0.5 * NEVER {
                    assert!(*found < 0.5 * NEVER, "{at}: {found} above a ceiling");
                    continue;
                }
                // Counts up to 10,000 times slopes that differ in their seventh digit.
                assert!((found - exact).abs() < 1e-3 + 1e-5 * exact.abs(), "{at}: {found} and {exact}");
            }
        }
        // Three cells in three branches, and none twice.
        assert_eq!((engine.take_passes(), engine.take_passes()), (9, 0));
    }
}

/// Requests of all kinds: plain, guided, composed with bounds, held genes, measured cells.
fn requests(network: &Network) -> Vec<(&'static str, Request)> {
    let row = |kind: i32, value: i32, depth: i32| (vec![token(kind), token(value), token(depth)], 1.0);
    let plain = Request {
        labels: vec![row(0, 3, 7), row(1, 3, 7), row(1, 3, 8)],
        null: vec![None, Some(token(2)), None],
        expects: true,
        ..Request::of(vec![0; 3], 4, 60, 3)
    };
    let totals = BTreeMap::from([(token(7), [300.0, 900.0]), (0, [500.0, 4000.0])]);
    let guided = Request { guidance: 1.5, draws_factors: true, totals, ..plain.clone() };
    let composed = Request { composed: Some((1, vec![token(3), token(4)])), guidance: 0.5, ..guided.clone() };
    let clamp = Request { clamp: vec![(5, 3), (7, 100_000)], draws_factors: true, ..plain.clone() };
    let tokens = cells(network, 60);
    let given = tokens.chunks(CONFIG.genes).map(|tokens| Given {
        tokens: tokens.to_vec(),
        labels: vec![row(0, 4, 8), row(1, 4, 8)],
        totals: [200.0, 3000.0],
    });
    let given = Request { given: given.collect(), ..guided.clone() };
    let one_step = Request { steps: 1, cells: 7, ..plain.clone() };
    vec![
        ("plain", plain),
        ("guided", guided),
        ("composed", composed),
        ("held", clamp),
        ("given", given),
        ("one step", one_step),
    ]
}

fn made(network: &Network, request: Request, effort: Effort) -> Run {
    let mut run = Run::new(network, request, effort);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while !run.is_finished() {
        // On the CPU a step is done when it comes back.
        assert!(std::pin::pin!(run.step(network)).poll(&mut context).is_ready());
    }
    run
}

#[test]
fn the_same_seed_makes_the_same_cells() {
    let (mut all, mut differ) = (0, 0);
    for summary in SUMMARIES {
        let network = network(summary);
        let widths: Vec<usize> = network.constants.classes.iter().map(|table| table.class.width).collect();
        assert_eq!(widths, WIDTHS);
        let host = network.clone().on_host();
        for (name, request) in requests(&network) {
            let by_tensors = made(&network, request.clone(), Effort { cells: 7, rows: 512 });
            let by_host = made(&host, request.clone(), Effort::CPU);
            // Cells do not depend on what they are computed with.
            let again = made(&host, request.clone(), Effort { cells: 16, rows: 1 });
            for cell in 0..request.cells {
                let (found, exact) = (by_host.tokens(cell), by_tensors.tokens(cell));
                assert_eq!(found, again.tokens(cell), "{name}, cell {cell}");
                assert_eq!(by_host.expected(cell), again.expected(cell));
                all += found.len();
                differ += found.iter().zip(exact).filter(|(a, b)| a != b).count();
                if found == exact {
                    // Means over distributions whose logits agree to some 1e-4.
                    let difference = worst(by_host.expected(cell), by_tensors.expected(cell));
                    assert!(difference < 1e-3, "{name}, cell {cell}: {difference:e}");
                }
            }
        }
    }
    // A draw that falls on an edge of its distribution may go either way, and what is drawn after it in its cell.
    assert!(all > 30_000 && differ * 10_000 <= all, "{differ} of {all} tokens differ");
}

#[test]
fn lessons_see_the_same_probabilities() {
    let network = network(3);
    let host = network.clone().on_host();
    let (_, request) = requests(&network).remove(1);
    let mut found = Vec::new();
    for network in [&network, &host] {
        let run = Run::new(network, request.clone(), Effort::CPU);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(run.probabilities(network, &[60, 0, 3])).poll(&mut context) {
            std::task::Poll::Ready(Ok(shares)) => found.push(shares),
            _ => panic!("the CPU answers at once"),
        }
    }
    assert_eq!(found[0].len(), 4 * 3 * VOCABULARY);
    let difference = worst(&found[1], &found[0]);
    assert!(difference < 1e-4, "{difference:e}");
}

#[test]
fn changed_weights_are_seen() {
    let host = network(3).on_host();
    let changed = host.clone().map(|name, tensor| if name == "head" { tensor.zeros_like() } else { tensor });
    let (_, request) = requests(&host).remove(0);
    let cells = |network: &Network| made(network, request.clone(), Effort::CPU).counts(0..60);
    assert_eq!(cells(&changed), cells(&changed.clone().off_host()));
    assert_ne!(cells(&changed), cells(&host));
}
