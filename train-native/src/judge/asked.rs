//! What `judge` is asked for.
//!
//! Does: holds what a command was given; finds the groups that all its files have.
//! Does not know: scores.
//! Flow: command line → **wish**, **groups** → `judge`, `challenge`, `plausible`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use cells::referee::ceiling::Ceiling;

use super::entry::listed;
use super::groups::{self, Columns, Key};

/// What to score.
pub struct Asked {
    /// Measured cells.
    pub real: PathBuf,
    /// Names and files of predictions.
    pub predicted: Vec<(String, PathBuf)>,
    /// Cells of training contexts, for the baselines that need them.
    pub train: Option<PathBuf>,
    /// What the obs columns say.
    pub columns: Columns,
    /// Kind of the ceiling; none leaves out ceiling and baselines.
    pub ceiling: Option<Ceiling>,
    /// Whether perturbations are wanted gene by gene, for a report.
    pub shown: bool,
    /// Fewest measured cells of a perturbation, and of its controls, to be scored.
    pub fewest: usize,
}

/// Groups that every prediction has, and sentences on those that are left out.
pub(super) fn common(asked: &Asked) -> Result<(BTreeSet<Key>, Vec<String>)> {
    let perturbed = |path: &Path, columns: &Columns| -> Result<BTreeSet<Key>> {
        let keys = groups::names(path, columns)?;
        Ok(keys.into_iter().filter(|key| key.perturbation != asked.columns.control).collect())
    };
    let mut shared = perturbed(&asked.real, &asked.columns)?;
    let predicted = Columns { part: None, ..asked.columns.clone() };
    let mut notes = Vec::new();
    for (name, path) in &asked.predicted {
        let own = perturbed(path, &predicted)?;
        let left: Vec<String> = shared.difference(&own).map(Key::words).collect();
        let unknown: Vec<String> = own.difference(&shared).map(Key::words).collect();
        notes.extend(listed(&format!("measured, but not predicted by {name}, so left out for all"), &left));
        notes.extend(listed(&format!("predicted by {name}, but not measured, so not scored"), &unknown));
        shared.retain(|key| own.contains(key));
    }
    ensure!(
        !shared.is_empty(),
        "no perturbation is in all of the files; {}",
        if notes.is_empty() { "there is none besides the control".to_owned() } else { notes.join("; ") }
    );
    Ok((shared, notes))
}
