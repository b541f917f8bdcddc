//! The part of xtask that the browser tests share: the site's list and version, the server of static files, and the
//! browser's driver.
//!
//! Does: finishes what trunk built, serves a folder on the loopback address.
//! Does not know: set-up, stages.
//! Flow: `dist` → **list, version** → **server** → a person's browser, or the one of tests and measurements
//! ← **driver**.

pub mod catalogue;
pub mod policy;
pub mod server;
pub mod stamp;
pub mod webdriver;

/// Flags of the browser under test: headless, WebGPU on a software adapter, and quiet.
pub const BROWSER_FLAGS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
];
