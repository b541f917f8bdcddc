//! Measurements and pictures of the built page, in a real browser.
//!
//! Does: serves `dist`, opens a fresh browser for each measurement, prints tables and keeps pictures.
//! Does not know: how the page is made; parts are found by `data-testid`.
//! Flow: `dist` → server → **browser** → figures, pictures.

mod bench;
mod memory;
mod page;
mod processes;
mod rivals;
mod shots;
mod table;
mod tasks;

pub(crate) use bench::{POINTS, Wishes, bench_page, names};
pub(crate) use rivals::bench_rivals;
pub(crate) use shots::shots;
pub(crate) use tasks::bench_tasks;
