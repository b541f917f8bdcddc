//! Numbers of a recipe that no run can use.
//!
//! Does: refuses sizes past what any network or machine has, before they are multiplied or memory is asked for, and
//! rates that are no numbers.
//! Does not know: which sizes are sensible together (`recipe`), how much memory there is (`train`).
//! Flow: recipe → **limits** → the other checks.

use crate::recipe::Recipe;

/// Cells of a step.
const BATCH: usize = 1 << 20;
/// Steps: with the largest batch their product stays far below 2⁶⁴.
const STEPS: usize = 1 << 30;
/// Widths, ranks and numbers of slots.
const WIDTH: usize = 1 << 16;
/// Width between the two halves of a feed-forward block.
const FEED_WIDTH: usize = 1 << 18;
const BLOCKS: usize = 1 << 10;
/// Every bin is a token of its own.
const BINS: usize = 1 << 10;
/// Cells set aside, which stay in memory.
const VALIDATION: usize = 1 << 24;
/// Checkpoints: each has a name of its own.
const KEEP: usize = 1 << 20;

/// Numbers of a recipe that are too large, or are no numbers: a sentence for each.
pub fn faults(recipe: &Recipe) -> Vec<String> {
    let (model, training) = (&recipe.model, &recipe.training);
    let whole = [
        ("model.group_size", model.group_size, WIDTH),
        ("model.width", model.width, WIDTH),
        ("model.blocks", model.blocks, BLOCKS),
        ("model.heads", model.heads, WIDTH),
        ("model.feed_width", model.feed_width, FEED_WIDTH),
        ("model.rank", model.rank, WIDTH),
        ("model.summary", model.summary, WIDTH),
        ("training.steps", training.steps, STEPS),
        ("training.batch", training.batch, BATCH),
        ("training.warm_up", training.warm_up, STEPS),
        ("training.accumulate", training.accumulate, BATCH),
        ("training.validation", training.validation, VALIDATION),
        ("training.keep", training.keep, KEEP),
        ("card.steps", recipe.card.steps, STEPS),
    ];
    let bins = recipe.conditions.iter().map(|own| ("bins", own.bins, BINS));
    let large = whole.into_iter().chain(bins).filter(|(_, value, most)| value > most);
    let mut faults: Vec<String> =
        large.map(|(name, value, most)| format!("{name} is {value}; it can be at most {most}")).collect();
    let rates = [
        ("training.peak_rate", training.peak_rate),
        ("training.final_rate", training.final_rate),
        ("training.weight_decay", training.weight_decay),
        ("training.clip", training.clip),
        ("training.weighting", f64::from(training.weighting)),
        ("card.guidance", f64::from(recipe.card.guidance)),
    ];
    let odd = rates.into_iter().filter(|(_, value)| !value.is_finite());
    faults.extend(odd.map(|(name, value)| format!("{name} is {value}; it must be a number")));
    faults
}
