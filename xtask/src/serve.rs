//! `cargo xtask serve`: builds the site and serves dist/ on loopback.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use crate::http::Site;
use crate::{Outcome, build, project};

const PORT: u16 = 8080;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    port: u16,
    build: bool,
    prefix: String,
}

pub(crate) fn run(args: &[String]) -> Outcome {
    let options = parse(args)?;
    // Asked for first: a taken port should be known before minutes of building.
    let listener = Site::listen(options.port)?;
    if options.build {
        build::run()?;
    }
    let (site, url) = open(&listener, &project::dist(), &options.prefix)?;
    println!("serving dist/ at {url} (Ctrl-C ends it)");
    // A test that reads our output through a pipe waits for that line.
    std::io::stdout().flush().map_err(|e| e.to_string())?;
    site.serve(&listener);
    Ok(())
}

/// Serves a site from another thread, on a free port, until the process ends. Returns the address of the page.
pub(crate) fn in_background(dir: &Path, prefix: &str) -> Outcome<String> {
    let listener = Site::listen(0)?;
    let (site, url) = open(&listener, dir, prefix)?;
    thread::spawn(move || site.serve(&listener));
    Ok(url)
}

fn open(listener: &TcpListener, dir: &Path, prefix: &str) -> Outcome<(Site, String)> {
    if !dir.join("index.html").is_file() {
        return Err("there is no index.html: run `cargo xtask build` first".into());
    }
    let site = Site::new(dir, prefix)?;
    let at: SocketAddr = listener.local_addr().map_err(|e| e.to_string())?;
    let url = site.url(at);
    Ok((site, url))
}

fn parse(args: &[String]) -> Outcome<Options> {
    let mut options = Options { port: PORT, build: true, prefix: "/".into() };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let (flag, inline) = match arg.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (arg.as_str(), None),
        };
        let mut value =
            || inline.clone().or_else(|| args.next().cloned()).ok_or_else(|| format!("{flag} needs a value"));
        match flag {
            "--port" => {
                let text = value()?;
                options.port = text.parse().map_err(|_| format!("--port {text:?} is not a port number"))?;
            }
            "--prefix" => options.prefix = value()?,
            "--no-build" if inline.is_none() => options.build = false,
            _ => return Err(format!("serve: unexpected argument {arg:?}")),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Outcome<Options> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options() {
        let standard = Options { port: 8080, build: true, prefix: "/".into() };
        assert_eq!(parsed(""), Ok(standard));
        let all = Options { port: 0, build: false, prefix: "/a/".into() };
        assert_eq!(parsed("--no-build --port 0 --prefix=/a/"), Ok(all));
        for wrong in ["--port", "--port=x", "--port 70000", "--no-build=1", "--open", "8080"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
