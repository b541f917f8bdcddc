//! The store: cells on disk, in shards that fit in memory.
//!
//! Does: opens a store whose files are all there, and reads a shard that is whole: its checksums, its places on the panel,
//! its numbers of cells.
//! Does not know: h5ad, training, how cells were put into shards (`prepare`).
//! Flow: `prepare` → **store.json and NNNNNN.parquet** → `stream` → batches.
//!
//! Why Parquet: a maintained pure-Rust library, columns (labels of ten million cells are read without their
//! counts), compact encodings for ascending genes and small counts without a C compiler, and any shard opens
//! in polars and, by pyarrow, in pandas.

pub mod index;
mod role;
pub mod shard;
pub mod stream;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use model::bundle::sha256;

pub use index::{Entry, INDEX, Index, Source, VERSION};
pub use role::Role;
use shard::Shard;

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

    /// Opens a store. Its shards must be there in their sizes: what the index says is believed when memory is asked for.
    ///
    /// # Errors
    /// When there is none, it is of another version, its index is damaged, or a shard is missing or cut off.
    pub fn open(folder: &Path) -> Result<Self> {
        let store = Self { folder: folder.to_owned(), index: Index::read(folder)? };
        for entry in &store.index.shards {
            let size = std::fs::metadata(store.folder.join(&entry.file)).map(|about| about.len());
            let size = size.with_context(|| store.mend(entry))?;
            ensure!(size == entry.bytes, "{}: it has {size} bytes and not {}", store.mend(entry), entry.bytes);
        }
        Ok(store)
    }

    /// What is wrong with a shard, and how it is mended.
    fn mend(&self, entry: &Entry) -> String {
        format!(
            "the shard {} is missing or damaged; run the same `wellplate prepare` again, which makes only that shard anew",
            self.folder.join(&entry.file).display()
        )
    }

    /// A shard by its number.
    fn entry(&self, place: usize) -> Result<&Entry> {
        self.index.shards.get(place).context("there is no such shard")
    }

    /// A shard, its checksum and its places checked.
    ///
    /// # Errors
    /// When it is missing or damaged, or does not belong to this index; the sentence says how to mend it.
    pub fn shard(&self, place: usize) -> Result<Shard> {
        let entry = self.entry(place)?;
        let path = self.folder.join(&entry.file);
        let mend = || self.mend(entry);
        let bytes = std::fs::read(&path).with_context(mend)?;
        ensure!(sha256(&bytes) == entry.sha256, mend());
        let shard = shard::read(bytes, &self.label_keys()).with_context(mend)?;
        self.fits(entry, &shard)
            .with_context(|| format!("{} does not fit {INDEX}; {}", path.display(), index::MEND))?;
        Ok(shard)
    }

    /// Whether a shard is one of this index: its cells, their sources, their places on the panel.
    fn fits(&self, entry: &Entry, shard: &Shard) -> Result<()> {
        let (genes, sources) = (self.index.genes.len(), self.index.sources.len());
        ensure!(shard.len() == entry.cells, "it holds {} cells and not {}", shard.len(), entry.cells);
        if let Some(source) = shard.sources.iter().find(|source| **source as usize >= sources) {
            anyhow::bail!("it names source {source} of {sources}");
        }
        for cell in 0..shard.len() {
            let (own, _) = shard.row(cell);
            ensure!(own.is_sorted_by(|a, b| a < b), "the genes of its cell {cell} do not ascend");
            if let Some(last) = own.last().filter(|last| **last as usize >= genes) {
                anyhow::bail!("its cell {cell} has a count at place {last} of a panel of {genes} genes");
            }
        }
        Ok(())
    }

    /// Labels of a shard without its counts.
    ///
    /// # Errors
    /// When the file cannot be read, or its labels are not those that were written.
    pub fn labels(&self, place: usize) -> Result<shard::Labels> {
        let entry = self.entry(place)?;
        let file = std::fs::File::open(self.folder.join(&entry.file)).with_context(|| self.mend(entry))?;
        let labels = shard::read_labels(file, &self.label_keys()).with_context(|| self.mend(entry))?;
        ensure!(labels.roles.len() == entry.cells, self.mend(entry));
        let known = entry.labels.as_ref();
        ensure!(known.is_none_or(|known| *known == labels.digest()), self.mend(entry));
        Ok(labels)
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
