//! Any model's predictions scored as the public referee scores them, beside baselines and a ceiling.
//!
//! Does: holds the measured cells of every context with what the referee needs of them, scores sides against them, and
//! puts the scores of one entry together.
//! Does not know: how a prediction was made, how scores are shown.
//! Flow: sides by context → `cells::referee` → **entries** → table, report.

mod baselines;
pub mod challenge;
pub mod groups;
mod plausible;
pub mod population;
pub mod regression;
pub mod report;
pub mod sides;
pub mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cells::normalise::Normalised;
use cells::referee::ceiling::{Ceiling, spearman_brown};
use cells::referee::{Digest, Report, Rules, Side, Values, ceiling, intervals, means, report};

use crate::progress;
use cells::splits::Part;
use groups::{Columns, Key, Wanted};
use sides::{Context, Training, contexts};

/// Seed of halves, resamples and intervals.
pub const SEED: u64 = 1;
/// The baseline that scores are measured from, as cell-eval's baseline is.
pub const BASE: &str = "mean of perturbations";

/// 95 % intervals by metric.
pub type Intervals = BTreeMap<&'static str, (f64, f64)>;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A model's cells.
    Prediction,
    /// Something simple to beat.
    Baseline,
    /// Measured cells.
    Ceiling,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Metrics by context and perturbation.
    pub contexts: BTreeMap<String, Report>,
    /// Means over all perturbations of all contexts; those of all perturbations together over the contexts.
    pub mean: Values,
    /// 95 % intervals of the means over resampled perturbations.
    pub intervals: Intervals,
    /// What a reader must know of it.
    pub notes: Vec<String>,
}

/// Measured cells of one context.
pub struct Measured {
    /// Name, cells.
    pub context: Context,
    digest: Digest,
}

/// What predictions are held against.
pub struct Truth<'a> {
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// Contexts.
    pub contexts: Vec<Measured>,
    /// How cells are scored.
    pub rules: Rules<'a>,
}

impl Measured {
    /// What the referee needs of the cells.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl<'a> Truth<'a> {
    /// Digests the measured cells.
    ///
    /// # Errors
    /// When a group has no cells.
    pub fn new(genes: Vec<String>, contexts: Vec<Context>, rules: Rules<'a>) -> Result<Self> {
        let digested = |context: Context| {
            let digest =
                Digest::new(&context.side, rules).with_context(|| format!("measured cells, {}", context.name))?;
            Ok(Measured { context, digest })
        };
        let contexts = contexts.into_iter().map(digested).collect::<Result<Vec<_>>>()?;
        Ok(Self { genes, contexts, rules })
    }

    /// Scores the cells of a prediction. A side may lack perturbations; those are left out and named.
    ///
    /// # Errors
    /// When it has none of the measured perturbations, or the genes differ.
    pub fn score(&self, name: &str, kind: Kind, sides: &BTreeMap<String, Side>) -> Result<Entry> {
        let own = |measured: &Measured| {
            let context = &measured.context.name;
            let side = sides.get(context)?;
            let digest = Digest::new(side, self.rules).with_context(|| format!("{name}, {context}"));
            Some(digest.map(|digest| (context.clone(), digest)))
        };
        let digests = self.contexts.iter().filter_map(own).collect::<Result<BTreeMap<_, _>>>()?;
        let mut entry = self.scored(name, kind, digests)?;
        let left = |(measured, own, _): (&Measured, &String, &Normalised)| {
            let context = &measured.context.name;
            let scored = entry.contexts.get(context).is_some_and(|report| report.perturbations.contains_key(own));
            (!scored).then(|| format!("{own} ({context})"))
        };
        let missing: Vec<String> = self.groups().filter_map(left).collect();
        entry.notes.extend(listed("not predicted, so not scored", &missing));
        Ok(entry)
    }

    /// Scores what was digested before, on the perturbations that both have.
    fn scored(&self, name: &str, kind: Kind, digests: BTreeMap<String, Digest>) -> Result<Entry> {
        let mut contexts = BTreeMap::new();
        for measured in &self.contexts {
            let context = &measured.context.name;
            let Some(digest) = digests.get(context) else { continue };
            let real = measured.digest.only(|own| digest.names().iter().any(|name| name == own));
            let digest = digest.only(|own| real.names().iter().any(|name| name == own));
            if !real.names().is_empty() {
                let found = report(&real, &digest, &self.genes, self.rules.spread);
                contexts.insert(context.clone(), found.with_context(|| format!("{name}, {context}"))?);
            }
        }
        ensure!(!contexts.is_empty(), "{name} has cells of no perturbation that was measured");
        Ok(entry(name, kind, contexts))
    }

    /// Scores measured cells against measured cells, and the same corrected for half the cells where that is allowed.
    ///
    /// # Errors
    /// When the sides cannot be compared.
    pub fn ceiling(&self, kind: Ceiling) -> Result<Vec<Entry>> {
        let mut contexts = BTreeMap::new();
        for measured in &self.contexts {
            let Some([first, second]) = ceiling::sides(&measured.context.side, kind, SEED) else { continue };
            let [first, second] = [Digest::new(&first, self.rules)?, Digest::new(&second, self.rules)?];
            contexts.insert(measured.context.name.clone(), report(&first, &second, &self.genes, self.rules.spread)?);
        }
        if contexts.is_empty() {
            return Ok(Vec::new());
        }
        Ok(match kind {
            Ceiling::Halves => {
                let halves = entry("ceiling, halves", Kind::Ceiling, contexts);
                let corrected = spearman_brown(&halves.mean);
                let raise = |(name, (low, high)): (&&'static str, &(f64, f64))| {
                    let raised = |r: f64| if r > 0.0 { 2.0 * r / (1.0 + r) } else { r };
                    corrected.contains_key(name).then_some((*name, (raised(*low), raised(*high))))
                };
                let full = Entry {
                    name: "ceiling, corrected".to_owned(),
                    intervals: halves.intervals.iter().filter_map(raise).collect(),
                    mean: corrected,
                    contexts: BTreeMap::new(),
                    notes: vec!["the halves' scores taken to all cells by 2r/(1+r), as cell-eval 0.8 does".to_owned()],
                    kind: Kind::Ceiling,
                };
                vec![halves, full]
            }
            Ceiling::Bootstrap => vec![entry("ceiling, bootstrap", Kind::Ceiling, contexts)],
        })
    }

    /// Scores what needs no model, and says what has no prediction. Without training contexts there are only the
    /// baselines that need none.
    ///
    /// # Errors
    /// When cells cannot be compared.
    pub fn baselines(&self, training: Option<&Training>) -> Result<(Vec<Entry>, Vec<String>)> {
        baselines::entries(self, training)
    }

    /// Groups that were measured.
    pub fn groups(&self) -> impl Iterator<Item = (&Measured, &String, &Normalised)> {
        self.contexts
            .iter()
            .flat_map(|own| own.context.side.perturbed.iter().map(move |(name, cells)| (own, name, cells)))
    }
}

/// A sentence of a list that may be long.
fn listed(what: &str, names: &[String]) -> Option<String> {
    const SHOWN: usize = 8;
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| format!("{what}: {}{rest}", names[..names.len().min(SHOWN)].join(", ")))
}

/// Puts the reports of several contexts together.
fn entry(name: &str, kind: Kind, contexts: BTreeMap<String, Report>) -> Entry {
    let units: Vec<&Values> = contexts.values().flat_map(|report| report.perturbations.values()).collect();
    let mut mean = means(units.iter().copied());
    // Metrics of all perturbations of a context together.
    let together: Vec<Values> = contexts
        .values()
        .map(|report| report.mean.iter().filter(|(name, _)| !mean.contains_key(*name)).map(|(n, v)| (*n, *v)).collect())
        .collect();
    mean.extend(means(&together));
    let intervals = intervals(units, SEED);
    Entry { name: name.to_owned(), kind, mean, intervals, contexts, notes: Vec::new() }
}

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
fn common(asked: &Asked) -> Result<(BTreeSet<Key>, Vec<String>)> {
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

/// Everything that was scored.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Entries: predictions, baselines, ceiling.
    pub entries: Vec<Entry>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

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
    /// Whether the cells of every prediction could be cells at all, in words.
    pub plausible: Vec<(String, String)>,
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// Perturbations of the first prediction gene by gene.
    pub pairs: Vec<report::Pair>,
}

/// Contexts without groups that are too small; those are named.
pub fn enough(contexts: Vec<Context>, fewest: usize, notes: &mut Vec<String>) -> Vec<Context> {
    let (mut kept, mut small) = (Vec::new(), Vec::new());
    for mut context in contexts {
        let controls = context.side.control.cells();
        context.side.perturbed.retain(|name, cells| {
            let enough = cells.cells().min(controls) >= fewest;
            if !enough {
                small.push(format!("{name} ({})", context.name));
            }
            enough
        });
        if !context.side.perturbed.is_empty() {
            kept.push(context);
        }
    }
    notes.extend(listed(&format!("fewer than {fewest} measured cells or controls, so not scored"), &small));
    kept
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
        let (found, without) = truth.baselines(training.as_ref())?;
        entries.extend(found);
        notes.extend(without);
        let _ceiling = progress::phase("scoring the ceiling: measured cells against measured cells");
        entries.extend(truth.ceiling(kind)?);
    }
    let plausible = plausible::words(asked, &truth.genes)?;
    Ok(Judged { verdict: Verdict { entries, notes }, plausible, genes: truth.genes, pairs })
}
