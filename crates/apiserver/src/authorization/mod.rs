//! Who asks, and whether they may.
//!
//! Owns: the identity of a request (impersonation included), which callers are asked at all, the refusal's text.
//! Models `k8s.io/apiserver/pkg/endpoints/filters` (authorization, impersonation).
//! Not modelled: the cluster's own components are trusted.

mod escalation;
mod rbac;
pub(crate) mod reviews;

use client::{Caller, Request};
use objects::resources::Resource;
use objects::{Status, Str};
use smol_str::format_smolstr;

use crate::server::ApiServer;

const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";
const ACCOUNT_PREFIX: &str = "system:serviceaccount:";

/// An authenticated user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: Str,
    pub(crate) groups: Vec<Str>,
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
    let (name, mut groups) = match &request.options.impersonate {
        Some((name, groups)) => (name.clone(), groups.clone()),
        None => (caller.user.clone(), caller.groups.clone()),
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
    User { name, groups }
}

/// The cluster's own parts and its masters are not asked.
pub(crate) fn is_trusted(caller: &Caller, request: &Request) -> bool {
    if request.options.impersonate.is_some() {
        return false;
    }
    let own = match caller.user.strip_prefix("system:") {
        Some(rest) => match rest.strip_prefix("serviceaccount:") {
            Some(account) => account.starts_with("kube-system:"),
            None => rest != "anonymous",
        },
        None => caller.user.is_empty(),
    };
    own || caller.groups.iter().any(|g| g == MASTERS)
}

impl ApiServer {
    /// Refuses a request for a path of no resource that the user may not make.
    pub(crate) fn authorize_path(&self, caller: &Caller, request: &Request) -> Result<(), Status> {
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
