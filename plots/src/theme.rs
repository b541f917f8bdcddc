//! Colours and sizes of figures.
//!
//! Does: a light and a dark theme, three palettes that colour-blind readers can tell apart (Okabe and Ito 2008,
//! Tol's bright one, one of high contrast; each adapted to light and dark ground), more colours for many kinds, a
//! sequential scale.
//! Does not know: what is drawn.
//! Flow: chosen by the page or the report, handed to every figure.

use plotters::style::RGBColor;

/// Colours of series. All of them are told apart by colour-blind readers, each with a ground it was made for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// After Okabe and Ito (2008).
    #[default]
    OkabeIto,
    /// After Paul Tol's bright scheme.
    Bright,
    /// Darker on white, lighter on black, with ink and ground to match: at least 4.5 to 1 against the ground.
    Contrast,
}

/// Palettes by their keys and their names, the default first.
pub const PALETTES: [(Palette, &str, &str); 3] = [
    (Palette::OkabeIto, "okabe-ito", "Okabe and Ito"),
    (Palette::Bright, "bright", "Bright (Tol)"),
    (Palette::Contrast, "contrast", "High contrast"),
];

/// Six colours from their parts.
const fn six(parts: [(u8, u8, u8); 6]) -> [RGBColor; 6] {
    let [a, b, c, d, e, f] = parts;
    [
        RGBColor(a.0, a.1, a.2),
        RGBColor(b.0, b.1, b.2),
        RGBColor(c.0, c.1, c.2),
        RGBColor(d.0, d.1, d.2),
        RGBColor(e.0, e.1, e.2),
        RGBColor(f.0, f.1, f.2),
    ]
}

/// Tol's bright colours, darkened where white ground would swallow them, and lightened for dark ground.
const BRIGHT: [[RGBColor; 6]; 2] = [
    six([(59, 115, 166), (215, 75, 95), (34, 136, 51), (150, 130, 20), (40, 150, 185), (170, 51, 119)]),
    six([(100, 160, 215), (238, 102, 119), (60, 170, 80), (204, 187, 68), (130, 220, 245), (200, 90, 160)]),
];
/// Dark colours for white ground, light ones for black.
const CONTRAST: [[RGBColor; 6]; 2] = [
    six([(31, 85, 158), (187, 85, 102), (4, 90, 60), (150, 100, 0), (110, 40, 130), (60, 60, 70)]),
    six([(120, 190, 255), (255, 175, 64), (251, 241, 121), (255, 150, 170), (127, 239, 171), (215, 215, 226)]),
];

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
                RGBColor(110, 80, 0),
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
                RGBColor(240, 228, 66),
                RGBColor(150, 200, 240),
            ],
            scale,
        }
    }

    /// The theme of a ground with the colours of a palette.
    pub fn of(dark: bool, palette: Palette, scale: f64) -> Self {
        let own = if dark { Self::dark(scale) } else { Self::light(scale) };
        match palette {
            Palette::OkabeIto => own,
            Palette::Bright => Self { series: BRIGHT[usize::from(dark)], ..own },
            Palette::Contrast => {
                let (white, black) = (RGBColor(255, 255, 255), RGBColor(0, 0, 0));
                let (ground, ink) = if dark { (black, white) } else { (white, black) };
                let (quiet, faint) = if dark {
                    (RGBColor(92, 100, 110), RGBColor(200, 206, 214))
                } else {
                    (RGBColor(176, 184, 192), RGBColor(58, 66, 76))
                };
                Self { ground, ink, quiet, faint, series: CONTRAST[usize::from(dark)], scale }
            }
        }
    }

    /// Colour of one of many kinds (cell types): the series, then the series towards the ground, then towards the
    /// ink. Eighteen colours are more than an eye tells apart: whoever draws with them writes names or numbers.
    pub fn kind(&self, place: usize) -> RGBColor {
        let colour = self.series[place % 6];
        match (place / 6) % 3 {
            0 => colour,
            1 => blend(colour, self.ground, 0.5),
            _ => blend(colour, self.ink, 0.6),
        }
    }

    /// Colour of a value between 0 (quiet) and 1 (strong). The lightness only ever grows or only ever falls, so the
    /// scale is read without hues too; values outside are drawn as the nearer end.
    pub fn ramp(&self, at: f64) -> RGBColor {
        let at = if at.is_nan() { 0.0 } else { at.clamp(0.0, 1.0) };
        if at < 0.5 {
            blend(self.quiet, self.series[0], 2.0 * at)
        } else {
            blend(self.series[0], self.ink, 2.0 * at - 1.0)
        }
    }

    /// Colour of a value between −1 and 1 on a scale that goes two ways from 0: blue below, orange above, nearly the
    /// ground between. The lightness only ever grows or only ever falls on either side.
    pub fn two_ways(&self, at: f64) -> RGBColor {
        let at = if at.is_nan() { 0.0 } else { at.clamp(-1.0, 1.0) };
        let (end, middle) = (self.series[usize::from(at > 0.0)], blend(self.ground, self.quiet, 0.35));
        let strength = at.abs() / 0.7;
        if strength < 1.0 { blend(middle, end, strength) } else { blend(end, self.ink, strength - 1.0) }
    }

    /// The one of ink and ground that is easier to read on a colour.
    pub fn on(&self, colour: RGBColor) -> RGBColor {
        let contrast = |other: RGBColor| {
            let (a, b) = (luminance(colour), luminance(other));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        if contrast(self.ink) >= contrast(self.ground) { self.ink } else { self.ground }
    }

    /// A length in CSS pixels as device pixels.
    pub fn px(&self, length: f64) -> i32 {
        (length * self.scale).round() as i32
    }
}

/// Between two colours: `share` of the second.
fn blend(first: RGBColor, second: RGBColor, share: f64) -> RGBColor {
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
    RGBColor(mix(first.0, second.0), mix(first.1, second.1), mix(first.2, second.2))
}

/// Linear light of a part of an sRGB colour.
fn linear(part: u8) -> f64 {
    let part = f64::from(part) / 255.0;
    if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
}

/// Relative luminance (Web Content Accessibility Guidelines 2.2).
fn luminance(colour: RGBColor) -> f64 {
    0.2126 * linear(colour.0) + 0.7152 * linear(colour.1) + 0.0722 * linear(colour.2)
}

#[cfg(test)]
mod tests {
    use super::{PALETTES, Palette, RGBColor, Theme, luminance};

    /// Every theme that the page can show.
    fn themes() -> Vec<Theme> {
        let of = |(palette, _, _)| [Theme::of(false, palette, 1.0), Theme::of(true, palette, 1.0)];
        PALETTES.into_iter().flat_map(of).collect()
    }

    /// Contrast of two colours (Web Content Accessibility Guidelines 2.2).
    fn contrast(a: RGBColor, b: RGBColor) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Linear red, green and blue as they reach those without red, green or blue cones (Machado, Oliveira and
    /// Fernandes 2009, severity 1), and everyone else.
    const EYES: [[[f64; 3]; 3]; 4] = [
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
    ];

    /// CIELAB coordinates (sRGB, D65) of a colour as an eye sees it.
    fn lab(colour: RGBColor, eye: [[f64; 3]; 3]) -> [f64; 3] {
        let times =
            |matrix: [[f64; 3]; 3], v: [f64; 3]| matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2]);
        let linear = [colour.0, colour.1, colour.2].map(super::linear);
        let seen = times(eye, linear).map(|part| part.clamp(0.0, 1.0));
        let xyz = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], seen);
        let root = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let (x, y, z) = (root(xyz[0] / 0.9505), root(xyz[1]), root(xyz[2] / 1.089));
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// Distance of two colours in CIELAB to the eye that tells them apart worst.
    fn distance(a: RGBColor, b: RGBColor) -> f64 {
        let to_eye = |eye| {
            let (a, b) = (lab(a, eye), lab(b, eye));
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        EYES.into_iter().map(to_eye).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn colour_blind_readers_tell_series_and_neighbours_apart() {
        for theme in themes() {
            // About 2.3 is what is just noticed of large fields side by side: series lie apart, so four times that;
            // neighbouring kinds touch, so twice that; all other kinds are still seen to differ.
            for place in 0..18 {
                for other in 0..place {
                    let least = if place < 6 {
                        10.0
                    } else if other + 1 == place {
                        5.0
                    } else {
                        4.0
                    };
                    let found = distance(theme.kind(place), theme.kind(other));
                    assert!(found > least, "kinds {other} and {place}: {found}");
                }
            }
        }
    }

    #[test]
    fn the_scale_is_read_by_lightness_alone() {
        for theme in themes() {
            let sign = if luminance(theme.ink) < luminance(theme.ground) { -1.0 } else { 1.0 };
            let steps: Vec<f64> = (0..=20).map(|step| sign * luminance(theme.ramp(f64::from(step) / 20.0))).collect();
            assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
            assert_eq!(theme.ramp(f64::NAN), theme.ramp(-3.0));
            assert_eq!(theme.ramp(7.0), theme.ink);
        }
    }

    #[test]
    fn both_sides_of_the_two_way_scale_are_read_by_lightness() {
        for (theme, sign) in [(Theme::light(1.0), -1.0), (Theme::dark(1.0), 1.0)] {
            for side in [-1.0, 1.0] {
                let of = |step: i32| sign * luminance(theme.two_ways(side * f64::from(step) / 20.0));
                assert!((1..=20).all(|step| of(step - 1) < of(step)));
                // Both sides differ to every eye before they are half way out.
                assert!(distance(theme.two_ways(0.5), theme.two_ways(-0.5)) > 20.0);
            }
            assert_eq!(theme.two_ways(f64::NAN), theme.two_ways(0.0));
        }
    }

    #[test]
    fn eighteen_kinds_differ_and_bear_words() {
        for theme in themes() {
            let kinds: Vec<_> = (0..18).map(|place| theme.kind(place)).collect();
            for (place, own) in kinds.iter().enumerate() {
                assert!(!kinds[..place].contains(own), "kind {place} repeats");
                let (a, b) = (luminance(*own), luminance(theme.on(*own)));
                // Large and small marks alike: 3 to 1 is what the guidelines ask of graphics.
                assert!((a.max(b) + 0.05) / (a.min(b) + 0.05) > 3.0, "words on kind {place} cannot be read");
            }
            assert_eq!(theme.kind(18), theme.kind(0));
        }
    }

    #[test]
    fn series_and_words_stand_out_from_the_ground() {
        for theme in themes() {
            for colour in theme.series {
                assert!(contrast(colour, theme.ground) > 3.0, "{colour:?} on {:?}", theme.ground);
            }
            assert!(contrast(theme.ink, theme.ground) > 7.0 && contrast(theme.faint, theme.ground) > 4.5);
        }
        for dark in [false, true] {
            let theme = Theme::of(dark, Palette::Contrast, 1.0);
            assert!(theme.series.iter().all(|colour| contrast(*colour, theme.ground) > 4.5));
        }
        assert_eq!(Theme::of(true, Palette::OkabeIto, 2.0), Theme::dark(2.0));
    }

    #[test]
    fn legends_of_the_page_have_the_colours_of_its_figures() {
        let styles = include_str!("../../assets/styles/wellplate.css");
        for (place, theme) in themes().into_iter().enumerate() {
            for (number, RGBColor(red, green, blue)) in theme.series.into_iter().enumerate() {
                let rule = format!("--series-{}: #{red:02x}{green:02x}{blue:02x};", number + 1);
                assert!(styles.contains(&rule), "{} has no `{rule}`", PALETTES[place / 2].1);
            }
        }
    }
}
