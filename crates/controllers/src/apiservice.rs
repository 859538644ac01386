//! The availability of aggregated APIs: whether the Service behind an APIService has an endpoint that answers.
//!
//! Models `k8s.io/kube-aggregator/pkg/controllers/status/remote`, which upstream runs inside the API server.
//! Not modelled: the look at the discovery path itself, the condition of local APIServices (they are not stored).

use ordered::BTreeSet;

use client::{Change, Ctx};
use clock::Time;
use objects::resources::{APISERVICES, ENDPOINTSLICES, Resource, SERVICES};
use objects::{Status, Str, Value, value};

use crate::caches::{Caches, key_of};
use crate::controller::{Base, Controller, has_base};

const SERVICE_LABEL: &str = "kubernetes.io/service-name";

#[derive(Clone, Debug)]
pub struct AvailabilityController {
    pub base: Base,
    /// The Service (`namespace/name`) behind each APIService.
    services: BTreeSet<(Str, Str)>,
}

impl Default for AvailabilityController {
    fn default() -> Self {
        Self::new()
    }
}

impl AvailabilityController {
    #[must_use]
    pub fn new() -> Self {
        Self { base: Base::new("available-controller"), services: BTreeSet::new() }
    }

    fn service_of(object: &Value) -> Option<Str> {
        let s = &object["spec"]["service"];
        (!s.is_null()).then(|| key_of(s["namespace"].text(), s["name"].text()))
    }
}

/// Status, reason and message of the condition.
fn availability(object: &Value, caches: &Caches) -> (&'static str, &'static str, String) {
    let wanted = &object["spec"]["service"];
    let (namespace, name) = (wanted["namespace"].text(), wanted["name"].text());
    let no = |reason, message| ("False", reason, message);
    let Some(service) = caches.of_resource(SERVICES).get(&key_of(namespace, name)) else {
        return no("ServiceNotFound", format!("service/{name} in \"{namespace}\" is not present"));
    };
    if service["spec"]["type"] == "ClusterIP" {
        let number = wanted["port"].int_or(443);
        let Some(port) = service["spec"]["ports"].items().iter().find(|p| p["port"].int() == number) else {
            let message = format!("service/{name} in \"{namespace}\" is not listening on port {number}");
            return no("ServicePortError", message);
        };
        let slices: Vec<&Value> = caches
            .of_resource(ENDPOINTSLICES)
            .controlled_by(service.uid())
            .filter(|s| s.labels()[SERVICE_LABEL] == name)
            .collect();
        if slices.is_empty() {
            let message = format!("cannot find endpointslices for service/{name} in \"{namespace}\"");
            return no("EndpointsNotFound", message);
        }
        let port_name = port["name"].text();
        let serves = |s: &&Value| {
            s["endpoints"].items().iter().any(|e| e["conditions"]["ready"].as_bool() != Some(false))
                && s["ports"].items().iter().any(|p| p["name"].text() == port_name)
        };
        if !slices.iter().any(serves) {
            let message = format!(
                "endpointslices for service/{name} in \"{namespace}\" have no addresses with port name \"{port_name}\""
            );
            return no("MissingEndpoints", message);
        }
    }
    ("True", "Passed", "all checks passed".to_owned())
}

impl Controller for AvailabilityController {
    has_base!();

    fn watches(&self) -> Vec<&'static Resource> {
        vec![APISERVICES, SERVICES, ENDPOINTSLICES]
    }

    fn on_change(&mut self, change: &Change, _: &Caches, now: Time) {
        if change.resource == APISERVICES.id {
            if let Some(old) = Self::service_of(&change.previous) {
                self.services.remove(&(old, change.name.clone()));
            }
            if !change.is_deleted()
                && let Some(service) = Self::service_of(&change.object)
            {
                self.services.insert((service, change.name.clone()));
                self.base.queue.add(change.name.clone(), change.revision, now);
            }
            return;
        }
        if self.services.is_empty() {
            return;
        }
        let service = if change.resource == SERVICES.id {
            change.key()
        } else {
            key_of(&change.namespace, change.object.labels()[SERVICE_LABEL].text())
        };
        let behind = self.services.range((service.clone(), Str::default())..);
        for (_, name) in behind.take_while(|(s, _)| *s == service) {
            self.base.queue.add(name.clone(), change.revision, now);
        }
    }

    fn sync(&mut self, key: &str, caches: &Caches, ctx: &mut Ctx<'_>) -> Result<(), Status> {
        self.base.visited += 1;
        let Some(old) = caches.of_resource(APISERVICES).get(key) else { return Ok(()) };
        if Self::service_of(old).is_none() {
            return Ok(());
        }
        let (status, reason, message) = availability(old, caches);
        let before = old.condition("Available");
        if before["status"] == status && before["reason"] == reason && before["message"] == message.as_str() {
            return Ok(());
        }
        let since = if before["status"] == status {
            before["lastTransitionTime"].clone()
        } else {
            Value::str(ctx.now.rfc3339())
        };
        let mut new = old.clone();
        let condition = value!({
            "type": "Available", "status": (status), "reason": (reason), "message": (message),
            "lastTransitionTime": (since),
        });
        new.set("status", value!({"conditions": [(condition)]}));
        ctx.update_status(APISERVICES, new).map(|_| ())
    }
}
