//! What helm does with the objects of a release.
//!
//! Models `pkg/kube` (client, wait) and `pkg/action` validate.go.

use client::{Body, FieldValidation, PatchType, Propagation, Verb};
use clock::Millis;
use kubectl::Kubectl;
use kubectl::session::request;
use objects::patch::{merge_patch, three_way};
use objects::resources::Resource;
use objects::schema::{Schema, type_for};
use objects::{Value, value};

pub(crate) const EVERY_MS: Millis = 1_000;

/// An object with its resource and the namespace it goes to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) object: Value,
    pub(crate) resource: Resource,
    pub(crate) namespace: String,
}

impl Target {
    fn key(&self) -> String {
        format!("{}/{}/{}", self.resource.id, self.namespace, self.object.name())
    }

    /// Whether both mean the same object of the cluster.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.key() == other.key()
    }

    fn shown(&self) -> String {
        let at = if self.namespace.is_empty() {
            String::new()
        } else {
            format!(" in namespace \"{}\"", self.namespace)
        };
        format!("{} \"{}\"{at}", self.object.kind(), self.object.name())
    }
}

/// The resources of objects, or why one has none.
pub(crate) async fn targets(k: &Kubectl, objects: &[Value], namespace: &str) -> Result<Vec<Target>, String> {
    let mut out = Vec::new();
    for object in objects {
        let (api_version, kind) = (object.api_version().to_owned(), object.kind().to_owned());
        let resource = k.resource_of_kind(&api_version, &kind).await.map_err(|_| {
            format!(
                "resource mapping not found for name: \"{}\" namespace: \"{}\" from \"\": no matches for kind \"{kind}\" in version \"{api_version}\"\nensure CRDs are installed first",
                object.name(),
                object.namespace()
            )
        })?;
        let own = object.namespace();
        let namespace = match (resource.namespaced, own) {
            (false, _) => String::new(),
            (true, "") => namespace.to_owned(),
            (true, own) => own.to_owned(),
        };
        out.push(Target { object: object.clone(), resource, namespace });
    }
    Ok(out)
}

/// Marks objects as those of a release.
pub(crate) fn adopt(object: &mut Value, release: &str, namespace: &str) {
    let meta = object.map_mut().entry("metadata");
    meta.map_mut().entry("labels").set("app.kubernetes.io/managed-by", "Helm");
    let annotations = meta.map_mut().entry("annotations");
    annotations.set("meta.helm.sh/release-name", release);
    annotations.set("meta.helm.sh/release-namespace", namespace);
}

/// Refuses objects that stand there and are not the release's.
pub(crate) async fn check_owners(
    k: &Kubectl,
    targets: &[Target],
    release: &str,
    namespace: &str,
) -> Result<(), String> {
    for t in targets {
        let Ok(live) = k.get(&t.resource, &t.namespace, t.object.name()).await else { continue };
        let mut wrong = Vec::new();
        let mut check = |what: &str, key: &str, is: &Value, want: &str| {
            if is.is_null() {
                wrong.push(format!(
                    "{what} validation error: missing key \"{key}\": must be set to \"{want}\""
                ));
            } else if *is != want {
                wrong.push(format!(
                    "{what} validation error: key \"{key}\" must equal \"{want}\": current value is \"{}\"",
                    is.text()
                ));
            }
        };
        let managed = "app.kubernetes.io/managed-by";
        check("label", managed, &live.labels()[managed], "Helm");
        for (key, want) in
            [("meta.helm.sh/release-name", release), ("meta.helm.sh/release-namespace", namespace)]
        {
            check("annotation", key, &live.annotations()[key], want);
        }
        if !wrong.is_empty() {
            return Err(format!(
                "{} exists and cannot be imported into the current release: invalid ownership metadata; {}",
                t.shown(),
                wrong.join("; ")
            ));
        }
    }
    Ok(())
}

pub(crate) async fn create(k: &Kubectl, t: &Target) -> Result<(), String> {
    let mut r = request(Verb::Create, &t.resource, &t.namespace).object(t.object.clone());
    r.options.field_manager = "helm".into();
    r.options.field_validation = FieldValidation::Warn;
    k.call(r).await.map(|_| ()).map_err(|e| e.message())
}

/// What went wrong with some of many objects.
pub(crate) fn all_of(failed: &[String]) -> String {
    let what = if failed.len() == 1 { "1 error".to_owned() } else { format!("{} errors", failed.len()) };
    let list: Vec<String> = failed.iter().map(|why| format!("* {why}")).collect();
    format!("{what} occurred:\n\t{}\n\n", list.join("\n\t"))
}

/// Brings the cluster from the objects of `old` to those of `new`.
///
/// `made`: what was created on the way, for who takes it back.
pub(crate) async fn update(
    k: &Kubectl,
    old: &[Target],
    new: &[Target],
    made: &mut Vec<usize>,
) -> Result<(), String> {
    for (n, t) in new.iter().enumerate() {
        let Ok(live) = k.get(&t.resource, &t.namespace, t.object.name()).await else {
            create(k, t).await.map_err(|e| format!("failed to create resource: {e}"))?;
            made.push(n);
            continue;
        };
        let original = old.iter().find(|o| o.is(t)).map_or(&live, |o| &o.object);
        let r = &t.resource;
        let (patch, kind) = match type_for(&r.group, &r.version, &r.kind) {
            Some(schema) => (
                three_way::strategic(original, &t.object, &live, Schema::of_type(schema))
                    .map_err(|e| format!("failed to create patch: {}", e.0))?,
                PatchType::Strategic,
            ),
            None => (merge_patch::three_way(original, &t.object, &live), PatchType::Merge),
        };
        if patch.entries().is_empty() {
            continue;
        }
        let mut r =
            request(Verb::Patch, r, &t.namespace).named(t.object.name()).patch(kind, Body::Object(patch));
        r.options.field_manager = "helm".into();
        k.call(r).await.map_err(|e| {
            format!("cannot patch \"{}\" with kind {}: {}", t.object.name(), t.object.kind(), e.message())
        })?;
    }
    for gone in old.iter().filter(|o| !new.iter().any(|n| n.is(o))) {
        if gone.object.annotations()["helm.sh/resource-policy"] != "keep" {
            delete(k, gone).await?;
        }
    }
    Ok(())
}

pub(crate) async fn delete(k: &Kubectl, t: &Target) -> Result<(), String> {
    delete_with(k, t, Propagation::Background).await
}

/// Deletes an object; what is gone already is no mistake.
pub(crate) async fn delete_with(k: &Kubectl, t: &Target, dependents: Propagation) -> Result<(), String> {
    let mut r = request(Verb::Delete, &t.resource, &t.namespace).named(t.object.name());
    r.options.propagation = Some(dependents);
    match k.call(r).await {
        Err(e) if !e.is_not_found() => Err(e.message()),
        _ => Ok(()),
    }
}

/// Waits until no object is there any more.
pub(crate) async fn wait_gone(k: &Kubectl, targets: &[Target], timeout: Millis) -> Result<(), String> {
    let until = k.client.now() + timeout;
    for t in targets {
        while k.get(&t.resource, &t.namespace, t.object.name()).await.is_ok() {
            if k.client.now() >= until {
                return Err("context deadline exceeded".into());
            }
            k.client.sleep(EVERY_MS).await;
        }
    }
    Ok(())
}

/// Waits until every object is ready.
pub(crate) async fn wait(k: &Kubectl, targets: &[Target], timeout: Millis, jobs: bool) -> Result<(), String> {
    let until = k.client.now() + timeout;
    loop {
        let mut waits = false;
        for t in targets {
            let live = k.get(&t.resource, &t.namespace, t.object.name()).await.unwrap_or_default();
            waits |= !is_ready(&t.resource.id, &live, jobs);
        }
        if !waits {
            return Ok(());
        }
        if k.client.now() >= until {
            return Err("context deadline exceeded".into());
        }
        k.client.sleep(EVERY_MS).await;
    }
}

fn is_ready(id: &str, live: &Value, jobs: bool) -> bool {
    let (spec, status) = (&live["spec"], &live["status"]);
    let seen = status["observedGeneration"].int() >= live.generation();
    match id {
        "deployments.apps" => {
            let want = spec["replicas"].int_or(1);
            let strategy = &spec["strategy"];
            let spare = if strategy["type"] == "RollingUpdate" {
                objects::int_or_string::scaled(&strategy["rollingUpdate"]["maxUnavailable"], want, false)
                    .unwrap_or(0)
            } else {
                0
            };
            seen && status["updatedReplicas"].int() >= want && status["readyReplicas"].int() >= want - spare
        }
        "statefulsets.apps" => {
            let want = spec["replicas"].int_or(1);
            seen && status["readyReplicas"].int() >= want && status["updatedReplicas"].int() >= want
        }
        "daemonsets.apps" => {
            let want = status["desiredNumberScheduled"].int();
            seen && status["numberReady"].int() >= want && status["updatedNumberScheduled"].int() >= want
        }
        "pods" => live.condition_true("Ready"),
        "persistentvolumeclaims" => status["phase"] == "Bound",
        "services" => spec["type"] != "LoadBalancer" || !status["loadBalancer"]["ingress"].items().is_empty(),
        "jobs.batch" if jobs => live.condition_true("Complete"),
        _ => !live.is_null(),
    }
}

/// Makes a namespace if there is none.
pub(crate) async fn ensure_namespace(k: &Kubectl, name: &str) -> Result<(), String> {
    use objects::resources::NAMESPACES;
    if k.get(NAMESPACES, "", name).await.is_ok() {
        return Ok(());
    }
    let object = value!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": (name), "labels": {"name": (name)}}
    });
    k.call(request(Verb::Create, NAMESPACES, "").object(object)).await.map(|_| ()).map_err(|e| e.message())
}
