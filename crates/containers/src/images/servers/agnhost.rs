//! agnhost, the test image of Kubernetes itself: netexec, serve-hostname, liveness, grpc-health-checking and pause.
//!
//! Models `test/images/agnhost`. Not modelled: its other subcommands, which answer as netexec does; UDP, SCTP and TLS;
//! what netexec runs, dials, redirects or stores.

use super::text::ok;
use super::{Kind, Server, no_demand};
use crate::grpc_health::{self, Health};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};

pub(super) const KINDS: [Kind; 1] = [Kind {
    name: "agnhost",
    ports: &[8080],
    start_ms: 20,
    demand: no_demand,
    log,
    http: Some(answer),
    tcp: None,
    term: Some(2),
}];

/// How long `liveness` is well.
const ALIVE_MS: i64 = 10_000;
/// Among what a server keeps: what it was told to say of its health.
const TOLD: &str = "serving";

fn subcommand(server: &Server) -> &str {
    server.argv.get(1).map_or("pause", String::as_str)
}

fn number(server: &Server, flag: &str, usual: i64) -> i64 {
    server.option(&[flag]).and_then(|n| n.parse().ok()).unwrap_or(usual)
}

fn port(server: &Server, flag: &str, usual: u16) -> u16 {
    u16::try_from(number(server, flag, usual.into())).unwrap_or(usual)
}

/// What each subcommand listens on.
pub(super) fn ports(server: &Server) -> Vec<u16> {
    match subcommand(server) {
        "pause" => Vec::new(),
        "liveness" => vec![8080],
        "serve-hostname" => vec![port(server, "port", 9376)],
        "grpc-health-checking" => vec![port(server, "port", 5000), port(server, "http-port", 8080)],
        _ => vec![port(server, "http-port", 8080)],
    }
}

/// A line as Go's log package writes it through klog.
fn klog(sys: &Sys<'_>, text: &str) -> String {
    format!("{}       1 log.go:245] {text}\n", crate::programs::date_text(sys.now(), "I%m%d %H:%M:%S.000000"))
}

fn log(server: &Server, sys: &Sys<'_>) -> (String, String) {
    let begun = match subcommand(server) {
        "pause" => "Paused\nSignals registered\n".into(),
        "liveness" => String::new(),
        "serve-hostname" => klog(sys, &format!("Serving on port {}.", port(server, "port", 9376))),
        "grpc-health-checking" => {
            let (grpc, http) = (port(server, "port", 5000), port(server, "http-port", 8080));
            klog(sys, &format!("Http server starting to listen on :{http}"))
                + &klog(sys, &format!("gRPC server starting to listen on :{grpc}"))
        }
        "netexec" => {
            let udp = number(server, "udp-port", 8081);
            let http = format!("Started HTTP server on port {}", port(server, "http-port", 8080));
            let udp = (udp != -1).then(|| klog(sys, &format!("Started UDP server on port  {udp}")));
            klog(sys, &http) + &udp.unwrap_or_default()
        }
        _ => String::new(),
    };
    (String::new(), begun)
}

/// How long it has run.
fn age_ms(server: &Server, sys: &Sys<'_>) -> i64 {
    server.begun.map_or(0, |t| sys.now().since(t))
}

fn age_text(server: &Server, sys: &Sys<'_>) -> String {
    objects::duration::format(age_ms(server, sys) * 1_000_000)
}

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    match subcommand(server) {
        "serve-hostname" => {
            let line = klog(sys, &format!("HTTP request from {}:52744", request.peer));
            sys.err(&line);
            ok(sys.machine().hostname.clone())
        }
        "liveness" => liveness(server, request, sys),
        "grpc-health-checking" => grpc(server, request, sys),
        _ => netexec(server, request, sys),
    }
}

fn not_found() -> HttpResponse {
    HttpResponse::text(404, "text/plain; charset=utf-8", "404 page not found\n")
}

fn liveness(server: &Server, request: &HttpRequest, sys: &Sys<'_>) -> HttpResponse {
    let age = age_ms(server, sys);
    match request.path() {
        "/started" => ok(age_text(server, sys)),
        "/healthz" if age > ALIVE_MS => {
            let text = format!("error: {}", age as f64 / 1000.0);
            HttpResponse::text(500, "text/plain; charset=utf-8", text)
        }
        "/healthz" => ok("ok".into()),
        _ => not_found(),
    }
}

fn grpc(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    if server.port == port(server, "port", 5000) {
        let Some(service) = grpc_health::asked(request) else {
            return HttpResponse::text(415, "text/plain; charset=utf-8", "");
        };
        let line = klog(sys, "Serving the Check request for health check");
        sys.err(&line);
        let delay = number(server, "delay-unhealthy-sec", -1);
        let ill = match server.rows.get(TOLD) {
            Some(told) => told == "no",
            None => delay >= 0 && age_ms(server, sys) >= delay * 1000,
        };
        let known = server.option(&["service"]).unwrap_or_default() == service;
        return grpc_health::answer(match (known, ill) {
            (false, _) => Health::Unknown,
            (true, true) => Health::NotServing,
            (true, false) => Health::Serving,
        });
    }
    let (told, says) = match request.path() {
        "/make-not-serving" => ("no", "Mark as unhealthy"),
        "/make-serving" => ("yes", "Mark as healthy"),
        _ => return not_found(),
    };
    server.rows.insert(TOLD.into(), told.into());
    let line = klog(sys, says);
    sys.err(&line);
    ok(age_text(server, sys))
}

fn netexec(server: &Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let host = sys.machine().hostname.clone();
    let path = request.path();
    let (line, answer) = match path {
        "/hostname" | "/hostName" => (path.to_owned(), ok(host)),
        "/clientip" => (path.to_owned(), ok(format!("{}:52744", request.peer))),
        "/serverport" => (path.to_owned(), ok(port(server, "http-port", 8080).to_string())),
        "/healthz" | "/readyz" => return ok(String::new()),
        "/echo" => {
            let (mut msg, mut code) = (String::new(), "");
            for (name, value) in request
                .target
                .split_once('?')
                .map_or("", |(_, q)| q)
                .split('&')
                .filter_map(|p| p.split_once('='))
            {
                match name {
                    "msg" => msg = value.replace('+', " "),
                    "code" => code = value,
                    _ => {}
                }
            }
            let mut answer = ok(msg.clone());
            answer.status = code.parse().unwrap_or(200);
            (format!("/echo?msg={msg}&code={code}"), answer)
        }
        _ => {
            let now = crate::programs::date_text(sys.now(), "%Y-%m-%d %H:%M:%S.000000000 +0000 UTC");
            ("/".to_owned(), ok(format!("NOW: {now}")))
        }
    };
    let line = klog(sys, &format!("GET {line}"));
    sys.err(&line);
    answer
}
