//! What a step knows before it draws: the hidden states of the cells in work, by tensors or on the host.
//!
//! Does: finds the states that differ, runs all branches of the network, mixes and bounds them.
//! Does not know: values of genes; how the network computes.
//! Flow: cells in work → **distinct states** → branches → mixed, drawn, bounded → decode.

use std::collections::BTreeMap;
use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};

use super::Run;
use crate::cost::Work;
use crate::cpu::{Engine, Row, State};
use crate::hidden::{Hidden, Totals};
use crate::network::{Labels, Network, Tables};
use crate::quantise::VOCABULARY;
use crate::random::CellDraws;

/// The states of a batch that differ, one after another.
#[derive(Default)]
struct Distinct {
    /// Each cell's place among the states.
    row_of_cell: Vec<u32>,
    /// [U, G].
    tokens: Vec<u16>,
    /// [U, C].
    labels: Vec<i32>,
    /// Smallest and largest library size [U].
    bounds: Vec<[f32; 2]>,
    /// Whether nothing but the condition tokens tells them apart.
    alike: bool,
}

impl Run {
    /// The distinct states of the batch and each cell's place among them.
    fn distinct(&self) -> Distinct {
        let mut rows_by_label: BTreeMap<&[i32], u32> = BTreeMap::new();
        // Before the first step nothing but the conditions tells cells apart, unless they are given.
        let alike = self.step == 0 && self.request.given.is_empty();
        let mut found = Distinct { alike, ..Distinct::default() };
        for cell in self.current.clone() {
            let label = self.labels[cell].as_slice();
            if let Some(row) = rows_by_label.get(label).filter(|_| found.alike) {
                found.row_of_cell.push(*row);
                continue;
            }
            let row = found.bounds.len() as u32;
            found.tokens.extend_from_slice(&self.tokens[cell]);
            found.labels.extend_from_slice(label);
            found.bounds.push(self.request.totals_of(cell, label));
            rows_by_label.insert(label, row);
            found.row_of_cell.push(row);
        }
        found
    }

    /// Guided hidden states of the U distinct states of the batch, and each cell's row among them. Where factors are drawn
    /// every cell has a state of its own.
    pub(super) fn hidden_states(&self, network: &Network, tables: &Tables) -> (Hidden, Vec<u32>) {
        let Distinct { row_of_cell, tokens, labels, bounds, .. } = self.distinct();
        let branches = self.request.branches();
        let all: Vec<i32> = (0..branches).flat_map(|part| self.request.branch(&labels, part)).collect();
        let cells = network.read(&tokens);
        let hidden = network.hidden(tables, &cells.repeat(branches), Labels::of(&all));
        let totals = self.request.is_bounded().then(|| Totals::new(&bounds, &network.device()));
        let mixed = hidden.composed(branches, self.request.guidance + 1.0);
        if !self.draws_factors() {
            let bounded = mixed.bounded(&network.constants, totals.as_ref().map(|totals| (&cells, totals)));
            return (bounded, row_of_cell);
        }
        let (count, q) = (row_of_cell.len(), self.factors);
        let rows: Vec<i32> = row_of_cell.iter().map(|row| *row as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &network.device());
        let numbers: Vec<f32> = self.draws.iter().flat_map(|own| self.numbers(own)).copied().collect();
        let numbers = Tensor::<2>::from_data(TensorData::new(numbers, [count, q]), &network.device());
        let totals = totals.map(|totals| totals.select(rows.clone()));
        let cells = cells.select(rows.clone());
        let bounded = mixed
            .select(rows)
            .with_factors(tables, numbers)
            .bounded(&network.constants, totals.as_ref().map(|totals| (&cells, totals)));
        (bounded, (0..count as u32).collect())
    }

    /// Whether what is unknown of the factors is drawn.
    fn draws_factors(&self) -> bool {
        self.factors > 0 && self.request.draws_factors
    }

    /// A cell's numbers for the factors in this step [Q].
    fn numbers<'a>(&self, draws: &'a CellDraws) -> &'a [f32] {
        &draws.factors[self.step * self.factors..(self.step + 1) * self.factors]
    }

    /// Rows to decode on the host and each cell's place among them.
    fn rows(&self, engine: &mut Engine, network: &Network) -> (Vec<Row>, Vec<u32>) {
        let Distinct { row_of_cell, tokens, labels, bounds, alike } = self.distinct();
        let (genes, slots) = (network.config.genes, network.config.condition_slots);
        let (branches, strength) = (self.request.branches(), self.request.guidance + 1.0);
        let states: Vec<Arc<State>> = tokens
            .chunks_exact(genes)
            .zip(labels.chunks_exact(slots))
            .map(|(tokens, labels)| {
                let all: Vec<i32> = (0..branches).flat_map(|part| self.request.branch(labels, part)).collect();
                match alike {
                    true => engine.blank(network, tokens, &all, strength),
                    false => engine.state(network, tokens, &all, strength),
                }
            })
            .collect();
        let totals = |state: usize| self.request.is_bounded().then(|| bounds[state]);
        if !self.draws_factors() {
            let row = |(place, state)| engine.row(state, None, totals(place));
            return (states.iter().enumerate().map(row).collect(), row_of_cell);
        }
        let own = row_of_cell.iter().map(|place| *place as usize).zip(&self.draws);
        let row = |(place, draws)| engine.row(&states[place], Some(self.numbers(draws)), totals(place));
        (own.map(row).collect(), (0..row_of_cell.len() as u32).collect())
    }

    /// What the step in work reveals, computed on the host, and what it took.
    pub(super) fn values_on_host(&self, network: &Network, engine: &mut Engine) -> (Vec<(u16, f32)>, Work) {
        let (rows, row_of_cell) = self.rows(engine, network);
        let wanted = self.wanted(&row_of_cell);
        let (drawn, values) = engine.draw(&rows, &wanted, self.request.expects);
        (drawn, Work { states: engine.take_passes(), rows: wanted.len(), values, ..Work::default() })
    }

    /// Guided logits of chosen genes [rows, g, V], and each cell's row.
    pub(super) fn logits_on_host(
        &self,
        network: &Network,
        engine: &mut Engine,
        genes: &[u32],
    ) -> (Tensor<3>, Vec<u32>) {
        let (rows, row_of_cell) = self.rows(engine, network);
        let logits: Vec<f32> = rows.iter().flat_map(|row| engine.logits(row, genes)).collect();
        let shape = [rows.len(), genes.len(), VOCABULARY];
        (Tensor::from_data(TensorData::new(logits, shape), &network.device()), row_of_cell)
    }
}
