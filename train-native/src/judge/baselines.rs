//! The baselines of `cells`, each scored as a prediction is.
//!
//! Does: asks every baseline for every measured perturbation, a perturbation at a time, and scores the cells; without
//! training contexts there are those that need none: the control copy, and cell-eval's mean over the perturbations
//! that are scored.
//! Does not know: how a baseline predicts.
//! Flow: truth + training responses → `cells::baselines` → **entries**.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use cells::Counts;
use cells::baselines::{
    BaselineError, Effect, LinearLatent, NegativeBinomial, Response, Settings, Task, context_mean, control_copy,
    mean_perturbation, nearest_transfer, negative_binomial, perturb_mean_cells, shrunken_mean,
};
use cells::normalise::{Normalised, log_normalise};
use cells::referee::{Digest, RefereeError};

use super::entry::{BASE, Entry, Kind, SEED, listed};
use super::groups::ALL;
use super::sides::Context;
use super::training::Training;
use super::truth::{Measured, Truth};

/// What is to be known of baselines that move all cells alike.
const MOVED: &str = "it moves every cell by the same amount, as do PerturbMean, nearest context and linear latent (and \
                     in STATE and cell-eval), so rank tests call thousands of genes significant; compare its means \
                     (Pearson-Δ, MAE), and for DES, AUPRC and numbers of genes the negative binomial, which draws counts";

/// A way of making cells of a perturbation (name, cells wanted) in a context.
type Maker<'a> = &'a (dyn Fn(&Measured, &str, usize) -> Result<Normalised, BaselineError> + Sync);

/// Other control cells than the measured ones.
type Controls<'a> = &'a (dyn Fn(&Context) -> Option<Normalised> + Sync);

/// The question that a context and a perturbation pose.
fn task<'a>(training: &'a [Response], context: &'a Context, perturbation: &'a str, count: usize) -> Task<'a> {
    Task {
        training: training.iter().collect(),
        context: &context.name,
        cell_type: &context.cell_type,
        control: &context.side.control,
        perturbation,
        count,
        seed: SEED,
    }
}

/// The mean over the scored perturbations themselves, under another name so that nothing takes it for training data:
/// cell-eval's baseline, which knows the answers.
fn own_mean(measured: &Measured) -> Response {
    let effects = measured.digest.names().iter().zip(measured.digest.effects());
    let effects = effects.map(|(name, shift)| (name.clone(), Effect { shift: shift.clone(), cells: 1 })).collect();
    Response {
        name: "the scored perturbations".to_owned(),
        cell_type: measured.context.cell_type.clone(),
        control: measured.context.side.control.mean(),
        effects,
    }
}

/// Scores what `make` gives, or says why it gives nothing. `own_control`: other control cells than the measured ones.
fn entry(
    truth: &Truth<'_>,
    name: &str,
    make: Maker<'_>,
    own_control: Option<Controls<'_>>,
) -> Result<Result<Entry, String>> {
    let (mut digests, mut reasons) = (BTreeMap::new(), BTreeMap::new());
    for measured in &truth.contexts {
        let context = &measured.context;
        // One cell tells whether there is a prediction at all.
        let possible = |own: &&String| match make(measured, own, 1) {
            Ok(_) => true,
            Err(reason) => {
                reasons.entry(reason.to_string()).or_insert_with(Vec::new).push(format!("{own} ({})", context.name));
                false
            }
        };
        let names: Vec<String> = measured.digest.names().iter().filter(possible).cloned().collect();
        let control = match own_control.map(|make| make(context)) {
            Some(None) => continue,
            Some(Some(control)) => Cow::Owned(control),
            None => Cow::Borrowed(&context.side.control),
        };
        if names.is_empty() {
            continue;
        }
        let cells = |place: usize| {
            let name: &String = &names[place];
            let count = context.side.perturbed.get(name).map_or(0, Normalised::cells);
            let made = make(measured, name, count);
            made.map(Cow::Owned)
                .map_err(|reason| RefereeError::NotMade { name: name.clone(), reason: reason.to_string() })
        };
        let digest = Digest::made(&control, names.clone(), truth.rules, cells);
        digests.insert(context.name.clone(), digest.with_context(|| format!("{name}, {}", context.name))?);
    }
    let notes: Vec<String> = reasons.iter().filter_map(|(reason, units)| listed(reason, units)).collect();
    if digests.is_empty() {
        let why = if notes.is_empty() { "it needs counts".to_owned() } else { notes.join("; ") };
        return Ok(Err(format!("there is no {name} here: {why}")));
    }
    Ok(Ok(Entry { notes, ..truth.scored(name, Kind::Baseline, digests)? }))
}

/// Linear models: one of contexts that tell cell types apart, one of those that do not, so that no cell counts twice.
fn linear(training: &Training) -> Vec<(bool, Result<LinearLatent, BaselineError>)> {
    let fitted = |all: bool| {
        let own: Vec<&Response> = training.responses.iter().filter(|own| (own.cell_type == ALL) == all).collect();
        (!own.is_empty()).then(|| (all, LinearLatent::fit(&own, &Settings::default())))
    };
    [true, false].into_iter().filter_map(fitted).collect()
}

/// Scores what needs no model, and says what has no prediction. Without training contexts there are only the
/// baselines that need none.
///
/// # Errors
/// When cells cannot be compared.
pub fn entries(truth: &Truth<'_>, training: Option<&Training>) -> Result<(Vec<Entry>, Vec<String>)> {
    type Baseline = fn(&Task<'_>) -> Result<Normalised, BaselineError>;
    let means: BTreeMap<&String, Response> = match training {
        None => truth.contexts.iter().map(|own| (&own.context.name, own_mean(own))).collect(),
        Some(_) => BTreeMap::new(),
    };
    let responses: &[Response] = training.map_or(&[], |own| &own.responses);
    let asked = |measured: &Measured, name: &str, count: usize, baseline: Baseline| {
        // Of the same cell type, as STATE does within a type; contexts without types are all of one.
        baseline(&task(responses, &measured.context, name, count).of_same_cell_type())
    };
    let mean = |measured: &Measured, name: &str, count: usize| match means.get(&measured.context.name) {
        Some(own) => mean_perturbation(&task(std::slice::from_ref(own), &measured.context, name, count)),
        None => asked(measured, name, count, mean_perturbation),
    };
    let copy = |measured: &Measured, name: &str, count: usize| asked(measured, name, count, control_copy);
    let mut base = entry(truth, BASE, &mean, None)?;
    if let Ok(own) = &mut base {
        let alone = "the mean over the scored perturbations themselves, as cell-eval's baseline is";
        own.notes.push(if training.is_none() { alone } else { MOVED }.to_owned());
    }
    let mut found = vec![base, entry(truth, "control copy", &copy, None)?];
    if let Some(training) = training {
        let others: [(&str, Baseline); 3] = [
            ("PerturbMean", perturb_mean_cells),
            ("context mean", context_mean),
            ("nearest context", nearest_transfer),
        ];
        for (name, baseline) in others {
            let make = |own: &Measured, name: &str, count| asked(own, name, count, baseline);
            found.push(entry(truth, name, &make, None)?);
        }
        let models = linear(training);
        let latent = |measured: &Measured, name: &str, count: usize| {
            let all = measured.context.cell_type == ALL;
            match models.iter().find(|(own, _)| *own == all) {
                Some((_, Ok(model))) => model.cells(&task(&[], &measured.context, name, count)),
                Some((_, Err(reason))) => Err(reason.clone()),
                None => Err(BaselineError::NoTraining),
            }
        };
        found.push(entry(truth, "linear latent", &latent, None)?);
        let counts = |own: &Measured, name: &str, count| drawn(training, own, name, count, (negative_binomial, true));
        found.push(entry(truth, "negative binomial", &counts, Some(&drawn_control))?);
        found.extend(regression(truth, training)?);
        let pooled = |own: &Measured, name: &str, count| drawn(training, own, name, count, (shrunken_mean, false));
        found.push(entry(truth, "shrunken mean", &pooled, Some(&drawn_control))?);
    }
    let (mut entries, mut notes) = (Vec::new(), Vec::new());
    for own in found {
        match own {
            Ok(entry) => entries.push(entry),
            Err(reason) => notes.push(reason),
        }
    }
    Ok((entries, notes))
}

/// The regression, fitted to the training cells and the control cells of the asked contexts; none without counts.
fn regression(truth: &Truth<'_>, training: &Training) -> Result<Option<Result<Entry, String>>> {
    let mut fitting = training.fitting.clone();
    for measured in &truth.contexts {
        let context = &measured.context;
        if let Some(counts) = &context.control_counts {
            let labels = (context.name.as_str(), context.cell_type.as_str(), training.control.as_str());
            fitting.add(labels, &training.control, counts);
        }
    }
    let Some(fitted) = fitting.fit().filter(|_| !training.fitting.is_empty()) else { return Ok(None) };
    let make = |own: &Measured, name: &str, count: usize| {
        let context = &own.context;
        let none = || BaselineError::NoControl { context: context.name.clone() };
        let control = context.control_counts.as_ref().ok_or_else(none)?;
        let labels = (context.name.as_str(), context.cell_type.as_str(), name);
        let drawn = fitted.draw(labels, &control.library_sizes(), count, SEED)?;
        Ok(log_normalise(&drawn, context.target))
    };
    // Its perturbed cells stand beside the measured control cells, as those of most baselines do.
    entry(truth, "regression, measured controls", &make, None).map(Some)
}

/// A baseline that draws counts; `typed` ones look at contexts of the same cell type alone.
type Drawing = fn(&Task<'_, Counts>) -> Result<Counts, BaselineError>;

/// Cells of a baseline that draws counts, scaled as the measured ones are.
fn drawn(
    training: &Training,
    measured: &Measured,
    name: &str,
    count: usize,
    (draw, typed): (Drawing, bool),
) -> Result<Normalised, BaselineError> {
    let context = &measured.context;
    let none = || BaselineError::NoControl { context: context.name.clone() };
    let control = context.control_counts.as_ref().ok_or_else(none)?;
    let asked = Task {
        training: training.folds.iter().collect(),
        context: &context.name,
        cell_type: &context.cell_type,
        control,
        perturbation: name,
        count,
        seed: SEED,
    };
    draw(&if typed { asked.of_same_cell_type() } else { asked }).map(|counts| log_normalise(&counts, context.target))
}

/// Control cells of the same distribution: its effects are against its own controls, as a model's are.
fn drawn_control(context: &Context) -> Option<Normalised> {
    let control = context.control_counts.as_ref()?;
    let drawn = NegativeBinomial::fit(control).draw_like(control, control.cells(), SEED + 1);
    Some(log_normalise(&drawn, context.target))
}
