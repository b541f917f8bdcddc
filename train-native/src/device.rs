//! The devices that the trainer can use.
//!
//! Does: names on the command line, and the burn device behind each, or a sentence when this build
//! or machine lacks it.
//! Does not know: models.
//! Flow: `--device` → **device**.

use std::num::NonZero;

use anyhow::{Result, bail, ensure};
use burn::tensor::{Device, Tensor};
use clap::ValueEnum;

/// Most devices of a machine, or threads of its CPU.
const MOST: usize = 1024;

/// Devices by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The CPU.
    Flex,
    /// NVIDIA GPU (a build with `--features cuda`).
    Cuda,
    /// Any GPU through Vulkan, Metal or DirectX (a build with `--features wgpu`).
    Wgpu,
    /// PyTorch's C++ library on the CPU (a build with `--features libtorch`).
    Libtorch,
    /// PyTorch's C++ library on an NVIDIA GPU (a build with `--features libtorch`).
    LibtorchCuda,
}

impl Backend {
    /// Name for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Flex => "the CPU",
            Self::Cuda => "a GPU (CUDA)",
            Self::Wgpu => "a GPU (wgpu)",
            Self::Libtorch => "the CPU (LibTorch)",
            Self::LibtorchCuda => "a GPU (LibTorch)",
        }
    }

    /// The device.
    ///
    /// # Errors
    /// When this build does not have the backend.
    pub fn device(self) -> Result<Device> {
        match self {
            Self::Flex => Ok(Device::flex()),
            Self::Cuda => answering(cuda(0)?, "CUDA device", "Is an NVIDIA driver installed, and is a GPU free?"),
            Self::Wgpu => answering(wgpu()?, "wgpu device", "Is a Vulkan, Metal or DirectX driver installed?"),
            Self::Libtorch => answering(libtorch()?, "LibTorch", "Is its folder on LD_LIBRARY_PATH?"),
            Self::LibtorchCuda => answering(
                libtorch_cuda(0)?,
                "GPU of LibTorch",
                "Does the library on LD_LIBRARY_PATH know CUDA (is libtorch_cuda.so preloaded), and is a GPU free?",
            ),
        }
    }

    /// Devices that train together: as many as asked, or, where nothing was, threads of the CPU, one for each core as far
    /// as they share a part of `cells` cells evenly; one of any other device.
    ///
    /// # Errors
    /// As [`Backend::devices`].
    pub fn sharing(self, asked: Option<usize>, cells: usize) -> Result<Vec<Device>> {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads = if self == Self::Flex { even_threads(cells, cores) } else { 1 };
        self.devices(asked.unwrap_or(threads))
    }

    /// `count` devices that train together: GPUs by their numbers, or threads of the CPU.
    ///
    /// # Errors
    /// When one of them does not answer, there are none, or this is one of several processes.
    pub fn devices(self, count: usize) -> Result<Vec<Device>> {
        ensure!((1..=MOST).contains(&count), "--replicas must be from 1 to {MOST}");
        alone()?;
        match self {
            Self::Flex => Ok(vec![Device::flex(); count]),
            Self::Cuda => (0..count)
                .map(|number| {
                    answering(
                        cuda(number)?,
                        &format!("CUDA device {number}"),
                        "Is its driver installed, and does nvidia-smi list that many GPUs?",
                    )
                })
                .collect(),
            Self::Wgpu | Self::Libtorch | Self::LibtorchCuda => {
                ensure!(
                    count == 1,
                    "--replicas works with cuda and flex; other devices cannot exchange gradients here"
                );
                Ok(vec![self.device()?])
            }
        }
    }
}

/// Most threads that share a step unasked: each holds gradients of all weights.
const MOST_THREADS: usize = 8;

/// The largest number of threads, up to one for each core, that share cells evenly.
fn even_threads(cells: usize, cores: usize) -> usize {
    (1..=cores.min(MOST_THREADS)).rev().find(|threads| cells.is_multiple_of(*threads)).unwrap_or(1)
}

/// Whether a device is the machine's own memory, and keeps no gradients: where cells are made by the model's own loops.
pub fn is_host(device: &Device) -> bool {
    *device == Device::flex() && !device.is_autodiff()
}

/// A number of devices from the command line: `auto` takes the GPUs that Slurm or CUDA_VISIBLE_DEVICES gives.
///
/// # Errors
/// When it is neither a number nor `auto`, or nothing says how many GPUs there are.
pub fn replicas(text: &str) -> Result<usize, String> {
    let variable = |name: &str| std::env::var(name).ok();
    if text == "auto" {
        return given(variable("SLURM_GPUS_ON_NODE").as_deref(), variable("CUDA_VISIBLE_DEVICES").as_deref());
    }
    text.parse().map_err(|_| format!("{text:?} is neither a number nor `auto`"))
}

/// GPUs of this process by the variables of Slurm and of CUDA.
fn given(slurm: Option<&str>, visible: Option<&str>) -> Result<usize, String> {
    let listed = visible.map(|list| list.split(',').filter(|device| !device.trim().is_empty()).count());
    let count = slurm.and_then(|text| text.trim().parse().ok()).or(listed).filter(|count: &usize| *count > 0);
    count.ok_or_else(|| {
        "neither SLURM_GPUS_ON_NODE nor CUDA_VISIBLE_DEVICES says how many GPUs there are; give their number".to_owned()
    })
}

/// Refuses to be one of several processes: each would train the whole run and write the same folder.
fn alone() -> Result<()> {
    let several = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<usize>().ok()).filter(|n| *n > 1);
    for name in ["WORLD_SIZE", "SLURM_NTASKS"] {
        if let Some(count) = several(name) {
            bail!(
                "{name} says that {count} processes were started; one process drives all GPUs of a machine here. \
                 Start it once (`--ntasks=1`, no torchrun) with `--replicas N`"
            );
        }
    }
    Ok(())
}

/// A device that computes; the libraries below panic where there is none, here that is a sentence.
fn answering(device: Device, what: &str, hint: &str) -> Result<Device> {
    let own = device.clone();
    let hook = std::panic::take_hook();
    let said = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let list = std::sync::Arc::clone(&said);
    std::panic::set_hook(Box::new(move |info| {
        if let Ok(mut list) = list.lock() {
            list.push(info.to_string());
        }
    }));
    let probed = std::panic::catch_unwind(move || {
        let ones = Tensor::<2>::ones([2, 2], &own);
        ones.clone().matmul(ones).into_data().iter::<f32>().sum::<f32>()
    });
    std::panic::set_hook(hook);
    if probed.is_ok_and(|sum| sum == 8.0) {
        return Ok(device);
    }
    // The first panic is the cause; those after it are threads that miss the first.
    let cause = said.lock().ok().and_then(|list| list.first().cloned()).unwrap_or_default();
    let cause = cause.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or("it computes wrongly");
    // Its first clause: some go on to list every file that was looked for.
    let cause = cause.split([';', '\n']).next().unwrap_or(cause).split(" - ").next().unwrap_or(cause);
    bail!("no {what} answers: {}. {hint} `--device flex` uses the CPU.", cause.trim().trim_end_matches('.'))
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> Result<Device> {
    Ok(Device::cuda(number))
}

#[cfg(not(feature = "cuda"))]
fn cuda(_: usize) -> Result<Device> {
    anyhow::bail!("this build has no CUDA; build it with `cargo install --path train-native --features cuda`")
}

#[cfg(feature = "vulkan")]
fn wgpu() -> Result<Device> {
    Ok(Device::vulkan(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(all(feature = "wgpu", not(feature = "vulkan")))]
fn wgpu() -> Result<Device> {
    Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(any(feature = "wgpu", feature = "vulkan")))]
fn wgpu() -> Result<Device> {
    anyhow::bail!("this build has no wgpu; build it with `cargo install --path train-native --features wgpu`")
}

#[cfg(feature = "libtorch")]
fn libtorch() -> Result<Device> {
    Ok(Device::libtorch())
}

#[cfg(feature = "libtorch")]
fn libtorch_cuda(number: usize) -> Result<Device> {
    Ok(Device::libtorch_cuda(number))
}

#[cfg(not(feature = "libtorch"))]
fn libtorch() -> Result<Device> {
    anyhow::bail!("this build has no LibTorch; train-native/README.md says how to build it")
}

#[cfg(not(feature = "libtorch"))]
fn libtorch_cuda(_: usize) -> Result<Device> {
    libtorch()
}

#[cfg(test)]
mod tests {
    use super::{even_threads, given};

    #[test]
    fn threads_share_cells_evenly() {
        let found = |cells| [1, 2, 3, 6, 64].map(|cores| even_threads(cells, cores));
        assert_eq!(found(64), [1, 2, 2, 4, 8]);
        assert_eq!(found(9), [1, 1, 3, 3, 3]);
        assert_eq!(found(1), [1; 5]);
    }

    #[test]
    fn clusters_say_how_many_gpus_there_are() {
        assert_eq!(given(Some("4"), Some("0,1")), Ok(4));
        assert_eq!(given(None, Some("0,1,7")), Ok(3));
        assert_eq!(given(Some("two"), Some("GPU-1f2e")), Ok(1));
        assert!(given(None, Some("")).is_err());
        assert!(given(None, None).is_err_and(|text| text.contains("SLURM_GPUS_ON_NODE")));
    }
}
