//! The gene panel that every file is brought to.
//!
//! Does: a list from a file, the genes of one data set, or the union or intersection of the files' genes; other names of genes; the place
//! of each gene of a file on the panel.
//! Does not know: counts.
//! Flow: lists of genes → **panel [G] and places** → `prepare`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::settings::{Genes, Settings};
use crate::panels::without;

/// A panel with other names of its genes.
pub struct Panel {
    /// Symbols [G].
    pub genes: Vec<String>,
    places: HashMap<String, u32>,
    aliases: HashMap<String, String>,
}

/// Lines of a file without comments.
fn lines(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let kept = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(kept.map(str::to_owned).collect())
}

/// Other names: `other<TAB>symbol`.
fn aliases(path: &Path) -> Result<HashMap<String, String>> {
    lines(path)?
        .into_iter()
        .map(|line| {
            let (other, symbol) = line
                .split_once('\t')
                .with_context(|| format!("{}: {line:?} is not `other name<TAB>symbol`", path.display()))?;
            Ok((other.trim().to_owned(), symbol.trim().to_owned()))
        })
        .collect()
}

/// Genes of the files of one data set, each once, in the order of the files.
fn of_dataset(name: &str, datasets: &[&str], files: &[Vec<String>]) -> Vec<String> {
    let own = datasets.iter().zip(files).filter(|(dataset, _)| **dataset == name).flat_map(|(_, genes)| genes);
    let mut there = HashSet::new();
    own.filter(|gene| there.insert(*gene)).cloned().collect()
}

impl Panel {
    /// The panel of some settings for files with these genes, each of one of `datasets`.
    ///
    /// # Errors
    /// When a list cannot be read, holds a gene twice, or nothing is left.
    pub fn new(settings: &Settings, datasets: &[&str], files: &[Vec<String>]) -> Result<Self> {
        let aliases = settings.aliases.as_ref().map(|path| aliases(&settings.resolve(path))).transpose()?;
        let aliases = aliases.unwrap_or_default();
        let named = |gene: &String| aliases.get(gene).unwrap_or(gene).clone();
        let genes: Vec<String> = match &settings.panel {
            Some(path) => match path.to_str().filter(|name| datasets.contains(name)) {
                Some(name) => of_dataset(name, datasets, files).iter().map(named).collect(),
                None => lines(&settings.resolve(path))?,
            },
            None => {
                let mut files_with: BTreeMap<String, usize> = BTreeMap::new();
                for genes in files {
                    let own: HashSet<String> = genes.iter().map(named).collect();
                    own.into_iter().for_each(|gene| *files_with.entry(gene).or_default() += 1);
                }
                let least = if settings.genes == Genes::Union { 1 } else { files.len() };
                files_with.into_iter().filter(|(_, count)| *count >= least).map(|(gene, _)| gene).collect()
            }
        };
        let shared = settings.panel.is_none() && settings.genes == Genes::Intersection && files.len() > 1;
        if let ([first, .., last], true, true) = (files, genes.is_empty(), shared) {
            bail!("genes = \"intersection\": {}", without("the first file's genes", first, "the others", last));
        }
        ensure!(!genes.is_empty(), "no gene is left; look at panel, genes and aliases");
        let mut places = HashMap::with_capacity(genes.len());
        for (place, gene) in genes.iter().enumerate() {
            ensure!(places.insert(gene.clone(), place as u32).is_none(), "the panel holds {gene} twice");
        }
        Ok(Self { genes, places, aliases })
    }

    /// Place on the panel of every gene of a file. A gene's own name goes before another name of it, and a
    /// place is given once: the first gene that fits has it.
    pub fn place(&self, genes: &[String]) -> Vec<Option<u32>> {
        let mut taken = HashSet::new();
        let mut found: Vec<Option<u32>> =
            genes.iter().map(|gene| self.places.get(gene).copied().filter(|place| taken.insert(*place))).collect();
        for (gene, place) in genes.iter().zip(&mut found).filter(|(_, place)| place.is_none()) {
            let other = self.aliases.get(gene).and_then(|symbol| self.places.get(symbol)).copied();
            *place = other.filter(|other| taken.insert(*other));
        }
        found
    }
}
