//! From the map's coordinates to pixels and back.
//!
//! Does: fits, pans and zooms; keeps zoom and centre within limits, so that the map cannot be lost.
//! Does not know: what lies there.
//! Flow: drag, wheel, keys → **view** → pixels.

/// Pixels kept free around a map that is fitted.
const MARGIN: f64 = 18.0;
/// Most and least magnification, with the fitted map as 1.
const ZOOM: (f64, f64) = (0.5, 400.0);

/// A rectangle of the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest x and y.
    pub low: (f64, f64),
    /// Largest x and y.
    pub high: (f64, f64),
}

impl Bounds {
    /// Around the finite ones of coordinates [n, 2]; `None` when there are none.
    pub fn around(points: &[f32]) -> Option<Self> {
        let mut found: Option<Self> = None;
        for point in points.chunks_exact(2).filter(|point| point.iter().all(|value| value.is_finite())) {
            let (x, y) = (f64::from(point[0]), f64::from(point[1]));
            let own = found.get_or_insert(Self { low: (x, y), high: (x, y) });
            own.low = (own.low.0.min(x), own.low.1.min(y));
            own.high = (own.high.0.max(x), own.high.1.max(y));
        }
        found
    }
}

/// What part of the map is seen. Sizes and pixels are CSS pixels; y grows upwards on the map, downwards on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Place in the middle of the screen.
    pub centre: (f64, f64),
    /// Map units per pixel.
    pub unit: f64,
}

impl View {
    /// All of `bounds` on a screen of `size`.
    pub fn fit(bounds: &Bounds, size: (f64, f64)) -> Self {
        let room = ((size.0 - 2.0 * MARGIN).max(1.0), (size.1 - 2.0 * MARGIN).max(1.0));
        let span = (bounds.high.0 - bounds.low.0, bounds.high.1 - bounds.low.1);
        let unit = (span.0 / room.0).max(span.1 / room.1);
        Self {
            centre: (0.5 * (bounds.low.0 + bounds.high.0), 0.5 * (bounds.low.1 + bounds.high.1)),
            // One place alone, however often, is shown at one unit per hundred pixels.
            unit: if unit > 0.0 { unit } else { 0.01 },
        }
    }

    /// Pixel of a place.
    pub fn pixel(&self, size: (f64, f64), at: (f64, f64)) -> (f64, f64) {
        (0.5 * size.0 + (at.0 - self.centre.0) / self.unit, 0.5 * size.1 - (at.1 - self.centre.1) / self.unit)
    }

    /// Place under a pixel.
    pub fn place(&self, size: (f64, f64), pixel: (f64, f64)) -> (f64, f64) {
        (self.centre.0 + (pixel.0 - 0.5 * size.0) * self.unit, self.centre.1 - (pixel.1 - 0.5 * size.1) * self.unit)
    }

    /// Moved so that what was under a pixel is `by` pixels further.
    pub fn panned(self, by: (f64, f64)) -> Self {
        Self { centre: (self.centre.0 - by.0 * self.unit, self.centre.1 + by.1 * self.unit), ..self }
    }

    /// Magnified by a factor; what is under `about` stays there. `home` is the fitted view, which sets the limits.
    pub fn zoomed(self, size: (f64, f64), about: (f64, f64), factor: f64, home: &Self) -> Self {
        if !factor.is_finite() || factor <= 0.0 {
            return self;
        }
        let unit = (self.unit / factor).clamp(home.unit / ZOOM.1, home.unit / ZOOM.0);
        let held = self.place(size, about);
        let off = (about.0 - 0.5 * size.0, about.1 - 0.5 * size.1);
        Self { centre: (held.0 - off.0 * unit, held.1 + off.1 * unit), unit }
    }

    /// With its middle inside `bounds`.
    pub fn within(self, bounds: &Bounds) -> Self {
        let inside = |value: f64, low: f64, high: f64| value.max(low).min(high);
        Self {
            centre: (
                inside(self.centre.0, bounds.low.0, bounds.high.0),
                inside(self.centre.1, bounds.low.1, bounds.high.1),
            ),
            ..self
        }
    }

    /// How much larger than `home`.
    pub fn magnification(&self, home: &Self) -> f64 {
        home.unit / self.unit
    }

    /// Scale and offset from the map's coordinates to a GPU's clip space (−1 to 1, y upwards): scale x, scale y,
    /// offset x, offset y.
    pub fn clip(&self, size: (f64, f64)) -> [f32; 4] {
        let scale = (2.0 / (self.unit * size.0.max(1.0)), 2.0 / (self.unit * size.1.max(1.0)));
        [scale.0 as f32, scale.1 as f32, (-self.centre.0 * scale.0) as f32, (-self.centre.1 * scale.1) as f32]
    }
}

/// How much larger than at home points are drawn: they grow slowly with the zoom, so that far zoom shows no dust.
pub fn growth(magnification: f64) -> f64 {
    // Quarters: few sizes of points are then ever needed.
    (4.0 * magnification.max(1.0).powf(0.3).min(2.5)).round() / 4.0
}

#[cfg(test)]
mod tests {
    use super::{Bounds, View, growth};

    const SIZE: (f64, f64) = (400.0, 300.0);

    fn bounds() -> Bounds {
        Bounds::around(&[-1.0, 2.0, f32::NAN, 9.0, 3.0, 4.0]).expect("two points are finite")
    }

    fn near(a: (f64, f64), b: (f64, f64)) -> bool {
        (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9
    }

    #[test]
    fn all_of_the_map_fits() {
        let bounds = bounds();
        assert_eq!((bounds.low, bounds.high), ((-1.0, 2.0), (3.0, 4.0)));
        assert_eq!(Bounds::around(&[f32::NAN, 1.0]), None);
        let view = View::fit(&bounds, SIZE);
        for corner in [bounds.low, bounds.high] {
            let (x, y) = view.pixel(SIZE, corner);
            assert!((17.9..=382.1).contains(&x) && (17.9..=282.1).contains(&y), "{x} {y}");
        }
        // Up on the map is up on the screen.
        assert!(view.pixel(SIZE, (0.0, 4.0)).1 < view.pixel(SIZE, (0.0, 2.0)).1);
        let one = Bounds { low: (5.0, 5.0), high: (5.0, 5.0) };
        assert!(near(View::fit(&one, SIZE).pixel(SIZE, (5.0, 5.0)), (200.0, 150.0)));
    }

    #[test]
    fn places_and_pixels_are_inverse() {
        let view = View { centre: (3.0, -2.0), unit: 0.07 };
        for pixel in [(0.0, 0.0), (17.0, 250.0), (400.0, 300.0)] {
            assert!(near(view.pixel(SIZE, view.place(SIZE, pixel)), pixel));
        }
        let [sx, sy, ox, oy] = view.clip(SIZE).map(f64::from);
        let at = view.place(SIZE, (100.0, 75.0));
        assert!((at.0 * sx + ox + 0.5).abs() < 1e-4 && (at.1 * sy + oy - 0.5).abs() < 1e-4);
    }

    #[test]
    fn what_is_held_stays_under_the_pointer() {
        let home = View::fit(&bounds(), SIZE);
        let held = home.place(SIZE, (90.0, 40.0));
        let nearer = home.zoomed(SIZE, (90.0, 40.0), 3.0, &home);
        assert!(near(nearer.pixel(SIZE, held), (90.0, 40.0)));
        assert!((nearer.magnification(&home) - 3.0).abs() < 1e-9);
        let dragged = nearer.panned((25.0, -10.0));
        assert!(near(dragged.pixel(SIZE, held), (115.0, 30.0)));
    }

    #[test]
    fn the_map_cannot_be_lost() {
        let home = View::fit(&bounds(), SIZE);
        let far = home.zoomed(SIZE, (0.0, 0.0), 1e-9, &home);
        assert!((far.magnification(&home) - 0.5).abs() < 1e-9);
        assert!(home.zoomed(SIZE, (0.0, 0.0), 1e9, &home).magnification(&home) < 401.0);
        assert_eq!(home.zoomed(SIZE, (0.0, 0.0), f64::NAN, &home), home);
        let away = home.panned((1e7, -1e7)).within(&bounds());
        assert_eq!(away.centre, (-1.0, 2.0));
        assert_eq!((growth(0.5), growth(1.0), growth(1e6)), (1.0, 1.0, 2.5));
    }
}
