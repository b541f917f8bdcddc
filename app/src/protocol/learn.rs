//! Messages of the lessons.
//!
//! Does: typed questions and answers; long arrays travel beside them.
//! Does not know: Leptos, burn.
//! Flow: page → [`Ask`] → worker → [`Tell`] → page.

use serde::{Deserialize, Serialize};

/// From the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {}
