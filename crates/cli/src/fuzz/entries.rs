//! Ingresses and HTTPRoutes as nobody validated them, with annotations, passwords and requests of any shape: what their
//! controllers decide, and what ingress-nginx's webhook says.

use clock::{Rng, Time};
use cluster::network::ingress::{ACTED_ON, Asked, Controller, PREFIX, admission, gateway, route};
use cluster::network::kube_proxy::Endpoint;
use cluster::network::kube_proxy::choice::Turns;
use cluster::network::{Fault, Ground, KubeProxy, Language, Listening, Owner};
use objects::{Str, Value, base64, value};

use super::{noise, pick};

/// An annotation that the webhook refuses.
const REFUSED: &str = "configuration-snippet";
const VALUES: [&str; 24] = [
    "true",
    "false",
    "basic",
    "digest",
    "cookie",
    "s",
    "other/s",
    "auth-map",
    "any",
    "0",
    "1",
    "-1",
    "99999999999999999999",
    "10.0.0.0/8",
    "172.18.0.1",
    "*",
    "https://*.a.io",
    "$request_uri$arg_x${http_a}",
    "/$1$2",
    "off",
    "http_503 error timeout",
    "8m",
    "a.io,b.io",
    "([a-z]+)*$",
];
const PATHS: [&str; 10] = ["/", "", "/a", "/a/", "/a(/|$)(.*)", "//", "/?x=1&y", "/a/b?x", "*", "/%2e%2e/"];
const HOSTS: [&str; 8] = ["a.io", "*.io", "", "www.a.io", "b.io", "A.IO", "x.y.io", "."];

/// A cluster that is nothing but its objects.
struct Shelf {
    objects: Vec<(&'static str, Value)>,
    turns: Turns,
    now: Time,
}

impl Ground for Shelf {
    fn now(&self) -> Time {
        self.now
    }

    fn get(&self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let is_it = |o: &Value| o.namespace() == namespace && o.name() == name;
        self.objects.iter().find(|(r, o)| *r == resource && is_it(o)).map(|(_, o)| o.clone())
    }

    fn list(&self, resource: &str, namespace: &str) -> Vec<Value> {
        let within = |o: &Value| namespace.is_empty() || o.namespace() == namespace;
        self.objects.iter().filter(|(r, o)| *r == resource && within(o)).map(|(_, o)| o.clone()).collect()
    }

    fn owner(&self, _: &str) -> Owner {
        Owner::Nobody
    }

    fn listening(&mut self, _: &str, _: i64) -> Listening {
        Listening::default()
    }

    fn proxy(&mut self, _: &str) -> Option<&mut KubeProxy> {
        None
    }

    fn proxy_acts(&self, _: &str) -> bool {
        true
    }

    fn is_linked(&self, _: &str) -> bool {
        true
    }

    fn turns(&mut self) -> &mut Turns {
        &mut self.turns
    }

    fn forwarded(&self, _: i64) -> Option<(Str, i64)> {
        None
    }

    fn takes(&mut self, _: &Endpoint) -> Result<(), Fault> {
        Ok(())
    }

    fn host_port(&self, _: &str, _: i64, _: &str) -> Option<(Value, i64)> {
        None
    }

    fn controllers(&self) -> Vec<(Controller, Value)> {
        Vec::new()
    }

    fn has_dns_of_its_own(&self) -> bool {
        true
    }
}

fn text(rng: &mut Rng, words: &[&str]) -> String {
    if rng.below(6) == 0 { noise(rng) } else { pick(rng, words).to_owned() }
}

fn backend(rng: &mut Rng) -> Value {
    let port =
        if rng.below(3) == 0 { value!({"name": "http"}) } else { value!({"number": (rng.below(90) as i64)}) };
    value!({"service": {"name": (text(rng, &["web", "none", ""])), "port": (port)}})
}

fn ingress(rng: &mut Rng, n: u64) -> Value {
    let mut i = value!({
        "metadata": {"namespace": "default", "name": (format!("i{n}")), "creationTimestamp": (noise(rng))},
        "spec": {"ingressClassName": "nginx"},
    });
    for _ in 0..rng.below(6) {
        let name = if rng.below(8) == 0 { REFUSED } else { pick(rng, &ACTED_ON) };
        let name = format!("{PREFIX}{name}");
        i.set_at(&["metadata", "annotations", &name], text(rng, &VALUES).as_str());
    }
    let rule = |rng: &mut Rng| {
        let path = |rng: &mut Rng| {
            let kind = text(rng, &["Exact", "Prefix", "ImplementationSpecific"]);
            value!({"path": (text(rng, &PATHS)), "pathType": (kind), "backend": (backend(rng))})
        };
        let paths: Vec<Value> = (0..rng.below(4)).map(|_| path(rng)).collect();
        value!({"host": (text(rng, &HOSTS)), "http": {"paths": (paths)}})
    };
    let rules: Vec<Value> = (0..rng.below(3)).map(|_| rule(rng)).collect();
    i.set_at(&["spec", "rules"], rules);
    if rng.below(3) == 0 {
        i.set_at(&["spec", "defaultBackend"], backend(rng));
    }
    i.set_at(
        &["spec", "tls"],
        value!([{"hosts": [(text(rng, &HOSTS))], "secretName": (text(rng, &["s", ""]))}]),
    );
    i
}

fn http_route(rng: &mut Rng) -> Value {
    let kinds = ["URLRewrite", "RequestRedirect", "RequestHeaderModifier", "RequestMirror", "CORS"];
    let path = |rng: &mut Rng| {
        let kind = text(rng, &["ReplaceFullPath", "ReplacePrefixMatch"]);
        value!({"type": (kind), "replaceFullPath": (text(rng, &PATHS)), "replacePrefixMatch": (text(rng, &PATHS))})
    };
    let filter = value!({
        "type": (pick(rng, &kinds)), "urlRewrite": {"path": (path(rng))}, "requestRedirect": {"path": (path(rng)), "statusCode": (rng.below(100_000) as i64)},
        "requestHeaderModifier": {"set": [{"name": (noise(rng)), "value": (noise(rng))}]}, "requestMirror": {"backendRef": {"name": "web", "port": 80}},
    });
    let kind = text(rng, &["Exact", "PathPrefix", "RegularExpression"]);
    value!({
        "metadata": {"namespace": "default", "name": "r"},
        "spec": {"parentRefs": [{"name": "gw"}], "hostnames": [(text(rng, &HOSTS))], "rules": [{
            "matches": [{"path": {"type": (kind), "value": (text(rng, &PATHS))}}], "filters": [(filter.clone())],
            "timeouts": {"request": (text(rng, &["1s", "0s", "1h99999m", "ms"])), "backendRequest": (noise(rng))},
            "backendRefs": [{"name": "web", "port": 80, "weight": (rng.below(1 << 40) as i64 - 5), "filters": [(filter)]}],
        }]},
    })
}

pub(super) fn try_one(rng: &mut Rng) {
    let password =
        base64::encode(text(rng, &["u:$apr1$r31.....$x", "u:{PLAIN}p", "u:{SHA}", ":", "u"]).as_bytes());
    let mut objects = vec![
        (
            "ingressclasses.networking.k8s.io",
            value!({"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}),
        ),
        (
            "secrets",
            value!({"metadata": {"namespace": "default", "name": "s"}, "data": {"auth": (password)}}),
        ),
        (
            "services",
            value!({"metadata": {"namespace": "default", "name": "web"}, "spec": {"clusterIP": "10.96.0.9", "selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "protocol": "TCP"}]}}),
        ),
        (
            "endpointslices.discovery.k8s.io",
            value!({
                "metadata": {"namespace": "default", "name": "web", "labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4",
                "ports": [{"name": "http", "port": 80, "protocol": "TCP"}], "endpoints": [{"addresses": ["10.244.0.2"], "conditions": {"ready": true}}],
            }),
        ),
        (
            "gatewayclasses.gateway.networking.k8s.io",
            value!({"metadata": {"name": "t"}, "spec": {"controllerName": "traefik.io/gateway-controller"}}),
        ),
        (
            "gateways.gateway.networking.k8s.io",
            value!({"metadata": {"namespace": "default", "name": "gw"}, "spec": {"gatewayClassName": "t", "listeners": [{"name": "w", "port": 80, "protocol": "HTTP"}]}}),
        ),
        ("httproutes.gateway.networking.k8s.io", http_route(rng)),
    ];
    for n in 0..1 + rng.below(3) {
        objects.push(("ingresses.networking.k8s.io", ingress(rng, n)));
    }
    let mut shelf = Shelf { objects, turns: Turns::default(), now: Time::EPOCH };
    let image = value!({"containers": [{"image": "registry.k8s.io/ingress-nginx/controller:v1.13.3"}]});
    let Some(controller) = Controller::of(&image, "ingress-nginx") else { return };
    let credentials = format!("Basic {}", base64::encode(text(rng, &["u:p", "u", ":", "u:p:q"]).as_bytes()));
    let headers = vec![
        ("Authorization".to_owned(), if rng.below(4) == 0 { noise(rng) } else { credentials }),
        ("Origin".to_owned(), text(rng, &["https://x.a.io", "null", "*"])),
        ("Cookie".to_owned(), text(rng, &["a=b", ";;=", "route=x"])),
    ];
    let (host, target) = (text(rng, &HOSTS), text(rng, &PATHS));
    for _ in 0..2 {
        let asked = Asked {
            tls: rng.below(2) == 0,
            host: &host,
            target: &target,
            method: pick(rng, &["GET", "POST", "OPTIONS", ""]),
            headers: &headers,
            body_bytes: rng.below(1 << 22) as usize,
            client: pick(rng, &["172.18.0.1", "10.0.0.1", "x"]),
        };
        let (hops, ..) = route(&mut shelf, &controller, "ingress-nginx/c", &asked);
        let by_gateway = gateway::route(&mut shelf, [80, 8000], &asked);
        for hop in hops.iter().chain(by_gateway.iter().flat_map(|(hops, _)| hops)) {
            let _ = (hop.sentence(Language::English), hop.sentence(Language::Korean));
        }
        shelf.now = shelf.now + rng.below(1 << 45) as i64;
    }
    let review = value!({"request": {"uid": "u", "object": (ingress(rng, rng.clone().below(3)))}});
    let _ = admission::review(&shelf, &controller, &review);
    let _ = admission::answer(&shelf, &controller, &target, noise(rng).as_bytes());
}
