//! Bundles over the network and without one: the policy, the kept files, switching, stopping a download.

use serde_json::{Value, json};

use super::explore::{LOADING, RUN, finished, loaded};
use super::page::{Page, Site, with_page};
use crate::pipeline::trained;

/// The shipped bundle, and a run of it that takes a second.
const QUICK: &str = "device=cpu&cells=8&steps=2&with.condition=IFN-beta";
/// Folder of the shipped bundle, as the page names it.
const SHIPPED: &str = "models/pbmc-ifnb";

/// Waits until the model is there, in any view.
fn settled(page: &Page) {
    page.wait("a loaded model", LOADING, |page| {
        let known = !page.text("device-badge").is_empty() && !page.text("device-badge").starts_with("starting");
        (known && !page.sees("loading")).then_some(())
    });
}

/// Waits until the page is kept for offline use; leaves the Model view open.
fn kept(page: &Page) {
    page.click("tab-model");
    page.wait_for("kept", LOADING);
    page.wait("a page that starts offline", LOADING, |page| {
        (page.attribute("storage", "data-offline").as_deref() == Some("true")).then_some(())
    });
}

/// Strings of a script's list.
fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[test]
fn no_view_breaks_the_policy_and_nothing_leaves_the_origin() {
    with_page(
        "policy",
        |_| (),
        |page| {
            for view in ["explore", "plate", "learn", "data", "model"] {
                page.open(&format!("view={view}&{QUICK}"));
                settled(page);
                let log = page.log();
                assert!(!log.iter().any(|line| line.contains("Content Security Policy")), "{view}: {log:#?}");
                let asked = page.script("return performance.getEntriesByType('resource').map(e => e.name);");
                for address in strings(&asked) {
                    let own = [page.origin(), "blob:", "data:"].iter().any(|start| address.starts_with(start));
                    assert!(own, "{view} asked for {address}");
                }
            }
            let policy =
                page.script("return document.querySelector('meta[http-equiv=Content-Security-Policy]').content;");
            let policy = policy.as_str().unwrap().to_owned();
            for word in ["'unsafe-inline'", "'unsafe-eval'", "http:", "https:", "*"] {
                assert!(!policy.contains(word), "the policy allows {word}: {policy}");
            }
            assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
            // A worker does not inherit it from the page's head: it comes with the worker's own script.
            let header = "return fetch('worker_start.js').then(a => a.headers.get('Content-Security-Policy'));";
            assert_eq!(page.script(header).as_str(), Some(policy.as_str()));
            page.expect(&["Content Security Policy", "example.org"]);
            // That the browser enforces it: another origin cannot be asked, and a written style is ignored.
            assert_eq!(
                page.script("return fetch('https://example.org/').then(() => 'asked', () => 'refused');"),
                "refused"
            );
            let styled =
                "const p = document.createElement('p'); p.setAttribute('style', 'width: 3px'); return p.style.width;";
            assert_eq!(page.script(styled), "");
        },
    );
}

#[test]
fn after_one_visit_everything_works_without_a_network() {
    with_page(
        "offline",
        |_| (),
        |page| {
            page.open(QUICK);
            loaded(page);
            kept(page);
            assert!(page.text("storage-words").starts_with("Ready for offline use"), "{}", page.text("storage-words"));
            let rows = page.rows("kept");
            assert!(rows.len() == 1 && rows[0][0].contains(SHIPPED) && rows[0][1].ends_with("MB"), "{rows:?}");
            // A list of gene names is kept once it was asked for.
            const GENE: &str = "device=cpu&with.condition=IFN-beta&gene=ISG15";
            page.open(GENE);
            page.wait_for("gene-names", 60);
            page.network(false);
            page.open(GENE);
            page.wait_for("gene-names", 60);
            page.open(QUICK);
            loaded(page);
            assert!(page.text("notice").contains("Offline"), "the age of the copy is said: {}", page.text("notice"));
            page.click("generate");
            finished(page);
            assert!(page.rows("shifts-table").len() >= 10);
            // What was never here is named, with what to do.
            page.click("tab-model");
            page.open(&format!("bundle=models/nowhere&{QUICK}"));
            let sentence = page.wait_for_alert(LOADING);
            assert!(sentence.contains("models/nowhere") && sentence.contains("needs the network once"), "{sentence}");
        },
    );
}

#[test]
fn a_second_visit_downloads_no_model_and_a_removed_one_again() {
    with_page(
        "kept",
        |_| (),
        |page| {
            page.open(QUICK);
            loaded(page);
            kept(page);
            // So slow that the weights would take minutes.
            page.slow(20_000);
            page.open(QUICK);
            loaded(page);
            page.click("tab-model");
            page.click(&format!("remove-{SHIPPED}"));
            page.wait("an empty shelf", 30, |page| (!page.sees("kept")).then_some(()));
            let left = "return caches.open('wellplate-bundles-1').then(c => c.keys()).then(k => k.length);";
            assert_eq!(page.script(left), 0);
            page.open(QUICK);
            page.wait("a slow download", 60, |page| (page.sees("loading") && share(page) > 0.0).then_some(()));
        },
    );
}

#[test]
fn a_wrong_kept_file_is_replaced() {
    with_page(
        "poisoned",
        |_| (),
        |page| {
            page.open(QUICK);
            loaded(page);
            kept(page);
            let poison = "return caches.open('wellplate-bundles-1').then(async c => { for (const k of await c.keys()) \
            if (k.url.includes('weights')) await c.put(k, new Response('other bytes')); });";
            page.script(poison);
            page.open(QUICK);
            loaded(page);
            page.click("generate");
            finished(page);
        },
    );
}

/// Share of the download that the page shows.
fn share(page: &Page) -> f64 {
    page.attribute("loading-progress", "value").and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

#[test]
fn a_download_shows_its_bytes_and_can_be_stopped() {
    with_page(
        "cancel-load",
        |_| (),
        |page| {
            page.slow(300_000);
            page.open(QUICK);
            let first =
                page.wait("progress", 60, |page| Some(share(page)).filter(|share| *share > 0.0 && *share < 0.5));
            page.wait("more of the same file", 30, |page| (share(page) > first).then_some(()));
            page.click("cancel-load");
            page.wait_for("refused-bar", 5);
            assert!(page.text("refused-bar").contains("cancelled"), "{}", page.text("refused-bar"));
            assert!(page.attribute("generate", "disabled").is_some());
            page.slow(0);
            page.click("try-again");
            loaded(page);
            assert!(page.address().contains("with.condition=IFN-beta"), "{}", page.address());
        },
    );
}

#[test]
fn another_bundle_is_opened_and_takes_along_what_fits() {
    let with_tiny = |site: &Site| site.add_bundle(&trained().bundle, "tiny");
    with_page("switch", with_tiny, |page| {
        page.open(&format!("{QUICK}&view=model&gene=ISG15&clamp=CD14:3&seed=9&with.cell_type=B%20cells"));
        settled(page);
        let title = page.text("card");
        page.click("open-models/tiny");
        page.wait_for("notice", LOADING);
        let notice = page.text("notice");
        assert!(notice.contains("CD14 held at 3") && notice.contains("ISG15"), "{notice}");
        settled(page);
        let address = page.address();
        assert!(address.contains("bundle=models/tiny") && address.contains("seed=9"), "{address}");
        assert!(address.contains("with.condition=IFN-beta") && !address.contains("ISG15"), "{address}");
        assert_ne!(page.text("card"), title);
        page.click("tab-explore");
        loaded(page);
        page.click("generate");
        finished(page);
        // Back, to the address of the first bundle: it is opened again, its choices with it.
        page.click("tab-model");
        for _ in 0..12 {
            if !page.address().contains("tiny") {
                break;
            }
            page.back();
        }
        settled(page);
        page.wait("the first card", LOADING, |page| (page.text("card") == title).then_some(()));
    });
}

#[test]
fn an_unknown_bundle_is_answered_with_those_that_are_there() {
    with_page(
        "unknown",
        |_| (),
        |page| {
            page.open(&format!("bundle=models/nowhere&{QUICK}"));
            let sentence = page.wait_for_alert(LOADING);
            assert!(sentence.contains("models/nowhere"), "{sentence}");
            page.click_in_alert(&format!("open-instead-{SHIPPED}"));
            loaded(page);
            assert!(!page.address().contains("nowhere"), "{}", page.address());
        },
    );
}

#[test]
fn full_storage_is_said_and_the_model_works() {
    with_page(
        "full",
        |_| (),
        |page| {
            page.devtools("Storage.overrideQuotaForOrigin", &json!({ "origin": page.origin(), "quotaSize": 50_000 }));
            page.open(QUICK);
            loaded(page);
            assert!(page.text("notice").contains("keeps no copy"), "{}", page.text("notice"));
            page.click("generate");
            finished(page);
        },
    );
}

#[test]
fn what_the_network_failed_is_kept_at_the_next_attempt() {
    let hidden = "icon.svg.away";
    with_page(
        "keep-again",
        |_| (),
        |page| {
            page.expect(&["icon.svg", "the page will not start offline"]);
            std::fs::rename(page.site().file("icon.svg"), page.site().file(hidden)).unwrap();
            page.open(QUICK);
            loaded(page);
            page.click("tab-model");
            page.wait_for("kept", LOADING);
            // The service worker asks for every file of the page, and this one cannot be had.
            std::thread::sleep(std::time::Duration::from_secs(4));
            assert_eq!(page.attribute("storage", "data-offline").as_deref(), Some("false"));
            std::fs::rename(page.site().file(hidden), page.site().file("icon.svg")).unwrap();
            kept(page);
        },
    );
}

#[test]
fn a_new_version_is_offered_and_taken() {
    with_page(
        "update",
        |_| (),
        |page| {
            page.open(QUICK);
            loaded(page);
            kept(page);
            let version = "return document.querySelector('meta[name=wellplate-version]').content;";
            let old = page.script(version);
            let style = page.site().file("model.css");
            let mut text = std::fs::read_to_string(&style).unwrap();
            text.push_str("/* a later version */\n");
            std::fs::write(&style, text).unwrap();
            page.site().stamp();
            page.script("return navigator.serviceWorker.getRegistration().then(r => r.update()).then(() => true);");
            page.wait_for("update", 60);
            page.click("update-reload");
            page.wait("the new version", LOADING, |page| (page.script(version) != old).then_some(()));
            page.click("tab-explore");
            loaded(page);
        },
    );
}

#[test]
fn a_lost_run_is_offered_again() {
    with_page(
        "run-again",
        |_| (),
        |page| {
            page.open(&format!("{QUICK}&fault=lose-worker"));
            loaded(page);
            page.click("generate");
            page.wait_for_alert(RUN);
            page.click_in_alert("restart");
            loaded(page);
            assert!(page.sees("run-again"), "the run that was lost is offered");
            page.click("run-not");
            assert!(!page.sees("run-again"));
        },
    );
}
