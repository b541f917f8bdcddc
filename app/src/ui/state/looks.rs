//! Light or dark, and the palette of figures, as signals.
//!
//! Does: holds what is wanted and what is shown.
//! Does not know: where choices are kept, how the page shows them (`effects::looks`).
//! Flow: system + settings → **looks** → figures, styles.

use leptos::prelude::*;
use plots::Palette;

/// What a person wants the page to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Wanted {
    /// As the system does.
    System,
    Light,
    Dark,
}

/// Choices by their keys and names.
pub(in crate::ui) const WANTED: [(Wanted, &str, &str); 3] =
    [(Wanted::System, "system", "As the system"), (Wanted::Light, "light", "Light"), (Wanted::Dark, "dark", "Dark")];

/// The looks, as signals.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Looks {
    pub(in crate::ui) wanted: RwSignal<Wanted>,
    pub(in crate::ui) palette: RwSignal<Palette>,
    /// What is shown.
    pub(in crate::ui) dark: RwSignal<bool>,
    /// Whether single keys are shortcuts (WCAG 2.1.4 asks that they can be switched off).
    pub(in crate::ui) letters: RwSignal<bool>,
    pub(in crate::ui) system_dark: RwSignal<bool>,
    pub(in crate::ui) printing: RwSignal<bool>,
}
