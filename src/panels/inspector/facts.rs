//! The facts of an object, kind by kind, as rows to read.

use clock::{Time, duration_short};
use objects::Value;
use smol_str::{SmolStr, format_smolstr};

use crate::format::short_image;
use crate::i18n::Texts;
use crate::state_words::{PodState, pod_state, status_word};

/// A part of the summary: a heading and rows below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    Fact {
        name: SmolStr,
        value: SmolStr,
    },
    /// Names an object that can be opened: its id on the stage.
    Link {
        name: SmolStr,
        value: SmolStr,
        id: SmolStr,
    },
    /// A condition and its status.
    Condition {
        kind: SmolStr,
        status: SmolStr,
        reason: SmolStr,
    },
}

fn fact(name: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Row {
    Row::Fact { name: name.into(), value: value.into() }
}

/// The state of an object in a shape and words, for those kinds that have one.
#[must_use]
pub fn headline(object: &Value, texts: &Texts, pulling: bool) -> Option<(PodState, SmolStr, SmolStr)> {
    match object.kind() {
        "Pod" => {
            let word = status_word(object);
            let state = pod_state(object, &word);
            Some((state, (texts.stage().state)(state, pulling).into(), word))
        }
        "Node" => {
            let ready = object.condition_true("Ready");
            let (state, said) = if ready {
                (PodState::Ready, PodState::Ready)
            } else {
                (PodState::Failed, PodState::NotReady)
            };
            let word = match object.at(&["spec", "unschedulable"]).is_true() {
                true => "SchedulingDisabled",
                false if ready => "",
                false => "NotReady",
            };
            Some((state, (texts.stage().state)(said, false).into(), word.into()))
        }
        "Deployment" | "ReplicaSet" | "StatefulSet" => {
            let (ready, desired) =
                (object.at(&["status", "readyReplicas"]).int(), object.at(&["spec", "replicas"]).int_or(1));
            let state = if ready >= desired { PodState::Ready } else { PodState::NotReady };
            Some((state, (texts.stage().ready_of)(ready, desired), SmolStr::default()))
        }
        _ => None,
    }
}

/// All that the summary tells about `object` at `now` (ms).
#[must_use]
pub fn sections(object: &Value, texts: &Texts, now: i64) -> Vec<Section> {
    let mut rows = Vec::new();
    match object.kind() {
        "Pod" => pod(object, texts, &mut rows),
        "Node" => node(object, texts, &mut rows),
        "Service" => service(object, texts, &mut rows),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => workload(object, texts, &mut rows),
        _ => {}
    }
    if let Some(created) = object.created() {
        rows.push(fact(texts.inspector().age, duration_short(Time(now).since(created))));
    }
    let mut out = vec![Section { title: texts.inspector().facts, rows }];
    if object.kind() == "Pod" {
        let containers = object.at(&["status", "containerStatuses"]).items().iter().map(container);
        let rows: Vec<Row> = containers.collect();
        out.push(Section { title: texts.inspector().containers, rows });
    }
    let conditions = object.at(&["status", "conditions"]).items().iter().map(|c| Row::Condition {
        kind: c.get("type").text().into(),
        status: c.get("status").text().into(),
        reason: c.get("reason").text().into(),
    });
    out.push(Section { title: texts.inspector().conditions, rows: conditions.collect() });
    let labels = object.labels().entries().iter().map(|(key, value)| fact(key.clone(), value.text()));
    out.push(Section { title: texts.inspector().labels, rows: labels.collect() });
    out.retain(|section| !section.rows.is_empty());
    out
}

fn owner(object: &Value, texts: &Texts, rows: &mut Vec<Row>) {
    let owner = object.controller_ref();
    if owner.is_null() {
        return;
    }
    let (kind, name) = (owner.get("kind").text(), owner.get("name").text());
    let value = format_smolstr!("{kind}/{name}");
    match crate::stage::facts::owner_resource(kind) {
        "" => rows.push(fact(texts.inspector().owner, value)),
        resource => rows.push(Row::Link {
            name: texts.inspector().owner.into(),
            value,
            id: crate::stage::facts::object_id(resource, object.namespace(), name),
        }),
    }
}

fn pod(pod: &Value, texts: &Texts, rows: &mut Vec<Row>) {
    let node = pod.at(&["spec", "nodeName"]).text();
    if node.is_empty() {
        rows.push(fact(texts.inspector().node, texts.inspector().none));
    } else {
        let id = crate::stage::facts::object_id("nodes", "", node);
        rows.push(Row::Link { name: texts.inspector().node.into(), value: node.into(), id });
    }
    owner(pod, texts, rows);
    let containers = pod.at(&["spec", "containers"]).items();
    let images: Vec<&str> = containers.iter().map(|c| short_image(c.get("image").text())).collect();
    rows.push(fact(texts.inspector().image, images.join(", ")));
    let ip = pod.at(&["status", "podIP"]).text();
    if !ip.is_empty() {
        rows.push(fact("IP", ip));
    }
    let requests: Vec<String> = containers
        .iter()
        .flat_map(|c| c.at(&["resources", "requests"]).entries())
        .map(|(name, value)| format!("{name} {}", quantity(value)))
        .collect();
    if !requests.is_empty() {
        rows.push(fact(texts.inspector().requested, requests.join(", ")));
    }
    let qos = pod.at(&["status", "qosClass"]).text();
    if !qos.is_empty() {
        rows.push(fact("QoS", qos));
    }
}

fn quantity(value: &Value) -> SmolStr {
    value.as_int().map_or_else(|| value.text().into(), |n| format_smolstr!("{n}"))
}

fn container(status: &Value) -> Row {
    let state = status.get("state");
    let (word, more) = if !state.get("running").is_null() {
        ("Running", String::new())
    } else if !state.get("terminated").is_null() {
        let ended = state.get("terminated");
        (ended.get("reason").text(), format!(" ({})", ended.get("exitCode").int()))
    } else {
        (state.at(&["waiting", "reason"]).text(), String::new())
    };
    let restarts = match status.get("restartCount").int() {
        0 => String::new(),
        n => format!(" ×{}", n + 1),
    };
    fact(status.get("name").text(), format!("{word}{more}{restarts}"))
}

fn node(node: &Value, texts: &Texts, rows: &mut Vec<Row>) {
    let roles: Vec<&str> = node
        .labels()
        .entries()
        .iter()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    rows.push(fact(
        texts.inspector().roles,
        if roles.is_empty() { texts.inspector().none.into() } else { roles.join(", ") },
    ));
    let version = node.at(&["status", "nodeInfo", "kubeletVersion"]).text();
    if !version.is_empty() {
        rows.push(fact(texts.inspector().version, version));
    }
    let all = node.at(&["status", "allocatable"]);
    let some = ["cpu", "memory", "pods"].map(|name| (name, quantity(all.get(name))));
    let some: Vec<String> =
        some.iter().filter(|(_, v)| !v.is_empty()).map(|(name, value)| format!("{name} {value}")).collect();
    rows.push(fact(texts.inspector().allocatable, some.join(", ")));
    for address in node.at(&["status", "addresses"]).items() {
        rows.push(fact(address.get("type").text(), address.get("address").text()));
    }
    for taint in node.at(&["spec", "taints"]).items() {
        rows.push(fact(
            "Taint",
            format_smolstr!("{}:{}", taint.get("key").text(), taint.get("effect").text()),
        ));
    }
}

fn service(service: &Value, texts: &Texts, rows: &mut Vec<Row>) {
    let spec = service.get("spec");
    rows.push(fact("type", spec.get("type").text()));
    rows.push(fact("clusterIP", spec.get("clusterIP").text()));
    for port in spec.get("ports").items() {
        let target = quantity(port.get("targetPort"));
        let node = match port.get("nodePort").int() {
            0 => SmolStr::default(),
            n => format_smolstr!(":{n}"),
        };
        let protocol = port.get("protocol").text();
        rows.push(fact("port", format_smolstr!("{}{node} → {target} {protocol}", port.get("port").int())));
    }
    rows.push(fact(texts.inspector().selector, pairs(spec.get("selector"), texts)));
}

fn pairs(map: &Value, texts: &Texts) -> String {
    let all: Vec<String> = map.entries().iter().map(|(k, v)| format!("{k}={}", v.text())).collect();
    if all.is_empty() { texts.inspector().none.into() } else { all.join(", ") }
}

fn workload(object: &Value, texts: &Texts, rows: &mut Vec<Row>) {
    owner(object, texts, rows);
    let (spec, status) = (object.get("spec"), object.get("status"));
    if object.kind() != "DaemonSet" {
        let (all, ready) = (status.get("replicas").int(), status.get("readyReplicas").int());
        let updated = match object.kind() {
            "Deployment" => format!(", updated {}", status.get("updatedReplicas").int()),
            _ => String::new(),
        };
        let value = format!("{} (current {all}, ready {ready}{updated})", spec.get("replicas").int_or(1));
        rows.push(fact(texts.inspector().replicas, value));
    }
    let images: Vec<&str> = spec
        .at(&["template", "spec", "containers"])
        .items()
        .iter()
        .map(|c| short_image(c.get("image").text()))
        .collect();
    rows.push(fact(texts.inspector().image, images.join(", ")));
    if object.kind() == "Deployment" {
        let rolling = spec.at(&["strategy", "rollingUpdate"]);
        let mut value = spec.at(&["strategy", "type"]).text().to_owned();
        if !rolling.is_null() {
            let (surge, unavailable) = (rolling.get("maxSurge"), rolling.get("maxUnavailable"));
            value.push_str(&format!(
                " (maxSurge {}, maxUnavailable {})",
                quantity(surge),
                quantity(unavailable)
            ));
        }
        rows.push(fact(texts.inspector().strategy, value));
    }
    let revision = object.annotations().get("deployment.kubernetes.io/revision").text();
    if !revision.is_empty() {
        rows.push(fact(texts.inspector().revision, revision));
    }
    rows.push(fact(texts.inspector().selector, pairs(spec.at(&["selector", "matchLabels"]), texts)));
}

/// A condition of this kind says what is wrong: all is well while it is False.
#[must_use]
pub fn names_trouble(kind: &str) -> bool {
    kind.ends_with("Pressure")
        || matches!(
            kind,
            "NetworkUnavailable"
                | "ReplicaFailure"
                | "Failed"
                | "FailureTarget"
                | "DisruptionTarget"
                | "ScalingLimited"
                | "NamespaceDeletionContentFailure"
                | "NamespaceDeletionDiscoveryFailure"
                | "NamespaceContentRemaining"
                | "NamespaceFinalizersRemaining"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn some_conditions_are_well_when_false() {
        for (kind, trouble) in
            [("Ready", false), ("MemoryPressure", true), ("ReplicaFailure", true), ("Progressing", false)]
        {
            assert_eq!(names_trouble(kind), trouble, "{kind}");
        }
    }

    #[test]
    fn a_pods_summary_links_to_node_and_owner() {
        let mut pod = crate::stage::model::sample::pod("web-a-1", "worker-1", "web-a");
        pod.set("kind", "Pod");
        let rows = sections(&pod, Lang::En.texts(), 0).remove(0).rows;
        let ids: Vec<_> = rows
            .iter()
            .filter_map(|r| if let Row::Link { id, .. } = r { Some(id.as_str()) } else { None })
            .collect();
        assert_eq!(ids, ["nodes//worker-1", "replicasets.apps/default/web-a"]);
    }

    #[test]
    fn sections_without_rows_are_left_out() {
        let sections = sections(&Value::map(), Lang::Ko.texts(), 0);
        assert_eq!(sections, []);
    }
}
