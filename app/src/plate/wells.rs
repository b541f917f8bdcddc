//! Names and places of wells.
//!
//! Does: A1 to H12 and back, rectangles between two wells, steps with the arrow keys.
//! Does not know: what is in them.
//! Flow: pointer, keys, tables ⇄ **places** 0 … 95, row by row.

/// Rows, A to H.
pub const ROWS: usize = 8;
/// Columns, 1 to 12.
pub const COLUMNS: usize = 12;
/// Wells of a plate.
pub const WELLS: usize = ROWS * COLUMNS;

/// Letter of a row; "?" past the last one.
pub fn letter(row: usize) -> char {
    "ABCDEFGH".chars().nth(row).unwrap_or('?')
}

/// Name of a well.
pub fn name(place: usize) -> String {
    format!("{}{}", letter(place / COLUMNS), place % COLUMNS + 1)
}

/// Place of a named well: "a1", "A01" and " H12 " are understood.
pub fn place(name: &str) -> Option<usize> {
    let mut letters = name.trim().chars();
    let row = "ABCDEFGH".find(letters.next()?.to_ascii_uppercase())?;
    let digits = letters.as_str();
    let plain = !digits.is_empty() && digits.len() <= 2 && digits.chars().all(|digit| digit.is_ascii_digit());
    let column: usize = digits.parse().ok().filter(|_| plain)?;
    (1..=COLUMNS).contains(&column).then(|| row * COLUMNS + column - 1)
}

/// Wells of the rectangle between two wells, row by row.
pub fn rectangle(from: usize, to: usize) -> Vec<usize> {
    let ends = |a: usize, b: usize| a.min(b)..=a.max(b);
    let columns = ends(from % COLUMNS, to % COLUMNS);
    ends(from / COLUMNS, to / COLUMNS)
        .flat_map(|row| columns.clone().map(move |column| row * COLUMNS + column))
        .collect()
}

/// The well so many rows down and columns to the right, held at the plate's edge.
pub fn step(from: usize, rows: isize, columns: isize) -> usize {
    let held = |at: usize, by: isize, most: usize| at.saturating_add_signed(by).min(most - 1);
    held(from / COLUMNS, rows, ROWS) * COLUMNS + held(from % COLUMNS, columns, COLUMNS)
}

/// Wells in words: "A1", "A1 to B3, 6 wells", "5 wells".
pub fn words(places: &[usize]) -> String {
    match places {
        [] => "no well".to_owned(),
        [one] => name(*one),
        [first, .., last] if rectangle(*first, *last) == places => {
            format!("{} to {}, {} wells", name(*first), name(*last), places.len())
        }
        several => format!("{} wells", several.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::{WELLS, name, place, rectangle, step, words};

    #[test]
    fn every_name_comes_back() {
        for own in 0..WELLS {
            assert_eq!(place(&name(own)), Some(own));
        }
        assert_eq!((name(0), name(95)), ("A1".to_owned(), "H12".to_owned()));
        assert_eq!((place("a01"), place(" h12 ")), (Some(0), Some(95)));
        for nonsense in ["", "A", "A0", "A13", "I1", "1A", "A+1", "A1B", "A001", "Ä1"] {
            assert_eq!(place(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn rectangles_have_no_direction() {
        assert_eq!(rectangle(0, 13), [0, 1, 12, 13]);
        assert_eq!(rectangle(13, 0), rectangle(1, 12));
        assert_eq!(rectangle(5, 5), [5]);
        assert_eq!(rectangle(0, 95).len(), WELLS);
    }

    #[test]
    fn steps_stay_on_the_plate() {
        assert_eq!((step(0, -1, -1), step(95, 1, 1), step(0, 1, 2)), (0, 95, 14));
        assert_eq!((step(40, -100, 0), step(40, 0, 100)), (4, 47));
        assert_eq!(words(&[0, 1, 12, 13]), "A1 to B2, 4 wells");
        assert_eq!((words(&[]), words(&[3]), words(&[0, 5])), ("no well".into(), "A4".into(), "2 wells".into()));
    }
}
