//! The site's list of bundles, `models/index.json`.
//!
//! Does: reads the card of every bundle of a built site and writes what a visitor chooses by. It is made at
//! each build, so that it never differs from the cards.
//! Does not know: how the page shows it (app/src/bundles.rs reads it).
//! Flow: `dist/models/*/bundle.json` → **`dist/models/index.json`**.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// Name of the list.
const LIST: &str = "index.json";

/// Text of a card's field.
fn text(card: &Value, key: &str) -> String {
    card[key].as_str().unwrap_or_default().to_owned()
}

/// The first sentence of a text.
fn first_sentence(text: &str) -> &str {
    // A point before a capital letter ends a sentence; "et al. 2018" does not.
    let end = text.match_indices(". ").find(|(at, _)| text[at + 2..].starts_with(char::is_uppercase));
    end.map_or(text, |(at, _)| &text[..=at])
}

/// A bundle's entry, from its card.
fn entry(folder: &str, json: &str) -> Result<Value> {
    let card: Value = serde_json::from_str(json)?;
    let Some(files) = card["files"].as_object() else { bail!("it names no files") };
    let bytes: u64 = files.values().filter_map(|file| file["bytes"].as_u64()).sum();
    let perturbations: usize = card["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|condition| condition["kind"] == "perturbation")
        .map(|condition| {
            let values = condition["values"].as_array().map_or(&[][..], Vec::as_slice);
            values.iter().filter(|value| value["value"] != condition["control"]).count()
        })
        .sum();
    Ok(json!({
        "folder": format!("models/{folder}"),
        "title": text(&card, "title"),
        "line": first_sentence(&text(&card, "description")),
        "species": card["species"].as_str(),
        "origin": card["origin"].as_str(),
        "genes": card["genes"].as_array().map_or(0, Vec::len),
        "cells": card["training"]["cells"].as_u64().unwrap_or(0),
        "perturbations": perturbations,
        "bytes": bytes + json.len() as u64,
    }))
}

/// Writes the list of a folder of bundles, in the order of their names.
///
/// # Errors
/// When a bundle's card is missing or is not one.
pub fn write_catalogue(models: &Path) -> Result<()> {
    let entries = std::fs::read_dir(models).with_context(|| format!("{} is missing", models.display()))?;
    let mut folders: Vec<_> =
        entries.flatten().filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name()).collect();
    // What an export that was killed leaves is hidden.
    folders.retain(|name| !name.to_string_lossy().starts_with('.'));
    folders.sort();
    let mut list = Vec::new();
    for folder in folders {
        let card = models.join(&folder).join("bundle.json");
        let json = std::fs::read_to_string(&card).with_context(|| format!("{} cannot be read", card.display()))?;
        list.push(entry(&folder.to_string_lossy(), &json).with_context(|| format!("{} is no card", card.display()))?);
    }
    let text = serde_json::to_string_pretty(&list)? + "\n";
    std::fs::write(models.join(LIST), text).with_context(|| format!("{LIST} cannot be written"))
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{entry, first_sentence, write_catalogue};

    const CARD: &str = r#"{"title": "A", "description": "Cells of B et al. 2018. More.", "genes": ["X", "Y"],
        "conditions": [{"kind": "perturbation", "control": "c", "values": [{"value": "c"}, {"value": "i"}]}, {"kind": "identity"}],
        "training": {"cells": 7}, "files": {"w": {"bytes": 100}, "m": {"bytes": 20}}}"#;

    #[test]
    fn an_entry_says_what_a_card_says() {
        let entry = entry("a", CARD).unwrap();
        assert_eq!(
            (entry["folder"].as_str(), entry["line"].as_str()),
            (Some("models/a"), Some("Cells of B et al. 2018."))
        );
        assert_eq!(
            (entry["genes"].as_u64(), entry["cells"].as_u64(), entry["perturbations"].as_u64()),
            (Some(2), Some(7), Some(1))
        );
        assert_eq!(entry["bytes"].as_u64(), Some(120 + CARD.len() as u64));
        assert!(entry["species"].is_null());
    }

    #[test]
    fn a_text_without_an_end_is_a_sentence() {
        assert_eq!(first_sentence("one"), "one");
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn every_bundle_is_listed_and_a_broken_one_named() {
        let models = std::env::temp_dir().join(format!("wellplate-catalogue-{}", std::process::id()));
        for name in ["b", "a"] {
            std::fs::create_dir_all(models.join(name)).unwrap();
            std::fs::write(models.join(name).join("bundle.json"), CARD).unwrap();
        }
        write_catalogue(&models).unwrap();
        let list: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(models.join("index.json")).unwrap()).unwrap();
        let folders: Vec<&str> =
            list.as_array().unwrap().iter().map(|entry| entry["folder"].as_str().unwrap()).collect();
        std::fs::write(models.join("b/bundle.json"), "{").unwrap();
        let error = format!("{:#}", write_catalogue(&models).unwrap_err());
        std::fs::remove_dir_all(&models).unwrap();
        assert_eq!(folders, ["models/a", "models/b"]);
        assert!(error.contains("bundle.json"), "{error}");
    }
}
