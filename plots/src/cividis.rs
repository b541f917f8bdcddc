//! A scale of values in colour.
//!
//! Does: the cividis scale (Nuñez, Anderton and Renslow 2018), equal steps of which look equally far apart, to readers
//! with and without colour blindness alike; by ten supports and straight lines between them.
//! Does not know: values, units.
//! Flow: share of a range → **colour** → map.

use plotters::style::RGBColor;

use crate::theme::Theme;

/// Supports from dark to light.
const SUPPORTS: [(u8, u8, u8); 10] = [
    (0, 34, 78),
    (18, 53, 112),
    (59, 73, 108),
    (87, 93, 109),
    (112, 113, 115),
    (138, 134, 120),
    (165, 156, 116),
    (195, 179, 105),
    (225, 204, 85),
    (254, 232, 56),
];

/// Colour of a share between 0 and 1: low values are those nearer to the theme's ground, so that high ones stand out.
pub fn cividis(theme: &Theme, share: f64) -> RGBColor {
    let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
    let bright = |colour: RGBColor| u32::from(colour.0) + u32::from(colour.1) + u32::from(colour.2);
    let at = if bright(theme.ground) > bright(theme.ink) { 1.0 - share } else { share } * (SUPPORTS.len() - 1) as f64;
    let place = (at.floor() as usize).min(SUPPORTS.len() - 2);
    let (low, high) = (SUPPORTS[place], SUPPORTS[place + 1]);
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * (at - place as f64)).round() as u8;
    RGBColor(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

#[cfg(test)]
mod tests {
    use super::{RGBColor, Theme, cividis};

    /// Rough lightness: weights of the three parts as the eye has them.
    fn light(colour: RGBColor) -> f64 {
        0.299 * f64::from(colour.0) + 0.587 * f64::from(colour.1) + 0.114 * f64::from(colour.2)
    }

    #[test]
    fn lightness_runs_one_way_in_even_steps() {
        for (theme, sign) in [(Theme::light(1.0), -1.0), (Theme::dark(1.0), 1.0)] {
            let steps: Vec<f64> = (0..=9).map(|step| sign * light(cividis(&theme, f64::from(step) / 9.0))).collect();
            let gaps: Vec<f64> = steps.windows(2).map(|pair| pair[1] - pair[0]).collect();
            assert!(gaps.iter().all(|gap| *gap > 15.0 && *gap < 30.0), "{gaps:?}");
        }
    }

    #[test]
    fn ends_are_those_of_the_scale() {
        let dark = Theme::dark(1.0);
        assert_eq!((cividis(&dark, 0.0), cividis(&dark, 7.0)), (RGBColor(0, 34, 78), RGBColor(254, 232, 56)));
        assert_eq!(cividis(&Theme::light(1.0), 1.0), RGBColor(0, 34, 78));
        assert_eq!(cividis(&dark, f64::NAN), cividis(&dark, 0.0));
    }
}
