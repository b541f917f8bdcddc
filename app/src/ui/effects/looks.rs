//! Light or dark, and the palette of figures: chosen here, kept in the browser, shown by the root element.
//!
//! Does: follows the system until a person chooses, remembers the choice, prints in light colours.
//! Does not know: what is drawn; figures read the signals, styles the root's attributes.
//! Flow: system + settings → **looks** → `data-theme`, `data-palette`, figures.

use leptos::prelude::*;
use plots::{PALETTES, Palette};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::MediaQueryList;

use super::kept;
use crate::ui::state::looks::{Looks, WANTED, Wanted};

/// Keys in the browser's storage.
const THEME: &str = "wellplate-theme";
const PALETTE: &str = "wellplate-palette";
const LETTERS: &str = "wellplate-single-keys";

impl Looks {
    pub(in crate::ui) fn new() -> Self {
        let system = window().match_media("(prefers-color-scheme: dark)").ok().flatten();
        let system_dark = system.as_ref().is_some_and(MediaQueryList::matches);
        let stored = kept::get(THEME);
        let wanted =
            WANTED.iter().find(|(_, key, _)| stored.as_deref() == Some(*key)).map_or(Wanted::System, |own| own.0);
        let stored = kept::get(PALETTE);
        let palette = PALETTES.iter().find(|(_, key, _)| stored.as_deref() == Some(*key)).map(|own| own.0);
        let looks = Self {
            wanted: RwSignal::new(wanted),
            palette: RwSignal::new(palette.unwrap_or_default()),
            dark: RwSignal::new(is_dark(wanted, system_dark)),
            letters: RwSignal::new(kept::get(LETTERS).as_deref() != Some("off")),
            system_dark: RwSignal::new(system_dark),
            printing: RwSignal::new(false),
        };
        looks.show();
        if let Some(system) = system {
            looks.follow(system);
        }
        looks.print_light();
        looks
    }

    /// Keeps the root element's attributes in step.
    fn show(self) {
        Effect::new(move |_| {
            let dark = is_dark(self.wanted.get(), self.system_dark.get()) && !self.printing.get();
            if self.dark.get_untracked() != dark {
                self.dark.set(dark);
            }
        });
        Effect::new(move |_| {
            if let Some(root) = document().document_element() {
                // An attribute that cannot be set leaves the light theme: nothing else to do.
                let _ = root.set_attribute("data-theme", if self.dark.get() { "dark" } else { "light" });
                let _ = root.set_attribute("data-palette", key_of(self.palette.get()));
            }
        });
    }

    /// Follows the system's theme.
    fn follow(self, system: MediaQueryList) {
        let watched = system.clone();
        let changed = Closure::<dyn Fn()>::new(move || self.system_dark.set(watched.matches()));
        // A browser that cannot say so keeps the theme that it started with.
        let _ = system.add_event_listener_with_callback("change", changed.as_ref().unchecked_ref());
        // As long as the page: there is nothing to take it back for.
        changed.forget();
    }

    /// Paper is white: figures are drawn for it as long as the browser prints.
    fn print_light(self) {
        for (event, printing) in [("beforeprint", true), ("afterprint", false)] {
            let told = Closure::<dyn Fn()>::new(move || self.printing.set(printing));
            // Without the event the page prints as it looks.
            let _ = window().add_event_listener_with_callback(event, told.as_ref().unchecked_ref());
            told.forget();
        }
    }

    /// Chooses between light, dark and the system's.
    pub(in crate::ui) fn want(self, wanted: Wanted) {
        self.wanted.set(wanted);
        let named = WANTED.iter().find(|own| own.0 == wanted && wanted != Wanted::System);
        kept::set(THEME, named.map(|(_, key, _)| *key));
    }

    /// Switches between light and dark.
    pub(in crate::ui) fn toggle(self) {
        self.want(if self.dark.get_untracked() { Wanted::Light } else { Wanted::Dark });
    }

    /// Switches shortcuts of single keys on or off.
    pub(in crate::ui) fn hear_letters(self, on: bool) {
        self.letters.set(on);
        kept::set(LETTERS, (!on).then_some("off"));
    }

    /// Chooses the colours of figures.
    pub(in crate::ui) fn paint_with(self, palette: Palette) {
        self.palette.set(palette);
        kept::set(PALETTE, Some(key_of(palette)));
    }
}

fn is_dark(wanted: Wanted, system_dark: bool) -> bool {
    match wanted {
        Wanted::System => system_dark,
        Wanted::Light => false,
        Wanted::Dark => true,
    }
}

fn key_of(palette: Palette) -> &'static str {
    PALETTES.iter().find(|own| own.0 == palette).map_or("okabe-ito", |own| own.1)
}

/// The palette that the page shows, for what is drawn outside of any effect (exports).
pub(in crate::ui) fn shown_palette() -> Palette {
    let shown = document().document_element().and_then(|root| root.get_attribute("data-palette"));
    PALETTES.iter().find(|own| shown.as_deref() == Some(own.1)).map(|own| own.0).unwrap_or_default()
}
