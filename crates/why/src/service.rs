//! Why a Service has the endpoints it has, or none.

use cluster::Cluster;
use objects::Value;
use objects::selector::LabelSelector as Selector;

use crate::{Near, Say, Subject, Why, nearest};

pub(crate) fn why(cluster: &Cluster, service: &Value) -> Why {
    let spec = &service["spec"];
    let namespace = service.namespace();
    let mut answer = Why { fine: true, ..Why::default() };
    if spec["type"] == "ExternalName" {
        let name = spec["externalName"].text();
        answer.headline = Say::new(
            format!("An ExternalName has no endpoints: DNS answers with {name}"),
            format!("ExternalName에는 엔드포인트가 없습니다. DNS가 {name}(으)로 답합니다"),
        );
        return answer;
    }
    let selector = &spec["selector"];
    if selector.is_zero() {
        answer.fine = false;
        answer.headline = Say::new(
            "It has no selector, so nobody writes its endpoints but you",
            "셀렉터가 없어서 엔드포인트를 직접 써야 합니다",
        );
        return answer;
    }
    let wanted = Selector::from_labels(selector);
    let pods: Vec<&Value> = cluster.objects("pods").filter(|p| p.namespace() == namespace).collect();
    let matching: Vec<&&Value> = pods.iter().filter(|p| wanted.matches(p.labels())).collect();
    let ready = matching.iter().filter(|p| p.condition_true("Ready") && !p.is_terminating()).count();
    let says = pairs(selector);
    if ready > 0 {
        answer.headline = Say::new(
            format!("{ready} ready pods carry the labels of its selector ({says})"),
            format!("셀렉터({says})와 레이블이 맞는 준비된 파드가 {ready}개 있습니다"),
        );
    } else if matching.is_empty() {
        answer.fine = false;
        answer.headline = Say::new(
            format!("No endpoints: no pod in {namespace} carries the labels {says}"),
            format!("엔드포인트 없음: 네임스페이스 {namespace}에 레이블이 {says}인 파드가 없습니다"),
        );
        labels_near(service, selector, &pods, &mut answer);
        elsewhere(cluster, service, &wanted, &mut answer);
    } else {
        answer.fine = false;
        let n = matching.len();
        answer.headline = Say::new(
            format!("No endpoints: {n} pods carry the labels, and none of them is ready"),
            format!("엔드포인트 없음: 레이블이 맞는 파드가 {n}개 있지만 준비된 것이 없습니다"),
        );
        for pod in matching.iter().take(3) {
            let inner = crate::pod::why(cluster, pod);
            answer.details.push(Say::new(
                format!("Pod {}: {}", pod.name(), inner.headline.en),
                format!("파드 {}: {}", pod.name(), inner.headline.ko),
            ));
            answer.near.extend(inner.near);
        }
    }
    if let Some(lacks) = crate::absence::load_balancer(service) {
        answer.fine = false;
        answer.details.push(lacks);
    }
    if let Some(pod) = matching.first() {
        ports_near(service, pod, &mut answer);
    }
    answer
}

fn pairs(map: &Value) -> String {
    map.entries().iter().map(|(k, v)| format!("{k}={}", v.text())).collect::<Vec<_>>().join(",")
}

/// A label that differs from the selector by a slip, in its key or its value.
fn labels_near(service: &Value, selector: &Value, pods: &[&Value], answer: &mut Why) {
    for (key, want) in selector.entries() {
        let carriers = pods.iter().map(|p| p.labels());
        let mut values: Vec<&str> = Vec::new();
        let mut keys: Vec<&str> = Vec::new();
        for labels in carriers {
            for (k, v) in labels.entries() {
                if k == key {
                    values.push(v.text());
                } else if v.text() == want.text() {
                    keys.push(k);
                }
            }
        }
        if values.contains(&want.text()) {
            continue;
        }
        let subject = Subject::new("services", service.namespace(), service.name());
        if let Some(value) = nearest(want.text(), values.iter().copied()) {
            answer.near.push(Near {
                say: Say::new(
                    format!("Pods carry {key}={value}; the selector asks for {key}={}", want.text()),
                    format!("파드의 레이블은 {key}={value}인데 셀렉터는 {key}={}", want.text()),
                ),
                subject,
                field: format!("spec.selector.{key}"),
                have: want.text().to_owned(),
                want: value.to_owned(),
            });
        } else if let Some(other) = nearest(key, keys.iter().copied()).or(keys.first().copied()) {
            answer.near.push(Near {
                say: Say::new(
                    format!("Pods carry {other}={0}; the selector asks for {key}={0}", want.text()),
                    format!("파드의 레이블은 {other}={0}인데 셀렉터는 {key}={0}", want.text()),
                ),
                subject,
                field: format!("spec.selector.{key}"),
                have: key.to_string(),
                want: other.to_owned(),
            });
        } else if let Some(value) = values.first() {
            answer.details.push(Say::new(
                format!("Pods with the label {key} carry {value}, not {}", want.text()),
                format!("레이블 {key}의 값이 {}인 파드는 없고 {value}인 파드가 있습니다", want.text()),
            ));
        }
    }
}

/// Pods with these labels in another namespace: a selector does not reach there.
fn elsewhere(cluster: &Cluster, service: &Value, wanted: &Selector, answer: &mut Why) {
    let there =
        cluster.objects("pods").find(|p| p.namespace() != service.namespace() && wanted.matches(p.labels()));
    if let Some(pod) = there {
        let other = pod.namespace();
        answer.near.push(Near {
            say: Say::new(
                format!("Pods with these labels are in namespace {other}; a selector reaches only its own"),
                format!(
                    "이 레이블의 파드는 네임스페이스 {other}에 있습니다. 셀렉터는 자기 네임스페이스만 봅니다"
                ),
            ),
            subject: Subject::new("services", service.namespace(), service.name()),
            field: "metadata.namespace".into(),
            have: service.namespace().to_owned(),
            want: other.to_owned(),
        });
    }
}

/// A targetPort that no container of the pod opens.
fn ports_near(service: &Value, pod: &Value, answer: &mut Why) {
    let containers = pod["spec"]["containers"].items();
    let declared = || containers.iter().flat_map(|c| c["ports"].items());
    for (i, port) in service["spec"]["ports"].items().iter().enumerate() {
        let subject = Subject::new("services", service.namespace(), service.name());
        let field = format!("spec.ports[{i}].targetPort");
        let target = &port["targetPort"];
        let number = if target.is_null() { port["port"].int() } else { target.int() };
        let name = target.text();
        if !name.is_empty() && target.as_int().is_none() {
            if declared().any(|p| p["name"] == name) {
                continue;
            }
            let names: Vec<&str> = declared().map(|p| p["name"].text()).filter(|n| !n.is_empty()).collect();
            let near = nearest(name, names.iter().copied()).or(names.first().copied());
            answer.fine = false;
            answer.near.push(Near {
                say: Say::new(
                    format!("targetPort {name} names no port of the pods"),
                    format!("targetPort {name}: 파드에 이런 이름의 포트가 없습니다"),
                ),
                subject,
                field,
                have: name.to_owned(),
                want: near.unwrap_or_default().to_owned(),
            });
            continue;
        }
        let heard: Vec<i64> = containers.iter().flat_map(crate::pod::listens).collect();
        // What a container of its own command opens is not known from here.
        let known = containers.iter().all(|c| !crate::pod::listens(c).is_empty());
        if known && !heard.contains(&number) {
            let open = heard.first().copied().unwrap_or(0);
            answer.fine = false;
            answer.near.push(Near {
                say: Say::new(
                    format!(
                        "Nobody listens on port {number} of the pods; {} listens on {open}",
                        pod_container(pod)
                    ),
                    format!(
                        "파드의 {number}번 포트를 여는 곳이 없습니다. 컨테이너 {}의 포트는 {open}번입니다",
                        pod_container(pod)
                    ),
                ),
                subject,
                field,
                have: number.to_string(),
                want: open.to_string(),
            });
        }
    }
}

/// The first targetPort of a Service that no container of its first endpoint opens, as it is written.
#[must_use]
pub fn unheard(service: &Value, pod: &Value) -> Option<String> {
    let mut answer = Why::default();
    ports_near(service, pod, &mut answer);
    answer.near.into_iter().next().map(|near| near.have)
}

fn pod_container(pod: &Value) -> &str {
    pod["spec"]["containers"].items().first().map_or("", |c| c["name"].text())
}
