//! Which worker writes which cells.
//!
//! Does: cuts the cells of several tasks into batches and hands them out, one task after the other or in turns; takes
//! finished batches in any order and passes their cells on by number; gives the batches of a lost worker to others;
//! counts what is done.
//! Does not know: workers beyond their numbers, what a cell is.
//! Flow: cells wanted → **batches** → workers → finished batches → **cells in order**.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Who;

/// Cells of one task that are written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Batch {
    /// Place of the task.
    pub task: usize,
    /// Number of the first cell.
    pub first: usize,
    /// Cells.
    pub cells: usize,
}

/// Which task's cells come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Those of the task that has had the fewest so far, so that all have some early.
    Turns,
    /// Those of the first task that is not handed out yet.
    OneByOne,
}

/// Cells that are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// How many.
    pub cells: usize,
    /// Work of one of them: branches of the network that it runs through.
    pub weight: f64,
}

/// A task in work. `T` is what a batch of finished cells is.
struct Open<T> {
    task: Task,
    /// Number of the first cell that was never handed out.
    next: usize,
    /// Cells that were passed on.
    passed: usize,
    /// Finished batches that wait for cells of lower numbers, by the number of their first.
    waiting: BTreeMap<usize, (usize, T)>,
}

/// A batch that a worker has.
struct Out {
    who: Who,
    batch: Batch,
    /// Share of its steps that is made.
    share: f64,
}

/// All of it.
pub struct Turns<T> {
    order: Order,
    size: usize,
    tasks: Vec<Open<T>>,
    out: Vec<Out>,
    /// Batches of lost workers.
    back: Vec<Batch>,
}

impl<T> Turns<T> {
    /// Nothing is handed out yet. Batches have `size` cells and begin at multiples of it, whoever writes them.
    pub fn new(order: Order, size: usize, tasks: impl IntoIterator<Item = Task>) -> Self {
        let open = |task| Open { task, next: 0, passed: 0, waiting: BTreeMap::new() };
        let tasks = tasks.into_iter().map(open).collect();
        Self { order, size: size.max(1), tasks, out: Vec::new(), back: Vec::new() }
    }

    /// The next batch for a worker; none when all are handed out.
    pub fn hand_out(&mut self, who: Who) -> Option<Batch> {
        // What was lost is what others wait for.
        let lost = (0..self.back.len()).min_by_key(|place| self.back[*place]);
        let batch = lost.map(|place| self.back.swap_remove(place)).or_else(|| self.cut())?;
        self.out.push(Out { who, batch, share: 0.0 });
        Some(batch)
    }

    /// Cuts a batch off the task whose turn it is.
    fn cut(&mut self) -> Option<Batch> {
        let mut open = self.tasks.iter().enumerate().filter(|(_, own)| own.next < own.task.cells);
        let place = match self.order {
            Order::OneByOne => open.next(),
            Order::Turns => open.min_by_key(|(_, own)| own.next),
        };
        let place = place.map(|(place, _)| place)?;
        let own = &mut self.tasks[place];
        let first = own.next;
        own.next = own.task.cells.min(first + self.size);
        Some(Batch { task: place, first, cells: own.next - first })
    }

    /// Batches that nobody has yet.
    pub fn left(&self) -> usize {
        let of_task = |own: &Open<T>| (own.task.cells - own.next).div_ceil(self.size);
        self.back.len() + self.tasks.iter().map(of_task).sum::<usize>()
    }

    /// Notes the share of a batch that a worker has made; what it no longer has counts for nothing.
    pub fn advance(&mut self, who: Who, batch: Batch, share: f64) {
        if let Some(own) = self.out.iter_mut().find(|own| own.who == who && own.batch == batch) {
            own.share = share.clamp(0.0, 1.0);
        }
    }

    /// Takes the cells of a batch; of a worker that was taken for lost nothing is taken.
    pub fn finish(&mut self, who: Who, batch: Batch, cells: T) {
        let place = self.out.iter().position(|own| own.who == who && own.batch == batch);
        if let Some(place) = place {
            self.out.swap_remove(place);
            self.tasks[batch.task].waiting.insert(batch.first, (batch.cells, cells));
        }
    }

    /// Takes back what a worker has.
    pub fn lose(&mut self, who: Who) {
        self.back.extend(self.out.iter().filter(|own| own.who == who).map(|own| own.batch));
        self.out.retain(|own| own.who != who);
    }

    /// The next finished cells of any task, each task's in the order of their numbers.
    pub fn take(&mut self) -> Option<(Batch, T)> {
        self.tasks.iter_mut().enumerate().find_map(|(task, own)| {
            let first = own.passed;
            let (cells, made) = own.waiting.remove(&first)?;
            own.passed += cells;
            Some((Batch { task, first, cells }, made))
        })
    }

    /// Whether all cells were passed on.
    pub fn is_done(&self) -> bool {
        self.tasks.iter().all(|own| own.passed >= own.task.cells)
    }

    /// Work that is done: cells by their weight, those in work by the share of their steps.
    pub fn done(&self) -> f64 {
        let finished = |own: &Open<T>| {
            let waiting: usize = own.waiting.values().map(|(cells, _)| *cells).sum();
            own.task.weight * (own.passed + waiting) as f64
        };
        let in_work = |own: &Out| self.tasks[own.batch.task].task.weight * own.batch.cells as f64 * own.share;
        self.tasks.iter().map(finished).sum::<f64>() + self.out.iter().map(in_work).sum::<f64>()
    }

    /// Share of a task's cells that is done.
    pub fn share_of(&self, task: usize) -> f64 {
        let own = &self.tasks[task];
        let waiting: usize = own.waiting.values().map(|(cells, _)| *cells).sum();
        let in_work = self.out.iter().filter(|own| own.batch.task == task);
        let in_work: f64 = in_work.map(|own| own.batch.cells as f64 * own.share).sum();
        ((own.passed + waiting) as f64 + in_work) / own.task.cells.max(1) as f64
    }
}

#[cfg(test)]
mod tests;
