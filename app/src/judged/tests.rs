//! What a card says of the referee's metrics, on summaries made by hand.

use super::{Against, Better, Controls, Entry, Estimate, Metric, Scored, Summary, estimate_words, stands_on};

fn entry(kind: &str, name: &str, metrics: &[(&str, f64)]) -> Entry {
    let estimate = |value: f64| Estimate { value: Some(value), low: None, high: None };
    let metrics = metrics.iter().map(|(key, value)| ((*key).to_owned(), estimate(*value))).collect();
    Entry { kind: kind.into(), name: name.into(), metrics }
}

fn summary(own: &[(&str, f64)]) -> Summary {
    let mean = [
        ("pearson_delta", 0.5),
        ("overlap_at_N", 0.2),
        ("pr_auc", 0.2),
        ("de_spearman_lfc_sig", 0.3),
        ("mae", 0.02),
        ("roc_auc", 0.6),
        ("de_nsig_counts_pred", 4.0),
    ];
    let entries = vec![
        entry("ceiling", "", &mean),
        entry("baseline", "control copy", &[("pearson_delta", 0.1), ("mae", 0.019)]),
        entry("baseline", "PerturbMean", &mean),
        entry("prediction", "model, measured controls", own),
    ];
    Summary { title: "all".into(), groups: 3, entries }
}

#[test]
fn the_papers_metrics_stand_first_and_under_its_names() {
    let (first, rest) = summary(&[]).metrics();
    let names = |metrics: &[Metric]| metrics.iter().map(|own| own.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), ["DES", "Pearson-Δ", "AUPRC", "MAE", "LFC"]);
    assert_eq!(names(&rest), ["de_nsig_counts_pred", "roc_auc"]);
    assert_eq!((first[3].better, rest[0].better, rest[1].better), (Better::Low, Better::Neither, Better::High));
    let kinds: Vec<String> = summary(&[]).rows().into_iter().map(Entry::title).collect();
    assert_eq!(
        kinds,
        [
            "Model, measured controls",
            "Baseline: control copy",
            "Baseline: PerturbMean",
            "Ceiling: measured against measured"
        ]
    );
}

#[test]
fn the_model_is_held_against_the_best_baseline() {
    let own = summary(&[("pearson_delta", 0.6), ("mae", 0.03), ("de_nsig_counts_pred", 9.0)]);
    let ahead = |key: &str| own.is_ahead(&own.entries[3], &Metric::new(key));
    assert_eq!((ahead("pearson_delta"), ahead("mae")), (Some(true), Some(false)));
    assert_eq!((ahead("roc_auc"), ahead("de_nsig_counts_pred")), (None, None));
    assert_eq!(own.is_ahead(&own.entries[0], &Metric::new("mae")), None, "the ceiling is no contestant");
    let against = |model: f64, best: f64, name| Some(Against { model, best, name, controls: Controls::Measured });
    assert_eq!(own.against_the_best("pearson_delta"), against(0.6, 0.5, "PerturbMean"));
    assert_eq!(own.against_the_best("mae"), against(0.03, 0.019, "control copy"), "the lowest error is the best");
    assert!(own.is_best(&own.entries[1], &Metric::new("mae")) && !own.is_best(&own.entries[2], &Metric::new("mae")));
}

#[test]
fn like_is_held_against_like() {
    let mut all = Summary { title: "all".into(), groups: 3, entries: Vec::new() };
    let mut add = |kind: &str, name: &str, value: f64| all.entries.push(entry(kind, name, &[("pearson_delta", value)]));
    add("prediction", "model", 0.64);
    add("prediction", "model, measured controls", 0.75);
    add("baseline", "PerturbMean", 0.70);
    add("baseline", "regression", 0.60);
    add("baseline", "negative binomial", 0.5);
    let metric = Metric::new("pearson_delta");
    let against = |model: f64, best: f64, name, controls| Some(Against { model, best, name, controls });
    let ahead = |all: &Summary, place: usize| all.is_ahead(&all.entries[place], &metric);
    assert_eq!(all.against_the_best("pearson_delta"), against(0.75, 0.7, "PerturbMean", Controls::Measured));
    assert_eq!((ahead(&all, 0), ahead(&all, 1)), (Some(true), Some(true)), "0.70 is nothing that 0.64 is held against");
    let stars = |all: &Summary| all.entries.iter().map(|own| all.is_best(own, &metric)).collect::<Vec<_>>();
    assert_eq!(stars(&all), [false, false, true, true, false], "each kind has its best");

    // A baseline beside measured control cells is never held against a model with its own.
    all.entries[1].metrics.clear();
    all.entries.push(entry("baseline", "context mean", &[("pearson_delta", 0.9)]));
    assert_eq!(all.against_the_best("pearson_delta"), against(0.64, 0.6, "regression", Controls::Own));
    assert_eq!(ahead(&all, 0), Some(true));
    all.entries.retain(|own| stands_on(&own.name) == Controls::Measured || own.kind == "prediction");
    assert_eq!((all.against_the_best("pearson_delta"), ahead(&all, 0)), (None, None));
    all.entries.push(entry("baseline", "regression, measured controls", &[("pearson_delta", 0.95)]));
    all.entries[1] = entry("prediction", "model, measured controls", &[("pearson_delta", 0.92)]);
    assert_eq!(all.against_the_best("pearson_delta").map(|own| own.name), Some("regression, measured controls"));
    assert_eq!((ahead(&all, 0), ahead(&all, 1)), (None, Some(false)));
    assert!(all.verdict().is_some_and(|words| words.contains("Missed: Pearson-Δ (regression is ahead).")));
}

#[test]
fn rewritten_cells_count_where_they_keep_something() {
    let own = |name: &str, value: f64| entry("prediction", name, &[("pearson_delta", value)]);
    let entries = vec![
        own("drawn anew, measured controls", 0.9),
        own("rewritten, 0.5 kept, measured controls", 0.6),
        entry("baseline", "regression on the same cells", &[("pearson_delta", 0.5)]),
    ];
    let all = Summary { title: "Measured cells rewritten, all cell types together".into(), groups: 3, entries };
    assert_eq!((all.scored(), summary(&[]).scored()), (Scored::Rewritten, Scored::Alone));
    assert_eq!(all.against_the_best("pearson_delta").map(|own| (own.model, own.best)), Some((0.6, 0.5)));
}

#[test]
fn a_missed_target_is_named_with_who_is_ahead() {
    let good =
        [("pearson_delta", 0.6), ("overlap_at_N", 0.3), ("pr_auc", 0.3), ("de_spearman_lfc_sig", 0.4), ("mae", 0.028)];
    assert!(summary(&good).verdict().is_some_and(|words| words.ends_with("Reached.")));
    let mut bad = good;
    (bad[1].1, bad[4].1) = (0.1, 0.038);
    let words = summary(&bad).verdict().unwrap_or_default();
    assert!(words.ends_with("Missed: DES (PerturbMean is ahead), MAE (2.00 times that of control copy)."), "{words}");
    let words = summary(&good[..2]).verdict().unwrap_or_default();
    assert!(words.contains("Reached where it was measured. Only 2 of the 5"), "{words}");
    assert_eq!(summary(&[]).verdict(), None);
    let mut alone = summary(&good);
    alone.entries.retain(|entry| entry.kind != "baseline");
    assert_eq!(alone.verdict(), None, "without a baseline there is nothing to be ahead of");
}

#[test]
fn equals_are_not_ranked() {
    let own = |baselines: [f64; 3], model: f64| {
        let mut entries: Vec<Entry> =
            baselines.iter().map(|value| entry("baseline", "b", &[("overlap_at_N", *value)])).collect();
        entries.push(entry("prediction", "model", &[("overlap_at_N", model)]));
        entries.push(entry("ceiling", "ceiling, halves", &[("overlap_at_N", 1.0), ("de_spearman_sig", 1.0)]));
        Summary { title: "all".into(), groups: 3, entries }
    };
    let stars = |own: &Summary| {
        let metric = Metric::new("overlap_at_N");
        own.entries.iter().map(|entry| own.is_best(entry, &metric)).collect::<Vec<_>>()
    };
    let level = own([0.0, 0.0, 0.0], 0.0);
    assert_eq!(stars(&level), [false; 5], "nobody finds anything: no baseline is the best");
    assert!(level.verdict().is_some_and(|words| words.contains("DES (b is as good)")), "{:?}", level.verdict());
    let two = own([0.2, 0.5, 0.5], 0.1);
    assert_eq!(stars(&two), [false, true, true, false, false]);
    assert!(two.verdict().is_some_and(|words| words.contains("DES (b is ahead)")));
    // What is written alike is not ranked.
    let little = own([0.0002, 0.0003, 0.0002], 0.00019);
    assert_eq!(stars(&little), [false; 5]);
    assert!(little.verdict().is_some_and(|words| words.contains("DES (b is as good)")));
    let near = own([0.301, 0.2, 0.304], 0.3049);
    assert_eq!(stars(&near), [true, false, true, false, false]);
    assert_eq!(near.is_ahead(&near.entries[3], &Metric::new("overlap_at_N")), Some(false));
    // What the ceiling alone has is no column of the comparison.
    assert_eq!(two.metrics().0.len(), 1);
    assert_eq!(two.entries[4].title(), "Ceiling: half against half");
    let mut alone = two;
    alone.entries.drain(1..3);
    assert_eq!(stars(&alone), [true, false, false], "an only baseline is the one to beat");
}

#[test]
fn a_ceiling_below_zero_is_none() {
    let mut own = summary(&[("pearson_delta", -0.2)]);
    own.entries[0] = entry("ceiling", "ceiling, halves", &[("pearson_delta", -0.61), ("mae", 0.03)]);
    let words = |place: usize, key: &str| own.words(&own.entries[place], &Metric::new(key));
    assert_eq!((words(0, "pearson_delta").0, words(0, "mae").0), ("–".to_owned(), "0.030".to_owned()));
    assert_eq!(words(3, "pearson_delta").0, "−0.20", "a model may be below zero");
}

#[test]
fn directions_follow_what_is_measured() {
    let better = |title: &str, key: &str| {
        let own =
            Summary { title: title.into(), groups: 1, entries: vec![entry("prediction", "model", &[(key, 1.0)])] };
        let (first, rest) = own.metrics();
        first.into_iter().chain(rest).next().map(|metric| metric.better)
    };
    let together = "Genes together: within a cell type and condition";
    assert_eq!(better(together, "correlations of genes: agreement"), Some(Better::High));
    assert_eq!(better(together, "correlations of genes: mean difference"), Some(Better::Low));
    assert_eq!(better(together, "programme scores: Kolmogorov-Smirnov distance"), Some(Better::Low));
    assert_eq!(better(together, "programme scores: variance over the measured"), Some(Better::Neither));
    assert_eq!(better("Mean absolute error of log2 fold changes", "B cells"), Some(Better::Low));
    assert_eq!(better("Pearson of log2 fold changes", "B cells"), Some(Better::High));
    assert_eq!(better("Mean log2 fold change of the 50 genes", "B cells"), Some(Better::Neither));
    assert_eq!(entry("prediction", "model, measured controls", &[]).title(), "Model, measured controls");
}

#[test]
fn numbers_have_their_interval() {
    let own = |value, low, high| estimate_words(Some(&Estimate { value: Some(value), low, high }));
    let bounds = |low: &str, high: &str| Some(format!("{low} to {high}"));
    assert_eq!(own(0.834, Some(0.79), Some(0.87)), ("0.83".into(), bounds("0.79", "0.87")));
    assert_eq!(own(0.0191, Some(0.018), Some(0.0203)), ("0.019".into(), bounds("0.018", "0.020")));
    assert_eq!(own(-0.25, None, None), ("−0.25".into(), None));
    assert_eq!(own(512.4, None, Some(1.0)), ("512".into(), None));
    assert_eq!(estimate_words(None), ("–".into(), None));
}
