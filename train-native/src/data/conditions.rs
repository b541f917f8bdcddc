//! Condition slots: their values, their tokens, how often each combination was seen.
//!
//! Does: bins of library sizes, values of every slot with the next free tokens, condition tokens of cells,
//! frequencies of depths and numbers of cells of every combination for the card.
//! Does not know: counts of genes, which cells train.
//! Flow: labels of the training cells + recipe → **conditions [C] and condition tokens [cells, C]**.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use cells::Column;
use model::card::{Condition, Kind, Value};
use model::pairs::Pairs;
use model::quantise::FIRST_CONDITION;

use super::labels::{Labels, label};
use crate::recipe::{ConditionRecipe, Recipe};

/// Conditions of the chosen cells.
pub(super) fn build(labels: &Labels, chosen: &[usize], recipe: &Recipe) -> Result<Vec<Condition>> {
    let mut next = FIRST_CONDITION;
    recipe.conditions.iter().map(|condition| build_one(labels, chosen, condition, &mut next)).collect()
}

/// The slot of a condition with its values and tokens.
fn build_one(labels: &Labels, chosen: &[usize], recipe: &ConditionRecipe, next: &mut i32) -> Result<Condition> {
    let column = label(labels, &recipe.key).context("the recipe names a condition that the cells lack")?;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in chosen.iter().filter_map(|cell| column.text(*cell)).filter(|text| !text.is_empty()) {
        match counts.get_mut(text.as_ref()) {
            Some(count) => *count += 1,
            None => {
                counts.insert(text.into_owned(), 1);
            }
        }
    }
    if let Some(control) = recipe.control.as_ref().filter(|control| !counts.contains_key(*control)) {
        bail!("no training cell has {} = {control}, the control of the recipe", recipe.key);
    }
    let names: Vec<String> = match column {
        // Bins keep their order; names are sorted.
        Column::Categorical { categories, .. } if recipe.kind == Kind::Depth => categories.clone(),
        _ => counts.keys().cloned().collect(),
    };
    let mut token = || {
        *next += 1;
        *next - 1
    };
    let values = names
        .into_iter()
        .map(|value| Value {
            display: recipe.display.get(&value).cloned().unwrap_or_else(|| value.clone()),
            aliases: recipe.aliases.get(&value).cloned().unwrap_or_default(),
            origin: recipe.origins.get(&value).copied(),
            token: token(),
            cells: counts.get(&value).copied().unwrap_or(0),
            library_sizes: None,
            mean_total: None,
            value,
        })
        .collect();
    Ok(Condition {
        key: recipe.key.clone(),
        title: recipe.title.clone(),
        kind: recipe.kind,
        control: recipe.control.clone(),
        values,
        unspecified: (recipe.drop > 0.0).then(&mut token),
        frequencies: BTreeMap::new(),
        sizes: recipe.sizes.clone(),
    })
}

/// Condition tokens of the chosen cells, chosen × C.
pub(super) fn tokens(labels: &Labels, chosen: &[usize], conditions: &[Condition]) -> Result<Vec<i32>> {
    let mut tokens = vec![0; chosen.len() * conditions.len()];
    for (slot, condition) in conditions.iter().enumerate() {
        let column = label(labels, &condition.key)?;
        let of_value: BTreeMap<&str, i32> = condition.values.iter().map(|v| (v.value.as_str(), v.token)).collect();
        for (place, cell) in chosen.iter().enumerate() {
            let value = column.text(*cell);
            let token = value.as_deref().and_then(|value| of_value.get(value).copied()).or(condition.unspecified);
            let Some(token) = token else {
                bail!(
                    "cell number {cell} has {}, which no training cell has as `{}`; give the condition a drop above 0 to train without it",
                    value.filter(|text| !text.is_empty()).map_or("no value".to_owned(), |text| format!("{text:?}")),
                    condition.key
                );
            };
            tokens[place * conditions.len() + slot] = token;
        }
    }
    Ok(tokens)
}

/// Library sizes in bins of equal numbers of the `kept` cells; others fall into the same bins.
pub(super) fn depth_bins(sizes: &[u64], kept: &[usize], bins: usize) -> Column {
    let mut sorted: Vec<u64> = kept.iter().map(|cell| sizes[*cell]).collect();
    sorted.sort_unstable();
    let edges: Vec<u64> = (1..bins).filter_map(|bin| sorted.get(bin * sorted.len() / bins).copied()).collect();
    let mut names: Vec<String> = Vec::with_capacity(bins);
    for bin in 0..=edges.len() {
        names.push(match (bin.checked_sub(1).map(|below| edges[below]), edges.get(bin)) {
            (None, None) => "any".to_owned(),
            (None, Some(upper)) => format!("<{upper}"),
            (Some(lower), Some(upper)) => format!("{lower}-{}", upper.saturating_sub(1).max(lower)),
            (Some(lower), None) => format!(">={lower}"),
        });
    }
    let codes = sizes.iter().map(|size| edges.partition_point(|edge| edge <= size) as i32).collect();
    Column::Categorical { codes, categories: names }
}

/// The values of cells in the slot of a kind; empty where there is no such slot or value.
fn texts_of<'a>(labels: &'a Labels, conditions: &[Condition], kind: Kind) -> impl Fn(usize) -> String + use<'a> {
    let condition = conditions.iter().find(|condition| condition.kind == kind);
    let column = condition.and_then(|condition| labels.get(&condition.key));
    move |cell| column.and_then(|column| column.text(cell)).unwrap_or_default().into_owned()
}

/// Fewest cells of an identity, cell type and perturbation whose own library sizes are kept.
const OWN_DEPTHS: f64 = 20.0;

/// Whether a token of a condition stands for a perturbation other than the control; one that is left open does not.
pub(crate) fn is_perturbed(condition: &Condition, token: i32) -> bool {
    let value = condition.value_of(token);
    condition.kind == Kind::Perturbation && value.is_some() && value != condition.control.as_deref()
}

/// Pairs of context and perturbation that cells with these condition tokens (cells × C) have: cell type × perturbation;
/// where there is no cell type, line or donor × perturbation.
pub(super) fn pairs(conditions: &[Condition], tokens: &[i32]) -> Pairs {
    let slot = |kind| conditions.iter().position(|condition| condition.kind == kind);
    let context = slot(Kind::CellType).or_else(|| slot(Kind::Identity));
    let (Some(context), Some(perturbation)) = (context, slot(Kind::Perturbation)) else { return Pairs::default() };
    let (first, second) = (context.min(perturbation), context.max(perturbation));
    let mut found = BTreeSet::new();
    for own in tokens.chunks(conditions.len()) {
        let is_known = conditions[context].value_of(own[context]).is_some();
        if is_known && is_perturbed(&conditions[perturbation], own[perturbation]) {
            found.insert([own[first], own[second]]);
        }
    }
    Pairs::new(found)
}

/// Writes smallest and largest library size of every bin into the conditions.
pub(super) fn measure_depths(conditions: &mut [Condition], tokens: &[i32], sizes: impl Fn(usize) -> u64) {
    let c = conditions.len();
    for (slot, condition) in conditions.iter_mut().enumerate().filter(|(_, own)| own.kind == Kind::Depth) {
        for value in &mut condition.values {
            let own = (0..tokens.len() / c).filter(|cell| tokens[cell * c + slot] == value.token);
            let sizes = own.map(|cell| u32::try_from(sizes(cell)).unwrap_or(u32::MAX));
            let range = sizes.fold(None, |range: Option<[u32; 2]>, size| {
                let [low, high] = range.unwrap_or([size, size]);
                Some([low.min(size), high.max(size)])
            });
            value.library_sizes = range;
        }
    }
}

/// Writes the mean UMIs of the whole cells of every bin into the conditions whose bins were made from such a label.
pub(super) fn measure_totals(conditions: &mut [Condition], tokens: &[i32], totals: &[u64]) {
    let c = conditions.len();
    for (slot, condition) in conditions.iter_mut().enumerate().filter(|(_, own)| own.sizes.is_some()) {
        for value in &mut condition.values {
            let own = (0..totals.len()).filter(|cell| tokens[cell * c + slot] == value.token);
            let (sum, cells) = own.fold((0.0, 0_usize), |(sum, cells), cell| (sum + totals[cell] as f64, cells + 1));
            value.mean_total = (cells > 0).then(|| sum / cells as f64);
        }
    }
}

/// Writes how library sizes are distributed into the conditions: for every cell type and perturbation, and where there
/// are enough cells for every identity besides (`model::choices` looks them up).
pub(super) fn count_depths(conditions: &mut [Condition], labels: &Labels, chosen: &[usize], tokens: &[i32]) {
    let (cell_type, perturbation) =
        (texts_of(labels, conditions, Kind::CellType), texts_of(labels, conditions, Kind::Perturbation));
    let identity = texts_of(labels, conditions, Kind::Identity);
    let c = conditions.len();
    for (slot, condition) in conditions.iter_mut().enumerate().filter(|(_, c)| c.kind == Kind::Depth) {
        let mut frequencies: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (place, cell) in chosen.iter().enumerate() {
            let token = tokens[place * c + slot];
            let Some(value) = condition.values.iter().position(|value| value.token == token) else { continue };
            let like = format!("{}|{}", cell_type(*cell), perturbation(*cell));
            let own = format!("{}|{like}", identity(*cell));
            for key in BTreeSet::from([own, like, String::new()]) {
                let list = frequencies.entry(key).or_insert_with(|| vec![0.0; condition.values.len()]);
                list[value] += 1.0;
            }
        }
        frequencies.retain(|key, cells| key.matches('|').count() < 2 || cells.iter().sum::<f64>() >= OWN_DEPTHS);
        condition.frequencies = frequencies;
    }
}

/// Training cells of every combination of donor, cell type and perturbation, joined by `|`.
pub(super) fn combinations(
    conditions: &[Condition],
    labels: &Labels,
    chosen: &[usize],
) -> Result<BTreeMap<String, usize>> {
    let slots = conditions.iter().filter(|condition| condition.kind != Kind::Depth);
    let columns = slots.map(|condition| label(labels, &condition.key)).collect::<Result<Vec<_>>>()?;
    let mut counts = BTreeMap::new();
    for cell in chosen {
        let values: Vec<_> = columns.iter().map(|column| column.text(*cell).unwrap_or_default()).collect();
        *counts.entry(values.join("|")).or_insert(0) += 1;
    }
    Ok(counts)
}
