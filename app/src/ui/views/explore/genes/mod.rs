//! Genes: the table of shifts, the figures, the list of genes to watch.
//!
//! Does: gathers them.
//! Does not know: how shifts were tested.
//! Flow: store's shifts and values → **table, figures** → chosen gene.

mod dots;
pub(super) mod figures;
mod filters;
mod heat;
mod list;
mod row;
mod save;
pub(super) mod table;
mod violins;
mod volcano;
