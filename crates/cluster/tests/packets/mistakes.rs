//! What learners get wrong between a client and a server: the symptom is upstream's, the path names the hop and the
//! field, in both languages.

use cluster::network::path::{Code, LEARNER_IP};
use cluster::network::{Fault, Language, Outcome};
use objects::{Value, value};

use crate::world::{World, admin};
use crate::{REFUSED, SILENT, fails_at, http, ingress, pod, policy, response, service, shop};

#[test]
fn what_is_right_is_answered_and_turns_are_even() {
    let mut w = shop(false);
    let mut counts: std::collections::BTreeMap<String, u32> = std::collections::BTreeMap::new();
    for _ in 0..20 {
        let (answer, path) = w.by_client(http("web", 80, false));
        assert_eq!(response(&answer).status, 200);
        let chosen = path.hops.iter().find(|h| h.code == Code::Chosen).expect("chosen").get("pod").to_owned();
        *counts.entry(chosen).or_default() += 1;
    }
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [10, 10]);
}

#[test]
fn port_and_target_port() {
    let mut w = shop(false);
    w.create(service(
        "bad",
        value!({"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}),
    ));
    w.advance(2_000);
    let (_, path) = w.by_client(http("bad", 80, false));
    fails_at(&path, REFUSED, Code::TargetPortClosed, "Service default/bad: spec.ports[0].targetPort");
    let hop = path.failing().expect("failed");
    assert!(hop.sentence(Language::English).ends_with("the container listens on 80"), "{hop:?}");
    let (_, path) = w.by_client(http("web", 81, false));
    fails_at(&path, SILENT, Code::NoSuchServicePort, "Service default/web: spec.ports");
}

#[test]
fn labels_that_no_pod_has() {
    let mut w = shop(false);
    w.create(service("bad", value!({"selector": {"app": "wbe"}, "ports": [{"port": 80}]})));
    w.advance(2_000);
    let (_, path) = w.by_client(http("bad", 80, false));
    fails_at(&path, REFUSED, Code::NoPodMatches, "Service default/bad: spec.selector");
}

#[test]
fn pods_that_are_not_ready() {
    let mut w = shop(false);
    let probe =
        value!({"image": "nginx:1.25", "readinessProbe": {"httpGet": {"path": "/nosuch", "port": 80}}});
    w.create(pod("slow", value!({"app": "slow"}), probe));
    w.service("slow");
    w.advance(20_000);
    let (_, path) = w.by_client(http("slow", 80, false));
    fails_at(&path, REFUSED, Code::PodsNotReady, "Pod default/slow: spec.containers[0].readinessProbe");
}

#[test]
fn a_name_of_another_namespace() {
    let mut w = shop(false);
    w.create(value!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
    let mut other = service("db", value!({"ports": [{"port": 80}]}));
    other.set_at(&["metadata", "namespace"], "shop");
    w.create(other);
    w.advance(2_000);
    let no_name = Outcome::Failed(Fault::NoName);
    let (_, path) = w.by_client(http("db", 80, false));
    fails_at(&path, no_name, Code::DnsOtherNamespace, "Service shop/db: metadata.namespace");
    let (_, path) = w.by_client(http("db.shpo", 80, false));
    fails_at(&path, no_name, Code::DnsOtherNamespace, "Service shop/db: metadata.namespace");
    let (_, path) = w.by_client(http("db.shop", 80, false));
    fails_at(&path, REFUSED, Code::NoEndpointsWritten, "Service shop/db: spec.selector");
}

#[test]
fn a_policy_that_forgets_dns() {
    let mut w = shop(false);
    let to_web = value!([{"to": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]);
    w.create(policy(value!({
        "podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"], "egress": (to_web),
    })));
    let (_, path) = w.by_client(http("web", 80, false));
    assert!(path.has(Code::PolicyDeniesDns), "{:?}", path.lines(Language::English));
    fails_at(
        &path,
        Outcome::Failed(Fault::NoServer),
        Code::DnsNoServer,
        "NetworkPolicy default/deny: spec.egress",
    );
}

#[test]
fn a_policy_that_lets_nobody_in() {
    let mut w = shop(false);
    w.create(policy(value!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"]})));
    let (_, path) = w.by_client(http("web", 80, false));
    fails_at(&path, SILENT, Code::PolicyDeniesIn, "NetworkPolicy default/deny: spec.ingress");
}

#[test]
fn the_other_protocol() {
    let mut w = shop(false);
    w.create(service(
        "bad",
        value!({"selector": {"app": "web"}, "ports": [{"port": 80, "protocol": "UDP"}]}),
    ));
    w.advance(2_000);
    let (_, path) = w.by_client(http("bad", 80, false));
    fails_at(&path, SILENT, Code::WrongProtocol, "Service default/bad: spec.ports[0].protocol");
}

#[test]
fn a_node_port_that_is_taken() {
    let mut w = shop(false);
    let spec = || value!({"type": "NodePort", "selector": {"app": "web"}, "ports": [{"port": 80, "nodePort": 30080}]});
    w.create(service("one", spec()));
    let r = objects::resources::SERVICES;
    let request = w.ask(client::Verb::Create, r, "default", "").object(service("two", spec()));
    let refused = w.cluster.request(&admin(), request).expect_err("taken");
    assert_eq!(
        refused.message,
        "Service \"two\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"
    );
}

#[test]
fn an_ingress_without_class() {
    let mut w = shop(true);
    w.create(ingress(None, "shop.example.com", None));
    let (answer, path) = w.by_learner("shop.example.com", false);
    assert_eq!(response(&answer).status, 404);
    fails_at(
        &path,
        Outcome::Http(404),
        Code::IngressWithoutClass,
        "Ingress default/shop: spec.ingressClassName",
    );
}

#[test]
fn a_host_that_no_ingress_has() {
    let mut w = shop(true);
    w.create(ingress(Some("nginx"), "shop.example.com", None));
    let (answer, _) = w.by_learner("shop.example.com", false);
    assert_eq!(response(&answer).status, 200);
    let (answer, path) = w.by_learner("shpo.example.com", false);
    assert_eq!(response(&answer).status, 404);
    fails_at(&path, Outcome::Http(404), Code::IngressNoHost, "Ingress default/shop: spec.rules[0].host");
}

#[test]
fn a_certificate_that_is_not_there() {
    let mut w = shop(true);
    w.create(ingress(Some("nginx"), "shop.example.com", Some("shop-tls")));
    let (answer, path) = w.by_learner("shop.example.com", true);
    let shown = response(&answer).certificate.clone().expect("a certificate");
    assert!(shown.subject.contains("Kubernetes Ingress Controller Fake Certificate"));
    fails_at(
        &path,
        Outcome::Http(200),
        Code::IngressTlsSecretMissing,
        "Ingress default/shop: spec.tls[0].secretName",
    );
    let (answer, path) = w.by_learner("shop.example.com", false);
    assert_eq!(response(&answer).header("location"), Some("https://shop.example.com"));
    assert_eq!(path.outcome, Outcome::Http(308));
}

#[test]
fn an_ingress_that_nobody_serves() {
    let mut w = shop(false);
    w.create(ingress(Some("nginx"), "shop.example.com", None));
    let (_, path) = w.by_learner("shop.example.com", false);
    let no_name = Outcome::Failed(Fault::NoName);
    fails_at(&path, no_name, Code::NoController, "Ingress default/shop: spec.ingressClassName");
}

#[test]
fn what_annotations_of_nginx_do() {
    let mut w = shop(true);
    let note = |name: &str| format!("nginx.ingress.kubernetes.io/{name}");
    let mut i = ingress(Some("nginx"), "shop.example.com", None);
    let notes = [("proxy-body-size", "1k"), ("whitelist-source-range", LEARNER_IP), ("affinity", "cookie")];
    for (name, text) in notes {
        i.set_at(&["metadata", "annotations", &note(name)], text);
    }
    w.create(i);
    let (answer, _) = w.by_learner("shop.example.com", false);
    let cookie = response(&answer).header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.starts_with("INGRESSCOOKIE="), "{cookie}");
    let change = |w: &mut World, name: &str, text: &str| {
        let mut patch = Value::map();
        patch.set_at(&["metadata", "annotations", &note(name)], text);
        w.patch(objects::resources::INGRESSES, "default", "shop", patch);
    };
    change(&mut w, "whitelist-source-range", "10.0.0.0/8");
    let (answer, path) = w.by_learner("shop.example.com", false);
    assert_eq!((response(&answer).status, path.failing().map(|h| h.code)), (403, Some(Code::IngressForbids)));
    w.scale("web", 0);
    change(&mut w, "whitelist-source-range", "0.0.0.0/0");
    w.advance(10_000);
    let (answer, path) = w.by_learner("shop.example.com", false);
    assert_eq!(
        (response(&answer).status, path.failing().map(|h| h.code)),
        (503, Some(Code::IngressNoEndpoints))
    );
}

#[test]
fn a_node_that_is_cut_off_keeps_its_rules() {
    let mut w = shop(false);
    let client = w.get("pods", "default", "client").expect("there");
    let node = client["spec"]["nodeName"].text().to_owned();
    w.cluster.cut_off(&node, true);
    w.scale("web", 5);
    w.advance(10_000);
    assert_eq!(w.endpoints_known_to(&node, "web"), 2);
    w.cluster.cut_off(&node, false);
    w.advance(12_000);
    assert_eq!(w.endpoints_known_to(&node, "web"), 5);
}

#[test]
fn two_containers_on_one_port() {
    let mut w = shop(false);
    let one = |name: &str| value!({"name": (name), "image": "nginx:1.25"});
    w.create(value!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "twins", "namespace": "default", "labels": {"app": "twins"}},
        "spec": {"containers": [(one("first")), (one("second"))]},
    }));
    w.service("twins");
    w.advance(40_000);
    let object = w.get("pods", "default", "twins").expect("there");
    let second = &object["status"]["containerStatuses"][1];
    assert_eq!(second["name"], "second");
    assert!(second["restartCount"].int() > 0, "{second:?}");
    assert_eq!(second["lastState"]["terminated"]["exitCode"].int(), 1, "{second:?}");
    let (_, path) = w.by_client(http("twins", 80, false));
    fails_at(&path, REFUSED, Code::PodsNotReady, "Pod default/twins: status.conditions");
}

#[test]
fn a_class_that_another_controller_serves() {
    let mut w = shop(true);
    w.create(value!({
        "apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "traefik"},
        "spec": {"controller": "traefik.io/ingress-controller"},
    }));
    w.create(ingress(Some("traefik"), "shop.example.com", None));
    let (answer, path) = w.by_learner("shop.example.com", false);
    assert_eq!(response(&answer).status, 404);
    fails_at(
        &path,
        Outcome::Http(404),
        Code::IngressOtherClass,
        "Ingress default/shop: spec.ingressClassName",
    );
}

#[test]
fn a_container_that_hangs_takes_the_connection_and_says_nothing() {
    let mut w = shop(false);
    w.scale("web", 1);
    w.advance(10_000);
    let pod = w.pods("web")[0].clone();
    let key = format!("default/{pod}");
    let hang = cluster::Fault::HangContainer { pod: key.as_str().into(), container: "".into(), hung: true };
    w.cluster.inject(hang).expect("it runs");
    let (_, path) = w.by_client(http("web", 80, false));
    assert_eq!(
        (path.outcome, path.failing().map(|h| h.code)),
        (Outcome::Failed(Fault::Slow), Some(Code::Hung))
    );
}
