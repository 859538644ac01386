//! Services.
//!
//! Models validateService and ValidateServiceUpdate in `pkg/apis/core/validation`.

use ordered::BTreeSet;

use objects::{Value, names};

use super::{Errors, ip, labels, probe};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

const BALANCED: &str = "may only be used when `type` is 'LoadBalancer'";
const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const MODE: &str = "service.kubernetes.io/topology-mode";

/// Who may use the load balancer, by field or by annotation.
fn source_ranges(object: &Value, e: &mut Errors) {
    let s = &object["spec"];
    let balanced = s["type"] == "LoadBalancer";
    let ranges = s["loadBalancerSourceRanges"].items();
    if !ranges.is_empty() {
        e.at("LoadBalancerSourceRanges", |e| {
            if !balanced {
                e.forbidden(BALANCED);
            }
            for (i, range) in ranges.iter().enumerate() {
                e.index(i, |e| ip::legacy_range(&range.text().trim().into(), e));
            }
        });
    } else if let Some(text) = object.annotations()[RANGES].as_str() {
        e.elsewhere("metadata.annotations", |e| {
            e.key(RANGES, |e| {
                if !balanced {
                    e.forbidden(BALANCED);
                }
                for range in text.split(',').filter(|_| !text.trim().is_empty()) {
                    ip::legacy_range(&range.trim().into(), e);
                }
            });
        });
    }
}

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let (hints, mode) = (&object.annotations()[HINTS], &object.annotations()[MODE]);
    if !hints.is_null() && !mode.is_null() && hints != mode {
        let why = format!("must match annotations[{HINTS}] when both are specified");
        errs.at("metadata.annotations", |e| e.key(MODE, |e| e.invalid(mode, &why)));
    }
    let s = &object["spec"];
    errs.at("spec", |e| {
        let kind = s["type"].text();
        let headless = s["clusterIPs"].items() == [Value::from("None")];
        if s["ports"].items().is_empty() && !headless && kind != "ExternalName" {
            e.at("ports", |e| e.required(""));
        }
        match kind {
            "LoadBalancer" | "NodePort" if headless => e.at("clusterIPs", |e| {
                e.index(0, |e| {
                    e.invalid_text("None", &format!("may not be set to 'None' for {kind} services"))
                });
            }),
            "ExternalName" => external_name(s, e),
            _ => {}
        }
        ports(s, e);
        e.at("selector", |e| labels::labels(&s["selector"], e));
        e.one_of(s, "sessionAffinity", &["ClientIP", "None"]);
        affinity(s, e);
        cluster_ips(s, e);
        e.each(s, "externalIPs", |e, _, ip| {
            ip::endpoint(ip, e);
        });
        e.one_of(s, "type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
        if kind == "ClusterIP" {
            e.each(s, "ports", |e, _, p| {
                if p["nodePort"].int() != 0 {
                    e.at("nodePort", |e| e.forbidden("may not be used when `type` is 'ClusterIP'"));
                }
            });
        }
        duplicates(s, e);
        source_ranges(object, e);
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if !s[key].is_null() && kind != "LoadBalancer" {
                e.at(key, |e| e.forbidden(BALANCED));
            }
        }
        if kind == "LoadBalancer" {
            e.rule(s, "loadBalancerClass", names::qualified_name);
        }
        let external = matches!(kind, "NodePort" | "LoadBalancer")
            || kind == "ClusterIP" && !s["externalIPs"].items().is_empty();
        if external {
            e.one_of(s, "externalTrafficPolicy", &["Cluster", "Local"]);
        } else if !s["externalTrafficPolicy"].is_null() {
            e.at("externalTrafficPolicy", |e| {
                e.invalid(&s["externalTrafficPolicy"], "may only be set for externally-accessible services");
            });
        }
        if s["healthCheckNodePort"].int() != 0
            && !(kind == "LoadBalancer" && s["externalTrafficPolicy"] == "Local")
        {
            e.at("healthCheckNodePort", |e| {
                e.invalid(
                    &s["healthCheckNodePort"],
                    "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
                );
            });
        }
        e.one_of_if_set(s, "internalTrafficPolicy", &["Cluster", "Local"]);
        e.one_of_if_set(s, "trafficDistribution", &["PreferClose", "PreferSameZone", "PreferSameNode"]);
    });
}

fn external_name(s: &Value, e: &mut Errors) {
    for key in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        if !s[key].is_zero() {
            e.at(key, |e| e.forbidden("may not be set for ExternalName services"));
        }
    }
    let name = s["externalName"].text();
    e.at("externalName", |e| match name.strip_suffix('.').unwrap_or(name) {
        "" => e.required(""),
        name => e.complaints(&name.into(), names::dns1123_subdomain(name)),
    });
}

fn ports(s: &Value, e: &mut Errors) {
    let many = s["ports"].items().len() > 1;
    let mut seen = BTreeSet::new();
    e.each(s, "ports", |e, _, p| {
        let name = p["name"].text();
        e.at("name", |e| {
            if many && name.is_empty() {
                e.required("");
            } else if !name.is_empty() {
                e.complaints(&p["name"], names::dns1123_label(name));
                if !seen.insert(name.to_owned()) {
                    e.duplicate(&p["name"]);
                }
            }
        });
        e.at("port", |e| e.complaints(&p["port"].int().into(), names::port_number(p["port"].int())));
        e.one_of(p, "protocol", &PROTOCOLS);
        e.at("targetPort", |e| probe::port(&p["targetPort"], e));
        if let Some(protocol) = p["appProtocol"].as_str() {
            e.at("appProtocol", |e| e.complaints(&p["appProtocol"], names::qualified_name(protocol)));
        }
    });
}

fn affinity(s: &Value, e: &mut Errors) {
    const WHEN: &str = "when session affinity type is ClientIP";
    let config = &s["sessionAffinityConfig"];
    e.at("sessionAffinityConfig", |e| match s["sessionAffinity"].text() {
        "ClientIP" if config.is_null() => e.required(WHEN),
        "ClientIP" if config["clientIP"].is_null() => e.at("clientIP", |e| e.required(WHEN)),
        "ClientIP" => e.at("clientIP.timeoutSeconds", |e| {
            let seconds = &config["clientIP"]["timeoutSeconds"];
            if seconds.is_null() {
                e.required(WHEN);
            } else if !(1..=86_400).contains(&seconds.int()) {
                e.invalid(seconds, "must be greater than 0 and less than 86400");
            }
        }),
        "None" if !config.is_null() => e.forbidden("must not be set when session affinity is None"),
        _ => {}
    });
}

fn cluster_ips(s: &Value, e: &mut Errors) {
    if s["type"] == "ExternalName" {
        return;
    }
    let (one, list, all) = (&s["clusterIP"], &s["clusterIPs"], s["clusterIPs"].items());
    let whole = |e: &mut Errors, why: &str| e.at("clusterIPs", |e| e.invalid(list, why));
    match all.first() {
        None if !one.text().is_empty() => e.at("clusterIPs", |e| e.required("")),
        Some(first) if !one.text().is_empty() && first != one => {
            whole(e, "first value must match `clusterIP`");
        }
        Some(_) if one.text().is_empty() => whole(e, "must be empty when `clusterIP` is not specified"),
        _ => {}
    }
    let mut seen = BTreeSet::new();
    e.each(s, "ipFamilies", |e, _, f| {
        if !matches!(f.text(), "IPv4" | "IPv6") {
            e.not_supported(f, &["IPv4", "IPv6"]);
        }
        if !seen.insert(f.text().to_owned()) {
            e.duplicate(f);
        }
    });
    if s["ipFamilyPolicy"].as_str().is_some_and(|p| !POLICIES.contains(&p)) {
        e.at("ipFamilyPolicy", |e| e.not_supported(&s["ipFamilyPolicy"], &POLICIES));
    }
    let before = e.len();
    for (i, ip) in all.iter().enumerate() {
        if i > 0 || ip != "None" {
            e.at("clusterIPs", |e| e.index(i, |e| ip::legacy(ip, e)));
        } else if all.len() > 1 {
            whole(e, "'None' must be the first and only value");
        }
    }
    let bad = e.len() > before;
    if all.len() > 2 {
        whole(e, "may only hold up to 2 values");
    }
    if bad {
        return;
    }
    let is_v6 = |ip: &Value| ip.text().contains(':');
    if all.len() > 1 && (all.iter().all(is_v6) || !all.iter().any(is_v6)) {
        whole(e, "may specify no more than one IP for each IP family");
    }
    for (i, (ip, family)) in all.iter().zip(s["ipFamilies"].items()).enumerate() {
        let expected = if is_v6(ip) { "IPv6" } else { "IPv4" };
        if ip != "None" && family != expected && matches!(family.text(), "IPv4" | "IPv6") {
            let why = format!("expected an {} value as indicated by `ipFamilies[{i}]`", family.text());
            e.at("clusterIPs", |e| e.index(i, |e| e.invalid(ip, &why)));
        }
    }
}

const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];

fn duplicates(s: &Value, e: &mut Errors) {
    let (mut nodes, mut ports) = (BTreeSet::new(), BTreeSet::new());
    e.each(s, "ports", |e, _, p| {
        let node = p["nodePort"].int();
        if node != 0 && !nodes.insert((p["protocol"].text().to_owned(), node)) {
            e.at("nodePort", |e| e.duplicate(&p["nodePort"]));
        }
    });
    e.each(s, "ports", |e, _, p| {
        if !ports.insert((p["protocol"].text().to_owned(), p["port"].int())) {
            let key = format!(
                "{{\"Name\":\"\",\"Protocol\":\"{}\",\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                p["protocol"].text(),
                p["port"].int()
            );
            e.duplicate_shown(&key);
        }
    });
}

pub(super) fn validate_update(new: &Value, old: &Value, errs: &mut Errors) {
    let (s, was) = (&new["spec"], &old["spec"]);
    let named = |v: &Value| v["type"] == "ExternalName";
    if !named(new.get("spec"))
        && !named(was)
        && !was["clusterIP"].text().is_empty()
        && s["clusterIP"] != was["clusterIP"]
    {
        errs.at("spec", |e| {
            e.at("clusterIPs", |e| {
                e.index(0, |e| e.invalid(&s["clusterIPs"], "may not change once set"));
            });
        });
    }
    let balanced = |v: &Value| v["type"] == "LoadBalancer";
    if balanced(s) && balanced(was) && s["loadBalancerClass"] != was["loadBalancerClass"] {
        errs.at("spec.loadBalancerClass", |e| e.invalid(&s["loadBalancerClass"], "may not change once set"));
    }
    let checked = |v: &Value| balanced(v) && v["externalTrafficPolicy"] == "Local";
    if checked(s) && checked(was) && s["healthCheckNodePort"] != was["healthCheckNodePort"] {
        errs.at("spec.healthCheckNodePort", |e| e.forbidden("field is immutable"));
    }
    validate(new, errs);
}
