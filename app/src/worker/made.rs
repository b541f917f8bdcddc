//! Cells that a run made.
//!
//! Does: keeps the cells of every scenario, says which two sets a comparison compares; keeps finished cells for the next run.
//! Does not know: how cells are generated or tested.
//! Flow: generate → **cells by scenario** → shifts, `hand_out`.

use std::collections::BTreeMap;

use cells::Counts;
use model::card::Choices;

use crate::protocol::{Comparison, Provenance, Scenario};

/// Most cells that are kept for later runs.
const KEPT_CELLS: usize = 10_000;

/// Cells of one scenario, of one or several seeds.
#[derive(Clone)]
pub(crate) struct Sampled {
    /// Counts [n, G].
    pub(crate) counts: Counts,
    /// Condition tokens of each cell [C].
    pub(crate) labels: Vec<Vec<i32>>,
    /// Map coordinates [n, 2].
    pub(crate) coordinates: Vec<f32>,
    /// Seed of each cell.
    pub(crate) seeds: Vec<u64>,
    /// Mean log-normalised expression over the cells of each seed that is finished, [G] each.
    pub(crate) means: Vec<Vec<f64>>,
}

impl Sampled {
    /// No cells.
    pub(crate) fn empty(genes: usize) -> Self {
        Self {
            counts: Counts::empty(genes),
            labels: Vec::new(),
            coordinates: Vec::new(),
            seeds: Vec::new(),
            means: Vec::new(),
        }
    }

    /// Adds cells after these.
    ///
    /// # Errors
    /// When they have other genes.
    pub(crate) fn append(&mut self, more: &Self) -> Result<(), String> {
        self.counts.append(&more.counts).map_err(|error| error.to_string())?;
        self.labels.extend_from_slice(&more.labels);
        self.coordinates.extend_from_slice(&more.coordinates);
        self.seeds.extend_from_slice(&more.seeds);
        self.means.extend_from_slice(&more.means);
        Ok(())
    }
}

/// Finished cells by what made them; those made longest ago go first.
#[derive(Default)]
pub(crate) struct Kept(Vec<(Choices, Sampled)>);

impl Kept {
    /// Whether there are cells of these choices.
    pub(crate) fn has(&self, choices: &Choices) -> bool {
        self.0.iter().any(|(made_by, _)| made_by == choices)
    }

    /// Cells of these choices.
    pub(crate) fn get(&self, choices: &Choices) -> Option<&Sampled> {
        self.0.iter().find(|(made_by, _)| made_by == choices).map(|(_, cells)| cells)
    }

    /// Keeps cells. The newest are always kept.
    pub(crate) fn keep(&mut self, choices: Choices, cells: Sampled) {
        self.0.retain(|(made_by, _)| *made_by != choices);
        self.0.push((choices, cells));
        let count = |kept: &[(Choices, Sampled)]| kept.iter().map(|(_, cells)| cells.labels.len()).sum::<usize>();
        while self.0.len() > 1 && count(&self.0) > KEPT_CELLS {
            self.0.remove(0);
        }
    }
}

/// One scenario of a run.
pub(crate) struct Part {
    /// What makes it; its seed is that of the first replicate.
    pub(crate) choices: Choices,
    /// Its cells so far.
    pub(crate) cells: Sampled,
}

/// The scenarios of a run.
pub(crate) struct Made {
    /// Those that have cells of their own.
    pub(crate) parts: BTreeMap<Scenario, Part>,
    /// Whether there is a scenario B.
    pub(crate) has_other: bool,
    /// Whether the bundle knows a perturbation; without one the cells of a scenario are nobody's control.
    pub(crate) has_control: bool,
}

impl Made {
    pub(crate) fn cells(&self, scenario: Scenario) -> Option<&Sampled> {
        self.parts.get(&scenario).map(|part| &part.cells)
    }

    /// What a comparison compares: the side that stands for the control, and the other one. `None` when the run has no
    /// such comparison. B's control is A's where the two do not differ, and a scenario without perturbations is its
    /// own control.
    pub(crate) fn sides(&self, comparison: Comparison) -> Option<(&Sampled, &Sampled)> {
        let control = self.cells(Scenario::Control)?;
        let other_control = self.cells(Scenario::OtherControl).unwrap_or(control);
        match comparison {
            Comparison::A => self.cells(Scenario::Perturbed).map(|cells| (control, cells)),
            Comparison::B => self.cells(Scenario::Other).map(|cells| (other_control, cells)),
            Comparison::BAgainstA => self.has_other.then(|| {
                let first = self.cells(Scenario::Perturbed).unwrap_or(control);
                (first, self.cells(Scenario::Other).unwrap_or(other_control))
            }),
        }
    }

    /// Cells of A's control, and of A where it has a perturbation.
    pub(crate) fn generated(&self) -> Option<(&Sampled, Option<&Sampled>)> {
        Some((self.cells(Scenario::Control)?, self.cells(Scenario::Perturbed)))
    }

    /// Comparisons that change while cells of a scenario arrive.
    pub(crate) fn compared_by(&self, scenario: Scenario) -> &'static [Comparison] {
        match scenario {
            Scenario::Control => &[],
            Scenario::Perturbed => &[Comparison::A],
            Scenario::OtherControl if self.parts.contains_key(&Scenario::Other) => &[],
            Scenario::OtherControl => &[Comparison::BAgainstA],
            Scenario::Other => &[Comparison::B, Comparison::BAgainstA],
        }
    }

    /// Word for a scenario in files.
    pub(crate) fn name(&self, scenario: Scenario) -> &'static str {
        match (scenario, self.has_other) {
            (Scenario::Control, false) if !self.has_control => "cells",
            (Scenario::Control, true) if !self.has_control => "A",
            (Scenario::OtherControl, _) if !self.has_control => "B",
            (Scenario::Control, false) => "control",
            (Scenario::Perturbed, false) => "perturbed",
            (Scenario::Control, true) => "A-control",
            (Scenario::Perturbed, true) => "A",
            (Scenario::OtherControl, _) => "B-control",
            (Scenario::Other, _) => "B",
        }
    }
}

/// The last run.
pub(crate) struct Current {
    /// Number.
    pub(crate) run: u32,
    /// Its cells.
    pub(crate) made: Made,
    /// What made them.
    pub(crate) provenance: Provenance,
}
