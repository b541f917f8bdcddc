//! Counts that belong to cells of another kind.
//!
//! Does: holds every count of a cell against the largest that measured cells of its own group (cell type under the same
//! perturbation) have of the gene: haemoglobin in an NK cell is below the ceiling of its gene, and yet no count of an NK
//! cell; where few cells of the group were measured, against those of its type under any perturbation; says how often
//! measured cells themselves do so, each beside the others.
//! Does not know: how cells were made, what groups and types are.
//! Flow: counts and groups, generated and measured → **share of cells** → `plausibility`, card, table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::counts::Counts;

/// A count is far above a group's largest where it is more than so many times that, and so many counts more.
const TIMES: u32 = 3;
const MORE: u32 = 10;
/// Fewest measured cells whose largest counts say something.
const FEWEST: usize = 15;
/// Share of cells that may hold such a count in any case, besides twice the measured share and chance.
const ALLOWED: f64 = 0.02;
/// Standard deviations of chance.
const CHANCE: f64 = 3.0;
/// Genes that are named.
const NAMED: usize = 3;

/// A gene with counts that are not its group's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stray {
    /// Place of the gene in the panel.
    pub gene: usize,
    /// Cells concerned.
    pub cells: usize,
    /// Group of the cell with the largest of these counts.
    pub group: String,
    /// That count, and the largest that measured cells of the group have.
    pub largest: u32,
    /// The largest count of measured cells of the group.
    pub measured: u32,
}

/// What a cell is: names, of which measured and generated cells have the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// Cell type and perturbation.
    pub group: String,
    /// Cell type alone.
    pub cell_type: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Foreign {
    /// Cells of groups with enough measured cells, or with a few and enough of their type.
    pub cells: usize,
    /// Cells of these with a count far above the largest of their group.
    pub above: usize,
    /// Share of measured cells that have such a count beside the other measured cells of their group.
    pub measured_share: f64,
    /// Genes with most such cells.
    pub genes: Vec<Stray>,
}

/// Largest and second largest count of every gene in a group, and cells.
struct Group {
    largest: Vec<[u32; 2]>,
    cells: usize,
}

/// Whether a count is far above another.
fn is_far(count: u32, largest: u32) -> bool {
    count > largest.saturating_mul(TIMES).saturating_add(MORE)
}

/// Largest counts of every group; `name` gives the group of a kind.
fn groups<'a>(cells: &Counts, kinds: &'a [Kind], name: impl Fn(&'a Kind) -> &'a str) -> BTreeMap<String, Group> {
    let mut found: BTreeMap<String, Group> = BTreeMap::new();
    for (cell, kind) in kinds.iter().enumerate() {
        let empty = || Group { largest: vec![[0; 2]; cells.genes()], cells: 0 };
        let own = found.entry(name(kind).to_owned()).or_insert_with(empty);
        own.cells += 1;
        let (genes, counts) = cells.row(cell);
        for (gene, count) in genes.iter().zip(counts) {
            let [first, second] = &mut own.largest[*gene as usize];
            if count > first {
                (*first, *second) = (*count, *first);
            } else {
                *second = (*second).max(*count);
            }
        }
    }
    found
}

/// Measured cells, read once: what every generated cell is held against.
pub struct Measured {
    groups: BTreeMap<String, Group>,
    types: BTreeMap<String, Group>,
    share: f64,
}

impl Measured {
    /// Largest counts of measured cells by kind [cells].
    ///
    /// ```
    /// use cells::{Counts, foreign::{Kind, Measured}};
    /// let measured: Vec<[u32; 2]> = (0..20).map(|cell| [cell % 4, 5]).collect();
    /// let measured = Counts::from_dense_rows(2, measured.iter().map(|row| row.as_slice()));
    /// let generated = Counts::from_dense_rows(2, [[2, 6].as_slice(), [200, 5].as_slice()]);
    /// let nk = |cells: usize| {
    ///     vec![Kind { group: "NK cells, control".to_owned(), cell_type: "NK cells".to_owned() }; cells]
    /// };
    /// let found = Measured::of(&measured, &nk(20)).look(&generated, &nk(2));
    /// assert_eq!((found.cells, found.above, found.genes[0].largest, found.genes[0].measured), (2, 1, 200, 3));
    /// ```
    pub fn of(cells: &Counts, kinds: &[Kind]) -> Self {
        let groups_found = groups(cells, kinds, |kind| &kind.group);
        let types = groups(cells, kinds, |kind| &kind.cell_type);
        let mut measured = Self { groups: groups_found, types, share: 0.0 };
        measured.share = measured.own_share(cells, kinds);
        measured
    }

    /// The measured cells that a kind is held against, more than `least` of them: its group, or its type where fewer of the
    /// group were measured. None where none of the group was: nothing says what the perturbation does to the type.
    fn beside(&self, kind: &Kind, least: usize) -> Option<&Group> {
        let own = self.groups.get(&kind.group)?;
        let group = if own.cells > least { own } else { self.types.get(&kind.cell_type)? };
        (group.cells > least).then_some(group)
    }

    /// Looks at generated cells, each beside the measured cells of its kind.
    pub fn look(&self, cells: &Counts, kinds: &[Kind]) -> Foreign {
        let mut found = Foreign { measured_share: self.share, ..Foreign::default() };
        let mut strays: BTreeMap<usize, Stray> = BTreeMap::new();
        for (cell, kind) in kinds.iter().enumerate() {
            let Some(group) = self.beside(kind, FEWEST - 1) else { continue };
            found.cells += 1;
            let (genes, counts) = cells.row(cell);
            let is_stray = |(gene, count): &(&u32, &u32)| is_far(**count, group.largest[**gene as usize][0]);
            let mut any = false;
            for (gene, count) in genes.iter().zip(counts).filter(is_stray) {
                any = true;
                let gene = *gene as usize;
                let stray = strays.entry(gene).or_insert_with(|| Stray { gene, ..Stray::default() });
                stray.cells += 1;
                if *count > stray.largest {
                    (stray.largest, stray.measured) = (*count, group.largest[gene][0]);
                    stray.group.clone_from(&kind.group);
                }
            }
            found.above += usize::from(any);
        }
        found.genes = strays.into_values().collect();
        found.genes.sort_by_key(|stray| (std::cmp::Reverse((stray.cells, stray.largest)), stray.gene));
        found.genes.truncate(NAMED);
        found
    }

    /// Share of measured cells with a count far above the largest of the other cells of their kind.
    fn own_share(&self, measured: &Counts, kinds: &[Kind]) -> f64 {
        let (mut cells, mut above) = (0_usize, 0_usize);
        for (cell, kind) in kinds.iter().enumerate() {
            // One more than that: the cell itself is not held against itself.
            let Some(group) = self.beside(kind, FEWEST) else { continue };
            cells += 1;
            let (genes, counts) = measured.row(cell);
            let is_alone = |(gene, count): (&u32, &u32)| {
                let [first, second] = group.largest[*gene as usize];
                // A cell that holds the largest count stands beside the second largest.
                is_far(*count, if *count == first { second } else { first })
            };
            above += usize::from(genes.iter().zip(counts).any(is_alone));
        }
        above as f64 / cells.max(1) as f64
    }
}

impl Foreign {
    /// Whether no more cells hold such counts than measured cells do: twice their share and 2 %, and what chance adds.
    pub fn is_sound(&self) -> bool {
        let share = ALLOWED + 2.0 * self.measured_share;
        let expected = share * self.cells as f64;
        self.above as f64 <= expected + CHANCE * expected.sqrt()
    }

    /// What was found in words; `genes` are the symbols of the panel. None where no group had enough measured cells.
    pub fn words(&self, genes: &[String]) -> Option<String> {
        if self.cells == 0 {
            return None;
        }
        let name = |gene: usize| genes.get(gene).map_or("?", String::as_str);
        let of = |own: &Stray| {
            format!("{} up to {} in {}, where {} is the most", name(own.gene), own.largest, own.group, own.measured)
        };
        let named: Vec<String> = self.genes.iter().map(of).collect();
        let named = if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) };
        Some(format!(
            "{} of {} cells hold a count more than {TIMES} times, and {MORE}, above the largest of measured cells of their \
             type and perturbation (of their type, where fewer than {FEWEST} were measured){named}; of measured cells {:.1} %",
            self.above,
            self.cells,
            100.0 * self.measured_share
        ))
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Foreign, Kind, Measured};
    use crate::counts::Counts;

    /// A kind of a type that is named before the perturbation.
    fn kind(group: &str) -> Kind {
        let cell_type = group.split_whitespace().next().unwrap_or_default().to_owned();
        Kind { group: group.to_owned(), cell_type }
    }

    fn counts(rows: &[[u32; 2]]) -> Counts {
        Counts::from_dense_rows(2, rows.iter().map(|row| row.as_slice()))
    }

    #[test]
    fn counts_of_another_type_are_found_and_named() {
        // Red cells hold the first gene, NK cells do not: what is ordinary in one is foreign in the other.
        let measured: Vec<[u32; 2]> = (0..40).map(|cell| [if cell < 20 { 800 } else { 1 }, 4]).collect();
        let kinds: Vec<Kind> = (0..40).map(|cell| kind(if cell < 20 { "red" } else { "NK" })).collect();
        let made = counts(&[[514, 3], [2, 5], [900, 4], [40, 1]]);
        let own = ["NK", "NK", "red", "few"].map(kind);
        let found = Measured::of(&counts(&measured), &kinds).look(&made, &own);
        assert_eq!((found.cells, found.above, found.measured_share), (3, 1, 0.0));
        assert!(!Foreign { cells: 200, above: 20, ..found.clone() }.is_sound());
        let words = found.words(&["HBB".to_owned(), "NKG7".to_owned()]).unwrap();
        assert!(
            words.contains("1 of 3 cells") && words.contains("HBB up to 514 in NK, where 1 is the most"),
            "{words}"
        );
    }

    #[test]
    fn groups_of_few_cells_are_held_against_their_type() {
        // Eighteen platelets at rest, two under interferon; of NK cells under interferon none was measured.
        let kinds: Vec<Kind> = (0..40)
            .map(|cell| {
                kind(["NK rest", "platelet rest", "platelet ifn"][usize::from(cell >= 20) + usize::from(cell >= 38)])
            })
            .collect();
        let measured: Vec<[u32; 2]> = (0..40).map(|cell| [if cell < 20 { 1 } else { 60 }, 4]).collect();
        let measured = Measured::of(&counts(&measured), &kinds);
        let look = |group: &str, count: u32| measured.look(&counts(&[[count, 4]]), &[kind(group)]);
        assert_eq!((look("platelet ifn", 150).above, look("platelet ifn", 191).above), (0, 1));
        assert_eq!((look("NK ifn", 191).cells, look("NK rest", 191).above), (0, 1));
    }

    #[test]
    fn measured_cells_are_held_against_the_others() {
        // One of forty measured cells is a doublet: so many generated ones are no fault.
        let mut measured = vec![[1, 4]; 40];
        measured[7] = [300, 4];
        let kinds = vec![kind("NK"); 40];
        let found = Measured::of(&counts(&measured), &kinds).look(&counts(&[[1, 4]; 40]), &kinds);
        assert_eq!((found.above, found.measured_share), (0, 0.025));
        let twice = Measured::of(&counts(&measured), &kinds).look(&counts(&measured), &kinds);
        // A copy is never above the cells that it was copied from.
        assert!(twice.above == 0 && twice.is_sound());
        assert_eq!(Measured::of(&counts(&[]), &[]).look(&counts(&[]), &[]).words(&[]), None);
    }
}
