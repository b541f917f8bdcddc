//! The reverse process: cells written gene group by gene group.
//!
//! Does: a stepper. Each step reveals one batch of genes in every cell of the current batch of
//! cells; between steps the caller looks for cancel and reports progress.
//! Does not know: names of genes or conditions (`bundle`), clocks, threads, browsers.
//! Flow: request → [draws on the host → masked tokens → hidden states of all guidance branches as one
//! batch → mixed and bounded → decode the genes of this step → tokens] × N → counts.
//!
//! In the first step every cell of a condition looks the same, so it is computed once for all; cells that begin from
//! measured genes are all different.

mod request;
mod states;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use crate::cost::Work;
use crate::cpu::Engine;
use crate::decode::{Chunk, Decoder, Drawn, Wanted};
use crate::hidden::Hidden;
use crate::network::{Network, Tables};
use crate::quantise::{MASK, VOCABULARY, dequantise, quantise};
use crate::random::{CellDraws, Draws};
use crate::schedule::cosine_schedule;

pub use request::{Given, Request};

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

/// How much to do at once. A network on its host ([`Network::on_host`]) goes through the cells of a batch one by one.
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

/// How a run computes.
#[derive(Clone, Debug)]
enum Way {
    /// With tensors, on any device.
    Tensors(Box<(Tables, Decoder)>),
    /// In the machine's own memory. What it keeps belongs to one request: batches of that request share it.
    Host(Arc<Mutex<Engine>>),
}

/// What all runs of one request share: tables made from the weights, which cost about as much as a step of a cell, or on a
/// host what was computed of its conditions. A copy holds the same.
#[derive(Clone, Debug)]
pub struct Prepared(Way);

impl Prepared {
    /// Of a network, for one request.
    pub fn of(network: &Network) -> Self {
        Self(match Engine::of(network) {
            Some(engine) => Way::Host(Arc::new(Mutex::new(engine))),
            None => Way::Tensors(Box::new((network.tables(), Decoder::new(network)))),
        })
    }

    /// The same network, for another request.
    #[must_use]
    pub fn for_another(&self, network: &Network) -> Self {
        match &self.0 {
            Way::Tensors(_) => self.clone(),
            Way::Host(_) => Self::of(network),
        }
    }
}

/// A sampling run: the cells written so far and the draws of those in work.
pub struct Run {
    request: Request,
    effort: Effort,
    way: Way,
    steps: usize,
    ceilings: Vec<u16>,
    factors: usize,
    start: Vec<u16>,
    tokens: Vec<Vec<u16>>,
    expected: Vec<Vec<f32>>,
    labels: Vec<Vec<i32>>,
    draws: Vec<CellDraws>,
    /// Genes revealed after every step, of each cell in work.
    schedules: Vec<Vec<usize>>,
    current: Range<usize>,
    step: usize,
    work: Work,
}

impl Run {
    /// Prepares a run; nothing is computed for cells yet. Clamped genes past the panel are ignored here, and counts above
    /// a gene's ceiling are brought down to it: names and counts are checked, and refused, by the bundle.
    pub fn new(network: &Network, request: Request, effort: Effort) -> Self {
        Self::prepared(network, Prepared::of(network), request, effort)
    }

    /// The same, with the network's tables made before.
    pub fn prepared(network: &Network, prepared: Prepared, request: Request, effort: Effort) -> Self {
        let genes = network.config.genes;
        let mut start = vec![MASK as u16; genes];
        for (gene, count) in &request.clamp {
            if let Some(place) = start.get_mut(*gene as usize) {
                *place = quantise(*count).min(network.statistics.ceiling[*gene as usize]);
            }
        }
        let mut run = Self {
            way: prepared.0,
            steps: request.steps.max(1),
            ceilings: network.statistics.ceiling.clone(),
            factors: network.config.summary,
            start,
            tokens: Vec::with_capacity(request.cells),
            expected: Vec::new(),
            labels: Vec::with_capacity(request.cells),
            draws: Vec::new(),
            schedules: Vec::new(),
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
        self.schedules.clear();
        for cell in self.current.clone() {
            let mut draws = Draws::keyed(self.request.seed, self.request.key, (self.request.first + cell) as u64);
            let rows = self.request.labels_of(cell);
            let weights: Vec<f64> = rows.iter().map(|(_, weight)| *weight).collect();
            let labels = rows.get(draws.weighted(&weights)).map(|(labels, _)| labels.clone());
            self.labels.push(labels.unwrap_or_default());
            let start = self.begins(cell);
            let held: Vec<bool> = start.iter().map(|token| i32::from(*token) < MASK).collect();
            let factors = if self.request.draws_factors { self.factors * self.steps } else { 0 };
            let own = CellDraws::new(&mut draws, start.len(), &held, factors);
            self.schedules.push(cosine_schedule(own.order.len(), self.steps));
            self.draws.push(own);
            if self.request.expects {
                let held = |token: &u16| if i32::from(*token) < MASK { dequantise(*token) as f32 } else { 0.0 };
                self.expected.push(start.iter().map(held).collect());
            }
            self.tokens.push(start);
        }
    }

    /// Tokens that a cell begins with [G]: held genes, and where it is given what is visible of it, under the ceilings.
    fn begins(&self, cell: usize) -> Vec<u16> {
        let mut start = self.start.clone();
        let Some(given) = self.request.given.get(cell) else { return start };
        for ((place, token), ceiling) in start.iter_mut().zip(&given.tokens).zip(&self.ceilings) {
            if i32::from(*place) == MASK && i32::from(*token) < MASK {
                *place = (*token).min(*ceiling);
            }
        }
        start
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
        let steps = self.steps;
        if cells.is_empty() {
            return Ok(Step { step: steps, steps, cells, done: self.request.cells, finished: None });
        }
        self.work.passes += 1;
        let (values, work) = match &self.way {
            // A panic elsewhere leaves numbers that were computed, nothing half done.
            Way::Host(engine) => {
                let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                self.values_on_host(network, &mut engine)
            }
            Way::Tensors(own) => {
                let (tables, decoder) = own.as_ref();
                let (states, row_of_cell) = self.hidden_states(network, tables);
                self.draw_values(decoder, &states, &self.wanted(&row_of_cell)).await?
            }
        };
        self.work += work;
        self.reveal(&values);
        self.step += 1;
        let step = self.step;
        let finished = (step == steps).then(|| cells.clone());
        if finished.is_some() {
            self.begin_batch();
        }
        Ok(Step { step, steps, cells, done: self.current.start, finished })
    }

    /// The genes that this step reveals, over all cells of the batch.
    fn wanted(&self, row_of_cell: &[u32]) -> Vec<Wanted> {
        self.draws
            .iter()
            .zip(row_of_cell)
            .enumerate()
            .flat_map(|(place, (draws, state))| {
                draws.order[self.revealed_now(place)].iter().map(|gene| Wanted {
                    state: *state,
                    gene: *gene,
                    uniform: draws.uniforms[*gene as usize],
                })
            })
            .collect()
    }

    /// Range of a cell's order that the step in work reveals; `place` is the cell's among those in work.
    fn revealed_now(&self, place: usize) -> Range<usize> {
        let schedule = &self.schedules[place];
        let before = if self.step == 0 { 0 } else { schedule[self.step - 1] };
        before..schedule[self.step]
    }

    /// Decodes in chunks of bounded size and reads tokens and expected counts back, once each.
    async fn draw_values(
        &self,
        decoder: &Decoder,
        states: &Hidden,
        wanted: &[Wanted],
    ) -> Result<(Vec<(u16, f32)>, Work), burn::tensor::ExecutionError> {
        let chunks = decoder.plan(wanted, self.effort.rows);
        let work = Work {
            states: states.shapes.dims()[0] * self.request.branches(),
            chunks: chunks.len(),
            rows: chunks.iter().map(Chunk::len).sum(),
            values: chunks.iter().map(Chunk::values).sum(),
            ..Work::default()
        };
        if chunks.is_empty() {
            return Ok((Vec::new(), work));
        }
        let expects = self.request.expects;
        let drawn: Vec<Drawn> = chunks.iter().map(|chunk| decoder.draw(states, wanted, chunk, expects)).collect();
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
        Ok((values, work))
    }

    /// Writes the drawn tokens into the cells; `values` stand in the order of [`Run::wanted`].
    fn reveal(&mut self, values: &[(u16, f32)]) {
        let mut values = values.iter();
        for (place, (cell, draws)) in self.current.clone().zip(&self.draws).enumerate() {
            let genes = self.revealed_now(place);
            for (gene, (token, expected)) in draws.order[genes].iter().zip(values.by_ref()) {
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
        let (logits, row_of_cell) = match &self.way {
            Way::Host(engine) => {
                let mut engine = engine.lock().unwrap_or_else(PoisonError::into_inner);
                self.logits_on_host(network, &mut engine, genes)
            }
            Way::Tensors(own) => {
                let (states, row_of_cell) = self.hidden_states(network, &own.0);
                (own.1.logits(&states, genes), row_of_cell)
            }
        };
        let shares = softmax(logits, 2).into_data_async().await?;
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
