//! Admission policies, their bindings, and webhook configurations.
//!
//! Models `pkg/apis/admissionregistration/validation`. Not modelled: types of expressions beyond what shows at a glance,
//! the estimated cost of an expression.

use cel::Program;
use objects::resources::split_api_version;
use objects::{Value, names};

use super::{Errors, labels};

const POLICIES: [&str; 2] = ["Fail", "Ignore"];
const MATCHING: [&str; 2] = ["Equivalent", "Exact"];
const REINVOCATION: [&str; 2] = ["IfNeeded", "Never"];
const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const MUTATING_OPERATIONS: [&str; 4] = ["*", "CONNECT", "CREATE", "UPDATE"];
const SIDE_EFFECTS: [&str; 2] = ["None", "NoneOnDryRun"];
const REVIEW_VERSIONS: [&str; 2] = ["v1", "v1beta1"];
const CONDITIONS_MAX: i64 = 64;
const ANNOTATIONS_MAX: usize = 20;

/// Words that no variable may be called.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// What an expression may name beyond what every one may, and what it must come to.
struct Wanted<'a> {
    params: bool,
    authorizer: bool,
    /// The policy's variables so far; `None` where there are none at all.
    variables: Option<&'a [&'a str]>,
    types: &'a [&'a str],
}

/// `object` with the rules of its place.
fn expression(v: &Value, wanted: &Wanted<'_>, e: &mut Errors) {
    let text = v.text();
    let wrong = match Program::parse(text) {
        Err(why) => Some(format!("compilation failed: {why}")),
        Ok(p) => undeclared(&p, text, wanted).or_else(|| {
            let is = p.shown_type()?;
            let fits = wanted.types.is_empty() || wanted.types.contains(&is);
            (!fits).then(|| match wanted.types {
                [one] => format!("must evaluate to {one} but got {is}"),
                many => format!("must evaluate to one of [{}] but got {is}", many.join(" ")),
            })
        }),
    };
    if let Some(why) = wrong {
        e.invalid(v, &why);
    }
}

/// What upstream's compiler says of the byte `at` of an expression.
pub(crate) fn compilation_failed(text: &str, at: usize, why: &str) -> String {
    let before = &text[..at];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    let source = text.lines().nth(line).unwrap_or_default();
    format!(
        "compilation failed: ERROR: <input>:{}:{}: {why}\n | {source}\n | {}^",
        line + 1,
        column + 1,
        ".".repeat(column)
    )
}

fn undeclared(p: &Program, text: &str, wanted: &Wanted<'_>) -> Option<String> {
    let shown = |at: usize, why: &str| Some(compilation_failed(text, at, why));
    for name in p.free_variables() {
        let known = cel::GLOBALS.contains(&name.as_str())
            || matches!(name.as_str(), "object" | "oldObject" | "request" | "namespaceObject" | "jsonpatch")
            || name == "params" && wanted.params
            || name == "authorizer" && wanted.authorizer
            || name == "variables" && wanted.variables.is_some();
        if !known {
            let at = text.find(name.as_str()).unwrap_or(0);
            return shown(at, &format!("undeclared reference to '{name}' (in container '')"));
        }
    }
    let declared = wanted.variables.unwrap_or_default();
    let missing = p.fields_of("variables").into_iter().find(|f| !declared.contains(&f.as_str()))?;
    let at = text.find(&format!("variables.{missing}")).map_or(0, |at| at + "variables".len());
    shown(at, &format!("undefined field '{missing}'"))
}

fn required_choice(object: &Value, child: &str, supported: &[&str], e: &mut Errors) {
    e.one_of(object, child, supported);
}

pub(super) fn validating_policy(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        policy_head(s, None, e);
        let names: Vec<&str> = s["variables"].items().iter().map(|v| v["name"].text()).collect();
        let variables = (!names.is_empty()).then_some(names.as_slice());
        let params = !s["paramKind"].is_null();
        if s["validations"].items().is_empty() && s["auditAnnotations"].items().is_empty() {
            for field in ["validations", "auditAnnotations"] {
                e.at(field, |e| {
                    e.required("validations or auditAnnotations must contain at least one item");
                });
            }
            return;
        }
        e.each(s, "validations", |e, _, v| validation(v, params, variables, e));
        let annotations = s["auditAnnotations"].items();
        if annotations.len() > ANNOTATIONS_MAX {
            let why = format!("must not have more than {ANNOTATIONS_MAX} auditAnnotations");
            e.at("auditAnnotations", |e| e.invalid(&s["auditAnnotations"], &why));
        }
        e.each(s, "auditAnnotations", |e, i, a| {
            let key = a["key"].text();
            let qualified = format!("{}/{key}", object.name());
            e.at("key", |e| e.complaints(&qualified.as_str().into(), names::qualified_name(&qualified)));
            e.at("valueExpression", |e| {
                if a["valueExpression"].text().trim().is_empty() {
                    e.required("valueExpression is not specified");
                } else {
                    let wanted =
                        Wanted { params, authorizer: true, variables, types: &["string", "null_type"] };
                    expression(&a["valueExpression"], &wanted, e);
                }
            });
            if annotations[..i].iter().any(|b| b["key"] == key) {
                e.at("key", |e| e.duplicate(&a["key"]));
            }
        });
    });
}

fn validation(v: &Value, params: bool, variables: Option<&[&str]>, e: &mut Errors) {
    e.at("expression", |e| {
        if v["expression"].text().trim().is_empty() {
            e.required("expression is not specified");
        } else {
            let wanted = Wanted { params, authorizer: true, variables, types: &["bool"] };
            expression(&v["expression"], &wanted, e);
        }
    });
    for (field, is_expression) in [("messageExpression", true), ("message", false)] {
        let text = v[field].text();
        e.at(field, |e| {
            if !text.is_empty() && text.trim().is_empty() {
                e.invalid(&v[field], "must be non-empty if specified");
            } else if is_expression && !text.is_empty() {
                let wanted = Wanted { params, authorizer: false, variables, types: &["string"] };
                expression(&v[field], &wanted, e);
            } else if !is_expression && text.trim().contains('\n') {
                e.invalid(&v[field], "must not contain line breaks");
            }
        });
    }
    e.one_of_if_set(v, "reason", &["Forbidden", "Invalid", "RequestEntityTooLarge"]);
}

/// What policies of both kinds have in common. `operations`: those a rule may name.
fn policy_head(s: &Value, operations: Option<&[&str]>, e: &mut Errors) {
    required_choice(s, "failurePolicy", &POLICIES, e);
    let params = !s["paramKind"].is_null();
    if params {
        e.at("paramKind", |e| param_kind(&s["paramKind"], e));
    }
    e.at("matchConstraints", |e| {
        let m = &s["matchConstraints"];
        if m.is_null() {
            e.required("");
            return;
        }
        match_resources(m, e);
        if m["resourceRules"].items().is_empty() {
            e.at("resourceRules", |e| e.required(""));
        }
        for op in m["resourceRules"].items().iter().flat_map(|r| r["operations"].items()) {
            if let Some(ops) = operations.filter(|ops| !ops.contains(&op.text())) {
                e.at("resourceRules.operations", |e| e.not_supported(op, ops));
            }
        }
    });
    match_conditions(s, params, e);
    let names: Vec<&str> = s["variables"].items().iter().map(|v| v["name"].text()).collect();
    e.each(s, "variables", |e, i, v| {
        e.at("name", |e| {
            let name = v["name"].text();
            let mut chars = name.bytes();
            let starts = chars.next().is_some_and(|c| c == b'_' || c.is_ascii_alphabetic());
            if name.trim().is_empty() {
                e.required("name is not specified");
            } else if !starts
                || !chars.all(|c| c == b'_' || c.is_ascii_alphanumeric())
                || RESERVED.contains(&name)
            {
                e.invalid(&v["name"], "must be a valid CEL identifier");
            }
        });
        e.at("expression", |e| {
            if v["expression"].text().trim().is_empty() {
                e.required("expression is not specified");
            } else {
                let before = &names[..i.min(names.len())];
                let wanted = Wanted { params, authorizer: true, variables: Some(before), types: &[] };
                expression(&v["expression"], &wanted, e);
            }
        });
    });
}

fn param_kind(kind: &Value, e: &mut Errors) {
    let api_version = &kind["apiVersion"];
    e.at("apiVersion", |e| match api_version.text() {
        "" => e.required(""),
        text if text.matches('/').count() > 1 => {
            e.invalid(api_version, &format!("unexpected GroupVersion string: {text}"));
        }
        text => {
            let (group, version) = split_api_version(text);
            let bad = if group.is_empty() { Vec::new() } else { names::dns1123_subdomain(group) };
            if !bad.is_empty() {
                e.invalid_text(group, &bad.join(","));
            }
            if version.is_empty() {
                e.invalid(api_version, "version must be specified");
                return;
            }
            let bad = names::dns1035_label(version);
            if !bad.is_empty() {
                e.invalid_text(version, &bad.join(","));
            }
        }
    });
    e.at("kind", |e| match kind["kind"].text() {
        "" => e.required(""),
        text => {
            let bad = names::dns1035_label(&text.to_ascii_lowercase());
            if !bad.is_empty() {
                let why = format!("may have mixed case, but should otherwise match: {}", bad.join(","));
                e.invalid_text(text, &why);
            }
        }
    });
}

fn match_resources(m: &Value, e: &mut Errors) {
    required_choice(m, "matchPolicy", &MATCHING, e);
    for selector in ["namespaceSelector", "objectSelector"] {
        e.at(selector, |e| {
            if m[selector].is_null() {
                e.required("");
            } else {
                labels::selector(&m[selector], e);
            }
        });
    }
    for rules in ["resourceRules", "excludeResourceRules"] {
        e.each(m, rules, |e, _, r| {
            let named = r["resourceNames"].items();
            e.each(r, "resourceNames", |e, i, n| {
                e.complaints(n, names::path_segment(n.text()));
                if named[..i].contains(n) {
                    e.duplicate(n);
                }
            });
            rule(r, e);
        });
    }
}

/// A rule with its operations.
fn rule(r: &Value, e: &mut Errors) {
    let star = |list: &Value| list.items().len() > 1 && list.items().iter().any(|x| *x == "*");
    e.at("operations", |e| {
        if r["operations"].items().is_empty() {
            e.required("");
        }
        if star(&r["operations"]) {
            e.invalid(&r["operations"], "if '*' is present, must not specify other operations");
        }
        for (i, op) in r["operations"].items().iter().enumerate() {
            if !OPERATIONS.contains(&op.text()) {
                e.index(i, |e| e.not_supported(op, &OPERATIONS));
            }
        }
    });
    for (list, what) in [("apiGroups", "API groups"), ("apiVersions", "API versions")] {
        e.at(list, |e| {
            if r[list].items().is_empty() {
                e.required("");
            }
            if star(&r[list]) {
                e.invalid(&r[list], &format!("if '*' is present, must not specify other {what}"));
            }
        });
    }
    e.each(r, "apiVersions", |e, _, v| {
        if v.text().is_empty() {
            e.required("");
        }
    });
    e.at("resources", |e| resources(&r["resources"], e));
    e.one_of_if_set(r, "scope", &["*", "Cluster", "Namespaced"]);
}

fn resources(list: &Value, e: &mut Errors) {
    if list.items().is_empty() {
        e.required("");
    }
    let (mut any_sub, mut any_resource): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let (mut star, mut plain) = (false, false);
    for (i, r) in list.items().iter().enumerate() {
        let text = r.text();
        if text.is_empty() {
            e.index(i, |e| e.required(""));
            continue;
        }
        star |= text == "*";
        let Some((resource, sub)) = text.split_once('/') else {
            plain = text != "*";
            continue;
        };
        if any_sub.contains(&resource) {
            let why = format!("if '{resource}/*' is present, must not specify {text}");
            e.index(i, |e| e.invalid(r, &why));
        }
        if any_resource.contains(&sub) {
            let why = format!("if '*/{sub}' is present, must not specify {text}");
            e.index(i, |e| e.invalid(r, &why));
        }
        if sub == "*" {
            any_sub.push(resource);
        }
        if resource == "*" {
            any_resource.push(sub);
        }
    }
    if list.items().len() > 1 && list.items().iter().any(|r| *r == "*/*") {
        e.invalid(list, "if '*/*' is present, must not specify other resources");
    }
    if star && plain {
        e.invalid(list, "if '*' is present, must not specify other resources without subresources");
    }
}

fn match_conditions(of: &Value, params: bool, e: &mut Errors) {
    let all = of["matchConditions"].items();
    if all.len() as i64 > CONDITIONS_MAX {
        e.at("matchConditions", |e| e.too_many(all.len(), CONDITIONS_MAX));
    }
    e.each(of, "matchConditions", |e, i, c| {
        e.at("expression", |e| {
            if c["expression"].text().trim().is_empty() {
                e.required("");
            } else {
                let wanted = Wanted { params, authorizer: true, variables: None, types: &["bool"] };
                expression(&c["expression"], &wanted, e);
            }
        });
        e.at("name", |e| match c["name"].text() {
            "" => e.required(""),
            name => {
                e.complaints(&c["name"], names::qualified_name(name));
                if all[..i].iter().any(|b| b["name"] == name) {
                    e.duplicate(&c["name"]);
                }
            }
        });
    });
}

pub(super) fn mutating_policy(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        policy_head(s, Some(&MUTATING_OPERATIONS), e);
        let names: Vec<&str> = s["variables"].items().iter().map(|v| v["name"].text()).collect();
        let params = !s["paramKind"].is_null();
        if s["mutations"].items().is_empty() {
            e.at("mutations", |e| e.required("mutations must contain at least one item"));
        }
        e.each(s, "mutations", |e, _, m| {
            let (own, other, shown, types): (_, _, _, &[&str]) = match m["patchType"].text() {
                "" => return e.at("patchType", |e| e.required("")),
                "JSONPatch" => ("jsonPatch", "applyConfiguration", "{applyConfiguration}", &["list"]),
                "ApplyConfiguration" => ("applyConfiguration", "jsonPatch", "{jsonPatch}", &["Object"]),
                _ => {
                    return e.at("patchType", |e| {
                        e.not_supported(&m["patchType"], &["ApplyConfiguration", "JSONPatch"]);
                    });
                }
            };
            let kind = m["patchType"].text();
            e.at(own, |e| {
                if m[own].is_null() {
                    e.required(&format!("must be specified when patchType is {kind}"));
                    return;
                }
                e.at("expression", |e| {
                    if m[own]["expression"].text().trim().is_empty() {
                        e.required("");
                    } else {
                        let wanted = Wanted { params, authorizer: true, variables: Some(&names), types };
                        expression(&m[own]["expression"], &wanted, e);
                    }
                });
            });
            if !m[other].is_null() {
                let why = format!("must not be specified when patchType is {kind}");
                e.at(other, |e| e.invalid_text(shown, &why));
            }
        });
        required_choice(s, "reinvocationPolicy", &REINVOCATION, e);
    });
}

fn binding(s: &Value, e: &mut Errors) {
    e.at("policyName", |e| match s["policyName"].text() {
        "" => e.required(""),
        name => e.complaints(&s["policyName"], names::dns1123_subdomain(name)),
    });
    let p = &s["paramRef"];
    if !p.is_null() {
        e.at("paramRef", |e| {
            let (name, both) = (p["name"].text(), !p["name"].text().is_empty() && !p["selector"].is_null());
            e.rule(p, "name", names::path_segment);
            if both {
                e.at("name", |e| e.forbidden("name and selector are mutually exclusive"));
            }
            if !p["selector"].is_null() {
                e.at("selector", |e| {
                    labels::selector(&p["selector"], e);
                    if both {
                        e.forbidden("name and selector are mutually exclusive");
                    }
                });
            } else if name.is_empty() {
                e.required("one of name or selector must be specified");
            }
            e.one_of(p, "parameterNotFoundAction", &["Deny", "Allow"]);
        });
    }
    if !s["matchResources"].is_null() {
        e.at("matchResources", |e| match_resources(&s["matchResources"], e));
    }
}

pub(super) fn validating_binding(object: &Value, errs: &mut Errors) {
    let s = &object["spec"];
    errs.at("spec", |e| {
        binding(s, e);
        let actions = s["validationActions"].items();
        e.at("validationActions", |e| {
            for (i, a) in actions.iter().enumerate() {
                e.index(i, |e| {
                    if !matches!(a.text(), "Deny" | "Warn" | "Audit") {
                        e.not_supported(a, &["Audit", "Deny", "Warn"]);
                    }
                    if actions[..i].contains(a) {
                        e.duplicate(a);
                    }
                });
            }
            let has = |action: &str| actions.iter().any(|a| *a == action);
            if has("Deny") && has("Warn") {
                e.invalid(&s["validationActions"], "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)");
            }
            if actions.is_empty() {
                e.required("at least one validation action is required");
            }
        });
    });
}

pub(super) fn mutating_binding(object: &Value, errs: &mut Errors) {
    errs.at("spec", |e| binding(&object["spec"], e));
}

pub(super) fn webhooks(object: &Value, errs: &mut Errors) {
    let all = object["webhooks"].items();
    errs.each(object, "webhooks", |e, i, hook| {
        webhook(hook, e);
        review_versions(&hook["admissionReviewVersions"], e);
        let name = hook["name"].text();
        if !name.is_empty() && all[..i].iter().any(|h| h["name"] == name) {
            e.at("name", |e| e.duplicate(&hook["name"]));
        }
    });
}

fn webhook(hook: &Value, e: &mut Errors) {
    e.at("name", |e| match hook["name"].text() {
        "" => e.required(""),
        name => {
            let bad = names::dns1123_subdomain(name);
            if !bad.is_empty() {
                e.complaints(&hook["name"], bad);
            } else if name.split('.').count() < 3 {
                e.invalid(&hook["name"], "should be a domain with at least three segments separated by dots");
            }
        }
    });
    e.each(hook, "rules", |e, _, r| rule(r, e));
    e.one_of_if_set(hook, "failurePolicy", &POLICIES);
    e.one_of_if_set(hook, "matchPolicy", &MATCHING);
    e.at("sideEffects", |e| {
        let v = &hook["sideEffects"];
        if v.is_null() {
            e.required(&format!("must specify one of {}", SIDE_EFFECTS.join(", ")));
        } else if !SIDE_EFFECTS.contains(&v.text()) {
            e.not_supported(v, &SIDE_EFFECTS);
        }
    });
    let timeout = &hook["timeoutSeconds"];
    if !timeout.is_null() && !(1..=30).contains(&timeout.int()) {
        e.at("timeoutSeconds", |e| {
            e.invalid(timeout, "the timeout value must be between 1 and 30 seconds");
        });
    }
    for selector in ["namespaceSelector", "objectSelector"] {
        if !hook[selector].is_null() {
            e.at(selector, |e| labels::selector(&hook[selector], e));
        }
    }
    e.one_of_if_set(hook, "reinvocationPolicy", &REINVOCATION);
    e.at("clientConfig", |e| client_config(&hook["clientConfig"], e));
    match_conditions(hook, false, e);
}

/// Where a webhook is.
pub(crate) fn client_config(c: &Value, e: &mut Errors) {
    if c["url"].is_null() == c["service"].is_null() {
        e.required("exactly one of url or service is required");
    } else if !c["url"].is_null() {
        e.at("url", |e| url(&c["url"], e));
    } else {
        e.at("service", |e| service(&c["service"], e));
    }
}

fn url(v: &Value, e: &mut Errors) {
    const FORM: &str = "; desired format: https://host[/path]";
    let text = v.text();
    let Some((scheme, rest)) = text.split_once("://") else {
        e.invalid_text("", &format!("'https' is the only allowed URL scheme{FORM}"));
        e.invalid_text("", &format!("host must be specified{FORM}"));
        return;
    };
    if scheme != "https" {
        e.invalid_text(scheme, &format!("'https' is the only allowed URL scheme{FORM}"));
    }
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        e.invalid_text("", &format!("host must be specified{FORM}"));
    }
    if host.contains('@') {
        let user = host.split('@').next().unwrap_or_default();
        e.invalid_text(user, "user information is not permitted in the URL");
    }
    let tail = rest.split_once('#').map(|(_, f)| f);
    if let Some(fragment) = tail.filter(|f| !f.is_empty()) {
        e.invalid_text(fragment, "fragments are not permitted in the URL");
    }
    let query = rest.split('#').next().and_then(|r| r.split_once('?')).map(|(_, q)| q);
    if let Some(query) = query.filter(|q| !q.is_empty()) {
        e.invalid_text(query, "query parameters not permitted in the URL");
    }
}

fn service(s: &Value, e: &mut Errors) {
    for field in ["name", "namespace"] {
        if s[field].text().is_empty() {
            let what =
                if field == "name" { "service name is required" } else { "service namespace is required" };
            e.at(field, |e| e.required(what));
        }
    }
    if !s["port"].is_null() && !(1..=65_535).contains(&s["port"].int()) {
        e.at("port", |e| e.invalid(&s["port"], "port is not valid: must be between 1 and 65535, inclusive"));
    }
    let path = s["path"].text();
    if s["path"].is_null() || path == "/" {
        return;
    }
    e.at("path", |e| {
        if path == "//" {
            e.invalid(&s["path"], "segment[0] may not be empty");
            return;
        }
        if !path.starts_with('/') {
            e.invalid(&s["path"], "must start with a '/'");
        }
        let inner = path.trim_start_matches('/').trim_end_matches('/');
        for (i, step) in inner.split('/').enumerate() {
            if step.is_empty() {
                e.invalid(&s["path"], &format!("segment[{i}] may not be empty"));
                continue;
            }
            for why in names::dns1123_subdomain(step) {
                e.invalid(&s["path"], &format!("segment[{i}]: {why}"));
            }
        }
    });
}

fn review_versions(versions: &Value, e: &mut Errors) {
    e.at("admissionReviewVersions", |e| {
        let all = versions.items();
        if all.is_empty() {
            e.required(&format!("must specify one of {}", REVIEW_VERSIONS.join(", ")));
            return;
        }
        for (i, v) in all.iter().enumerate() {
            e.index(i, |e| {
                if all[..i].contains(v) {
                    e.invalid(v, "duplicate version");
                } else {
                    e.complaints(v, names::dns1035_label(v.text()));
                }
            });
        }
        if !all.iter().any(|v| REVIEW_VERSIONS.contains(&v.text())) {
            let why = format!("must include at least one of {}", REVIEW_VERSIONS.join(", "));
            e.invalid(versions, &why);
        }
    });
}

#[cfg(test)]
mod tests {
    use objects::value;

    use super::*;

    fn complaints(check: fn(&Value, &mut Errors), object: &Value) -> Vec<String> {
        let mut e = Errors::new(false);
        check(object, &mut e);
        e.into_causes().into_iter().map(|c| format!("{}: {}", c.field, c.message)).collect()
    }

    fn policy(validation: Value) -> Value {
        value!({"metadata": {"name": "p"}, "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
                "resourceRules": [{
                    "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]
                }],
            },
            "variables": [{"name": "n", "expression": "object.spec.replicas"}],
            "validations": [(validation)],
        }})
    }

    #[test]
    fn expressions_of_policies() {
        let table: [(Value, &[&str]); 6] = [
            (value!({"expression": "variables.n <= 5", "message": "few", "reason": "Forbidden"}), &[]),
            (
                value!({"expression": " "}),
                &["spec.validations[0].expression: Required value: expression is not specified"],
            ),
            (
                value!({"expression": "objekt.x"}),
                &[
                    "spec.validations[0].expression: Invalid value: \"objekt.x\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt' (in container '')\n | objekt.x\n | ^",
                ],
            ),
            (
                value!({"expression": "variables.m > 1"}),
                &[
                    "spec.validations[0].expression: Invalid value: \"variables.m > 1\": compilation failed: ERROR: <input>:1:10: undefined field 'm'\n | variables.m > 1\n | .........^",
                ],
            ),
            (
                value!({"expression": "'yes'"}),
                &[
                    "spec.validations[0].expression: Invalid value: \"'yes'\": must evaluate to bool but got string",
                ],
            ),
            (
                value!({"expression": "params.x == 1", "reason": "NotFound"}),
                &[
                    "spec.validations[0].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'params' (in container '')\n | params.x == 1\n | ^",
                    "spec.validations[0].reason: Unsupported value: \"NotFound\": supported values: \"Forbidden\", \"Invalid\", \"RequestEntityTooLarge\"",
                ],
            ),
        ];
        for (validation, want) in table {
            assert_eq!(complaints(validating_policy, &policy(validation)), want);
        }
    }

    #[test]
    fn what_must_be_said() {
        let empty = value!({"metadata": {"name": "p"}, "spec": {"failurePolicy": "Fail"}});
        assert_eq!(
            complaints(validating_policy, &empty),
            [
                "spec.matchConstraints: Required value",
                "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
                "spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item",
            ]
        );
        let both = value!({"spec": {"policyName": "p", "validationActions": ["Deny", "Warn"]}});
        assert_eq!(complaints(validating_binding, &both).len(), 1);
        assert_eq!(
            complaints(validating_binding, &value!({"spec": {"policyName": "p"}})),
            ["spec.validationActions: Required value: at least one validation action is required"]
        );
    }

    #[test]
    fn webhooks_in_upstreams_words() {
        let hook = value!({"webhooks": [{"name": "short", "clientConfig": {}, "timeoutSeconds": 60}]});
        assert_eq!(
            complaints(webhooks, &hook),
            [
                "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots",
                "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
                "webhooks[0].timeoutSeconds: Invalid value: 60: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
                "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
            ]
        );
    }
}
