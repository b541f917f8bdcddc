//! Semi-synthetic cells: who is made, from whom, and the cells themselves.
//!
//! Does: plans which cytokines get cells, which types respond and how strongly; draws control cells anew and moves them;
//! puts measured and made cells together, each marked.
//! Does not know: files; whether the signatures are right for these cells: nothing here was measured but the controls
//! and the cytokines that are named as measured.
//! Flow: measured cells + signatures + cytokines + order → **plan** → **cells**, one cytokine at a time or two.

use std::collections::{BTreeMap, BTreeSet};

use super::SignatureError;
use super::calibrate::{Fit, Pair, calibrate};
use super::receptors::{Detection, ReceptorRule};
use super::response::{ResponseRule, TypeMean, respond, shares};
use super::tables::{Chosen, Cytokine, Signatures, one_per_signal};
use crate::cells::Cells;
use crate::column::Column;
use crate::counts::Counts;
use crate::random::Random;
use crate::splits::Digest;

/// obs column that says where a cell comes from.
pub const ORIGIN: &str = "origin";
/// Its value for cells as they were measured.
pub const MEASURED: &str = "measured";
/// Its value for control cells that a signature moved.
pub const MADE: &str = "semi-synthetic";
/// obs column that names the control cell that a cell was made from; a measured cell names itself.
pub const MADE_FROM: &str = "made_from";
/// What stands between the names of cytokines that act together.
pub const AND: &str = "+";

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// obs column of donors.
    pub donor: String,
    /// obs column of cell types.
    pub kind: String,
    /// obs column of conditions.
    pub condition: String,
    /// Its value for control cells.
    pub control: String,
    /// Measured cytokines by the name that the cells and the table of cytokines share, and their signals; the first by
    /// name is calibrated on.
    pub measured: BTreeMap<String, String>,
    /// Donors to calibrate on; all when left out.
    pub calibrate_on: Option<Vec<String>>,
    /// Fewest control and treated cells of a type to be calibrated on.
    pub fewest: usize,
    /// The scale, when it shall not be calibrated.
    pub scale: Option<f64>,
    /// Only these signals.
    pub signals: Option<Vec<String>>,
    /// Cells of each donor and made cytokine.
    pub cells_per: usize,
    /// When a type has the receptor.
    pub receptors: ReceptorRule,
    /// How cells respond; its scale is replaced by the calibrated one.
    pub response: ResponseRule,
    /// Seed.
    pub seed: u64,
}

/// A cytokine that gets cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What it is.
    pub cytokine: Cytokine,
    /// Its signal.
    pub signal: String,
    /// Share of cells with the receptor by cell type, and whether the type responds.
    pub kinds: BTreeMap<String, (f64, bool)>,
}

/// What will be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// How the cells respond.
    pub response: ResponseRule,
    /// How the scale fits; none when it was given or nothing is measured.
    pub fit: Option<Fit>,
    /// Measured cytokines: receptors of the types, for comparison with what they answer.
    pub measured: Vec<Planned>,
    /// Made cytokines.
    pub made: Vec<Planned>,
    /// Cytokines without cells, and why.
    pub left_out: Vec<(String, String)>,
    /// Measured control cells, measured treated cells, made cells.
    pub cells: (usize, usize, usize),
}

/// Labels of the cells that matter here; cells that lack one are not used.
pub(super) struct Labelled<'a> {
    /// Donor, cell type, condition and place.
    pub(super) all: Vec<([String; 3], usize)>,
    order: &'a Order,
}

impl<'a> Labelled<'a> {
    pub(super) fn of(cells: &Cells, order: &'a Order) -> Result<Self, SignatureError> {
        let columns = [cells.label(&order.donor)?, cells.label(&order.kind)?, cells.label(&order.condition)?];
        let label = |place: usize| {
            let [donor, kind, condition] = columns.map(|column| column.text(place).map(|text| text.into_owned()));
            Some(([donor?, kind?, condition?], place))
        };
        let found = Self { all: (0..cells.len()).filter_map(label).collect(), order };
        if found.places(|[.., condition]| *condition == order.control).is_empty() {
            let (column, control) = (order.condition.clone(), order.control.clone());
            return Err(SignatureError::NoControl { column, control });
        }
        Ok(found)
    }

    pub(super) fn places(&self, wanted: impl Fn(&[String; 3]) -> bool) -> Vec<usize> {
        self.all.iter().filter(|(labels, _)| wanted(labels)).map(|(_, place)| *place).collect()
    }

    /// Control cells by donor, then by type.
    pub(super) fn controls(&self) -> BTreeMap<&str, BTreeMap<&str, Vec<usize>>> {
        let mut by: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
        for ([donor, kind, condition], place) in &self.all {
            if *condition == self.order.control {
                by.entry(donor).or_default().entry(kind).or_default().push(*place);
            }
        }
        by
    }

    /// Types that have enough control and treated cells.
    fn pairs(&self, treated: &str) -> Vec<Pair> {
        let order = self.order;
        let kinds: BTreeSet<&String> = self.all.iter().map(|([_, kind, _], _)| kind).collect();
        let chosen = |donor: &String| order.calibrate_on.as_ref().is_none_or(|donors| donors.contains(donor));
        let of = |kind: &String, value: &str| {
            self.places(|[donor, own, condition]| own == kind && condition == value && chosen(donor))
        };
        kinds
            .into_iter()
            .map(|kind| Pair { kind: kind.clone(), control: of(kind, &order.control), treated: of(kind, treated) })
            .filter(|pair| pair.control.len().min(pair.treated.len()) >= order.fewest.max(1))
            .collect()
    }
}

/// Plans the cells. `references` are further control cells in which receptor genes are looked for, with the same column
/// of types; of a reference with the column of conditions only control cells count.
///
/// # Errors
/// When a label, a signal or a measured cytokine is missing, a setting makes no sense, or nothing can be calibrated on.
pub fn plan(
    cells: &Cells,
    references: &[&Cells],
    signatures: &Signatures,
    cytokines: &[Cytokine],
    order: &Order,
) -> Result<Plan, SignatureError> {
    order.response.check()?;
    let labelled = Labelled::of(cells, order)?;
    let (response, fit) = strength(cells, &labelled, signatures)?;
    response.check()?;
    let Chosen { kept, mut left_out } =
        one_per_signal(cytokines, signatures, &order.measured, order.signals.as_deref())?;
    let detection = detection(cells, references, &labelled, cytokines)?;
    let controls = labelled.controls();
    let kinds: BTreeSet<&str> = controls.values().flat_map(|kinds| kinds.keys().copied()).collect();
    let planned = |cytokine: &Cytokine, signal: &str| {
        let share = |kind: &&str| {
            let share = detection.receptor(cytokine, kind, &order.receptors)?;
            Some(((*kind).to_owned(), (share, share >= order.receptors.share)))
        };
        let kinds: BTreeMap<String, (f64, bool)> = kinds.iter().filter_map(share).collect();
        Planned { cytokine: cytokine.clone(), signal: signal.to_owned(), kinds }
    };
    let mut made = Vec::new();
    for cytokine in kept {
        let own = planned(cytokine, cytokine.signal.as_deref().unwrap_or_default());
        match own.kinds.values().any(|(_, responds)| *responds) {
            true => made.push(own),
            false if own.kinds.is_empty() => {
                left_out.push((cytokine.name.clone(), "no receptor gene was measured".to_owned()))
            }
            false => left_out.push((cytokine.name.clone(), "no cell type has the receptor".to_owned())),
        }
    }
    let known = cytokines.iter().filter_map(|own| Some(planned(own, order.measured.get(&own.name)?)));
    let measured: Vec<Planned> = known.collect();
    let count = |wanted: &dyn Fn(&str) -> bool| labelled.places(|[.., condition]| wanted(condition)).len();
    let cells = (
        count(&|condition| condition == order.control),
        count(&|condition| order.measured.contains_key(condition)),
        made.len() * order.cells_per * controls.len(),
    );
    Ok(Plan { response, fit, measured, made, left_out, cells })
}

/// The rule with its scale: given, or calibrated on the first measured cytokine.
fn strength(
    cells: &Cells,
    labelled: &Labelled<'_>,
    signatures: &Signatures,
) -> Result<(ResponseRule, Option<Fit>), SignatureError> {
    let order = labelled.order;
    if let Some(scale) = order.scale {
        return Ok((ResponseRule { scale, ..order.response }, None));
    }
    let Some((name, signal)) = order.measured.iter().next() else { return Ok((order.response, None)) };
    let scores = signatures.on(signal, &cells.genes)?;
    let fit = calibrate(cells, &labelled.pairs(name), &scores, &order.response)?;
    let fit = fit.ok_or_else(|| {
        let (name, signal, fewest) = (name.clone(), signal.clone(), order.fewest);
        SignatureError::NoCalibration { name, signal, fewest }
    })?;
    Ok((ResponseRule { scale: fit.scale, ..order.response }, Some(fit)))
}

/// Receptor genes in control cells, the references' among them.
fn detection(
    cells: &Cells,
    references: &[&Cells],
    labelled: &Labelled<'_>,
    cytokines: &[Cytokine],
) -> Result<Detection, SignatureError> {
    let order = labelled.order;
    let genes = || cytokines.iter().flat_map(|own| own.receptors.iter().flatten());
    let mut detection = Detection::default();
    detection.add(cells, &labelled.places(|[.., condition]| *condition == order.control), &order.kind, genes())?;
    for reference in references {
        let places = match reference.label(&order.condition) {
            Ok(_) => reference.indices_where(&order.condition, &order.control)?,
            Err(_) => (0..reference.len()).collect(),
        };
        detection.add(reference, &places, &order.kind, genes())?;
    }
    Ok(detection)
}

/// `wanted` of a donor's control cells, type by type in the shares that the donor has. What rounding leaves goes first
/// to types that would get none, so that rare types occur. Within a type no cell is taken twice before every one was
/// taken once.
pub fn resample(kinds: &BTreeMap<&str, Vec<usize>>, wanted: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let total: usize = kinds.values().map(Vec::len).sum();
    // Largest remainders; a type that would get none comes first.
    let exact = |own: &Vec<usize>| (wanted * own.len()) as f64 / total.max(1) as f64;
    let mut numbers: Vec<usize> = kinds.values().map(|own| exact(own) as usize).collect();
    let mut order: Vec<(bool, f64, usize)> =
        kinds.values().enumerate().map(|(at, own)| (exact(own) >= 1.0, -exact(own).fract(), at)).collect();
    order.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    let short = if total == 0 { 0 } else { wanted - numbers.iter().sum::<usize>() };
    order.iter().take(short).for_each(|(_, _, at)| numbers[*at] += 1);
    let mut drawn = Vec::with_capacity(wanted);
    for (own, number) in kinds.values().zip(numbers) {
        let mut places: Vec<usize> = (0..own.len()).collect();
        for at in 0..number {
            if at % own.len() == 0 {
                random.shuffle(&mut places);
            }
            drawn.push(own[places[at % own.len()]]);
        }
    }
    drawn
}

/// What the cells of a plan are made from.
struct Maker<'a> {
    cells: &'a Cells,
    signatures: &'a Signatures,
    plan: &'a Plan,
    labelled: Labelled<'a>,
    names: BTreeMap<usize, [String; 3]>,
    means: BTreeMap<String, TypeMean>,
    made: Growing,
}

impl<'a> Maker<'a> {
    fn new(
        cells: &'a Cells,
        signatures: &'a Signatures,
        plan: &'a Plan,
        order: &'a Order,
    ) -> Result<Self, SignatureError> {
        let labelled = Labelled::of(cells, order)?;
        let names = labelled.all.iter().map(|(labels, place)| (*place, labels.clone())).collect();
        let all = shares(cells, &labelled.places(|[.., condition]| *condition == order.control));
        let kinds: BTreeSet<&str> = labelled.controls().values().flat_map(|kinds| kinds.keys().copied()).collect();
        let mean_of = |kind: &str| {
            let places = labelled.places(|[_, own, condition]| own == kind && *condition == order.control);
            (kind.to_owned(), TypeMean::of(cells, &places, &all, &plan.response))
        };
        let means = kinds.into_iter().map(mean_of).collect();
        let made = Growing::new(cells.genes.len(), [&order.donor, &order.kind, &order.condition]);
        Ok(Self { cells, signatures, plan, labelled, names, means, made })
    }

    /// Takes over measured cells of these conditions.
    fn measured(&mut self, wanted: impl Fn(&str) -> bool) {
        for place in self.labelled.places(|[.., condition]| wanted(condition)) {
            let (genes, counts) = self.cells.counts.row(place);
            let row = genes.iter().copied().zip(counts.iter().copied());
            let name = &self.cells.names[place];
            self.made.push(row, name, &self.names[&place], MEASURED, name);
        }
    }

    /// Makes the cells of one cytokine, or of several at once, for every donor.
    fn made(&mut self, together: &[&Planned]) -> Result<(), SignatureError> {
        let order = self.labelled.order;
        let name = together.iter().map(|own| own.cytokine.name.as_str()).collect::<Vec<_>>().join(AND);
        let scores = together.iter().map(|own| self.signatures.on(&own.signal, &self.cells.genes));
        let scores: Vec<Vec<f64>> = scores.collect::<Result<_, _>>()?;
        let mut row = vec![0; self.cells.genes.len()];
        for (donor, kinds) in &self.labelled.controls() {
            let seed = Digest::new().number(order.seed).text(&name).text(donor).value();
            for (number, place) in resample(kinds, order.cells_per, seed).into_iter().enumerate() {
                let [_, kind, _] = &self.names[&place];
                let responds = |own: &Planned| own.kinds.get(kind).is_some_and(|(_, responds)| *responds);
                let acting = together.iter().zip(&scores).filter(|(own, _)| responds(own));
                let acting: Vec<&[f64]> = acting.map(|(_, scores)| scores.as_slice()).collect();
                self.cells.counts.dense_row(place, &mut row);
                let source = &self.cells.names[place];
                let seed = Digest::new().number(seed).number(number as u64).text(source).value();
                respond(&mut row, &self.means[kind], &acting, &self.plan.response, seed);
                let labels = [(*donor).to_owned(), kind.clone(), name.clone()];
                let own = format!("{name}-{donor}-{number}");
                self.made.push((0..).zip(row.iter().copied()), &own, &labels, MADE, source);
            }
        }
        Ok(())
    }
}

/// Makes the cells of a plan: measured controls, measured cytokines, made cytokines, in this order. Labels: donor, cell
/// type and condition under the names of the order, [`ORIGIN`] and [`MADE_FROM`].
///
/// # Errors
/// When a label or a signal is missing.
pub fn make(cells: &Cells, signatures: &Signatures, plan: &Plan, order: &Order) -> Result<Cells, SignatureError> {
    let mut maker = Maker::new(cells, signatures, plan, order)?;
    maker.measured(|condition| *condition == order.control || order.measured.contains_key(condition));
    for planned in &plan.made {
        maker.made(&[planned])?;
    }
    maker.made.finish(cells.genes.clone())
}

/// Pairs of a plan's made cytokines, by their places: `wanted` of all whose two act on a common cell type, drawn by
/// `seed`.
pub fn pairs(plan: &Plan, wanted: usize, seed: u64) -> Vec<[usize; 2]> {
    let answers = |own: &Planned, kind: &String| own.kinds.get(kind).is_some_and(|(_, responds)| *responds);
    let meet = |[a, b]: &[usize; 2]| {
        let (a, b) = (&plan.made[*a], &plan.made[*b]);
        a.kinds.keys().any(|kind| answers(a, kind) && answers(b, kind))
    };
    let all = (0..plan.made.len()).flat_map(|a| (a + 1..plan.made.len()).map(move |b| [a, b]));
    let all: Vec<[usize; 2]> = all.filter(meet).collect();
    let mut order: Vec<usize> = (0..all.len()).collect();
    Random::new(seed).shuffle(&mut order);
    let mut chosen: Vec<[usize; 2]> = order.into_iter().take(wanted).map(|at| all[at]).collect();
    chosen.sort_unstable();
    chosen
}

/// Measured controls, and cells of pairs of made cytokines as [`pairs`] gives them; conditions are both names with [`AND`]
/// between them. For scoring what is composed from single cytokines: none of these cells belongs into training.
///
/// # Errors
/// When a label or a signal is missing.
pub fn make_pairs(
    cells: &Cells,
    signatures: &Signatures,
    plan: &Plan,
    order: &Order,
    pairs: &[[usize; 2]],
) -> Result<Cells, SignatureError> {
    let mut maker = Maker::new(cells, signatures, plan, order)?;
    maker.measured(|condition| *condition == order.control);
    for [a, b] in pairs {
        maker.made(&[&plan.made[*a], &plan.made[*b]])?;
    }
    maker.made.finish(cells.genes.clone())
}

/// Cells while they are put together.
pub(super) struct Growing {
    counts: Counts,
    names: Vec<String>,
    columns: [(String, Vec<String>); 5],
}

impl Growing {
    pub(super) fn new(genes: usize, [donor, kind, condition]: [&String; 3]) -> Self {
        let keys = [donor.as_str(), kind, condition, ORIGIN, MADE_FROM];
        Self { counts: Counts::empty(genes), names: Vec::new(), columns: keys.map(|key| (key.to_owned(), Vec::new())) }
    }

    pub(super) fn push(
        &mut self,
        row: impl Iterator<Item = (u32, u32)>,
        name: &str,
        labels: &[String; 3],
        origin: &str,
        made_from: &str,
    ) {
        self.counts.push_row(row);
        self.names.push(name.to_owned());
        let values = labels.iter().map(String::as_str).chain([origin, made_from]);
        self.columns.iter_mut().zip(values).for_each(|((_, own), value)| own.push(value.to_owned()));
    }

    pub(super) fn finish(self, genes: Vec<String>) -> Result<Cells, SignatureError> {
        let labels = self.columns.into_iter().map(|(key, values)| (key, Column::categorical(&values))).collect();
        Ok(Cells::new(self.counts, genes, self.names, labels)?)
    }
}
