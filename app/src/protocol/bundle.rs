//! Messages about the files of a bundle.
//!
//! Does: what the worker says once it has all files of one, before the device has them.
//! Does not know: how files are fetched or kept.
//! Flow: worker's download → [`Tell`] → page.

use serde::{Deserialize, Serialize};

/// Number that `Cancel` and `Cancelled` carry for the loading of a bundle; no run or task reaches it.
pub const LOADING: u32 = u32::MAX;

/// From the worker: the files of a bundle are there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tell {
    /// Folder.
    pub folder: String,
    /// SHA-256 of `bundle.json`, which names the whole bundle.
    pub hash: String,
    /// Bytes that came over the network.
    pub downloaded: u64,
    /// Bytes that this browser had kept.
    pub kept: u64,
    /// When the card was kept (ISO 8601), if the server could not be asked for a newer one.
    pub stale: Option<String>,
    /// Why nothing is kept, in a sentence.
    pub not_kept: Option<String>,
}
