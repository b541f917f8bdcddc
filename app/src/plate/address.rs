//! A layout in an address.
//!
//! Does: writes a layout into one short text that survives percent-encoding unchanged, and reads it back.
//! Does not know: which values a bundle has, which numbers a model takes. What is not understood stays with its wells as it
//! is, and comes back into the address with them.
//! Flow: layout ⇄ **text** ⇄ `state.parts`.
//!
//! Form: `key.key~condition~condition*item.item…`. A condition has one field per key, values joined by "-", then the
//! guidance and the held genes, each only as far as needed. An item is `CONDITION-REPLICATE`, or `_N` for N empty
//! wells. Letters, digits and "/" stand for themselves, "__" is a space, "_2B" is the byte 2B.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layout::{Condition, Layout, Unread, Well};
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
    fields.push(condition.guidance_words().map(|guidance| escape(&guidance)).unwrap_or_default());
    fields.extend(condition.clamp.iter().map(|(gene, count)| format!("{}-{count}", escape(gene))));
    fields.extend(condition.unread.iter().filter_map(|own| match own {
        Unread::Held(typed) => Some(escape(typed)),
        Unread::Guidance(_) => None,
    }));
    let mut text = fields.join(".");
    text.truncate(text.trim_end_matches('.').len());
    text
}

fn read_condition(text: &str, keys: &[String]) -> Condition {
    let mut fields = text.split('.');
    let mut condition = Condition::default();
    for key in keys {
        let values: Vec<String> =
            fields.next().unwrap_or_default().split('-').filter(|value| !value.is_empty()).map(unescape).collect();
        if !values.is_empty() {
            condition.with.insert(key.clone(), values);
        }
    }
    // A number is taken as it is, whatever its size: which ones a model takes is said by `super::unknown`.
    if let Some(typed) = fields.next().map(unescape).filter(|typed| !typed.is_empty()) {
        condition.guidance = typed.parse().ok().filter(|guidance: &f32| guidance.is_finite());
        if condition.guidance.is_none() {
            condition.unread.push(Unread::Guidance(typed));
        }
    }
    for field in fields.filter(|field| !field.is_empty()) {
        let held = field.rsplit_once('-').and_then(|(gene, count)| Some((unescape(gene), count.parse().ok()?)));
        match held {
            Some(held) => condition.clamp.push(held),
            None => condition.unread.push(Unread::Held(unescape(field))),
        }
    }
    condition
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
    let mut layout = Layout::default();
    let Some((head, items)) = text.split_once(WELLS_FOLLOW) else { return layout };
    let mut parts = head.split('~');
    let keys: Vec<String> =
        parts.next().unwrap_or_default().split('.').filter(|key| !key.is_empty()).map(unescape).collect();
    let conditions: Vec<Condition> = parts.map(|part| read_condition(part, &keys)).collect();
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
            let condition = conditions.get(number.parse::<usize>().ok()?)?;
            Some(Well { condition: condition.clone(), replicate: replicate.parse().ok()? })
        });
        layout.set(place, well);
        place += 1;
    }
    layout
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

    use super::super::layout::{Condition, Layout, Unread, Well};
    use super::{PART, into_parts, of_parts, read, write};
    use crate::state::State;
    use proptest::collection::{btree_map, vec};
    use proptest::option;
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    fn layouts() -> impl Strategy<Value = Layout> {
        let names = || "\\PC{1,8}";
        let with = btree_map(names(), vec(names(), 1..3), 0..3);
        let conditions = (with, option::of(0.0_f32..=20.0), vec((names(), any::<u32>()), 0..3), vec(names(), 0..2))
            .prop_map(|(with, guidance, clamp, unread)| {
                let unread = unread.into_iter().map(Unread::Held).collect();
                Condition { with, guidance, clamp, unread }
            });
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
    fn what_is_no_number_stays_with_its_wells_until_it_is_settled() {
        let of = |layout: &Layout| -> Vec<(String, usize)> {
            let own = |(place, well): (usize, &Well)| {
                well.condition.unread.iter().map(move |own| (own.sentence(), place)).collect::<Vec<_>>()
            };
            layout.filled().flat_map(own).collect()
        };
        let guidance = |typed: &str| format!("The address asks for guidance “{typed}”, which is no number.");
        let held = "The address asks for held gene “CD14”, which names no count.".to_owned();
        let mut layout = read("k~v.many~v.2.CD14~v.NaN*0-1._1.1-1.2-1.1-2");
        assert_eq!(layout.filled().count(), 4);
        let told = [(guidance("many"), 0), (held.clone(), 2), (guidance("NaN"), 3), (held, 4)];
        assert_eq!(of(&layout), told);
        // An edit elsewhere writes the address anew; what could not be read is still in it.
        layout.clear(&[4]);
        layout = read(&write(&layout));
        assert_eq!(of(&layout), told[..3]);
        let settle = |layout: &mut Layout, place: usize, change: fn(&mut Condition)| {
            let mut well = layout.get(place).cloned();
            well.iter_mut().for_each(|well| change(&mut well.condition));
            layout.set(place, well);
        };
        settle(&mut layout, 0, |own| own.set_guidance(Some(2.0)));
        settle(&mut layout, 2, |own| own.set_clamp(vec![("CD14".into(), 3)]));
        settle(&mut layout, 3, |own| own.set_guidance(None));
        assert!(of(&read(&write(&layout))).is_empty() && layout.filled().count() == 3);
        assert!(of(&read("k~v.2.CD14-3*0-1")).is_empty());
    }
}
