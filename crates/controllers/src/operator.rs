//! Operators written as rules: for each object of a kind, the objects it stands for, and what its status says of them.
//!
//! An `Operator` (wheelhouse.dev/v1) names the kind it watches, templates of objects, and a status. Texts in them may hold
//! `${...}`: a path into `self` (the watched object) or into a template's object by its id, with a default behind `|`. A
//! text that is one expression takes the value's type. What it makes is applied server-side in its name, is owned by the
//! watched object, and comes back when it is deleted.
//! This kind is Wheelhouse's own: it shows what an operator is without a program to build. Not modelled: loops over lists,
//! watching objects it does not own.

use std::borrow::Cow;

use client::{Body, Change, Ctx, PatchType, Request, Verb};
use clock::Time;
use objects::resources::{self, CUSTOMRESOURCEDEFINITIONS, Resource};
use objects::{Reason, Status, Str, Value, json, value};
use ordered::{BTreeMap, BTreeSet};

use crate::caches::Caches;
use crate::controller::{Base, Controller, controller_ref, has_base, internal};
use crate::pod_facts::PodFacts;

const NONE: Cow<'static, [Str]> = Cow::Borrowed(&[]);
/// How deep templates may nest.
const DEPTH: usize = 64;

static OPERATORS: Resource = Resource {
    id: Str::new_static("operators.wheelhouse.dev"),
    group: Str::new_static("wheelhouse.dev"),
    version: Str::new_static("v1"),
    plural: Str::new_static("operators"),
    singular: Str::new_static("operator"),
    kind: Str::new_static("Operator"),
    namespaced: false,
    short_names: NONE,
    categories: NONE,
    verbs: NONE,
    subresources: Cow::Borrowed(&[]),
    storage: Str::new_static("operators.wheelhouse.dev"),
};

#[derive(Clone, Debug)]
pub struct OperatorController {
    pub base: Base,
    /// The operators of a watched resource, by the resource's id.
    watching: BTreeMap<Str, BTreeSet<Str>>,
    /// Objects of watched resources, so that a new operator finds those that were there first.
    instances: BTreeMap<Str, BTreeSet<Str>>,
}

impl Default for OperatorController {
    fn default() -> Self {
        Self::new()
    }
}

/// The resource of a kind, built in or defined.
fn resource_of(api_version: &str, kind: &str, caches: &Caches) -> Option<Resource> {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    if let Some(r) = resources::by_kind(group, version, kind) {
        return Some(r.clone());
    }
    let definitions = caches.of_resource(CUSTOMRESOURCEDEFINITIONS);
    let crd = definitions.iter().map(|(_, d)| d).find(|d| {
        d["spec"]["group"] == group
            && d["spec"]["names"]["kind"] == kind
            && d["spec"]["versions"].items().iter().any(|v| v["name"] == version)
    })?;
    Some(Resource {
        id: crd.meta()["name"].to_str(),
        group: group.into(),
        version: version.into(),
        plural: crd["spec"]["names"]["plural"].to_str(),
        singular: crd["spec"]["names"]["singular"].to_str(),
        kind: kind.into(),
        namespaced: crd["spec"]["scope"] == "Namespaced",
        short_names: NONE,
        categories: NONE,
        verbs: NONE,
        subresources: Cow::Borrowed(&[]),
        storage: crd.meta()["name"].to_str(),
    })
}

impl OperatorController {
    #[must_use]
    pub fn new() -> Self {
        Self {
            base: Base::with_account("operator-controller", "operator-controller"),
            watching: BTreeMap::new(),
            instances: BTreeMap::new(),
        }
    }

    /// Finds out anew what an operator watches, and looks at all of it.
    fn subscribe(&mut self, name: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        for operators in self.watching.values_mut() {
            operators.remove(name);
        }
        let Some(operator) = caches.of_resource(&OPERATORS).get(name) else { return Ok(()) };
        let watched = &operator["spec"]["watches"];
        let (version, kind) = (watched["apiVersion"].text(), watched["kind"].text());
        let Some(resource) = resource_of(version, kind, caches) else {
            let why = format!("no matches for kind \"{kind}\" in version \"{version}\"");
            let operator = operator.clone();
            self.base.warning(ctx, &operator, "NoSuchKind", &why);
            return Err(internal(why));
        };
        self.watching.entry(resource.id.clone()).or_default().insert(name.into());
        let list = Request::new(Verb::List, &resource.group, &resource.version, &resource.plural);
        let all = ctx.call(list)?.object;
        for o in all["items"].items() {
            self.instances.entry(resource.id.clone()).or_default().insert(o.key());
            self.base.queue.add(format!("{}|{}", resource.id, o.key()), 0, ctx.now);
        }
        Ok(())
    }

    fn reconcile(&mut self, id: &str, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        let names: Vec<Str> = self.watching.get(id).into_iter().flat_map(|o| o.iter().cloned()).collect();
        for name in names {
            let Some(operator) = caches.of_resource(&OPERATORS).get(&name).cloned() else { continue };
            let watched = &operator["spec"]["watches"];
            let Some(resource) = resource_of(watched["apiVersion"].text(), watched["kind"].text(), caches)
            else {
                continue;
            };
            let (namespace, own) = objects::meta::split_key(key);
            let owner = match ctx.get(&resource, namespace, own) {
                Err(e) if e.reason == Reason::NotFound => return Ok(()),
                found => found?,
            };
            if owner.is_terminating() {
                continue;
            }
            if let Err(e) = self.make(&operator, &resource, &owner, caches, ctx) {
                self.base.warning(ctx, &owner, "ReconcileError", &e.message);
                return Err(e);
            }
        }
        Ok(())
    }

    fn make(
        &mut self,
        operator: &Value,
        resource: &Resource,
        owner: &Value,
        caches: &Caches,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Status> {
        let mut scope = value!({"self": (owner)});
        for (i, rule) in operator["spec"]["creates"].items().iter().enumerate() {
            let wanted = match rule.find("when") {
                None => true,
                Some(when) => !filled(when, &scope, 0).map_err(internal)?.is_zero(),
            };
            if !wanted {
                continue;
            }
            let mut object = filled(&rule["template"], &scope, 0).map_err(internal)?;
            let Some(kind) = resource_of(object.api_version(), object.kind(), caches) else {
                return Err(internal(format!(
                    "creates[{i}]: no matches for kind \"{}\" in version \"{}\"",
                    object.kind(),
                    object.api_version()
                )));
            };
            if object.name().is_empty() {
                object.set_at(&["metadata", "name"], owner.name());
            }
            if kind.namespaced {
                object.set_at(&["metadata", "namespace"], owner.namespace());
            }
            let reference = vec![controller_ref(owner, resource)];
            object.set_at(&["metadata", "ownerReferences"], reference);
            let mut apply = Request::new(Verb::Patch, &kind.group, &kind.version, &kind.plural)
                .in_namespace(if kind.namespaced { owner.namespace() } else { "" })
                .named(object.name())
                .patch(PatchType::Apply, Body::Object(object.clone()));
            apply.options.field_manager = operator.name().into();
            apply.options.force = true;
            let done = ctx.call(apply)?;
            if done.created {
                let message = format!("Created {} {}", kind.kind, done.object.name());
                self.base.normal(ctx, owner, "Created", &message);
            }
            let id = match rule["id"].text() {
                "" => kind.kind.to_lowercase(),
                id => id.to_owned(),
            };
            scope.set(id, done.object);
        }
        let status = &operator["spec"]["status"];
        if status.is_zero() {
            return Ok(());
        }
        let status = filled(status, &scope, 0).map_err(internal)?;
        if status.entries().iter().all(|(k, v)| owner["status"][k.as_str()] == *v) {
            return Ok(());
        }
        let patch = value!({"status": (status)});
        ctx.patch(resource, owner.namespace(), owner.name(), "status", PatchType::Merge, patch).map(|_| ())
    }
}

/// A template with its expressions replaced.
fn filled(template: &Value, scope: &Value, depth: usize) -> Result<Value, String> {
    if depth > DEPTH {
        return Err("template nested too deep".into());
    }
    Ok(match template {
        Value::Str(text) => text_filled(text, scope)?,
        Value::List(items) => {
            let all: Result<Vec<Value>, String> = items.iter().map(|i| filled(i, scope, depth + 1)).collect();
            Value::from(all?)
        }
        Value::Map(fields) => {
            let mut out = Value::map();
            for (k, v) in fields.iter() {
                let key = text_filled(k, scope)?;
                let value = filled(v, scope, depth + 1)?;
                if !value.is_null() || v.is_null() {
                    out.set(plain(&key), value);
                }
            }
            out
        }
        other => other.clone(),
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Str(s) => s.to_string(),
        other => json::to_string(other),
    }
}

fn text_filled(text: &str, scope: &Value) -> Result<Value, String> {
    if let Some(inner) = text.strip_prefix("${").and_then(|t| t.strip_suffix('}'))
        && !inner.contains("${")
    {
        return looked_up(inner, scope);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(end) = rest[start..].find('}') else {
            return Err(format!("unclosed expression in {}", json::go_quote(text)));
        };
        out.push_str(&rest[..start]);
        out.push_str(&plain(&looked_up(&rest[start + 2..start + end], scope)?));
        rest = &rest[start + end + 1..];
    }
    out.push_str(rest);
    Ok(Value::from(out))
}

/// `self.spec.replicas | 1`, `deployment.status.conditions[0].type`
fn looked_up(expression: &str, scope: &Value) -> Result<Value, String> {
    let (path, default) = match expression.split_once('|') {
        Some((path, default)) => (path.trim(), Some(default.trim())),
        None => (expression.trim(), None),
    };
    let mut at = scope;
    for (i, step) in path.split('.').enumerate() {
        let (name, index) = match step.split_once('[') {
            None => (step, None),
            Some((name, index)) => {
                let index = index.strip_suffix(']').and_then(|n| n.parse::<usize>().ok());
                (name, Some(index.ok_or_else(|| format!("bad index in {expression:?}"))?))
            }
        };
        if i == 0 && scope.find(name).is_none() {
            // An object that is not wanted now has no fields; a name that means nothing is a mistake.
            let known = scope.entries().iter().map(|(k, _)| k.as_str()).collect::<Vec<_>>().join(", ");
            return match default {
                Some(text) => Ok(json::parse(text).unwrap_or_else(|_| Value::from(text))),
                None => Err(format!("{name:?} in {expression:?} is unknown: there are {known}")),
            };
        }
        at = &at[name];
        if let Some(n) = index {
            at = &at[n];
        }
    }
    Ok(match default {
        Some(text) if at.is_null() => json::parse(text).unwrap_or_else(|_| Value::from(text)),
        _ => at.clone(),
    })
}

impl Controller for OperatorController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![&OPERATORS, CUSTOMRESOURCEDEFINITIONS]
    }

    fn watches_everything(&self) -> bool {
        true
    }

    fn concerns(&self, _: &PodFacts<'_>) -> bool {
        !self.watching.is_empty()
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == OPERATORS.id {
            self.base.queue.add(change.name.clone(), change.revision, now);
            return;
        }
        if self.watching.is_empty() {
            return;
        }
        if self.watching.contains_key(&change.resource) {
            let known = self.instances.entry(change.resource.clone()).or_default();
            if change.is_deleted() {
                known.remove(&change.key());
            } else {
                known.insert(change.key());
                self.base.queue.add(format!("{}|{}", change.resource, change.key()), change.revision, now);
            }
        }
        // A change of what it made leads back to the owner.
        let owner = change.object.controller_ref();
        if owner.is_null() {
            return;
        }
        for (id, known) in &self.instances {
            let key = crate::caches::key_of(&change.namespace, owner["name"].text());
            let group = owner["apiVersion"].text().rsplit_once('/').map_or("", |(g, _)| g);
            let of_group = id.split_once('.').is_some_and(|(_, g)| g == group);
            if of_group && known.contains(&key) {
                self.base.queue.add(format!("{id}|{key}"), change.revision, now);
            }
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        match key.split_once('|') {
            Some((id, instance)) => self.reconcile(id, instance, caches, ctx),
            None => self.subscribe(key, caches, ctx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_keep_types_and_have_defaults() {
        let scope = value!({"self": {"spec": {"n": 3, "tags": ["a", "b"], "name": "web"}}});
        let template = value!({
            "replicas": "${self.spec.n}", "more": "${self.spec.m | 1}", "tag": "${self.spec.tags[1]}",
            "host": "${self.spec.name}.example.com", "gone": "${self.spec.nosuch}", "list": ["x-${self.spec.n}"]
        });
        let want = value!({
            "replicas": 3, "more": 1, "tag": "b", "host": "web.example.com", "list": ["x-3"]
        });
        assert_eq!(filled(&template, &scope, 0), Ok(want));
    }

    #[test]
    fn mistakes_are_named() {
        let scope = value!({"self": {}});
        assert!(
            filled(&value!({"a": "${slef.spec}"}), &scope, 0).is_err_and(|e| e.contains("there are self"))
        );
        assert!(filled(&value!({"a": "x ${self.spec"}), &scope, 0).is_err());
        assert!(filled(&value!({"a": "${self.spec[x]}"}), &scope, 0).is_err());
    }
}
