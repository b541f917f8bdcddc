//! Tests of what a file claims: lengths that it cannot hold, files that end too early.
//!
//! Does: writes small files, changes bytes of their heads.
//! Does not know: AnnData.
