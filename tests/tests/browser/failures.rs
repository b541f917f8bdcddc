//! What goes wrong in a browser, and the sentence that a person gets.

use serde_json::json;

use super::explore::{LOADING, RUN, loaded};
use super::page::{Page, with_page};

/// The shipped bundle's folder name.
const SHIPPED: &str = "pbmc-ifnb";

#[test]
fn a_tampered_bundle_is_refused() {
    let tamper = |site: &super::page::Site| {
        site.add_bundle(&site.bundle(SHIPPED), "tampered");
        let weights = site.bundle("tampered").join("weights.safetensors");
        let mut bytes = std::fs::read(&weights).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(weights, bytes).unwrap();
    };
    with_page("tampered", tamper, |page| {
        page.open("bundle=models/tampered&device=cpu");
        let sentence = page.wait_for_alert(LOADING);
        assert!(sentence.contains("refused") && sentence.contains("weights.safetensors"), "{sentence}");
        assert!(page.attribute("generate", "disabled").is_some(), "nothing can be generated with it");
    });
}

#[test]
fn a_bundle_that_is_not_there_is_named() {
    with_page(
        "missing",
        |_| (),
        |page| {
            page.expect(&["404"]);
            page.open("bundle=models/nowhere&device=cpu");
            let sentence = page.wait_for_alert(LOADING);
            assert!(sentence.contains("models/nowhere") && sentence.contains("404"), "{sentence}");
        },
    );
}

#[test]
fn a_bundle_of_another_site_is_not_loaded() {
    with_page(
        "foreign",
        |_| (),
        |page| {
            page.open("bundle=//example.org/models&device=cpu");
            // The address is not one of this site's folders: the page's own bundle is shown instead.
            loaded(page);
            assert!(!page.address().contains("example.org"), "{}", page.address());
        },
    );
}

#[test]
fn a_lost_worker_is_told_and_restarted() {
    with_page(
        "lost",
        |_| (),
        |page| {
            page.open("device=cpu&cells=8&steps=2&with.condition=IFN-beta&seed=9&fault=lose-worker");
            loaded(page);
            page.click("generate");
            let sentence = page.wait_for_alert(RUN);
            assert!(sentence.contains("lost") && sentence.contains("choices are kept"), "{sentence}");
            page.click_in_alert("restart");
            loaded(page);
            assert_eq!(
                page.attribute("toggle-IFN-beta", "aria-checked").as_deref(),
                Some("true"),
                "the choice was kept"
            );
            assert!(page.address().contains("seed=9"));
        },
    );
}

/// Has the browser run a script before the page's own.
fn before_the_page(page: &Page, script: &str) {
    page.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": script }));
}

#[test]
fn a_browser_without_simd_is_told_what_it_lacks() {
    with_page(
        "no-simd",
        |_| (),
        |page| {
            before_the_page(page, "WebAssembly.validate = () => false;");
            page.open("device=cpu");
            page.wait_for("refused", 30);
            assert!(page.text("refused").contains("SIMD"), "{}", page.text("refused"));
        },
    );
}

#[test]
fn a_browser_without_workers_is_told_what_it_lacks() {
    with_page(
        "no-worker",
        |_| (),
        |page| {
            before_the_page(page, "delete globalThis.Worker;");
            page.open("device=cpu");
            let sentence = page.wait_for_alert(30);
            assert!(sentence.contains("module workers"), "{sentence}");
        },
    );
}

#[test]
fn a_worker_that_cannot_be_loaded_is_told_and_loaded_later() {
    let gone = |site: &super::page::Site| std::fs::rename(site.file("worker.js"), site.file("away.js")).unwrap();
    with_page("no-worker-file", gone, |page| {
        page.expect(&["404", "worker.js", "worker_start.js"]);
        page.open("device=cpu&seed=9");
        let sentence = page.wait_for_alert(60);
        assert!(sentence.contains("could not be loaded"), "{sentence}");
        std::fs::rename(page.site().file("away.js"), page.site().file("worker.js")).unwrap();
        page.click_in_alert("restart");
        loaded(page);
        assert!(page.address().contains("seed=9"), "{}", page.address());
    });
}
