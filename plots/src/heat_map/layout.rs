//! Where the fields of a heat map are.
//!
//! Does: places edges of rows and columns between whole pixels; says which field, row or column a pixel is in.
//! Does not know: what is drawn.
//! Flow: size of the surface → **places of fields** → drawing, trees, pointer of a page.

/// Where fields are, so that a page finds the one under the pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Left, top, right, bottom of all fields in device pixels.
    pub pixels: (i32, i32, i32, i32),
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
}

/// Place of edge `at` of `count` between two pixels.
pub(super) fn edge((from, to): (i32, i32), at: usize, count: usize) -> i32 {
    from + (i64::from(to - from) * at as i64 / count.max(1) as i64) as i32
}

/// Which of `count` fields between two pixels a pixel is in.
fn within((from, to): (i32, i32), at: i32, count: usize) -> Option<usize> {
    if at < from || at >= to || count == 0 {
        return None;
    }
    // Edges are rounded down: the field is the guess or the next.
    let mut field = (i64::from(at - from) * count as i64 / i64::from(to - from)) as usize;
    while field + 1 < count && edge((from, to), field + 1, count) <= at {
        field += 1;
    }
    Some(field)
}

impl Layout {
    /// Row and column of the field under a pixel.
    pub fn cell_at(&self, (x, y): (i32, i32)) -> Option<(usize, usize)> {
        let (left, top, right, bottom) = self.pixels;
        Some((within((top, bottom), y, self.rows)?, within((left, right), x, self.columns)?))
    }

    /// Row that a height belongs to, also beside the fields: a click on a name chooses its row.
    pub fn row_at(&self, y: i32) -> Option<usize> {
        within((self.pixels.1, self.pixels.3), y, self.rows)
    }

    pub(super) fn column_edge(&self, at: usize) -> i32 {
        edge((self.pixels.0, self.pixels.2), at, self.columns)
    }

    pub(super) fn row_edge(&self, at: usize) -> i32 {
        edge((self.pixels.1, self.pixels.3), at, self.rows)
    }
}
