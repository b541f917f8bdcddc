//! What a run would lose, and how it is brought to disk.
//!
//! Does: holds weights, optimiser and position between two steps; saves them; watches for a request to stop while a step
//! takes longer than there is time for, and then saves what the step before it left.
//! Does not know: how a step is computed, when a regular checkpoint is due.
//! Flow: step → **state** → checkpoint → the program may end.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::Scope;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::checkpoint::{self, Position, What};
use crate::output::say;
use crate::replicas::Replicas;
use crate::stop::Stop;

/// Time between two looks for a request to stop.
const LOOK: Duration = Duration::from_millis(100);

/// A run between two steps.
pub(super) struct Live {
    /// Weights and optimiser.
    pub(super) replicas: Replicas,
    /// Where they stand.
    pub(super) position: Position,
}

/// Keeps a run's state. Gradients are computed while it is only looked at, so that it can be saved meanwhile.
pub(super) struct Keeper<'a> {
    folder: &'a Path,
    /// Checkpoints kept besides the best one.
    keep: usize,
    stop: &'a Stop,
    live: RwLock<Live>,
    /// The step that is on disk; held while one is being written.
    saved: Mutex<usize>,
}

impl<'a> Keeper<'a> {
    /// Keeps a state, which is on disk, or is the start that any run can make anew.
    pub(super) fn new(folder: &'a Path, keep: usize, stop: &'a Stop, live: Live) -> Self {
        let saved = Mutex::new(live.position.step);
        Self { folder, keep, stop, live: RwLock::new(live), saved }
    }

    /// The state, to look at.
    pub(super) fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, to move it on by a step.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Saves the state, as the best one too when it `is_best`.
    pub(super) fn save(&self, is_best: bool) -> Result<()> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        *saved = self.write(is_best)?;
        Ok(())
    }

    /// Writes a checkpoint; returns its step.
    fn write(&self, is_best: bool) -> Result<usize> {
        let live = self.live();
        let step = live.position.step;
        let of = |what| checkpoint::serialise(live.replicas.network(), live.replicas.optimiser(), &live.position, what);
        let best = is_best.then(|| of(What::Averages)).transpose()?;
        let bytes = of(What::Everything)?;
        drop(live);
        checkpoint::write(self.folder, step, &bytes, (self.keep, best.as_deref()))?;
        Ok(step)
    }

    /// Watches until what it returns is dropped.
    pub(super) fn watch<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) -> Sender<()> {
        let (alive, ended) = channel();
        scope.spawn(move || {
            let mut since = None;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if !self.stop.asked() || since.get_or_insert_with(Instant::now).elapsed() < self.stop.grace() {
                    continue;
                }
                let words = self.save_in_haste();
                // Whoever reads this may have stopped reading; the program ends all the same.
                std::thread::spawn(move || say(&words));
                std::thread::sleep(LOOK);
                self.stop.saved();
                return;
            }
        });
        alive
    }

    /// Saves what the last step left, in the middle of the next; says how that went.
    fn save_in_haste(&self) -> String {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let step = self.live().position.step;
        if *saved == step {
            return format!("the step in work takes too long; step {step}, the one before it, is saved");
        }
        match self.write(false) {
            Ok(step) => {
                *saved = step;
                format!("the step in work takes too long; step {step}, the one before it, was saved")
            }
            Err(error) => format!("error: step {step} could not be saved: {error:#}"),
        }
    }
}
