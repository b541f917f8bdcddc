//! The map under a person's hands: move, select by box and by name, colours, many points.

use std::path::Path;
use std::sync::LazyLock;

use burn::tensor::Device;
use serde_json::json;
use train_native::generate;

use super::explore::{RUN, finished, loaded, number};
use super::page::{Page, with_page};

/// The shipped bundle on the CPU; the map needs no run.
const MAP: &str = "device=cpu&cells=8&steps=2";
/// Measured cells on the shipped bundle's map.
static MEASURED: LazyLock<usize> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/models/pbmc-ifnb");
    // Of a store of several files, cells that measured every gene make the map.
    generate::read_bundle(&folder, &Device::flex()).unwrap().map.coordinates.len() / 2
});

/// Waits until the map is drawn with everything that was asked for.
fn drawn(page: &Page) {
    loaded(page);
    page.wait("a drawn map", 30, |page| (number(page, "map", "data-frames") > 0).then_some(()));
}

/// What part of the map is seen: zoom, x and y.
fn seen(page: &Page) -> [f64; 3] {
    ["data-zoom", "data-x", "data-y"].map(|name| {
        let text = page.attribute("map", name).unwrap_or_else(|| panic!("the map does not say its {name}"));
        text.parse().unwrap()
    })
}

/// Waits until the map is seen otherwise than before.
fn moved(page: &Page, before: [f64; 3]) -> [f64; 3] {
    page.wait("another view", 10, |page| Some(seen(page)).filter(|now| *now != before))
}

/// Drags the mouse over the map between places given as shares of its width and height.
fn drag(page: &Page, from: (f64, f64), to: (f64, f64)) {
    let place = |share: (f64, f64)| page.place_in("map", share);
    let (from, to) = (place(from), place(to));
    let middle = (0.5 * (from.0 + to.0), 0.5 * (from.1 + to.1));
    for (kind, at) in [
        ("mouseMoved", from),
        ("mousePressed", from),
        ("mouseMoved", middle),
        ("mouseMoved", to),
        ("mouseReleased", to),
    ] {
        let buttons = u8::from(kind != "mouseReleased");
        let event =
            json!({ "type": kind, "x": at.0, "y": at.1, "button": "left", "buttons": buttons, "clickCount": 1 });
        page.devtools("Input.dispatchMouseEvent", &event);
    }
}

/// Number of selected cells.
fn selected(page: &Page) -> usize {
    number(page, "map-selected", "data-count")
}

#[test]
fn the_map_moves_and_fit_brings_it_back() {
    with_page(
        "map-moves",
        |_| (),
        |page| {
            page.open(MAP);
            drawn(page);
            let home = seen(page);
            assert_eq!(home[0], 1.0, "a map opens fitted");
            page.click("map-in");
            let near = moved(page, home);
            assert!(near[0] > 1.2 && near[1..] == home[1..], "a button zooms about the middle: {near:?}");
            drag(page, (0.5, 0.5), (0.7, 0.4));
            let beside = moved(page, near);
            assert!(beside[0] == near[0] && beside[1] < near[1] && beside[2] < near[2], "right and up: {beside:?}");
            let at = page.place_in("map", (0.25, 0.5));
            let wheel = json!({ "type": "mouseWheel", "x": at.0, "y": at.1, "deltaX": 0, "deltaY": -300 });
            page.devtools("Input.dispatchMouseEvent", &wheel);
            let nearer = moved(page, beside);
            assert!(nearer[0] > beside[0] && nearer[1] < beside[1], "the wheel zooms about the pointer: {nearer:?}");
            page.click("map-fit");
            page.wait("the whole map", 10, |page| (seen(page) == home).then_some(()));
            // The same by keys.
            page.keys("map", "+");
            let near = moved(page, home);
            page.keys("map", "\u{E014}");
            assert!(moved(page, near)[1] > near[1], "the right arrow shows what lies to the right");
            page.keys("map", "0");
            page.wait("the whole map", 10, |page| (seen(page) == home).then_some(()));
        },
    );
}

#[test]
fn a_box_selects_and_says_how_many() {
    with_page(
        "map-box",
        |_| (),
        |page| {
            page.open(MAP);
            drawn(page);
            assert_eq!(selected(page), 0);
            page.click("map-box");
            drag(page, (0.02, 0.02), (0.55, 0.55));
            let some = page.wait("a selection", 10, |page| Some(selected(page)).filter(|count| *count > 0));
            assert!(some < *MEASURED, "a quarter of the map holds not all cells: {some}");
            let words = page.text("map-selected");
            assert!(words.starts_with(&format!("{some} cell")) && words.contains("measured"), "{words}");
            assert!(words.contains("By nearest measured group"), "{words}");
            drag(page, (0.01, 0.01), (0.99, 0.99));
            page.wait("all cells", 10, |page| (selected(page) == *MEASURED).then_some(()));
            let (name, bytes) = page.download(|page| page.click("save-selection"));
            assert_eq!(name, "wellplate-selection.csv");
            let (comments, rows) = super::explore::csv(&bytes);
            assert_eq!(rows.len(), *MEASURED);
            assert!(comments.iter().any(|line| line.starts_with("# bundle: ")), "{comments:?}");
            page.click("map-clear");
            page.wait("no selection", 10, |page| (selected(page) == 0).then_some(()));
        },
    );
}

#[test]
fn groups_are_selected_by_keyboard_alone() {
    with_page(
        "map-groups",
        |_| (),
        |page| {
            page.open(&format!("{MAP}&with.cell_type=B%20cells&with.condition=IFN-beta"));
            drawn(page);
            // Typing a name chooses it, as in any select.
            page.keys("map-group", "B");
            let cells = page.wait("B cells", 10, |page| Some(selected(page)).filter(|count| *count > 0));
            let words = page.text("map-selected");
            assert!(words.contains(&format!("B cells {cells}")), "all of one group: {words}");
            page.keys("map", "n");
            let spoken = page.wait("a cell", 10, |page| Some(page.text("map-spoken")).filter(|text| !text.is_empty()));
            assert!(spoken.starts_with(&format!("1 of {cells}: measured · B cells")), "{spoken}");
            page.keys("generate", "\u{E007}");
            finished(page);
            page.keys("map-generated", "\u{E007}");
            page.wait("generated cells", RUN, |page| (selected(page) == 16).then_some(()));
            let words = page.text("map-selected");
            assert!(words.contains("8 generated control; 8 generated, Interferon"), "{words}");
        },
    );
}

#[test]
fn colours_have_a_legend_with_names() {
    with_page(
        "map-colours",
        |_| (),
        |page| {
            page.open(MAP);
            drawn(page);
            let before = page.painted("map").1;
            page.keys("map-colour", "Cell");
            page.wait("cell types", 10, |page| {
                let legend = page.text("map-legend");
                ["B cells (", "CD14+ Monocytes (", "NK cells ("].iter().all(|name| legend.contains(name)).then_some(())
            });
            assert!(page.address().contains("map.colour=cell_type"), "{}", page.address());
            page.wait("more colours", 10, |page| (page.painted("map").1 > before).then_some(()));
            // A kind that is hidden is drawn no more.
            let shown = page.painted("map").1;
            page.click("map-kind");
            page.wait("fewer colours", 10, |page| (page.painted("map").1 < shown).then_some(()));
            assert_eq!(page.attribute("map-kind", "aria-pressed").as_deref(), Some("false"));
            let (_, svg) = page.download(|page| page.click("save-map"));
            let svg = String::from_utf8(svg).unwrap();
            assert!(svg.contains("CD14+ Monocytes, "), "the SVG has the legend that is shown");
            let (name, png) = page.download(|page| page.click("save-map-png"));
            assert!(name == "wellplate-map.png" && png.starts_with(b"\x89PNG"), "{name}");
            assert_eq!(page.text("told"), "Saved wellplate-map.png.");
            page.back();
            page.wait("scenarios", 10, |page| page.text("map-legend").starts_with("measured (").then_some(()));
        },
    );
}

#[test]
fn many_points_are_drawn_by_webgpu() {
    with_page(
        "map-webgpu",
        |_| (),
        |page| {
            page.open(&format!("{MAP}&map.load=100000&map.colour=cell_type"));
            drawn(page);
            assert!(
                page.text("map-benchmark").contains("benchmark points, no cells"),
                "{}",
                page.text("map-benchmark")
            );
            page.click("map-about");
            let words = page.wait("a renderer", 60, |page| {
                Some(page.text("map-renderer"))
                    .filter(|words| !words.contains("starts") && !words.contains("up to") && !words.is_empty())
            });
            if page.attribute("map", "data-renderer").as_deref() != Some("webgpu") {
                eprintln!("skipped: 100,000 points on WebGPU: {words}");
                return;
            }
            let home = seen(page);
            drag(page, (0.5, 0.5), (0.6, 0.6));
            moved(page, home);
            // A software GPU's pictures are read back onto the map; a real one draws on a canvas below it.
            if words.contains("swiftshader") {
                page.wait("points", 60, |page| (page.painted("map").1 > 300).then_some(()));
            }
        },
    );
}

#[test]
fn a_lost_gpu_costs_the_map_nothing() {
    with_page(
        "map-lost",
        |_| (),
        |page| {
            page.open(&format!("{MAP}&map.load=30000&fault=lose-map-gpu"));
            drawn(page);
            page.click("map-about");
            let words = page.wait("the canvas", 60, |page| {
                Some(page.text("map-renderer")).filter(|words| words.contains("slowly for so many points"))
            });
            assert_eq!(page.attribute("map", "data-renderer").as_deref(), Some("canvas"), "{words}");
            page.wait("points on the canvas", 30, |page| (page.painted("map").0 > 100_000).then_some(()));
        },
    );
}
