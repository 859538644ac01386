//! A body on its way to an object: decoded to what Go would store, and defaulted.
//!
//! Owns: which subtrees need no second look, so that a thousand replicas of one template cost one look and a status
//! write never touches its spec. Models the handlers' decoding and `runtime.Scheme.Default`.

use client::FieldValidation;
use objects::decode::{self, Mode};
use objects::resources::Resource;
use objects::schema::Schema;
use objects::{Status, Value};

use super::meta;
use crate::server::{ApiServer, Cx, Served};
use crate::{custom, defaults};

/// The pod spec within a write that was, or will be, accepted once for all.
#[derive(Default)]
pub(crate) struct PodSpec {
    /// As it came in.
    given: Value,
    /// As it is after defaults, before admission.
    pub(crate) defaulted: Value,
    /// It was validated before.
    pub(crate) known: bool,
}

/// Where a kind keeps its pod spec.
pub(crate) fn pod_spec_path(resource: &Resource) -> &'static [&'static str] {
    match resource.storage.as_str() {
        "pods" => &["spec"],
        "deployments.apps"
        | "replicasets.apps"
        | "statefulsets.apps"
        | "daemonsets.apps"
        | "jobs.batch"
        | "replicationcontrollers" => &["spec", "template", "spec"],
        "cronjobs.batch" => &["spec", "jobTemplate", "spec", "template", "spec"],
        "podtemplates" => &["template", "spec"],
        _ => &[],
    }
}

impl ApiServer {
    /// The body of a write as an object of its kind: unknown fields reported or refused, zero values in Go's form.
    /// Subtrees shared with `old` are taken as they are.
    pub(crate) fn decoded(&mut self, cx: &mut Cx<'_>, mut body: Value, old: &Value) -> Result<Value, Status> {
        meta::check_identity(cx, &mut body)?;
        let mode = match cx.request.options.field_validation {
            FieldValidation::Strict => Mode::Strict,
            FieldValidation::Warn => Mode::Warn,
            FieldValidation::Ignore => Mode::Ignore,
        };
        let r = &cx.resource;
        if let Served::Custom(c) = r {
            let decoded = decode::decode_custom(&body, Schema::of_custom(&c.schema), mode)
                .map_err(|why| decode::cannot_handle(&r.kind, &r.version, &why))?;
            cx.warnings.extend(decoded.warnings);
            return Ok(decoded.object);
        }
        if cx.request.options.as_stored {
            debug_assert_eq!(
                decode::decode(&body, &r.group, &r.version, &r.kind, Mode::Strict).map(|d| d.object).as_ref(),
                Ok(&body)
            );
            return Ok(body);
        }
        if self.last_decoded.0.same(&body) {
            return Ok(self.last_decoded.1.clone());
        }
        let conditions = old["status"]["conditions"].items();
        let known = |v: &Value| {
            old.entries().iter().any(|(_, w)| w.same(v))
                || conditions.iter().any(|c| c.same(v))
                || self.pods.is_known(v)
                || self.templates.is_known(v)
        };
        let decoded = decode::decode_known(&body, &r.group, &r.version, &r.kind, mode, &known)?;
        let mut object = decoded.object;
        crate::conversion::to_stored(r, &mut object);
        if old.is_null() && decoded.warnings.is_empty() {
            self.last_decoded = (body, object.clone());
        }
        cx.warnings.extend(decoded.warnings);
        Ok(object)
    }

    /// Fills in what was left out.
    pub(crate) fn default_object(&mut self, cx: &mut Cx<'_>, object: &mut Value, old: &Value) {
        let unchanged = !old.is_null()
            && object.entries().iter().all(|(k, v)| {
                matches!(k.as_str(), "metadata" | "status" | "apiVersion" | "kind")
                    || v.same(&old[k.as_str()])
            });
        if unchanged {
            cx.pod_spec.known = true;
            return;
        }
        if let Served::Custom(c) = &cx.resource {
            custom::fill_defaults(object, &c.schema);
            return;
        }
        let path = pod_spec_path(&cx.resource);
        let fill = defaults::of(&cx.resource);
        if path.is_empty() {
            fill(object);
            return;
        }
        let memory = if path.len() == 1 { &self.pods } else { &self.templates };
        let given = object.at(path).clone();
        match memory.get(&given) {
            Some(accepted) => {
                let accepted = accepted.clone();
                if path.len() > 1 {
                    // The rest of the object still gets its defaults; the known spec is put aside meanwhile.
                    *object.at_mut(path) = Value::Null;
                    fill(object);
                }
                if !object.at(path).same(&accepted) {
                    *object.at_mut(path) = accepted;
                }
                cx.pod_spec.known = true;
            }
            None => {
                fill(object);
                cx.pod_spec = PodSpec { given, defaulted: object.at(path).clone(), known: false };
            }
        }
    }

    /// Remembers the pod spec of an object that was validated.
    pub(crate) fn remember(&mut self, cx: &Cx<'_>) {
        let path = pod_spec_path(&cx.resource);
        if path.is_empty() || cx.pod_spec.known || cx.pod_spec.given.is_null() {
            return;
        }
        let memory = if path.len() == 1 { &mut self.pods } else { &mut self.templates };
        memory.remember(cx.pod_spec.given.clone(), cx.pod_spec.defaulted.clone());
    }

    /// The status that a new object of a kind starts with: Go's zero value of its type.
    pub(crate) fn zero_status(resource: &Resource) -> Value {
        let empty = objects::value!({"status": {}});
        decode::decode(&empty, &resource.group, &resource.version, &resource.kind, Mode::Ignore)
            .map(|d| d.object["status"].clone())
            .unwrap_or_default()
    }
}
