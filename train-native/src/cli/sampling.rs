//! What commands take that have a bundle write cells to be scored.
//!
//! Does: names, help and defaults of the arguments that `evaluate` and `combinations` share.
//! Does not know: what is scored.
//! Flow: words → **arguments** → `scoring`.

use clap::Args;
use train_native::device::Backend;

/// How cells are generated.
#[derive(Args)]
pub(crate) struct Sampling {
    /// Guidance (the bundle's own when left out).
    #[arg(long, allow_negative_numbers = true)]
    pub(crate) guidance: Option<f32>,
    /// Steps (the bundle's own when left out).
    #[arg(long)]
    pub(crate) steps: Option<usize>,
    /// Seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Most cells generated for an identity and a perturbation or combination.
    #[arg(long, default_value_t = train_native::evaluate::MOST_GENERATED)]
    pub(crate) most: usize,
    /// Cells generated for every measured one, up to --most: more of them leave less chance in a prediction.
    #[arg(long, default_value_t = train_native::evaluate::TIMES_MEASURED)]
    pub(crate) times: usize,
    /// Device.
    #[arg(long, value_enum, default_value = "flex")]
    pub(crate) device: Backend,
}
