//! The horizontal pod autoscaler: sets the scale of a workload from what its pods use.
//!
//! Owns: when each autoscaler is looked at, its conditions, status and events. What metrics ask for is in
//! `replica_calculator`, how fast that is followed in `scaling_rules`, where metrics come from in `metrics`.
//! Models `pkg/controller/podautoscaler`. Not modelled: scaling to zero (a gate that is off by default).
//!
//! Cost: one sync looks at the pods of its target once, every 15 s, as each has a metric of its own.

pub mod metrics;
pub mod replica_calculator;
pub mod scaling_rules;

use ordered::{BTreeMap, BTreeSet};

use client::{Change, Ctx, EventType, Request, Verb};
use clock::Time;
use objects::quantity::{Format, Quantity};
use objects::resources::{self, CUSTOMRESOURCEDEFINITIONS, HORIZONTALPODAUTOSCALERS, PODS, Resource};
use objects::{Reason, Status, Str, Value, value};

use self::replica_calculator::{Goal, Proposal, Tolerances};
use self::scaling_rules::{Bounds, Memory};
use crate::caches::Caches;
use crate::controller::{Base, Controller, has_base};
use crate::delays::HPA_SYNC_PERIOD_MS;
use crate::discovery::{custom_resource, resource_of};
use crate::selector::{Selector, SelectorIndex};

const TOLERANCE: f64 = 0.1;
const SCALE_TRIES: usize = 5;

#[derive(Clone, Debug)]
pub struct HorizontalController {
    pub base: Base,
    memories: BTreeMap<Str, Memory>,
    /// The pods each autoscaler was last seen to scale.
    selectors: SelectorIndex,
    by_namespace: BTreeMap<Str, usize>,
}

impl Default for HorizontalController {
    fn default() -> Self {
        Self::new()
    }
}

/// One metric's answer: the replica count, what it is called in events, its entry in the status.
struct Computed {
    replicas: i64,
    name: String,
    status: Value,
}

/// What went wrong with one metric: the condition's reason and words, and the whole error.
struct Failed {
    reason: &'static str,
    why: String,
    error: String,
}

fn set_condition(
    hpa: &mut Value,
    kind: &str,
    status: bool,
    (reason, message): (&str, impl AsRef<str>),
    now: Time,
) {
    let status = if status { "True" } else { "False" };
    let old = hpa.condition(kind);
    let since =
        if old["status"] == status { old["lastTransitionTime"].clone() } else { Value::str(now.rfc3339()) };
    let next = value!({
        "type": (kind), "status": (status), "lastTransitionTime": (since),
        "reason": (reason), "message": (message.as_ref()),
    });
    let conditions = hpa.at_mut(&["status", "conditions"]).list_mut().to_mut();
    match conditions.iter_mut().find(|c| c["type"] == kind) {
        Some(c) => *c = next,
        None => conditions.push(next),
    }
}

fn tolerances(hpa: &Value) -> Tolerances {
    let of = |direction: &str| {
        let t = hpa.at(&["spec", "behavior", direction, "tolerance"]);
        if t.is_null() { TOLERANCE } else { Quantity::of(t).as_float() }
    };
    Tolerances { down: of("scaleDown"), up: of("scaleUp") }
}

fn quantity(milli: i64, resource: &str) -> String {
    let format = if resource == "memory" { Format::Binary } else { Format::Decimal };
    Quantity::from_millis(milli, format).canonical()
}

/// A metric's selector as Go prints it.
fn printed(selector: &Value) -> String {
    if selector.is_null() {
        return "nil".to_owned();
    }
    let labels: String =
        selector["matchLabels"].entries().iter().map(|(k, v)| format!("{k}: {},", v.text())).collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
    )
}

/// What one sync reads: the autoscaler, its target's scale, its pods.
struct Look<'a> {
    hpa: &'a Value,
    spec_replicas: i64,
    status_replicas: i64,
    selector: &'a str,
    pods: &'a [&'a Value],
}

impl Look<'_> {
    fn metric(&self, spec: &Value, ctx: &mut Ctx<'_>) -> Result<Computed, Failed> {
        match spec["type"].text() {
            "Resource" => self.resource_metric(spec, "resource", ctx),
            "ContainerResource" => self.resource_metric(spec, "containerResource", ctx),
            "Pods" => self.pods_metric(spec, ctx),
            "Object" => self.object_metric(spec, ctx),
            "External" => self.external_metric(spec, ctx),
            other => {
                let why = format!("unknown metric source type \"{other}\"");
                Err(Failed { reason: "InvalidMetricSourceType", error: why.clone(), why })
            }
        }
    }

    fn resource_metric(&self, spec: &Value, field: &str, ctx: &mut Ctx<'_>) -> Result<Computed, Failed> {
        let source = &spec[field];
        let (name, container) = (source["name"].text(), source["container"].text());
        let reason =
            if container.is_empty() { "FailedGetResourceMetric" } else { "FailedGetContainerResourceMetric" };
        let (current, called) = self.usage(name, container, &source["target"], ctx).map_err(|why| {
            let what = if container.is_empty() {
                format!("{name} resource")
            } else {
                format!("{container} container")
            };
            Failed { reason, error: format!("failed to get {what} metric value: {why}"), why }
        })?;
        let mut status = value!({"name": (name)});
        if !container.is_empty() {
            status.set("container", container);
        }
        status.set("current", current.1);
        let mut whole = value!({"type": (&spec["type"])});
        whole.set(field, status);
        Ok(Computed { replicas: current.0, name: called, status: whole })
    }

    /// The replica count with the status of its metric, and what it is called.
    fn usage(
        &self,
        name: &str,
        container: &str,
        target: &Value,
        ctx: &mut Ctx<'_>,
    ) -> Result<((i64, Value), String), String> {
        let average = target.find("averageValue").map(|q| Quantity::of(q).milli_value());
        let percent = target["averageUtilization"].as_int();
        let kind = if average.is_some() { "usage" } else { "utilization" };
        if average.is_none() && percent.is_none() {
            return Err(
                "invalid resource metric source: neither an average utilization target nor an average \
                        value (usage) target was set"
                    .to_owned(),
            );
        }
        let proposed = metrics::of_resource(ctx, name, self.hpa.namespace(), self.selector, container)
            .map_err(|e| format!("unable to get metrics for resource {name}: {e}"))
            .and_then(|metrics| {
                let goal = |pods: &[&Value]| match (average, percent) {
                    (Some(value), _) => Ok(Goal::Value(value)),
                    (None, percent) => Ok(Goal::Utilization {
                        percent: percent.unwrap_or(0),
                        requests: replica_calculator::requests(pods, container, name)?,
                    }),
                };
                self.proposal(metrics, goal, name == "cpu", ctx.now)
            })
            .map_err(|e| format!("failed to get {name} {kind}: {e}"))?;
        let usage = quantity(proposed.usage, name);
        Ok(if average.is_some() {
            ((proposed.replicas, value!({"averageValue": (usage)})), format!("{name} resource"))
        } else {
            let status = value!({"averageValue": (usage), "averageUtilization": (proposed.utilization)});
            let of = if container.is_empty() { "resource" } else { "container resource" };
            ((proposed.replicas, status), format!("{name} {of} utilization (percentage of request)"))
        })
    }

    fn proposal(
        &self,
        metrics: metrics::PodMetrics,
        goal: impl FnOnce(&[&Value]) -> Result<Goal, String>,
        is_cpu: bool,
        now: Time,
    ) -> Result<Proposal, String> {
        let t = tolerances(self.hpa);
        replica_calculator::from_pods(metrics, self.pods, self.spec_replicas, t, goal, is_cpu, now)
    }

    fn pods_metric(&self, spec: &Value, ctx: &mut Ctx<'_>) -> Result<Computed, Failed> {
        let source = &spec["pods"];
        let (metric, name) = (&source["metric"], source["metric"]["name"].text());
        let target = Quantity::of(&source["target"]["averageValue"]).milli_value();
        let p = metrics::of_pods(ctx, self.hpa.namespace(), metric, self.selector)
            .map_err(|e| format!("unable to get metric {name}: {e}"))
            .and_then(|m| self.proposal(m, |_| Ok(Goal::Value(target)), false, ctx.now))
            .map_err(|why| {
                let error = format!("failed to get pods metric value: {why}");
                Failed { reason: "FailedGetPodsMetric", why, error }
            })?;
        let status = value!({"type": "Pods", "pods": {
            "metric": (metric), "current": {"averageValue": (quantity(p.usage, ""))},
        }});
        Ok(Computed { replicas: p.replicas, name: format!("pods metric {name}"), status })
    }

    fn object_metric(&self, spec: &Value, ctx: &mut Ctx<'_>) -> Result<Computed, Failed> {
        let source = &spec["object"];
        let (metric, target, of) = (&source["metric"], &source["target"], &source["describedObject"]);
        let (name, kind) = (metric["name"].text(), of["kind"].text());
        let failed = |why: String, error: &str| Failed {
            reason: "FailedGetObjectMetric",
            error: format!("failed to get object metric value: {error}{why}"),
            why,
        };
        let (value, average) = (&target["value"], &target["averageValue"]);
        if value.is_null() && average.is_null() {
            let why =
                "invalid object metric source: neither a value target nor an average value target was set";
            return Err(failed(why.to_owned(), ""));
        }
        let (group, version) = resources::split_api_version(of["apiVersion"].text());
        let plural = resources::by_kind(group, version, kind).map_or("", |r| r.plural.as_str());
        let (namespace, object) = (self.hpa.namespace(), of["name"].text());
        let usage = metrics::of_object(ctx, namespace, plural, object, metric)
            .map_err(|e| format!("unable to get metric {name}: {e} on {kind} {namespace}/{object}"));
        let t = tolerances(self.hpa);
        let (p, field, called) = if value.is_null() {
            let usage = usage.map_err(|why| failed(why, &format!("failed to get {name} object metric: ")))?;
            let goal = Quantity::of(average).milli_value();
            let p = replica_calculator::from_total_per_pod(usage, goal, self.status_replicas, t);
            (p, "averageValue", format!("external metric {name}({})", printed(&metric["selector"])))
        } else {
            let goal = Quantity::of(value).milli_value();
            let p = usage
                .and_then(|u| replica_calculator::from_total(self.pods, u, goal, self.spec_replicas, t))
                .map_err(|why| failed(why, ""))?;
            (p, "value", format!("{kind} metric {name}"))
        };
        let mut status = value!({"type": "Object", "object": {"metric": (metric), "describedObject": (of)}});
        status.set_at(&["object", "current", field], quantity(p.usage, ""));
        Ok(Computed { replicas: p.replicas, name: called, status })
    }

    fn external_metric(&self, spec: &Value, ctx: &mut Ctx<'_>) -> Result<Computed, Failed> {
        let source = &spec["external"];
        let (metric, target) = (&source["metric"], &source["target"]);
        let (name, selector) = (metric["name"].text(), printed(&metric["selector"]));
        let failed = |why: String, error: &str| Failed {
            reason: "FailedGetExternalMetric",
            error: format!("failed to get {name} external metric value: {error}{why}"),
            why,
        };
        let (value, average) = (&target["value"], &target["averageValue"]);
        if value.is_null() && average.is_null() {
            let why =
                "invalid external metric source: neither a value target nor an average value target was set";
            return Err(failed(why.to_owned(), ""));
        }
        let namespace = self.hpa.namespace();
        let usage = metrics::external(ctx, namespace, metric)
            .map_err(|e| format!("unable to get external metric {namespace}/{name}/{selector}: {e}"));
        let t = tolerances(self.hpa);
        let (p, field) = if average.is_null() {
            let goal = Quantity::of(value).milli_value();
            let p = usage
                .and_then(|u| replica_calculator::from_total(self.pods, u, goal, self.spec_replicas, t))
                .map_err(|why| failed(why, &format!("failed to get external metric {name}: ")))?;
            (p, "value")
        } else {
            let usage =
                usage.map_err(|why| failed(why, &format!("failed to get {name} external metric: ")))?;
            let goal = Quantity::of(average).milli_value();
            (replica_calculator::from_total_per_pod(usage, goal, self.status_replicas, t), "averageValue")
        };
        let mut status = value!({"type": "External", "external": {"metric": (metric)}});
        status.set_at(&["external", "current", field], quantity(p.usage, ""));
        Ok(Computed { replicas: p.replicas, name: format!("external metric {name}({selector})"), status })
    }
}

/// Why the pods of an autoscaler are not known: the event, and the condition it leads to.
struct Refusal {
    event: &'static str,
    why: String,
    condition: (&'static str, String),
}

/// What the metrics of an autoscaler ask for together.
struct Wanted {
    /// The highest count and the metric that asked for it.
    highest: Option<(i64, String)>,
    statuses: Value,
    /// The first thing that went wrong, in the words of the event.
    error: Option<String>,
}

impl HorizontalController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("horizontal-pod-autoscaler", "horizontal-pod-autoscaler"),
            memories: BTreeMap::new(),
            selectors: SelectorIndex::default(),
            by_namespace: BTreeMap::new(),
        }
    }

    fn event(&mut self, ctx: &mut Ctx<'_>, hpa: &Value, kind: EventType, reason: &str, message: &str) {
        self.base.recorder.event(ctx, hpa, kind, reason, message);
    }

    fn warn(&mut self, ctx: &mut Ctx<'_>, hpa: &Value, reason: &str, message: &str) {
        self.event(ctx, hpa, EventType::Warning, reason, message);
    }

    /// The resource of the target and its scale.
    fn scale(hpa: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(Resource, Value), String> {
        let target = &hpa["spec"]["scaleTargetRef"];
        let (api_version, kind) = (target["apiVersion"].text(), target["kind"].text());
        if api_version.matches('/').count() > 1 {
            return Err(format!("unexpected GroupVersion string: {api_version}"));
        }
        let custom: Vec<Resource> = caches
            .of_resource(CUSTOMRESOURCEDEFINITIONS)
            .iter()
            .filter_map(|(_, c)| custom_resource(c))
            .collect();
        let Some(resource) = resource_of(api_version, kind, &custom) else {
            let group = resources::split_api_version(api_version).0;
            return Err(format!("no matches for kind \"{kind}\" in group \"{group}\""));
        };
        match ctx.call(scale_request(Verb::Get, &resource, hpa)) {
            Ok(answer) => Ok((resource, answer.object)),
            Err(e) => Err(e.message),
        }
    }

    /// The pods the target's scale names, when they are this autoscaler's alone.
    fn pods<'a>(&mut self, hpa: &Value, text: &str, caches: &'a Caches) -> Result<Vec<&'a Value>, Refusal> {
        let refusal = |event, why: &str, condition, message: &str| Refusal {
            event,
            why: why.to_owned(),
            condition: (condition, message.to_owned()),
        };
        if text.is_empty() {
            let message = "the HPA target's scale is missing a selector";
            return Err(refusal("SelectorRequired", "selector is required", "InvalidSelector", message));
        }
        let selector = Selector::parse(text).map_err(|e| {
            let why = format!("couldn't convert selector into a corresponding internal selector object: {e}");
            refusal("InvalidSelector", &why, "InvalidSelector", &why)
        })?;
        let (namespace, key) = (Str::from(hpa.namespace()), hpa.key());
        self.selectors.set(&key, &namespace, selector.clone());
        let pods = caches.pods_matching(&namespace, &selector);
        self.base.visited += pods.len() as u64;
        if self.by_namespace.get(&namespace).is_none_or(|n| *n < 2) {
            return Ok(pods);
        }
        let owners = pods.iter().flat_map(|p| self.selectors.matching(&namespace, p.labels()));
        let all: BTreeSet<Str> = owners.collect();
        if all.len() < 2 {
            return Ok(pods);
        }
        let names: Vec<String> =
            all.iter().map(|k| format!("{{{} {namespace}}}", k.rsplit('/').next().unwrap_or(k))).collect();
        let names = names.join(" ");
        let why = format!("pods by selector {text} are controlled by multiple HPAs: [{names}]");
        Err(refusal("AmbiguousSelector", &why, "AmbiguousSelector", &why))
    }

    fn compute(&mut self, hpa: &mut Value, scale: &Value, caches: &Caches, ctx: &mut Ctx<'_>) -> Wanted {
        let mut wanted = Wanted { highest: None, statuses: Value::Null, error: None };
        let selector = scale["status"]["selector"].text();
        let pods = match self.pods(hpa, selector, caches) {
            Ok(pods) => pods,
            Err(Refusal { event, why, condition: (reason, message) }) => {
                self.warn(ctx, hpa, event, &why);
                set_condition(hpa, "ScalingActive", false, (reason, message), ctx.now);
                wanted.error = Some(why);
                return wanted;
            }
        };
        let spec_replicas = scale["spec"]["replicas"].int();
        let (mut first, mut failures) = (None, 0);
        let specs = hpa["spec"]["metrics"].clone();
        let mut statuses = Vec::new();
        for spec in specs.items() {
            let status_replicas = scale["status"]["replicas"].int();
            let look = Look { hpa, spec_replicas, status_replicas, selector, pods: &pods };
            match look.metric(spec, ctx) {
                Ok(c) => {
                    statuses.push(c.status);
                    if wanted.highest.as_ref().is_none_or(|(n, _)| *n == 0 || c.replicas > *n) {
                        wanted.highest = Some((c.replicas, c.name));
                    }
                }
                Err(failed) => {
                    statuses.push(value!({"type": ""}));
                    self.warn(ctx, hpa, failed.reason, &failed.why);
                    failures += 1;
                    first.get_or_insert(failed);
                }
            }
        }
        wanted.statuses = Value::from(statuses);
        if let Some(failed) = first {
            let all = specs.items().len();
            let lower = wanted.highest.as_ref().is_none_or(|(n, _)| *n < spec_replicas);
            wanted.error = Some(format!(
                "invalid metrics ({failures} invalid out of {all}), first error is: {}",
                failed.error
            ));
            if lower {
                wanted.highest = None;
                let why = format!("the HPA was unable to compute the replica count: {}", failed.why);
                set_condition(hpa, "ScalingActive", false, (failed.reason, why), ctx.now);
                return wanted;
            }
        }
        let name = wanted.highest.as_ref().map_or("", |(_, name)| name.as_str());
        let why = format!("the HPA was able to successfully calculate a replica count from {name}");
        set_condition(hpa, "ScalingActive", true, ("ValidMetricFound", why), ctx.now);
        wanted
    }

    fn reconcile(&mut self, old: &Value, caches: &Caches, ctx: &mut Ctx<'_>) {
        let (mut hpa, key, now) = (old.clone(), old.key(), ctx.now);
        let (target, mut scale) = match Self::scale(&hpa, caches, ctx) {
            Ok(found) => found,
            Err(e) => {
                self.warn(ctx, &hpa, "FailedGetScale", &e);
                let why = format!("the HPA controller was unable to get the target's current scale: {e}");
                set_condition(&mut hpa, "AbleToScale", false, ("FailedGetScale", why), now);
                return self.write_status(old, hpa, ctx);
            }
        };
        let got = "the HPA controller was able to get the target's current scale";
        set_condition(&mut hpa, "AbleToScale", true, ("SucceededGetScale", got), now);
        let current = scale["spec"]["replicas"].int();
        self.memories.entry(key.clone()).or_default().begin(current, now);
        let (min, max) = (hpa["spec"]["minReplicas"].int_or(1), hpa["spec"]["maxReplicas"].int());
        let mut statuses = Value::Null;
        let (mut desired, mut because) = (current, String::new());
        if current == 0 {
            let why = "scaling is disabled since the replica count of the target is zero";
            set_condition(&mut hpa, "ScalingActive", false, ("ScalingDisabled", why), now);
        } else if current > max {
            (desired, because) = (max, "Current number of replicas above Spec.MaxReplicas".to_owned());
        } else if current < min {
            (desired, because) = (min, "Current number of replicas below Spec.MinReplicas".to_owned());
        } else {
            let wanted = self.compute(&mut hpa, &scale, caches, ctx);
            statuses = wanted.statuses;
            // No metric at all asks for nothing.
            let nothing = wanted.error.is_none().then(|| (0, String::new()));
            let Some((proposed, metric)) = wanted.highest.or(nothing) else {
                let last = hpa["status"]["desiredReplicas"].int();
                set_status(&mut hpa, current, last, statuses, None);
                self.write_status(old, hpa.clone(), ctx);
                let why = wanted.error.unwrap_or_default();
                return self.warn(ctx, &hpa, "FailedComputeMetricsReplicas", &why);
            };
            if proposed > current {
                because = format!("{metric} above target");
            } else if proposed < current {
                "All metrics below target".clone_into(&mut because);
            }
            let memory = self.memories.entry(key.clone()).or_default();
            let n = memory.normalize(&hpa["spec"]["behavior"], proposed, Bounds { current, min, max }, now);
            set_condition(&mut hpa, "AbleToScale", true, n.able, now);
            set_condition(&mut hpa, "ScalingLimited", n.limited, n.limit, now);
            desired = n.replicas;
        }
        let rescale = desired != current;
        if rescale {
            let what = format!("New size: {desired}; reason: {because}");
            if let Err(e) = rescale_to(&target, &mut scale, &hpa, desired, ctx) {
                let error = &e.message;
                self.warn(ctx, &hpa, "FailedRescale", &format!("{what}; error: {error}"));
                let why = format!("the HPA controller was unable to update the target scale: {error}");
                set_condition(&mut hpa, "AbleToScale", false, ("FailedUpdateScale", why), now);
                let last = hpa["status"]["desiredReplicas"].int();
                set_status(&mut hpa, current, last, statuses, None);
                return self.write_status(old, hpa, ctx);
            }
            let why = format!("the HPA controller was able to update the target scale to {desired}");
            set_condition(&mut hpa, "AbleToScale", true, ("SucceededRescale", why), now);
            self.event(ctx, &hpa, EventType::Normal, "SuccessfulRescale", &what);
            let memory = self.memories.entry(key).or_default();
            memory.scaled(&hpa["spec"]["behavior"], current, desired, now);
        }
        set_status(&mut hpa, current, desired, statuses, rescale.then_some(now));
        self.write_status(old, hpa, ctx);
    }

    fn write_status(&mut self, old: &Value, hpa: Value, ctx: &mut Ctx<'_>) {
        if old["status"] == hpa["status"] {
            return;
        }
        // Whatever is refused is tried again at the next look.
        if let Err(e) = ctx.update_status(HORIZONTALPODAUTOSCALERS, hpa) {
            self.warn(ctx, old, "FailedUpdateStatus", &e.message);
        }
    }
}

fn scale_request(verb: Verb, resource: &Resource, hpa: &Value) -> Request {
    Request::new(verb, &resource.group, &resource.version, &resource.plural)
        .in_namespace(hpa.namespace())
        .named(hpa["spec"]["scaleTargetRef"]["name"].text())
        .subresource("scale")
}

fn rescale_to(
    target: &Resource,
    scale: &mut Value,
    hpa: &Value,
    replicas: i64,
    ctx: &mut Ctx<'_>,
) -> Result<(), Status> {
    let mut tries = 0;
    loop {
        scale.set_at(&["spec", "replicas"], replicas);
        match ctx.call(scale_request(Verb::Update, target, hpa).object(scale.clone())) {
            Ok(_) => return Ok(()),
            Err(e) if e.reason == Reason::Conflict && tries < SCALE_TRIES => {
                tries += 1;
                if let Ok(latest) = ctx.call(scale_request(Verb::Get, target, hpa)) {
                    *scale = latest.object;
                }
            }
            Err(e) => return Err(e),
        }
    }
}

fn set_status(hpa: &mut Value, current: i64, desired: i64, metrics: Value, rescaled: Option<Time>) {
    let old = hpa["status"].clone();
    let mut status = Value::map();
    match rescaled {
        Some(now) => status.set("lastScaleTime", now.rfc3339()),
        None if !old["lastScaleTime"].is_null() => status.set("lastScaleTime", &old["lastScaleTime"]),
        None => {}
    }
    crate::controller::set_count(&mut status, "currentReplicas", current);
    status.set("desiredReplicas", desired);
    crate::controller::set_or_remove(&mut status, "currentMetrics", metrics);
    status.set("conditions", &old["conditions"]);
    hpa.set("status", status);
}

impl Controller for HorizontalController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![HORIZONTALPODAUTOSCALERS, PODS, CUSTOMRESOURCEDEFINITIONS]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource != HORIZONTALPODAUTOSCALERS.id {
            return;
        }
        let (key, count) = (change.key(), self.by_namespace.entry(change.namespace.clone()).or_default());
        if change.is_deleted() {
            *count = count.saturating_sub(1);
            self.selectors.remove(&key);
            self.memories.remove(&key);
            self.base.queue.forget(&key);
        } else {
            *count += usize::from(change.previous.is_null());
            self.base.queue.add_after(key, change.revision, now, HPA_SYNC_PERIOD_MS);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(hpa) = caches.of_resource(HORIZONTALPODAUTOSCALERS).get(key) else { return Ok(()) };
        self.reconcile(hpa, caches, ctx);
        self.base.queue.add_after(key, 0, ctx.now, HPA_SYNC_PERIOD_MS);
        Ok(())
    }
}
