//! A small server of static files for the built page.
//!
//! Does: GET and HEAD of files below one folder with the right types, on the loopback address only; the
//! page's own policy as a header, so that it holds for the worker too; for tests, a slow or dead network and a list of what
//! was asked for.
//! Does not know: the page; nothing but files is served, nothing is written.
//! Flow: `dist` → **http://127.0.0.1** → browser.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::policy::policy_of;

/// How the network behaves; tests change it while a page is open.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Whether every connection is dropped without an answer.
    pub down: AtomicBool,
    /// Bytes per second of a bundle's files; 0 is as fast as it goes.
    pub bytes_per_second: AtomicU64,
    /// What was asked for, whether or not the answer was waited for: targets without their question, in order.
    pub asked: Mutex<Vec<String>>,
}

/// Pieces per second of a slow answer.
const PIECES: u64 = 20;

/// Media type of a file.
fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The file of a request target below `folder`; `None` for anything that leaves it.
fn file_of(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    let encoded = path.contains('%') || path.contains('\\');
    (plain && !encoded).then(|| folder.join(path)).filter(|file| file.is_file())
}

/// Sends a body, a bundle's file no faster than the traffic allows.
fn send(stream: &mut TcpStream, body: &[u8], target: &str, traffic: &Traffic) -> std::io::Result<()> {
    let rate = traffic.bytes_per_second.load(Ordering::Relaxed);
    if rate == 0 || !target.contains(".safetensors") {
        return stream.write_all(body);
    }
    for piece in body.chunks((rate / PIECES).max(1) as usize) {
        if traffic.down.load(Ordering::Relaxed) {
            return Ok(());
        }
        stream.write_all(piece)?;
        std::thread::sleep(Duration::from_millis(1000 / PIECES));
    }
    Ok(())
}

/// Answers one request; `sent` hears which file went out, and its bytes.
fn answer(
    folder: &Path,
    mut stream: TcpStream,
    policy: &str,
    traffic: &Traffic,
    sent: &impl Fn(&str, u64),
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The rest of the head is read so that the connection can be closed in order.
    for line in lines.by_ref() {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split(['?', '#']).next().unwrap_or_default();
    traffic.asked.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    let file = if matches!(method, "GET" | "HEAD") { file_of(folder, target) } else { None };
    let name = file.as_ref().and_then(|path| path.strip_prefix(folder).ok()).map(|path| path.display().to_string());
    let (status, kind, body) = match file.map(|path| std::fs::read(&path).map(|bytes| (media_type(&path), bytes))) {
        Some(Ok((kind, bytes))) => ("200 OK", kind, bytes),
        _ => ("404 Not Found", "text/plain", b"not found".to_vec()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\n{policy}Connection: close\r\n\r\n"
    )?;
    if method == "GET" {
        send(&mut stream, &body, target, traffic)?;
        sent(name.as_deref().unwrap_or("not found"), length as u64);
    }
    stream.flush()
}

/// Binds a port; 0 takes a free one.
///
/// # Errors
/// When the port is taken.
pub fn bind(port: u16) -> Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .with_context(|| format!("port {port} is taken; choose another with --port"))?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Serves until the process ends.
pub fn serve(listener: &TcpListener, folder: &Path) {
    serve_with(listener, folder, &Arc::new(Traffic::default()));
}

/// Serves until the process ends, as the traffic allows.
pub fn serve_with(listener: &TcpListener, folder: &Path, traffic: &Arc<Traffic>) {
    serve_watched(listener, folder, traffic, |_, _| ());
}

/// Serves until the process ends, and says of each file that went out its name and its bytes.
pub fn serve_counted(listener: &TcpListener, folder: &Path, sent: impl Fn(&str, u64) + Send + Sync + 'static) {
    serve_watched(listener, folder, &Arc::new(Traffic::default()), sent);
}

/// Serves until the process ends.
fn serve_watched(
    listener: &TcpListener,
    folder: &Path,
    traffic: &Arc<Traffic>,
    sent: impl Fn(&str, u64) + Send + Sync + 'static,
) {
    // A folder without a page, or a page without a policy, is served without.
    let page = std::fs::read_to_string(folder.join("index.html")).ok();
    let policy = page.as_deref().and_then(policy_of);
    let header = policy.map_or_else(String::new, |policy| format!("Content-Security-Policy: {policy}\r\n"));
    let sent = Arc::new(sent);
    for stream in listener.incoming().flatten() {
        if traffic.down.load(Ordering::Relaxed) {
            continue;
        }
        let (folder, header) = (folder.to_path_buf(), header.clone());
        let (traffic, sent) = (Arc::clone(traffic), Arc::clone(&sent));
        // A browser that goes away in the middle is no failure of the server.
        std::thread::spawn(move || answer(&folder, stream, &header, &traffic, &*sent).ok());
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Traffic, bind, file_of, media_type, serve, serve_with};
    use std::io::{Read, Write};
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    #[test]
    fn nothing_outside_the_folder_is_served() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert!(file_of(folder, "/src/main.rs?x=1").is_some());
        for target in ["/../Cargo.toml", "//etc/passwd", "/src/../../Cargo.toml", "/%2e%2e/Cargo.toml", "/missing"] {
            assert_eq!(file_of(folder, target), None, "{target}");
        }
    }

    #[test]
    fn types_are_those_that_browsers_insist_on() {
        // A module script of another type is refused, and so is streaming compilation of wasm.
        let cases = [
            ("a/b.wasm", "application/wasm"),
            ("a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.css", "text/css; charset=utf-8"),
            ("bundle.json", "application/json"),
            ("weights.safetensors", "application/octet-stream"),
            ("none", "application/octet-stream"),
        ];
        for (name, kind) in cases {
            assert_eq!(media_type(Path::new(name)), kind, "{name}");
        }
    }

    #[test]
    fn a_file_arrives_whole() {
        let (listener, port) = bind(0).unwrap();
        std::thread::spawn(move || serve(&listener, Path::new(env!("CARGO_MANIFEST_DIR"))));
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"GET /Cargo.toml HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("name = \"xtask\""));
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(b"POST /Cargo.toml HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
    #[test]
    fn a_dead_network_answers_nothing() {
        let (listener, port) = bind(0).unwrap();
        let traffic = Arc::new(Traffic::default());
        let own = Arc::clone(&traffic);
        std::thread::spawn(move || serve_with(&listener, Path::new(env!("CARGO_MANIFEST_DIR")), &own));
        let ask = || {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
            let mut answer = String::new();
            // A connection that was dropped may fail at either call.
            let _ = stream.write_all(b"GET /Cargo.toml HTTP/1.1\r\nHost: x\r\n\r\n");
            let _ = stream.read_to_string(&mut answer);
            answer
        };
        traffic.down.store(true, Ordering::Relaxed);
        assert_eq!(ask(), "");
        traffic.down.store(false, Ordering::Relaxed);
        assert!(ask().starts_with("HTTP/1.1 200"));
        assert_eq!(*traffic.asked.lock().unwrap(), ["/Cargo.toml"], "what nobody answered was not heard");
    }
}
