//! Trust follows the best baseline, says where its numbers are from, and says so where there are none.

use super::{Level, Trust, support, trust};
use crate::judged::{Entry, Estimate, Summary};
use crate::protocol::card::{Best, Card, Condition, Metrics, Score, Value};
use crate::state::State;

fn condition(key: &str, title: &str, kind: &str, values: &[&str]) -> Condition {
    let value = |value: &&str| Value { value: (*value).into(), display: (*value).into(), cells: 9, ..Value::default() };
    Condition {
        key: key.into(),
        title: title.into(),
        kind: kind.into(),
        control: (kind == "perturbation").then(|| "none".to_owned()),
        values: values.iter().map(value).collect(),
        ..Condition::default()
    }
}

fn metrics(pearson: f64) -> Metrics {
    Metrics { pearson_delta: Some(pearson), ..Metrics::default() }
}

fn score(donor: &str, cell_type: &str, condition: &str, numbers: [f64; 3]) -> Score {
    let [model, baseline, ceiling] = numbers.map(metrics);
    let (donor, cell_type, condition) = (donor.into(), cell_type.into(), condition.into());
    Score { donor, cell_type, condition, cells: 30, model, baseline, ceiling, ..Score::default() }
}

fn summary(title: &str, entries: &[(&str, &str, f64)]) -> Summary {
    let entry = |(kind, name, value): &(&str, &str, f64)| Entry {
        name: (*name).into(),
        kind: (*kind).into(),
        metrics: [("pearson_delta".to_owned(), Estimate { value: Some(*value), ..Estimate::default() })].into(),
    };
    Summary { title: title.into(), groups: 7, entries: entries.iter().map(entry).collect() }
}

fn card() -> Card {
    Card {
        conditions: vec![
            condition("donor", "Donor", "identity", &["1", "2"]),
            condition("type", "Cell type", "cell_type", &["B", "T"]),
            condition("drug", "Cytokine", "perturbation", &["none", "X", "Y", "Z"]),
        ],
        scores: vec![score("1", "B", "X", [0.8, 0.6, 0.9]), score("1", "all", "X", [0.7, 0.69, -0.3])],
        ..Card::default()
    }
}

fn of(card: &Card, query: &str) -> (Level, String, String) {
    let found = trust(card, &State::read(query).with);
    found.map_or((Level::Unknown, "nothing".into(), String::new()), |own| (own.level, own.words, own.why))
}

const B: &str = "with.donor=1&with.type=B&with.drug=X";

#[test]
fn the_best_baseline_on_the_same_control_cells_decides() {
    let mut card = card();
    card.scores[0] = score("1", "B", "X", [0.64, 0.7, 0.9]);
    let mut entries = vec![
        ("prediction", "model", 0.64),
        ("prediction", "model, measured controls", 0.75),
        ("baseline", "PerturbMean", 0.7),
        ("baseline", "regression", 0.66),
    ];
    card.summaries = vec![summary("Cell type by cell type", &entries)];
    let (level, words, why) = of(&card, B);
    assert_eq!(
        level,
        Level::Ahead,
        "0.75 is held against 0.70, and 0.64 against nothing that had measured control cells"
    );
    assert!(
        words.contains("closer (0.75) than the best baseline, the simple average of the other donors (0.70)"),
        "{words}"
    );
    for part in [
        "Over 7 held-out groups (cell type by cell type) the model reaches 0.75",
        "both against measured control cells",
        "held-out donor 1 (B, 30 measured cells), the model's effects against its own control cells",
        "at 0.64; PerturbMean (the simple average of the other donors), against measured control cells, which is another test, reaches 0.70",
        "other half 0.90",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }

    entries.push(("baseline", "regression, measured controls", 0.8));
    card.summaries = vec![summary("Cell type by cell type", &entries)];
    let (level, words, _) = of(&card, B);
    assert_eq!(level, Level::Behind);
    assert!(words.contains("a regression on the training cells, which is closer to held-out cells (0.80)"), "{words}");
    entries.pop();
    entries.push(("baseline", "context mean", 0.76));
    card.summaries = vec![summary("Cell type by cell type", &entries)];
    let (level, words, _) = of(&card, B);
    assert_eq!(level, Level::Even);
    assert!(words.contains("no further than the mean of all perturbed training cells of the same type"), "{words}");
}

#[test]
fn a_model_with_control_cells_of_its_own_is_held_against_its_like() {
    let mut card = card();
    card.summaries = vec![summary(
        "Cell type by cell type",
        &[("prediction", "model", 0.64), ("baseline", "context mean", 0.9), ("baseline", "regression", 0.6)],
    )];
    let (level, words, why) = of(&card, B);
    assert!(level == Level::Ahead && words.contains("a regression on the training cells (0.60)"), "{words}");
    assert!(why.contains("each against control cells of its own"), "{why}");
    // A group whose baseline stands on other control cells tells of both, and ranks them not.
    card.summaries.clear();
    let (level, words, why) = of(&card, B);
    assert_eq!(level, Level::Unknown);
    assert!(words.ends_with("no baseline was measured against the same control cells as the model"), "{words}");
    assert!(why.contains("at 0.80; PerturbMean (") && why.contains("reaches 0.60"), "{why}");
    card.scores[0].best = Some(Best { name: "shrunken mean".into(), metrics: metrics(0.79) });
    let (level, words, _) = of(&card, B);
    assert_eq!(level, Level::Even, "the best of this group is known, and of the model's kind");
    assert!(words.contains("no further than the shrunken average of the other donors"), "{words}");
}

#[test]
fn a_ceiling_below_zero_is_not_shown() {
    let (_, _, why) = of(&card(), "with.donor=1&with.type=T&with.drug=X");
    assert!(why.contains("there is no ceiling") && !why.contains("-0.3"), "{why}");
}

#[test]
fn what_nobody_measured_is_said_so() {
    let mut card = card();
    assert_eq!(of(&card, "with.donor=1").1, "nothing", "without a perturbation nothing was predicted");
    assert!(of(&card, "with.drug=Y").1.ends_with("no held-out cells had Y"));
    assert!(of(&card, "with.drug=X&with.drug=Y").1.ends_with("no held-out cells had all of these together"));
    card.scores.clear();
    assert!(of(&card, B).1.ends_with("this model carries no held-out scores"));
}

#[test]
fn combinations_that_were_scored_are_told() {
    let mut card = card();
    card.scores.push(score("1", "B", "Y+X", [0.5, 0.7, 0.9]));
    let (level, _, why) = of(&card, &format!("{B}&with.drug=Y"));
    assert_eq!(level, Level::Unknown, "PerturbMean stands on other control cells");
    assert!(why.starts_with("For X + Y in held-out donor 1") && why.contains("reaches 0.70"), "{why}");
    // Without a line of their own, what holds over all scored combinations.
    card.summaries = vec![summary(
        "Several at once, cell type by cell type",
        &[("prediction", "model, measured controls", 0.6), ("baseline", "PerturbMean", 0.5)],
    )];
    let (level, words, why) = of(&card, "with.donor=1&with.type=B&with.drug=X&with.drug=Z");
    assert!(level == Level::Ahead && words.contains("(0.60)"), "{words}");
    assert!(why.contains("several at once"), "{why}");
}

#[test]
fn rewritten_cells_are_trusted_by_their_own_scores() {
    let mut card = card();
    let generated = [("prediction", "model, measured controls", 0.9), ("baseline", "PerturbMean", 0.6)];
    let rewritten = [
        ("prediction", "drawn anew, measured controls", 0.95),
        ("prediction", "rewritten, 0.5 kept, measured controls", 0.5),
        ("baseline", "regression on the same cells", 0.7),
    ];
    card.summaries = vec![summary("Measured cells rewritten, cell type by cell type", &rewritten)];
    let of_own = |card: &Card, query: &str| super::rewritten(card, &State::read(query).with);
    assert_eq!(of(&card, B).0, Level::Unknown, "rewritten cells say nothing of generated ones");
    card.summaries.push(summary("Cell type by cell type", &generated));
    assert_eq!(of(&card, B).0, Level::Ahead);
    let own = of_own(&card, B).unwrap_or_else(|| Trust::unknown(""));
    assert!(own.level == Level::Behind && own.words.contains("(0.70) than the model (0.50)"), "{own:?}");
    assert!(own.why.contains("measured cells rewritten"), "{own:?}");
    assert!(of_own(&card, &format!("{B}&with.drug=Y")).is_none() && of_own(&card, "with.drug=Z").is_none());
}

#[test]
fn thin_support_is_flagged() {
    let mut card = card();
    assert_eq!(support(&card, &State::read(B).with), None, "a bundle that does not say");
    card.combinations =
        [("1|B|X", 7), ("1|T|X", 400), ("2|B|X", 1)].map(|(name, cells)| (name.to_owned(), cells)).into();
    let words = |query: &str| support(&card, &State::read(query).with);
    assert_eq!(words(B), Some(("only 7 training cells carry it: thin support".to_owned(), true)));
    assert_eq!(words("with.donor=1&with.type=T&with.drug=X"), Some(("400 training cells carry it".to_owned(), false)));
    assert!(
        words("with.donor=2&with.type=B&with.drug=X")
            .is_some_and(|(words, thin)| thin && words.starts_with("a single"))
    );
    assert!(
        words("with.donor=2&with.type=T&with.drug=X").is_some_and(|(words, _)| words.starts_with("no training cell"))
    );
    assert!(words(&format!("{B}&with.drug=Y")).is_some_and(|(words, _)| words.contains("these 2 together")));
}
