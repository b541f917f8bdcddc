//! Measurements and pictures of the built page, in a real browser.
//!
//! Does: serves `dist`, opens a fresh browser for each measurement, prints tables and keeps pictures.
//! Does not know: how the page is made; parts are found by `data-testid`.
//! Flow: `dist` → server → **browser** → figures, pictures.

mod bench;
mod memory;
mod page;
mod shots;
mod table;

pub(crate) use bench::{POINTS, Wishes, bench_page, names};
pub(crate) use shots::shots;
