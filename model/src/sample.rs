//! The reverse process: cells written gene group by gene group.
//!
//! Does: a stepper. Each step reveals one batch of genes in every cell of the current batch of
//! cells; between steps the caller looks for cancel and reports progress.
//! Does not know: names of genes or conditions (`bundle`), clocks, threads, browsers.
//! Flow: request → [draws on the host → masked tokens → hidden states of all guidance branches as one
//! batch → mixed and bounded → decode the genes of this step → tokens] × N → counts.
//!
//! In the first step every cell of a condition looks the same, so it is computed once for all.

use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};

use crate::cost::Work;
use crate::decode::{Chunk, Decoder, Drawn, Wanted};
use crate::hidden::{Hidden, Totals};
use crate::network::{Labels, Network, Tables};
use crate::quantise::{MASK, VOCABULARY, dequantise, quantise};
use crate::random::{CellDraws, Draws};
use crate::schedule::cosine_schedule;

/// What to generate.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Condition tokens that cells have [C], each with a weight: one row where everything was chosen, several where
    /// something was left open; every cell draws one of them.
    pub labels: Vec<(Vec<i32>, f64)>,
    /// Several perturbations at once: (slot, their tokens, at least two). The differences that each makes to the
    /// unguided branch are added. No training cell had them together: an extrapolation.
    pub composed: Option<(usize, Vec<i32>)>,
    /// Tokens of the unguided branch where it differs from the conditions [C]: the control label
    /// of perturbation slots. All `None`: no guidance, one branch.
    pub null: Vec<Option<i32>>,
    /// w of a₀ + (w+1) Σₖ (aₖ − a₀), over the perturbations k that act together; with one of them, 0 is
    /// plain conditional sampling.
    pub guidance: f32,
    /// N.
    pub steps: usize,
    /// Cells to make.
    pub cells: usize,
    /// Number of the first of them: cells are drawn by their numbers, so any split of a request gives the same cells.
    pub first: usize,
    /// Seed of all randomness.
    pub seed: u64,
    /// Key of the conditions among the seed's draws: requests with other conditions have other keys, so that no two
    /// groups of cells share draws ([`crate::random::Draws::keyed`]).
    pub key: u64,
    /// Genes held at a count throughout: (place in the panel, count).
    pub clamp: Vec<(u32, u32)>,
    /// Library sizes that a cell may have, by the condition token that says so; cells with none of the tokens are held
    /// to the entry of the token 0, if there is one.
    pub totals: BTreeMap<i32, [f32; 2]>,
    /// Whether to keep the mean count of the distribution that every value is drawn from ([`Run::expected`]).
    pub expects: bool,
    /// Whether what visible genes leave unknown of the summary factors is drawn in every step
    /// ([`Hidden::with_factors`]), so that genes revealed together vary together.
    pub draws_factors: bool,
}

impl Request {
    /// A request for cells of these condition tokens [C], with everything else as simple as it can be: no guidance, no
    /// composition, no bounds on library sizes, factors at the mean of their posterior.
    pub fn of(labels: Vec<i32>, steps: usize, cells: usize, seed: u64) -> Self {
        Self {
            null: vec![None; labels.len()],
            labels: vec![(labels, 1.0)],
            composed: None,
            guidance: 0.0,
            steps,
            cells,
            first: 0,
            seed,
            key: 0,
            clamp: Vec::new(),
            totals: BTreeMap::new(),
            expects: false,
            draws_factors: false,
        }
    }

    /// C.
    fn slots(&self) -> usize {
        self.null.len()
    }

    /// Most perturbations that act together in one slot.
    fn together(&self) -> usize {
        self.composed.as_ref().map_or(1, |(_, tokens)| tokens.len().max(1))
    }

    /// Whether the unguided branch is needed at all.
    fn guided(&self) -> bool {
        let acts =
            |labels: &[i32]| labels.iter().zip(&self.null).any(|(token, null)| null.is_some_and(|null| *token != null));
        (self.guidance != 0.0 || self.together() > 1) && self.labels.iter().any(|(labels, _)| acts(labels))
    }

    /// Branches of the network that every state runs through: the perturbations, and the unguided one.
    fn branches(&self) -> usize {
        if self.guided() { self.together() + 1 } else { 1 }
    }

    /// Condition tokens of branch `part` for states whose own tokens are `labels` [U, C]: perturbation
    /// `part` of a composed slot, or the unguided branch when `part` is past the last one. A slot with
    /// fewer perturbations than others stands at its control in the branches that it does not reach.
    fn branch(&self, labels: &[i32], part: usize) -> Vec<i32> {
        let slots = self.slots();
        let token = |(index, own): (usize, &i32)| {
            let slot = index % slots;
            let composed = self.composed.as_ref().filter(|(of, _)| *of == slot).map(|(_, tokens)| tokens);
            match (composed, self.null[slot]) {
                (Some(tokens), _) if part < tokens.len() => tokens[part],
                (_, None) => *own,
                (_, Some(_)) if part == 0 => *own,
                (_, Some(null)) => null,
            }
        };
        labels.iter().enumerate().map(token).collect()
    }

    /// Library sizes that cells with these condition tokens may have.
    fn totals_of(&self, labels: &[i32]) -> [f32; 2] {
        let own = labels.iter().find_map(|token| self.totals.get(token)).or_else(|| self.totals.get(&0));
        own.copied().unwrap_or([0.0, f32::MAX])
    }
}

/// What one call of [`Run::step`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Denoising step just made, from 1.
    pub step: usize,
    /// N.
    pub steps: usize,
    /// Cells that this step worked on.
    pub cells: Range<usize>,
    /// Cells finished so far.
    pub done: usize,
    /// The cells, when this step finished them.
    pub finished: Option<Range<usize>>,
}

/// How much to do at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Cells per batch.
    pub cells: usize,
    /// Rows of logits held at once; a row is 1152 bytes. 100,000 rows stay under 128 MiB, a few
    /// thousand stay in a CPU's cache.
    pub rows: usize,
}

impl Effort {
    /// For a CPU: small batches appear early, small chunks stay in cache.
    pub const CPU: Self = Self { cells: 4, rows: 4096 };
    /// For a GPU: enough rows to fill it, under WebGPU's 128 MiB per binding.
    pub const GPU: Self = Self { cells: 16, rows: 65_536 };
}

/// A sampling run: the cells written so far and the draws of those in work.
pub struct Run {
    request: Request,
    effort: Effort,
    tables: Tables,
    decoder: Decoder,
    schedule: Vec<usize>,
    clamped: Vec<bool>,
    ceilings: Vec<u16>,
    factors: usize,
    start: Vec<u16>,
    tokens: Vec<Vec<u16>>,
    expected: Vec<Vec<f32>>,
    labels: Vec<Vec<i32>>,
    draws: Vec<CellDraws>,
    current: Range<usize>,
    step: usize,
    work: Work,
}

impl Run {
    /// Prepares a run; nothing is computed for cells yet. Clamped genes past the panel are ignored here, and counts above
    /// a gene's ceiling are brought down to it: names and counts are checked, and refused, by the bundle.
    pub fn new(network: &Network, request: Request, effort: Effort) -> Self {
        let genes = network.config.genes;
        let mut start = vec![MASK as u16; genes];
        let mut clamped = vec![false; genes];
        for (gene, count) in &request.clamp {
            if let Some(place) = start.get_mut(*gene as usize) {
                *place = quantise(*count).min(network.statistics.ceiling[*gene as usize]);
                clamped[*gene as usize] = true;
            }
        }
        let free = clamped.iter().filter(|clamped| !**clamped).count();
        let schedule = cosine_schedule(free, request.steps);
        let mut run = Self {
            tables: network.tables(),
            decoder: Decoder::new(network),
            schedule,
            clamped,
            ceilings: network.statistics.ceiling.clone(),
            factors: network.config.summary,
            start,
            tokens: Vec::with_capacity(request.cells),
            expected: Vec::new(),
            labels: Vec::with_capacity(request.cells),
            draws: Vec::new(),
            current: 0..0,
            step: 0,
            work: Work::default(),
            request,
            effort,
        };
        run.begin_batch();
        run
    }

    /// Draws everything random about the next batch of cells: each cell has its own stream, so a
    /// cell does not depend on how cells are batched.
    fn begin_batch(&mut self) {
        let first = self.current.end;
        self.current = first..self.request.cells.min(first + self.effort.cells.max(1));
        self.step = 0;
        self.draws.clear();
        for cell in self.current.clone() {
            let mut draws = Draws::keyed(self.request.seed, self.request.key, (self.request.first + cell) as u64);
            let weights: Vec<f64> = self.request.labels.iter().map(|(_, weight)| *weight).collect();
            let labels = self.request.labels.get(draws.weighted(&weights)).map(|(labels, _)| labels.clone());
            self.labels.push(labels.unwrap_or_default());
            let factors = if self.request.draws_factors { self.factors * self.schedule.len() } else { 0 };
            self.draws.push(CellDraws::new(&mut draws, self.start.len(), &self.clamped, factors));
            self.tokens.push(self.start.clone());
            if self.request.expects {
                let held = |token: &u16| if i32::from(*token) < MASK { dequantise(*token) as f32 } else { 0.0 };
                self.expected.push(self.start.iter().map(held).collect());
            }
        }
    }

    /// Whether every cell is finished.
    pub fn is_finished(&self) -> bool {
        self.current.is_empty()
    }

    /// Cells finished so far.
    pub fn done(&self) -> usize {
        self.current.start
    }

    /// Makes one denoising step of the current batch of cells. Does nothing once finished.
    ///
    /// # Errors
    /// When the device fails to hand the values back (a lost device).
    pub async fn step(&mut self, network: &Network) -> Result<Step, burn::tensor::ExecutionError> {
        let cells = self.current.clone();
        let steps = self.schedule.len();
        if cells.is_empty() {
            return Ok(Step { step: steps, steps, cells, done: self.request.cells, finished: None });
        }
        let (states, row_of_cell) = self.hidden_states(network);
        self.work.passes += 1;
        self.work.states += states.shapes.dims()[0] * self.request.branches();
        let wanted = self.wanted(&row_of_cell);
        if !wanted.is_empty() {
            let values = self.draw_values(&states, &wanted).await?;
            self.reveal(&values);
        }
        self.step += 1;
        let step = self.step;
        let finished = (step == steps).then(|| cells.clone());
        if finished.is_some() {
            self.begin_batch();
        }
        Ok(Step { step, steps, cells, done: self.current.start, finished })
    }

    /// Guided hidden states of the U distinct states of the batch, and each cell's row among them. Where factors are drawn
    /// every cell has a state of its own.
    fn hidden_states(&self, network: &Network) -> (Hidden, Vec<u32>) {
        let mut rows_by_label: BTreeMap<&[i32], u32> = BTreeMap::new();
        let mut row_of_cell = Vec::with_capacity(self.current.len());
        let (mut tokens, mut labels) = (Vec::new(), Vec::new());
        let mut count = 0_u32;
        for cell in self.current.clone() {
            let label = self.labels[cell].as_slice();
            // Before the first step nothing but the conditions tells cells apart.
            if let Some(row) = rows_by_label.get(label).filter(|_| self.step == 0) {
                row_of_cell.push(*row);
                continue;
            }
            tokens.extend_from_slice(&self.tokens[cell]);
            labels.extend_from_slice(label);
            rows_by_label.insert(label, count);
            row_of_cell.push(count);
            count += 1;
        }
        let branches = self.request.branches();
        let all: Vec<i32> = (0..branches).flat_map(|part| self.request.branch(&labels, part)).collect();
        let cells = network.read(&tokens);
        let hidden = network.hidden(&self.tables, &cells.repeat(branches), Labels::of(&all));
        let totals = self.totals(&labels, network);
        let mixed = hidden.composed(branches, self.request.guidance + 1.0);
        if self.factors == 0 || !self.request.draws_factors {
            let bounded = mixed.bounded(&network.constants, totals.as_ref().map(|totals| (&cells, totals)));
            return (bounded, row_of_cell);
        }
        let (count, q) = (row_of_cell.len(), self.factors);
        let rows: Vec<i32> = row_of_cell.iter().map(|row| *row as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &network.device());
        let numbers: Vec<f32> =
            self.draws.iter().flat_map(|own| &own.factors[self.step * q..(self.step + 1) * q]).copied().collect();
        let numbers = Tensor::<2>::from_data(TensorData::new(numbers, [count, q]), &network.device());
        let totals = totals.map(|totals| totals.select(rows.clone()));
        let cells = cells.select(rows.clone());
        let bounded = mixed
            .select(rows)
            .with_factors(&self.tables, numbers)
            .bounded(&network.constants, totals.as_ref().map(|totals| (&cells, totals)));
        (bounded, (0..count as u32).collect())
    }

    /// Library sizes that states with these condition tokens [U, C] may have; none where the request sets no bounds.
    fn totals(&self, labels: &[i32], network: &Network) -> Option<Totals> {
        if self.request.totals.is_empty() {
            return None;
        }
        let bounds: Vec<[f32; 2]> =
            labels.chunks(self.request.slots()).map(|own| self.request.totals_of(own)).collect();
        let column = |side: usize| {
            let values: Vec<f32> = bounds.iter().map(|own| own[side]).collect();
            Tensor::<2>::from_data(TensorData::new(values, [bounds.len(), 1]), &network.device())
        };
        Some(Totals { lowest: column(0), highest: column(1) })
    }

    /// The genes that this step reveals, over all cells of the batch.
    fn wanted(&self, row_of_cell: &[u32]) -> Vec<Wanted> {
        let genes = self.revealed_now();
        self.draws
            .iter()
            .zip(row_of_cell)
            .flat_map(|(draws, state)| {
                draws.order[genes.clone()].iter().map(|gene| Wanted {
                    state: *state,
                    gene: *gene,
                    uniform: draws.uniforms[*gene as usize],
                })
            })
            .collect()
    }

    /// Range of each cell's order that the step in work reveals.
    fn revealed_now(&self) -> Range<usize> {
        let before = if self.step == 0 { 0 } else { self.schedule[self.step - 1] };
        before..self.schedule[self.step]
    }

    /// Decodes in chunks of bounded size and reads tokens and expected counts back, once each.
    async fn draw_values(
        &mut self,
        states: &Hidden,
        wanted: &[Wanted],
    ) -> Result<Vec<(u16, f32)>, burn::tensor::ExecutionError> {
        let chunks = self.decoder.plan(wanted, self.effort.rows);
        self.work.chunks += chunks.len();
        self.work.rows += chunks.iter().map(Chunk::len).sum::<usize>();
        self.work.values += chunks.iter().map(Chunk::values).sum::<usize>();
        let expects = self.request.expects;
        let drawn: Vec<Drawn> = chunks.iter().map(|chunk| self.decoder.draw(states, wanted, chunk, expects)).collect();
        let tokens = Tensor::cat(drawn.iter().map(|own| own.tokens.clone()).collect(), 0).into_data_async().await?;
        let tokens: Vec<i32> = tokens.iter::<i32>().collect();
        let expected: Vec<Tensor<1>> = drawn.into_iter().filter_map(|own| own.expected).collect();
        let expected: Vec<f32> = match expected.is_empty() {
            true => Vec::new(),
            false => Tensor::cat(expected, 0).into_data_async().await?.iter::<f32>().collect(),
        };
        let mut values = vec![(0, 0.0); wanted.len()];
        let mut offset = 0;
        for chunk in &chunks {
            for (row, index) in chunk.placed() {
                // Values past the ceiling have a probability of 0; rounding of a running sum could still reach them.
                let ceiling = self.ceilings[wanted[index as usize].gene as usize];
                let token = (tokens[offset + row] as u16).min(ceiling);
                values[index as usize] = (token, expected.get(offset + row).copied().unwrap_or(0.0));
            }
            offset += chunk.len();
        }
        Ok(values)
    }

    /// Writes the drawn tokens into the cells; `values` stand in the order of [`Run::wanted`].
    fn reveal(&mut self, values: &[(u16, f32)]) {
        let genes = self.revealed_now();
        let mut values = values.iter();
        for (cell, draws) in self.current.clone().zip(&self.draws) {
            for (gene, (token, expected)) in draws.order[genes.clone()].iter().zip(values.by_ref()) {
                self.tokens[cell][*gene as usize] = *token;
                if let Some(list) = self.expected.get_mut(cell) {
                    list[*gene as usize] = *expected;
                }
            }
        }
    }

    /// What the run has done so far.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Tokens of a cell in panel order [G]; MASK where the gene is not revealed yet.
    pub fn tokens(&self, cell: usize) -> &[u16] {
        &self.tokens[cell]
    }

    /// Mean count of every gene of a finished cell, each over the distribution that it was drawn from [G]; nothing when
    /// the request did not ask for it.
    ///
    /// Over many cells their mean is that of the counts, with less noise: what a draw adds is left out. Cells of a
    /// condition so say in tens what drawn counts say in hundreds.
    pub fn expected(&self, cell: usize) -> &[f32] {
        self.expected.get(cell).map(Vec::as_slice).unwrap_or_default()
    }

    /// Condition tokens of a cell [C].
    pub fn labels(&self, cell: usize) -> &[i32] {
        &self.labels[cell]
    }

    /// Order and uniform numbers of a cell in work, drawn before its first step; none for other cells.
    pub fn draws(&self, cell: usize) -> Option<&CellDraws> {
        self.draws.get(cell.checked_sub(self.current.start)?)
    }

    /// Guided probabilities of chosen genes in every cell in work, as the next step would draw from them, one after
    /// another [cells, g, V]; nothing once finished.
    ///
    /// One more pass of the network that changes nothing: the run goes on as if it had not been asked. For lessons.
    /// Genes past the panel are not allowed.
    ///
    /// # Errors
    /// When the device fails to hand the values back.
    pub async fn probabilities(
        &self,
        network: &Network,
        genes: &[u32],
    ) -> Result<Vec<f32>, burn::tensor::ExecutionError> {
        if self.is_finished() || genes.is_empty() {
            return Ok(Vec::new());
        }
        assert!(genes.iter().all(|gene| (*gene as usize) < self.start.len()), "a gene is past the panel");
        let (states, row_of_cell) = self.hidden_states(network);
        let shares = softmax(self.decoder.logits(&states, genes), 2).into_data_async().await?;
        let shares: Vec<f32> = shares.iter::<f32>().collect();
        let size = genes.len() * VOCABULARY;
        let of_cell = |row: &u32| &shares[*row as usize * size..(*row as usize + 1) * size];
        Ok(row_of_cell.iter().flat_map(of_cell).copied().collect())
    }

    /// Counts of finished cells, dense [G] each.
    pub fn counts(&self, cells: Range<usize>) -> Vec<Vec<u32>> {
        self.tokens[cells].iter().map(|cell| cell.iter().map(|token| dequantise(*token)).collect()).collect()
    }
}
