//! What the schema of a custom kind must be like itself.
//!
//! Models ValidateStructural and ValidateCustomResourceDefinitionOpenAPISchema in `apiextensions-apiserver`.
//! Defaults are held to their own schema (`schema/defaulting`). Not modelled: what value validations (`allOf` and the
//! like) may not say; the cost of rules; defaults within metadata.

use objects::Value;

use crate::validation::Errors;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// The schema of a kind's whole object.
pub(crate) fn check(schema: &Value, e: &mut Errors) {
    if schema["nullable"].is_true() {
        e.at("nullable", |e| e.forbidden("nullable cannot be true at the root"));
    }
    let before = e.len();
    structural(schema, Level::Root, e);
    openapi(schema, e);
    if e.len() == before {
        defaults(schema, true, e);
    }
}

/// A default is an object like any other.
fn defaults(s: &Value, is_root: bool, e: &mut Errors) {
    let default = &s["default"];
    if !default.is_null() {
        e.at("default", |e| {
            if has_unknown(default, s) {
                e.invalid(default, "must not have unknown fields");
            }
            let before = e.len();
            super::schema::validate(default, s, "", e);
            if e.len() == before {
                super::rules::check(default, None, s, e);
            }
        });
    }
    if s["items"].as_map().is_some() {
        e.at("items", |e| defaults(&s["items"], false, e));
    }
    let is_root = is_root || s["x-kubernetes-embedded-resource"].is_true();
    for (name, property) in s["properties"].entries() {
        if !(is_root && matches!(name.as_str(), "metadata" | "apiVersion" | "kind")) {
            e.at("properties", |e| e.key(name, |e| defaults(property, false, e)));
        }
    }
}

/// Whether something in a value would be pruned.
fn has_unknown(value: &Value, s: &Value) -> bool {
    let rest = &s["additionalProperties"];
    let is_open = s["x-kubernetes-preserve-unknown-fields"].is_true() || *rest == Value::Bool(true);
    value.items().iter().any(|item| has_unknown(item, &s["items"]))
        || value.entries().iter().any(|(key, v)| match s["properties"].find(key) {
            Some(property) => has_unknown(v, property),
            None if rest.as_map().is_some() => has_unknown(v, rest),
            None => !is_open,
        })
}

/// Every part has a type, and what that type needs.
fn structural(s: &Value, level: Level, e: &mut Errors) {
    let kind = s["type"].text();
    let flag = |name: &str| s[name].is_true();
    let (open, either) = (flag("x-kubernetes-preserve-unknown-fields"), flag("x-kubernetes-int-or-string"));
    let embedded = flag("x-kubernetes-embedded-resource");
    let schema = |v: &Value| v.as_map().is_some();
    if kind == "array" && !schema(&s["items"]) {
        e.at("items", |e| e.required("must be specified"));
    }
    if schema(&s["items"]) {
        e.at("items", |e| structural(&s["items"], Level::Item, e));
    }
    for (name, property) in s["properties"].entries() {
        e.at("properties", |e| e.key(name, |e| structural(property, Level::Field, e)));
    }
    let rest = &s["additionalProperties"];
    if !rest.is_null() {
        e.at("additionalProperties", |e| {
            if level == Level::Root {
                e.forbidden("must not be used at the root");
            }
            if schema(rest) {
                structural(rest, Level::Field, e);
            }
            if embedded {
                e.forbidden("must not be used if x-kubernetes-embedded-resource is set");
            }
        });
    }
    if either && open {
        e.at("x-kubernetes-preserve-unknown-fields", |e| {
            e.invalid(&true.into(), "must be false if x-kubernetes-int-or-string is true");
        });
    }
    e.at("type", |e| {
        if embedded && kind != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            if kind.is_empty() { e.required(why) } else { e.invalid(&s["type"], why) }
        } else if kind.is_empty() && !either && !open {
            e.required(match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            });
        } else if level == Level::Root && !kind.is_empty() && kind != "object" {
            e.invalid(&s["type"], "must be object at the root");
        }
    });
    if level == Level::Root || embedded {
        for name in ["kind", "apiVersion"] {
            let of = &s["properties"][name];
            if !of.is_null() && of["type"] != "string" {
                e.at("properties", |e| {
                    e.key(name, |e| e.at("type", |e| e.invalid_text(of["type"].text(), "must be string")));
                });
            }
        }
    }
    if embedded && !open && s["properties"].is_zero() {
        e.at("properties", |e| {
            e.required("must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
        });
    }
}

/// What holds for any part of a schema.
fn openapi(s: &Value, e: &mut Errors) {
    let kind = s["type"].text();
    if !kind.is_empty() && !TYPES.contains(&kind) {
        e.at("type", |e| e.not_supported(&s["type"], &TYPES));
    }
    if s["uniqueItems"].is_true() {
        e.at("uniqueItems", |e| {
            e.forbidden("uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        });
    }
    let rest = &s["additionalProperties"];
    if !s["properties"].is_zero() && !rest.is_null() && *rest != Value::Bool(true) {
        e.at("additionalProperties", |e| {
            e.forbidden("additionalProperties and properties are mutual exclusive");
        });
    }
    for (name, property) in s["properties"].entries() {
        e.at("properties", |e| e.key(name, |e| openapi(property, e)));
    }
    for part in ["items", "additionalProperties", "not"] {
        if s[part].as_map().is_some() {
            e.at(part, |e| openapi(&s[part], e));
        }
    }
    for list in ["allOf", "anyOf", "oneOf"] {
        e.each(s, list, |e, _, part| openapi(part, e));
    }
    const OPEN: &str = "x-kubernetes-preserve-unknown-fields";
    if s[OPEN].as_bool() == Some(false) {
        e.at(OPEN, |e| e.invalid(&false.into(), "must be true or undefined"));
    }
    of_type(s, "x-kubernetes-map-type", "object", &["atomic", "granular"], e);
    of_type(s, "x-kubernetes-list-type", "array", &["atomic", "set", "map"], e);
    map_list(s, e);
    e.each(s, "x-kubernetes-validations", |e, _, rule| {
        let (text, said) = (rule["rule"].text().trim(), rule["message"].text());
        if text.is_empty() {
            e.at("rule", |e| e.required("rule is not specified"));
        } else if !said.is_empty() && said.trim().is_empty() {
            e.at("message", |e| e.invalid_text(said, "must be non-empty if specified"));
        } else if said.trim().contains(['\n', '\r']) {
            e.at("message", |e| e.invalid_text(said, "must not contain line breaks"));
        } else if text.contains(['\n', '\r']) && said.is_empty() {
            e.at("message", |e| e.required("message must be specified if rule contains line breaks"));
        }
        let reasons =
            ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        if rule["reason"].as_str().is_some_and(|r| !reasons.contains(&r)) {
            e.at("reason", |e| e.not_supported(&rule["reason"], &reasons));
        }
    });
}

/// An extension that belongs to one type, and what it may say.
fn of_type(s: &Value, name: &str, kind: &str, known: &[&str], e: &mut Errors) {
    let Some(given) = s[name].as_str() else { return };
    if s["type"] != *kind {
        let why = format!("must be {kind} if {name} is specified");
        e.at("type", |e| match s["type"].text() {
            "" => e.required(&why),
            _ => e.invalid(&s["type"], &why),
        });
    }
    if !known.contains(&given) {
        e.at(name, |e| e.not_supported(&s[name], known));
    }
}

/// Lists whose elements have keys.
fn map_list(s: &Value, e: &mut Errors) {
    const TYPE: &str = "x-kubernetes-list-type";
    const KEYS: &str = "x-kubernetes-list-map-keys";
    let (keys, items) = (s[KEYS].items(), &s["items"]);
    let is_map = s[TYPE] == "map";
    if !keys.is_empty() && !is_map {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        e.at(TYPE, |e| if s[TYPE].is_null() { e.required(why) } else { e.invalid(&s[TYPE], why) });
    }
    if !is_map {
        return;
    }
    if keys.is_empty() {
        e.at(KEYS, |e| e.required("must not be empty if x-kubernetes-list-type is map"));
    }
    if items.is_null() {
        e.at("items", |e| e.required("must have a schema if x-kubernetes-list-type is map"));
    } else if items["type"] != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        e.at("items.type", |e| e.invalid_text(items["type"].text(), why));
    } else {
        for (i, key) in keys.iter().enumerate() {
            let property = &items["properties"][key.text()];
            if property.is_null() {
                e.at(KEYS, |e| e.invalid(&s[KEYS], "entries must all be names of item properties"));
            } else if matches!(property["type"].text(), "array" | "object") {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                e.at("items.properties", |e| {
                    e.key(key.text(), |e| e.at("type", |e| e.invalid(&items["type"], why)));
                });
            } else if items["required"].items().iter().all(|r| r != key) && property["default"].is_null() {
                let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                e.at("items.properties", |e| {
                    e.key(key.text(), |e| e.at("default", |e| e.required(why)));
                });
            }
            if keys[..i].contains(key) {
                e.at(KEYS, |e| e.invalid(&s[KEYS], "must not contain duplicate entries"));
            }
        }
    }
}
