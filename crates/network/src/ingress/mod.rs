//! Ingress controllers: which pods are one, which Ingresses they serve, and what they do with a request.
//!
//! Owns: the decision ([`route`]), the controller's own writes ([`controller`]: status, events), what ingress-nginx's webhook
//! says of an Ingress ([`admission`]).
//! Does not own: the process (its container), the connection to the endpoint (walk).
//! Models kubernetes/ingress-nginx (`internal/ingress`) and Traefik's provider for Ingress, as far as their results go.
//! Not modelled: ModSecurity, TCP and UDP services, custom error pages, what ingress-nginx's ConfigMap changes. Annotations that
//! change nothing are told by an event and on a request's way.

pub mod admission;
mod annotations;
pub mod controller;
pub(crate) mod gate;
pub mod gateway;
mod pages;
pub mod pattern;
mod route;
mod rules;

use objects::{Str, Value};

use crate::ground::Ground;

pub use annotations::{ACTED_ON, PREFIX};
pub(crate) use annotations::{annotation, is_on};
pub use pages::page;
pub use route::{Again, Asked, Certificate, Decision, Forward, HeaderChange, route};

pub const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Nginx,
    Traefik,
}

/// A controller as its pod's image and arguments make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    pub kind: Kind,
    /// What an IngressClass names it by.
    pub name: Str,
    /// The class of Ingresses that are marked by annotation.
    pub class: Str,
    /// Ingresses without any class are its too.
    pub takes_classless: bool,
    /// The Service (`namespace/name`) whose address it writes into Ingresses.
    pub publish: Str,
    pub gateways: bool,
}

/// The value of `--name=value` among a container's arguments, letters of either case alike.
fn argument(container: &Value, name: &str) -> Option<Str> {
    let words = container["command"].items().iter().chain(container["args"].items());
    words.map(Value::text).find_map(|word| {
        let word = word.strip_prefix("--")?;
        match word.split_once('=') {
            Some((n, v)) if n.eq_ignore_ascii_case(name) => Some(v.into()),
            None if word.eq_ignore_ascii_case(name) => Some("true".into()),
            _ => None,
        }
    })
}

impl Controller {
    /// The controller that runs in a pod, by its spec; in a namespace, for arguments that name it.
    #[must_use]
    pub fn of(spec: &Value, namespace: &str) -> Option<Self> {
        spec["containers"].items().iter().find_map(|c| {
            let image = c["image"].text();
            if image.contains("ingress-nginx/controller") {
                let given = |n: &str| argument(c, n);
                let publish = given("publish-service").unwrap_or_default();
                return Some(Self {
                    kind: Kind::Nginx,
                    name: given("controller-class").unwrap_or(Str::new_static("k8s.io/ingress-nginx")),
                    class: given("ingress-class").unwrap_or(Str::new_static("nginx")),
                    takes_classless: given("watch-ingress-without-class").is_some_and(|v| v == "true"),
                    publish: publish.replace("$(POD_NAMESPACE)", namespace).into(),
                    gateways: false,
                });
            }
            let repository = image.split(':').next().unwrap_or("").rsplit('/').next().unwrap_or("");
            if repository == "traefik" {
                let class = argument(c, "providers.kubernetesingress.ingressclass");
                let publish = argument(c, "providers.kubernetesingress.ingressendpoint.publishedservice");
                return Some(Self {
                    kind: Kind::Traefik,
                    name: Str::new_static("traefik.io/ingress-controller"),
                    takes_classless: class.is_none(),
                    class: class.unwrap_or(Str::new_static("traefik")),
                    publish: publish.unwrap_or_default(),
                    gateways: argument(c, "providers.kubernetesgateway").is_some_and(|v| v == "true"),
                });
            }
            None
        })
    }

    /// Whether an Ingress is this controller's.
    #[must_use]
    pub fn serves(&self, ground: &dyn Ground, ingress: &Value) -> bool {
        let class = |name: &str| ground.get("ingressclasses.networking.k8s.io", "", name);
        self.is_of_class(ingress, &class)
    }

    /// The same, with classes by name.
    pub(crate) fn is_of_class(&self, ingress: &Value, class: &dyn Fn(&str) -> Option<Value>) -> bool {
        if let Some(annotated) = ingress.annotations()[CLASS_ANNOTATION].as_str().filter(|a| !a.is_empty()) {
            return annotated == self.class;
        }
        match ingress["spec"]["ingressClassName"].as_str() {
            Some(name) => class(name).is_some_and(|c| c["spec"]["controller"] == self.name.as_str()),
            None => self.takes_classless,
        }
    }
}

/// The class an Ingress says it is of; `""`: none.
#[must_use]
pub fn class_of(ingress: &Value) -> Str {
    match ingress.annotations()[CLASS_ANNOTATION].as_str().filter(|a| !a.is_empty()) {
        Some(annotated) => annotated.into(),
        None => ingress["spec"]["ingressClassName"].to_str(),
    }
}
