use client::ChangeKind;
use objects::value;

use super::choice::{Here, How, Turns, candidates};
use super::*;

/// A proxy of node `a` with Service `default/web`; endpoint `i` is on node `a`, `b`, `a`, ..
fn proxy(spec: Value, conditions: &[Value]) -> KubeProxy {
    let mut p = KubeProxy::new("a");
    let mut service = value!({"metadata": {"namespace": "default", "name": "web"}, "spec": (spec)});
    service.set_at(&["spec", "clusterIPs"], value!(["10.96.0.9"]));
    service.set_at(&["spec", "ports"], value!([{"name": "http", "port": 80, "nodePort": 30080}]));
    let endpoints: Value = conditions
        .iter()
        .enumerate()
        .map(|(i, c)| {
            value!({
                "addresses": [(format!("10.244.0.{i}"))], "conditions": (c.clone()),
                "nodeName": (if i % 2 == 0 { "a" } else { "b" }),
                "targetRef": {"kind": "Pod", "namespace": "default", "name": (format!("web-{i}"))},
            })
        })
        .collect();
    let slice = value!({
        "metadata": {"namespace": "default", "name": "web-x", "labels": {"kubernetes.io/service-name": "web"}},
        "ports": [{"name": "http", "port": 8080}], "endpoints": (endpoints),
    });
    p.deliver(&Change::added("services", service), Time(0));
    p.deliver(&Change::added("endpointslices.discovery.k8s.io", slice), Time(0));
    p
}

fn ready() -> Value {
    value!({"ready": true})
}

fn ending(serving: bool) -> Value {
    value!({"ready": false, "serving": (serving), "terminating": true})
}

fn pods(p: &mut KubeProxy, via: Via, node: &str) -> (Vec<String>, bool) {
    let rules = p.rules("default/web").expect("known");
    let (found, last) = candidates(&rules.ports[0], rules.local_only(via), Here { node, zone: "" });
    (found.iter().map(|e| e.pod.trim_start_matches("default/").to_owned()).collect(), last)
}

#[test]
fn which_rule_an_address_meets() {
    let mut p = proxy(value!({}), &[ready()]);
    assert!(matches!(p.match_address("10.96.0.9", 80, "TCP"), Match::Port { via: Via::ClusterIp, .. }));
    assert!(matches!(p.match_address("10.96.0.9", 80, "UDP"), Match::OtherProtocol { .. }));
    assert!(matches!(p.match_address("10.96.0.9", 81, "TCP"), Match::NoSuchPort { .. }));
    assert_eq!(p.match_address("10.96.0.8", 80, "TCP"), Match::None);
    assert!(matches!(p.match_node_port(30080, "TCP"), Match::Port { via: Via::NodePort, .. }));
    assert_eq!(p.match_node_port(30081, "TCP"), Match::None);
}

#[test]
fn who_may_be_chosen() {
    let local = value!({"externalTrafficPolicy": "Local"});
    let inner = value!({"internalTrafficPolicy": "Local"});
    let (r, e) = (ready, ending);
    type Case<'a> = (Value, Vec<Value>, Via, &'a str, &'a [&'a str], bool);
    let table: [Case<'_>; 8] = [
        (value!({}), vec![r(), e(false), r()], Via::ClusterIp, "a", &["web-0", "web-2"], false),
        (value!({}), vec![e(true), e(false)], Via::ClusterIp, "a", &["web-0"], true),
        (value!({}), vec![e(false)], Via::ClusterIp, "a", &[], false),
        (local.clone(), vec![r(), r()], Via::NodePort, "b", &["web-1"], false),
        (local.clone(), vec![r()], Via::NodePort, "b", &[], false),
        (local.clone(), vec![r(), e(true)], Via::NodePort, "b", &["web-1"], true),
        (local, vec![r(), r()], Via::ClusterIp, "b", &["web-0", "web-1"], false),
        (inner, vec![r()], Via::ClusterIp, "b", &[], false),
    ];
    for (spec, conditions, via, node, want, last) in table {
        let mut p = proxy(spec.clone(), &conditions);
        let (got, got_last) = pods(&mut p, via, node);
        assert_eq!(
            (got.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), got_last),
            (want, last),
            "{spec:?}"
        );
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by the environment")]
fn turns_are_even_over_any_window() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(20);
    for seed in 0..seeds {
        let mut rng = clock::Rng::new(seed);
        let count = 1 + rng.below(9) as usize;
        let mut p = proxy(value!({}), &vec![ready(); count]);
        let rules = p.rules("default/web").expect("known");
        let port = &rules.ports[0];
        let mut turns = Turns::default();
        let (from, _) = candidates(port, false, Here::default());
        let taken: Vec<Str> = (0..60)
            .map(|i| turns.choose(&rules, port, &from, "a", "x", Time(i)).expect("some").0.ip.clone())
            .collect();
        for width in 1..=30 {
            for window in taken.windows(width) {
                let mut counts: BTreeMap<&str, usize> = from.iter().map(|e| (e.ip.as_str(), 0)).collect();
                for ip in window {
                    *counts.entry(ip.as_str()).or_default() += 1;
                }
                let (least, most) = (counts.values().min(), counts.values().max());
                assert!(most.zip(least).is_some_and(|(m, l)| m - l <= 1), "seed {seed}: {window:?}");
            }
        }
    }
}

#[test]
fn a_sticky_client_stays_until_its_time_is_over() {
    let config = value!({"clientIP": {"timeoutSeconds": 10}});
    let spec = value!({"sessionAffinity": "ClientIP", "sessionAffinityConfig": (config)});
    let mut p = proxy(spec, &[ready(), ready()]);
    let rules = p.rules("default/web").expect("known");
    let port = &rules.ports[0];
    let mut turns = Turns::default();
    let (from, _) = candidates(port, false, Here::default());
    let mut next = |node: &str, client: &str, at| {
        let (e, how) = turns.choose(&rules, port, &from, node, client, Time(at)).expect("some");
        (e.pod.as_str().to_owned(), how)
    };
    assert_eq!(next("a", "x", 0), ("default/web-0".into(), How::Turn));
    assert_eq!(next("a", "x", 9_000), ("default/web-0".into(), How::Sticky));
    assert_eq!(next("a", "y", 9_500), ("default/web-1".into(), How::Turn));
    assert_eq!(next("a", "x", 18_000), ("default/web-0".into(), How::Sticky));
    assert_eq!(next("a", "y", 20_000), ("default/web-0".into(), How::Turn));
    // Another node does not know it.
    assert_eq!(next("b", "x", 20_500), ("default/web-1".into(), How::Turn));
}

#[test]
fn a_rule_follows_its_service_and_slices() {
    let mut p = proxy(value!({}), &[ready()]);
    assert_eq!(pods(&mut p, Via::ClusterIp, "a").0, ["web-0"]);
    let mut gone = Change::added(
        "endpointslices.discovery.k8s.io",
        value!({"metadata": {"namespace": "default", "name": "web-x", "labels": {"kubernetes.io/service-name": "web"}}}),
    );
    gone.kind = ChangeKind::Deleted;
    p.deliver(&gone, Time(2_000));
    assert!(pods(&mut p, Via::ClusterIp, "a").0.is_empty());
    let mut gone = Change::added("services", value!({"metadata": {"namespace": "default", "name": "web"}}));
    gone.kind = ChangeKind::Deleted;
    p.deliver(&gone, Time(4_000));
    assert_eq!(p.match_address("10.96.0.9", 80, "TCP"), Match::None);
    assert_eq!(p.match_node_port(30080, "TCP"), Match::None);
}

#[test]
fn rules_are_written_once_a_second() {
    let mut p = proxy(value!({}), &[ready()]);
    let gone = |at: i64| {
        let slice = value!({"metadata": {"namespace": "default", "name": "web-x", "labels": {"kubernetes.io/service-name": "web"}}});
        let change = Change::added("endpointslices.discovery.k8s.io", slice);
        Change { kind: ChangeKind::Deleted, at: Time(at), ..change }
    };
    // The first change was written at 0: this one waits for the next second.
    p.deliver(&gone(300), Time(300));
    for (at, known) in [(300, 1), (999, 1), (1_000, 0)] {
        p.sync(Time(at));
        assert_eq!(pods(&mut p, Via::ClusterIp, "a").0.len(), known, "{at}");
    }
}
