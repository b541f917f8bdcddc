//! What a run folder says of its run, besides the checkpoints.
//!
//! Does: the recipe as it was asked, a sealed note with data and sizes, one line per event; what of recipe and data a
//! run's weights hang on; checks all of it on reading.
//! Does not know: weights (`checkpoint`), training.
//! Flow: `train` → **recipe.toml, run.json, events.jsonl** → `export`, `inspect`, `report`.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use model::bundle::sha256;
use model::config::ModelConfig;
use serde_json::json;

use crate::data::Data;
use crate::files::{append_lines, write_in_turn};
use crate::output::say;
use crate::progress;
use crate::recipe::Recipe;
use crate::sealed::{self, Seal};

/// Name of the recipe in a run's folder.
pub const RECIPE: &str = "recipe.toml";
/// Where a run notes which data it uses.
pub const RUN: &str = "run.json";
/// One JSON object per event.
pub const EVENTS: &str = "events.jsonl";

/// What a run notes of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// h5ad file or store that it trains on.
    pub data: PathBuf,
    /// What is in it ([`Data::fingerprint`]); none in runs of earlier versions.
    pub cells: Option<String>,
    /// Sizes of its network.
    pub config: ModelConfig,
}

/// SHA-256 of everything that a run's weights hang on: the recipe without the words of its card, and the data by their
/// fingerprint.
///
/// # Errors
/// When the recipe cannot be written.
pub fn fingerprint(recipe: &Recipe, cells: &str) -> Result<String> {
    // What a bundle says of itself may be put in better words while it trains, or afterwards.
    let mut asked = toml::Table::try_from(recipe)?;
    asked.remove("card");
    let asked = sha256(toml::to_string(&asked)?.as_bytes());
    Ok(sha256(format!("{asked}{cells}").as_bytes()))
}

impl Note {
    /// Opens the data.
    ///
    /// # Errors
    /// When they cannot be read, or are not what the run trained on: map and reference would be those of other cells.
    pub fn open(&self) -> Result<Data> {
        let _reading = progress::phase(format!("reading {}", self.data.display()));
        let data = Data::open(&self.data)?;
        if let Some(known) = &self.cells {
            ensure!(
                data.fingerprint(&self.data)? == *known,
                "{} is not what the run was trained on; bring back that file, or train again",
                self.data.display()
            );
        }
        Ok(data)
    }
}

/// Writes recipe and note.
///
/// # Errors
/// When the disk is full.
pub fn write(folder: &Path, recipe: &Recipe, note: &Note) -> Result<()> {
    let text = toml::to_string(recipe)?;
    let hash = sha256(text.as_bytes());
    let note = json!({ "data": note.data, "cells": note.cells, "config": note.config, "recipe": hash });
    write_in_turn(folder, &[(RECIPE, text.as_bytes()), (RUN, &sealed::to_json(note))])
}

/// Reads recipe and note.
///
/// # Errors
/// When it is no run folder, or one of them has changed since `train` wrote it.
pub fn read(folder: &Path) -> Result<(Recipe, Note)> {
    let mend = "run the same `wellplate train` again, which writes it anew and goes on where the run stands";
    let path = folder.join(RUN);
    let bytes = std::fs::read(&path).with_context(|| format!("{} is not a run folder", folder.display()))?;
    let damaged = || format!("{} is damaged; {mend}", path.display());
    let (note, seal) = sealed::from_json(&bytes).with_context(damaged)?;
    ensure!(seal != Seal::Broken, damaged());
    let recipe = folder.join(RECIPE);
    let known = note["recipe"].as_str();
    if let Some(known) = known {
        let text = std::fs::read(&recipe).with_context(|| format!("cannot read the recipe {}", recipe.display()))?;
        ensure!(sha256(&text) == known, "{} is not what `train` wrote; {mend}", recipe.display());
    } else {
        say(&format!("{} is of an earlier version and without a hash; it is taken as it is", path.display()));
    }
    let data = PathBuf::from(note["data"].as_str().context("the run does not say which data it used")?);
    let config = serde_json::from_value(note["config"].clone()).context("run.json has no sizes")?;
    let cells = note["cells"].as_str().map(str::to_owned);
    Ok((Recipe::read(&recipe)?, Note { data, cells, config }))
}

/// The lines of a run's events.
pub struct Events(std::fs::File);

impl Events {
    /// Opens them to go on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        Ok(Self(append_lines(&folder.join(EVENTS))?))
    }

    /// Writes a line.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&mut self, event: &serde_json::Value) -> Result<()> {
        // In one call, so that a line is hardly ever cut.
        self.0.write_all(format!("{event}\n").as_bytes()).context("cannot write the run's events (is the disk full?)")
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{EVENTS, Events};
    use serde_json::json;

    #[test]
    fn a_line_that_was_cut_short_does_not_stay_in_the_middle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(EVENTS);
        let long = "x".repeat(10_000);
        for (before, kept) in
            [("", 0), ("{\"step\":1}\n{\"st", 11), ("{\"step\":1}\n", 11), ("{\"st", 0), (&format!("1\n{long}"), 2)]
        {
            std::fs::write(&path, before).unwrap();
            Events::open(folder.path()).unwrap().write(&json!({ "step": 2 })).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text, format!("{}{}\n", &before[..kept], "{\"step\":2}"), "{before:.20}");
        }
    }
}
