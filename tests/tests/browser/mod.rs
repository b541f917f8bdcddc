//! The page in a real browser: the built `dist`, headless Chromium (a smoke run in others), real models.
//!
//! Does: what a person does (load, toggle, generate, read, save, cancel, come back), on the CPU with the
//! shipped bundle and on WebGPU with a tiny one, and what must go wrong in a good way.
//! Does not know: the page's code; parts are found by `data-testid`.
//! Flow: `cargo xtask test --only browser` → here.

mod accessibility;
mod cards;
mod conditions;
mod devices;
mod driver;
mod explore;
mod failures;
mod gallery;
mod genes;
mod keyboard;
mod learn;
mod map;
mod names;
mod offline;
mod other_browsers;
mod own_data;
mod own_field;
mod page;
mod plate;
mod pool;
mod precomputed;
mod scenarios;
mod shell;
mod steady;
mod truth;
mod unbroken;
mod what_if;
mod what_if_shared;
