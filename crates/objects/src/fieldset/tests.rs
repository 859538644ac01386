use super::*;
use crate::schema::type_for;
use crate::{value, yaml};

fn load(text: &str) -> Value {
    yaml::load(text).map(|d| d.value).unwrap_or_else(|e| panic!("{e:?}"))
}

fn deployment() -> Schema<'static> {
    type_for("apps", "v1", "Deployment").map_or(Schema::Unknown, Schema::of_type)
}

const WEB: &str = "
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: nginx
        image: nginx:1.25
        ports: [{containerPort: 80}]
";

#[test]
fn the_fields_of_a_configuration() {
    let set = of_object(&load(WEB), deployment());
    let want = load(
        r#"
f:metadata:
  f:labels: {"f:app": {}}
  f:name: {}
f:spec:
  f:replicas: {}
  f:selector: {}
  f:template:
    f:metadata: {"f:labels": {"f:app": {}}}
    f:spec:
      f:containers:
        'k:{"name":"nginx"}':
          .: {}
          f:image: {}
          f:name: {}
          f:ports:
            'k:{"containerPort":80,"protocol":"TCP"}': {.: {}, "f:containerPort": {}}
"#,
    );
    assert_eq!(set.to_value(), want);
    assert_eq!(Set::from_value(&want), Some(set));
}

#[test]
fn what_is_new_counts_from_where_nothing_was() {
    let zero = value!({"metadata": {}, "spec": {"template": {"metadata": {}, "spec": {"containers": null}}}});
    let c = compare(&zero, &load(WEB), deployment());
    let added = c.written().to_value();
    assert!(added["f:spec"].find(".").is_none(), "the zero object has a spec");
    assert!(added["f:metadata"]["f:labels"].find(".").is_some(), "it has no labels");
    assert!(
        added.at(&["f:spec", "f:template", "f:spec", "f:containers"]).find(".").is_none(),
        "a list that was null"
    );
    assert!(c.removed.is_empty());
}

#[test]
fn differences_are_told_apart() {
    let old = load(WEB);
    let mut new = old.clone();
    new.set_at(&["spec", "replicas"], 3);
    new.remove_at(&["metadata", "labels"]);
    let c = compare(&old, &new, deployment());
    assert_eq!(c.modified.paths(), [".spec.replicas"]);
    assert_eq!(c.removed.paths(), [".metadata.labels", ".metadata.labels.app"]);
    assert!(c.added.is_empty());
}

#[test]
fn merging_keeps_places_and_takes_the_order_of_what_is_named() {
    let schema = type_for("", "v1", "Pod").map_or(Schema::Unknown, Schema::of_type);
    let pod = |names: &[&str]| {
        let all: Vec<Value> = names.iter().map(|n| value!({"name": (*n)})).collect();
        value!({"spec": {"containers": (Value::from(all))}})
    };
    let cases: &[(&[&str], &[&str], &[&str])] = &[
        (&["a", "b", "c"], &["c", "a"], &["b", "c", "a"]),
        (&["a", "b"], &["x"], &["a", "b", "x"]),
        (&["a", "b"], &["x", "b"], &["a", "x", "b"]),
        (&["a"], &[], &["a"]),
    ];
    for (base, over, want) in cases {
        let merged = merge(&pod(base), &pod(over), schema);
        assert_eq!(merged, pod(want), "{base:?} + {over:?}");
    }
}

#[test]
fn taking_fields_out_leaves_the_rest() {
    let gone = Set::from_value(&load(
        r#"{"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {'k:{"name":"nginx"}': {"f:image": {}}}}}}}"#,
    ))
    .unwrap_or_default();
    let left = remove(&load(WEB), &gone, deployment());
    assert!(left["spec"].find("replicas").is_none());
    let container = &left["spec"]["template"]["spec"]["containers"][0];
    assert_eq!((container["name"].text(), container.find("image")), ("nginx", None));
}

#[test]
fn algebra_holds_path_by_path() {
    let a = of_object(&load("{metadata: {labels: {a: x, b: y}}}"), deployment());
    let b = of_object(&load("{metadata: {labels: {b: y, c: z}}}"), deployment());
    assert_eq!(a.union(&b).paths().len(), 3);
    assert_eq!(a.intersection(&b).paths(), [".metadata.labels.b"]);
    assert_eq!(a.difference(&b).paths(), [".metadata.labels.a"]);
    assert!(a.difference(&a).is_empty());
}

#[test]
fn a_configuration_is_checked_against_its_schema() {
    let cases = [
        ("{spec: {replica: 1}}", ".spec.replica: field not declared in schema"),
        ("{spec: {replicas: many}}", ".spec.replicas: expected numeric (int or float), got string"),
        (
            "{spec: {template: {spec: {containers: [{image: x}]}}}}",
            ".spec.template.spec.containers: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key fields)",
        ),
        (
            "{spec: {template: {spec: {containers: [{name: a}, {name: a}]}}}}",
            ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]",
        ),
    ];
    for (text, want) in cases {
        assert_eq!(check(&load(text), deployment()).as_deref(), Some(want));
    }
    assert_eq!(check(&load(WEB), deployment()), None);
}

#[test]
fn what_is_no_set_is_refused() {
    for bad in ["{x: {}}", "{'k:{': {}}", "{'f:a': 3, 'q:b': {}}", "[]"] {
        assert_eq!(Set::from_value(&load(bad)), None, "{bad}");
    }
}
