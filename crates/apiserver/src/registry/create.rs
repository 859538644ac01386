//! Create: decode, default, admit, prepare, name, validate, store.

use client::{Body, Response};
use etcd::Expect;
use objects::resources::SERVICES;
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
        if let Some(object) = self.replica(cx, body) {
            let object = self.store_new(cx, object, true)?;
            return Ok(Response { created: true, ..self.answer(cx, object) });
        }
        let object = self.decoded(cx, body.clone(), &Value::Null)?;
        let object = self.create_object(cx, object)?;
        self.remember_replica(cx, body, &object);
        let warnings = warnings::of(cx, &object, &Value::Null);
        cx.warnings.extend(warnings);
        Ok(Response { created: true, ..self.answer(cx, object) })
    }

    /// Stores a decoded new object.
    pub(crate) fn create_object(&mut self, cx: &mut Cx<'_>, object: Value) -> Result<Value, Status> {
        let (object, generated) = self.new_object(cx, object)?;
        self.store_new(cx, object, generated)
    }

    /// What is stored of a decoded new object when all have been asked, and whether its name was generated.
    pub(super) fn new_object(&mut self, cx: &mut Cx<'_>, mut object: Value) -> Result<(Value, bool), Status> {
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
        let generated = object.name().is_empty();
        if generated {
            self.name_anew(&mut object);
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
        Ok((object, generated))
    }

    fn name_anew(&mut self, object: &mut Value) {
        let name = meta::generated_name(&mut self.rng, object.meta()["generateName"].text());
        object.map_mut().entry("metadata").set("name", name);
    }

    /// Stores a new object; with another name where the one that was generated is taken.
    fn store_new(&mut self, cx: &mut Cx<'_>, mut object: Value, generated: bool) -> Result<Value, Status> {
        let mut name = object.meta()["name"].to_str();
        for _ in 1..GENERATED_NAME_TRIES {
            if !generated || self.store.get(&cx.resource.storage, &cx.key_of(&name)).is_none() {
                break;
            }
            self.name_anew(&mut object);
            name = object.meta()["name"].to_str();
        }
        // Without a second holder the object is changed in its place.
        let held = if cx.resource.storage == SERVICES.storage { object.clone() } else { Value::Null };
        let stored = self.commit_in_version(cx, &name, object, Expect::Absent);
        if stored.is_err() && !cx.dry_run() {
            self.released(cx, &held);
        }
        stored
    }
}
