//! What a cell of a store may be used for.
//!
//! Does: names the roles.
//! Does not know: which cell has which.
//! Flow: settings → **role** → shard, training set.

use serde::{Deserialize, Serialize};

/// What a cell may be used for (STATE's splits).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Training.
    Train,
    /// Watching the loss.
    Val,
    /// Held out.
    Test,
}

impl Role {
    /// Its name in a shard.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Val => "val",
            Self::Test => "test",
        }
    }

    /// The role of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Train, Self::Val, Self::Test].into_iter().find(|role| role.name() == name)
    }
}
