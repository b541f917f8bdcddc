//! What of the last run's cells is handed out.
//!
//! Does: values of genes, and an h5ad file of all cells.
//! Does not know: how cells are generated or tested.
//! Flow: session's last run → **values, file** → page.

use std::collections::{BTreeMap, BTreeSet};

use cells::{Cells, Column};

use super::made::Sampled;
use super::session::Session;
use crate::protocol::{Array, Comparison, Scenario};

/// Names of the cells of a request, each of its own seed: those that `wellplate sample` gives the same cells, unique over
/// all requests to a bundle, so that files can be put together.
fn cell_names(key: u64, seeds: &[u64]) -> impl Iterator<Item = String> + '_ {
    let mut of_seed: BTreeMap<u64, usize> = BTreeMap::new();
    seeds.iter().map(move |seed| {
        let place = of_seed.entry(*seed).or_default();
        *place += 1;
        format!("generated-{key:016x}-{seed}-{}", *place - 1)
    })
}

impl Session {
    /// Values of the known ones among `genes` in the cells of a run, as [`crate::protocol::FromWorker::Values`] has them.
    pub(crate) fn values(&self, run: u32, genes: Vec<String>) -> Option<(Vec<String>, Vec<Array>)> {
        let current = self.current.as_ref().filter(|current| current.run == run)?;
        let made = &current.made;
        let control = made.cells(Scenario::Control)?;
        // Control cells alone are shown as the first comparison's control side.
        let compared = |comparison| match made.sides(comparison) {
            Some((control, moved)) => [Some(control), Some(moved)],
            None if comparison == Comparison::A => [Some(control), None],
            None if comparison == Comparison::B => [made.cells(Scenario::OtherControl), None],
            None => [None, None],
        };
        let sides: Vec<_> = Comparison::ALL
            .into_iter()
            .flat_map(compared)
            .map(|side| side.map(|cells| self.normalised(&cells.counts)))
            .collect();
        let mut known = Vec::new();
        let mut values = Vec::new();
        for gene in genes {
            let Some(place) = self.bundle.card.genes.iter().position(|panel| *panel == gene) else { continue };
            known.push(gene);
            let of = |side: &Option<cells::normalise::Normalised>| {
                side.as_ref().map(|cells| cells.gene(place as u32)).unwrap_or_default()
            };
            values.extend(sides.iter().map(|side| Array::F32(of(side))));
        }
        Some((known, values))
    }

    /// The run's cells as an h5ad file; each cell says its conditions, its scenario and its seed.
    ///
    /// # Errors
    /// A sentence.
    pub(crate) fn export(&self, run: u32) -> Result<(String, Vec<u8>), String> {
        let current = self
            .current
            .as_ref()
            .filter(|current| current.run == run)
            .ok_or("There are no cells of this run any more.")?;
        let made = &current.made;
        let mut all = Sampled::empty(self.bundle.card.genes.len());
        let mut scenarios: Vec<&str> = Vec::new();
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        for (scenario, part) in &made.parts {
            let asked = self.bundle.request(&part.choices).map_err(|error| error.to_string())?;
            let known: BTreeSet<String> = names.iter().cloned().collect();
            let own = cell_names(asked.key, &part.cells.seeds);
            // Two scenarios may ask for the same cells.
            let twice =
                |name: String| if known.contains(&name) { format!("{name}-{}", made.name(*scenario)) } else { name };
            names.extend(own.map(twice));
            all.append(&part.cells)?;
            scenarios.extend(std::iter::repeat_n(made.name(*scenario), part.cells.labels.len()));
            for (slot, condition) in self.bundle.card.conditions.iter().enumerate() {
                // Perturbations that act together stand as one value, as `wellplate sample` writes them.
                let wanted = part.choices.with.get(&condition.key);
                let together = wanted.filter(|values| values.len() > 1).map(|values| values.join("+"));
                let own = |label: &Vec<i32>| condition.value_of(label[slot]).unwrap_or("unspecified").to_owned();
                let texts = part.cells.labels.iter().map(|label| together.clone().unwrap_or_else(|| own(label)));
                columns.entry(condition.key.clone()).or_default().extend(texts);
            }
        }
        let text = |texts: &[String]| Column::categorical(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let mut labels: BTreeMap<String, Column> =
            columns.iter().map(|(key, texts)| (key.clone(), text(texts))).collect();
        labels.insert("scenario".to_owned(), Column::categorical(&scenarios));
        let seeds: Vec<String> = all.seeds.iter().map(u64::to_string).collect();
        labels.insert("seed".to_owned(), text(&seeds));
        let cells =
            Cells::new(all.counts, self.bundle.card.genes.clone(), names, labels).map_err(|error| error.to_string())?;
        let notes =
            current.provenance.entries.iter().map(|(key, value)| (format!("wellplate_{key}"), value.clone())).collect();
        let bytes = cells::h5ad::write_h5ad(&cells, &notes).map_err(|error| error.to_string())?;
        Ok(("wellplate-cells.h5ad".to_owned(), bytes))
    }
}
