//! nginx's configuration: which block answers a request, and how.
//!
//! Owns: `include`, server blocks by port and name, locations, `return`, `root`, `alias`, `index`, `try_files`, `deny all`,
//! `auth_basic`, `add_header`, `stub_status`, `proxy_pass` with `upstream` and `proxy_set_header`, and what is said of a
//! configuration that can't be read. Models ngx_conf_file.c and ngx_http_core_module.c.
//! It is read when the server starts, and at a reload. Not modelled: `error_page`, `try_files` into another location, rewrite, map, if, TLS, caches, limits; the access log tells 200 of what is passed on, whatever came.

use super::Server;
use crate::fs::{clean, join};
use crate::glob::Pattern;
use crate::machine::Sys;
use crate::net::{Forward, HttpRequest};
use crate::regex::Regex;

const MAIN: &str = "/etc/nginx/nginx.conf";
/// Words of a configuration with all its files; the rest is not looked at.
const WORDS_MAX: usize = 20_000;
const INCLUDES_MAX: usize = 8;
/// Directives that are often misspelt.
const KNOWN: &str = "listen server server_name location root alias index try_files return proxy_pass proxy_set_header upstream include events http types user pid error_page log_format tcp_nopush worker_processes worker_connections keepalive_timeout access_log error_log add_header default_type sendfile gzip autoindex rewrite";

/// One directive: its words, what stands in its braces, and where it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Directive {
    words: Vec<String>,
    inner: Vec<Directive>,
    at: String,
}

impl Directive {
    fn is(&self, name: &str) -> bool {
        self.words.first().is_some_and(|w| w == name)
    }

    fn value(&self) -> &str {
        self.words.get(1).map_or("", String::as_str)
    }
}

/// The last directive of a name among some.
fn find<'a>(all: &'a [Directive], name: &str) -> Option<&'a Directive> {
    all.iter().rev().find(|d| d.is(name))
}

enum Token {
    Word(String),
    End,
    Open,
    Close,
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let (mut out, mut line, mut chars) = (Vec::new(), 1, text.chars().peekable());
    while let Some(c) = chars.next() {
        if out.len() > WORDS_MAX {
            break;
        }
        match c {
            '\n' => line += 1,
            c if c.is_whitespace() => {}
            '#' => while chars.next_if(|c| *c != '\n').is_some() {},
            ';' => out.push((Token::End, line)),
            '{' => out.push((Token::Open, line)),
            '}' => out.push((Token::Close, line)),
            quote @ ('"' | '\'') => {
                let (mut word, began) = (String::new(), line);
                while let Some(c) = chars.next() {
                    match c {
                        '\\' => match chars.next() {
                            Some('n') => word.push('\n'),
                            Some('t') => word.push('\t'),
                            Some(c) if c == quote || c == '\\' => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => {}
                        },
                        c if c == quote => break,
                        c => {
                            line += usize::from(c == '\n');
                            word.push(c);
                        }
                    }
                }
                out.push((Token::Word(word), began));
            }
            c => {
                let mut word = String::from(c);
                // `${name}` is no block.
                while let Some(c) = chars.next_if(|c| {
                    !c.is_whitespace() && *c != ';' && (*c != '{' || word.ends_with('$')) && *c != '}'
                        || *c == '}' && word.contains("${")
                }) {
                    word.push(c);
                }
                out.push((Token::Word(word), line));
            }
        }
    }
    out
}

/// A list of directives up to its closing brace, or to the end at the top.
fn block(
    tokens: &mut std::vec::IntoIter<(Token, usize)>,
    file: &str,
    last: usize,
    depth: usize,
) -> Result<Vec<Directive>, String> {
    let mut out = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut began = 1;
    loop {
        match tokens.next() {
            Some((Token::Word(w), line)) => {
                if words.is_empty() {
                    began = line;
                }
                words.push(w);
            }
            Some((Token::End, line)) => {
                if words.is_empty() {
                    return Err(format!("unexpected \";\" in {file}:{line}"));
                }
                let at = format!("{file}:{began}");
                out.push(Directive { words: std::mem::take(&mut words), inner: Vec::new(), at });
            }
            Some((Token::Open, line)) => {
                if words.is_empty() || depth > 8 {
                    return Err(format!("unexpected \"{{\" in {file}:{line}"));
                }
                let inner = block(tokens, file, last, depth + 1)?;
                let at = format!("{file}:{began}");
                out.push(Directive { words: std::mem::take(&mut words), inner, at });
            }
            Some((Token::Close, line)) => {
                return match words.first() {
                    Some(name) => {
                        Err(format!("directive \"{name}\" is not terminated by \";\" in {file}:{line}"))
                    }
                    None if depth == 0 => Err(format!("unexpected \"}}\" in {file}:{line}")),
                    None => Ok(out),
                };
            }
            None if depth > 0 => {
                return Err(format!("unexpected end of file, expecting \"}}\" in {file}:{last}"));
            }
            None if !words.is_empty() => {
                return Err(format!("unexpected end of file, expecting \";\" or \"}}\" in {file}:{last}"));
            }
            None => return Ok(out),
        }
    }
}

fn read(sys: &mut Sys<'_>, file: &str, depth: usize) -> Result<Vec<Directive>, String> {
    let bytes = sys
        .fs()
        .read(file)
        .map_err(|_| format!("open() \"{file}\" failed (2: No such file or directory)"))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    sys.charge((text.len() >> 6) as u32);
    let last = text.lines().count() + 1;
    let list = block(&mut tokens(&text).into_iter(), file, last, 0)?;
    included(sys, list, depth)
}

/// Puts in the place of each `include` what its files say.
fn included(sys: &mut Sys<'_>, list: Vec<Directive>, depth: usize) -> Result<Vec<Directive>, String> {
    let mut out = Vec::new();
    for mut d in list {
        if !d.is("include") {
            d.inner = included(sys, std::mem::take(&mut d.inner), depth)?;
            let name = d.words.first().map_or("", String::as_str);
            let close = |k: &str| super::super::reference::is_near(name, k) && k.len() > 3;
            if !KNOWN.split(' ').any(|k| k == name) && KNOWN.split(' ').any(close) {
                return Err(format!("unknown directive \"{name}\" in {}", d.at));
            }
            out.push(d);
            continue;
        }
        let path = join("/etc/nginx", d.value());
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if depth >= INCLUDES_MAX {
            continue;
        }
        if !name.contains('*') {
            // Maps and parameters that images bring are not there, and say nothing of requests.
            if sys.fs().exists(&path) {
                out.extend(read(sys, &path, depth + 1)?);
            }
            continue;
        }
        let pattern = Pattern::new(name);
        for (entry, node) in sys.fs().list(dir).unwrap_or_default() {
            if pattern.matches(&entry) && !node.is_dir() {
                out.extend(read(sys, &format!("{dir}/{entry}"), depth + 1)?);
            }
        }
    }
    Ok(out)
}

/// The whole configuration, or what is wrong with it.
pub(super) fn config(server: &Server, sys: &mut Sys<'_>) -> Result<Vec<Directive>, String> {
    let given = server.argv.iter().position(|a| a == "-c").and_then(|i| server.argv.get(i + 1));
    let file = given.map_or(MAIN, String::as_str).to_owned();
    read(sys, &file, 0)
}

/// How many workers there are to be; `None`: one for each core.
pub(super) fn workers(all: &[Directive]) -> Option<usize> {
    match find(all, "worker_processes").map(Directive::value) {
        Some("auto") => None,
        Some(n) => Some(n.parse().unwrap_or(1)),
        None => Some(1),
    }
}

/// All server blocks.
fn servers(all: &[Directive]) -> impl Iterator<Item = &Directive> {
    let http = all.iter().filter(|d| d.is("http")).flat_map(|d| d.inner.iter());
    http.chain(all.iter()).filter(|d| d.is("server") && !d.inner.is_empty())
}

fn port(listen: &Directive) -> Option<u16> {
    let value = listen.value();
    if value.starts_with("unix:") {
        return None;
    }
    let last = value.rsplit(':').next().unwrap_or("");
    // An address alone means port 80.
    last.parse().ok().or(Some(80))
}

fn listens(server: &Directive) -> Vec<u16> {
    let ports: Vec<u16> = server.inner.iter().filter(|d| d.is("listen")).filter_map(port).collect();
    if ports.is_empty() { vec![80] } else { ports }
}

/// Ports of all server blocks, and of `stream`'s.
pub(super) fn ports(all: &[Directive]) -> Vec<u16> {
    let streams =
        all.iter().filter(|d| d.is("stream")).flat_map(|d| d.inner.iter()).filter(|d| d.is("server"));
    servers(all).chain(streams).flat_map(listens).collect()
}

/// Names of servers that are passed on to, with the place that names them: nginx looks them up before it starts.
pub(super) fn upstream_hosts(all: &[Directive]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let http: Vec<&Directive> =
        all.iter().filter(|d| d.is("http")).flat_map(|d| d.inner.iter()).chain(all.iter()).collect();
    let groups: Vec<&str> = http.iter().filter(|d| d.is("upstream")).map(|d| d.value()).collect();
    for group in http.iter().filter(|d| d.is("upstream")) {
        for s in group.inner.iter().filter(|d| d.is("server")) {
            out.push((host_port(s.value()).0, s.at.clone()));
        }
    }
    let mut todo: Vec<&Directive> = servers(all).collect();
    while let Some(d) = todo.pop() {
        todo.extend(&d.inner);
        if d.is("proxy_pass") && !d.value().contains('$') {
            let (host, _) = host_port(&target(d.value()).0);
            if !groups.contains(&host.as_str()) {
                out.push((host, d.at.clone()));
            }
        }
    }
    out.retain(|(h, _)| h.bytes().any(|b| !b.is_ascii_digit() && b != b'.'));
    out
}

/// `http://host:port/path`: host and port, and the path if there is one.
fn target(url: &str) -> (String, Option<String>) {
    let rest = url.split_once("://").map_or(url, |(_, r)| r);
    match rest.find('/') {
        Some(i) => (rest[..i].to_owned(), Some(rest[i..].to_owned())),
        None => (rest.to_owned(), None),
    }
}

pub(super) fn host_port(text: &str) -> (String, u16) {
    match text.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().unwrap_or(80)),
        None => (text.to_owned(), 80),
    }
}

/// How a request is answered.
pub(super) enum Plan {
    /// The first file that is there, by its path on the disk; a status when none is.
    Files {
        paths: Vec<String>,
        index: Vec<String>,
        status: u16,
        list: bool,
    },
    Return {
        status: u16,
        text: String,
    },
    Pass(Forward),
    Status,
}

pub(super) struct Choice {
    pub(super) plan: Plan,
    pub(super) headers: Vec<(String, String)>,
    pub(super) content_type: Option<String>,
}

struct Asked<'a> {
    request: &'a HttpRequest,
    uri: String,
    port: u16,
    hostname: String,
    set: Vec<(String, String)>,
}

impl Asked<'_> {
    fn fill(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(i) = rest.find('$') {
            out.push_str(&rest[..i]);
            let after = &rest[i + 1..];
            let braced = after.strip_prefix('{').and_then(|a| a.split_once('}'));
            let (name, tail) = braced.unwrap_or_else(|| {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            });
            out.push_str(&self.variable(name));
            rest = tail;
        }
        out + rest
    }

    fn variable(&self, name: &str) -> String {
        let r = self.request;
        let host = r.header("host").unwrap_or("");
        match name {
            "uri" | "document_uri" => self.uri.clone(),
            "request_uri" => r.target.clone(),
            "args" | "query_string" => r.target.split_once('?').map_or("", |(_, q)| q).to_owned(),
            "host" => host.split(':').next().unwrap_or("").to_owned(),
            "hostname" => self.hostname.clone(),
            "remote_addr" | "proxy_add_x_forwarded_for" => r.peer.clone(),
            "scheme" => "http".into(),
            "server_port" => self.port.to_string(),
            "request_method" => r.method.clone(),
            "is_args" => if r.target.contains('?') { "?" } else { "" }.into(),
            _ => match name.strip_prefix("http_") {
                Some(h) => r.header(&h.replace('_', "-")).unwrap_or("").to_owned(),
                None => {
                    self.set.iter().rev().find(|(n, _)| n == name).map_or(String::new(), |(_, v)| v.clone())
                }
            },
        }
    }
}

/// The location that a path belongs to.
fn location<'a>(server: &'a Directive, uri: &str) -> Option<&'a Directive> {
    let mut best: Option<(&Directive, usize, bool)> = None;
    for d in server.inner.iter().filter(|d| d.is("location")) {
        let (kind, path) = match d.words.len() {
            3 => (d.value(), d.words[2].as_str()),
            _ => ("", d.value()),
        };
        match kind {
            "=" if path == uri => return Some(d),
            "" | "^~" if uri.starts_with(path) && best.is_none_or(|(_, n, _)| path.len() > n) => {
                best = Some((d, path.len(), kind == "^~"));
            }
            _ => {}
        }
    }
    if best.is_none_or(|(_, _, firm)| !firm) {
        let chars: Vec<char> = uri.chars().take(4096).collect();
        let hit = server.inner.iter().filter(|d| d.is("location") && d.words.len() == 3).find(|d| {
            d.value().starts_with('~')
                && Regex::new(&d.words[2], true, d.value() == "~*")
                    .is_ok_and(|r| r.find_at(&chars, 0).is_some())
        });
        if hit.is_some() {
            return hit;
        }
    }
    best.map(|(d, _, _)| d)
}

/// What the configuration says of a request. `at`: the port it came to; `count`: requests so far.
pub(super) fn decide(
    all: &[Directive],
    request: &HttpRequest,
    at: u16,
    count: u64,
    hostname: &str,
) -> Option<Choice> {
    let host = request.header("host").unwrap_or("").split(':').next().unwrap_or("").to_owned();
    let here: Vec<&Directive> = servers(all).filter(|s| listens(s).contains(&at)).collect();
    let named = |s: &&&Directive| {
        let names = s.inner.iter().filter(|d| d.is("server_name")).flat_map(|d| &d.words[1..]);
        names.into_iter().any(|n| *n == host || Pattern::new(n).matches(&host) && n.contains('*'))
    };
    let default = |s: &&&Directive| {
        s.inner.iter().any(|d| d.is("listen") && d.words.iter().any(|w| w == "default_server"))
    };
    let server = here.iter().find(named).or(here.iter().find(default)).or(here.first())?;
    let mut asked = Asked {
        request,
        uri: clean_uri(request.path()),
        port: at,
        hostname: hostname.to_owned(),
        set: Vec::new(),
    };
    let place = location(server, &asked.uri);
    let empty = Vec::new();
    let inner = place.map_or(&empty, |p| &p.inner);
    for d in server.inner.iter().chain(inner).filter(|d| d.is("set") && d.words.len() == 3) {
        let value = asked.fill(&d.words[2]);
        asked.set.push((d.value().trim_start_matches('$').to_owned(), value));
    }
    let http = all.iter().find(|d| d.is("http")).map_or(&empty, |h| &h.inner);
    let any = |name: &str| find(inner, name).or(find(&server.inner, name)).or(find(http, name));
    let headers = inner.iter().chain(&server.inner).filter(|d| d.is("add_header") && d.words.len() > 2);
    let headers = headers.map(|d| (d.words[1].clone(), asked.fill(&d.words[2]))).collect();
    let content_type = any("default_type").map(|d| d.value().to_owned());
    let choice = |plan| Some(Choice { plan, headers, content_type });
    if find(inner, "deny").is_some_and(|d| d.value() == "all") && find(inner, "allow").is_none() {
        return choice(Plan::Return { status: 403, text: String::new() });
    }
    let guarded = any("auth_basic").is_some_and(|d| d.value() != "off");
    if guarded && request.header("authorization").is_none() {
        return choice(Plan::Return { status: 401, text: String::new() });
    }
    if let Some(d) = find(&server.inner, "return").or(find(inner, "return")) {
        let coded: Option<u16> = d.value().parse().ok();
        let text = d.words.get(if coded.is_some() { 2 } else { 1 }).map_or(String::new(), |t| asked.fill(t));
        return choice(Plan::Return { status: coded.unwrap_or(302), text });
    }
    if find(inner, "stub_status").is_some() {
        return choice(Plan::Status);
    }
    if let Some(d) = find(inner, "proxy_pass") {
        let prefix = place.filter(|p| p.words.len() == 2).map_or("", Directive::value);
        return choice(Plan::Pass(passed(all, server, inner, d, &asked, prefix, count)));
    }
    let root = any("root").map_or("/etc/nginx/html", Directive::value);
    let disk = |uri: &str| match (find(inner, "alias"), place) {
        (Some(alias), Some(p)) => {
            let prefix = p.words.last().map_or("", String::as_str);
            format!("{}{}", alias.value(), uri.strip_prefix(prefix).unwrap_or(""))
        }
        _ => format!("{root}/{uri}"),
    };
    let index = any("index").map_or(vec!["index.html".into()], |d| d.words[1..].to_vec());
    let list = any("autoindex").is_some_and(|d| d.value() == "on");
    let Some(tries) = any("try_files").filter(|d| d.words.len() > 2) else {
        return choice(Plan::Files { paths: vec![disk(&asked.uri)], index, status: 404, list });
    };
    // All but the last are files; the last is a status, or the path of another request.
    let (last, files) = tries.words[1..].split_last()?;
    let mut paths: Vec<String> = files.iter().map(|f| disk(&asked.fill(f))).collect();
    let status = last.strip_prefix('=').and_then(|s| s.parse().ok());
    if status.is_none() {
        paths.push(disk(asked.fill(last).split('?').next().unwrap_or_default()));
    }
    choice(Plan::Files { paths, index, status: status.unwrap_or(404), list })
}

fn clean_uri(path: &str) -> String {
    let mut uri = clean(path);
    if path.ends_with('/') && !uri.ends_with('/') {
        uri.push('/');
    }
    uri
}

fn passed(
    all: &[Directive],
    server: &Directive,
    inner: &[Directive],
    pass: &Directive,
    asked: &Asked<'_>,
    prefix: &str,
    count: u64,
) -> Forward {
    let (host, path) = target(&asked.fill(pass.value()));
    let groups = all.iter().filter(|d| d.is("http")).flat_map(|d| d.inner.iter()).chain(all.iter());
    let group = groups.filter(|d| d.is("upstream")).find(|d| d.value() == host);
    let mut servers: Vec<(String, u16)> = match group {
        Some(g) => {
            let usable = |d: &&Directive| d.is("server") && !d.words.iter().any(|w| w == "down");
            g.inner.iter().filter(usable).map(|d| host_port(d.value())).collect()
        }
        None => vec![host_port(&host)],
    };
    if !servers.is_empty() {
        let turn = (count as usize) % servers.len();
        servers.rotate_left(turn);
    }
    let mut request = asked.request.clone();
    if let Some(path) = path {
        // The part of the path that the location names is replaced.
        let rest = request.target.strip_prefix(prefix).unwrap_or("");
        request.target = format!("{path}{rest}");
    }
    let mut set: Vec<(String, String)> = vec![("host".into(), host), ("connection".into(), "close".into())];
    let lists = [inner, &server.inner[..]];
    let own = lists.iter().find(|l| l.iter().any(|d| d.is("proxy_set_header"))).copied().unwrap_or(&[]);
    for d in own.iter().filter(|d| d.is("proxy_set_header") && d.words.len() > 2) {
        set.push((d.value().to_lowercase(), asked.fill(&d.words[2])));
    }
    for (name, value) in set {
        request.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(&name));
        if !value.is_empty() {
            request.headers.push((name, value));
        }
    }
    Forward { servers, request }
}
