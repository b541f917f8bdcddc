//! Which device to use, decided from facts.
//!
//! Does: a pure choice between WebGPU and CPU with a sentence that says why.
//! Does not know: browsers; `worker::device` gathers the facts.
//! Flow: wish + adapter facts → **choice**.

use crate::protocol::Wish;

/// What is known of the GPU before anything runs on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdapterFacts {
    /// Name for people.
    pub name: String,
    /// Whether it is a program that pretends to be a GPU.
    pub software: bool,
    /// Whether it can time its work; burn's runtime cannot start without (FIELD.md, traps).
    pub timestamps: bool,
}

/// The device to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Whether to start WebGPU.
    pub gpu: bool,
    /// Why, in a sentence.
    pub why: String,
}

/// Decides. `facts` is `None` when the browser offers no adapter.
pub fn choose(wish: Wish, facts: Option<&AdapterFacts>) -> Choice {
    let cpu = |why: String| Choice { gpu: false, why };
    let Some(facts) = facts else {
        return cpu("This browser offers no WebGPU here, so the model runs on the CPU.".into());
    };
    if !facts.timestamps {
        return cpu(format!(
            "{} lacks timestamp queries, which the GPU path needs, so the model runs on the CPU.",
            facts.name
        ));
    }
    match wish {
        Wish::Cpu => cpu("The CPU was asked for.".into()),
        Wish::WebGpu if facts.software => {
            Choice { gpu: true, why: format!("WebGPU was asked for, but {} is a software GPU: slow.", facts.name) }
        }
        Wish::WebGpu => Choice { gpu: true, why: "WebGPU was asked for.".into() },
        Wish::Auto if facts.software => cpu(format!("{} is a software GPU: slow. The CPU is faster.", facts.name)),
        Wish::Auto => Choice { gpu: true, why: "The browser offers a GPU.".into() },
    }
}

/// Whether an adapter's words name a software GPU.
pub fn is_software(words: &str) -> bool {
    let words = words.to_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "software", "basic render", "warp"].iter().any(|name| words.contains(name))
}

#[cfg(test)]
mod tests {
    use super::{AdapterFacts, choose, is_software};
    use crate::protocol::Wish;

    #[test]
    fn every_case_has_its_device_and_reason() {
        let gpu = AdapterFacts { name: "Apple M2".into(), software: false, timestamps: true };
        let software = AdapterFacts { name: "SwiftShader".into(), software: true, timestamps: true };
        let old = AdapterFacts { timestamps: false, ..gpu.clone() };
        assert!(choose(Wish::Auto, Some(&gpu)).gpu);
        assert!(!choose(Wish::Cpu, Some(&gpu)).gpu);
        assert!(!choose(Wish::Auto, Some(&software)).gpu);
        assert!(choose(Wish::WebGpu, Some(&software)).why.contains("software GPU: slow"));
        assert!(choose(Wish::WebGpu, Some(&software)).gpu);
        assert!(!choose(Wish::WebGpu, Some(&old)).gpu && !choose(Wish::WebGpu, None).gpu);
        assert!(is_software("google SwiftShader driver") && !is_software("nvidia ada"));
    }
}
