//! The API server from outside: requests in, responses, changes and watch events out.

mod admission;
mod authentication;
mod autoscaling;
mod certificates;
mod columns;
mod components;
mod custom;
mod lifecycle;
mod paths;
mod policies;
mod refusals;
mod rights;
mod verdicts;
mod volumes;
mod watching;
mod webhooks;

use apiserver::{ApiServer, Config};
use client::{Body, Caller, PatchType, Request, Response, Verb};
use clock::{Rng, Time};
use objects::resources::{self, Resource};
use objects::{Status, Value};

/// A server with a hand on its clock.
pub(crate) struct Desk {
    pub(crate) server: ApiServer,
    pub(crate) now: Time,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { server: ApiServer::new(&Rng::new(1), Config::default(), Time::EPOCH), now: Time::EPOCH + 1000 }
    }

    pub(crate) fn call(&mut self, request: Request) -> Result<Response, Status> {
        let caller = Caller {
            user: "admin".into(),
            groups: vec!["system:masters".into()],
            actor: "you".into(),
            ..Caller::default()
        };
        self.server.handle(&caller, request, self.now)
    }

    pub(crate) fn create(&mut self, object: Value) -> Result<Value, Status> {
        let r = resources::of(&object).expect("a built-in kind");
        let ns = if r.namespaced && object.namespace().is_empty() { "default" } else { object.namespace() };
        self.call(to(Verb::Create, r).in_namespace(ns).object(object.clone())).map(|r| r.object)
    }

    pub(crate) fn update(&mut self, object: Value, subresource: &str) -> Result<Value, Status> {
        let r = resources::of(&object).expect("a built-in kind");
        let request = to(Verb::Update, r)
            .in_namespace(object.namespace())
            .named(object.name())
            .subresource(subresource)
            .object(object.clone());
        self.call(request).map(|r| r.object)
    }

    pub(crate) fn patch(
        &mut self,
        r: &Resource,
        name: &str,
        kind: PatchType,
        patch: Value,
    ) -> Result<Value, Status> {
        self.call(at(Verb::Patch, r, name).patch(kind, Body::Object(patch))).map(|r| r.object)
    }

    pub(crate) fn get(&mut self, r: &Resource, name: &str) -> Result<Value, Status> {
        self.call(at(Verb::Get, r, name)).map(|r| r.object)
    }

    pub(crate) fn delete(&mut self, r: &Resource, name: &str) -> Result<Value, Status> {
        self.call(at(Verb::Delete, r, name)).map(|r| r.object)
    }
}

pub(crate) fn to(verb: Verb, r: &Resource) -> Request {
    Request::new(verb, &r.group, &r.version, &r.plural)
}

/// A request about one object, in `default` if it has a namespace.
pub(crate) fn at(verb: Verb, r: &Resource, name: &str) -> Request {
    to(verb, r).in_namespace(if r.namespaced { "default" } else { "" }).named(name)
}

/// The text of a refusal.
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> String {
    match result {
        Ok(v) => panic!("accepted: {v:?}"),
        Err(s) => format!("{:?}: {}", s.reason, s.message),
    }
}
