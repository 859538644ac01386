//! Create: decode, default, admit, prepare, name, validate, store.

use client::{Body, Response};
use etcd::Expect;
use objects::{Status, Value};

use super::meta;
use super::warnings;
use crate::server::{ApiServer, Cx};
use crate::strategy;

/// How many generated names are tried before the collision is reported.
const GENERATED_NAME_TRIES: usize = 8;

impl ApiServer {
    pub(crate) fn create(&mut self, cx: &mut Cx<'_>) -> Result<Response, Status> {
        let Body::Object(body) = &cx.request.body else {
            return Err(Status::bad_request("the body of the request was empty"));
        };
        let object = self.decoded(cx, body.clone(), &Value::Null)?;
        let object = self.create_object(cx, object)?;
        let warnings = warnings::of(cx, &object, &Value::Null);
        cx.warnings.extend(warnings);
        Ok(Response { created: true, ..self.answer(cx, object) })
    }

    /// Stores a decoded new object.
    pub(crate) fn create_object(&mut self, cx: &mut Cx<'_>, mut object: Value) -> Result<Value, Status> {
        let strategy = strategy::of(&cx.resource);
        if object.name().is_empty() && object.meta()["generateName"].text().is_empty() {
            // Upstream's validation says it the same way.
            let cause = objects::status::Cause {
                reason: "FieldValueRequired",
                field: "metadata.name".into(),
                message: "Required value: name or generateName is required".into(),
            };
            return Err(cx.invalid("", vec![cause]));
        }
        meta::stamp_new(cx, &mut self.rng, &mut object, strategy.generation);
        self.default_object(cx, &mut object, &Value::Null);
        self.manage_new(cx, &mut object);
        self.admit_create(cx, &mut object)?;
        let base = if object.name().is_empty() { object.meta()["generateName"].to_str() } else { "".into() };
        if !base.is_empty() {
            let name = meta::generated_name(&mut self.rng, &base);
            object.map_mut().entry("metadata").set("name", name);
        }
        if strategy.status && cx.resource.storage != "pods" {
            match Self::zero_status(&cx.resource) {
                Value::Null => drop(object.remove("status")),
                zero => object.set("status", zero),
            }
        }
        (strategy.prepare_create)(&mut object, cx.now);
        self.allocate(cx, &mut object, &Value::Null)?;
        self.validate_new(cx, &object)?;
        self.remember(cx);
        self.admit_valid(cx, &object)?;
        (strategy.canonicalize)(&mut object);
        for attempt in 1.. {
            if attempt > 1 {
                let name = meta::generated_name(&mut self.rng, &base);
                object.map_mut().entry("metadata").set("name", name);
            }
            let name = object.meta()["name"].to_str();
            match self.commit_in_version(cx, &name, object.clone(), Expect::Absent) {
                Err(_) if !base.is_empty() && attempt < GENERATED_NAME_TRIES => {}
                Ok(stored) => return Ok(stored),
                Err(status) => {
                    if !cx.dry_run() {
                        self.released(cx, &object);
                    }
                    return Err(status);
                }
            }
        }
        Err(cx.not_found())
    }
}
