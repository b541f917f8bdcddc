//! Whether the cells that a bundle wrote could be cells at all.
//!
//! Does: looks at generated cells with the bundle's own ceilings and library sizes, beside measured cells of the same
//! kinds; puts the verdict into the form of a card.
//! Does not know: scores.
//! Flow: generated cells → **plausibility** → table, report, card.

use cells::Cells;
use cells::plausibility::{Bounds, Plausibility, look};
use model::bundle::Bundle;
use model::card::Plausible;

/// Looks at generated cells; `measured` are cells of the same kinds.
pub fn plausibility(bundle: &Bundle, generated: &Cells, measured: &Cells) -> Plausibility {
    let statistics = &bundle.network.statistics;
    let ceilings: Vec<u32> = (0..statistics.genes()).map(|gene| statistics.largest(gene)).collect();
    let bounds = Bounds { ceilings: &ceilings, library_sizes: bundle.card.library_sizes.map(u64::from) };
    look(&generated.counts, bounds, Some(&measured.with_panel(&bundle.card.genes).counts))
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
