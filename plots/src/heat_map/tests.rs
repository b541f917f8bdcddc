//! What a heat map shows, where its fields are found, what it says when it cannot be drawn.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]
use super::{HeatMap, Layout, draw, height};
use crate::checks::{elements, filled, is_tidy, pictures, says};
use crate::frame::PlotError;
use crate::svg::render;
use crate::theme::Theme;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn heat<'a>(rows: &'a [String], columns: &'a [String], values: &'a [f32]) -> HeatMap<'a> {
    let unit = "mean log-normalised expression";
    HeatMap {
        rows,
        columns,
        values,
        range: None,
        diverging: false,
        unit,
        title: "Markers",
        selected_row: None,
        trees: [&[], &[]],
    }
}

#[test]
fn every_value_has_its_colour_and_every_row_its_name() {
    let rows = names(&["ISG15", "CXCL10", "CD14", "HLA-DRA"]);
    let columns = names(&["generated, no cytokine", "generated, interferon-β", "measured, interferon-β"]);
    let values: Vec<f32> = (0..12).map(|at| if at == 7 { f32::NAN } else { ((at * 5) % 12) as f32 }).collect();
    for (theme, width) in pictures() {
        let own = HeatMap { selected_row: Some(2), ..heat(&rows, &columns, &values) };
        let size = (width, height(&theme, width, &own));
        let svg = render(size, "", "", |area| draw(area, &theme, &own).map(drop)).unwrap();
        is_tidy(&svg, size);
        assert!(rows.iter().all(|row| says(&svg, row)) && says(&svg, "Markers"));
        assert!(columns.iter().all(|column| says(&svg, column)), "{width}");
        assert!(says(&svg, "mean log-normalised expression; line: no value"));
        // The largest value has the strongest colour, the smallest the quiet one.
        assert_eq!(filled(&svg, "rect", theme.ramp(1.0)), 1);
        assert_eq!(filled(&svg, "rect", theme.ramp(0.0)), 1);
    }
}

#[test]
fn trees_stand_beside_the_fields_and_leave_them_their_room() {
    let rows = names(&["ISG15", "CXCL10", "CD14"]);
    let columns = names(&["A1 IFN-β", "A2 IL-2"]);
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let genes = [[0.5, 1.5, 0.0, 0.0, 0.4], [2.5, 1.0, 0.0, 0.4, 1.0]];
    let wells = [[0.5, 1.5, 0.0, 0.0, 1.0]];
    for (theme, width) in pictures() {
        let plain = heat(&rows, &columns, &values);
        let own = HeatMap { trees: [&genes, &wells], ..plain };
        let size = (width, height(&theme, width, &own));
        assert!(size.1 > height(&theme, width, &plain), "a tree above needs height");
        let mut layout = Layout::default();
        let drawn = |figure: HeatMap<'_>, layout: &mut Layout| {
            render(size, "", "", |area| {
                *layout = draw(area, &theme, &figure)?;
                Ok(())
            })
            .unwrap()
        };
        let lines = |svg: &str| elements(svg).iter().filter(|own| own.tag == "polyline").count();
        let without = lines(&drawn(plain, &mut layout));
        let svg = drawn(own, &mut layout);
        is_tidy(&svg, size);
        // A line of three parts for every fork.
        assert_eq!(lines(&svg) - without, 3);
        let (left, top, right, bottom) = layout.pixels;
        assert!(left < right && top < bottom && right < width as i32 - theme.px(20.0), "{layout:?}");
    }
}

#[test]
fn a_pixel_finds_its_field() {
    let theme = Theme::light(1.0);
    let rows: Vec<String> = (0..7).map(|row| format!("GENE{row}")).collect();
    let columns: Vec<String> = (0..13).map(|column| format!("well {column}")).collect();
    let values: Vec<f32> = (0..91).map(|at| at as f32).collect();
    let mut layout = Layout::default();
    render((411, 300), "", "", |area| {
        layout = draw(area, &theme, &heat(&rows, &columns, &values))?;
        Ok(())
    })
    .unwrap();
    for row in 0..7 {
        for column in 0..13 {
            let (left, right) = (layout.column_edge(column), layout.column_edge(column + 1));
            let (top, bottom) = (layout.row_edge(row), layout.row_edge(row + 1));
            for at in [(left, top), (right - 1, bottom - 1)] {
                assert_eq!(layout.cell_at(at), Some((row, column)));
            }
        }
    }
    let (left, top, right, bottom) = layout.pixels;
    for outside in [(left - 1, top), (left, top - 1), (right, top), (left, bottom)] {
        assert_eq!(layout.cell_at(outside), None);
    }
    assert_eq!((layout.row_at(bottom - 1), layout.row_at(bottom)), (Some(6), None));
    assert_eq!(Layout::default().cell_at((0, 0)), None);
    // More columns than pixels: every pixel still has one.
    let thin = Layout { pixels: (0, 0, 5, 5), rows: 1, columns: 12 };
    assert!((0..5).all(|x| thin.cell_at((x, 2)).is_some_and(|(_, column)| column < 12)));
}

#[test]
fn columns_under_one_name_share_it_and_like_neighbours_are_one_field() {
    let theme = Theme::light(1.0);
    let rows = names(&["ISG15", "CD14"]);
    let columns: Vec<String> = (0..80).map(|at| if at < 40 { "control" } else { "IFN-β" }.to_owned()).collect();
    let values: Vec<f32> = (0..160).map(|at| if at % 80 < 40 { 0.0 } else { 2.0 }).collect();
    let own = HeatMap { range: Some((-2.0, 2.0)), diverging: true, ..heat(&rows, &columns, &values) };
    let size = (400, height(&theme, 400, &own));
    let svg = render(size, "", "", |area| draw(area, &theme, &own).map(drop)).unwrap();
    is_tidy(&svg, size);
    for name in ["control", "IFN-β"] {
        assert_eq!(elements(&svg).iter().filter(|own| own.words == name).count(), 1);
    }
    assert_eq!(filled(&svg, "rect", theme.two_ways(1.0)), 2, "one field of forty columns in each row");
    assert!(says(&svg, "−2") && says(&svg, "2"));
}

#[test]
fn many_rows_are_named_where_there_is_room() {
    let theme = Theme::light(1.0);
    let rows: Vec<String> = (0..200).map(|row| format!("GENE{row}")).collect();
    let columns = names(&["a", "b"]);
    let values = vec![1.0; 400];
    let own = HeatMap { selected_row: Some(101), ..heat(&rows, &columns, &values) };
    let size = (400, height(&theme, 400, &own));
    let svg = render(size, "", "", |area| draw(area, &theme, &own).map(drop)).unwrap();
    is_tidy(&svg, size);
    assert!(says(&svg, "GENE101"), "the chosen row is named");
    assert!(elements(&svg).iter().filter(|own| own.words.starts_with("GENE")).count() > 40);
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let theme = Theme::dark(1.0);
    let (rows, none) = (names(&["A"]), Vec::new());
    let draws = |own: HeatMap<'_>| render((300, 200), "", "", |area| draw(area, &theme, &own).map(drop));
    assert!(says(&draws(heat(&none, &rows, &[])).unwrap(), "no rows to show"));
    assert!(says(&draws(heat(&rows, &none, &[])).unwrap(), "no columns to show"));
    assert!(matches!(draws(heat(&rows, &rows, &[])), Err(PlotError::Length { found: 0, expected: 1, .. })));
    for value in [f32::NAN, 0.0, f32::INFINITY] {
        for diverging in [false, true] {
            let own = HeatMap { diverging, ..heat(&rows, &rows, std::slice::from_ref(&value)) };
            let svg = draws(own).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
    }
    let one = [1.0];
    assert!(render((5, 5), "", "", |area| draw(area, &theme, &heat(&rows, &rows, &one)).map(drop)).is_ok());
}
