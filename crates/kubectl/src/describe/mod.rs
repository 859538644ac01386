//! What `kubectl describe` says of an object: one file per kind, and a generic form for every other.
//!
//! Owns: the choice of the describer and the objects it needs besides its own. A describer itself asks nothing:
//! it turns values into lines. Models `k8s.io/kubectl/pkg/describe`.

use client::Verb;
use objects::Value;
use objects::resources::{self, Resource};
use objects::selector::LabelSelector;
use ordered::Sort as _;

use crate::error::Result;
use crate::session::{Kubectl, request};

mod configmap;
mod containers;
mod cronjob;
mod csinode;
mod csr;
mod daemonset;
mod deployment;
mod endpoints;
mod endpointslice;
mod events;
mod generic;
mod hpa;
mod ingress;
mod ingressclass;
mod ipaddress;
mod job;
mod limitrange;
mod namespace;
mod networkpolicy;
mod node;
mod page;
mod pdb;
mod persistentvolume;
mod persistentvolumeclaim;
mod pod;
mod priorityclass;
mod replicaset;
mod resourcequota;
mod role;
mod rolebinding;
mod secret;
mod service;
mod serviceaccount;
mod servicecidr;
mod statefulset;
mod storageclass;
mod template;
mod volumeattributesclass;
mod volumes;
mod x509;

pub(crate) use deployment::same_template;
pub(crate) use events::interval;
pub use page::Page;
pub(crate) use role::table as rules_table;
pub use template::describe as pod_template;

/// Objects that belong to the one described.
#[derive(Default)]
pub struct Related {
    /// `None`: not asked for.
    pub events: Option<Vec<Value>>,
    pub pods: Vec<Value>,
    pub replica_sets: Vec<Value>,
    pub slices: Vec<Value>,
    pub services: Vec<Value>,
    pub quotas: Vec<Value>,
    pub limits: Vec<Value>,
    pub lease: Value,
    /// Pods could not be listed.
    pub pods_error: Option<String>,
    pub now: clock::Time,
}

type Describer = fn(&mut Page, &Value, &Related);

fn describer(r: &Resource) -> Option<Describer> {
    Some(match r.id.as_str() {
        "pods" => pod::describe,
        "deployments.apps" => deployment::describe,
        "replicasets.apps" => replicaset::describe,
        "replicationcontrollers" => replicaset::describe_controller,
        "daemonsets.apps" => daemonset::describe,
        "statefulsets.apps" => statefulset::describe,
        "jobs.batch" => job::describe,
        "cronjobs.batch" => cronjob::describe,
        "services" => service::describe,
        "endpoints" => endpoints::describe,
        "endpointslices.discovery.k8s.io" => endpointslice::describe,
        "ingresses.networking.k8s.io" => ingress::describe,
        "ingressclasses.networking.k8s.io" => ingressclass::describe,
        "networkpolicies.networking.k8s.io" => networkpolicy::describe,
        "nodes" => node::describe,
        "namespaces" => namespace::describe,
        "resourcequotas" => resourcequota::describe,
        "limitranges" => limitrange::describe,
        "configmaps" => configmap::describe,
        "secrets" => secret::describe,
        "serviceaccounts" => serviceaccount::describe,
        "roles.rbac.authorization.k8s.io" | "clusterroles.rbac.authorization.k8s.io" => role::describe,
        "rolebindings.rbac.authorization.k8s.io" | "clusterrolebindings.rbac.authorization.k8s.io" => {
            rolebinding::describe
        }
        "persistentvolumes" => persistentvolume::describe,
        "persistentvolumeclaims" => persistentvolumeclaim::describe,
        "storageclasses.storage.k8s.io" => storageclass::describe,
        "horizontalpodautoscalers.autoscaling" if r.version == "v2" => hpa::describe,
        "poddisruptionbudgets.policy" => pdb::describe,
        "servicecidrs.networking.k8s.io" => servicecidr::describe,
        "ipaddresses.networking.k8s.io" => ipaddress::describe,
        "csinodes.storage.k8s.io" => csinode::describe,
        "volumeattributesclasses.storage.k8s.io" => volumeattributesclass::describe,
        "priorityclasses.scheduling.k8s.io" => priorityclass::describe,
        "certificatesigningrequests.certificates.k8s.io" => csr::describe,
        _ => return None,
    })
}

/// The text of one object.
///
/// # Errors
/// The server's refusal of what belongs to it.
pub async fn text(k: &Kubectl, r: &Resource, object: &Value, show_events: bool) -> Result<String> {
    let mut related = related(k, r, object).await?;
    if show_events {
        related.events = Some(events_of(k, r, object).await);
    }
    let mut page = Page::new(related.now);
    describer(r).unwrap_or(generic::describe)(&mut page, object, &related);
    Ok(page.finish())
}

async fn listed(k: &Kubectl, r: &Resource, namespace: &str, labels: &str, fields: &str) -> Vec<Value> {
    k.list(r, namespace, labels, fields).await.unwrap_or_default()
}

async fn events_of(k: &Kubectl, r: &Resource, o: &Value) -> Vec<Value> {
    if matches!(r.id.as_str(), "secrets" | "roles.rbac.authorization.k8s.io") {
        return Vec::new();
    }
    let about = |uid: &str| {
        format!(
            "involvedObject.kind={},involvedObject.name={},involvedObject.namespace={},involvedObject.uid={uid}",
            r.kind,
            o.name(),
            o.namespace()
        )
    };
    let mut all = listed(k, resources::EVENTS, o.namespace(), "", &about(o.uid())).await;
    if r.id == "nodes" {
        all.extend(listed(k, resources::EVENTS, "", "", &about(o.name())).await);
    }
    all
}

async fn related(k: &Kubectl, r: &Resource, o: &Value) -> Result<Related> {
    let mut out = Related { now: k.client.now(), ..Related::default() };
    let namespace = o.namespace();
    match r.id.as_str() {
        "deployments.apps" => {
            let all =
                listed(k, resources::REPLICASETS, namespace, &selector_text(&o["spec"]["selector"]), "")
                    .await;
            out.replica_sets = all.into_iter().filter(|rs| rs.controller_ref()["uid"] == o.uid()).collect();
            out.replica_sets.arrange_by(|a, b| (a.created(), a.name()).cmp(&(b.created(), b.name())));
        }
        "replicasets.apps" | "daemonsets.apps" | "statefulsets.apps" | "replicationcontrollers" => {
            let selector = if r.id == "replicationcontrollers" {
                LabelSelector::from_labels(&o["spec"]["selector"]).to_string()
            } else {
                selector_text(&o["spec"]["selector"])
            };
            match k.list(resources::PODS, namespace, &selector, "").await {
                Ok(all) => {
                    out.pods = all.into_iter().filter(|p| p.controller_ref()["uid"] == o.uid()).collect()
                }
                Err(e) => out.pods_error = Some(e.message()),
            }
        }
        "services" => {
            let label = format!("kubernetes.io/service-name={}", o.name());
            out.slices = listed(k, resources::ENDPOINTSLICES, namespace, &label, "").await;
        }
        "ingresses.networking.k8s.io" => {
            out.slices = listed(k, resources::ENDPOINTSLICES, namespace, "", "").await;
            out.services = listed(k, resources::SERVICES, namespace, "", "").await;
        }
        "nodes" => {
            let fields = format!("spec.nodeName={},status.phase!=Failed,status.phase!=Succeeded", o.name());
            match k.list(resources::PODS, "", "", &fields).await {
                Ok(all) => out.pods = all,
                Err(e) => out.pods_error = Some(e.message()),
            }
            let lease = request(Verb::Get, resources::LEASES, "kube-node-lease").named(o.name());
            out.lease = match k.call(lease).await {
                Ok(l) => l.object,
                Err(e) => Value::from(e.message()),
            };
        }
        "namespaces" => {
            out.quotas = listed(k, resources::RESOURCEQUOTAS, o.name(), "", "").await;
            out.limits = listed(k, resources::LIMITRANGES, o.name(), "", "").await;
        }
        "persistentvolumeclaims" => {
            let claims = |p: &Value| {
                p["spec"]["volumes"]
                    .items()
                    .iter()
                    .any(|v| v["persistentVolumeClaim"]["claimName"] == o.name())
            };
            out.pods =
                listed(k, resources::PODS, namespace, "", "").await.into_iter().filter(claims).collect();
        }
        _ => {}
    }
    Ok(out)
}

/// A `metav1.LabelSelector` as upstream prints it and lists by it.
fn selector_text(selector: &Value) -> String {
    LabelSelector::from_value(selector).map(|s| s.to_string()).unwrap_or_default()
}

/// A scalar's text, or `None` for null.
pub(crate) fn plain_text(v: &Value) -> Option<String> {
    (!v.is_null()).then(|| page::plain(v))
}
