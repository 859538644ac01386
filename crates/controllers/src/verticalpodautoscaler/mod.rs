//! The vertical pod autoscaler: what containers ask for follows what they use.
//!
//! Owns: which pods each VerticalPodAutoscaler is about, the minute's round of recommender and updater, status,
//! conditions, checkpoints, evictions. What to recommend is in `recommender`, which pods to update in `updater`; requests
//! are written into new pods by the API server's admission.
//! Models kubernetes/autoscaler `vertical-pod-autoscaler` 1.4 (recommender, updater). It is an addon: nothing happens
//! before its CustomResourceDefinitions are installed.
//! Not modelled: reading checkpoints back (a recommender here never restarts), Prometheus as history, several
//! recommenders, CPU start-up boost. Its three Deployments are not needed: the work is done here.

pub mod histogram;
pub mod recommender;
pub mod updater;

use std::borrow::Cow;

use client::{Change, Ctx, EventType, PatchType, Recorder, Request, Verb};
use clock::{Millis, Time};
use objects::quantity::Quantity;
use objects::resources::{
    CRONJOBS, DAEMONSETS, DEPLOYMENTS, JOBS, PODS, REPLICASETS, REPLICATIONCONTROLLERS, Resource,
    STATEFULSETS,
};
use objects::{Reason, Status, Str, Value, value};
use ordered::BTreeMap;

use self::recommender::{Amounts, ContainerState, entry, policy_of};
use self::updater::{MIN_REPLICAS, Mode, is_due, may_evict, priority};
use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base, internal};
use crate::selector;

/// The recommender's and the updater's period (upstream).
const PERIOD_MS: Millis = 60_000;
/// Metrics older than this say nothing of now.
const STALE_MS: Millis = 120_000;

const NONE: Cow<'static, [Str]> = Cow::Borrowed(&[]);

const fn custom(
    id: &'static str,
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
) -> Resource {
    Resource {
        id: Str::new_static(id),
        group: Str::new_static("autoscaling.k8s.io"),
        version: Str::new_static("v1"),
        plural: Str::new_static(plural),
        singular: Str::new_static(singular),
        kind: Str::new_static(kind),
        namespaced: true,
        short_names: NONE,
        categories: NONE,
        verbs: NONE,
        subresources: Cow::Borrowed(&[]),
        storage: Str::new_static(id),
    }
}

pub static VERTICALPODAUTOSCALERS: Resource = custom(
    "verticalpodautoscalers.autoscaling.k8s.io",
    "verticalpodautoscalers",
    "verticalpodautoscaler",
    "VerticalPodAutoscaler",
);
pub static CHECKPOINTS: Resource = custom(
    "verticalpodautoscalercheckpoints.autoscaling.k8s.io",
    "verticalpodautoscalercheckpoints",
    "verticalpodautoscalercheckpoint",
    "VerticalPodAutoscalerCheckpoint",
);

#[derive(Clone, Debug)]
pub struct VerticalController {
    pub base: Base,
    /// By autoscaler and container.
    states: BTreeMap<(Str, Str), ContainerState>,
    /// Restart counts of containers that were seen to run out of memory.
    ooms: BTreeMap<(Str, Str), i64>,
    /// Events of evictions and resizes.
    updater: Recorder,
}

impl Default for VerticalController {
    fn default() -> Self {
        Self::new()
    }
}

/// What an autoscaler's target is: its selector and how many replicas it wants.
struct Target {
    selector: crate::selector::Selector,
    replicas: Option<i64>,
}

fn target_of(vpa: &Value, caches: &Caches) -> Result<Target, String> {
    let r = &vpa["spec"]["targetRef"];
    let (kind, name) = (r["kind"].text(), r["name"].text());
    if r.is_null() {
        return Err("targetRef not defined".to_owned());
    }
    let (resource, path): (&Resource, &[&str]) = match kind {
        "Deployment" => (DEPLOYMENTS, &["spec", "selector"]),
        "ReplicaSet" => (REPLICASETS, &["spec", "selector"]),
        "StatefulSet" => (STATEFULSETS, &["spec", "selector"]),
        "DaemonSet" => (DAEMONSETS, &["spec", "selector"]),
        "Job" => (JOBS, &["spec", "selector"]),
        "ReplicationController" => (REPLICATIONCONTROLLERS, &["spec", "selector"]),
        "CronJob" => (CRONJOBS, &["spec", "jobTemplate", "spec", "template", "metadata", "labels"]),
        _ => return Err(format!("cannot read targetRef. Reason: unknown kind {kind}")),
    };
    let namespace = vpa.namespace();
    let object = caches
        .of_resource(resource)
        .get(&key_of(namespace, name))
        .ok_or_else(|| format!("cannot read targetRef. Reason: {kind} {namespace}/{name} does not exist"))?;
    let found = object.at(path);
    let wanted = match kind {
        "ReplicationController" | "CronJob" => value!({"matchLabels": (found.clone())}),
        _ => found.clone(),
    };
    let selector = selector::of(&wanted).ok_or("cannot read targetRef. Reason: invalid selector")?;
    Ok(Target { selector, replicas: object["spec"]["replicas"].as_int() })
}

fn set_condition(status: &mut Value, old: &Value, kind: &str, truth: bool, why: (&str, &str), now: Time) {
    let text = if truth { "True" } else { "False" };
    let before = old.condition(kind);
    if before.is_null() && !truth {
        return;
    }
    let since = if before["status"] == text {
        before["lastTransitionTime"].clone()
    } else {
        Value::str(now.rfc3339())
    };
    let mut c = value!({"type": (kind), "status": (text), "lastTransitionTime": (since)});
    if !why.0.is_empty() {
        c.set("reason", why.0);
        c.set("message", why.1);
    }
    status.map_mut().entry("conditions").list_mut().push(c);
}

impl VerticalController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("vpa-recommender", "vpa-recommender"),
            states: BTreeMap::new(),
            ooms: BTreeMap::new(),
            updater: Recorder::new("vpa-updater", ""),
        }
    }

    /// Takes in what the autoscaler's pods use now.
    fn observe(&mut self, vpa: &Value, pods: &[&Value], ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let (group, version, plural) = ("metrics.k8s.io".into(), "v1beta1".into(), "pods".into());
        let request = Request::new(Verb::List, &group, &version, &plural).in_namespace(vpa.namespace());
        let answer = ctx.call(request)?.object;
        let now = ctx.now;
        for m in answer["items"].items() {
            let Some(pod) = pods.iter().find(|p| p.name() == m.name()) else { continue };
            let Some(at) = m["timestamp"].time().filter(|at| now.since(*at) < STALE_MS) else { continue };
            for c in m["containers"].items() {
                let name = c["name"].to_str();
                let spec = pod["spec"]["containers"].items().iter().find(|s| s["name"] == name.as_str());
                let Some(spec) = spec else { continue };
                let used = Amounts {
                    cpu: Quantity::of(&c["usage"]["cpu"]).as_float(),
                    memory: Quantity::of(&c["usage"]["memory"]).as_float(),
                };
                let requested = Quantity::of(&spec["resources"]["requests"]["cpu"]).as_float();
                let state = self.states.entry((vpa.key(), name)).or_default();
                state.sample(&pod.uid().into(), used, requested, at);
            }
        }
        for pod in pods {
            self.observe_oom(vpa, pod, now);
        }
        Ok(())
    }

    fn observe_oom(&mut self, vpa: &Value, pod: &Value, now: Time) {
        for s in pod["status"]["containerStatuses"].items() {
            let ended = [&s["lastState"]["terminated"], &s["state"]["terminated"]];
            if !ended.iter().any(|t| t["reason"] == "OOMKilled") {
                continue;
            }
            let (name, restarts) = (s["name"].to_str(), s["restartCount"].int());
            let seen = self.ooms.entry((pod.uid().into(), name.clone())).or_insert(-1);
            if *seen >= restarts {
                continue;
            }
            *seen = restarts;
            let spec = pod["spec"]["containers"].items().iter().find(|c| c["name"] == name.as_str());
            let limit = spec.map_or(0.0, |c| Quantity::of(&c["resources"]["limits"]["memory"]).as_float());
            let state = self.states.entry((vpa.key(), name)).or_default();
            state.out_of_memory(&pod.uid().into(), limit, now);
        }
    }

    /// The status that follows from what is known.
    fn status(&self, vpa: &Value, pods: &[&Value], now: Time) -> Value {
        let mut names: Vec<Str> = Vec::new();
        for c in pods.iter().flat_map(|p| p["spec"]["containers"].items()) {
            let name = c["name"].to_str();
            if !names.contains(&name) && policy_of(vpa, &name)["mode"] != "Off" {
                names.push(name);
            }
        }
        let mut entries = Vec::new();
        let mut confident = true;
        for name in &names {
            let Some(state) = self.states.get(&(vpa.key(), name.clone())) else { continue };
            if let Some(r) = state.recommend(names.len()) {
                entries.push(entry(name, &r, policy_of(vpa, name)));
                confident &= state.confidence() >= 1.0;
            }
        }
        let mut status = Value::map();
        let old = vpa.clone();
        let any = !entries.is_empty();
        set_condition(&mut status, &old, "LowConfidence", any && !confident, ("", ""), now);
        let none = pods.is_empty();
        set_condition(
            &mut status,
            &old,
            "NoPodsMatched",
            none,
            if none { ("NoPodsMatched", "No pods match this VPA object") } else { ("", "") },
            now,
        );
        let known = if any { entries } else { Vec::new() };
        let provided = !known.is_empty();
        set_condition(&mut status, &old, "RecommendationProvided", provided, ("", ""), now);
        if provided {
            status.set("recommendation", value!({"containerRecommendations": (Value::from(known))}));
        } else if !vpa["status"]["recommendation"].is_null() && none {
            // What was recommended stays until there are pods again.
            status.set("recommendation", &vpa["status"]["recommendation"]);
        }
        status
    }

    fn write_status(vpa: &Value, status: Value, ctx: &mut Ctx<'_>) -> Result<Value, Status> {
        if vpa["status"] == status {
            return Ok(vpa.clone());
        }
        // Its definition need not give it a status of its own.
        let patch = value!({"status": (status)});
        let (namespace, name) = (vpa.namespace(), vpa.name());
        let part =
            ctx.patch(&VERTICALPODAUTOSCALERS, namespace, name, "status", PatchType::Merge, patch.clone());
        match part {
            Err(e) if e.reason == Reason::NotFound || e.reason == Reason::MethodNotAllowed => {
                ctx.patch(&VERTICALPODAUTOSCALERS, namespace, name, "", PatchType::Merge, patch)
            }
            other => other,
        }
    }

    /// Keeps what is remembered in objects, as upstream does to survive a restart.
    fn checkpoint(&self, vpa: &Value, ctx: &mut Ctx<'_>) {
        let from = (vpa.key(), Str::default());
        for ((key, container), state) in self.states.range(from..) {
            if *key != vpa.key() {
                break;
            }
            let name = format!("{}-{container}", vpa.name());
            let histogram = |h: &histogram::Histogram| {
                let (buckets, total, reference) = h.checkpoint();
                let mut weights = Value::map();
                for (bucket, weight) in buckets {
                    weights.set(bucket.to_string(), weight);
                }
                value!({
                    "bucketWeights": (weights), "totalWeight": (total),
                    "referenceTimestamp": (reference.map_or(Value::Null, |t| Value::str(t.rfc3339()))),
                })
            };
            let time = |t: Option<Time>| t.map_or(Value::Null, |t| Value::str(t.rfc3339()));
            let object = value!({
                "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscalerCheckpoint",
                "metadata": {"name": (name.as_str()), "namespace": (vpa.namespace())},
                "spec": {"vpaObjectName": (vpa.name()), "containerName": (container)},
                "status": {
                    "cpuHistogram": (histogram(&state.cpu)), "memoryHistogram": (histogram(&state.memory)),
                    "firstSampleStart": (time(state.first)), "lastSampleStart": (time(state.last)),
                    "lastUpdateTime": (ctx.now.rfc3339()), "totalSamplesCount": (state.samples), "version": "v3",
                },
            });
            let patch = value!({"status": (object["status"].clone())});
            let kept = ctx.patch(&CHECKPOINTS, vpa.namespace(), &name, "", PatchType::Merge, patch);
            if kept.is_err_and(|e| e.reason == Reason::NotFound) {
                // Without its definition there are no checkpoints, and nothing else is lost.
                let _ = ctx.create(&CHECKPOINTS, object);
            }
        }
    }

    /// Brings pods to what is recommended.
    fn update(&mut self, vpa: &Value, pods: &[&Value], target: &Target, ctx: &mut Ctx<'_>) {
        let mode = Mode::of(vpa);
        if !matches!(mode, Mode::Recreate | Mode::InPlaceOrRecreate) {
            return;
        }
        let live: Vec<&&Value> = pods
            .iter()
            .filter(|p| !p.is_terminating() && crate::pods::phase(p) == "Running" && crate::pods::is_ready(p))
            .collect();
        let running = live.len() as i64;
        let configured = target.replicas.unwrap_or(running);
        let least = vpa["spec"]["updatePolicy"]["minReplicas"].as_int().unwrap_or(MIN_REPLICAS);
        let mut due: Vec<(&Value, updater::Priority)> = live
            .iter()
            .filter_map(|p| Some((**p, priority(p, vpa)?)))
            .filter(|(p, how)| is_due(p, how, ctx.now))
            .collect();
        // Who needs more comes first, then who is furthest off.
        ordered::Sort::arrange_by(&mut due[..], |(a, x), (b, y)| {
            y.scale_up
                .cmp(&x.scale_up)
                .then(y.difference.total_cmp(&x.difference))
                .then_with(|| a.name().cmp(b.name()))
        });
        let mut left = may_evict(configured, running, least);
        for (pod, _) in due {
            if mode == Mode::InPlaceOrRecreate && self.resize(vpa, pod, ctx) {
                continue;
            }
            if left == 0 {
                break;
            }
            left -= 1;
            // A budget that forbids it forbids it until the next round.
            if ctx.evict(pod).is_ok() {
                let what = "Pod was evicted by VPA Updater to apply resource recommendation.";
                self.updater.event(ctx, pod, EventType::Normal, "EvictedByVPA", what);
                let what =
                    format!("VPA Updater evicted Pod {} to apply resource recommendation.", pod.name());
                self.updater.event(ctx, vpa, EventType::Normal, "EvictedPod", &what);
            }
        }
    }

    /// Asks for a resize in place. False when the server has none or refuses.
    fn resize(&mut self, vpa: &Value, pod: &Value, ctx: &mut Ctx<'_>) -> bool {
        if PODS.subresource("resize").is_none() {
            return false;
        }
        if let Some(c) = pod["status"]["conditions"].items().iter().find(|c| c["type"] == "PodResizePending")
        {
            return c["reason"] != "Infeasible";
        }
        let all = vpa["status"]["recommendation"]["containerRecommendations"].items();
        let mut containers = Vec::new();
        for c in pod["spec"]["containers"].items() {
            let Some(r) = all.iter().find(|r| r["containerName"] == c["name"]) else { continue };
            containers.push(value!({
                "name": (c["name"].clone()),
                "resources": (scaled(&c["resources"], &r["target"])),
            }));
        }
        let patch = value!({"spec": {"containers": (Value::from(containers))}});
        let done = ctx.patch(PODS, pod.namespace(), pod.name(), "resize", PatchType::Strategic, patch);
        if done.is_ok() {
            let what = "Pod was resized in place by VPA Updater.";
            self.updater.event(ctx, pod, EventType::Normal, "InPlaceResizedByVPA", what);
        }
        done.is_ok()
    }
}

/// Requests as recommended, limits in the proportion they had.
#[must_use]
pub fn scaled(resources: &Value, target: &Value) -> Value {
    let mut out = resources.clone();
    for (name, q) in target.entries() {
        let (old, limit) = (&resources["requests"][name.as_str()], &resources["limits"][name.as_str()]);
        out.set_at(&["requests", name], q);
        if limit.is_null() {
            continue;
        }
        let had = Quantity::of(if old.is_null() { limit } else { old }).as_float();
        let factor = if had > 0.0 { Quantity::of(limit).as_float() / had } else { 1.0 };
        let milli = (Quantity::of(q).as_float() * factor * 1000.0).min(9e17) as i64;
        let format = Quantity::of(limit).format();
        let new = if name == "memory" {
            Quantity::from_units(milli / 1000, format)
        } else {
            Quantity::from_millis(milli, format)
        };
        out.set_at(&["limits", name], new.canonical());
    }
    out
}

impl Controller for VerticalController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![
            &VERTICALPODAUTOSCALERS,
            PODS,
            DEPLOYMENTS,
            REPLICASETS,
            STATEFULSETS,
            DAEMONSETS,
            JOBS,
            CRONJOBS,
            REPLICATIONCONTROLLERS,
        ]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource != VERTICALPODAUTOSCALERS.id {
            return;
        }
        let key = change.key();
        if change.is_deleted() {
            self.base.queue.forget(&key);
            self.states.retain(|(vpa, _), _| *vpa != key);
        } else if change.previous.is_null() {
            self.base.queue.add_after(key, change.revision, now, PERIOD_MS);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(vpa) = caches.of_resource(&VERTICALPODAUTOSCALERS).get(key).cloned() else { return Ok(()) };
        self.base.queue.add_after(key, 0, ctx.now, PERIOD_MS);
        let target = match target_of(&vpa, caches) {
            Ok(target) => target,
            Err(why) => {
                let mut status = Value::map();
                set_condition(
                    &mut status,
                    &vpa,
                    "ConfigUnsupported",
                    true,
                    ("ConfigUnsupported", &why),
                    ctx.now,
                );
                Self::write_status(&vpa, status, ctx)?;
                return Ok(());
            }
        };
        let pods: Vec<&Value> = caches.pods_matching(vpa.namespace(), &target.selector);
        self.base.visited += pods.len() as u64;
        // Without metrics there is nothing new to say.
        if self.observe(&vpa, &pods, ctx).is_err() && vpa["status"]["recommendation"].is_null() {
            let status = self.status(&vpa, &pods, ctx.now);
            Self::write_status(&vpa, status, ctx)?;
            return Ok(());
        }
        let status = self.status(&vpa, &pods, ctx.now);
        let vpa = Self::write_status(&vpa, status, ctx)
            .map_err(|e| internal(format!("cannot update the status of {key}: {}", e.message)))?;
        self.checkpoint(&vpa, ctx);
        self.update(&vpa, &pods, &target, ctx);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_keep_their_proportion() {
        let resources = value!({"requests": {"cpu": "100m", "memory": "100Mi"}, "limits": {"cpu": "200m"}});
        let new = scaled(&resources, &value!({"cpu": "250m", "memory": "262144k"}));
        assert_eq!(
            new,
            value!({"requests": {"cpu": "250m", "memory": "262144k"}, "limits": {"cpu": "500m"}})
        );
    }
}
