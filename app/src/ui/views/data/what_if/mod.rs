//! What if, on my own cells: the part of the Data view that predicts.
//!
//! Does: gathers its files.
//! Does not know: how cells are predicted, what stands on the map besides.
//! Flow: person → `form` → `effects::what_if` → worker → state → `results`, `table`, `figure`, map's `layer`.

mod asked;
mod by_hand;
mod dots;
mod figure;
pub(super) mod form;
pub(super) mod layer;
mod pick;
pub(super) mod results;
mod table;
