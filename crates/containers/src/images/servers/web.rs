//! Servers of files: nginx, Apache httpd (with PHP's `echo`), Caddy; HAProxy without its back ends. They read their document root on the container's own file system.

use super::{Kind, Server, no_demand};
use crate::fs::Node;
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};
use crate::programs;
use ordered::Sort as _;

pub(super) const KINDS: [Kind; 5] = [
    Kind {
        name: "haproxy",
        ports: &[],
        start_ms: 30,
        demand: haproxy_check,
        log: |_, _| {
            (
                String::new(),
                "[NOTICE]   (1) : New worker (8) forked\n[NOTICE]   (1) : Loading success.\n".into(),
            )
        },
        http: Some(haproxy),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "nginx",
        ports: &[80],
        start_ms: 40,
        demand: check,
        log: nginx_log,
        http: Some(answer),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "apache",
        ports: &[80],
        start_ms: 60,
        demand: no_demand,
        log: apache_log,
        http: Some(answer),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "caddy",
        ports: &[80],
        start_ms: 30,
        demand: no_demand,
        log: super::silent,
        http: Some(answer),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "test-webserver",
        ports: &[80],
        start_ms: 20,
        demand: no_demand,
        log: super::silent,
        http: Some(answer),
        tcp: None,
        term: Some(2),
    },
];

/// The server blocks of nginx's configuration, as one text.
fn config(sys: &mut Sys<'_>) -> String {
    let mut text = String::new();
    for (name, _) in sys.fs().list("/etc/nginx/conf.d").unwrap_or_default() {
        if name.ends_with(".conf") {
            let bytes = sys.fs().read(&format!("/etc/nginx/conf.d/{name}")).unwrap_or_default();
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    let main = sys.fs().read("/etc/nginx/nginx.conf").unwrap_or_default();
    let main = String::from_utf8_lossy(&main);
    if main.contains("server") && main.contains("listen") { main.into_owned() } else { text }
}

/// Values of a directive: `listen 8080;`
fn directives<'a>(config: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    config
        .lines()
        .map(|l| l.split('#').next().unwrap_or(""))
        .flat_map(|l| l.split([';', '{', '}']))
        .filter_map(move |s| {
            s.trim().strip_prefix(name).filter(|r| r.starts_with([' ', '\t'])).map(str::trim)
        })
}

fn check(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let text = config(sys);
    let (open, close) = (text.matches('{').count(), text.matches('}').count());
    if open != close {
        let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
        let text = format!(
            "{now} [emerg] 1#1: unexpected end of file, expecting \"}}\" in /etc/nginx/conf.d/default.conf:{}\nnginx: [emerg] unexpected end of file, expecting \"}}\" in /etc/nginx/conf.d/default.conf:{}\n",
            text.lines().count() + 1,
            text.lines().count() + 1
        );
        return Err((text, 1));
    }
    if server.argv.iter().any(|a| a == "-v") {
        return Err((format!("nginx version: nginx/{}\n", nginx_version(sys)), 0));
    }
    if server.argv.iter().any(|a| a == "-t") {
        return Err(("nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\nnginx: configuration file /etc/nginx/nginx.conf test is successful\n".into(), 0));
    }
    if let Some(i) = server.argv.iter().position(|a| a == "-s") {
        let signal = if server.argv.get(i + 1).is_some_and(|s| s == "reload") {
            crate::machine::Signal::Hup
        } else {
            crate::machine::Signal::Quit
        };
        sys.kill(1, Some(signal));
        return Err((String::new(), 0));
    }
    let low = sys.cred().uid != 0
        && directives(&text, "listen").any(|l| l.starts_with("80") && !l.starts_with("8080"));
    if low && !sys.fs().fs.tree.read_only {
        // An unprivileged process may bind low ports in a pod's network since Kubernetes sets the sysctl.
        return Ok(());
    }
    Ok(())
}

const HAPROXY: &str = "/usr/local/etc/haproxy/haproxy.cfg";

fn haproxy_config(server: &Server, sys: &mut Sys<'_>) -> Option<String> {
    let given = server.argv.iter().position(|a| a == "-f").and_then(|i| server.argv.get(i + 1));
    let file = given.map_or(HAPROXY, String::as_str).to_owned();
    sys.fs().read(&file).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn haproxy_check(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    if server.argv.iter().any(|a| a == "-v") {
        return Err(("HAProxy version 3.1.1-717960d 2024/12/11 - https://haproxy.org/\n".into(), 0));
    }
    match haproxy_config(server, sys) {
        Some(text) if server.argv.iter().any(|a| a == "-c") => {
            Err((if text.is_empty() { String::new() } else { "Configuration file is valid\n".into() }, 0))
        }
        Some(_) => Ok(()),
        None => Err((
            format!(
                "[ALERT]    (1) : config : Cannot open configuration file/directory {HAPROXY} : No such file or directory\n"
            ),
            1,
        )),
    }
}

/// What its configuration answers by itself; servers behind it are not asked.
fn haproxy(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let text = haproxy_config(server, sys).unwrap_or_default();
    let own = text.lines().map(str::trim).find_map(|l| l.strip_prefix("http-request return "));
    if let Some(own) = own {
        let after = |word: &str| own.split(word).nth(1).map(str::trim_start);
        let status = after("status ").and_then(|s| s.split(' ').next()?.parse().ok()).unwrap_or(200);
        let body = ["lf-string ", "string "].iter().find_map(|w| after(w)).unwrap_or("");
        let body = body.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or("");
        return HttpResponse::text(status, "text/plain", body.replace("\\n", "\n"));
    }
    let stats = directives(&text, "stats").any(|s| s.starts_with("uri") && s.ends_with(request.path()));
    if stats {
        return HttpResponse::text(
            200,
            "text/html",
            "<html><head><title>Statistics Report for HAProxy</title></head><body><h1>HAProxy</h1></body></html>\n",
        );
    }
    HttpResponse::text(
        503,
        "text/html",
        "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n",
    )
}

pub(super) fn ports(server: &Server, sys: &mut Sys<'_>) -> Vec<u16> {
    if server.kind.name == "haproxy" {
        let text = haproxy_config(server, sys).unwrap_or_default();
        let mut ports: Vec<u16> = directives(&text, "bind")
            .filter_map(|l| l.split_whitespace().next()?.rsplit(':').next()?.parse().ok())
            .collect();
        ports.arrange();
        ports.dedup();
        return ports;
    }
    if server.kind.name != "nginx" {
        return server.kind.ports.to_vec();
    }
    let text = config(sys);
    let mut ports: Vec<u16> = directives(&text, "listen")
        .filter_map(|l| l.split_whitespace().next()?.rsplit(':').next()?.parse().ok())
        .collect();
    ports.arrange();
    ports.dedup();
    if ports.is_empty() { server.kind.ports.to_vec() } else { ports }
}

/// The version behind the image's tag: the last patch of a minor, as far as it is known.
fn nginx_version(sys: &Sys<'_>) -> String {
    const LAST: [(&str, &str); 22] = [
        ("1.7", "12"),
        ("1.8", "1"),
        ("1.9", "15"),
        ("1.10", "3"),
        ("1.11", "13"),
        ("1.12", "2"),
        ("1.13", "12"),
        ("1.14", "2"),
        ("1.15", "12"),
        ("1.16", "1"),
        ("1.17", "10"),
        ("1.18", "0"),
        ("1.19", "10"),
        ("1.20", "2"),
        ("1.21", "6"),
        ("1.22", "1"),
        ("1.23", "4"),
        ("1.24", "0"),
        ("1.25", "5"),
        ("1.26", "3"),
        ("1.27", "5"),
        ("1.28", "0"),
    ];
    let tag = sys.machine().image.tag.split('-').next().unwrap_or("");
    match tag.split('.').count() {
        3 => tag.to_owned(),
        2 => LAST
            .iter()
            .find(|(minor, _)| *minor == tag)
            .map_or("1.27.3".into(), |(m, patch)| format!("{m}.{patch}")),
        _ if tag == "stable" => "1.28.0".into(),
        _ => "1.27.3".into(),
    }
}

fn nginx_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
    let line = |text: &str| format!("{now} [notice] 1#1: {text}\n");
    (
        String::new(),
        [
            line("using the \"epoll\" event method"),
            line(&format!("nginx/{}", nginx_version(sys))),
            line("start worker processes"),
        ]
        .concat(),
    )
}

fn apache_log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = programs::date_text(sys.now(), "%a %b %d %H:%M:%S.000000 %Y");
    let command = server.argv.join(" ");
    (
        String::new(),
        format!(
            "[{now}] [mpm_event:notice] [pid 1:tid 1] AH00489: Apache/2.4.62 (Unix) configured -- resuming normal operations\n[{now}] [core:notice] [pid 1:tid 1] AH00094: Command line: '{command}'\n"
        ),
    )
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("js") => "application/javascript",
        Some("json") => "application/json",
        Some("txt" | "md") => "text/plain",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn error_page(server: &Server, status: u16, sys: &Sys<'_>) -> HttpResponse {
    let reason = HttpResponse::reason(status);
    let who = match server.kind.name {
        "nginx" => format!("<hr><center>nginx/{}</center>\n", nginx_version(sys)),
        _ => String::new(),
    };
    HttpResponse::text(
        status,
        "text/html",
        format!(
            "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n{who}</body>\r\n</html>\r\n"
        ),
    )
}

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let text = if server.kind.name == "nginx" { config(sys) } else { String::new() };
    let php = server.kind.name == "apache" && sys.fs().is_dir("/var/www/html");
    let root = match server.kind.name {
        "nginx" => directives(&text, "root").next().unwrap_or("/usr/share/nginx/html").to_string(),
        "apache" if php => "/var/www/html".into(),
        "apache" => "/usr/local/apache2/htdocs".into(),
        "caddy" => "/usr/share/caddy".into(),
        _ => "/".into(),
    };
    let fixed = directives(&text, "return").next().map(String::from);
    let mut path = crate::fs::clean(&format!("{root}/{}", request.path()));
    let mut response = if let Some(fixed) = fixed {
        let (code, body) = fixed.split_once(' ').unwrap_or((&fixed, ""));
        let body = body
            .trim()
            .trim_matches(['"', '\''])
            .replace("\\n", "\n")
            .replace("$hostname", &sys.machine().hostname);
        HttpResponse::text(code.parse().unwrap_or(200), "text/plain", body)
    } else if !matches!(request.method.as_str(), "GET" | "HEAD") {
        error_page(server, 405, sys)
    } else {
        if sys.fs().is_dir(&path) {
            let script = format!("{}/index.php", path.trim_end_matches('/'));
            path = if php && sys.fs().exists(&script) {
                script
            } else {
                format!("{}/index.html", path.trim_end_matches('/'))
            };
        }
        let node = sys.fs().get(&path).cloned();
        match node {
            Ok(Node::File(_)) => match sys.fs().read(&path) {
                Ok(body) if php && path.ends_with(".php") => {
                    let page = programs::oneliner::page(&String::from_utf8_lossy(&body), sys);
                    HttpResponse::text(200, "text/html; charset=UTF-8", page)
                }
                Ok(body) => HttpResponse::text(200, content_type(&path), body),
                Err(_) => error_page(server, 403, sys),
            },
            Ok(_) => error_page(server, 403, sys),
            Err(_) if path.ends_with("/index.html") && request.path().ends_with('/') => {
                error_page(server, if request.path() == "/" { 403 } else { 404 }, sys)
            }
            Err(_) => error_page(server, 404, sys),
        }
    };
    let software = match server.kind.name {
        "nginx" => format!("nginx/{}", nginx_version(sys)),
        "apache" if php => "Apache/2.4.62 (Debian)".into(),
        "apache" => "Apache/2.4.62 (Unix)".into(),
        "haproxy" => String::new(),
        _ => "Caddy".into(),
    };
    if !software.is_empty() {
        response.headers.insert(0, ("Server".into(), software));
    }
    response.headers.push(("Content-Length".into(), response.body.len().to_string()));
    if request.method == "HEAD" {
        response.body.clear();
    }
    if server.kind.name != "caddy" {
        let now = programs::date_text(sys.now(), "%d/%b/%Y:%H:%M:%S +0000");
        let agent = request.header("user-agent").unwrap_or("-");
        let tail =
            if server.kind.name == "nginx" { format!(" \"-\" \"{agent}\" \"-\"") } else { String::new() };
        sys.out(format!(
            "{} - - [{now}] \"{} {} HTTP/1.1\" {} {}{tail}\n",
            if request.peer.is_empty() { "127.0.0.1" } else { &request.peer },
            request.method,
            request.target,
            response.status,
            response.body.len()
        ));
    }
    response
}
