//! Faults that a browser test asks for in the address (`?fault=…`): a worker, a helper or the map's GPU is lost.
//!
//! Does: says whether one was asked for, in builds for tests alone; what visitors download knows none.
//! Does not know: what is lost, and how.
//! Flow: address → **fault, or none** → page, worker.

/// Key of a fault in an address, with its sign.
pub const KEY: &str = "fault=";

/// Whether this build knows faults: `cargo xtask` says so where it builds the page for tests.
pub const KNOWN: bool = option_env!("WELLPLATE_FAULTS").is_some();

/// Whether an address asks for a fault, and this build knows it.
pub fn is_asked(address: &str, name: &str) -> bool {
    KNOWN && address.split(['?', '#', '&']).any(|pair| pair.strip_prefix(KEY) == Some(name))
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, is_asked};

    #[test]
    fn a_fault_is_asked_for_by_its_whole_name_where_faults_are_known() {
        assert_eq!(is_asked("?cells=8&fault=lose-worker", "lose-worker"), KNOWN);
        assert_eq!(is_asked("#workers=2&fault=lose-member", "lose-member"), KNOWN);
        assert!(!is_asked("?fault=lose-workers", "lose-worker") && !is_asked("?default=lose-worker", "lose-worker"));
    }
}
