//! From a cell's hidden rows to gene values, in one walk over each gene's logits.
//!
//! Does: multiplies the rows of four genes of one slot with the slot's matrix, no further than their ceilings, and while
//! the numbers are in the first-level cache: corrects the base logits, exponentiates, sums, draws, averages.
//! Does not know: schedules, guidance, where the uniform numbers come from.
//! Flow: rows + wanted genes, by slot and ceiling → logits [4, V] → **token and expected count** of each.
//!
//! The logits are those of `decode`: base_g(v) + count(v) · t(η) + fade_g(v) · correction, the correction bounded to ±4.

use pulp::NullaryFnOnce;

use super::maths::{LANES, Lanes, exp, exponentials, fast, largest, sum};
use super::product::{Panels, Product, ROWS, taken, tile};
use super::states::Row;
use super::tensors::floats;
use crate::constants::LARGEST_CORRECTION;
use crate::decode::Wanted;
use crate::layout::WIDTHS;
use crate::network::Network;
use crate::quantise::{VOCABULARY, dequantise};
use crate::statistics::NEVER;

/// Panels of the widest class.
const WIDEST: usize = WIDTHS[WIDTHS.len() - 1] / LANES;

/// Decoding tables; positions in position order.
#[derive(Clone, Debug)]
pub(super) struct Decode {
    /// D, U, S.
    width: usize,
    shape: usize,
    group_size: usize,
    slots: Vec<Slot>,
    /// Position of each gene, and the panels that its ceiling needs [G].
    genes: Vec<Place>,
    /// Shape factors by position [L·S, U].
    factors: Vec<f32>,
    /// Log of mean over size by position, and the part of the slope that does not hang on the shift [L·S].
    odds: Vec<f32>,
    calm: Vec<f32>,
    /// Count of each value, in panels.
    counts: Vec<Lanes>,
}

/// Where a gene stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    position: u32,
    panels: u16,
    ceiling: u16,
}

/// Tables of one slot.
#[derive(Clone, Debug)]
struct Slot {
    /// W_up of the slot times the head, above the shape basis [D + U, V].
    matrix: Panels,
    /// Base logits, and how much of the correction a value takes, in panels [L, V / 8, 8].
    base: Vec<Lanes>,
    fade: Vec<Lanes>,
    /// V / 8.
    panels: usize,
}

impl Decode {
    /// Tables of a network.
    pub(super) fn new(network: &Network) -> Self {
        let config = &network.config;
        let (d, s, u, groups) = (config.width, config.group_size, config.shape, config.groups());
        let (up, head, basis) = (floats(&network.decompress), floats(&network.head), floats(&network.shape_basis));
        let mut slots = Vec::with_capacity(s);
        for table in &network.constants.classes {
            let (width, own) = (table.class.width, table.class.slots.len());
            let columns = width.min(VOCABULARY);
            let cut = |matrix: &[f32]| -> Vec<f32> {
                matrix.chunks_exact(VOCABULARY).flat_map(|row| &row[..columns]).copied().collect()
            };
            let (head, basis) = (Panels::of(&cut(&head), d, columns), cut(&basis));
            let (base, fade) = (floats(&table.base), floats(&table.fade));
            for (place, slot) in table.class.slots.clone().enumerate() {
                let own_up: Vec<f32> =
                    up.chunks_exact(s * d).flat_map(|row| &row[slot * d..(slot + 1) * d]).copied().collect();
                let mut folded = vec![0.0; d * columns];
                fast(Product { rows: &own_up, weights: &head, out: &mut folded, adds: false });
                folded.extend_from_slice(&basis);
                let of_slot = |table: &[f32]| -> Vec<Lanes> {
                    let rows = (0..groups).map(|group| &table[(group * own + place) * width..][..width]);
                    rows.flat_map(|row| row.as_chunks::<LANES>().0).copied().collect()
                };
                slots.push(Slot {
                    matrix: Panels::of(&folded, d + u, columns),
                    base: of_slot(&base),
                    fade: of_slot(&fade),
                    panels: width / LANES,
                });
            }
        }
        let odds = floats(&network.constants.odds);
        let count = |value: usize| dequantise(value.min(VOCABULARY - 1) as u16) as f32;
        let ceilings = network.statistics.ceiling.iter().enumerate();
        Self {
            width: d,
            shape: u,
            group_size: s,
            slots,
            genes: ceilings
                .map(|(gene, ceiling)| Place {
                    position: network.layout.position(gene as u32) as u32,
                    panels: (usize::from(*ceiling) / LANES + 1) as u16,
                    ceiling: *ceiling,
                })
                .collect(),
            factors: floats(&network.layout.place_rows(network.gene_shape.clone())),
            calm: odds.iter().map(|odds| softplus(-odds)).collect(),
            odds,
            counts: (0..WIDEST).map(|panel| std::array::from_fn(|lane| count(panel * LANES + lane))).collect(),
        }
    }

    /// Slot of a gene.
    fn slot(&self, gene: u32) -> usize {
        self.genes[gene as usize].position as usize % self.group_size
    }

    /// Values drawn for the wanted genes, in their order: tokens, and with `expects` the mean counts of the distributions
    /// that they are drawn from (else 0). `Wanted::state` is the place of a gene's cell among `rows`. Also how many logits
    /// were computed.
    pub(super) fn draw(&self, rows: &[Row], wanted: &[Wanted], expects: bool) -> (Vec<(u16, f32)>, usize) {
        let mut order: Vec<u32> = (0..wanted.len() as u32).collect();
        // Genes of a slot share its matrix, and those of like ceilings as much of it.
        order.sort_unstable_by_key(|index| {
            let gene = wanted[*index as usize].gene;
            (self.slot(gene), self.genes[gene as usize].panels, *index)
        });
        let mut out = vec![(0, 0.0); wanted.len()];
        let (mut room, mut values) = (Room::new(self.width + self.shape), 0);
        for own in order.chunk_by(|a, b| self.slot(wanted[*a as usize].gene) == self.slot(wanted[*b as usize].gene)) {
            let room = &mut room;
            values += fast(Draw { decode: self, rows, wanted, order: own, expects, room, out: &mut out });
        }
        (out, values * LANES)
    }

    /// Logits of some genes of a row [g, V]; values past a ceiling have a probability of 0.
    pub(super) fn logits(&self, row: &Row, genes: &[u32]) -> Vec<f32> {
        let mut room = Room::new(self.width + self.shape);
        let mut all = vec![NEVER; genes.len() * VOCABULARY];
        for (gene, out) in genes.iter().zip(all.chunks_exact_mut(VOCABULARY)) {
            let want = Wanted { state: 0, gene: *gene, uniform: 0.0 };
            let panels = self.tile::<1>(std::slice::from_ref(row), [want], &mut room);
            room.finish(0, panels, self.logits_of(row, *gene));
            let logits = room.logits[..panels].as_flattened();
            let kept = logits.len().min(VOCABULARY);
            out[..kept].copy_from_slice(&logits[..kept]);
        }
        all
    }

    /// Corrections of some genes of one slot before they are bounded, into `room`; how many panels were computed.
    #[inline(always)]
    fn tile<const R: usize>(&self, rows: &[Row], wanted: [Wanted; R], room: &mut Room) -> usize {
        let (d, u) = (self.width, self.shape);
        let mut panels = 0;
        for (want, inputs) in wanted.iter().zip(room.inputs.chunks_exact_mut(d + u)) {
            let (place, row) = (self.genes[want.gene as usize], &rows[want.state as usize]);
            let position = place.position as usize;
            inputs[..d].copy_from_slice(&row.state.groups[position / self.group_size * d..][..d]);
            let factors = self.factors[position * u..][..u].iter().zip(&row.state.shapes);
            inputs[d..].iter_mut().zip(factors).for_each(|(out, (factor, gate))| *out = factor * gate);
            panels = panels.max(usize::from(place.panels));
        }
        let matrix = &self.slots[self.slot(wanted[0].gene)].matrix;
        let inputs: [&[f32]; R] = taken(&room.inputs, 0, d + u);
        for panel in 0..panels {
            for (row, sums) in tile(inputs, matrix.panel(panel)).into_iter().enumerate() {
                room.corrections[row * WIDEST + panel] = sums;
            }
        }
        panels
    }

    /// What a gene's logits are made of beside the correction.
    #[inline(always)]
    fn logits_of(&self, row: &Row, gene: u32) -> Parts<'_> {
        let position = self.genes[gene as usize].position as usize;
        let slot = &self.slots[position % self.group_size];
        let rows = position / self.group_size * slot.panels..(position / self.group_size + 1) * slot.panels;
        let slope = self.calm[position] - softplus(-(row.shifts[position] + self.odds[position]));
        Parts { base: &slot.base[rows.clone()], fade: &slot.fade[rows], counts: &self.counts, slope }
    }
}

/// log(1 + eˣ).
#[inline(always)]
fn softplus(x: f32) -> f32 {
    x.max(0.0) + exp(-x.abs()).ln_1p()
}

/// What a gene's logits are made of beside the correction.
struct Parts<'a> {
    base: &'a [Lanes],
    fade: &'a [Lanes],
    counts: &'a [Lanes],
    slope: f32,
}

/// Room for four genes.
struct Room {
    /// Hidden rows and shape factors [4, D + U].
    inputs: Vec<f32>,
    /// [4, V / 8, 8].
    corrections: Vec<Lanes>,
    /// Logits of one gene, then what is made of them [V / 8, 8].
    logits: Vec<Lanes>,
}

impl Room {
    fn new(depth: usize) -> Self {
        Self {
            inputs: vec![0.0; ROWS * depth],
            corrections: vec![[0.0; LANES]; ROWS * WIDEST],
            logits: vec![[0.0; LANES]; WIDEST],
        }
    }

    /// Logits of the gene of a row of the corrections.
    #[inline(always)]
    fn finish(&mut self, row: usize, panels: usize, parts: Parts<'_>) {
        let bound = |x: f32| {
            let raised = if x < -LARGEST_CORRECTION { -LARGEST_CORRECTION } else { x };
            if raised > LARGEST_CORRECTION { LARGEST_CORRECTION } else { raised }
        };
        let corrections = &self.corrections[row * WIDEST..][..panels];
        let parts_of = parts.base.iter().zip(parts.fade).zip(parts.counts);
        for ((logits, correction), ((base, fade), counts)) in self.logits.iter_mut().zip(corrections).zip(parts_of) {
            for lane in 0..LANES {
                logits[lane] = base[lane] + parts.slope * counts[lane] + fade[lane] * bound(correction[lane]);
            }
        }
    }
}

/// Draws the wanted genes of one slot.
struct Draw<'a> {
    decode: &'a Decode,
    rows: &'a [Row],
    wanted: &'a [Wanted],
    /// Places of the genes among the wanted ones, low ceilings first.
    order: &'a [u32],
    expects: bool,
    room: &'a mut Room,
    out: &'a mut [(u16, f32)],
}

impl Draw<'_> {
    /// `R` genes from `first` on; how many panels were computed.
    #[inline(always)]
    fn some<const R: usize>(&mut self, first: usize) -> usize {
        let own: [u32; R] = std::array::from_fn(|row| self.order[first + row]);
        let wanted = own.map(|index| self.wanted[index as usize]);
        let panels = self.decode.tile(self.rows, wanted, self.room);
        for (row, (index, want)) in own.into_iter().zip(wanted).enumerate() {
            self.out[index as usize] = self.value(row, want);
        }
        panels * R
    }

    /// Token and expected count of a gene whose corrections are computed.
    #[inline(always)]
    fn value(&mut self, row: usize, want: Wanted) -> (u16, f32) {
        let place = self.decode.genes[want.gene as usize];
        let panels = usize::from(place.panels);
        let parts = self.decode.logits_of(&self.rows[want.state as usize], want.gene);
        self.room.finish(row, panels, parts);
        let shares = &mut self.room.logits[..panels];
        let most = largest(shares);
        let total = exponentials(shares, most);
        let mut expected = 0.0;
        if self.expects {
            let mut sums = [0.0; LANES];
            for (shares, counts) in shares.iter().zip(&self.decode.counts) {
                for lane in 0..LANES {
                    sums[lane] += shares[lane] * counts[lane];
                }
            }
            expected = sum(&sums) / total;
        }
        let running = shares.as_flattened_mut();
        let mut so_far = 0.0;
        for share in running.iter_mut() {
            so_far += *share;
            *share = so_far;
        }
        // Scaling u by the total keeps rounding from pushing a draw past the end.
        let target = want.uniform * so_far;
        let token = running.partition_point(|upto| *upto <= target) as u16;
        (token.min(place.ceiling), expected)
    }
}

impl NullaryFnOnce for Draw<'_> {
    type Output = usize;

    #[inline(always)]
    fn call(mut self) -> usize {
        let mut panels = 0;
        let whole = self.order.len() / ROWS * ROWS;
        for first in (0..whole).step_by(ROWS) {
            panels += self.some::<ROWS>(first);
        }
        for first in whole..self.order.len() {
            panels += self.some::<1>(first);
        }
        panels
    }
}
