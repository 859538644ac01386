//! Names and Services: what CoreDNS and kube-proxy make of every kind of them.

use cluster::network::path::{Code, Stage};
use cluster::network::{Files, Language, Outcome, Source};
use cluster::wire::{DnsData, HttpRequest, NetAnswer, NetRequest};
use cluster::{ClusterConfig, NodeConfig};
use objects::value;

use crate::world::World;
use crate::{REFUSED, SILENT, fails_at, http, pod, response, service, shop};

const ALL: &str = "cluster.local";

/// The records of a name as `default/client` finds them, `NXDOMAIN` or the fault.
fn dig(w: &mut World, name: &str, kind: &str) -> String {
    dig_as(w, "default/client", name, kind)
}

fn dig_as(w: &mut World, pod: &str, name: &str, kind: &str) -> String {
    let request = NetRequest::Resolve { name: name.into(), kind: kind.into() };
    match w.cluster.ask_with_path(pod, request).0 {
        NetAnswer::Resolved { records, .. } => {
            let all = records.into_iter().map(|r| match r.data {
                DnsData::A(ip) => ip,
                DnsData::Cname(to) => format!("-> {to}"),
                DnsData::Ptr(to) => to,
                DnsData::Srv { port, target, .. } => format!("{target}:{port}"),
            });
            all.collect::<Vec<_>>().join(" ")
        }
        NetAnswer::Failed { error, .. } => format!("{error:?}"),
        other => format!("{other:?}"),
    }
}

fn ip_of(w: &World, pod: &str) -> String {
    let pod = w.cluster.object("pods", "default", pod).expect("there");
    pod["status"]["podIP"].text().to_owned()
}

fn cluster_ip(w: &World, name: &str) -> String {
    w.cluster.object("services", "default", name).expect("there")["spec"]["clusterIP"].text().to_owned()
}

fn node_ip(w: &World, node: &str) -> String {
    let node = w.node(node);
    let found = node["status"]["addresses"].items().iter().find(|a| a["type"] == "InternalIP").cloned();
    found.unwrap_or_default()["address"].text().to_owned()
}

fn learner(w: &mut World, host: &str, port: u16) -> (NetAnswer, cluster::network::Path) {
    w.cluster.ask_from(&Source::Learner, &http(host, port, false), &Files::default())
}

#[test]
fn names_of_every_kind() {
    let mut w = shop(false);
    let to = value!({"type": "ExternalName", "externalName": "my.database.example.com"});
    w.create(service("outside", to));
    let web = cluster_ip(&w, "web");
    w.create(service(
        "named",
        value!({"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080, "targetPort": 80}]}),
    ));
    let table = [
        ("web", "A", web.clone()),
        ("web.default", "A", web.clone()),
        ("web.default.svc.cluster.local.", "A", web.clone()),
        ("web", "AAAA", String::new()),
        ("nosuch", "A", "NoName".into()),
        ("outside", "A", "-> my.database.example.com 203.0.113.200".into()),
        ("outside", "CNAME", "-> my.database.example.com".into()),
        ("_http._tcp.named", "SRV", format!("named.default.svc.{ALL}:8080")),
        ("_https._tcp.named", "SRV", "NoName".into()),
        ("example.com", "A", "23.192.228.80".into()),
        ("no-such.example.com", "A", "NoName".into()),
        ("kubernetes.default.svc", "A", "10.96.0.1".into()),
    ];
    for (name, kind, want) in table {
        assert_eq!(dig(&mut w, name, kind), want, "{name} {kind}");
    }
    let back: Vec<&str> = web.split('.').rev().collect();
    assert_eq!(
        dig(&mut w, &format!("{}.in-addr.arpa.", back.join(".")), "PTR"),
        format!("web.default.svc.{ALL}")
    );
    // An alias of a name outside leads there, and the path says so.
    let (_, path) = w.by_client(http("outside", 5432, false));
    assert!(path.has(Code::DnsAlias) && path.has(Code::LeavesCluster), "{:?}", path.hops);
}

#[test]
fn headless_services_and_the_pods_of_a_stateful_set() {
    let mut w = shop(false);
    w.create(service(
        "db",
        value!({"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"name": "sql", "port": 80}]}),
    ));
    w.create(value!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "serviceName": "db", "replicas": 2, "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "nginx:1.25"}]}},
        },
    }));
    assert_eq!(dig(&mut w, "db", "A"), "NoName");
    w.advance(60_000);
    let (first, second) = (ip_of(&w, "db-0"), ip_of(&w, "db-1"));
    assert_eq!(dig(&mut w, "db-0.db", "A"), first);
    assert_eq!(dig(&mut w, "db-1.db.default.svc.cluster.local", "A"), second);
    assert_eq!(dig(&mut w, "db-2.db", "A"), "NoName");
    let both = dig(&mut w, "db", "A");
    assert!(both.contains(&first) && both.contains(&second), "{both}");
    let targets = dig(&mut w, "_sql._tcp.db", "SRV");
    assert!(targets.contains(&format!("db-0.db.default.svc.{ALL}:80")), "{targets}");
    let (answer, path) = w.by_client(http("db-1.db", 80, false));
    assert_eq!(response(&answer).status, 200);
    // No rule of kube-proxy is on the way to a pod's own name.
    assert!(!path.has(Code::ServiceRule), "{:?}", path.hops);
}

#[test]
fn how_a_pod_asks_is_its_own() {
    let mut w = shop(false);
    let sleeper = || value!({"image": "busybox:1.36", "command": ["sleep", "100000"]});
    let mut own = pod("own", value!({}), sleeper());
    own.set_at(&["spec", "dnsPolicy"], "None");
    own.set_at(
        &["spec", "dnsConfig"],
        value!({"nameservers": ["10.96.0.10"], "searches": ["svc.cluster.local"], "options": [{"name": "ndots", "value": "1"}]}),
    );
    let mut host = pod("plain", value!({}), sleeper());
    host.set_at(&["spec", "dnsPolicy"], "Default");
    let mut few = pod("few", value!({}), sleeper());
    few.set_at(&["spec", "dnsConfig"], value!({"options": [{"name": "ndots", "value": "1"}]}));
    for p in [own, host, few] {
        w.create(p);
    }
    w.advance(20_000);
    let web = cluster_ip(&w, "web");
    // Only one domain is searched: the namespace has to be said.
    assert_eq!(dig_as(&mut w, "default/own", "web", "A"), "NoName");
    assert_eq!(dig_as(&mut w, "default/own", "web.default", "A"), web);
    // The node's own resolver knows no Service.
    assert_eq!(dig_as(&mut w, "default/plain", "web.default.svc.cluster.local", "A"), "NoName");
    assert_eq!(dig_as(&mut w, "default/plain", "example.com", "A"), "23.192.228.80");
    // With five dots a name outside is searched for inside first; with one it is asked for at once.
    let asked = |w: &mut World, pod: &str| {
        let request = NetRequest::Resolve { name: "example.com".into(), kind: "A".into() };
        let path = w.cluster.ask_with_path(pod, request).1;
        path.hops.iter().find(|h| h.code == Code::DnsAsked).expect("asked").get("tried").to_owned()
    };
    assert!(asked(&mut w, "default/client").starts_with("example.com.default.svc.cluster.local, "));
    assert!(asked(&mut w, "default/few").starts_with("example.com, "));
}

#[test]
fn ports_by_name_by_number_and_several() {
    let mut w = shop(false);
    let mut named = pod(
        "named",
        value!({"app": "named"}),
        value!({"image": "nginx:1.25", "ports": [{"name": "web", "containerPort": 80}]}),
    );
    named.set_at(&["metadata", "labels", "tier"], "x");
    w.create(named);
    w.create(service(
        "named",
        value!({"selector": {"app": "named"}, "ports": [
            {"name": "by-name", "port": 8080, "targetPort": "web"}, {"name": "by-number", "port": 8081, "targetPort": 80},
            {"name": "wrong", "port": 8082, "targetPort": "wbe"},
        ]}),
    ));
    w.advance(20_000);
    for port in [8080, 8081] {
        let (answer, _) = w.by_client(http("named", port, false));
        assert_eq!(response(&answer).status, 200, "{port}");
    }
    let (_, path) = w.by_client(http("named", 8082, false));
    fails_at(&path, REFUSED, Code::NoPodHasPortName, "Service default/named: spec.ports[2].targetPort");
}

#[test]
fn a_service_without_selector_sends_where_somebody_wrote() {
    let mut w = shop(false);
    w.create(service("manual", value!({"ports": [{"port": 80}]})));
    w.advance(2_000);
    let (_, path) = w.by_client(http("manual", 80, false));
    fails_at(&path, REFUSED, Code::NoEndpointsWritten, "Service default/manual: spec.selector");
    let name = w.pods("web")[0].clone();
    let ip = ip_of(&w, &name);
    w.create(value!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "manual-1", "namespace": "default", "labels": {"kubernetes.io/service-name": "manual"}},
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}], "endpoints": [{"addresses": [(ip)]}],
    }));
    w.advance(2_000);
    let (answer, _) = w.by_client(http("manual", 80, false));
    assert_eq!(response(&answer).status, 200);
}

#[test]
fn from_outside_through_node_ports_balancers_and_addresses() {
    let mut w = shop(false);
    w.create(service(
        "np",
        value!({"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30081}]}),
    ));
    w.create(service(
        "lb",
        value!({"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}),
    ));
    w.create(service("ext", value!({"selector": {"app": "web"}, "externalIPs": ["172.18.0.200"], "ports": [{"port": 8088, "targetPort": 80}]})));
    w.advance(20_000);
    for node in ["control-plane", "worker-1", "worker-3"] {
        let ip = node_ip(&w, node);
        let (answer, path) = learner(&mut w, &ip, 30081);
        assert_eq!(response(&answer).status, 200, "{node}");
        assert!(path.has(Code::NodePortRule));
    }
    let lb = w.get("services", "default", "lb").expect("there");
    let ip = lb["status"]["loadBalancer"]["ingress"][0]["ip"].text().to_owned();
    for source in [Source::Learner, Source::Internet] {
        let (answer, path) = w.cluster.ask_from(&source, &http(&ip, 80, false), &Files::default());
        assert_eq!(response(&answer).status, 200);
        assert!(path.has(Code::LoadBalancer));
    }
    // Nobody outside reaches a cluster address, and the internet no node.
    let web = cluster_ip(&w, "web");
    assert_eq!(learner(&mut w, &web, 80).1.outcome, SILENT);
    let node = node_ip(&w, "worker-1");
    let (_, path) = w.cluster.ask_from(&Source::Internet, &http(&node, 30081, false), &Files::default());
    assert_eq!(path.outcome, SILENT);
    let (answer, path) = w.by_client(http("172.18.0.200", 8088, false));
    assert_eq!(response(&answer).status, 200);
    assert!(path.has(Code::ExternalIpRule));
}

#[test]
fn a_balancer_without_a_cloud_is_pending() {
    let mut w = World::of(ClusterConfig { cloud: None, ..ClusterConfig::playground(1) });
    w.deployment("web", 1);
    w.create(service(
        "lb",
        value!({"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}),
    ));
    w.advance(30_000);
    let lb = w.get("services", "default", "lb").expect("there");
    assert!(lb["status"]["loadBalancer"]["ingress"].items().is_empty());
    // Its node port works all the same.
    let port = lb["spec"]["ports"][0]["nodePort"].int() as u16;
    let ip = node_ip(&w, "worker-1");
    assert_eq!(response(&learner(&mut w, &ip, port).0).status, 200);
}

#[test]
fn a_local_policy_keeps_to_the_node_and_its_address() {
    let mut w = shop(false);
    w.scale("web", 1);
    let spec = value!({
        "type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": {"app": "web"},
        "ports": [{"port": 80, "nodePort": 30090}],
    });
    w.create(service("local", spec));
    w.advance(40_000);
    let name = w.pods("web")[0].clone();
    let home = w.get("pods", "default", &name).expect("there")["spec"]["nodeName"].text().to_owned();
    let away =
        ["worker-1", "worker-2", "worker-3"].into_iter().find(|n| *n != home).expect("another").to_owned();
    let check = w.get("services", "default", "local").expect("there")["spec"]["healthCheckNodePort"].int();
    assert!(check > 0);
    for (node, outcome, healthy) in [(&home, Outcome::Http(200), 200), (&away, SILENT, 503)] {
        let ip = node_ip(&w, node);
        let (_, path) = learner(&mut w, &ip, 30090);
        assert_eq!(path.outcome, outcome, "{node}");
        let (answer, _) = learner(&mut w, &ip, check as u16);
        assert_eq!(response(&answer).status, healthy, "{node}");
    }
    let ip = node_ip(&w, &away);
    let (_, path) = learner(&mut w, &ip, 30090);
    fails_at(&path, SILENT, Code::NoLocalEndpoints, "Service default/local: spec.externalTrafficPolicy");
    // The balancer knows, and the server sees who asked.
    let lb = w.get("services", "default", "local").expect("there");
    let ip = lb["status"]["loadBalancer"]["ingress"][0]["ip"].text().to_owned();
    for _ in 0..4 {
        let (_, path) = w.cluster.ask_from(&Source::Internet, &http(&ip, 80, false), &Files::default());
        assert_eq!(path.outcome, Outcome::Http(200), "{:?}", path.hops);
    }
}

/// kube-proxy's rules hold for the node's own processes: none of them is held to a policy for traffic from outside.
#[test]
fn a_nodes_own_processes_meet_its_rules() {
    let mut w = shop(false);
    w.scale("web", 1);
    let spec = value!({
        "type": "NodePort", "externalTrafficPolicy": "Local", "selector": {"app": "web"},
        "ports": [{"port": 80, "nodePort": 30091}],
    });
    w.create(service("local", spec));
    w.advance(40_000);
    let name = w.pods("web")[0].clone();
    let home = w.get("pods", "default", &name).expect("there")["spec"]["nodeName"].text().to_owned();
    let away = ["worker-1", "worker-2"].into_iter().find(|n| *n != home).expect("another");
    let (own, web, other) = (node_ip(&w, away), cluster_ip(&w, "web"), node_ip(&w, "control-plane"));
    let source = w.cluster.on_node(away).expect("a node");
    let table: [(&str, u16, Outcome, Option<Code>); 6] = [
        (&web, 80, Outcome::Http(200), Some(Code::ServiceRule)),
        ("127.0.0.1", 30091, Outcome::Http(200), Some(Code::NodePortRule)),
        (&own, 30091, Outcome::Http(200), Some(Code::NodePortRule)),
        // Another node sees somebody from outside.
        (&other, 30091, SILENT, Some(Code::NodePortRule)),
        ("127.0.0.1", 10248, Outcome::Http(404), None),
        (&own, 10248, REFUSED, None),
    ];
    for (host, port, outcome, rule) in table {
        let (_, path) = w.cluster.ask_from(&source, &http(host, port, false), &Files::default());
        assert_eq!(path.outcome, outcome, "{host}:{port} {:?}", path.lines(Language::English));
        assert_eq!(path.hops.iter().find(|h| h.stage == Stage::Rule).map(|h| h.code), rule, "{host}:{port}");
    }
}

#[test]
fn host_ports_and_the_hosts_network() {
    let mut w = shop(false);
    let port = |n: i64| value!({"image": "nginx:1.25", "ports": [{"containerPort": 80, "hostPort": (n)}]});
    let mut one = pod("one", value!({}), port(8080));
    one.set_at(&["spec", "nodeName"], "worker-1");
    w.create(one);
    let mut all = pod("all", value!({}), value!({"image": "nginx:1.25"}));
    all.set_at(&["spec", "nodeName"], "worker-2");
    all.set_at(&["spec", "hostNetwork"], true);
    w.create(all);
    // Three more of the same port: one for each other node, and the last has no place.
    for n in 0..3 {
        w.create(pod(&format!("more-{n}"), value!({"app": "more"}), port(8080)));
    }
    w.advance(30_000);
    let (first, second) = (node_ip(&w, "worker-1"), node_ip(&w, "worker-2"));
    let (answer, path) = learner(&mut w, &first, 8080);
    assert_eq!(response(&answer).status, 200);
    assert!(path.has(Code::HostPort));
    assert_eq!(response(&learner(&mut w, &second, 80).0).status, 200);
    assert_eq!(ip_of(&w, "all"), second);
    let waiting: Vec<String> = w.phases("more").into_iter().filter(|p| p == "Pending").collect();
    assert_eq!(waiting.len(), 1, "{:?}", w.phases("more"));
    let why = w.events("FailedScheduling").join("\n");
    assert!(why.contains("didn't have free ports for the requested pod ports"), "{why}");
}

#[test]
fn endpoints_that_end_and_endpoints_that_are_not_ready() {
    let mut w = shop(false);
    // It takes a while to end, and serves until then.
    let slow = value!({"image": "nginx:1.25", "lifecycle": {"preStop": {"sleep": {"seconds": 30}}}});
    let mut p = pod("ending", value!({"app": "ending"}), slow);
    p.set_at(&["spec", "terminationGracePeriodSeconds"], 60);
    w.create(p);
    w.service("ending");
    w.advance(20_000);
    w.delete_pod("ending");
    w.advance(3_000);
    let (answer, path) = w.by_client(http("ending", 80, false));
    assert_eq!(response(&answer).status, 200, "{:?}", path.hops);
    assert!(path.has(Code::ChosenTerminating));
    w.advance(60_000);
    assert_eq!(w.by_client(http("ending", 80, false)).1.outcome, REFUSED);

    let probe =
        value!({"image": "nginx:1.25", "readinessProbe": {"httpGet": {"path": "/nosuch", "port": 80}}});
    w.create(pod("early", value!({"app": "early"}), probe));
    w.service("early");
    w.create(service(
        "peers",
        value!({"clusterIP": "None", "publishNotReadyAddresses": true, "selector": {"app": "early"}, "ports": [{"port": 80}]}),
    ));
    w.advance(20_000);
    assert_eq!(w.by_client(http("early", 80, false)).1.outcome, REFUSED);
    assert_eq!(dig(&mut w, "peers", "A"), ip_of(&w, "early"));
    assert_eq!(response(&w.by_client(http("peers", 80, false)).0).status, 200);
}

#[test]
fn a_client_stays_with_its_endpoint() {
    let mut w = shop(false);
    let spec = value!({
        "selector": {"app": "web"}, "ports": [{"port": 80}], "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
    });
    w.create(service("sticky", spec));
    w.advance(5_000);
    let chosen = |w: &mut World| {
        let (_, path) = w.by_client(http("sticky", 80, false));
        let hop = path
            .hops
            .iter()
            .find(|h| matches!(h.code, Code::Chosen | Code::ChosenSticky))
            .expect("chosen")
            .clone();
        (hop.get("pod").to_owned(), hop.code)
    };
    let first = chosen(&mut w);
    assert_eq!(first.1, Code::Chosen);
    for _ in 0..5 {
        assert_eq!(chosen(&mut w), (first.0.clone(), Code::ChosenSticky));
    }
    w.advance(61_000);
    assert_eq!(chosen(&mut w).1, Code::Chosen);
}

/// Three workers, two in zone `a` and one in `b`.
fn zones() -> World {
    let mut config = ClusterConfig::playground(1);
    config.nodes = vec![NodeConfig::control_plane("control-plane")];
    for (name, zone) in [("worker-1", "a"), ("worker-2", "a"), ("worker-3", "b")] {
        let labels = vec![("topology.kubernetes.io/zone".into(), zone.into())];
        config.nodes.push(NodeConfig { labels, ..NodeConfig::worker(name) });
    }
    World::of(config)
}

#[test]
fn traffic_stays_near_where_that_is_preferred() {
    let mut w = zones();
    for n in 1..=3 {
        let mut p = pod(&format!("web-{n}"), value!({"app": "web"}), value!({"image": "nginx:1.25"}));
        p.set_at(&["spec", "nodeName"], format!("worker-{n}").as_str());
        w.create(p);
        let sleeper = value!({"image": "busybox:1.36", "command": ["sleep", "100000"]});
        let mut c = pod(&format!("client-{n}"), value!({}), sleeper);
        c.set_at(&["spec", "nodeName"], format!("worker-{n}").as_str());
        w.create(c);
    }
    w.create(service("far", value!({"selector": {"app": "web"}, "ports": [{"port": 80}]})));
    for kind in ["PreferSameZone", "PreferClose", "PreferSameNode"] {
        let spec =
            value!({"selector": {"app": "web"}, "ports": [{"port": 80}], "trafficDistribution": (kind)});
        w.create(service(&kind.to_lowercase(), spec));
    }
    w.advance(30_000);
    let reached = |w: &mut World, client: i32, name: &str| {
        let mut all: Vec<String> = (0..12)
            .map(|_| {
                let (_, path) =
                    w.cluster.ask_with_path(&format!("default/client-{client}"), http(name, 80, false));
                let hop = path
                    .hops
                    .iter()
                    .find(|h| matches!(h.code, Code::Chosen | Code::ChosenOnly))
                    .expect("chosen");
                hop.get("pod").trim_start_matches("default/").to_owned()
            })
            .collect();
        all.sort();
        all.dedup();
        all.join(" ")
    };
    let table = [
        (1, "far", "web-1 web-2 web-3"),
        (1, "prefersamezone", "web-1 web-2"),
        (3, "prefersamezone", "web-3"),
        (2, "preferclose", "web-1 web-2"),
        (2, "prefersamenode", "web-2"),
    ];
    for (client, name, want) in table {
        assert_eq!(reached(&mut w, client, name), want, "{client} {name}");
    }
    // Nobody is left near: those further away are better than none.
    w.delete_pod("web-3");
    w.delete_pod("web-2");
    w.advance(10_000);
    assert_eq!(reached(&mut w, 3, "prefersamezone"), "web-1");
    assert_eq!(reached(&mut w, 2, "prefersamenode"), "web-1");
}

#[test]
fn containers_of_a_pod_meet_at_localhost() {
    let mut w = shop(false);
    w.create(value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pair", "namespace": "default"},
        "spec": {"containers": [
            {"name": "web", "image": "nginx:1.25"},
            {"name": "side", "image": "busybox:1.36", "command": ["sleep", "100000"]},
        ]},
    }));
    w.advance(20_000);
    let (answer, path) = w.cluster.ask_with_path("default/pair", http("localhost", 80, false));
    assert_eq!(response(&answer).status, 200);
    assert!(path.has(Code::SamePod) && path.has(Code::Localhost));
    let (_, path) = w.cluster.ask_with_path("default/pair", http("localhost", 81, false));
    assert_eq!(path.outcome, REFUSED);
}

#[test]
fn the_learners_machine_by_hosts_and_forwarded_ports() {
    let mut w = shop(false);
    w.create(service(
        "np",
        value!({"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30082}]}),
    ));
    w.advance(5_000);
    let hosts = format!("127.0.0.1 localhost\n{} shop.local\n", node_ip(&w, "worker-2"));
    let files = Files { hosts: hosts.into(), ..Files::default() };
    let (answer, path) = w.cluster.ask_from(&Source::Learner, &http("shop.local", 30082, false), &files);
    assert_eq!(response(&answer).status, 200);
    assert!(path.has(Code::HostsFile));
    let (_, path) = w.cluster.ask_from(&Source::Learner, &http("localhost", 8080, false), &files);
    assert_eq!((path.outcome, path.failing().map(|h| h.code)), (REFUSED, Some(Code::NoForward)));
}

#[test]
fn the_api_server_answers_a_pods_token_as_rbac_has_it() {
    let mut w = shop(false);
    let r = objects::resources::by_id("serviceaccounts").expect("known");
    let wish = value!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let request = w.ask(client::Verb::Create, r, "default", "default").subresource("token").object(wish);
    let token = w.cluster.request(&crate::world::admin(), request).expect("a token").object;
    let token = token["status"]["token"].text().to_owned();
    let ask = |w: &mut World, path: &str, token: Option<&str>| {
        let mut request = HttpRequest::get(path);
        request.headers.push(("host".into(), "kubernetes.default.svc".into()));
        request.headers.push(("user-agent".into(), "curl/8.5.0".into()));
        if let Some(token) = token {
            request.headers.push(("authorization".into(), format!("Bearer {token}")));
        }
        let request =
            NetRequest::Http { host: "kubernetes.default.svc".into(), port: 443, tls: true, request };
        let (answer, path) = w.by_client(request);
        let r = response(&answer).clone();
        assert!(path.hops.iter().any(|h| h.get("program") == "kube-apiserver"), "{:?}", path.hops);
        let text = String::from_utf8_lossy(&r.body).into_owned();
        (r.status, objects::json::parse(&text).unwrap_or_else(|e| panic!("{e:?}: {text}")))
    };
    let (status, body) = ask(&mut w, "/api", Some(&token));
    assert_eq!((status, body["kind"].text()), (200, "APIVersions"));
    let pods = "/api/v1/namespaces/default/pods";
    let (status, body) = ask(&mut w, pods, Some(&token));
    assert_eq!(status, 403);
    assert_eq!(
        body["message"],
        "pods is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""
    );
    assert_eq!(ask(&mut w, pods, Some("nonsense")).0, 401);
    let (status, body) = ask(&mut w, "/api", None);
    assert_eq!(
        (status, body["message"].text()),
        (403, "forbidden: User \"system:anonymous\" cannot get path \"/api\"")
    );
    w.create(value!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "view", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}],
    }));
    let (status, body) = ask(&mut w, pods, Some(&token));
    assert_eq!((status, body["kind"].text(), body["items"].items().len()), (200, "PodList", 3));
    // Over plain HTTP the server says what it is.
    let (answer, _) = w.by_client(http("kubernetes.default.svc", 443, false));
    assert_eq!(response(&answer).status, 400);
}
