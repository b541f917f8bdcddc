//! A WebDriver program: started on a free port, ended when dropped.
//!
//! Does: starts chromedriver, which says its port, and others at a port that was found free; a screen for browsers that
//! have no headless form.
//! Does not know: the protocol, the page.
//! Flow: browser and driver → **driver at a port** → sessions.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::engine::{Engine, Kind};

/// Starts of a driver before it is given up: it takes a free port for IPv4 first and ends when that port is not free for
/// IPv6, which happens where several run at a time.
const STARTS: usize = 5;
/// Time that a driver may take until it listens.
const LISTENS: Duration = Duration::from_secs(20);
/// Screen of a browser that has no headless form.
const SCREEN: [&str; 6] = ["-screen", "0", "1400x1000x24", "-nolisten", "tcp", "-displayfd"];

/// A program that is ended when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A driver that runs.
pub(super) struct Driver {
    port: u16,
    /// Ended before the screen that it is shown on.
    _program: Program,
    _screen: Option<Program>,
}

impl Driver {
    /// Starts a browser's driver.
    pub(super) fn start(engine: &Engine) -> Result<Self> {
        let mut last = Self::started(engine);
        for _ in 1..STARTS {
            if last.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
            last = Self::started(engine);
        }
        last
    }

    /// The port that it listens at, on this machine.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    fn started(engine: &Engine) -> Result<Self> {
        match engine.kind {
            Kind::Chromium => Self::that_says_its_port(engine),
            Kind::Firefox | Kind::WebKit => Self::at_a_free_port(engine),
        }
    }

    fn that_says_its_port(engine: &Engine) -> Result<Self> {
        let mut command = silent(engine);
        let (program, mut lines) = spoken(command.arg("--port=0"))?;
        let mut said = String::new();
        // "ChromeDriver was started successfully on port 41235."
        let port = lines.by_ref().find_map(|line| {
            let rest = line.split("started successfully on port ").nth(1).map(str::to_owned);
            said = line;
            rest?.trim_end_matches('.').parse::<u16>().ok()
        });
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.with_context(|| format!("chromedriver did not say its port, but {said:?}"))?;
        Ok(Self { port, _program: program, _screen: None })
    }

    fn at_a_free_port(engine: &Engine) -> Result<Self> {
        let mut command = silent(engine);
        let screen = match &engine.screen {
            Some(server) => {
                let (screen, display) = screen(server)?;
                command.env("DISPLAY", display);
                Some(screen)
            }
            None => None,
        };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let child = command.arg(format!("--port={port}")).stdout(Stdio::null()).spawn();
        let mut program = Program(child.with_context(|| format!("cannot start {}", engine.driver.display()))?);
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = program.0.try_wait()? {
                bail!("{} ended at once ({status})", engine.driver.display());
            }
            if started.elapsed() > LISTENS {
                bail!("{} does not listen after {} s", engine.driver.display(), LISTENS.as_secs());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { port, _program: program, _screen: screen })
    }
}

/// The driver's command, which reads nothing and complains to nobody.
fn silent(engine: &Engine) -> Command {
    let mut command = Command::new(&engine.driver);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// A program and the lines that it says.
fn spoken(command: &mut Command) -> Result<(Program, impl Iterator<Item = String> + Send + 'static)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start {name}"))?;
    // Dropped on the way out, it is ended and waited for.
    let mut program = Program(child);
    let output = program.0.stdout.take().with_context(|| format!("{name} has no output"))?;
    Ok((program, BufReader::new(output).lines().map_while(std::io::Result::ok)))
}

/// A screen in memory and its name; the server chooses a free one and says its number.
fn screen(server: &std::path::Path) -> Result<(Program, String)> {
    let mut command = Command::new(server);
    let (program, mut lines) = spoken(command.args(SCREEN).arg("1").stdin(Stdio::null()).stderr(Stdio::null()))?;
    let number = lines.next().and_then(|line| line.trim().parse::<u32>().ok());
    let number = number.with_context(|| format!("{} did not say its screen", server.display()))?;
    Ok((program, format!(":{number}")))
}
