//! The network's weights, and the first half of its forward pass.
//!
//! Does: holds every parameter under its name and initialises them from a seed; the forward pass as far as hidden states
//! stands in `forward`, decoding in `decode`, the loss in `loss`, what is constant for a network in `constants`.
//! Does not know: what a condition means, files, schedules, which device it runs on.
//! Flow: tokens [B, G] → features and deviations [B, L·S] → compressed [B, L, D] → condition rows, with what
//! visible genes say of the cell (`summary`), in front → blocks → final norm → hidden: groups [B, L, D], shifts of every
//! gene's log-mean [B, L·S], gates of its shape [B, U].
//!
//! A gene's distribution is a negative binomial whose log-mean is shifted by η (`statistics`), and a bounded correction.
//! The shift of gene g in a cell: η = Σ_r F_gr · gate_r + Λ_g · ẑ − ½ Λ_g² · s + E_g · h. Gates come from the condition
//! tokens, from pairs of them (context × perturbation), and from what the blocks wrote into the condition rows; ẑ and s
//! are the summary's; h is the group's hidden row. So every condition acts on every gene's own mean, which the paper's
//! W_up, shared by all groups, would have to learn through the blocks.

use std::any::Any;
use std::sync::Arc;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};

use crate::block::{Block, Rotary};
use crate::config::ModelConfig;
use crate::constants::Constants;
use crate::layout::Layout;
use crate::pairs::Pairs;
use crate::quantise::VOCABULARY;
use crate::random::Draws;
use crate::reading::FEATURES;
use crate::statistics::GeneStatistics;
use crate::summary::Summary;

mod forward;

/// All weights. Matrices are [in, out]; norms and biases are kept as one row.
#[derive(Clone, Debug)]
pub struct Network {
    /// Sizes.
    pub config: ModelConfig,
    /// Where each gene stands (PAPER.md section 3).
    pub layout: Layout,
    /// Mean, spread and ceiling of every gene; not trained.
    pub statistics: GeneStatistics,
    /// Pairs of condition values with a gate row of their own.
    pub pairs: Pairs,
    /// Features of a token's count, "hidden" first [F, D].
    pub token_features: Tensor<2>,
    /// Condition values [K, D].
    pub condition_embedding: Tensor<2>,
    /// Groups of genes [L, D].
    pub group_embedding: Tensor<2>,
    /// What a gene's deviation writes into its group's row, and what it reads from it at the end [G, D].
    pub gene_embedding: Tensor<2>,
    /// W_down [S·D, D].
    pub compress: Tensor<2>,
    /// The transformer.
    pub blocks: Vec<Block>,
    /// Gain of the last norm [1, D].
    pub final_norm: Tensor<2>,
    /// How far each hidden feature moves log-means [1, D].
    pub mean_gain: Tensor<2>,
    /// W_up [D, S·D].
    pub decompress: Tensor<2>,
    /// Head of the correction [D, V].
    pub head: Tensor<2>,
    /// Response factors of every gene, natural log [G, R].
    pub gene_output: Tensor<2>,
    /// Shape factors of every gene [G, U].
    pub gene_shape: Tensor<2>,
    /// What the shape factors stand for [U, V].
    pub shape_basis: Tensor<2>,
    /// Gates before any condition [1, R + Q + U].
    pub gate_bias: Tensor<2>,
    /// What each condition value adds to the gates [K, R + Q + U].
    pub gate_conditions: Tensor<2>,
    /// What each pair of condition values adds beyond the sum of both [P, R]; absent without pairs.
    pub gate_pairs: Option<Tensor<2>>,
    /// What the condition rows add to the gates after the blocks [D, R + Q + U].
    pub gate_hidden: Tensor<2>,
    /// What visible genes say of the cell; absent when the config asks for no factors.
    pub summary: Option<Summary>,
    /// What follows from layout and statistics, on the weights' device.
    pub(crate) constants: Constants,
    /// What `cpu` keeps of the weights, and alone understands; see [`Network::on_host`].
    pub(crate) host: Option<Arc<dyn Any + Send + Sync>>,
}

/// Tables that depend on the weights only: made once per weight update, used for every batch.
#[derive(Clone, Debug)]
pub struct Tables {
    /// A group's features to its row [S·F, D].
    pub(crate) features: Tensor<2>,
    /// Gene embeddings by group [L, S, D].
    pub(crate) genes: Tensor<3>,
    /// Response factors, and the summary's loadings, in position order [L·S, R + Q].
    pub(crate) responses: Tensor<2>,
    /// The summary's loadings in position order and their squares [L·S, Q].
    pub(crate) loadings: Option<(Tensor<2>, Tensor<2>)>,
    /// Rotary positions.
    rotary: Rotary,
}

/// Condition tokens of some cells.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// B × C.
    pub tokens: &'a [i32],
    /// 1 where what belongs to a condition token learns from the cell, 0 where it does not, B × C; empty: 1 everywhere.
    pub learns: &'a [f32],
}

impl<'a> Labels<'a> {
    /// Labels that all learn.
    pub fn of(tokens: &'a [i32]) -> Self {
        Self { tokens, learns: &[] }
    }
}

impl Network {
    /// Weights drawn from `seed`, each parameter from its own stream, for genes with these statistics.
    ///
    /// Matrices are normal with standard deviation in^-½; those that write into the residual stream are scaled by
    /// (2 · blocks)^-½ besides. What moves a gene's distribution away from its statistics starts at 0, so that means are
    /// right from the first step (the paper leaves initialisation open).
    pub fn init(config: &ModelConfig, statistics: GeneStatistics, pairs: Pairs, seed: u64, device: &Device) -> Self {
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
        let layout = Layout::by_ceiling(&statistics.ceiling, config.group_size, seed);
        let constants = Constants::new(&layout, &statistics, device);
        let token_features = normal(FEATURES, d, 1.0);
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
            layout,
            statistics,
            token_features,
            condition_embedding: normal(config.condition_values, d, 0.2),
            group_embedding: normal(config.groups(), d, 0.5),
            gene_embedding: normal(config.genes, d, fan(s)),
            compress: normal(s * d, d, fan(s * d)),
            blocks,
            final_norm: gain(),
            mean_gain: Tensor::zeros([1, d], device),
            decompress: normal(d, s * d, fan(d)),
            head: Tensor::zeros([d, VOCABULARY], device),
            gene_output: normal(config.genes, config.rank, 0.02),
            gene_shape: normal(config.genes, config.shape, 0.02),
            shape_basis: normal(config.shape, VOCABULARY, 0.02),
            gate_bias: Tensor::zeros([1, config.gates()], device),
            gate_conditions: normal(config.condition_values, config.gates(), 0.02),
            gate_pairs: (!pairs.is_empty()).then(|| Tensor::zeros([pairs.len(), config.rank], device)),
            gate_hidden: Tensor::zeros([d, config.gates()], device),
            summary: (config.summary > 0).then(|| Summary::init(config, seed, device)),
            pairs,
            constants,
            host: None,
        }
    }

    /// Weights of the right shapes and no meaning, to be filled by [`crate::weights::load`].
    pub(crate) fn empty(
        config: &ModelConfig,
        layout: Layout,
        statistics: GeneStatistics,
        pairs: Pairs,
        device: &Device,
    ) -> Self {
        let (d, s, f, gates) = (config.width, config.group_size, config.feed_width, config.gates());
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
            constants: Constants::new(&layout, &statistics, device),
            layout,
            statistics,
            token_features: zeros(FEATURES, d),
            condition_embedding: zeros(config.condition_values, d),
            group_embedding: zeros(config.groups(), d),
            gene_embedding: zeros(config.genes, d),
            compress: zeros(s * d, d),
            blocks: (0..config.blocks).map(|_| block()).collect(),
            final_norm: zeros(1, d),
            mean_gain: zeros(1, d),
            decompress: zeros(d, s * d),
            head: zeros(d, VOCABULARY),
            gene_output: zeros(config.genes, config.rank),
            gene_shape: zeros(config.genes, config.shape),
            shape_basis: zeros(config.shape, VOCABULARY),
            gate_bias: zeros(1, gates),
            gate_conditions: zeros(config.condition_values, gates),
            gate_pairs: (!pairs.is_empty()).then(|| zeros(pairs.len(), config.rank)),
            gate_hidden: zeros(d, gates),
            summary: (config.summary > 0).then(|| Summary::empty(config, device)),
            pairs,
            host: None,
        }
    }

    /// The same network with every tensor passed through `change` (name, tensor) → tensor.
    ///
    /// Names are the keys of the weight files; the order is fixed.
    pub fn map(self, mut change: impl FnMut(&str, Tensor<2>) -> Tensor<2>) -> Self {
        let is_on_host = self.host.is_some();
        let token_features = change("token_features", self.token_features);
        let condition_embedding = change("condition_embedding", self.condition_embedding);
        let group_embedding = change("group_embedding", self.group_embedding);
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
        let network = Self {
            config: self.config,
            layout: self.layout,
            statistics: self.statistics,
            pairs: self.pairs,
            token_features,
            condition_embedding,
            group_embedding,
            gene_embedding,
            compress,
            blocks,
            final_norm: change("final_norm", self.final_norm),
            mean_gain: change("mean_gain", self.mean_gain),
            decompress: change("decompress", self.decompress),
            head: change("head", self.head),
            gene_output: change("gene_output", self.gene_output),
            gene_shape: change("gene_shape", self.gene_shape),
            shape_basis: change("shape_basis", self.shape_basis),
            gate_bias: change("gate_bias", self.gate_bias),
            gate_conditions: change("gate_conditions", self.gate_conditions),
            gate_pairs: self.gate_pairs.map(|tensor| change("gate_pairs", tensor)),
            gate_hidden: change("gate_hidden", self.gate_hidden),
            summary: self.summary.map(|summary| summary.map(change)),
            constants: self.constants,
            host: None,
        };
        let network = network.settled();
        if is_on_host { network.on_host() } else { network }
    }

    /// The same network with its constants on the device of its weights: a change of weights may have moved them.
    fn settled(mut self) -> Self {
        let device = self.device();
        if self.constants.device() != device {
            self.constants = Constants::new(&self.layout, &self.statistics, &device);
        }
        self
    }

    /// The same weights for genes with other statistics (same panel, same ceilings): what `export` measures anew.
    #[must_use]
    pub fn with_statistics(mut self, statistics: GeneStatistics) -> Self {
        self.constants = Constants::new(&self.layout, &statistics, &self.device());
        self.statistics = statistics;
        if self.host.is_some() { self.on_host() } else { self }
    }

    /// The network as tensors alone run it.
    #[must_use]
    pub fn off_host(mut self) -> Self {
        self.host = None;
        self
    }

    /// The network as devices with fast half-precision products run it: the blocks' matrices in f16, and with them
    /// the decoder's ([`crate::decode::Decoder::new`]); activations between products, norms and sums stay in f32.
    pub fn halved(self) -> Self {
        const PRODUCTS: [&str; 4] = ["attention_in", "attention_out", "feed_in", "feed_out"];
        let is_product = |name: &str| PRODUCTS.contains(&name.rsplit('.').next().unwrap_or(name));
        self.off_host().map(|name, tensor| if is_product(name) { tensor.cast(FloatDType::F16) } else { tensor })
    }

    /// Whether products are computed in f16.
    pub(crate) fn is_halved(&self) -> bool {
        self.blocks.first().is_some_and(|block| block.feed_in.dtype() == DType::F16)
    }

    /// Logits of one cell in some slots: each slot's genes take as many values as its class of ceilings does.
    pub fn values(&self, slots: &[usize]) -> usize {
        let classes = || self.constants.classes.iter().map(|table| &table.class);
        let width = |slot: &usize| classes().find(|class| class.slots.contains(slot)).map_or(0, |class| class.width);
        slots.iter().map(width).sum::<usize>() * self.config.groups()
    }

    /// Every tensor with its name, in the order of [`Network::map`].
    pub fn parameters(&self) -> Vec<(String, Tensor<2>)> {
        let mut list = Vec::new();
        let _ = self.clone().off_host().map(|name, tensor| {
            list.push((name.to_owned(), tensor.clone()));
            tensor
        });
        list
    }

    /// Device that the weights are on.
    pub fn device(&self) -> Device {
        self.head.device()
    }
}
