//! The first half of the forward pass: from tokens and condition tokens to hidden states.
//!
//! Does: tables that follow from the weights, condition rows and gates, deviations and the summary of visible genes,
//! embedding and compression, the blocks, shifts of every gene's log-mean.
//! Does not know: values of genes (`decode`), guidance, schedules.
//! Flow: tokens [B, G] + condition tokens [B, C] → **hidden** (groups [B, L, D], shifts [B, L·S], shapes [B, U]).

use burn::tensor::{Int, Tensor, TensorData};

use super::{Labels, Network, Tables};
use crate::block::{Rotary, root_mean_square_norm};
use crate::hidden::Hidden;
use crate::quantise::FIRST_CONDITION;
use crate::reading::{FEATURES, Seen};
use crate::summary::Summary;

impl Network {
    /// Tables for these weights; differentiable.
    pub fn tables(&self) -> Tables {
        let config = &self.config;
        let (d, s, l) = (config.width, config.group_size, config.groups());
        let slots = self.compress.clone().reshape([s, d, d]);
        let features = self.token_features.clone().unsqueeze::<3>().matmul(slots).reshape([s * FEATURES, d]);
        let placed = |rows: &Tensor<2>| self.layout.place_rows(rows.clone());
        let mut responses = placed(&self.gene_output);
        let loadings = self.summary.as_ref().map(|summary| {
            let loadings = placed(&summary.loadings);
            (loadings.clone(), loadings.square())
        });
        if let Some((loadings, _)) = &loadings {
            responses = Tensor::cat(vec![responses, loadings.clone()], 1);
        }
        Tables {
            features,
            genes: placed(&self.gene_embedding).reshape([l, s, d]),
            responses,
            loadings,
            rotary: Rotary::new(l + config.condition_slots, config.head_width(), &self.device()),
        }
    }

    /// Cells from their tokens in gene order, B × G.
    pub fn read(&self, tokens: &[u16]) -> Seen {
        Seen::of(tokens, &self.layout, &self.device())
    }

    /// Hidden state of cells with these condition tokens.
    pub fn hidden(&self, tables: &Tables, cells: &Seen, labels: Labels<'_>) -> Hidden {
        let c = self.config.condition_slots;
        let (b, d, r, q) = (labels.tokens.len() / c, self.config.width, self.config.rank, self.config.summary);
        let given = self.given(labels);
        let mut rows = given.rows;
        let mut gates = given.gates;
        let responses = gates.clone().narrow(1, 0, r + q);
        // What is expected teaches nothing by itself: means are learned from what is drawn.
        let expected = responses.matmul(tables.responses.clone().transpose()).detach();
        let expected = self.constants.readers.expectation(expected);
        let deviations = self.constants.readers.deviations(cells, &expected);
        let mut known = None;
        if let (Some(summary), Some((loadings, squares))) = (&self.summary, &tables.loadings) {
            let posterior = Summary::posterior(&deviations, loadings.clone(), squares.clone(), given.trust);
            rows = rows + posterior.features().matmul(summary.to_rows.clone()).reshape([b, 1, d]);
            let (before, after) = (gates.clone().narrow(1, 0, r), gates.clone().narrow(1, r + q, self.config.shape));
            gates = Tensor::cat(vec![before, gates.narrow(1, r, q) + posterior.means, after], 1);
            known = Some((posterior.known, squares.clone()));
        }
        let x = Tensor::cat(vec![rows, self.compressed(tables, cells, deviations.standard)], 1);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, &tables.rotary, self.config.heads));
        let x = root_mean_square_norm(x, &self.final_norm);
        let l = self.config.groups();
        let said = x.clone().narrow(1, 0, c).mean_dim(1).reshape([b, d]).matmul(self.gate_hidden.clone());
        let groups = x.narrow(1, c, l);
        let gates = gates + said;
        let unknown = known.as_ref().map(|(known, _)| known.clone().neg().add_scalar(1.0).clamp_min(0.0));
        let shifts = self.shifts(tables, gates.clone().narrow(1, 0, r + q), known, groups.clone());
        Hidden { groups, shifts, shapes: gates.narrow(1, r + q, self.config.shape), unknown }
    }

    /// Shifts of every gene's log-mean in position order [B, L·S].
    fn shifts(
        &self,
        tables: &Tables,
        gates: Tensor<2>,
        known: Option<(Tensor<2>, Tensor<2>)>,
        groups: Tensor<3>,
    ) -> Tensor<2> {
        let [b, l, _] = groups.dims();
        let mut shifts = gates.matmul(tables.responses.clone().transpose());
        if let Some((known, squares)) = known {
            // A mean of exponentials is above the exponential of the mean by half the variance.
            shifts = shifts - known.matmul(squares.transpose()).mul_scalar(0.5);
        }
        let hidden = (groups * self.mean_gain.clone().unsqueeze::<3>()).swap_dims(0, 1);
        let own = hidden.matmul(tables.genes.clone().swap_dims(1, 2)).swap_dims(0, 1);
        shifts + own.reshape([b, l * self.config.group_size])
    }

    /// Embedded and compressed cells [B, L, D]: the features of their tokens through W_down, what genes deviate by, and
    /// which group it is.
    fn compressed(&self, tables: &Tables, cells: &Seen, deviations: Tensor<2>) -> Tensor<3> {
        let (s, l, d) = (self.config.group_size, self.config.groups(), self.config.width);
        let b = deviations.dims()[0];
        let features = self.constants.features.clone().select(0, cells.rows.clone()).reshape([b * l, s * FEATURES]);
        let levels = features.matmul(tables.features.clone()).reshape([b, l, d]);
        let own = deviations.reshape([b, l, s]).swap_dims(0, 1).matmul(tables.genes.clone()).swap_dims(0, 1);
        levels + own + self.group_embedding.clone().unsqueeze::<3>()
    }

    /// What follows from condition tokens alone.
    pub(crate) fn given(&self, labels: Labels<'_>) -> Given {
        let c = self.config.condition_slots;
        let (b, device) = (labels.tokens.len() / c, self.device());
        let places: Vec<i32> = labels.tokens.iter().map(|token| token - FIRST_CONDITION).collect();
        let places = Tensor::<1, Int>::from_data(TensorData::new(places, [b * c]), &device);
        let learns = (!labels.learns.is_empty())
            .then(|| Tensor::<3>::from_data(TensorData::new(labels.learns.to_vec(), [b, c, 1]), &device));
        let rows = |table: &Tensor<2>| {
            let width = table.dims()[1];
            let rows = table.clone().select(0, places.clone()).reshape([b, c, width]);
            let Some(learns) = &learns else { return rows };
            let still = learns.clone().neg().add_scalar(1.0);
            rows.clone() * learns.clone() + rows.detach() * still
        };
        let sum = |table: &Tensor<2>| {
            let rows = rows(table);
            let width = rows.dims()[2];
            rows.sum_dim(1).reshape([b, width])
        };
        let mut gates = self.gate_bias.clone() + sum(&self.gate_conditions);
        if let Some(table) = &self.gate_pairs {
            let [pairs, r] = table.dims();
            let (found, most) = self.pairs.of_cells(labels.tokens, c);
            let found = Tensor::<1, Int>::from_data(TensorData::new(found, [b * most]), &device);
            // The last row is of no pair.
            let table = Tensor::cat(vec![table.clone(), Tensor::zeros([1, r], &device)], 0);
            debug_assert_eq!(table.dims()[0], pairs + 1);
            let own = table.select(0, found).reshape([b, most, r]).sum_dim(1).reshape([b, r]);
            let rest = Tensor::zeros([b, self.config.gates() - r], &device);
            gates = gates + Tensor::cat(vec![own, rest], 1);
        }
        let trust = self.summary.as_ref().map(|summary| sum(&summary.trust));
        Given {
            rows: rows(&self.condition_embedding),
            gates,
            trust: trust.unwrap_or_else(|| Tensor::zeros([b, 1], &device)),
        }
    }
}

/// What condition tokens say before any gene is read.
pub(crate) struct Given {
    /// Condition rows [B, C, D].
    pub(crate) rows: Tensor<3>,
    /// Gates [B, R + Q + U].
    pub(crate) gates: Tensor<2>,
    /// How far factors can be believed, natural log [B, Q].
    pub(crate) trust: Tensor<2>,
}
