//! Bundles by name: the site's list of them, what fits from one to the next, and the names under which a
//! browser keeps their files.
//!
//! Does: reads `models/index.json`; fits a state to a card and says what had to go; makes and reads keys of
//! kept files; sizes in words.
//! Does not know: the browser's cache (`shelf`), messages, how any of it is shown.
//! Flow: list and card → **choices that fit**; file entry → **key**.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::held_out;
use crate::protocol::card::Card;
use crate::protocol::is_own_folder;
use crate::state::State;

/// Address of the list that `cargo xtask` writes.
pub const CATALOGUE: &str = "models/index.json";
/// Name of the browser's cache; the number is the bundle format's.
pub const CACHE: &str = "wellplate-bundles-1";
/// A bundle's card.
pub const CARD_FILE: &str = "bundle.json";

/// A bundle in the site's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Folder, relative to the page.
    pub folder: String,
    /// One line.
    pub title: String,
    /// A sentence.
    pub line: String,
    /// Species, if the bundle says.
    pub species: Option<String>,
    /// "measured" or "semi-synthetic", if the bundle says.
    pub origin: Option<String>,
    /// Genes of the panel.
    pub genes: u32,
    /// Training cells.
    pub cells: u32,
    /// Perturbations other than the control.
    pub perturbations: u32,
    /// Bytes to download.
    pub bytes: u64,
}

/// The list's bundles; those outside the site are left out.
///
/// # Errors
/// When it is not such a list.
pub fn read_catalogue(json: &str) -> Result<Vec<Entry>, serde_json::Error> {
    let entries: Vec<Entry> = serde_json::from_str(json)?;
    Ok(entries.into_iter().filter(|entry| is_own_folder(&entry.folder)).collect())
}

/// Brings a state into line with a card: what the card does not know is taken out of it and named, as the card that was
/// open before calls it.
pub fn fit(state: &mut State, card: &Card, before: Option<&Card>) -> Vec<String> {
    let mut dropped = Vec::new();
    fit_choices(&mut state.with, &mut state.clamp, (card, before), &mut dropped);
    if let Some(other) = &mut state.other {
        fit_choices(&mut other.with, &mut other.clamp, (card, before), &mut dropped);
    }
    dropped.extend(fit_gene(state, card));
    dropped
}

/// Puts away the chosen gene, unless the card knows it, and names it.
pub fn fit_gene(state: &mut State, card: &Card) -> Vec<String> {
    let unknown = state.gene.take_if(|gene| !card.genes.contains(gene));
    unknown.map(|gene| format!("the chosen gene {gene}")).into_iter().collect()
}

/// The part of [`fit`] that both scenarios have.
fn fit_choices(
    with: &mut BTreeMap<String, Vec<String>>,
    clamp: &mut Vec<(String, u32)>,
    (card, before): (&Card, Option<&Card>),
    dropped: &mut Vec<String>,
) {
    with.retain(|key, values| {
        let condition = card.conditions.iter().find(|condition| condition.key == *key);
        values.retain(|value| {
            let known = condition.is_some_and(|condition| condition.values.iter().any(|known| known.value == *value));
            if !known {
                // The card that offered it knows what it is called.
                dropped.push(held_out::choice(before.unwrap_or(card), key, value));
            }
            known
        });
        !values.is_empty()
    });
    clamp.retain(|(gene, count)| {
        let known = card.genes.contains(gene);
        if !known {
            dropped.push(format!("{gene} held at {count}"));
        }
        known
    });
}

/// Name of a kept file, relative to the page. Cards have no hash of their own: the newest is kept.
pub fn key(folder: &str, file: &str, sha256: Option<&str>) -> String {
    sha256.map_or_else(|| format!("{folder}/{file}"), |hash| format!("{folder}/{file}?sha256={hash}"))
}

/// Folder and file behind a kept file's full address; `None` when another site of the same origin keeps it.
pub fn of_key<'a>(base: &str, address: &'a str) -> Option<(&'a str, &'a str)> {
    let path = address.strip_prefix(base)?.split('?').next()?;
    path.rsplit_once('/').filter(|(folder, _)| is_own_folder(folder))
}

/// What a file of a bundle holds, for people; one that is not known here keeps its name.
pub fn file_words(name: &str) -> &str {
    match name {
        "precomputed.safetensors" => "precomputed results",
        "weights.safetensors" => "weights",
        "golden.safetensors" => "known results, to test the device",
        "map.safetensors" => "the map",
        "reference.safetensors" => "means of measured cells",
        other => other,
    }
}

/// A size for people, in units of 1,000.
pub fn size_words(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A number with commas between its thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{file_words, fit, grouped, key, of_key, read_catalogue, size_words};
    use crate::protocol::card::{Card, Condition, Value};
    use crate::state::State;

    fn card() -> Card {
        let values = ["T", "B"].map(|name| Value { value: name.into(), ..Value::default() }).to_vec();
        let condition = Condition { key: "cell_type".into(), values, ..Condition::default() };
        Card { genes: vec!["CD14".into()], conditions: vec![condition], ..Card::default() }
    }

    #[test]
    fn what_a_card_does_not_know_goes_and_is_named() {
        let mut state =
            State { gene: Some("ISG15".into()), cells: 8, seed: 5, guidance: Some(2.0), ..State::default() };
        state.with.insert("cell_type".into(), vec!["T".into()]);
        state.with.insert("donor".into(), vec!["101".into()]);
        state.clamp = vec![("CD14".into(), 3), ("ISG15".into(), 0)];
        let dropped = fit(&mut state, &card(), None);
        assert_eq!(dropped, ["donor 101", "ISG15 held at 0", "the chosen gene ISG15"]);
        assert_eq!((state.with.len(), state.clamp.len(), state.gene.clone()), (1, 1, None));
        assert_eq!((state.cells, state.seed, state.guidance), (8, 5, Some(2.0)), "numbers fit every model");
        assert!(fit(&mut state, &card(), None).is_empty(), "what fits stays");
        let mut before = card();
        before.conditions[0] = Condition { key: "donor".into(), title: "Donor".into(), ..before.conditions[0].clone() };
        before.conditions[0].values[0] =
            Value { value: "101".into(), display: "patient 101".into(), ..Value::default() };
        let mut state = State::read("with.donor=101");
        assert_eq!(fit(&mut state, &card(), Some(&before)), ["donor patient 101"], "names, not codes");
    }

    #[test]
    fn files_are_named_by_what_they_hold() {
        assert_eq!(file_words("precomputed.safetensors"), "precomputed results");
        assert_eq!(file_words("weights-2-of-3.safetensors"), "weights-2-of-3.safetensors");
    }

    #[test]
    fn keys_name_folder_file_and_hash() {
        let (base, hash) = ("https://a.org/site/", "00ff");
        let address = format!("{base}{}", key("models/x", "weights.safetensors", Some(hash)));
        assert_eq!(address, "https://a.org/site/models/x/weights.safetensors?sha256=00ff");
        assert_eq!(of_key(base, &address), Some(("models/x", "weights.safetensors")));
        assert_eq!(
            of_key(base, &format!("{base}{}", key("models/x", "bundle.json", None))),
            Some(("models/x", "bundle.json"))
        );
        for foreign in
            ["https://a.org/other/models/x/bundle.json", "https://a.org/site/../x/bundle.json", "https://a.org/site/x"]
        {
            assert_eq!(of_key(base, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_list_may_say_little_and_names_only_own_folders() {
        let json = r#"[{"folder": "models/a", "title": "A", "bytes": 12, "later": 1}, {"folder": "//b.org/x"}]"#;
        let entries = read_catalogue(json).unwrap();
        assert_eq!((entries.len(), entries[0].bytes, entries[0].species.clone()), (1, 12, None));
        assert!(read_catalogue("<html>").is_err());
    }

    #[test]
    fn sizes_are_words() {
        let words: Vec<String> = [0, 999, 5_600, 5_718_096, 2_340_000_000].map(size_words).to_vec();
        assert_eq!(words, ["0 B", "999 B", "6 kB", "5.7 MB", "2.34 GB"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped).to_vec(), ["0", "999", "1,000", "1,234,567"]);
    }
}
