//! Files of a bundle over the page's own origin.
//!
//! Does: fetches relative addresses, reports progress by bytes, turns every failure into a sentence.
//! Does not know: what is in the files; `model::bundle` checks them.
//! Flow: address → **bytes**.

use gloo::net::http::Request;

/// One file.
///
/// # Errors
/// A sentence when the server has no such file or cannot be reached.
pub(crate) async fn file(address: &str) -> Result<Vec<u8>, String> {
    let unreachable =
        |error: gloo::net::Error| format!("{address} could not be fetched ({error}). Check the connection and reload.");
    let response = Request::get(address).send().await.map_err(unreachable)?;
    if !response.ok() {
        return Err(format!("{address} could not be fetched: the server answered {}.", response.status()));
    }
    response.binary().await.map_err(unreachable)
}
