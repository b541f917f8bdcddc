//! What training contexts tell baselines.
//!
//! Does: boils contexts down to responses, in log-normalised expression and in counts, and to sums for the regression;
//! adds the effects of perturbations that are asked for together.
//! Does not know: files, how a baseline predicts.
//! Flow: groups of training cells → **responses** → `baselines`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use cells::Counts;
use cells::baselines::{self, Effect, Response};
use cells::signatures::AND;

use super::groups::Groups;
use super::regression::Fitting;
use super::sides::{by_context, counts, normalised, target};
use super::truth::Truth;

/// What perturbations do in the training contexts: in log-normalised expression, and in counts where there are counts.
#[derive(Default)]
pub struct Training {
    /// Differences of means of log-normalised values.
    pub responses: Vec<Response>,
    /// Logs of ratios of shares.
    pub folds: Vec<Response>,
    /// The cells themselves, summed for the regression, where there are counts.
    pub fitting: Fitting,
    /// The control's name.
    pub control: String,
}

impl Training {
    /// Boils down contexts that have control and perturbed cells.
    ///
    /// # Errors
    /// When groups differ in genes.
    pub fn new(groups: Groups, control: &str) -> Result<Self> {
        let mut training = Self { control: control.to_owned(), ..Self::default() };
        for ((name, cell_type), groups) in by_context(groups) {
            for (perturbation, group) in &groups {
                if let Some(counts) = counts(group) {
                    training.fitting.add((&name, &cell_type, perturbation), control, counts);
                }
            }
            let target = target(&groups);
            let (own, others): (Vec<_>, Vec<_>) = groups.into_iter().partition(|(own, _)| own == control);
            let Some((_, own)) = own.into_iter().next().filter(|_| !others.is_empty()) else { continue };
            let counted: BTreeMap<String, Counts> =
                others.iter().filter_map(|(name, group)| Some((name.clone(), counts(group)?.clone()))).collect();
            if let Some(control) = counts(&own).cloned() {
                let (name, cell_type) = (name.clone(), cell_type.clone());
                let context = baselines::Context { name, cell_type, control, perturbed: counted };
                training.folds.push(context.fold_changes()?);
            }
            let perturbed = others.into_iter().map(|(name, group)| (name, normalised(group, target))).collect();
            let control = normalised(own, target);
            training.responses.push(baselines::Context { name, cell_type, control, perturbed }.response()?);
        }
        Ok(training)
    }

    /// Adds an effect for every measured perturbation that joins several known ones: their effects, one after another.
    /// Contexts that are themselves scored are left out, so that none answers its own question; where there are no others
    /// (one cell line), the effects of its own single perturbations are added, which do not hold the answer, under a name
    /// of their own.
    pub fn add_together(&mut self, truth: &Truth<'_>) {
        let scored: BTreeSet<&String> = truth.contexts.iter().map(|own| &own.context.name).collect();
        let joined: BTreeSet<&String> =
            truth.groups().map(|(_, name, _)| name).filter(|name| name.contains(AND)).collect();
        for responses in [&mut self.responses, &mut self.folds] {
            let alone = responses.iter().all(|own| scored.contains(&own.name));
            let mut added = Vec::new();
            for response in responses.iter_mut().filter(|own| alone || !scored.contains(&own.name)) {
                let sum = |name: &&String| {
                    let parts = name.split(AND).map(|part| response.effects.get(part)).collect::<Option<Vec<_>>>()?;
                    Some(((*name).clone(), together(&parts)?))
                };
                let sums: BTreeMap<String, Effect> = joined.iter().filter_map(sum).collect();
                if alone && !sums.is_empty() {
                    let name = format!("{}, single effects added", response.name);
                    added.push(Response { name, effects: sums, ..response.clone() });
                } else {
                    sums.into_iter().for_each(|(name, effect)| {
                        response.effects.entry(name).or_insert(effect);
                    });
                }
            }
            responses.extend(added);
        }
    }
}

/// Effects one after another: shifts add, and are as well known as the one of fewest cells.
fn together(parts: &[&Effect]) -> Option<Effect> {
    let (first, others) = parts.split_first()?;
    let mut sum = (*first).clone();
    for part in others {
        sum.shift.iter_mut().zip(&part.shift).for_each(|(sum, own)| *sum += own);
        sum.cells = sum.cells.min(part.cells);
    }
    Some(sum)
}
