//! Results of wells, and the tables they are written as.
//!
//! Does: what is known of a finished well, measures of its response, means over replicates, a wide table (a line per
//! well) and a long one (a line per well and gene).
//! Does not know: where results come from, how they are shown.
//! Flow: worker's results → **numbers and tables** → plate, heat map, files.

use std::fmt::Write;

use super::layout::Layout;
use super::table::{head, line, well_fields};
use super::wells::name;
use crate::checks;
use crate::fields::{field, remark};
use crate::protocol::Request;
use crate::protocol::card::Card;

/// q below which a gene counts as shifted, and the least |log2 fold change|.
pub const CUTS: (f32, f32) = (0.05, 0.5);

/// What made a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// Bundle folder.
    pub bundle: String,
    /// The well's request.
    pub request: Request,
    /// Seed of the control population that it is compared with.
    pub control_seed: u32,
}

/// A finished well.
#[derive(Clone, Debug, PartialEq)]
pub struct WellResult {
    /// What made it.
    pub made: Made,
    /// Its cells and those of its control population.
    pub cells: (u32, u32),
    /// Genes with q and |log2 fold change| past the cuts.
    pub genes_shifted: u32,
    /// Root mean square over the panel of the difference of mean log-normalised expression.
    pub rms: f32,
    /// Mean log-normalised expression [G].
    pub mean: Vec<f32>,
    /// Its difference from the control population's [G].
    pub difference: Vec<f32>,
    /// log2 fold change of means [G].
    pub change: Vec<f32>,
    /// Benjamini-Hochberg q [G].
    pub q: Vec<f32>,
}

/// How strong a well's response is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strength {
    /// Number of shifted genes.
    #[default]
    Genes,
    /// Root mean square of the shift of all genes.
    Rms,
}

impl Strength {
    /// The value of a well.
    pub fn of(self, result: &WellResult) -> f32 {
        match self {
            Self::Genes => result.genes_shifted as f32,
            Self::Rms => result.rms,
        }
    }

    /// Plainly what it is; `reference` is what wells are compared with.
    pub fn definition(self, reference: &str) -> String {
        match self {
            Self::Genes => format!(
                "Response strength: the number of genes with q < 0.05 (Mann-Whitney, Benjamini-Hochberg over all genes) and |log2 fold change| > 0.5 against {reference}. It grows with the number of cells."
            ),
            Self::Rms => format!(
                "Response strength: the root mean square over all genes of Δ, the difference of mean log-normalised expression (ln(1 + x)) from {reference}. It counts noise too: compare with wells that hold the same as what they are compared with."
            ),
        }
    }

    /// Unit on the scale.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Genes => "shifted genes",
            Self::Rms => "root mean square Δ, ln(1 + x)",
        }
    }
}

impl WellResult {
    /// The surest shifted genes, the largest change first among equally sure ones.
    pub fn top(&self, most: usize) -> Vec<usize> {
        let mut genes: Vec<usize> = (0..self.q.len()).filter(|gene| self.is_shifted(*gene)).collect();
        genes.sort_by(|a, b| {
            self.q[*a].total_cmp(&self.q[*b]).then(self.difference[*b].abs().total_cmp(&self.difference[*a].abs()))
        });
        genes.truncate(most);
        genes
    }

    /// Whether a gene is past both cuts.
    pub fn is_shifted(&self, gene: usize) -> bool {
        self.q[gene] < CUTS.0 && self.change[gene].abs() > CUTS.1
    }
}

/// Mean, lowest and highest of values; none of nothing.
pub fn spread(values: &[f32]) -> Option<(f32, f32, f32)> {
    let (low, high) = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    (!values.is_empty()).then(|| (values.iter().sum::<f32>() / values.len() as f32, low, high))
}

/// Fewest and most genes of the heat map.
pub const HEAT: (u32, u32) = (2, 200);

/// How many genes a text asks for that is a number; `None` for one that names genes.
///
/// # Errors
/// A sentence when the number is out of range.
pub fn heat_genes(typed: &str) -> Result<Option<usize>, String> {
    let is_number = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) && text.parse::<f64>().is_ok()
    };
    if !is_number(typed.trim()) {
        return Ok(None);
    }
    checks::number("Genes of the heat map", typed, HEAT.0, HEAT.1).map(|count| Some(count as usize))
}

/// Places of the genes whose mean differs most between wells, by variance, the largest first.
pub fn most_varied(results: &[&WellResult], most: usize) -> Vec<usize> {
    let genes = results.iter().map(|result| result.mean.len()).min().unwrap_or(0);
    let (mut sums, mut squares) = (vec![0.0_f32; genes], vec![0.0_f32; genes]);
    for result in results {
        for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(&result.mean) {
            *sum += value;
            *square += value * value;
        }
    }
    let n = results.len().max(1) as f32;
    let variance: Vec<f32> = sums.iter().zip(&squares).map(|(sum, square)| square / n - (sum / n).powi(2)).collect();
    let mut order: Vec<usize> = (0..genes).filter(|gene| variance[*gene] > 1e-9).collect();
    let by_variance = |a: &usize, b: &usize| variance[*b].total_cmp(&variance[*a]).then(a.cmp(b));
    if order.len() > most && most > 0 {
        order.select_nth_unstable_by(most - 1, by_variance);
        order.truncate(most);
    }
    order.sort_by(by_variance);
    order.truncate(most);
    order
}

/// Lines of comments.
pub fn notes(entries: &[(String, String)]) -> String {
    entries.iter().map(|(key, value)| remark(key, value, '\t')).collect()
}

/// One line per finished well, with mean and log2 fold change of the named genes (by place).
pub fn wide(card: &Card, layout: &Layout, results: &[(usize, &WellResult)], genes: &[usize]) -> String {
    let mut names = head(card);
    names.extend(["seed", "cells", "control_cells", "shifted_genes", "rms_delta", "training_cells"].map(str::to_owned));
    for gene in genes.iter().filter_map(|gene| card.genes.get(*gene)) {
        names.extend([format!("mean {gene}"), format!("log2fc {gene}"), format!("q {gene}")]);
    }
    let mut text = line(names.iter().map(String::as_str));
    for (place, result) in results {
        let mut fields = well_fields(card, layout, *place);
        let numbers = [result.made.request.seed, result.cells.0, result.cells.1, result.genes_shifted];
        fields.extend(numbers.map(|number| number.to_string()));
        fields.push(result.rms.to_string());
        fields.push(training_cells(card, &result.made.request).map_or_else(String::new, |cells| cells.to_string()));
        for gene in genes {
            let of = |values: &[f32]| values.get(*gene).map_or_else(String::new, |value| value.to_string());
            fields.extend([of(&result.mean), of(&result.change), of(&result.q)]);
        }
        text.push_str(&line(fields.iter().map(String::as_str)));
    }
    text
}

/// Head of the long table.
pub const LONG_HEAD: &str = "well\tgene\tmean\tdelta\tlog2fc\tq\n";

/// Some genes of one well for the long table.
pub fn long(card: &Card, place: usize, result: &WellResult, genes: std::ops::Range<usize>) -> String {
    let (well, mut text) = (name(place), String::new());
    for gene in genes {
        let (Some(symbol), Some(mean)) = (card.genes.get(gene), result.mean.get(gene)) else { break };
        let symbol = field(symbol, '\t');
        let (difference, change, q) = (result.difference[gene], result.change[gene], result.q[gene]);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{well}\t{symbol}\t{mean}\t{difference}\t{change}\t{q:e}");
    }
    text
}

/// Training cells of a request's combination; several values at once were never trained on together.
pub fn training_cells(card: &Card, request: &Request) -> Option<u32> {
    let values: Option<Vec<String>> =
        card.choosable().map(|slot| request.with.get(&slot.key).map(|values| values.join("+"))).collect();
    card.training_cells(&values?)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::super::example::{defaults, tests::card};
    use super::super::layout::{Condition, Layout};
    use super::super::paste::read;
    use super::super::work::{Settings, request};
    use super::{Made, Strength, WellResult, heat_genes, long, most_varied, notes, spread, training_cells, wide};

    fn result(mean: [f32; 2], q: [f32; 2]) -> WellResult {
        let condition = Condition { with: defaults(&card()), ..Condition::default() };
        let mut layout = Layout::default();
        layout.place(&[0], &condition);
        let settings = Settings { guidance: 0.0, steps: 2, cells: 8, seed: 1 };
        let made = Made { bundle: "x".into(), request: request(layout.get(0).unwrap(), &settings), control_seed: 1 };
        let change = vec![1.0, -0.2];
        WellResult {
            made,
            cells: (8, 8),
            genes_shifted: 1,
            rms: 0.5,
            mean: mean.to_vec(),
            difference: vec![0.5, -0.1],
            change,
            q: q.to_vec(),
        }
    }

    #[test]
    fn strength_and_top_genes_follow_the_cuts() {
        let own = result([1.0, 2.0], [0.01, 0.001]);
        assert_eq!((Strength::Genes.of(&own), Strength::Rms.of(&own)), (1.0, 0.5));
        assert_eq!(own.top(5), [0], "the second gene is sure, but shifts too little");
        assert_eq!(spread(&[1.0, 3.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(spread(&[]), None);
        let other = result([5.0, 2.0], [1.0, 1.0]);
        assert_eq!(most_varied(&[&own, &other], 3), [0], "a gene that is the same everywhere varies nowhere");
        assert!(most_varied(&[], 3).is_empty());
    }

    #[test]
    fn a_number_of_genes_is_in_range_or_refused() {
        assert_eq!((heat_genes("30"), heat_genes("CD14 ISG15"), heat_genes("")), (Ok(Some(30)), Ok(None), Ok(None)));
        for typed in ["1", "201", "-3", "2.5", "1e9"] {
            let told = heat_genes(typed);
            assert!(told.is_err_and(|words| words.contains("from 2 to 200") && words.contains(typed)), "{typed}");
        }
    }

    #[test]
    fn the_wide_table_can_be_pasted_back() {
        let (card, own) = (card(), result([1.0, 2.0], [0.01, 0.001]));
        let mut layout = Layout::default();
        layout.place(&[3, 4], &Condition { with: defaults(&card), ..Condition::default() });
        let text = notes(&[("seed".into(), "1".into())]) + &wide(&card, &layout, &[(3, &own), (4, &own)], &[0]);
        let pasted = read(&text, &card, &Condition::default(), 0);
        assert_eq!((pasted.problems.len(), pasted.wells.len()), (0, 2));
        assert_eq!(pasted.wells[1].1.as_ref(), layout.get(4));
        assert!(text.contains("mean ISG15\tlog2fc ISG15\tq ISG15") && text.starts_with("# seed: 1\nwell\tdonor\t"));
        let rows = long(&card, 3, &own, 0..9);
        assert_eq!(rows, "A4\tISG15\t1\t0.5\t1\t1e-2\nA4\tCD14\t2\t-0.1\t-0.2\t1e-3\n");
    }

    #[test]
    fn no_name_is_computed_or_takes_a_line_apart() {
        let (mut card, own) = (card(), result([1.0, 2.0], [0.01, 0.001]));
        (card.genes[0], card.genes[1]) = ("=1+1".into(), "a\tb".into());
        assert_eq!(long(&card, 3, &own, 0..2), "A4\t'=1+1\t1\t0.5\t1\t1e-2\nA4\t\"a\tb\"\t2\t-0.1\t-0.2\t1e-3\n");
        let mut layout = Layout::default();
        let mut condition = Condition { with: defaults(&card), ..Condition::default() };
        condition.with.insert("donor".into(), vec!["@donor".into()]);
        layout.place(&[3], &condition);
        let text = wide(&card, &layout, &[(3, &own)], &[]);
        assert!(text.contains("\t'@donor\t"), "{text}");
    }

    #[test]
    fn what_was_never_trained_on_is_known() {
        let mut card = card();
        card.combinations = BTreeMap::from([("101|CD14+ Monocytes|ctrl".to_owned(), 4)]);
        let mut asked = result([1.0, 1.0], [1.0, 1.0]).made.request;
        assert_eq!(training_cells(&card, &asked), Some(4));
        asked.with.insert("condition".into(), vec!["IFN-beta".into(), "TNF".into()]);
        assert_eq!(training_cells(&card, &asked), Some(0));
        asked.with.remove("donor");
        assert_eq!(training_cells(&card, &asked), None, "an open donor is no combination");
    }
}
