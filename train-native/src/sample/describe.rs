//! What would be generated, in words.
//!
//! Does: writes sets of choices as a table.
//! Does not know: how cells are made.
//! Flow: choices → **table** → standard output, the notes of a file.

use model::card::Choices;

/// What would be generated, one line each.
pub fn describe(wanted: &[Choices]) -> String {
    let mut text = String::from("cells\tseed\tguidance\tsteps\theld\twith\n");
    for own in wanted {
        let with: Vec<String> = own.with.iter().map(|(key, values)| format!("{key}={}", values.join("+"))).collect();
        let numbers = format!("{}\t{}\t{}\t{}\t{}", own.cells, own.seed, own.guidance, own.steps, own.clamp.len());
        text.push_str(&format!("{numbers}\t{}\n", with.join("; ")));
    }
    text
}
