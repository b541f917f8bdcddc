//! Held-out groups: a bundle's cells against measured ones, beside baselines and the ceiling.
//!
//! Does: takes the test cells of a split and their controls, has the bundle write cells of the same kinds, and scores
//! them by donor and by donor and cell type; gives the scores that a bundle's card carries.
//! Does not know: how metrics are computed (`cells::referee`), how they are shown (`judge::report`).
//! Flow: bundle + measured cells + split → **evaluation** → report, card.

pub mod combinations;
pub mod crowd;
mod groups;
mod keys;
pub mod plausible;
mod predict;
pub mod pseudobulk;
mod regression;
pub mod rewriting;
mod settings;
pub mod together;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use cells::Cells;
use cells::referee::ceiling::Ceiling;
use cells::referee::{Rules, Side, Values};
use cells::splits::{Checked, Split, View, check};
use model::bundle::Bundle;
use model::card::{Entry as Line, Estimate, Metrics, Score, Summary};

use crate::data::TrainingSet;
use crate::judge::baselines::entries as baselines;
use crate::judge::groups::{Columns, Wanted, of_cells};
use crate::judge::regression::Fitting;
use crate::judge::report::{Section, pairs};
use crate::judge::sides::{contexts, enough};
use crate::judge::training::Training;
use crate::judge::{Entry, Kind, Truth, Verdict};
use crate::panels::{aligned, sized};
use crate::progress;
use keys::Keys;
use regression::Known;
pub use settings::Settings;

/// Fewest measured cells on each side for a group to be scored.
const FEWEST: usize = 15;
/// Most cells generated per donor and condition: more than were measured of the larger held-out donor.
pub const MOST_GENERATED: usize = 240;
/// Cells generated for every measured cell.
pub const TIMES_MEASURED: usize = 2;
/// Name of the bundle's line in the tables.
pub const MODEL: &str = "model";
/// The baseline that a card's scores stand beside.
const BASELINE: &str = "PerturbMean";

/// Measured cells of a context: controls, cells of every perturbation.
type Sizes = BTreeMap<String, (usize, BTreeMap<String, usize>)>;

/// Perturbations of a table that are shown gene by gene.
const SHOWN: usize = 2;

/// Everything that was measured of a bundle.
pub struct Evaluation {
    /// By donor and cell type, and by donor.
    pub sections: Vec<Section>,
    /// Lines of the bundle's card.
    pub scores: Vec<Score>,
    /// Measured test cells and their controls.
    pub measured: Cells,
    /// Generated cells.
    pub generated: Cells,
    /// Genes together, where there are enough measured cells.
    pub together: Option<Summary>,
    /// Training cells.
    pub training: Cells,
    /// What was held out.
    pub split: Split,
    /// Where the cells are not those that the split was made on, in words.
    pub changed: Vec<String>,
    /// What the leak check looked at.
    pub checked: Checked,
    /// obs columns of donor, cell type and perturbation, and the control.
    pub columns: Columns,
}

/// Cells of a split's test part with the control cells of their contexts; training cells.
fn parted(cells: &Cells, split: &Split, keys: &Keys) -> Result<(Cells, Vec<usize>, Vec<usize>)> {
    let parts = split.apply(cells)?;
    let text = |key: &Option<String>, cell: usize| {
        let column = key.as_ref().and_then(|key| cells.labels.get(key));
        column.and_then(|column| column.text(cell)).map(|text| text.into_owned())
    };
    let context = |cell: usize| (text(&keys.identity, cell), text(&keys.cell_type, cell));
    let tested: BTreeSet<_> = parts.test.iter().map(|cell| context(*cell)).collect();
    let perturbation = Some(keys.perturbation.clone());
    let is_control = |cell: usize| text(&perturbation, cell).as_deref() == Some(&keys.control);
    let mut chosen: Vec<usize> =
        (0..cells.len()).filter(|cell| is_control(*cell) && tested.contains(&context(*cell))).collect();
    chosen.extend(parts.test.iter().filter(|cell| !is_control(**cell)));
    ensure!(!parts.test.is_empty(), "no measured cell is in the test part of the split {}", split.name);
    Ok((cells.select(&chosen), parts.training, parts.test))
}

/// Perturbed cells of a prediction beside the measured control cells: what an effect is when nothing is lost to a
/// model's own controls.
fn beside_measured_controls(predicted: &Cells, measured: &Cells, columns: &Columns) -> Result<Cells> {
    let of = |cells: &Cells, control: bool| -> Vec<usize> {
        let column = cells.labels.get(&columns.perturbation);
        let text = |cell: usize| column.and_then(|column| column.text(cell)).map(|text| text.into_owned());
        (0..cells.len()).filter(|cell| (text(*cell).as_ref() == Some(&columns.control)) == control).collect()
    };
    Ok(predicted.select(&of(predicted, false)).joined(&measured.select(&of(measured, true)))?)
}

/// Cells that are scored and what they are held against.
struct Found<'a> {
    measured: &'a Cells,
    training: &'a Cells,
    /// Name, what it is, cells: the model first.
    predicted: Vec<(String, Kind, Cells)>,
}

/// Scores one kind of contexts.
fn section(title: &str, columns: &Columns, found: &Found<'_>, rules: Rules<'_>) -> Result<Option<(Section, Sizes)>> {
    let Found { measured, training, predicted } = found;
    let _scoring = progress::phase(format!("scoring: {}", title.to_lowercase()));
    let (real, _) = contexts(of_cells(measured, columns, Wanted::default())?.1, &columns.control);
    let mut notes = Vec::new();
    let real = enough(real, FEWEST, &mut notes);
    if real.is_empty() {
        return Ok(None);
    }
    let truth = Truth::new(measured.genes.clone(), real, rules)?;
    let wanted = Wanted { panel: Some(&measured.genes), groups: None };
    let sides = |cells: &Cells| -> Result<BTreeMap<String, Side>> {
        let (predicted, _) = contexts(of_cells(cells, columns, wanted)?.1, &columns.control);
        Ok(predicted.into_iter().map(|context| (context.name, context.side)).collect())
    };
    let mut training = Training::new(of_cells(training, columns, wanted)?.1, &columns.control)?;
    training.add_together(&truth);
    // The regression is among the predictions, cell type by cell type: it has the labels themselves.
    training.fitting = Fitting::default();
    let mut entries = Vec::new();
    let mut shown = Vec::new();
    for (name, kind, cells) in predicted {
        let sides = sides(cells)?;
        if shown.is_empty() {
            shown = pairs(&truth, &sides, SHOWN)?;
        }
        entries.push(truth.score(name, *kind, &sides)?);
    }
    let (found, without) = baselines(&truth, Some(&training))?;
    entries.extend(found);
    notes.extend(without);
    entries.extend(truth.ceiling(Ceiling::Halves)?);
    let cells = truth
        .contexts
        .iter()
        .map(|own| {
            let side = &own.context.side;
            let perturbed = side.perturbed.iter().map(|(name, cells)| (name.clone(), cells.cells())).collect();
            (own.context.name.clone(), (side.control.cells(), perturbed))
        })
        .collect();
    let verdict = Verdict { entries, notes };
    Ok(Some((Section { title: title.to_owned(), verdict, pairs: shown }, cells)))
}

/// The three metrics of a card. Overlap has no number where there is nothing to find: the referee's 0 would look like a
/// failure.
fn metrics(values: Option<&Values>) -> Metrics {
    let of = |name: &str| values.and_then(|own| own.get(name)).copied().filter(|value| value.is_finite());
    let any = of("de_nsig_counts_real").is_some_and(|count| count > 0.0);
    Metrics { pearson_delta: of("pearson_delta"), mae: of("mae"), des: of("overlap_at_N").filter(|_| any) }
}

/// Lines of the card: every context and perturbation of a section.
fn lines(section: &Section, sizes: &Sizes, typed: bool) -> Vec<Score> {
    let of = |entry: &str, context: &str, name: &str| {
        let entry = section.verdict.entries.iter().find(|own| own.name == entry);
        metrics(entry.and_then(|own| own.contexts.get(context)).and_then(|report| report.perturbations.get(name)))
    };
    let mut scores = Vec::new();
    for (context, (control_cells, perturbed)) in sizes {
        let (donor, cell_type) = match context.rsplit_once(" · ").filter(|_| typed) {
            Some((donor, cell_type)) => (donor.to_owned(), cell_type.to_owned()),
            None => (context.clone(), "all".to_owned()),
        };
        for (name, count) in perturbed {
            scores.push(Score {
                donor: donor.clone(),
                cell_type: cell_type.clone(),
                condition: name.clone(),
                cells: *count,
                control_cells: *control_cells,
                model: of(MODEL, context, name),
                baseline: of(BASELINE, context, name),
                ceiling: of("ceiling, halves", context, name),
            });
        }
    }
    scores
}

/// What an entry is, as a card says it.
fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Prediction => "prediction",
        Kind::Baseline => "baseline",
        Kind::Ceiling => "ceiling",
    }
}

/// What a card says of the sections: every metric of every entry, with its interval.
pub fn summaries(sections: &[Section]) -> Vec<Summary> {
    let line = |entry: &Entry| Line {
        name: entry.name.clone(),
        kind: kind_word(entry.kind).to_owned(),
        metrics: entry
            .mean
            .iter()
            .filter(|(_, value)| value.is_finite())
            .map(|(name, value)| {
                let interval = entry.intervals.get(name).filter(|(low, high)| low.is_finite() && high.is_finite());
                let (low, high) = (interval.map(|own| own.0), interval.map(|own| own.1));
                ((*name).to_owned(), Estimate { value: *value, low, high })
            })
            .collect(),
    };
    let groups = |entry: &Entry| entry.contexts.values().map(|report| report.perturbations.len()).sum();
    let of_section = |section: &Section| Summary {
        title: section.title.clone(),
        groups: section.verdict.entries.first().map_or(0, groups),
        entries: section.verdict.entries.iter().map(line).collect(),
    };
    sections.iter().map(of_section).collect()
}

/// What is added to the name of a prediction whose perturbed cells are held against measured control cells.
const MEASURED_CONTROLS: &str = ", measured controls";

/// The model's cells and the regression's, each against its own control cells and against the measured ones.
fn predictions(
    measured: &Cells,
    known: Known<'_>,
    generated: &Cells,
    keys: &Keys,
    settings: &Settings,
) -> Result<Vec<(String, Kind, Cells)>> {
    let columns = keys.columns(&[&keys.identity]);
    let regression = regression::drawn(known, measured, generated, keys, settings.seed)?;
    let mut all = Vec::new();
    for (name, kind, cells) in
        [(MODEL, Kind::Prediction, generated), (regression::REGRESSION, Kind::Baseline, &regression)]
    {
        all.push((name.to_owned(), kind, cells.clone()));
        let beside = beside_measured_controls(cells, measured, &columns)?;
        all.push((format!("{name}{MEASURED_CONTROLS}"), kind, beside));
    }
    Ok(all)
}

/// What is said where a bundle trained on more cells than those that it is scored with.
fn more_cells(set: &TrainingSet, training: usize) -> String {
    format!(
        "the model knows the {} training cells of the store, the regression {} of them, the other baselines the {training} of \
         the file that is scored",
        set.count(),
        set.cells.len()
    )
}

/// Scores a bundle on the test part of a split. `set` are the training cells of a run on a store, of which `cells` are
/// those of one source: the regression is fitted to all of them, as the model was.
///
/// # Errors
/// When the bundle lacks a perturbation, labels are missing, training and test cells overlap, or too few cells were
/// measured.
pub fn evaluate(
    bundle: &Bundle,
    cells: &Cells,
    mut split: Split,
    set: Option<&TrainingSet>,
    settings: &Settings,
    rules: Rules<'_>,
) -> Result<Evaluation> {
    if let Some(set) = set {
        ensure!(set.cells.genes == bundle.card.genes, "the store's panel is not the bundle's; was it trained on it?");
    }
    let keys = Keys::of(bundle)?;
    let cells = sized(aligned(cells, &bundle.card.genes, "the measured cells", "the bundle")?, &bundle.card)?;
    let checking = progress::phase("checking that no held-out cell is a training cell");
    let (measured, training, test) = parted(&cells, &split, &keys)?;
    let checked = check(View::of(&cells, &training), View::of(&cells, &test), &split)?;
    let changed = if split.fingerprint.is_some() { split.differences(&cells)? } else { Vec::new() };
    if split.fingerprint.is_none() {
        split.fingerprint = Some(split.fingerprint_of(&cells)?);
    }
    drop(checking);
    let generated = predict::predict(bundle, &measured, &keys, settings)?;
    let training = cells.select(&training);
    let (whole, typed) = (keys.columns(&[&keys.identity]), keys.columns(&[&keys.identity, &keys.cell_type]));
    let known = set.map_or(Known::Cells(&training), Known::Set);
    let predicted = predictions(&measured, known, &generated, &keys, settings)?;
    let sides: Vec<(&str, &str, &Cells)> = predicted
        .iter()
        .filter(|(name, ..)| !name.ends_with(MEASURED_CONTROLS))
        .map(|(name, kind, cells)| (name.as_str(), kind_word(*kind), cells))
        .collect();
    let comparing = progress::phase("comparing how genes vary together");
    let together = together::together(&measured, &training, &sides, &keys, settings.sets.as_deref(), settings.seed)?;
    drop(comparing);
    let found = Found { measured: &measured, training: &training, predicted };
    let mut sections = Vec::new();
    let mut scores = Vec::new();
    // Cell type by cell type comes first: it is what nobody can reach by getting the mixture right.
    if keys.cell_type.is_some()
        && let Some((section, sizes)) = section("Cell type by cell type", &typed, &found, rules)?
    {
        scores.extend(lines(&section, &sizes, keys.identity.is_some()));
        sections.push(section);
    }
    if let Some((section, sizes)) = section("All cell types together", &whole, &found, rules)? {
        scores.extend(lines(&section, &sizes, false));
        sections.push(section);
    }
    let more = set.map(|set| more_cells(set, training.len()));
    sections.iter_mut().for_each(|section| section.verdict.notes.extend(more.clone()));
    ensure!(!sections.is_empty(), "no held-out group has {FEWEST} measured cells and {FEWEST} control cells");
    scores.sort_by(|a, b| {
        (&a.donor, a.cell_type != "all", &a.cell_type).cmp(&(&b.donor, b.cell_type != "all", &b.cell_type))
    });
    Ok(Evaluation {
        sections,
        scores,
        measured,
        generated,
        together,
        training,
        split,
        changed,
        checked,
        columns: typed,
    })
}

/// The lines of a card as a Markdown table.
pub fn table(scores: &[Score]) -> String {
    let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let mut text = String::from(
        "| donor | cell type | perturbation | cells | | Pearson-Δ | MAE | DES |\n|---|---|---|---|---|---|---|---|\n",
    );
    for score in scores {
        for (name, metrics) in [(MODEL, score.model), (BASELINE, score.baseline), ("ceiling", score.ceiling)] {
            text.push_str(&format!(
                "| {} | {} | {} | {} + {} control | {name} | {} | {} | {} |\n",
                score.donor,
                score.cell_type,
                score.condition,
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
