//! Splits made and checked from the command line.
//!
//! Does: turns arguments into the rules of `cells::splits`, writes the split, says how many cells each part has; checks a
//! split for leaks.
//! Does not know: how a rule draws.
//! Flow: h5ad file + rule → `cells::splits` → **split.json**.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cells::Cells;
use cells::splits::{
    Checked, Choice, Condition, Control, ParseShape, Split, View, check, given, held_out_contexts,
    held_out_perturbations, parse,
};
use train_native::data::read_cells;
use train_native::files::write_atomic;
use train_native::output::print;
use train_native::panels::aligned;

use crate::cli::MakeSplit;

/// A split file.
pub(crate) fn read_split(path: &Path) -> Result<Split> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no split that this version reads", path.display()))
}

/// What the leak check looked at, in words.
pub(crate) fn looked(checked: &Checked) -> String {
    let warnings = checked.warnings().join("; ");
    let beside = if warnings.is_empty() { String::new() } else { format!(" ({warnings})") };
    format!("none of {} training cells is among {} held-out ones{beside}", checked.training, checked.held_out)
}

/// Names separated by commas, or a share.
fn choice(words: &str) -> Choice {
    match words.parse::<f64>() {
        Ok(share) if words.contains('.') => Choice::Share(share),
        _ => Choice::Values(names(words)),
    }
}

fn names(words: &str) -> Vec<String> {
    words.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// KEY=VALUE,KEY=VALUE.
fn condition(words: &str) -> Result<Condition> {
    let pair = |part: &str| {
        let (key, value) = part.split_once('=').with_context(|| format!("{part:?} is not KEY=VALUE"))?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    words.split(',').map(pair).collect()
}

/// The split that the arguments ask for.
fn made(asked: &MakeSplit, cells: &Cells) -> Result<Split> {
    let control = Control::kept(asked.pert_col.clone(), asked.control.clone());
    let labels = &cells.labels;
    let split = if let Some(words) = &asked.perturbations {
        held_out_perturbations(labels, &control, &Choice::none(), &choice(words), asked.seed)?
    } else if let Some(words) = &asked.contexts {
        let (column, values) = words.split_once('=').with_context(|| format!("{words:?} is not COLUMN=VALUES"))?;
        let test = choice(values);
        held_out_contexts(labels, column.trim(), Some(&control), &Choice::none(), &test, asked.seed)?
    } else if asked.parse {
        let named = asked.test_donors.as_deref().map(names);
        let numbers: Vec<usize> = names(&asked.donors).iter().filter_map(|number| number.parse().ok()).collect();
        let &[training_donors, validation_donors, test_donors] = numbers.as_slice() else {
            bail!("--donors is {:?}; give three numbers, such as 6,2,4", asked.donors)
        };
        let named_test_donors = named;
        let shape =
            ParseShape { training_donors, validation_donors, test_donors, named_test_donors, ..ParseShape::default() };
        parse(labels, &asked.donor_col, &control, &shape, asked.seed)?
    } else {
        let test = asked.test.iter().map(|words| condition(words)).collect::<Result<_>>()?;
        given(labels, &asked.name, "Groups named by hand.", Some(control), Vec::new(), test)?
    };
    Ok(Split { name: asked.name.clone(), ..split })
}

/// Makes or checks a split.
pub(crate) fn split(asked: MakeSplit) -> Result<()> {
    let cells = read_cells(&asked.data)?;
    if let Some(path) = &asked.check {
        let split = read_split(path)?;
        let parts = split.apply(&cells)?;
        let test = View::of(&cells, &parts.test);
        let checked = match &asked.train {
            Some(path) => {
                let training = aligned(&read_cells(path)?, &cells.genes, "the training cells", "the held-out cells")?;
                check(View::whole(&training), test, &split)?
            }
            None => check(View::of(&cells, &parts.training), test, &split)?,
        };
        print(&format!("{}\n", looked(&checked)));
        if split.fingerprint.is_some() {
            split.differences(&cells)?.iter().for_each(|words| print(&format!("{words}\n")));
        }
        return Ok(());
    }
    let mut split = made(&asked, &cells)?;
    split.fingerprint = Some(split.fingerprint_of(&cells)?);
    let parts = split.apply(&cells)?;
    let Some(out) = &asked.out else { bail!("give --out, the file to write") };
    write_atomic(out, serde_json::to_string_pretty(&split)?.as_bytes())?;
    print(&format!(
        "{}\n{} training, {} validation and {} test cells\n",
        split.about,
        parts.training.len(),
        parts.validation.len(),
        parts.test.len()
    ));
    Ok(())
}
