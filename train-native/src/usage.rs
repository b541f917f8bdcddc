//! Memory in use.
//!
//! Does: most memory that this process held, what the machine has, and what is in use on the GPU, where the system says so.
//! Does not know: what it is used for.
//! Flow: system → **bytes** → progress, events, benchmarks.

/// Most memory that this process ever held, in bytes, where the system says so.
pub fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Memory in use on the first NVIDIA GPU, in bytes, by whichever program; none without such a GPU.
#[cfg(feature = "cuda")]
pub fn device_memory() -> Option<u64> {
    let library = nvml_wrapper::Nvml::init().ok()?;
    let device = library.device_by_index(0).ok()?;
    device.memory_info().ok().map(|info| info.used)
}

/// Without CUDA there is none to ask.
#[cfg(not(feature = "cuda"))]
pub fn device_memory() -> Option<u64> {
    None
}

/// Memory of this machine, in bytes, where the system says so.
pub fn machine() -> Option<u64> {
    let about = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = about.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
