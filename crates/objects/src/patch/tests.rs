use super::*;
use crate::schema::{Schema, type_for};
use crate::{json, value};
use ordered::Sort as _;
use proptest::prelude::*;

fn schema() -> Schema<'static> {
    Schema::of_type(type_for("apps", "v1", "Deployment").expect("a built-in kind"))
}

fn parse(text: &str) -> Value {
    json::parse(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn deployment() -> Value {
    value!({"metadata": {"name": "d", "labels": {"a": "1"}, "finalizers": ["x", "y"]}, "spec": {"replicas": 2,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {"spec": {"containers": [
            {"name": "web", "image": "nginx:1", "args": ["a", "b"], "ports": [{"containerPort": 80}],
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]},
            {"name": "log", "image": "busybox"}]}}}})
}

fn pod_spec(v: &Value) -> &Value {
    v.at(&["spec", "template", "spec"])
}

fn patched(pod_spec: &str) -> Result<Value, Error> {
    let patch = parse(&format!(r#"{{"spec":{{"template":{{"spec":{pod_spec}}}}}}}"#));
    strategic::apply(&deployment(), &patch, schema())
}

fn names(list: &Value) -> String {
    list.items().iter().map(|c| c["name"].text()).collect::<Vec<_>>().join(" ")
}

#[test]
fn strategic_patches_merge_lists_by_key() {
    for (patch, containers) in [
        (r#"{"containers":[{"name":"log","image":"new"}]}"#, "web log"),
        (r#"{"containers":[{"name":"side","image":"x"}]}"#, "side web log"),
        (r#"{"containers":[{"name":"web","$patch":"delete"}]}"#, "log"),
        (r#"{"containers":[{"$patch":"replace"},{"name":"only","image":"x"}]}"#, "only"),
        (r#"{"$setElementOrder/containers":[{"name":"log"},{"name":"web"}]}"#, "log web"),
        (
            r#"{"$setElementOrder/containers":[{"name":"web"},{"name":"side"},{"name":"log"}],"containers":[{"name":"side","image":"x"}]}"#,
            "web side log",
        ),
        (r#"{"containers":null}"#, ""),
        (r#"{"volumes":[{"name":"v","emptyDir":{}}],"nodeName":null}"#, "web log"),
    ] {
        let after = patched(patch).expect(patch);
        assert_eq!(names(pod_spec(&after).get("containers")), containers, "{patch}");
    }
    let after = patched(r#"{"containers":[{"name":"web","env":[{"name":"B","value":"3"}],"args":["c"]}]}"#);
    let after = after.expect("valid");
    let web = &pod_spec(&after)["containers"][0];
    assert_eq!(json::to_string(&web["env"]), r#"[{"name":"A","value":"1"},{"name":"B","value":"3"}]"#);
    assert_eq!(json::to_string(&web["args"]), r#"["c"]"#);
}

#[test]
fn untouched_subtrees_stay_shared() {
    let before = deployment();
    let after = strategic::apply(&before, &value!({"spec": {"replicas": 5}}), schema()).expect("valid");
    assert!(after["spec"]["template"].same(&before["spec"]["template"]));
    let after = merge_patch::apply(&before, &value!({"spec": {"replicas": 5}}));
    assert!(after["spec"]["template"].same(&before["spec"]["template"]));
}

#[test]
fn directives_for_maps_and_plain_lists() {
    let apply = |patch: &str| strategic::apply(&deployment(), &parse(patch), schema()).expect(patch);
    let after = apply(r#"{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}"#);
    assert_eq!(json::to_string(&after["spec"]["strategy"]), r#"{"type":"Recreate"}"#);
    let after = apply(r#"{"spec":{"strategy":{"$patch":"replace","type":"Recreate"}}}"#);
    assert_eq!(json::to_string(&after["spec"]["strategy"]), r#"{"type":"Recreate"}"#);
    let after =
        apply(r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["x"],"labels":{"$patch":"delete"}}}"#);
    assert_eq!(json::to_string(&after["metadata"]), r#"{"finalizers":["y"],"labels":{},"name":"d"}"#);
    let after = apply(r#"{"metadata":{"finalizers":["z"],"labels":{"a":null,"b":"2"}}}"#);
    assert_eq!(
        json::to_string(&after["metadata"]),
        r#"{"finalizers":["z","x","y"],"labels":{"b":"2"},"name":"d"}"#
    );
}

#[test]
fn strategic_errors_are_upstream_s() {
    for (patch, error) in [
        (r#"{"containers":[{"image":"x"}]}"#, "map: map[image:x] does not contain declared merge key: name"),
        (
            r#"{"containers":[{"name":"web","$patch":"rename"}]}"#,
            "unknown patch type: rename in map: map[$patch:rename name:web]",
        ),
        (
            r#"{"containers":[{"name":"a"},"x"]}"#,
            "list element types are not identical: [[map[args:[a b] env:[map[name:A value:1] map[name:B value:2]] image:nginx:1 name:web ports:[map[containerPort:80]]] map[image:busybox name:log]] [map[name:a] x]]",
        ),
        (
            r#"{"containers":[{"name":"x"}],"$setElementOrder/containers":[{"name":"web"}]}"#,
            "The order in patch list:\n[map[name:x]]\n doesn't match $setElementOrder list:\n[map[name:web]]\n",
        ),
    ] {
        assert_eq!(patched(patch), Err(Error(error.to_owned())), "{patch}");
    }
}

#[test]
fn apply_s_patch_keeps_what_others_set_and_removes_what_is_no_longer_asked_for() {
    let last = parse(
        r#"{"spec":{"replicas":2,"template":{"spec":{"containers":[{"name":"web","image":"nginx:1","env":[{"name":"A","value":"1"}]},{"name":"log","image":"busybox"}]}}}}"#,
    );
    let wanted = parse(r#"{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:2"}]}}}}"#);
    let mut live = deployment();
    live.set_at(&["spec", "paused"], true);
    let patch = three_way::strategic(&last, &wanted, &live, schema()).expect("valid");
    assert_eq!(
        json::to_string(&patch),
        r#"{"spec":{"replicas":null,"template":{"spec":{"$setElementOrder/containers":[{"name":"web"}],"containers":[{"env":null,"image":"nginx:2","name":"web"},{"$patch":"delete","name":"log"}]}}}}"#
    );
    let after = strategic::apply(&live, &patch, schema()).expect("applies");
    assert_eq!(names(pod_spec(&after).get("containers")), "web");
    assert!(after["spec"]["paused"].is_true(), "set by someone else");
    assert_eq!(pod_spec(&after)["containers"][0]["args"].items().len(), 2, "not ours to remove");
    let nothing = three_way::strategic(&wanted, &wanted, &after, schema()).expect("valid");
    assert_eq!(nothing, Value::map());
    assert!(!three_way::changes_identity(&patch));
}

#[test]
fn two_way_patches() {
    let before = deployment();
    let mut after = before.clone();
    after.set_at(&["spec", "strategy"], value!({"type": "Recreate"}));
    after.set_at(&["metadata", "finalizers"], value!(["y", "z"]));
    let patch = diff::two_way(&before, &after, schema()).expect("valid");
    assert_eq!(
        json::to_string(&patch),
        r#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["x"],"$setElementOrder/finalizers":["y","z"],"finalizers":["z"]},"spec":{"strategy":{"$retainKeys":["type"],"rollingUpdate":null,"type":"Recreate"}}}"#
    );
    assert_eq!(strategic::apply(&before, &patch, schema()), Ok(after));
}

#[test]
fn merge_patches() {
    // The examples of RFC 7386.
    for (target, patch, result) in [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
        (r#"{}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ] {
        assert_eq!(json::to_string(&merge_patch::apply(&parse(target), &parse(patch))), result);
    }
    let (last, wanted) = (parse(r#"{"spec":{"a":1,"b":1}}"#), parse(r#"{"spec":{"a":2}}"#));
    let patch = merge_patch::three_way(&last, &wanted, &parse(r#"{"spec":{"a":1,"b":1,"c":1}}"#));
    assert_eq!(json::to_string(&patch), r#"{"spec":{"a":2,"b":null}}"#);
}

#[test]
fn json_patches() {
    let document = r#"{"a":{"b":1,"x/y":2},"l":[1,2,3]}"#;
    for (patch, result) in [
        (r#"[{"op":"add","path":"/c","value":3}]"#, Ok(r#"{"a":{"b":1,"x/y":2},"c":3,"l":[1,2,3]}"#)),
        (r#"[{"op":"add","path":"/l/1","value":9}]"#, Ok(r#"{"a":{"b":1,"x/y":2},"l":[1,9,2,3]}"#)),
        (r#"[{"op":"add","path":"/l/-","value":9}]"#, Ok(r#"{"a":{"b":1,"x/y":2},"l":[1,2,3,9]}"#)),
        (r#"[{"op":"remove","path":"/a/x~1y"}]"#, Ok(r#"{"a":{"b":1},"l":[1,2,3]}"#)),
        (r#"[{"op":"replace","path":"/l/0","value":{}}]"#, Ok(r#"{"a":{"b":1,"x/y":2},"l":[{},2,3]}"#)),
        (r#"[{"op":"move","from":"/l/0","path":"/a/b"}]"#, Ok(r#"{"a":{"b":1,"x/y":2},"l":[2,3]}"#)),
        (
            r#"[{"op":"copy","from":"/a","path":"/z"},{"op":"remove","path":"/a"}]"#,
            Ok(r#"{"l":[1,2,3],"z":{"b":1,"x/y":2}}"#),
        ),
        (r#"[{"op":"test","path":"/a/b","value":1}]"#, Ok(document)),
        (r#"[{"op":"test","path":"/a/b","value":2}]"#, Err("testing value /a/b failed: test failed")),
        (r#"[{"op":"replace","path":"/a/z","value":2}]"#, Ok(r#"{"a":{"b":1,"x/y":2,"z":2},"l":[1,2,3]}"#)),
        (
            r#"[{"op":"replace","path":"/l/5","value":2}]"#,
            Err("replace operation does not apply: doc is missing key: /l/5: missing value"),
        ),
        (
            r#"[{"op":"replace","path":"/q/z","value":2}]"#,
            Err("replace operation does not apply: doc is missing path: /q/z: missing value"),
        ),
        (
            r#"[{"op":"move","from":"/a/z","path":"/a/b"}]"#,
            Err("error in move for path: 'z': Unable to remove nonexistent key: z: missing value"),
        ),
        (
            r#"[{"op":"remove","path":"/a/z"}]"#,
            Err("error in remove for path: '/a/z': Unable to remove nonexistent key: z: missing value"),
        ),
        (
            r#"[{"op":"add","path":"/q/z","value":2}]"#,
            Err("add operation does not apply: doc is missing path: \"/q/z\": missing value"),
        ),
        (
            r#"[{"op":"remove","path":"/l/7"}]"#,
            Err(
                "error in remove for path: '/l/7': Unable to access invalid index: 7: invalid index referenced",
            ),
        ),
        (r#"[{"op":"jump","path":"/l/7"}]"#, Err("Unexpected kind: jump")),
    ] {
        let found = json_patch::apply(&parse(document), &parse(patch)).map(|v| json::to_string(&v));
        assert_eq!(found, result.map(str::to_owned).map_err(|e| Error(e.to_owned())), "{patch}");
    }
}

fn container() -> impl Strategy<Value = Value> {
    ("[abc]", "[xy]", prop::collection::btree_map("[ABC]", "[12]", 0..3)).prop_map(|(name, image, env)| {
        let env: Vec<Value> =
            env.into_iter().map(|(k, v)| value!({"name": (k.as_str()), "value": (v.as_str())})).collect();
        value!({"name": (name.as_str()), "image": (image.as_str()), "env": (env)})
    })
}

fn any_deployment() -> impl Strategy<Value = Value> {
    let labels = prop::collection::btree_map("[ab]", "[12]", 0..3);
    (prop::collection::vec(container(), 1..4), labels, 0..3_i64).prop_map(|(mut containers, labels, replicas)| {
        containers.arrange_by(|a, b| a["image"].text().cmp(b["image"].text()));
        let mut seen = Vec::new();
        containers.retain(|c| {
            let name = c["name"].to_str();
            let new = !seen.contains(&name);
            seen.push(name);
            new
        });
        let labels: Value = Value::Map(labels.into_iter().collect());
        value!({"metadata": {"labels": labels}, "spec": {"replicas": replicas, "template": {"spec": {"containers": (containers)}}}})
    })
}

proptest! {
    #[test]
    fn a_patch_of_two_objects_leads_from_one_to_the_other(a in any_deployment(), b in any_deployment()) {
        let patch = diff::two_way(&a, &b, schema()).expect("has keys");
        let after = strategic::apply(&a, &patch, schema()).expect("applies");
        prop_assert_eq!(&after, &b, "{:?}", patch);
        let patch = merge_patch::create(&a, &b);
        prop_assert_eq!(&merge_patch::apply(&a, &patch), &b);
        let patch = three_way::strategic(&a, &b, &a, schema()).expect("has keys");
        prop_assert_eq!(&strategic::apply(&a, &patch, schema()).expect("applies"), &b, "{:?}", patch);
    }

    #[test]
    fn no_patch_panics(op in "(add|remove|replace|move|copy|test|x)", path in "(/(l|a|0|-|9|-1|~1)){0,3}", from in "(/(l|a|0)){0,2}") {
        let patch = value!([{"op": (op.as_str()), "path": (path.as_str()), "from": (from.as_str()), "value": 1}]);
        let _ = json_patch::apply(&parse(r#"{"a":{"l":[1]},"l":[1,[2]]}"#), &patch);
    }
}
