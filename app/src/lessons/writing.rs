//! A cell that was written step by step, and where its genes stand in a picture.
//!
//! Does: what is revealed after any step, what a step added, the layout of genes in the network's groups.
//! Does not know: colours, canvases, how the cell was written.
//! Flow: worker's counts and steps → **what is shown at a step** → grid, scrubber, words.

/// A written cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// Count of every gene at the end [G].
    pub counts: Vec<u32>,
    /// Step that revealed each gene, from 1 [G]; 0 was held from the start.
    pub revealed: Vec<u32>,
    /// N.
    pub steps: u32,
}

impl Written {
    /// From the worker's arrays; what has no partner is cut off.
    pub fn new(counts: &[f32], revealed: &[f32], steps: u32) -> Self {
        let genes = counts.len().min(revealed.len());
        let whole = |values: &[f32]| values.iter().take(genes).map(|value| *value as u32).collect();
        Self { counts: whole(counts), revealed: whole(revealed), steps }
    }

    /// The step so many on, from 0 (nothing revealed) to N.
    pub fn moved(&self, at: u32, by: i32) -> u32 {
        at.saturating_add_signed(by).min(self.steps)
    }

    /// Genes revealed after a step.
    pub fn shown(&self, at: u32) -> usize {
        self.revealed.iter().filter(|step| **step <= at).count()
    }

    /// Genes that a step revealed, largest counts first.
    pub fn fresh(&self, at: u32) -> Vec<usize> {
        let mut fresh: Vec<usize> =
            (0..self.counts.len()).filter(|gene| at > 0 && self.revealed[*gene] == at).collect();
        fresh.sort_by(|a, b| self.counts[*b].cmp(&self.counts[*a]).then(a.cmp(b)));
        fresh
    }

    /// Sum of the counts revealed after a step, and genes with at least one count.
    pub fn sums(&self, at: u32) -> (u64, usize) {
        let seen = self.counts.iter().zip(&self.revealed).filter(|(_, step)| **step <= at).map(|(count, _)| *count);
        seen.fold((0, 0), |(sum, genes), count| (sum + u64::from(count), genes + usize::from(count > 0)))
    }
}

/// Where genes stand in the picture: groups of the network as blocks, side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Side of a gene's square with its gap, in pixels.
    pub side: usize,
    /// Genes across and down in a group.
    pub group: (usize, usize),
    /// Groups across.
    pub across: usize,
    /// Positions of genes, without the padding of the last group.
    pub genes: usize,
    /// Whole picture in pixels.
    pub size: (usize, usize),
}

impl Grid {
    /// The largest squares with which all genes fit into `width` and, where that is possible, `height` pixels.
    pub fn new(genes: usize, group_size: usize, (width, height): (usize, usize)) -> Self {
        let group_size = group_size.max(1);
        let wide = (1..=group_size).find(|wide| wide * wide >= 2 * group_size).unwrap_or(group_size);
        let group = (wide, group_size.div_ceil(wide));
        let groups = genes.div_ceil(group_size).max(1);
        let with = |side: usize| {
            let (w, h) = (group.0 * side + side, group.1 * side + side);
            let across = (width / w).clamp(1, groups);
            Self { side, group, across, genes, size: (across * w, groups.div_ceil(across) * h) }
        };
        (2..=24).rev().map(with).find(|grid| grid.size.0 <= width && grid.size.1 <= height).unwrap_or_else(|| with(2))
    }

    /// Left and top of the square of a position in the network.
    pub fn corner(&self, position: usize) -> (usize, usize) {
        let size = self.group.0 * self.group.1;
        let (group, slot) = (position / size, position % size);
        let x = (group % self.across) * (self.group.0 + 1) + slot % self.group.0;
        let y = (group / self.across) * (self.group.1 + 1) + slot / self.group.0;
        (x * self.side, y * self.side)
    }

    /// Position under a pixel; none between groups.
    pub fn position(&self, x: usize, y: usize) -> Option<usize> {
        let (x, y) = (x / self.side, y / self.side);
        let (group_x, group_y) = (x / (self.group.0 + 1), y / (self.group.1 + 1));
        let (x, y) = (x % (self.group.0 + 1), y % (self.group.1 + 1));
        let inside = x < self.group.0 && y < self.group.1 && group_x < self.across;
        let position = (group_y * self.across + group_x) * self.group.0 * self.group.1 + y * self.group.0 + x;
        (inside && position < self.genes).then_some(position)
    }
}

/// How dark a count is drawn, from 0 to 1: by the logarithm, so that 1 is seen beside 1000.
pub fn shade(count: u32) -> f64 {
    if count == 0 { 0.0 } else { (0.3 + 0.7 * f64::from(count).log10() / 2.5).min(1.0) }
}

#[cfg(test)]
mod tests {
    use super::{Grid, Written, shade};

    #[test]
    fn steps_add_up_and_come_back() {
        let cell = Written::new(&[5.0, 0.0, 2.0, 9.0], &[1.0, 2.0, 2.0, 0.0], 2);
        assert_eq!([0, 1, 2].map(|at| cell.shown(at)), [1, 2, 4]);
        assert_eq!([0, 1, 2].map(|at| cell.sums(at)), [(9, 1), (14, 2), (16, 3)]);
        assert_eq!((cell.fresh(2), cell.fresh(1), cell.fresh(0)), (vec![2, 1], vec![0], Vec::new()));
        assert_eq!((cell.moved(1, 1), cell.moved(2, 1), cell.moved(0, -1), cell.moved(2, -1)), (2, 2, 0, 1));
        assert_eq!(Written::new(&[1.0], &[], 3).shown(3), 0);
    }

    #[test]
    fn every_gene_has_a_square_of_its_own() {
        for (genes, group, room) in
            [(9015, 32, (900, 460)), (9015, 32, (350, 460)), (18_080, 8, (1200, 480)), (5, 8, (60, 40)), (7, 1, (9, 9))]
        {
            let grid = Grid::new(genes, group, room);
            for position in 0..genes {
                let (x, y) = grid.corner(position);
                assert!(x + grid.side <= grid.size.0 && y + grid.side <= grid.size.1, "{grid:?} {position}");
                assert_eq!(grid.position(x, y), Some(position), "{grid:?}");
                assert_eq!(grid.position(x + grid.side - 1, y + grid.side - 1), Some(position));
            }
            assert!(grid.position(grid.size.0 + 50, 0).is_none());
        }
        let grid = Grid::new(9015, 32, (900, 460));
        assert!(grid.size.0 <= 900 && grid.size.1 <= 460 && grid.group == (8, 4) && grid.side >= 4);
    }

    #[test]
    fn more_counts_are_darker() {
        let shades = [0, 1, 2, 10, 100, 300, 10_000].map(shade);
        assert!(shades.windows(2).all(|pair| pair[0] <= pair[1]) && shades[0] == 0.0 && shades[6] <= 1.0);
    }
}
