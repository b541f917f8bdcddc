//! Counting tests in what their runners print.
//!
//! Does: sums the result lines of cargo's and wasm-bindgen's runners.
//! Does not know: what was run.
//! Flow: output of a stage → **passed and failed** → summary.

/// Tests counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    /// What could not be had on this machine, said in words where it was looked for.
    pub(crate) skipped: usize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 { write!(out, ", {} skipped", self.skipped) } else { Ok(()) }
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |sum, one| Self {
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
            skipped: sum.skipped + one.skipped,
        })
    }
}

/// One result line: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
fn of_line(line: &str) -> Option<Count> {
    let result = line.trim().strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = result.split(word).next()?;
        before.split([' ', ';', '.']).rfind(|part| !part.is_empty())?.parse().ok()
    };
    Some(Count { passed: number(" passed")?, failed: number(" failed")?, skipped: 0 })
}

/// Sums the results of a test runner's output.
pub(crate) fn count(output: &str) -> Count {
    output.lines().filter_map(of_line).sum()
}

/// What a runner's exit and output mean: one that fails without a failed test counts as one failed.
pub(crate) fn judge(succeeded: bool, output: &str) -> Count {
    let found = count(output);
    if !succeeded && found.failed == 0 { Count { failed: 1, ..found } } else { found }
}

#[cfg(test)]
mod tests {
    use super::{Count, count, judge};

    fn of(passed: usize, failed: usize) -> Count {
        Count { passed, failed, skipped: 0 }
    }

    #[test]
    fn what_was_skipped_is_said() {
        assert_eq!(of(3, 0).to_string(), "3 passed, 0 failed");
        let all: Count = [of(3, 0), Count { skipped: 1, ..of(1, 0) }].into_iter().sum();
        assert_eq!(all.to_string(), "4 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn results_are_summed() {
        let output = "running 3 tests\ntest result: ok. 3 passed; 0 failed; 0 ignored\n\ntest result: FAILED. 4 passed; 2 failed; 0 ignored\n";
        assert_eq!(count(output), of(7, 2));
        assert_eq!(count("nothing"), Count::default());
        assert_eq!(count("test result: unreadable"), Count::default());
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_counts_as_one() {
        assert_eq!(judge(false, "error: could not compile"), of(0, 1));
        assert_eq!(judge(false, "test result: FAILED. 1 passed; 2 failed; 0 ignored"), of(1, 2));
        assert_eq!(judge(true, "test result: ok. 1 passed; 0 failed; 0 ignored"), of(1, 0));
    }
}
