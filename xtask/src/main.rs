//! `cargo xtask`: the set-up and the checks, in one place.
//!
//! Does: `serve`, `test`, `stamp`, `size`, `bench`, `bundle`, `sweep`, `gpu`, `fuzz`, `gene-names`, `shots`,
//! `setup`; each installs what it needs, once, and says what
//! it does.
//! Does not know: burn, the page's insides.
//! Flow: a fresh clone → **tools** → page, tests, sizes.

mod bundle;
mod cache;
mod count;
mod debian;
mod fuzz;
mod gene_names;
mod gpu;
mod measure;
mod others;
mod process;
mod setup;
mod size;
mod stages;
mod wasm_library;
mod web;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use process::{command, run};

const HELP: &str = "\
cargo xtask serve [--release] [--port N] [--no-open]   build, serve and open the explorer
cargo xtask build [--release]                          build the page into dist, to be put on a host
cargo xtask test [--only STAGE] [--list]               every check, with the time of each
cargo xtask stamp [--dist FOLDER]                      list of bundles and version of a page that trunk built
cargo xtask size                                       sizes of the downloads; fails above the limits
cargo xtask bench train [OPTIONS]                      cost of a generated cell and a training step
cargo xtask bench prepare [OPTIONS]                    cost of a store of 2 million generated cells
cargo xtask bench de                                   the page's tests of 10,000 cells x 18,080 genes
cargo xtask bench page [--only NAME] [--minutes M] [--limit S] [--points N] [--data FILE]
                                                       what a visitor of the built page waits for
cargo xtask bench tasks                                questions of people: seconds and clicks until each is answered
cargo xtask bench rivals [--cells N] [--rounds N]      this page and onnxruntime-web in one browser; installs PyTorch
cargo xtask bundle NAME --data FOLDER [--runs FOLDER]  train, export, evaluate and precompute a bundle of the gallery
cargo xtask sweep [NAME]... [--data FOLDER] [--cells N] [--every N]
                                                       cells of every choice of the gallery's bundles, at the edges of
                                                       every setting, beside measured ones; fails on any that could not
                                                       be a cell
cargo xtask gpu [--data FOLDER] [--recipe NAME]... [--build NAME]... [--out FOLDER]
                                                       one folder with all that a quarter of an hour on a GPU needs
cargo xtask gene-names --table FILE --species NAME --source TEXT --out FILE
                                                       a list of full names and synonyms, from NCBI's table of genes
cargo xtask shots [--out FOLDER] [--query QUERY]       pictures of every view of the built page
cargo xtask fuzz [TARGET] [--seconds N]                inputs that nobody wrote, for every reader (60 seconds each)
cargo xtask setup                                      only install what building the page needs
cargo xtask --help                                     this text
";

/// Value that follows a flag.
fn value_of<'a>(arguments: &'a [String], flag: &str) -> Result<Option<&'a str>> {
    let Some(at) = arguments.iter().position(|argument| argument == flag) else { return Ok(None) };
    arguments.get(at + 1).map(|value| Some(value.as_str())).with_context(|| format!("{flag} needs a value"))
}

/// Values of a flag that may be given several times.
fn values_of(arguments: &[String], flag: &str) -> Vec<String> {
    let pairs = arguments.windows(2).filter(|pair| pair[0] == flag);
    pairs.map(|pair| pair[1].clone()).collect()
}

/// Refuses words that a command does not know, so that a typing error is not passed over in silence.
fn only_known(arguments: &[String], flags: &[&str], with_value: &[&str]) -> Result<()> {
    let mut words = arguments.iter().skip(1);
    while let Some(word) = words.next() {
        if with_value.contains(&word.as_str()) {
            words.next();
        } else if !flags.contains(&word.as_str()) {
            bail!("`{word}` is not known here\n{HELP}");
        }
    }
    Ok(())
}

/// Measures the built page.
fn bench_page(arguments: &[String]) -> Result<()> {
    only_known(arguments, &[], &["--only", "--minutes", "--limit", "--data", "--points"])?;
    let number = |flag: &str, otherwise: f64| -> Result<f64> {
        let Some(text) = value_of(arguments, flag)? else { return Ok(otherwise) };
        let number: f64 = text.parse().with_context(|| format!("{flag} {text} is not a number"))?;
        if number.is_finite() && number >= 0.0 { Ok(number) } else { bail!("{flag} {text} is not a time") }
    };
    let only = value_of(arguments, "--only")?.map(str::to_owned);
    if let Some(only) = only.as_ref().filter(|only| !measure::names().contains(&only.as_str())) {
        bail!("there is no measurement {only}; there are {}", measure::names().join(", "));
    }
    let (minutes, limit) = (number("--minutes", 3.0)?, number("--limit", 300.0)? as u64);
    let points = number("--points", f64::from(measure::POINTS))? as u32;
    let data = value_of(arguments, "--data")?.map(Into::into);
    measure::bench_page(&measure::Wishes { minutes, limit, only, data, points })
}

/// Measures the page beside another runtime.
fn bench_rivals(arguments: &[String]) -> Result<()> {
    only_known(arguments, &[], &["--cells", "--rounds"])?;
    let number = |flag: &str, otherwise: u32| -> Result<u32> {
        let Some(text) = value_of(arguments, flag)? else { return Ok(otherwise) };
        let number: u32 = text.parse().with_context(|| format!("{flag} {text} is not a number"))?;
        if number > 0 { Ok(number) } else { bail!("{flag} has to be above 0") }
    };
    measure::bench_rivals(number("--cells", 128)?, number("--rounds", 2)?)
}

/// Forwards to the trainer's own bench, or measures here.
fn bench(arguments: &[String]) -> Result<()> {
    let mut words = vec!["run", "--package", "train-native", "--", "bench"];
    match arguments.get(1).map(String::as_str) {
        Some("train") => {}
        Some("de") => return stages::bench_tests(),
        Some("page") => return bench_page(&arguments[1..]),
        Some("tasks") => {
            only_known(&arguments[1..], &[], &[])?;
            return measure::bench_tasks();
        }
        Some("rivals") => return bench_rivals(&arguments[1..]),
        Some("prepare") => words.extend(["--prepare", "2000000"]),
        _ => bail!("`cargo xtask bench` takes `train`, `prepare`, `de`, `page`, `tasks` or `rivals`\n{HELP}"),
    }
    words.extend(arguments.iter().skip(2).map(String::as_str));
    run(&mut command("cargo", &words))
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    match arguments.first().map(String::as_str) {
        Some("--help" | "-h" | "help") | None => print!("{HELP}"),
        Some(_) if has("--help") && !has("bench") => print!("{HELP}"),
        Some("serve") => {
            only_known(arguments, &["--release", "--no-open"], &["--port"])?;
            let port = value_of(arguments, "--port")?.unwrap_or("8080");
            let port = port.parse().with_context(|| format!("--port {port} is not a port number"))?;
            web::serve(has("--release"), port, !has("--no-open"))?;
        }
        Some("build") => {
            only_known(arguments, &["--release"], &[])?;
            web::build(&setup::page_tools()?, has("--release"))?;
        }
        Some("test") => {
            only_known(arguments, &["--list"], &["--only"])?;
            if has("--list") {
                stages::list();
            } else if !stages::test(value_of(arguments, "--only")?)? {
                return Ok(ExitCode::from(1));
            }
        }
        Some("stamp") => {
            only_known(arguments, &[], &["--dist"])?;
            let folder = value_of(arguments, "--dist")?.map_or_else(web::dist, std::path::PathBuf::from);
            web::finish(&folder)?;
        }
        Some("size") => {
            only_known(arguments, &[], &[])?;
            size::size()?;
        }
        Some("bench") => bench(arguments)?,
        Some("bundle") => {
            let Some(name) = arguments.get(1).filter(|name| !name.starts_with("--")) else {
                bail!("`cargo xtask bundle` takes a name: {}", bundle::names().join(", "));
            };
            only_known(&arguments[1..], &[], &["--data", "--runs"])?;
            let data = value_of(arguments, "--data")?.context("--data FOLDER says where the measured files are")?;
            let runs = value_of(arguments, "--runs")?.map_or_else(|| process::root().join("target/runs"), Into::into);
            bundle::make(name, std::path::Path::new(data), &runs)?;
        }
        Some("sweep") => {
            let mut rest = arguments[1..].to_vec();
            let at = rest.iter().position(|word| word.starts_with("--")).unwrap_or(rest.len());
            let mut more = rest.split_off(at);
            // One word before them stands first: the command, or the last name.
            let options = &["--data", "--cells", "--every", "--most-steps", "--seed"];
            only_known(arguments.get(at..).unwrap_or_default(), &[], options)?;
            let data = value_of(&more, "--data")?.map(std::path::PathBuf::from);
            // What is left goes to the trainer as it stands.
            if let Some(place) = more.iter().position(|word| word == "--data") {
                more.drain(place..(place + 2).min(more.len()));
            }
            bundle::sweep(&rest, data.as_deref(), &more)?;
        }
        Some("gpu") => {
            only_known(arguments, &[], &["--data", "--recipe", "--build", "--out"])?;
            gpu::pack(&gpu::Asked {
                out: value_of(arguments, "--out")?.map_or_else(|| process::root().join("target/gpu-pack"), Into::into),
                data: value_of(arguments, "--data")?.map(Into::into),
                recipes: values_of(arguments, "--recipe"),
                builds: values_of(arguments, "--build"),
            })?;
        }
        Some("fuzz") => {
            let target = arguments.get(1).filter(|word| !word.starts_with("--")).map(String::as_str);
            only_known(&arguments[usize::from(target.is_some())..], &[], &["--seconds"])?;
            let seconds = value_of(arguments, "--seconds")?.unwrap_or("60");
            fuzz::fuzz(seconds.parse().with_context(|| format!("--seconds {seconds} is not a number"))?, target)?;
        }
        Some("gene-names") => {
            only_known(arguments, &[], &["--table", "--species", "--source", "--out"])?;
            let of = |flag: &str| value_of(arguments, flag)?.with_context(|| format!("{flag} is missing\n{HELP}"));
            let (table, out) = (std::path::Path::new(of("--table")?), std::path::Path::new(of("--out")?));
            let genes = gene_names::write(table, of("--species")?, of("--source")?, out)?;
            eprintln!("{} has {genes} genes", out.display());
        }
        Some("shots") => {
            only_known(arguments, &[], &["--out", "--query"])?;
            let folder = value_of(arguments, "--out")?.map_or_else(|| process::root().join("target/shots"), Into::into);
            measure::shots(&folder, value_of(arguments, "--query")?)?;
        }
        Some("setup") => {
            only_known(arguments, &[], &[])?;
            setup::page_tools()?;
            eprintln!("everything that building the page needs is there");
        }
        Some(other) => bail!("there is no `cargo xtask {other}`\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{only_known, value_of};

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_and_values_are_read() {
        let given = words("serve --port 9 --release");
        assert_eq!(value_of(&given, "--port").unwrap(), Some("9"));
        assert_eq!(value_of(&given, "--only").unwrap(), None);
        assert!(value_of(&words("serve --port"), "--port").is_err());
        assert!(only_known(&given, &["--release"], &["--port"]).is_ok());
        assert!(only_known(&words("serve --prot 9"), &["--release"], &["--port"]).is_err());
    }
}
