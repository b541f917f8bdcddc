//! The network's weights, and the two halves of its forward pass.
//!
//! Does: holds every parameter under its name, initialises them from a seed, embeds and
//! compresses tokens, runs the blocks. Decoding stands in `decode`, the loss in `loss`.
//! Does not know: what a condition means, files, schedules, which device it runs on.
//! Flow: tokens [B, G] → gather-sum with the compression folded in [B, L, D] → condition rows, with what
//! visible genes say of the cell (`summary`), in front → blocks → final norm → hidden: groups
//! [B, L, D] and gates [B, R].
//!
//! Compression is linear, so embedding and W_down fold into one table of rows
//! `token_embedding · W_s` for each slot s: a cell costs G row look-ups instead of 2 G D² multiply-
//! adds. The gene embeddings pass through W_down once for the whole batch.
//!
//! Past the paper, every gene has R output factors, and every cell has R gates that scale them:
//! logits of gene g += (factors_g ∘ gates) · basis. The gates come from the condition tokens, and from
//! what the blocks wrote into the condition rows. W_up is shared by all groups, so without them the
//! blocks would have to learn by heart which gene answers to which condition.

use burn::tensor::{Device, FloatDType, Int, Tensor, TensorData};

use crate::block::{Block, Rotary, root_mean_square_norm};
use crate::config::ModelConfig;
use crate::layout::Layout;
use crate::quantise::{FIRST_CONDITION, VOCABULARY};
use crate::random::Draws;
use crate::summary::{Seen, Summary};

/// All weights. Matrices are [in, out]; norms and biases are kept as one row.
#[derive(Clone, Debug)]
pub struct Network {
    /// Sizes.
    pub config: ModelConfig,
    /// Where each gene stands (PAPER.md section 3).
    pub layout: Layout,
    /// Expression tokens, MASK and conditions [T, D].
    pub token_embedding: Tensor<2>,
    /// What each gene adds to its token [G, D].
    pub gene_embedding: Tensor<2>,
    /// W_down [S·D, D].
    pub compress: Tensor<2>,
    /// The transformer.
    pub blocks: Vec<Block>,
    /// Gain of the last norm [1, D].
    pub final_norm: Tensor<2>,
    /// W_up [D, S·D].
    pub decompress: Tensor<2>,
    /// Head [D, V].
    pub head: Tensor<2>,
    /// Output factors of every gene [G, R].
    pub gene_output: Tensor<2>,
    /// What the factors stand for [R, V].
    pub output_basis: Tensor<2>,
    /// Bias shared by all genes [1, V].
    pub output_bias: Tensor<2>,
    /// Gates before any condition [1, R].
    pub gate_bias: Tensor<2>,
    /// What each condition value adds to the gates [K, R].
    pub gate_conditions: Tensor<2>,
    /// What the condition rows add to the gates after the blocks [D, R].
    pub gate_hidden: Tensor<2>,
    /// What visible genes say of the cell; absent when the config asks for no factors.
    pub summary: Option<Summary>,
}

/// What the blocks know of a batch of cells: everything that follows is linear in it.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// Groups of genes after the last norm [B, L, D].
    pub groups: Tensor<3>,
    /// Gates of the output factors [B, R].
    pub gates: Tensor<2>,
}

impl Hidden {
    /// Cells from `first` on, `count` of them.
    pub fn narrow(&self, first: usize, count: usize) -> Self {
        let (groups, gates) = (self.groups.clone(), self.gates.clone());
        Self { groups: groups.narrow(0, first, count), gates: gates.narrow(0, first, count) }
    }

    /// Guidance over `branches` equal parts of the batch, the last of which is the unguided one a₀:
    /// a₀ + strength · Σₖ (aₖ − a₀), with strength w + 1 (PAPER.md section 5). One branch stays as it is.
    pub fn composed(self, branches: usize, strength: f32) -> Self {
        if branches < 2 {
            return self;
        }
        let cells = self.gates.dims()[0] / branches;
        let away = self.narrow((branches - 1) * cells, cells);
        let (mut groups, mut gates) = (away.groups.clone(), away.gates.clone());
        for part in 0..branches - 1 {
            let toward = self.narrow(part * cells, cells);
            groups = groups + (toward.groups - away.groups.clone()).mul_scalar(strength);
            gates = gates + (toward.gates - away.gates.clone()).mul_scalar(strength);
        }
        Self { groups, gates }
    }
}

/// Tables that depend on the weights only: made once per weight update, used for every batch.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Row s·(T+1)+t is token t passed through slot s of W_down; row s·(T+1)+T is zero, for padding.
    compressed_tokens: Tensor<2>,
    /// Gene embeddings passed through W_down [L, D].
    compressed_genes: Tensor<2>,
    /// Rotary positions.
    rotary: Rotary,
    /// Squared loadings of the summary's factors [G, Q].
    precisions: Option<Tensor<2>>,
}

/// Cells as the network reads them.
#[derive(Clone, Debug)]
pub struct Read {
    /// Embedded and compressed [B, L, D].
    pub compressed: Tensor<3>,
    /// Levels of the visible genes, where the network has a summary.
    pub seen: Option<Seen>,
}

impl Read {
    /// The same cells, `times` over.
    pub fn repeat(self, times: usize) -> Self {
        if times == 1 {
            return self;
        }
        let seen = self.seen.map(|seen| seen.repeat(times));
        Self { compressed: Tensor::cat(vec![self.compressed; times], 0), seen }
    }
}

impl Network {
    /// Weights drawn from `seed`, each parameter from its own stream.
    ///
    /// Matrices are normal with standard deviation in^-½; those that write into the residual
    /// stream are scaled by (2 · blocks)^-½ besides. Token rows start on a smooth curve of
    /// log(1 + count), so that rare counts begin near their neighbours (the paper leaves
    /// initialisation open).
    pub fn init(config: &ModelConfig, seed: u64, device: &Device) -> Self {
        let mut stream = 0;
        let mut normal = |rows: usize, columns: usize, deviation: f64| {
            stream += 1;
            let mut draws = Draws::new(seed, stream);
            let values: Vec<f32> =
                (0..rows * columns).map(|_| (f64::from(draws.normal()) * deviation) as f32).collect();
            Tensor::<2>::from_data(TensorData::new(values, [rows, columns]), device)
        };
        let (d, s, f) = (config.width, config.group_size, config.feed_width);
        let fan = |inputs: usize| (inputs as f64).powf(-0.5);
        let residual = (2.0 * config.blocks as f64).powf(-0.5);
        let gain = || Tensor::<2>::ones([1, d], device);
        let token_embedding = smooth_tokens(config, seed, device) + normal(config.tokens(), d, 0.2);
        let blocks = (0..config.blocks)
            .map(|_| Block {
                attention_norm: gain(),
                attention_in: normal(d, 3 * d, fan(d)),
                attention_out: normal(d, d, fan(d) * residual),
                feed_norm: gain(),
                feed_in: normal(d, 2 * f, fan(d)),
                feed_out: normal(f, d, fan(f) * residual),
            })
            .collect();
        Self {
            config: config.clone(),
            layout: Layout::random(config.genes, config.group_size, seed),
            token_embedding,
            gene_embedding: normal(config.genes, d, 0.5),
            compress: normal(s * d, d, fan(s * d)),
            blocks,
            final_norm: gain(),
            decompress: normal(d, s * d, fan(d)),
            head: normal(d, VOCABULARY, 0.1 * fan(d)),
            gene_output: normal(config.genes, config.rank, 0.02),
            output_basis: normal(config.rank, VOCABULARY, 0.02),
            output_bias: Tensor::zeros([1, VOCABULARY], device),
            gate_bias: Tensor::ones([1, config.rank], device),
            gate_conditions: normal(config.condition_values, config.rank, 0.02),
            gate_hidden: Tensor::zeros([d, config.rank], device),
            summary: (config.summary > 0).then(|| Summary::init(config, seed, device)),
        }
    }

    /// Weights of the right shapes and no meaning, to be filled by [`crate::weights::load`].
    pub(crate) fn empty(config: &ModelConfig, layout: Layout, device: &Device) -> Self {
        let (d, s, f) = (config.width, config.group_size, config.feed_width);
        let zeros = |rows: usize, columns: usize| Tensor::<2>::zeros([rows, columns], device);
        let block = || Block {
            attention_norm: zeros(1, d),
            attention_in: zeros(d, 3 * d),
            attention_out: zeros(d, d),
            feed_norm: zeros(1, d),
            feed_in: zeros(d, 2 * f),
            feed_out: zeros(f, d),
        };
        Self {
            config: config.clone(),
            layout,
            token_embedding: zeros(config.tokens(), d),
            gene_embedding: zeros(config.genes, d),
            compress: zeros(s * d, d),
            blocks: (0..config.blocks).map(|_| block()).collect(),
            final_norm: zeros(1, d),
            decompress: zeros(d, s * d),
            head: zeros(d, VOCABULARY),
            gene_output: zeros(config.genes, config.rank),
            output_basis: zeros(config.rank, VOCABULARY),
            output_bias: zeros(1, VOCABULARY),
            gate_bias: zeros(1, config.rank),
            gate_conditions: zeros(config.condition_values, config.rank),
            gate_hidden: zeros(d, config.rank),
            summary: (config.summary > 0).then(|| Summary::empty(config, device)),
        }
    }

    /// The same network with every tensor passed through `change` (name, tensor) → tensor.
    ///
    /// Names are the keys of the weight files; the order is fixed.
    pub fn map(self, mut change: impl FnMut(&str, Tensor<2>) -> Tensor<2>) -> Self {
        let token_embedding = change("token_embedding", self.token_embedding);
        let gene_embedding = change("gene_embedding", self.gene_embedding);
        let compress = change("compress", self.compress);
        let blocks = self
            .blocks
            .into_iter()
            .enumerate()
            .map(|(index, block)| {
                let mut part = |name: &str, tensor| change(&format!("blocks.{index}.{name}"), tensor);
                Block {
                    attention_norm: part("attention_norm", block.attention_norm),
                    attention_in: part("attention_in", block.attention_in),
                    attention_out: part("attention_out", block.attention_out),
                    feed_norm: part("feed_norm", block.feed_norm),
                    feed_in: part("feed_in", block.feed_in),
                    feed_out: part("feed_out", block.feed_out),
                }
            })
            .collect();
        Self {
            config: self.config,
            layout: self.layout,
            token_embedding,
            gene_embedding,
            compress,
            blocks,
            final_norm: change("final_norm", self.final_norm),
            decompress: change("decompress", self.decompress),
            head: change("head", self.head),
            gene_output: change("gene_output", self.gene_output),
            output_basis: change("output_basis", self.output_basis),
            output_bias: change("output_bias", self.output_bias),
            gate_bias: change("gate_bias", self.gate_bias),
            gate_conditions: change("gate_conditions", self.gate_conditions),
            gate_hidden: change("gate_hidden", self.gate_hidden),
            summary: self.summary.map(|summary| summary.map(change)),
        }
    }

    /// The network as devices with fast half-precision products run it: the blocks' matrices in f16, and with them
    /// the decoder's ([`crate::decode::Decoder::new`]); activations between products, norms and sums stay in f32.
    pub fn halved(self) -> Self {
        const PRODUCTS: [&str; 4] = ["attention_in", "attention_out", "feed_in", "feed_out"];
        let is_product = |name: &str| PRODUCTS.contains(&name.rsplit('.').next().unwrap_or(name));
        self.map(|name, tensor| if is_product(name) { tensor.cast(FloatDType::F16) } else { tensor })
    }

    /// Every tensor with its name, in the order of [`Network::map`].
    pub fn parameters(&self) -> Vec<(String, Tensor<2>)> {
        let mut list = Vec::new();
        let _ = self.clone().map(|name, tensor| {
            list.push((name.to_owned(), tensor.clone()));
            tensor
        });
        list
    }

    /// Device that the weights are on.
    pub fn device(&self) -> Device {
        self.head.device()
    }

    /// Tables for these weights; differentiable.
    pub fn tables(&self) -> Tables {
        let config = &self.config;
        let (d, s, l) = (config.width, config.group_size, config.groups());
        let device = self.device();
        let padded = Tensor::cat(vec![self.token_embedding.clone(), Tensor::zeros([1, d], &device)], 0);
        let slots = self.compress.clone().reshape([s, d, d]);
        let compressed_tokens = padded.unsqueeze::<3>().matmul(slots).reshape([s * (config.tokens() + 1), d]);
        let placed = self.layout.place_rows(self.gene_embedding.clone());
        let compressed_genes = placed.reshape([l, s * d]).matmul(self.compress.clone());
        let rotary = Rotary::new(l + config.condition_slots, config.head_width(), &device);
        let precisions = self.summary.as_ref().map(Summary::precisions);
        Tables { compressed_tokens, compressed_genes, rotary, precisions }
    }

    /// Cells from their tokens in gene order, B × G.
    pub fn read(&self, tables: &Tables, tokens: &[u16]) -> Read {
        let (genes, device) = (self.config.genes, self.device());
        let mut rows = Vec::with_capacity(tokens.len() / genes.max(1) * self.layout.padded());
        for cell in tokens.chunks(genes) {
            self.layout.table_rows(cell, self.config.tokens(), &mut rows);
        }
        let count = rows.len();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &device);
        let seen = self.summary.is_some().then(|| Seen::of(tokens, genes, &device));
        Read { compressed: self.compressed(tables, rows), seen }
    }

    /// Embedded and compressed cells [B, L, D]; `rows` are [`Layout::table_rows`] of B cells.
    fn compressed(&self, tables: &Tables, rows: Tensor<1, Int>) -> Tensor<3> {
        let config = &self.config;
        let (d, s, l) = (config.width, config.group_size, config.groups());
        let b = rows.dims()[0] / (l * s);
        let summed =
            tables.compressed_tokens.clone().select(0, rows).reshape([b * l, s, d]).sum_dim(1).reshape([b, l, d]);
        summed + tables.compressed_genes.clone().unsqueeze::<3>()
    }

    /// Hidden state after the last norm, for cells with the condition token ids [B, C].
    pub fn hidden(&self, tables: &Tables, cells: Read, conditions: Tensor<2, Int>) -> Hidden {
        self.hidden_learning(tables, cells, conditions, None)
    }

    /// The same; where `learns` [B, C] is 0 in place of 1, what belongs to that condition token takes part in the cell
    /// and gets no gradient from it.
    pub fn hidden_learning(
        &self,
        tables: &Tables,
        cells: Read,
        conditions: Tensor<2, Int>,
        learns: Option<&Tensor<2>>,
    ) -> Hidden {
        let [b, c] = conditions.dims();
        let (d, l) = (self.config.width, self.config.groups());
        let mut rows = condition_rows(&self.token_embedding, conditions.clone(), learns);
        // Tables of conditions alone have no rows of genes in front.
        let conditions = conditions.sub_scalar(FIRST_CONDITION);
        let sum = |table: &Tensor<2>| {
            let rows = condition_rows(table, conditions.clone(), learns);
            let [_, _, x] = rows.dims();
            rows.sum_dim(1).reshape([b, x])
        };
        let mut gates = self.gate_bias.clone() + sum(&self.gate_conditions);
        if let (Some(summary), Some(seen), Some(precisions)) = (&self.summary, &cells.seen, &tables.precisions) {
            let features = summary.features(seen, precisions, sum(&summary.effect_conditions), sum(&summary.trust));
            rows = rows + features.clone().matmul(summary.to_rows.clone()).reshape([b, 1, d]);
            gates = gates + features.matmul(summary.to_gates.clone());
        }
        let x = Tensor::cat(vec![rows, cells.compressed], 1);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, &tables.rotary, self.config.heads));
        let x = root_mean_square_norm(x, &self.final_norm);
        debug_assert_eq!(x.dims(), [b, c + l, d]);
        let seen = x.clone().narrow(1, 0, c).mean_dim(1).reshape([b, d]).matmul(self.gate_hidden.clone());
        Hidden { groups: x.narrow(1, c, l), gates: gates + seen }
    }
}

/// Rows of a table [·, X] for condition tokens [B, C] → [B, C, X]; no gradient where `learns` [B, C] is 0.
fn condition_rows(table: &Tensor<2>, places: Tensor<2, Int>, learns: Option<&Tensor<2>>) -> Tensor<3> {
    let ([b, c], [_, x]) = (places.dims(), table.dims());
    let rows = table.clone().select(0, places.reshape([b * c])).reshape([b, c, x]);
    let Some(learns) = learns else { return rows };
    let learns = learns.clone().reshape([b, c, 1]);
    let still = learns.clone().neg().add_scalar(1.0);
    rows.clone() * learns + rows.detach() * still
}

/// Token rows on a smooth random curve of log(1 + count) [T, D]; zero for MASK and conditions.
fn smooth_tokens(config: &ModelConfig, seed: u64, device: &Device) -> Tensor<2> {
    let d = config.width;
    let mut draws = Draws::new(seed, u64::MAX);
    let waves: Vec<(f64, f64)> =
        (0..d).map(|_| (f64::from(draws.normal()), std::f64::consts::TAU * f64::from(draws.uniform()))).collect();
    let mut values = vec![0.0_f32; config.tokens() * d];
    for (token, row) in values.chunks_mut(d).take(VOCABULARY).enumerate() {
        let level = f64::from(crate::quantise::dequantise(token as u16)).ln_1p();
        for (value, (frequency, phase)) in row.iter_mut().zip(&waves) {
            *value = (frequency * level + phase).sin() as f32;
        }
    }
    Tensor::from_data(TensorData::new(values, [config.tokens(), d]), device)
}
