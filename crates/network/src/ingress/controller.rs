//! What ingress controllers write: addresses into Ingresses, the event Sync, conditions of Gateway API objects.
//!
//! Owns: one component that stands for all controllers of the cluster; each acts while a pod of its Deployment or
//! DaemonSet is ready, in the name of that pod's service account. Does not own: requests ([`super::route`]).
//! Models ingress-nginx's status syncer and Traefik's gateway provider. Not modelled: leader election among
//! replicas, controllers run as bare pods.

use client::{
    Body, Change, Component, Ctx, EventType, Interest, PatchType, Recorder, Request, Verb, WorkQueue,
};
use clock::Time;
use objects::resources::{INGRESSES, SERVICES};
use objects::{Str, Value, value};
use ordered::BTreeMap;

use super::annotations::unsimulated;
use super::{Controller, Kind, gateway};

const DEPLOYMENTS: &str = "deployments.apps";
const DAEMONSETS: &str = "daemonsets.apps";
const CLASSES: &str = "ingressclasses.networking.k8s.io";
const INGRESS_ID: &str = "ingresses.networking.k8s.io";
/// From a change to its echo in a status (estimate; upstream gathers changes for as long).
const REACTION_MS: i64 = 300;

/// A controller's workload.
#[derive(Clone, Debug)]
struct Installed {
    controller: Controller,
    ready: bool,
    account: Str,
}

/// All ingress controllers. Plain data.
#[derive(Clone, Debug)]
pub struct IngressControllers {
    queue: WorkQueue,
    /// By kind and key of the workload.
    installed: BTreeMap<Str, Installed>,
    ingresses: BTreeMap<Str, Value>,
    classes: BTreeMap<Str, Value>,
    /// Gateway API objects by resource and key.
    gateways: BTreeMap<(Str, Str), Value>,
    /// Addresses of the Services that controllers publish.
    published: BTreeMap<Str, Value>,
    /// What was last told of each Ingress.
    told: BTreeMap<Str, (Str, i64, Value)>,
    recorder: Recorder,
}

impl Default for IngressControllers {
    fn default() -> Self {
        Self {
            queue: WorkQueue::default(),
            installed: BTreeMap::new(),
            ingresses: BTreeMap::new(),
            classes: BTreeMap::new(),
            gateways: BTreeMap::new(),
            published: BTreeMap::new(),
            told: BTreeMap::new(),
            recorder: Recorder::new("nginx-ingress-controller", ""),
        }
    }
}

impl IngressControllers {
    fn workload_changed(&mut self, change: &Change, now: Time) {
        let key = Str::from(format!("{}/{}", change.resource, change.key()));
        let template = &change.object["spec"]["template"]["spec"];
        let found = Controller::of(template, &change.namespace).filter(|_| !change.is_deleted());
        let Some(controller) = found else {
            if self.installed.remove(&key).is_some() {
                self.all_again(change.revision, now);
            }
            return;
        };
        let status = &change.object["status"];
        let ready = status["readyReplicas"].int() + status["numberReady"].int() > 0;
        let name = template["serviceAccountName"].as_str().unwrap_or("default");
        let account = Str::from(format!("system:serviceaccount:{}:{name}", change.namespace));
        let before = self.installed.get(&key).is_some_and(|i| i.ready == ready && i.controller == controller);
        self.installed.insert(key, Installed { controller, ready, account });
        if !before {
            self.all_again(change.revision, now);
        }
    }

    /// The namespaces that controllers are installed in, some of them more than once.
    pub fn namespaces(&self) -> impl Iterator<Item = &str> {
        self.installed.keys().filter_map(|k| k.split('/').nth(1))
    }

    fn all_again(&mut self, cause: u64, now: Time) {
        let ingresses: Vec<Str> = self.ingresses.keys().map(|k| format!("ingress {k}").into()).collect();
        let gateways: Vec<Str> = self.gateways.keys().map(|(r, k)| format!("{r} {k}").into()).collect();
        for key in ingresses.into_iter().chain(gateways) {
            self.queue.add_after(key, cause, now, REACTION_MS);
        }
    }

    /// The ready controller that an Ingress belongs to.
    fn of_ingress(&self, ingress: &Value) -> Option<&Installed> {
        let class = |name: &str| self.classes.get(name).cloned();
        self.installed.values().find(|i| i.ready && i.controller.is_of_class(ingress, &class))
    }

    fn of_gateways(&self) -> Option<&Installed> {
        self.installed.values().find(|i| i.ready && i.controller.gateways)
    }

    fn addresses(&self, controller: &Controller) -> Value {
        let published = self.published.get(&controller.publish).cloned().unwrap_or_default();
        published.items().iter().map(|a| value!({"ip": (a["ip"].clone())})).collect()
    }

    fn act_as(ctx: &mut Ctx<'_>, by: &Installed) {
        ctx.caller.user = by.account.clone();
        let namespace = by.account.split(':').nth(2).unwrap_or("");
        ctx.caller.groups = vec![
            "system:serviceaccounts".into(),
            format!("system:serviceaccounts:{namespace}").into(),
            "system:authenticated".into(),
        ];
        ctx.caller.actor = Str::new_static("ingress-controller");
    }

    fn sync_ingress(&mut self, key: &str, ctx: &mut Ctx<'_>) {
        let Some(ingress) = self.ingresses.get(key).cloned() else {
            self.told.remove(key);
            return;
        };
        let Some(by) = self.of_ingress(&ingress).cloned() else { return };
        Self::act_as(ctx, &by);
        let now = (Str::from(ingress.uid()), ingress.generation(), ingress.annotations().clone());
        if by.controller.kind == Kind::Nginx && self.told.get(key) != Some(&now) {
            self.recorder.event(ctx, &ingress, EventType::Normal, "Sync", "Scheduled for sync");
            let idle = unsimulated(&ingress);
            if !idle.is_empty() {
                let text = format!("Accepted, not simulated: {}", idle.join(", "));
                self.recorder.event(ctx, &ingress, EventType::Warning, "NotSimulated", &text);
            }
            self.told.insert(key.into(), now);
        }
        let wanted = self.addresses(&by.controller);
        if ingress["status"]["loadBalancer"]["ingress"].items() != wanted.items() {
            let wanted = if wanted.items().is_empty() { Value::Null } else { wanted };
            let patch = value!({"status": {"loadBalancer": {"ingress": (wanted)}}});
            let (namespace, name) = (ingress.namespace(), ingress.name());
            // Refused when it is gone, or when the account may not: the next change tries again.
            let _ = ctx.patch(INGRESSES, namespace, name, "status", PatchType::Merge, patch);
        }
    }

    fn sync_gateway_object(&mut self, resource: &str, key: &str, ctx: &mut Ctx<'_>) {
        let Some(object) = self.gateways.get(&(resource.into(), key.into())).cloned() else { return };
        let Some(by) = self.of_gateways().cloned() else { return };
        Self::act_as(ctx, &by);
        let plural = resource.split('.').next().unwrap_or("");
        let status = match plural {
            "gatewayclasses" => self.class_status(&object, ctx.now),
            "gateways" => self.gateway_status(&object, &by, ctx.now),
            "httproutes" => self.route_status(&object, ctx),
            _ => None,
        };
        let Some(status) = status else { return };
        if same_status(&object["status"], &status) {
            return;
        }
        let request = Request::new(Verb::Patch, &gateway::GROUP.into(), &"v1".into(), &plural.into())
            .in_namespace(object.namespace())
            .named(object.name())
            .subresource("status")
            .patch(PatchType::Merge, Body::Object(value!({"status": (status)})));
        let _ = ctx.call(request);
    }

    fn gateway_object(&self, plural: &str, key: &str) -> Option<&Value> {
        self.gateways.get(&(gateway::resource(plural).into(), key.into()))
    }

    fn is_ours(&self, class: &str) -> bool {
        self.gateway_object("gatewayclasses", class)
            .is_some_and(|c| c["spec"]["controllerName"] == gateway::CONTROLLER)
    }

    fn class_status(&self, class: &Value, now: Time) -> Option<Value> {
        if class["spec"]["controllerName"] != gateway::CONTROLLER {
            return None;
        }
        let c = condition("Accepted", Ok("Handled by Traefik controller"), "Handled", class, now);
        Some(value!({"conditions": [(c)]}))
    }

    fn gateway_status(&self, g: &Value, by: &Installed, now: Time) -> Option<Value> {
        if !self.is_ours(g["spec"]["gatewayClassName"].text()) {
            return None;
        }
        let addresses: Value = self
            .published
            .get(&by.controller.publish)
            .map(|a| a.items().to_vec())
            .unwrap_or_default()
            .into_iter()
            .map(|a| value!({"type": "IPAddress", "value": (a["ip"].clone())}))
            .collect();
        let mut listeners = Vec::new();
        for l in g["spec"]["listeners"].items() {
            let good = matches!(l["protocol"].text(), "HTTP" | "HTTPS");
            let attached =
                self.gateways.iter().filter(|((r, _), _)| r.starts_with("httproutes.")).filter(|(_, r)| {
                    r["spec"]["parentRefs"].items().iter().any(|p| {
                        gateway::parent_key(r, p) == Some(g.key())
                            && gateway::accepted(r, p, Some(g), &Value::Null)
                                .is_ok_and(|n| n.iter().any(|n| l["name"] == n.as_str()))
                    })
                });
            let state = if good {
                Ok("No error found")
            } else {
                Err(("UnsupportedProtocol", "protocol is not supported"))
            };
            let conditions = vec![
                condition("Accepted", state, "Accepted", g, now),
                condition("ResolvedRefs", Ok("No error found"), "ResolvedRefs", g, now),
                condition("Programmed", state, "Programmed", g, now),
            ];
            listeners.push(value!({
                "name": (l["name"].clone()), "attachedRoutes": (attached.count() as i64),
                "supportedKinds": [{"group": (gateway::GROUP), "kind": "HTTPRoute"}],
                "conditions": (conditions),
            }));
        }
        let conditions = vec![
            condition("Accepted", Ok("Gateway successfully scheduled"), "Accepted", g, now),
            condition("Programmed", Ok("Gateway successfully scheduled"), "Programmed", g, now),
        ];
        Some(value!({"addresses": (addresses), "conditions": (conditions), "listeners": (listeners)}))
    }

    fn route_status(&self, route: &Value, ctx: &mut Ctx<'_>) -> Option<Value> {
        let mut parents = Vec::new();
        let now = ctx.now;
        for p in route["spec"]["parentRefs"].items() {
            let Some(key) = gateway::parent_key(route, p) else { continue };
            let g = self.gateway_object("gateways", &key);
            if g.is_some_and(|g| !self.is_ours(g["spec"]["gatewayClassName"].text())) {
                continue;
            }
            let namespace = Request::new(Verb::Get, &"".into(), &"v1".into(), &"namespaces".into())
                .named(route.namespace());
            let labels = ctx.call(namespace).map(|r| r.object.labels().clone()).unwrap_or_default();
            let taken = gateway::accepted(route, p, g, &labels);
            let accepted = match &taken {
                Ok(_) => condition("Accepted", Ok(""), "Accepted", route, now),
                Err((reason, text)) => condition("Accepted", Err((*reason, text.as_str())), "", route, now),
            };
            let grants: Vec<Value> = self
                .gateways
                .iter()
                .filter(|((r, _), _)| r.starts_with("referencegrants."))
                .map(|(_, g)| g.clone())
                .collect();
            let mut exists = |ns: &str, name: &str| ctx.get(SERVICES, ns, name).is_ok();
            let mut granted = |ns: &str| {
                grants.iter().any(|g| g.namespace() == ns && gateway::grants(g, route.namespace()))
            };
            let resolved = match gateway::unresolved(route, &mut exists, &mut granted) {
                None => condition("ResolvedRefs", Ok(""), "ResolvedRefs", route, now),
                Some((reason, text)) => {
                    condition("ResolvedRefs", Err((reason, text.as_str())), "", route, now)
                }
            };
            parents.push(value!({
                "controllerName": (gateway::CONTROLLER), "parentRef": (p.clone()),
                "conditions": [(accepted), (resolved)],
            }));
        }
        (!parents.is_empty()).then(|| value!({"parents": (parents)}))
    }
}

/// A condition of a Gateway API object; an error carries its own reason.
fn condition(kind: &str, state: Result<&str, (&str, &str)>, reason: &str, of: &Value, now: Time) -> Value {
    let (status, reason, message) = match state {
        Ok(message) => ("True", reason, message),
        Err((reason, message)) => ("False", reason, message),
    };
    value!({
        "type": (kind), "status": (status), "reason": (reason), "message": (message),
        "observedGeneration": (of.generation()), "lastTransitionTime": (now.rfc3339()),
    })
}

/// Equal but for the times of transitions.
fn same_status(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Map(_), Value::Map(_)) => {
            let fields = new.entries().iter().filter(|(k, _)| *k != "lastTransitionTime");
            fields.clone().all(|(k, v)| same_status(&old[k.as_str()], v))
        }
        (Value::List(_), Value::List(_)) => {
            old.items().len() == new.items().len()
                && old.items().iter().zip(new.items()).all(|(a, b)| same_status(a, b))
        }
        (Value::Null, new) => new.is_zero(),
        _ => old == new,
    }
}

impl Component for IngressControllers {
    fn interests(&self) -> Vec<Interest> {
        let plain = [DEPLOYMENTS, DAEMONSETS, CLASSES, INGRESS_ID, "services"].map(Str::new_static);
        let custom = ["gatewayclasses", "gateways", "httproutes", "referencegrants"];
        let custom = custom.map(|p| Str::from(gateway::resource(p)));
        plain.into_iter().chain(custom).map(Interest::All).collect()
    }

    fn deliver(&mut self, change: &Change, now: Time) {
        let (key, gone) = (change.key(), change.is_deleted());
        match change.resource.as_str() {
            DEPLOYMENTS | DAEMONSETS => self.workload_changed(change, now),
            CLASSES => {
                if gone {
                    self.classes.remove(&change.name);
                } else {
                    self.classes.insert(change.name.clone(), change.object.clone());
                }
                self.all_again(change.revision, now);
            }
            INGRESS_ID => {
                if gone {
                    self.ingresses.remove(&key);
                } else {
                    self.ingresses.insert(key.clone(), change.object.clone());
                }
                self.queue.add_after(format!("ingress {key}"), change.revision, now, REACTION_MS);
            }
            "services" => {
                let addresses = change.object["status"]["loadBalancer"]["ingress"].clone();
                let addresses = if gone { Value::Null } else { addresses };
                let before = self.published.get(&key).cloned().unwrap_or_default();
                if before == addresses {
                    return;
                }
                if addresses.is_null() {
                    self.published.remove(&key);
                } else {
                    self.published.insert(key.clone(), addresses);
                }
                if self.installed.values().any(|i| i.controller.publish == key) {
                    self.all_again(change.revision, now);
                }
            }
            _ => {
                let at = (change.resource.clone(), key);
                if gone {
                    self.gateways.remove(&at);
                } else {
                    self.gateways.insert(at, change.object.clone());
                }
                // A route counts at its Gateway, a Gateway decides about its routes.
                let spec_changed = gone || change.previous["spec"] != change.object["spec"];
                if spec_changed {
                    self.all_again(change.revision, now);
                }
            }
        }
    }

    fn next_wake(&self) -> Option<Time> {
        self.queue.next_due()
    }

    fn wake(&mut self, ctx: &mut Ctx<'_>) {
        let Some((key, cause)) = self.queue.pop(ctx.now) else { return };
        ctx.caller.cause = cause;
        match key.split_once(' ') {
            Some(("ingress", name)) => self.sync_ingress(name, ctx),
            Some((resource, name)) => self.sync_gateway_object(resource, name, ctx),
            None => {}
        }
    }
}
