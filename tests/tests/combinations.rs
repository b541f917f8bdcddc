//! Two perturbations at once, of which training saw each alone, against cells that have both.
//!
//! Does: makes cells of two cytokines that raise different genes, trains on them one at a time, and scores what the bundle
//! composes beside cells of both; shows what is refused.
//! Does not know: the command line, the page.
//! Flow: synthetic controls + signatures → single cells, pairs → bundle → **scores of the pair**.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use burn::tensor::Device;
use cells::Cells;
use cells::h5ad::write_h5ad;
use cells::referee::Rules;
use cells::signatures::{
    AND, Order, Plan, ReceptorRule, ResponseRule, Signatures, cytokines, make, make_pairs, pairs, plan,
};
use cells::splits::Split;
use cells::synthetic::{CONTROL, SyntheticSpec, synthetic};
use model::bundle::Bundle;
use model::sample::Effort;
use train_native::evaluate::combinations::{TITLE, combinations};
use train_native::evaluate::{Settings, summaries};
use train_native::export::{Choice, SPLIT, export};
use train_native::generate::read_bundle;
use train_native::judge::report::Section;
use train_native::pool::pool;
use train_native::train::{self, train};

const SPEC: SyntheticSpec = SyntheticSpec { cells_per_group: 80, ..crate::pipeline::SPEC };
/// One receptor gene each, which every type has.
const CYTOKINES: &str = "name,gene,receptor gene,family,functional_classification,alternative names,cytosig_signal\n\
    IL-A,ILA,G00000,x,x,,ONE\nIL-B,ILB,G00001,x,x,,TWO\n";
/// Genes that each of the two raises.
const RAISED: [std::ops::Range<usize>; 2] = [28..34, 34..40];

struct Made {
    single: Cells,
    both: Cells,
    bundle: Bundle,
    split: Split,
}

/// Cells of one cytokine at a time, cells of both, and their plan.
fn cells() -> (Cells, Cells, Plan) {
    let (measured, _) = synthetic(&SPEC, 3).unwrap();
    let row = |(at, gene): (usize, &String)| {
        let z = |own: usize| if RAISED[own].contains(&at) { 5 } else { 0 };
        format!("{gene},{},{}\n", z(0), z(1))
    };
    let rows: String = measured.genes.iter().enumerate().map(row).collect();
    let signatures = Signatures::read(&format!("gene,ONE,TWO\n{rows}")).unwrap();
    let order = Order {
        donor: "donor".to_owned(),
        kind: "cell_type".to_owned(),
        condition: "condition".to_owned(),
        control: CONTROL.to_owned(),
        measured: BTreeMap::new(),
        calibrate_on: None,
        fewest: 5,
        scale: Some(0.4),
        signals: None,
        cells_per: 160,
        receptors: ReceptorRule::default(),
        response: ResponseRule { renewed: 0.05, ..ResponseRule::default() },
        seed: 1,
    };
    let planned = plan(&measured, &[], &signatures, &cytokines(CYTOKINES).unwrap(), &order).unwrap();
    let single = make(&measured, &signatures, &planned, &order).unwrap();
    let chosen = pairs(&planned, 1, 1);
    let both = make_pairs(&measured, &signatures, &planned, &Order { seed: 2, ..order }, &chosen).unwrap();
    (single, both, planned)
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (single, both, _) = cells();
        std::fs::write(path("cells.h5ad"), write_h5ad(&single, &BTreeMap::new()).unwrap()).unwrap();
        let recipe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml");
        // Both are held out of donor2, whom the pair is scored on.
        let recipe = std::fs::read_to_string(recipe).unwrap().replace(
            "condition = \"IFN-beta\"",
            "condition = \"IL-A\"\n\n[[hold_out]]\ndonor = \"donor2\"\ncondition = \"IL-B\"",
        );
        std::fs::write(path("recipe.toml"), recipe).unwrap();
        let order = train::Order {
            data: path("cells.h5ad"),
            recipe: path("recipe.toml"),
            out: path("run"),
            save_every: 400,
            save_minutes: None,
            stop_after: None,
            stop: Arc::default(),
        };
        train(&order, &[Device::flex()]).unwrap();
        export(&path("run"), &path("bundle"), &Choice::default(), &Device::flex()).unwrap();
        let split = serde_json::from_slice(&std::fs::read(path("bundle").join(SPLIT)).unwrap()).unwrap();
        Made { single, both, bundle: read_bundle(&path("bundle"), &Device::flex()).unwrap(), split }
    })
}

fn scored(combined: &Cells, single: &Cells) -> anyhow::Result<Vec<Section>> {
    let settings = Settings { guidance: 0.0, steps: 6, seed: 1, most: 160, times: 2, effort: Effort::CPU, sets: None };
    let rules = Rules { spread: pool(), ..Rules::default() };
    combinations(&made().bundle, combined, single, &made().split, &settings, rules)
}

#[test]
fn what_is_composed_has_the_genes_of_both() {
    let sections = scored(&made().both, &made().single).unwrap();
    let titles: Vec<&str> = sections.iter().map(|own| own.title.as_str()).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles.iter().all(|title| title.starts_with(TITLE)), "{titles:?}");
    for section in &sections {
        let of = |name: &str, metric: &str| {
            let entry = section.verdict.entries.iter().find(|own| own.name == name);
            entry.and_then(|own| own.mean.get(metric)).copied().unwrap_or(f64::NAN)
        };
        // Twelve genes rise four times: the sum of the single effects in the other donor is close to the truth, and one of
        // the two alone would reach a correlation of about 0.7.
        assert!(of("PerturbMean", "pearson_delta") > 0.9, "{}: {:?}", section.title, section.verdict);
        assert!(of("model", "pearson_delta") > 0.8, "{}: {}", section.title, of("model", "pearson_delta"));
        assert!(of("model", "mae") < of("control copy", "mae"), "{}", section.title);
        assert!(section.verdict.notes.iter().any(|note| note.contains("none saw a combination")));
        // Only the tested donor is scored.
        let contexts = section.verdict.entries.iter().flat_map(|entry| entry.contexts.keys());
        assert!(contexts.clone().count() > 0 && contexts.clone().all(|name| name.starts_with("donor2")));
    }
    assert_eq!(summaries(&sections)[0].title, titles[0]);
}

#[test]
fn cells_that_cannot_be_scored_are_refused() {
    let made = made();
    let said = |combined: &Cells, single: &Cells| format!("{:#}", scored(combined, single).err().unwrap());
    let all = made.single.joined(&made.both).unwrap();
    assert!(said(&made.both, &all).contains("hold combinations already"), "{}", said(&made.both, &all));
    assert!(said(&made.single, &made.single).contains(&format!("joined by {AND}")));
    // A cytokine that the bundle does not know.
    let mut other = made.both.clone();
    let names: Vec<String> = (0..other.len())
        .map(|cell| other.label("condition").unwrap().text(cell).unwrap().replace("IL-B", "IL-C"))
        .collect();
    other.labels.insert("condition".to_owned(), cells::Column::categorical(&names));
    assert!(said(&other, &made.single).contains("IL-C"), "{}", said(&other, &made.single));
}
