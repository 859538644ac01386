//! `wget`: GNU's words where the image has GNU tools, busybox's elsewhere.
//!
//! Not modelled: mirrors, continued downloads, FTP.

use super::super::args::Args;
use super::url::{Url, UrlError};
use super::{Answered, Asker, Refusal, Talk, seconds, unresolved, usage};
use crate::machine::{Program, Sys, Turn};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetOptions, NetRequest};
use crate::programs::date_text;

const REDIRECTS_MAX: u32 = 20;

#[derive(Clone, Default)]
struct Wget {
    talk: Talk,
    args: Args,
    urls: Vec<String>,
    url: Option<Url>,
    redirects: u32,
    tries: u32,
    code: i32,
}

/// Long options whose value may be the next word.
const VALUED: [&str; 12] = [
    "--header",
    "--post-data",
    "--post-file",
    "--timeout",
    "--tries",
    "--user-agent",
    "--output-document",
    "--output-file",
    "--directory-prefix",
    "--user",
    "--password",
    "--max-redirect",
];

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    let mut words = Vec::new();
    let mut rest = argv.iter();
    while let Some(word) = rest.next() {
        let value = if VALUED.contains(&word.as_str()) { rest.next() } else { None };
        words.push(value.map_or_else(|| word.clone(), |v| format!("{word}={v}")));
    }
    Box::new(Wget { talk: Talk::new(&words), ..Wget::default() })
}

impl Wget {
    fn quiet(&self) -> bool {
        self.args.has('q')
    }

    fn ask(&mut self, sys: &mut Sys<'_>, text: &str) -> Turn {
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(e) => {
                let line = match (&e, sys.gnu()) {
                    (UrlError::Scheme(_), true) => format!("{text}: Unsupported scheme.\n"),
                    (UrlError::BadPort, true) => format!("{text}: Bad port number.\n"),
                    (_, true) => format!("{text}: Invalid host name.\n"),
                    (UrlError::BadPort, false) => {
                        let port = text.rsplit(':').next().unwrap_or("").split('/').next().unwrap_or("");
                        format!("wget: bad port '{port}'\n")
                    }
                    (UrlError::Scheme(_), false) => format!("wget: not an http or ftp url: {text}\n"),
                    (_, false) => format!("wget: bad address '{}'\n", text.trim_start_matches("http://")),
                };
                sys.err(&line);
                self.code = 1;
                return Turn::More;
            }
        };
        let mut request = HttpRequest::get(&url.target);
        request.headers.push(("host".into(), url.authority()));
        let agent = self.args.value('U').unwrap_or(if sys.gnu() { "Wget/1.21.4" } else { "Wget" }).to_owned();
        request.headers.push(("user-agent".into(), agent));
        for h in self.args.long_values("header") {
            if let Some((n, v)) = h.split_once(':') {
                let n = n.trim().to_lowercase();
                request.headers.retain(|(old, _)| *old != n);
                request.headers.push((n, v.trim().to_owned()));
            }
        }
        if let Some(body) = self.args.long_value("post-data") {
            request.method = "POST".into();
            request.headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
            request.body = body.as_bytes().to_vec();
        }
        if self.args.long("spider") {
            request.method = "HEAD".into();
        }
        if !self.quiet() && sys.gnu() {
            let now = date_text(sys.now(), "%Y-%m-%d %H:%M:%S");
            sys.err(&format!("--{now}--  {}://{}{}\n", url.scheme(), url.authority(), url.target));
        }
        let limit = self.args.value('T').and_then(seconds).filter(|ms| *ms > 0);
        let trace = self.args.long("trace-path").then(|| sys.locale());
        let options = NetOptions { connect_ms: limit, trace, ..NetOptions::default() };
        let asked = NetRequest::Http { host: url.host.clone(), port: url.port, tls: url.tls, request };
        self.url = Some(url);
        self.talk.send(sys, asked, options)
    }

    fn failed(&self, sys: &mut Sys<'_>, url: &Url, address: Option<&str>, error: NetError) {
        let host = &url.host;
        let at = address.unwrap_or(host);
        let reason = match error {
            NetError::Refused | NetError::Tls => "Connection refused",
            NetError::TimedOut | NetError::Slow => "Connection timed out",
            NetError::Unreachable if sys.gnu() => "Network is unreachable",
            NetError::Unreachable => "Network is unreachable",
            NetError::Reset => "Connection reset by peer",
            NetError::NoName | NetError::NoServer => "",
        };
        if sys.gnu() {
            // An address is not told twice.
            let place = if host == at { host.clone() } else { format!("{host} ({host})|{at}|") };
            let text = match error {
                NetError::NoName | NetError::NoServer => {
                    let why = unresolved(sys, error);
                    if self.quiet() {
                        return;
                    }
                    format!(
                        "Resolving {host} ({host})... failed: {why}.\nwget: unable to resolve host address ‘{host}’\n"
                    )
                }
                _ if self.quiet() => return,
                NetError::Tls => format!(
                    "Connecting to {place}:{}... connected.\nOpenSSL: error:0A00010B:SSL routines::wrong version number\nUnable to establish SSL connection.\n",
                    url.port
                ),
                NetError::Reset => format!(
                    "Connecting to {place}:{}... connected.\nHTTP request sent, awaiting response... No data received.\n",
                    url.port
                ),
                _ => format!("Connecting to {place}:{}... failed: {reason}.\n", url.port),
            };
            sys.err(&text);
            return;
        }
        if !self.quiet() && !matches!(error, NetError::NoName | NetError::NoServer) {
            let port = if url.port == 80 { String::new() } else { format!(":{}", url.port) };
            sys.err(&format!("Connecting to {host}{port} ({at}:{})\n", url.port));
        }
        let limited = self.args.value('T').is_some();
        let text = match error {
            NetError::NoName | NetError::NoServer => format!("wget: bad address '{host}'\n"),
            NetError::TimedOut | NetError::Slow if limited => "wget: download timed out\n".into(),
            NetError::Reset => "wget: error getting response\n".into(),
            NetError::Tls => "wget: note: TLS certificate validation not implemented\nwget: TLS error from peer (alert code 80): internal error\nwget: error getting response: Connection reset by peer\n".into(),
            _ => format!("wget: can't connect to remote host ({at}): {reason}\n"),
        };
        sys.err(&text);
    }

    fn response(&mut self, sys: &mut Sys<'_>, url: &Url, address: &str, response: &HttpResponse) -> Turn {
        let (status, reason) = (response.status, response.phrase());
        let (gnu, quiet) = (sys.gnu(), self.quiet());
        if !quiet {
            let host = &url.host;
            if gnu {
                let named = host != address;
                if named {
                    sys.err(&format!("Resolving {host} ({host})... {address}\n"));
                }
                let shown = if named { format!(" ({host})|{address}|") } else { String::new() };
                sys.err(&format!(
                    "Connecting to {host}{shown}:{}... connected.\nHTTP request sent, awaiting response... {status} {reason}\n",
                    url.port
                ));
            } else {
                let port = if url.port == 80 { String::new() } else { format!(":{}", url.port) };
                sys.err(&format!("Connecting to {host}{port} ({address}:{})\n", url.port));
            }
        }
        if self.args.has('S') {
            let mut text = format!("  HTTP/1.1 {status} {reason}\n");
            for (n, v) in &response.headers {
                text.push_str(&format!("  {n}: {v}\n"));
            }
            sys.err(&text);
        }
        if matches!(status, 301 | 302 | 303 | 307 | 308)
            && let Some(location) = response.header("location")
        {
            self.redirects += 1;
            if self.redirects > REDIRECTS_MAX {
                sys.err(if gnu { "20 redirections exceeded.\n" } else { "wget: too many redirections\n" });
                self.code = if gnu { 8 } else { 1 };
                return Turn::More;
            }
            if !quiet && gnu {
                sys.err(&format!("Location: {location} [following]\n"));
            }
            self.urls.push(url.join(location));
            return Turn::More;
        }
        if status >= 400 {
            if gnu {
                let now = date_text(sys.now(), "%Y-%m-%d %H:%M:%S");
                if !quiet {
                    sys.err(&format!("{now} ERROR {status}: {reason}.\n\n"));
                }
                self.code = 8;
            } else {
                sys.err(&format!("wget: server returned error: HTTP/1.1 {status} {reason}\n"));
                self.code = 1;
            }
            return Turn::More;
        }
        if self.args.long("spider") {
            if !quiet {
                sys.err(if gnu { "Remote file exists.\n\n" } else { "remote file exists\n" });
            }
            return Turn::More;
        }
        self.save(sys, url, response)
    }

    fn save(&mut self, sys: &mut Sys<'_>, url: &Url, response: &HttpResponse) -> Turn {
        let (gnu, quiet, bytes) = (sys.gnu(), self.quiet(), response.body.len());
        let own = if url.file_name().is_empty() { "index.html" } else { url.file_name() };
        let name = self.args.value('O').map_or_else(
            || {
                self.args
                    .value('P')
                    .map_or_else(|| own.to_owned(), |p| format!("{}/{own}", p.trim_end_matches('/')))
            },
            str::to_owned,
        );
        if gnu && !quiet {
            let kind = response.header("content-type").unwrap_or("text/html").split(';').next().unwrap_or("");
            let shown = if name == "-" { "‘STDOUT’".to_owned() } else { format!("‘{name}’") };
            sys.err(&format!("Length: {bytes} [{kind}]\nSaving to: {shown}\n\n"));
        }
        if name == "-" {
            if !quiet && !gnu {
                sys.err("writing to stdout\n");
            }
            sys.out(&response.body);
            if !quiet && !gnu {
                sys.err(&format!("-                    100% |********************************| {bytes:>5}  0:00:00 ETA\nwritten to stdout\n"));
            }
        } else {
            let path = sys.path(&name);
            if let Err(e) = sys.fs().write(&path, &response.body) {
                let text =
                    if gnu { format!("{name}: {e}\n") } else { format!("wget: can't open '{name}': {e}\n") };
                sys.err(&text);
                self.code = if gnu { 3 } else { 1 };
                return Turn::More;
            }
            if !quiet && !gnu {
                sys.err(&format!("saving to '{name}'\n{name:<20} 100% |********************************| {bytes:>5}  0:00:00 ETA\n'{name}' saved\n"));
            }
        }
        if gnu && !quiet {
            let now = date_text(sys.now(), "%Y-%m-%d %H:%M:%S");
            let shown =
                if name == "-" { "written to stdout".to_owned() } else { format!("‘{name}’ saved") };
            sys.err(&format!("{now} (1.00 MB/s) - {shown} [{bytes}/{bytes}]\n\n"));
        }
        Turn::More
    }
}

impl Asker for Wget {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        let gnu = sys.gnu();
        let wrong = |text: String| (text, if gnu { 2 } else { 1 });
        // GNU's long options have the same meaning as these.
        let short: Vec<String> = self
            .talk
            .argv
            .iter()
            .flat_map(|a| {
                let (name, value) = a.split_once('=').map_or((a.as_str(), None), |(n, v)| (n, Some(v)));
                let letter = match name {
                    "--quiet" => "-q",
                    "--output-document" => "-O",
                    "--timeout" | "--connect-timeout" | "--read-timeout" => "-T",
                    "--tries" => "-t",
                    "--user-agent" => "-U",
                    "--server-response" => "-S",
                    "--directory-prefix" => "-P",
                    "--no-verbose" => "-n",
                    _ => return vec![a.clone()],
                };
                std::iter::once(letter.to_owned()).chain(value.map(str::to_owned)).collect()
            })
            .collect();
        self.args = Args::parse(sys, &short, "qO:T:t:Y:cP:U:Snv")
            .map_err(|e| wrong(if gnu { e } else { e + &usage::of("wget") }))?;
        self.urls = self.args.rest.clone();
        if self.urls.is_empty() {
            return Err(wrong(if gnu {
                "wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n"
                    .into()
            } else {
                usage::of("wget")
            }));
        }
        self.urls.reverse();
        Ok(())
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        let Some(url) = self.url.clone() else { return Turn::Exit(1) };
        match got.answer {
            NetAnswer::Http { address, response } => self.response(sys, &url, &address, &response),
            NetAnswer::Failed { address, error } => {
                self.failed(sys, &url, address.as_deref(), error);
                let retried = sys.gnu() && matches!(error, NetError::TimedOut | NetError::Slow);
                let tries: u32 = self.args.value('t').and_then(|t| t.parse().ok()).unwrap_or(20);
                if retried && self.tries + 1 < tries {
                    self.tries += 1;
                    if !self.quiet() {
                        sys.err("Retrying.\n\n");
                    }
                    let text = format!("{}://{}{}", url.scheme(), url.authority(), url.target);
                    self.urls.push(text);
                    return Turn::More;
                }
                self.code = if sys.gnu() { 4 } else { 1 };
                Turn::More
            }
            _ => Turn::Exit(1),
        }
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        match self.urls.pop() {
            Some(text) => self.ask(sys, &text),
            None => Turn::Exit(self.code),
        }
    }
}

impl Program for Wget {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }
}
