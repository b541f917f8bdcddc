//! Measured mean effects of many perturbations, and control cells moved by them.
//!
//! Does: takes from a table of mean expression what each perturbation does to each group of cells beyond the table's own
//! noise; chooses the perturbations that do something; moves measured control cells of the same groups.
//! Does not know: files; how single cells differ in their response: the table holds means alone, so the cells that come
//! out are semi-synthetic and must be labelled so wherever they are shown.
//! Flow: means of groups × perturbations → **effects** → cells with an order → **cells**, marked measured or semi-synthetic.
//!
//! X of the table is the mean over a group's cells of log1p(counts per 10,000). For group k, perturbation p and gene g:
//! reference r = median over all perturbations and the control of X (most perturbations do nothing to most genes, and one
//! control row is as noisy as any other); noise s = 1.4826 × the median of |X − r|; z = (X − r)/s. Where |z| reaches the
//! cut, log2 fold change = log2((e^X − 1 + a)/(e^r − 1 + a)), at most ± largest, else 0. The added a holds genes down that
//! are hardly seen. A mean of logarithms is not the logarithm of a mean: for rare genes both ratios are the share of cells
//! that show the gene, for common ones the difference is small.

use std::collections::{BTreeMap, BTreeSet};

use super::SignatureError;
use super::make::{Growing, Labelled, MADE, MEASURED, Order, resample};
use super::response::{ResponseRule, TypeMean, respond, shares};
use crate::cells::Cells;
use crate::splits::Digest;

/// Smallest noise of a gene: below it a gene is hardly ever seen in the table.
const LEAST_NOISE: f64 = 1e-3;
/// Makes the median absolute deviation of normal numbers their standard deviation.
const OF_NORMAL: f64 = 1.4826;

/// Means of log1p(counts per 10,000) by group and perturbation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Means {
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// Group of cells, perturbation (the control among them) and the mean [G].
    pub rows: Vec<(String, String, Vec<f64>)>,
}

/// What counts as an effect.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectRule {
    /// Smallest |z| of an effect.
    pub cut: f64,
    /// Counts per 10,000 that are added to both sides of a ratio.
    pub added: f64,
    /// Largest |log2 fold change|.
    pub largest: f64,
    /// Fewest genes that a perturbation moves in some group; one that moves fewer is left out.
    pub fewest: usize,
}

impl Default for EffectRule {
    /// |z| ≥ 4 (of 2,000 genes of normal noise, one in eight perturbations would show one by chance), 0.05 counts per
    /// 10,000, 64-fold, ten genes.
    fn default() -> Self {
        Self { cut: 4.0, added: 0.05, largest: 6.0, fewest: 10 }
    }
}

/// What perturbations do: log2 fold changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Effects {
    /// Gene symbols [G].
    pub genes: Vec<String>,
    /// By perturbation and group [G]; 0 where nothing moves.
    pub of: BTreeMap<String, BTreeMap<String, Vec<f64>>>,
    /// Perturbations that move too few genes, with the most that they move in a group.
    pub left_out: Vec<(String, usize)>,
}

/// Median of some numbers; 0 of none.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

impl Means {
    /// Effects of all perturbations but `control`.
    ///
    /// # Errors
    /// When a row has another number of genes, a group lacks the control, or no perturbation moves enough genes.
    pub fn effects(&self, control: &str, rule: &EffectRule) -> Result<Effects, SignatureError> {
        let unfit = |what: String| SignatureError::Line { table: "means", line: 0, what };
        if let Some(at) = self.rows.iter().position(|(.., means)| means.len() != self.genes.len()) {
            let what = format!("row {} has another number of values than there are genes", at + 1);
            return Err(unfit(what));
        }
        let groups: BTreeSet<&str> = self.rows.iter().map(|(group, ..)| group.as_str()).collect();
        let mut of: BTreeMap<String, BTreeMap<String, Vec<f64>>> = BTreeMap::new();
        for group in groups {
            let own: Vec<_> = self.rows.iter().filter(|(name, ..)| name == group).collect();
            if !own.iter().any(|(_, name, _)| name == control) {
                return Err(SignatureError::NoControl { column: group.to_owned(), control: control.to_owned() });
            }
            let folds = of_group(&own.iter().map(|(.., means)| means.as_slice()).collect::<Vec<_>>(), rule);
            for ((_, name, _), folds) in own.iter().zip(folds).filter(|((_, name, _), _)| name != control) {
                of.entry(name.clone()).or_default().insert(group.to_owned(), folds);
            }
        }
        let moved = |groups: &BTreeMap<String, Vec<f64>>| {
            groups.values().map(|folds| folds.iter().filter(|fold| **fold != 0.0).count()).max().unwrap_or(0)
        };
        let left_out: Vec<(String, usize)> =
            of.iter().map(|(name, own)| (name.clone(), moved(own))).filter(|(_, genes)| *genes < rule.fewest).collect();
        of.retain(|_, own| moved(own) >= rule.fewest);
        if of.is_empty() {
            return Err(unfit(format!("no perturbation moves {} genes beyond the table's noise", rule.fewest)));
        }
        Ok(Effects { genes: self.genes.clone(), of, left_out })
    }
}

/// log2 fold changes [rows, G] of the rows of one group.
fn of_group(rows: &[&[f64]], rule: &EffectRule) -> Vec<Vec<f64>> {
    let genes = rows.first().map_or(0, |row| row.len());
    let mut folds = vec![vec![0.0; genes]; rows.len()];
    for gene in 0..genes {
        let mut column: Vec<f64> = rows.iter().map(|row| row[gene]).collect();
        let reference = median(&mut column);
        let mut away: Vec<f64> = rows.iter().map(|row| (row[gene] - reference).abs()).collect();
        let noise = (OF_NORMAL * median(&mut away)).max(LEAST_NOISE);
        for (row, folds) in rows.iter().zip(&mut folds) {
            if (row[gene] - reference).abs() >= rule.cut * noise {
                let ratio = (row[gene].exp_m1() + rule.added) / (reference.exp_m1() + rule.added);
                folds[gene] = ratio.log2().clamp(-rule.largest, rule.largest);
            }
        }
    }
    folds
}

impl Effects {
    /// log2 fold changes of a perturbation in a group, on other genes [panel]; none where the table lacks the group.
    fn on(&self, perturbation: &str, group: &str, places: &[Option<usize>]) -> Option<Vec<f64>> {
        let own = self.of.get(perturbation)?.get(group)?;
        Some(places.iter().map(|place| place.map_or(0.0, |place| own[place])).collect())
    }
}

/// Measured control cells, and for every donor and perturbation `order.cells_per` of them moved by its effect on their
/// group. `groups` says which group of the table each cell type belongs to; cells of other types are kept as controls and
/// never moved, and neither are types for which the table has no row of a perturbation.
///
/// # Errors
/// When a label is missing, there are no control cells, or none belongs to a group.
pub fn make_from_means(
    cells: &Cells,
    effects: &Effects,
    groups: &BTreeMap<String, String>,
    order: &Order,
) -> Result<Cells, SignatureError> {
    let labelled = Labelled::of(cells, order)?;
    let names: BTreeMap<usize, [String; 3]> =
        labelled.all.iter().map(|(labels, place)| (*place, labels.clone())).collect();
    let place_of: BTreeMap<&str, usize> =
        effects.genes.iter().enumerate().map(|(place, gene)| (gene.as_str(), place)).collect();
    let places: Vec<Option<usize>> = cells.genes.iter().map(|gene| place_of.get(gene.as_str()).copied()).collect();
    // The folds are given as they are.
    let rule = ResponseRule { scale: 1.0, cut: 0.0, ..order.response };
    let controls = labelled.places(|[.., condition]| *condition == order.control);
    let all = shares(cells, &controls);
    let mut means: BTreeMap<&str, TypeMean> = BTreeMap::new();
    for kind in groups.keys() {
        let own = labelled.places(|[_, kind_of, condition]| kind_of == kind && *condition == order.control);
        means.insert(kind, TypeMean::of(cells, &own, &all, &rule));
    }
    let mut made = Growing::new(cells.genes.len(), [&order.donor, &order.kind, &order.condition]);
    for place in controls {
        let (genes, counts) = cells.counts.row(place);
        let row = genes.iter().copied().zip(counts.iter().copied());
        made.push(row, &cells.names[place], &names[&place], MEASURED, &cells.names[place]);
    }
    let mut row = vec![0; cells.genes.len()];
    for perturbation in effects.of.keys() {
        let of_kind = |kind: &String| effects.on(perturbation, groups.get(kind)?, &places);
        let folds: BTreeMap<&String, Vec<f64>> =
            groups.keys().filter_map(|kind| Some((kind, of_kind(kind)?))).collect();
        for (donor, kinds) in &labelled.controls() {
            let own = kinds.iter().filter(|(kind, _)| folds.keys().any(|known| known == *kind));
            let kinds: BTreeMap<&str, Vec<usize>> = own.map(|(kind, places)| (*kind, places.clone())).collect();
            let seed = Digest::new().number(order.seed).text(perturbation).text(donor).value();
            for (number, place) in resample(&kinds, order.cells_per, seed).into_iter().enumerate() {
                let kind = &names[&place][1];
                let (Some(mean), Some(folds)) = (means.get(kind.as_str()), folds.get(kind)) else { continue };
                cells.counts.dense_row(place, &mut row);
                let source = &cells.names[place];
                let seed = Digest::new().number(seed).number(number as u64).text(source).value();
                respond(&mut row, mean, &[folds], &rule, seed);
                let labels = [(*donor).to_owned(), kind.clone(), perturbation.clone()];
                let name = format!("{perturbation}-{donor}-{number}");
                made.push((0..).zip(row.iter().copied()), &name, &labels, MADE, source);
            }
        }
    }
    made.finish(cells.genes.clone())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{EffectRule, Means, make_from_means};
    use crate::signatures::{MADE, ORIGIN, Order, ReceptorRule, ResponseRule};
    use crate::synthetic::{CONTROL, SyntheticSpec, synthetic};
    use std::collections::BTreeMap;

    /// 21 perturbations of 40 genes in two groups; `strong` raises gene 3 fourfold in group b and drops gene 5 in both.
    fn means() -> Means {
        let genes: Vec<String> = (0..40).map(|gene| format!("G{gene:05}")).collect();
        let mut rows = Vec::new();
        for group in ["a", "b"] {
            for perturbation in 0..21 {
                // Small wiggles, alike in size for every row.
                let mut own: Vec<f64> =
                    (0..40).map(|gene| 0.7 + 0.01 * f64::from((gene * 7 + perturbation * 11) % 13 - 6)).collect();
                if perturbation == 20 {
                    own[5] = 0.1;
                    if group == "b" {
                        own[3] = 1.6;
                    }
                }
                let name = match perturbation {
                    0 => "control".to_owned(),
                    20 => "strong".to_owned(),
                    other => format!("p{other}"),
                };
                rows.push((group.to_owned(), name, own));
            }
        }
        Means { genes, rows }
    }

    #[test]
    fn what_stands_out_of_the_noise_is_an_effect() {
        let rule = EffectRule { fewest: 1, ..EffectRule::default() };
        let effects = means().effects("control", &rule).unwrap();
        assert_eq!(effects.of.keys().collect::<Vec<_>>(), ["strong"]);
        assert_eq!(effects.left_out.len(), 19);
        let (a, b) = (&effects.of["strong"]["a"], &effects.of["strong"]["b"]);
        assert_eq!(a.iter().filter(|fold| **fold != 0.0).count(), 1);
        assert_eq!(b.iter().filter(|fold| **fold != 0.0).count(), 2);
        // (e^1.6 − 1 + 0.05)/(e^0.7 − 1 + 0.05) = 3.78; wiggles of the median are below 0.02.
        assert!((b[3] - 3.78_f64.log2()).abs() < 0.05, "{}", b[3]);
        assert!(a[5] < -2.0 && a[3] == 0.0);
        let none = means().effects("control", &EffectRule { cut: 1e4, ..rule });
        assert!(none.unwrap_err().to_string().contains("no perturbation"));
        assert!(means().effects("vehicle", &rule).unwrap_err().to_string().contains("vehicle"));
    }

    #[test]
    fn cells_move_as_their_group_does() {
        let spec = SyntheticSpec {
            cells_per_group: 40,
            genes: 40,
            types: 2,
            donors: 2,
            markers: 5,
            programme: 5,
            shifted: 5,
            fold_change: 4.0,
            depth: 1000.0,
        };
        let (cells, _) = synthetic(&spec, 1).unwrap();
        let effects = means().effects("control", &EffectRule { fewest: 1, ..EffectRule::default() }).unwrap();
        let order = Order {
            donor: "donor".to_owned(),
            kind: "cell_type".to_owned(),
            condition: "condition".to_owned(),
            control: CONTROL.to_owned(),
            measured: BTreeMap::new(),
            calibrate_on: None,
            fewest: 1,
            scale: None,
            signals: None,
            cells_per: 200,
            receptors: ReceptorRule::default(),
            response: ResponseRule::default(),
            seed: 3,
        };
        let groups = BTreeMap::from([("type1".to_owned(), "b".to_owned())]);
        let made = make_from_means(&cells, &effects, &groups, &order).unwrap();
        let controls = made.indices_where("condition", CONTROL).unwrap();
        let moved = made.indices_where("condition", "strong").unwrap();
        // Only the type that the table speaks of is moved: 200 cells of each of two donors.
        assert_eq!(moved.len(), 400);
        assert_eq!(made.indices_where(ORIGIN, MADE).unwrap(), moved);
        assert!(moved.iter().all(|cell| made.labels["cell_type"].text(*cell).unwrap() == "type1"));
        let mean = |places: &[usize], gene: usize| {
            let mut row = vec![0; 40];
            let mut count = |cell: &usize| {
                made.counts.dense_row(*cell, &mut row);
                f64::from(row[gene])
            };
            places.iter().map(&mut count).sum::<f64>() / places.len() as f64
        };
        let own: Vec<usize> =
            controls.into_iter().filter(|cell| made.labels["cell_type"].text(*cell).unwrap() == "type1").collect();
        let ratio = |gene: usize| mean(&moved, gene) / mean(&own, gene);
        // 400 cells of some 25 counts: the ratio is good to a few per cent, of control cells of like number.
        assert!((ratio(3) / 3.78 - 1.0).abs() < 0.2, "{}", ratio(3));
        assert!(ratio(5) < 0.3 && (ratio(8) - 1.0).abs() < 0.2, "{} {}", ratio(5), ratio(8));
    }
}
