//! Requests and limits.
//!
//! Models ValidateContainerResourceRequirements, validatePodResources and ValidateResourceQuantityValue.

use ordered::{BTreeMap, BTreeSet};

use objects::quantity::Quantity;
use objects::{Value, names};

use super::Errors;

const STANDARD: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// What a container asks for and may have; `claims` are the pod's.
pub(super) fn requirements(r: &Value, claims: &BTreeSet<&str>, e: &mut Errors) {
    lists(r, container_name, e);
    claimed(r, claims, e);
}

/// The same for a pod as a whole.
pub(super) fn of_pod(spec: &Value, e: &mut Errors) {
    let r = &spec["resources"];
    if r.is_null() {
        return;
    }
    e.at("resources", |e| {
        if spec["os"]["name"] == "windows" {
            e.forbidden("may not be set for a windows pod");
            return;
        }
        if !r["claims"].is_null() {
            e.at("claims", |e| e.forbidden("claims may not be set for Resources at pod-level"));
        }
        lists(r, pod_name, e);
        for (name, sum) in aggregate(spec, "requests") {
            let own = &r["requests"][name.as_str()];
            let asked = Quantity::of(own);
            if !own.is_null() && sum > asked {
                let why = format!(
                    "must be greater than or equal to aggregate container requests of {}",
                    sum.canonical()
                );
                e.at("requests", |e| e.key(&name, |e| e.invalid_text(&asked.canonical(), &why)));
            }
        }
        for (name, sum) in aggregate(spec, "limits") {
            let own = &r["limits"][name.as_str()];
            let most = Quantity::of(own);
            if name.starts_with("hugepages-") && !own.is_null() && sum > most {
                let why = format!(
                    "must be greater than or equal to aggregate container limits of {}",
                    sum.canonical()
                );
                e.at("limits", |e| e.key(&name, |e| e.invalid_text(&most.canonical(), &why)));
            }
        }
        for (i, c) in spec["containers"].items().iter().enumerate() {
            for (name, limit) in c["resources"]["limits"].entries() {
                let own = &r["limits"][name.as_str()];
                let (limit, most) = (Quantity::of(limit), Quantity::of(own));
                if !own.is_null() && limit > most {
                    let why = format!("must be less than or equal to pod limits of {}", most.canonical());
                    e.at(&format!("containers[{i}][{name}].limits"), |e| {
                        e.invalid_text(&limit.canonical(), &why);
                    });
                }
            }
        }
    });
}

/// What all containers come to, sidecars and the largest init container included.
pub(crate) fn aggregate(spec: &Value, list: &str) -> BTreeMap<String, Quantity> {
    let mut sum: BTreeMap<String, Quantity> = BTreeMap::new();
    let mut sidecars: BTreeMap<String, Quantity> = BTreeMap::new();
    let mut most: BTreeMap<String, Quantity> = BTreeMap::new();
    let add = |to: &mut BTreeMap<String, Quantity>, what: &Value| {
        for (name, q) in what.entries() {
            let q = Quantity::of(q);
            match to.get_mut(name.as_str()) {
                Some(have) => have.add(&q),
                None => drop(to.insert(name.as_str().to_owned(), q)),
            }
        }
    };
    let max = |to: &mut BTreeMap<String, Quantity>, what: &BTreeMap<String, Quantity>| {
        for (name, q) in what.iter() {
            if to.get(name).is_none_or(|have| q > have) {
                to.insert(name.clone(), q.clone());
            }
        }
    };
    for c in spec["containers"].items() {
        add(&mut sum, &c["resources"][list]);
    }
    for c in spec["initContainers"].items() {
        let own = &c["resources"][list];
        if c["restartPolicy"] == "Always" {
            add(&mut sum, own);
            add(&mut sidecars, own);
            max(&mut most, &sidecars);
        } else {
            let mut during = sidecars.clone();
            add(&mut during, own);
            max(&mut most, &during);
        }
    }
    max(&mut sum, &most);
    sum
}

fn lists(r: &Value, name_rule: fn(&str, &mut Errors), e: &mut Errors) {
    let (mut huge, mut computes) = (false, false);
    for list in ["limits", "requests"] {
        for (name, quantity) in r[list].entries() {
            let q = Quantity::of(quantity);
            let at = |e: &mut Errors, check: &dyn Fn(&mut Errors)| e.at(list, |e| e.key(name, |e| check(e)));
            at(e, &|e| {
                name_rule(name, e);
                amount(name, quantity, e);
            });
            let paged = |e: &mut Errors| {
                if let Some(size) = name.strip_prefix("hugepages-") {
                    let page = Quantity::parse(size).map_or(0, |s| s.value());
                    if page <= 0 || q.value() % page != 0 {
                        let shown = q.canonical();
                        let why = format!("{shown} is not positive integer multiple of {name}");
                        at(e, &|e| e.invalid_text(&shown, &why));
                    }
                }
            };
            huge |= name.starts_with("hugepages-");
            computes |= matches!(name.as_str(), "cpu" | "memory");
            let limit = &r["limits"][name.as_str()];
            if list == "limits" {
                paged(e);
                continue;
            }
            if limit.is_null() {
                if !overcommits(name) {
                    e.at("limits", |e| e.required("Limit must be set for non overcommitable resources"));
                }
            } else {
                let most = Quantity::of(limit);
                let why = if q != most && !overcommits(name) {
                    "must be equal to"
                } else if q > most {
                    "must be less than or equal to"
                } else {
                    ""
                };
                if !why.is_empty() {
                    let why = format!("{why} {name} limit of {}", most.canonical());
                    e.at("requests", |e| e.invalid_text(&q.canonical(), &why));
                }
            }
            paged(e);
        }
    }
    if huge && !computes {
        e.forbidden("HugePages require cpu or memory");
    }
}

/// Claims of devices that a container uses.
fn claimed(r: &Value, known: &BTreeSet<&str>, e: &mut Errors) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    e.each(r, "claims", |e, _, claim| {
        let (name, request) = (claim["name"].text(), claim["request"].text());
        if name.is_empty() {
            e.required("");
            return;
        }
        if seen.contains(name) {
            e.duplicate(&claim["name"]);
        } else {
            let mut key = name.to_owned();
            if !request.is_empty() {
                e.at("request", |e| e.complaints(&claim["request"], names::dns1123_label(request)));
                key = format!("{name}/{request}");
            }
            if seen.contains(&key) {
                e.duplicate(&key.as_str().into());
            } else if request.is_empty() {
                let parts = seen.iter().filter(|k| k.split_once('/').is_some_and(|(n, _)| n == name));
                parts.for_each(|_| e.duplicate(&claim["name"]));
            }
            seen.insert(key);
        }
        if !known.contains(name) {
            let mut why = String::from("must be one of the names in pod.spec.resourceClaims");
            if known.is_empty() {
                why.push_str(" which is empty");
            } else {
                let all: Vec<&str> = known.iter().copied().collect();
                why.push_str(&format!(": {}", all.join(", ")));
            }
            e.not_found_in(&claim["name"], &why);
        }
    });
}

/// cpu, memory and their like may be promised more than once; extended resources and huge pages may not.
pub(super) fn overcommits(name: &str) -> bool {
    is_native(name) && !name.starts_with("hugepages-")
}

/// Names without a domain that are known somewhere, to containers, quotas or claims: what is measured, what is counted.
const MEASURED: [&str; 8] = [
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "storage",
    "requests.storage",
];
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// A name that is known, or belongs to a domain. True when it is good.
pub(super) fn resource_name(name: &str, e: &mut Errors) -> bool {
    let complaints = names::qualified_name(name);
    if !complaints.is_empty() {
        e.complaints(&name.into(), complaints);
        return false;
    }
    let huge = ["hugepages-", "requests.hugepages-"].iter().any(|p| name.starts_with(p));
    let known = [&STANDARD[..], &MEASURED, &COUNTED].iter().any(|list| list.contains(&name));
    if !name.contains('/') && !known && !huge {
        e.invalid_text(name, "must be a standard resource type or fully qualified");
        return false;
    }
    true
}

/// A resource that a container can have.
pub(super) fn container_name(name: &str, e: &mut Errors) {
    resource_name(name, e);
    if !name.contains('/') {
        if !STANDARD.contains(&name) && !name.starts_with("hugepages-") {
            e.invalid_text(name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        e.invalid_text(name, "doesn't follow extended resource name standard");
    }
}

fn pod_name(name: &str, e: &mut Errors) {
    if resource_name(name, e) && !matches!(name, "cpu" | "memory") && !name.starts_with("hugepages-") {
        e.not_supported(&name.into(), &["cpu", "hugepages-", "memory"]);
    }
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with("requests.")
        && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Counted, not measured.
fn is_whole(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// A quantity that may be given for this resource.
pub(super) fn amount(name: &str, quantity: &Value, e: &mut Errors) {
    let q = Quantity::of(quantity);
    if q.is_negative() {
        e.invalid_text(&q.canonical(), "must be greater than or equal to 0");
    }
    if is_whole(name) && q.milli_value() % 1000 != 0 {
        e.invalid_text(&q.canonical(), "must be an integer");
    }
}
