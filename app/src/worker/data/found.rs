//! What the reader found, in the page's words.
//!
//! Does: turns the reader's report into choices of matrices, genomes and modalities, and into sentences.
//! Does not know: files.
//! Flow: report of `cells` → **found** → page.

use cells::dense::Table;
use cells::h5ad::{Matrix, Scale};
use cells::kind::Kind;
use cells::matrix_market::{Companions, genome, is_rounded};
use cells::report::{MatrixFound, Report};

use crate::protocol::data::{Choice, Found};

/// A matrix to choose: corrected counts are rounded when they are chosen by hand.
fn choice(own: &MatrixFound, report: &Report) -> Choice {
    let corrected = own.kind == Kind::Corrected;
    let size = if own.genes == report.genes { String::new() } else { format!(", {} genes", own.genes) };
    let rounding = if corrected { "; rounded to whole counts" } else { "" };
    Choice {
        name: if corrected { format!("{} rounded", own.place) } else { own.place.clone() },
        words: format!("{}: {}{size}{rounding}", own.place, own.kind.words()),
        taken: own.place == report.taken.place,
    }
}

/// What was found of an HDF5 file.
pub(super) fn found(report: &Report) -> Found {
    let usable = report.matrices.iter().filter(|own| own.usable);
    let group = |own: &cells::report::GroupFound| Choice {
        name: own.name.clone(),
        words: format!("{} ({} genes)", own.name, own.genes),
        taken: own.taken,
    };
    Found {
        reason: report.reason(),
        read_as: report.read_as.clone(),
        matrices: usable.map(|own| choice(own, report)).collect(),
        unusable: report.matrices.iter().filter(|own| !own.usable).map(MatrixFound::words).collect(),
        // A modality without genes (peaks, proteins) cannot be chosen.
        groups: report.groups.iter().filter(|own| own.genes > 0).map(group).collect(),
        symbols: report.symbols.clone(),
        labels: report.labels.iter().map(|label| label.key.clone()).collect(),
        left_out: report.left_out.iter().map(|own| format!("{}: {}", own.place, own.why)).collect(),
        notes: report.notes.clone(),
    }
}

/// What was found of the names beside a Matrix Market file; its values are judged when they are read.
pub(super) fn of_companions(companions: &Companions, asked: &Matrix) -> Found {
    let wanted = genome(asked);
    let group = |(name, genes): (&String, &usize)| Choice {
        name: name.clone(),
        words: format!("{name} ({genes} genes)"),
        taken: wanted.is_none_or(|wanted| wanted == name),
    };
    let rounded = if is_rounded(asked) { "rounded to whole counts" } else { "judged when they are read" };
    Found {
        reason: "The file holds one matrix.".to_owned(),
        read_as: rounded.to_owned(),
        groups: companions.genes.genomes.iter().map(group).collect(),
        symbols: companions.genes.place.clone(),
        labels: companions.labels.keys().cloned().collect(),
        notes: [companions.genes.notes.clone(), companions.notes.clone()].concat(),
        ..Found::default()
    }
}

/// What the first reading of a dense table told.
pub(super) fn of_table(table: &Table, asked: &Matrix) -> Found {
    let mut found = of_companions(&table.companions, asked);
    let sides = table.groups.iter().map(|own| Choice {
        name: own.name.clone(),
        words: format!("{} ({} genes)", own.name, own.genes),
        taken: own.taken,
    });
    found.groups.extend(sides);
    found
}

/// Notes of a report, with the columns that were left out and what was done to the values.
pub(super) fn notes(report: &Report, scale: Scale) -> Vec<String> {
    let mut notes = report.notes.clone();
    let as_it_is = match scale {
        Scale::Counts => report.taken.kind == Kind::Counts,
        Scale::LogNormalised => matches!(report.taken.kind, Kind::LogNormalised { .. }),
    };
    if !as_it_is {
        notes.push(format!("{}. They are read as {}.", report.taken.words(), report.read_as));
    }
    if !report.left_out.is_empty() {
        let list: Vec<String> = report.left_out.iter().map(|own| format!("{} ({})", own.place, own.why)).collect();
        notes.push(format!("Columns that cannot be labels were left out: {}.", list.join("; ")));
    }
    notes
}
