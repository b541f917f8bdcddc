//! WebGPU in the page, on a software adapter: the model's known values, and the same cells as the CPU's.

use super::explore::{LOADING, csv, finished, loaded};
use super::page::{Page, Site, with_page};
use crate::pipeline::trained;

/// Puts the synthetic cells' bundle beside the shipped one. A pass over it costs a few MFLOP, because a
/// software GPU does about 200 of them in a second.
fn with_tiny(site: &Site) {
    site.add_bundle(&trained().bundle, "tiny");
}

/// A run on a device: the table of shifts, as CSV, and what the page says of the device.
fn run(page: &Page, device: &str) -> (Vec<Vec<String>>, String) {
    page.open(&format!("bundle=models/tiny&device={device}&cells=12&steps=3&seed=5&with.condition=IFN-beta"));
    loaded(page);
    let badge = page.text("device-badge");
    page.click("generate");
    finished(page);
    let (_, bytes) = page.download(|page| page.click("save-csv"));
    (csv(&bytes).1, badge)
}

#[test]
fn webgpu_writes_the_cells_that_the_cpu_writes() {
    with_page("webgpu", with_tiny, |page| {
        let (on_gpu, badge) = run(page, "webgpu");
        assert!(badge.starts_with("WebGPU"), "the page did not use WebGPU: {badge}, {}", page.text("device-why"));
        let (on_cpu, badge) = run(page, "cpu");
        assert!(badge.starts_with("CPU"), "{badge}");
        assert_eq!((on_gpu.len(), on_cpu.len()), (96, 96));
        // The draw is an inverse CDF at a given number: a count differs only where rounding moves the CDF
        // across that number, which the order of summation does for about one draw in 10,000.
        let value = |text: &String| text.parse::<f64>().unwrap();
        let same = |a: &[String], b: &[String]| a[0] == b[0] && (value(&a[1]) - value(&b[1])).abs() < 1e-6;
        let differing = on_gpu.iter().zip(&on_cpu).filter(|(gpu, cpu)| !same(gpu, cpu)).count();
        assert!(differing <= 2, "{differing} of 96 genes differ between WebGPU and the CPU");
        // The twelve genes that the perturbation raises fourfold rise, the others stay.
        let mean = |raised: bool| {
            let of = |row: &&Vec<String>| ("G00028".."G00040").contains(&row[0].as_str()) == raised;
            let changes: Vec<f64> = on_gpu.iter().filter(of).map(|row| value(&row[1])).collect();
            changes.iter().sum::<f64>() / changes.len() as f64
        };
        assert!(mean(true) > mean(false) + 0.5, "raised genes {:.2}, others {:.2}", mean(true), mean(false));
    });
}

#[test]
fn a_software_gpu_is_not_taken_unasked() {
    with_page("software-gpu", with_tiny, |page| {
        page.open("bundle=models/tiny");
        loaded(page);
        assert!(page.text("device-badge").starts_with("CPU"), "{}", page.text("device-badge"));
        page.click("device-badge");
        let why = page.text("device-why");
        assert!(why.contains("software GPU"), "the page says why: {why}");
    });
}

#[test]
fn the_device_can_be_switched_and_the_cells_stay() {
    with_page("switch", with_tiny, |page| {
        page.open("bundle=models/tiny&device=cpu&cells=8&steps=3&with.condition=IFN-beta");
        loaded(page);
        page.click("generate");
        finished(page);
        page.click("device-badge");
        let pace = page.text("device-pace");
        assert!(pace.starts_with("About ") && pace.contains("per 100 cells"), "the speed was measured: {pace}");
        page.choose("device-wish", "webgpu");
        page.wait("another device", LOADING, |page| page.text("device-badge").starts_with("WebGPU").then_some(()));
        assert!(page.address().contains("device=webgpu"), "{}", page.address());
        loaded(page);
        let (_, bytes) = page.download(|page| page.click("save-h5ad"));
        let cells = cells::h5ad::read_h5ad(bytes, &cells::h5ad::Matrix::X).unwrap();
        assert_eq!(cells.len(), 16, "the cells of the run are still there");
    });
}
