//! Which points are selected, in words and as a table.
//!
//! Does: holds places by layer, counts them, says what they are, writes them as CSV.
//! Does not know: how they were selected.
//! Flow: box, lasso or group → **selection** → highlight, words, CSV, other panels.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::LayerId;
use crate::fields::{field, remark};

/// Selected points by layer, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Places in each layer, sorted.
    pub of: BTreeMap<LayerId, Vec<u32>>,
}

impl Selection {
    /// Of layers; those without points are left out.
    pub fn new(layers: impl IntoIterator<Item = (LayerId, Vec<u32>)>) -> Self {
        Self { of: layers.into_iter().filter(|(_, points)| !points.is_empty()).collect() }
    }

    /// Points in all.
    pub fn count(&self) -> usize {
        self.of.values().map(Vec::len).sum()
    }

    /// Whether nothing is selected.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Selected points of a layer.
    pub fn in_layer(&self, layer: LayerId) -> &[u32] {
        self.of.get(&layer).map_or(&[], Vec::as_slice)
    }

    /// This and another one together.
    pub fn and(mut self, other: &Self) -> Self {
        for (layer, points) in &other.of {
            let own = self.of.entry(*layer).or_default();
            own.extend(points);
            own.sort_unstable();
            own.dedup();
        }
        self
    }

    /// Without generated cells: what a new run leaves of a selection.
    pub fn measured_only(&self) -> Self {
        Self::new(self.of.iter().filter(|(layer, _)| !layer.is_generated()).map(|(layer, own)| (*layer, own.clone())))
    }

    /// Without the layers in which a place lies beyond the number of points.
    pub fn fitting(&self, cells: impl Fn(LayerId) -> usize) -> Self {
        let fits = |layer: LayerId, points: &Vec<u32>| points.last().is_none_or(|last| (*last as usize) < cells(layer));
        Self::new(self.of.iter().filter(|(layer, own)| fits(**layer, own)).map(|(layer, own)| (*layer, own.clone())))
    }
}

/// Groups named in words before the rest is summed up.
const NAMED: usize = 5;

/// The selection in words: how many, of which layers, near which measured groups.
pub fn words<'a>(
    selection: &Selection,
    name: impl Fn(LayerId) -> String,
    group: impl Fn(LayerId, u32) -> Option<&'a str>,
) -> String {
    let count = selection.count();
    if count == 0 {
        return "No cell is selected.".to_owned();
    }
    let layers: Vec<String> =
        selection.of.iter().map(|(layer, points)| format!("{} {}", points.len(), name(*layer))).collect();
    let mut near: BTreeMap<&str, usize> = BTreeMap::new();
    for (layer, points) in &selection.of {
        points.iter().filter_map(|point| group(*layer, *point)).for_each(|name| *near.entry(name).or_default() += 1);
    }
    let mut near: Vec<(&str, usize)> = near.into_iter().collect();
    near.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let cells = if count == 1 { "cell is" } else { "cells are" };
    let mut told = format!("{count} {cells} selected: {}.", layers.join("; "));
    if !near.is_empty() {
        let mut parts: Vec<String> = near.iter().take(NAMED).map(|(name, cells)| format!("{name} {cells}")).collect();
        let rest: usize = near.iter().skip(NAMED).map(|(_, cells)| cells).sum();
        if rest > 0 {
            parts.push(format!("others {rest}"));
        }
        // Writing to a string cannot fail, here and below.
        let _ = write!(told, " By nearest measured group: {}.", parts.join(", "));
    }
    told
}

/// A selected cell as a line of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<'a> {
    /// Layer's words.
    pub layer: &'a str,
    /// Place in it.
    pub index: u32,
    /// Map coordinates.
    pub at: (f32, f32),
    /// Group of the nearest measured cell.
    pub group: &'a str,
    /// Value of the chosen gene.
    pub value: Option<f32>,
}

/// The table as CSV; lines that start with # say what made it.
pub fn csv<'a>(
    made_by: &[(String, String)],
    group: &str,
    gene: Option<&str>,
    rows: impl Iterator<Item = Row<'a>>,
) -> String {
    let mut csv: String = made_by.iter().map(|(key, value)| remark(key, value, ',')).collect();
    let field = |text: &str| field(text, ',');
    let last = gene.map(|gene| format!(",{}", field(&format!("{gene}_log1p")))).unwrap_or_default();
    let _ = writeln!(csv, "layer,index,x,y,{}{last}", field(&format!("nearest_measured_{group}")));
    for row in rows {
        let _ = write!(csv, "{},{},{},{},{}", field(row.layer), row.index, row.at.0, row.at.1, field(row.group));
        if gene.is_some() {
            let _ = write!(csv, ",{}", row.value.map(|value| value.to_string()).unwrap_or_default());
        }
        csv.push('\n');
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::{LayerId, Row, Selection, csv, words};

    fn selection() -> Selection {
        Selection::new([(LayerId::Measured, vec![1, 4]), (LayerId::Control, vec![0]), (LayerId::Perturbed, Vec::new())])
    }

    #[test]
    fn selections_are_counted_joined_and_kept() {
        let both = selection().and(&Selection::new([(LayerId::Measured, vec![4, 2]), (LayerId::Other, vec![7])]));
        assert_eq!((selection().count(), both.count()), (3, 5));
        assert_eq!(both.in_layer(LayerId::Measured), [1, 2, 4]);
        assert_eq!(both.measured_only().count(), 3);
        assert!(both.in_layer(LayerId::Perturbed).is_empty() && Selection::default().is_empty());
        // A layer that shrank loses its selection, others keep theirs.
        let left = both.fitting(|layer| if layer == LayerId::Other { 7 } else { 5 });
        assert_eq!((left.count(), left.in_layer(LayerId::Other).len()), (4, 0));
    }

    #[test]
    fn words_say_how_many_and_where() {
        let name = |layer: LayerId| layer.key().to_owned();
        let told = words(&selection(), name, |_, point| Some(if point == 4 { "B cells" } else { "NK cells" }));
        assert_eq!(
            told,
            "3 cells are selected: 2 measured; 1 control. By nearest measured group: NK cells 2, B cells 1."
        );
        assert_eq!(words(&Selection::default(), name, |_, _| None), "No cell is selected.");
        let one = Selection::new([(LayerId::Control, vec![3])]);
        assert_eq!(words(&one, name, |_, _| None), "1 cell is selected: 1 control.");
    }

    #[test]
    fn a_table_quotes_what_would_break_it() {
        let made_by = [("seed".to_owned(), "1\n2".to_owned())];
        let row = Row { layer: "generated, \"x\"", index: 3, at: (1.5, -2.0), group: "B", value: Some(0.25) };
        let bare = Row { value: None, ..row.clone() };
        let text = csv(&made_by, "cell_type", Some("ISG15"), [row, bare.clone()].into_iter());
        assert_eq!(
            text,
            "# seed: 1 2\nlayer,index,x,y,nearest_measured_cell_type,ISG15_log1p\n\"generated, \"\"x\"\"\",3,1.5,-2,B,0.25\n\"generated, \"\"x\"\"\",3,1.5,-2,B,\n"
        );
        let text = csv(&[], "cell_type", None, [bare].into_iter());
        assert!(text.ends_with("3,1.5,-2,B\n"));
        let computed = Row { layer: "=layer", index: 1, at: (-1.0, 0.0), group: "+group", value: None };
        let text = csv(&[], "@type", Some("-gene"), [computed].into_iter());
        // Numbers keep their sign; names are marked as text.
        assert_eq!(text, "layer,index,x,y,nearest_measured_@type,'-gene_log1p\n'=layer,1,-1,0,'+group,\n");
    }
}
