//! What stands in the wells, and the edits that a person makes.
//!
//! Does: placing, emptying, filling down and to the right, series of values; numbers replicates so that no two wells of
//! one condition share a seed by accident.
//! Does not know: which values a bundle has.
//! Flow: palette, keys, paste → **layout** → address, requests.

use std::collections::BTreeMap;

use super::wells::{COLUMNS, WELLS};

/// What the cells of a well are to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Condition {
    /// Values by condition key, none of them without values; several perturbations act together.
    pub with: BTreeMap<String, Vec<String>>,
    /// Guidance scale; the plate's when there is none.
    pub guidance: Option<f32>,
    /// Genes held at a count.
    pub clamp: Vec<(String, u32)>,
    /// What a link asks for and nobody can read. It stays with the condition, wherever that is put, until it is settled.
    pub unread: Vec<Unread>,
}

/// A part of a condition that could not be read, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// A guidance scale that is no number.
    Guidance(String),
    /// A held gene without a count.
    Held(String),
}

impl Unread {
    /// What is wrong with it.
    pub fn sentence(&self) -> String {
        match self {
            Self::Guidance(typed) => format!("The address asks for guidance “{typed}”, which is no number."),
            Self::Held(typed) => format!("The address asks for held gene “{typed}”, which names no count."),
        }
    }
}

impl Condition {
    /// Takes a guidance scale, or the plate's; what was asked for before and could not be read is settled.
    pub fn set_guidance(&mut self, guidance: Option<f32>) {
        self.guidance = guidance;
        self.unread.retain(|own| !matches!(own, Unread::Guidance(_)));
    }

    /// Takes held genes; those that could not be read are settled.
    pub fn set_clamp(&mut self, clamp: Vec<(String, u32)>) {
        self.clamp = clamp;
        self.unread.retain(|own| !matches!(own, Unread::Held(_)));
    }

    /// The guidance scale of its own as it was typed; none where it has the plate's.
    pub fn guidance_words(&self) -> Option<String> {
        let unread = self.unread.iter().find_map(|own| match own {
            Unread::Guidance(typed) => Some(typed.clone()),
            Unread::Held(_) => None,
        });
        self.guidance.map(|guidance| guidance.to_string()).or(unread)
    }
}

/// A well that is not empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Well {
    /// What its cells are to be.
    pub condition: Condition,
    /// Number among the wells of its condition, from 1; it moves the seed.
    pub replicate: u32,
}

/// All 96 wells.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    wells: Vec<Option<Well>>,
}

impl Default for Layout {
    fn default() -> Self {
        Self { wells: vec![None; WELLS] }
    }
}

/// Which way a fill goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the uppermost well of each column.
    Down,
    /// From the leftmost well of each row.
    Right,
}

impl Direction {
    /// Line that a well belongs to, and its place in it.
    fn line(self, place: usize) -> (usize, usize) {
        let (row, column) = (place / COLUMNS, place % COLUMNS);
        if self == Self::Down { (column, row) } else { (row, column) }
    }
}

impl Layout {
    /// What is in a well.
    pub fn get(&self, place: usize) -> Option<&Well> {
        self.wells.get(place).and_then(Option::as_ref)
    }

    /// Fills or empties a well as it is told; places past the plate are ignored.
    pub fn set(&mut self, place: usize, well: Option<Well>) {
        if let Some(slot) = self.wells.get_mut(place) {
            *slot = well;
        }
    }

    /// Filled wells in order.
    pub fn filled(&self) -> impl Iterator<Item = (usize, &Well)> {
        self.wells.iter().enumerate().filter_map(|(place, well)| Some((place, well.as_ref()?)))
    }

    /// Whether no well is filled.
    pub fn is_empty(&self) -> bool {
        self.wells.iter().all(Option::is_none)
    }

    /// Smallest replicate number that no well of a condition has.
    fn free_replicate(&self, condition: &Condition) -> u32 {
        let taken: Vec<u32> =
            self.filled().filter(|(_, well)| well.condition == *condition).map(|(_, well)| well.replicate).collect();
        (1..).find(|number| !taken.contains(number)).unwrap_or(u32::MAX)
    }

    /// Puts a condition into wells with free replicate numbers; wells that hold it already keep theirs.
    pub fn place(&mut self, places: &[usize], condition: &Condition) {
        let other = |place: &&usize| self.get(**place).is_none_or(|well| well.condition != *condition);
        let changed: Vec<usize> = places.iter().filter(other).copied().collect();
        self.clear(&changed);
        for place in changed {
            let replicate = self.free_replicate(condition);
            self.set(place, Some(Well { condition: condition.clone(), replicate }));
        }
    }

    /// Empties wells.
    pub fn clear(&mut self, places: &[usize]) {
        places.iter().for_each(|place| self.set(*place, None));
    }

    /// Wells as they came from elsewhere: each keeps its replicate number unless a well that stays has the same one.
    pub fn take(&mut self, wells: &[(usize, Option<Well>)]) {
        let places: Vec<usize> = wells.iter().map(|(place, _)| *place).collect();
        self.clear(&places);
        for (place, well) in wells {
            let well = well.as_ref().map(|well| {
                let twin = self.filled().any(|(_, own)| own == well);
                let replicate = if twin { self.free_replicate(&well.condition) } else { well.replicate };
                Well { condition: well.condition.clone(), replicate }
            });
            self.set(*place, well);
        }
    }

    /// First well of each line of a selection with the wells that follow it.
    fn lines(places: &[usize], direction: Direction) -> BTreeMap<usize, Vec<usize>> {
        let mut lines: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        places.iter().for_each(|place| lines.entry(direction.line(*place).0).or_default().push(*place));
        lines.values_mut().for_each(|line| line.sort_by_key(|place| direction.line(*place).1));
        lines
    }

    /// Repeats the first well of each line of a selection along the line, with replicate numbers of their own. One
    /// well alone takes what is before it, as spreadsheets do.
    pub fn fill(&mut self, places: &[usize], direction: Direction) {
        let before = |place: usize| match direction {
            Direction::Down => place.checked_sub(COLUMNS),
            Direction::Right => (!place.is_multiple_of(COLUMNS)).then(|| place - 1),
        };
        let several = Self::lines(places, direction).into_values().any(|line| line.len() > 1);
        for line in Self::lines(places, direction).into_values() {
            let Some(first) = line.first().copied() else { continue };
            let (source, rest) = if several { (Some(first), &line[1..]) } else { (before(first), &line[..]) };
            let Some(source) = source else { continue };
            match self.get(source).map(|well| well.condition.clone()) {
                Some(condition) => self.place(rest, &condition),
                None => self.clear(rest),
            }
        }
    }

    /// Like [`Layout::fill`], but each next well takes the next of `values` for a key, starting with the first well's
    /// own; wells past the last value stay as they are.
    pub fn series(&mut self, places: &[usize], direction: Direction, key: &str, values: &[String]) {
        for line in Self::lines(places, direction).into_values() {
            let Some((first, rest)) = line.split_first() else { continue };
            let Some(condition) = self.get(*first).map(|well| well.condition.clone()) else { continue };
            let own = condition.with.get(key).and_then(|own| own.first());
            let start = own.and_then(|own| values.iter().position(|value| value == own));
            let next = start.map_or(0, |start| start + 1);
            for (place, value) in rest.iter().zip(values.iter().skip(next)) {
                let mut condition = condition.clone();
                condition.with.insert(key.to_owned(), vec![value.clone()]);
                self.place(&[*place], &condition);
            }
        }
    }

    /// Wells of the same condition as one, itself included, in order.
    pub fn replicates(&self, condition: &Condition) -> Vec<usize> {
        self.filled().filter(|(_, well)| well.condition == *condition).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Condition, Direction, Layout, Well};

    fn condition(value: &str) -> Condition {
        let mut condition = Condition::default();
        condition.with.insert("drug".into(), vec![value.into()]);
        condition
    }

    fn text(layout: &Layout, places: &[usize]) -> String {
        let word = |place: &usize| {
            layout
                .get(*place)
                .map_or("-".to_owned(), |well| format!("{}{}", well.condition.with["drug"][0], well.replicate))
        };
        places.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn replicates_are_numbered_without_gaps() {
        let mut layout = Layout::default();
        layout.place(&[0, 1, 2], &condition("a"));
        assert_eq!(text(&layout, &[0, 1, 2, 3]), "a1 a2 a3 -");
        layout.clear(&[1]);
        layout.place(&[5, 0], &condition("a"));
        // The freed number is taken again; what was there stays.
        assert_eq!(text(&layout, &[0, 1, 2, 5]), "a1 - a3 a2");
        layout.place(&[0], &condition("b"));
        assert_eq!(text(&layout, &[0, 2, 5]), "b1 a3 a2");
        assert_eq!(layout.replicates(&condition("a")), [2, 5]);
        layout.clear(&[0, 2, 5, 400]);
        assert!(layout.is_empty());
    }

    #[test]
    fn fills_go_along_lines() {
        let mut layout = Layout::default();
        layout.place(&[0], &condition("a"));
        layout.place(&[1], &condition("b"));
        layout.fill(&[0, 1, 12, 13, 24, 25], Direction::Down);
        assert_eq!(text(&layout, &[12, 13, 24, 25]), "a2 b2 a3 b3");
        layout.fill(&[2], Direction::Right);
        assert_eq!(text(&layout, &[2]), "b4", "one well takes what is before it");
        layout.fill(&[0, 60], Direction::Right);
        assert_eq!(text(&layout, &[0, 60]), "a1 -", "each line has one well, and nothing is before either");
        // An empty first well empties its line, as in a spreadsheet.
        layout.fill(&[36, 24].map(|place| place + 3), Direction::Down);
        assert_eq!(text(&layout, &[27, 39]), "- -");
    }

    #[test]
    fn a_series_ends_with_its_values() {
        let mut layout = Layout::default();
        let values = ["a", "b", "c"].map(str::to_owned);
        layout.place(&[0], &condition("b"));
        layout.place(&[36], &condition("z"));
        layout.series(&[0, 12, 24, 36], Direction::Down, "drug", &values);
        assert_eq!(text(&layout, &[0, 12, 24, 36]), "b1 c1 - z1");
        layout.series(&[36, 37, 38], Direction::Right, "drug", &values);
        assert_eq!(text(&layout, &[36, 37, 38]), "z1 a1 b2", "an unknown first value starts before the first");
    }

    #[test]
    fn wells_from_elsewhere_get_seeds_of_their_own() {
        let mut layout = Layout::default();
        let well = |value, replicate| Some(Well { condition: condition(value), replicate });
        layout.set(0, well("a", 2));
        layout.take(&[(1, well("a", 2)), (2, well("a", 7)), (0, well("a", 2))]);
        // Well A1 was written anew: the first comer keeps the number.
        assert_eq!(text(&layout, &[0, 1, 2]), "a1 a2 a7");
        layout.take(&[(1, None)]);
        assert_eq!(text(&layout, &[0, 1]), "a1 -");
    }
}
