//! Held-out donors: predicted against measured responses, beside PerturbMean and the ceiling.
//!
//! Does: for every held-out donor × cell type with enough measured cells, generates control and
//! perturbed cells and scores their effects; the same for the baseline and for one half of the
//! measured cells against the other. Prints a table and writes the scores into the bundle's card.
//! Does not know: how metrics are computed (`cells::metrics`).
//! Flow: bundle + measured h5ad → **scores**.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, ensure};
use cells::baselines::{perturb_mean, split_halves};
use cells::de::{GeneShift, compare};
use cells::metrics::{differential_expression_score, effect, mean_absolute_error, pearson_delta};
use cells::normalise::{Normalised, Target, log_normalise};
use cells::{Cells, Counts};
use indicatif::ProgressBar;
use model::bundle::Bundle;
use model::card::{Choices, Kind, Metrics, Score};
use model::sample::Effort;

use crate::generate::generate;

/// Fewest measured cells on each side for a group to be scored.
const FEWEST: usize = 15;
/// Most cells generated per donor and condition: more than were measured of the larger held-out donor.
const MOST_GENERATED: usize = 240;

/// What `evaluate` was asked to do.
pub struct Settings {
    /// Guidance.
    pub guidance: f32,
    /// Sampling steps.
    pub steps: usize,
    /// Seed.
    pub seed: u64,
}

/// One side-by-side comparison in log-normalised space.
struct Side {
    control: Normalised,
    perturbed: Normalised,
}

impl Side {
    fn effect(&self) -> Vec<f64> {
        effect(&self.perturbed.mean(), &self.control.mean())
    }
}

/// Measured cells by donor, type and condition.
struct Measured<'a> {
    cells: &'a Cells,
    keys: [String; 3],
    control: String,
    target: f64,
}

impl Measured<'_> {
    /// Cells of a donor, a type ("all": any) and a condition.
    fn of(&self, donor: &str, cell_type: &str, condition: &str) -> Vec<usize> {
        let wanted = [donor, cell_type, condition];
        (0..self.cells.len())
            .filter(|cell| {
                self.keys.iter().zip(wanted).all(|(key, value)| {
                    let text = self.cells.labels.get(key).and_then(|column| column.text(*cell));
                    (value == "all" && *key == self.keys[1]) || text.as_deref() == Some(value)
                })
            })
            .collect()
    }

    fn normalised(&self, cells: &[usize]) -> Normalised {
        log_normalise(&self.cells.counts.select_cells(cells), Target::Sum(self.target))
    }
}

/// Metrics of a prediction; `shifts` are its differential expression.
fn metrics(
    real: &Side,
    real_shifts: &[GeneShift],
    predicted: &Side,
    pseudobulk: &[f64],
    shifts: &[GeneShift],
) -> Metrics {
    let finite = |value: f64| value.is_finite().then_some(value);
    Metrics {
        pearson_delta: finite(pearson_delta(&real.effect(), &effect(pseudobulk, &predicted.control.mean()))),
        mae: finite(mean_absolute_error(&real.perturbed.mean(), pseudobulk)),
        des: finite(differential_expression_score(real_shifts, shifts)),
    }
}

/// Generated cells of a donor under one condition, each cell type apart and in measured proportions.
struct Predicted {
    by_type: BTreeMap<String, Counts>,
}

impl Predicted {
    /// Cells of a type, or of all.
    fn normalised(&self, cell_type: &str, genes: usize, target: f64) -> Result<Normalised> {
        let mut counts = Counts::empty(genes);
        for (own, cells) in &self.by_type {
            if cell_type == "all" || own == cell_type {
                counts.append(cells)?;
            }
        }
        Ok(log_normalise(&counts, Target::Sum(target)))
    }
}

/// Generates twice as many cells of each type as were measured, [`MOST_GENERATED`] in all at most.
fn predict(
    bundle: &Bundle,
    settings: &Settings,
    measured: &Measured<'_>,
    donor: &str,
    condition: &str,
) -> Result<Predicted> {
    let column = measured.cells.labels.get(&measured.keys[1]);
    let mut mix: BTreeMap<String, usize> = BTreeMap::new();
    let own = measured.of(donor, "all", condition);
    for cell in &own {
        let own_type = column.and_then(|column| column.text(*cell)).unwrap_or_default();
        *mix.entry(own_type.into_owned()).or_default() += 1;
    }
    let wanted = MOST_GENERATED.min(2 * own.len()).max(100);
    let mut by_type = BTreeMap::new();
    for (cell_type, share) in mix {
        let values = [donor, &cell_type, condition].map(|value| vec![value.to_owned()]);
        let choices = Choices {
            with: measured.keys.iter().cloned().zip(values).filter(|(key, _)| !key.is_empty()).collect(),
            guidance: settings.guidance,
            steps: settings.steps,
            cells: (wanted * share).div_ceil(own.len()),
            seed: settings.seed,
            clamp: Vec::new(),
        };
        let cells = generate(bundle, &choices, Effort::GPU, &ProgressBar::hidden())?;
        by_type.insert(cell_type, cells.counts);
    }
    Ok(Predicted { by_type })
}

/// PerturbMean as cells: the donor's control cells moved by the mean effect, cut at zero.
fn baseline(
    measured: &Measured<'_>,
    donors: &[String],
    cell_type: &str,
    condition: &str,
    control: &[usize],
) -> (Vec<f64>, Normalised) {
    let effects: Vec<Vec<f64>> = donors
        .iter()
        .filter_map(|donor| {
            let perturbed = measured.of(donor, cell_type, condition);
            let own = measured.of(donor, cell_type, &measured.control);
            if perturbed.len() < 3 || own.len() < 3 {
                return None;
            }
            Some(effect(&measured.normalised(&perturbed).mean(), &measured.normalised(&own).mean()))
        })
        .collect();
    let own = measured.normalised(control);
    let pseudobulk = perturb_mean(&own.mean(), &effects);
    let shift = effect(&pseudobulk, &own.mean());
    (pseudobulk, own.shifted(&shift))
}

/// Scores one group.
fn score_group(
    settings: &Settings,
    measured: &Measured<'_>,
    donors: &[String],
    (donor, cell_type, condition): (&str, &str, &str),
    predictions: [&Predicted; 2],
) -> Result<Option<Score>> {
    let (perturbed, control) =
        (measured.of(donor, cell_type, condition), measured.of(donor, cell_type, &measured.control));
    if perturbed.len() < FEWEST || control.len() < FEWEST {
        return Ok(None);
    }
    let real = Side { control: measured.normalised(&control), perturbed: measured.normalised(&perturbed) };
    let real_shifts = compare(&real.control, &real.perturbed)?;
    let [control_cells, perturbed_cells] =
        predictions.map(|cells| cells.normalised(cell_type, measured.cells.genes.len(), measured.target));
    let side = Side { control: control_cells?, perturbed: perturbed_cells? };
    let shifts = compare(&side.control, &side.perturbed)?;
    let model = metrics(&real, &real_shifts, &side, &side.perturbed.mean(), &shifts);

    let (pseudobulk, moved) = baseline(measured, donors, cell_type, condition, &control);
    let moved_shifts = compare(&real.control, &moved)?;
    let same_control = Side { control: real.control.clone(), perturbed: moved };
    let baseline = metrics(&real, &real_shifts, &same_control, &pseudobulk, &moved_shifts);

    let halves = |cells: &[usize]| {
        let (first, second) = split_halves(cells, settings.seed);
        (measured.normalised(&first), measured.normalised(&second))
    };
    let ((perturbed_a, perturbed_b), (control_a, control_b)) = (halves(&perturbed), halves(&control));
    let (first, second) =
        (Side { control: control_a, perturbed: perturbed_a }, Side { control: control_b, perturbed: perturbed_b });
    let first_shifts = compare(&first.control, &first.perturbed)?;
    let second_shifts = compare(&second.control, &second.perturbed)?;
    let ceiling = metrics(&first, &first_shifts, &second, &second.perturbed.mean(), &second_shifts);
    Ok(Some(Score {
        donor: donor.to_owned(),
        cell_type: cell_type.to_owned(),
        condition: condition.to_owned(),
        cells: perturbed.len(),
        control_cells: control.len(),
        model,
        baseline,
        ceiling,
    }))
}

/// Scores every held-out donor × cell type of the bundle's perturbations on measured cells.
///
/// # Errors
/// When the bundle lacks a donor or perturbation slot, or labels are missing.
pub fn evaluate(
    bundle: &Bundle,
    cells: &Cells,
    held_out: &[(String, String)],
    settings: &Settings,
) -> Result<Vec<Score>> {
    let key = |kind: Kind, what: &str| -> Result<String> {
        let condition = bundle.card.of_kind(kind);
        ensure!(condition.is_some(), "this bundle has no {what}; there is nothing to hold out");
        Ok(condition.map(|condition| condition.key.clone()).unwrap_or_default())
    };
    // A bundle without cell types is scored on all cells together.
    let cell_type = bundle.card.of_kind(Kind::CellType).map(|condition| condition.key.clone()).unwrap_or_default();
    let keys = [key(Kind::Identity, "donor")?, cell_type, key(Kind::Perturbation, "perturbation")?];
    let control = bundle.card.of_kind(Kind::Perturbation).and_then(|c| c.control.clone()).unwrap_or_default();
    let cells = cells.with_panel(&bundle.card.genes);
    let measured = Measured { cells: &cells, keys, control, target: bundle.card.target_sum };
    let mut types: Vec<String> = bundle
        .card
        .of_kind(Kind::CellType)
        .map(|c| c.values.iter().map(|v| v.value.clone()).collect())
        .unwrap_or_default();
    types.insert(0, "all".to_owned());
    let all_donors: Vec<String> = bundle
        .card
        .of_kind(Kind::Identity)
        .map(|c| c.values.iter().map(|v| v.value.clone()).collect())
        .unwrap_or_default();
    let mut scores = Vec::new();
    for (donor, condition) in held_out {
        let donors: Vec<String> = all_donors
            .iter()
            .filter(|known| !held_out.iter().any(|(out, with)| out == *known && with == condition))
            .cloned()
            .collect();
        let control = predict(bundle, settings, &measured, donor, &measured.control)?;
        let perturbed = predict(bundle, settings, &measured, donor, condition)?;
        for cell_type in &types {
            let group = (donor.as_str(), cell_type.as_str(), condition.as_str());
            scores.extend(score_group(settings, &measured, &donors, group, [&control, &perturbed])?);
        }
    }
    Ok(scores)
}

/// The scores as a Markdown table.
pub fn table(scores: &[Score]) -> String {
    let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let mut text =
        String::from("| donor | cell type | cells | | Pearson-Δ | MAE | DES |\n|---|---|---|---|---|---|---|\n");
    for score in scores {
        for (name, metrics) in [("model", score.model), ("PerturbMean", score.baseline), ("ceiling", score.ceiling)] {
            text.push_str(&format!(
                "| {} | {} | {} + {} control | {name} | {} | {} | {} |\n",
                score.donor,
                score.cell_type,
                score.cells,
                score.control_cells,
                show(metrics.pearson_delta),
                show(metrics.mae),
                show(metrics.des)
            ));
        }
    }
    text
}

/// Donor × perturbation pairs that a run folder's recipe holds out.
///
/// # Errors
/// When the run's recipe cannot be read.
pub fn held_out_of(run: &Path, bundle: &Bundle) -> Result<Vec<(String, String)>> {
    let recipe = crate::recipe::Recipe::read(&run.join(crate::train::RECIPE))?;
    let key = |kind| bundle.card.of_kind(kind).map(|condition| condition.key.clone()).unwrap_or_default();
    let (donor, perturbation) = (key(Kind::Identity), key(Kind::Perturbation));
    Ok(recipe
        .hold_out
        .iter()
        .filter_map(|group| Some((group.get(&donor)?.clone(), group.get(&perturbation)?.clone())))
        .collect())
}
