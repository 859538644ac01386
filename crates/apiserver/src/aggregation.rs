//! APIs that other servers answer: the three metrics APIs, behind the APIServices that register them.
//!
//! Owns: the numbers those servers last reported, and the answers made of them: `metrics.k8s.io/v1beta1` (nodes,
//! pods), `custom.metrics.k8s.io` and `external.metrics.k8s.io`.
//! Does not own: who measures and how often (the cluster's metrics server and load).
//! Models `k8s.io/kube-aggregator` (a group without an APIService is not found, an unavailable one answers 503),
//! `k8s.io/metrics` and sigs.k8s.io/metrics-server's API. Not modelled: any other aggregated server: its group answers
//! 503, as a service that nobody runs.

use ordered::BTreeMap;
use std::borrow::Cow;

use client::{Caller, Request, Response, TableOf, Verb};
use clock::{Millis, Time};
use objects::quantity::{Format, Quantity};
use objects::resources::{self, APISERVICES, Resource};
use objects::selector::LabelSelector;
use objects::{Reason, Status, Str, Value, value};
use smol_str::format_smolstr;

use crate::server::{ApiServer, no_such_resource};

const METRICS: &str = "metrics.k8s.io";
const CUSTOM: &str = "custom.metrics.k8s.io";
const EXTERNAL: &str = "external.metrics.k8s.io";

/// What something used over a window: CPU in billionths of a core, memory in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Time,
    pub window: Millis,
    /// One entry for a node, one a container for a pod.
    pub parts: Vec<(Str, i64, i64)>,
}

/// A metric of one object: resource (`services`, `pods`, `ingresses.networking.k8s.io`), namespace, object, metric.
pub type CustomKey = (Str, Str, Str, Str);

/// A metric from outside the cluster, by namespace and metric, with its labels.
pub type ExternalKey = (Str, Str, Vec<(Str, Str)>);

/// The latest numbers. Plain data.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// By node name.
    pub nodes: BTreeMap<Str, Sample>,
    /// By `namespace/name`.
    pub pods: BTreeMap<Str, Sample>,
    /// In thousandths.
    pub custom: BTreeMap<CustomKey, (Time, i64)>,
    /// In thousandths.
    pub external: BTreeMap<ExternalKey, (Time, i64)>,
}

const NO: Cow<'static, [Str]> = Cow::Borrowed(&[]);
static READ: [Str; 2] = [Str::new_static("get"), Str::new_static("list")];
static GET: [Str; 1] = [Str::new_static("get")];

const fn resource(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
    verbs: Cow<'static, [Str]>,
) -> Resource {
    Resource {
        id: Str::new_static(plural),
        group: Str::new_static(group),
        version: Str::new_static(version),
        plural: Str::new_static(plural),
        singular: Str::new_static(""),
        kind: Str::new_static(kind),
        namespaced,
        short_names: NO,
        categories: NO,
        verbs,
        subresources: Cow::Borrowed(&[]),
        storage: Str::new_static(""),
    }
}

/// What discovery lists of these groups while they are registered. Custom and external metrics are named by what
/// reports them; those that the load model reports stand here.
static SERVED: [Resource; 6] = [
    resource(METRICS, "v1beta1", "nodes", "NodeMetrics", false, Cow::Borrowed(&READ)),
    resource(METRICS, "v1beta1", "pods", "PodMetrics", true, Cow::Borrowed(&READ)),
    resource(CUSTOM, "v1beta2", "pods/requests_per_second", "MetricValueList", true, Cow::Borrowed(&GET)),
    resource(CUSTOM, "v1beta2", "services/requests_per_second", "MetricValueList", true, Cow::Borrowed(&GET)),
    resource(
        CUSTOM,
        "v1beta2",
        "ingresses.networking.k8s.io/requests_per_second",
        "MetricValueList",
        true,
        Cow::Borrowed(&GET),
    ),
    resource(
        EXTERNAL,
        "v1beta1",
        "requests_per_second",
        "ExternalMetricValueList",
        true,
        Cow::Borrowed(&GET),
    ),
];

fn unavailable() -> Status {
    Status::new(Reason::ServiceUnavailable, "the server is currently unable to handle the request")
}

fn cpu(nanos: i64) -> Value {
    if nanos == 0 { Value::str("0") } else { format!("{nanos}n").into() }
}

fn memory(bytes: i64) -> Value {
    format!("{}Ki", bytes / 1024).into()
}

/// A Go duration to the millisecond: `15s`, `1m0s`, `14.5s`.
fn window(ms: Millis) -> String {
    let (minutes, rest) = (ms / 60_000, ms % 60_000);
    let mut seconds = format!("{}.{:03}", rest / 1000, rest % 1000);
    seconds.truncate(seconds.trim_end_matches('0').trim_end_matches('.').len());
    if minutes > 0 { format!("{minutes}m{seconds}s") } else { format!("{seconds}s") }
}

fn milli(n: i64) -> Value {
    Quantity::from_millis(n, Format::Decimal).canonical().into()
}

/// A path that names objects, as a request: `/apis/apps/v1/namespaces/x/deployments/web/scale`.
pub(crate) fn request_of_path(request: &Request) -> Option<Request> {
    let path = request.path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let (namespace, rest) = match rest {
        ["namespaces", ns, rest @ ..] if !rest.is_empty() && !matches!(rest[0], "status" | "finalize") => {
            (*ns, rest)
        }
        rest => ("", rest),
    };
    let (plural, name, sub) = match rest {
        [plural] => (*plural, "", ""),
        [plural, name] => (*plural, *name, ""),
        [plural, name, sub] => (*plural, *name, *sub),
        _ => return None,
    };
    let verb = if name.is_empty() { Verb::List } else { Verb::Get };
    let mut r = Request::new(verb, &group.into(), &version.into(), &plural.into())
        .in_namespace(namespace)
        .named(name)
        .subresource(sub);
    r.options = request.options.clone();
    for pair in request.path.split_once('?').map_or("", |(_, q)| q).split('&') {
        match pair.split_once('=') {
            Some(("labelSelector", v)) => r.options.label_selector = unescaped(v),
            Some(("fieldSelector", v)) => r.options.field_selector = unescaped(v),
            Some(("limit", v)) => r.options.limit = v.parse().ok(),
            Some((k, v)) => r.options.query.push((k.into(), unescaped(v))),
            None => {}
        }
    }
    Some(r)
}

/// Percent escapes of a query undone.
fn unescaped(text: &str) -> Str {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        let code = |r: &mut std::str::Bytes<'_>| {
            let (a, b) = (char::from(r.next()?).to_digit(16)?, char::from(r.next()?).to_digit(16)?);
            u8::try_from(a * 16 + b).ok()
        };
        match b {
            b'%' => bytes.extend(code(&mut rest)),
            b'+' => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).as_ref().into()
}

impl ApiServer {
    /// The numbers other servers report.
    pub fn measured_mut(&mut self) -> &mut Measured {
        &mut self.measured
    }

    #[must_use]
    pub fn measured(&self) -> &Measured {
        &self.measured
    }

    /// Whether an APIService registers this version of a group, and whether its server answers.
    #[must_use]
    pub fn aggregated(&self, group: &str, version: &str) -> Option<bool> {
        let name = format_smolstr!("{version}.{group}");
        let service = self.get(&APISERVICES.storage, "", &name)?;
        (!service["spec"]["service"].is_null()).then(|| service.condition_true("Available"))
    }

    /// What discovery adds for the groups that are registered and answer.
    pub(crate) fn aggregated_resources(&self) -> impl Iterator<Item = &Resource> + use<'_> {
        SERVED.iter().filter(|r| self.aggregated(&r.group, &r.version) == Some(true))
    }

    /// Answers a request for a group that is no built-in and no custom one, if an APIService registers it.
    pub(crate) fn aggregate(
        &mut self,
        caller: &Caller,
        request: &Request,
    ) -> Option<Result<Response, Status>> {
        let group = request.group.as_str();
        if !group.contains('.') || resources::all().iter().any(|r| r.group == group) {
            return None;
        }
        let available = self.aggregated(group, &request.version)?;
        if !available {
            return Some(Err(unavailable()));
        }
        Some(self.aggregated_answer(caller, request))
    }

    fn aggregated_answer(&mut self, caller: &Caller, request: &Request) -> Result<Response, Status> {
        let group = request.group.as_str();
        let mut r = SERVED.iter().find(|r| r.group == group).cloned().ok_or_else(unavailable)?;
        r.id = format_smolstr!("{}.{group}", request.resource);
        self.authorize(caller, request, &r)?;
        if !matches!(request.verb, Verb::Get | Verb::List) {
            return Err(crate::server::method_not_allowed());
        }
        let object = match group {
            METRICS => self.resource_metrics(request)?,
            CUSTOM => self.custom_metrics(request)?,
            _ => self.external_metrics(request)?,
        };
        Ok(Response { object, ..Response::default() })
    }

    fn resource_metrics(&self, request: &Request) -> Result<Value, Status> {
        let labels = LabelSelector::parse(&request.options.label_selector).map_err(Status::bad_request)?;
        let (kind, samples, of): (&str, Vec<(&Str, &Sample)>, &Resource) = match request.resource.as_str() {
            "nodes" => ("NodeMetrics", self.measured.nodes.iter().collect(), resources::NODES),
            "pods" => {
                let from = format_smolstr!("{}/", request.namespace);
                let all = self.measured.pods.iter();
                let here = all.filter(|(k, _)| request.namespace.is_empty() || k.starts_with(from.as_str()));
                ("PodMetrics", here.collect(), resources::PODS)
            }
            _ => return Err(no_such_resource()),
        };
        let mut items = Vec::new();
        for (key, sample) in samples {
            let (namespace, name) = objects::meta::split_key(key);
            if !request.name.is_empty() && request.name != name {
                continue;
            }
            // What was measured of an object that has gone is not told.
            let Some(object) = self.get(&of.storage, namespace, name) else { continue };
            if !labels.matches(object.labels()) {
                continue;
            }
            items.push(self.metrics_of(kind, object, sample));
        }
        if !request.name.is_empty() {
            let missing = || {
                let what = if kind == "PodMetrics" {
                    format!("{}/{}", request.namespace, request.name)
                } else {
                    request.name.to_string()
                };
                Status::not_found(METRICS, &kind.to_lowercase(), &what)
            };
            let one = items.pop().ok_or_else(missing)?;
            return Ok(match request.options.table {
                TableOf::No => one,
                _ => table(kind, &[one]),
            });
        }
        Ok(match request.options.table {
            TableOf::No => value!({
                "kind": (format!("{kind}List")), "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {},
                "items": (Value::from(items)),
            }),
            _ => table(kind, &items),
        })
    }

    fn metrics_of(&self, kind: &str, object: &Value, sample: &Sample) -> Value {
        let mut meta = value!({"name": (object.name()), "creationTimestamp": (self.now.rfc3339())});
        if !object.namespace().is_empty() {
            meta.set("namespace", object.namespace());
        }
        if !object.labels().is_zero() {
            meta.set("labels", object.labels());
        }
        let mut m = value!({
            "kind": (kind), "apiVersion": "metrics.k8s.io/v1beta1", "metadata": (meta),
            "timestamp": (sample.at.rfc3339()), "window": (window(sample.window)),
        });
        let usage = |c: i64, b: i64| value!({"cpu": (cpu(c)), "memory": (memory(b))});
        if kind == "NodeMetrics" {
            if let Some((_, c, b)) = sample.parts.first() {
                m.set("usage", usage(*c, *b));
            }
        } else {
            let all: Value = sample
                .parts
                .iter()
                .map(|(n, c, b)| value!({"name": (n), "usage": (usage(*c, *b))}))
                .collect();
            m.set("containers", all);
        }
        m
    }

    fn custom_metrics(&self, request: &Request) -> Result<Value, Status> {
        let metric = request.subresource.as_str();
        let labels = LabelSelector::parse(&request.options.label_selector).map_err(Status::bad_request)?;
        let from = (request.resource.clone(), request.namespace.clone(), Str::default(), Str::default());
        let all = self.measured.custom.range(from..);
        let here = all.take_while(|((r, ns, ..), _)| *r == request.resource && *ns == request.namespace);
        let short = request.resource.split('.').next().unwrap_or_default();
        let described = resources::all().iter().find(|r| r.plural == short);
        let mut items = Vec::new();
        for ((_, namespace, name, m), (at, value)) in here {
            if m != metric || (request.name != "*" && request.name != name.as_str()) {
                continue;
            }
            let Some(r) = described else { continue };
            let object = self.get(&r.storage, namespace, name);
            if request.name == "*" && !object.is_some_and(|o| labels.matches(o.labels())) {
                continue;
            }
            items.push(value!({
                "describedObject": {
                    "kind": (&r.kind), "namespace": (namespace), "name": (name), "apiVersion": (r.api_version())
                },
                "metric": {"name": (metric)}, "timestamp": (at.rfc3339()), "value": (milli(*value)),
            }));
        }
        if items.is_empty() {
            let why = format!(
                "the server could not find the metric {metric} for {} {}",
                request.resource, request.name
            );
            let why = if request.name == "*" {
                format!("the server could not find the metric {metric} for {}", request.resource)
            } else {
                why
            };
            return Err(Status::new(Reason::NotFound, why));
        }
        Ok(value!({
            "kind": "MetricValueList", "apiVersion": (format!("{CUSTOM}/{}", request.version)), "metadata": {},
            "items": (Value::from(items)),
        }))
    }

    fn external_metrics(&self, request: &Request) -> Result<Value, Status> {
        let labels = LabelSelector::parse(&request.options.label_selector).map_err(Status::bad_request)?;
        let all = self.measured.external.iter();
        let items: Value = all
            .filter(|((ns, metric, _), _)| *ns == request.namespace && *metric == request.resource)
            .filter_map(|((_, metric, tags), (at, value))| {
                let mut map = Value::map();
                for (k, v) in tags {
                    map.set(k.clone(), v);
                }
                labels.matches(&map).then(|| {
                    value!({
                        "metricName": (metric), "metricLabels": (map), "timestamp": (at.rfc3339()),
                        "value": (milli(*value)),
                    })
                })
            })
            .collect();
        Ok(value!({
            "kind": "ExternalMetricValueList", "apiVersion": (format!("{EXTERNAL}/{}", request.version)),
            "metadata": {}, "items": (items),
        }))
    }
}

/// metrics-server's table: name, CPU, memory, window.
fn table(kind: &str, items: &[Value]) -> Value {
    let column = |name: &str, kind: &str, format: &str| value!({"name": (name), "type": (kind), "format": (format), "description": "", "priority": 0});
    let rows: Value = items
        .iter()
        .map(|m| {
            let sum = |field: &str, format: Format| {
                let mut all = Quantity::from_units(0, format);
                for c in m["containers"].items() {
                    all.add(&Quantity::of(&c["usage"][field]));
                }
                all.canonical()
            };
            let [c, b] = if kind == "NodeMetrics" {
                [m["usage"]["cpu"].text().to_owned(), m["usage"]["memory"].text().to_owned()]
            } else {
                [sum("cpu", Format::Decimal), sum("memory", Format::Binary)]
            };
            value!({
                "cells": [(m.name()), (c), (b), (m["window"].text())],
                "object": {
                    "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": (m.meta().clone())
                },
            })
        })
        .collect();
    value!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": [
            (column("Name", "string", "name")), (column("cpu", "string", "")), (column("memory", "string", "")),
            (column("Window", "string", ""))
        ],
        "rows": (rows)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_requests() {
        let table = [
            ("/api/v1/pods", Some(("", "pods", "", "", ""))),
            ("/api/v1/namespaces/x/pods/a/log", Some(("", "pods", "x", "a", "log"))),
            ("/api/v1/namespaces/x", Some(("", "namespaces", "", "x", ""))),
            ("/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=a%3Db", Some((METRICS, "nodes", "", "", ""))),
            (
                "/apis/apps/v1/namespaces/x/deployments/d/scale",
                Some(("apps", "deployments", "x", "d", "scale")),
            ),
            ("/apis/apps/v1", None),
            ("/version", None),
        ];
        for (path, wanted) in table {
            let got = request_of_path(&Request::raw(path));
            let got = got.as_ref().map(|r| {
                let (g, p, n) = (r.group.as_str(), r.resource.as_str(), r.namespace.as_str());
                (g, p, n, r.name.as_str(), r.subresource.as_str())
            });
            assert_eq!(got, wanted, "{path}");
        }
        let r = request_of_path(&Request::raw("/api/v1/pods?labelSelector=a%3Db%2Cc"));
        assert_eq!(r.map(|r| r.options.label_selector).as_deref(), Some("a=b,c"));
    }

    #[test]
    fn windows_as_go_prints_them() {
        for (ms, text) in [(15_000, "15s"), (14_250, "14.25s"), (60_000, "1m0s"), (90_500, "1m30.5s")] {
            assert_eq!(window(ms), text);
        }
    }
}
