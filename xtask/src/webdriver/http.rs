//! HTTP/1.1 as far as chromedriver on the same machine needs it.
//!
//! An HTTP crate would switch on features of crates that burn uses too, and have burn compiled twice.
//!
//! Does: one request per connection, bodies of a known length. Does not know: JSON, WebDriver.
//! Flow: command → **bytes** → chromedriver.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longest answer to one command.
const LIMIT: Duration = Duration::from_secs(120);

/// Sends a request to this machine and returns the status and the body.
pub(super) fn exchange(port: u16, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    answer(stream)
}

/// Reads a head, then as many bytes as it announces.
fn answer(mut stream: impl Read) -> Result<(u16, String)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        more(&mut stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let (Some(status), Some(length)) = (status, length) else {
        return Err(Error::new(ErrorKind::InvalidData, format!("not an answer of a known length: {head}")));
    };
    while bytes.len() < head_end + 4 + length {
        more(&mut stream, &mut bytes)?;
    }
    Ok((status, String::from_utf8_lossy(&bytes[head_end + 4..head_end + 4 + length]).into_owned()))
}

/// Reads what has arrived.
fn more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Result<()> {
    let mut part = [0; 16_384];
    match stream.read(&mut part)? {
        0 => Err(Error::new(ErrorKind::UnexpectedEof, "the answer ended early")),
        read => {
            bytes.extend_from_slice(&part[..read]);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::answer;

    #[test]
    fn an_answer_is_read_whole() {
        let whole = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX: y\r\n\r\nhello and more";
        assert_eq!(answer(&whole[..]).unwrap(), (404, "hello".to_owned()));
        assert!(answer(&whole[..40]).is_err());
        assert!(answer(&b"HTTP/1.1 200 OK\r\n\r\n"[..]).is_err());
    }
}
