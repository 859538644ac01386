//! Who asks, and whether they may.
//!
//! Owns: the identity of a request (impersonation included), which callers are asked at all, the refusal's text.
//! Models `k8s.io/apiserver/pkg/endpoints/filters` (authorization, impersonation).
//! Not modelled: the cluster's own components, which prove nothing, are trusted.

mod escalation;
mod rbac;
pub(crate) mod reviews;

use std::sync::Arc;

use client::{Caller, Identity, Request};
use objects::resources::Resource;
use objects::{Status, Str, Value, value};
use smol_str::format_smolstr;

use crate::server::ApiServer;

pub(crate) const MASTERS: &str = "system:masters";
pub(crate) const AUTHENTICATED: &str = "system:authenticated";
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// An authenticated user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: Str,
    pub(crate) groups: Vec<Str>,
    pub(crate) known: Option<Arc<Identity>>,
}

impl User {
    /// The user as reviews and webhooks are told.
    pub(crate) fn info(&self) -> Value {
        let mut info = value!({"username": (&self.name)});
        let known = self.known.as_deref().cloned().unwrap_or_default();
        if !known.uid.is_empty() {
            info.set("uid", known.uid);
        }
        info.set("groups", self.groups.iter().map(Value::from).collect::<Value>());
        let mut extra = Value::map();
        for (key, values) in known.extra {
            extra.set(key, values.iter().map(Value::from).collect::<Value>());
        }
        if !extra.entries().is_empty() {
            info.set("extra", extra);
        }
        info
    }
}

/// What someone wants to do.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) verb: Str,
    pub(crate) group: Str,
    /// With its subresource: `pods/log`.
    pub(crate) resource: Str,
    pub(crate) namespace: Str,
    pub(crate) name: Str,
    /// Of a non-resource request, else `""`.
    pub(crate) path: Str,
}

/// Who a request is made as.
pub(crate) fn user(caller: &Caller, request: &Request) -> User {
    let (name, mut groups, known) = match &request.options.impersonate {
        Some(i) => (i.user.clone(), i.groups.clone(), Some(Arc::new(i.identity.clone()))),
        None => (caller.user.clone(), caller.groups.clone(), caller.known.clone()),
    };
    if let Some((namespace, _)) = name.strip_prefix(ACCOUNT_PREFIX).and_then(|rest| rest.split_once(':')) {
        for group in
            [Str::new_static("system:serviceaccounts"), format_smolstr!("system:serviceaccounts:{namespace}")]
        {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
    }
    if name != "system:anonymous" && !groups.iter().any(|g| g == AUTHENTICATED) {
        groups.push(Str::new_static(AUTHENTICATED));
    }
    User { name, groups, known }
}

/// The cluster's own parts and its masters are not asked.
pub(crate) fn is_trusted(caller: &Caller, request: &Request) -> bool {
    if request.options.impersonate.is_some() {
        return false;
    }
    let own = || match caller.user.strip_prefix("system:") {
        Some(rest) => match rest.strip_prefix("serviceaccount:") {
            Some(account) => account.starts_with("kube-system:"),
            None => rest != "anonymous",
        },
        None => caller.user.is_empty(),
    };
    // Whoever had to prove who it is has the rights that it was given.
    caller.known.is_none() && own() || caller.groups.iter().any(|g| g == MASTERS)
}

impl ApiServer {
    /// Refuses a request for a path of no resource that the user may not make.
    ///
    /// # Errors
    /// Upstream's words.
    pub fn authorize_path(&self, caller: &Caller, request: &Request) -> Result<(), Status> {
        self.check_impersonation(caller, request)?;
        if is_trusted(caller, request) {
            return Ok(());
        }
        let user = user(caller, request);
        let path = Str::from(request.path.split('?').next().unwrap_or("/"));
        let verb = Str::new_static("get");
        if self.may(&user, &Attributes { verb, path: path.clone(), ..Attributes::default() }).is_some() {
            return Ok(());
        }
        let why = format!("forbidden: User \"{}\" cannot get path \"{path}\"", user.name);
        Err(Status::new(objects::Reason::Forbidden, why))
    }

    /// Refuses a stream (log, exec, attach, port-forward) or a way through (proxy) that whoever asks may not open.
    ///
    /// # Errors
    /// Upstream's words.
    pub fn check_stream(
        &mut self,
        caller: &Caller,
        request: &Request,
        now: clock::Time,
    ) -> Result<(), Status> {
        let resource = self.find(request)?;
        let named = request.options.credentials.as_ref().map(|given| self.sign_in(given, now)).transpose()?;
        self.authorize(named.as_ref().unwrap_or(caller), request, &resource)
    }

    /// Refuses a request on a resource that the user may not make.
    pub(crate) fn authorize(
        &self,
        caller: &Caller,
        request: &Request,
        resource: &Resource,
    ) -> Result<(), Status> {
        self.check_impersonation(caller, request)?;
        if is_trusted(caller, request) {
            return Ok(());
        }
        let user = user(caller, request);
        // A namespace's own requests count as made within it.
        let namespace = if resource.id == "namespaces" { &request.name } else { &request.namespace };
        let wanted = Attributes {
            verb: Str::new_static(request.verb.as_str()),
            group: request.group.clone(),
            resource: match request.subresource.as_str() {
                "" => request.resource.clone(),
                sub => format_smolstr!("{}/{sub}", request.resource),
            },
            namespace: namespace.clone(),
            name: request.name.clone(),
            path: Str::default(),
        };
        if self.may(&user, &wanted).is_some() {
            return Ok(());
        }
        let scope = match wanted.namespace.as_str() {
            "" => "at the cluster scope".to_owned(),
            ns => format!("in the namespace \"{ns}\""),
        };
        let why = format!(
            "User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {scope}",
            user.name, wanted.verb, wanted.resource, wanted.group
        );
        Err(Status::forbidden(&wanted.group, &request.resource, &wanted.name, &why))
    }
}
