//! Servers that answer with a text of their own: whoami, hello servers, echo servers, pause.

use super::{Kind, Server, no_demand, silent};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};

const fn text(
    name: &'static str,
    ports: &'static [u16],
    start_ms: i64,
    http: fn(&mut Server, &HttpRequest, &mut Sys<'_>) -> HttpResponse,
) -> Kind {
    Kind { name, ports, start_ms, demand: no_demand, log: silent, http: Some(http), tcp: None, term: Some(2) }
}

pub(super) const KINDS: [Kind; 14] = [
    text("ingress-controller", &[80, 443, 8443, 10254], 400, page),
    text("traefik", &[80, 443, 8080], 300, page),
    text("whoami-server", &[80], 10, whoami),
    Kind { log: hello_log, ..text("hello-app", &[8080], 10, hello_app) },
    Kind { log: bootcamp_log, ..text("bootcamp", &[8080], 400, bootcamp) },
    Kind { demand: echo_demand, log: echo_log, ..text("http-echo", &[5678], 10, http_echo) },
    text("echo-server", &[8080], 20, echo),
    text("hello-kubernetes", &[8080], 600, hello_kubernetes),
    text("guestbook", &[80], 200, page),
    text("app-server", &[8080], 1500, page),
    text("metrics", &[10250], 300, metrics),
    Kind { log: plain_log, ..text("plain-server", &[], 50, plain) },
    Kind {
        name: "pause",
        ports: &[],
        start_ms: 0,
        demand: no_demand,
        log: silent,
        http: None,
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "hang",
        ports: &[],
        start_ms: 0,
        demand: no_demand,
        log: silent,
        http: None,
        tcp: None,
        term: None,
    },
];

pub(super) fn ok(body: String) -> HttpResponse {
    let mut r = HttpResponse::text(200, "text/plain; charset=utf-8", body);
    r.headers.push(("Content-Length".into(), r.body.len().to_string()));
    r
}

fn whoami(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    if request.path() == "/health" {
        return ok(String::new());
    }
    let host = sys.machine().hostname.clone();
    let name = server.option(&["name"]).or_else(|| server.var("WHOAMI_NAME").map(String::from));
    let ip = server.var("POD_IP").unwrap_or("127.0.0.1").to_string();
    let mut body = name.map(|n| format!("Name: {n}\n")).unwrap_or_default();
    body.push_str(&format!(
        "Hostname: {host}\nIP: 127.0.0.1\nIP: {ip}\nRemoteAddr: {}:52744\n{} {} HTTP/1.1\n",
        request.peer, request.method, request.target
    ));
    for (n, v) in &request.headers {
        body.push_str(&format!("{}: {v}\n", title(n)));
    }
    body.push('\n');
    let query = request.target.split_once('?').map_or("", |(_, q)| q);
    let wait = query.split('&').find_map(|p| p.strip_prefix("wait=")).and_then(milliseconds);
    HttpResponse { took_ms: wait.unwrap_or(0), ..ok(body) }
}

/// A span as Go writes it: `500ms`, `2s`, `1m`.
fn milliseconds(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    number.parse::<u32>().ok()?.checked_mul(unit)
}

/// `user-agent` as `User-Agent`.
fn title(name: &str) -> String {
    let parts: Vec<String> = name
        .split('-')
        .map(|p| {
            p.chars().enumerate().map(|(i, c)| if i == 0 { c.to_ascii_uppercase() } else { c }).collect()
        })
        .collect();
    parts.join("-")
}

fn stamp(sys: &Sys<'_>) -> String {
    crate::programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S")
}

fn hello_log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let port = server.ports.first().copied().unwrap_or(8080);
    (String::new(), format!("{} Server listening on port {port}\n", stamp(sys)))
}

fn hello_app(_: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let line = format!("{} Serving request: {}\n", stamp(sys), request.path());
    sys.err(&line);
    let version = if sys.machine().image.tag.starts_with('2') { "2.0.0" } else { "1.0.0" };
    ok(format!("Hello, world!\nVersion: {version}\nHostname: {}\n", sys.machine().hostname))
}

fn bootcamp_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let host = &sys.machine().hostname;
    (
        String::new(),
        format!("Kubernetes Bootcamp App Started At: {} | Running On:  {host} \n\n", sys.now().rfc3339()),
    )
}

fn bootcamp(server: &mut Server, _: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let host = sys.machine().hostname.clone();
    let version = if sys.machine().image.tag == "v2" { "2" } else { "1" };
    sys.out(format!(
        "Running On: {host} | Total Requests: {} | App Uptime: {} seconds | Log Time: {}\n",
        server.hits,
        sys.machine().uptime() / 1000,
        sys.now().rfc3339()
    ));
    ok(format!("Hello Kubernetes bootcamp! | Running on: {host} | v={version}\n"))
}

fn echo_demand(server: &Server, _: &mut Sys<'_>) -> Result<(), (String, i32)> {
    let has = server.option(&["text"]).is_some() || server.var("ECHO_TEXT").is_some();
    if has { Ok(()) } else { Err(("Missing -text option!\n".into(), 127)) }
}

fn echo_log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let port = server.ports.first().copied().unwrap_or(5678);
    (String::new(), format!("{} [INFO] server is listening on :{port}\n", stamp(sys)))
}

fn http_echo(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    if request.path() == "/health" {
        return ok("{\"status\":\"ok\"}\n".into());
    }
    let text =
        server.option(&["text"]).or_else(|| server.var("ECHO_TEXT").map(String::from)).unwrap_or_default();
    let line = format!(
        "{} {} {} \"{} {} HTTP/1.1\" 200 {} \"{}\" 12.3µs\n",
        stamp(sys),
        request.header("host").unwrap_or("-"),
        request.peer,
        request.method,
        request.target,
        text.len() + 1,
        request.header("user-agent").unwrap_or("-")
    );
    sys.out(line);
    ok(format!("{text}\n"))
}

fn echo(_: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let headers: String = request.headers.iter().map(|(n, v)| format!("\t{n}={v}\n")).collect();
    let body = if request.body.is_empty() {
        "-no body in request-".into()
    } else {
        String::from_utf8_lossy(&request.body).into_owned()
    };
    ok(format!(
        "\n\nHostname: {}\n\nPod Information:\n\t-no pod information available-\n\nRequest Information:\n\tclient_address={}\n\tmethod={}\n\treal path={}\n\trequest_version=1.1\n\nRequest Headers:\n{headers}\nRequest Body:\n\t{body}\n\n",
        sys.machine().hostname,
        request.peer,
        request.method,
        request.target
    ))
}

fn hello_kubernetes(server: &mut Server, _: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let message = server.var("MESSAGE").unwrap_or("Hello world!").to_string();
    let host = sys.machine().hostname.clone();
    HttpResponse::text(
        200,
        "text/html; charset=utf-8",
        format!(
            "<!DOCTYPE html>\n<html>\n<head><title>Hello Kubernetes!</title></head>\n<body>\n<h1>{message}</h1>\n<table><tr><th>pod:</th><td>{host}</td></tr></table>\n</body>\n</html>\n"
        ),
    )
}

fn page(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let host = sys.machine().hostname.clone();
    let name = crate::programs::short_name(&server.argv[0]).to_string();
    if request.path() != "/" && request.path().contains('.') {
        return HttpResponse::text(404, "text/html", "<h1>Not Found</h1>\n");
    }
    HttpResponse::text(
        200,
        "text/html; charset=utf-8",
        format!(
            "<!DOCTYPE html>\n<html>\n<head><title>{name}</title></head>\n<body><h1>{name}</h1><p>served by {host}</p></body>\n</html>\n"
        ),
    )
}

fn metrics(server: &mut Server, request: &HttpRequest, _: &mut Sys<'_>) -> HttpResponse {
    match request.path() {
        "/metrics" => {
            ok(format!("# TYPE http_requests_total counter\nhttp_requests_total {}\n", server.hits))
        }
        _ => ok("OK\n".into()),
    }
}

fn plain_log(server: &Server, _: &Sys<'_>) -> (String, String) {
    let ports: Vec<String> = server.ports.iter().map(ToString::to_string).collect();
    let listens = if ports.is_empty() { "no port".to_string() } else { format!("port {}", ports.join(", ")) };
    (
        String::new(),
        format!("simulated: this image is not in the catalogue; a plain server listens on {listens}\n"),
    )
}

fn plain(_: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let line = format!("{} {} 200\n", request.method, request.target);
    sys.out(line);
    ok(format!("plain server on {} (image not in the catalogue)\n", sys.machine().hostname))
}
