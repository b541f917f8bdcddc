//! Words and numbers that fit.
//!
//! Does: estimates how wide a text will be, shortens or wraps it to the room there is, writes numbers.
//! Does not know: fonts; widths are those of common sans-serif faces, rather too wide than too narrow.
//! Flow: words and room → **words that fit** → figures.

use crate::theme::Theme;

/// Estimated width in device pixels of a text of `size` CSS pixels.
pub(crate) fn width_of(theme: &Theme, words: &str, size: f64) -> i32 {
    // Parts of the font's size, from Arial and DejaVu Sans.
    let ems: f64 = words
        .chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | 'I' | ' ' | '.' | ',' | ':' | '\'' | '|' | '·' => 0.32,
            'm' | 'w' | 'M' | 'W' | '%' | '…' => 0.85,
            letter if letter.is_uppercase() => 0.67,
            _ => 0.56,
        })
        .sum();
    (ems * size * theme.scale).ceil() as i32
}

/// The text, or as much of it as fits into `room` device pixels with an ellipsis.
pub(crate) fn shortened(theme: &Theme, words: &str, size: f64, room: i32) -> String {
    if width_of(theme, words, size) <= room {
        return words.to_owned();
    }
    let mut kept: Vec<char> = words.chars().collect();
    while kept.pop().is_some() {
        let shorter = format!("{}…", kept.iter().collect::<String>().trim_end());
        if width_of(theme, &shorter, size) <= room {
            return shorter;
        }
    }
    String::new()
}

/// The text in lines of at most `room` device pixels, broken at spaces; what is longer than a line is shortened, and
/// so is what is left after `most` lines.
pub(crate) fn wrapped(theme: &Theme, words: &str, size: f64, room: i32, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let full = lines.len() >= most;
        match lines.last_mut() {
            Some(line) if full || width_of(theme, &format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| shortened(theme, line, size, room)).collect()
}

/// Names of rows at the left of a figure, in one line or, where that is too narrow, in two.
pub(crate) struct Names {
    /// Lines of every name.
    pub(crate) lines: Vec<Vec<String>>,
    /// Width of the widest line in device pixels.
    pub(crate) width: i32,
}

impl Names {
    /// Size of the letters in CSS pixels.
    pub(crate) const SIZE: f64 = 12.0;

    /// Names in at most `most` device pixels.
    pub(crate) fn new<'a>(theme: &Theme, names: impl Iterator<Item = &'a str>, most: i32) -> Self {
        let lines: Vec<Vec<String>> = names.map(|name| wrapped(theme, name, Self::SIZE, most, 2)).collect();
        let width = lines.iter().flatten().map(|line| width_of(theme, line, Self::SIZE)).max().unwrap_or(0);
        Self { lines, width }
    }

    /// Height of a row in device pixels that usually has `usual` CSS pixels and must hold the longest name.
    pub(crate) fn row(&self, theme: &Theme, usual: f64) -> i32 {
        let two = self.lines.iter().any(|lines| lines.len() > 1);
        theme.px(if two { usual.max(32.0) } else { usual })
    }
}

/// A number with three significant digits.
pub(crate) fn significant(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let power = value.abs().log10().floor();
    let text = if (-3.0..6.0).contains(&power) {
        format!("{value:.*}", (2.0 - power).max(0.0) as usize)
    } else {
        format!("{value:.1e}")
    };
    text.replace('-', "−")
}

/// A number with up to three significant digits.
pub(crate) fn brief(value: f64) -> String {
    let text = significant(value);
    if text.contains('e') || !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A share as a percentage with one digit; a little is never written as nothing.
pub(crate) fn percent(share: f64) -> String {
    match share {
        0.0 => "0%".to_owned(),
        share if share > 0.0 && share < 0.0005 => "<0.1%".to_owned(),
        share => format!("{:.1}%", 100.0 * share),
    }
}

#[cfg(test)]
mod tests {
    use super::{Names, brief, percent, shortened, significant, width_of, wrapped};
    use crate::theme::Theme;

    #[test]
    fn words_fit_their_room() {
        let theme = Theme::light(1.0);
        let name = "Mean of the measured cells of the same donor";
        for room in [12, 40, 100, 200] {
            let short = shortened(&theme, name, 12.0, room);
            assert!(width_of(&theme, &short, 12.0) <= room && short.ends_with('…'), "{room}: {short}");
        }
        assert_eq!(shortened(&theme, name, 12.0, 1000), name);
        assert_eq!(shortened(&theme, name, 12.0, 1), "");
        let lines = wrapped(&theme, name, 12.0, 130, 3);
        assert_eq!(lines.join(" "), name);
        assert!(lines.len() == 3 && lines.iter().all(|line| width_of(&theme, line, 12.0) <= 130), "{lines:?}");
        let cut = wrapped(&theme, name, 12.0, 130, 2);
        assert!(cut.len() == 2 && cut[1].ends_with('…'));
        assert!(wrapped(&theme, "", 12.0, 130, 2).is_empty());
        let names = Names::new(&theme, [name, "short"].into_iter(), 150);
        assert!(names.width <= 150 && names.lines[0].len() == 2 && names.row(&theme, 20.0) == 32);
        assert_eq!(Names::new(&theme, ["short"].into_iter(), 150).row(&theme, 20.0), 20);
        // Sizes follow the scale of the screen.
        assert!(width_of(&Theme::dark(2.0), name, 12.0) >= 2 * width_of(&theme, name, 12.0) - 1);
    }

    #[test]
    fn numbers_have_three_digits() {
        let cases = [(0.87251, "0.873"), (4.2, "4.20"), (-12.34, "−12.3"), (1234.0, "1234"), (0.00312, "0.00312")];
        for (value, words) in cases {
            assert_eq!(significant(value), words);
        }
        assert_eq!(significant(0.000_123), "1.2e−4");
        assert_eq!([1.0, 0.5, 100.0, 0.0, 0.000_123].map(brief), ["1", "0.5", "100", "0", "1.2e−4"]);
        assert_eq!([0.0, 0.0001, 0.1234, 1.0].map(percent), ["0%", "<0.1%", "12.3%", "100.0%"]);
    }
}
