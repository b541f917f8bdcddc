//! What sampling costs: arithmetic, and how often the device is told to do something.
//!
//! Does: counts a run's passes and decoded rows, and turns them into floating-point operations and
//! WebGPU dispatches.
//! Does not know: time.
//! Flow: sampler → **work** → `wellplate bench`, the worker's tests.
//!
//! In a browser a dispatch costs microseconds before it computes anything, so their number decides how
//! fast a small model can be. The numbers per pass were counted in Chromium by `app/tests/worker.rs`,
//! which counts them again in every run of the checks.

use crate::config::ModelConfig;

/// Dispatches of a pass outside its blocks: embedding, compression, last norm, gates, guidance.
const PER_PASS: f64 = 100.0;
/// Dispatches of a pass for the summary of visible genes, and for the draw of what it leaves unknown.
const PER_SUMMARY: f64 = 69.0;
/// Dispatches of a block.
const PER_BLOCK: f64 = 55.0;
/// Dispatches of a chunk of decoded rows.
const PER_CHUNK: f64 = 65.0;

/// What a run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Forward passes: one per step and batch of cells, guided and unguided together.
    pub passes: usize,
    /// States that went through the blocks: cells × branches over all passes.
    pub states: usize,
    /// Chunks of rows decoded.
    pub chunks: usize,
    /// Rows decoded, one per gene and cell, with the padding of the chunks.
    pub rows: usize,
    /// Logits of these rows: a gene has as many as its ceiling allows.
    pub values: usize,
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        self.passes += more.passes;
        self.states += more.states;
        self.chunks += more.chunks;
        self.rows += more.rows;
        self.values += more.values;
    }
}

impl Work {
    /// Floating-point operations: blocks with attention, and decoding.
    pub fn flops(&self, config: &ModelConfig) -> f64 {
        let state = config.trunk_flops() + config.reading_flops();
        self.states as f64 * state + self.values as f64 * config.value_flops()
    }

    /// Dispatches on a GPU without fusion.
    pub fn dispatches(&self, config: &ModelConfig) -> f64 {
        let summary = if config.summary > 0 { PER_SUMMARY } else { 0.0 };
        let pass = PER_PASS + summary + PER_BLOCK * config.blocks as f64;
        self.passes as f64 * pass + self.chunks as f64 * PER_CHUNK
    }
}

#[cfg(test)]
mod tests {
    use super::Work;
    use crate::config::ModelConfig;

    #[test]
    fn the_papers_model_costs_what_its_sizes_say() {
        let config = ModelConfig {
            genes: 18_080,
            group_size: 32,
            width: 640,
            blocks: 13,
            heads: 10,
            feed_width: 2560,
            rank: 32,
            summary: 0,
            shape: 4,
            condition_slots: 2,
            condition_values: 100,
            pairs: 0,
        };
        let work = Work { passes: 3, states: 6, chunks: 9, rows: 18_080, values: 18_080 * 20 };
        // 6 states × (2 · 567 positions · 85.2 M + attention 4 · 567² · 640 · 13, and reading: 18,080 genes × (9 + 2) ·
        // 640 and 2 · 32 factors), and 18,080 genes with 20 values each × 2 · 644.
        let reading = 2.0 * 18_080.0 * (11.0 * 640.0 + 64.0);
        let expected = 6.0 * (2.0 * 567.0 * 85_196_800.0 + 4.0 * 567.0 * 567.0 * 640.0 * 13.0 + reading)
            + 18_080.0 * 20.0 * 2.0 * 644.0;
        assert!((work.flops(&config) / expected - 1.0).abs() < 1e-12);
        assert!(work.dispatches(&config) > 3.0 * 13.0);
        assert_eq!(Work::default().dispatches(&config), 0.0);
    }
}
