//! What `evaluate` and its relatives were asked, put together and written.
//!
//! Does: turns arguments into what the library takes, checks for leaks, prints tables, writes reports.
//! Does not know: how anything is scored.
//! Flow: arguments → `evaluate` → **tables, reports, a bundle's card**.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use cells::Cells;
use cells::h5ad::write_h5ad;
use cells::referee::Rules;
use cells::referee::shifts::Convention;
use cells::splits::Split;
use model::bundle::Bundle;
use model::card::{Choices, Kind as Slot, Plausible, Summary};
use train_native::data::{Data, TrainingSet, read_cells};
use train_native::device::Backend;
use train_native::files::write_atomic;
use train_native::judge::SEED;
use train_native::judge::plausible::Raw;
use train_native::judge::population::{self, Population};
use train_native::judge::report::{Crowd, Report};
use train_native::judge::table::markdown;
use train_native::output::{print, say};
use train_native::recipe::Recipe;
use train_native::store::Store;
use train_native::{evaluate, export, generate, pool, progress, run_folder};

use crate::cli::{Combinations, Evaluate, Rewriting, Sampling};
use crate::effort_of;
use crate::judging::convention_words;
use crate::splitting::{looked, read_split};

/// What decides which cells training never saw: the recipe, if one is named, and the split.
fn held_out(asked: &Evaluate, perturbed: bool) -> Result<(Option<Recipe>, Option<Split>)> {
    let recipe = match (&asked.run, &asked.config) {
        (Some(run), _) => Some(run_folder::read(run)?.0),
        (None, config) => config.as_deref().map(Recipe::read).transpose()?,
    };
    if !perturbed {
        ensure!(
            recipe.is_some(),
            "this bundle has no perturbation: what its recipe set aside is scored; give --run or --config"
        );
        return Ok((recipe, None));
    }
    if let Some(path) = &asked.split {
        return Ok((recipe, Some(read_split(path)?)));
    }
    if let Some(split) = recipe.as_ref().map(Recipe::split).transpose()?.flatten() {
        return Ok((recipe, Some(split)));
    }
    let path = asked.bundle.join(export::SPLIT);
    if recipe.is_some() && !path.is_file() {
        say("the recipe holds no group out: what it set aside is compared as a population, and no effect is scored");
        return Ok((recipe, None));
    }
    ensure!(path.is_file(), "nothing says what was held out; give the bundle's --run, --config or a --split");
    Ok((recipe, Some(read_split(&path)?)))
}

/// How to generate: what was asked for, else what the bundle's card says.
fn settings_of(asked: &Sampling, bundle: &Bundle) -> evaluate::Settings {
    evaluate::Settings {
        guidance: asked.guidance.unwrap_or(bundle.card.guidance),
        steps: asked.steps.unwrap_or(bundle.card.steps),
        seed: asked.seed,
        most: asked.most,
        times: asked.times,
        effort: effort_of(asked.device),
        sets: None,
    }
}

/// Reads a bundle, and says so.
fn bundle_of(folder: &Path, device: Backend) -> Result<Bundle> {
    let _reading = progress::phase(format!("reading the bundle {}", folder.display()));
    generate::read_bundle(folder, &device.device()?)
}

/// Reads cells, and says so.
fn cells_of(path: &Path) -> Result<Cells> {
    let _reading = progress::phase(format!("reading {}", path.display()));
    read_cells(path)
}

/// The store that a run trained on, if it was one.
fn store_of(run: Option<&Path>) -> Result<Option<Store>> {
    let Some(run) = run else { return Ok(None) };
    let note = run_folder::read(run)?.1;
    Ok(match note.data.is_dir() {
        true => match note.open()? {
            Data::Stored(store) => Some(store),
            Data::Held(_) => None,
        },
        false => None,
    })
}

/// A verdict on raw counts of generated cells, printed: for a card, and as facts of a report.
fn raw_counts(bundle: &Bundle, generated: &Cells, measured: &Cells, all: &Cells) -> (Plausible, Vec<(String, String)>) {
    let genes = &bundle.card.genes;
    let found = evaluate::plausible::plausibility(bundle, generated, measured, all);
    let raw = Raw { name: String::new(), words: found.words(genes), by_gene: found.by_gene(genes) };
    print(&format!("## Plausibility\n\n{}\n\n", raw.words));
    raw.by_gene.iter().for_each(|(head, words)| print(&format!("{head}: {words}\n\n")));
    (evaluate::plausible::for_card(&found, genes), raw.facts())
}

/// The bundle against the pseudobulk of a larger study, where one was named.
fn bulk(
    asked: &Evaluate,
    bundle: &Bundle,
    found: Option<&evaluate::Evaluation>,
    settings: &evaluate::Settings,
) -> Result<Vec<Summary>> {
    let bulk = match (&asked.pseudobulk, found) {
        (Some(path), Some(found)) => {
            evaluate::pseudobulk::pseudobulk(bundle, &read_cells(path)?, &found.split, settings)?
        }
        (Some(_), None) => {
            bail!("this bundle has no perturbation, so that a pseudobulk has no fold changes to compare")
        }
        (None, _) => Vec::new(),
    };
    print(&evaluate::pseudobulk::markdown(&bulk));
    Ok(bulk)
}

/// Scores a bundle on what was held out of its training.
pub(crate) fn evaluate(asked: Evaluate) -> Result<()> {
    let bundle = bundle_of(&asked.bundle, asked.sampling.device)?;
    let cells = cells_of(&asked.data)?;
    let (recipe, split) = held_out(&asked, bundle.card.of_kind(Slot::Perturbation).is_some())?;
    let sets = asked.gene_sets.as_deref().map(|path| evaluate::together::read_sets(path, &bundle.card.genes));
    let settings = evaluate::Settings { sets: sets.transpose()?, ..settings_of(&asked.sampling, &bundle) };
    let device = format!("{:?}", asked.sampling.device).to_lowercase();
    print(&format!("guidance {}, {} steps, seed {}\n\n", settings.guidance, settings.steps, settings.seed));
    let rules = Rules { spread: pool::pool(), ..Rules::default() };
    let store = store_of(asked.run.as_deref())?;
    let set = match (&store, &recipe) {
        (Some(store), Some(recipe)) => Some(TrainingSet::open(Data::Stored(store.clone()), recipe)?),
        _ => None,
    };
    let score = |split| evaluate::evaluate(&bundle, &cells, split, set.as_ref(), &settings, rules);
    let found = split.map(score).transpose()?;
    drop(set);
    if let Some(found) = &found {
        for section in &found.sections {
            print(&format!("## {}\n\n{}\n", section.title, markdown(&section.verdict)));
        }
        print(&format!("{}\n", evaluate::table(&found.scores)));
        print(&found.together.as_ref().map(evaluate::together::markdown).unwrap_or_default());
    }
    let mut plausible = found.as_ref().map(|own| raw_counts(&bundle, &own.generated, &own.measured, &cells));
    if let (Some(found), Some(folder), Some((_, facts))) = (&found, &asked.report, &plausible) {
        written(found, facts, &bundle, (&settings, &device), folder)?;
    }
    let bulk = bulk(&asked, &bundle, found.as_ref(), &settings)?;
    let beside = |recipe: Recipe| evaluate::crowd::crowd(&bundle, &cells, &recipe, store.as_ref(), &settings);
    let crowd = recipe.map(beside).transpose()?.flatten();
    ensure!(found.is_some() || crowd.is_some(), "the recipe sets too few cells aside (training.validation) to score");
    let populations = crowd.as_ref().map(|own| evaluate::crowd::line(&own.title, &own.crowd.measures));
    if let Some(own) = crowd {
        print(&format!("## {}\n\n{}\n", own.title, population::markdown(&own.crowd.measures)));
        if found.is_none() {
            let (line, facts) = raw_counts(&bundle, &own.generated, &own.measured, &cells);
            if let Some(folder) = &asked.report {
                of_populations(own, &facts, &bundle, (&settings, &device), folder)?;
            }
            plausible = Some((line, facts));
        }
    }
    if asked.write {
        let mut card = bundle.card;
        card.plausibility = plausible.map(|(line, _)| line);
        (card.guidance, card.steps) = (settings.guidance, settings.steps);
        card.populations = populations.into_iter().collect();
        match found {
            Some(found) => {
                card.summaries = evaluate::summaries(&found.sections);
                card.summaries.extend(found.together);
                card.summaries.extend(bulk);
                card.scores = found.scores;
                export::write_split(&asked.bundle, &mut card, &found.split)?;
            }
            None => export::write_card(&asked.bundle, &card)?,
        }
    }
    Ok(())
}

/// Scores what a bundle composes from several perturbations at once.
pub(crate) fn combinations(asked: Combinations) -> Result<()> {
    let bundle = bundle_of(&asked.bundle, asked.sampling.device)?;
    let split = read_split(&asked.split.unwrap_or_else(|| asked.bundle.join(export::SPLIT)))?;
    let (cells, combined) = (cells_of(&asked.data)?, cells_of(&asked.combined)?);
    let settings = settings_of(&asked.sampling, &bundle);
    print(&format!("guidance {}, {} steps, seed {}\n\n", settings.guidance, settings.steps, settings.seed));
    let rules = Rules { spread: pool::pool(), ..Rules::default() };
    let sections = evaluate::combinations::combinations(&bundle, &combined, &cells, &split, &settings, rules)?;
    for section in &sections {
        print(&format!("## {}\n\n{}\n", section.title, markdown(&section.verdict)));
    }
    if asked.write {
        let mut card = bundle.card;
        card.summaries.retain(|own| !own.title.starts_with(evaluate::combinations::TITLE));
        card.summaries.extend(evaluate::summaries(&sections));
        export::write_card(&asked.bundle, &card)?;
    }
    Ok(())
}

/// Scores control cells that a bundle rewrites.
pub(crate) fn rewriting(asked: Rewriting) -> Result<()> {
    let bundle = bundle_of(&asked.bundle, asked.sampling.device)?;
    let split = read_split(&asked.split.unwrap_or_else(|| asked.bundle.join(export::SPLIT)))?;
    let cells = cells_of(&asked.data)?;
    let settings = settings_of(&asked.sampling, &bundle);
    print(&format!("guidance {}, {} steps, seed {}\n\n", settings.guidance, settings.steps, settings.seed));
    let rules = Rules { spread: pool::pool(), ..Rules::default() };
    let found = evaluate::rewriting::rewriting(&bundle, &cells, &split, (&asked.keep, &settings), rules)?;
    print(&evaluate::rewriting::markdown(&found));
    if asked.write {
        let mut card = bundle.card;
        card.summaries.retain(|own| !own.title.starts_with(evaluate::rewriting::TITLE));
        card.summaries.extend(evaluate::summaries(&found.sections));
        export::write_card(&asked.bundle, &card)?;
    }
    Ok(())
}

/// What a report says of the bundle and how it was asked.
fn made_with(bundle: &Bundle, settings: &evaluate::Settings, generated: usize) -> Vec<(String, String)> {
    let hash = &bundle.hash[..bundle.hash.len().min(12)];
    let how =
        format!("{generated} cells, guidance {}, {} steps, seed {}", settings.guidance, settings.steps, settings.seed);
    vec![("Bundle".to_owned(), format!("{} (SHA-256 {hash}…)", bundle.card.title)), ("Generated".to_owned(), how)]
}

/// Generated cells with everything that an export carries.
fn save_generated(
    cells: &Cells,
    bundle: &Bundle,
    settings: &evaluate::Settings,
    device: &str,
    folder: &Path,
) -> Result<()> {
    let choices = Choices {
        with: BTreeMap::new(),
        guidance: settings.guidance,
        steps: settings.steps,
        cells: cells.len(),
        seed: settings.seed,
        clamp: Vec::new(),
    };
    let bytes = write_h5ad(cells, &generate::provenance(bundle, &choices, device))?;
    write_atomic(&folder.join("generated.h5ad"), &bytes)?;
    say(&folder.join("report.html").display().to_string());
    Ok(())
}

/// Writes the report of a bundle without a perturbation, and the generated cells beside it.
fn of_populations(
    found: evaluate::crowd::Found,
    facts: &[(String, String)],
    bundle: &Bundle,
    (settings, device): (&evaluate::Settings, &str),
    folder: &Path,
) -> Result<()> {
    let report = Report {
        title: format!("{}: {}", bundle.card.title, found.title.to_lowercase()),
        facts: [made_with(bundle, settings, found.generated.len()), facts.to_vec()].concat(),
        genes: bundle.card.genes.clone(),
        sections: Vec::new(),
        crowd: Some(found.crowd),
        split: None,
    };
    report.write(folder)?;
    save_generated(&found.generated, bundle, settings, device, folder)
}

/// Writes the report of an evaluation, and the generated cells beside it.
fn written(
    found: &evaluate::Evaluation,
    raw: &[(String, String)],
    bundle: &Bundle,
    (settings, device): (&evaluate::Settings, &str),
    folder: &Path,
) -> Result<()> {
    let key = found.columns.cell_type.as_deref();
    let of = |cells: &Cells| Population::of(cells, key);
    let (measured, generated) = (of(&found.measured), of(&found.generated));
    // Controls of held-out donors train: only the test part can show what was learned by heart.
    let unseen = of(&found.measured.select(&found.split.apply(&found.measured)?.test));
    let measures = population::measure(&measured, &generated, Some((&of(&found.training), &unseen)), SEED)?;
    let mut facts = made_with(bundle, settings, found.generated.len());
    let more = [
        ("Measured", format!("{} held-out cells and their controls", found.measured.len())),
        ("Training", format!("{} cells", found.training.len())),
        ("Leak check", looked(&found.checked)),
        ("Tests", convention_words(Convention::PerPerturbation).to_owned()),
    ];
    facts.extend(more.map(|(name, words)| (name.to_owned(), words)));
    facts.extend_from_slice(raw);
    let changed = found.changed.iter().map(|words| ("Not the cells of the split".to_owned(), words.clone()));
    let report = Report {
        title: format!("{}: held-out cells", bundle.card.title),
        facts: facts.into_iter().chain(changed).collect(),
        genes: found.measured.genes.clone(),
        sections: found.sections.clone(),
        crowd: Some(Crowd { measured, generated, measures }),
        split: Some(found.split.clone()),
    };
    report.write(folder)?;
    save_generated(&found.generated, bundle, settings, device, folder)
}
