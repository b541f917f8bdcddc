//! The store: cells on disk, in shards that fit in memory.
//!
//! Does: the index of a store (`store.json`): panel, sources, labels, shards with their checksums; opening a
//! store and reading a shard that is whole.
//! Does not know: h5ad, training, how cells were put into shards (`prepare`).
//! Flow: `prepare` → **store.json and NNNNNN.parquet** → `stream` → batches.
//!
//! Why Parquet: a maintained pure-Rust library, columns (labels of ten million cells are read without their
//! counts), compact encodings for ascending genes and small counts without a C compiler, and any shard opens
//! in polars and, by pyarrow, in pandas.

pub mod shard;
pub mod stream;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use model::bundle::sha256;
use serde::{Deserialize, Serialize};

use shard::Shard;

/// Name of the index.
pub const INDEX: &str = "store.json";
/// Version of the layout.
pub const VERSION: u32 = 1;

/// What a cell may be used for (STATE's splits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Training.
    Train,
    /// Watching the loss.
    Val,
    /// Held out.
    Test,
}

impl Role {
    /// Its name in a shard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    /// The role of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Train, Self::Val, Self::Test].into_iter().find(|role| role.name() == name)
    }
}

/// One file that cells came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Data set that it belongs to.
    pub dataset: String,
    /// File name.
    pub file: String,
    /// Cells.
    pub cells: usize,
    /// Ranges of panel places that the file did not measure: first and one past the last.
    pub unmeasured: Vec<(u32, u32)>,
}

/// One shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// File name.
    pub file: String,
    /// Cells.
    pub cells: usize,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// The index of a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// [`VERSION`].
    pub version: u32,
    /// SHA-256 of the settings and the files' names and sizes: what the store is made of.
    pub fingerprint: String,
    /// Panel [G].
    pub genes: Vec<String>,
    /// Files.
    pub sources: Vec<Source>,
    /// Labels, each with its values and their numbers of cells.
    pub labels: BTreeMap<String, BTreeMap<String, usize>>,
    /// Cells of every role.
    pub roles: BTreeMap<String, usize>,
    /// What is held out, in words.
    pub held_out: Vec<String>,
    /// Shards in order.
    pub shards: Vec<Entry>,
}

impl Index {
    /// Cells.
    pub fn cells(&self) -> usize {
        self.shards.iter().map(|shard| shard.cells).sum()
    }
}

/// An opened store.
#[derive(Clone, Debug)]
pub struct Store {
    /// Folder.
    pub folder: PathBuf,
    /// Index.
    pub index: Index,
}

impl Store {
    /// Whether a path is a store.
    pub fn is_one(path: &Path) -> bool {
        path.join(INDEX).is_file()
    }

    /// Opens a store.
    ///
    /// # Errors
    /// When there is none, or it is of another version.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(INDEX);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{} is no store; make one with `train-native prepare`", folder.display()))?;
        let index: Index = serde_json::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        ensure!(
            index.version == VERSION,
            "{} is of version {}, this program reads {VERSION}; prepare it again",
            path.display(),
            index.version
        );
        Ok(Self { folder: folder.to_owned(), index })
    }

    /// A shard, its checksum checked.
    ///
    /// # Errors
    /// When it is missing or damaged; the sentence says how to mend it.
    pub fn shard(&self, place: usize) -> Result<Shard> {
        let entry = self.index.shards.get(place).context("there is no such shard")?;
        let path = self.folder.join(&entry.file);
        let mend = || {
            format!(
                "the shard {} is missing or damaged; run the same `train-native prepare` again, which makes only that shard anew",
                path.display()
            )
        };
        let bytes = std::fs::read(&path).with_context(mend)?;
        ensure!(sha256(&bytes) == entry.sha256, mend());
        shard::read(bytes, &self.label_keys()).with_context(mend)
    }

    /// Labels of a shard without its counts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn labels(&self, place: usize) -> Result<shard::Labels> {
        let entry = self.index.shards.get(place).context("there is no such shard")?;
        let path = self.folder.join(&entry.file);
        shard::read_labels(std::fs::File::open(&path)?, &self.label_keys()).with_context(|| {
            format!("the shard {} is damaged; run the same `train-native prepare` again", path.display())
        })
    }

    /// Keys of the labels in order.
    pub fn label_keys(&self) -> Vec<String> {
        self.index.labels.keys().cloned().collect()
    }

    /// For every source, which genes it measured [sources][G]; `None` where it measured all.
    pub fn measured(&self) -> Vec<Option<Vec<bool>>> {
        let genes = self.index.genes.len();
        let of_source = |source: &Source| {
            (!source.unmeasured.is_empty()).then(|| {
                let mut measured = vec![true; genes];
                for (first, end) in &source.unmeasured {
                    let end = (*end as usize).min(genes);
                    measured[(*first as usize).min(end)..end].fill(false);
                }
                measured
            })
        };
        self.index.sources.iter().map(of_source).collect()
    }
}

/// Places that are false, as ranges.
pub fn ranges(measured: &[bool]) -> Vec<(u32, u32)> {
    let mut found: Vec<(u32, u32)> = Vec::new();
    for (place, _) in measured.iter().enumerate().filter(|(_, measured)| !**measured) {
        let place = place as u32;
        match found.last_mut() {
            Some(last) if last.1 == place => last.1 = place + 1,
            _ => found.push((place, place + 1)),
        }
    }
    found
}
