//! What the page shows, as a URL.
//!
//! Does: the choices of a person, written into and read from a query string, so that back, forward
//! and sharing work.
//! Does not know: the browser's history (the page's `ui::effects::address` does), the card.
//! Flow: controls ⇄ **state** ⇄ address.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::protocol::{Comparison, Wish};

/// Bundle shown when the address names none.
pub const DEFAULT_BUNDLE: &str = "models/pbmc-ifnb";

/// Which view is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Generate and compare.
    #[default]
    Explore,
    /// Many conditions on a plate.
    Plate,
    /// Lessons.
    Learn,
    /// A visitor's own data.
    Data,
    /// The model's card.
    Model,
}

/// Values by condition key, each at most once per key and in the order they were chosen; no key stands without values.
pub type With = BTreeMap<String, Vec<String>>;

/// Scenario B: what it has of its own. Guidance, steps, cells and seeds are those of A.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Other {
    /// Chosen values by condition key.
    pub with: With,
    /// Clamped genes.
    pub clamp: Vec<(String, u32)>,
}

/// One of the two scenarios.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// The first, which is always there.
    #[default]
    A,
    /// The second.
    B,
}

impl Which {
    /// "A" or "B".
    pub fn letter(self) -> &'static str {
        if self == Self::A { "A" } else { "B" }
    }
}

/// Part of the address that keeps the comparison on the screen, by the words of [`SHOWN`].
pub const SHOW: &str = "show.comparison";
/// Comparisons by their names in addresses.
pub const SHOWN: [(Comparison, &str); 3] = [(Comparison::A, "a"), (Comparison::B, "b"), (Comparison::BAgainstA, "b-a")];

/// The comparison to show of those that are there: the wanted one, else the first; the wanted one while none is.
pub fn shown_of(wanted: Comparison, there: [bool; Comparison::ALL.len()]) -> Comparison {
    let is_there = |own: &Comparison| there[*own as usize];
    if is_there(&wanted) { wanted } else { Comparison::ALL.into_iter().find(is_there).unwrap_or(wanted) }
}

/// Everything that an address says. `None` is "the card's default".
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Bundle folder.
    pub bundle: String,
    /// Device.
    pub device: Wish,
    /// View.
    pub view: View,
    /// Chosen values by condition key; several perturbations act together.
    pub with: With,
    /// Guidance.
    pub guidance: Option<f32>,
    /// Steps.
    pub steps: Option<u32>,
    /// Cells per scenario and replicate.
    pub cells: u32,
    /// Seed of the first replicate.
    pub seed: u32,
    /// Replicates, each with the next seed.
    pub replicates: u32,
    /// Clamped genes.
    pub clamp: Vec<(String, u32)>,
    /// Scenario B, when there is one.
    pub other: Option<Other>,
    /// Chosen gene.
    pub gene: Option<String>,
    /// What views keep of their own, by keys that start with the view's name and a point.
    pub parts: BTreeMap<String, String>,
    /// Whether results were asked for: an opened link then generates at once.
    pub run: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            bundle: DEFAULT_BUNDLE.to_owned(),
            device: Wish::Auto,
            view: View::Explore,
            with: With::new(),
            guidance: None,
            steps: None,
            cells: 64,
            seed: 1,
            replicates: 1,
            clamp: Vec::new(),
            other: None,
            gene: None,
            parts: BTreeMap::new(),
            run: false,
        }
    }
}

/// Views by their names in addresses; the first is the one that opens.
pub const VIEWS: [(View, &str); 5] = [
    (View::Explore, "explore"),
    (View::Plate, "plate"),
    (View::Learn, "learn"),
    (View::Data, "data"),
    (View::Model, "model"),
];

/// Keys that others put into addresses: where a visitor came from, what a measurement of this page asks for.
const FOREIGN: [&str; 5] = ["fbclid", "gclid", "msclkid", "fault", "workers"];

/// Whether a key has nothing to do with choices: it passes without a word.
fn is_foreign(key: &str) -> bool {
    key.starts_with("utm_") || FOREIGN.contains(&key)
}

/// Beginnings of the keys that views keep of their own.
const PARTS: [&str; 6] = ["plate.", "learn.", "data.", "map.", "genes.", "show."];

/// Fewest and most cells per scenario and replicate in the page.
pub const CELLS: (u32, u32) = (4, 2000);
/// Fewest and most sampling steps in the page.
pub const STEPS: (u32, u32) = (1, 256);
/// Fewest and most replicates.
pub const REPLICATES: (u32, u32) = (1, 8);

/// Percent-encoding of everything but unreserved characters.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            out.push(byte as char);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The text behind a percent-encoding; broken codes stay as they are.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = (*byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Adds a value to a key, unless it is there; whether there are both.
fn add_value(with: &mut With, key: &str, value: String) -> bool {
    let is_said = !key.is_empty() && !value.is_empty();
    if is_said && !with.get(key).is_some_and(|values| values.contains(&value)) {
        with.entry(key.to_owned()).or_default().push(value);
    }
    is_said
}

/// A switch: `1` or `0`.
fn switch(value: &str) -> Option<bool> {
    match value {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// A held gene: `CD14:12`.
fn clamp_pair(value: &str) -> Option<(String, u32)> {
    value.rsplit_once(':').and_then(|(gene, count)| Some((gene.to_owned(), count.parse().ok()?)))
}

impl State {
    /// Chosen values of a scenario; those of A when there is no B.
    pub fn with_of(&self, which: Which) -> &With {
        self.other.as_ref().filter(|_| which == Which::B).map_or(&self.with, |other| &other.with)
    }

    /// The same, to change.
    pub fn with_mut(&mut self, which: Which) -> &mut With {
        match (which, &mut self.other) {
            (Which::B, Some(other)) => &mut other.with,
            _ => &mut self.with,
        }
    }

    /// Held genes of a scenario; those of A when there is no B.
    pub fn clamp_of(&self, which: Which) -> &[(String, u32)] {
        self.other.as_ref().filter(|_| which == Which::B).map_or(&self.clamp, |other| &other.clamp)
    }

    /// The same, to change.
    pub fn clamp_mut(&mut self, which: Which) -> &mut Vec<(String, u32)> {
        match (which, &mut self.other) {
            (Which::B, Some(other)) => &mut other.clamp,
            _ => &mut self.clamp,
        }
    }

    /// The comparison that the address asks for; else B against A where there are two scenarios.
    pub fn comparison(&self) -> Comparison {
        let named = self.parts.get(SHOW).and_then(|name| SHOWN.into_iter().find(|(_, own)| own == name));
        match (&self.other, named) {
            (None, _) => Comparison::A,
            (Some(_), Some((comparison, _))) => comparison,
            (Some(_), None) => Comparison::BAgainstA,
        }
    }

    /// What makes cells, and nothing else: two states that agree in it ask for the same cells.
    pub fn asks(&self) -> Self {
        Self {
            view: View::default(),
            gene: None,
            parts: BTreeMap::new(),
            run: false,
            device: Wish::Auto,
            ..self.clone()
        }
    }

    /// Takes what makes cells from another state.
    pub fn take_asks(&mut self, other: &Self) {
        *self = Self {
            view: self.view,
            gene: self.gene.take(),
            parts: std::mem::take(&mut self.parts),
            run: self.run,
            device: self.device,
            ..other.clone()
        };
    }

    /// Puts B in A's place and A in B's.
    pub fn swap(&mut self) {
        if let Some(other) = &mut self.other {
            std::mem::swap(&mut self.with, &mut other.with);
            std::mem::swap(&mut self.clamp, &mut other.clamp);
        }
    }

    /// The query string, without the question mark; defaults are left out.
    pub fn query(&self) -> String {
        let standard = Self::default();
        let mut pairs: Vec<(String, String)> = Vec::new();
        let mut add = |key: &str, value: String| pairs.push((key.to_owned(), value));
        if self.bundle != standard.bundle {
            add("bundle", self.bundle.clone());
        }
        match self.device {
            Wish::Auto => {}
            Wish::WebGpu => add("device", "webgpu".into()),
            Wish::WebGpuHalf => add("device", "webgpu-f16".into()),
            Wish::Cpu => add("device", "cpu".into()),
        }
        if let Some((_, name)) = VIEWS.iter().skip(1).find(|(view, _)| *view == self.view) {
            add("view", (*name).to_owned());
        }
        for (key, value) in self.with.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value))) {
            add(&format!("with.{key}"), value.clone());
        }
        if let Some(guidance) = self.guidance {
            add("guidance", guidance.to_string());
        }
        if let Some(steps) = self.steps {
            add("steps", steps.to_string());
        }
        if self.cells != standard.cells {
            add("cells", self.cells.to_string());
        }
        if self.seed != standard.seed {
            add("seed", self.seed.to_string());
        }
        if self.replicates != standard.replicates {
            add("replicates", self.replicates.to_string());
        }
        for (gene, count) in &self.clamp {
            add("clamp", format!("{gene}:{count}"));
        }
        if let Some(other) = &self.other {
            add("b.on", "1".into());
            for (key, value) in other.with.iter().flat_map(|(key, values)| values.iter().map(move |value| (key, value)))
            {
                add(&format!("b.with.{key}"), value.clone());
            }
            for (gene, count) in &other.clamp {
                add("b.clamp", format!("{gene}:{count}"));
            }
        }
        if let Some(gene) = &self.gene {
            add("gene", gene.clone());
        }
        for (key, value) in &self.parts {
            add(key, value.clone());
        }
        if self.run {
            add("run", "1".into());
        }
        pairs.iter().map(|(key, value)| format!("{}={}", escape(key), escape(value))).collect::<Vec<_>>().join("&")
    }

    /// Reads a query string; what it does not understand is left at its default.
    pub fn read(query: &str) -> Self {
        Self::read_telling(query).0
    }

    /// The same, and what was not understood, each as the address has it; choices for B without B are nobody's. Numbers are
    /// taken as they are, whatever their size: a visitor is told what is out of range, and nothing is made of it
    /// (`crate::checks`).
    pub fn read_telling(query: &str) -> (Self, Vec<String>) {
        let mut state = Self::default();
        let mut refused = Vec::new();
        let (mut other, mut has_other, mut of_other) = (Other::default(), false, Vec::new());
        for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (unescape(key), unescape(value));
            let told = format!("{key}={value}");
            let is_taken = match key.strip_prefix("b.") {
                Some("on") => {
                    let on = switch(&value);
                    has_other = on.unwrap_or(has_other);
                    on.is_some()
                }
                Some(own) => {
                    let is_taken = other.take(own, value);
                    if is_taken {
                        of_other.push(told.clone());
                    }
                    is_taken
                }
                None => state.take(&key, value),
            };
            if !is_taken {
                refused.push(told);
            }
        }
        if !has_other {
            refused.append(&mut of_other);
        }
        state.other = has_other.then_some(other);
        (state, refused)
    }

    /// Takes one pair; whether it could be understood.
    fn take(&mut self, key: &str, value: String) -> bool {
        /// Puts a number in its place, if it is one.
        fn number<T>(place: &mut T, read: Option<T>) -> bool {
            let is_read = read.is_some();
            if let Some(read) = read {
                *place = read;
            }
            is_read
        }
        match key {
            // A bundle's name alone will do, where people type it.
            "bundle" if crate::protocol::is_own_folder(&value) => {
                self.bundle = if value.contains('/') { value } else { format!("models/{value}") };
            }
            "bundle" => return false,
            "device" => match value.as_str() {
                "webgpu" => self.device = Wish::WebGpu,
                "webgpu-f16" => self.device = Wish::WebGpuHalf,
                "cpu" => self.device = Wish::Cpu,
                _ => return false,
            },
            "view" => {
                let named = VIEWS.iter().find(|(_, name)| *name == value);
                return number(&mut self.view, named.map(|(view, _)| *view));
            }
            "guidance" => {
                let read = value.parse().ok().filter(|w: &f32| w.is_finite());
                return number(&mut self.guidance, read.map(Some));
            }
            "steps" => return number(&mut self.steps, value.parse().ok().map(Some)),
            "cells" => return number(&mut self.cells, value.parse().ok()),
            "seed" => return number(&mut self.seed, value.parse().ok()),
            "replicates" => return number(&mut self.replicates, value.parse().ok()),
            "gene" if !value.is_empty() => self.gene = Some(value),
            "run" => return number(&mut self.run, switch(&value)),
            "clamp" => match clamp_pair(&value) {
                Some(held) => self.clamp.push(held),
                None => return false,
            },
            _ if PARTS.iter().any(|part| key.starts_with(part) && key.len() > part.len()) => {
                self.parts.insert(key.to_owned(), value);
            }
            _ => {
                return match key.strip_prefix("with.") {
                    Some(key) => add_value(&mut self.with, key, value),
                    None => is_foreign(key),
                };
            }
        }
        true
    }
}

impl Other {
    /// Takes one pair of B's; whether it could be understood.
    fn take(&mut self, key: &str, value: String) -> bool {
        match (key, key.strip_prefix("with.")) {
            (_, Some(key)) => add_value(&mut self.with, key, value),
            ("clamp", None) => clamp_pair(&value).map(|held| self.clamp.push(held)).is_some(),
            _ => false,
        }
    }
}

// proptest is a native dependency, and a query reads alike everywhere.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
