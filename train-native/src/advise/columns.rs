//! What the labels of a file mean, guessed.
//!
//! Does: finds the columns of perturbation (with its control), identity and cell type by their names and values.
//! Does not know: counts, recipes.
//! Flow: labels → **columns with reasons** → `advise`.

use std::collections::BTreeMap;

use cells::{Cells, Column};

/// Names of control values, letters and digits alone.
const CONTROLS: [&str; 32] = [
    "ctrl",
    "control",
    "controls",
    "nontargeting",
    "nontargetingcontrol",
    "nt",
    "ntc",
    "negctrl",
    "negativecontrol",
    "negcontrol",
    "dmso",
    "dmsotf",
    "pbs",
    "vehicle",
    "untreated",
    "unstimulated",
    "unstim",
    "resting",
    "none",
    "noperturbation",
    "unperturbed",
    "mock",
    "wt",
    "wildtype",
    "baseline",
    "safetargeting",
    "scramble",
    "scrambled",
    "nostimulation",
    "nocytokine",
    "nodrug",
    "media",
];
/// Names of columns of perturbations, the likeliest first.
const PERTURBATIONS: [&str; 20] = [
    "perturbation",
    "condition",
    "targetgene",
    "cytokine",
    "treatment",
    "drug",
    "compound",
    "stimulation",
    "stim",
    "gene",
    "target",
    "knockout",
    "perturbationname",
    "pert",
    "agent",
    "guideidentity",
    "guide",
    "sgrna",
    "group",
    "status",
];
/// Names of columns of cell types, the likeliest first.
const TYPES: [&str; 14] = [
    "celltype",
    "celltypes",
    "celltypeannotation",
    "annotation",
    "majorcelltype",
    "predictedcelltype",
    "celltypist",
    "celllabel",
    "cellontologyclass",
    "cluster",
    "clusters",
    "seuratclusters",
    "leiden",
    "louvain",
];
/// Names of columns of identities, the likeliest first.
const IDENTITIES: [&str; 22] = [
    "donor",
    "donorid",
    "patient",
    "patientid",
    "individual",
    "subject",
    "participant",
    "mouse",
    "animal",
    "cellline",
    "replicate",
    "rep",
    "biologicalreplicate",
    "line",
    "sample",
    "sampleid",
    "batch",
    "library",
    "dataset",
    "plate",
    "channel",
    "lane",
];
/// Most values of an identity or cell type.
const MOST: usize = 200;

/// A column with what stands in it.
pub(super) struct Values {
    /// Its name.
    pub(super) key: String,
    /// Cells of every value; cells without one are not counted.
    pub(super) cells: BTreeMap<String, usize>,
    /// Cells without a value.
    pub(super) missing: usize,
}

/// The columns that were found.
#[derive(Default)]
pub(super) struct Guess {
    /// Perturbations and their control.
    pub(super) perturbation: Option<(Values, String)>,
    /// Why this control.
    pub(super) control_by: &'static str,
    /// Identity.
    pub(super) identity: Option<Values>,
    /// Cell type.
    pub(super) cell_type: Option<Values>,
    /// What a reader should know.
    pub(super) notes: Vec<String>,
}

/// Letters and digits in lower case.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Place of a name in a list of names; a column that only holds such a name comes after all that are one.
fn rank(key: &str, names: &[&str]) -> Option<usize> {
    let own = plain(key);
    let exact = names.iter().position(|name| *name == own);
    // Short names are in too many words.
    let within =
        || names.iter().position(|name| name.len() >= 5 && own.contains(name)).map(|place| names.len() + place);
    exact.or_else(within)
}

/// Whether a value names controls.
fn is_control(value: &str) -> bool {
    let own = plain(value);
    CONTROLS.contains(&own.as_str()) || own.starts_with("nontargeting") || own.starts_with("control")
}

/// Columns that can be conditions: texts, yes or no, or whole numbers, with fewer values than cells.
fn columns(cells: &Cells) -> Vec<Values> {
    let of = |(key, column): (&String, &Column)| {
        if matches!(column, Column::Float(_)) {
            return None;
        }
        let mut own = Values { key: key.clone(), cells: BTreeMap::new(), missing: 0 };
        for cell in 0..cells.len() {
            match column.text(cell).filter(|text| !text.is_empty()) {
                Some(text) => match own.cells.get_mut(text.as_ref()) {
                    Some(count) => *count += 1,
                    None => drop(own.cells.insert(text.into_owned(), 1)),
                },
                None => own.missing += 1,
            }
        }
        (2 * own.cells.len() <= cells.len() && own.missing < cells.len()).then_some(own)
    };
    cells.labels.iter().filter_map(of).collect()
}

/// Takes a column out of a list.
fn taken(columns: &mut Vec<Values>, key: &str) -> Option<Values> {
    let place = columns.iter().position(|own| own.key == key)?;
    Some(columns.remove(place))
}

/// Guesses what the columns mean.
pub(super) fn guess(cells: &Cells) -> Guess {
    let mut columns = columns(cells);
    let mut guess = Guess::default();
    perturbation(&mut columns, &mut guess);
    let best = |columns: &[Values], names: &[&str]| {
        let ranked = columns.iter().filter_map(|own| Some((rank(&own.key, names)?, own)));
        let several = ranked.filter(|(_, own)| (2..=MOST).contains(&own.cells.len()));
        several.min_by_key(|(rank, _)| *rank).map(|(_, own)| own.key.clone())
    };
    guess.cell_type = best(&columns, &TYPES).and_then(|key| taken(&mut columns, &key));
    let mut left = columns;
    while let Some(own) = best(&left, &IDENTITIES).and_then(|key| taken(&mut left, &key)) {
        if crossed(cells, &own, guess.perturbation.as_ref()) {
            guess.identity = Some(own);
            break;
        }
        guess.notes.push(format!(
            "`{}` was not taken for donors or lines: perturbed and control cells hardly share its values",
            own.key
        ));
    }
    guess
}

/// Finds the column of perturbations and its control.
fn perturbation(columns: &mut Vec<Values>, guess: &mut Guess) {
    let largest = |own: &Values, wanted: &dyn Fn(&str) -> bool| {
        let wanted = own.cells.iter().filter(|(value, _)| wanted(value));
        wanted.max_by_key(|(_, count)| **count).map(|(value, _)| value.clone())
    };
    let several = |own: &&Values| own.cells.len() > 1;
    // A column with a control and a fitting name, then one with a control, then one with the name alone.
    let by_control = columns.iter().filter(several).filter(|own| largest(own, &is_control).is_some());
    let found = by_control.min_by_key(|own| rank(&own.key, &PERTURBATIONS).unwrap_or(usize::MAX));
    let by_name = || {
        let ranked =
            columns.iter().filter(several).filter_map(|own| Some((rank(&own.key, &PERTURBATIONS[..13])?, own)));
        ranked.filter(|(rank, _)| *rank < 13).min_by_key(|(rank, _)| *rank).map(|(_, own)| own)
    };
    let by_value = found.is_some();
    let Some(key) = found.or_else(by_name).map(|own| own.key.clone()) else { return };
    let Some(own) = taken(columns, &key) else { return };
    let control = if by_value { largest(&own, &is_control) } else { largest(&own, &|_| true) };
    guess.control_by = if by_value { "by its name" } else { "the value of most cells, a guess: look at it" };
    guess.perturbation = control.map(|control| (own, control));
}

/// Whether at least half of the perturbed cells have an identity that has control cells too.
fn crossed(cells: &Cells, identity: &Values, perturbation: Option<&(Values, String)>) -> bool {
    let Some((own, control)) = perturbation else { return true };
    let table = table(cells, &identity.key, &own.key);
    let (mut with, mut all) = (0, 0);
    for values in table.values() {
        let perturbed: usize = values.iter().filter(|(value, _)| *value != control).map(|(_, count)| count).sum();
        all += perturbed;
        with += if values.contains_key(control) { perturbed } else { 0 };
    }
    2 * with >= all && with > 0
}

/// Cells by the values of two columns.
pub(super) fn table(cells: &Cells, first: &str, second: &str) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut found: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let (Some(first), Some(second)) = (cells.labels.get(first), cells.labels.get(second)) else { return found };
    for cell in 0..cells.len() {
        let text = |column: &Column| column.text(cell).filter(|text| !text.is_empty()).map(|text| text.into_owned());
        if let (Some(a), Some(b)) = (text(first), text(second)) {
            *found.entry(a).or_default().entry(b).or_default() += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::guess;
    use cells::{Cells, Column, Counts};

    fn cells(columns: &[(&str, &[&str])]) -> Cells {
        let count = columns[0].1.len();
        let labels: BTreeMap<String, Column> =
            columns.iter().map(|(key, values)| ((*key).to_owned(), Column::categorical(values))).collect();
        let names = (0..count).map(|cell| format!("cell {cell}")).collect();
        Cells::new(Counts::from_dense_rows(1, vec![&[1_u32][..]; count]), vec!["A".to_owned()], names, labels).unwrap()
    }

    #[test]
    fn columns_are_known_by_names_and_values() {
        let found = guess(&cells(&[
            ("Treatment", &["DMSO", "DMSO", "drug A", "drug A", "drug A", "DMSO", "drug A", "DMSO"]),
            ("patient_id", &["1", "1", "1", "1", "2", "2", "2", "2"]),
            ("cell_type", &["B", "T", "B", "T", "B", "T", "B", "T"]),
            ("barcode", &["a", "b", "c", "d", "e", "f", "g", "h"]),
            ("sample", &["s1", "s1", "s2", "s2", "s4", "s3", "s4", "s3"]),
        ]));
        let (perturbation, control) = found.perturbation.unwrap();
        assert_eq!((perturbation.key.as_str(), control.as_str()), ("Treatment", "DMSO"));
        assert_eq!(found.identity.unwrap().key, "patient_id");
        assert_eq!(found.cell_type.unwrap().key, "cell_type");
    }

    #[test]
    fn a_sample_that_is_a_condition_is_no_identity() {
        let found = guess(&cells(&[
            ("stim", &["x", "x", "x", "y", "x", "y"]),
            ("sample", &["s1", "s1", "s1", "s2", "s1", "s2"]),
        ]));
        // No value names controls: the value of most cells stands in.
        assert_eq!(found.perturbation.unwrap().1, "x");
        assert!(found.identity.is_none() && found.notes[0].contains("sample"));
    }
}
