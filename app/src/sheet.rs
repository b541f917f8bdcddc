//! What the model view shows of `bundle.json` beyond the card that the page works with.
//!
//! Does: reads it leniently: a bundle of an earlier or later exporter lacks fields, and the view leaves out
//! what is not there.
//! Does not know: how any of it is shown.
//! Flow: `bundle.json` → **sheet** → model view.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::judged::Summary;
use crate::judged::likeness::Population;

/// The rest of a card; everything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Sheet {
    /// Version of the bundle format.
    pub format_version: Option<u32>,
    /// Species.
    pub species: Option<String>,
    /// "measured", "semi-synthetic" or "synthetic".
    pub origin: Option<String>,
    /// How cells that were not measured were made.
    pub origin_note: String,
    /// Terms of the weights.
    pub licence: Option<String>,
    /// What it is for.
    pub intended_use: Vec<String>,
    /// Where it is known to fail.
    pub known_failures: Vec<String>,
    /// Sizes of the network, by name.
    pub model: BTreeMap<String, serde_json::Value>,
    /// Library size that expression is normalised to.
    pub target_sum: Option<f64>,
    /// Measured groups that travel with the model.
    pub reference: Vec<Group>,
    /// The referee's metrics over all held-out groups.
    pub summaries: Vec<Summary>,
    /// Generated populations beside measured ones.
    pub populations: Vec<Population>,
    /// How it was trained.
    pub training: Training,
    /// Every other file.
    pub files: BTreeMap<String, File>,
}

/// A measured group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Measured cells.
    pub cells: u64,
}

/// How it was trained, beyond the card.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Training {
    /// Seed.
    pub seed: Option<u64>,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct File {
    /// SHA-256.
    pub sha256: String,
    /// Bytes.
    pub bytes: u64,
}

impl Sheet {
    /// Reads `bundle.json`; what is not of the expected kind is as good as absent.
    pub fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// The network's sizes in words, in the order of the data's way through it.
    pub fn network(&self) -> Vec<(&'static str, String)> {
        let names = [
            ("genes", "genes"),
            ("group_size", "genes per group"),
            ("width", "width"),
            ("blocks", "blocks"),
            ("heads", "heads"),
            ("feed_width", "feed-forward width"),
        ];
        let number = |key: &str| self.model.get(key).filter(|value| value.is_number()).map(ToString::to_string);
        names.into_iter().filter_map(|(key, name)| Some((name, number(key)?))).collect()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

/// Address that a source's words name: a DOI, or an accession of GEO. Links only; nothing is fetched.
pub fn link_of(words: &str) -> Option<String> {
    let doi = words.split_whitespace().map(|word| word.trim_matches([',', ';', ')', '('])).find(|word| {
        word.starts_with("10.") && word.contains('/') && word.chars().all(|c| c.is_ascii_graphic() && c != '"')
    });
    let accession = |word: &&str| {
        word.strip_prefix("GSE").is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let series = words.split_whitespace().find(accession);
    doi.map(|doi| format!("https://doi.org/{}", doi.trim_end_matches('.')))
        .or_else(|| series.map(|id| format!("https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc={id}")))
}

#[cfg(test)]
mod tests {
    use super::{Sheet, link_of};

    #[test]
    fn anything_may_be_absent() {
        assert_eq!(Sheet::read("{}"), Sheet::default());
        assert_eq!(Sheet::read("[]"), Sheet::default());
        let sheet = Sheet::read(
            r#"{"format_version": 1, "model": {"width": 80, "genes": 9015, "own": "x"}, "files": {"a": {"bytes": 7}, "b": {"bytes": 5, "sha256": "ff"}}, "later": []}"#,
        );
        assert_eq!((sheet.format_version, sheet.bytes(), sheet.files["a"].sha256.as_str()), (Some(1), 12, ""));
        assert_eq!(sheet.network(), [("genes", "9015".to_owned()), ("width", "80".to_owned())]);
    }

    #[test]
    fn sources_are_linked() {
        let doi = "Kang et al. 2018, Nature Biotechnology 36:89, doi 10.1038/nbt.4042";
        assert_eq!(link_of(doi).as_deref(), Some("https://doi.org/10.1038/nbt.4042"));
        assert!(link_of("GSE96583").is_some_and(|address| address.ends_with("acc=GSE96583")));
        for none in ["a book", "GSE", "GSEx", "10.5 million cells", ""] {
            assert_eq!(link_of(none), None, "{none}");
        }
    }
}
