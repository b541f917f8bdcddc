//! What a perturbation would do to the visitor's own cells.
//!
//! Does: gathers the files of a prediction.
//! Does not know: files of the visitor, how cells are rewritten (`model::rewrite`).
//! Flow: own cells + what is asked → `chosen` → `run` → `made` → `genes`, `dots`, `hand_out` → page.

mod chosen;
pub(super) mod dots;
mod genes;
pub(super) mod hand_out;
pub(super) mod made;
mod provenance;
pub(super) mod run;
