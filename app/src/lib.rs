//! The browser side of Wellplate: a page and a worker that talk through `protocol` alone.
//!
//! Does: gathers the two halves; the page (feature `ui`) never links burn, the worker (feature
//! `worker`) never touches the document.
//! Does not know: files on disk, training.
//! Flow: a person's choices → **page** → messages → **worker** → cells and shifts → page.

pub mod device_choice;
pub mod history;
pub mod protocol;
pub mod shortcuts;
pub mod state;
pub mod title;

#[cfg(all(feature = "ui", target_arch = "wasm32"))]
pub mod ui;

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub mod worker;
