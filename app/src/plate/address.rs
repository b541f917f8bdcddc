//! A layout in an address.
//!
//! Does: writes a layout into one short text that survives percent-encoding unchanged, and reads it back.
//! Does not know: which values a bundle has, which numbers a model takes. What is not understood is told, with its wells.
//! Flow: layout ⇄ **text** ⇄ `state.parts`.
//!
//! Form: `key.key~condition~condition*item.item…`. A condition has one field per key, values joined by "-", then the
//! guidance and the held genes, each only as far as needed. An item is `CONDITION-REPLICATE`, or `_N` for N empty
//! wells. Letters, digits and "/" stand for themselves, "__" is a space, "_2B" is the byte 2B.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layout::{Condition, Layout, Well};
use super::wells::WELLS;

/// Key in the state's parts.
pub const PART: &str = "plate.wells";

/// Separates conditions from wells. Encoded in three characters, but used once.
const WELLS_FOLLOW: char = '*';

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => out.push_str("__"),
            _ if byte.is_ascii_alphanumeric() || byte == b'/' => out.push(byte as char),
            // Writing to a string cannot fail.
            _ => drop(write!(out, "_{byte:02X}")),
        }
    }
    out
}

fn unescape(text: &str) -> String {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *byte == b'_');
        if *byte == b'_' && bytes.get(at + 1) == Some(&b'_') {
            out.push(b' ');
            at += 2;
        } else if let Some(decoded) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            out.push(decoded);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn write_condition(condition: &Condition, keys: &[&String]) -> String {
    let values = |key: &&String| {
        let own = condition.with.get(*key).map(Vec::as_slice).unwrap_or_default();
        own.iter().map(|value| escape(value)).collect::<Vec<_>>().join("-")
    };
    let mut fields: Vec<String> = keys.iter().map(values).collect();
    fields.push(condition.guidance.map(|guidance| escape(&guidance.to_string())).unwrap_or_default());
    fields.extend(condition.clamp.iter().map(|(gene, count)| format!("{}-{count}", escape(gene))));
    let mut text = fields.join(".");
    text.truncate(text.trim_end_matches('.').len());
    text
}

/// A condition, and what of it could not be understood.
fn read_condition(text: &str, keys: &[String]) -> (Condition, Vec<String>) {
    let mut fields = text.split('.');
    let mut condition = Condition::default();
    for key in keys {
        let values: Vec<String> =
            fields.next().unwrap_or_default().split('-').filter(|value| !value.is_empty()).map(unescape).collect();
        if !values.is_empty() {
            condition.with.insert(key.clone(), values);
        }
    }
    let mut refused = Vec::new();
    // A number is taken as it is, whatever its size: which ones a model takes is said by `super::unknown`.
    if let Some(typed) = fields.next().map(unescape).filter(|typed| !typed.is_empty()) {
        condition.guidance = typed.parse().ok().filter(|guidance: &f32| guidance.is_finite());
        if condition.guidance.is_none() {
            refused.push(format!("The address asks for guidance “{typed}”, which is no number."));
        }
    }
    for field in fields.filter(|field| !field.is_empty()) {
        let held = field.rsplit_once('-').and_then(|(gene, count)| Some((unescape(gene), count.parse().ok()?)));
        match held {
            Some(held) => condition.clamp.push(held),
            None => {
                refused.push(format!("The address asks for held gene “{}”, which names no count.", unescape(field)))
            }
        }
    }
    (condition, refused)
}

/// The text of a layout; empty for an empty plate.
pub fn write(layout: &Layout) -> String {
    let mut keys: Vec<&String> = layout.filled().flat_map(|(_, well)| well.condition.with.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut conditions: Vec<&Condition> = Vec::new();
    let (mut items, mut next) = (Vec::new(), 0);
    for (place, well) in layout.filled() {
        if place > next {
            items.push(format!("_{}", place - next));
        }
        next = place + 1;
        let known = conditions.iter().position(|own| **own == well.condition);
        let number = known.unwrap_or_else(|| {
            conditions.push(&well.condition);
            conditions.len() - 1
        });
        items.push(format!("{number}-{}", well.replicate));
    }
    if items.is_empty() {
        return String::new();
    }
    let mut text = keys.iter().map(|key| escape(key)).collect::<Vec<_>>().join(".");
    conditions.iter().for_each(|condition| {
        text.push('~');
        text.push_str(&write_condition(condition, &keys));
    });
    text.push(WELLS_FOLLOW);
    text.push_str(&items.join("."));
    text
}

/// The layout of a text.
pub fn read(text: &str) -> Layout {
    read_telling(text).0
}

/// The same, and what of it could not be understood, in sentences, each with the well that it is of.
pub fn read_telling(text: &str) -> (Layout, Vec<(String, usize)>) {
    let (mut layout, mut refused) = (Layout::default(), Vec::new());
    let Some((head, items)) = text.split_once(WELLS_FOLLOW) else { return (layout, refused) };
    let mut parts = head.split('~');
    let keys: Vec<String> =
        parts.next().unwrap_or_default().split('.').filter(|key| !key.is_empty()).map(unescape).collect();
    let conditions: Vec<(Condition, Vec<String>)> = parts.map(|part| read_condition(part, &keys)).collect();
    let mut place = 0_usize;
    for item in items.split('.') {
        if let Some(empty) = item.strip_prefix('_').and_then(|count| count.parse::<usize>().ok()) {
            place = place.saturating_add(empty);
            continue;
        }
        if place >= WELLS {
            break;
        }
        let well = item.split_once('-').and_then(|(number, replicate)| {
            let (condition, told) = conditions.get(number.parse::<usize>().ok()?)?;
            refused.extend(told.iter().map(|sentence| (sentence.clone(), place)));
            Some(Well { condition: condition.clone(), replicate: replicate.parse().ok()? })
        });
        layout.set(place, well);
        place += 1;
    }
    (layout, refused)
}

/// The layout of a state's parts.
pub fn of_parts(parts: &BTreeMap<String, String>) -> Layout {
    parts.get(PART).map(|text| read(text)).unwrap_or_default()
}

/// Puts a layout into a state's parts; an empty plate leaves none.
pub fn into_parts(layout: &Layout, parts: &mut BTreeMap<String, String>) {
    let text = write(layout);
    if text.is_empty() {
        parts.remove(PART)
    } else {
        parts.insert(PART.to_owned(), text)
    };
}

// proptest is a native dependency, and a text reads alike everywhere.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use std::collections::BTreeMap;

    use super::super::layout::{Condition, Layout, Well};
    use super::{PART, into_parts, of_parts, read, read_telling, write};
    use crate::state::State;
    use proptest::collection::{btree_map, vec};
    use proptest::option;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    fn layouts() -> impl Strategy<Value = Layout> {
        let names = || "\\PC{1,8}";
        let with = btree_map(names(), vec(names(), 1..3), 0..3);
        let conditions = (with, option::of(0.0_f32..=20.0), vec((names(), any::<u32>()), 0..3))
            .prop_map(|(with, guidance, clamp)| Condition { with, guidance, clamp });
        (vec(conditions, 1..5), vec((0..96_usize, 0..5_usize, any::<u32>()), 0..40)).prop_map(|(conditions, wells)| {
            let mut layout = Layout::default();
            for (place, condition, replicate) in wells {
                let condition = conditions[condition % conditions.len()].clone();
                layout.set(place, Some(Well { condition, replicate }));
            }
            layout
        })
    }

    proptest! {
        #[test]
        fn any_layout_comes_back_from_its_text(layout in layouts()) {
            let text = write(&layout);
            prop_assert_eq!(&read(&text), &layout, "{}", text);
            let mut state = State::default();
            into_parts(&layout, &mut state.parts);
            prop_assert_eq!(of_parts(&State::read(&state.query()).parts), layout);
        }

        #[test]
        fn any_text_is_read_as_some_layout(text in "[a-z0-9_.~*-]{0,40}") {
            let layout = read(&text);
            prop_assert_eq!(read(&write(&layout)), layout);
        }
    }

    #[test]
    fn an_empty_plate_leaves_no_trace_and_a_full_one_is_short() {
        let mut parts = BTreeMap::from([(PART.to_owned(), "rest".to_owned())]);
        into_parts(&Layout::default(), &mut parts);
        assert!(parts.is_empty());
        let mut layout = Layout::default();
        for place in 0..96 {
            let mut condition = Condition::default();
            condition.with.insert("cell_type".into(), vec![format!("Type {}", place / 12)]);
            condition.with.insert("condition".into(), vec!["IFN-beta".into()]);
            layout.place(&[place], &condition);
        }
        let text = write(&layout);
        assert!(text.len() < 700, "{} characters: {text}", text.len());
        let mut state = State::default();
        into_parts(&layout, &mut state.parts);
        // All but one character stand for themselves in an address.
        assert_eq!(state.query().len(), "plate.wells=".len() + text.len() + 2);
        let far = read("k~v*_95.0-1.0-2.0-3");
        assert_eq!(far.filled().count(), 1, "wells past the plate are left out");
    }

    proptest! {
        #[test]
        fn guidance_of_any_size_is_read_so_that_it_can_be_refused(guidance in -1e9_f32..1e9) {
            let condition = Condition { guidance: Some(guidance), ..Condition::default() };
            let mut layout = Layout::default();
            layout.place(&[0], &condition);
            prop_assert_eq!(read(&write(&layout)).get(0).and_then(|well| well.condition.guidance), Some(guidance));
        }
    }

    #[test]
    fn what_is_no_number_is_told_with_its_wells() {
        let (layout, refused) = read_telling("k~v.many~v.2.CD14~v.NaN*0-1._1.1-1.2-1.1-2");
        assert_eq!(layout.filled().count(), 4);
        let told: Vec<(&str, usize)> = refused.iter().map(|(sentence, place)| (sentence.as_str(), *place)).collect();
        let held = "The address asks for held gene “CD14”, which names no count.";
        assert_eq!(
            told,
            [
                ("The address asks for guidance “many”, which is no number.", 0),
                (held, 2),
                ("The address asks for guidance “NaN”, which is no number.", 3),
                (held, 4)
            ]
        );
        assert!(read_telling("k~v.2.CD14-3*0-1").1.is_empty());
    }
}
