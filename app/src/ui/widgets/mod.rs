//! Parts that several views are put together from.
//!
//! Does: canvases, figures with a table twin, choices, fields that suggest, numbers in words.
//! Does not know: which view it stands in.
//! Flow: state → **widgets** → person → state and effects.

pub(super) mod canvas;
pub(super) mod dot_plot;
pub(super) mod figure;
pub(super) mod gene_options;
pub(super) mod number_field;
pub(super) mod numbers;
pub(super) mod pick;
pub(super) mod table_twin;
pub(super) mod type_ahead;
