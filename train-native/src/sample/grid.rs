//! Tables of what to generate.
//!
//! Does: reads a table with a column for every condition that it sets and one with numbers of cells, and the two columns
//! that other tools use (perturbation and number of cells).
//! Does not know: bundles beyond the names of their conditions, how cells are made.
//! Flow: text → **choices of every line** → `parts`.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use model::card::{Card, Choices, Kind};

/// Names that a column with numbers of cells may have.
const CELLS: [&str; 4] = ["cells", "num_cells", "n_cells", "n"];
/// Joins several perturbations at once.
const TOGETHER: char = '+';

/// One set of choices for each line of a grid: a header with condition keys and `cells`, tabs or commas between.
/// Empty values leave a condition as `choices` has it; `A+B` composes perturbations.
///
/// # Errors
/// When the file cannot be read, or a column or number makes no sense.
pub(super) fn grid(card: &Card, choices: &Choices, path: &Path) -> Result<Vec<Choices>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    of_text(card, choices, &text).with_context(|| format!("{} cannot be used as a grid", path.display()))
}

fn of_text(card: &Card, choices: &Choices, text: &str) -> Result<Vec<Choices>> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if head.contains('\t') { b'\t' } else { b',' };
    let mut table = csv::ReaderBuilder::new().delimiter(delimiter).trim(csv::Trim::All).from_reader(text.as_bytes());
    let columns: Vec<String> = table.headers()?.iter().map(str::to_owned).collect();
    let cells = columns.iter().position(|own| CELLS.contains(&own.to_lowercase().as_str()));
    let cells = cells.with_context(|| format!("it has no column `cells`; it has {}", columns.join(", ")))?;
    let known = || card.conditions.iter().map(|own| own.key.as_str()).collect::<Vec<_>>().join(", ");
    for column in columns.iter().enumerate().filter(|(place, _)| *place != cells).map(|(_, own)| own) {
        ensure!(card.condition(column).is_some(), "the column `{column}` is no condition of the bundle ({})", known());
    }
    let mut all = Vec::new();
    for (place, line) in table.records().enumerate() {
        let (line, number) = (line?, place + 2);
        let mut own = choices.clone();
        let count = line.get(cells).unwrap_or_default();
        own.cells = count.parse().ok().with_context(|| format!("line {number}: {count:?} is not a number of cells"))?;
        for (column, value) in columns.iter().zip(line.iter()).filter(|(_, value)| !value.is_empty()) {
            let Some(condition) = card.condition(column) else { continue };
            // A value may hold a plus sign of its own, such as a cell type's.
            let composed = condition.kind == Kind::Perturbation && condition.token(value).is_none();
            let values = if composed { value.split(TOGETHER).map(str::trim).collect() } else { vec![value] };
            own.with.insert(column.clone(), values.into_iter().map(str::to_owned).collect());
        }
        all.push(own);
    }
    ensure!(!all.is_empty(), "it has no line besides its header");
    Ok(all)
}

/// One set of choices for each line `perturbation<TAB>num_cells`, with or without a header.
///
/// # Errors
/// When the file cannot be read, or a line is another.
pub(crate) fn perturbations(card: &Card, choices: &Choices, path: &Path) -> Result<Vec<Choices>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let condition = card.of_kind(Kind::Perturbation).context("this model has no perturbations")?;
    let lines = lines(&text).with_context(|| format!("{} cannot be used", path.display()))?;
    let line = |(value, cells): (String, usize)| {
        let mut own = choices.clone();
        let values = match condition.token(&value) {
            Some(_) => vec![value],
            None => value.split(TOGETHER).map(|part| part.trim().to_owned()).collect(),
        };
        own.with.insert(condition.key.clone(), values);
        own.cells = cells;
        own
    };
    Ok(lines.into_iter().map(line).collect())
}

/// Perturbation and number of cells of each line.
fn lines(text: &str) -> Result<Vec<(String, usize)>> {
    let mut found = Vec::new();
    for (place, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, cells)) = line.split_once('\t') else {
            bail!("line {} is not perturbation<TAB>num_cells: {line:?}", place + 1);
        };
        match cells.trim().parse() {
            Ok(cells) => found.push((name.trim().to_owned(), cells)),
            // A header.
            Err(_) if found.is_empty() && place == 0 => {}
            Err(_) => bail!("line {}: {cells:?} is not a number of cells", place + 1),
        }
    }
    ensure!(!found.is_empty(), "it names no perturbation");
    Ok(found)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use model::card::{Card, Choices};
    use serde_json::json;

    use super::{lines, of_text};

    fn card() -> Card {
        let value = |value: &str, token: i32| json!({"value": value, "display": value, "token": token, "cells": 1});
        let condition = |key: &str, kind: &str, control: Option<&str>, values| json!({"key": key, "title": key, "kind": kind, "control": control, "values": values, "unspecified": null});
        let text = json!({
            "format_version": 2, "name": "tiny", "title": "", "description": "",
            "model": {"genes": 1, "group_size": 1, "width": 2, "blocks": 1, "heads": 1, "feed_width": 1, "rank": 1,
                "shape": 1, "condition_slots": 2, "condition_values": 4},
            "genes": ["A"],
            "conditions": [
                condition("cell_type", "cell_type", None, vec![value("CD14+ Mono", 282)]),
                condition("drug", "perturbation", Some("none"), vec![value("none", 283), value("X", 284), value("Y", 285)]),
            ],
            "markers": [], "guidance": 0.0, "guidance_limit": 3.0, "steps": 4, "target_sum": 1.0,
            "library_sizes": [1, 2], "reference": [], "scores": [],
            "training": {"cells": 1, "steps": 1, "batch": 1, "seed": 1, "bits_per_gene": 1.0, "held_out": [], "command": ""},
            "data": [], "not_for": [], "files": {}
        });
        serde_json::from_value(text).unwrap()
    }

    fn choices() -> Choices {
        let with = BTreeMap::from([("drug".to_owned(), vec!["X".to_owned()])]);
        Choices { with, guidance: 0.0, steps: 4, cells: 1, seed: 1, clamp: Vec::new() }
    }

    #[test]
    fn a_grid_sets_conditions_and_numbers() {
        for text in [
            "cell_type\tdrug\tcells\nCD14+ Mono\tX+Y\t20\n\t\t5\n",
            "drug,num_cells,cell_type\nX + Y,20,CD14+ Mono\n,5,\n",
        ] {
            let found = of_text(&card(), &choices(), text).unwrap();
            assert_eq!((found[0].cells, found[1].cells), (20, 5));
            assert_eq!(found[0].with["drug"], ["X", "Y"]);
            assert_eq!(found[0].with["cell_type"], ["CD14+ Mono"]);
            // What a line leaves empty stays as it was asked for outside the table.
            assert_eq!(found[1].with["drug"], ["X"]);
            assert!(!found[1].with.contains_key("cell_type"));
        }
        let refused = |text: &str| format!("{:#}", of_text(&card(), &choices(), text).unwrap_err());
        assert!(refused("drug\nX\n").contains("no column `cells`"));
        assert!(refused("dose,cells\n1,2\n").contains("`dose`"));
        assert!(refused("drug,cells\nX,many\n").contains("line 2"));
        assert!(refused("drug,cells\n").contains("no line"));
    }

    #[test]
    fn a_table_has_a_header_or_not() {
        let expected = vec![("IFNB1".to_owned(), 20), ("PBS".to_owned(), 5)];
        assert_eq!(lines("perturbation\tnum_cells\nIFNB1\t20\n\nPBS\t5\n").unwrap(), expected);
        assert_eq!(lines("IFNB1\t20\nPBS\t5").unwrap(), expected);
        let refused = |text: &str| lines(text).unwrap_err().to_string();
        assert!(refused("IFNB1 20").contains("line 1"));
        assert!(refused("IFNB1\t20\nPBS\tmany").contains("line 2"));
        assert!(refused("perturbation\tnum_cells\n").contains("no perturbation"));
    }
}
