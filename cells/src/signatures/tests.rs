//! What signatures do to cells whose truth is known.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::{Strategy, prop, proptest};

use super::{
    Chosen, Cytokine, Detection, MADE, MADE_FROM, MEASURED, ORIGIN, Order, Pair, ReceptorRule, ResponseRule,
    SignatureError, Signatures, TypeMean, calibrate, cytokines, make, make_pairs, one_per_signal, pairs, plan,
    resample, respond,
};
use crate::cells::Cells;
use crate::metrics::pearson;
use crate::synthetic::{CONTROL, PERTURBED, SyntheticSpec, synthetic};

const CYTOKINES: &str = "name,order,gene,receptor gene,family,functional_classification,alternative names,cytosig_signal\n\
    IFN-beta,1,IFNB1,\"G00000, G00001\",Interferon,TypeI IFNs,Interferon beta 1,ONE\n\
    IFN-alpha1,2,IFNA1,\"G00000, G00001\",Interferon,TypeI IFNs,\"A, B\",ONE\n\
    IL-2,3,IL2,\"NOWHERE, G00000, G00001; G00001, G00002\",gamma,Th1,Interleukin 2,TWO\n\
    IL-3,4,IL3,G00001,beta,Specialized,,TWO\n\
    IL-5,5,IL5,OFF,beta,Th2,,FOUR\n\
    IL-7,6,IL7,NOWHERE,gamma,Th1,,THREE\n\
    TPO,7,THPO,MPL,Other,other,,\n";

fn spec() -> SyntheticSpec {
    SyntheticSpec {
        cells_per_group: 60,
        genes: 200,
        types: 2,
        donors: 3,
        markers: 5,
        programme: 5,
        shifted: 30,
        fold_change: 4.0,
        depth: 2000.0,
    }
}

/// Synthetic cells; their last gene, OFF, is in no cell.
fn cells() -> (Cells, Vec<usize>) {
    let (mut cells, truth) = synthetic(&spec(), 7).unwrap();
    let kept: Vec<Option<usize>> = (0..199).map(Some).chain([None]).collect();
    cells.counts = cells.counts.select_genes(&kept);
    "OFF".clone_into(&mut cells.genes[199]);
    (cells, truth.shifted)
}

/// A table whose signal ONE has z = 5 on the shifted genes, and noise that the cut takes away elsewhere. TWO falls on
/// the same genes, THREE and FOUR rise on others.
fn table(cells: &Cells, shifted: &[usize]) -> Signatures {
    let row = |(at, gene): (usize, &String)| {
        let own = shifted.contains(&at);
        let noise = if at % 2 == 0 { 1.5 } else { -1.5 };
        let (one, two) = if own { (5.0, -5.0) } else { (noise, 0.0) };
        let three = if at % 3 == 0 { 4.0 } else { 0.0 };
        format!("{gene},{one},{two},{three},{three}\n")
    };
    let rows: String = cells.genes.iter().enumerate().map(row).collect();
    Signatures::read(&format!("gene,ONE,TWO,THREE,FOUR\n{rows}")).unwrap()
}

fn order() -> Order {
    Order {
        donor: "donor".to_owned(),
        kind: "cell_type".to_owned(),
        condition: "condition".to_owned(),
        control: CONTROL.to_owned(),
        measured: BTreeMap::from([(PERTURBED.to_owned(), "ONE".to_owned())]),
        calibrate_on: None,
        fewest: 10,
        scale: None,
        signals: None,
        cells_per: 50,
        receptors: ReceptorRule::default(),
        response: ResponseRule { added_umis: 0.0, ..ResponseRule::default() },
        seed: 3,
    }
}

fn places(cells: &Cells, kind: &str, condition: &str) -> Vec<usize> {
    let of_kind = cells.indices_where("cell_type", kind).unwrap();
    let of_condition = cells.indices_where("condition", condition).unwrap();
    of_kind.into_iter().filter(|place| of_condition.contains(place)).collect()
}

#[test]
fn tables_are_read() {
    let read = cytokines(CYTOKINES).unwrap();
    assert_eq!(read.len(), 7);
    assert_eq!(read[2].receptors[0], ["NOWHERE", "G00000", "G00001"]);
    assert_eq!(read[2].receptors[1], ["G00001", "G00002"]);
    assert_eq!(
        (read[1].other_names.len(), read[1].signal.as_deref(), read[6].signal.as_deref()),
        (2, Some("ONE"), None)
    );
    let missing = cytokines("name,gene\nIL-2,IL2\n").unwrap_err();
    assert!(matches!(&missing, SignatureError::Column { column, .. } if column == "receptor gene"), "{missing}");
    let table = Signatures::read("gene,A,B\nX,1,-2\nY,0.5,3\n").unwrap();
    assert_eq!(table.on("B", &["Y".to_owned(), "Z".to_owned(), "X".to_owned()]).unwrap(), [3.0, 0.0, -2.0]);
    assert!(matches!(table.on("C", &[]), Err(SignatureError::Signal { .. })));
    for (text, line) in [("gene,A\nX,1\nX,2\n", 3), ("gene,A\nX,NaN\n", 2), ("gene,A\nX,1,2\n", 2)] {
        let error = Signatures::read(text).unwrap_err();
        assert!(matches!(error, SignatureError::Line { line: at, .. } if at == line), "{text:?}: {error}");
    }
}

#[test]
fn one_cytokine_stands_for_a_signal() {
    let (cells, shifted) = cells();
    let (table, read) = (table(&cells, &shifted), cytokines(CYTOKINES).unwrap());
    let Chosen { kept, left_out: left } = one_per_signal(&read, &table, &order().measured, None).unwrap();
    assert_eq!(kept.iter().map(|own| own.name.as_str()).collect::<Vec<_>>(), ["IFN-alpha1", "IL-2", "IL-5", "IL-7"]);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left[0].1.contains("IL-2"), "{left:?}");
    let only = ["TWO".to_owned()];
    let kept = one_per_signal(&read, &table, &order().measured, Some(&only)).unwrap().kept;
    assert_eq!(kept.iter().map(|own| own.name.as_str()).collect::<Vec<_>>(), ["IL-2"]);
    let unknown = BTreeMap::from([("IFN-b".to_owned(), "ONE".to_owned())]);
    assert!(matches!(one_per_signal(&read, &table, &unknown, None), Err(SignatureError::Cytokine { .. })));
}

#[test]
fn receptors_need_every_measured_chain() {
    let (cells, _) = cells();
    let kinds = cells.label("cell_type").unwrap();
    let all: Vec<usize> = (0..cells.len()).collect();
    let genes: Vec<String> = ["G00000", "G00001", "OFF"].map(str::to_owned).to_vec();
    let mut detection = Detection::default();
    detection.add(&cells, &all, "cell_type", genes.iter()).unwrap();
    // By hand: cells of the type with a count, without added cells.
    let bare = ReceptorRule { share: 0.01, added_cells: 0.0 };
    let own: Vec<usize> = all.iter().copied().filter(|cell| kinds.text(*cell).as_deref() == Some("type1")).collect();
    let seen = own.iter().filter(|cell| cells.counts.row(**cell).0.contains(&1)).count();
    assert_eq!(detection.share("G00001", "type1", &bare), Some(seen as f64 / own.len() as f64));
    assert_eq!(detection.share("NOWHERE", "type1", &bare), None);
    // A type that was never seen has the share of all types.
    let rule = ReceptorRule::default();
    let over_all = all.iter().filter(|cell| cells.counts.row(**cell).0.contains(&1)).count() as f64 / all.len() as f64;
    assert!((detection.share("G00001", "type9", &rule).unwrap() - over_all).abs() < 1e-12);
    let cytokine = |receptors: &[&[&str]]| Cytokine {
        name: "X".to_owned(),
        ligands: Vec::new(),
        receptors: receptors.iter().map(|chains| chains.iter().map(|gene| (*gene).to_owned()).collect()).collect(),
        family: String::new(),
        function: String::new(),
        other_names: Vec::new(),
        signal: None,
    };
    let of = |receptors: &[&[&str]]| detection.receptor(&cytokine(receptors), "type1", &bare);
    assert_eq!(of(&[&["G00001", "OFF"]]), Some(0.0));
    assert_eq!(of(&[&["G00001", "OFF"], &["G00001"]]), detection.share("G00001", "type1", &bare));
    assert_eq!(of(&[&["G00001", "NOWHERE"]]), detection.share("G00001", "type1", &bare));
    assert_eq!(of(&[&["NOWHERE"]]), None);
}

#[test]
fn thinning_and_adding_have_their_moments() {
    const CELLS: u64 = 20_000;
    // Gene 0 falls to a quarter, gene 1 rises fourfold from its expected share, gene 2 is held, gene 3 is silent and rises
    // from the floor.
    let rule = ResponseRule { scale: 1.0, cut: 2.0, floor: 0.001, ..ResponseRule::default() };
    let own = vec![0.4, 0.1, 0.5, 0.0];
    let mean = TypeMean { expected: own.clone(), own };
    let scores = [-2.0, 2.0, 1.9, 2.0];
    let drawn: Vec<[u32; 4]> = (0..CELLS)
        .map(|seed| {
            let mut counts = [40, 10, 50, 0];
            respond(&mut counts, &mean, &[&scores], &rule, seed);
            counts
        })
        .collect();
    // Binomial(40, 1/4): mean 10, variance 7.5. 10 + Poisson(100 · 0.1 · 3): mean 40, variance 30. Poisson(0.3).
    for (gene, expected, variance) in [(0, 10.0, 7.5), (1, 40.0, 30.0), (2, 50.0, 0.0), (3, 0.3, 0.3)] {
        let values: Vec<f64> = drawn.iter().map(|counts| f64::from(counts[gene])).collect();
        let average = values.iter().sum::<f64>() / CELLS as f64;
        let spread = values.iter().map(|value| (value - average).powi(2)).sum::<f64>() / CELLS as f64;
        // Five standard errors; an excess kurtosis up to 1 / 0.3 of the Poisson for the variance.
        assert!((average - expected).abs() <= 5.0 * (variance / CELLS as f64).sqrt(), "{gene}: mean {average}");
        let error = 5.0 * variance * ((2.0 + 3.4) / CELLS as f64).sqrt();
        assert!((spread - variance).abs() <= error, "{gene}: variance {spread}");
    }
}

#[test]
fn strengths_vary_around_one() {
    let rule = ResponseRule { scale: 1.0, variation: 0.3, largest: 10.0, ..ResponseRule::default() };
    let mean = TypeMean { own: vec![1.0], expected: vec![1.0] };
    // A million UMIs that fall fourfold tell the strength to a percent.
    let strength = |seed| {
        let mut counts = [1_000_000];
        respond(&mut counts, &mean, &[&[-2.0]], &rule, seed);
        (f64::from(counts[0]) / 1e6).log2() / -2.0
    };
    let drawn: Vec<f64> = (0..50).map(strength).collect();
    let average = drawn.iter().sum::<f64>() / 50.0;
    let deviation = (drawn.iter().map(|own| (own.ln()).powi(2)).sum::<f64>() / 50.0).sqrt();
    // Log-normal of mean 1 and deviation about 0.31: five standard errors of 50 draws are 0.22; its logarithm's second
    // moment is 0.3² + 0.045² = 0.303², ± 5 / √100.
    assert!((average - 1.0).abs() < 0.22, "{average}");
    assert!((deviation / 0.303 - 1.0).abs() < 0.5, "{deviation}");
}

#[test]
fn calibration_finds_the_planted_scale() {
    let (cells, shifted) = cells();
    let table = table(&cells, &shifted);
    let pair = |kind: &str| Pair {
        kind: kind.to_owned(),
        control: places(&cells, kind, CONTROL),
        treated: places(&cells, kind, PERTURBED),
    };
    let pairs = [pair("type1"), pair("type2")];
    let scores = table.on("ONE", &cells.genes).unwrap();
    let fit = calibrate(&cells, &pairs, &scores, &order().response).unwrap().unwrap();
    // The shares rise by less than the planted factor of 4, since the shifted genes take UMIs from the total.
    let totals = |condition: &str| {
        let own = [places(&cells, "type1", condition), places(&cells, "type2", condition)].concat();
        let sizes = cells.counts.library_sizes();
        own.iter().map(|cell| sizes[*cell] as f64).sum::<f64>() / own.len() as f64
    };
    let planted = (4.0 * totals(CONTROL) / totals(PERTURBED)).log2() / 5.0;
    // 30 genes of some 1,000 UMIs and more: log2 fold changes are good to a few hundredths, a fifth of that in scale.
    assert!((fit.scale - planted).abs() < 0.02, "{} for {planted}", fit.scale);
    assert!((fit.slope - 1.0).abs() < 0.05, "{fit:?}");
    assert_eq!(fit.kinds.iter().map(|own| own.genes).collect::<Vec<_>>(), [30, 30]);
    assert_eq!(calibrate(&cells, &pairs, &vec![0.0; 200], &order().response).unwrap(), None);
    let wrong = ResponseRule { floor: 2.0, ..order().response };
    assert!(matches!(calibrate(&cells, &pairs, &scores, &wrong), Err(SignatureError::Setting { .. })));
}

#[test]
fn the_truth_comes_back() {
    let (cells, shifted) = cells();
    let table = table(&cells, &shifted);
    let order = Order { scale: Some(0.3), cells_per: 400, ..order() };
    let plan = plan(&cells, &[], &table, &cytokines(CYTOKINES).unwrap(), &order).unwrap();
    let names: Vec<&str> = plan.made.iter().map(|own| own.cytokine.name.as_str()).collect();
    assert_eq!(names, ["IFN-alpha1", "IL-2"]);
    let reason = |name: &str| plan.left_out.iter().find(|own| own.0 == name).map(|own| own.1.as_str());
    assert_eq!(reason("IL-5"), Some("no cell type has the receptor"));
    assert_eq!(reason("IL-7"), Some("no receptor gene was measured"));
    assert_eq!(plan.cells, (360, 360, 2400));
    let made = make(&cells, &table, &plan, &order).unwrap();
    assert_eq!(made.len(), 360 + 360 + 2400);
    for (name, sign) in [("IFN-alpha1", 1.0), ("IL-2", -1.0)] {
        for kind in ["type1", "type2"] {
            let sums = |condition: &str| {
                let own = places(&made, kind, condition);
                let mut sums = vec![0.0; 200];
                let mut row = vec![0; 200];
                for cell in &own {
                    made.counts.dense_row(*cell, &mut row);
                    sums.iter_mut().zip(&row).for_each(|(sum, count)| *sum += f64::from(*count) / own.len() as f64);
                }
                sums
            };
            let (before, after) = (sums(CONTROL), sums(name));
            let log2: Vec<f64> = shifted.iter().map(|gene| (after[*gene] / before[*gene]).log2()).collect();
            let mean = log2.iter().sum::<f64>() / log2.len() as f64;
            // log2 fold change 0.3 · 5; resampling 180 cells leaves a few hundredths.
            assert!((mean - 1.5 * sign).abs() < 0.05, "{name}, {kind}: {mean}");
            let truth: Vec<f64> = (0..199).map(|gene| if shifted.contains(&gene) { 1.5 * sign } else { 0.0 }).collect();
            let found: Vec<f64> = (0..199).map(|gene| ((after[gene] + 0.1) / (before[gene] + 0.1)).log2()).collect();
            assert!(pearson(&truth, &found) > 0.97, "{name}, {kind}: {}", pearson(&truth, &found));
        }
    }
}

#[test]
fn cells_without_the_receptor_stay_and_seeds_repeat() {
    let (cells, shifted) = cells();
    let table = table(&cells, &shifted);
    let order = Order { scale: Some(0.3), ..order() };
    let mut planned = plan(&cells, &[], &table, &cytokines(CYTOKINES).unwrap(), &order).unwrap();
    for own in &mut planned.made {
        own.kinds.insert("type2".to_owned(), (0.0, false));
    }
    let made = make(&cells, &table, &planned, &order).unwrap();
    assert_eq!(made, make(&cells, &table, &planned, &order).unwrap());
    let other = Order { seed: 4, ..order.clone() };
    assert_ne!(made.counts, make(&cells, &table, &planned, &other).unwrap().counts);
    let from = made.label(MADE_FROM).unwrap();
    let source = |cell: usize| cells.names.iter().position(|name| Some(name.as_str()) == from.text(cell).as_deref());
    for cell in 0..made.len() {
        let same = made.counts.row(cell) == cells.counts.row(source(cell).unwrap());
        let kind = made.label("cell_type").unwrap().text(cell).unwrap().into_owned();
        let origin = made.label(ORIGIN).unwrap().text(cell).unwrap().into_owned();
        assert_eq!(origin == MEASURED, cell < 720);
        assert_eq!(same, origin == MEASURED || kind == "type2", "{cell}, {kind}, {origin}");
        assert!(origin == MEASURED || origin == MADE);
        assert_eq!(made.label("donor").unwrap().text(cell), cells.label("donor").unwrap().text(source(cell).unwrap()));
    }
    // Renewed cells are no copies, and their type's mean stays.
    let renewed = Order { response: ResponseRule { renewed: 0.1, ..planned.response }, ..order };
    planned.response = renewed.response;
    let renewed = make(&cells, &table, &planned, &renewed).unwrap();
    let own: Vec<usize> = (720..renewed.len())
        .filter(|cell| renewed.label("cell_type").unwrap().text(*cell).as_deref() == Some("type2"))
        .collect();
    assert!(own.iter().all(|cell| renewed.counts.row(*cell) != cells.counts.row(source(*cell).unwrap())));
    let size = |counts: &crate::Counts| own.iter().map(|cell| counts.library_sizes()[*cell] as f64).sum::<f64>();
    // 150 cells of 2,000 UMIs, of which a tenth is drawn anew: 5 · √(0.2 / 300,000).
    assert!((size(&renewed.counts) / size(&made.counts) - 1.0).abs() < 0.005);
}

#[test]
fn two_cytokines_at_once_add_their_log_folds() {
    let (cells, shifted) = cells();
    let table = table(&cells, &shifted);
    let order = Order { scale: Some(0.3), cells_per: 400, ..order() };
    let mut planned = plan(&cells, &[], &table, &cytokines(CYTOKINES).unwrap(), &order).unwrap();
    assert_eq!(pairs(&planned, 9, 1), [[0, 1]]);
    // IL-2 takes back what IFN-alpha1 does (z of -5 and 5 on the same genes) where both receptors are.
    planned.made[1].kinds.insert("type2".to_owned(), (0.0, false));
    let made = make_pairs(&cells, &table, &planned, &order, &pairs(&planned, 9, 1)).unwrap();
    let both = "IFN-alpha1+IL-2";
    assert_eq!(made.len(), 360 + 1200, "controls, and 400 cells of each of three donors");
    let total = |kind: &str, condition: &str| {
        let own = places(&made, kind, condition);
        let mut row = vec![0; 200];
        let of = |cell: &usize| {
            made.counts.dense_row(*cell, &mut row);
            shifted.iter().map(|gene| f64::from(row[*gene])).sum::<f64>()
        };
        own.iter().map(of).sum::<f64>() / own.len() as f64
    };
    for (kind, expected) in [("type1", 0.0), ("type2", 1.5)] {
        let log2 = (total(kind, both) / total(kind, CONTROL)).log2();
        // As in `the_truth_comes_back`.
        assert!((log2 - expected).abs() < 0.05, "{kind}: {log2}");
    }
    for own in &mut planned.made {
        own.kinds =
            [("type1".to_owned(), (0.5, own.signal == "ONE")), ("type2".to_owned(), (0.5, own.signal != "ONE"))].into();
    }
    assert!(pairs(&planned, 9, 1).is_empty(), "no type answers both");
}

#[test]
fn orders_that_make_no_sense_are_refused() {
    let (cells, shifted) = cells();
    let (table, read) = (table(&cells, &shifted), cytokines(CYTOKINES).unwrap());
    let asked = |order: &Order| plan(&cells, &[], &table, &read, order).unwrap_err();
    let none = Order { control: "nothing".to_owned(), ..order() };
    assert!(matches!(asked(&none), SignatureError::NoControl { .. }));
    assert!(matches!(asked(&Order { fewest: 10_000, ..order() }), SignatureError::NoCalibration { .. }));
    assert!(matches!(asked(&Order { donor: "patient".to_owned(), ..order() }), SignatureError::Cells(_)));
    assert!(matches!(asked(&Order { scale: Some(-1.0), ..order() }), SignatureError::Setting { .. }));
    let elsewhere = Order { calibrate_on: Some(vec!["donor9".to_owned()]), ..order() };
    assert!(matches!(asked(&elsewhere), SignatureError::NoCalibration { .. }));
}

/// Numbers of cells of up to five types.
fn kinds() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..40, 1..5)
}

proptest! {
    #[test]
    fn resampling_keeps_shares_and_uses_every_cell(numbers in kinds(), wanted in 0_usize..120, seed in 0_u64..9) {
        let names = ["a", "b", "c", "d", "e"];
        let mut next = 0;
        let kinds: BTreeMap<&str, Vec<usize>> = names.iter().zip(&numbers).map(|(name, number)| {
            next += number;
            (*name, (next - number..next).collect())
        }).collect();
        let drawn = resample(&kinds, wanted, seed);
        assert_eq!(drawn.len(), wanted);
        for own in kinds.values() {
            let times: Vec<usize> = own.iter().map(|cell| drawn.iter().filter(|other| *other == cell).count()).collect();
            assert!(times.iter().max().unwrap() - times.iter().min().unwrap() <= 1);
            let exact = wanted as f64 * own.len() as f64 / next as f64;
            assert!((times.iter().sum::<usize>() as f64 - exact).abs() < 1.0 + 1e-9);
        }
    }

    #[test]
    fn counts_fall_and_rise_with_their_score(counts in prop::collection::vec(0_u32..50, 1..30), z in -9.0_f64..9.0, seed: u64) {
        let share = 1.0 / counts.len() as f64;
        let mean = TypeMean { own: vec![share; counts.len()], expected: vec![share; counts.len()] };
        let mut moved = counts.clone();
        respond(&mut moved, &mean, &[&vec![z; counts.len()]], &ResponseRule::default(), seed);
        for (before, after) in counts.iter().zip(&moved) {
            assert!(if z >= 2.0 { after >= before } else if z <= -2.0 { after <= before } else { after == before });
        }
        let mut still = counts.clone();
        respond(&mut still, &mean, &[], &ResponseRule::default(), seed);
        assert_eq!(still, counts);
    }
}
