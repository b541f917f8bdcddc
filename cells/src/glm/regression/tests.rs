//! The regression of all genes on drawn counts whose effects are known.

use super::{Regression, leaves_donors_out};
use crate::glm::grouped::{Grouped, Role, Scheme};
use crate::random::Random;
use crate::spread::Spread;

/// 5 donors × 2 types × control and perturbed, 40 genes; `special` genes answer in the second type only.
fn cells(special: usize, seed: u64) -> (Grouped, Scheme) {
    let scheme =
        Scheme { labels: vec![(Role::Identity, 5), (Role::CellType, 2), (Role::Perturbation, 2)], control: Some(0) };
    let (mut random, mut grouped) = (Random::new(seed), Grouped::new(40, false));
    for (donor, kind, condition) in (0..20_u32).map(|group| (group / 4, group / 2 % 2, group % 2)) {
        for _ in 0..60 {
            let counts: Vec<(usize, u32)> = (0..40)
                .map(|gene| {
                    let answers = condition == 1 && (gene >= special || kind == 1);
                    let mean = (0.2 + 0.02 * f64::from(donor)) * if answers { 4.0 } else { 1.0 };
                    (gene, random.negative_binomial(mean, 0.2))
                })
                .filter(|(_, count)| *count > 0)
                .collect();
            grouped.add(&[Some(donor), Some(kind), Some(condition)], 1.0, counts, []);
        }
    }
    (grouped, scheme)
}

#[test]
fn pairs_are_held_back_where_types_answer_alike() {
    let alike = cells(0, 1);
    assert!(leaves_donors_out(&alike.1, alike.0.codes.iter().map(Vec::as_slice)));
    let fitted = |own: &(Grouped, Scheme)| Regression::fit(&own.0, &own.1, true, &Spread::default());
    let (alike, apart) = (fitted(&alike), fitted(&cells(20, 2)));
    assert!(alike.strengths.pair > 10.0 * apart.strengths.pair, "{:?} and {:?}", alike.strengths, apart.strengths);
    let response = |own: &Regression, gene: usize, kind| {
        let mean = |condition| own.means(&[Some(0), Some(kind), Some(condition)])[gene];
        (mean(1) / mean(0)).ln()
    };
    // Genes 0 to 19 answer in the second type alone: 300 cells of mean .2 and .8 leave a standard error of .15.
    let mean = |kind| (0..20).map(|gene| response(&apart, gene, kind)).sum::<f64>() / 20.0;
    assert!(mean(0).abs() < 0.2 && (mean(1) - 4_f64.ln()).abs() < 0.2, "{} and {}", mean(0), mean(1));
}

#[test]
fn lines_that_differ_are_told_apart_in_combinations_that_were_not_seen() {
    // Two lines, half of the genes ten times as high in the second; six knock-outs that do nothing, the last of them
    // never seen in the second line.
    let scheme = Scheme { labels: vec![(Role::Identity, 2), (Role::Perturbation, 7)], control: Some(0) };
    let (mut random, mut grouped) = (Random::new(5), Grouped::new(40, true));
    for (line, knocked) in (0..14_u32).map(|group| (group / 7, group % 7)).filter(|group| *group != (1, 6)) {
        for _ in 0..40 {
            let mean = |gene: usize| if line == 1 && gene < 20 { 3.0 } else { 0.3 };
            let counts: Vec<(usize, u32)> = (0..40)
                .map(|gene| (gene, random.negative_binomial(mean(gene), 0.2)))
                .filter(|(_, count)| *count > 0)
                .collect();
            grouped.add(&[Some(line), Some(knocked)], 1.0, counts, []);
        }
    }
    let found = Regression::fit(&grouped, &scheme, false, &Spread::default());
    assert!(found.strengths.identity <= 32.0, "{:?}", found.strengths);
    let means = found.means(&[Some(1), Some(6)]);
    // The knock-out's own effect comes from 40 cells of .3 counts in the first line: good to a third in a gene, over
    // twenty genes to a tenth.
    let mean = means[..20].iter().sum::<f64>() / 20.0;
    assert!((mean / 3.0 - 1.0).abs() < 0.25, "{mean}");
}

#[test]
fn a_gene_that_some_cells_did_not_measure_keeps_its_mean() {
    let scheme = Scheme { labels: vec![(Role::CellType, 1)], control: None };
    let mut grouped = Grouped::new(1, false);
    for cell in 0..200 {
        let unmeasured = (cell % 2 == 0).then_some(0);
        let counts = (cell % 2 == 1).then_some((0, 3));
        grouped.add(&[Some(0)], 1.0, counts, unmeasured);
    }
    let found = Regression::fit(&grouped, &scheme, false, &Spread::default()).means(&[Some(0)]);
    assert!((found[0] - 3.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn donors_are_held_back_at_least_as_strongly_as_asked() {
    let (grouped, scheme) = cells(0, 3);
    let fitted = |least| Regression::fit_holding(&grouped, &scheme, true, least, &Spread::default());
    let (free, held) = (fitted(0.0), fitted(4096.0));
    assert!(free.strengths.identity < 4096.0 && held.strengths.identity == 4096.0);
    let largest = |own: &Regression| {
        let donors = (0..5).flat_map(|donor| own.effects(0, donor));
        donors.fold(0.0_f64, |most, effect| most.max(effect.abs()))
    };
    assert!(largest(&held) < 0.5 * largest(&free), "{} and {}", largest(&held), largest(&free));
    // What is asked for more weakly than likelihood does changes nothing.
    assert_eq!(fitted(0.5).strengths, free.strengths);
}
