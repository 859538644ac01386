//! What a policy or webhook is told of a request.

use std::sync::Arc;

use cel::{Authorizer, Question, Val};
use client::Verb;
use objects::{Str, Value, value};

use crate::authorization;
use crate::registry::meta;
use crate::server::{ApiServer, Cx};
use crate::subresources::scale_of;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// One write, as admission sees it. Objects are in the request's version; null where there is none.
pub(crate) struct Attributes {
    pub(crate) operation: Operation,
    /// Group, version and kind of the object.
    pub(crate) kind: [Str; 3],
    pub(crate) group: Str,
    pub(crate) version: Str,
    pub(crate) resource: Str,
    pub(crate) subresource: Str,
    /// Group and version of the same resource under other names.
    pub(crate) equivalents: Vec<(Str, Str)>,
    pub(crate) name: Str,
    /// A Namespace is in itself.
    pub(crate) namespace: Str,
    pub(crate) namespaced: bool,
    pub(crate) object: Value,
    pub(crate) old: Value,
    /// The Namespace that the object is in, else null.
    pub(crate) namespace_object: Value,
    user: Value,
    /// What expressions ask for rights; null while no expression does.
    pub(super) authorizer: Val,
    pub(crate) dry_run: bool,
}

impl Attributes {
    pub(crate) fn of(
        server: &ApiServer,
        cx: &Cx<'_>,
        operation: Operation,
        object: &Value,
        old: &Value,
    ) -> Self {
        let r = &cx.resource;
        let subresource =
            if cx.evicting { Str::new_static("eviction") } else { cx.request.subresource.clone() };
        let shown = |object: &Value| {
            if object.is_null() {
                Value::Null
            } else if subresource == "scale" {
                scale_of(object)
            } else {
                meta::in_version(r, object.clone())
            }
        };
        let kind = match r.subresource(&subresource) {
            Some(s) => [s.group.clone(), s.version.clone(), s.kind.clone()],
            None => [r.group.clone(), r.version.clone(), r.kind.clone()],
        };
        let name = match (object.name(), old.name(), cx.request.name.as_str()) {
            ("", "", request) => request,
            ("", old, _) => old,
            (new, ..) => new,
        };
        let name = Str::from(name);
        let namespace = if r.id == "namespaces" { name.clone() } else { Str::from(cx.namespace()) };
        let inside = r.namespaced && !namespace.is_empty();
        let namespace_object = if inside { server.get("namespaces", "", &namespace) } else { None };
        let who = authorization::user(cx.caller, cx.request);
        let user = if who.name.is_empty() {
            // The cluster's own parts carry no user: they are known by their names.
            value!({"username": (own_user(&cx.caller.actor)), "groups": ["system:authenticated"]})
        } else {
            who.info()
        };
        let (object, old) = (shown(object), shown(old));
        let authorizer = if server.registered.asks_for_rights {
            let own = Question {
                group: r.group.clone(),
                resource: r.plural.clone(),
                subresource: subresource.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
                ..Question::default()
            };
            let (rights, trusted) = (server.rights(), authorization::is_trusted(cx.caller, cx.request));
            Val::Authorizer(Authorizer::new(own, Arc::new(move |q| rights.decide(&who, trusted, q))))
        } else {
            Val::Null
        };
        Self {
            operation,
            kind,
            group: r.group.clone(),
            version: r.version.clone(),
            resource: r.plural.clone(),
            subresource,
            equivalents: server.registered.equivalents(server, r),
            name,
            namespace,
            namespaced: r.namespaced,
            object,
            old,
            namespace_object: namespace_object.cloned().unwrap_or_default(),
            user,
            authorizer,
            dry_run: cx.dry_run(),
        }
    }

    /// The request as expressions and webhooks read it, without the objects.
    pub(crate) fn request(&self, cx: &Cx<'_>) -> Value {
        let [group, version, kind] = &self.kind;
        let kind = value!({"group": (group), "version": (version), "kind": (kind)});
        let resource = value!({
            "group": (&self.group), "version": (&self.version), "resource": (&self.resource)
        });
        let mut request = value!({
            "kind": (kind.clone()), "resource": (resource.clone()), "requestKind": (kind), "requestResource": (resource),
            "name": (&self.name), "operation": (self.operation.as_str()), "userInfo": (&self.user),
            "dryRun": (self.dry_run), "options": (self.options(cx)),
        });
        if !self.namespace.is_empty() {
            request.set("namespace", &self.namespace);
        }
        if !self.subresource.is_empty() {
            request.set("subResource", &self.subresource);
            request.set("requestSubResource", &self.subresource);
        }
        request
    }

    fn options(&self, cx: &Cx<'_>) -> Value {
        let kind = match (self.operation, cx.request.verb) {
            (_, Verb::Patch) => "PatchOptions",
            (Operation::Create, _) => "CreateOptions",
            (Operation::Update, _) => "UpdateOptions",
            (Operation::Delete, _) => "DeleteOptions",
        };
        let mut options = value!({"kind": (kind), "apiVersion": "meta.k8s.io/v1"});
        if !cx.request.options.field_manager.is_empty() {
            options.set("fieldManager", &cx.request.options.field_manager);
        }
        if self.dry_run {
            options.set("dryRun", value!(["All"]));
        }
        options
    }
}

/// The user that a part of the cluster has on a real one.
fn own_user(actor: &str) -> String {
    match actor.split_once('/') {
        Some(("kubelet", node)) => format!("system:node:{node}"),
        _ if actor.ends_with("-controller") => format!("system:serviceaccount:kube-system:{actor}"),
        _ => format!("system:{actor}"),
    }
}
