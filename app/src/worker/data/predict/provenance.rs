//! What made predicted cells (DESIGN.md, decision 8).
//!
//! Does: lists bundle, conditions, cells, settings, device and version, and the command that predicts the same cells.
//! Does not know: cells.
//! Flow: what was asked and chosen → **entries** → CSV, h5ad.

use model::card::Kind;

use super::super::super::session::Session;
use super::super::own::Own;
use super::chosen::Chosen;
use crate::protocol::Provenance;
use crate::protocol::what_if::{Types, Wanted};
use crate::what_if::{Source, command, taken};

/// What made the cells.
pub(super) fn of(
    session: &Session,
    own: &Own,
    (wanted, matrix): (&Wanted, Option<&str>),
    chosen: &Chosen,
) -> Provenance {
    let card = &session.bundle.card;
    let source = Source {
        bundle: &card.name,
        types: card.of_kind(Kind::CellType).map(|condition| condition.key.as_str()),
        title: &own.title,
        matrix,
        whole: own.cells_in_file == own.names.len(),
    };
    let with = wanted.with.iter().map(|(key, values)| format!("{key}={}", values.join("+")));
    let types = match &wanted.types {
        Types::Nearest => "nearest measured cells on the map".to_owned(),
        Types::Label(label) => format!("label {label}"),
        Types::Value(value) => format!("{value} for all"),
    };
    let entries = [
        ("kind", "predicted".to_owned()),
        ("bundle", card.name.clone()),
        ("bundle_sha256", session.bundle.hash.clone()),
        ("conditions", with.collect::<Vec<_>>().join("; ")),
        ("cells", own.title.clone()),
        ("only", taken(&chosen.about)),
        ("cell_types", types),
        ("kept", wanted.keep.to_string()),
        ("guidance", wanted.guidance.to_string()),
        ("steps", wanted.steps.to_string()),
        ("seed", wanted.seed.to_string()),
        ("device", format!("{} ({})", session.report.kind, session.report.name)),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("notes", chosen.about.notes.join("; ")),
        ("command", command(wanted, source).0),
    ];
    Provenance { entries: entries.map(|(key, value)| (key.to_owned(), value)).into() }
}
