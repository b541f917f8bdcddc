//! Messages between the worker that the page talks to and its helpers.
//!
//! Does: typed heads; long arrays travel beside them.
//! Does not know: the page, which never sees these.
//! Flow: lead → [`ToMember`] → helper → [`FromMember`] → lead.

use std::collections::BTreeMap;

use model::card::Choices;
use model::rewrite::Setting;
use serde::{Deserialize, Serialize};

use crate::pool::turns::Batch;

/// To a helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum ToMember {
    /// Read a bundle. Arrays of bytes: `bundle.json`, its weights.
    Load,
    /// Write cells.
    Make {
        /// Number of the job; jobs count up.
        job: u32,
        /// Which cells.
        batch: Batch,
        /// What they are; the number of cells is that of the whole task.
        choices: Choices,
    },
    /// Rewrite measured cells under another condition. Array of f64 [n, G]: their counts in panel order, not a number where
    /// a gene was not measured.
    Rewrite {
        /// Number of the job; jobs count up.
        job: u32,
        /// Which cells.
        batch: Batch,
        /// How, the same for all batches of a job.
        setting: Setting,
        /// What each of them is, by condition key.
        with: Vec<BTreeMap<String, String>>,
    },
    /// Stop a job and those before it.
    Cancel {
        /// Its number.
        job: u32,
    },
}

/// From a helper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum FromMember {
    /// The program runs and waits for [`ToMember::Load`].
    Started,
    /// The bundle is read.
    Ready {
        /// Bytes of the helper's memory.
        bytes: f64,
    },
    /// A step is made.
    Stepped {
        /// Job.
        job: u32,
        /// Cells.
        batch: Batch,
        /// Share of their steps that is made.
        share: f64,
    },
    /// Cells are finished. Array of u16 [n, G]: their tokens in panel order.
    Made {
        /// Job.
        job: u32,
        /// Cells.
        batch: Batch,
        /// Condition tokens of each.
        labels: Vec<Vec<i32>>,
    },
    /// Cells are rewritten. Arrays [n, G] in panel order: counts f64 of predicted cells and of their control twins, expected
    /// counts f32 of both, u8 whether a gene stayed as it was measured.
    Rewritten {
        /// Job.
        job: u32,
        /// Cells.
        batch: Batch,
    },
    /// The helper is of no more use. As [`crate::protocol::FromWorker::Failed`], which the start script of all workers sends.
    Failed {
        /// Run; a helper has none.
        run: Option<u32>,
        /// What happened.
        sentence: String,
        /// Whether nothing more will come.
        fatal: bool,
    },
}
