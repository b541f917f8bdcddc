//! Any model's predictions scored as the public referee scores them, beside baselines and a ceiling.
//!
//! Does: holds the measured cells of every context with what the referee needs of them, scores sides against them, and
//! puts the scores of one entry together.
//! Does not know: how a prediction was made, how scores are shown.
//! Flow: sides by context → `cells::referee` → **entries** → table, report.

pub mod population;
pub mod sides;
pub mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use cells::normalise::Normalised;
use cells::referee::ceiling::{Ceiling, spearman_brown};
use cells::referee::{Digest, Report, Rules, Side, Values, ceiling, intervals, means, report};

use sides::{Columns, Context, Key, Wanted};

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

    /// Scores an entry. A side may lack perturbations; those are left out and named.
    ///
    /// # Errors
    /// When it has none of the measured perturbations, or the genes differ.
    pub fn score(&self, name: &str, kind: Kind, sides: &BTreeMap<String, Side>) -> Result<Entry> {
        let (mut contexts, mut missing) = (BTreeMap::new(), Vec::new());
        for measured in &self.contexts {
            let context = &measured.context.name;
            let Some(side) = sides.get(context) else {
                missing.extend(measured.digest.names().iter().map(|own| format!("{own} ({context})")));
                continue;
            };
            let digest = Digest::new(side, self.rules).with_context(|| format!("{name}, {context}"))?;
            let both = |own: &str| digest.names().iter().any(|name| name == own);
            missing.extend(
                measured.digest.names().iter().filter(|own| !both(own)).map(|own| format!("{own} ({context})")),
            );
            let real = measured.digest.only(both);
            let digest = digest.only(|own| real.names().iter().any(|name| name == own));
            if !real.names().is_empty() {
                let found = report(&real, &digest, &self.genes, self.rules.spread);
                contexts.insert(context.clone(), found.with_context(|| format!("{name}, {context}"))?);
            }
        }
        ensure!(!contexts.is_empty(), "{name} has cells of no perturbation that was measured");
        let mut entry = entry(name, kind, contexts);
        entry.notes.extend(listed("not predicted, so not scored", &missing));
        Ok(entry)
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
    /// What the obs columns say.
    pub columns: Columns,
    /// Kind of the ceiling; none leaves out ceiling and baselines.
    pub ceiling: Option<Ceiling>,
}

/// Groups that every prediction has, and sentences on those that are left out.
fn common(asked: &Asked) -> Result<(std::collections::BTreeSet<Key>, Vec<String>)> {
    let measured = sides::names(&asked.real, &asked.columns)?;
    let perturbed = |keys: std::collections::BTreeSet<Key>| -> std::collections::BTreeSet<Key> {
        keys.into_iter().filter(|(_, name)| *name != asked.columns.control).collect()
    };
    let mut shared = perturbed(measured);
    let mut notes = Vec::new();
    for (name, path) in &asked.predicted {
        let own = perturbed(sides::names(path, &asked.columns)?);
        let words = |(context, name): &Key| format!("{name} ({context})");
        let left: Vec<String> = shared.difference(&own).map(words).collect();
        let unknown: Vec<String> = own.difference(&shared).map(words).collect();
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
pub struct Verdict {
    /// Entries: predictions, baselines, ceiling.
    pub entries: Vec<Entry>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Scores predictions, baselines and the ceiling.
///
/// # Errors
/// When a file cannot be read, lacks a column, the control or genes, or nothing is in all of them.
pub fn judge(asked: &Asked, rules: Rules<'_>) -> Result<Verdict> {
    let (groups, mut notes) = common(asked)?;
    let sorted = sides::read(&asked.real, &asked.columns, Wanted { panel: None, groups: Some(&groups) })?;
    notes.extend(listed("no measured control cells, so not scored", &sorted.without_control));
    let truth = Truth::new(sorted.genes, sorted.contexts, rules)?;
    let mut entries = Vec::new();
    for (name, path) in &asked.predicted {
        let wanted = Wanted { panel: Some(&truth.genes), groups: Some(&groups) };
        let sorted = sides::read(path, &asked.columns, wanted)?;
        let sides = sorted.contexts.into_iter().map(|context| (context.name, context.side)).collect();
        entries.push(truth.score(name, Kind::Prediction, &sides)?);
    }
    if let Some(kind) = asked.ceiling {
        entries.extend(truth.ceiling(kind)?);
    }
    Ok(Verdict { entries, notes })
}
