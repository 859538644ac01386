//! The webhook of ingress-nginx: what it says of an Ingress before the API server keeps it.
//!
//! Models `internal/admission/controller` and CheckIngress with the values its ConfigMap has when nobody set them.
//! Not modelled: the values of annotations beyond those of switches and numbers.

use objects::{Value, value};

use super::Controller;
use super::annotations::{PREFIX, annotation, switch, unsimulated};
use super::rules::{self, arrange_by_age};
use crate::ground::Ground;

/// Where the controller's pod is asked, and how.
pub const PORT: i64 = 8443;
pub const PATH: &str = "/networking/v1/ingresses";

const SWITCHES: [&str; 10] = [
    "canary",
    "cors-allow-credentials",
    "enable-cors",
    "force-ssl-redirect",
    "from-to-www-redirect",
    "preserve-trailing-slash",
    "service-upstream",
    "ssl-passthrough",
    "ssl-redirect",
    "use-regex",
];
/// Numbers that spoil the whole Ingress when they are none. Others fall back to what is usual.
const NUMBERS: [&str; 7] = [
    "canary-weight",
    "canary-weight-total",
    "limit-connections",
    "limit-rpm",
    "limit-rps",
    "permanent-redirect-code",
    "temporal-redirect-code",
];

/// The answer to an AdmissionReview.
#[must_use]
pub fn review(ground: &dyn Ground, controller: &Controller, review: &Value) -> Value {
    let request = &review["request"];
    let ingress = &request["object"];
    let mut response = value!({"uid": (request["uid"].clone())});
    let ours = controller.serves(ground, ingress);
    let mut warnings: Vec<Value> = wrong_paths(ingress).into_iter().map(Value::from).collect();
    if ours {
        let idle = unsimulated(ingress).into_iter().filter(|name| !name.ends_with("-snippet"));
        warnings
            .extend(idle.map(|name| Value::from(format!("annotation {name} is accepted, not simulated"))));
    }
    if !warnings.is_empty() {
        response.set("warnings", warnings);
    }
    let verdict = if ours { check(ground, controller, ingress) } else { Ok(()) };
    response.set("allowed", verdict.is_ok());
    if let Err(message) = verdict {
        let status = value!({"status": "Failure", "message": (message), "reason": "BadRequest", "code": 400});
        response.set("status", status);
    }
    value!({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": (response)})
}

/// Paths that are patterns, though their type is none for patterns.
fn wrong_paths(ingress: &Value) -> Vec<String> {
    let rules = ingress["spec"]["rules"].items().iter();
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let wrong = |p: &&Value| {
        let path = p["path"].text();
        let is_plain = path.starts_with('/') && path.chars().all(plain);
        !path.is_empty() && p["pathType"] != "ImplementationSpecific" && !is_plain
    };
    let say = |p: &Value| {
        let kind = p["pathType"].as_str().unwrap_or("<nil>");
        format!("path {} cannot be used with pathType {kind}", p["path"].text())
    };
    rules.flat_map(|r| r["http"]["paths"].items()).filter(wrong).map(say).collect()
}

fn check(ground: &dyn Ground, controller: &Controller, ingress: &Value) -> Result<(), String> {
    let wrong = wrong_paths(ingress);
    if !wrong.is_empty() {
        return Err(format!("ingress contains invalid paths: {}", wrong.join("\n")));
    }
    let names = ingress.annotations().entries().iter().map(|(name, _)| name.as_str());
    if let Some(snippet) = names.clone().find(|name| name.ends_with("-snippet")) {
        return Err(format!(
            "{snippet} annotation cannot be used. Snippet directives are disabled by the Ingress administrator"
        ));
    }
    let is_wrong = |name: &str| {
        let Some(text) = annotation(ingress, name) else { return false };
        (SWITCHES.contains(&name) && switch(ingress, name).is_none())
            || (NUMBERS.contains(&name) && text.parse::<i64>().is_err())
    };
    if let Some(name) = names.filter_map(|n| n.strip_prefix(PREFIX)).find(|n| is_wrong(n)) {
        return Err(format!("annotation {PREFIX}{name} contains invalid value"));
    }
    overlap(ground, controller, ingress)
}

/// A host and path belong to one Ingress and its canaries.
fn overlap(ground: &dyn Ground, controller: &Controller, ingress: &Value) -> Result<(), String> {
    let marked = |i: &Value| annotation(i, "canary").is_some();
    if marked(ingress) {
        return Ok(());
    }
    let all = ground.list("ingresses.networking.k8s.io", "");
    let other = |i: &&Value| i.key() != ingress.key() && !marked(i) && controller.serves(ground, i);
    let mut others: Vec<&Value> = all.iter().filter(other).collect();
    arrange_by_age(&mut others);
    for rule in ingress["spec"]["rules"].items() {
        for path in rule["http"]["paths"].items() {
            let text = path["path"].as_str().filter(|p| !p.is_empty()).unwrap_or("/");
            let host = rule["host"].text();
            if let Some(owner) = others.iter().find(|o| rules::has_path(o, host, text)) {
                let host = if host.is_empty() { "_" } else { host };
                return Err(format!(
                    "host \"{host}\" and path \"{text}\" is already defined in ingress {}",
                    owner.key()
                ));
            }
        }
    }
    Ok(())
}

/// The controller's answer over HTTP: a status and a body.
#[must_use]
pub fn answer(ground: &dyn Ground, controller: &Controller, target: &str, body: &[u8]) -> (u16, String) {
    let sent = objects::json::parse(&String::from_utf8_lossy(body));
    match sent {
        Ok(sent) if target.split('?').next() == Some(PATH) => {
            (200, objects::json::to_string(&review(ground, controller, &sent)))
        }
        _ => (400, String::new()),
    }
}
