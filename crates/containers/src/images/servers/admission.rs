//! A webhook server: it answers an AdmissionReview by the rules in a file, `/etc/webhook/rules.yaml` (`--rules FILE`).
//!
//! A rule: `kinds` and `operations` it is about (none: all), `when` (conditions, all of which must hold: a JSONPath
//! `path`, an `operator` of Exists, DoesNotExist, In, NotIn, Matches, NotMatches and `values`), and what follows:
//! `deny` (a message), `warn` (a message), `patch` (operations of a JSON patch) or `delaySeconds`. The file is read for
//! every request, so an edited ConfigMap counts once the kubelet has brought it. The same server converts versions of
//! custom kinds (conversion.rs).

use objects::jsonpath::{self, JsonPath};
use objects::{Value, base64, json, pattern, value, yaml};

use super::{Kind, Server, conversion, no_demand};
use crate::machine::Sys;
use crate::net::{HttpRequest, HttpResponse};
use crate::programs;

const RULES: &str = "/etc/webhook/rules.yaml";
/// A rule cannot hold an answer back for longer.
const DELAY_MAX_S: i64 = 60;

pub(super) const KINDS: [Kind; 1] = [Kind {
    name: "admission-webhook",
    ports: &[8443],
    start_ms: 60,
    demand: no_demand,
    log: |_, sys| {
        let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
        (String::new(), format!("{now} serving admission reviews on :8443\n"))
    },
    http: Some(answer),
    tcp: None,
    term: Some(0),
}];

fn answer(server: &mut Server, request: &HttpRequest, sys: &mut Sys<'_>) -> HttpResponse {
    let review = json::parse(&String::from_utf8_lossy(&request.body)).unwrap_or_default();
    let converts = review["kind"] == "ConversionReview";
    if request.method != "POST" || !(converts || review["kind"] == "AdmissionReview") {
        let healthy = matches!(request.path(), "/healthz" | "/livez" | "/readyz");
        let (status, text) = if healthy { (200, "ok") } else { (400, "expected an AdmissionReview") };
        return HttpResponse::text(status, "text/plain", text);
    }
    let path = server.option(&["rules"]).unwrap_or_else(|| RULES.to_owned());
    let asked = &review["request"];
    let rules = match sys.fs().read(&path) {
        Ok(bytes) => yaml::load(&String::from_utf8_lossy(&bytes)).map(|d| d.value).map_err(|e| e.to_string()),
        Err(_) => Err(format!("open {path}: no such file or directory")),
    };
    let rules = match rules {
        Ok(rules) => rules,
        Err(why) => {
            sys.err(&format!("cannot read rules: {why}\n"));
            return HttpResponse::text(500, "text/plain", format!("cannot read rules: {why}"));
        }
    };
    let now = programs::date_text(sys.now(), "%Y/%m/%d %H:%M:%S");
    if converts {
        let (answer, said) = conversion::answer(&rules["conversions"], asked);
        sys.err(&format!("{now} {said}\n"));
        return HttpResponse::text(200, "application/json", json::to_string(&answer));
    }
    let decided = decide(&rules["rules"], asked);
    let subject = &asked["object"]["metadata"];
    sys.err(&format!(
        "{now} {} {} {}/{}: {}\n",
        asked["operation"].text(),
        asked["kind"]["kind"].text(),
        asked["namespace"].text(),
        match (asked["name"].text(), subject["generateName"].text()) {
            ("", generated) => generated,
            (name, _) => name,
        },
        match &decided.denied {
            Some(why) => format!("denied: {why}"),
            None if decided.patch.is_empty() => "allowed".to_owned(),
            None => format!("allowed with {} changes", decided.patch.len()),
        }
    ));
    let mut response = value!({"uid": (asked["uid"].clone()), "allowed": (decided.denied.is_none())});
    if let Some(why) = decided.denied {
        response.set("status", value!({"code": 403, "reason": "Forbidden", "message": (why)}));
    } else if !decided.patch.is_empty() {
        let patch: Value = decided.patch.into_iter().collect();
        response.set("patchType", "JSONPatch");
        response.set("patch", base64::encode(json::to_string(&patch).as_bytes()));
    }
    if !decided.warnings.is_empty() {
        response.set("warnings", decided.warnings);
    }
    let answer = value!({
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": (response)
    });
    let mut response = HttpResponse::text(200, "application/json", json::to_string(&answer));
    response.took_ms = u32::try_from(decided.delay_s * 1000).unwrap_or(0);
    response
}

/// What the rules come to.
#[derive(Debug, Default, PartialEq)]
struct Decided {
    denied: Option<String>,
    warnings: Vec<String>,
    patch: Vec<Value>,
    delay_s: i64,
}

fn decide(rules: &Value, asked: &Value) -> Decided {
    let mut out = Decided::default();
    let object = if asked["object"].is_null() { &asked["oldObject"] } else { &asked["object"] };
    for rule in rules.items() {
        let named = |list: &str, what: &Value| {
            let list = rule[list].items();
            list.is_empty() || list.iter().any(|x| x == what)
        };
        let about = named("kinds", &asked["kind"]["kind"]) && named("operations", &asked["operation"]);
        if !about || !rule["when"].items().iter().all(|c| holds(c, object)) {
            continue;
        }
        out.delay_s = out.delay_s.max(rule["delaySeconds"].int().clamp(0, DELAY_MAX_S));
        if let Some(warning) = rule["warn"].as_str() {
            out.warnings.push(warning.to_owned());
        }
        if let (Some(why), None) = (rule["deny"].as_str(), &out.denied) {
            out.denied = Some(why.to_owned());
        }
        out.patch.extend(rule["patch"].items().iter().cloned());
    }
    out
}

pub(super) fn holds(condition: &Value, object: &Value) -> bool {
    let path = condition["path"].text();
    let path = if path.starts_with('{') { path.to_owned() } else { format!("{{{path}}}") };
    let found = JsonPath::parse(&path).and_then(|p| p.find(object, true)).unwrap_or_default();
    let found: Vec<Value> = found.into_iter().flatten().filter(|v| !v.is_null()).collect();
    let values = condition["values"].items();
    let is_in = |v: &Value| values.iter().any(|w| jsonpath::text(w) == jsonpath::text(v));
    let matches = |v: &Value| values.iter().any(|w| pattern::matches(w.text(), &jsonpath::text(v)));
    match condition["operator"].text() {
        "Exists" => !found.is_empty(),
        "DoesNotExist" => found.is_empty(),
        "In" => found.iter().any(is_in),
        "NotIn" => !found.iter().any(is_in),
        "Matches" => found.iter().any(matches),
        "NotMatches" => !found.iter().any(matches),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_decide() {
        let rules = yaml::load(
            "rules:\n- kinds: [Pod]\n  when: [{path: '.spec.containers[*].image', operator: Matches, values: [':latest$']}]\n  deny: no latest\n- operations: [CREATE]\n  when: [{path: .metadata.labels.team, operator: DoesNotExist}]\n  warn: no team\n  patch: [{op: add, path: /metadata/labels, value: {team: none}}]\n",
        )
        .map(|d| d.value["rules"].clone())
        .unwrap_or_default();
        let asked = |kind: &str, operation: &str, image: &str, labels: Value| {
            value!({
                "kind": {"kind": (kind)}, "operation": (operation),
                "object": {"metadata": {"labels": (labels)}, "spec": {"containers": [{"image": (image)}]}}
            })
        };
        let no = decide(&rules, &asked("Pod", "UPDATE", "web:latest", value!({"team": "a"})));
        assert_eq!((no.denied.as_deref(), no.patch.len()), (Some("no latest"), 0));
        let yes = decide(&rules, &asked("Pod", "CREATE", "web:1", Value::map()));
        assert_eq!((yes.denied, yes.warnings.len(), yes.patch.len()), (None, 1, 1));
        assert_eq!(decide(&rules, &asked("Secret", "UPDATE", "web:latest", value!({}))), Decided::default());
    }
}
