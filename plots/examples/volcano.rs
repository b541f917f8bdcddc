//! A volcano plot as SVG.
//!
//! Does: draws four genes, one of them chosen, and prints the picture.
//! Does not know: how genes are tested.
//! Flow: `cargo run -p plots --example volcano > volcano.svg` → **picture**.

use plots::volcano::{Against, Shifts, draw};
use plots::{PlotError, Theme, svg};

/// The picture.
fn picture() -> Result<String, PlotError> {
    let genes = ["ISG15", "IFI6", "ACTB", "CCR7"].map(str::to_owned);
    let shifts = Shifts {
        genes: &genes,
        log2_fold_change: &[4.1, 3.2, 0.1, -0.8],
        q: &[1e-40, 1e-22, 0.7, 0.02],
        q_cut: 0.05,
        change_cut: 0.25,
        selected: Some(0),
        against: Against::Significance,
    };
    svg::render((640, 420), "Interferon beta", "Fold change against significance, four genes.", |area| {
        draw(area, &Theme::light(1.0), &shifts).map(drop)
    })
}

fn main() -> Result<(), PlotError> {
    println!("{}", picture()?);
    Ok(())
}

#[test]
fn names_and_title_stand_in_the_picture() -> Result<(), PlotError> {
    let svg = picture()?;
    assert!(svg.contains("<title>Interferon beta</title>") && svg.contains("ISG15"));
    Ok(())
}
