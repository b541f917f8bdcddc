//! Rows of the table of genes: which, in what order, and which of them are in sight.
//!
//! Does: cuts and sorts genes, finds the window of rows around a scroll place, moves a chosen row by keys, writes the
//! whole table as text.
//! Does not know: the document, where numbers come from.
//! Flow: columns of numbers + a person's cuts → **rows** → the page's table, CSV and TSV.

mod cuts;
mod order;

use std::cmp::Ordering;
use std::fmt::Write;

use crate::fields::{field, line, remark};

pub use cuts::{
    CHANGE, Cuts, DIRECTION, Direction, FIND, Q, SORT, direction_of, largest_q, names, order_named, order_of,
    order_text, smallest_change,
};
pub use order::{Column, Order};

/// Numbers of all genes, in the panel's order; all slices have one length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns<'a> {
    /// Gene symbols.
    pub genes: &'a [String],
    /// log2 fold changes.
    pub change: &'a [f64],
    /// p-values.
    pub p: &'a [f64],
    /// q-values.
    pub q: &'a [f64],
    /// Mean normalised counts of control cells.
    pub control: &'a [f64],
    /// Of perturbed cells.
    pub perturbed: &'a [f64],
    /// Lower end of the interval of the difference.
    pub low: &'a [f64],
    /// Upper end.
    pub high: &'a [f64],
    /// Measured means of log-normalised expression, control and perturbed, where there are such cells.
    pub measured: Option<(&'a [f32], &'a [f32])>,
}

impl Columns<'_> {
    /// Genes that have all numbers.
    pub fn len(&self) -> usize {
        let lengths =
            [self.change, self.p, self.q, self.control, self.perturbed, self.low, self.high].map(<[f64]>::len);
        lengths.into_iter().fold(self.genes.len(), usize::min)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Difference of mean log-normalised expression: the middle of its interval.
    pub fn difference(&self, gene: usize) -> f64 {
        0.5 * (self.low[gene] + self.high[gene])
    }

    /// Measured difference; not a number where there is none.
    pub fn measured_difference(&self, gene: usize) -> f64 {
        let pair = self.measured.and_then(|(control, perturbed)| Some((control.get(gene)?, perturbed.get(gene)?)));
        pair.map_or(f64::NAN, |(control, perturbed)| f64::from(*perturbed) - f64::from(*control))
    }

    /// Whether the gene was counted in any cell.
    pub fn is_counted(&self, gene: usize) -> bool {
        self.control[gene] > 0.0 || self.perturbed[gene] > 0.0
    }

    fn value(&self, column: Column, gene: usize) -> f64 {
        match column {
            Column::Gene => gene as f64,
            Column::Change => self.change[gene],
            Column::Difference => self.difference(gene),
            Column::P => self.p[gene],
            Column::Q => self.q[gene],
            Column::Control => self.control[gene],
            Column::Perturbed => self.perturbed[gene],
            Column::Measured => self.measured_difference(gene),
        }
    }
}

/// Places of the genes that pass the cuts, in order. Genes that no cell has are left out.
pub fn rows(columns: &Columns<'_>, order: Order, cuts: &Cuts) -> Vec<usize> {
    let named = |gene: usize| {
        cuts.names.is_empty() && cuts.genes.is_empty() || {
            let own = columns.genes[gene].to_uppercase();
            cuts.names.iter().any(|name| own.contains(name.as_str())) || cuts.genes.contains(&own)
        }
    };
    let directed = |change: f64| match cuts.direction {
        Direction::Both => true,
        Direction::Up => change > 0.0,
        Direction::Down => change < 0.0,
    };
    let passes = |gene: &usize| {
        columns.is_counted(*gene)
            && columns.q[*gene] <= cuts.q
            && columns.change[*gene].abs() >= cuts.change
            && directed(columns.change[*gene])
            && named(*gene)
    };
    let mut places: Vec<usize> = (0..columns.len()).filter(passes).collect();
    places.sort_by(|a, b| compare(columns, order, *a, *b));
    places
}

/// Order of two genes; what is not a number stands last either way, ties go by p, then by the size of the change.
fn compare(columns: &Columns<'_>, order: Order, a: usize, b: usize) -> Ordering {
    let (x, y) = (columns.value(order.column, a), columns.value(order.column, b));
    let own = match (x.is_nan(), y.is_nan()) {
        (false, false) if order.column == Column::Gene => columns.genes[a].cmp(&columns.genes[b]),
        (false, false) => x.total_cmp(&y),
        (is_nan, other) => return is_nan.cmp(&other).then(a.cmp(&b)),
    };
    let own = if order.descending { own.reverse() } else { own };
    own.then(columns.p[a].total_cmp(&columns.p[b]))
        .then(columns.change[b].abs().total_cmp(&columns.change[a].abs()))
        .then(a.cmp(&b))
}

/// The surest genes by q, at most `most` of those below `q`.
pub fn surest(columns: &Columns<'_>, q: f64, most: usize) -> Vec<usize> {
    let mut places = rows(columns, Order::default(), &Cuts { q, ..Cuts::default() });
    places.truncate(most);
    places
}

/// Rows in sight and the heights of those above and below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// First row.
    pub first: usize,
    /// Row after the last.
    pub end: usize,
    /// Height of the rows above.
    pub above: f64,
    /// Height of the rows below.
    pub below: f64,
}

/// Rows beyond the edges that are there before they are in sight.
pub const MARGIN: usize = 8;

/// The window of `rows` rows of one height in a box of `height`, scrolled down by `scrolled`.
pub fn window(scrolled: f64, height: f64, row: f64, rows: usize) -> Window {
    let row = if row > 1.0 { row } else { 1.0 };
    let top = (scrolled.max(0.0) / row) as usize;
    let seen = (height.max(row) / row).ceil() as usize + 1;
    let first = top.min(rows.saturating_sub(seen)).saturating_sub(MARGIN);
    let end = (top.saturating_add(seen + MARGIN)).min(rows).max(first);
    Window { first, end, above: first as f64 * row, below: (rows - end) as f64 * row }
}

/// The row after a key; `None` for keys that move nothing. `page` rows fit into the box.
pub fn moved(key: &str, now: Option<usize>, rows: usize, page: usize) -> Option<usize> {
    let last = rows.checked_sub(1)?;
    let page = page.max(1);
    let next = match (key, now) {
        ("ArrowDown" | "ArrowUp" | "PageDown" | "PageUp", None) | ("Home", _) => 0,
        ("End", _) => last,
        ("ArrowDown", Some(now)) => now + 1,
        ("ArrowUp", Some(now)) => now.saturating_sub(1),
        ("PageDown", Some(now)) => now + page,
        ("PageUp", Some(now)) => now.saturating_sub(page),
        _ => return None,
    };
    Some(next.min(last))
}

/// How far to scroll so that a row is in sight below a head of height `head`; as it is where it already is.
pub fn scrolled_to(at: usize, scrolled: f64, (height, head): (f64, f64), row: f64) -> f64 {
    let (top, bottom) = (at as f64 * row, (at + 1) as f64 * row);
    let room = (height - head).max(row);
    if top < scrolled {
        top
    } else if bottom > scrolled + room {
        bottom - room
    } else {
        scrolled
    }
}

/// All genes that have a q-value as text with `separator` between fields; lines that start with # say what made them.
/// `sides` name what was compared with what.
pub fn text(columns: &Columns<'_>, sides: [&str; 2], notes: &[(String, String)], separator: char) -> String {
    let mut out: String = notes.iter().map(|(key, value)| remark(key, value, separator)).collect();
    let means = sides.map(|side| format!("mean_{}", side.to_lowercase()));
    let mut heads = vec!["gene", "log2_fold_change", "p", "q", means[0].as_str(), means[1].as_str()];
    heads.extend(["difference_low_95", "difference_high_95", "difference"]);
    if columns.measured.is_some() {
        heads.push("measured_difference");
    }
    out.push_str(&line(heads, separator));
    // A gene without a q was not told of: precomputed results hold some of all genes.
    for gene in (0..columns.len()).filter(|gene| !columns.q[*gene].is_nan()) {
        let s = separator;
        // Writing to a string cannot fail, here and below.
        let _ = write!(
            out,
            "{}{s}{}{s}{:e}{s}{:e}{s}{}{s}{}{s}{}{s}{}{s}{}",
            field(&columns.genes[gene], s),
            columns.change[gene],
            columns.p[gene],
            columns.q[gene],
            columns.control[gene],
            columns.perturbed[gene],
            columns.low[gene],
            columns.high[gene],
            columns.difference(gene),
        );
        if columns.measured.is_some() {
            let _ = write!(out, "{s}{}", columns.measured_difference(gene));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
