//! The browser side of Wellplate: a page and a worker that talk through `protocol` alone.
//!
//! Does: gathers the two halves; the page (feature `ui`) never links burn, the worker (feature
//! `worker`) never touches the document.
//! Does not know: files on disk, training.
//! Flow: a person's choices → **page** → messages → **worker** → cells and shifts → page.

pub mod bundles;
pub mod checks;
pub mod choices;
pub mod device_choice;
pub mod expression;
pub mod faults;
pub mod fields;
pub mod gene_file;
pub mod gene_links;
pub mod gene_list;
pub mod gene_names;
pub mod gene_rows;
pub mod gene_search;
pub mod held_out;
pub mod history;
pub mod judged;
pub mod lacks;
pub mod lessons;
pub mod map_view;
pub mod origin;
pub mod own_data;
pub mod parts;
pub mod plate;
pub mod pool;
pub mod precomputed;
pub mod protocol;
pub mod replicates;
pub mod search;
pub mod sheet;
#[cfg(target_arch = "wasm32")]
pub mod shelf;
pub mod shortcuts;
pub mod sides;
pub mod state;
pub mod title;
pub mod trust;
pub mod verdict;
pub mod what_if;

#[cfg(all(feature = "ui", target_arch = "wasm32"))]
pub mod ui;

#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub mod worker;
