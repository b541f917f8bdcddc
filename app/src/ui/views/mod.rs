//! What is on the screen, view by view.
//!
//! Does: one folder for each view, one for what stands around them, one for the lines about the open model.
//! Does not know: how anything is computed, sent or kept; views read the state and ask.
//! Flow: state → **views** → person → state and effects.

pub(super) mod bundles;
pub(super) mod data;
pub(super) mod explore;
pub(super) mod learn;
pub(super) mod model_view;
pub(super) mod plate;
pub(super) mod shell;
