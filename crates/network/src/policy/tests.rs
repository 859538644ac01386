use clock::Rng;
use objects::value;

use super::*;

fn peer(namespace: &str, name: &str, ip: &str, app: &str) -> Peer {
    Peer {
        ip: ip.into(),
        pod: format!("{namespace}/{name}").into(),
        namespace: namespace.into(),
        labels: value!({"app": (app)}),
        namespace_labels: value!({"kubernetes.io/metadata.name": (namespace)}),
        spec: value!({"containers": [{"ports": [{"name": "http", "containerPort": 8080}]}]}),
        node: "n".into(),
        is_host: false,
    }
}

fn policy(spec: Value) -> Value {
    value!({"metadata": {"namespace": "shop", "name": "p"}, "spec": (spec)})
}

fn enters(spec: Value, from: &Peer, port: i64) -> bool {
    let to = peer("shop", "db", "10.244.0.9", "db");
    entering(&[policy(spec)], from, &to, port, "TCP").passes()
}

#[test]
fn what_one_policy_lets_in() {
    let web = peer("shop", "web", "10.244.0.7", "web");
    let other = peer("blog", "web", "10.244.1.7", "web");
    let outside = Peer::of_address("198.51.100.23");
    let table: [(Value, bool, bool, bool); 10] = [
        (value!({"podSelector": {}}), false, false, false),
        (value!({"podSelector": {"matchLabels": {"app": "other"}}}), true, true, true),
        (value!({"podSelector": {}, "ingress": [{}]}), true, true, true),
        (value!({"podSelector": {}, "policyTypes": ["Egress"]}), true, true, true),
        (value!({"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}), true, false, false),
        (value!({"podSelector": {}, "ingress": [{"from": [{"namespaceSelector": {}}]}]}), true, true, false),
        (
            value!({"podSelector": {}, "ingress": [{"from": [
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "blog"}}, "podSelector": {"matchLabels": {"app": "web"}}}
            ]}]}),
            false,
            true,
            false,
        ),
        (
            value!({"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.244.0.0/16", "except": ["10.244.1.0/24"]}}]}]}),
            true,
            false,
            false,
        ),
        (value!({"podSelector": {}, "ingress": [{"ports": [{"port": "http"}]}]}), true, true, true),
        (
            value!({"podSelector": {}, "ingress": [{"ports": [{"port": 9000, "endPort": 9100}]}]}),
            false,
            false,
            false,
        ),
    ];
    for (spec, a, b, c) in table {
        let got = [&web, &other, &outside].map(|p| enters(spec.clone(), p, 8080));
        assert_eq!(got, [a, b, c], "{spec:?}");
    }
    assert!(enters(
        value!({"podSelector": {}, "ingress": [{"ports": [{"port": 9000, "endPort": 9100}]}]}),
        &web,
        9050
    ));
}

#[test]
fn a_nodes_own_packets_enter_its_pods_and_no_others() {
    let deny = value!({"podSelector": {}});
    let on = |node: &str| Peer { node: node.into(), is_host: true, ..Peer::of_address("172.18.0.3") };
    assert!(enters(deny.clone(), &on("n"), 80));
    assert!(!enters(deny, &on("m"), 80));
}

#[test]
fn the_dns_trap() {
    let from = peer("shop", "web", "10.244.0.7", "web");
    let dns =
        Peer { labels: value!({"k8s-app": "kube-dns"}), ..peer("kube-system", "coredns", "10.244.0.2", "") };
    let leaves = |egress: Value, protocol: &str| {
        let p = policy(value!({"podSelector": {}, "policyTypes": ["Egress"], "egress": (egress)}));
        leaving(&[p], &from, &dns, 53, protocol).passes()
    };
    assert!(!leaves(value!([{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]), "UDP"));
    assert!(!leaves(value!([{"ports": [{"port": 53}]}]), "UDP"));
    assert!(leaves(value!([{"ports": [{"port": 53, "protocol": "UDP"}]}]), "UDP"));
    assert!(leaves(value!([{"to": [{"namespaceSelector": {}}]}]), "UDP"));
}

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const APPS: [&str; 3] = ["web", "db", "job"];
const PORTS: [i64; 4] = [53, 80, 443, 8080];

/// Peers and ranges of ports.
type PlainRule = (Vec<PlainPeer>, Vec<(i64, i64)>);

/// A policy as numbers: what the property test reads directly, without selectors or blocks.
struct Plain {
    namespace: usize,
    /// `None`: all pods.
    app: Option<usize>,
    types: (bool, bool),
    /// For ingress and for egress: rules of peers and ports.
    rules: [Vec<PlainRule>; 2],
}

enum PlainPeer {
    /// Namespaces (`None`: the policy's own) and apps (`None`: any).
    Pods(Option<Vec<usize>>, Option<usize>),
    /// The first 16 bits of pods' addresses in this namespace's third number, except the app's.
    Block(usize, Option<usize>),
}

fn ip(namespace: usize, app: usize) -> String {
    format!("10.244.{namespace}.{app}")
}

fn random_plain(rng: &mut Rng) -> Plain {
    let maybe = |rng: &mut Rng, n: u64| (rng.below(3) > 0).then(|| rng.below(n) as usize);
    let rule = |rng: &mut Rng| {
        let peers = (0..rng.below(3))
            .map(|_| match rng.below(3) {
                0 => PlainPeer::Pods(None, maybe(rng, 3)),
                1 => PlainPeer::Pods(Some((0..3).filter(|_| rng.below(2) == 0).collect()), maybe(rng, 3)),
                _ => PlainPeer::Block(rng.below(3) as usize, maybe(rng, 3)),
            })
            .collect();
        let ports = (0..rng.below(3))
            .map(|_| {
                let first = PORTS[rng.below(4) as usize];
                (first, if rng.below(2) == 0 { first } else { first + rng.below(500) as i64 })
            })
            .collect();
        (peers, ports)
    };
    let types = match rng.below(3) {
        0 => (true, false),
        1 => (false, true),
        _ => (true, true),
    };
    let rules = [0, 1].map(|_| (0..rng.below(3)).map(|_| rule(rng)).collect());
    Plain { namespace: rng.below(3) as usize, app: maybe(rng, 3), types, rules }
}

fn as_object(p: &Plain, i: usize) -> Value {
    let peer = |x: &PlainPeer| match x {
        PlainPeer::Pods(namespaces, app) => {
            let mut v = Value::map();
            if let Some(list) = namespaces {
                let names: Vec<Value> = list.iter().map(|n| NAMESPACES[*n].into()).collect();
                // No namespace at all is a selector that nothing fits.
                let expression = if names.is_empty() {
                    value!({"key": "nobody", "operator": "Exists"})
                } else {
                    value!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": (names)})
                };
                v.set("namespaceSelector", value!({"matchExpressions": [(expression)]}));
            }
            match app {
                Some(a) => v.set("podSelector", value!({"matchLabels": {"app": (APPS[*a])}})),
                None if namespaces.is_none() => v.set("podSelector", Value::map()),
                None => {}
            }
            v
        }
        PlainPeer::Block(n, except) => {
            let mut block = value!({"cidr": (format!("10.244.{n}.0/24"))});
            if let Some(app) = except {
                block.set("except", value!([(format!("{}/32", ip(*n, *app)))]));
            }
            value!({"ipBlock": (block)})
        }
    };
    let rules = |list: &[PlainRule], ends: &str| -> Value {
        list.iter()
            .map(|(peers, ports)| {
                let mut rule = Value::map();
                if !peers.is_empty() {
                    rule.set(ends, peers.iter().map(peer).collect::<Value>());
                }
                if !ports.is_empty() {
                    let all: Value =
                        ports.iter().map(|(a, b)| value!({"port": (*a), "endPort": (*b)})).collect();
                    rule.set("ports", all);
                }
                rule
            })
            .collect()
    };
    let mut types: Vec<Value> = Vec::new();
    if p.types.0 {
        types.push("Ingress".into());
    }
    if p.types.1 {
        types.push("Egress".into());
    }
    let selector = p.app.map_or(Value::map(), |a| value!({"matchLabels": {"app": (APPS[a])}}));
    value!({
        "metadata": {"namespace": (NAMESPACES[p.namespace]), "name": (format!("p{i}"))},
        "spec": {
            "podSelector": (selector), "policyTypes": (types),
            "ingress": (rules(&p.rules[0], "from")), "egress": (rules(&p.rules[1], "to")),
        },
    })
}

/// The policies read directly: is the connection allowed?
fn directly(policies: &[Plain], from: (usize, usize), to: (usize, usize), port: i64) -> bool {
    let side = |direction: usize, own: (usize, usize), other: (usize, usize)| {
        let mut any = false;
        for p in policies {
            let restricts = if direction == 0 { p.types.0 } else { p.types.1 };
            if !restricts || p.namespace != own.0 || p.app.is_some_and(|a| a != own.1) {
                continue;
            }
            any = true;
            for (peers, ports) in &p.rules[direction] {
                let fits_port = ports.is_empty() || ports.iter().any(|(a, b)| *a <= port && port <= *b);
                let fits_peer = peers.is_empty()
                    || peers.iter().any(|x| match x {
                        PlainPeer::Pods(namespaces, app) => {
                            let inside =
                                namespaces.as_ref().map_or(other.0 == p.namespace, |l| l.contains(&other.0));
                            inside && app.is_none_or(|a| a == other.1)
                        }
                        PlainPeer::Block(n, except) => *n == other.0 && *except != Some(other.1),
                    });
                if fits_port && fits_peer {
                    return true;
                }
            }
        }
        !any
    };
    from == to || (side(1, from, to) && side(0, to, from))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by the environment")]
fn random_policies_say_what_a_direct_reading_says() {
    let seeds: u64 = std::env::var("SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(60);
    let (mut passed, mut denied) = (0u32, 0u32);
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(5);
        let plain: Vec<Plain> = (0..count).map(|_| random_plain(&mut rng)).collect();
        let objects: Vec<Value> = plain.iter().enumerate().map(|(i, p)| as_object(p, i)).collect();
        let pod = |(n, a): (usize, usize)| peer(NAMESPACES[n], APPS[a], &ip(n, a), APPS[a]);
        for f in 0..9 {
            for t in 0..9 {
                let (from, to) = ((f / 3, f % 3), (t / 3, t % 3));
                let port = PORTS[rng.below(4) as usize] + rng.below(2) as i64 * 7;
                let (a, b) = (pod(from), pod(to));
                let got = leaving(&objects, &a, &b, port, "TCP").passes()
                    && entering(&objects, &a, &b, port, "TCP").passes();
                let want = directly(&plain, from, to, port);
                assert_eq!(got, want, "seed {seed}: {} -> {}:{port}\n{objects:?}", a.pod, b.pod);
                if want { passed += 1 } else { denied += 1 }
            }
        }
    }
    assert!(passed > 100 && denied > 100, "{passed} {denied}");
}
