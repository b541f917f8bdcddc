//! What the page knows of the lessons' runs.
//!
//! Does: keeps each lesson's last result and what was asked for.
//! Does not know: what the lessons say (`crate::lessons`), how results are shown.
//! Flow: worker's messages → **lessons' runs** → Learn view.

use std::sync::Arc;

use leptos::prelude::*;

use super::lesson_runs::{CellRun, GuideRun, HalvesRun};
use crate::protocol::Request;
use crate::protocol::card::Card;

/// What the view knows, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct LearnStore {
    /// The last task and what it asked for.
    pub(in crate::ui) asked: RwSignal<Option<(u32, Request)>>,
    /// The first lesson's cell.
    pub(in crate::ui) cell: RwSignal<Option<Arc<CellRun>>>,
    /// Step that it is shown after.
    pub(in crate::ui) at: RwSignal<u32>,
    /// The second lesson's cells.
    pub(in crate::ui) guide: RwSignal<Option<Arc<GuideRun>>>,
    /// The third lesson's cells.
    pub(in crate::ui) halves: RwSignal<Option<Arc<HalvesRun>>>,
}

impl LearnStore {
    pub(in crate::ui) fn new() -> Self {
        Self {
            asked: RwSignal::new(None),
            cell: RwSignal::new(None),
            at: RwSignal::new(0),
            guide: RwSignal::new(None),
            halves: RwSignal::new(None),
        }
    }

    /// The request of a task; none when another one was asked for since.
    pub(in crate::ui) fn request_of(&self, job: u32) -> Option<Request> {
        self.asked.get_untracked().filter(|(own, _)| *own == job).map(|(_, request)| request)
    }

    /// What the cells of a lesson's result are of: the model and the request; none before there is a result.
    pub(in crate::ui) fn made(&self, lesson: &str) -> Option<(Arc<Card>, Request)> {
        match lesson {
            "guide" => self.guide.with(|run| run.as_ref().map(|run| (run.card.clone(), run.request.clone()))),
            "ceiling" => self.halves.with(|run| run.as_ref().map(|run| (run.card.clone(), run.request.clone()))),
            _ => self.cell.with(|run| run.as_ref().map(|run| (run.card.clone(), run.request.clone()))),
        }
    }

    /// Keeps a written cell; a second run of the same request adds what it recorded to the first.
    pub(in crate::ui) fn keep(&self, mut run: CellRun) {
        let before = self.cell.get_untracked().filter(|own| own.request == run.request && own.card == run.card);
        match before {
            Some(before) => {
                run.same = Some(before.written == run.written);
                for (gene, record) in &before.records {
                    run.records.entry(gene.clone()).or_insert_with(|| record.clone());
                }
            }
            None => self.at.set(0),
        }
        self.cell.set(Some(Arc::new(run)));
    }
}
