//! Messages of a visitor's own data.
//!
//! Does: typed questions and answers; long arrays, and the files themselves, travel beside them.
//! Does not know: Leptos, burn.
//! Flow: page → [`Ask`] → worker → [`Tell`] → page.

use serde::{Deserialize, Serialize};

use super::request::Request;
use super::what_if;

/// What colours the cells on the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Colour {
    /// The cell type of the nearest measured cells.
    Nearest,
    /// A label of the file.
    Label(String),
    /// A gene.
    Gene(String),
    /// The two groups.
    Groups,
}

/// Which cells make a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cut {
    /// Cells whose label reads so.
    Label {
        /// Label.
        key: String,
        /// Its value.
        value: String,
    },
    /// Cells inside a line on the map, by its corners.
    Inside(Vec<(f32, f32)>),
    /// Cells of the nearest type.
    Nearest(String),
    /// All cells that are not in the other group.
    Others,
    /// None.
    Nobody,
}

/// What is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Export {
    /// A table of all cells with their places.
    Places,
    /// All cells as h5ad.
    Cells,
    /// The cells of a group as h5ad.
    Group(u8),
    /// The predicted cells as h5ad, with their control twins and expected counts as layers.
    Predicted,
}

/// From the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Look at the files that come with the message: how much is in them?
    Look {
        /// Task.
        job: u32,
    },
    /// Look at the same files again, for another matrix, genome or modality of theirs.
    Choose {
        /// Task.
        job: u32,
        /// Which ([`Choice::name`]).
        matrix: String,
    },
    /// Read what was looked at.
    Read {
        /// Task.
        job: u32,
        /// Only so many cells, drawn at random.
        sample: Option<u32>,
        /// Seed of the draw.
        seed: u32,
    },
    /// Make sample data: generated cells of two conditions, and read them.
    Sample {
        /// Task.
        job: u32,
        /// What to generate when no run with two conditions is there.
        request: Request,
    },
    /// Colour the cells.
    Colour(Colour),
    /// Make a group.
    Group {
        /// 0 is A, 1 is B.
        side: u8,
        /// Which cells.
        cut: Cut,
    },
    /// Test group B against group A, and compare both with the current run.
    Test {
        /// Task.
        job: u32,
    },
    /// Predict what a perturbation would do to them.
    Predict {
        /// Task.
        job: u32,
        /// Which cells, under what, how.
        wanted: what_if::Wanted,
    },
    /// What genes are in the predicted cells, by cell type.
    Dots {
        /// Their names.
        genes: Vec<String>,
    },
    /// Hand out a file.
    Export(Export),
    /// Forget the cells.
    Remove,
}

/// A matrix, genome or modality that can be taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// By which it is asked for.
    pub name: String,
    /// What it holds, in words.
    pub words: String,
    /// Whether it is taken now.
    pub taken: bool,
}

/// What the reader found in the files, in the words of `wellplate inspect`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Which matrix was taken, and why.
    pub reason: String,
    /// What its values are read as.
    pub read_as: String,
    /// Matrices to choose from.
    pub matrices: Vec<Choice>,
    /// Matrices that cannot be used, with the reason.
    pub unusable: Vec<String>,
    /// Genomes or modalities to choose from.
    pub groups: Vec<Choice>,
    /// Where the names of genes stood.
    pub symbols: String,
    /// Labels.
    pub labels: Vec<String>,
    /// Columns that cannot be labels, with the reason.
    pub left_out: Vec<String>,
    /// What else should be known.
    pub notes: Vec<String>,
}

/// What a look at the files found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The file.
    pub title: String,
    /// What it is.
    pub kind: String,
    /// Size of the files in bytes.
    pub bytes: f64,
    /// Cells.
    pub cells: u32,
    /// Genes.
    pub genes: u32,
    /// Stored values.
    pub stored: f64,
    /// Memory that reading and testing all of it takes, in bytes.
    pub needs: f64,
    /// Memory that the browser gives, in bytes.
    pub has: f64,
    /// Cells of a random part that fits.
    pub sample: u32,
    /// What was found in them.
    pub found: Found,
}

impl Plan {
    /// Whether all of it fits.
    pub fn fits(&self) -> bool {
        self.needs <= self.has
    }
}

/// A label of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Its name.
    pub key: String,
    /// Values and their cells, the most common first; empty for numbers with many values.
    pub values: Vec<(String, u32)>,
    /// How many different values there are.
    pub different: u32,
    /// Cells without a value.
    pub missing: u32,
    /// Whether the values are numbers.
    pub numeric: bool,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The file.
    pub title: String,
    /// Cells read.
    pub cells: u32,
    /// Cells in the file.
    pub cells_in_file: u32,
    /// Genes.
    pub genes: u32,
    /// Genes that the model knows too.
    pub shared: u32,
    /// Genes of the model.
    pub panel: u32,
    /// Where the values stood in the file.
    pub place: String,
    /// Whether they are counts; else log-normalised.
    pub counts: bool,
    /// Median counts of a cell.
    pub median_counts: Option<f64>,
    /// Median genes of a cell.
    pub median_genes: f64,
    /// Labels.
    pub labels: Vec<Label>,
    /// Nearest cell types and their cells, the most common first.
    pub types: Vec<(String, u32)>,
    /// What the visitor should know.
    pub notes: Vec<String>,
    /// Whether the cells were generated, not measured.
    pub generated: bool,
}

/// Measured groups beside generated cells, over the genes that both have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Number of the run that made the generated cells.
    pub run: u32,
    /// What it was asked for.
    pub request: Request,
    /// Genes that both have.
    pub shared: u32,
    /// Genes of the model.
    pub panel: u32,
    /// Cells of group A, group B, generated control, generated perturbed.
    pub cells: [u32; 4],
    /// Correlation of mean expression: A with control, B with perturbed.
    pub pearson: [Option<f64>; 2],
    /// Mean absolute difference of mean expression: A and control, B and perturbed.
    pub mae: [Option<f64>; 2],
    /// Correlation of the effects, B − A with perturbed − control.
    pub pearson_delta: Option<f64>,
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    /// The look is over.
    Looked {
        /// Task.
        job: u32,
        /// What was found.
        plan: Plan,
    },
    /// The files hold corrected, fractional counts alone: they are not read before someone agrees to round them.
    Corrected {
        /// Task.
        job: u32,
        /// What was found, as a sentence.
        why: String,
        /// What to choose to have them rounded ([`Ask::Choose`]).
        matrix: String,
    },
    /// The cells are there. Arrays: coordinates f32 [2 n], gene names as bytes, one a line.
    Read {
        /// Task.
        job: u32,
        /// What they are.
        summary: Summary,
    },
    /// Colours. Array f32 [n]: places among `names`, or values when there are no names; negative is missing.
    Coloured {
        /// By what.
        by: Colour,
        /// Names of categories.
        names: Vec<String>,
    },
    /// A group was made.
    Grouped {
        /// 0 is A, 1 is B.
        side: u8,
        /// Its cells.
        cells: u32,
        /// What they are, in words.
        words: String,
    },
    /// Shifts of all genes of the file. Arrays of f64 [G]: log2 fold change, p, q, mean in A, mean in B, low, high.
    Tested {
        /// Task.
        job: u32,
        /// Cells of A and B.
        cells: (u32, u32),
        /// What A and B are.
        words: (String, String),
        /// Beside the current run, when there is one.
        comparison: Option<Comparison>,
    },
    /// Of a prediction.
    Predicted(what_if::Tell),
    /// A file. Array of bytes.
    File {
        /// Its name.
        name: String,
    },
    /// The cells are forgotten.
    Removed,
}
