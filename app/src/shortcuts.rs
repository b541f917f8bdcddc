//! The keyboard map, in one table.
//!
//! Does: says which key does what, anywhere or in one view; finds the action of a key that was pressed.
//! Does not know: the document; whether a person is typing is an argument.
//! Flow: key → **action** → the page; the same table → the list of shortcuts.

use crate::state::View;

/// What a key does anywhere in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a view.
    Open(View),
    /// Generates cells (in Explore).
    Generate,
    /// Stops what is in work.
    Cancel,
    /// Goes to the field that finds a gene.
    FindGene,
    /// Switches between light and dark.
    Theme,
    /// Takes the last step back.
    Undo,
    /// Does it again.
    Redo,
    /// Shows this list.
    Help,
}

/// A key as the browser names it, what is shown of it, and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut {
    /// The browser's name, in lower case where it is a letter.
    pub key: &'static str,
    /// Whether Ctrl (or Cmd on a Mac) is held.
    pub control: bool,
    /// Whether Shift is held; a character that needs it on some keyboards (`?`) does not ask for it.
    pub shift: bool,
    /// As people read it.
    pub shown: &'static str,
    /// What it does.
    pub action: Action,
    /// In words.
    pub words: &'static str,
}

const fn plain(key: &'static str, shown: &'static str, action: Action, words: &'static str) -> Shortcut {
    Shortcut { key, control: false, shift: false, shown, action, words }
}

const fn held(key: &'static str, shift: bool, shown: &'static str, action: Action, words: &'static str) -> Shortcut {
    Shortcut { key, control: true, shift, shown, action, words }
}

/// Keys that work anywhere.
pub const SHORTCUTS: [Shortcut; 15] = [
    plain("1", "1", Action::Open(View::Explore), "Explore"),
    plain("2", "2", Action::Open(View::Plate), "Plate"),
    plain("3", "3", Action::Open(View::Learn), "Learn"),
    plain("4", "4", Action::Open(View::Data), "Data"),
    plain("5", "5", Action::Open(View::Model), "Model card"),
    plain("g", "g", Action::Generate, "Generate cells"),
    plain("escape", "Esc", Action::Cancel, "Cancel what is in work"),
    plain("/", "/", Action::FindGene, "Find a gene"),
    plain("t", "t", Action::Theme, "Light or dark"),
    plain("u", "u", Action::Undo, "Undo"),
    plain("r", "r", Action::Redo, "Redo"),
    held("z", false, "Ctrl Z", Action::Undo, "Undo"),
    held("z", true, "Shift Ctrl Z", Action::Redo, "Redo"),
    held("y", false, "Ctrl Y", Action::Redo, "Redo"),
    plain("?", "?", Action::Help, "This list"),
];

/// Keys that a part of a view handles itself while it has the focus: view, where, keys, what they do.
pub const IN_VIEWS: [(View, &str, &str, &str); 15] = [
    (View::Explore, "Cytokine", "Space", "Switch it on or off"),
    (View::Explore, "Guidance", "← →", "Less, more"),
    (View::Explore, "Map", "← → ↑ ↓", "Move"),
    (View::Explore, "Map", "+ −", "Nearer, farther"),
    (View::Explore, "Map", "0", "All of it"),
    (View::Explore, "Map", "n p", "The next cell, the one before"),
    (View::Explore, "Gene table", "↑ ↓", "Another row"),
    (View::Explore, "Gene table", "Enter", "Choose the gene"),
    (View::Explore, "Volcano, MA plot", "← →", "The gene before or after, by q"),
    (View::Plate, "Wells", "← → ↑ ↓", "Another well; with Shift, select on the way"),
    (View::Plate, "Wells", "Enter", "Place the chosen condition"),
    (View::Plate, "Wells", "Del", "Empty them"),
    (View::Plate, "Wells", "Ctrl D", "Fill downwards"),
    (View::Plate, "Wells", "Ctrl R", "Fill to the right"),
    (View::Plate, "Wells", "Ctrl A", "Select all"),
];

/// What is held while a key is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Ctrl or Cmd.
    pub control: bool,
    /// Shift.
    pub shift: bool,
    /// Alt.
    pub alt: bool,
}

/// What a key does; nothing while a person types into a field, which has keys of its own. `letters`: whether a single
/// key that writes a character is a shortcut at all; those who speak to their computer switch that off (WCAG 2.1.4).
pub fn find(key: &str, held: Held, typing: bool, letters: bool) -> Option<Action> {
    let writes = key.chars().count() == 1 && !held.control;
    if typing || held.alt || writes && !letters {
        return None;
    }
    let key = key.to_lowercase();
    let fits = |own: &&Shortcut| {
        let is_letter = own.key.len() == 1 && own.key.chars().all(char::is_alphanumeric);
        // On some keyboards `?` and `/` are had with Shift; a digit or letter with it is another key.
        let shift = own.shift == held.shift || (!is_letter && !own.control);
        own.key == key && own.control == held.control && shift
    };
    SHORTCUTS.iter().find(fits).map(|own| own.action)
}

#[cfg(test)]
mod tests {
    use super::{Action, Held, IN_VIEWS, SHORTCUTS, find};
    use crate::state::{VIEWS, View};

    #[test]
    fn no_key_does_two_things() {
        for (place, own) in SHORTCUTS.iter().enumerate() {
            for other in &SHORTCUTS[..place] {
                let same = (own.key, own.control, own.shift) == (other.key, other.control, other.shift);
                assert!(!same, "{} does two things", own.shown);
                assert_ne!(own.shown, other.shown);
            }
            let held = Held { control: own.control, shift: own.shift, alt: false };
            assert_eq!(find(own.key, held, false, true), Some(own.action), "{}", own.shown);
            assert_eq!(find(own.key, held, true, true), None, "{} is left to a field", own.shown);
        }
        for (place, (view, part, keys, _)) in IN_VIEWS.iter().enumerate() {
            let twice = IN_VIEWS[..place].iter().any(|other| (other.0, other.1, other.2) == (*view, *part, *keys));
            assert!(!twice, "{part}: {keys}");
        }
    }

    #[test]
    fn single_keys_can_be_switched_off() {
        for own in &SHORTCUTS {
            let held = Held { control: own.control, shift: own.shift, alt: false };
            let is_single = own.key.len() == 1 && !own.control;
            assert_eq!(find(own.key, held, false, false).is_none(), is_single, "{}", own.shown);
        }
        assert_eq!(find("?", Held { shift: true, ..Held::default() }, false, false), None);
        assert_eq!(find("Escape", Held::default(), false, false), Some(Action::Cancel), "Escape writes nothing");
    }

    #[test]
    fn every_view_has_a_key() {
        for (view, _) in VIEWS {
            assert!(SHORTCUTS.iter().any(|own| own.action == Action::Open(view)), "{view:?}");
        }
    }

    #[test]
    fn shift_is_asked_for_where_it_matters() {
        let shift = Held { shift: true, ..Held::default() };
        assert_eq!(find("?", shift, false, true), Some(Action::Help));
        assert_eq!(find("/", shift, false, true), Some(Action::FindGene));
        assert_eq!(find("G", Held::default(), false, true), Some(Action::Generate), "with the Caps Lock on");
        assert_eq!(find("G", shift, false, true), None);
        let control = Held { control: true, ..Held::default() };
        assert_eq!(find("Z", Held { shift: true, ..control }, false, true), Some(Action::Redo));
        // The browser's own: reload, find, a new tab.
        for key in ["r", "g", "t", "1", "u"] {
            assert_eq!(find(key, control, false, true), None, "Ctrl {key}");
        }
        assert_eq!(find("u", Held { alt: true, ..Held::default() }, false, true), None);
        assert_eq!(find("1", Held::default(), false, true), Some(Action::Open(View::Explore)));
    }
}
