//! The six metrics of the Virtual Cell Challenge 2026 of any prediction.
//!
//! Does: reads counts of measured and predicted perturbations, scores every context against the measured controls,
//! beside a copy of the controls and the other half of the measured cells.
//! Does not know: how the metrics are computed (`cells::referee::challenge`).
//! Flow: groups → `cells::referee::challenge` → **table**.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use cells::Counts;
use cells::baselines::split_halves;
use cells::h5ad::Expression;
use cells::referee::challenge::scoring::MEMBERS;
use cells::referee::challenge::{Control, Digest, digest, report};
use cells::referee::{Values, means};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::asked::{Asked, common};
use super::entry::SEED;
use super::groups::{self, Groups, Key, Wanted};

/// Perturbations of a context.
type Group = BTreeMap<String, Counts>;

/// Counts by context; log-normalised cells have none.
fn counted(groups: Groups, name: &str) -> Result<BTreeMap<String, Group>> {
    let mut contexts: BTreeMap<String, Group> = BTreeMap::new();
    for (Key { context, perturbation, .. }, group) in groups {
        let Expression::Counts(counts) = group else {
            bail!("{name} holds log-normalised expression; the challenge's metrics are of raw counts")
        };
        contexts.entry(context).or_default().insert(perturbation, counts);
    }
    Ok(contexts)
}

/// Every perturbation's digest, in parallel.
fn digests(control: &Control, group: &Group) -> Result<Vec<Digest>> {
    let all: Vec<(&String, &Counts)> = group.iter().collect();
    Ok(all.into_par_iter().map(|(name, counts)| digest(control, name, counts)).collect::<Result<_, _>>()?)
}

/// Scores of one side over all contexts.
fn scored(
    genes: &[String],
    real: &BTreeMap<String, (Counts, Group)>,
    predicted: impl Fn(&str, &Counts, &Group) -> Option<(Group, Group)>,
) -> Result<Values> {
    let mut found = Vec::new();
    for (context, (control, measured)) in real {
        let Some((measured, predicted)) = predicted(context, control, measured) else { continue };
        let control = Control::new(control, genes)?;
        let sides = [digests(&control, &measured)?, digests(&control, &predicted)?];
        found.push(report(&control, &sides[0], &sides[1]).with_context(|| context.clone())?.mean);
    }
    Ok(means(&found))
}

/// The six metrics of every prediction as a Markdown table, means over the contexts.
///
/// # Errors
/// When a file cannot be read or holds no counts, or the metrics are not defined on these cells.
pub fn challenge(asked: &Asked) -> Result<String> {
    let (groups, notes) = common(asked)?;
    let names: BTreeSet<&String> = groups.iter().map(|key| &key.perturbation).collect();
    let read = |path, columns, panel| groups::read(path, columns, Wanted { panel, groups: Some(&groups) });
    let (genes, measured) = read(&asked.real, &asked.columns, None)?;
    let mut real = BTreeMap::new();
    for (context, mut group) in counted(measured, "--real")? {
        if let Some(control) = group.remove(&asked.columns.control) {
            real.insert(context, (control, group));
        }
    }
    let columns = groups::Columns { part: None, ..asked.columns.clone() };
    let mut rows: Vec<(String, Values)> = Vec::new();
    for (name, path) in &asked.predicted {
        let predicted = counted(read(path, &columns, Some(&genes))?.1, name)?;
        let of = |context: &str, _: &Counts, measured: &Group| {
            let mut own = predicted.get(context)?.clone();
            own.retain(|name, _| names.contains(name) && measured.contains_key(name));
            Some((measured.clone(), own))
        };
        rows.push((name.clone(), scored(&genes, &real, of)?));
    }
    let copy = |_: &str, control: &Counts, measured: &Group| {
        Some((measured.clone(), measured.keys().map(|name| (name.clone(), control.clone())).collect()))
    };
    rows.push(("control copy".to_owned(), scored(&genes, &real, copy)?));
    let half = |_: &str, _: &Counts, measured: &Group| {
        let cut = |counts: &Counts| split_halves(&(0..counts.cells()).collect::<Vec<_>>(), SEED);
        let split: BTreeMap<&String, (Vec<usize>, Vec<usize>)> =
            measured.iter().filter(|(_, own)| own.cells() >= 2).map(|(name, own)| (name, cut(own))).collect();
        let side = |second: bool| {
            let of = |(name, (a, b)): (&&String, &(Vec<usize>, Vec<usize>))| {
                ((*name).clone(), measured[*name].select_cells(if second { b } else { a }))
            };
            split.iter().map(of).collect::<Group>()
        };
        (!split.is_empty()).then(|| (side(false), side(true)))
    };
    rows.push(("other half of the measured".to_owned(), scored(&genes, &real, half)?));
    let header: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("| metric | {} |\n|---|{}\n", header.join(" | "), "---|".repeat(rows.len()));
    for member in MEMBERS {
        let show = |values: &Values| values.get(member).map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
        let cells: Vec<String> = rows.iter().map(|(_, values)| show(values)).collect();
        text.push_str(&format!("| {} | {} |\n", member, cells.join(" | ")));
    }
    notes.iter().for_each(|note| text.push_str(&format!("\n{note}.\n")));
    Ok(text)
}
