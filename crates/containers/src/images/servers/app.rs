//! Applications with servers behind them: the guestbook's front end, redis replicas, WordPress, phpMyAdmin.
//!
//! A request is answered at once from what the application knows; what it has to ask of others it asks between requests,
//! each second for a while after somebody came (real ones ask while the request waits: not modelled).

use clock::Time;

use super::{Kind, Server, no_demand, wordpress};
use crate::machine::{Sys, Turn, Wait};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetRequest};

/// How long after a request the servers behind are asked again, and how often.
const AWAKE_MS: i64 = 15_000;
const EVERY_MS: i64 = 1_000;
/// Messages that wait to be sent.
const QUEUE_MAX: usize = 100;

/// What is known of the servers behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Back {
    /// It repeats another redis.
    pub(super) replica: bool,
    /// What is to be told, oldest first.
    pub(super) queue: Vec<NetRequest>,
    call: Option<u32>,
    /// The last answer, or why there was none.
    pub(super) answer: Option<Result<Vec<u8>, ()>>,
    awake_until: Option<Time>,
    next: Option<Time>,
    /// The guestbook's older words: master and slave.
    old: bool,
    /// The key the guestbook's page asks for; empty: `guestbook`.
    key: String,
    /// The application has been set up (WordPress' title).
    pub(super) title: Option<String>,
    /// Its posts, newest first: number, title and content.
    pub(super) posts: Vec<[String; 3]>,
}

pub(super) const KINDS: [Kind; 4] = [
    Kind {
        name: "gb-frontend",
        ports: &[80],
        start_ms: 200,
        demand: no_demand,
        log: php_log,
        http: Some(guestbook),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "wordpress",
        ports: &[80],
        start_ms: 900,
        demand: no_demand,
        log: php_log,
        http: Some(wordpress::answer),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "phpmyadmin",
        ports: &[80],
        start_ms: 500,
        demand: no_demand,
        log: php_log,
        http: Some(phpmyadmin),
        tcp: None,
        term: Some(0),
    },
    Kind {
        name: "hpa-example",
        ports: &[80],
        start_ms: 200,
        demand: no_demand,
        log: php_log,
        http: Some(hard_work),
        tcp: None,
        term: Some(0),
    },
];

fn php_log(_: &Server, sys: &Sys<'_>) -> (String, String) {
    let now = crate::programs::date_text(sys.now(), "%a %b %d %H:%M:%S.000000 %Y");
    (
        String::new(),
        format!(
            "AH00558: apache2: Could not reliably determine the server's fully qualified domain name, using 127.0.0.1. Set the 'ServerName' directive globally to suppress this message\n[{now}] [mpm_prefork:notice] [pid 1] AH00163: Apache/2.4.62 (Debian) PHP/8.2.26 configured -- resuming normal operations\n[{now}] [core:notice] [pid 1] AH00094: Command line: 'apache2 -D FOREGROUND'\n"
        ),
    )
}

pub(super) fn access(server: &Server, request: &HttpRequest, response: &HttpResponse, sys: &mut Sys<'_>) {
    let _ = server;
    let now = crate::programs::date_text(sys.now(), "%d/%b/%Y:%H:%M:%S +0000");
    sys.out(format!(
        "{} - - [{now}] \"{} {} HTTP/1.1\" {} {} \"-\" \"{}\"\n",
        if request.peer.is_empty() { "127.0.0.1" } else { &request.peer },
        request.method,
        request.target,
        response.status,
        response.body.len(),
        request.header("user-agent").unwrap_or("-")
    ));
}

/// Somebody came: ask those behind for a while.
pub(super) fn touch(server: &mut Server, now: Time) {
    if server.back.replica || matches!(server.kind.name, "gb-frontend" | "wordpress") {
        server.back.awake_until = Some(now + AWAKE_MS);
        server.back.next.get_or_insert(now);
    }
}

/// The redis that a replica repeats, by its arguments or as the guestbook's images know it.
fn leader(server: &Server) -> Option<(String, u16)> {
    if server.kind.name != "redis-server" {
        return None;
    }
    for (i, arg) in server.argv.iter().enumerate() {
        if matches!(arg.as_str(), "--replicaof" | "--slaveof") {
            let host = server.argv.get(i + 1)?;
            let (host, port) =
                host.split_once(' ').unwrap_or((host, server.argv.get(i + 2).map_or("6379", String::as_str)));
            return Some((host.to_string(), port.parse().unwrap_or(6379)));
        }
    }
    server.var("GB_LEADER").map(|h| {
        let from_env = server.var("GET_HOSTS_FROM") == Some("env");
        let host = if from_env {
            server.var("REDIS_LEADER_SERVICE_HOST").or(server.var("REDIS_MASTER_SERVICE_HOST"))
        } else {
            None
        };
        (host.unwrap_or(h).to_string(), 6379)
    })
}

/// The question that is asked again and again.
fn question(server: &Server) -> Option<NetRequest> {
    let tcp =
        |host: String, port: u16, text: &str| NetRequest::Tcp { host, port, data: text.as_bytes().to_vec() };
    match server.kind.name {
        "gb-frontend" => Some(tcp(follower(server), 6379, &format!("GET {}", key(server)))),
        "wordpress" => Some(wordpress::question(server)),
        _ => leader(server).map(|(host, port)| tcp(host, port, "DUMPALL")),
    }
}

fn by_env(server: &Server, names: [&str; 2]) -> Option<String> {
    (server.var("GET_HOSTS_FROM") == Some("env"))
        .then(|| names.iter().find_map(|n| server.var(n)).map(String::from))
        .flatten()
}

/// Newer images know leaders and followers, older ones masters and slaves.
fn is_old(server: &Server) -> bool {
    server.back.old
}

fn key(server: &Server) -> &str {
    if server.back.key.is_empty() { "guestbook" } else { &server.back.key }
}

fn follower(server: &Server) -> String {
    by_env(server, ["REDIS_FOLLOWER_SERVICE_HOST", "REDIS_SLAVE_SERVICE_HOST"])
        .unwrap_or_else(|| if is_old(server) { "redis-slave" } else { "redis-follower" }.into())
}

/// What a server does between requests.
pub(super) fn step(server: &mut Server, sys: &mut Sys<'_>) -> Turn {
    if server.back.next.is_none() && server.back.awake_until.is_none() {
        // Just begun.
        let tag = &sys.machine().image.tag;
        server.back.old = matches!(tag.as_str(), "v1" | "v2" | "v3" | "v4");
        if question(server).is_none() {
            return Turn::Wait(Wait::Forever);
        }
        server.back.replica = server.kind.name == "redis-server";
        touch(server, sys.now());
    }
    let now = sys.now();
    if let Some(id) = server.back.call {
        match sys.net_answer(id) {
            Err(wait) => return Turn::Wait(wait),
            Ok(answer) => {
                server.back.call = None;
                came(server, answer);
            }
        }
    }
    if !server.back.queue.is_empty() {
        let request = server.back.queue.remove(0);
        server.back.call = Some(sys.net(request));
        server.back.next = Some(now);
        return Turn::More;
    }
    if let Some(at) = server.back.next {
        if at > now {
            return Turn::Wait(Wait::Until(at));
        }
        let awake = server.back.awake_until.is_some_and(|t| t > now);
        let failing = matches!(server.back.answer, Some(Err(())));
        if awake || failing || server.back.answer.is_none() {
            server.back.next = Some(now + if awake { EVERY_MS } else { 10 * EVERY_MS });
            if let Some(request) = question(server) {
                server.back.call = Some(sys.net(request));
                return Turn::More;
            }
        } else {
            server.back.next = None;
        }
    }
    Turn::Wait(Wait::Forever)
}

fn came(server: &mut Server, answer: NetAnswer) {
    let NetAnswer::Tcp { data, .. } = answer else {
        server.back.answer = Some(Err(()));
        return;
    };
    let text = String::from_utf8_lossy(&data).into_owned();
    match server.kind.name {
        "gb-frontend" => {
            // The answer to a SET says nothing new.
            if text.starts_with('$') {
                let value = text.split("\r\n").nth(1).unwrap_or_default();
                server.rows.insert(
                    key(server).to_owned(),
                    if text.starts_with("$-1") { String::new() } else { value.into() },
                );
            }
            server.back.answer = Some(Ok(data));
        }
        "wordpress" => {
            let known = wordpress::learn(server, &text);
            server.back.answer = Some(if known { Ok(data) } else { Err(()) });
        }
        _ => {
            // Everything the leader has.
            let mut words = text.split("\r\n").filter(|l| !l.starts_with(['*', '$']));
            let mut all = ordered::BTreeMap::new();
            while let (Some(k), Some(v)) = (words.next(), words.next()) {
                all.insert(k.to_string(), v.to_string());
            }
            server.rows = all;
            server.loaded = true;
            server.back.answer = Some(Ok(data));
        }
    }
}

fn percent(text: &str) -> String {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes
            .get(i + 1..i + 3)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[i], hex) {
            (b'%', Some(b)) => {
                out.push(b);
                i += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                i += 1;
            }
            (b, _) => {
                out.push(b);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

pub(super) fn field(request: &HttpRequest, name: &str) -> Option<String> {
    let query = request.target.split_once('?').map_or("", |(_, q)| q).to_string();
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let all = format!("{query}&{body}");
    all.split('&').filter_map(|p| p.split_once('=')).find(|(k, _)| *k == name).map(|(_, v)| percent(v))
}

pub(super) fn html(status: u16, body: String) -> HttpResponse {
    HttpResponse::text(status, "text/html; charset=UTF-8", body)
}

/// `guestbook.php?cmd=get&key=messages`, `cmd=set`; the page itself; and its script.
fn guestbook(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let broken = matches!(server.back.answer, Some(Err(())));
    if let Some(key) = field(request, "key").filter(|k| !k.is_empty() && k.len() < 100) {
        server.back.key = key;
    }
    let response = match request.path() {
        "/guestbook.php" if broken => html(
            500,
            "<br />\n<b>Fatal error</b>:  Uncaught Predis\\Connection\\ConnectionException: php_network_getaddresses: getaddrinfo failed: Name or service not known\n".into(),
        ),
        "/guestbook.php" => match field(request, "cmd").as_deref() {
            Some("set") => {
                let value = field(request, "value").unwrap_or_default();
                let host = by_env(server, ["REDIS_LEADER_SERVICE_HOST", "REDIS_MASTER_SERVICE_HOST"])
                    .unwrap_or_else(|| if is_old(server) { "redis-master" } else { "redis-leader" }.into());
                if server.back.queue.len() < QUEUE_MAX {
                    let text = format!("*3\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n{value}\r\n", key(server).len(), key(server), value.len());
                    server.back.queue.push(NetRequest::Tcp { host, port: 6379, data: text.into_bytes() });
                }
                server.rows.insert(key(server).to_owned(), value);
                HttpResponse::text(200, "application/json", "{\"message\": \"Updated\"}")
            }
            _ => {
                let value = server.rows.get(key(server)).cloned().unwrap_or_default();
                let value = value.replace('\\', "\\\\").replace('"', "\\\"");
                HttpResponse::text(200, "application/json", format!("{{\"data\": \"{value}\"}}"))
            }
        },
        "/" | "/index.html" => html(
            200,
            "<html ng-app=\"redis\">\n  <head>\n    <title>Guestbook</title>\n  </head>\n  <body ng-controller=\"RedisCtrl\">\n    <div style=\"width: 50%; margin-left: 20px\">\n      <h2>Guestbook</h2>\n      <form><fieldset><input ng-model=\"msg\" placeholder=\"Messages\" class=\"form-control\" type=\"text\" name=\"input\"><br><button type=\"button\" class=\"btn btn-primary\">Submit</button></fieldset></form>\n    </div>\n  </body>\n</html>\n".into(),
        ),
        "/controllers.js" => HttpResponse::text(200, "application/javascript", "var redisApp = angular.module('redis', ['ui.bootstrap']);\n"),
        _ => html(404, "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n<h1>Not Found</h1>\n</body></html>\n".into()),
    };
    access(server, request, &response, sys);
    response
}

fn phpmyadmin(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let host = server.var("PMA_HOST").unwrap_or("db").to_string();
    let response = html(
        200,
        format!(
            "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n<head><title>phpMyAdmin</title></head>\n<body id=\"loginform\">\n<h1>Welcome to <bdo dir=\"ltr\" lang=\"en\">phpMyAdmin</bdo></h1>\n<form id=\"login_form\" method=\"post\"><input type=\"hidden\" name=\"server\" value=\"{host}\"></form>\n</body>\n</html>\n"
        ),
    );
    access(server, request, &response, sys);
    response
}

/// The page that computes a million square roots.
fn hard_work(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let response = html(200, "OK!".into());
    access(server, request, &response, sys);
    response
}
