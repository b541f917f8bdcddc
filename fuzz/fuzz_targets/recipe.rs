//! Recipes and the settings of `prepare` from any text.
//!
//! Does: reads both as the trainer does; sizes of the network from what is accepted.
//! Does not know: what the text is.

#![no_main]

use libfuzzer_sys::fuzz_target;
use train_native::prepare::settings::Settings;
use train_native::recipe::Recipe;

fuzz_target!(|bytes: &[u8]| {
    let Ok(folder) = tempfile::tempdir() else { return };
    let path = folder.path().join("recipe.toml");
    if std::fs::write(&path, bytes).is_err() {
        return;
    }
    if let Ok(recipe) = Recipe::read(&path) {
        let _ = (recipe.split().is_ok(), recipe.model.config(100, [3, 10, 0]).check().is_ok());
    }
    if let Ok(settings) = Settings::read(&path) {
        let _ = (settings.files().is_ok(), settings.keys(), settings.held_out());
    }
});
