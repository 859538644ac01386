//! FlowSchemas and PriorityLevelConfigurations.
//!
//! Models `pkg/apis/flowcontrol/validation`. Not modelled: that the mandatory ones keep their fixed values; the bits that
//! a hand of queues needs.

use objects::{Value, names};

use super::Errors;

const VERBS: [&str; 9] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const MOST_PRECEDENCE: i64 = 10_000;
const MOST_QUEUES: i64 = 10_000_000;

pub(super) fn schema(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let precedence = &s["matchingPrecedence"];
        e.at("matchingPrecedence", |e| match precedence.int() {
            ..=0 => e.invalid(&precedence.int().into(), "must be a positive value"),
            1 if object.name() != "exempt" => {
                e.invalid(precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
            }
            n if n > MOST_PRECEDENCE => {
                e.invalid(precedence, &format!("must not be greater than {MOST_PRECEDENCE}"));
            }
            _ => {}
        });
        let method = &s["distinguisherMethod"];
        if !method.is_null() && !matches!(method["type"].text(), "ByNamespace" | "ByUser") {
            e.at("distinguisherMethod.type", |e| e.not_supported(method, &["ByNamespace", "ByUser"]));
        }
        let level = &s["priorityLevelConfiguration"]["name"];
        e.at("priorityLevelConfiguration.name", |e| match level.text() {
            "" => e.required("must reference a priority level"),
            name => e.complaints(level, names::dns1123_subdomain(name)),
        });
        e.each(s, "rules", |e, _, rule| policy_rule(rule, e));
    });
}

fn policy_rule(rule: &Value, e: &mut Errors) {
    if rule["subjects"].items().is_empty() {
        e.at("subjects", |e| e.required("subjects must contain at least one value"));
    }
    e.each(rule, "subjects", |e, _, s| subject(s, e));
    if rule["resourceRules"].items().is_empty() && rule["nonResourceRules"].items().is_empty() {
        e.required("at least one of resourceRules and nonResourceRules has to be non-empty");
    }
    e.each(rule, "resourceRules", |e, _, r| {
        verbs(r, e);
        some(r, "apiGroups", "resource rules must supply at least one api group", "api groups", e);
        some(r, "resources", "resource rules must supply at least one resource", "resources", e);
        if r["namespaces"].items().is_empty() {
            if !r["clusterScope"].is_true() {
                let why = "resource rules that are not cluster scoped must supply at least one namespace";
                e.at("namespaces", |e| e.required(why));
            }
        } else if !alone(r, "namespaces", "namespaces", e) {
            e.each(r, "namespaces", |e, _, ns| {
                for why in names::dns1123_label(ns.text()) {
                    let lead = "each member of this list must be '*' or a DNS-1123 label; ";
                    e.invalid(ns, &format!("{lead}{why}"));
                }
            });
        }
    });
    e.each(rule, "nonResourceRules", |e, _, r| {
        verbs(r, e);
        if r["nonResourceURLs"].items().is_empty() {
            e.at("nonResourceURLs", |e| e.required("nonResourceURLs must contain at least one value"));
        } else if !alone(r, "nonResourceURLs", "non-resource URLs", e) {
            e.each(r, "nonResourceURLs", |e, _, url| path(url, e));
        }
    });
}

/// Whether `*` is in a list, where it must stand by itself.
fn alone(rule: &Value, list: &str, others: &str, e: &mut Errors) -> bool {
    let items = rule[list].items();
    let has = items.iter().any(|i| *i == "*");
    if has && items.len() > 1 {
        let why = format!("if '*' is present, must not specify other {others}");
        e.at(list, |e| e.invalid(&rule[list], &why));
    }
    has
}

fn some(rule: &Value, list: &str, none: &str, others: &str, e: &mut Errors) {
    if rule[list].items().is_empty() {
        e.at(list, |e| e.required(none));
    } else {
        alone(rule, list, others, e);
    }
}

fn verbs(rule: &Value, e: &mut Errors) {
    let given = rule["verbs"].items();
    if given.is_empty() {
        e.at("verbs", |e| e.required("verbs must contain at least one value"));
    } else if !alone(rule, "verbs", "verbs", e) && given.iter().any(|v| !VERBS.contains(&v.text())) {
        e.at("verbs", |e| e.not_supported(&rule["verbs"], &VERBS));
    }
}

fn path(url: &Value, e: &mut Errors) {
    let text = url.text();
    let stars = text.matches('*').count();
    let why = if text.is_empty() {
        "must not be empty"
    } else if text == "/" {
        return;
    } else if !text.starts_with('/') {
        "must start with slash"
    } else if text.contains(' ') {
        "must not contain white-space"
    } else if text.contains("//") {
        "must not contain double slash"
    } else if stars > 1 || stars == 1 && !text.ends_with("/*") {
        "wildcard can only do suffix matching"
    } else {
        return;
    };
    e.invalid(url, why);
}

fn subject(s: &Value, e: &mut Errors) {
    const KINDS: [(&str, &str); 3] =
        [("ServiceAccount", "serviceAccount"), ("User", "user"), ("Group", "group")];
    let kind = s["kind"].text();
    let Some((_, own)) = KINDS.iter().find(|(k, _)| *k == kind) else {
        e.at("kind", |e| e.not_supported(&s["kind"], &["Group", "ServiceAccount", "User"]));
        return;
    };
    let of = &s[*own];
    e.at(own, |e| {
        if of.is_null() {
            e.required(&format!("{own} is required when subject kind is '{kind}'"));
            return;
        }
        e.at("name", |e| match of["name"].text() {
            "" => e.required(""),
            name if *own == "serviceAccount" && name != "*" => {
                e.complaints(&of["name"], names::dns1123_subdomain(name));
            }
            _ => {}
        });
        if *own == "serviceAccount" {
            e.at("namespace", |e| match of["namespace"].text() {
                "" => e.required("must specify namespace for service account"),
                ns => e.complaints(&of["namespace"], names::dns1123_label(ns)),
            });
        }
    });
    for (other, field) in KINDS.iter().filter(|(k, _)| *k != kind) {
        if !s[*field].is_null() {
            let why = format!("{field} is forbidden when subject kind is not '{other}'");
            e.at(field, |e| e.forbidden(&why));
        }
    }
}

pub(super) fn level(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        let kind = s["type"].text();
        if (object.name() == "exempt") != (kind == "Exempt") {
            e.at("type", |e| e.invalid(&s["type"], "must be 'Exempt' if and only if `name` is 'exempt'"));
        }
        let (exempt, limited) = (&s["exempt"], &s["limited"]);
        match kind {
            "Exempt" => {
                if !limited.is_null() {
                    e.at("limited", |e| e.forbidden("must be nil if the type is not Limited"));
                }
                e.at("exempt", |e| shares(exempt, e));
            }
            "Limited" => {
                if !exempt.is_null() {
                    e.at("exempt", |e| e.forbidden("must be nil if the type is Limited"));
                }
                e.at("limited", |e| match limited.is_null() {
                    true => e.required("must not be empty when type is Limited"),
                    false => limits(limited, e),
                });
            }
            _ => e.at("type", |e| e.not_supported(&s["type"], &["Exempt", "Limited"])),
        }
    });
}

fn shares(of: &Value, e: &mut Errors) {
    if of["nominalConcurrencyShares"].int() < 0 {
        let shares = &of["nominalConcurrencyShares"];
        e.at("nominalConcurrencyShares", |e| e.invalid(shares, "must be a non-negative integer"));
    }
    if !(0..=100).contains(&of["lendablePercent"].int()) {
        e.at("lendablePercent", |e| {
            e.invalid(&of["lendablePercent"], "must be between 0 and 100, inclusive")
        });
    }
}

fn limits(of: &Value, e: &mut Errors) {
    shares(of, e);
    let response = &of["limitResponse"];
    let queuing = &response["queuing"];
    e.at("limitResponse", |e| match response["type"].text() {
        "Reject" if !queuing.is_null() => {
            e.at("queuing", |e| e.forbidden("must be nil if limited.limitResponse.type is not Limited"));
        }
        "Reject" => {}
        "Queue" if queuing.is_null() => {
            e.at("queuing", |e| e.required("must not be empty if limited.limitResponse.type is Limited"));
        }
        "Queue" => e.at("queuing", |e| queues(queuing, e)),
        _ => e.at("type", |e| e.not_supported(&response["type"], &["Queue", "Reject"])),
    });
    if of["borrowingLimitPercent"].int() < 0 {
        let percent = &of["borrowingLimitPercent"];
        e.at("borrowingLimitPercent", |e| e.invalid(percent, "if specified, must be a non-negative integer"));
    }
}

fn queues(of: &Value, e: &mut Errors) {
    let (queues, hand) = (of["queues"].int(), of["handSize"].int());
    for (key, most, over) in [
        ("queueLengthLimit", i64::MAX, String::new()),
        ("queues", MOST_QUEUES, format!("must not be greater than {MOST_QUEUES}")),
        ("handSize", queues, format!("should not be greater than queues ({queues})")),
    ] {
        let n = of[key].int();
        if n <= 0 {
            e.at(key, |e| e.invalid(&n.into(), "must be positive"));
        } else if n > most {
            e.at(key, |e| e.invalid(&hand.max(n).into(), &over));
        }
    }
}
