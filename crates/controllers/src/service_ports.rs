//! What a Service asks of a pod: its address, its ports, its host name. Shared by Endpoints and EndpointSlices.
//!
//! Models `k8s.io/endpointslice` (`util`, `utils.go`).

use client::Change;
use clock::Time;
use objects::{Str, Value, value};

use crate::pods;
use crate::selector::SelectorIndex;

/// The label of what belongs to a Service without an address of its own.
pub(crate) const HEADLESS: &str = "service.kubernetes.io/headless";
/// The annotation that says when the change was made that led to a write of endpoints.
pub(crate) const TRIGGER_TIME: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// The container port a service port leads to on `pod`; `None` when a named one is missing.
#[must_use]
pub fn find_port(pod: &Value, service_port: &Value) -> Option<i64> {
    let target = &service_port["targetPort"];
    let Some(name) = target.as_str() else {
        return Some(target.int_or(service_port["port"].int()));
    };
    let protocol = service_port["protocol"].as_str().unwrap_or("TCP");
    let sidecars = pod["spec"]["initContainers"].items().iter().filter(|c| c["restartPolicy"] == "Always");
    let containers = pod["spec"]["containers"].items().iter().chain(sidecars);
    containers
        .flat_map(|c| c["ports"].items())
        .find(|p| p["name"] == name && p["protocol"].as_str().unwrap_or("TCP") == protocol)
        .map(|p| p["containerPort"].int())
}

/// True when a target port is a name, so that pods may differ.
#[must_use]
pub fn has_named_ports(service: &Value) -> bool {
    service["spec"]["ports"].items().iter().any(|p| p["targetPort"].as_str().is_some())
}

/// The ports of an EndpointSlice for `pod`.
#[must_use]
pub fn slice_ports(service: &Value, pod: &Value) -> Value {
    let ports = service["spec"]["ports"].items().iter().filter_map(|p| {
        let mut port = value!({
            "name": (p["name"].text()), "port": (find_port(pod, p)?),
            "protocol": (p["protocol"].as_str().unwrap_or("TCP")),
        });
        if !p["appProtocol"].is_null() {
            port.set("appProtocol", &p["appProtocol"]);
        }
        Some(port)
    });
    ports.collect()
}

/// True when `pod` may stand among a Service's endpoints.
#[must_use]
pub fn should_be_in_endpoints(pod: &Value, include_terminating: bool) -> bool {
    !pods::is_terminal(pod) && has_ip(pod) && (include_terminating || !pod.is_terminating())
}

fn has_ip(pod: &Value) -> bool {
    !pod["status"]["podIP"].is_zero() || !pod["status"]["podIPs"].is_zero()
}

/// The pod's addresses of one family (`IPv4`, `IPv6`).
#[must_use]
pub fn addresses(pod: &Value, family: &str) -> Vec<Value> {
    let wanted = |ip: &&Value| !ip.is_zero() && ip.text().contains(':') == (family == "IPv6");
    let ips = pod["status"]["podIPs"].items();
    if ips.is_empty() {
        return Some(&pod["status"]["podIP"]).filter(wanted).cloned().into_iter().collect();
    }
    ips.iter().map(|i| &i["ip"]).filter(wanted).cloned().collect()
}

/// The host name DNS gives the endpoint, if the pod asks for one under this Service.
#[must_use]
pub fn hostname(pod: &Value, service: &Value) -> Value {
    let spec = &pod["spec"];
    if !spec["hostname"].is_zero() && spec["subdomain"] == service.name() {
        spec["hostname"].clone()
    } else {
        Value::Null
    }
}

#[must_use]
pub fn is_headless(service: &Value) -> bool {
    matches!(service["spec"]["clusterIP"].text(), "" | "None")
}

/// The Services whose endpoints may change with a pod, and the instant their delay counts from.
/// `None` when the change matters to no endpoints.
pub(crate) fn services_of_change(
    selectors: &SelectorIndex,
    change: &Change,
) -> Option<(Vec<Str>, Option<Time>)> {
    if selectors.is_empty() {
        return None;
    }
    let (old, new) = (&change.previous, &change.object);
    let deleted = change.is_deleted();
    let counted = |p: &Value| !p.is_null() && should_be_in_endpoints(p, true);
    if !counted(old) && (deleted || !counted(new)) {
        return None;
    }
    if !deleted && !old.is_null() && !endpoint_changed(old, new) {
        return None;
    }
    let mut keys = selectors.matching(new.namespace(), new.labels());
    if !old.is_null() && old.labels() != new.labels() {
        keys.extend(selectors.matching(old.namespace(), old.labels()));
    }
    let at = if deleted || new.is_terminating() { Some(change.at) } else { pods::ready_since(new) };
    Some((keys, at))
}

/// True when a change from `old` to `new` matters to the Services of a pod.
fn endpoint_changed(old: &Value, new: &Value) -> bool {
    let ready = |p: &Value| (pods::is_ready(p), p.is_terminating(), pods::is_terminal(p));
    let same = |at: &[&str]| old.at(at) == new.at(at);
    ready(old) != ready(new)
        || !same(&["status", "podIP"])
        || !same(&["status", "podIPs"])
        || !same(&["spec", "nodeName"])
        || old.uid() != new.uid()
        || old.labels() != new.labels()
}
