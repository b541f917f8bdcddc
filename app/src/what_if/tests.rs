//! Words of predictions that start from a visitor's own cells.

use std::collections::BTreeMap;

use super::{
    FIRST, KEEP, NAMED, Source, command, expects, figures, known, known_of, taken, types_words, unknown, verdict,
    warnings,
};
use crate::judged::{Entry, Estimate, Summary};
use crate::protocol::card::{Best, Card, Condition, Metrics, Score, Value};
use crate::protocol::what_if::{About, Types, Wanted, Who};
use crate::trust::Level;
use crate::verdict::Moved;

fn condition(key: &str, kind: &str, control: Option<&str>, values: &[&str]) -> Condition {
    let value = |value: &&str| Value { value: (*value).into(), display: format!("the {value}"), ..Value::default() };
    let mut own = Condition { key: key.into(), title: key.into(), kind: kind.into(), ..Condition::default() };
    own.control = control.map(str::to_owned);
    own.values = values.iter().map(value).collect();
    own
}

fn card() -> Card {
    let mut types = condition("cell_type", "cell_type", None, &["CD4 T", "B"]);
    types.values[0].aliases = vec!["helper".into()];
    let metrics = |pearson: f64| Metrics { pearson_delta: Some(pearson), ..Metrics::default() };
    let score = |cell_type: &str, model: f64| Score {
        cell_type: cell_type.into(),
        condition: "IFN".into(),
        cells: 40,
        model: metrics(model),
        best: Some(Best { name: "regression".into(), metrics: metrics(0.5) }),
        ceiling: metrics(0.9),
        ..Score::default()
    };
    Card {
        conditions: vec![
            condition("donor", "identity", None, &["d1", "d2"]),
            types,
            condition("condition", "perturbation", Some("ctrl"), &["ctrl", "IFN", "IL2"]),
        ],
        scores: vec![score("CD4 T", 0.3), score("B", 0.8)],
        combinations: [
            ("d1|CD4 T|IFN", 300),
            ("d2|CD4 T|IFN", 7),
            ("d1|B|IFN", 60),
            ("d2|B|IFN", 30),
            ("d2|B|ctrl", 9),
        ]
        .map(|(names, cells)| (names.to_owned(), cells))
        .into(),
        ..Card::default()
    }
}

fn about() -> About {
    About {
        cells: 200,
        chosen: 2700,
        words: "all cells".into(),
        types: vec![("B".into(), 150), ("CD4 T".into(), 48)],
        open: 2,
        genes: (8000, 9000),
        map_genes: (950, 1000),
        inside: 0.93,
        sizes: (562, 7770),
        sure: Some(0.875),
        ..About::default()
    }
}

fn wanted() -> Wanted {
    Wanted {
        who: Who::All,
        most: FIRST,
        with: BTreeMap::from([("condition".into(), vec!["IFN".into()])]),
        types: Types::Nearest,
        named: BTreeMap::new(),
        keep: KEEP,
        guidance: 0.0,
        steps: 4,
        seed: 7,
    }
}

#[test]
fn a_files_names_are_known_in_any_case_and_by_other_names() {
    let card = card();
    let of = |name: &str| known(&card.conditions[1], name).map(|own| own.value.clone());
    assert_eq!(
        [of("CD4 T"), of(" cd4 t"), of("HELPER"), of("the b"), of("NK")].map(Option::unwrap_or_default),
        ["CD4 T", "CD4 T", "CD4 T", "B", ""]
    );
    assert_eq!(known_of(&card.conditions[1], &[("b".into(), 3), ("NK".into(), 2)]), (1, 2));
}

#[test]
fn cells_like_those_of_training_get_no_warning_and_others_get_figures() {
    let own = about();
    assert_eq!(warnings(&own), (Vec::new(), false));
    assert!(figures(&own)[0].1.contains("8,000 of 9,000 (89 %)"), "{:?}", figures(&own));
    let far = About { genes: (4500, 9000), map_genes: (799, 1000), inside: 0.4, sure: Some(0.5), outside: 3, ..own };
    let far = About { apart: Some((40, 2.46)), ..far };
    let (said, grave) = warnings(&far);
    assert!(grave && said.len() == 6, "{said:?}");
    let wanted = ["(50 %)", "40 %", "(80 %)", "50 %", "40 of 200 cells lie farther", "3 of 200 cells"];
    for (sentence, figure) in said.iter().zip(wanted) {
        assert!(sentence.contains(figure), "{sentence}");
    }
    assert!(said[4].contains("2.5 times"), "{}", said[4]);
    let near = About { apart: Some((39, 1.1)), ..about() };
    assert_eq!(warnings(&near).0, Vec::<String>::new(), "fewer than a fifth of them");
    assert!(figures(&near).iter().any(|(_, words)| words.starts_with("1.1 times")), "{:?}", figures(&near));
    let almost = About { genes: (8999, 9000), ..about() };
    assert!(figures(&almost)[0].1.contains("(99 %)"), "never all of them where one is missing");
}

#[test]
fn what_was_taken_is_said() {
    assert_eq!(taken(&about()), "200 of 2,700 cells (all cells), taken evenly");
    assert_eq!(taken(&About { chosen: 200, ..about() }), "200 cells (all cells)");
    assert_eq!(types_words(&card(), &about()), "the B (150), the CD4 T (48), left open (2)");
}

#[test]
fn the_verdict_is_that_of_the_commonest_type_and_nothing_is_trusted_of_half_a_panel() {
    let (card, moved) = (card(), Moved { up: 5, down: 2, tested: 90, all: None });
    let own = verdict(&card, &wanted().with, &about(), moved);
    assert_eq!(own.level(), Level::Ahead);
    let words = own.sentence();
    assert!(words.starts_with("Predicted: 5 genes up, 2 down") && words.contains("90 training cells"), "{words}");
    assert!(words.contains("; by cells generated from nothing, not by rewritten ones: trust it"), "{words}");
    let mut scored = card.clone();
    let entry = |kind: &str, name: &str, delta: f64| Entry {
        kind: kind.into(),
        name: name.into(),
        metrics: [("pearson_delta".to_owned(), Estimate { value: Some(delta), ..Estimate::default() })].into(),
    };
    scored.summaries = vec![Summary {
        title: "Measured cells rewritten, cell type by cell type".into(),
        groups: 2,
        entries: vec![
            entry("prediction", "rewritten, 0.5 kept, measured controls", 0.4),
            entry("baseline", "PerturbMean", 0.6),
        ],
    }];
    let own = verdict(&scored, &wanted().with, &about(), moved);
    assert!(
        own.level() == Level::Behind && own.sentence().contains("; by held-out cells that were rewritten"),
        "{own:?}"
    );
    let other = About { types: vec![("CD4 T".into(), 9)], ..about() };
    assert_eq!(verdict(&card, &wanted().with, &other, moved).level(), Level::Behind);
    // No training cell had both, whosever it was.
    let both = BTreeMap::from([("condition".to_owned(), vec!["IFN".to_owned(), "IL2".to_owned()])]);
    let words = verdict(&card, &both, &about(), moved).sentence();
    assert!(words.contains("no training cell had these 2 together: an extrapolation"), "{words}");
    let half = About { genes: (4500, 9000), ..about() };
    let own = verdict(&card, &wanted().with, &half, moved);
    assert_eq!(own.level(), Level::Unknown);
    assert!(own.sentence().contains("; a guess: the file lacks"), "{}", own.sentence());
}

#[test]
fn names_given_by_hand_are_in_the_file_that_the_command_reads() {
    let card = card();
    let values = [("helper".to_owned(), 5), ("Treg".to_owned(), 3), ("".to_owned(), 1)];
    assert_eq!(unknown(&card.conditions[1], &values), [&values[1], &values[2]]);
    let by_hand = Wanted {
        types: Types::Label("anno".into()),
        named: BTreeMap::from([("Treg".to_owned(), "CD4 T".to_owned())]),
        ..wanted()
    };
    let source = Source { bundle: "b", types: Some("cell_type"), title: "mine.h5ad", matrix: None, whole: true };
    let (text, saved) = command(&by_hand, source);
    assert_eq!(saved, Some("own-cells.h5ad"));
    assert!(text.contains(&format!("--cell-type-col {NAMED}")) && !text.contains("anno"), "{text}");
    // Names of a label that is not asked for any more mean nothing.
    let (text, saved) = command(&Wanted { types: Types::Value("B".into()), ..by_hand }, source);
    assert!(saved.is_none() && !text.contains(NAMED), "{text}");
}

#[test]
fn layers_that_would_fill_the_memory_are_left_out() {
    assert!(expects(200, 33_000) && expects(3000, 14_000) && !expects(3000, 33_000) && !expects(usize::MAX, 2));
}

#[test]
fn the_command_names_what_it_can_read() {
    let source =
        Source { bundle: "pbmc-ifnb", types: Some("cell_type"), title: "my cells.h5ad", matrix: None, whole: true };
    let typed = Wanted { types: Types::Label("anno".into()), ..wanted() };
    let (text, saved) = command(&typed, source);
    assert_eq!(saved, None);
    assert_eq!(
        text,
        "wellplate predict --bundle assets/models/pbmc-ifnb --cells 'my cells.h5ad' --with condition=IFN \
         --cell-type-col anno --at-most 200 --keep 0.5 --guidance 0 --steps 4 --seed 7 --out predicted.h5ad"
    );
    // What the page alone knows is in the files that it saves.
    let (text, saved) = command(&wanted(), source);
    assert_eq!(saved, Some("own-cells.h5ad"));
    assert!(
        text.contains("--cells own-cells.h5ad") && text.contains("--cell-type-col wellplate_nearest_type"),
        "{text}"
    );
    let group = Wanted { who: Who::Group(1), ..typed.clone() };
    assert_eq!(command(&group, source).1, Some("own-cells-B.h5ad"));
    assert_eq!(command(&typed, Source { whole: false, ..source }).1, Some("own-cells.h5ad"));
    assert_eq!(command(&typed, Source { title: "matrix.mtx", ..source }).1, Some("own-cells.h5ad"));
    let value = Types::Value("CD4 T".into());
    let only = Wanted { who: Who::Label { key: "who".into(), value: "it's".into() }, types: value, ..wanted() };
    let (text, saved) = command(&only, Source { matrix: Some("layers/counts"), ..source });
    assert_eq!(saved, None);
    assert!(text.contains(r"--only 'who=it'\''s'") && text.contains("--with 'cell_type=CD4 T'"), "{text}");
    assert!(text.contains("--matrix layers/counts"), "{text}");
    // A model without cell types asks for none.
    let (text, _) = command(&wanted(), Source { types: None, ..source });
    assert!(!text.contains("cell-type") && !text.contains("cell_type"), "{text}");
}
