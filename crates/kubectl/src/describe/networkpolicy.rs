//! `kubectl describe networkpolicy`

use objects::Value;
use objects::selector::format_label_selector;

use super::page::{joined, plain, text_or};
use super::{Page, Related};

pub(super) fn describe(p: &mut Page, o: &Value, _: &Related) {
    let spec = &o["spec"];
    p.name(o);
    let created = o.created().map_or_else(String::new, |t| {
        let (y, mo, d, h, mi, s) = t.civil();
        format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02} +0000 UTC")
    });
    p.field("Created on", &created);
    p.labels_and_annotations(o);
    p.line(0, &["Spec:"]);
    let selector = &spec["podSelector"];
    if selector["matchLabels"].is_zero() && selector["matchExpressions"].is_zero() {
        p.line(1, &["PodSelector:     <none> (Allowing the specific traffic to all pods in this namespace)"]);
    } else {
        p.line(1, &["PodSelector:     ", &format_label_selector(selector)]);
    }
    let types: Vec<&str> = spec["policyTypes"].items().iter().map(Value::text).collect();
    for (kind, word, field) in [("Ingress", "ingress", "ingress"), ("Egress", "egress", "egress")] {
        if types.contains(&kind) {
            p.line(1, &["Allowing ", word, " traffic:"]);
            rules(p, &spec[field], word);
        } else {
            p.line(1, &["Not affecting ", word, " traffic"]);
        }
    }
    p.line(1, &["Policy Types: ", &types.join(", ")]);
}

fn rules(p: &mut Page, rules: &Value, word: &str) {
    let (peers, title, free) = if word == "ingress" {
        ("from", "From:", "From: <any> (traffic not restricted by source)")
    } else {
        ("to", "To:", "To: <any> (traffic not restricted by destination)")
    };
    let all = rules.items();
    if all.is_empty() {
        p.line(2, &["<none> (Selected pods are isolated for ", word, " connectivity)"]);
    }
    for (i, r) in all.iter().enumerate() {
        if r["ports"].items().is_empty() {
            p.line(2, &["To Port: <any> (traffic allowed to all ports)"]);
        }
        for port in r["ports"].items() {
            let (number, protocol) = (plain(&port["port"]), text_or(&port["protocol"], "TCP"));
            match port["endPort"].as_int() {
                None => p.line(2, &["To Port: ", &number, "/", protocol]),
                Some(end) => p.line(2, &["To Port Range: ", &number, "-", &end.to_string(), "/", protocol]),
            }
        }
        if r[peers].items().is_empty() {
            p.line(2, &[free]);
        }
        for peer in r[peers].items() {
            p.line(2, &[title]);
            for (field, label) in
                [("namespaceSelector", "NamespaceSelector: "), ("podSelector", "PodSelector: ")]
            {
                if !peer[field].is_null() {
                    p.line(3, &[label, &format_label_selector(&peer[field])]);
                }
            }
            let block = &peer["ipBlock"];
            if !block.is_null() {
                p.line(3, &["IPBlock:"]);
                p.line(4, &["CIDR: ", block["cidr"].text()]);
                p.line(4, &["Except: ", &joined(&block["except"], ", ")]);
            }
        }
        if i + 1 < all.len() {
            p.line(2, &["----------"]);
        }
    }
}
