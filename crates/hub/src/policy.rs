//! Which policy a template falls under, and the binding that follows from it.
//!
//! Models `pkg/detector`. A policy of the template's namespace goes before one for the whole cluster; among several
//! the one of highest priority, then the one that names most exactly, then the first by name. A template whose policy is
//! gone stays where it is. Not modelled: preemption between policies, `activationPreference`.

use objects::quantity::Quantity;
use objects::resources;
use objects::selector::LabelSelector;
use objects::{Status, Str, Value, value};

use crate::kinds::{BINDINGS, binding_name};
use crate::{Desk, Hub, execution, put};

/// How exactly a policy's selectors name a template: 0 not at all, 1 by kind, 2 by labels, 3 by name.
fn exactness(policy: &Value, template: &Value) -> u8 {
    policy["spec"]["resourceSelectors"]
        .items()
        .iter()
        .map(|s| {
            let other = |field: &str, is: &str| !s[field].text().is_empty() && s[field] != is;
            if s["apiVersion"] != template.api_version()
                || s["kind"] != template.kind()
                || other("namespace", template.namespace())
            {
                return 0;
            }
            if !s["name"].text().is_empty() {
                return if s["name"] == template.name() { 3 } else { 0 };
            }
            match &s["labelSelector"] {
                l if l.is_null() => 1,
                l => match LabelSelector::from_value(l) {
                    Ok(l) if l.matches(template.labels()) => 2,
                    _ => 0,
                },
            }
        })
        .max()
        .unwrap_or(0)
}

pub(crate) fn selects(policy: &Value, template: &Value) -> bool {
    let near = policy.namespace().is_empty() || policy.namespace() == template.namespace();
    !policy.is_null() && near && exactness(policy, template) > 0
}

impl Hub {
    fn policy_for(&self, template: &Value) -> Option<&Value> {
        let rank =
            |p: &&Value| (!p.namespace().is_empty(), p["spec"]["priority"].int(), exactness(p, template));
        // The first of equals wins: later ones must be better.
        let all = self.policies.values().filter(|p| !p.is_terminating() && selects(p, template));
        all.fold(None, |best, p| match best {
            Some(b) if rank(&b) >= rank(&p) => Some(b),
            _ => Some(p),
        })
    }

    pub(crate) fn sync_template(&mut self, id: &str, cause: u64, desk: &mut Desk<'_>) -> Result<(), Status> {
        // A template that is gone takes its binding with it: the garbage collector sees to that.
        let Some(template) = self.templates.get(id).cloned() else { return Ok(()) };
        if template.is_terminating() {
            return Ok(());
        }
        let Some(policy) = self.policy_for(&template).cloned() else { return Ok(()) };
        let Some(r) = resources::of(&template).cloned().or_else(|| crate::kinds::resource_of(&template))
        else {
            return Ok(());
        };
        let at = self.at.clone();
        let (kind, whole) = if policy.namespace().is_empty() {
            ("clusterpropagationpolicy.karmada.io", true)
        } else {
            ("propagationpolicy.karmada.io", false)
        };
        let (mut marks, mut claim) = (Value::map(), Value::map());
        marks.set(format!("{kind}/name"), policy.name());
        if !whole {
            marks.set(format!("{kind}/namespace"), policy.namespace());
        }
        claim.set(format!("{kind}/permanent-id"), policy.uid());
        let claimed = claim.entries().iter().all(|(k, v)| template.labels()[k.as_str()] == *v);
        if !claimed {
            let patch = value!({"metadata": {"labels": (claim.clone()), "annotations": (marks.clone())}});
            desk.on(&at, "resource-detector", cause, |ctx| {
                let (ns, name) = (template.namespace(), template.name());
                ctx.patch(&r, ns, name, "", client::PatchType::Merge, patch)
            })?;
            let text = format!("Apply policy({}) succeed", policy.key());
            self.tell(desk, &template, false, "ApplyPolicySucceed", &text);
        }
        let name = binding_name(template.kind(), template.name());
        let key = Str::from(format!("{}/{name}", template.namespace()));
        let old = self.bindings.get(&key).cloned();
        let new = binding(&template, &policy, old.as_ref(), &name, claim, marks);
        if old.as_ref().is_some_and(|o| o["spec"] == new["spec"] && o.labels() == new.labels()) {
            // What of it changes no binding may change works: labels, the data of a ConfigMap.
            self.queue.add(format!("b:{key}"), cause, desk.now);
            return Ok(());
        }
        desk.on(&at, "resource-detector", cause, |ctx| put(ctx, &BINDINGS, new, old.as_ref())).map(|_| ())
    }
}

/// What a pod of the template asks for, for estimates.
fn requests(template: &Value) -> Value {
    let mut all = Value::map();
    for c in template["spec"]["template"]["spec"]["containers"].items() {
        for (resource, q) in c["resources"]["requests"].entries() {
            let mut sum = Quantity::of(q);
            sum.add(&Quantity::of(&all[resource.as_str()]));
            all.set(resource.clone(), sum.to_string());
        }
    }
    all
}

fn binding(
    template: &Value,
    policy: &Value,
    old: Option<&Value>,
    name: &str,
    claim: Value,
    marks: Value,
) -> Value {
    let mut labels = claim;
    let id = old.map_or_else(
        || template.uid().to_owned(),
        |o| o.labels()["resourcebinding.karmada.io/permanent-id"].text().to_owned(),
    );
    labels.set("resourcebinding.karmada.io/permanent-id", id);
    // What the scheduler and the evictions have written stays.
    let mut spec = old.map_or_else(Value::map, |o| o["spec"].clone());
    spec.set(
        "resource",
        value!({
            "apiVersion": (template.api_version()), "kind": (template.kind()),
            "namespace": (template.namespace()), "name": (template.name()),
            "uid": (template.uid()), "resourceVersion": (execution::generation_of(template).to_string()),
        }),
    );
    let mut placement = policy["spec"]["placement"].clone();
    if placement.is_null() {
        placement = Value::map();
    }
    spec.set("placement", placement);
    spec.set("schedulerName", "default-scheduler");
    spec.set("conflictResolution", policy["spec"]["conflictResolution"].as_str().unwrap_or("Abort"));
    match execution::replicas_of(template) {
        Some(n) => {
            spec.set("replicas", n);
            let requests = requests(template);
            if !requests.is_zero() {
                spec.set("replicaRequirements", value!({"resourceRequest": (requests)}));
            }
        }
        None => drop(spec.remove("replicas")),
    }
    if !policy["spec"]["failover"].is_null() {
        spec.set("failover", policy["spec"]["failover"].clone());
    }
    let mut new = value!({
        "apiVersion": "work.karmada.io/v1alpha2", "kind": "ResourceBinding",
        "metadata": {
            "name": (name), "namespace": (template.namespace()), "labels": (labels), "annotations": (marks),
            "ownerReferences": [{
                "apiVersion": (template.api_version()), "kind": (template.kind()), "name": (template.name()),
                "uid": (template.uid()), "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": (spec),
    });
    if let Some(old) = old {
        for (k, v) in old.annotations().entries() {
            if new.annotations()[k.as_str()].is_null() {
                new.set_at(&["metadata", "annotations", k.as_str()], v.clone());
            }
        }
        new.set("status", old["status"].clone());
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_names_by_kind_labels_or_name() {
        let web = value!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}}});
        let of = |s: Value| exactness(&value!({"spec": {"resourceSelectors": [(s)]}}), &web);
        let base = value!({"apiVersion": "apps/v1", "kind": "Deployment"});
        let with = |k: &str, v: Value| {
            let mut s = base.clone();
            s.set(k, v);
            of(s)
        };
        assert_eq!(of(base.clone()), 1);
        assert_eq!(with("name", "web".into()), 3);
        assert_eq!(with("name", "api".into()), 0);
        assert_eq!(with("labelSelector", value!({"matchLabels": {"app": "web"}})), 2);
        assert_eq!(with("labelSelector", value!({"matchLabels": {"app": "api"}})), 0);
        assert_eq!(with("namespace", "shop".into()), 1);
        assert_eq!(with("namespace", "other".into()), 0);
        assert_eq!(with("kind", "StatefulSet".into()), 0);
    }
}
