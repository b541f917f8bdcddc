//! What the page does beyond itself: worker, address, browser's storage, downloads, network.
//!
//! Does: asks the worker and takes its answers into the state, keeps address and looks in step with the state, fetches
//! names and lists, hands out files.
//! Does not know: widgets, views.
//! Flow: state and views' wishes → **effects** → worker, browser → state.

pub(super) mod address;
pub(super) mod bundles;
pub(super) mod data;
pub(super) mod download;
pub(super) mod gene_names;
pub(super) mod inbox;
mod kept;
pub(super) mod learn;
pub(super) mod looks;
mod offline;
mod plate;
pub(super) mod precomputed;
mod told;
pub(super) mod what_if;
pub(super) mod worker;
