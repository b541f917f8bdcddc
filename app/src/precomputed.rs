//! Results that came with a bundle: which of them a person's choices have, and what they say.
//!
//! Does: cuts the worker's arrays into sets of cells and comparisons; finds those of a state, or says why there are
//! none; names what made them, for people and for files.
//! Does not know: signals, figures, how the results were stored.
//! Flow: worker's arrays + card + state → **result, or why not** → page.

use std::collections::BTreeMap;

use crate::choices;
use crate::protocol::card::Card;
use crate::protocol::precomputed::{Made, Tell};
use crate::protocol::{Array, Provenance, Request};
use crate::state::{State, Which};

/// A set of cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Set {
    /// Value of every condition, by key.
    pub with: BTreeMap<String, String>,
    /// Places on the map [n, 2].
    pub points: Vec<f32>,
    /// Places of its genes in the panel, ascending.
    pub genes: Vec<usize>,
    /// Their mean log-normalised expression.
    pub mean: Vec<f32>,
    /// Shares of cells with them.
    pub share: Vec<f32>,
    /// Genes that tell it apart from other cell types, surest first.
    pub typical: Vec<usize>,
}

impl Set {
    /// Mean and share of a gene, by its place in the panel.
    pub fn of(&self, gene: usize) -> Option<(f64, f64)> {
        let at = self.genes.binary_search(&gene).ok()?;
        Some((f64::from(*self.mean.get(at)?), f64::from(*self.share.get(at)?)))
    }
}

/// A comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Place of the control cells.
    pub control: usize,
    /// Place of the perturbed cells.
    pub perturbed: usize,
    /// Genes of all that were tested with q below 0.05.
    pub shifted: u32,
    /// Places of its genes in the panel.
    pub genes: Vec<usize>,
    /// log2 fold change, p, q, control mean, perturbed mean, low and high end of the difference.
    pub columns: [Vec<f64>; 7],
}

impl Compared {
    /// The columns over the whole panel. What the file does not tell of is not a number, and 0 where it is a mean: such
    /// genes count as not seen.
    pub fn over(&self, panel: usize) -> [Vec<f64>; 7] {
        std::array::from_fn(|column| {
            let is_mean = column == 3 || column == 4;
            let mut all = vec![if is_mean { 0.0 } else { f64::NAN }; panel];
            for (gene, value) in self.genes.iter().zip(&self.columns[column]) {
                if let Some(slot) = all.get_mut(*gene) {
                    *slot = *value;
                }
            }
            all
        })
    }
}

/// The results of a person's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Control cells, or the only ones.
    pub control: usize,
    /// Perturbed cells and their comparison.
    pub compared: Option<(usize, usize)>,
}

/// All results of a bundle.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// What made them.
    pub made: Made,
    /// Sets of cells.
    pub sets: Vec<Set>,
    /// Comparisons.
    pub comparisons: Vec<Compared>,
}

/// Arrays that are cut from the front.
struct Cut<T>(std::vec::IntoIter<T>);

impl<T> Cut<T> {
    fn new(values: Vec<T>) -> Self {
        Self(values.into_iter())
    }

    fn next(&mut self, count: u32) -> Vec<T> {
        self.0.by_ref().take(count as usize).collect()
    }
}

/// Places from an array of floats.
fn places(values: Vec<f32>) -> Vec<usize> {
    values.into_iter().map(|place| place as usize).collect()
}

impl Held {
    /// From the worker's arrays after that of the measured cells.
    pub fn new(tell: &Tell, mut next: impl FnMut() -> Array) -> Self {
        let mut floats = || Cut::new(next().f32());
        let (mut points, mut genes, mut mean, mut share) = (floats(), floats(), floats(), floats());
        let of_set = |own: &crate::protocol::precomputed::Set| Set {
            with: own.with.clone(),
            points: points.next(2 * own.points),
            genes: places(genes.next(own.genes)),
            mean: mean.next(own.genes),
            share: share.next(own.genes),
            typical: own.typical.iter().map(|place| *place as usize).collect(),
        };
        let sets: Vec<Set> = tell.sets.iter().map(of_set).collect();
        let mut genes = Cut::new(next().f32());
        let mut columns: [Cut<f64>; 7] = std::array::from_fn(|_| Cut::new(next().f64()));
        let known = |place: u32| (place as usize) < sets.len();
        let comparisons = tell.comparisons.iter().filter(|own| known(own.control) && known(own.perturbed));
        let of_comparison = |own: &crate::protocol::precomputed::Compared| Compared {
            control: own.control as usize,
            perturbed: own.perturbed as usize,
            shifted: own.shifted,
            genes: places(genes.next(own.genes)),
            columns: std::array::from_fn(|column| columns[column].next(own.genes)),
        };
        let comparisons = comparisons.map(of_comparison).collect();
        Self { made: tell.made.clone(), sets, comparisons }
    }

    /// Conditions that a person can choose and see at once.
    pub fn conditions(&self) -> usize {
        if self.comparisons.is_empty() { self.sets.len() } else { self.comparisons.len() }
    }

    /// The results of what is chosen. Cells, seed and replicates do not count: the results say their own.
    ///
    /// # Errors
    /// Why there are none, in a sentence.
    pub fn find(&self, card: &Card, state: &State) -> Result<Found, String> {
        if state.other.is_some() {
            return Err("Nothing is precomputed for two scenarios.".to_owned());
        }
        let asked = choices::request(card, state, Which::A);
        if !asked.clamp.is_empty() {
            return Err("Nothing is precomputed with held genes.".to_owned());
        }
        let together = choices::perturbations(card, &state.with).len();
        if together > 1 {
            return Err("Nothing is precomputed for several perturbations at once.".to_owned());
        }
        let made = &self.made;
        if asked.steps != made.steps || (together > 0 && (asked.guidance - made.guidance).abs() > 1e-6) {
            return Err(format!(
                "Precomputed results have guidance scale {} and {} sampling steps.",
                made.guidance, made.steps
            ));
        }
        let with: BTreeMap<&String, &String> =
            asked.with.iter().filter_map(|(key, values)| Some((key, values.first()?))).collect();
        let is_asked = |set: &Set| set.with.iter().eq(with.iter().map(|(key, value)| (*key, *value)));
        let compared = self.comparisons.iter().position(|own| is_asked(&self.sets[own.perturbed]));
        if let Some(place) = compared {
            let own = &self.comparisons[place];
            return Ok(Found { control: own.control, compared: Some((own.perturbed, place)) });
        }
        let alone = self.sets.iter().position(is_asked).map(|control| Found { control, compared: None });
        alone.ok_or_else(|| format!("These choices are not among the {} precomputed conditions.", self.conditions()))
    }

    /// The comparison of a well's condition with its control that these results hold; cells and seed do not count: the
    /// results say their own.
    pub fn of_well(&self, card: &Card, asked: &Request) -> Option<&Compared> {
        let made = &self.made;
        let is_one = asked.with.values().all(|values| values.len() == 1);
        let alike = asked.steps == made.steps && (asked.guidance - made.guidance).abs() <= 1e-6;
        if !is_one || !alike || !asked.clamp.is_empty() || choices::perturbations(card, &asked.with).len() != 1 {
            return None;
        }
        let with = || asked.with.iter().filter_map(|(key, values)| Some((key, values.first()?)));
        self.comparisons.iter().find(|own| self.sets[own.perturbed].with.iter().eq(with()))
    }

    /// What made a result, in a sentence.
    pub fn words(&self, found: Found) -> String {
        let Made { cells, seed, version, device, .. } = &self.made;
        let each = if found.compared.is_some() { " on either side" } else { "" };
        let on_map = self.sets.get(found.control).map_or(0, |set| set.points.len() / 2);
        let few = if on_map < *cells as usize { format!(" ({on_map} of them on the map)") } else { String::new() };
        format!(
            "{cells} cells{each}{few}, seed {seed}, made by wellplate {version} on {device}; press Generate for cells of your own."
        )
    }

    /// What the gene table holds, in a sentence; how many genes shifted in all is not said, which a verdict does.
    pub fn listed_words(&self, compared: usize) -> String {
        self.comparisons.get(compared).map_or_else(String::new, |own| {
            let (listed, tested) = (own.genes.len(), self.made.tested);
            format!("Precomputed: the {listed} genes with the smallest q, and markers, of {tested} that were tested.")
        })
    }

    /// The same with how many genes shifted in all.
    pub fn genes_words(&self, compared: usize) -> String {
        self.comparisons.get(compared).map_or_else(String::new, |own| {
            format!("{} Of all that were tested, {} have q < 0.05.", self.listed_words(compared), own.shifted)
        })
    }

    /// The commands that make a result's cells: what was asked for first, then what it was compared with.
    fn commands(&self, card: &Card, found: Found) -> String {
        let perturbation = choices::perturbation(card).map(|condition| condition.key.as_str());
        let one = |place: usize, is_control: bool, out: &str| {
            let mut command = format!("wellplate sample --bundle assets/models/{}", card.name);
            for (key, value) in &self.sets[place].with {
                if !is_control || Some(key.as_str()) != perturbation {
                    command.push_str(&format!(" --with \"{key}={value}\""));
                }
            }
            let Made { guidance, steps, cells, seed, .. } = &self.made;
            let guidance = if is_control { 0.0 } else { *guidance };
            command + &format!(" --guidance {guidance} --steps {steps} --cells {cells} --seed {seed} --out {out}.h5ad")
        };
        let perturbed = found.compared.map(|(perturbed, _)| one(perturbed, false, "perturbed"));
        perturbed.into_iter().chain([one(found.control, true, "control")]).collect::<Vec<_>>().join(" && ")
    }

    /// What every export of a result carries, under the names that a run's has.
    pub fn provenance(&self, card: &Card, found: Found) -> Provenance {
        let made = &self.made;
        let asked = found.compared.map_or(found.control, |(perturbed, _)| perturbed);
        let conditions: Vec<String> =
            self.sets[asked].with.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let entries = [
            ("kind", "generated, precomputed".to_owned()),
            (
                "precomputed",
                "made ahead of time with wellplate and shipped with the bundle, rounded to three digits".to_owned(),
            ),
            ("bundle", card.name.clone()),
            ("bundle_sha256", made.bundle.clone()),
            ("conditions", conditions.join("; ")),
            ("clamp", String::new()),
            ("guidance", if found.compared.is_some() { made.guidance } else { 0.0 }.to_string()),
            ("steps", made.steps.to_string()),
            ("cells", made.cells.to_string()),
            ("seed", made.seed.clone()),
            ("replicates", "1".to_owned()),
            ("device", made.device.clone()),
            ("version", made.version.clone()),
            ("genes", found.compared.map_or_else(String::new, |(_, place)| self.genes_words(place))),
            ("command", self.commands(card, found)),
        ];
        Provenance { entries: entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
    }
}

#[cfg(test)]
mod tests;
