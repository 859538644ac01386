//! Versions of custom kinds turned into each other, by the server and the file that admission's rules are in.
//!
//! `conversions`, each of which says: `kinds` it is about (none: all), `from` and `to` (versions with their group), `when`
//! (conditions as of a rule, all of which must hold) and `patch` (operations of a JSON patch). Those that are about an
//! object are done one after the other; an object that none is about can't be converted.

use objects::patch::json_patch;
use objects::{Value, value};

use super::admission::holds;

/// The answer to a ConversionReview, and what the server says of it.
pub(super) fn answer(conversions: &Value, asked: &Value) -> (Value, String) {
    let to = asked["desiredAPIVersion"].text();
    let objects = asked["objects"].items();
    let done: Result<Vec<Value>, String> = objects.iter().map(|o| converted(conversions, o, to)).collect();
    let mut response = value!({"uid": (asked["uid"].clone())});
    let said = match &done {
        Ok(all) => format!("converted {} to {to}", all.len()),
        Err(why) => format!("to {to}: {why}"),
    };
    match done {
        Ok(all) => {
            response.set("convertedObjects", all);
            response.set("result", value!({"status": "Success"}));
        }
        Err(why) => response.set("result", value!({"status": "Failure", "message": (why)})),
    }
    let answer = value!({
        "kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1", "response": (response)
    });
    (answer, said)
}

fn converted(conversions: &Value, object: &Value, to: &str) -> Result<Value, String> {
    let (from, kind) = (object["apiVersion"].text(), object.kind());
    let is_about = |c: &&Value| {
        let kinds = c["kinds"].items();
        c["from"] == *from && c["to"] == *to && (kinds.is_empty() || kinds.iter().any(|k| *k == kind))
    };
    let mut about = conversions.items().iter().filter(is_about).peekable();
    if about.peek().is_none() {
        return Err(format!("no conversion of {kind} from {from}"));
    }
    let mut out = object.clone();
    for c in about.filter(|c| c["when"].items().iter().all(|w| holds(w, object))) {
        out = json_patch::apply(&out, &c["patch"]).map_err(|e| e.to_string())?;
    }
    out.set("apiVersion", to);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use objects::yaml;

    use super::*;

    #[test]
    fn what_is_said_of_a_kind_is_done_in_order() {
        let rules = yaml::load(
            "conversions:\n- {kinds: [Web], from: a.b/v1, to: a.b/v2, patch: [{op: move, from: /spec/host, path: /spec/name}]}\n- {from: a.b/v1, to: a.b/v2, when: [{path: .spec.port, operator: DoesNotExist}], patch: [{op: add, path: /spec/port, value: 80}]}\n",
        )
        .unwrap_or_else(|e| panic!("{e}"))
        .value;
        let asked = |kind: &str, port: Value| {
            value!({"uid": "u", "desiredAPIVersion": "a.b/v2", "objects": [
                {"apiVersion": "a.b/v1", "kind": (kind), "spec": {"host": "h", "port": (port)}}
            ]})
        };
        let response = |asked: &Value| answer(&rules["conversions"], asked).0["response"].clone();
        let web = response(&asked("Web", Value::Int(8080)));
        assert_eq!(
            web["convertedObjects"],
            value!([{"apiVersion": "a.b/v2", "kind": "Web", "spec": {"name": "h", "port": 8080}}])
        );
        assert_eq!((web["result"]["status"].text(), web["uid"].text()), ("Success", "u"));
        let mut other = asked("Other", Value::Int(1));
        other.set("desiredAPIVersion", "a.b/v3");
        assert_eq!(response(&other)["result"]["message"], "no conversion of Other from a.b/v1");
    }
}
