//! Patch: the stored object with a change applied, then an update.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/handlers/patch.go`.

use client::{Body, FieldValidation, PatchType, Response};
use objects::decode::{self, Mode};
use objects::patch::{go_value, json_patch, merge_patch, strategic};
use objects::schema::{Schema, type_for};
use objects::status::Cause;
use objects::{Reason, Status, Value, json, yaml};

use super::{Part, managers};
use crate::server::{ApiServer, Cx, Served};

impl ApiServer {
    #[inline(never)]
    pub(crate) fn patch(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        self.patch_part(cx, Part::Main)
    }

    pub(crate) fn patch_part(&mut self, cx: &mut Cx<'_>, part: Part) -> Result<Response, Status> {
        let old = match self.stored(cx) {
            Err(_) if cx.request.patch_type == Some(PatchType::Apply) && part == Part::Main => {
                let config = configuration(cx)?;
                let object = self.applied(cx, &Value::Null, &config, part)?;
                let object = self.decoded(cx, object, &Value::Null)?;
                let object = self.create_object(cx, object)?;
                return Ok(Response { created: true, ..self.answer(cx, object) });
            }
            old => self.in_request_version(cx, old?)?,
        };
        if managers::is_apply(cx) {
            let config = configuration(cx)?;
            let new = self.applied(cx, &old, &config, part)?;
            let new = self.decoded(cx, new, &old)?;
            let new = self.update_object(cx, new, old, part)?;
            return Ok(self.answer(cx, new));
        }
        let kind = cx.resource.kind.clone();
        let (group, version) = (cx.resource.group.clone(), cx.resource.version.clone());
        let new = patched(cx, &old, [&group, &version, &kind])?;
        let new = self.decoded_patch(cx, new, &old)?;
        let new = self.update_object(cx, new, old, part)?;
        Ok(self.answer(cx, new))
    }

    /// As [`Self::decoded`], but what is wrong with a patched object is said of the patch.
    fn decoded_patch(&mut self, cx: &mut Cx<'_>, new: Value, old: &Value) -> Result<Value, Status> {
        if matches!(cx.resource, Served::Custom(_)) {
            return self.decoded(cx, new, old);
        }
        let r = &cx.resource;
        let known = |v: &Value| {
            old.entries().iter().any(|(_, w)| w.same(v))
                || self.pods.is_known(v)
                || self.templates.is_known(v)
        };
        let decoded = decode::decode_known(&new, &r.group, &r.version, &r.kind, Mode::Warn, &known);
        let strategic = cx.request.patch_type == Some(PatchType::Strategic);
        let shown = || {
            let text =
                if strategic { go_value(&body(cx).unwrap_or_default()) } else { json::to_string(&new) };
            json::go_quote(&text)
        };
        let wrong = |why: &str| {
            let message = format!("Invalid value: {}: {why}", shown());
            Status::invalid(
                "",
                "",
                "",
                vec![Cause { reason: "FieldValueInvalid", field: "patch".into(), message }],
            )
        };
        let decoded = decoded.map_err(|status| {
            let why = status.message.split_once(&format!("cannot be handled as a {}: ", r.kind));
            let why = why.map_or(status.message.as_str(), |(_, w)| w);
            wrong(&if strategic { converter_text(why) } else { why.to_owned() })
        })?;
        if !decoded.warnings.is_empty() {
            match cx.request.options.field_validation {
                FieldValidation::Strict => return Err(wrong(&decode::strict_error(&decoded.warnings))),
                FieldValidation::Warn => cx.warnings.extend(decoded.warnings),
                FieldValidation::Ignore => {}
            }
        }
        Ok(decoded.object)
    }
}

/// A strategic patch is not decoded from JSON but converted, which words wrong types in its own way.
fn converter_text(decoder: &str) -> String {
    let Some(rest) = decoder.strip_prefix("json: cannot unmarshal ") else { return decoder.to_owned() };
    let from = rest.split(' ').next().unwrap_or_default();
    let from = match from {
        "object" => "map",
        "array" => "slice",
        "number" => "int64",
        other => other,
    };
    let to = rest.rsplit(' ').next().unwrap_or_default();
    if to.starts_with("[]") {
        format!("cannot restore slice from {from}")
    } else if to.starts_with("map[") {
        format!("cannot restore map from {from}")
    } else if to.contains('.') {
        format!("cannot restore struct from: {from}")
    } else {
        format!("unrecognized type: {to}")
    }
}

/// The configuration that an apply patch carries, under the name it is applied to.
fn configuration(cx: &Cx<'_>) -> Result<Value, Status> {
    let mut config = body(cx)?;
    if config.as_map().is_none() {
        return Err(Status::bad_request("error decoding YAML: the configuration is no object"));
    }
    if config.name().is_empty() {
        config.set_at(&["metadata", "name"], cx.request.name.clone());
    }
    if config.namespace().is_empty() && cx.resource.namespaced {
        config.set_at(&["metadata", "namespace"], cx.request.namespace.clone());
    }
    Ok(config)
}

/// The request's body as a tree: patches may come as text.
fn body(cx: &Cx<'_>) -> Result<Value, Status> {
    match &cx.request.body {
        Body::Object(v) => Ok(v.clone()),
        Body::Text(text) if cx.request.patch_type == Some(PatchType::Apply) => yaml::load(text)
            .map(|d| d.value)
            .map_err(|e| Status::bad_request(format!("error decoding YAML: {e}"))),
        Body::Text(text) => json::parse(text).map_err(|e| match cx.request.patch_type {
            Some(PatchType::Strategic) => Status::bad_request(e.message),
            _ => Status::bad_request(format!("error decoding patch: {}", e.message)),
        }),
        Body::None => Err(Status::bad_request("the body of the request was empty")),
    }
}

/// `old` (of this group, version and kind) with the request's patch applied.
pub(crate) fn patched(cx: &Cx<'_>, old: &Value, kind: [&str; 3]) -> Result<Value, Status> {
    let patch = body(cx)?;
    match cx.request.patch_type {
        Some(PatchType::Strategic) if matches!(cx.resource, Served::Custom(_)) => Err(Status::new(
            Reason::UnsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )),
        Some(PatchType::Merge) => Ok(merge_patch::apply(old, &patch)),
        Some(PatchType::Json) => json_patch::apply(old, &patch).map_err(|e| {
            if matches!(patch, Value::List(_)) {
                Status::new(Reason::Invalid, "the server rejected our request due to an error in our request")
            } else {
                Status::bad_request(format!("error decoding patch: {e}"))
            }
        }),
        Some(PatchType::Apply) => Err(Status::bad_request("an apply patch is merged by field managers")),
        Some(PatchType::Strategic) => {
            let schema = type_for(kind[0], kind[1], kind[2]).map_or(Schema::Unknown, Schema::of_type);
            strategic::apply(old, &patch, schema).map_err(|e| Status::bad_request(e.0))
        }
        None => Err(Status::new(
            Reason::UnsupportedMediaType,
            "the body of the request was in an unknown format - accepted media types include: \
             application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, \
             application/apply-patch+yaml",
        )),
    }
}
