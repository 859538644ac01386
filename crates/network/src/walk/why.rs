//! Why nothing answers: a Service without endpoints, a port nobody listens on.

use objects::selector::LabelSelector;
use objects::{Str, Value};

use super::{End, Walk};
use crate::ground::{Ground, Owner};
use crate::kube_proxy::Rules;
use crate::path::{Code, Fault, Hop, Stage};
use crate::policy::named_port;

/// How many pods a sentence names.
const NAMED_MAX: usize = 3;
/// Ports that a node's own parts take only by 127.0.0.1, as kubeadm sets them up: metrics of etcd, health of the kubelet,
/// metrics of kube-proxy, the controller manager, the scheduler.
const LOOPBACK_ONLY: [u16; 5] = [2381, 10248, 10249, 10257, 10259];

impl<G: Ground> Walk<'_, G> {
    /// The hop that says why a Service's port has no endpoint.
    pub(super) fn why_no_endpoints(&self, rules: &Rules, index: usize) -> Hop {
        let (namespace, name) = objects::meta::split_key(&rules.service);
        let service = self.ground.get("services", namespace, name).unwrap_or_default();
        let hop = |code| Hop::failed(Stage::Choice, code).fact("service", rules.service.clone());
        if !rules.has_selector {
            return hop(Code::NoEndpointsWritten).look("Service", &rules.service, "spec.selector");
        }
        let selector = LabelSelector::from_labels(&service["spec"]["selector"]);
        let pods = self.ground.list("pods", namespace);
        let picked: Vec<&Value> = pods.iter().filter(|p| selector.matches(p.labels())).collect();
        if picked.is_empty() {
            if let Some((kind, key)) = self.scaled_to_none(namespace, &selector) {
                let workload = format!("{kind} {key}");
                return hop(Code::NoReplicas).fact("workload", workload).look(kind, &key, "spec.replicas");
            }
            let text = selector.to_string();
            return hop(Code::NoPodMatches).fact("selector", text).look(
                "Service",
                &rules.service,
                "spec.selector",
            );
        }
        let ready: Vec<&Value> = picked.iter().filter(|p| p.condition_true("Ready")).copied().collect();
        let port = &rules.ports[index];
        if let (Some(first), Some(target)) = (ready.first(), port.target.as_str())
            && named_port(&first["spec"], target, &port.protocol).is_none()
        {
            let field = format!("spec.ports[{index}].targetPort");
            return hop(Code::NoPodHasPortName).fact("target", target).fact("pods", names(&ready)).look(
                "Service",
                &rules.service,
                field,
            );
        }
        let told: Vec<String> =
            picked.iter().take(NAMED_MAX).map(|p| format!("{}: {}", p.name(), state(p))).collect();
        let field = unready_field(picked[0]);
        hop(Code::PodsNotReady).fact("pods", told.join(", ")).look("Pod", &picked[0].key(), field)
    }

    /// A workload without replicas whose pods a selector would pick.
    fn scaled_to_none(&self, namespace: &str, selector: &LabelSelector) -> Option<(&'static str, Str)> {
        let kinds = [("Deployment", "deployments.apps"), ("StatefulSet", "statefulsets.apps")];
        kinds.into_iter().find_map(|(kind, resource)| {
            let is_it = |w: &&Value| {
                let labels = &w["spec"]["template"]["metadata"]["labels"];
                w["spec"]["replicas"].as_int() == Some(0) && selector.matches(labels)
            };
            Some((kind, self.ground.list(resource, namespace).iter().find(is_it)?.key()))
        })
    }

    /// When a node's kube-proxy last heard of anything.
    pub(super) fn heard(&mut self, node: &str) -> String {
        self.ground.proxy(node).map_or(clock::Time::EPOCH, |p| p.heard()).rfc3339()
    }

    /// The hop that says why nobody has an address, for a packet that leaves a node.
    pub(super) fn why_nobody(&mut self, end: &End, node: &str) -> Hop {
        let hop = Hop::failed(Stage::Wire, Code::NobodyThere).fact("ip", end.ip.clone());
        if !end.service.is_empty() {
            return hop.look("Service", &end.service, "endpoints");
        }
        let is_its = |s: &&Value| s["spec"]["clusterIP"] == end.ip.as_str();
        let Some(service) = self.ground.list("services", "").iter().find(is_its).map(Value::key) else {
            return hop;
        };
        let (when, acts) = (self.heard(node), self.ground.proxy_acts(node));
        let hop = Hop::failed(Stage::Rule, Code::NotInRules).fact("node", node).fact("when", when);
        let hop = hop.fact("service", service).fact("ip", end.ip.clone());
        if acts {
            hop.look("Node", node, "status.conditions")
        } else {
            hop.look("DaemonSet", "kube-system/kube-proxy", "status.numberReady")
        }
    }

    /// Looks whether somebody listens where a connection ends: the container and its program.
    ///
    /// # Errors
    /// When nobody does.
    pub fn at_port(&mut self, end: &End) -> Result<(Str, Str, Str), Fault> {
        let mut found = self.ground.listening(&end.ip, end.port);
        if !end.loopback && matches!(self.ground.owner(&end.ip), Owner::Node(_)) {
            found.ports.retain(|p| !LOOPBACK_ONLY.contains(p));
            found.open = found.open.filter(|_| found.ports.iter().any(|p| i64::from(*p) == end.port));
        }
        if let Some((pod, container, program)) = found.open {
            let hop = Hop::new(Stage::Port, Code::PortOpen).fact("container", container.clone());
            self.push(hop.number("port", end.port));
            return Ok((pod, container, program));
        }
        let at = if end.pod.is_empty() { end.ip.clone() } else { end.pod.clone() };
        let open: Vec<String> = found.ports.iter().map(ToString::to_string).collect();
        let open = if open.is_empty() { "-".to_owned() } else { open.join(", ") };
        let hop = if !found.runs && !end.pod.is_empty() {
            let pod = self.pod(&end.pod).unwrap_or_default();
            Hop::failed(Stage::Port, Code::NothingRuns)
                .fact("pod", end.pod.clone())
                .fact("why", state(&pod))
                .look("Pod", &end.pod, "status.containerStatuses")
        } else if !end.service.is_empty() {
            Hop::failed(Stage::Port, Code::TargetPortClosed)
                .fact("service", end.service.clone())
                .number("port", end.service_port)
                .number("target", end.port)
                .fact("pod", at)
                .fact("open", open)
                .look("Service", &end.service, format!("spec.ports[{}].targetPort", end.port_index))
        } else {
            let hop = Hop::failed(Stage::Port, Code::PortClosed).number("port", end.port).fact("at", at);
            let hop = hop.fact("open", open);
            if end.pod.is_empty() { hop } else { hop.look("Pod", &end.pod, "spec.containers[0].ports") }
        };
        self.fail(hop, Fault::Refused)
    }
}

fn names(pods: &[&Value]) -> String {
    let all: Vec<&str> = pods.iter().take(NAMED_MAX).map(|p| p.name()).collect();
    all.join(", ")
}

/// A pod's state in kubectl's words.
fn state(pod: &Value) -> String {
    if pod.is_null() {
        return "NotFound".into();
    }
    if pod.is_terminating() {
        return "Terminating".into();
    }
    let status = &pod["status"];
    for list in ["initContainerStatuses", "containerStatuses"] {
        for c in status[list].items() {
            let reason = c["state"]["waiting"]["reason"].text();
            if !reason.is_empty() && reason != "PodInitializing" {
                return reason.into();
            }
            let ended = c["state"]["terminated"]["reason"].text();
            if !ended.is_empty() && list == "containerStatuses" {
                return ended.into();
            }
        }
    }
    let running = status["containerStatuses"].items().iter().any(|c| !c["state"]["running"].is_null());
    if running { "NotReady".into() } else { status["phase"].text().into() }
}

/// The field that keeps a pod from being ready.
fn unready_field(pod: &Value) -> &'static str {
    let running = pod["status"]["containerStatuses"].items().iter().any(|c| !c["state"]["running"].is_null());
    let probed = pod["spec"]["containers"].items().iter().any(|c| !c["readinessProbe"].is_null());
    match (running, probed) {
        (true, true) => "spec.containers[0].readinessProbe",
        (true, false) => "status.conditions",
        _ => "status.containerStatuses",
    }
}
