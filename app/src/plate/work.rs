//! From wells to what the worker is asked for.
//!
//! Does: the range of cells per well, the request of a well, the order of work, the command that repeats a well.
//! Does not know: messages, the sampler.
//! Flow: layout + settings → **requests in order** → worker; the same → commands in exports.

use super::layout::{Layout, Well};
use crate::checks;
use crate::protocol::Request;

/// Fewest and most cells of a well.
pub const CELLS: (u32, u32) = (8, 256);
/// Cells of a well when nothing else is said.
pub const USUAL_CELLS: u32 = 32;

/// What holds for all wells of a plate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Guidance of wells that name none.
    pub guidance: f32,
    /// Sampling steps.
    pub steps: u32,
    /// Cells of a well.
    pub cells: u32,
    /// Seed: that of the control populations; replicate r has seed + r.
    pub seed: u32,
}

/// Cells per well as a person or an address has it.
///
/// # Errors
/// A sentence when it is no number or out of range.
pub fn cells_of(typed: &str) -> Result<u32, String> {
    checks::number("Cells per well", typed, CELLS.0, CELLS.1)
}

/// What a well asks for.
pub fn request(well: &Well, settings: &Settings) -> Request {
    Request {
        with: well.condition.with.clone(),
        guidance: well.condition.guidance.unwrap_or(settings.guidance),
        steps: settings.steps,
        cells: settings.cells,
        seed: settings.seed.wrapping_add(well.replicate),
        clamp: well.condition.clamp.clone(),
    }
}

/// Wells in the order of work: the first well of every condition, then the second ones, so that the whole plate has
/// colours early.
pub fn order(layout: &Layout, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
    let rank = |place: usize, well: &Well| {
        layout.filled().filter(|(other, own)| *other < place && own.condition == well.condition).count()
    };
    let mut places: Vec<(usize, usize)> = layout.filled().map(|(place, well)| (rank(place, well), place)).collect();
    places.retain(|(_, place)| wanted(*place));
    places.sort_unstable();
    places.into_iter().map(|(_, place)| place).collect()
}

/// A word of a command line, quoted where a shell would take it apart.
fn word(text: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_+=./:".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The command that generates the cells of a request again. `acts`: whether it holds a perturbation, without which
/// guidance has nothing to guide.
pub fn command(bundle: &str, request: &Request, acts: bool) -> String {
    let mut command = format!("wellplate sample --bundle {}", word(&format!("assets/models/{bundle}")));
    for (key, values) in &request.with {
        values.iter().for_each(|value| command.push_str(&format!(" --with {}", word(&format!("{key}={value}")))));
    }
    request
        .clamp
        .iter()
        .for_each(|(gene, count)| command.push_str(&format!(" --clamp {}", word(&format!("{gene}={count}")))));
    let guidance = if acts { request.guidance } else { 0.0 };
    command.push_str(&format!(
        " --guidance {guidance} --steps {} --cells {} --seed {} --out cells.h5ad",
        request.steps, request.cells, request.seed
    ));
    command
}

#[cfg(test)]
mod tests {
    use super::super::example::{defaults, example, tests::card};
    use super::super::layout::{Condition, Well};
    use super::{Settings, command, order, request};

    const SETTINGS: Settings = Settings { guidance: 2.0, steps: 4, cells: 32, seed: 7 };

    #[test]
    fn every_condition_has_a_colour_before_any_has_two() {
        let layout = example(&card(), &Condition { with: defaults(&card()), ..Condition::default() });
        let all = order(&layout, |_| true);
        assert_eq!(&all[..8], [0, 3, 6, 12, 15, 18, 1, 4]);
        assert_eq!(all.len(), 18);
        assert_eq!(order(&layout, |place| place >= 12)[..2], [12, 15]);
    }

    #[test]
    fn a_replicate_moves_the_seed_and_a_well_may_have_its_own_guidance() {
        let mut well = Well { condition: Condition { with: defaults(&card()), ..Condition::default() }, replicate: 3 };
        assert_eq!((request(&well, &SETTINGS).seed, request(&well, &SETTINGS).guidance), (10, 2.0));
        well.condition.guidance = Some(0.5);
        well.condition.clamp = vec![("ISG15".into(), 0)];
        well.condition.with.insert("condition".into(), vec!["IFN-beta".into(), "TNF's".into()]);
        let asked = request(&well, &SETTINGS);
        assert_eq!(
            command("pbmc-ifnb", &asked, true),
            "wellplate sample --bundle assets/models/pbmc-ifnb --with 'cell_type=CD14+ Monocytes' --with \
             condition=IFN-beta --with 'condition=TNF'\\''s' --with donor=101 --clamp ISG15=0 --guidance 0.5 --steps 4 \
             --cells 32 --seed 10 --out cells.h5ad"
        );
        assert!(command("x", &asked, false).contains("--guidance 0 "));
    }
}
