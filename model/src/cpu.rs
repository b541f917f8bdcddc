//! The network as a CPU runs it: beside burn's tensors, in loops over slices.
//!
//! Does: everything from tokens to drawn values for one cell after the other, in buffers that are kept: products of
//! weights that were put in order once, and what lies between them in vectors of eight numbers.
//! Does not know: devices, gradients (training goes through burn), schedules, requests.
//! Flow: network → **tables**, once; tokens + condition tokens → `reading` → `trunk` → `states` → `decode` → values.
//!
//! Sampling and golden passes of a network that is on its host ([`Network::on_host`]) come here; the numbers are burn's
//! but for rounding, which tests bound. One thread: cells are independent, so whoever has more of them splits cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decode::Wanted;
use crate::network::Network;

mod attention;
mod decode;
mod maths;
mod product;
mod reading;
mod states;
mod tensors;
mod trunk;

pub(crate) use states::{Row, State};

/// Sets of condition tokens, and states before the first step, that are kept at most; some hundred kilobytes each.
const KEPT: usize = 24;

/// Weights in the order in which the loops want them.
#[derive(Clone, Debug)]
struct Host {
    reader: reading::Reader,
    trunk: trunk::Trunk,
    ranges: states::Ranges,
    decode: decode::Decode,
}

impl Host {
    /// Tables of a network.
    fn new(network: &Network) -> Self {
        Self {
            reader: reading::Reader::new(network),
            trunk: trunk::Trunk::new(network),
            ranges: states::Ranges::new(network),
            decode: decode::Decode::new(network),
        }
    }
}

impl Network {
    /// The network as a CPU runs it: for weights whose device is the machine's own memory. Cells are sampled, and golden
    /// passes made, by the loops of this module; whoever differentiates, or asks for hidden states, still gets tensors.
    #[must_use]
    pub fn on_host(mut self) -> Self {
        self.host = Some(Arc::new(Host::new(&self)));
        self
    }

    /// Whether cells are sampled by this module's loops: on one thread, so that whoever has more of them splits cells.
    pub fn is_on_host(&self) -> bool {
        self.host.is_some()
    }
}

/// A pass through the network, with its buffers and what it knows already.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    host: Arc<Host>,
    buffers: trunk::Buffers,
    /// Rows in work [P, D].
    x: Vec<f32>,
    /// By condition tokens [C].
    said: BTreeMap<Vec<i32>, Arc<reading::Said>>,
    /// Before the first step, by the condition tokens of all branches.
    blank: BTreeMap<Vec<i32>, Arc<State>>,
    /// Cells that went through the blocks since this was last asked.
    passes: usize,
}

impl Engine {
    /// Of a network that is on its host; `None` of any other.
    pub(crate) fn of(network: &Network) -> Option<Self> {
        let host = Arc::clone(network.host.as_ref()?).downcast().ok()?;
        let (said, blank) = (BTreeMap::new(), BTreeMap::new());
        Some(Self { host, buffers: trunk::Buffers::default(), x: Vec::new(), said, blank, passes: 0 })
    }

    /// State of a cell with these tokens in gene order [G], mixed over `branches`: the condition tokens of each branch one
    /// after another, the unguided one last.
    pub(crate) fn state(&mut self, network: &Network, tokens: &[u16], branches: &[i32], strength: f32) -> Arc<State> {
        let seen = Arc::new(self.host.reader.seen(tokens));
        let slots = network.config.condition_slots;
        let (toward, away) = branches.split_at(branches.len() - slots);
        let away = self.branch(network, &seen, away);
        let toward: Vec<State> = toward.chunks_exact(slots).map(|labels| self.branch(network, &seen, labels)).collect();
        Arc::new(away.composed(&toward, strength))
    }

    /// [`Engine::state`], kept: for tokens that are those of every cell of these condition tokens.
    pub(crate) fn blank(&mut self, network: &Network, tokens: &[u16], branches: &[i32], strength: f32) -> Arc<State> {
        if let Some(state) = self.blank.get(branches) {
            return Arc::clone(state);
        }
        if self.blank.len() >= KEPT {
            self.blank.clear();
        }
        let state = self.state(network, tokens, branches, strength);
        self.blank.insert(branches.to_vec(), Arc::clone(&state));
        state
    }

    /// State of a cell in one branch.
    fn branch(&mut self, network: &Network, seen: &Arc<reading::Seen>, labels: &[i32]) -> State {
        self.passes += 1;
        let said = self.said(network, labels);
        let Host { reader, trunk, .. } = &*self.host;
        let posterior = reader.rows(seen, &said, &mut self.x);
        trunk.forward(&mut self.x, &mut self.buffers);
        let (gates, shifts) = reader.gates_and_shifts(&said, &posterior, &self.x);
        let config = &network.config;
        State {
            groups: self.x[config.condition_slots * config.width..].to_vec(),
            shifts,
            shapes: gates[config.rank + config.summary..].to_vec(),
            unknown: posterior.unknown(),
            seen: Arc::clone(seen),
        }
    }

    /// Cells that went through the blocks since this was last asked: one for each branch.
    pub(crate) fn take_passes(&mut self) -> usize {
        std::mem::take(&mut self.passes)
    }

    /// What condition tokens say, computed once.
    fn said(&mut self, network: &Network, labels: &[i32]) -> Arc<reading::Said> {
        if let Some(said) = self.said.get(labels) {
            return Arc::clone(said);
        }
        if self.said.len() >= KEPT {
            self.said.clear();
        }
        let said = Arc::new(self.host.reader.said(network, labels));
        self.said.insert(labels.to_vec(), Arc::clone(&said));
        said
    }

    /// A row of a state to decode: what is unknown of its factors drawn by `numbers` [Q], its log-means within their
    /// ranges and its library size within `totals`.
    pub(crate) fn row(&self, state: &Arc<State>, numbers: Option<&[f32]>, totals: Option<[f32; 2]>) -> Row {
        self.host.ranges.row(&self.host.reader, state, numbers, totals)
    }

    /// Values drawn for wanted genes in their order, each (token, expected count or 0), and how many logits that took;
    /// [`Wanted::state`] is a place among `rows`.
    pub(crate) fn draw(&self, rows: &[Row], wanted: &[Wanted], expects: bool) -> (Vec<(u16, f32)>, usize) {
        self.host.decode.draw(rows, wanted, expects)
    }

    /// Logits of some genes of a row [g, V].
    pub(crate) fn logits(&self, row: &Row, genes: &[u32]) -> Vec<f32> {
        self.host.decode.logits(row, genes)
    }
}

#[cfg(test)]
mod tests;
