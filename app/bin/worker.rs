//! The worker's entry: starts the message loop of `app::worker`.
//!
//! Does: nothing else. Does not know: the document. Flow: page starts it → messages.

fn main() {
    #[cfg(target_arch = "wasm32")]
    app::worker::start();
}
