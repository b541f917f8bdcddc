//! `cargo xtask`: the set-up and the checks, in one place.
//!
//! Does: `serve`, `test`, `size`, `setup`; each installs what it needs, once, and says what it does.
//! Does not know: burn, the page's insides.
//! Flow: a fresh clone → **tools** → page, tests, sizes.

mod process;
mod server;
mod setup;
mod size;
mod stages;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask serve [--release] [--port N] [--no-open]   build, serve and open the explorer
cargo xtask test [--only STAGE] [--list]               every check, with the time of each
cargo xtask size                                       sizes of the downloads; fails above the limits
cargo xtask setup                                      only install what the page needs
";

/// Value that follows a flag.
fn value_of<'a>(arguments: &'a [String], flag: &str) -> Option<&'a str> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    arguments.get(at + 1).map(String::as_str)
}

fn run(arguments: &[String]) -> Result<()> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    match arguments.first().map(String::as_str) {
        Some("serve") => {
            let port = value_of(arguments, "--port").unwrap_or("8080").parse()?;
            web::serve(has("--release"), port, !has("--no-open"))
        }
        Some("test") if has("--list") => {
            stages::list();
            Ok(())
        }
        Some("test") => stages::test(value_of(arguments, "--only")),
        Some("size") => size::size(),
        Some("setup") => setup::page_tools().map(|_| ()),
        Some("--help" | "-h" | "help") | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("there is no `cargo xtask {other}`\n{HELP}"),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}
