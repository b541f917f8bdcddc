//! The command line: what can be asked for, each with an example.
//!
//! Does: names, help and checks of arguments.
//! Does not know: how anything is done.
//! Flow: words → **commands** → `main`.

mod combinations;
pub(crate) mod from_means;
mod inspect;
pub(crate) mod made;
pub(crate) mod pairs;
mod precompute;
mod predict;
mod recipe;
mod rewriting;
mod sampling;
mod sweep;
mod train;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use train_native::device::Backend;

use crate::making::MakeSemisynthetic;
pub(crate) use combinations::Combinations;
pub(crate) use from_means::FromMeans;
pub(crate) use inspect::Inspect;
use pairs::{key_value, named_file};
pub(crate) use precompute::Precompute;
pub(crate) use predict::Predict;
pub(crate) use recipe::WriteRecipe;
pub(crate) use rewriting::Rewriting;
pub(crate) use sampling::Sampling;
pub(crate) use sweep::Sweep;
pub(crate) use train::Train;

/// Train, export, sample and evaluate Wellplate's models.
#[derive(Parser)]
#[command(name = "wellplate", version)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write a commented recipe for a file of cells: conditions guessed from its labels, groups to hold out, sizes.
    ///
    /// Example: wellplate recipe --data cells.h5ad --out recipe.toml
    Recipe(WriteRecipe),
    /// Turn h5ad and 10x files of any size into a store to train from. Run the same command again to resume.
    ///
    /// Example: wellplate prepare --config stores/parse10m.toml --out stores/parse10m
    Prepare {
        /// Files, label columns, panel and splits.
        #[arg(long)]
        config: PathBuf,
        /// Store folder.
        #[arg(long)]
        out: PathBuf,
        /// Open the files, print what would be prepared, and stop.
        #[arg(long)]
        dry_run: bool,
    },
    /// Make a split into training and test as a file, or check that nothing leaks through one.
    ///
    /// Example: wellplate split --data cells.h5ad --pert-col condition --control ctrl --test donor=101,condition=IFN-beta --out split.json
    ///
    /// Example: wellplate split --data parse10m.h5ad --parse --pert-col cytokine --control PBS --seed 1 --out split.json
    ///
    /// Example: wellplate split --data cells.h5ad --check split.json
    Split(MakeSplit),
    /// Make cells of many cytokines from measured control cells and response signatures. They are marked semi-synthetic
    /// and show and test many conditions with a known truth; nothing is learned about a cytokine from them.
    ///
    /// Example: wellplate semisynthetic --data kang2018_ifnb_9015genes.h5ad --signatures cytosig_beta_64signals.csv.gz
    /// --cytokines parse90_cytokine_info.csv --pert-col condition --control ctrl --measured IFN-beta=IFN1
    /// --receptor-cells pbmc_atlas_19526genes.h5ad --out pbmc-cytokines.h5ad
    Semisynthetic(MakeSemisynthetic),
    /// Make cells of many perturbations from measured control cells and measured mean effects. They are marked
    /// semi-synthetic: the means are measured, how single cells differ around them is not.
    ///
    /// Example: wellplate from-means --data kang2018_ifnb_9015genes.h5ad --means op3_pbmc_drug_means_2000genes.h5ad
    /// --follows "CD4 T cells=T" --follows "B cells=B" --out pbmc-drugs.h5ad
    FromMeans(FromMeans),
    /// Train from an h5ad file or a store. Run the same command again to resume.
    ///
    /// Example: wellplate train --data cells.h5ad --config train-native/recipes/pbmc-ifnb.toml --out runs/pbmc
    ///
    /// Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 end it after the step in work, with a checkpoint; the exit code is then 130, 143,
    /// 129 or 138 and never 0, unless that step was the last.
    Train(Train),
    /// Write a checkpoint of a run as a bundle.
    ///
    /// Example: wellplate export --run runs/pbmc --out assets/models/pbmc-ifnb
    Export {
        /// Run folder.
        #[arg(long)]
        run: PathBuf,
        /// Bundle folder.
        #[arg(long)]
        out: PathBuf,
        /// The checkpoint with the lowest loss in place of the last.
        #[arg(long)]
        best: bool,
        /// Width of the average of weights (the recipe's first when left out); one that the recipe did not
        /// keep is put together from those that it did.
        #[arg(long)]
        ema: Option<f64>,
        /// The run's cells, if they are not where it was trained.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Draw a run's loss, learning rate and speed into one HTML file.
    ///
    /// Example: wellplate report --run runs/pbmc --out report.html
    Report {
        /// Run folder.
        #[arg(long)]
        run: PathBuf,
        /// HTML file to write.
        #[arg(long)]
        out: PathBuf,
    },
    /// Print what a bundle, a run or a recipe is: sizes, conditions, cost of a cell; or what a file of cells holds: its
    /// matrices and which is taken, labels, symbols.
    ///
    /// Example: wellplate inspect --data cells.h5ad --bundle assets/models/pbmc-ifnb
    ///
    /// Example: wellplate inspect --bundle assets/models/pbmc-ifnb
    ///
    /// Example: wellplate inspect --config recipe.toml --genes 18080
    ///
    /// Example: wellplate inspect --bundle assets/models/pbmc-ifnb --device cuda
    Inspect(Inspect),
    /// Generate cells into an h5ad file.
    ///
    /// Example: wellplate sample --bundle assets/models/pbmc-ifnb --with donor=1015
    /// --with "cell_type=CD14+ Monocytes" --with condition=IFN-beta --cells 200 --out cells.h5ad
    Sample(Sample),
    /// Predict what a perturbation would do to measured cells: genes that it does not move stay as they are, the others
    /// are drawn under the perturbation, and once more under the control by the same draws.
    ///
    /// Example: wellplate predict --bundle assets/models/pbmc-ifnb --cells mine.h5ad --with condition=IFN-beta
    /// --cell-type-col cell_type --only condition=ctrl --out predicted.h5ad
    Predict(Predict),
    /// Look at cells of every choice that a bundle offers, at the edges of every setting; fails on any that could not be
    /// a cell.
    ///
    /// Example: wellplate sweep --bundle assets/models/pbmc-ifnb
    Sweep(Sweep),
    /// Generate and test the conditions that visitors of the page are most likely to choose, and write the results into
    /// the bundle: the page shows them before it has made any cells. Run the same command again to replace them.
    ///
    /// Example: wellplate precompute --bundle assets/models/pbmc-ifnb
    Precompute(Precompute),
    /// Print what a generated cell and a training step cost, or what preparing a store does.
    ///
    /// Example: wellplate bench --bundle assets/models/pbmc-ifnb
    ///
    /// Example: wellplate bench --preset paper-85m --genes 18080 --device cuda
    ///
    /// Example: wellplate bench --prepare 2000000
    Bench {
        /// Bundle folder.
        #[arg(long, default_value = "assets/models/pbmc-ifnb")]
        bundle: PathBuf,
        /// Cells.
        #[arg(long, default_value_t = 32)]
        cells: usize,
        /// Guidance scale w of the guided run.
        #[arg(long, default_value_t = 1.0)]
        guidance: f32,
        /// Sampling steps N (the bundle's own when left out).
        #[arg(long)]
        steps: Option<usize>,
        /// Device.
        #[arg(long, value_enum, default_value = "flex")]
        device: Backend,
        /// Instead: generate a file of this many cells, prepare it, and read it as training does.
        #[arg(long, value_name = "CELLS")]
        prepare: Option<usize>,
        /// Instead: training steps of a preset's sizes.
        #[arg(long, conflicts_with = "prepare")]
        preset: Option<String>,
        /// Cells of a step, with --preset (the preset's own when left out).
        #[arg(long, requires = "preset")]
        batch: Option<usize>,
        /// Parts of a step, with --preset.
        #[arg(long, requires = "preset")]
        accumulate: Option<usize>,
        /// Devices that share a step, with --preset (as `train` takes them when left out).
        #[arg(long, requires = "preset")]
        replicas: Option<usize>,
        /// JSON in place of a table, with --preset.
        #[arg(long, requires = "preset")]
        json: bool,
        /// Genes of that file or network.
        #[arg(long, default_value_t = 2000)]
        genes: usize,
        /// Folder for it; removed afterwards.
        #[arg(long, default_value = ".")]
        folder: PathBuf,
    },
    /// Score any model's predicted cells as cell-eval does, beside baselines and a ceiling.
    ///
    /// Example: wellplate judge --real measured.h5ad --predicted generated.h5ad --pert-col condition --control ctrl
    ///
    /// Example: wellplate judge --real measured.h5ad --predicted STATE=state.h5ad --predicted scVI=scvi.h5ad
    /// --context-col donor --context-col cell_type --report verdict
    Judge(Judge),
    /// Score a bundle on held-out groups beside baselines and a ceiling; prints a table and writes a report.
    ///
    /// Example: wellplate evaluate --bundle assets/models/pbmc-ifnb --run runs/pbmc --data cells.h5ad --report verdict
    ///
    /// Cells that the recipe set aside (training.validation) are compared with as many generated ones as populations; of
    /// a bundle without a perturbation that is all there is to score.
    Evaluate(Evaluate),
    /// Score what a bundle composes from several perturbations at once against cells that really have them.
    ///
    /// Example: wellplate combinations --bundle assets/models/pbmc-cytokines --data pbmc-cytokines.h5ad --combined
    /// pairs.h5ad (made by `semisynthetic --pairs 12`)
    Combinations(Combinations),
    /// Score what `predict` makes of measured control cells of held-out groups against their measured perturbed cells,
    /// beside drawing anew, a regression moving the same cells, and the baselines.
    ///
    /// Example: wellplate rewriting --bundle assets/models/pbmc-ifnb --data cells.h5ad
    Rewriting(Rewriting),
}

/// What `sample` takes.
#[derive(Args)]
pub(crate) struct Sample {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// KEY=VALUE of bundle.json; repeat for several keys, or for several perturbations at once.
    #[arg(long, value_parser = key_value)]
    pub(crate) with: Vec<(String, String)>,
    /// GENE=COUNT held throughout; repeat for several genes.
    #[arg(long, value_parser = key_value)]
    pub(crate) clamp: Vec<(String, String)>,
    /// Genes to hold at a count of 1, one per line: known to be off under the perturbation.
    #[arg(long)]
    pub(crate) prior_genes: Option<PathBuf>,
    /// Table of differential expression (pdex's columns) whose silenced genes are held at 1; repeat for
    /// several cell lines.
    #[arg(long, requires = "prior_target")]
    pub(crate) prior_table: Vec<PathBuf>,
    /// Target whose lines of the tables are read.
    #[arg(long, requires = "prior_table")]
    pub(crate) prior_target: Option<String>,
    /// Table of what to generate, in place of --cells: a header with keys of bundle.json and `cells`, tabs or commas
    /// between; an empty value leaves a condition as --with has it, A+B composes perturbations.
    #[arg(long, conflicts_with_all = ["cells", "tsv"])]
    pub(crate) grid: Option<PathBuf>,
    /// Perturbations and numbers of cells, `perturbation<TAB>num_cells` per line, in place of --cells.
    #[arg(long, conflicts_with = "cells")]
    pub(crate) tsv: Option<PathBuf>,
    /// Besides drawn counts, the mean count of the distribution that each was drawn from, as the layer `expected`: the
    /// means of 64 cells say what drawn counts of a thousand say.
    #[arg(long)]
    pub(crate) expected: bool,
    /// Guidance scale w (the bundle's own when left out), up to the bundle's limit.
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) guidance: Option<f32>,
    /// Sampling steps N (the bundle's own when left out).
    #[arg(long)]
    pub(crate) steps: Option<usize>,
    /// Cells.
    #[arg(long, default_value_t = 256)]
    pub(crate) cells: usize,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// h5ad file to write.
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Device.
    #[arg(long, value_enum, default_value = "flex")]
    pub(crate) device: Backend,
    /// Check every choice, print what would be generated, and stop.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What `split` takes: one rule, or a split to check.
#[derive(Args)]
pub(crate) struct MakeSplit {
    /// Cells with their labels.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// KEY=VALUE,KEY=VALUE of a group that is the test part; repeat for several.
    #[arg(long, group = "rule", required_unless_present_any = ["perturbations", "contexts", "parse", "check"])]
    pub(crate) test: Vec<String>,
    /// Perturbations to hold out everywhere: names separated by commas, or a share such as 0.2.
    #[arg(long, group = "rule")]
    pub(crate) perturbations: Option<String>,
    /// COLUMN=VALUES of contexts (donors, cell types) to hold out: names separated by commas, or a share.
    #[arg(long, group = "rule")]
    pub(crate) contexts: Option<String>,
    /// Donors × cytokines as the paper splits PARSE 10M: 6 training donors, 2 of validation, 4 of test.
    #[arg(long, group = "rule")]
    pub(crate) parse: bool,
    /// A split to check: refuses cells, copies of cells and conditions that are in training and test.
    #[arg(long, group = "rule")]
    pub(crate) check: Option<PathBuf>,
    /// Training cells, with --check (the split's training part of --data when left out).
    #[arg(long, requires = "check")]
    pub(crate) train: Option<PathBuf>,
    /// obs column of donors, with --parse.
    #[arg(long, default_value = "donor")]
    pub(crate) donor_col: String,
    /// Numbers of donors in training, validation and test, with --parse.
    #[arg(long, default_value = "6,2,4")]
    pub(crate) donors: String,
    /// Donors of the test part, separated by commas, with --parse (drawn when left out).
    #[arg(long, requires = "parse")]
    pub(crate) test_donors: Option<String>,
    /// obs column of perturbations.
    #[arg(long, default_value = "target_gene")]
    pub(crate) pert_col: String,
    /// Its value for control cells, which always train.
    #[arg(long, default_value = "non-targeting")]
    pub(crate) control: String,
    /// Name of the split.
    #[arg(long, default_value = "split")]
    pub(crate) name: String,
    /// Seed of what is drawn.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Split file to write.
    #[arg(long, required_unless_present = "check")]
    pub(crate) out: Option<PathBuf>,
}

/// What `evaluate` takes.
#[derive(Args)]
pub(crate) struct Evaluate {
    /// Bundle folder.
    #[arg(long)]
    pub(crate) bundle: PathBuf,
    /// Run folder, which knows what was held out; the bundle's own split when left out.
    #[arg(long)]
    pub(crate) run: Option<PathBuf>,
    /// Recipe, in place of the run folder.
    #[arg(long, conflicts_with = "run")]
    pub(crate) config: Option<PathBuf>,
    /// Split file, whose test part is scored.
    #[arg(long, conflicts_with_all = ["run", "config"])]
    pub(crate) split: Option<PathBuf>,
    /// Measured cells, of training and test.
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Summed counts of a larger study by donor, cell type and perturbation (h5ad), whose fold changes held-out donors
    /// are compared with.
    #[arg(long)]
    pub(crate) pseudobulk: Option<PathBuf>,
    /// Gene sets (GMT) whose scores are compared cell by cell; components of the training cells when left out.
    #[arg(long)]
    pub(crate) gene_sets: Option<PathBuf>,
    /// How cells are generated.
    #[command(flatten)]
    pub(crate) sampling: Sampling,
    /// Folder to write report.html, report.md, report.json, split.json and the generated cells to.
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
    /// Write the scores, the guidance and steps they hold for, and the split into the bundle.
    #[arg(long)]
    pub(crate) write: bool,
}

/// What `judge` takes.
#[derive(Args)]
pub(crate) struct Judge {
    /// Measured cells, raw counts.
    #[arg(long)]
    pub(crate) real: PathBuf,
    /// Predicted cells, raw counts or log-normalised, controls among them; NAME=FILE to name a model, and repeat to
    /// score several.
    #[arg(long, required = true, value_parser = named_file)]
    pub(crate) predicted: Vec<(String, PathBuf)>,
    /// obs column of perturbations.
    #[arg(long, default_value = "target_gene")]
    pub(crate) pert_col: String,
    /// Its value for control cells.
    #[arg(long, default_value = "non-targeting")]
    pub(crate) control: String,
    /// obs column that makes contexts, each scored against its own controls: donor, cell type; repeat for several.
    #[arg(long)]
    pub(crate) context_col: Vec<String>,
    /// Correct for the number of tests over all perturbations and cut fold changes at 20, as the leaderboard of
    /// the Virtual Cell Challenge 2025 does (pdex 0.1), and not within each perturbation (pdex 0.2 and later).
    #[arg(long)]
    pub(crate) leaderboard: bool,
    /// How measured cells are held against measured cells; `none` leaves out baselines too.
    #[arg(long, value_enum, default_value = "halves")]
    pub(crate) ceiling: CeilingKind,
    /// Fewest measured cells of a perturbation, and of its controls, to be scored.
    #[arg(long, default_value_t = 1)]
    pub(crate) fewest: usize,
    /// Leave out the energy distance, which looks at all pairs of cells.
    #[arg(long)]
    pub(crate) without_energy: bool,
    /// JSON with every perturbation in place of a table of means.
    #[arg(long)]
    pub(crate) json: bool,
    /// The six metrics of the Virtual Cell Challenge 2026 (cell-eval2) in place of cell-eval's.
    #[arg(long, conflicts_with_all = ["leaderboard", "json", "report"])]
    pub(crate) challenge: bool,
    /// Compare the populations as a whole (gene means, MMD, iLISI, Wasserstein distance), without perturbations.
    #[arg(long, conflicts_with_all = ["pert_col", "control", "leaderboard"])]
    pub(crate) population: bool,
    /// Cells that the models were trained on: for baselines that need them, and for memorisation.
    #[arg(long)]
    pub(crate) train: Option<PathBuf>,
    /// obs column of cell types, for their proportions and for baselines of the same cell type.
    #[arg(long)]
    pub(crate) cell_type_col: Option<String>,
    /// Split file: only its test part of --real is scored, and without --train its training part makes the baselines.
    #[arg(long)]
    pub(crate) split: Option<PathBuf>,
    /// Folder to write report.html, report.md and report.json to.
    #[arg(long)]
    pub(crate) report: Option<PathBuf>,
}

/// Kinds of ceiling.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum CeilingKind {
    /// Two disjoint halves of every group, and their score corrected for the number of cells.
    Halves,
    /// Two resamples with replacement.
    Bootstrap,
    /// Neither ceiling nor baselines.
    None,
}
