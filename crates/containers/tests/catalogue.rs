//! Every image of the catalogue, started as its documentation does and asked something.

use containers::container::{Container, Spec};
use containers::images::{Resolved, Roots, catalogue, resolve};
use containers::machine::{Outcome, PlainHost};
use containers::net::HttpRequest;

/// What is asked of a container that has started.
enum Ask {
    /// An HTTP request: port, path, status, a part of the body.
    Http(u16, &'static str, u16, &'static str),
    /// A command inside, and a part of what it prints.
    Run(&'static [&'static str], &'static str),
    /// Bytes to a port, and a part of the answer.
    Tcp(u16, &'static str, &'static str),
    /// It ends by itself: the code, and a part of its log.
    Ends(i32, &'static str),
    /// It waits: its log holds this.
    Logs(&'static str),
}
use Ask::{Ends, Http, Logs, Run, Tcp};

struct Case {
    image: &'static str,
    env: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
    args: &'static [&'static str],
    ask: Ask,
}

const fn case(image: &'static str, ask: Ask) -> Case {
    Case { image, env: &[], command: &[], args: &[], ask }
}

const fn with(image: &'static str, env: &'static [(&'static str, &'static str)], ask: Ask) -> Case {
    Case { image, env, command: &[], args: &[], ask }
}

const fn args(image: &'static str, args: &'static [&'static str], ask: Ask) -> Case {
    Case { image, env: &[], command: &[], args, ask }
}

const fn command(image: &'static str, command: &'static [&'static str], ask: Ask) -> Case {
    Case { image, env: &[], command, args: &[], ask }
}

static CASES: &[Case] = &[
    case("nginx", Http(80, "/", 200, "Welcome to nginx!")),
    case("nginx:1.14.2", Http(80, "/nosuch", 404, "nginx/1.14.2")),
    command("nginx", &["nginx", "-v"], Ends(0, "nginx version: nginx/")),
    case("httpd:2.4", Http(80, "/", 200, "It works!")),
    case("caddy", Http(80, "/", 200, "")),
    case("haproxy", Ends(1, "Cannot open configuration file/directory /usr/local/etc/haproxy/haproxy.cfg")),
    command("haproxy:3.1", &["haproxy", "-v"], Ends(0, "HAProxy version")),
    case("traefik:v3.2", Http(80, "/", 200, "")),
    case("traefik/whoami", Http(80, "/", 200, "Hostname: h")),
    args("hashicorp/http-echo", &["-text=hello"], Http(5678, "/", 200, "hello\n")),
    case("hashicorp/http-echo", Ends(127, "Missing -text option!")),
    case("mendhak/http-https-echo", Http(8080, "/x", 200, "\"path\": \"/x\"")),
    with("paulbouwer/hello-kubernetes:1.10", &[("MESSAGE", "Hi")], Http(8080, "/", 200, "Hi")),
    case("gcr.io/google-samples/hello-app:2.0", Http(8080, "/", 200, "Version: 2.0.0")),
    case("registry.k8s.io/echoserver:1.10", Http(8080, "/", 200, "Request Information:")),
    case(
        "gcr.io/google-samples/kubernetes-bootcamp:v1",
        Http(8080, "/", 200, "Hello Kubernetes bootcamp! | Running on: h | v=1"),
    ),
    args(
        "registry.k8s.io/e2e-test-images/agnhost:2.39",
        &["netexec", "--http-port=8080"],
        Http(8080, "/hostname", 200, "h"),
    ),
    case("registry.k8s.io/pause:3.9", Logs("")),
    args("busybox", &["echo", "hi"], Ends(0, "hi")),
    args("alpine", &["cat", "/etc/alpine-release"], Ends(0, "3.")),
    args("ubuntu", &["bash", "-c", "echo $((6*7))"], Ends(0, "42")),
    args("debian", &["cat", "/etc/debian_version"], Ends(0, "1")),
    args("curlimages/curl", &["--version"], Ends(0, "curl 8")),
    case("redis:7", Tcp(6379, "PING\r\n", "+PONG")),
    case("redis:7", Run(&["redis-cli", "ping"], "PONG")),
    case("memcached:1.6", Tcp(11211, "version\r\n", "VERSION")),
    case("mysql:8", Ends(1, "- MYSQL_ROOT_PASSWORD")),
    with("mysql:8", &[("MYSQL_ROOT_PASSWORD", "x")], Logs("ready for connections")),
    with("mariadb:11", &[("MARIADB_ROOT_PASSWORD", "x")], Logs("ready for connections")),
    case("mariadb:11", Ends(1, "You need to specify one of MARIADB_ROOT_PASSWORD")),
    with(
        "postgres:16",
        &[("POSTGRES_PASSWORD", "x")],
        Logs("database system is ready to accept connections"),
    ),
    case("postgres:16", Ends(1, "superuser password is not specified")),
    case("mongo:7", Logs("Waiting for connections")),
    case("rabbitmq:3-management", Run(&["rabbitmqctl", "status"], "RabbitMQ")),
    case("wordpress", Http(80, "/", 500, "Error establishing a database connection")),
    case("phpmyadmin", Http(80, "/", 200, "phpMyAdmin")),
    args("node:20", &["node", "-e", "console.log(1+1)"], Ends(0, "2")),
    args("python:3.12", &["python", "-c", "print(1+1)"], Ends(0, "2")),
    args("python:3.12", &["python", "-m", "http.server", "8000"], Http(8000, "/etc/hostname", 200, "h")),
    args("golang:1.22", &["go", "version"], Ends(0, "go version go1.22")),
    args("openjdk:17", &["java", "-version"], Ends(0, "openjdk")),
    args("perl:5.34.0", &["perl", "-Mbignum=bpi", "-wle", "print bpi(20)"], Ends(0, "3.1415926535897932385")),
    args("php:8.3-cli", &["php", "-r", "echo 1+1;"], Ends(0, "2")),
    case("tomcat:10.1", Http(8080, "/", 404, "Apache Tomcat")),
    case("jenkins/jenkins:lts", Http(8080, "/login", 200, "Jenkins")),
    case("grafana/grafana", Http(3000, "/api/health", 200, "\"database\": \"ok\"")),
    case("prom/prometheus", Http(9090, "/-/ready", 200, "Prometheus Server is Ready.")),
    case("fluent/fluentd:v1.16", Logs("fluentd worker is now running")),
    case("registry.k8s.io/metrics-server/metrics-server:v0.7.2", Logs("")),
    args(
        "polinux/stress",
        &["stress", "--cpu", "1", "--timeout", "1"],
        Ends(0, "successful run completed in 1s"),
    ),
];

fn start(case: &Case, host: &mut PlainHost) -> Container {
    let Resolved::Known { image, reference } = resolve(case.image) else {
        panic!("{} is not known", case.image)
    };
    let words = |list: &[&str]| (!list.is_empty()).then(|| list.iter().map(|w| (*w).to_string()).collect());
    let spec = Spec {
        command: words(case.command),
        args: words(case.args),
        env: case.env.iter().map(|(k, v)| ((*k).to_string(), (*v).to_string())).collect(),
        hostname: "h".into(),
        ..Spec::default()
    };
    Container::start(Some(image), &reference.tag, &spec, &mut Roots::default(), host)
        .unwrap_or_else(|e| panic!("{}: {}", case.image, e.message))
}

fn settle(inside: &mut Container, host: &mut PlainHost) {
    for _ in 0..400 {
        match inside.run(2_000, host) {
            Outcome::Exited(_) | Outcome::Blocked { until: None } => return,
            Outcome::Blocked { until: Some(t) } => host.now = t,
            Outcome::Running => host.now = host.now + inside.slice_ms(),
        }
    }
}

fn log(inside: &Container) -> String {
    inside.log().0.iter().map(|l| format!("{}\n", l.text)).collect()
}

/// What is wrong, if anything is.
fn check(case: &Case) -> Option<String> {
    let mut host = PlainHost { now: clock::Time::EPOCH, ..PlainHost::default() };
    let mut inside = start(case, &mut host);
    settle(&mut inside, &mut host);
    let said = log(&inside);
    match &case.ask {
        Http(port, path, status, part) => {
            let mut request = HttpRequest::get(path);
            request.headers.push(("host".into(), "h".into()));
            let Some(r) = inside.serve(&mut host, *port, &request) else {
                return Some(format!("nobody answers on {port}: {said}"));
            };
            let body = String::from_utf8_lossy(&r.body).into_owned();
            (r.status != *status || !body.contains(part)).then(|| format!("{} {body}", r.status))
        }
        Tcp(port, text, part) => {
            let got = inside.serve_tcp(&mut host, *port, text.as_bytes()).unwrap_or_default();
            let got = String::from_utf8_lossy(&got).into_owned();
            (!got.contains(part)).then_some(got)
        }
        Run(argv, part) => {
            let argv: Vec<String> = argv.iter().map(|a| (*a).to_string()).collect();
            let id = match inside.exec(&argv, false, false, &mut host) {
                Ok(id) => id,
                Err(why) => return Some(why),
            };
            // Requests to itself go over the loopback.
            for _ in 0..20 {
                settle(&mut inside, &mut host);
                for (n, request) in inside.take_net_requests() {
                    use containers::net::{NetAnswer, NetRequest};
                    let answer = match request.parts().0 {
                        NetRequest::Tcp { port, data, .. } => NetAnswer::Tcp {
                            address: "127.0.0.1".into(),
                            data: inside.serve_tcp(&mut host, *port, data).unwrap_or_default(),
                        },
                        _ => NetAnswer::Failed { address: None, error: containers::net::NetError::Refused },
                    };
                    inside.answer_net(n, answer);
                }
            }
            let out: Vec<u8> = inside.exec_output(id).into_iter().flat_map(|(_, d)| d).collect();
            let out = String::from_utf8_lossy(&out).into_owned();
            (!out.contains(part)).then_some(out)
        }
        Ends(code, part) => (inside.exit_code() != Some(*code) || !said.contains(part))
            .then(|| format!("{:?} {said}", inside.exit_code())),
        Logs(part) => (inside.exit_code().is_some() || !said.contains(part)).then_some(said),
    }
}

#[test]
fn each_image_starts_as_documented_and_answers() {
    let bad: Vec<String> =
        CASES.iter().filter_map(|c| check(c).map(|why| format!("{} {:?}: {why}", c.image, c.args))).collect();
    assert!(bad.is_empty(), "{}", bad.join("\n----\n"));
}

#[test]
fn what_an_image_says_of_itself_is_plausible() {
    for image in catalogue() {
        let name = image.name;
        assert!(!image.tags.is_empty() && image.layers > 0 && image.size_bytes > 100_000, "{name}");
        assert!(image.memory_bytes > 100_000 && image.cpu_millis < 1_000, "{name}");
        let runs = !image.entrypoint.is_empty() || !image.cmd.is_empty();
        assert!(runs, "{name} runs nothing by default");
    }
}
