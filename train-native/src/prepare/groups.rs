//! Whether the groups that settings name are in the files.
//!
//! Does: reads the label columns of all files once and looks for the control and for every zero-shot and few-shot entry;
//! says which match no cell, all of them at once.
//! Does not know: counts, shards.
//! Flow: settings + opened files → **sentences**, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use super::names::listed;
use super::settings::Settings;
use super::source::SourceFile;
use crate::recipe::faults::refused;

/// Perturbations by data set and cell type.
type Groups = BTreeMap<(String, String), BTreeSet<String>>;

/// Refuses settings that name what no cell has.
///
/// # Errors
/// When a file is damaged, or a control or a named group matches no cell.
pub(super) fn check(settings: &Settings, files: &[SourceFile]) -> Result<()> {
    let mut groups = Groups::new();
    for file in files {
        for (cell_type, perturbation) in file.groups(settings)? {
            groups.entry((file.dataset.clone(), cell_type)).or_default().insert(perturbation);
        }
    }
    refused(&settings.unmatched(&groups)).context("the settings do not fit the files")
}

impl Settings {
    /// What these settings name and no cell has, in sentences.
    fn unmatched(&self, groups: &Groups) -> Vec<String> {
        let mut faults = Vec::new();
        let all: BTreeSet<&str> = groups.values().flatten().map(String::as_str).collect();
        if let Some(control) =
            self.control_pert.as_deref().filter(|control| self.has_perturbations() && !all.contains(control))
        {
            faults.push(format!("no cell is a control ({control}); there is {}", listed(&all)));
        }
        for (dataset, name) in self.own_controls() {
            // Its controls have been given the name that they have everywhere.
            let own = groups.iter().filter(|((own, _), _)| own == dataset).flat_map(|(_, there)| there);
            let there: BTreeSet<&str> = own.map(String::as_str).collect();
            if self.control_pert.as_deref().is_some_and(|control| !there.contains(control)) {
                faults.push(format!("no cell of {dataset} is a control ({name}); there is {}", listed(&there)));
            }
        }
        for (entry, named) in self.held_groups() {
            let Some((dataset, cell_type)) = entry.split_once('.') else { continue };
            let Some(there) = groups.get(&(dataset.to_owned(), cell_type.to_owned())) else {
                let types = groups.keys().filter(|(own, _)| own == dataset).map(|(_, own)| own.as_str()).collect();
                faults.push(format!(
                    "no cell of {dataset} is of the type {cell_type:?} ({entry:?}); there is {}",
                    listed(&types)
                ));
                continue;
            };
            for name in named.iter().filter(|name| !there.contains(name.as_str())) {
                let there = there.iter().map(String::as_str).collect();
                faults.push(format!("no cell of {entry:?} has the perturbation {name:?}; there is {}", listed(&there)));
            }
        }
        faults
    }
}
