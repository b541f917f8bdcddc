//! The page's entry: mounts `app::ui`.
//!
//! Does: nothing else. Does not know: burn. Flow: index.html → page.

fn main() {
    #[cfg(target_arch = "wasm32")]
    app::ui::start();
}
