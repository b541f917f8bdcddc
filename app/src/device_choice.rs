//! Which device to use, decided from facts and from a short measurement.
//!
//! Does: a pure choice of the ways worth trying with a sentence that says why, and of the fastest of those that were
//! measured.
//! Does not know: browsers; `worker::device` gathers the facts, `worker::probe` measures.
//! Flow: wish + adapter facts → **ways to try** → measured → **choice**.

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
    /// Whether it multiplies in half precision.
    pub half: bool,
}

/// A way to run the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// WebGPU with products in half precision.
    GpuHalf,
    /// WebGPU in single precision.
    Gpu,
    /// One core with SIMD.
    Cpu,
}

impl Way {
    /// Name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::GpuHalf => "WebGPU f16",
            Self::Gpu => "WebGPU f32",
            Self::Cpu => "CPU",
        }
    }
}

/// The ways worth trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In this order; with several, the fastest that computes the known values is taken.
    pub ways: Vec<Way>,
    /// Why these, in a sentence.
    pub why: String,
}

/// Seconds per 100 cells under which no slower kind of device is tried any more: nobody waits long enough for it to
/// matter, and each try costs a second at the start.
pub const FAST_ENOUGH: f64 = 15.0;

/// Ways to try. `facts` is `None` when the browser offers no adapter.
pub fn plan(wish: Wish, facts: Option<&AdapterFacts>) -> Plan {
    let cpu = |why: String| Plan { ways: vec![Way::Cpu], why };
    let Some(facts) = facts else {
        return cpu("This browser offers no WebGPU here, so the model runs on the CPU.".into());
    };
    if !facts.timestamps {
        return cpu(format!(
            "{} lacks timestamp queries, which the GPU path needs, so the model runs on the CPU.",
            facts.name
        ));
    }
    let slow = |asked: &str| match facts.software {
        true => format!("{asked} was asked for, but {} is a software GPU: slow.", facts.name),
        false => format!("{asked} was asked for."),
    };
    match wish {
        Wish::Cpu => cpu("The CPU was asked for.".into()),
        Wish::WebGpu => Plan { ways: vec![Way::Gpu], why: slow("WebGPU") },
        Wish::WebGpuHalf if facts.half => Plan { ways: vec![Way::GpuHalf], why: slow("WebGPU f16") },
        Wish::WebGpuHalf => Plan {
            ways: vec![Way::Gpu],
            why: format!("{} does not multiply in half precision, so WebGPU runs in f32.", facts.name),
        },
        Wish::Auto if facts.software => cpu(format!("{} is a software GPU: slow. The CPU is faster.", facts.name)),
        Wish::Auto => {
            let half = facts.half.then_some(Way::GpuHalf);
            let ways = half.into_iter().chain([Way::Gpu, Way::Cpu]).collect();
            Plan { ways, why: "Chosen by a short measurement.".into() }
        }
    }
}

/// Whether a way is worth trying after what was measured so far: the CPU is not, once a GPU is fast enough.
pub fn is_worth_trying(way: Way, measured: &[(Way, f64)]) -> bool {
    way != Way::Cpu || !measured.iter().any(|(_, seconds)| *seconds < FAST_ENOUGH)
}

/// Place of the fastest way; `None` when nothing was measured.
pub fn fastest(measured: &[(Way, f64)]) -> Option<usize> {
    (0..measured.len()).min_by(|a, b| measured[*a].1.total_cmp(&measured[*b].1))
}

/// What was measured, in words; empty for fewer than two ways.
pub fn compared(measured: &[(Way, f64)]) -> String {
    if measured.len() < 2 {
        return String::new();
    }
    let each: Vec<String> = measured.iter().map(|(way, seconds)| format!("{} {seconds:.1} s", way.name())).collect();
    format!(" Per 100 cells: {}.", each.join(", "))
}

/// Whether an adapter's words name a software GPU.
pub fn is_software(words: &str) -> bool {
    let words = words.to_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "software", "basic render", "warp"].iter().any(|name| words.contains(name))
}

#[cfg(test)]
mod tests {
    use super::{AdapterFacts, Way, compared, fastest, is_software, is_worth_trying, plan};
    use crate::protocol::Wish;

    #[test]
    fn every_case_has_its_ways_and_reason() {
        let gpu = AdapterFacts { name: "Apple M2".into(), software: false, timestamps: true, half: true };
        let software = AdapterFacts { name: "SwiftShader".into(), software: true, half: false, ..gpu.clone() };
        let old = AdapterFacts { timestamps: false, ..gpu.clone() };
        let single = AdapterFacts { half: false, ..gpu.clone() };
        assert_eq!(plan(Wish::Auto, Some(&gpu)).ways, [Way::GpuHalf, Way::Gpu, Way::Cpu]);
        assert_eq!(plan(Wish::Auto, Some(&single)).ways, [Way::Gpu, Way::Cpu]);
        assert_eq!(plan(Wish::Auto, Some(&software)).ways, [Way::Cpu]);
        assert!(plan(Wish::WebGpu, Some(&software)).why.contains("software GPU: slow"));
        assert_eq!(plan(Wish::WebGpu, Some(&software)).ways, [Way::Gpu]);
        assert_eq!(plan(Wish::WebGpuHalf, Some(&gpu)).ways, [Way::GpuHalf]);
        let refused = plan(Wish::WebGpuHalf, Some(&single));
        assert!(refused.ways == [Way::Gpu] && refused.why.contains("half precision"));
        for without in [plan(Wish::WebGpu, Some(&old)), plan(Wish::Auto, Some(&old)), plan(Wish::WebGpuHalf, None)] {
            assert_eq!(without.ways, [Way::Cpu], "{}", without.why);
        }
        assert!(is_software("google SwiftShader driver") && !is_software("nvidia ada"));
    }

    #[test]
    fn the_fastest_is_taken_and_the_cpu_tried_only_beside_a_slow_gpu() {
        let measured = [(Way::GpuHalf, 30.0), (Way::Gpu, 20.0)];
        assert_eq!(fastest(&measured), Some(1));
        assert_eq!(fastest(&[]), None);
        assert!(is_worth_trying(Way::Cpu, &measured) && is_worth_trying(Way::Gpu, &[(Way::GpuHalf, 1.0)]));
        assert!(!is_worth_trying(Way::Cpu, &[(Way::GpuHalf, 1.0)]));
        assert_eq!(compared(&measured), " Per 100 cells: WebGPU f16 30.0 s, WebGPU f32 20.0 s.");
        assert_eq!(compared(&measured[..1]), "");
    }
}
