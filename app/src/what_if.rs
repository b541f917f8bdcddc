//! What if, on my own cells: the part that needs no browser.
//!
//! Does: the names of a file in the model's names, the warnings with their figures, the verdict, the command that predicts
//! the same cells.
//! Does not know: signals, the worker, how cells are predicted.
//! Flow: card + choices + what the worker told → **words** → page, exports.

use crate::choices;
use crate::own_data::thousands;
use crate::protocol::card::{Card, Condition, THIN, Value};
use crate::protocol::what_if::{About, Types, Wanted, Who};
use crate::state::With;
use crate::trust::{Level, Trust, rewritten, support_words, trust};
use crate::verdict::{Moved, Verdict};

/// Share of the measured genes that stays visible where nothing else is chosen (`model::rewrite::KEEP`).
pub const KEEP: f32 = 0.5;
/// Cells that are taken where nothing else is chosen.
pub const FIRST: u32 = 200;
/// Most cells of one prediction: the predicted cells and their twins are held in memory beside the visitor's own.
pub const MOST: u32 = 3000;
/// Share of the panel at which a prediction is a guess (`model::rewrite::panel::HALF`).
const HALF: f64 = 0.5;
/// Share of the map's genes below which places say little.
const FEW: f64 = 0.8;
/// Share of the counts on genes of the model below which much of a cell is not seen.
const MUCH: f64 = 0.7;
/// Median share of nearest cells that should agree on a type.
const SURE: f64 = 0.75;
/// Label of the nearest type in the files that the page saves.
const NEAREST: &str = "wellplate_nearest_type";
/// Label of the types by hand in these files.
pub const NAMED: &str = "wellplate_named_type";
/// Before what is known of the model by its scores of rewritten cells.
const REWRITTEN: &str = "by held-out cells that were rewritten as yours are: ";
/// The same where the card has no such scores.
const FROM_NOTHING: &str = "by cells generated from nothing, not by rewritten ones: ";
/// Share of cells far from the training cells from which it is said.
const APART: f64 = 0.2;
/// Most bytes of the layers of expected counts, which are dense and put together in memory.
const LAYERS: usize = 400_000_000;

/// Whether the layers of expected counts of so many cells fit in a file that is put together in a browser's memory: two
/// of them, four bytes a value.
pub fn expects(cells: usize, genes: usize) -> bool {
    cells.saturating_mul(genes).saturating_mul(8) <= LAYERS
}

/// The value of a condition that a name of a file stands for: itself, its name for people or another name, in any case of
/// letters (`model::rewrite::known_value`).
pub fn known<'a>(condition: &'a Condition, name: &str) -> Option<&'a Value> {
    let like = |other: &String| other.to_lowercase() == name.trim().to_lowercase();
    let is_like = |own: &&Value| like(&own.value) || like(&own.display) || own.aliases.iter().any(like);
    let exact = condition.values.iter().find(|own| own.value == name);
    exact.or_else(|| condition.values.iter().find(is_like))
}

/// The card's cell types.
pub fn types(card: &Card) -> Option<&Condition> {
    card.conditions.iter().find(|own| own.kind == "cell_type")
}

/// How many of a label's values the model knows, of how many.
pub fn known_of(condition: &Condition, values: &[(String, u32)]) -> (usize, usize) {
    (values.iter().filter(|(value, _)| known(condition, value).is_some()).count(), values.len())
}

/// Names of a label that the model does not know, the most common first; each can be given a meaning by hand.
pub fn unknown<'a>(condition: &Condition, values: &'a [(String, u32)]) -> Vec<&'a (String, u32)> {
    values.iter().filter(|(value, _)| known(condition, value).is_none()).collect()
}

/// A share as a whole percentage; never 100 where something is missing.
fn percent(share: f64) -> String {
    format!("{:.0} %", if share < 1.0 { (100.0 * share).min(99.0) } else { 100.0 })
}

/// A part of a whole, with its percentage.
fn part((some, all): (u32, u32)) -> (String, f64) {
    let share = f64::from(some) / f64::from(all.max(1));
    (format!("{} of {} ({})", thousands(some.into()), thousands(all.into()), percent(share)), share)
}

/// Figures that say how like the cells are to those of training: name, words.
pub fn figures(about: &About) -> Vec<(&'static str, String)> {
    let inside = (100.0 * about.inside).round();
    let mut figures = vec![
        ("Genes of the model in the file", part(about.genes).0),
        ("Counts in genes of the model", format!("{inside:.0} %")),
        ("Genes of the map in the file", part(about.map_genes).0),
    ];
    if let Some(sure) = about.sure {
        figures.push(("Nearest measured cells that agree on the type (median)", percent(sure)));
    }
    if let Some((_, times)) = about.apart {
        let words = format!("{times:.1} times as far as training cells lie from one another (median)");
        figures.push(("Distance to the nearest training cells", words));
    }
    figures
}

/// Sentences where cells are unlike those of training, the gravest first, and whether the first is grave.
pub fn warnings(about: &About) -> (Vec<String>, bool) {
    let mut found = Vec::new();
    let (genes, share) = part(about.genes);
    let grave = share <= HALF;
    if grave {
        found.push(format!(
            "The file has {genes} of the model's genes: with half of the panel or less a prediction is a guess. Compare it with other data first."
        ));
    }
    if about.inside < MUCH {
        found.push(format!(
            "Only {} of the cells' counts are in genes of the model: it does not see the rest of these cells.",
            percent(about.inside)
        ));
    }
    let (genes, share) = part(about.map_genes);
    if share < FEW && about.map_genes.1 > 0 {
        found.push(format!("The file has {genes} of the map's genes: places and nearest types are less sure."));
    }
    if let Some(sure) = about.sure.filter(|sure| *sure < SURE) {
        found.push(format!(
            "Of the measured cells nearest to yours only {} agree on a type (median): yours may be of a kind that the model has not seen.",
            percent(sure)
        ));
    }
    let all = f64::from(about.cells.max(1));
    if let Some((far, times)) = about.apart.filter(|(far, _)| f64::from(*far) >= APART * all) {
        found.push(format!(
            "{} of {} cells lie farther from the training cells than 99 of 100 training cells from one another (the middle one {times:.1} times as far): the model has not seen cells like these.",
            thousands(far.into()),
            thousands(all)
        ));
    }
    if about.outside > 0 {
        found.push(format!(
            "{} of {} cells have fewer or more counts in these genes than any training cell ({} to {}).",
            thousands(about.outside.into()),
            thousands(about.cells.into()),
            thousands(about.sizes.0.into()),
            thousands(about.sizes.1.into())
        ));
    }
    (found, grave)
}

/// Which cells are predicted, in words.
pub fn taken(about: &About) -> String {
    let cells = thousands(about.cells.into());
    if about.cells == about.chosen {
        format!("{cells} cells ({})", about.words)
    } else {
        format!("{cells} of {} cells ({}), taken evenly", thousands(about.chosen.into()), about.words)
    }
}

/// The sentence above a prediction. Trust is that of the cells' commonest type.
pub fn verdict(card: &Card, with: &With, about: &About, moved: Moved) -> Verdict {
    let mut asked = with.clone();
    if let (Some(condition), Some((value, _))) = (types(card), about.types.first()) {
        asked.insert(condition.key.clone(), vec![value.clone()]);
    }
    let by = |words: &str, own: Trust| Trust { words: format!("{words}{}", own.words), ..own };
    // Most cards score cells that were generated from nothing; how well the visitor's own are rewritten is another thing.
    let generated = || trust(card, &asked).map(|own| by(FROM_NOTHING, own));
    let mut trust = rewritten(card, &asked).map(|own| by(REWRITTEN, own)).or_else(generated);
    // What the model cannot see it cannot be trusted with.
    if let Some(own) = trust.as_mut().filter(|_| warnings(about).1) {
        own.level = Level::Unknown;
        own.words = "a guess: the file lacks half of the model's genes or more".to_owned();
    }
    Verdict { moved: format!("Predicted: {}", moved.words()), trust, support: carried(card, &asked) }
}

/// How many training cells of this type, whosever they are, had the perturbation, as a clause of the verdict, and whether
/// they are few; `None` where the bundle does not say.
fn carried(card: &Card, asked: &With) -> Option<(String, bool)> {
    let wanted = |condition: &Condition| {
        let fits =
            ["cell_type", "perturbation"].contains(&condition.kind.as_str()) && asked.contains_key(&condition.key);
        let values = || choices::values(condition, asked).into_iter().map(|value| value.value.as_str());
        fits.then(|| values().collect::<Vec<_>>().join("+"))
    };
    let wanted: Vec<Option<String>> = card.choosable().map(wanted).collect();
    let fits =
        |names: &str| names.split('|').zip(&wanted).all(|(own, wanted)| wanted.as_ref().is_none_or(|it| it == own));
    let together = choices::perturbations(card, asked).len();
    let cells: u32 = match card.combinations.is_empty() {
        true if together < 2 => return None,
        _ => card.combinations.iter().filter(|(names, _)| fits(names)).map(|(_, cells)| *cells).sum(),
    };
    Some((support_words(cells, together), cells < THIN))
}

/// The cells' types in words, the commonest first.
pub fn types_words(card: &Card, about: &About) -> String {
    let display = |value: &String| {
        let own = types(card).and_then(|own| own.values.iter().find(|own| own.value == *value));
        own.map_or(value.clone(), |own| own.display.clone())
    };
    let own = about.types.iter().map(|(value, cells)| format!("{} ({})", display(value), thousands((*cells).into())));
    let open = (about.open > 0).then(|| format!("left open ({})", thousands(about.open.into())));
    own.chain(open).collect::<Vec<_>>().join(", ")
}

/// What rewriting is good for, and what it is not.
pub const EXPLAINED: &str = "Rewriting keeps the genes that the perturbation moves least as you measured them and draws the others anew, once under the perturbation and once under the control: it answers for these very cells, one by one. For the mean effect on a kind of cell, draw cells anew in Explore: on training donors of pbmc-ifnb that scored 0.374 over the average of the other donors, rewriting 0.340, a regression 0.157.";

/// What the numbers of the table mean.
pub const PAIRED: &str = "Each predicted cell stands beside its own control twin, which was drawn with the same random numbers under the control: tests are paired (Wilcoxon signed-rank, q-values by Benjamini-Hochberg over the genes that were drawn). Both are scaled to the twin's library size. A small p says that the model moves a gene in these cells, not that an experiment would.";

/// What the command has to name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// Folder name of the bundle.
    pub bundle: &'a str,
    /// Key of its cell types.
    pub types: Option<&'a str>,
    /// The file as it was chosen.
    pub title: &'a str,
    /// The matrix that was asked for by name.
    pub matrix: Option<&'a str>,
    /// Whether all of its cells were read.
    pub whole: bool,
}

/// The command that predicts the same cells, and the page's own file that it reads, where it cannot read the visitor's.
pub fn command(wanted: &Wanted, source: Source<'_>) -> (String, Option<&'static str>) {
    let direct = source.whole && [".h5ad", ".h5", ".h5mu"].iter().any(|end| source.title.ends_with(end));
    let placed = wanted.types == Types::Nearest && source.types.is_some();
    let saved = match &wanted.who {
        Who::Group(0) => Some("own-cells-A.h5ad"),
        Who::Group(_) => Some("own-cells-B.h5ad"),
        Who::Nearest(_) => Some("own-cells.h5ad"),
        _ if placed || !direct || wanted.named().is_some() => Some("own-cells.h5ad"),
        _ => None,
    };
    let mut text = format!(
        "wellplate predict --bundle assets/models/{} --cells {}",
        source.bundle,
        quoted(saved.unwrap_or(source.title))
    );
    let mut add = |name: &str, value: &str| text.push_str(&format!(" --{name} {}", quoted(value)));
    if let (None, Some(matrix)) = (saved, source.matrix) {
        add("matrix", matrix);
    }
    for (key, values) in &wanted.with {
        values.iter().for_each(|value| add("with", &format!("{key}={value}")));
    }
    match (&wanted.types, source.types) {
        (Types::Nearest, Some(_)) => add("cell-type-col", NEAREST),
        (Types::Label(_), Some(_)) if wanted.named().is_some() => add("cell-type-col", NAMED),
        (Types::Label(label), Some(_)) => add("cell-type-col", label),
        (Types::Value(value), Some(key)) => add("with", &format!("{key}={value}")),
        (_, None) => {}
    }
    match &wanted.who {
        Who::Label { key, value } => add("only", &format!("{key}={value}")),
        Who::Nearest(name) => add("only", &format!("{NEAREST}={name}")),
        Who::All | Who::Group(_) => {}
    }
    let Wanted { most, keep, guidance, steps, seed, .. } = wanted;
    text.push_str(&format!(
        " --at-most {most} --keep {keep} --guidance {guidance} --steps {steps} --seed {seed} --out predicted.h5ad"
    ));
    (text, saved)
}

/// A word for a shell: between single quotes where it is not plain.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=,:+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
