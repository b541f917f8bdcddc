//! Cells of a small card and a random network: what stays, what is drawn, what is refused.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use super::{Measured, Rewriting, Setting, known_value};
use crate::bundle::{Bundle, Golden, Map, Reference};
use crate::choices::tests::{DEPTHS, DONORS, DRUGS, TYPES, card, statistics, wait};
use crate::network::Network;
use crate::pairs::Pairs;
use crate::quantise::{MASK, dequantise};
use crate::sample::{Effort, Request, Run};

/// Genes of the card.
const GENES: usize = 12;
/// A gene that the drug X moves, and one that nothing moves.
const MOVED: usize = 7;

/// A bundle in which the drugs move gene 7 more than any other.
fn bundle() -> Bundle {
    let card = card();
    let network = Network::init(&card.model, statistics(), Pairs::default(), 5, &Device::flex());
    let network = network.map(|name, tensor| match name {
        "gene_output" => {
            let strong = Tensor::<2>::ones([1, 3], &tensor.device()).mul_scalar(2.0);
            tensor.slice_assign([MOVED..MOVED + 1, 0..3], strong)
        }
        // The control's row stays near 0.
        "gate_conditions" => {
            let drugs = [DRUGS[1] - 282, DRUGS[7] - 282 + 1].map(|place| place as usize);
            let [_, gates] = tensor.dims();
            let strong = Tensor::<2>::full([drugs[1] - drugs[0], gates], 0.4, &tensor.device());
            tensor.slice_assign([drugs[0]..drugs[1], 0..gates], strong)
        }
        _ => tensor,
    });
    Bundle {
        card,
        hash: String::new(),
        network,
        map: Map::default(),
        reference: Reference::default(),
        golden: Golden::default(),
        precomputed: None,
    }
}

fn setting(drugs: &[&str], keep: f32) -> Setting {
    let with = BTreeMap::from([("drug".to_owned(), drugs.iter().map(|own| (*own).to_owned()).collect())]);
    Setting { with, guidance: 0.0, steps: 3, seed: 4, keep }
}

/// Three cells: of a known donor, of one that nobody knows, and one of which two genes were not measured.
fn cells() -> Vec<Measured> {
    let of = |pairs: &[(&str, &str)], counts: [Option<u32>; GENES]| Measured {
        with: pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        counts: counts.to_vec(),
    };
    let mut counts: [Option<u32>; GENES] = std::array::from_fn(|gene| Some(gene as u32 / 2));
    counts[11] = Some(157);
    let whole = counts;
    (counts[3], counts[8]) = (None, None);
    vec![
        of(&[("donor", "d1"), ("cell_type", "T")], whole),
        of(&[("donor", "nobody"), ("cell_type", "B")], whole),
        of(&[("cell_type", "T")], counts),
    ]
}

fn drawn(bundle: &Bundle, request: Request) -> Vec<Vec<u16>> {
    let cells = request.cells;
    let mut run = Run::new(&bundle.network, request, Effort { cells: 2, rows: 16 });
    while !run.is_finished() {
        wait(run.step(&bundle.network)).unwrap();
    }
    (0..cells).map(|cell| run.tokens(cell).to_vec()).collect()
}

#[test]
fn what_is_not_moved_stays_and_twins_share_everything_but_the_perturbation() {
    let bundle = bundle();
    let pair = wait(Rewriting::new(&bundle, setting(&["X"], 0.5)).unwrap().pair(&cells(), 0)).unwrap();
    // Half of the measured genes: 6 of 12, and 5 of 10.
    assert_eq!(pair.kept.iter().map(|own| own.iter().filter(|kept| **kept).count()).collect::<Vec<_>>(), [6, 6, 5]);
    assert!(pair.kept.iter().all(|own| !own[MOVED]), "what the drug moves most is drawn");
    assert!(!pair.kept[2][3] && !pair.kept[2][8], "what was not measured is drawn");
    let (perturbed, control) = (&pair.perturbed, &pair.control);
    assert_eq!((perturbed.key, perturbed.seed, perturbed.first), (control.key, control.seed, control.first));
    for ((perturbed, control), kept) in perturbed.given.iter().zip(&control.given).zip(&pair.kept) {
        assert_eq!((&perturbed.tokens, perturbed.totals), (&control.tokens, control.totals));
        assert!(control.tokens.iter().zip(kept).all(|(token, kept)| (i32::from(*token) < MASK) == *kept));
        let ([(under, _)], [(rest, _)]) = (perturbed.labels.as_slice(), control.labels.as_slice()) else {
            panic!("nothing is left open")
        };
        assert_eq!((under[2], rest[2]), (DRUGS[6], DRUGS[0]));
        assert_eq!((under[0], under[1], under[3]), (rest[0], rest[1], rest[3]));
    }
    let row = |cell: usize| control.given[cell].labels[0].0.clone();
    // The first cell has 0 + 0 + 1 + 1 + … + 5 + 157 = 182 counts: a small one. Who is not known is unspecified.
    assert_eq!(row(0), [DONORS[0], TYPES[0], DRUGS[0], DEPTHS[0]]);
    assert_eq!(row(1), [DONORS[3], TYPES[1], DRUGS[0], DEPTHS[0]]);
    assert_eq!(row(2)[0], DONORS[3]);
    // Its own library size with a quarter of room.
    let size = 182.0;
    for (found, expected) in control.given[0].totals.iter().zip([size / 1.25, size * 1.25]) {
        assert!((found / expected - 1.0).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn drawn_cells_keep_their_genes_under_every_bound() {
    let bundle = bundle();
    for (drugs, guidance) in [(&["X"][..], 0.0), (&["X"], 3.0), (&["P", "Y", "X"], 1.0)] {
        let setting = Setting { guidance, ..setting(drugs, 0.4) };
        let pair = wait(Rewriting::new(&bundle, setting).unwrap().pair(&cells(), 0)).unwrap();
        for request in [pair.perturbed, pair.control] {
            for ((cell, own), kept) in drawn(&bundle, request).iter().zip(cells()).zip(&pair.kept) {
                for gene in 0..GENES {
                    assert!(cell[gene] <= bundle.network.statistics.ceiling[gene], "gene {gene}: {}", cell[gene]);
                    if kept[gene] {
                        let held = dequantise(crate::quantise::quantise(own.counts[gene].unwrap()));
                        let ceiling = bundle.network.statistics.largest(gene);
                        assert_eq!(dequantise(cell[gene]), held.min(ceiling), "gene {gene} stays");
                    }
                }
            }
        }
    }
}

#[test]
fn parts_of_a_file_are_the_cells_of_the_whole() {
    let bundle = bundle();
    let pair = |cells: &[Measured], first| {
        wait(Rewriting::new(&bundle, setting(&["X"], 0.3)).unwrap().pair(cells, first)).unwrap()
    };
    let (whole, part) = (pair(&cells(), 0), pair(&cells()[1..], 1));
    assert_eq!(drawn(&bundle, whole.perturbed)[1..], drawn(&bundle, part.perturbed));
    // The control is its own twin, and a cell of which everything is kept is itself.
    let same = wait(Rewriting::new(&bundle, setting(&["none"], 0.3)).unwrap().pair(&cells(), 0)).unwrap();
    assert_eq!(drawn(&bundle, same.perturbed), drawn(&bundle, same.control));
    let kept = wait(Rewriting::new(&bundle, setting(&["X"], 1.0)).unwrap().pair(&cells()[..1], 0)).unwrap();
    assert!(kept.kept[0].iter().all(|own| *own));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let bundle = bundle();
    let refused = |setting: Setting| Rewriting::new(&bundle, setting).map(drop).unwrap_err().to_string();
    assert!(refused(setting(&["X"], 1.5)).contains("the share of genes that is kept"));
    assert!(refused(setting(&["aspirin"], 0.5)).contains("aspirin"));
    let none = Setting { with: BTreeMap::new(), ..setting(&["X"], 0.5) };
    assert!(refused(none).contains("no perturbation was chosen; this model has drug"));
    let mut deep = setting(&["X"], 0.5);
    deep.with.insert("depth".to_owned(), vec!["high".to_owned()]);
    assert!(refused(deep).contains("own library size"));
    assert!(refused(Setting { guidance: 9.0, ..setting(&["X"], 0.5) }).contains("guidance"));
    let few = Measured { counts: vec![Some(1); 3], ..cells()[0].clone() };
    let error = wait(Rewriting::new(&bundle, setting(&["X"], 0.5)).unwrap().pair(&[few], 0)).map(drop).unwrap_err();
    assert!(error.to_string().contains("3 counts"), "{error}");
}

#[test]
fn names_from_elsewhere_are_known() {
    let card = card();
    let types = card.condition("cell_type").unwrap();
    assert_eq!(
        [known_value(types, "T"), known_value(types, " t "), known_value(types, "NK")],
        [Some("T"), Some("T"), None]
    );
}
