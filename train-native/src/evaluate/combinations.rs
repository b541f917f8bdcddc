//! Several perturbations at once: what a bundle composes from single ones against cells that really have them.
//!
//! Does: has the bundle write cells under combinations that it never saw, for the donors that its split tests, and
//! scores them; the baselines add the effects of the single perturbations in the training donors.
//! Does not know: how combined cells were made or measured, how metrics are computed (`cells::referee`).
//! Flow: bundle + cells of combinations + training cells + split → **sections** → table, card.

use anyhow::{Result, ensure};
use cells::Cells;
use cells::referee::Rules;
use cells::signatures::AND;
use cells::splits::Split;
use model::bundle::Bundle;

use super::{Found, Keys, Known, Settings, predict, predictions, section};
use crate::judge::report::Section;
use crate::panels::{aligned, sized};

/// What the sections' titles begin with.
pub const TITLE: &str = "Several at once";

/// Cells of combinations and their controls, of tested identities only.
fn tested(combined: &Cells, single: &Cells, test: &[usize], keys: &Keys) -> Result<Cells> {
    let label = combined.label(&keys.perturbation)?;
    let text = |cell: usize| label.text(cell).map(|text| text.into_owned()).unwrap_or_default();
    let is_combined = |cell: usize| text(cell).contains(AND);
    let identities = match &keys.identity {
        Some(key) => {
            let (tested, own) = (single.label(key)?, combined.label(key)?);
            let tested: Vec<_> = test.iter().filter_map(|cell| tested.text(*cell)).collect();
            Some((tested, own))
        }
        None => None,
    };
    let is_tested = |cell: usize| {
        let of = |(tested, own): &(Vec<_>, &cells::Column)| own.text(cell).is_some_and(|own| tested.contains(&own));
        identities.as_ref().is_none_or(of)
    };
    let chosen: Vec<usize> = (0..combined.len())
        .filter(|cell| is_tested(*cell) && (is_combined(*cell) || text(*cell) == keys.control))
        .collect();
    ensure!(
        chosen.iter().any(|cell| is_combined(*cell)),
        "no cell of a tested {} has several values in {}, joined by {AND}",
        keys.identity.as_deref().unwrap_or("group"),
        keys.perturbation
    );
    Ok(combined.select(&chosen))
}

/// Scores combinations on the identities of a split's test part: by cell type, and all types together.
///
/// # Errors
/// When the bundle lacks a perturbation or one of the combined values, labels are missing, training holds one of the
/// combinations, or too few cells are there.
pub fn combinations(
    bundle: &Bundle,
    combined: &Cells,
    cells: &Cells,
    split: &Split,
    settings: &Settings,
    rules: Rules<'_>,
) -> Result<Vec<Section>> {
    let keys = Keys::of(bundle)?;
    let panel = &bundle.card.genes;
    let combined = &sized(aligned(combined, panel, "the combined cells", "the bundle")?, &bundle.card)?;
    let cells = &sized(aligned(cells, panel, "the measured cells", "the bundle")?, &bundle.card)?;
    let parts = split.apply(cells)?;
    let measured = tested(combined, cells, &parts.test, &keys)?;
    let training = cells.select(&parts.training);
    let label = training.label(&keys.perturbation)?;
    let seen = (0..training.len()).find_map(|cell| label.text(cell).filter(|text| text.contains(AND)));
    ensure!(
        seen.is_none(),
        "the training cells hold combinations already ({}): give the cells that the bundle was trained on",
        seen.unwrap_or_default()
    );
    let generated = predict::predict(bundle, &measured, &keys, settings)?;
    let predicted = predictions(&measured, Known::Cells(&training), &generated, &keys, settings)?;
    let found = Found { measured: &measured, training: &training, predicted };
    let typed = keys.columns(&[&keys.identity, &keys.cell_type]);
    let mut sections = Vec::new();
    if keys.cell_type.is_some() {
        sections.extend(section(&format!("{TITLE}, cell type by cell type"), &typed, &found, rules)?);
    }
    sections.extend(section(
        &format!("{TITLE}, all cell types together"),
        &keys.columns(&[&keys.identity]),
        &found,
        rules,
    )?);
    let mut sections: Vec<Section> = sections.into_iter().map(|(section, _)| section).collect();
    ensure!(!sections.is_empty(), "no combination has {} cells and as many controls", super::FEWEST);
    let added = "baselines add what the single perturbations do in the training donors; none saw a combination";
    sections.iter_mut().for_each(|section| section.verdict.notes.push(added.to_owned()));
    Ok(sections)
}
