//! One cell on its way into the blocks and out of them.
//!
//! Does: what condition tokens say of every gene (kept by the caller), what visible genes say of the cell, the rows that
//! the blocks begin with; and afterwards the shift of every gene's log-mean. As `network/forward` does, on slices.
//! Does not know: blocks, guidance, draws.
//! Flow: tokens → **seen**; seen + said → **rows [P, D]** → trunk → **gates, shifts [L·S]**.

use burn::tensor::{Tensor, TensorData};
use pulp::NullaryFnOnce;

use super::maths::{LANES, add_scaled, dot, exp, fast};
use super::tensors::floats;
use crate::network::{Labels, Network};
use crate::quantise::{MASK, dequantise};
use crate::reading::{FEATURES, LARGEST_DEVIATION, features_of};
use crate::summary;

/// Stands for a token where there is no gene.
const NO_GENE: u16 = MASK as u16 + 1;

/// A cell in position order.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Tokens, MASK where hidden [L·S].
    tokens: Vec<u16>,
    /// 1 where nothing is visible, 0 where a gene is [L·S].
    pub(super) hidden: Vec<f32>,
    /// Counts of all visible genes.
    pub(super) counted: f32,
}

/// What condition tokens say before any gene is read.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Condition rows [C, D].
    rows: Vec<f32>,
    /// Gates [R + Q + U].
    gates: Vec<f32>,
    /// How far factors can be believed [Q].
    trust: Vec<f32>,
    /// Expected reading, change with the log-mean over variance, information, one over standard deviation [L·S].
    mean: Vec<f32>,
    weight: Vec<f32>,
    information: Vec<f32>,
    precision: Vec<f32>,
}

/// Posterior of the summary's factors [Q] each.
#[derive(Clone, Debug)]
pub(super) struct Posterior {
    means: Vec<f32>,
    known: Vec<f32>,
}

impl Posterior {
    /// Share of every factor's variance that is not known.
    pub(super) fn unknown(&self) -> Vec<f32> {
        self.known.iter().map(|known| (1.0 - known).max(0.0)).collect()
    }
}

/// Tables for reading cells; genes stand in position order.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// D, C, S, R, Q.
    width: usize,
    conditions: usize,
    group_size: usize,
    rank: usize,
    factors: usize,
    /// Gene at each position [G].
    permutation: Vec<u32>,
    /// The features of every token that are not 0, at most two: (feature, value).
    shares: Vec<[(usize, f32); 2]>,
    /// A slot's features to a row [S, F, D].
    features: Vec<f32>,
    /// [L, D].
    groups: Vec<f32>,
    /// Gene embeddings [L·S, D].
    genes: Vec<f32>,
    /// Response factors and loadings [L·S, R + Q].
    responses: Vec<f32>,
    /// [L·S].
    rate: Vec<f32>,
    /// [2 Q, D].
    to_rows: Vec<f32>,
    /// [D].
    mean_gain: Vec<f32>,
    /// [D, R + Q + U].
    gate_hidden: Vec<f32>,
}

impl Reader {
    /// Tables of a network.
    pub(super) fn new(network: &Network) -> Self {
        let (config, tables) = (&network.config, network.tables());
        let shares = |token: u16| {
            let features = features_of(token);
            let mut found = features.into_iter().enumerate().filter(|(_, value)| *value != 0.0);
            [(); 2].map(|()| found.next().unwrap_or((0, 0.0)))
        };
        Self {
            width: config.width,
            conditions: config.condition_slots,
            group_size: config.group_size,
            rank: config.rank,
            factors: config.summary,
            permutation: network.layout.permutation().to_vec(),
            shares: (0..=MASK as u16).map(shares).collect(),
            features: floats(&tables.features),
            groups: floats(&network.group_embedding),
            genes: floats(&tables.genes),
            responses: floats(&tables.responses),
            rate: floats(&network.constants.readers.rate),
            to_rows: network.summary.as_ref().map(|summary| floats(&summary.to_rows)).unwrap_or_default(),
            mean_gain: floats(&network.mean_gain),
            gate_hidden: floats(&network.gate_hidden),
        }
    }

    /// L·S.
    pub(super) fn padded(&self) -> usize {
        self.rate.len()
    }

    /// Loadings of the gene at a position [Q].
    #[inline(always)]
    fn loadings(&self, position: usize) -> &[f32] {
        &self.responses[(position + 1) * (self.rank + self.factors) - self.factors..][..self.factors]
    }

    /// A cell from its tokens in gene order [G].
    pub(super) fn seen(&self, tokens: &[u16]) -> Seen {
        let mut placed: Vec<u16> = self.permutation.iter().map(|gene| tokens[*gene as usize]).collect();
        placed.resize(self.padded(), NO_GENE);
        let is_visible = |token: &u16| i32::from(*token) < MASK;
        let hidden = placed.iter().map(|token| f32::from(u8::from(!is_visible(token)))).collect();
        let counted = placed.iter().filter(|token| is_visible(token)).map(|token| dequantise(*token) as f32).sum();
        Seen { tokens: placed, hidden, counted }
    }

    /// What the condition tokens of a cell say [C].
    pub(super) fn said(&self, network: &Network, labels: &[i32]) -> Said {
        let given = network.given(Labels::of(labels));
        let gates = floats(&given.gates);
        let (mut shifts, places) = (vec![0.0; self.padded()], self.rank + self.factors);
        for (shift, row) in shifts.iter_mut().zip(self.responses.chunks_exact(places)) {
            *shift = dot(row, &gates[..places]);
        }
        let shifts = Tensor::from_data(TensorData::new(shifts, [1, self.padded()]), &network.device());
        let expected = network.constants.readers.expectation(shifts);
        Said {
            rows: floats(&given.rows),
            trust: floats(&given.trust).into_iter().take(self.factors).map(exp).collect(),
            gates,
            mean: floats(&expected.mean),
            weight: floats(&expected.weight),
            information: floats(&expected.information),
            precision: floats(&expected.precision),
        }
    }

    /// The rows that the blocks begin with, into `x` [P, D].
    pub(super) fn rows(&self, seen: &Seen, said: &Said, x: &mut Vec<f32>) -> Posterior {
        let (d, c) = (self.width, self.conditions);
        x.clear();
        x.extend_from_slice(&said.rows);
        x.extend_from_slice(&self.groups);
        let (mut standard, mut score, mut information) =
            (vec![0.0; self.padded()], vec![0.0; self.factors], vec![0.0; self.factors]);
        fast(Evidence {
            reader: self,
            seen,
            said,
            standard: &mut standard,
            score: &mut score,
            information: &mut information,
        });
        fast(Compress { reader: self, seen, standard: &standard, rows: &mut x[c * d..] });
        let posterior = self.posterior(&score, &information, said);
        for row in x[..c * d].chunks_exact_mut(d) {
            let values = posterior.means.iter().chain(&posterior.known);
            values.zip(self.to_rows.chunks_exact(d)).for_each(|(value, own)| add_scaled(row, *value, own));
        }
        posterior
    }

    /// [`summary::Summary::posterior`].
    fn posterior(&self, score: &[f32], information: &[f32], said: &Said) -> Posterior {
        let (mut means, mut known) = (Vec::with_capacity(self.factors), Vec::with_capacity(self.factors));
        for ((score, information), trust) in score.iter().zip(information).zip(&said.trust) {
            let mean = score / (1.0 + information) * trust;
            means.push(mean / (1.0 + mean * mean * (1.0 / (summary::LARGEST * summary::LARGEST))).sqrt());
            known.push(information / (1.0 + information) * (trust * trust));
        }
        Posterior { means, known }
    }

    /// Gates [R + Q + U] and shifts of every log-mean [L·S] of a cell whose rows went through the blocks [P, D].
    pub(super) fn gates_and_shifts(&self, said: &Said, posterior: &Posterior, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (d, c) = (self.width, self.conditions);
        let mut gates = said.gates.clone();
        gates[self.rank..].iter_mut().zip(&posterior.means).for_each(|(gate, mean)| *gate += mean);
        let width = gates.len();
        for (feature, to_gates) in self.gate_hidden.chunks_exact(width).enumerate() {
            let mean = x[..c * d].iter().skip(feature).step_by(d).sum::<f32>() / c as f32;
            add_scaled(&mut gates, mean, to_gates);
        }
        let mut shifts = vec![0.0; self.padded()];
        let gained: Vec<f32> = x[c * d..].iter().zip(self.mean_gain.iter().cycle()).map(|(x, gain)| x * gain).collect();
        fast(Shift { reader: self, gates: &gates, known: &posterior.known, rows: &gained, out: &mut shifts });
        (gates, shifts)
    }

    /// Adds what a draw of the factors moves every log-mean by: Λ · `drawn` less half of Λ² · `unknown`.
    pub(super) fn add_factors(&self, drawn: &[f32], unknown: &[f32], shifts: &mut [f32]) {
        fast(AddFactors { reader: self, drawn, unknown, shifts });
    }
}

/// Σ Λ² s.
#[inline(always)]
fn dot_of_squares(loadings: &[f32], shares: &[f32]) -> f32 {
    let ((whole, rest), (other, left)) = (loadings.as_chunks::<LANES>(), shares.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (loadings, shares) in whole.iter().zip(other) {
        for lane in 0..LANES {
            sums[lane] += loadings[lane] * loadings[lane] * shares[lane];
        }
    }
    super::maths::sum(&sums) + rest.iter().zip(left).map(|(loading, share)| loading * loading * share).sum::<f32>()
}

/// What visible genes deviate by, and what that says of the factors.
struct Evidence<'a> {
    reader: &'a Reader,
    seen: &'a Seen,
    said: &'a Said,
    /// Deviations [L·S].
    standard: &'a mut [f32],
    /// Sums over visible genes [Q].
    score: &'a mut [f32],
    information: &'a mut [f32],
}

impl NullaryFnOnce for Evidence<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (position, token) in self.seen.tokens.iter().enumerate() {
            if i32::from(*token) >= MASK {
                continue;
            }
            let reading = match *token {
                0 => 0.0,
                other => 1.0 - exp(-(dequantise(other) as f32 * self.reader.rate[position])),
            };
            let difference = reading - self.said.mean[position];
            let standard = difference * self.said.precision[position];
            self.standard[position] = standard.clamp(-LARGEST_DEVIATION, LARGEST_DEVIATION);
            let (score, information) = (difference * self.said.weight[position], self.said.information[position]);
            let sums = self.score.iter_mut().zip(self.information.iter_mut());
            for ((scores, informations), loading) in sums.zip(self.reader.loadings(position)) {
                *scores += score * loading;
                *informations += information * (loading * loading);
            }
        }
    }
}

/// Features of tokens and deviations of genes, onto the rows of their groups [L, D].
struct Compress<'a> {
    reader: &'a Reader,
    seen: &'a Seen,
    standard: &'a [f32],
    rows: &'a mut [f32],
}

impl NullaryFnOnce for Compress<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let (d, s) = (self.reader.width, self.reader.group_size);
        for (group, row) in self.rows.chunks_exact_mut(d).enumerate() {
            for slot in 0..s {
                let position = group * s + slot;
                let Some(shares) = self.reader.shares.get(usize::from(self.seen.tokens[position])) else { continue };
                for (feature, share) in shares {
                    if *share != 0.0 {
                        add_scaled(row, *share, &self.reader.features[(slot * FEATURES + feature) * d..][..d]);
                    }
                }
                if self.standard[position] != 0.0 {
                    add_scaled(row, self.standard[position], &self.reader.genes[position * d..][..d]);
                }
            }
        }
    }
}

/// Shifts of all log-means.
struct Shift<'a> {
    reader: &'a Reader,
    /// [R + Q + U].
    gates: &'a [f32],
    /// [Q].
    known: &'a [f32],
    /// Hidden rows times the gain of means [L, D].
    rows: &'a [f32],
    /// [L·S].
    out: &'a mut [f32],
}

impl NullaryFnOnce for Shift<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let reader = self.reader;
        let (d, s, places) = (reader.width, reader.group_size, reader.rank + reader.factors);
        let gates = &self.gates[..places];
        for (position, out) in self.out.iter_mut().enumerate() {
            let hidden = &self.rows[position / s * d..][..d];
            *out = dot(&reader.responses[position * places..][..places], gates)
                - 0.5 * dot_of_squares(reader.loadings(position), self.known)
                + dot(&reader.genes[position * d..][..d], hidden);
        }
    }
}

/// See [`Reader::add_factors`].
struct AddFactors<'a> {
    reader: &'a Reader,
    drawn: &'a [f32],
    unknown: &'a [f32],
    shifts: &'a mut [f32],
}

impl NullaryFnOnce for AddFactors<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (position, shift) in self.shifts.iter_mut().enumerate() {
            let loadings = self.reader.loadings(position);
            *shift += dot(loadings, self.drawn) - 0.5 * dot_of_squares(loadings, self.unknown);
        }
    }
}
