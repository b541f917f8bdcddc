//! What colour each point has.
//!
//! Does: gives points codes (a place in a palette, and whether they are hidden or selected) by layer, by a label or by
//! a gene's values, and the legend that goes with them.
//! Does not know: the colours themselves; `plots::map` has them for each theme.
//! Flow: layers + labels or values → **codes and legend** → canvas, GPU, SVG.

use std::collections::{BTreeMap, BTreeSet};

use super::LayerId;

/// Place in the palette of measured cells that nothing colours.
pub const MEASURED: u32 = 0;
/// Places of kinds.
pub const KINDS: std::ops::Range<u32> = 1..18;
/// Place of kinds beyond those, and of generated cells without a value.
pub const OTHERS: u32 = 18;
/// Places of the scale, from low to high.
pub const STEPS: std::ops::Range<u32> = 32..96;
/// Places in the palette.
pub const PALETTE: usize = 96;
/// Bits of a code that hold the place.
pub const PLACE: u32 = 0xff;
/// Bit of a selected point.
pub const SELECTED: u32 = 1 << 8;
/// Bit of a hidden point.
pub const HIDDEN: u32 = 1 << 9;

/// A line of the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    /// What identifies it among those that are hidden.
    pub key: String,
    /// Words.
    pub name: String,
    /// Place in the palette; `None` when its cells have colours of the scale.
    pub place: Option<u32>,
    /// Layer whose shape it shows; `None` for a kind that several layers share.
    pub layer: Option<LayerId>,
    /// Points.
    pub cells: usize,
}

/// The legend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Legend {
    /// Its lines.
    pub categories: Vec<Category>,
    /// Ends of the scale.
    pub scale: Option<(f32, f32)>,
}

/// Codes of every layer's points and the legend.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coloured {
    /// Codes by layer.
    pub codes: Vec<Vec<u32>>,
    /// Legend.
    pub legend: Legend,
}

/// A layer to be coloured.
#[derive(Clone, Debug)]
pub struct Sheet<'a> {
    /// Which.
    pub id: LayerId,
    /// Its name in words.
    pub name: &'a str,
    /// Points.
    pub cells: usize,
}

/// Colour of a layer as a scenario.
fn scenario(layer: LayerId) -> u32 {
    match layer {
        LayerId::Benchmark | LayerId::Measured => MEASURED,
        LayerId::Control => KINDS.start,
        LayerId::Perturbed => KINDS.start + 1,
        LayerId::OtherControl => KINDS.start + 2,
        LayerId::Other => KINDS.start + 3,
    }
}

/// One legend line for each layer that has points.
fn layers_as_categories(sheets: &[Sheet<'_>], place: impl Fn(LayerId) -> Option<u32>) -> Vec<Category> {
    let shown = sheets.iter().filter(|sheet| sheet.cells > 0);
    shown
        .map(|sheet| Category {
            key: sheet.id.key().to_owned(),
            name: sheet.name.to_owned(),
            place: place(sheet.id),
            layer: Some(sheet.id),
            cells: sheet.cells,
        })
        .collect()
}

/// The hidden bit of what a person has hidden.
fn hiding(hidden: &BTreeSet<String>, key: &str) -> u32 {
    if hidden.contains(key) { HIDDEN } else { 0 }
}

/// Each layer in its own colour.
pub fn by_layer(sheets: &[Sheet<'_>], hidden: &BTreeSet<String>) -> Coloured {
    let codes =
        sheets.iter().map(|sheet| vec![scenario(sheet.id) | hiding(hidden, sheet.id.key()); sheet.cells]).collect();
    let categories = layers_as_categories(sheets, |layer| Some(scenario(layer)));
    Coloured { codes, legend: Legend { categories, scale: None } }
}

/// What a layer's points are called.
#[derive(Clone, Debug)]
pub enum Names<'a> {
    /// Each has a code among names; after the last code they start again.
    Each(&'a [u8], &'a [String]),
    /// All have one name.
    All(&'a str),
    /// None is known.
    Unknown,
}

impl<'a> Names<'a> {
    /// Name of a point.
    pub fn of(&self, index: usize) -> Option<&'a str> {
        match self {
            Self::Each(codes, names) => {
                let code = codes.get(index % codes.len().max(1))?;
                names.get(usize::from(*code)).map(String::as_str)
            }
            Self::All(name) => Some(name),
            Self::Unknown => None,
        }
    }
}

/// Words for points without a label.
const UNNAMED: &str = "not labelled";
/// Words for kinds beyond the colours.
const BEYOND: &str = "other";

/// How often each name occurs among a layer's points; points without one are left out.
fn counted<'a>(names: &Names<'a>, cells: usize, counts: &mut BTreeMap<&'a str, usize>) {
    match names {
        Names::All(name) if cells > 0 => *counts.entry(name).or_default() += cells,
        Names::Each(codes, own) if !codes.is_empty() => {
            let mut of_codes = [0_usize; 256];
            (0..cells).for_each(|index| of_codes[usize::from(codes[index % codes.len()])] += 1);
            for (name, count) in own.iter().zip(of_codes).filter(|(_, count)| *count > 0) {
                *counts.entry(name).or_default() += count;
            }
        }
        _ => {}
    }
}

/// Codes of a layer's points, by what each name is coded as.
fn coded(names: Option<&Names<'_>>, cells: usize, code: impl Fn(&str) -> u32) -> Vec<u32> {
    match names {
        Some(Names::All(name)) => vec![code(name); cells],
        Some(Names::Each(codes, own)) if !codes.is_empty() => {
            let of_codes: Vec<u32> =
                (0..256).map(|place| own.get(place).map_or_else(|| code(UNNAMED), |name| code(name))).collect();
            (0..cells).map(|index| of_codes[usize::from(codes[index % codes.len()])]).collect()
        }
        _ => vec![code(UNNAMED); cells],
    }
}

/// Each name in its own colour; `order` is how names follow one another in the legend. Where there are more names than
/// colours, the rarest ones share a grey.
pub fn by_name(sheets: &[Sheet<'_>], names: &[Names<'_>], order: &[String], hidden: &BTreeSet<String>) -> Coloured {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    sheets.iter().zip(names).for_each(|(sheet, names)| counted(names, sheet.cells, &mut counts));
    let rank = |name: &str| order.iter().position(|own| own == name).unwrap_or(order.len());
    let mut found: Vec<(&str, usize)> = counts.into_iter().collect();
    found.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    let mut kept: Vec<(&str, usize)> = found.iter().take(KINDS.len()).copied().collect();
    kept.sort_by_key(|(name, _)| (rank(name), (*name).to_owned()));
    let place = |name: &str| kept.iter().position(|(own, _)| *own == name).map_or(OTHERS, |at| KINDS.start + at as u32);
    let code = |name: &str| match place(name) {
        OTHERS => OTHERS | hiding(hidden, if name == UNNAMED { UNNAMED } else { BEYOND }),
        place => place | hiding(hidden, name),
    };
    let codes = sheets.iter().enumerate().map(|(at, sheet)| coded(names.get(at), sheet.cells, code)).collect();
    let line = |name: &str, cells: usize| Category {
        key: name.to_owned(),
        name: name.to_owned(),
        place: Some(place(name)),
        layer: None,
        cells,
    };
    let beyond: usize = found.iter().skip(KINDS.len()).map(|(_, cells)| cells).sum();
    let named: usize = found.iter().map(|(_, cells)| cells).sum();
    let unnamed = sheets.iter().map(|sheet| sheet.cells).sum::<usize>() - named;
    let rest = [(BEYOND, beyond), (UNNAMED, unnamed)].into_iter().filter(|(_, cells)| *cells > 0);
    let categories = kept.iter().copied().chain(rest).map(|(name, cells)| line(name, cells)).collect();
    Coloured { codes, legend: Legend { categories, scale: None } }
}

/// Points by a value, from 0 to the highest; layers without values stay grey.
pub fn by_value(sheets: &[Sheet<'_>], values: &[Option<&[f32]>], hidden: &BTreeSet<String>) -> Coloured {
    let all = values.iter().flatten().flat_map(|values| values.iter()).filter(|value| value.is_finite());
    let high = all.fold(0.0_f32, |high, value| high.max(*value));
    let top = if high > 0.0 { high } else { 1.0 };
    let last = (STEPS.len() - 1) as f32;
    let step = |value: f32| STEPS.start + (value / top * last).clamp(0.0, last).round() as u32;
    let bare = |layer: LayerId| if layer.is_generated() { OTHERS } else { MEASURED };
    let known = |layer: usize| values.get(layer).copied().flatten();
    let codes = sheets
        .iter()
        .enumerate()
        .map(|(layer, sheet)| {
            let hide = hiding(hidden, sheet.id.key());
            let of = |index: usize| {
                let value = known(layer).and_then(|values| values.get(index)).filter(|value| value.is_finite());
                value.map_or(bare(sheet.id), |value| step(*value)) | hide
            };
            (0..sheet.cells).map(of).collect()
        })
        .collect();
    let has = |id: LayerId| sheets.iter().position(|sheet| sheet.id == id).and_then(known).is_some();
    let categories = layers_as_categories(sheets, |layer| (!has(layer)).then(|| bare(layer)));
    let scale = (0..sheets.len()).any(|layer| known(layer).is_some()).then_some((0.0, top));
    Coloured { codes, legend: Legend { categories, scale } }
}

#[cfg(test)]
mod tests {
    use super::{BTreeSet, HIDDEN, KINDS, MEASURED, Names, OTHERS, STEPS, Sheet, by_layer, by_name, by_value};
    use crate::map_view::LayerId;

    fn sheets() -> [Sheet<'static>; 3] {
        let sheet = |id, name, cells| Sheet { id, name, cells };
        [
            sheet(LayerId::Measured, "measured", 4),
            sheet(LayerId::Control, "generated control", 2),
            sheet(LayerId::Perturbed, "generated, IFN-β", 0),
        ]
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn layers_have_their_colours() {
        let coloured = by_layer(&sheets(), &set(&["control"]));
        assert_eq!(coloured.codes, [vec![MEASURED; 4], vec![KINDS.start | HIDDEN; 2], Vec::new()]);
        let names: Vec<&str> = coloured.legend.categories.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["measured", "generated control"], "a layer without points has no line");
    }

    #[test]
    fn names_have_colours_in_the_given_order() {
        let (own, order) = (["B", "T", "NK"].map(str::to_owned), ["T", "B"].map(str::to_owned));
        let names = [Names::Each(&[0, 1, 1, 9], &own), Names::All("B"), Names::Unknown];
        let coloured = by_name(&sheets(), &names, &order, &set(&["T"]));
        let (t, b) = (KINDS.start, KINDS.start + 1);
        assert_eq!(coloured.codes, [vec![b, t | HIDDEN, t | HIDDEN, OTHERS], vec![b, b], Vec::new()]);
        let lines: Vec<(&str, usize)> =
            coloured.legend.categories.iter().map(|line| (line.name.as_str(), line.cells)).collect();
        assert_eq!(lines, [("T", 2), ("B", 3), ("not labelled", 1)]);
    }

    #[test]
    fn rare_names_share_a_grey() {
        let own: Vec<String> = (0..40).map(|kind| format!("kind {kind:02}")).collect();
        let codes: Vec<u8> = (0..40).flat_map(|kind| vec![kind; 41 - usize::from(kind)]).collect();
        let sheet = Sheet { id: LayerId::Measured, name: "measured", cells: codes.len() };
        let coloured = by_name(&[sheet], &[Names::Each(&codes, &own)], &own, &set(&["other"]));
        assert_eq!(coloured.legend.categories.len(), KINDS.len() + 1);
        let last = coloured.legend.categories.last().map(|line| (line.name.as_str(), line.place));
        assert_eq!(last, Some(("other", Some(OTHERS))));
        assert_eq!(coloured.codes[0].last(), Some(&(OTHERS | HIDDEN)));
        let cells: usize = coloured.legend.categories.iter().map(|line| line.cells).sum();
        assert_eq!(cells, codes.len());
    }

    #[test]
    fn values_run_over_the_scale() {
        let values = [None, Some(&[0.0, 2.0][..]), None];
        let coloured = by_value(&sheets(), &values, &set(&[]));
        assert_eq!(coloured.codes[0], vec![MEASURED; 4]);
        assert_eq!(coloured.codes[1], vec![STEPS.start, STEPS.end - 1]);
        assert_eq!(coloured.legend.scale, Some((0.0, 2.0)));
        assert_eq!(coloured.legend.categories[1].place, None);
        // Nothing known yet: no scale, cells stand in grey.
        let bare = by_value(&sheets(), &[None, None, None], &set(&[]));
        assert_eq!((bare.codes[1].clone(), bare.legend.scale), (vec![OTHERS; 2], None));
        // Odd values are those of no cell.
        let odd = by_value(&sheets(), &[None, Some(&[f32::NAN, -1.0]), None], &set(&[]));
        assert_eq!(odd.codes[1], vec![OTHERS, STEPS.start]);
    }
}
