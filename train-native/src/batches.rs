//! Batches made ahead of the step that needs them.
//!
//! Does: a thread that prepares the next few batches while the device works, so that the device hardly
//! ever waits; the loop measures how long it did.
//! Does not know: what is done with a batch. A batch depends on its step alone, so nothing is lost when
//! the loop stops early.
//! Flow: training set → **batches, in order** → loop.

use std::ops::Range;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::Scope;

use model::loss::Masked;

use crate::data::TrainingSet;

/// Batches ready at most: memory stays bounded.
const AHEAD: usize = 2;

/// Starts to prepare the batches of `steps`; the thread ends with the last one, or when the receiver is gone.
pub fn ahead<'scope>(
    scope: &'scope Scope<'scope, '_>,
    set: &'scope TrainingSet,
    steps: Range<usize>,
) -> Receiver<Masked> {
    let (send, receive) = sync_channel(AHEAD);
    scope.spawn(move || {
        for step in steps {
            if send.send(set.batch(step)).is_err() {
                break;
            }
        }
    });
    receive
}
