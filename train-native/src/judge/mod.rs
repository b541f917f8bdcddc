//! Any model's predictions scored as the public referee scores them, beside baselines and a ceiling.
//!
//! Does: reads measured and predicted cells, and has every prediction, baseline and ceiling scored on the groups that all
//! of them have.
//! Does not know: how a prediction was made, how scores are shown.
//! Flow: sides by context → `cells::referee` → **entries** → table, report.

mod asked;
pub mod baselines;
pub mod challenge;
mod entry;
pub mod groups;
pub mod plausible;
pub mod population;
pub mod regression;
pub mod report;
pub mod sides;
pub mod table;
pub mod training;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, ensure};
use cells::referee::{Rules, Side};
use cells::splits::Part;

use crate::progress;
pub use asked::Asked;
use asked::common;
use entry::listed;
pub use entry::{BASE, Entry, Intervals, Kind, SEED, Verdict};
use groups::{Columns, Key, Wanted};
use plausible::Raw;
use sides::{Context, contexts, enough};
use training::Training;
pub use truth::{Measured, Truth};

/// Contexts of a file.
fn read(path: &Path, columns: &Columns, wanted: Wanted<'_>) -> Result<(Vec<String>, Vec<Context>, Vec<String>)> {
    let (genes, groups) = groups::read(path, columns, wanted)?;
    let known: BTreeSet<String> = groups.keys().map(|key| key.perturbation.clone()).collect();
    let (found, without) = contexts(groups, &columns.control);
    ensure!(
        !found.is_empty(),
        "{} cannot be used: no cell has {} = {}; there is {}",
        path.display(),
        columns.perturbation,
        columns.control,
        known.into_iter().take(20).collect::<Vec<_>>().join(", ")
    );
    Ok((genes, found, without))
}

/// Training contexts: those of another file, or of the training part of the same split.
fn trained(asked: &Asked, genes: &[String]) -> Result<Option<Training>> {
    let wanted = Wanted { panel: Some(genes), groups: None };
    let (path, columns) = match (&asked.train, &asked.columns.part) {
        (Some(path), _) => (path, Columns { part: None, ..asked.columns.clone() }),
        (None, Some((split, _))) => {
            (&asked.real, Columns { part: Some((split.clone(), Part::Training)), ..asked.columns.clone() })
        }
        (None, None) => return Ok(None),
    };
    let mut groups = groups::read(path, &columns, wanted)?.1;
    if asked.train.is_some() && columns.context.is_empty() {
        // Without context columns either file is one context, and not the same one: cells of other donors or screens are
        // no answer to the question. Whether cells are in both files is for the leak check of a split to say.
        groups = groups.into_iter().map(|(key, cells)| (Key { context: TRAINING.to_owned(), ..key }, cells)).collect();
    }
    Training::new(groups, &columns.control).map(Some)
}

/// Name of the training cells where nothing makes contexts.
const TRAINING: &str = "the training cells";

/// Perturbations that a report shows gene by gene.
const SHOWN: usize = 2;

/// What `judge` found.
pub struct Judged {
    /// Scores.
    pub verdict: Verdict,
    /// Whether the cells of every prediction could be cells at all.
    pub plausible: Vec<Raw>,
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// Perturbations of the first prediction gene by gene.
    pub pairs: Vec<report::Pair>,
}

/// Scores predictions, baselines and the ceiling.
///
/// # Errors
/// When a file cannot be read, lacks a column, the control or genes, or nothing is in all of them.
pub fn judge(asked: &Asked, rules: Rules<'_>) -> Result<Judged> {
    let reading = progress::phase(format!("reading {}", asked.real.display()));
    let (groups, mut notes) = common(asked)?;
    let (genes, measured, without) = read(&asked.real, &asked.columns, Wanted { panel: None, groups: Some(&groups) })?;
    notes.extend(listed("no measured control cells, so not scored", &without));
    let measured = enough(measured, asked.fewest, &mut notes);
    ensure!(!measured.is_empty(), "no perturbation has {} measured cells and as many controls", asked.fewest);
    drop(reading);
    let panel = genes.clone();
    let predicted = |path: &Path| -> Result<BTreeMap<String, Side>> {
        let wanted = Wanted { panel: Some(&panel), groups: Some(&groups) };
        // The parts of a split are those of measured cells; predictions are asked for by name.
        let columns = Columns { part: None, ..asked.columns.clone() };
        let (_, predicted, _) = read(path, &columns, wanted)?;
        Ok(predicted.into_iter().map(|context| (context.name, context.side)).collect())
    };
    let (mut entries, mut pairs) = (Vec::new(), Vec::new());
    let mut files = asked.predicted.iter();
    // Reading waits for the disk and one core; the tests of the measured cells take what is left.
    let first = files.next();
    let testing = progress::phase("testing the measured cells, and reading the first prediction");
    let (truth, sides) = rayon::join(
        || Truth::new(genes, measured, rules),
        || first.map(|(name, path)| predicted(path).map(|sides| (name, sides))).transpose(),
    );
    let (truth, mut next) = (truth?, sides?);
    drop(testing);
    while let Some((name, sides)) = next {
        let _scoring = progress::phase(format!("scoring {name}"));
        entries.push(truth.score(name, Kind::Prediction, &sides)?);
        if asked.shown && pairs.is_empty() {
            pairs = report::pairs(&truth, &sides, SHOWN)?;
        }
        drop(sides);
        next = files.next().map(|(name, path)| predicted(path).map(|sides| (name, sides))).transpose()?;
    }
    if let Some(kind) = asked.ceiling {
        let _scoring = progress::phase("scoring baselines");
        let training = trained(asked, &truth.genes)?;
        let (found, without) = baselines::entries(&truth, training.as_ref())?;
        entries.extend(found);
        notes.extend(without);
        let _ceiling = progress::phase("scoring the ceiling: measured cells against measured cells");
        entries.extend(truth.ceiling(kind)?);
    }
    let plausible = plausible::looked_at(asked, &truth.genes)?;
    Ok(Judged { verdict: Verdict { entries, notes }, plausible, genes: truth.genes, pairs })
}
