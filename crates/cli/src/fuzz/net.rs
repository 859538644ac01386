//! The network: command lines of its tools with noise in URLs, headers, names and blocks, carried through a small
//! cluster; files of names, patterns and blocks; policies of any shape; Ingresses and routes of any shape (entries.rs).

use std::cell::RefCell;

use clock::Rng;
use cluster::network::dns::{self, Resolver};
use cluster::network::ingress::pattern::{Pattern, fill};
use cluster::network::policy::{Peer, entering, leaving};
use cluster::network::{Files, Language, Source, address};
use cluster::{Cluster, ClusterConfig};
use containers::fs::{Cred, Fs};
use containers::images::base::{Base, tree};
use containers::machine::{Env, Flavor, Host as _, Machine, Outcome, PlainHost, Stdio};
use objects::{Value, value};

use super::{noise, pick};

const TOOLS: [&str; 10] =
    ["curl", "wget", "nc", "nslookup", "ping", "dig", "host", "nc.openbsd", "ping.iputils", "nslookup.bind"];
const WORDS: [&str; 52] = [
    "-s",
    "-v",
    "-k",
    "-L",
    "-I",
    "-i",
    "-f",
    "-m",
    "1",
    "-o",
    "/tmp/x",
    "-w",
    "%{http_code}",
    "%{",
    "-H",
    "Host: a",
    ":",
    "-d",
    "@nosuch",
    "-X",
    "--resolve",
    "a:80:10.0.0.1",
    "--retry",
    "2",
    "--trace-path",
    "-T",
    "-O-",
    "-z",
    "-l",
    "-p",
    "-type=srv",
    "-c",
    "1",
    "-W",
    "--",
    "-",
    "=",
    "--data-urlencode",
    "a=b c",
    "-u",
    "-b",
    "--connect-timeout",
    "-F",
    "a=@/tmp/x;type=b",
    "+short",
    "+search",
    "-x",
    "@10.96.0.10",
    "-t",
    "-g",
    "/tmp/jar",
    "a=b",
];
const HOSTS: [&str; 14] = [
    "kubernetes",
    "kubernetes.default.svc",
    "10.96.0.1",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "example.com",
    "172.18.0.3",
    "_https._tcp.kubernetes.default.svc.cluster.local",
    "1.0.96.10.in-addr.arpa",
    "a..b",
    "255.255.255.255",
    "",
    "0",
];
const MARKS: [&str; 22] = [
    "http://", "https://", "ftp://", "://", ":", ":80", ":443", ":99999", "/", "//", "?", "#", "@", "[", "]",
    "%00", "{", "}", "{a,b}", "[1-3]", "[a-z:5]", "\\",
];

thread_local! {
    static ROOT: RefCell<Option<containers::fs::Tree>> = const { RefCell::new(None) };
    static CLUSTER: RefCell<Option<Cluster>> = const { RefCell::new(None) };
}

fn place(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..1 + rng.below(5) {
        match rng.below(4) {
            0 => text.push_str(pick(rng, &MARKS)),
            1 => text.push_str(&noise(rng)),
            _ => text.push_str(pick(rng, &HOSTS)),
        }
    }
    text
}

pub(super) fn try_one(rng: &mut Rng) {
    match rng.below(5) {
        0 => files(rng),
        1 => policies_of_any_shape(rng),
        2 => super::entries::try_one(rng),
        _ => command(rng),
    }
}

/// One call of a tool; what it asks is answered by a cluster.
fn command(rng: &mut Rng) {
    let mut argv = vec![pick(rng, &TOOLS).to_owned()];
    for _ in 0..rng.below(6) {
        argv.push(match rng.below(4) {
            0 => noise(rng),
            1 => place(rng),
            _ => pick(rng, &WORDS).to_owned(),
        });
    }
    argv.push(place(rng));
    let mut fs = Fs::default();
    fs.tree = ROOT.with_borrow_mut(|r| {
        r.get_or_insert_with(|| {
            let mut root = tree(Base::Alpine);
            for tool in TOOLS {
                root.put(&format!("/bin/{tool}"), containers::fs::Node::program(tool, 1));
            }
            root
        })
        .clone()
    });
    let mut host = PlainHost::default();
    let mut machine = Machine::new(fs, "fuzz", 1, host.now());
    machine.flavor = if rng.below(2) == 0 { Flavor::Gnu } else { Flavor::Busybox };
    let sink = machine.sink();
    let stdio = Stdio { input: None, sink, tty: false };
    let env: Env = Env::new([("PATH".to_owned(), "/bin:/usr/bin".to_owned())].into_iter().collect());
    if machine.spawn(&mut host, &argv, env, "/", Cred::default(), stdio).is_err() {
        return;
    }
    for _ in 0..20 {
        let outcome = machine.step(2_000, &mut host);
        if matches!(outcome, Outcome::Exited(_)) {
            break;
        }
        let asked = machine.take_net_requests();
        if asked.is_empty() {
            let Outcome::Blocked { until: Some(at) } = outcome else { break };
            host.now = at;
            continue;
        }
        for (id, request) in asked {
            let answer = CLUSTER.with_borrow_mut(|kept| {
                let cluster = kept.get_or_insert_with(booted);
                if rng.below(2) == 0 {
                    let files = Files { resolv: "nameserver 172.18.0.1\n".into(), ..Files::default() };
                    let node = cluster.on_node("worker-1").filter(|_| rng.below(2) == 0);
                    let (answer, path) = cluster.ask_from(&node.unwrap_or(Source::Learner), &request, &files);
                    let _ = (path.lines(Language::English), path.lines(Language::Korean));
                    answer
                } else {
                    cluster.ask("default/nobody", request)
                }
            });
            machine.answer_net(id, answer);
        }
    }
    let _ = machine.take_output(sink);
}

fn booted() -> Cluster {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    cluster.advance(5_000);
    cluster
}

/// What stands in files and annotations.
fn files(rng: &mut Rng) {
    let mut text = String::new();
    for _ in 0..rng.below(8) {
        let words = ["nameserver ", "search ", "options ndots:", "10.0.0.1 ", "\n", " ", "# ", "127.0.0.1\t"];
        text.push_str(pick(rng, &words));
        text.push_str(&place(rng));
    }
    let resolver = Resolver::parse(&text);
    let name = place(rng);
    let _ = (resolver.candidates(&name), dns::in_hosts(&text, &name), dns::is_name(&name));
    let _ = (dns::outside::lookup(&name), address::v4(&name), address::is_ip(&name));
    let _ = address::any_contains(&format!("{name}/{}", rng.below(40)), 7);
    let pieces =
        ["(", ")", "*", "+", "?", "|", "[", "]", "[^", "/", ".", "\\", "$1", "$", "^", "a", "(/|$)", "(.*)"];
    let pattern: String = (0..rng.below(12)).map(|_| pick(rng, &pieces)).collect();
    if let Some(groups) = Pattern::parse(&pattern).and_then(|p| p.matches(&format!("/{name}"))) {
        let _ = fill(&pattern, &groups);
    }
}

/// A value of no particular shape.
fn any_value(rng: &mut Rng, depth: u32) -> Value {
    let keys = [
        "podSelector",
        "namespaceSelector",
        "ipBlock",
        "cidr",
        "except",
        "ports",
        "port",
        "endPort",
        "from",
        "to",
        "matchLabels",
        "matchExpressions",
        "key",
        "operator",
        "values",
        "protocol",
    ];
    match rng.below(if depth > 4 { 4 } else { 7 }) {
        0 => Value::Null,
        1 => Value::from(rng.below(70_000) as i64 - 100),
        2 => Value::from(noise(rng).as_str()),
        3 => Value::from(pick(rng, &["In", "10.0.0.0/8", "TCP", "app", "0.0.0.0/0"])),
        4 => (0..rng.below(3)).map(|_| any_value(rng, depth + 1)).collect(),
        _ => {
            let mut v = Value::map();
            for _ in 0..rng.below(4) {
                v.set(pick(rng, &keys), any_value(rng, depth + 1));
            }
            v
        }
    }
}

/// Policies as nobody validated them.
fn policies_of_any_shape(rng: &mut Rng) {
    let spec = value!({
        "podSelector": (any_value(rng, 3)), "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": (any_value(rng, 0)), "ports": (any_value(rng, 1))}],
        "egress": [{"to": (any_value(rng, 0)), "ports": (any_value(rng, 1))}],
    });
    let policy = value!({"metadata": {"namespace": "a", "name": "p"}, "spec": (spec)});
    let peer = |ip: &str, name: &str| Peer {
        pod: format!("a/{name}").into(),
        namespace: "a".into(),
        labels: value!({"app": (name)}),
        ..Peer::of_address(ip)
    };
    let (from, to) = (peer("10.244.0.2", "x"), peer("10.244.0.3", "y"));
    let port = rng.below(70_000) as i64;
    let policies = [policy];
    let _ = (leaving(&policies, &from, &to, port, "TCP"), entering(&policies, &from, &to, port, "UDP"));
}
