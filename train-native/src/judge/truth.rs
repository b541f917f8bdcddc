//! What predictions are held against.
//!
//! Does: holds the measured cells of every context with what the referee needs of them, scores sides and the ceiling
//! against them.
//! Does not know: how a prediction was made, baselines.
//! Flow: sides by context → `cells::referee` → **entries**.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use cells::normalise::Normalised;
use cells::referee::ceiling::{Ceiling, spearman_brown};
use cells::referee::{Digest, Rules, Side, ceiling, report};

use super::entry::{Entry, Kind, SEED, entry, listed};
use super::sides::Context;

/// Measured cells of one context.
pub struct Measured {
    /// Name, cells.
    pub context: Context,
    pub(super) digest: Digest,
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
    pub(super) fn scored(&self, name: &str, kind: Kind, digests: BTreeMap<String, Digest>) -> Result<Entry> {
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

    /// Groups that were measured.
    pub fn groups(&self) -> impl Iterator<Item = (&Measured, &String, &Normalised)> {
        self.contexts
            .iter()
            .flat_map(|own| own.context.side.perturbed.iter().map(move |(name, cells)| (own, name, cells)))
    }
}
