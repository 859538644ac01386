//! Servers of files: nginx, Apache httpd (with PHP's `echo`), Caddy. They read their document root on the container's own
//! file system; what nginx's configuration says is in [`super::nginx`].

use super::nginx::{self, Plan};
use super::{Kind, Server, no_demand};
use crate::fs::Node;
use crate::images::versions::version;
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};
use crate::programs;
use ordered::Sort as _;

pub(super) const KINDS: [Kind; 4] = [
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

fn check(server: &Server, sys: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let config = nginx::config(server, sys);
    if server.argv.iter().any(|a| a == "-v") {
        return Err((format!("nginx version: nginx/{}\n", nginx_version(sys)), 0));
    }
    if let Err(why) = config {
        let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
        let pid = sys.pid();
        let tested = server.argv.iter().any(|a| a == "-t");
        let tail = if tested { "nginx: configuration file /etc/nginx/nginx.conf test failed\n" } else { "" };
        return Err((format!("{now} [emerg] {pid}#{pid}: {why}\nnginx: [emerg] {why}\n{tail}"), 1));
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
        let is_master = |p: &crate::machine::Seen| p.argv.starts_with(&["nginx:".into(), "master".into()]);
        let Some(master) = sys.machine().namespace().into_iter().find(is_master) else {
            let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
            let why = "[error] open() \"/run/nginx.pid\" failed (2: No such file or directory)";
            return Err((format!("{now} {why}\nnginx: {why}\n"), 1));
        };
        super::workers::note(sys, "signal process started");
        return match sys.kill(master.pid, Some(signal)) {
            Ok(()) => Err((String::new(), 0)),
            Err(e) => Err((
                format!("nginx: [alert] kill({}, {}) failed (1: {e})\n", master.pid, signal.number()),
                1,
            )),
        };
    }
    Ok(())
}

pub(super) fn ports(server: &Server, sys: &mut Sys<'_>) -> Vec<u16> {
    if server.kind.name != "nginx" {
        return server.kind.ports.to_vec();
    }
    let mut ports = nginx::config(server, sys).map_or(Vec::new(), |all| nginx::ports(&all));
    ports.arrange();
    ports.dedup();
    ports
}

fn nginx_version(sys: &Sys<'_>) -> String {
    version("nginx", &sys.machine().image.tag)
}

fn nginx_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
    let pid = sys.pid();
    let line = |text: &str| format!("{now} [notice] {pid}#{pid}: {text}\n");
    (
        String::new(),
        [
            line("using the \"epoll\" event method"),
            line(&format!("nginx/{}", nginx_version(sys))),
            line("built by gcc 12.2.0 (Debian 12.2.0-14)"),
            line("OS: Linux 6.1.0-18-amd64"),
            line("getrlimit(RLIMIT_NOFILE): 1048576:1048576"),
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

/// What a request gets from one of these files, or from the directories' indexes.
fn file(
    server: &Server,
    paths: &[String],
    index: &[String],
    missing: u16,
    list: bool,
    asked: &str,
    sys: &mut Sys<'_>,
) -> HttpResponse {
    let php = server.kind.name == "apache" && sys.fs().is_dir("/var/www/html");
    let mut forbidden = false;
    for path in paths {
        let mut path = crate::fs::clean(path);
        if sys.fs().is_dir(&path) {
            let inside = |name: &String| format!("{}/{name}", path.trim_end_matches('/'));
            match index.iter().map(inside).find(|p| sys.fs().exists(p)) {
                Some(found) => path = found,
                None if list => return listing(&path, asked, sys),
                None => {
                    forbidden = asked.ends_with('/') && (asked == "/" || server.kind.name == "nginx");
                    continue;
                }
            }
        }
        match sys.fs().get(&path).cloned() {
            Ok(Node::File(_)) => match sys.fs().read(&path) {
                Ok(body) if php && path.ends_with(".php") => {
                    let page = programs::oneliner::page(&String::from_utf8_lossy(&body), sys);
                    return HttpResponse::text(200, "text/html; charset=UTF-8", page);
                }
                Ok(body) => return HttpResponse::text(200, content_type(&path), body),
                Err(_) => return error_page(server, 403, sys),
            },
            Ok(_) => return error_page(server, 403, sys),
            Err(_) => {}
        }
    }
    error_page(server, if forbidden { 403 } else { missing }, sys)
}

/// `autoindex`.
fn listing(path: &str, asked: &str, sys: &mut Sys<'_>) -> HttpResponse {
    let mut out = format!(
        "<html>\r\n<head><title>Index of {asked}</title></head>\r\n<body>\r\n<h1>Index of {asked}</h1><hr><pre><a href=\"../\">../</a>\r\n"
    );
    for (name, node) in sys.fs().list(path).unwrap_or_default() {
        let name = if node.is_dir() { format!("{name}/") } else { name.to_string() };
        let date = programs::date_text(node.meta().mtime, "%d-%b-%Y %H:%M");
        let size = if node.is_dir() { "-".to_string() } else { node.len().to_string() };
        let gap = 51usize.saturating_sub(name.chars().count());
        out.push_str(&format!("<a href=\"{name}\">{name}</a>{:gap$}{date} {size:>19}\r\n", ""));
    }
    out.push_str("</pre><hr></body>\r\n</html>\r\n");
    HttpResponse::text(200, "text/html", out)
}

/// What nginx's configuration says of a request.
fn configured(server: &Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let Some(all) = server.settings.clone() else { return error_page(server, 500, sys) };
    let hostname = sys.machine().hostname.clone();
    let Some(choice) = nginx::decide(&all, request, server.port, server.hits, &hostname) else {
        return error_page(server, 404, sys);
    };
    let kind = choice.content_type;
    let mut response = match choice.plan {
        Plan::Files { .. } if !matches!(request.method.as_str(), "GET" | "HEAD") => {
            error_page(server, 405, sys)
        }
        Plan::Files { paths, index, status, list } => {
            file(server, &paths, &index, status, list, request.path(), sys)
        }
        Plan::Return { status, text } if matches!(status, 301 | 302 | 303 | 307 | 308) => {
            let mut page = error_page(server, status, sys);
            page.headers.push(("Location".into(), text));
            page
        }
        Plan::Return { status, text } if text.is_empty() => error_page(server, status, sys),
        Plan::Return { status, text } => {
            HttpResponse::text(status, kind.as_deref().unwrap_or("text/plain"), text)
        }
        Plan::Status => HttpResponse::text(
            200,
            "text/plain",
            format!(
                "Active connections: 1 \nserver accepts handled requests\n {n} {n} {n} \nReading: 0 Writing: 1 Waiting: 0 \n",
                n = server.hits
            ),
        ),
        Plan::Pass(forward) => {
            HttpResponse { forward: Some(Box::new(forward)), ..error_page(server, 502, sys) }
        }
    };
    response.headers.extend(choice.headers);
    response
}

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let php = server.kind.name == "apache" && sys.fs().is_dir("/var/www/html");
    let root = match server.kind.name {
        "apache" if php => "/var/www/html",
        "apache" => "/usr/local/apache2/htdocs",
        "caddy" => "/usr/share/caddy",
        _ => "/",
    };
    let mut response = if server.kind.name == "nginx" {
        configured(server, request, sys)
    } else if !php && !matches!(request.method.as_str(), "GET" | "HEAD") {
        error_page(server, 405, sys)
    } else {
        let index =
            if php { vec!["index.php".into(), "index.html".into()] } else { vec!["index.html".into()] };
        file(server, &[format!("{root}/{}", request.path())], &index, 404, false, request.path(), sys)
    };
    let software = match server.kind.name {
        "nginx" => format!("nginx/{}", nginx_version(sys)),
        "apache" if php => "Apache/2.4.62 (Debian)".into(),
        "apache" => "Apache/2.4.62 (Unix)".into(),
        _ => "Caddy".into(),
    };
    response.headers.insert(0, ("Server".into(), software));
    if php {
        response.headers.insert(1, ("X-Powered-By".into(), "PHP/8.3.14".into()));
    }
    response.headers.push(("Content-Length".into(), response.body.len().to_string()));
    if request.method == "HEAD" {
        response.body.clear();
    }
    if server.kind.name != "caddy" {
        let now = programs::date_text(sys.now(), "%d/%b/%Y:%H:%M:%S +0000");
        let agent = request.header("user-agent").unwrap_or("-");
        let tail = match server.kind.name {
            "nginx" => format!(" \"-\" \"{agent}\" \"-\""),
            "apache" if php => format!(" \"-\" \"{agent}\""),
            _ => String::new(),
        };
        // How a request that is passed on ends is not known here.
        let status = if response.forward.is_some() { 200 } else { response.status };
        sys.out(format!(
            "{} - - [{now}] \"{} {} HTTP/1.1\" {status} {}{tail}\n",
            if request.peer.is_empty() { "127.0.0.1" } else { &request.peer },
            request.method,
            request.target,
            response.body.len()
        ));
    }
    response
}
