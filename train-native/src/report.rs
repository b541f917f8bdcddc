//! A run as one page that opens anywhere.
//!
//! Does: reads a run's events, draws loss, learning rate and speed, and writes a self-contained HTML file
//! with a summary in words and numbers.
//! Does not know: how a run came about.
//! Flow: events.jsonl → **report.html**.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use plots::curves::{Series, draw};
use plots::svg::render;
use plots::theme::Theme;
use serde_json::Value;

use crate::files::write_atomic;
use crate::html::{escape, page};
use crate::train::{EVENTS, RECIPE};

/// Size of a figure.
const SIZE: (u32, u32) = (860, 340);

/// What the events say.
#[derive(Debug, Default, PartialEq)]
struct Story {
    step: Vec<f64>,
    bits: Vec<f64>,
    smoothed: Vec<f64>,
    rate: Vec<f64>,
    norm: Vec<f64>,
    speed: Vec<f64>,
    checked_at: Vec<f64>,
    validation: Vec<f64>,
    sessions: usize,
    memory: f64,
}

/// Reads events; a last line that was cut short is left out. After a resume, steps that were done again
/// replace the earlier ones.
fn read(text: &str) -> Result<Story> {
    let mut story = Story::default();
    let lines: Vec<&str> = text.lines().collect();
    for (place, line) in lines.iter().enumerate() {
        let event: Value = match serde_json::from_str(line) {
            Ok(event) => event,
            Err(_) if place + 1 == lines.len() => break,
            Err(error) => return Err(error).with_context(|| format!("line {} of the events is damaged", place + 1)),
        };
        let number = |key: &str| event[key].as_f64().unwrap_or(f64::NAN);
        match event["event"].as_str() {
            Some("start") => {
                story.sessions += 1;
                story.forget_after(number("step"));
            }
            Some("step") => {
                story.step.push(number("step"));
                story.bits.push(number("bits_per_gene"));
                story.smoothed.push(number("smoothed"));
                story.rate.push(number("rate"));
                story.norm.push(number("norm"));
                story.speed.push(number("cells_per_second"));
            }
            Some("checkpoint") => {
                story.checked_at.push(number("step"));
                story.validation.push(number("validation"));
                story.memory = story.memory.max(event["memory"].as_f64().unwrap_or(0.0));
            }
            _ => {}
        }
    }
    Ok(story)
}

impl Story {
    /// Drops what an interrupted session did after its last checkpoint.
    fn forget_after(&mut self, step: f64) {
        let keep = self.step.partition_point(|own| *own <= step);
        for list in
            [&mut self.step, &mut self.bits, &mut self.smoothed, &mut self.rate, &mut self.norm, &mut self.speed]
        {
            list.truncate(keep);
        }
        let keep = self.checked_at.partition_point(|own| *own <= step);
        self.checked_at.truncate(keep);
        self.validation.truncate(keep);
    }

    /// The figures: title, sentence, SVG.
    fn figures(&self) -> Result<Vec<(&'static str, String)>> {
        let theme = Theme::light(1.0);
        let curve = |title: &'static str, y: &str, series: &[Series<'_>]| -> Result<(&'static str, String)> {
            Ok((
                title,
                render(SIZE, title, "Drawn over training steps.", |area| draw(area, &theme, ("step", y), series))?,
            ))
        };
        let x = self.step.as_slice();
        let mut loss = vec![
            Series { name: "every step", x, y: &self.bits, pale: true },
            Series { name: "smoothed", x, y: &self.smoothed, pale: false },
        ];
        if self.validation.iter().any(|value| value.is_finite()) {
            loss.push(Series { name: "cells set aside", x: &self.checked_at, y: &self.validation, pale: false });
        }
        Ok(vec![
            curve("Loss", "bits per gene", &loss)?,
            curve("Learning rate", "rate", &[Series { name: "rate", x, y: &self.rate, pale: false }])?,
            curve("Gradient", "norm before clipping", &[Series { name: "norm", x, y: &self.norm, pale: false }])?,
            curve("Speed", "cells per second", &[Series { name: "cells/s", x, y: &self.speed, pale: false }])?,
        ])
    }
}

/// Draws a run into one HTML file.
///
/// # Errors
/// When the folder is no run, nothing was trained yet, or the file cannot be written.
pub fn report(run: &Path, out: &Path) -> Result<()> {
    let path = run.join(EVENTS);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; is it a run folder?", path.display()))?;
    let story = read(&text)?;
    ensure!(!story.step.is_empty(), "{} has no finished step yet", run.display());
    let recipe = std::fs::read_to_string(run.join(RECIPE)).unwrap_or_default();
    let last = |list: &[f64]| list.last().copied().unwrap_or(f64::NAN);
    let best = story.validation.iter().copied().filter(|v| v.is_finite()).fold(f64::INFINITY, f64::min);
    let mut rows = vec![
        ("Steps", format!("{:.0}", last(&story.step))),
        ("Sessions", story.sessions.to_string()),
        ("Loss, smoothed", format!("{:.4} bits per gene", last(&story.smoothed))),
        ("Speed of the last session", format!("{:.1} cells/s", last(&story.speed))),
    ];
    if best.is_finite() {
        rows.push(("Lowest loss on cells set aside", format!("{best:.4} bits per gene")));
    }
    if story.memory > 0.0 {
        rows.push(("Most memory", format!("{:.2} GB", story.memory / 1e9)));
    }
    let name = run.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut body = format!("<h1>Run {}</h1>\n<table>\n", escape(&name));
    for (name, value) in rows {
        writeln!(body, "<tr><th scope=\"row\">{name}</th><td>{value}</td></tr>")?;
    }
    body.push_str("</table>\n");
    for (name, svg) in story.figures()? {
        writeln!(body, "<h2>{name}</h2>\n{svg}")?;
    }
    writeln!(body, "<h2>Recipe</h2>\n<pre>{}</pre>", escape(&recipe))?;
    write_atomic(out, page(&format!("Run {name}"), &body).as_bytes())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::read;

    #[test]
    fn a_resumed_run_is_one_story() {
        let step = |step: u32, bits: f64| {
            format!(
                "{{\"event\":\"step\",\"step\":{step},\"bits_per_gene\":{bits},\"smoothed\":1,\"rate\":1,\"norm\":1,\"cells_per_second\":9}}\n"
            )
        };
        let text = format!(
            "{{\"event\":\"start\",\"step\":0}}\n{}{}{{\"event\":\"checkpoint\",\"step\":2,\"memory\":1000}}\n{}{{\"event\":\"start\",\"step\":2}}\n{}{{\"event\":\"st",
            step(1, 4.0),
            step(2, 3.0),
            step(3, 9.0),
            step(3, 2.0)
        );
        let story = read(&text).unwrap();
        assert_eq!((story.step, story.bits), (vec![1.0, 2.0, 3.0], vec![4.0, 3.0, 2.0]));
        assert_eq!((story.sessions, story.memory), (2, 1000.0));
        assert!(read("{broken\n{\"event\":\"start\",\"step\":0}\n").is_err());
    }
}
