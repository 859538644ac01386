//! A small static file server for loopback: GET and HEAD, one thread per connection, nothing outside its directory.
//!
//! Not a public web server: no keep-alive, ranges, compression or TLS.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::Outcome;

/// Request line and headers together, in bytes.
const REQUEST_LIMIT_BYTES: u64 = 16 * 1024;
const CONNECTION_LIMIT: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

/// A directory served at a path prefix.
pub(crate) struct Site {
    /// Invariant: canonical, so that a link that leads outside can be told.
    root: PathBuf,
    /// Invariant: starts and ends with a slash.
    prefix: String,
}

/// What a request is answered with.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    File(PathBuf),
    /// To the same path with a slash at its end.
    Moved(String),
    Refused(u16, &'static str),
}

impl Site {
    pub(crate) fn new(root: &Path, prefix: &str) -> Outcome<Site> {
        let root = root.canonicalize().map_err(|e| format!("cannot serve {}: {e}", root.display()))?;
        let middle = prefix.trim_matches('/');
        let prefix = if middle.is_empty() { "/".to_owned() } else { format!("/{middle}/") };
        Ok(Site { root, prefix })
    }

    /// Listens on loopback only; port 0 takes a free one.
    pub(crate) fn listen(port: u16) -> Outcome<TcpListener> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|e| format!("cannot listen on 127.0.0.1:{port}: {e}"))
    }

    pub(crate) fn url(&self, at: SocketAddr) -> String {
        format!("http://{at}{}", self.prefix)
    }

    /// Answers until the process ends.
    pub(crate) fn serve(self, listener: &TcpListener) {
        let site = Arc::new(self);
        let open = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming().flatten() {
            if open.fetch_add(1, Ordering::Relaxed) >= CONNECTION_LIMIT {
                open.fetch_sub(1, Ordering::Relaxed);
                continue;
            }
            let (site, open) = (Arc::clone(&site), Arc::clone(&open));
            thread::spawn(move || {
                // A visitor who hangs up is no news.
                drop(site.converse(&stream));
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }

    fn converse(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream.take(REQUEST_LIMIT_BYTES));
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        let mut header = Vec::new();
        while reader.read_until(b'\n', &mut header)? > 2 {
            header.clear();
        }
        let ended = header == b"\r\n" || header == b"\n";
        let head_only = line.starts_with(b"HEAD ");
        let answer = if ended { self.answer(&line) } else { Answer::Refused(400, "Bad Request") };
        let mut out = stream;
        match answer {
            Answer::File(path) => match File::open(&path) {
                Ok(mut file) => {
                    let length = file.metadata()?.len();
                    let kind = mime(&path);
                    write!(
                        out,
                        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n{COMMON}\r\n"
                    )?;
                    if !head_only {
                        io::copy(&mut file, &mut out)?;
                    }
                }
                Err(_) => refuse(out, 404, "Not Found", head_only)?,
            },
            Answer::Moved(to) => {
                write!(
                    out,
                    "HTTP/1.1 308 Permanent Redirect\r\nLocation: {to}\r\nContent-Length: 0\r\n{COMMON}\r\n"
                )?;
            }
            Answer::Refused(code, reason) => refuse(out, code, reason, head_only)?,
        }
        out.flush()?;
        if !ended {
            // Closing with words unread would reset the connection and lose the answer.
            stream.shutdown(Shutdown::Write)?;
            io::copy(&mut stream.take(REQUEST_LIMIT_BYTES * 16), &mut io::sink())?;
        }
        Ok(())
    }

    /// From a request line to what it gets.
    fn answer(&self, line: &[u8]) -> Answer {
        const BAD: Answer = Answer::Refused(400, "Bad Request");
        const NOT_FOUND: Answer = Answer::Refused(404, "Not Found");
        let Ok(line) = std::str::from_utf8(line) else { return BAD };
        let words: Vec<&str> = line.trim_end_matches(['\r', '\n']).split(' ').collect();
        let [method, target, version] = words[..] else { return BAD };
        if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
            return BAD;
        }
        if method != "GET" && method != "HEAD" {
            return Answer::Refused(405, "Method Not Allowed");
        }
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let Some(path) = decode(path) else { return BAD };
        if format!("{path}/") == self.prefix {
            return Answer::Moved(self.prefix.clone());
        }
        let Some(inside) = path.strip_prefix(&self.prefix) else { return NOT_FOUND };
        let mut file = self.root.clone();
        for part in inside.split('/') {
            if part == ".." || part.contains(['\\', '\0', ':']) {
                return BAD;
            }
            if !part.is_empty() && part != "." {
                file.push(part);
            }
        }
        if inside.is_empty() || inside.ends_with('/') {
            file.push("index.html");
        }
        match file.canonicalize() {
            Ok(real) if real.starts_with(&self.root) && real.is_file() => Answer::File(real),
            _ => NOT_FOUND,
        }
    }
}

/// The site changes with every build, so a browser asks each time.
/// A frame without an origin of its own may load the site too, as on most static hosts.
const COMMON: &str = "Access-Control-Allow-Origin: *\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n";

fn refuse(mut out: &TcpStream, code: u16, reason: &str, head_only: bool) -> io::Result<()> {
    let body = if head_only { String::new() } else { format!("{code} {reason}\n") };
    let length = format!("{code} {reason}\n").len();
    write!(
        out,
        "HTTP/1.1 {code} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n{COMMON}\r\n{body}"
    )
}

/// Undoes %XX; nothing for what is not a percent-encoded UTF-8 path.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "md" | "txt" | "yaml" | "yml" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;

    /// The root is this crate's own directory: files that are surely there.
    fn site(prefix: &str) -> Site {
        Site::new(&project::root().join("xtask"), prefix).unwrap()
    }

    fn code(line: &str, prefix: &str) -> u16 {
        match site(prefix).answer(line.as_bytes()) {
            Answer::File(_) => 200,
            Answer::Moved(_) => 308,
            Answer::Refused(code, _) => code,
        }
    }

    #[test]
    fn request_lines() {
        for (line, expected) in [
            ("GET /Cargo.toml HTTP/1.1\r\n", 200),
            ("HEAD /src/main.rs HTTP/1.1\r\n", 200),
            ("GET /src/main.rs?x=/../..#y HTTP/1.0\r\n", 200),
            ("GET /%43argo.toml HTTP/1.1\r\n", 200),
            ("GET //Cargo.toml HTTP/1.1\r\n", 200),
            ("GET /src HTTP/1.1\r\n", 404),
            ("GET / HTTP/1.1\r\n", 404),
            ("GET /absent HTTP/1.1\r\n", 404),
            ("GET /../Cargo.toml HTTP/1.1\r\n", 400),
            ("GET /src/%2e%2e/%2e%2e/Cargo.toml HTTP/1.1\r\n", 400),
            ("GET /..%2fCargo.toml HTTP/1.1\r\n", 400),
            ("GET /..%5cCargo.toml HTTP/1.1\r\n", 400),
            ("GET /%00 HTTP/1.1\r\n", 400),
            ("GET /%zz HTTP/1.1\r\n", 400),
            ("GET /%+1 HTTP/1.1\r\n", 400),
            ("GET /%f HTTP/1.1\r\n", 400),
            ("GET /%ff HTTP/1.1\r\n", 400),
            ("GET Cargo.toml HTTP/1.1\r\n", 400),
            ("GET /Cargo.toml\r\n", 400),
            ("GET /Cargo.toml HTTP/2\r\n", 400),
            ("\r\n", 400),
            ("", 400),
            ("POST /Cargo.toml HTTP/1.1\r\n", 405),
        ] {
            assert_eq!(code(line, "/"), expected, "{line:?}");
        }
    }

    #[test]
    fn a_prefix_is_the_only_way_in() {
        for (line, expected) in [
            ("GET /a/b/Cargo.toml HTTP/1.1\r\n", 200),
            ("GET /a/b HTTP/1.1\r\n", 308),
            ("GET /Cargo.toml HTTP/1.1\r\n", 404),
            ("GET /a/b/../../Cargo.toml HTTP/1.1\r\n", 400),
        ] {
            assert_eq!(code(line, "a/b"), expected, "{line:?}");
        }
    }

    fn ask(request: &[u8]) -> String {
        let listener = Site::listen(0).unwrap();
        let at = listener.local_addr().unwrap();
        assert!(at.ip().is_loopback());
        let site = site("/");
        let server = thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            drop(site.converse(&stream));
        });
        let mut stream = TcpStream::connect(at).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        server.join().unwrap();
        String::from_utf8(answer).unwrap()
    }

    #[test]
    fn a_conversation_over_a_socket() {
        let got = ask(b"GET /node/package.json HTTP/1.1\r\nHost: x\r\n\r\n");
        let file = project::read_text(&project::root().join("xtask/node/package.json")).unwrap();
        assert!(got.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"), "{got}");
        assert!(got.ends_with(&format!("\r\n\r\n{file}")), "{got}");

        let got = ask(b"HEAD /node/package.json HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(
            got.contains(&format!("Content-Length: {}\r\n", file.len())) && got.ends_with("\r\n\r\n"),
            "{got}"
        );

        assert!(ask(b"GET / HTTP/1.1\r\nHost: cut sho").starts_with("HTTP/1.1 400 "));
        assert!(ask(&[0xff; 40]).starts_with("HTTP/1.1 400 "));
        assert!(ask(&[b'a'; 17_000]).starts_with("HTTP/1.1 400 "));
    }

    #[test]
    fn wasm_has_the_type_that_streaming_compilation_wants() {
        assert_eq!(mime(Path::new("x_bg.wasm")), "application/wasm");
    }
}
