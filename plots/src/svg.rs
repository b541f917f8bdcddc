//! Figures as SVG texts.
//!
//! Does: draws any figure into a string with a title and a description for screen readers.
//! Does not know: files.
//! Flow: figure → **SVG** → download or report.

use plotters::prelude::{IntoDrawingArea, SVGBackend};

use crate::frame::{Area, PlotError, drawn};

/// Draws a figure of `size` (width, height) with `figure` and returns the SVG.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn render<'a>(
    size: (u32, u32),
    title: &str,
    description: &str,
    figure: impl FnOnce(&Area<SVGBackend<'_>>) -> Result<(), PlotError> + 'a,
) -> Result<String, PlotError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        figure(&area)?;
        drawn(area.present())?;
    }
    let words = format!("<title>{}</title><desc>{}</desc>", escape(title), escape(description));
    // The first `>` that closes the <svg …> tag.
    let opening = svg.find("<svg").and_then(|start| svg[start..].find('>').map(|end| start + end + 1));
    if let Some(at) = opening {
        svg.insert_str(at, &words);
    }
    Ok(svg)
}

/// Text that is safe inside an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::render;
    use crate::checks::elements;
    use crate::frame::Marker;
    use crate::theme::Theme;
    use crate::{map, violin, volcano};

    fn shifts() -> (Vec<String>, Vec<f64>, Vec<f64>) {
        let genes = (0..200).map(|gene| format!("GENE{gene}")).collect();
        let change = (0..200).map(|gene| f64::from(gene % 21 - 10) / 2.0).collect();
        let q = (0..200).map(|gene| if gene == 7 { 0.0 } else { 10.0_f64.powi(-(gene % 9)) }).collect();
        (genes, change, q)
    }

    #[test]
    fn a_map_names_its_layers_and_counts() {
        let reference: Vec<f32> = (0..60).map(|i| ((i * 37) % 17) as f32).collect();
        let theme = Theme::light(1.0);
        let layer = map::Layer {
            name: "IFN-β & more",
            colour: theme.series[1],
            marker: Marker::Triangle,
            points: &[1.0, 2.0, f32::NAN, 3.0],
        };
        let name = |text: &str, at| map::Name { text: text.to_owned(), at };
        let names = [name("B cells", (5.0, 5.0)), name("B cell copies", (5.1, 5.0)), name("NK cells", (5.0, 12.0))];
        let svg = render((400, 300), "Map", "30 measured <cells>", |area| {
            map::draw(area, &theme, &reference, &names, &[layer]).map(|_| ())
        })
        .unwrap();
        assert!(svg.contains("measured, 30 cells") && svg.contains("2 cells") && svg.contains("&lt;cells&gt;"));
        assert!(!svg.contains("NaN"));
        // The second name would lie on the first.
        assert!(svg.contains("B cells") && svg.contains("NK cells") && !svg.contains("B cell copies"));
    }

    #[test]
    fn a_volcano_is_a_gene_picker() {
        let (genes, change, q) = shifts();
        let shifts = volcano::Shifts {
            genes: &genes,
            log2_fold_change: &change,
            q: &q,
            q_cut: 0.05,
            change_cut: 0.5,
            selected: Some(7),
            against: volcano::Against::Significance,
        };
        let theme = Theme::dark(2.0);
        let mut frame = None;
        let svg = render((500, 400), "Volcano", "", |area| {
            frame = Some(volcano::draw(area, &theme, &shifts)?);
            Ok(())
        })
        .unwrap();
        assert!(svg.contains("GENE7") && svg.contains("log2 fold change") && !svg.contains("NaN"));
        let frame = frame.unwrap();
        // The gene with q = 0 stands at the highest drawn value, at its fold change.
        let at = frame.pixel(change[7], 300.0);
        assert_eq!(volcano::nearest(&frame, &shifts, at, 12), Some(7));
        assert_eq!(volcano::nearest(&frame, &shifts, (-500, -500), 12), None);
        let short = volcano::Shifts { q: &q[..3], ..shifts };
        assert!(render((10, 10), "", "", |area| volcano::draw(area, &theme, &short).map(|_| ())).is_err());
    }

    #[test]
    fn two_figures_share_a_page() {
        let (genes, change, q) = shifts();
        let (q_cut, change_cut) = (0.05, 0.5);
        let shifts = volcano::Shifts {
            genes: &genes,
            log2_fold_change: &change,
            q: &q,
            q_cut,
            change_cut,
            selected: None,
            against: volcano::Against::Significance,
        };
        let reference: Vec<f32> = (0..60).map(|i| ((i * 37) % 17) as f32).collect();
        let theme = Theme::light(1.0);
        let mut frames = Vec::new();
        let page = render((900, 400), "Map and volcano", "", |area| {
            let (left, right) = area.split_horizontally(400);
            frames.push(map::draw(&left, &theme, &reference, &[], &[])?);
            frames.push(volcano::draw(&right, &theme, &shifts)?);
            Ok(())
        })
        .unwrap();
        // Each draws as if alone, within its part of the picture.
        let alone = render((500, 400), "Volcano", "", |area| {
            frames.push(volcano::draw(area, &theme, &shifts)?);
            Ok(())
        })
        .unwrap();
        assert_eq!(frames[1], frames[2]);
        let (both, alone) = (elements(&page), elements(&alone));
        let first = both.iter().position(|own| own.tag == "rect").unwrap();
        assert!(both[..first].iter().all(|own| own.reach().2 <= 400.0), "the map stays left of the volcano's ground");
        assert_eq!(both.len() - first - 1, alone.len());
        for (beside, own) in both[first + 1..].iter().zip(&alone) {
            assert!((beside.reach().0 - own.reach().0 - 400.0).abs() < 1e-9 && beside.words == own.words);
        }
        // Nothing that two SVGs on one page could confuse, and one title each.
        assert!(!page.contains(" id=") && !page.contains("url(#") && !page.contains("<style"));
        assert_eq!(page.matches("<title>").count(), 1);
    }

    #[test]
    fn violins_show_detection_and_bear_odd_values() {
        let values: Vec<f32> = (0..50).map(|i| if i % 2 == 0 { 0.0 } else { i as f32 / 10.0 }).collect();
        let panels = [
            violin::Panel { gene: "ISG15", groups: vec![&values, &[]] },
            violin::Panel { gene: "CD14", groups: vec![&[2.0, 2.0], &[f32::NAN]] },
        ];
        let svg =
            render((400, 300), "", "", |area| violin::draw(area, &Theme::light(1.0), &["control", "IFN-β"], &panels))
                .unwrap();
        assert!(svg.contains("ISG15") && svg.contains("50%") && svg.contains("100%") && !svg.contains("NaN"));
    }

    #[test]
    fn empty_figures_say_so() {
        let theme = Theme::light(1.0);
        let map = render((200, 200), "", "", |area| map::draw(area, &theme, &[], &[], &[]).map(|_| ())).unwrap();
        assert!(map.contains("no reference cells"));
        let violins = render((200, 200), "", "", |area| violin::draw(area, &theme, &["a"], &[])).unwrap();
        assert!(violins.contains("no genes chosen"));
    }
}
