//! Presets: sizes and training settings by name.
//!
//! Does: hands out the TOML of a preset; a recipe's own numbers go before a preset's.
//! Does not know: data, conditions.
//! Flow: `preset = NAME` in a recipe → **[model] and [training]** → recipe.

use anyhow::{Result, bail};

/// Every preset with its TOML, smallest first.
const PRESETS: [(&str, &str); 4] = [
    ("page", include_str!("../presets/page.toml")),
    ("small", include_str!("../presets/small.toml")),
    ("base", include_str!("../presets/base.toml")),
    ("paper-85m", include_str!("../presets/paper-85m.toml")),
];

/// Names of the presets, smallest first.
pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|(name, _)| *name).collect()
}

/// The tables of a preset.
///
/// # Errors
/// When there is no preset of this name.
pub fn table(name: &str) -> Result<toml::Table> {
    let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) else {
        bail!("there is no preset {name:?}; there is {}", names().join(", "));
    };
    Ok(toml::from_str(text)?)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{names, table};
    use crate::recipe::{Sizes, TrainingRecipe};

    #[test]
    fn every_preset_states_every_number() {
        for name in names() {
            let preset = table(name).unwrap();
            let sizes: Sizes = preset["model"].clone().try_into().unwrap();
            let training: TrainingRecipe = preset["training"].clone().try_into().unwrap();
            assert!(sizes.width.is_multiple_of(2 * sizes.heads), "{name}");
            assert!(training.slots <= sizes.group_size && training.warm_up < training.steps, "{name}");
        }
        assert!(table("huge").unwrap_err().to_string().contains("paper-85m"));
    }

    #[test]
    fn the_papers_blocks_hold_85_million() {
        let sizes: Sizes = table("paper-85m").unwrap()["model"].clone().try_into().unwrap();
        let (d, f) = (sizes.width, sizes.feed_width);
        assert_eq!(sizes.blocks * (4 * d * d + 3 * d * f), 85_196_800);
    }
}
