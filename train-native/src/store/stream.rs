//! Training cells of a store in random order, a few shards in memory at a time.
//!
//! Does: visits the shards in a new random order every epoch, a few at once, and the cells of those in random
//! order; the next shards are read while the ones in memory are used. The order is a function of (seed, epoch)
//! alone, so a resumed run goes on with the cell that would have come next.
//! Does not know: masks, labels' meaning, networks.
//! Flow: shards → **tokens of cells, in order** → batches.
//!
//! `prepare` fills a shard with short runs of cells from all over the data, so a few shards are a fair sample of
//! all of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use anyhow::Result;
use model::loss::UNMEASURED;
use model::quantise::quantise;
use model::random::Draws;

use super::Store;
use super::shard::Shard;

/// Shards mixed at a time. Two such windows are in memory: one in use, one waiting.
pub const WINDOW: usize = 4;
/// Streams of the seed.
const SHARD_STREAM: u64 = 1 << 46;
const CELL_STREAM: u64 = 1 << 47;

/// The chosen cells of a store.
pub struct Chosen {
    store: Store,
    /// For every shard, the places of its chosen cells.
    places: Vec<Vec<u32>>,
    /// Chosen cells of the shards before.
    before: Vec<usize>,
    /// Genes that each source measured.
    measured: Vec<Option<Vec<bool>>>,
    /// Tokens that stand in place of counts, by the number of the cell: its gene, its token.
    limits: BTreeMap<usize, Vec<(u32, u16)>>,
    seed: u64,
    cells: usize,
}

/// One window in memory: its cells in the order of their visit.
pub struct Window {
    shards: Vec<Arc<Shard>>,
    /// Shard of the window, place in it, and number among all chosen cells.
    order: Vec<(u32, u32, usize)>,
    /// Position in the whole walk of the first of them.
    pub first: usize,
}

impl Window {
    /// Cells.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it has no cells.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The shard of the cell at a place of this window, its place in the shard, and its number among all chosen cells.
    pub fn cell(&self, place: usize) -> (&Shard, usize, usize) {
        let (shard, row, number) = self.order[place];
        (&self.shards[shard as usize], row as usize, number)
    }
}

impl Chosen {
    /// Chooses cells by their number in the store (ascending).
    pub fn new(store: Store, cells: &[usize], seed: u64) -> Self {
        let mut places = vec![Vec::new(); store.index.shards.len()];
        let (mut shard, mut start) = (0, 0);
        for cell in cells {
            while store.index.shards.get(shard).is_some_and(|entry| *cell >= start + entry.cells) {
                start += store.index.shards[shard].cells;
                shard += 1;
            }
            if let Some(list) = places.get_mut(shard) {
                list.push((cell - start) as u32);
            }
        }
        let before = places.iter().scan(0, |sum, list: &Vec<u32>| Some(std::mem::replace(sum, *sum + list.len())));
        let before = before.collect();
        let measured = store.measured();
        let cells = places.iter().map(Vec::len).sum();
        Self { store, before, measured, limits: BTreeMap::new(), seed, cells, places }
    }

    /// Puts tokens in place of counts: for numbers of cells, genes with their tokens.
    pub fn limit(&mut self, limits: BTreeMap<usize, Vec<(u32, u16)>>) {
        self.limits = limits;
    }

    /// Whether the source of a cell measured every gene.
    pub fn measures_all(&self, shard: &Shard, row: usize) -> bool {
        !matches!(self.measured.get(shard.sources[row] as usize), Some(Some(_)))
    }

    /// How many cells are chosen.
    pub fn len(&self) -> usize {
        self.cells
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.cells == 0
    }

    /// Shards of an epoch, window by window, without those that have no chosen cells.
    fn windows(&self, epoch: usize) -> Vec<Vec<usize>> {
        let mut shards: Vec<usize> = (0..self.places.len()).filter(|shard| !self.places[*shard].is_empty()).collect();
        Draws::new(self.seed, SHARD_STREAM + epoch as u64).shuffle(&mut shards);
        shards.chunks(WINDOW).map(<[usize]>::to_vec).collect()
    }

    /// Reads a window.
    fn load(&self, epoch: usize, number: usize, shards: &[usize], first: usize) -> Result<Window> {
        let mut order = Vec::new();
        let mut loaded = Vec::new();
        for (own, shard) in shards.iter().enumerate() {
            loaded.push(Arc::new(self.store.shard(*shard)?));
            let numbered = self.places[*shard].iter().enumerate();
            order.extend(numbered.map(|(i, row)| (own as u32, *row, self.before[*shard] + i)));
        }
        // An epoch has fewer than 2²⁰ windows: four billion cells.
        Draws::new(self.seed, CELL_STREAM + ((epoch as u64) << 20) + number as u64).shuffle(&mut order);
        Ok(Window { shards: loaded, order, first })
    }

    /// Windows from the one that holds `position` of the walk on, without end; reading stops when the
    /// receiver is gone. An error comes in place of a window and is the last thing that comes.
    pub fn walk<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>, position: usize) -> Receiver<Result<Window>> {
        // Nothing is kept between: the window being offered is the one that waits.
        let (send, receive) = sync_channel(0);
        scope.spawn(move || {
            let mut epoch = position / self.cells.max(1);
            let mut first = epoch * self.cells;
            if self.cells == 0 {
                return;
            }
            loop {
                for (number, shards) in self.windows(epoch).iter().enumerate() {
                    let cells: usize = shards.iter().map(|shard| self.places[*shard].len()).sum();
                    if first + cells > position {
                        let window = self.load(epoch, number, shards, first);
                        let failed = window.is_err();
                        if send.send(window).is_err() || failed {
                            return;
                        }
                    }
                    first += cells;
                }
                epoch += 1;
            }
        });
        receive
    }

    /// Reads chosen cells by their numbers (ascending); takes a shard, the place in it, and the number.
    ///
    /// # Errors
    /// When a shard cannot be read.
    pub fn read(&self, numbers: &[usize], mut take: impl FnMut(&Shard, usize, usize)) -> Result<()> {
        let mut open: Option<(usize, Shard)> = None;
        for number in numbers {
            let shard = self.before.partition_point(|before| before <= number) - 1;
            if open.as_ref().is_none_or(|(place, _)| *place != shard) {
                open = Some((shard, self.store.shard(shard)?));
            }
            if let Some((_, loaded)) = &open {
                take(loaded, self.places[shard][number - self.before[shard]] as usize, *number);
            }
        }
        Ok(())
    }

    /// Writes the tokens [G] of a cell at a place of a shard, `number` among all chosen cells.
    pub fn tokens(&self, shard: &Shard, row: usize, number: usize, into: &mut Vec<u16>) {
        let start = into.len();
        into.resize(start + self.store.index.genes.len(), 0);
        let own = &mut into[start..];
        let (genes, counts) = shard.row(row);
        for (gene, count) in genes.iter().zip(counts) {
            own[*gene as usize] = quantise(*count);
        }
        for (gene, token) in self.limits.get(&number).into_iter().flatten() {
            own[*gene as usize] = *token;
        }
        if let Some(Some(measured)) = self.measured.get(shard.sources[row] as usize) {
            for (token, measured) in own.iter_mut().zip(measured) {
                if !measured {
                    *token = UNMEASURED;
                }
            }
        }
    }
}
