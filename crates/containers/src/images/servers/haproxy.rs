//! HAProxy: what its configuration answers by itself, and the servers it passes the rest on to.
//!
//! Owns: `bind`, `default_backend`, `use_backend` by an acl of a path or a host, `server`, `balance roundrobin`,
//! `http-request return` and `redirect`, the statistics page, and the words for a configuration that can't be read.
//! Not modelled: health checks (a server that refuses is passed over), stick tables, TLS; TCP mode is passed on as HTTP.

use super::{Kind, Server, nginx};
use crate::machine::Sys;
use crate::net::{Forward, HttpRequest, HttpResponse};

const FILE: &str = "/usr/local/etc/haproxy/haproxy.cfg";

pub(super) const KINDS: [Kind; 1] = [Kind {
    name: "haproxy",
    ports: &[],
    start_ms: 30,
    demand,
    log: |_, _| {
        ("[NOTICE]   (1) : New worker (8) forked\n".into(), "[NOTICE]   (1) : Loading success.\n".into())
    },
    http: Some(answer),
    tcp: None,
    term: Some(0),
}];

/// A part of the configuration: `frontend web`, and its lines as words.
struct Section {
    kind: String,
    name: String,
    lines: Vec<Vec<String>>,
}

impl Section {
    fn of<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a [String]> {
        self.lines.iter().filter(move |l| l[0] == word).map(|l| &l[1..])
    }
}

/// Words of a line; quotes hold them together.
fn words(line: &str) -> Vec<String> {
    let (mut out, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (c, quote) {
            (c, Some(q)) if c == q => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#', None) => break,
            (c, None) if c.is_whitespace() => out.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

fn text(server: &Server, sys: &mut Sys<'_>) -> Option<String> {
    let given = server.argv.iter().position(|a| a == "-f").and_then(|i| server.argv.get(i + 1));
    let file = given.map_or(FILE, String::as_str).to_owned();
    sys.fs().read(&file).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut out: Vec<Section> = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let words = words(line);
        let Some(first) = words.first() else { continue };
        let head = !line.starts_with([' ', '\t']);
        if head
            && matches!(
                first.as_str(),
                "global"
                    | "defaults"
                    | "frontend"
                    | "backend"
                    | "listen"
                    | "resolvers"
                    | "peers"
                    | "userlist"
                    | "cache"
            )
        {
            let name = words.get(1).cloned().unwrap_or_default();
            out.push(Section { kind: first.clone(), name, lines: Vec::new() });
        } else if let Some(last) = out.last_mut() {
            last.lines.push(words);
        } else {
            return Err(format!("parsing [{FILE}:{}] : unknown keyword '{first}' out of section.", i + 1));
        }
    }
    Ok(out)
}

fn demand(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    if server.argv.iter().any(|a| a == "-v") {
        let v = crate::images::versions::version("haproxy", &sys.machine().image.tag);
        return Err((format!("HAProxy version {v}-717960d 2024/12/11 - https://haproxy.org/\n"), 0));
    }
    let alert = |why: String| format!("[ALERT]    (1) : config : {why}\n");
    let Some(text) = text(server, sys) else {
        let why = format!("Cannot open configuration file/directory {FILE} : No such file or directory");
        return Err((alert(why), 1));
    };
    let fatal = |why: String| {
        Err((
            alert(why)
                + &alert(format!("Error(s) found in configuration file : {FILE}"))
                + &alert("Fatal errors found in configuration.".into()),
            1,
        ))
    };
    let all = match sections(&text) {
        Ok(all) => all,
        Err(why) => return fatal(why),
    };
    for s in &all {
        for name in s.of("default_backend").filter_map(|w| w.first()) {
            if !all.iter().any(|b| b.name == *name && matches!(b.kind.as_str(), "backend" | "listen")) {
                return fatal(format!(
                    "Proxy '{}': unable to find required default_backend: '{name}'.",
                    s.name
                ));
            }
        }
    }
    if server.argv.iter().any(|a| a == "-c") {
        return Err(("Configuration file is valid\n".into(), 0));
    }
    if ports_of(&all).is_empty() {
        let why = "No enabled listener found (check for 'bind' directives) ! Exiting.";
        return Err((format!("[ALERT]    (1) : [haproxy.main()] {why}\n"), 1));
    }
    Ok(())
}

fn port(bind: &[String]) -> Option<u16> {
    bind.first()?.rsplit(':').next()?.parse().ok()
}

fn ports_of(all: &[Section]) -> Vec<u16> {
    all.iter().flat_map(|s| s.of("bind")).filter_map(port).collect()
}

pub(super) fn ports(server: &Server, sys: &mut Sys<'_>) -> Vec<u16> {
    let text = text(server, sys).unwrap_or_default();
    sections(&text).map_or(Vec::new(), |all| ports_of(&all))
}

/// Whether an acl (`path_beg /api`, `hdr(host) -i a.example`) holds.
fn holds(section: &Section, name: &str, request: &HttpRequest) -> bool {
    let host = request.header("host").unwrap_or("").split(':').next().unwrap_or("");
    section.of("acl").filter(|w| w[0] == name).any(|w| {
        let values = w[2..].iter().filter(|v| *v != "-i").map(String::as_str);
        let mut values = values.map(str::to_lowercase);
        match w.get(1).map(String::as_str) {
            Some("path_beg") => values.any(|v| request.path().to_lowercase().starts_with(&v)),
            Some("path") => values.any(|v| request.path().to_lowercase() == v),
            Some("path_end") => values.any(|v| request.path().to_lowercase().ends_with(&v)),
            Some("hdr(host)" | "hdr_dom(host)") => values.any(|v| host.eq_ignore_ascii_case(&v)),
            Some("hdr_beg(host)") => values.any(|v| host.to_lowercase().starts_with(&v)),
            Some("method") => values.any(|v| request.method.eq_ignore_ascii_case(&v)),
            _ => false,
        }
    })
}

/// Whether the condition at the end of a line holds; none always does.
fn applies(section: &Section, line: &[String], request: &HttpRequest) -> bool {
    let Some(i) = line.iter().position(|w| w == "if" || w == "unless") else { return true };
    let all = line[i + 1..].iter().all(|name| match name.strip_prefix('!') {
        Some(name) => !holds(section, name, request),
        None => holds(section, name, request),
    });
    all == (line[i] == "if")
}

fn unavailable() -> HttpResponse {
    HttpResponse::text(
        503,
        "text/html",
        "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
    )
}

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let text = text(server, sys).unwrap_or_default();
    let all = sections(&text).unwrap_or_default();
    let own = server.port;
    let Some(front) = all.iter().find(|s| s.of("bind").filter_map(port).any(|p| p == own)) else {
        return unavailable();
    };
    let stats = front.of("stats").any(|w| w.len() > 1 && w[0] == "uri" && request.path() == w[1]);
    if stats {
        return HttpResponse::text(
            200,
            "text/html",
            "<html><head><title>Statistics Report for HAProxy</title></head><body><h1>HAProxy</h1></body></html>\n",
        );
    }
    let used = front.of("use_backend").find(|w| applies(front, w, request)).and_then(|w| w.first());
    let name = used.or(front.of("default_backend").find_map(|w| w.first()));
    let back = match name {
        Some(name) => all.iter().find(|s| s.name == *name && matches!(s.kind.as_str(), "backend" | "listen")),
        None => Some(front),
    };
    for section in [Some(front), back].into_iter().flatten() {
        for line in section.of("http-request").filter(|w| applies(section, w, request)) {
            let after = |name: &str| line.iter().position(|w| w == name).and_then(|i| line.get(i + 1));
            match line[0].as_str() {
                "return" => {
                    let status = after("status").and_then(|s| s.parse().ok()).unwrap_or(200);
                    let body = after("string").or(after("lf-string")).cloned().unwrap_or_default();
                    let kind = after("content-type").map_or("text/plain", String::as_str);
                    return HttpResponse::text(status, kind, body.replace("\\n", "\n"));
                }
                "redirect" => {
                    let mut r = HttpResponse { status: 302, ..HttpResponse::default() };
                    r.headers.push(("Location".into(), after("location").cloned().unwrap_or_default()));
                    return r;
                }
                "deny" => {
                    return HttpResponse::text(
                        403,
                        "text/html",
                        "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n",
                    );
                }
                _ => {}
            }
        }
    }
    let Some(back) = back else { return unavailable() };
    let mut servers: Vec<(String, u16)> =
        back.of("server").filter_map(|w| w.get(1)).map(|a| nginx::host_port(a)).collect();
    if servers.is_empty() {
        return unavailable();
    }
    // The first request goes to the first server.
    let turn = (server.hits.saturating_sub(1) as usize) % servers.len();
    servers.rotate_left(turn);
    let mut request = request.clone();
    if all.iter().any(|s| s.of("option").any(|w| w[..1] == ["forwardfor"])) {
        request.headers.push(("x-forwarded-for".into(), request.peer.clone()));
    }
    HttpResponse { forward: Some(Box::new(Forward { servers, request })), ..unavailable() }
}
