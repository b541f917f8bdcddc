//! What a card says of the referee's metrics, on summaries made by hand.

use super::{Better, Entry, Estimate, Metric, Summary, estimate_words};

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
        entry("prediction", "model", own),
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
        ["Model", "Baseline: control copy", "Baseline: PerturbMean", "Ceiling: measured against measured"]
    );
}

#[test]
fn the_model_is_held_against_the_best_baseline() {
    let own = summary(&[("pearson_delta", 0.6), ("mae", 0.03), ("de_nsig_counts_pred", 9.0)]);
    let ahead = |key: &str| own.is_ahead(&own.entries[3], &Metric::new(key));
    assert_eq!((ahead("pearson_delta"), ahead("mae")), (Some(true), Some(false)));
    assert_eq!((ahead("roc_auc"), ahead("de_nsig_counts_pred")), (None, None));
    assert_eq!(own.is_ahead(&own.entries[0], &Metric::new("mae")), None, "the ceiling is no contestant");
    assert_eq!(own.against_the_best("pearson_delta"), Some((0.6, 0.5, "PerturbMean")));
    assert_eq!(own.against_the_best("mae"), Some((0.03, 0.019, "control copy")), "the lowest error is the best");
    assert!(own.is_best(&own.entries[1], &Metric::new("mae")) && !own.is_best(&own.entries[2], &Metric::new("mae")));
}

#[test]
fn like_is_held_against_like() {
    let mut all = summary(&[("pearson_delta", 0.6)]);
    all.entries.push(entry("baseline", "regression", &[("pearson_delta", 0.55)]));
    all.entries.push(entry("baseline", "regression, measured controls", &[("pearson_delta", 0.8)]));
    all.entries.push(entry("prediction", "model, measured controls", &[("pearson_delta", 0.7)]));
    assert_eq!(all.against_the_best("pearson_delta"), Some((0.6, 0.55, "regression")));
    let ahead = |place: usize| all.is_ahead(&all.entries[place], &Metric::new("pearson_delta"));
    assert_eq!((ahead(3), ahead(6)), (Some(true), Some(false)));
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
