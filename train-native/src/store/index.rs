//! The index of a store: what it holds and what its files must be.
//!
//! Does: `store.json`, sealed; everything that can be checked about it without its shards: plain file names, numbers of
//! cells that add up, ranges within the panel.
//! Does not know: shards' contents, how cells were put into them (`prepare`).
//! Flow: `prepare` → **store.json** → `Store`.

use std::collections::{BTreeMap, HashSet};
use std::path::{Component, Path};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::role::Role;
use super::shard::RESERVED;
use crate::files::write_atomic;
use crate::output::say;
use crate::sealed::{self, Seal};

/// Name of the index.
pub const INDEX: &str = "store.json";
/// Version of the layout. The first had no hashes of index and labels, wrote missing labels as empty texts, and counts
/// in a way that other programs read as negative past 2³¹.
pub const VERSION: u32 = 2;
/// The oldest version that can still be read.
const OLDEST: u32 = 1;
/// Fewest bytes of a cell in a shard: the length of its name alone takes four.
const CELL_BYTES: u64 = 4;
/// What mends a store.
pub const MEND: &str = "run the same `wellplate prepare` again, which mends it";

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
    /// SHA-256 of its cells' roles, depths and labels, which are read without the counts; none in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

/// The index of a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// [`VERSION`].
    pub version: u32,
    /// SHA-256 of the settings and of the files: what the store is made of.
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

/// A sum of numbers that a file states; none past what can be counted.
fn sum(numbers: impl Iterator<Item = usize>) -> Option<usize> {
    numbers.into_iter().try_fold(0_usize, usize::checked_add)
}

/// Whether a name is that of a file in the folder itself.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let one = matches!(parts.next(), Some(Component::Normal(part)) if part == name) && parts.next().is_none();
    one && !name.contains(['/', '\\', ':']) && !name.starts_with('.')
}

impl Index {
    /// Cells.
    pub fn cells(&self) -> usize {
        self.shards.iter().map(|shard| shard.cells).sum()
    }

    /// Cells without a value of a label.
    pub fn unlabelled(&self, key: &str) -> usize {
        let labelled = self.labels.get(key).map_or(0, |values| values.values().sum());
        self.cells().saturating_sub(labelled)
    }

    /// Writes the index.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let sealed = sealed::to_json(serde_json::to_value(self)?);
        write_atomic(&folder.join(INDEX), &sealed).context("the index could not be written")
    }

    /// Reads the index of a store and checks it by itself.
    ///
    /// # Errors
    /// When there is none, it is of another version, or it is damaged.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(INDEX);
        let bytes = std::fs::read(&path)
            .with_context(|| format!("{} is no store; make one with `wellplate prepare`", folder.display()))?;
        let damaged = || format!("{} is damaged; {MEND}", path.display());
        let (value, seal) = sealed::from_json(&bytes).with_context(damaged)?;
        ensure!(seal != Seal::Broken, "{}: its bytes are not those that were written (SHA-256)", damaged());
        let version = value["version"].as_u64().unwrap_or_default();
        ensure!(
            (u64::from(OLDEST)..=u64::from(VERSION)).contains(&version),
            "{} is of version {version}, this program reads {OLDEST} to {VERSION}; prepare it again",
            path.display()
        );
        ensure!(seal == Seal::Whole || version == u64::from(OLDEST), "{}: it has lost its hash", damaged());
        let index: Self = serde_json::from_value(value).with_context(damaged)?;
        index.check().with_context(damaged)?;
        if seal == Seal::Absent {
            say(&format!("{} is of an earlier version and without a hash; it is taken as it is", path.display()));
        }
        Ok(index)
    }

    /// Checks what can be known without the shards: a store may come from anywhere.
    fn check(&self) -> Result<()> {
        let mut names = HashSet::new();
        for shard in &self.shards {
            ensure!(is_plain(&shard.file), "the shard {:?} is no plain file name", shard.file);
            ensure!(names.insert(&shard.file), "it names the shard {} twice", shard.file);
            ensure!(
                (shard.cells as u64).checked_mul(CELL_BYTES).is_some_and(|least| least <= shard.bytes),
                "the shard {} is said to hold {} cells in {} bytes",
                shard.file,
                shard.cells,
                shard.bytes
            );
        }
        let Some(cells) = sum(self.shards.iter().map(|shard| shard.cells)) else {
            bail!("its cells cannot be counted")
        };
        for (what, counted) in [
            ("sources", sum(self.sources.iter().map(|source| source.cells))),
            ("roles", sum(self.roles.values().copied())),
        ] {
            ensure!(
                counted == Some(cells),
                "its shards hold {cells} cells, its {what} {}",
                counted.unwrap_or(usize::MAX)
            );
        }
        for role in self.roles.keys() {
            ensure!(Role::of(role).is_some(), "it knows the role {role:?}, which is none");
        }
        for (key, values) in &self.labels {
            ensure!(!RESERVED.contains(&key.as_str()), "a label is called {key:?}, as a column of the store is");
            let labelled = sum(values.values().copied());
            ensure!(
                labelled.is_some_and(|labelled| labelled <= cells),
                "the label {key} has more cells than the {cells} of the store"
            );
        }
        self.check_genes()
    }

    fn check_genes(&self) -> Result<()> {
        let genes = self.genes.len();
        ensure!(genes > 0 && u32::try_from(genes).is_ok(), "it has {genes} genes");
        let distinct: HashSet<&String> = self.genes.iter().collect();
        ensure!(distinct.len() == genes, "its panel holds a gene twice");
        for source in &self.sources {
            let mut before = 0;
            for (first, end) in &source.unmeasured {
                ensure!(
                    before <= *first && first < end && *end as usize <= genes,
                    "{} is said not to have measured the genes {first} to {end} of {genes}",
                    source.file
                );
                before = *end;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::{Entry, INDEX, Index, Source, VERSION, is_plain};

    /// What makes an index wrong.
    type Change = fn(&mut Index);

    /// An index of two shards.
    fn index() -> Index {
        let shard = |file: &str| Entry {
            file: file.to_owned(),
            cells: 24,
            bytes: 3305,
            sha256: "ab".to_owned(),
            labels: Some("cd".to_owned()),
        };
        let source = Source { dataset: "a".into(), file: "a.h5ad".into(), cells: 48, unmeasured: vec![(1, 2)] };
        Index {
            version: VERSION,
            fingerprint: "f".to_owned(),
            genes: vec!["CD14".to_owned(), "LYZ".to_owned()],
            sources: vec![source],
            labels: BTreeMap::from([("donor".to_owned(), BTreeMap::from([("x".to_owned(), 40)]))]),
            roles: BTreeMap::from([("train".to_owned(), 48)]),
            held_out: Vec::new(),
            shards: vec![shard("000000.parquet"), shard("000001.parquet")],
        }
    }

    #[test]
    fn it_comes_back_and_no_flipped_bit_is_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        index().write(folder.path()).unwrap();
        assert_eq!(Index::read(folder.path()).unwrap(), index());
        assert_eq!(index().unlabelled("donor"), 8);
        let path = folder.path().join(INDEX);
        let whole = std::fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut hit = whole.clone();
            hit[place] ^= 1 << (place % 8);
            std::fs::write(&path, hit).unwrap();
            assert!(Index::read(folder.path()).is_err(), "byte {place}");
        }
    }

    #[test]
    fn shards_lie_in_the_folder_itself() {
        for name in ["000000.parquet", "x"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", ".", "..", "../a", "/a", "a/b", "a\\b", "C:a", "./a", "a/", ".hidden"] {
            assert!(!is_plain(name), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let cases: [(&str, Change); 9] = [
            ("plain file name", |own| own.shards[1].file = "../000001.parquet".to_owned()),
            ("twice", |own| own.shards[1].file = "000000.parquet".to_owned()),
            ("4294967296 cells in 3305 bytes", |own| own.shards[0].cells = 1 << 32),
            ("cells in", |own| own.shards[0].cells = usize::MAX),
            ("its sources 47", |own| own.sources[0].cells = 47),
            ("role", |own| own.roles = BTreeMap::from([("tset".to_owned(), 48)])),
            ("the label donor", |own| own.labels.get_mut("donor").unwrap().insert("y".to_owned(), 9).map_or((), drop)),
            ("genes 1 to 3 of 2", |own| own.sources[0].unmeasured = vec![(1, 3)]),
            ("gene twice", |own| own.genes = vec!["LYZ".to_owned(); 2]),
        ];
        for (said, change) in cases {
            let folder = tempfile::tempdir().unwrap();
            let mut own = index();
            change(&mut own);
            own.write(folder.path()).unwrap();
            let refused = format!("{:#}", Index::read(folder.path()).unwrap_err());
            assert!(refused.contains(said), "{said}: {refused}");
        }
    }
}
