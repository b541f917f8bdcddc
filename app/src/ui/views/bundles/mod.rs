//! The open model in a few lines, above and below every view.
//!
//! Does: how its loading goes, where its cells come from, which other models could do what it cannot.
//! Does not know: how bundles are loaded.
//! Flow: state → **lines and buttons** → person → `state::opening`, worker.

pub(in crate::ui) mod bar;
pub(in crate::ui) mod instead;
pub(in crate::ui) mod origin;
