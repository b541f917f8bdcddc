//! Ranges of a request's cells, made apart: the page's workers share a run that way.
//!
//! Does: holds every split of a request to the cells of the whole, token by token, on the shipped bundle and on a network of
//! random weights.
//! Does not know: workers.
//! Flow: request → ranges → **the same cells**.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Device;
use model::bundle::{CARD, WEIGHTS};
use model::card::Choices;
use model::config::ModelConfig;
use model::pairs::Pairs;
use model::quantise::FIRST_CONDITION;
use model::sample::{Effort, Given, Prepared, Request, Run};
use model::writer::Writer;
use train_native::generate::wait;

use crate::boundaries::root;
use crate::networks::{awake, statistics};

/// Condition tokens and tokens of cells.
type Cells = Vec<(Vec<i32>, Vec<u16>)>;

/// Cells of a run.
fn walk(network: &model::network::Network, mut run: Run, cells: usize) -> Cells {
    while !run.is_finished() {
        wait(run.step(network)).unwrap();
    }
    (0..cells).map(|cell| (run.labels(cell).to_vec(), run.tokens(cell).to_vec())).collect()
}

/// Splits of 10 cells: in whole batches of four, in the other order, one by one, uneven.
fn splits() -> [Vec<Range<usize>>; 3] {
    [vec![8..10, 0..4, 4..8], (0..10).map(|cell| cell..cell + 1).collect(), vec![0..3, 3..10]]
}

/// Cells of a split, back in the order of their numbers.
fn joined(split: &[Range<usize>], make: impl Fn(Range<usize>) -> Cells) -> Cells {
    let mut parts: Vec<(usize, Cells)> = split.iter().map(|range| (range.start, make(range.clone()))).collect();
    parts.sort_by_key(|(first, _)| *first);
    parts.into_iter().flat_map(|(_, cells)| cells).collect()
}

#[test]
fn any_split_of_the_shipped_bundles_cells_is_the_whole() {
    let folder = root().join("assets/models/pbmc-ifnb");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    // As the page's workers have it: on the host, and what batches of a task share is made once.
    let writer = Writer::read(&read(CARD), &read(WEIGHTS), &Device::flex()).unwrap().on_host();
    let shared = writer.prepared();
    let with = BTreeMap::from([("condition".to_owned(), vec!["IFN-beta".to_owned()])]);
    // Donor and cell type are left open, so that every cell draws its own; guided, so that there are two branches.
    let chosen = Choices { with, guidance: 1.0, steps: 2, cells: 10, seed: 5, clamp: vec![("ISG15".to_owned(), 3)] };
    let make = |range: Range<usize>| {
        let cells = range.len();
        walk(&writer.network, writer.run(&chosen, range, &shared, Effort::CPU).unwrap(), cells)
    };
    let whole = make(0..10);
    assert!(whole.iter().any(|(labels, _)| *labels != whole[0].0), "cells draw conditions of their own");
    let alone = |range: Range<usize>| {
        let cells = range.len();
        walk(&writer.network, writer.run(&chosen, range, &writer.prepared(), Effort::CPU).unwrap(), cells)
    };
    for split in splits() {
        assert!(joined(&split, make) == whole, "{split:?} gave other cells");
        assert!(joined(&split, alone) == whole, "{split:?} gave other cells where nothing is shared");
    }
}

#[test]
fn given_cells_and_drawn_factors_are_split_too() {
    const GENES: usize = 50;
    let config = ModelConfig {
        genes: GENES,
        group_size: 8,
        width: 16,
        blocks: 2,
        heads: 2,
        feed_width: 32,
        rank: 4,
        summary: 2,
        shape: 2,
        condition_slots: 2,
        condition_values: 4,
        pairs: 0,
    };
    let network = awake(&config, statistics(GENES), Pairs::default(), (3, 0.5), &Device::flex());
    let labels = vec![FIRST_CONDITION + 1, FIRST_CONDITION + 3];
    // Each cell shows one gene of its own.
    let given = |cell: usize| {
        let mut tokens = vec![model::quantise::MASK as u16; GENES];
        tokens[cell] = 1;
        Given { tokens, labels: vec![(labels.clone(), 1.0)], totals: [50.0, 5000.0] }
    };
    let whole =
        Request { draws_factors: true, given: (0..10).map(given).collect(), ..Request::of(labels.clone(), 3, 10, 17) };
    let prepared = Prepared::of(&network);
    let make = |range: Range<usize>| {
        let part = whole.part(range.clone());
        assert_eq!((part.first, part.cells, part.given.len()), (range.start, range.len(), range.len()));
        walk(&network, Run::prepared(&network, prepared.clone(), part, Effort::CPU), range.len())
    };
    let expected = make(0..10);
    assert!(expected.iter().any(|(_, tokens)| *tokens != expected[0].1));
    for split in splits() {
        assert!(joined(&split, make) == expected, "{split:?} gave other cells");
    }
    assert_eq!(whole.part(8..12).cells, 2, "a range ends with the request");
}
