//! Batches made ahead of the step that needs them.
//!
//! Does: threads that read shards and prepare the next few batches while the device works, so that the device
//! hardly ever waits; the loop measures how long it did.
//! Does not know: what is done with a batch. A batch depends on its step alone, so nothing is lost when
//! the loop stops early.
//! Flow: training set → **batches, in order** → loop.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use anyhow::Result;
use model::loss::Masked;

use crate::data::TrainingSet;
use crate::store::stream::{Chosen, Window};

/// Batches ready at most: memory stays bounded.
pub const AHEAD: usize = 2;

/// Starts to prepare the batches of `steps`; the threads end with the last one, or when the receiver is gone.
/// An error comes in place of a batch and is the last thing that comes.
pub fn ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    set: &'scope TrainingSet,
    steps: Range<usize>,
) -> Receiver<Result<Masked>> {
    let (send, receive) = sync_channel(AHEAD);
    match set.chosen() {
        None => {
            scope.spawn(move || {
                for step in steps {
                    if send.send(Ok(set.held_batch(step))).is_err() {
                        break;
                    }
                }
            });
        }
        Some(chosen) => {
            let windows = chosen.walk(scope, steps.start * set.batch_size());
            scope.spawn(move || from_windows(set, chosen, &windows, steps, &send));
        }
    }
    receive
}

/// Batches of a store's cells.
fn from_windows(
    set: &TrainingSet,
    chosen: &Chosen,
    windows: &Receiver<Result<Window>>,
    steps: Range<usize>,
    send: &SyncSender<Result<Masked>>,
) {
    let mut window: Option<Window> = None;
    for step in steps {
        let (mut targets, mut labels) = (Vec::new(), Vec::new());
        for position in step * set.batch_size()..(step + 1) * set.batch_size() {
            while window.as_ref().is_none_or(|own| position >= own.first + own.len()) {
                // Given back before the next one is taken, so that two are in memory and not three.
                drop(window.take());
                match windows.recv() {
                    Ok(Ok(next)) => window = Some(next),
                    Ok(Err(error)) => {
                        let _ = send.send(Err(error));
                        return;
                    }
                    Err(_) => return,
                }
            }
            if let Some(own) = &window {
                let (shard, row, number) = own.cell(position - own.first);
                chosen.tokens(shard, row, number, &mut targets);
                labels.extend_from_slice(set.stored_labels(number));
            }
        }
        if send.send(Ok(set.masked(step, targets, labels))).is_err() {
            return;
        }
    }
}
