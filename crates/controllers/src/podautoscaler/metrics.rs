//! Where metrics come from: the three metrics APIs, asked through the API server like any other client.
//!
//! Does not own: the values. Whoever serves `metrics.k8s.io` decides what pods use; when nobody does, the errors are
//! those of a cluster without metrics-server.
//! Models `pkg/controller/podautoscaler/metrics`.

use ordered::BTreeMap;

use client::{Ctx, Request, Verb};
use clock::{Millis, Time};
use objects::quantity::Quantity;
use objects::selector::format_label_selector;
use objects::{Reason, Status, Str, Value};

/// The window of a metric that names none.
const DEFAULT_WINDOW_MS: Millis = 60_000;

/// One pod's value in thousandths, and the time it stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodMetric {
    pub at: Option<Time>,
    pub window: Millis,
    pub value: i64,
}

pub type PodMetrics = BTreeMap<Str, PodMetric>;

/// What `client-go` says of a refusal: a path nobody serves is named after what was asked for.
fn words(status: &Status, asked: &str) -> String {
    if status.message == "the server could not find the requested resource" {
        format!("{} (get {asked})", status.message)
    } else {
        status.message.clone()
    }
}

fn milli(quantity: &Value) -> i64 {
    Quantity::of(quantity).milli_value()
}

/// A Go duration as metrics-server writes it: `30s`, `1m0s`, `15.04s`.
fn span(text: &str) -> Millis {
    let (mut total, mut digits) = (0.0, String::new());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c.is_ascii_digit() || c == '.' {
            digits.push(c);
            continue;
        }
        let unit = match (c, rest.peek()) {
            ('h', _) => 3_600_000.0,
            ('m', Some('s')) => {
                rest.next();
                1.0
            }
            ('m', _) => 60_000.0,
            ('s', _) => 1_000.0,
            _ => 0.0,
        };
        total += digits.parse::<f64>().unwrap_or(0.0) * unit;
        digits.clear();
    }
    total as Millis
}

/// What the pods that `selector` names use of `resource`, all containers together or one of them.
pub(super) fn of_resource(
    ctx: &mut Ctx<'_>,
    resource: &str,
    namespace: &str,
    selector: &str,
    container: &str,
) -> Result<PodMetrics, String> {
    let (group, version, pods) = ("metrics.k8s.io".into(), "v1beta1".into(), "pods".into());
    let mut request = Request::new(Verb::List, &group, &version, &pods).in_namespace(namespace);
    request.options.label_selector = selector.into();
    let answer = ctx.call(request).map_err(|e| {
        format!("unable to fetch metrics from resource metrics API: {}", words(&e, "pods.metrics.k8s.io"))
    })?;
    let items = answer.object["items"].items();
    if items.is_empty() {
        return Err("no metrics returned from resource metrics API".to_owned());
    }
    let metric = |m: &Value| {
        let wanted: Vec<&Value> = m["containers"]
            .items()
            .iter()
            .filter(|c| container.is_empty() || c["name"] == container)
            .collect();
        let known = !wanted.is_empty() && wanted.iter().all(|c| !c["usage"][resource].is_null());
        let value = wanted.iter().map(|c| milli(&c["usage"][resource])).sum();
        known.then(|| PodMetric { at: m["timestamp"].time(), window: span(m["window"].text()), value })
    };
    Ok(items.iter().filter_map(|m| Some((m.name().into(), metric(m)?))).collect())
}

fn custom(
    ctx: &mut Ctx<'_>,
    namespace: &str,
    (plural, name): (&str, &str),
    metric: &Value,
    selector: &str,
) -> Result<Value, String> {
    let (group, version) = ("custom.metrics.k8s.io".into(), "v1beta2".into());
    let mut request = Request::new(Verb::Get, &group, &version, &plural.into())
        .in_namespace(namespace)
        .named(name)
        .subresource(metric["name"].text());
    request.options.label_selector = selector.into();
    let metric_selector = format_label_selector(&metric["selector"]);
    if !metric["selector"].is_zero() {
        request.options.query.push(("metricLabelSelector".into(), metric_selector.into()));
    }
    let answer = ctx.call(request).map_err(|e| {
        let absent = e.reason == Reason::NotFound && !words(&e, "").eq(&e.message);
        let why =
            if absent { "no custom metrics API (custom.metrics.k8s.io) registered" } else { &e.message };
        format!("unable to fetch metrics from custom metrics API: {why}")
    })?;
    Ok(answer.object)
}

/// A metric that something reports for each pod.
pub(super) fn of_pods(
    ctx: &mut Ctx<'_>,
    namespace: &str,
    metric: &Value,
    selector: &str,
) -> Result<PodMetrics, String> {
    let answer = custom(ctx, namespace, ("pods", "*"), metric, selector)?;
    let items = answer["items"].items();
    if items.is_empty() {
        return Err("no metrics returned from custom metrics API".to_owned());
    }
    let of = |m: &Value| PodMetric {
        at: m["timestamp"].time(),
        window: m["windowSeconds"].as_int().map_or(DEFAULT_WINDOW_MS, |s| s * 1000),
        value: milli(&m["value"]),
    };
    Ok(items.iter().map(|m| (m["describedObject"]["name"].to_str(), of(m))).collect())
}

/// A metric of one object.
pub(super) fn of_object(
    ctx: &mut Ctx<'_>,
    namespace: &str,
    plural: &str,
    name: &str,
    metric: &Value,
) -> Result<i64, String> {
    let answer = custom(ctx, namespace, (plural, name), metric, "")?;
    Ok(milli(&answer["items"].items().first().unwrap_or(&answer)["value"]))
}

/// The sum of a metric from outside the cluster.
pub(super) fn external(ctx: &mut Ctx<'_>, namespace: &str, metric: &Value) -> Result<i64, String> {
    let name = metric["name"].to_str();
    let (group, version) = ("external.metrics.k8s.io".into(), "v1beta1".into());
    let mut request = Request::new(Verb::List, &group, &version, &name).in_namespace(namespace);
    if !metric["selector"].is_zero() {
        request.options.label_selector = format_label_selector(&metric["selector"]).into();
    }
    let answer = ctx.call(request).map_err(|e| {
        let why = words(&e, &format!("{name}.external.metrics.k8s.io"));
        format!("unable to fetch metrics from external metrics API: {why}")
    })?;
    let items = answer.object["items"].items();
    if items.is_empty() {
        return Err("no metrics returned from external metrics API".to_owned());
    }
    Ok(items.iter().fold(0_i64, |sum, m| sum.saturating_add(milli(&m["value"]))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        for (text, ms) in
            [("30s", 30_000), ("1m0s", 60_000), ("15.5s", 15_500), ("250ms", 250), ("1h2m3s", 3_723_000)]
        {
            assert_eq!(span(text), ms, "{text}");
        }
    }
}
