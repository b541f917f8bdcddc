//! An evaluation as files: JSON, a Markdown table and one HTML page.
//!
//! Does: writes what was scored and what must be known of it (`content`) in three forms.
//! Does not know: how anything was scored.
//! Flow: entries, pairs, populations → **report.json, report.md, report.html**.

mod content;
mod crowd;
mod figures;
mod page;
mod pairs;
mod words;

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::entry::SEED;
use super::population::{MEASURES, markdown as population_table};
use super::table::{as_json, markdown};
use crate::files::{in_hand, write_atomic};
use crate::progress;

pub use content::{Crowd, Report, Section};
pub use pairs::{Pair, pairs};

impl Report {
    /// The Markdown form.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n", self.title);
        for sentence in words::summary(self) {
            text.push_str(&format!("{sentence}\n\n"));
        }
        for (name, words) in &self.facts {
            text.push_str(&format!("- {name}: {words}\n"));
        }
        for section in &self.sections {
            text.push_str(&format!("\n## {}\n\n{}", section.title, markdown(&section.verdict)));
        }
        if let Some(crowd) = &self.crowd {
            text.push_str(&format!("\n## Cells as a whole\n\n{}", population_table(&crowd.measures)));
        }
        text
    }

    /// The JSON form.
    pub fn json(&self) -> serde_json::Value {
        let population = self.crowd.as_ref().map(|crowd| {
            let values = |own: &super::population::Likeness| {
                let pairs =
                    MEASURES.iter().zip(own.values).map(|(measure, value)| (measure.name.to_owned(), json!(value)));
                serde_json::Value::Object(pairs.collect())
            };
            let measures = &crowd.measures;
            json!({
                "cells": measures.cells,
                "generated": values(&measures.generated),
                "other_half": values(&measures.other_half),
                "cell_types": measures.types.as_ref().map(|(names, shares, accuracy)| {
                    json!({ "names": names, "measured": shares, "classifier_accuracy": accuracy,
                        "generated": measures.generated.types, "other_half": measures.other_half.types })
                }),
            })
        });
        let sections: Vec<_> =
            self.sections.iter().map(|own| json!({ "title": own.title, "scores": as_json(&own.verdict) })).collect();
        let facts: serde_json::Map<String, serde_json::Value> =
            self.facts.iter().map(|(name, words)| (name.clone(), json!(words))).collect();
        json!({
            "title": self.title,
            "summary": words::summary(self),
            "facts": facts,
            "seed": SEED,
            "sections": sections,
            "population": population,
            "split": self.split,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }

    /// Writes the three forms into a folder, and the split beside them.
    ///
    /// # Errors
    /// When a figure cannot be drawn or the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let _drawing = progress::phase(format!("drawing the report in {}", folder.display()));
        let (page, json, text) = (page::page(self)?, serde_json::to_string_pretty(&self.json())?, self.markdown());
        // The forms are of one report or, when the program is asked to end, of none.
        let _in_hand = in_hand();
        write_atomic(&folder.join("report.json"), json.as_bytes())?;
        write_atomic(&folder.join("report.md"), text.as_bytes())?;
        if let Some(split) = &self.split {
            write_atomic(&folder.join("split.json"), serde_json::to_string_pretty(split)?.as_bytes())?;
        }
        write_atomic(&folder.join("report.html"), page.as_bytes())
    }
}
