//! What tests ask of a figure.
//!
//! Does: reads the SVG that plotters writes (flat elements, one attribute syntax) and checks facts about it: words,
//! shapes, nothing outside the picture, no text on another.
//! Does not know: any figure.
//! Flow: SVG of a test → **facts**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use crate::theme::Theme;
use crate::words::width_of;

/// Themes and widths that figures are looked at: a report's page, a telephone, a page at twice the pixels.
pub(crate) fn pictures() -> [(Theme, u32); 5] {
    let (light, dark) = (Theme::light, Theme::dark);
    [(light(1.0), 860), (dark(1.0), 860), (light(1.0), 400), (dark(1.0), 400), (light(2.0), 1720)]
}

/// One element: its tag, its attributes as written, the words it holds.
pub(crate) struct Element {
    pub(crate) tag: String,
    attributes: String,
    pub(crate) words: String,
}

impl Element {
    /// An attribute's words.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let at = self.attributes.find(&format!(" {name}=\""))? + name.len() + 3;
        self.attributes[at..].split('"').next()
    }

    /// An attribute's number.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
    }

    /// Left, top, right, bottom.
    pub(crate) fn reach(&self) -> (f64, f64, f64, f64) {
        let n = |name: &str| self.number(name);
        match self.tag.as_str() {
            "circle" => (n("cx") - n("r"), n("cy") - n("r"), n("cx") + n("r"), n("cy") + n("r")),
            "rect" => (n("x"), n("y"), n("x") + n("width"), n("y") + n("height")),
            "text" => self.text_box(),
            _ => {
                let points = self.attribute("points").unwrap();
                let pairs = points.split_whitespace().map(|pair| pair.split_once(',').unwrap());
                pairs.fold((1e9, 1e9, -1e9, -1e9), |reach: (f64, f64, f64, f64), (x, y)| {
                    let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                    (reach.0.min(x), reach.1.min(y), reach.2.max(x), reach.3.max(y))
                })
            }
        }
    }

    /// Estimated box of a text.
    fn text_box(&self) -> (f64, f64, f64, f64) {
        // The surface writes sizes divided by 1.24.
        let size = self.number("font-size") * 1.24;
        let (width, em) = (f64::from(width_of(&Theme::light(1.0), &self.words, size)), size / 1.24);
        let start = match self.attribute("text-anchor").unwrap() {
            "start" => 0.0,
            "middle" => -0.5 * width,
            _ => -width,
        };
        // Capital letters are 0.73 em high; the base line is moved by dy.
        let base = match self.attribute("dy").unwrap() {
            "0.76em" => 0.76 * em,
            "0.5ex" => 0.27 * em,
            _ => -0.27 * em,
        };
        let (x, y) = (self.number("x"), self.number("y"));
        if self.attribute("transform").is_some() {
            (x + base - 0.73 * em, y - start - width, x + base, y - start)
        } else {
            (x + start, y + base - 0.73 * em, x + start + width, y + base)
        }
    }
}

/// The elements of an SVG in the order they are drawn, without the ground.
pub(crate) fn elements(svg: &str) -> Vec<Element> {
    let known = ["circle", "rect", "text", "polyline", "polygon", "line"];
    let mut found = Vec::new();
    for part in svg.split('<').skip(1) {
        let (head, words) = part.split_once('>').unwrap();
        let tag = head.split([' ', '/']).next().unwrap_or_default();
        if known.contains(&tag) && !head.starts_with('/') {
            let words = words.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            found.push(Element { tag: tag.to_owned(), attributes: head.to_owned(), words });
        }
    }
    assert_eq!(found[0].tag, "rect", "the ground comes first");
    found.remove(0);
    found
}

/// How many elements have a tag and a fill.
pub(crate) fn filled(svg: &str, tag: &str, colour: plotters::style::RGBColor) -> usize {
    let fill = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
    elements(svg).iter().filter(|own| own.tag == tag && own.attribute("fill") == Some(&fill)).count()
}

/// Checks that words are numbers and numbers finite, everything is inside the picture, no text lies on another.
pub(crate) fn is_tidy(svg: &str, (width, height): (u32, u32)) {
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "a number is not finite");
    let elements = elements(svg);
    let mut texts: Vec<&Element> = Vec::new();
    for own in &elements {
        let (left, top, right, bottom) = own.reach();
        let inside = left >= 0.0 && top >= 0.0 && right <= f64::from(width) && bottom <= f64::from(height);
        assert!(inside, "{} {:?} at {:?} leaves {width} x {height}", own.tag, own.words, own.reach());
        if own.tag != "text" {
            continue;
        }
        for other in &texts {
            let (l, t, r, b) = other.reach();
            let apart = right <= l || r <= left || bottom <= t || b <= top;
            assert!(apart, "{:?} {:?} lies on {:?} {:?}", own.words, own.reach(), other.words, other.reach());
        }
        texts.push(own);
    }
}

/// Whether a text with exactly these words is written.
pub(crate) fn says(svg: &str, words: &str) -> bool {
    elements(svg).iter().any(|own| own.tag == "text" && own.words == words)
}
