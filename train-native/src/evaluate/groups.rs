//! Cells of several groups, written one group after another.
//!
//! Does: asks a bundle for every group's cells with draws of its own and joins them.
//! Does not know: which groups there are, or what becomes of their cells.
//! Flow: bundle + groups (`predict`, `crowd`, `pseudobulk`) → **generated cells** with labels.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use cells::Cells;
use model::bundle::Bundle;
use model::card::Choices;

use super::settings::Settings;
use crate::generate::generate;
use crate::progress;

/// Values by condition key; what is not named stays open.
pub(super) type With = BTreeMap<String, Vec<String>>;

/// Writes the cells of every group; a group of no cells is passed over. `first` sets the draws of one comparison apart
/// from those of another.
///
/// # Errors
/// When the bundle has not one of the values, the device fails, or nothing was asked for.
pub(super) fn write(bundle: &Bundle, groups: Vec<(With, usize)>, first: u64, settings: &Settings) -> Result<Cells> {
    let shown = progress::counted("generating cells", groups.iter().map(|(_, cells)| *cells as u64).sum(), "cells");
    let mut all: Option<Cells> = None;
    for (number, (with, cells)) in groups.into_iter().enumerate().filter(|(_, (_, cells))| *cells > 0) {
        let choices = Choices {
            with,
            guidance: settings.guidance,
            steps: settings.steps,
            cells,
            // Cells are drawn from (seed, cell): one seed for all groups would give every group the same cells over
            // again, as far as its labels allow.
            seed: settings.seed.wrapping_add(first + ((number as u64) << 32)),
            clamp: Vec::new(),
        };
        let made = generate(bundle, &choices, settings.effort, &shown.part())?;
        all = Some(match all {
            Some(cells) => cells.joined(&made)?,
            None => made,
        });
    }
    all.context("no cells were asked for")
}
