//! Colours and sizes of figures.
//!
//! Does: a light and a dark theme and a palette that colour-blind readers can tell apart (Okabe and
//! Ito 2008, lightened for dark ground).
//! Does not know: what is drawn.
//! Flow: chosen by the page or the report, handed to every figure.

use plotters::style::RGBColor;

/// Colours and sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    /// Ground.
    pub ground: RGBColor,
    /// Text and axes.
    pub ink: RGBColor,
    /// Grid, reference cells, genes that do not shift.
    pub quiet: RGBColor,
    /// Text that explains.
    pub faint: RGBColor,
    /// Series colours in order.
    pub series: [RGBColor; 6],
    /// Device pixels per CSS pixel: every size is multiplied by it.
    pub scale: f64,
}

impl Theme {
    /// Dark ink on white.
    pub fn light(scale: f64) -> Self {
        Self {
            ground: RGBColor(255, 255, 255),
            ink: RGBColor(31, 41, 51),
            quiet: RGBColor(198, 205, 213),
            faint: RGBColor(92, 104, 118),
            series: [
                RGBColor(0, 114, 178),
                RGBColor(213, 94, 0),
                RGBColor(0, 140, 105),
                RGBColor(170, 80, 140),
                RGBColor(150, 110, 0),
                RGBColor(70, 150, 200),
            ],
            scale,
        }
    }

    /// Light ink on a dark ground.
    pub fn dark(scale: f64) -> Self {
        Self {
            ground: RGBColor(22, 27, 34),
            ink: RGBColor(226, 232, 240),
            quiet: RGBColor(71, 80, 92),
            faint: RGBColor(154, 166, 180),
            series: [
                RGBColor(86, 180, 233),
                RGBColor(255, 146, 66),
                RGBColor(58, 200, 156),
                RGBColor(221, 141, 190),
                RGBColor(230, 190, 70),
                RGBColor(150, 200, 240),
            ],
            scale,
        }
    }

    /// A length in CSS pixels as device pixels.
    pub fn px(&self, length: f64) -> i32 {
        (length * self.scale).round() as i32
    }
}
