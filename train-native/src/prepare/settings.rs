//! What a store is made of: files, label columns and splits, in one TOML file in STATE's manner.
//!
//! Does: the typed form, read with errors that say what is wrong; which columns hold in which data set; what
//! role a cell has.
//! Does not know: files' contents.
//! Flow: TOML → **settings** → `prepare`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::store::Role;
use crate::store::shard::{MOST_CELLS, RESERVED};

/// Cells that are read together.
pub const RUN: usize = 64;
/// Key of the label that names a cell's perturbation.
pub const PERTURBATION: &str = "perturbation";
/// Key of the label that names a cell's type.
pub const CELL_TYPE: &str = "cell_type";
/// Key of the label that names a cell's batch.
pub const BATCH: &str = "batch";
/// Key of the label that names a cell's data set.
pub const DATASET: &str = "dataset";

/// How the panel is made when no list is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Genes {
    /// Genes of any file; those that a file lacks are unmeasured there.
    #[default]
    Union,
    /// Genes of every file.
    Intersection,
}

/// Columns, as they hold everywhere or in one data set.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Column of perturbations.
    pub pert_col: Option<String>,
    /// Column of cell types.
    pub cell_type_key: Option<String>,
    /// Control in the column of perturbations; the store calls it by the name given at the top.
    pub control_pert: Option<String>,
    /// Column of batches.
    pub batch_col: Option<String>,
    /// Further labels: name in the store = column in the file.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Labels that are one value in the whole data set: name = value.
    #[serde(default)]
    pub constant: BTreeMap<String, String>,
    /// Where the counts are: `X`, `raw`, `layers/NAME`; found by itself when left out.
    pub matrix: Option<String>,
    /// Column of the UMIs of whole cells, where the file holds a part of the transcriptome; the sum of its genes when left
    /// out.
    pub sizes: Option<String>,
    /// Cells that are taken: column = their value, or a list of values; all of them when left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub only: BTreeMap<String, OneOrMore>,
}

/// One value or several.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// One.
    One(String),
    /// Several, any of which will do.
    Several(Vec<String>),
}

impl OneOrMore {
    /// Whether a value is among them.
    pub fn has(&self, value: &str) -> bool {
        match self {
            Self::One(own) => own == value,
            Self::Several(own) => own.iter().any(|own| own == value),
        }
    }
}

/// Cells held out of one cell type.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FewShot {
    /// Perturbations that watch the loss.
    #[serde(default)]
    pub val: Vec<String>,
    /// Perturbations held out.
    #[serde(default)]
    pub test: Vec<String>,
}

/// One file or several.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Files {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

/// Everything that decides a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Data sets: a file, a folder or a list of them.
    datasets: BTreeMap<String, Files>,
    /// Columns everywhere.
    pert_col: Option<String>,
    cell_type_key: Option<String>,
    /// Name of the control.
    pub control_pert: Option<String>,
    batch_col: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Columns that differ in a data set.
    #[serde(default)]
    dataset: BTreeMap<String, Columns>,
    /// The panel: a file of gene symbols, one per line, or the name of a data set whose genes it is.
    pub panel: Option<PathBuf>,
    /// Panel when no file is given.
    #[serde(default)]
    pub genes: Genes,
    /// File of `other name<TAB>symbol` lines.
    pub aliases: Option<PathBuf>,
    /// Seed of the order of cells.
    #[serde(default = "one")]
    pub seed: u64,
    /// Cells of a shard.
    #[serde(default = "shard_cells")]
    pub shard_cells: usize,
    /// Data sets that train.
    #[serde(default)]
    training: BTreeMap<String, String>,
    /// `dataset.cell type` held out whole.
    #[serde(default)]
    zeroshot: BTreeMap<String, String>,
    /// `dataset.cell type`, some of whose perturbations are held out.
    #[serde(default)]
    fewshot: BTreeMap<String, FewShot>,
    /// Folder that relative paths start from.
    #[serde(skip)]
    base: PathBuf,
}

fn one() -> u64 {
    1
}

fn shard_cells() -> usize {
    4096
}

impl Settings {
    /// Reads and checks settings; paths in them are relative to the file.
    ///
    /// # Errors
    /// When the file cannot be read or a setting makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut settings: Self = toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))?;
        settings.base = path.parent().unwrap_or_else(|| Path::new(".")).to_owned();
        settings.check().with_context(|| format!("{} cannot be used", path.display()))?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        ensure!(!self.datasets.is_empty(), "[datasets] names no data set");
        // The last run of a shard may reach past it.
        let most = MOST_CELLS - RUN;
        ensure!(
            (1..=most).contains(&self.shard_cells),
            "shard_cells is {}; it must be from 1 to {most}: a shard is held in memory",
            self.shard_cells
        );
        for name in self.dataset.keys().chain(self.training.keys()) {
            ensure!(self.datasets.contains_key(name), "there is no data set `{name}` in [datasets]");
        }
        for (name, role) in &self.training {
            ensure!(role == "train", "[training] {name} = {role:?}: only \"train\" can stand there");
        }
        for (group, role) in &self.zeroshot {
            self.group(group)?;
            ensure!(
                Role::of(role).is_some_and(|role| role != Role::Train),
                "[zeroshot] {group:?} = {role:?}: write \"val\" or \"test\""
            );
        }
        for group in self.fewshot.keys() {
            self.group(group)?;
        }
        for name in self.datasets.keys() {
            let names_it = |group: &String| group.split_once('.').is_some_and(|(dataset, _)| dataset == name);
            let used = self.training.is_empty()
                || self.training.contains_key(name)
                || self.zeroshot.keys().chain(self.fewshot.keys()).any(names_it);
            ensure!(used, "the data set `{name}` stands in none of [training], [zeroshot] and [fewshot]");
            let columns = self.columns(name);
            for key in columns.labels.keys().chain(columns.constant.keys()) {
                let taken = RESERVED.contains(&key.as_str()) || key == DATASET;
                ensure!(!taken, "a label cannot be called `{key}`; the store uses that name");
            }
            ensure!(
                columns.pert_col.is_none() || self.control_pert.is_some(),
                "pert_col needs control_pert: which perturbation is the control?"
            );
        }
        Ok(())
    }

    /// Data set and cell type of a `dataset.cell type`.
    fn group<'a>(&self, group: &'a str) -> Result<(&'a str, &'a str)> {
        let Some((dataset, cell_type)) = group.split_once('.') else {
            bail!("{group:?} is not `dataset.cell type`");
        };
        ensure!(self.datasets.contains_key(dataset), "there is no data set `{dataset}` in [datasets] (see {group:?})");
        Ok((dataset, cell_type))
    }

    /// A path of the settings.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Files of every data set, in order.
    ///
    /// # Errors
    /// When a folder has no data, or a file is not there.
    pub fn files(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        for (name, files) in &self.datasets {
            let list = match files {
                Files::One(path) => std::slice::from_ref(path),
                Files::Several(paths) => paths.as_slice(),
            };
            let before = found.len();
            for path in list {
                let path = self.resolve(path);
                if path.is_dir() {
                    let entries =
                        std::fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))?;
                    let is_data = |path: &PathBuf| path.extension().is_some_and(|end| end == "h5ad" || end == "h5");
                    let mut own: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_data).collect();
                    own.sort();
                    found.extend(own.into_iter().map(|path| (name.clone(), path)));
                } else {
                    ensure!(path.is_file(), "the data set `{name}` names {}, which is not there", path.display());
                    found.push((name.clone(), path));
                }
            }
            ensure!(found.len() > before, "the data set `{name}` has no .h5ad or .h5 file");
        }
        Ok(found)
    }

    /// Columns of a data set.
    pub fn columns(&self, dataset: &str) -> Columns {
        let mut own = self.dataset.get(dataset).cloned().unwrap_or_default();
        own.pert_col = own.pert_col.or_else(|| self.pert_col.clone());
        own.cell_type_key = own.cell_type_key.or_else(|| self.cell_type_key.clone());
        own.control_pert = own.control_pert.or_else(|| self.control_pert.clone());
        own.batch_col = own.batch_col.or_else(|| self.batch_col.clone());
        for (key, column) in &self.labels {
            if !own.constant.contains_key(key) {
                own.labels.entry(key.clone()).or_insert_with(|| column.clone());
            }
        }
        for (key, column) in [(PERTURBATION, &own.pert_col), (CELL_TYPE, &own.cell_type_key), (BATCH, &own.batch_col)] {
            if let (Some(column), false) = (column, own.constant.contains_key(key)) {
                own.labels.insert(key.to_owned(), column.clone());
            }
        }
        own
    }

    /// Labels that the store has: those of any data set, and the data set itself.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: std::collections::BTreeSet<String> = [DATASET.to_owned()].into();
        for name in self.datasets.keys() {
            let columns = self.columns(name);
            keys.extend(columns.labels.into_keys().chain(columns.constant.into_keys()));
        }
        keys.into_iter().collect()
    }

    /// Role of a cell.
    pub fn role(&self, dataset: &str, cell_type: &str, perturbation: &str) -> Role {
        let group = format!("{dataset}.{cell_type}");
        if let Some(role) = self.zeroshot.get(&group).and_then(|role| Role::of(role)) {
            return role;
        }
        if let Some(own) = self.fewshot.get(&group) {
            let named = |list: &[String]| list.iter().any(|name| name == perturbation);
            if named(&own.test) {
                return Role::Test;
            }
            if named(&own.val) {
                return Role::Val;
            }
        }
        // A data set that does not train is there for what is held out of it and nothing else.
        if self.training.is_empty() || self.training.contains_key(dataset) { Role::Train } else { Role::Test }
    }

    /// Whether any data set has perturbations.
    pub fn has_perturbations(&self) -> bool {
        self.datasets.keys().any(|name| self.columns(name).labels.contains_key(PERTURBATION))
    }

    /// Data sets that call their controls by a name of their own, with this name.
    pub fn own_controls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.dataset.iter().filter_map(|(name, own)| Some((name.as_str(), own.control_pert.as_deref()?)))
    }

    /// Groups (`dataset.cell type`) that are held out whole or in part, with the perturbations that are named of them.
    pub fn held_groups(&self) -> Vec<(&str, Vec<&String>)> {
        let whole = self.zeroshot.keys().map(|group| (group.as_str(), Vec::new()));
        let some = self.fewshot.iter().map(|(group, own)| (group.as_str(), own.val.iter().chain(&own.test).collect()));
        whole.chain(some).collect()
    }

    /// What is held out, in words.
    pub fn held_out(&self) -> Vec<String> {
        let whole = self.zeroshot.iter().filter(|(_, role)| *role == "test");
        let some = self.fewshot.iter().filter(|(_, own)| !own.test.is_empty());
        whole
            .map(|(group, _)| group.clone())
            .chain(some.map(|(group, own)| format!("{group}: {}", own.test.join(", "))))
            .collect()
    }
}
