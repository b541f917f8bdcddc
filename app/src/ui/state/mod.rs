//! What the page knows, as signals, and how it changes.
//!
//! Does: one file for each part of the page; `store` gathers them.
//! Does not know: views, the worker, the network; it sends nothing.
//! Flow: messages and clicks → **state** → views.

pub(super) mod answer;
pub(super) mod bundles;
pub(super) mod data;
pub(super) mod gene_choice;
pub(super) mod gene_names;
pub(super) mod genes;
pub(super) mod learn;
pub(super) mod lesson_runs;
pub(super) mod looks;
pub(super) mod map;
pub(super) mod opening;
pub(super) mod plate;
pub(super) mod precomputed;
pub(super) mod results;
pub(super) mod runs;
pub(super) mod store;
pub(super) mod tables;
pub(super) mod what_if;
