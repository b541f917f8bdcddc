//! What a cell is and how cells are measured.
//!
//! Does: sparse counts with genes and labels, AnnData, 10x, Matrix Market and dense tables from bytes, AnnData to bytes, normalising,
//! differential expression, principal components, neighbours, the fixed map, metrics, baselines, splits,
//! synthetic cells with a known truth, measured cells moved by published response signatures. Measured and generated cells are the same type.
//! Does not know: tensors, files, clocks, threads, the web.
//! Flow: bytes → **cells** → tokens (`model`), and back: counts → normalise → effects → figures.

pub mod baselines;
pub mod cells;
pub mod column;
pub mod counts;
pub mod de;
pub mod dense;
mod eigen;
mod feature_kinds;
pub mod features;
pub mod foreign;
pub mod gather;
pub mod genes;
pub mod glm;
pub mod h5ad;
pub mod influence;
pub mod kind;
mod lines;
pub mod linkage;
pub mod matrix_market;
pub mod metrics;
mod names;
pub mod neighbours;
pub mod normalise;
pub mod parts;
pub mod pca;
pub mod place;
pub mod plausibility;
pub mod population;
pub mod prior;
mod random;
pub mod referee;
pub mod report;
pub mod signatures;
pub mod sniff;
pub mod splits;
pub mod spread;
pub mod subset;
pub mod synthetic;
pub mod umap;

pub use cells::{Cells, CellsError};
pub use column::Column;
pub use counts::{Counts, CountsError};
