//! What the page shows, as a URL.
//!
//! Does: the choices of a person, written into and read from a query string, so that back, forward
//! and sharing work.
//! Does not know: the browser's history (the page's `ui::url` does), the card.
//! Flow: controls ⇄ **state** ⇄ address.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::protocol::Wish;

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

/// Everything that an address says. `None` is "the card's default".
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Bundle folder.
    pub bundle: String,
    /// Device.
    pub device: Wish,
    /// View.
    pub view: View,
    /// Chosen values by condition key.
    pub with: BTreeMap<String, String>,
    /// Guidance.
    pub guidance: Option<f32>,
    /// Steps.
    pub steps: Option<u32>,
    /// Cells per scenario.
    pub cells: u32,
    /// Seed.
    pub seed: u32,
    /// Clamped genes.
    pub clamp: Vec<(String, u32)>,
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
            with: BTreeMap::new(),
            guidance: None,
            steps: None,
            cells: 64,
            seed: 1,
            clamp: Vec::new(),
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

/// Beginnings of the keys that views keep of their own.
const PARTS: [&str; 7] = ["plate.", "learn.", "data.", "map.", "genes.", "b.", "show."];

/// Most cells per scenario in the page.
pub const MOST_CELLS: u32 = 2000;

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

impl State {
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
        for (key, value) in &self.with {
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
        for (gene, count) in &self.clamp {
            add("clamp", format!("{gene}:{count}"));
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
        let mut state = Self::default();
        for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            state.take(&unescape(key), unescape(value));
        }
        state
    }

    /// One pair.
    fn take(&mut self, key: &str, value: String) {
        match key {
            "bundle" if crate::protocol::is_own_folder(&value) => self.bundle = value,
            "device" if value == "webgpu" => self.device = Wish::WebGpu,
            "device" if value == "webgpu-f16" => self.device = Wish::WebGpuHalf,
            "device" if value == "cpu" => self.device = Wish::Cpu,
            "view" => {
                let named = VIEWS.iter().find(|(_, name)| *name == value);
                self.view = named.map_or(View::Explore, |(view, _)| *view);
            }
            "guidance" => self.guidance = value.parse().ok().filter(|w| (0.0..=20.0).contains(w)),
            "steps" => self.steps = value.parse().ok().filter(|n| (1..=1000).contains(n)),
            "cells" => self.cells = value.parse().unwrap_or(self.cells).clamp(4, MOST_CELLS),
            "seed" => self.seed = value.parse().unwrap_or(self.seed),
            "gene" if !value.is_empty() => self.gene = Some(value),
            "run" => self.run = value == "1",
            "clamp" => {
                let pair =
                    value.rsplit_once(':').and_then(|(gene, count)| Some((gene.to_owned(), count.parse().ok()?)));
                self.clamp.extend(pair);
            }
            _ if PARTS.iter().any(|part| key.starts_with(part) && key.len() > part.len()) => {
                self.parts.insert(key.to_owned(), value);
            }
            _ => {
                if let Some(key) = key.strip_prefix("with.").filter(|key| !key.is_empty()) {
                    self.with.insert(key.to_owned(), value);
                }
            }
        }
    }
}

// proptest is a native dependency, and a query reads alike everywhere.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::{MOST_CELLS, State, VIEWS, View};
    use crate::protocol::Wish;
    use proptest::collection::{btree_map, vec};
    use proptest::option;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    /// Any state that controls can make; names may hold any character.
    fn states() -> impl Strategy<Value = State> {
        let names = || "\\PC{1,12}";
        let numbers = (option::of(0.0_f32..=20.0), option::of(1_u32..=1000), 4..=MOST_CELLS, any::<u32>());
        let parts = btree_map(names().prop_map(|name| format!("plate.{name}")), names(), 0..3);
        let lists = (btree_map(names(), names(), 0..4), vec((names(), any::<u32>()), 0..4), option::of(names()), parts);
        (numbers, lists, (0..VIEWS.len(), any::<bool>())).prop_map(
            |((guidance, steps, cells, seed), (with, clamp, gene, parts), (view, run))| State {
                view: VIEWS[view].0,
                parts,
                with,
                guidance,
                steps,
                cells,
                seed,
                clamp,
                gene,
                run,
                ..State::default()
            },
        )
    }

    proptest! {
        #[test]
        fn any_state_comes_back_from_its_address(state in states()) {
            let query = state.query();
            prop_assert_eq!(State::read(&query), state, "{}", query);
        }

        #[test]
        fn any_text_is_read_as_some_state(query in "\\PC{0,60}") {
            let state = State::read(&query);
            prop_assert_eq!(State::read(&state.query()), state);
        }
    }

    #[test]
    fn an_address_comes_back() {
        let mut state = State {
            device: Wish::Cpu,
            view: View::Model,
            guidance: Some(2.5),
            steps: Some(8),
            cells: 128,
            seed: 42,
            clamp: vec![("HLA-DRA".into(), 0), ("CD14".into(), 12)],
            gene: Some("ISG15".into()),
            run: true,
            ..State::default()
        };
        state.with.insert("cell_type".into(), "CD14+ Monocytes & more = 100 %".into());
        state.with.insert("condition".into(), "IFN-β".into());
        assert_eq!(State::read(&state.query()), state);
        assert_eq!(State::read(&State::default().query()), State::default());
    }

    #[test]
    fn nonsense_stays_at_its_default() {
        let state = State::read(
            "?bundle=//elsewhere.org&cells=9999999&guidance=NaN&steps=-4&seed=x&clamp=CD14&%ZZ=%&device=tpu&with.=q",
        );
        assert_eq!(state, State { cells: super::MOST_CELLS, ..State::default() });
    }
}
