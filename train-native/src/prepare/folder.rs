//! A store folder while its store is being made.
//!
//! Does: refuses a folder in which something else stands; notes what the store is going to be and the hash of every shard
//! as it is written, so that a shard that is there is known to be whole.
//! Does not know: what is in a shard, how it is made.
//! Flow: `prepare` → **plan.json, shards.jsonl** → the index, which takes their place.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::files::{append_lines, is_temporary, sweep, write_atomic};
use crate::lock::LOCK;
use crate::output::say;
use crate::sealed::{self, Seal};
use crate::store::{Entry, INDEX, Index};

/// What the store is going to be, while it is being made and afterwards.
const PLAN: &str = "plan.json";
/// Shards that are there, while the index is not.
const SHARDS: &str = "shards.jsonl";

/// What a folder is claimed for.
pub(super) struct Claim<'a> {
    /// What the store is made of.
    pub(super) fingerprint: &'a str,
    /// Shards.
    pub(super) shards: usize,
    /// Cells.
    pub(super) cells: usize,
}

/// Claims a folder, whose lock is held: refuses one in which another store or something else stands, and removes what a
/// kill left.
pub(super) fn claim(out: &Path, own: &Claim<'_>) -> Result<()> {
    let path = out.join(PLAN);
    if let Ok(bytes) = std::fs::read(&path) {
        standing(out, &bytes, own)?;
        sweep(out);
        return Ok(());
    }
    let foreign = |name: &str| !is_temporary(name) && name != LOCK;
    let entries = std::fs::read_dir(out).with_context(|| format!("cannot read {}", out.display()))?;
    let found = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    if let Some(name) = found.into_iter().find(|name| foreign(name)) {
        bail!("{} is not empty ({name}) and holds no store; choose another --out", out.display());
    }
    sweep(out);
    write_plan(out, own)
}

fn write_plan(out: &Path, own: &Claim<'_>) -> Result<()> {
    let note = json!({ "fingerprint": own.fingerprint, "shards": own.shards, "cells": own.cells });
    write_atomic(&out.join(PLAN), &sealed::to_json(note))
}

/// Whether the store that a plan tells of is the one to be made.
fn standing(out: &Path, plan: &[u8], own: &Claim<'_>) -> Result<()> {
    let path = out.join(PLAN);
    match sealed::from_json(plan) {
        Ok((found, Seal::Whole)) => ensure!(
            found["fingerprint"] == own.fingerprint,
            "{} holds a store of other settings or files; choose another --out or remove it",
            out.display()
        ),
        Ok((_, Seal::Absent)) => bail!(
            "{} was made by an earlier version of this program, which knew files by their time and not their content; a finished store can be trained from as it is, otherwise choose another --out or remove it",
            out.display()
        ),
        // The index says the same; without one nothing tells whose the shards are.
        _ => {
            let same = Index::read(out).is_ok_and(|index| index.fingerprint == own.fingerprint);
            ensure!(same, "{} is damaged; remove the folder, or choose another --out", path.display());
            say(&format!("{} was damaged and is written anew", path.display()));
            write_plan(out, own)?;
        }
    }
    Ok(())
}

/// A shard in the journal.
#[derive(Serialize, Deserialize)]
struct Line {
    number: usize,
    entry: Entry,
}

/// Shards that are known to have been written, and where further ones are noted.
pub(super) struct Journal {
    known: BTreeMap<usize, Entry>,
    file: File,
}

impl Journal {
    /// What the index of a finished store says, or the journal of an unfinished one.
    pub(super) fn open(out: &Path, fingerprint: &str) -> Result<Self> {
        let mut known = BTreeMap::new();
        if out.join(INDEX).exists() {
            match Index::read(out) {
                Ok(index) if index.fingerprint == fingerprint => known.extend(index.shards.into_iter().enumerate()),
                Ok(_) => say(&format!("{INDEX} in {} is that of another store; it is made anew", out.display())),
                Err(error) => say(&format!("{error:#}; it and its shards are made anew")),
            }
        }
        let path = out.join(SHARDS);
        let text = std::fs::read(&path).unwrap_or_default();
        for line in text.split(|byte| *byte == b'\n') {
            // A line that is damaged is a shard that is made again.
            if let Ok(Line { number, entry }) = serde_json::from_slice(line) {
                known.insert(number, entry);
            }
        }
        Ok(Self { known, file: append_lines(&path)? })
    }

    /// What a shard must be, if it was written.
    pub(super) fn known(&self, number: usize) -> Option<&Entry> {
        self.known.get(&number)
    }

    /// Notes that a shard was written.
    pub(super) fn add(&mut self, number: usize, entry: &Entry) -> Result<()> {
        let line = serde_json::to_string(&Line { number, entry: entry.clone() })?;
        let noted = self.file.write_all(format!("{line}\n").as_bytes()).and_then(|()| self.file.sync_data());
        noted.context("the shards that are done cannot be noted (is the disk full?)")
    }

    /// Removes the journal: the index is there.
    pub(super) fn finish(self, out: &Path) {
        drop(self.file);
        // One that stays says the same as the index.
        let _ = std::fs::remove_file(out.join(SHARDS));
    }
}
