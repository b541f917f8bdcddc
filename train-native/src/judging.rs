//! What `judge` was asked, put together and written.
//!
//! Does: turns arguments into what the library takes, checks for leaks, prints tables, writes reports.
//! Does not know: how anything is scored, bundles.
//! Flow: arguments → `judge` → **tables, reports**.

use std::path::Path;

use anyhow::{Context as _, Result};
use cells::referee::Rules;
use cells::referee::ceiling::Ceiling;
use cells::referee::shifts::Convention;
use cells::splits::{Part, Split, View, check};
use serde_json::Map;
use train_native::data::read_cells;
use train_native::judge::groups::Columns;
use train_native::judge::plausible::Raw;
use train_native::judge::population;
use train_native::judge::report::{Crowd, Report, Section};
use train_native::judge::table::{as_json, markdown};
use train_native::judge::{self, SEED};
use train_native::output::{print, say};
use train_native::panels::aligned;
use train_native::{pool, progress};

use crate::cli::{CeilingKind, Judge};
use crate::splitting::{looked, read_split};

/// Refuses training cells that are test cells, by name, by counts or by condition.
fn leaks(asked: &Judge, split: &Split) -> Result<String> {
    let _checking = progress::phase("checking that no held-out cell is a training cell");
    let real = read_cells(&asked.real)?;
    let parts = split.apply(&real)?;
    let checked = match &asked.train {
        Some(path) => {
            let training = aligned(&read_cells(path)?, &real.genes, "the training cells", "the measured cells")?;
            check(View::whole(&training), View::of(&real, &parts.test), split)?
        }
        None => check(View::of(&real, &parts.training), View::of(&real, &parts.test), split)?,
    };
    Ok(looked(&checked))
}

/// Both populations of a comparison, from their files.
fn crowd(asked: &Judge, predicted: &Path) -> Result<(Vec<String>, Crowd)> {
    let key = asked.cell_type_col.as_deref();
    let read =
        |path: &Path, genes: Option<&[String]>, key| population::read(path, genes, key, 2 * population::MOST, SEED);
    let reading = progress::phase(format!("reading cells of {} and {}", asked.real.display(), predicted.display()));
    let (genes, measured) = read(&asked.real, None, key)?;
    let (_, generated) = read(predicted, Some(&genes), None)?;
    let training = asked.train.as_deref().map(|path| read(path, Some(&genes), None)).transpose()?;
    drop(reading);
    let _measuring = progress::phase("comparing populations");
    let measures =
        population::measure(&measured, &generated, training.as_ref().map(|(_, own)| (own, &measured)), SEED)?;
    Ok((genes, Crowd { measured, generated, measures }))
}

/// Compares every prediction with the measured cells as a population.
fn populations(asked: &Judge) -> Result<()> {
    let several = asked.predicted.len() > 1;
    let mut all = Map::new();
    for (name, predicted) in &asked.predicted {
        let (genes, crowd) = crowd(asked, predicted)?;
        if asked.json {
            all.insert(name.clone(), population::as_json(&crowd.measures));
        } else {
            let head = if several { format!("## {name}\n\n") } else { String::new() };
            print(&format!("{head}{}\n", population::markdown(&crowd.measures)));
        }
        if let Some(folder) = &asked.report {
            let title = format!("{name} beside measured cells");
            let folder = if several { folder.join(name) } else { folder.clone() };
            Report { title, facts: files(asked), genes, sections: Vec::new(), crowd: Some(crowd), split: None }
                .write(&folder)?;
        }
    }
    if asked.json {
        print(&format!("{}\n", serde_json::Value::Object(all)));
    }
    Ok(())
}

/// Scores predictions of any model.
pub(crate) fn judge(asked: Judge) -> Result<()> {
    if asked.population {
        return populations(&asked);
    }
    let convention = if asked.leaderboard { Convention::AllPairs } else { Convention::PerPerturbation };
    let rules = Rules { convention, without_energy: asked.without_energy, spread: pool::pool() };
    let split = asked.split.as_deref().map(read_split).transpose()?;
    let leak = split.as_ref().map(|split| leaks(&asked, split)).transpose()?;
    let columns = Columns {
        perturbation: asked.pert_col.clone(),
        control: asked.control.clone(),
        context: asked.context_col.clone(),
        cell_type: asked.cell_type_col.clone(),
        part: split.clone().map(|split| (split, Part::Test)),
    };
    let ceiling = match asked.ceiling {
        CeilingKind::Halves => Some(Ceiling::Halves),
        CeilingKind::Bootstrap => Some(Ceiling::Bootstrap),
        CeilingKind::None => None,
    };
    let wanted = judge::Asked {
        real: asked.real.clone(),
        predicted: asked.predicted.clone(),
        train: asked.train.clone(),
        columns,
        ceiling,
        shown: asked.report.is_some(),
        fewest: asked.fewest,
    };
    if asked.challenge {
        let _scoring = progress::phase("scoring the challenge's metrics");
        print(&judge::challenge::challenge(&wanted)?);
        return Ok(());
    }
    let judged = judge::judge(&wanted, rules)?;
    if asked.json {
        let mut json = as_json(&judged.verdict);
        let words = judged.plausible.iter().map(|own| (own.name.clone(), own.words.clone().into()));
        json["plausibility"] = words.collect::<Map<_, _>>().into();
        let mut by_gene = Map::new();
        for own in &judged.plausible {
            let lines = own.by_gene.iter().map(|(head, words)| ((*head).to_owned(), words.clone().into()));
            by_gene.insert(own.name.clone(), lines.collect::<Map<_, _>>().into());
        }
        json["raw counts"] = by_gene.into();
        print(&format!("{json}\n"));
    } else {
        print(&markdown(&judged.verdict));
        for Raw { name, words, by_gene } in &judged.plausible {
            print(&format!("\n{name}: {words}.\n"));
            by_gene.iter().for_each(|(head, words)| print(&format!("{head}: {words}.\n")));
        }
    }
    let Some(folder) = &asked.report else { return Ok(()) };
    let mut facts = files(&asked);
    facts.push(("Tests".to_owned(), convention_words(convention).to_owned()));
    facts.extend(leak.map(|words| ("Leak check".to_owned(), words)));
    facts.extend(judged.plausible.iter().flat_map(Raw::facts));
    let (_, first) = asked.predicted.first().context("there is no prediction")?;
    let (_, crowd) = crowd(&asked, first)?;
    let names: Vec<&str> = asked.predicted.iter().map(|(name, _)| name.as_str()).collect();
    let section = Section { title: "Scores".to_owned(), verdict: judged.verdict, pairs: judged.pairs };
    let title = format!("{} on held-out perturbations", names.join(", "));
    let report = Report { title, facts, genes: judged.genes, sections: vec![section], crowd: Some(crowd), split };
    report.write(folder)?;
    say(&folder.join("report.html").display().to_string());
    Ok(())
}

/// Files of a comparison, by their names alone: a report may be published.
fn files(asked: &Judge) -> Vec<(String, String)> {
    let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut facts = vec![("Measured cells".to_owned(), name(&asked.real))];
    facts.extend(asked.predicted.iter().map(|(own, path)| (format!("Predicted by {own}"), name(path))));
    facts.extend(asked.train.as_deref().map(|path| ("Training cells".to_owned(), name(path))));
    facts
}

pub(crate) fn convention_words(convention: Convention) -> &'static str {
    match convention {
        Convention::PerPerturbation => "Mann-Whitney U, corrected within each perturbation (pdex 0.2 and later)",
        Convention::AllPairs => {
            "Mann-Whitney U, corrected over all perturbations, fold changes cut at 20 (pdex 0.1, the leaderboard's)"
        }
    }
}
