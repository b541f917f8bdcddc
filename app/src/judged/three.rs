//! The model, a simple rival and the ceiling on one test.
//!
//! Does: finds in a card what the three reach over the same held-out groups, the model and PerturbMean on the same control
//! cells; what a single group says besides, where they do not stand on the same ones.
//! Does not know: how numbers are shown, what a visitor guessed.
//! Flow: card → **three columns** → third lesson.

use super::{Controls, Entry, Scored, Summary, stands_on};
use crate::held_out;
use crate::protocol::card::{Card, Metrics, Score};

/// The rival.
pub const RIVAL: &str = "PerturbMean";

/// The three, over all groups of a summary or in one group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Three {
    /// What they were scored on.
    pub title: String,
    /// Model, rival, ceiling.
    pub metrics: [Metrics; 3],
    /// Whether model and rival stand on the same control cells; else they are not ranked.
    pub alike: bool,
}

impl Three {
    /// Pearson-Δ of the three.
    pub fn deltas(&self) -> [Option<f64>; 3] {
        self.metrics.map(|own| own.pearson_delta)
    }

    fn of_summary(own: &Summary) -> Option<Self> {
        let metrics = |entry: &Entry| Metrics {
            pearson_delta: entry.value("pearson_delta"),
            mae: entry.value("mae"),
            des: entry.value("overlap_at_N"),
        };
        let find = |is_asked: &dyn Fn(&Entry) -> bool| own.entries.iter().find(|entry| is_asked(entry)).map(metrics);
        let model = find(&|entry| entry.kind == "prediction" && stands_on(&entry.name) == Controls::Measured)?;
        let rival = find(&|entry| entry.kind == "baseline" && entry.name == RIVAL)?;
        let ceiling = find(&|entry| entry.kind == "ceiling").unwrap_or_default();
        model.pearson_delta.and(rival.pearson_delta)?;
        let title = format!("{} ({} held-out groups)", own.title, own.groups);
        Some(Self { title, metrics: [model, rival, shown(ceiling)], alike: true })
    }

    fn of_group(card: &Card, score: &Score) -> Self {
        let title = format!("{} ({} measured cells)", held_out::group(card, score), score.cells);
        Self { title, metrics: [score.model, score.baseline, score.ceiling()], alike: false }
    }
}

/// A ceiling as it may be shown: below zero there is none.
fn shown(ceiling: Metrics) -> Metrics {
    Score { ceiling, ..Score::default() }.ceiling()
}

/// All that a card says of the three: over all groups first, then group by group, the largest first.
pub fn all(card: &Card) -> Vec<Three> {
    let mut groups: Vec<&Score> = card.scores.iter().collect();
    groups.sort_by_key(|score| std::cmp::Reverse(score.cells));
    let generated = card.summaries.iter().filter(|own| own.scored() != Scored::Rewritten);
    let over = generated.filter_map(Three::of_summary);
    over.chain(groups.into_iter().map(|score| Three::of_group(card, score))).collect()
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::judged::{Entry, Estimate, Summary};
    use crate::protocol::card::{Card, Metrics, Score};

    fn entry(kind: &str, name: &str, delta: f64) -> Entry {
        let value = Estimate { value: Some(delta), ..Estimate::default() };
        Entry { kind: kind.into(), name: name.into(), metrics: [("pearson_delta".to_owned(), value)].into() }
    }

    #[test]
    fn the_model_and_its_rival_stand_on_the_same_control_cells() {
        let metrics = |delta: f64| Metrics { pearson_delta: Some(delta), ..Metrics::default() };
        let score = |cells: u32| Score { cells, model: metrics(0.64), baseline: metrics(0.7), ..Score::default() };
        let mut card = Card { scores: vec![score(20), score(90)], ..Card::default() };
        card.summaries = vec![Summary {
            title: "Cell type by cell type".into(),
            groups: 4,
            entries: vec![
                entry("prediction", "model", 0.64),
                entry("prediction", "model, measured controls", 0.75),
                entry("baseline", "context mean", 0.9),
                entry("baseline", "PerturbMean", 0.7),
                entry("ceiling", "ceiling, halves", -0.1),
            ],
        }];
        let found = all(&card);
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].deltas(), found[0].alike), ([Some(0.75), Some(0.7), None], true));
        assert_eq!(found[0].title, "Cell type by cell type (4 held-out groups)");
        assert!(found[1].title.contains("90") && !found[1].alike && found[1].deltas()[0] == Some(0.64));
        // Without the model's cells beside measured ones nothing over all groups is comparable.
        card.summaries[0].entries.remove(1);
        assert!(all(&card).iter().all(|own| !own.alike));
    }
}
