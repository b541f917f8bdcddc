//! Nothing of its own: this package holds the integration tests in `tests/main.rs`.
//!
//! Does: exists, so that the tests are one member. Does not know: anything. Flow: see `main.rs`.
