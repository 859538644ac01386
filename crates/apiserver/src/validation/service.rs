//! Services.
//!
//! Models validateService and ValidateServiceUpdate in `pkg/apis/core/validation`.
//! Not modelled: dual stack beyond what a headless Service may say, CIDRs of source ranges.

use ordered::BTreeSet;
use std::net::IpAddr;

use objects::{Value, names};

use super::{Errors, labels, probe};

const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

pub(super) fn validate(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let kind = s["type"].text();
        let headless = s["clusterIP"] == "None";
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
            if ip.text().parse::<IpAddr>().is_err() {
                e.invalid(ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            }
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
        if !s["loadBalancerSourceRanges"].items().is_empty() && kind != "LoadBalancer" {
            e.at("LoadBalancerSourceRanges", |e| {
                e.forbidden("may only be used when `type` is 'LoadBalancer'")
            });
        }
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if !s[key].is_null() && kind != "LoadBalancer" {
                e.at(key, |e| e.forbidden("may only be used when `type` is 'LoadBalancer'"));
            }
        }
        let external = matches!(kind, "NodePort" | "LoadBalancer") || !s["externalIPs"].items().is_empty();
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
    e.at("externalName", |e| match s["externalName"].text().trim_end_matches('.') {
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
        e.rule(p, "appProtocol", names::qualified_name);
    });
}

fn affinity(s: &Value, e: &mut Errors) {
    let config = &s["sessionAffinityConfig"];
    match s["sessionAffinity"].text() {
        "ClientIP" => {
            let seconds = &config["clientIP"]["timeoutSeconds"];
            if !(1..=86_400).contains(&seconds.int()) {
                e.at("sessionAffinityConfig.clientIP.timeoutSeconds", |e| {
                    e.invalid(seconds, "must be greater than 0 and less than 86400");
                });
            }
        }
        "None" if !config.is_null() => e.at("sessionAffinityConfig", |e| {
            e.forbidden("must not be set when session affinity is None");
        }),
        _ => {}
    }
}

fn cluster_ips(s: &Value, e: &mut Errors) {
    let (one, all) = (&s["clusterIP"], s["clusterIPs"].items());
    if !one.text().is_empty() && all.first().is_some_and(|first| first != one) {
        e.at("clusterIPs", |e| e.index(0, |e| e.invalid(&all[0], "first value must match `clusterIP`")));
    }
    for (i, ip) in all.iter().enumerate() {
        if ip != "None" && ip.text().parse::<IpAddr>().is_err() {
            e.at("clusterIPs", |e| {
                e.index(i, |e| {
                    e.invalid(ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
                });
            });
        }
    }
}

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
            let zero = objects::value!({
                "Name": "", "Protocol": (p["protocol"].clone()), "AppProtocol": null, "Port": (p["port"].clone()),
                "TargetPort": 0, "NodePort": 0
            });
            e.duplicate(&zero);
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
    validate(new, errs);
}
