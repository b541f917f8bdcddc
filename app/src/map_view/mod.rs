//! The map's arithmetic, without a screen.
//!
//! Does: where points lie on a screen (`view`), which lie near or inside something (`grid`, `region`), what colour
//! they have (`colour`), which are selected (`selection`), more of them for measuring speed (`benchmark`).
//! Does not know: canvases, GPUs, messages.
//! Flow: coordinates and labels → **numbers** → the page's `ui::map`.

pub mod benchmark;
pub mod colour;
pub mod grid;
pub mod region;
pub mod selection;
pub mod view;

/// Layers of the map, in the order in which they are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LayerId {
    /// The measured cells again and again, to measure speed.
    Benchmark,
    /// Measured cells.
    Measured,
    /// Generated without the perturbation.
    Control,
    /// Generated with it.
    Perturbed,
    /// Scenario B without its perturbation.
    OtherControl,
    /// Scenario B with it.
    Other,
}

impl LayerId {
    /// Name in attributes and files.
    pub fn key(self) -> &'static str {
        match self {
            Self::Benchmark => "benchmark",
            Self::Measured => "measured",
            Self::Control => "control",
            Self::Perturbed => "perturbed",
            Self::OtherControl => "other_control",
            Self::Other => "other",
        }
    }

    /// The layer of that name.
    pub fn of_key(key: &str) -> Option<Self> {
        let all = [Self::Benchmark, Self::Measured, Self::Control, Self::Perturbed, Self::OtherControl, Self::Other];
        all.into_iter().find(|layer| layer.key() == key)
    }

    /// Whether a model made its cells.
    pub fn is_generated(self) -> bool {
        self > Self::Measured
    }
}

/// Point `index` of coordinates [n, 2].
pub fn point(points: &[f32], index: usize) -> Option<(f32, f32)> {
    let at = points.get(2 * index..2 * index + 2)?;
    (at[0].is_finite() && at[1].is_finite()).then_some((at[0], at[1]))
}
