//! Everything that a quarter of an hour on a GPU needs, in one folder.
//!
//! Does: builds the trainer for CUDA and for wgpu, packs the programs with a bundle, the benchmarks, recipes and their
//! cells, and writes the script that runs all of it where there is a GPU and no network.
//! Does not know: what the script finds.
//! Flow: a clone + measured files → **folder with run.sh** → any machine with an NVIDIA GPU → report and checkpoints.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::debian::install;
use crate::process::{command, root, run, step, watch};

/// The script.
const SCRIPT: &str = include_str!("gpu/run.sh");
/// Largest folder, in bytes.
const LARGEST: u64 = 60_000_000;
/// No build takes longer.
const LIMIT: Duration = Duration::from_secs(3 * 3600);
/// The bundle that devices are checked with.
const BUNDLE: &str = "pbmc-ifnb";

/// A build of the trainer: name and features.
const BUILDS: [(&str, &str); 4] =
    [("cuda-cpp", "cuda-cpp"), ("cuda-llvm", "cuda"), ("vulkan", "vulkan"), ("wgpu", "wgpu")];

/// What is asked for.
pub(crate) struct Asked {
    /// Folder to pack into.
    pub(crate) out: PathBuf,
    /// Folder of measured files.
    pub(crate) data: Option<PathBuf>,
    /// Recipes to train, by name.
    pub(crate) recipes: Vec<String>,
    /// Builds to pack, by name; all when empty.
    pub(crate) builds: Vec<String>,
}

/// LLVM's libraries, which the compiler of CUDA kernels is built against. They come as an archive from a release page;
/// where that cannot be had, Debian's LLVM 22 takes its place.
fn llvm() -> Result<()> {
    let home = std::env::var_os("HOME").map(PathBuf::from).context("HOME is not set")?;
    let bundle = home.join(".local/share/tracel/tracel-llvm-23.1.0-4");
    if bundle.join(".tracel-llvm-installed").exists() {
        return Ok(());
    }
    step("looking for LLVM's libraries", || {
        install(&["llvm-22-dev", "libpolly-22-dev", "liblld-22-dev"])?;
        let system = Path::new("/usr/lib/llvm-22");
        ensure!(system.is_dir(), "{} is not there after its installation", system.display());
        std::fs::create_dir_all(bundle.join("bin"))?;
        for part in ["include", "lib"] {
            let link = bundle.join(part);
            if !link.exists() {
                std::os::unix::fs::symlink(system.join(part), link)?;
            }
        }
        // Static libraries but for zlib-like ones that Debian has as shared libraries only.
        let script =
            "#!/bin/sh\n/usr/lib/llvm-22/bin/llvm-config --link-static \"$@\" | sed 's#[^ ]*/libz3\\.so#-lz3#'\n";
        let config = bundle.join("bin/llvm-config");
        std::fs::write(&config, script)?;
        run(&mut command("chmod", &["+x", &config.display().to_string()]))?;
        Ok(std::fs::write(bundle.join(".tracel-llvm-installed"), "")?)
    })
}

/// Builds one program and packs it.
fn build(name: &str, features: &str, out: &Path) -> Result<()> {
    if features.starts_with("cuda") {
        llvm().with_context(|| format!("{name} needs LLVM's libraries to be built"))?;
    }
    // A folder of its own: other features are other libraries.
    let target = std::env::var_os("WELLPLATE_GPU_TARGET").map_or_else(|| root().join("target/gpu"), PathBuf::from);
    let mut cargo = command("cargo", &["build", "--package", "train-native", "--features", features]);
    cargo.env("CARGO_TARGET_DIR", &target);
    step(&format!("building the trainer for {name} (10 to 40 minutes the first time)"), || {
        watch("cargo", LIMIT, &mut cargo)
    })?;
    let program = out.join("bin").join(format!("wellplate-{name}"));
    std::fs::copy(target.join("debug/wellplate"), &program)?;
    let program = program.display().to_string();
    run(&mut command("strip", &[&program]))?;
    run(&mut command("xz", &["-9", "-T0", "-f", &program])).context("xz packs the programs; install xz-utils")
}

/// Copies the files of a folder.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Copies a recipe, and the cells that it trains on.
fn recipe(name: &str, data: &Path, out: &Path) -> Result<()> {
    let source = root().join("train-native/recipes").join(format!("{name}.toml"));
    ensure!(source.is_file(), "there is no recipe {name}");
    std::fs::create_dir_all(out.join("recipes"))?;
    std::fs::create_dir_all(out.join("data"))?;
    std::fs::copy(&source, out.join("recipes").join(format!("{name}.toml")))?;
    let cells = crate::bundle::cells_of(name).with_context(|| format!("no bundle of the gallery is called {name}"))?;
    let from = data.join(cells);
    ensure!(from.is_file(), "{} is missing; --data names the folder that holds it", from.display());
    std::fs::copy(from, out.join("data").join(cells))?;
    Ok(std::fs::write(out.join("recipes").join(format!("{name}.data")), cells)?)
}

/// Bytes of all files of a folder.
fn bytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() { bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(sum)
}

/// Builds and packs.
///
/// # Errors
/// When a build fails, a file is missing, or the folder is larger than it may be.
pub(crate) fn pack(asked: &Asked) -> Result<()> {
    let out = &asked.out;
    if out.exists() {
        ensure!(out.join("run.sh").is_file(), "{} exists and is no such folder; choose another --out", out.display());
        std::fs::remove_dir_all(out)?;
    }
    std::fs::create_dir_all(out.join("bin"))?;
    let known: Vec<&str> = BUILDS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = asked.builds.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no build {unknown}; there are {}", known.join(", "));
    }
    for (name, features) in BUILDS {
        if asked.builds.is_empty() || asked.builds.iter().any(|own| own == name) {
            build(name, features, out)?;
        }
    }
    copy_files(&root().join("assets/models").join(BUNDLE), &out.join("bundle"))?;
    copy_files(&root().join("train-native/bench"), &out.join("bench"))?;
    for name in &asked.recipes {
        let data = asked.data.as_ref().context("--data FOLDER says where the cells of the recipes are")?;
        recipe(name, data, out)?;
    }
    std::fs::write(out.join("run.sh"), SCRIPT)?;
    run(&mut command("chmod", &["+x", &out.join("run.sh").display().to_string()]))?;
    let size = bytes(out)?;
    ensure!(
        size <= LARGEST,
        "{} holds {:.1} MB, more than {:.0}; leave a build (--build NAME) or a recipe out",
        out.display(),
        size as f64 / 1e6,
        LARGEST as f64 / 1e6
    );
    eprintln!(
        "{}: {:.1} MB; on a machine with an NVIDIA GPU run `bash run.sh` in it",
        out.display(),
        size as f64 / 1e6
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::process::Command;

    use super::SCRIPT;

    #[test]
    fn without_a_gpu_the_script_says_so_of_each_step_and_comes_to_its_end() {
        let folder = std::env::temp_dir().join(format!("wellplate-gpu-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("bin")).unwrap();
        std::fs::create_dir_all(folder.join("recipes")).unwrap();
        std::fs::write(folder.join("run.sh"), SCRIPT).unwrap();
        // What the programs do where there is no GPU. There is no build for wgpu.
        for kind in ["cuda-cpp", "cuda-llvm", "vulkan"] {
            std::fs::write(folder.join("bin").join(format!("wellplate-{kind}")), "#!/bin/sh\necho no GPU; exit 1\n")
                .unwrap();
        }
        let ran =
            Command::new("bash").arg(folder.join("run.sh")).env_remove("OUT").env_remove("PARTS").output().unwrap();
        let report = std::fs::read_to_string(folder.join("out/report.md")).unwrap_or_default();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        for kind in
            ["CUDA against the CPU (cuda-cpp)", "CUDA against the CPU (cuda-llvm)", "wgpu against the CPU (vulkan)"]
        {
            let said = report.split(&format!("## {kind}")).nth(1).unwrap_or_else(|| panic!("{kind}: {report}"));
            assert!(said.contains("failed (exit code 1)") && said.contains("no GPU"), "{kind}: {report}");
        }
        for (step, why) in [
            ("A step of the page preset, CUDA", "no CUDA build of this folder computes here"),
            ("Cells of the bundle, CUDA", "no CUDA build of this folder computes here"),
            ("Beside PyTorch, paper-85m", "no CUDA build of this folder computes here"),
            ("A step of the page preset, vulkan", "the build for vulkan does not compute here"),
            ("wgpu against the CPU (wgpu)", "this folder holds no build for wgpu"),
            ("Cells of the bundle, wgpu", "this folder holds no build for wgpu"),
            ("Training", "no CUDA build of this folder computes here"),
        ] {
            assert!(report.contains(&format!("## {step}\n\nNot run: {why}.\n")), "{step}: {report}");
        }
        assert!(report.contains("\nDone after "), "{report}");
    }
}
