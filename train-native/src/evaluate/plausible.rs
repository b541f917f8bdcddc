//! Whether the cells that a bundle wrote could be cells at all.
//!
//! Does: looks at generated cells with the bundle's own ceilings and library sizes, beside measured cells of the same
//! kinds and of their own type and perturbation; puts the verdict into the form of a card.
//! Does not know: scores.
//! Flow: generated cells → **plausibility** → table, report, card.

use cells::Cells;
use cells::foreign::{Kind as CellKind, Measured};
use cells::plausibility::{Bounds, Plausibility, look};
use model::bundle::Bundle;
use model::card::{Card, Kind, Plausible};

use crate::judge::plausible::kinds_of;

/// Cell type and perturbation of every cell, as far as a bundle tells them apart.
pub(crate) fn kinds(card: &Card, cells: &Cells) -> Vec<CellKind> {
    let of = |kind: Kind| card.conditions.iter().filter(move |own| own.kind == kind).map(|own| &own.key);
    kinds_of(cells, of(Kind::CellType), of(Kind::Perturbation))
}

/// Looks at generated cells; `measured` are cells of the same kinds, `all` every measured cell.
pub fn plausibility(bundle: &Bundle, generated: &Cells, measured: &Cells, all: &Cells) -> Plausibility {
    let statistics = &bundle.network.statistics;
    let ceilings: Vec<u32> = (0..statistics.genes()).map(|gene| statistics.largest(gene)).collect();
    let bounds = Bounds { ceilings: &ceilings, library_sizes: bundle.card.library_sizes.map(u64::from) };
    let panel = &bundle.card.genes;
    let mut found = look(&generated.counts, bounds, Some(&measured.with_panel(panel).counts));
    let [own, measured] = [generated, all].map(|cells| kinds(&bundle.card, cells));
    found.foreign = Some(Measured::of(&all.with_panel(panel).counts, &measured).look(&generated.counts, &own));
    found
}

/// The same for a card.
pub fn for_card(found: &Plausibility, genes: &[String]) -> Plausible {
    Plausible {
        cells: found.cells,
        above: found.above,
        outside: found.outside,
        leaning: found.leaning,
        library_sizes: found.library_sizes,
        detection: found.detection,
        sound: found.is_sound(),
        words: found.words(genes),
    }
}
