//! A bundle of twelve genes and results of it, for the corpus.
//!
//! Does: a network as it is before training, a map, reference cells and golden logits of nothing, all in their files.
//! Does not know: hashes; the target puts them in.

use std::collections::BTreeMap;
use std::io::{Error, Result};

use burn::tensor::Device;
use model::bundle::{Golden, Map, Reference};
use model::card::Card;
use model::network::Network;
use model::pairs::Pairs;
use model::precomputed::{Comparison, Made, Population, Precomputed};
use model::quantise::VOCABULARY;
use model::statistics::GeneStatistics;
use model::weights::{Precision, save};

const CARD: &str = include_str!("card.json");
/// Genes of the card.
const GENES: usize = 12;

pub(super) fn write(keep: &impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    let card: Card = serde_json::from_str(CARD)?;
    let network = Network::init(&card.model, GeneStatistics::flat(GENES), Pairs::default(), 5, &Device::flex());
    let weights = save(&network, Precision::Bytes).map_err(Error::other)?;
    let map = Map {
        genes: vec![0, 2, 5],
        mean: vec![0.5; 3],
        loadings: vec![0.1; 6],
        components: 2,
        reference: vec![0.2; 8],
        coordinates: vec![0.3; 8],
        labels: BTreeMap::from([("cell_type".to_owned(), vec![0, 1, 0, 1])]),
    };
    let reference = Reference::default().serialise(0).map_err(Error::other)?;
    let golden = Golden {
        tokens: vec![1; GENES],
        conditions: vec![282, 286, 289, 297],
        genes: vec![0, 3],
        logits: vec![0.0; 2 * VOCABULARY],
    };
    let parts = [
        CARD.as_bytes(),
        &weights,
        &map.serialise().map_err(Error::other)?,
        &reference,
        &golden.serialise(GENES).map_err(Error::other)?,
    ];
    keep("bundle", "tiny", &parts.join(&b"\n----\n"[..]))?;
    keep("bundle", "card", CARD.as_bytes())?;
    keep("precomputed", "results", &results().serialise().map_err(Error::other)?)
}

/// Two sets of cells, one compared with the other.
fn results() -> Precomputed {
    let set = |drug: &str| Population {
        with: BTreeMap::from([("drug".to_owned(), drug.to_owned())]),
        points: vec![0.5; 4],
        genes: vec![1, 4],
        mean: vec![0.5, 1.5],
        detected: vec![2, 3],
        ..Population::default()
    };
    let (p, q, margin) = (vec![2.0, 1.0], vec![1.5, 1.0], vec![0.1, 0.1]);
    let comparison = Comparison { control: 0, perturbed: 1, p, q, margin, shifted: 1 };
    let made = Made { cells: 4, tested: GENES, ..Made::default() };
    Precomputed { made, populations: vec![set("none"), set("X")], comparisons: vec![comparison] }
}
