//! What signatures do to cells whose truth is known.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
