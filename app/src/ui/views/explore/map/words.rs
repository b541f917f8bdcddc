//! The map in words.
//!
//! Does: one sentence on what is on it, for those who do not see it and for saved pictures.
//! Does not know: how it is drawn.
//! Flow: state → **sentence**.

use leptos::prelude::*;

use super::board::Board;
use crate::choices;
use crate::origin::map_word;

/// What is on the map.
pub(super) fn words(board: Board) -> String {
    let store = board.store;
    let measured = store.reference.with(|points| points.len() / 2);
    let (control, perturbed) = (store.control.with(Vec::len) / 2, store.perturbed.with(Vec::len) / 2);
    let more = board.load.get().map_or_else(String::new, |count| {
        format!(" {} benchmark points, which are no cells, repeat the measured ones.", count.saturating_sub(measured))
    });
    let card = store.card.get();
    let grey = match card.as_deref().map_or("measured", map_word) {
        "measured" => format!("{measured} measured cells"),
        other => format!("{measured} {other}"),
    };
    if card.is_some_and(|card| choices::perturbation(&card).is_none()) {
        let other = store.other_control.with(Vec::len) / 2;
        let second = if other > 0 { format!(" of A and {other} of B") } else { String::new() };
        return format!("Map of {grey} in grey and {control} generated cells{second}{}.{more}", store.cells_ending());
    }
    format!(
        "Map of {grey} in grey, {control} generated control cells and {perturbed} generated perturbed cells{}.{more}",
        store.cells_ending()
    )
}
