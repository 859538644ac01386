//! What a kubelet knows of one pod, and what follows from it: which container is to be started next, whether the pod
//! is done.
//!
//! Models `pkg/kubelet/pod_workers.go` and `kuberuntime` (computePodActions, computeInitContainerActions).

use ordered::BTreeMap;

use clock::{Millis, Time, TimerId};
use objects::{Str, Value};

use crate::container::{Container, Kind, State};
use crate::probes::ProbeKind;
use crate::rare::{Plain, Rare};
use crate::resize::Resize;
use crate::static_pods::{Fixed, MIRROR};
use crate::volumes::Mounted;

/// What falls due for one pod. The number is a container's place among all of the pod's (init containers first), the
/// second one which of its starts is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Work {
    /// The binding has arrived.
    Begin,
    /// Volumes are made ready.
    Mount,
    SandboxReady,
    /// Look what is to be done next.
    Sync,
    Pulled(usize),
    Created(usize),
    Started(usize),
    /// The container's processes have something to do.
    Run(usize, u32),
    /// The main process of a container without a machine ends.
    Exit(usize, u32, i32),
    Probe(usize, u32, ProbeKind),
    /// A preStop hook that sleeps is over.
    Term(usize, u32),
    /// A postStart hook that sleeps is over.
    Slept(usize, u32),
    /// The grace period is over.
    Kill(usize, u32),
    /// It holds more memory than it may.
    OutOfMemory(usize, u32),
    /// Volumes the kubelet writes are looked at again.
    Refresh,
    /// Other resources are wanted, or may be had now.
    Resize,
    /// A resize is in force.
    Resized,
    /// `activeDeadlineSeconds` have passed.
    Deadline,
    /// Tell the API server.
    Report,
    /// Cleaned up: the pod object can go.
    Remove,
}

impl Plain for BTreeMap<Str, Mounted> {
    const PLAIN: &'static Self = &BTreeMap::new();
}

#[derive(Clone, Debug)]
pub(crate) struct PodWorker {
    pub(crate) pod: Value,
    pub(crate) ip: Str,
    /// The runtime was asked for the address since it was given.
    pub(crate) ip_known: bool,
    pub(crate) start_time: Time,
    pub(crate) sandbox_ready: bool,
    pub(crate) containers: Vec<Container>,
    pub(crate) volumes: Rare<BTreeMap<Str, Mounted>>,
    pub(crate) mount_failures: u32,
    /// All volumes are ready.
    pub(crate) mounted: bool,
    /// Volumes that are not attached yet, by their names in the node's status.
    pub(crate) unattached: Vec<Str>,
    pub(crate) cause: u64,
    pub(crate) terminating: bool,
    pub(crate) removing: bool,
    pub(crate) report_due: bool,
    pub(crate) sync_timer: Option<TimerId>,
    /// When a status that could not be told is told again.
    pub(crate) retry: Option<Box<TimerId>>,
    /// Failed by the kubelet itself: reason and message.
    pub(crate) failed: Option<Box<(&'static str, Str)>>,
    /// It was not let begin here.
    pub(crate) rejected: bool,
    /// Its node ended it because it was short of something.
    pub(crate) disrupted: bool,
    /// Not bound by the scheduler but read from a manifest of the node.
    pub(crate) fixed: Option<Box<Fixed>>,
    /// The part of the cluster itself that runs in the pod.
    pub(crate) component: Option<Box<Str>>,
    pub(crate) resize: Resize,
    /// Requests and limits that the pod has as a whole.
    pub(crate) whole: Value,
    /// A container's end asks for a new start of all of them: what runs is being ended.
    pub(crate) restarting: bool,
    /// Some of its containers are in one process namespace, or in the node's.
    pub(crate) shares_processes: bool,
    /// Others have a say in whether it is ready.
    pub(crate) gated: bool,
    /// It is on its node's own network.
    pub(crate) on_host: bool,
    /// Its status as the server last took it.
    pub(crate) told: Value,
}

/// The action of a rule that starts all containers of the pod anew.
const ALL: &str = "RestartAllContainers";

/// What a newer version of a pod brings.
#[derive(Debug, Default)]
pub(crate) struct News {
    pub(crate) due: bool,
    /// The containers whose image has changed.
    pub(crate) images: Vec<usize>,
    /// Other resources are wanted.
    pub(crate) resize: bool,
}

impl PodWorker {
    pub(crate) fn new(pod: &Value, cause: u64) -> Self {
        let spec = &pod["spec"];
        let init = spec["initContainers"].items().iter().map(|c| Container::new(c, Kind::Init));
        let main = spec["containers"].items().iter().map(|c| Container::new(c, Kind::Main));
        let ephemeral =
            spec["ephemeralContainers"].items().iter().map(|c| Container::new(c, Kind::Ephemeral));
        Self {
            pod: pod.clone(),
            ip: Str::default(),
            ip_known: false,
            start_time: Time(0),
            sandbox_ready: false,
            containers: init.chain(main).chain(ephemeral).collect(),
            volumes: Rare::default(),
            mount_failures: 0,
            mounted: false,
            unattached: Vec::new(),
            cause,
            terminating: false,
            removing: false,
            report_due: false,
            sync_timer: None,
            retry: None,
            failed: None,
            rejected: false,
            disrupted: false,
            fixed: fixed(pod),
            component: component(pod),
            resize: Resize::default(),
            shares_processes: spec["shareProcessNamespace"].is_true() || spec["hostPID"].is_true(),
            whole: spec["resources"].clone(),
            restarting: false,
            gated: !spec["readinessGates"].items().is_empty(),
            on_host: spec["hostNetwork"].is_true(),
            told: Value::Null,
        }
    }

    /// Asked to end: deleted, or its manifest is gone. A mirror's deletion is none.
    pub(crate) fn is_ending(&self) -> bool {
        self.fixed.as_ref().map_or_else(|| self.pod.is_terminating(), |f| f.gone)
    }

    /// The mirror of a static pod as the server has it.
    pub(crate) fn take_mirror(&mut self, mirror: &Value) {
        if let Some(fixed) = &mut self.fixed {
            fixed.mirror = mirror.uid().into();
        }
        for c in &mut self.containers {
            let stored = mirror["spec"][c.list()].items().iter().find(|n| n["name"] == c.spec["name"]);
            if let Some(stored) = stored {
                c.spec = stored.clone();
            }
        }
        self.pod = mirror.clone();
    }

    pub(crate) fn uid(&self) -> &str {
        self.pod.uid()
    }

    /// Takes a newer version in: what there is to do about it.
    pub(crate) fn update(&mut self, pod: &Value, cause: u64) -> News {
        let deletion =
            pod.is_terminating() && pod.meta()["deletionTimestamp"] != self.pod.meta()["deletionTimestamp"];
        let spec_changed = !pod["spec"].same(&self.pod["spec"]) && pod["spec"] != self.pod["spec"];
        self.pod = pod.clone();
        let mut news = News { due: deletion || spec_changed, ..News::default() };
        if deletion || spec_changed {
            self.cause = cause;
        }
        if spec_changed {
            news.resize = pod["spec"]["resources"] != self.whole;
            for (i, c) in self.containers.iter_mut().enumerate() {
                let new = pod["spec"][c.list()].items().iter().find(|n| n["name"] == c.spec["name"]);
                if let Some(new) = new {
                    if new["image"] != c.spec["image"] {
                        news.images.push(i);
                    }
                    let had = std::mem::replace(&mut c.spec, new.clone());
                    if had["resources"] != new["resources"] {
                        // It has what it had until the kubelet allots it more or less.
                        news.resize = true;
                        match &had["resources"] {
                            Value::Null => drop(c.spec.remove("resources")),
                            r => c.spec.set("resources", r),
                        }
                    }
                }
            }
            for e in pod["spec"]["ephemeralContainers"].items() {
                if !self.containers.iter().any(|c| c.spec["name"] == e["name"]) {
                    self.containers.push(Container::new(e, Kind::Ephemeral));
                }
            }
        }
        news
    }

    /// Whether its processes see the node's own disk.
    pub(crate) fn sees_disk(&self) -> bool {
        self.pod["spec"]["volumes"].items().iter().any(|v| !v["hostPath"].is_null())
    }

    /// The grace period in force: the deletion's, else the spec's.
    pub(crate) fn grace_ms(&self) -> Millis {
        let spec = self.pod["spec"]["terminationGracePeriodSeconds"].int_or(30);
        self.pod.meta()["deletionGracePeriodSeconds"].int_or(spec) * 1000
    }

    pub(crate) fn should_restart(&self, c: &Container) -> bool {
        let policy = || self.pod["spec"]["restartPolicy"].as_str().unwrap_or("Always");
        match (&c.state, c.kind) {
            (State::Ended(_), Kind::Sidecar) => true,
            (State::Ended(_), Kind::Ephemeral) => false,
            (State::Ended(e), Kind::Init) => e.code != 0 && restarts(&c.spec, policy(), e.code),
            (State::Ended(e), Kind::Main) => restarts(&c.spec, policy(), e.code),
            _ => true,
        }
    }

    /// Whether the end of a container has all of them started anew.
    pub(crate) fn restarts_all(&self, c: &Container) -> bool {
        c.ended().is_some_and(|e| action(&c.spec, e.code) == ALL)
    }

    /// Whether the end of some container could.
    pub(crate) fn could_restart_all(&self) -> bool {
        let asks = |c: &Container| c.spec["restartPolicyRules"].items().iter().any(|r| r["action"] == ALL);
        self.containers.iter().any(|c| c.traits.restart_rules && asks(c))
    }

    /// Whether a container that is well but for its probes is started anew: rules for exit codes are not asked.
    pub(crate) fn restarts_failed(&self, c: &Container) -> bool {
        let own = &c.spec["restartPolicy"];
        if own.is_null() { self.pod["spec"]["restartPolicy"] != "Never" } else { *own != "Never" }
    }

    /// An init container failed for good: the pod has failed.
    pub(crate) fn init_failed(&self) -> bool {
        self.containers.iter().any(|c| {
            c.kind == Kind::Init && c.ended().is_some_and(|e| e.code != 0) && !self.should_restart(c)
        })
    }

    /// Whether a sidecar may end: no main container and no sidecar after it runs.
    pub(crate) fn is_turn_of(&self, i: usize) -> bool {
        let before = |(j, c): (usize, &Container)| {
            c.is_running() && (c.kind == Kind::Main || (c.kind == Kind::Sidecar && j > i))
        };
        !self.containers.iter().enumerate().any(before)
    }

    /// Whether every init container is behind the pod.
    pub(crate) fn is_initialized(&self) -> bool {
        self.has_begun()
            || self.containers.iter().all(|c| match c.kind {
                Kind::Init => c.succeeded(),
                Kind::Sidecar => c.is_started(),
                _ => true,
            })
    }

    /// Whether others are to end before its main containers begin, or to run beside them.
    pub(crate) fn has_init(&self) -> bool {
        self.containers.iter().any(|c| matches!(c.kind, Kind::Init | Kind::Sidecar))
    }

    /// Whether a main container was ever started.
    pub(crate) fn has_begun(&self) -> bool {
        self.containers.iter().any(|c| c.kind == Kind::Main && c.starts > c.past)
    }

    /// Nothing of the pod will be started again.
    pub(crate) fn is_done(&self) -> bool {
        self.failed.is_some()
            || self.init_failed()
            || self
                .containers
                .iter()
                .filter(|c| c.kind == Kind::Main)
                .all(|c| c.ended().is_some() && !self.should_restart(c))
    }

    /// The containers to start, in order.
    pub(crate) fn to_start(&self) -> Vec<usize> {
        let mut list = Vec::new();
        let begun = self.has_begun();
        let ephemeral = self.containers.iter().enumerate().filter(|(_, c)| c.kind == Kind::Ephemeral);
        list.extend(ephemeral.filter(|(_, c)| matches!(c.state, State::Absent)).map(|(i, _)| i));
        for (i, c) in self.containers.iter().enumerate() {
            match c.kind {
                Kind::Ephemeral => {}
                Kind::Init if begun || c.succeeded() => {}
                Kind::Init => {
                    if !c.is_running() && self.should_restart(c) {
                        list.push(i);
                    }
                    return list;
                }
                Kind::Sidecar => {
                    if !c.is_running() {
                        list.push(i);
                    }
                    if !begun && !c.is_started() {
                        return list;
                    }
                }
                Kind::Main if !c.is_running() && self.should_restart(c) => list.push(i),
                Kind::Main => {}
            }
        }
        list
    }
}

/// `name_namespace(uid)`, as messages of the kubelet name a pod.
pub(crate) fn full_name(pod: &Value) -> String {
    format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid())
}

/// Whether a container is started again after this exit code: its own rules say it first, then its own policy, then
/// the pod's.
fn restarts(container: &Value, policy: &str, code: i32) -> bool {
    if matches!(action(container, code), "Restart" | ALL) {
        return true;
    }
    match container["restartPolicy"].as_str().unwrap_or(policy) {
        "Never" => false,
        "OnFailure" => code != 0,
        _ => true,
    }
}

/// The action of the first of a container's rules that means this exit code; `""` without one.
fn action(container: &Value, code: i32) -> &str {
    let meant = |rule: &&Value| {
        let codes = &rule["exitCodes"];
        let among = codes["values"].items().iter().any(|v| v.int() == i64::from(code));
        match codes["operator"].text() {
            "In" => among,
            "NotIn" => !among,
            _ => false,
        }
    };
    if container["restartPolicy"].is_null() {
        return "";
    }
    container["restartPolicyRules"].items().iter().find(meant).map_or("", |r| r["action"].text())
}

/// What makes the pod a static one, if it is a mirror.
fn fixed(pod: &Value) -> Option<Box<Fixed>> {
    let hash = pod.annotations()[MIRROR].as_str()?;
    Some(Box::new(Fixed { hash: hash.into(), gone: false, mirror: pod.uid().into() }))
}

/// The part of the cluster that a pod of the system runs, by its label.
fn component(pod: &Value) -> Option<Box<Str>> {
    const DAEMONS: [&str; 3] = ["kube-proxy", "kube-dns", "metrics-server"];
    if pod.namespace() != "kube-system" {
        return None;
    }
    let labels = pod.labels();
    if labels["tier"] == "control-plane" && !pod.annotations()[MIRROR].is_null() {
        return labels["component"].as_str().map(|name| Box::new(name.into()));
    }
    let app = labels["k8s-app"].as_str()?;
    DAEMONS.contains(&app).then(|| Box::new(app.into()))
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;
    use crate::container::Ended;

    fn ended(code: i32) -> State {
        State::Ended(Box::new(Ended {
            code,
            reason: "Error",
            message: String::new(),
            started: Time(0),
            finished: Time(0),
            id: Str::default(),
        }))
    }

    fn worker(policy: &str) -> PodWorker {
        let pod = value!({"spec": {
            "restartPolicy": (policy),
            "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
            "containers": [{"name": "a"}, {"name": "b"}],
        }});
        PodWorker::new(&pod, 0)
    }

    #[test]
    fn init_containers_then_sidecars_then_all_others() {
        let mut w = worker("Always");
        assert_eq!(w.to_start(), [0]);
        w.containers[0].state = State::Running { since: Time(0) };
        assert_eq!(w.to_start(), [] as [usize; 0]);
        w.containers[0].state = ended(0);
        assert_eq!(w.to_start(), [1]);
        w.containers[1].state = State::Running { since: Time(0) };
        assert_eq!(w.to_start(), [2, 3]);
        w.containers[2].starts = 1;
        w.containers[2].state = State::Running { since: Time(0) };
        w.containers[1].state = ended(1);
        assert_eq!(w.to_start(), [1, 3]);
    }

    #[test]
    fn a_containers_own_rules_go_first() {
        let on = |own: Value, pod: &str, code: i32| restarts(&own, pod, code);
        let rule = |op: &str, code: i64| {
            value!({"restartPolicy": "Never", "restartPolicyRules": [
                {"action": "Restart", "exitCodes": {"operator": (op), "values": [(code)]}}
            ]})
        };
        assert!(
            on(value!({}), "Always", 0) && !on(value!({}), "OnFailure", 0) && on(value!({}), "OnFailure", 1)
        );
        assert!(!on(value!({"restartPolicy": "Never"}), "Always", 1));
        assert!(on(value!({"restartPolicy": "OnFailure"}), "Never", 1));
        assert!(on(rule("In", 42), "Never", 42) && !on(rule("In", 42), "Always", 1));
        assert!(on(rule("NotIn", 42), "Never", 1) && !on(rule("NotIn", 42), "Always", 42));
        let mut all = rule("In", 42);
        all.at_mut(&["restartPolicyRules"]).list_mut().to_mut()[0].set("action", ALL);
        assert!(on(all.clone(), "Never", 42) && action(&all, 42) == ALL && action(&all, 1).is_empty());
        let mut without_policy = rule("In", 42);
        without_policy.remove("restartPolicy");
        assert!(!on(without_policy, "Never", 42));
    }

    #[test]
    fn restart_policies_decide_when_a_pod_is_done() {
        let table = [
            ("Always", 0, 0, false),
            ("OnFailure", 0, 0, true),
            ("OnFailure", 0, 1, false),
            ("Never", 0, 1, true),
        ];
        for (policy, a, b, done) in table {
            let mut w = worker(policy);
            w.containers[0].state = ended(0);
            w.containers[2].state = ended(a);
            w.containers[3].state = ended(b);
            assert_eq!(w.is_done(), done, "{policy} {a} {b}");
        }
        let mut w = worker("Never");
        w.containers[0].state = ended(1);
        assert!(w.is_done());
    }
}
