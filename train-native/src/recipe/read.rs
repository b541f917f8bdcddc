//! A recipe from its file.
//!
//! Does: reads the text, a split that is named in it and the preset that fills in what it leaves out.
//! Does not know: which settings make sense (`faults`).
//! Flow: TOML → **table with everything filled in** → `faults` → recipe.

use std::path::Path;

use anyhow::{Context, Result};
use cells::splits::Split;

use super::Recipe;
use super::faults;
use crate::presets;

impl Recipe {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// When the file cannot be read or a setting makes no sense.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the recipe {}", path.display()))?;
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        Self::parse(&text, folder).with_context(|| format!("the recipe {} cannot be used", path.display()))
    }

    /// A recipe from its text. `preset = NAME` fills in what [model] and [training] leave out; `split = FILE` is read
    /// from `folder`.
    /// All faults are said at once.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(text)?;
        if let Some(file) = table.get("split").and_then(toml::Value::as_str) {
            let path = folder.join(file);
            let text = std::fs::read(&path).with_context(|| format!("cannot read the split {}", path.display()))?;
            let split: Split =
                serde_json::from_slice(&text).with_context(|| format!("{} is no split", path.display()))?;
            table.insert("split".to_owned(), toml::Value::try_from(split)?);
        }
        let Some(name) = table.remove("preset") else { return faults::typed(table) };
        let name = name.as_str().context("preset must be a name in quotes")?;
        for (part, values) in presets::table(name)? {
            let own = table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            let own = own.as_table_mut().context("[model] and [training] must be tables")?;
            for (key, value) in values.as_table().into_iter().flatten() {
                own.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        faults::typed(table)
    }
}
