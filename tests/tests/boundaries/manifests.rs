//! Which room may depend on what (the design's table of rooms).

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::{members, toml};

/// Names that belong to the browser.
const WEB: [&str; 8] =
    ["leptos", "web-sys", "js-sys", "wasm-bindgen", "gloo", "serde-wasm-bindgen", "plotters-canvas", "thaw"];
/// Names of the tensor library.
const TENSORS: [&str; 2] = ["burn", "cubecl"];
/// Features of burn that name a backend or belong to one.
const BACKENDS: [&str; 12] =
    ["flex", "wgpu", "cuda", "ndarray", "tch", "metal", "vulkan", "webgpu", "rocm", "cpu", "autodiff", "simd"];

/// Whether a package is one of these, or a part of one (`burn-store` of `burn`).
fn is_one_of(package: &str, names: &[&str]) -> bool {
    names.iter().any(|name| package == *name || package.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
}

/// Normal dependencies of a room on every target, with what the manifest says of each.
fn dependencies(room: &str) -> BTreeMap<String, Value> {
    let manifest = toml(&format!("{room}/Cargo.toml"));
    let mut all = BTreeMap::new();
    let mut take = |table: &Table| {
        for (name, value) in table.get("dependencies").and_then(Value::as_table).into_iter().flatten() {
            let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
            all.insert(package.to_owned(), value.clone());
        }
    };
    take(&manifest);
    for target in manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values) {
        take(target.as_table().unwrap());
    }
    all
}

/// Packages that a feature of the app switches on.
fn feature(name: &str) -> BTreeSet<String> {
    let manifest = toml("app/Cargo.toml");
    let list = manifest["features"][name].as_array().unwrap();
    list.iter().map(|item| item.as_str().unwrap().trim_start_matches("dep:").to_owned()).collect()
}

#[test]
fn rooms_depend_only_on_what_they_may() {
    let rooms = ["model", "train-native", "app", "xtask"];
    let rules: [(&str, Vec<&str>); 6] = [
        ("cells", [&WEB[..], &TENSORS, &rooms, &["plots", "plotters", "rayon", "tokio", "clap", "indicatif"]].concat()),
        ("plots", [&WEB[..], &TENSORS, &rooms, &["rayon", "tokio", "clap", "indicatif"]].concat()),
        ("model", [&WEB[..], &["train-native", "app", "xtask", "plots", "rayon", "tokio", "memmap2"]].concat()),
        ("train-native", [&WEB[..], &["app", "xtask"]].concat()),
        ("app", vec!["train-native", "xtask", "clap", "indicatif", "rayon", "tokio"]),
        ("xtask", [&WEB[..], &TENSORS, &rooms, &["cells", "plots"]].concat()),
    ];
    for (room, forbidden) in rules {
        for package in dependencies(room).keys().filter(|package| *package != room) {
            assert!(!is_one_of(package, &forbidden), "{room} must not depend on {package}");
        }
    }
}

#[test]
fn no_backend_is_named_by_the_model() {
    let workspace = toml("Cargo.toml");
    let shared = workspace["workspace"]["dependencies"]["burn"].clone();
    let own = dependencies("model").remove("burn").expect("the model uses burn");
    assert_eq!(
        shared.get("default-features").and_then(Value::as_bool),
        Some(false),
        "burn's defaults may hold a backend"
    );
    for manifest in [&shared, &own] {
        for feature in manifest.get("features").and_then(Value::as_array).into_iter().flatten() {
            let feature = feature.as_str().unwrap();
            assert!(!BACKENDS.contains(&feature), "the model must not ask burn for {feature}");
        }
    }
}

#[test]
fn page_and_worker_share_nothing_heavy() {
    let (ui, worker) = (feature("ui"), feature("worker"));
    for package in ["burn", "model", "cells"] {
        assert!(!ui.contains(package), "the page must not link {package}");
    }
    for package in &worker {
        assert!(!is_one_of(package, &["leptos", "plotters", "plots"]), "the worker must not link {package}");
    }
    for (package, said) in dependencies("app") {
        let optional = said.get("optional").and_then(Value::as_bool).unwrap_or(false);
        let heavy = is_one_of(&package, &["burn", "leptos", "model", "plots", "plotters"]);
        assert!(optional || !heavy, "{package} must be optional, or both binaries carry it");
    }
    let manifest = toml("app/Cargo.toml");
    assert!(manifest["features"].get("default").is_none(), "a default feature would be in both binaries");
}

/// Names of all packages that a package reaches through Cargo.lock, on any target and with any feature.
fn reached(package: &str) -> BTreeSet<String> {
    let lock = toml("Cargo.lock");
    let packages = lock["package"].as_array().unwrap();
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in packages {
        let needs = entry.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let names = needs.map(|need| need.as_str().unwrap().split(' ').next().unwrap());
        edges.entry(entry["name"].as_str().unwrap()).or_default().extend(names);
    }
    let (mut seen, mut next) = (BTreeSet::new(), vec![package]);
    while let Some(name) = next.pop() {
        if seen.insert(name.to_owned()) {
            next.extend(edges.get(name).into_iter().flatten());
        }
    }
    seen
}

#[test]
fn light_rooms_never_reach_burn_or_leptos() {
    for room in ["cells", "plots", "xtask"] {
        for package in reached(room) {
            assert!(!is_one_of(&package, &["burn", "cubecl", "leptos", "wgpu"]), "{room} reaches {package}");
        }
    }
    assert!(reached("model").contains("burn-tensor"), "the walk through Cargo.lock found nothing");
}

#[test]
fn a_bare_cargo_test_stays_light() {
    let manifest = toml("Cargo.toml");
    for member in manifest["workspace"]["default-members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        assert!(["cells", "plots", "xtask"].contains(&member), "{member} would make every bare cargo call heavy");
    }
    let trainer = toml("train-native/Cargo.toml");
    assert!(trainer["features"].get("default").is_none(), "the trainer has no default features: CUDA needs LLVM");
}

#[test]
fn every_room_keeps_the_lints_and_the_licence() {
    for member in members() {
        let manifest = toml(&format!("{member}/Cargo.toml"));
        let of_workspace = |value: Option<&Value>| {
            value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
        };
        assert!(of_workspace(manifest.get("lints")), "{member} does not take the workspace's lints");
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            assert!(of_workspace(manifest["package"].get(key)), "{member} does not take the workspace's {key}");
        }
    }
    let manifest = toml("Cargo.toml");
    assert_eq!(manifest["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(manifest["workspace"]["package"]["license"].as_str(), Some("MIT OR Apache-2.0"));
}
