//! Warnings of what is accepted and does not work, soon won't, or hardly means what it says.
//!
//! Owns: which kinds have any, and those of all but pods. Does not own: unknown fields (accept), pod security (admission).
//! Models WarningsOnCreate and WarningsOnUpdate of `pkg/registry` with what they call in `pkg/api`.
//! Not modelled: forms of IPv6 addresses, a key that is another certificate's. Components of the cluster are told nothing,
//! as nobody reads it.

mod overlaps;
mod pod;
mod volumes;

use objects::quantity::Quantity;
use objects::resources::Resource;
use objects::{Value, base64, names};

use super::super::server::Cx;

const NOTES: [(&str, &str); 2] = [
    (
        "volume.beta.kubernetes.io/storage-class",
        "deprecated since v1.8; use \"storageClassName\" attribute instead",
    ),
    (
        "volume.beta.kubernetes.io/mount-options",
        "deprecated since v1.31; use \"mountOptions\" attribute instead",
    ),
];
const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";
const MOUNTABLE: &str = "kubernetes.io/enforce-mountable-secrets";
const OWN_POD: &str = "the Pod's hostname";
const PODS_OF: &str = "Pod names and hostnames";

/// Labels of nodes that are no longer to be asked for.
pub(super) fn old_label(key: &str) -> Option<&'static str> {
    Some(match key {
        "beta.kubernetes.io/arch" => "deprecated since v1.14; use \"kubernetes.io/arch\" instead",
        "beta.kubernetes.io/os" => "deprecated since v1.14; use \"kubernetes.io/os\" instead",
        "failure-domain.beta.kubernetes.io/region" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead"
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead"
        }
        "beta.kubernetes.io/instance-type" => {
            "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead"
        }
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => {
            "deprecated since v1.22; use Taints and Tolerations instead"
        }
        "node-role.kubernetes.io/master" => "use \"node-role.kubernetes.io/control-plane\" instead",
        _ => return None,
    })
}

/// An amount that is no whole number of bytes.
pub(super) fn fraction(amounts: &Value, key: &str, at: &str, out: &mut Vec<String>) {
    let Some(given) = amounts.find(key) else { return };
    let amount = Quantity::of(given);
    if amount.milli_value() % 1000 != 0 {
        let text = amount.canonical();
        out.push(format!("{at}[{key}]: fractional byte value \"{text}\" is invalid, must be an integer"));
    }
}

/// Amounts of a claim that are no whole bytes. `at`: the path of its spec.
#[inline(never)]
fn claim(spec: &Value, at: &str, out: &mut Vec<String>) {
    for list in ["requests", "limits"] {
        fraction(&spec["resources"][list], "storage", &format!("{at}.resources.{list}"), out);
    }
}

/// Terms of node affinity that ask for labels of old.
#[inline(never)]
pub(super) fn node_term(term: &Value, values: bool, at: &str, out: &mut Vec<String>) {
    for (i, e) in term["matchExpressions"].items().iter().enumerate() {
        let key = e["key"].text();
        let at = format!("{at}.matchExpressions[{i}]");
        if let Some(text) = old_label(key) {
            out.push(format!("{at}.key: {key} is {text}"));
        }
        for (n, value) in e["values"].items().iter().enumerate().filter(|_| values) {
            for why in names::label_value(value.text()) {
                out.push(format!("{at}.values[{n}]: {} is invalid, {why}", value.text()));
            }
        }
    }
}

/// A name that pods get theirs from, and is no good as a host's.
fn name(object: &Value, of: &str, out: &mut Vec<String>) {
    let why = if object.name().is_empty() { Vec::new() } else { names::dns1123_label(object.name()) };
    if !why.is_empty() {
        let why: Vec<&str> = why.iter().map(AsRef::as_ref).collect();
        out.push(format!(
            "metadata.name: this is used in {of}, which can result in surprising behavior; a DNS label is recommended: [{}]",
            why.join(" ")
        ));
    }
}

#[inline(never)]
fn service(object: &Value, out: &mut Vec<String>) {
    let (spec, kind) = (&object["spec"], object["spec"]["type"].text());
    if object.annotations().find("service.kubernetes.io/topology-aware-hints").is_some() {
        out.push("annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead".into());
    }
    let headless = kind == "ClusterIP" && spec["clusterIP"] == "None";
    let external = !spec["externalIPs"].items().is_empty();
    if headless {
        if !spec["loadBalancerIP"].is_zero() {
            out.push("spec.loadBalancerIP is ignored for headless services".into());
        }
        if external {
            out.push("spec.externalIPs is ignored for headless services".into());
        }
        if spec["sessionAffinity"] != "None" {
            out.push("spec.SessionAffinity is ignored for headless services".into());
        }
    }
    if external && !headless && kind != "ExternalName" {
        out.push("spec.externalIPs is deprecated and may no longer be implemented in some clusters".into());
    }
    for (i, range) in spec["loadBalancerSourceRanges"].items().iter().enumerate() {
        block(range.text(), &format!("spec.loadBalancerSourceRanges[{i}]"), out);
    }
    if kind == "ExternalName" && external {
        out.push("spec.externalIPs is ignored when spec.type is \"ExternalName\"".into());
    }
    if kind != "ExternalName" && !spec["externalName"].is_zero() {
        out.push("spec.externalName is ignored when spec.type is not \"ExternalName\"".into());
    }
    if spec["trafficDistribution"] == "PreferClose" {
        out.push("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"".into());
    }
}

/// A block of IPv4 addresses that names more of an address than its length lets count.
fn block(text: &str, at: &str, out: &mut Vec<String>) {
    let Some((address, bits)) = text.split_once('/') else { return };
    let (Ok(address), Ok(bits)) = (address.parse::<core::net::Ipv4Addr>(), bits.parse::<u32>()) else {
        return;
    };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
    let whole = core::net::Ipv4Addr::from(u32::from(address) & mask);
    if whole != address {
        out.push(format!(
            "{at}: CIDR value \"{text}\" is ambiguous in this context (should be \"{whole}/{bits}\" or \"{address}/32\"?)"
        ));
    }
}

#[inline(never)]
fn policy(object: &Value, out: &mut Vec<String>) {
    for (way, peers) in [("ingress", "from"), ("egress", "to")] {
        for (i, rule) in object["spec"][way].items().iter().enumerate() {
            for (j, peer) in rule[peers].items().iter().enumerate() {
                let at = format!("spec.{way}[{i}].{peers}[{j}].ipBlock");
                block(peer["ipBlock"]["cidr"].text(), &format!("{at}.cidr"), out);
                for (k, part) in peer["ipBlock"]["except"].items().iter().enumerate() {
                    block(part.text(), &format!("{at}.except[{k}]"), out);
                }
            }
        }
    }
}

#[inline(never)]
fn quota(object: &Value, out: &mut Vec<String>) {
    let hard = &object["spec"]["hard"];
    for what in ["cpu", "memory", "storage", "ephemeral-storage"] {
        let (mut requests, limits) = (format!("requests.{what}"), format!("limits.{what}"));
        if hard.find(&requests).is_none() && matches!(what, "cpu" | "memory") {
            requests = what.to_owned();
        }
        let (Some(r), Some(l)) = (hard.find(&requests), hard.find(&limits)) else { continue };
        let (r, l) = (Quantity::of(r), Quantity::of(l));
        if r > l {
            out.push(format!(
                "ResourceQuota {requests} ({}) should be less than {limits} ({})",
                r.canonical(),
                l.canonical()
            ));
        }
    }
}

/// A certificate and key that are none.
#[inline(never)]
fn tls(object: &Value, out: &mut Vec<String>) {
    for (key, what) in [("tls.crt", "certificate"), ("tls.key", "key")] {
        let bytes = base64::decode(object["data"][key].text()).unwrap_or_default();
        if !String::from_utf8_lossy(&bytes).contains("-----BEGIN ") {
            out.push(format!("tls: failed to find any PEM data in {what} input"));
            return;
        }
    }
}

/// Where a kind's pod template is, and whether pods take the object's name.
fn template(resource: &Resource) -> Option<(&'static str, bool)> {
    Some(match resource.id.as_str() {
        "pods" => ("", false),
        "cronjobs.batch" => ("spec.jobTemplate.spec.template.", true),
        "podtemplates" => ("template.", false),
        "deployments.apps" | "replicasets.apps" | "jobs.batch" | "replicationcontrollers" => {
            ("spec.template.", true)
        }
        "statefulsets.apps" | "daemonsets.apps" => ("spec.template.", false),
        _ => return None,
    })
}

/// Whether somebody reads what is said to them.
pub(super) fn is_read(cx: &Cx<'_>) -> bool {
    let user = cx.caller.user.as_str();
    !["system:serviceaccount:kube-system:", "system:node:", "system:kube-"]
        .iter()
        .any(|p| user.starts_with(p))
}

/// What the maker of `object` should know; `old` is null where it is new.
pub(crate) fn of(cx: &Cx<'_>, object: &Value, old: &Value) -> Vec<String> {
    // Who changes a pod is told nothing; who changes a template, only if it is another then.
    let same = |of: &str| object[of].same(&old[of]) || object[of] == old[of];
    let silent = match template(&cx.resource) {
        Some(("", _)) => true,
        Some((base, _)) => same(base.split('.').next().unwrap_or(base)),
        None => false,
    };
    if !is_read(cx) || !old.is_null() && silent {
        return Vec::new();
    }
    told(&cx.resource, object, old.is_null())
}

fn told(resource: &Resource, object: &Value, is_new: bool) -> Vec<String> {
    let mut out = Vec::new();
    if let Some((base, names_pods)) = template(resource) {
        if is_new && (names_pods || base.is_empty()) {
            name(object, if names_pods { PODS_OF } else { OWN_POD }, &mut out);
        }
        let path: Vec<&str> = base.split('.').filter(|p| !p.is_empty()).collect();
        pod::told(object.at(&path), base, &mut out);
        for (i, c) in object["spec"]["volumeClaimTemplates"].items().iter().enumerate() {
            let field = if is_new { "" } else { ".Spec" };
            claim(&c["spec"], &format!("spec.volumeClaimTemplates[{i}]{field}"), &mut out);
        }
        if resource.id == "statefulsets.apps" && object["spec"]["revisionHistoryLimit"].int() < 0 {
            out.push("spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended".into());
        }
        if !is_new && resource.id == "cronjobs.batch" && object["spec"]["schedule"].text().contains("TZ") {
            out.push("cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details".into());
        }
        return out;
    }
    let spec = &object["spec"];
    match resource.id.as_str() {
        id @ ("persistentvolumes" | "persistentvolumeclaims") => {
            let most = if id == "persistentvolumes" { 2 } else { 1 };
            for (key, text) in &NOTES[..most] {
                if !object.annotations()[*key].is_null() {
                    out.push(format!("metadata.annotations[{key}]: {text}"));
                }
            }
            if id == "persistentvolumeclaims" {
                claim(spec, "spec", &mut out);
                return out;
            }
            if spec["persistentVolumeReclaimPolicy"] == "Recycle" {
                out.push("spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.".into());
            }
            for (i, term) in spec["nodeAffinity"]["required"]["nodeSelectorTerms"].items().iter().enumerate()
            {
                node_term(
                    term,
                    false,
                    &format!("spec.nodeAffinity.required.nodeSelectorTerms[{i}]"),
                    &mut out,
                );
            }
            volumes::source(spec, "spec", &mut out);
        }
        "services" => service(object, &mut out),
        "networkpolicies.networking.k8s.io" => policy(object, &mut out),
        "ingresses.networking.k8s.io"
            if is_new
                && !object.annotations()[INGRESS_CLASS].is_null()
                && spec["ingressClassName"].is_null() =>
        {
            out.push(format!(
                "annotation \"{INGRESS_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"
            ));
        }
        "secrets" if object["type"] == "kubernetes.io/tls" => tls(object, &mut out),
        "resourcequotas" if is_new => quota(object, &mut out),
        "storageclasses.storage.k8s.io" => {
            for (i, term) in object["allowedTopologies"].items().iter().enumerate() {
                for (j, e) in term["matchLabelExpressions"].items().iter().enumerate() {
                    if let Some(text) = old_label(e["key"].text()) {
                        out.push(format!("allowedTopologies[{i}].matchLabelExpressions[{j}].key: {text}"));
                    }
                }
            }
        }
        "runtimeclasses.node.k8s.io" => {
            let keys = object["scheduling"]["nodeSelector"].entries().iter();
            let old = keys.filter_map(|(key, _)| old_label(key));
            out.extend(old.map(|text| format!("scheduling.nodeSelector: {text}")));
        }
        "csidrivers.storage.k8s.io"
            if is_new
                && !spec["tokenRequests"].is_zero()
                && spec["serviceAccountTokenInSecrets"].is_null() =>
        {
            out.push("spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes".into());
        }
        "serviceaccounts" if is_new && !object.annotations()[MOUNTABLE].is_null() => {
            out.push(format!(
                "metadata.annotations[{MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
            ));
        }
        "endpointslices.discovery.k8s.io" if is_new && object["addressType"] == "FQDN" => {
            out.push("spec.addressType: FQDN endpoints are deprecated".into());
        }
        _ => {}
    }
    out
}

#[cfg(test)]
mod tests;
