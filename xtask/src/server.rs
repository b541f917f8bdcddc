//! A small server of static files for the built page.
//!
//! Does: GET and HEAD of files below one folder with the right types, on the loopback address only.
//! Does not know: the page; nothing but files is served, nothing is written.
//! Flow: `dist` → **http://127.0.0.1** → browser.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};

/// Media type of a file.
fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
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

/// Answers one request; `sent` hears which file went out, and its bytes.
fn answer(folder: &Path, mut stream: TcpStream, sent: &impl Fn(&str, u64)) -> std::io::Result<()> {
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
    let file = if matches!(method, "GET" | "HEAD") { file_of(folder, target) } else { None };
    let name = file.as_ref().and_then(|path| path.strip_prefix(folder).ok()).map(|path| path.display().to_string());
    let (status, kind, body) = match file.map(|path| std::fs::read(&path).map(|bytes| (media_type(&path), bytes))) {
        Some(Ok((kind, bytes))) => ("200 OK", kind, bytes),
        _ => ("404 Not Found", "text/plain", b"not found".to_vec()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )?;
    if method == "GET" {
        stream.write_all(&body)?;
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
    serve_counted(listener, folder, |_, _| ());
}

/// Serves until the process ends, and says of each file that went out its name and its bytes.
pub fn serve_counted(listener: &TcpListener, folder: &Path, sent: impl Fn(&str, u64) + Send + Sync + 'static) {
    let sent = Arc::new(sent);
    for stream in listener.incoming().flatten() {
        let (folder, sent) = (folder.to_path_buf(), Arc::clone(&sent));
        // A browser that goes away in the middle is no failure of the server.
        std::thread::spawn(move || answer(&folder, stream, &*sent).ok());
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{bind, file_of, media_type, serve};
    use std::io::{Read, Write};
    use std::path::Path;

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
}
