//! Custom resources: what a definition makes the server serve.

use client::{PatchType, Request, TableOf, Verb};
use objects::resources::{CUSTOMRESOURCEDEFINITIONS, Resource};
use objects::{Value, value};

use crate::{Desk, at, refusal};

fn definition() -> Value {
    value!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "crontabs.stable.example.com"},
        "spec": {
            "group": "stable.example.com", "scope": "Namespaced",
            "names": {"plural": "crontabs", "singular": "crontab", "kind": "CronTab", "shortNames": ["ct"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["cronSpec"], "properties": {
                        "cronSpec": {"type": "string", "pattern": "^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$"},
                        "replicas": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1}
                    }},
                    "status": {"type": "object", "properties": {"ready": {"type": "boolean"}}}
                }}},
                "additionalPrinterColumns": [
                    {"name": "Spec", "type": "string", "jsonPath": ".spec.cronSpec"},
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
                ]
            }]
        }
    })
}

fn request(verb: Verb, name: &str) -> Request {
    Request::new(verb, &"stable.example.com".into(), &"v1".into(), &"crontabs".into())
        .in_namespace("default")
        .named(name)
}

fn tab(spec: Value) -> Value {
    value!({"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": "c"}, "spec": (spec)})
}

fn define(d: &mut Desk) -> Value {
    let r: &Resource = CUSTOMRESOURCEDEFINITIONS;
    let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural).object(definition());
    d.call(request).expect("defined").object
}

#[test]
fn a_definition_is_served_at_once_and_takes_its_objects_along() {
    let mut d = Desk::new();
    assert!(d.call(request(Verb::List, "")).is_err(), "not served yet");
    let made = define(&mut d);
    assert!(made.condition_true("Established") && made["status"]["storedVersions"] == value!(["v1"]));
    let list = d.call(Request::raw("/apis/stable.example.com/v1")).expect("discovered").object;
    assert_eq!(list["resources"][0]["shortNames"], value!(["ct"]));

    let o = d.call(request(Verb::Create, "").object(tab(value!({"cronSpec": "* * * * */5", "extra": 1}))));
    let o = o.expect("created").object;
    assert_eq!((o["spec"]["replicas"].int(), o.generation()), (1, 1));
    assert!(o["spec"]["extra"].is_null(), "unknown fields are pruned");

    let mut table = request(Verb::List, "");
    table.options.table = TableOf::Metadata;
    let table = d.call(table).expect("listed").object;
    let names: Vec<&str> = table["columnDefinitions"].items().iter().map(|c| c["name"].text()).collect();
    assert_eq!(names, ["Name", "Spec", "Age"]);
    assert_eq!(table["rows"][0]["cells"], value!(["c", "* * * * */5", "0s"]));

    d.call(at(Verb::Delete, CUSTOMRESOURCEDEFINITIONS, "crontabs.stable.example.com")).expect("deleted");
    assert_eq!(d.server.objects("crontabs.stable.example.com", "").count(), 0);
    assert_eq!(
        refusal(d.call(request(Verb::List, ""))),
        "NotFound: the server could not find the requested resource"
    );
}

#[test]
fn custom_objects_must_fit_their_schema() {
    let mut d = Desk::new();
    define(&mut d);
    let bad = d.call(request(Verb::Create, "").object(tab(value!({"cronSpec": "* * * *", "replicas": 15}))));
    let causes: Vec<String> =
        bad.expect_err("refused").causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
    assert_eq!(
        causes,
        [
            "spec.cronSpec: Invalid value: \"* * * *\": spec.cronSpec in body should match \
             '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$'",
            "spec.replicas: Invalid value: 15: spec.replicas in body should be less than or equal to 10"
        ]
    );
    assert_eq!(
        refusal(d.call(request(Verb::Create, "").object(tab(Value::map())))),
        "Invalid: CronTab.stable.example.com \"c\" is invalid: spec.cronSpec: Required value"
    );
    d.call(request(Verb::Create, "").object(tab(value!({"cronSpec": "* * * * *"})))).expect("created");
    let patch = |spec: Value| {
        request(Verb::Patch, "c").patch(PatchType::Merge, client::Body::Object(value!({"spec": (spec)})))
    };
    assert_eq!(
        refusal(d.call(patch(value!({"replicas": "three"})))),
        "Invalid: CronTab.stable.example.com \"c\" is invalid: spec.replicas: Invalid value: \"string\": spec.replicas in \
         body must be of type integer: \"string\""
    );
    let o = d.call(patch(value!({"replicas": 3}))).expect("patched").object;
    assert_eq!((o["spec"]["replicas"].int(), o.generation()), (3, 2));
    let mut status = o;
    status.set("status", value!({"ready": true}));
    let o = d.call(request(Verb::Update, "c").subresource("status").object(status)).expect("written").object;
    assert_eq!((o["status"]["ready"].is_true(), o.generation()), (true, 2));
}

#[test]
fn defaults_fit_their_own_schema() {
    let mut d = Desk::new();
    let cases = [
        (
            value!({"type": "integer", "default": "one"}),
            r#"Invalid value: "string":  in body must be of type integer: "string""#,
        ),
        (
            value!({"type": "integer", "minimum": 3, "default": 1}),
            "Invalid value: 1:  in body should be greater than or equal to 3",
        ),
        (
            value!({"type": "string", "enum": ["a", "b"], "default": "c"}),
            r#"Unsupported value: "c": supported values: "a", "b""#,
        ),
        (
            value!({"type": "object", "properties": {"a": {"type": "string"}}, "default": {"b": "x"}}),
            r#"Invalid value: {"b":"x"}: must not have unknown fields"#,
        ),
        (
            value!({"type": "integer", "default": 1, "x-kubernetes-validations": [{"rule": "self > 1", "message": "more"}]}),
            "Invalid value: \"integer\": more",
        ),
    ];
    for (schema, why) in cases {
        let mut bad = definition();
        let version = bad.at(&["spec", "versions"]).items()[0].clone();
        let mut version = version;
        version.set_at(&["schema", "openAPIV3Schema", "properties", "spec", "properties", "x"], schema);
        bad.set_at(&["spec", "versions"], value!([(version)]));
        let r: &Resource = CUSTOMRESOURCEDEFINITIONS;
        let request = Request::new(Verb::Create, &r.group, &r.version, &r.plural).object(bad);
        let at = "spec.validation.openAPIV3Schema.properties[spec].properties[x].default";
        let said = refusal(d.call(request));
        assert!(said.ends_with(&format!("{at}: {why}")), "{said}");
    }
}
