//! One gene's regression on the labels of groups.
//!
//! Does: fits intercept and effects of every label by Newton steps under their priors, and the dispersion around the
//! means; gives the mean of any combination of labels.
//! Does not know: how cells were grouped, how strengths are chosen.
//! Flow: sums of one gene over groups → **fit** → `regression`.

/// Most sweeps over all effects.
const SWEEPS: usize = 60;
/// Sweeps end when no effect moves by more than this, natural log.
const TOLERANCE: f64 = 1e-4;
/// Largest change of an effect in one step, natural log.
const LARGEST_STEP: f64 = 1.0;
/// Largest effect, natural log: a factor of 3000.
const LARGEST_EFFECT: f64 = 8.0;
/// Fits of the dispersion, each followed by one of the effects.
const ROUNDS: usize = 2;

/// One kind of label.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    /// Values it has.
    pub values: usize,
    /// Value of every group [J]; none where the group has no such label.
    pub of_group: Vec<Option<u32>>,
    /// Strength of the normal prior on its effects: one over the variance, natural log; 0 is no prior.
    pub precision: f64,
}

/// Which labels every group has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Design {
    /// Kinds of labels.
    pub factors: Vec<Factor>,
    /// J.
    pub groups: usize,
}

/// One gene's counts in every group [J].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Σ x over the group's cells.
    pub counts: Vec<f64>,
    /// Σ s: size factors of the cells that measured the gene.
    pub exposures: Vec<f64>,
    /// Σ x² / s, from which the dispersion follows.
    pub squares: Vec<f64>,
    /// Cells that measured the gene, over all groups.
    pub cells: f64,
}

/// A fitted gene.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Log of the mean of a cell of size factor 1, before any effect; −∞ for a gene that was never counted.
    pub intercept: f64,
    /// Effects by factor and value, natural log; 0 where no group says anything.
    pub effects: Vec<Vec<f64>>,
    /// Variance over mean, at least 1.
    pub dispersion: f64,
    /// One over the size of a negative binomial around the fitted means: variance = mean + mean² · this; 0 is a Poisson.
    pub overdispersion: f64,
}

impl Design {
    /// Fits one gene.
    ///
    /// ```
    /// use cells::glm::{Design, Factor, Sums};
    /// // Two donors, each with control cells and treated ones, at ten cells a group; treated cells have four times as
    /// // many counts.
    /// let factor = |of_group: [u32; 4], precision| Factor {
    ///     values: 2,
    ///     of_group: of_group.map(Some).to_vec(),
    ///     precision,
    /// };
    /// let design = Design { groups: 4, factors: vec![factor([0, 0, 1, 1], 10.0), factor([0, 1, 0, 1], 0.01)] };
    /// let counts = vec![100.0, 400.0, 100.0, 400.0];
    /// let squares = vec![1010.0, 16_040.0, 1010.0, 16_040.0];
    /// let fit = design.fit(&Sums { counts, exposures: vec![10.0; 4], squares, cells: 40.0 });
    /// assert!((fit.effects[1][1] - fit.effects[1][0] - 4_f64.ln()).abs() < 0.01);
    /// ```
    pub fn fit(&self, sums: &Sums) -> Fit {
        self.fit_from(sums, None)
    }

    /// [`Design::fit`], from the fit of the same counts at other strengths, which is near: a fraction of the sweeps. The
    /// result is that of a fresh start but for the tolerance at which sweeps end.
    pub fn fit_from(&self, sums: &Sums, start: Option<Fit>) -> Fit {
        let (total, exposure): (f64, f64) = (sums.counts.iter().sum(), sums.exposures.iter().sum());
        let is_silent = total <= 0.0 || exposure <= 0.0;
        let mut fit = start.filter(|_| !is_silent).unwrap_or_else(|| Fit {
            intercept: if is_silent { f64::NEG_INFINITY } else { (total / exposure).ln() },
            effects: self.factors.iter().map(|factor| vec![0.0; factor.values]).collect(),
            dispersion: 1.0,
            overdispersion: 0.0,
        });
        if is_silent {
            return fit;
        }
        for _ in 0..ROUNDS {
            let expected = self.settle(sums, &mut fit);
            (fit.dispersion, fit.overdispersion) = spread(sums, &expected);
        }
        self.settle(sums, &mut fit);
        fit
    }

    /// Sweeps over the effects until they stand still; gives the expected counts [J].
    fn settle(&self, sums: &Sums, fit: &mut Fit) -> Vec<f64> {
        let mut expected: Vec<f64> =
            (0..self.groups).map(|group| sums.exposures[group] * self.mean(fit, group)).collect();
        let total: f64 = sums.counts.iter().sum();
        for _ in 0..SWEEPS {
            let mut moved = (total / expected.iter().sum::<f64>()).ln();
            fit.intercept += moved;
            expected.iter_mut().for_each(|mean| *mean *= moved.exp());
            for (factor, effects) in self.factors.iter().zip(&mut fit.effects) {
                moved = moved.abs().max(factor.step(sums, &mut expected, effects, fit.dispersion));
            }
            if moved.abs() < TOLERANCE {
                break;
            }
        }
        expected
    }

    /// Counts that the groups of every value of a factor would be expected to have without its effect [values].
    pub(super) fn expected_without(&self, factor: usize, exposures: &[f64], fit: &Fit) -> Vec<f64> {
        let own = &self.factors[factor];
        let mut expected = vec![0.0; own.values];
        for (group, value) in own.of_group.iter().enumerate() {
            if let Some(value) = value.map(|value| value as usize) {
                expected[value] += exposures[group] * self.mean(fit, group) * (-fit.effects[factor][value]).exp();
            }
        }
        expected
    }

    /// Mean of a cell of size factor 1 in a group.
    pub fn mean(&self, fit: &Fit, group: usize) -> f64 {
        let values = self.factors.iter().map(|factor| factor.of_group[group]);
        fit.mean(values)
    }
}

impl Factor {
    /// One Newton step of every effect of the factor, on its own: values of one factor share no group. Gives the
    /// largest change.
    fn step(&self, sums: &Sums, expected: &mut [f64], effects: &mut [f64], dispersion: f64) -> f64 {
        let (mut slopes, mut curvatures) = (vec![0.0; self.values], vec![0.0; self.values]);
        let groups = || self.of_group.iter().enumerate().filter_map(|(group, value)| Some((group, (*value)? as usize)));
        for (group, value) in groups() {
            slopes[value] += sums.counts[group] - expected[group];
            curvatures[value] += expected[group];
        }
        let mut changes = vec![0.0_f64; self.values];
        for (value, change) in changes.iter_mut().enumerate().filter(|(value, _)| curvatures[*value] > 0.0) {
            // The likelihood over the dispersion.
            let slope = slopes[value] / dispersion - self.precision * effects[value];
            let curvature = curvatures[value] / dispersion + self.precision;
            let wanted = effects[value] + (slope / curvature).clamp(-LARGEST_STEP, LARGEST_STEP);
            *change = wanted.clamp(-LARGEST_EFFECT, LARGEST_EFFECT) - effects[value];
            effects[value] += *change;
        }
        let most = changes.iter().fold(0.0, |most: f64, change| most.max(change.abs()));
        // One exponential for each value, not for each group: they would be most of the work.
        changes.iter_mut().for_each(|change| *change = change.exp());
        for (group, value) in groups() {
            expected[group] *= changes[value];
        }
        most
    }
}

impl Fit {
    /// Mean of a cell of size factor 1 with these values, one of every factor; none leaves a factor out.
    pub fn mean(&self, values: impl IntoIterator<Item = Option<u32>>) -> f64 {
        let of = |(effects, value): (&Vec<f64>, Option<u32>)| value.map_or(0.0, |value| effects[value as usize]);
        (self.intercept + self.effects.iter().zip(values).map(of).sum::<f64>()).exp()
    }
}

/// Dispersion and overdispersion around expected counts [J], by the Pearson statistic: for a negative binomial of mean μ
/// and overdispersion a, Σ (x − μ)² / μ has the expectation cells + a · Σ μ.
fn spread(sums: &Sums, expected: &[f64]) -> (f64, f64) {
    let mut pearson = 0.0;
    for (group, all) in expected.iter().enumerate().filter(|(_, all)| **all > 0.0) {
        // Mean per unit of size factor.
        let mean = all / sums.exposures[group];
        pearson += sums.squares[group] / mean - 2.0 * sums.counts[group] + all;
    }
    let excess = (pearson - sums.cells).max(0.0);
    ((pearson / sums.cells.max(1.0)).max(1.0), excess / expected.iter().sum::<f64>().max(f64::MIN_POSITIVE))
}

#[cfg(test)]
mod tests {
    use super::{Design, Factor, Sums};
    use crate::random::Random;

    /// 4 donors × 3 types × 2 conditions, the last donor without perturbed cells; type 2 answers twice as strongly.
    fn drawn(overdispersion: f64, seed: u64) -> (Design, Sums, Vec<f64>) {
        let mut random = Random::new(seed);
        let (mut labels, mut truth) = (Vec::new(), Vec::new());
        let mut sums = Sums::default();
        for (donor, kind, condition) in (0..24).map(|group| (group / 6, group / 2 % 3, group % 2)) {
            if donor == 3 && condition == 1 {
                continue;
            }
            let response = if kind == 2 { 1.4 } else { 0.7 };
            let mean =
                (0.3 + 0.4 * f64::from(kind) - 0.5 * f64::from(donor % 2) + response * f64::from(condition)).exp();
            let (mut count, mut squares, mut exposure) = (0.0, 0.0, 0.0);
            for cell in 0..150 {
                let size = 0.5 + f64::from(cell % 5) * 0.25;
                let value = f64::from(random.negative_binomial(mean * size, overdispersion));
                count += value;
                squares += value * value / size;
                exposure += size;
            }
            sums.counts.push(count);
            sums.squares.push(squares);
            sums.exposures.push(exposure);
            sums.cells += 150.0;
            labels.push([donor, kind, condition]);
            truth.push(mean);
        }
        let factor = |slot: usize, values, precision| Factor {
            values,
            of_group: labels.iter().map(|own| Some(own[slot] as u32)).collect(),
            precision,
        };
        let pairs = Factor {
            values: 6,
            of_group: labels.iter().map(|own| Some((own[1] * 2 + own[2]) as u32)).collect(),
            precision: 1.0,
        };
        let factors = vec![factor(0, 4, 4.0), factor(1, 3, 0.5), factor(2, 2, 0.5), pairs];
        (Design { groups: labels.len(), factors }, sums, truth)
    }

    #[test]
    fn means_of_groups_come_back() {
        let (design, sums, truth) = drawn(0.3, 3);
        let fit = design.fit(&sums);
        for (group, wanted) in truth.iter().enumerate() {
            let found = design.mean(&fit, group);
            // A group's own mean has a relative standard error of √((1/μ + 0.3) / 150), below .09.
            assert!((found / wanted).ln().abs() < 0.2, "group {group}: {found} and {wanted}");
        }
        assert!((fit.overdispersion - 0.3).abs() < 0.06, "{}", fit.overdispersion);
    }

    #[test]
    fn a_pair_that_no_group_has_is_the_sum_of_its_parts() {
        let (design, sums, _) = drawn(0.3, 4);
        let fit = design.fit(&sums);
        // Donor 3 was never seen perturbed: its own effect comes from control cells alone.
        let ratio = |donor| {
            (fit.mean([Some(donor), Some(2), Some(1), Some(5)])).ln()
                - fit.mean([Some(donor), Some(2), Some(0), Some(4)]).ln()
        };
        assert!((ratio(3) - ratio(0)).abs() < 1e-9);
        assert!((ratio(3) - 1.4).abs() < 0.2, "{}", ratio(3));
        let weaker =
            fit.mean([Some(0), Some(0), Some(1), Some(1)]).ln() - fit.mean([Some(0), Some(0), Some(0), Some(0)]).ln();
        assert!((weaker - 0.7).abs() < 0.2, "{weaker}");
    }

    #[test]
    fn stronger_priors_hold_effects_back_and_silent_genes_have_none() {
        let (design, sums, _) = drawn(0.3, 5);
        let held = Design {
            factors: design.factors.iter().map(|own| Factor { precision: 1e9, ..own.clone() }).collect(),
            ..design.clone()
        };
        let fit = held.fit(&sums);
        assert!(fit.effects.iter().flatten().all(|effect| effect.abs() < 1e-3));
        let silent = design.fit(&Sums { counts: vec![0.0; design.groups], squares: vec![0.0; design.groups], ..sums });
        assert_eq!((silent.intercept, silent.mean([Some(0), None, None, None])), (f64::NEG_INFINITY, 0.0));
    }

    #[test]
    fn counts_that_vary_as_a_poisson_does_have_no_overdispersion() {
        let (design, sums, _) = drawn(0.0, 6);
        let fit = design.fit(&sums);
        assert!(fit.overdispersion < 0.01 && fit.dispersion < 1.05, "{fit:?}");
    }
}
