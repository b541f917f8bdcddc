//! Fingerprints of the cells that a split was made on.
//!
//! Does: number of cells and a digest of their identifiers per part, a digest of the counts per held-out condition;
//! says in words where two fingerprints differ.
//! Does not know: files. Does not protect: FNV-1a finds a mismatch, it does not stop anyone who makes one on purpose.
//! Flow: cells + split → **fingerprint** → `split.json`, to be compared wherever the same cells should stand again.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::groups::{Groups, column, text};
use super::{Condition, Part, Split, SplitError, words};
use crate::cells::{Cells, CellsError};

/// What a digest starts with when written.
const NAME: &str = "fnv1a64:";
/// The hash's start and its prime (Fowler, Noll and Vo; RFC 9923).
const START: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a of 64 bits, written as `fnv1a64:` and 16 hexadecimal digits (a JSON number would lose digits in a browser).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(u64);

impl fmt::Display for Digest {
    fn fmt(&self, form: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(form, "{NAME}{:016x}", self.0)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_prefix(NAME).filter(|digits| digits.len() == 16 && !digits.starts_with('+'));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        number.map(Self).ok_or_else(|| format!("{text:?} is not a digest; it is `{NAME}` and 16 hexadecimal digits"))
    }
}

impl Digest {
    /// Of nothing yet.
    pub(crate) const fn new() -> Self {
        Self(START)
    }

    /// With more bytes behind.
    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME)))
    }

    /// With a text behind, ended by a byte that no text holds, so that `ab`, `c` and `a`, `bc` differ.
    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).bytes(&[0xff])
    }

    /// The number itself, to seed a draw.
    pub(crate) const fn value(self) -> u64 {
        self.0
    }

    /// With a number behind.
    pub(crate) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }
}

/// The cells of one condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionPrint {
    /// Cells.
    pub cells: usize,
    /// Of the counts of every cell; the order of cells does not matter, that of genes does.
    pub counts: Digest,
}

/// The cells of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartPrint {
    /// Cells.
    pub cells: usize,
    /// Of the sorted cell identifiers, each with its source data set if the split names that column.
    pub names: Digest,
    /// The part's conditions in the split's order; training has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionPrint>,
}

/// What the cells looked like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// Of the gene symbols in order.
    pub genes: Digest,
    /// Training cells.
    pub training: PartPrint,
    /// Validation cells.
    pub validation: PartPrint,
    /// Test cells.
    pub test: PartPrint,
}

impl Split {
    /// Fingerprint of cells under this split; `split.fingerprint = Some(…)` keeps it.
    ///
    /// # Errors
    /// When the cells lack a column of the split.
    pub fn fingerprint_of(&self, cells: &Cells) -> Result<Fingerprint, CellsError> {
        let groups = Groups::of(&cells.labels, &self.columns)?;
        let part_of_group = groups.parts(self);
        let of_part = |part: Part| -> Result<PartPrint, CellsError> {
            let own: Vec<usize> =
                (0..cells.len()).filter(|cell| part_of_group[groups.of_cell[*cell]] == part).collect();
            let conditions = self.conditions(part).iter().map(|condition| {
                let members: Vec<bool> = (0..groups.len()).map(|group| groups.is_in(group, condition)).collect();
                counts_of(cells, own.iter().copied().filter(|cell| members[groups.of_cell[*cell]]))
            });
            let conditions = conditions.collect();
            Ok(PartPrint { cells: own.len(), names: names_of(cells, self.source.as_deref(), &own)?, conditions })
        };
        Ok(Fingerprint {
            genes: cells.genes.iter().fold(Digest::new(), |digest, gene| digest.text(gene)),
            training: of_part(Part::Training)?,
            validation: of_part(Part::Validation)?,
            test: of_part(Part::Test)?,
        })
    }

    /// Where cells differ from those that the split was made on, in sentences; none when they are the same, or when the
    /// split has no fingerprint.
    ///
    /// # Errors
    /// When the cells lack a column of the split.
    pub fn differences(&self, cells: &Cells) -> Result<Vec<String>, CellsError> {
        let Some(expected) = &self.fingerprint else { return Ok(Vec::new()) };
        let found = self.fingerprint_of(cells)?;
        let mut sentences = Vec::new();
        if expected.genes != found.genes {
            sentences.push("the genes, or their order, are not those that the split was made on".to_owned());
        }
        for part in [Part::Training, Part::Validation, Part::Test] {
            differences_of(part, self.conditions(part), expected.part(part), found.part(part), &mut sentences);
        }
        Ok(sentences)
    }
}

/// Where two fingerprints of a part differ.
fn differences_of(
    part: Part,
    conditions: &[Condition],
    expected: &PartPrint,
    found: &PartPrint,
    sentences: &mut Vec<String>,
) {
    if expected.cells != found.cells {
        sentences.push(format!(
            "the {part} part has {} cells, but had {} when the split was made",
            found.cells, expected.cells
        ));
    } else if expected.names != found.names {
        sentences.push(format!("the {part} part has other cells than when the split was made"));
    }
    let pairs = expected.conditions.iter().zip(&found.conditions);
    for (condition, (expected, found)) in conditions.iter().zip(pairs) {
        if expected != found {
            let words = words(condition);
            sentences.push(format!("the cells of {words} ({part} part), or their counts, are not the same"));
        }
    }
}

/// Digest of sorted identifiers with their source.
fn names_of(cells: &Cells, source: Option<&str>, own: &[usize]) -> Result<Digest, CellsError> {
    let source = source.map(|key| column(&cells.labels, key)).transpose()?;
    let mut names: Vec<_> = own
        .iter()
        .map(|cell| (source.and_then(|source| text(source, *cell)).unwrap_or_default(), cells.names[*cell].as_str()))
        .collect();
    names.sort_unstable();
    Ok(names.iter().fold(Digest::new(), |digest, (source, name)| digest.text(source).text(name)))
}

/// Digest of the sorted digests of rows.
fn counts_of(cells: &Cells, own: impl Iterator<Item = usize>) -> ConditionPrint {
    let mut rows: Vec<u64> = own
        .map(|cell| {
            let (genes, counts) = cells.counts.row(cell);
            let row = genes.iter().zip(counts);
            row.fold(Digest::new(), |row, (gene, count)| row.number(u64::from(*gene) << 32 | u64::from(*count))).0
        })
        .collect();
    rows.sort_unstable();
    ConditionPrint { cells: rows.len(), counts: rows.iter().fold(Digest::new(), |digest, row| digest.number(*row)) }
}

impl Fingerprint {
    /// That of a part.
    pub const fn part(&self, part: Part) -> &PartPrint {
        match part {
            Part::Training => &self.training,
            Part::Validation => &self.validation,
            Part::Test => &self.test,
        }
    }

    /// Checks that it speaks of the split's conditions.
    pub(super) fn belongs_to(&self, split: &Split) -> Result<(), SplitError> {
        for part in [Part::Training, Part::Validation, Part::Test] {
            let (found, expected) = (self.part(part).conditions.len(), split.conditions(part).len());
            if found != expected {
                return Err(SplitError::Fingerprint { part, found, expected });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::Digest;

    #[test]
    fn digests_are_those_of_the_published_examples() {
        for (text, digest) in [
            ("", "fnv1a64:cbf29ce484222325"),
            ("a", "fnv1a64:af63dc4c8601ec8c"),
            ("foobar", "fnv1a64:85944171f73967e8"),
        ] {
            assert_eq!(Digest::new().bytes(text.as_bytes()).to_string(), digest);
            assert_eq!(Digest::try_from(digest.to_owned()).unwrap().to_string(), digest);
        }
        for wrong in ["cbf29ce484222325", "fnv1a64:12", "fnv1a64:+bf29ce484222325", "sha256:cbf29ce484222325"] {
            assert!(Digest::try_from(wrong.to_owned()).unwrap_err().contains("16 hexadecimal"), "{wrong}");
        }
        assert_ne!(Digest::new().text("ab").text("c"), Digest::new().text("a").text("bc"));
    }
}
