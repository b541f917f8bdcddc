//! The keyboard on the grid (the ARIA grid pattern, and what spreadsheets have taught hands to do).
//!
//! Does: moves and extends the selection, places, empties, fills.
//! Does not know: pointers; copy and paste come as the browser's own events.
//! Flow: key → **action**.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::desk::Desk;
use crate::plate::layout::Direction;
use crate::plate::wells::{COLUMNS, ROWS, WELLS, rectangle, step};

/// Rows and columns that an arrow or a far key moves by; `None` for other keys.
fn way(event: &KeyboardEvent) -> Option<(isize, isize)> {
    let (far_rows, far_columns) = (ROWS as isize, COLUMNS as isize);
    let far = event.ctrl_key() || event.meta_key();
    Some(match event.key().as_str() {
        "ArrowUp" => (if far { -far_rows } else { -1 }, 0),
        "ArrowDown" => (if far { far_rows } else { 1 }, 0),
        "ArrowLeft" => (0, if far { -far_columns } else { -1 }),
        "ArrowRight" => (0, if far { far_columns } else { 1 }),
        "Home" => (if far { -far_rows } else { 0 }, -far_columns),
        "End" => (if far { far_rows } else { 0 }, far_columns),
        "PageUp" => (-far_rows, 0),
        "PageDown" => (far_rows, 0),
        _ => return None,
    })
}

/// Takes a key; what it does not know is left to the browser.
pub(super) fn take(desk: Desk, event: &KeyboardEvent) {
    let focus = desk.plate.focus.get_untracked();
    let control = event.ctrl_key() || event.meta_key();
    if let Some((rows, columns)) = way(event) {
        event.prevent_default();
        let next = step(focus, rows, columns);
        return if event.shift_key() { desk.select_to(next) } else { desk.select_one(next) };
    }
    match event.key().to_lowercase().as_str() {
        "a" if control => desk.select((0..WELLS).collect(), focus),
        "d" if control => desk.fill(Direction::Down),
        "r" if control => desk.fill(Direction::Right),
        " " if control => desk.select(rectangle(focus % COLUMNS, WELLS - COLUMNS + focus % COLUMNS), focus),
        " " if event.shift_key() => {
            let first = focus / COLUMNS * COLUMNS;
            desk.select(rectangle(first, first + COLUMNS - 1), focus);
        }
        "enter" | " " if !control => desk.place(),
        "delete" | "backspace" => desk.clear(),
        "escape" => desk.select_one(focus),
        _ => return,
    }
    event.prevent_default();
}
