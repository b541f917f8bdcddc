//! Who draws the map's points.
//!
//! Does: names the canvas or WebGPU, with the reason.
//! Does not know: how either draws.
//! Flow: number of points and what the browser has → **renderer** → board, the map's menu.

/// Up to so many points the canvas draws a frame within a few milliseconds; more are drawn by WebGPU.
pub(super) const CANVAS_MOST: usize = 20_000;

/// Who draws the points, and why.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Renderer {
    /// The 2D canvas: few points.
    Canvas,
    /// WebGPU is being started; names stand on the map already.
    Starting,
    /// WebGPU on an adapter.
    WebGpu(String),
    /// The 2D canvas, because WebGPU is not to be had.
    Without(String),
}

impl Renderer {
    /// Name in the attribute that tests and benchmarks read.
    pub(super) fn key(&self) -> &'static str {
        if matches!(self, Self::WebGpu(_)) { "webgpu" } else { "canvas" }
    }

    /// In a sentence.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Canvas => format!("Drawn by canvas: up to {CANVAS_MOST} points need no more."),
            Self::Starting => "WebGPU starts.".to_owned(),
            Self::WebGpu(name) => format!("Drawn by WebGPU ({name}): more than {CANVAS_MOST} points."),
            Self::Without(why) => format!("Drawn by canvas, slowly for so many points: {why}."),
        }
    }
}
