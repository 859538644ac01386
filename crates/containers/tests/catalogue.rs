//! Every image of the catalogue, started as its documentation does and asked something.

use containers::container::{Container, Spec};
use containers::images::{Resolved, Roots, Template, catalogue, resolve};
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
    case("nginx:alpine", Run(&["ps"], "nginx: worker process")),
    case("nginx:alpine", Run(&["nginx", "-s", "reload"], "signal process started")),
    case("nginx", Logs("Configuration complete; ready for start up")),
    case("registry:2", Http(5000, "/v2/_catalog", 200, "{\"repositories\":[]}")),
    case("registry:3", Http(5000, "/v2/x/tags/list", 404, "NAME_UNKNOWN")),
    with("registry:2", &[("REGISTRY_AUTH", "htpasswd")], Http(5000, "/v2/", 401, "authentication required")),
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
    args(
        "registry.k8s.io/e2e-test-images/agnhost:2.39",
        &["netexec"],
        Http(8080, "/echo?msg=no&code=418", 418, "no"),
    ),
    args("registry.k8s.io/e2e-test-images/agnhost:2.39", &["serve-hostname"], Http(9376, "/", 200, "h")),
    args("registry.k8s.io/e2e-test-images/agnhost:2.39", &["liveness"], Http(8080, "/healthz", 200, "ok")),
    args("registry.k8s.io/e2e-test-images/agnhost:2.39", &["pause"], Logs("Paused")),
    args(
        "registry.k8s.io/e2e-test-images/agnhost:2.39",
        &["grpc-health-checking", "--http-port=8090"],
        Http(8090, "/make-not-serving", 200, "s"),
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
    args("cockroachdb/cockroach:v1.1.0", &["start", "--insecure"], Http(8080, "/health", 200, "{}")),
    args("minio/minio", &["server", "/data"], Http(9000, "/minio/health/live", 200, "")),
    args(
        "tensorflow/serving:2.19.0",
        &["--model_name=m"],
        Http(8501, "/v1/models/m", 404, "Could not find any versions"),
    ),
    case("vllm/vllm-openai:v0.11.0", Ends(1, "Failed to infer device type")),
    case("newrelic/infrastructure", Ends(1, "no license key")),
    args("progrium/stress", &["--cpu", "1", "--timeout", "1s"], Ends(0, "successful run completed")),
    args("mysql:5.7", &["mysqld", "--version"], Ends(0, "5.7.44")),
    args("redis:6.2", &["redis-server", "--version"], Ends(0, "v=6.2.17")),
    args("postgres:15", &["postgres", "--version"], Ends(0, "postgres (PostgreSQL) 15.10")),
    args("python:3.9", &["python", "--version"], Ends(0, "Python 3.9.21")),
    args("node:18", &["--version"], Ends(0, "v18.20.5")),
    args("httpd:2.4", &["httpd", "-v"], Ends(0, "Apache/2.4.62")),
    args("haproxy:2.8", &["haproxy", "-v"], Ends(0, "2.8.13")),
    args("mariadb:10.6", &["mariadbd", "--version"], Ends(0, "10.6.20")),
    args("mongo:6", &["mongod", "--version"], Ends(0, "db version v6.0.19")),
    args("memcached:1.6", &["memcached", "-V"], Ends(0, "memcached 1.6.34")),
    args("caddy:2", &["caddy", "version"], Ends(0, "v2.8.4")),
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
        assert!(!image.tags.is_empty() && image.layers > 0 && image.size_bytes > 5_000, "{name}");
        assert!(image.memory_bytes > 100_000 && image.cpu_millis < 1_000, "{name}");
        let runs = !image.entrypoint.is_empty() || !image.cmd.is_empty();
        assert!(runs, "{name} runs nothing by default");
    }
}

/// What the configuration of a real image says: entrypoint, command, user, directory, ports, and some of its environment.
type Configured = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    u32,
    &'static str,
    &'static [u16],
    &'static [(&'static str, &'static str)],
);

const ENTRY: &[&str] = &["docker-entrypoint.sh"];
const NGINX: &[&str] = &["/docker-entrypoint.sh"];
const DAEMON: &[&str] = &["nginx", "-g", "daemon off;"];

static CONFIGURED: &[Configured] = &[
    ("nginx:1.27", NGINX, DAEMON, 0, "/", &[80], &[("NGINX_VERSION", "1.27.5")]),
    ("nginx:1.14.2", NGINX, DAEMON, 0, "/", &[80], &[("NGINX_VERSION", "1.14.2")]),
    ("nginxinc/nginx-unprivileged:1.25", NGINX, DAEMON, 101, "/", &[8080], &[("NGINX_VERSION", "1.25.5")]),
    (
        "httpd:2.4",
        &[],
        &["httpd-foreground"],
        0,
        "/usr/local/apache2",
        &[80],
        &[("HTTPD_PREFIX", "/usr/local/apache2")],
    ),
    (
        "caddy:2",
        &[],
        &["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
        0,
        "/srv",
        &[80, 443, 2019],
        &[("XDG_CONFIG_HOME", "/config"), ("XDG_DATA_HOME", "/data")],
    ),
    (
        "haproxy:3.0",
        ENTRY,
        &["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"],
        99,
        "/var/lib/haproxy",
        &[],
        &[("HAPROXY_VERSION", "3.0.7")],
    ),
    ("traefik:v3.2", &["/entrypoint.sh"], &["traefik"], 0, "/", &[80], &[]),
    ("traefik/whoami", &["/whoami"], &[], 0, "/", &[80], &[]),
    ("hashicorp/http-echo:1.0", &["/http-echo"], &[], 0, "/", &[5678], &[]),
    ("mendhak/http-https-echo", &["node", "./index.js"], &[], 1000, "/app", &[8080, 8443], &[]),
    ("paulbouwer/hello-kubernetes:1.10", &[], &["npm", "start"], 1000, "/usr/src/app", &[8080], &[]),
    ("gcr.io/google-samples/hello-app:1.0", &[], &["./hello-app"], 0, "/", &[8080], &[("PORT", "8080")]),
    ("registry.k8s.io/e2e-test-images/agnhost:2.39", &["/agnhost"], &["pause"], 0, "/", &[8080], &[]),
    ("registry.k8s.io/pause:3.10", &["/pause"], &[], 65_535, "/", &[], &[]),
    ("busybox:1.36", &[], &["sh"], 0, "/", &[], &[]),
    ("alpine:3.20", &[], &["/bin/sh"], 0, "/", &[], &[]),
    ("ubuntu:24.04", &[], &["/bin/bash"], 0, "/", &[], &[]),
    ("debian:12", &[], &["bash"], 0, "/", &[], &[]),
    ("bash:5.2", ENTRY, &["bash"], 0, "/", &[], &[]),
    ("curlimages/curl", &["/entrypoint.sh"], &["curl"], 100, "/", &[], &[]),
    ("redis:7.2", ENTRY, &["redis-server"], 0, "/data", &[6379], &[("REDIS_VERSION", "7.2.7")]),
    ("memcached:1.6", ENTRY, &["memcached"], 11_211, "/", &[11_211], &[("MEMCACHED_VERSION", "1.6.34")]),
    ("mysql:8.0", ENTRY, &["mysqld"], 0, "/", &[3306, 33_060], &[("MYSQL_VERSION", "8.0.40")]),
    ("mariadb:10.11", ENTRY, &["mariadbd"], 0, "/", &[3306], &[("MARIADB_VERSION", "10.11.10")]),
    (
        "postgres:16",
        ENTRY,
        &["postgres"],
        0,
        "/",
        &[5432],
        &[("PGDATA", "/var/lib/postgresql/data"), ("LANG", "en_US.utf8")],
    ),
    ("mongo:7", ENTRY, &["mongod"], 0, "/", &[27_017], &[("HOME", "/data/db")]),
    (
        "rabbitmq:3.13",
        ENTRY,
        &["rabbitmq-server"],
        0,
        "/",
        &[4369, 5671, 5672, 15_691, 15_692, 25_672],
        &[("RABBITMQ_VERSION", "3.13.7")],
    ),
    ("wordpress:6.7", ENTRY, &["apache2-foreground"], 0, "/var/www/html", &[80], &[]),
    ("phpmyadmin:5", NGINX, &["apache2-foreground"], 0, "/var/www/html", &[80], &[]),
    ("node:20", ENTRY, &["node"], 0, "/", &[], &[("NODE_VERSION", "20.18.1")]),
    ("python:3.12", &[], &["python3"], 0, "/", &[], &[("LANG", "C.UTF-8"), ("PYTHON_VERSION", "3.12.8")]),
    ("golang:1.22", &[], &["bash"], 0, "/go", &[], &[("GOPATH", "/go"), ("GOLANG_VERSION", "1.22.10")]),
    ("openjdk:17", &[], &["jshell"], 0, "/", &[], &[]),
    ("perl:5.34.0", &[], &["perl", "-de0"], 0, "/usr/src/app", &[], &[]),
    (
        "php:8.3-apache",
        &["docker-php-entrypoint"],
        &["php", "-a"],
        0,
        "/var/www/html",
        &[],
        &[("PHP_VERSION", "8.3.15")],
    ),
    (
        "tomcat:10.1",
        &[],
        &["catalina.sh", "run"],
        0,
        "/usr/local/tomcat",
        &[8080],
        &[("CATALINA_HOME", "/usr/local/tomcat")],
    ),
    (
        "jenkins/jenkins:lts",
        &["/usr/bin/tini", "--", "/usr/local/bin/jenkins.sh"],
        &[],
        1000,
        "/",
        &[8080, 50_000],
        &[("JENKINS_HOME", "/var/jenkins_home")],
    ),
    (
        "grafana/grafana",
        &["/run.sh"],
        &[],
        472,
        "/usr/share/grafana",
        &[3000],
        &[("GF_PATHS_DATA", "/var/lib/grafana")],
    ),
    (
        "prom/prometheus",
        &["/bin/prometheus"],
        &["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
        65_534,
        "/prometheus",
        &[9090],
        &[],
    ),
    (
        "fluent/fluentd:v1.16",
        &["tini", "--", "/bin/entrypoint.sh"],
        &["fluentd"],
        999,
        "/",
        &[5140, 24_224],
        &[],
    ),
    (
        "registry.k8s.io/metrics-server/metrics-server:v0.7.2",
        &["/metrics-server"],
        &[],
        65_534,
        "/",
        &[10_250],
        &[],
    ),
    (
        "registry.k8s.io/ingress-nginx/controller:v1.12.0",
        &["/usr/bin/dumb-init", "--"],
        &["/nginx-ingress-controller"],
        101,
        "/",
        &[80, 443, 10_254],
        &[],
    ),
    ("minio/minio", &["/usr/bin/docker-entrypoint.sh"], &["minio"], 0, "/", &[9000], &[]),
    ("bitnami/kubectl", &["kubectl"], &["--help"], 1001, "/", &[], &[]),
    ("progrium/stress", &["/usr/bin/stress", "--verbose"], &[], 0, "/", &[], &[]),
    ("vish/stress", &["/stress"], &["-logtostderr"], 0, "/", &[], &[]),
    ("nicolaka/netshoot", &[], &["zsh"], 0, "/root", &[], &[]),
];

#[test]
fn images_are_configured_as_the_real_ones() {
    let mut bad = Vec::new();
    for (name, entrypoint, cmd, user, workdir, ports, env) in CONFIGURED {
        let Resolved::Known { image, reference } = resolve(name) else { panic!("{name} is not known") };
        let c = Template::of(Some(image), &reference.tag, &mut Roots::default()).config;
        let has = |(k, v): &(&str, &str)| c.env.iter().any(|(name, value)| name == k && value == v);
        if c.entrypoint != *entrypoint || c.cmd != *cmd {
            bad.push(format!("{name}: {:?} {:?}", c.entrypoint, c.cmd));
        }
        if (c.uid, c.workdir.as_str(), c.ports.as_slice()) != (*user, *workdir, *ports) {
            bad.push(format!("{name}: {} {} {:?}", c.uid, c.workdir, c.ports));
        }
        if let Some(missing) = env.iter().find(|e| !has(e)) {
            bad.push(format!("{name}: {missing:?} in {:?}", c.env));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
