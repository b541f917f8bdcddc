//! The devices that the trainer can use.
//!
//! Does: names on the command line, and the burn device behind each, or a sentence when this build
//! or machine lacks it.
//! Does not know: models.
//! Flow: `--device` → **device**.

use anyhow::Result;
use burn::tensor::Device;
use clap::ValueEnum;

/// Devices by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The CPU.
    Flex,
    /// NVIDIA GPU (a build with `--features cuda`).
    Cuda,
    /// Any GPU through Vulkan, Metal or DirectX (a build with `--features wgpu`).
    Wgpu,
}

impl Backend {
    /// The device.
    ///
    /// # Errors
    /// When this build does not have the backend.
    pub fn device(self) -> Result<Device> {
        match self {
            Self::Flex => Ok(Device::flex()),
            Self::Cuda => cuda(),
            Self::Wgpu => wgpu(),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device> {
    Ok(Device::cuda(0))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device> {
    anyhow::bail!("this build has no CUDA; build it with `cargo build --release -p train-native --features cuda`")
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Device> {
    Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice))
}

#[cfg(not(feature = "wgpu"))]
fn wgpu() -> Result<Device> {
    anyhow::bail!("this build has no wgpu; build it with `cargo build --release -p train-native --features wgpu`")
}
