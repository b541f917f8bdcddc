//! Measured control cells moved by published response signatures: semi-synthetic cells of many cytokines.
//!
//! Does: reads signatures and cytokines, says which cell types have a receptor, calibrates the strength on a measured
//! cytokine, moves the counts of control cells.
//! Does not know: files, models; whether a signature, pooled over tissues, holds in these cells. What comes out shows
//! and tests many conditions with a known truth and must be labelled so wherever it is shown.
//! Flow: text + measured cells + order → **plan** → **cells**, marked measured or semi-synthetic.

mod calibrate;
mod error;
mod make;
mod means;
mod receptors;
mod response;
mod tables;
#[cfg(test)]
mod tests;

pub use calibrate::{ADDED_SHARE, Fit, KindFit, Pair, calibrate};
pub use error::SignatureError;
pub use make::{AND, MADE, MADE_FROM, MEASURED, ORIGIN, Order, Plan, Planned, make, make_pairs, pairs, plan, resample};
pub use means::{EffectRule, Effects, Means, make_from_means};
pub use receptors::{Detection, ReceptorRule};
pub use response::{ResponseRule, TypeMean, respond};
pub use tables::{Chosen, Cytokine, Signatures, cytokines, one_per_signal};
