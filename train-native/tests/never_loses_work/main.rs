//! A run, a store and a bundle that are killed, starved of disk, hit by a bit or led astray are still there.
//!
//! Does: starts the program as a person or a cluster does, ends or hinders it in every rude way, and starts it again.
//! Does not know: what is trained.
//! Flow: command line → folders → **the same bits, or a sentence**.
//!
//! WELLPLATE_ROUNDS sets how often the tests of random moments interrupt each command with each signal (3 in the checks).

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

mod bench;
mod bits;
mod faults;
mod kills;
mod locks;
mod outputs;
mod shown;
#[cfg(unix)]
mod signals;
mod store;
