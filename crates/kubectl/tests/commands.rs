//! Command lines against a server in a closure: what is printed, where, and the exit code.

use std::rc::Rc;

use client::{Request, Response, Verb};
use kubectl::testing::{MemoryIo, run};
use objects::{Status, Value, value};

fn nothing(r: &Request) -> Result<Response, Status> {
    if r.path == "/apis" {
        return Ok(Response {
            object: value!({"kind": "APIGroupList", "groups": []}),
            ..Response::default()
        });
    }
    if r.verb == Verb::List {
        return Ok(Response { object: value!({"kind": "Table", "rows": []}), ..Response::default() });
    }
    Err(Status::not_found(&r.group, &r.resource, &r.name))
}

fn check(line: &str, code: i32, output: &str) {
    let io = Rc::new(MemoryIo::default());
    let got = run(&io, line, &mut |r| nothing(r));
    assert_eq!((got.0, got.1.as_str()), (code, output), "{line}");
}

#[test]
fn refusals_before_anything_is_asked() {
    for (line, text) in [
        ("gte pods", "error: unknown command \"gte\" for \"kubectl\"\n\nDid you mean this?\n\tget\n"),
        ("get pods --nosuch", "error: unknown flag: --nosuch\nSee 'kubectl get --help' for usage.\n"),
        ("create deployment web", "error: required flag(s) \"image\" not set\n"),
        (
            "create deployment a b --image=x",
            "error: exactly one NAME is required, got 2\nSee 'kubectl create deployment -h' for help and examples\n",
        ),
        ("create foo", "error: Unexpected args: [foo]\nSee 'kubectl create -h' for help and examples\n"),
        ("apply", "error: must specify one of -f and -k\n"),
        ("apply -f nosuch.yaml", "error: the path \"nosuch.yaml\" does not exist\n"),
        ("get podz", "error: the server doesn't have a resource type \"podz\"\n"),
        ("get pod,nosuch", "error: the server doesn't have a resource type \"nosuch\"\n"),
        (
            "get pods -o nosuch",
            "error: unable to match a printer suitable for the output format \"nosuch\", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,kyaml,name,template,templatefile,wide,yaml\n",
        ),
        (
            "create configmap bad --from-file=nosuch.txt",
            "error: error reading nosuch.txt: no such file or directory\n",
        ),
        (
            "create secret tls t --cert=nosuch.crt --key=nosuch.key",
            "error: Cannot read file nosuch.crt, open nosuch.crt: no such file or directory\n",
        ),
        (
            "get pods -o custom-columns=NAME",
            "error: unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>\n",
        ),
        ("label pod x", "error: at least one label update is required\n"),
        ("delete pods", "error: resource(s) were provided, but no name was specified\n"),
    ] {
        check(line, 1, text);
    }
}

#[test]
fn refusals_by_the_server() {
    check("get pod nosuch", 1, "Error from server (NotFound): pods \"nosuch\" not found\n");
    check(
        "get pods web extra",
        1,
        "Error from server (NotFound): pods \"web\" not found\nError from server (NotFound): pods \"extra\" not found\n",
    );
    check(
        "delete deployment nosuch",
        1,
        "Error from server (NotFound): deployments.apps \"nosuch\" not found\n",
    );
    check("get pods -n nosuch", 0, "No resources found in nosuch namespace.\n");
    check("get nodes", 0, "No resources found\n");
}

#[test]
fn generators_print_what_upstream_makes() {
    check(
        "create deployment web --image=nginx:1.2 --image=redis --replicas=2 --port=80 --dry-run=client -o yaml",
        0,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    app: web\n  name: web\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: web\n  strategy: {}\n  template:\n    metadata:\n      labels:\n        app: web\n    spec:\n      containers:\n      - image: nginx:1.2\n        name: nginx\n        ports:\n        - containerPort: 80\n        resources: {}\n      - image: redis\n        name: redis\n        resources: {}\nstatus: {}\n",
    );
    check("create ns x --dry-run=client", 0, "namespace/x created (dry run)\n");
    check(
        "create secret docker-registry r --docker-username=u --docker-password=p --docker-email=e --dry-run=client -o yaml",
        0,
        "apiVersion: v1\ndata:\n  .dockerconfigjson: eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsidXNlcm5hbWUiOiJ1IiwicGFzc3dvcmQiOiJwIiwiZW1haWwiOiJlIiwiYXV0aCI6ImRUcHcifX19\nkind: Secret\nmetadata:\n  name: r\ntype: kubernetes.io/dockerconfigjson\n",
    );
    check(
        "create configmap c --from-literal=a=b --append-hash --dry-run=client -o name",
        0,
        "configmap/c-m4h6ctkgb2\n",
    );
}

#[test]
fn apply_creates_with_the_annotation_and_sees_no_change() {
    let io = Rc::new(MemoryIo::default());
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: b\n";
    io.files.borrow_mut().insert("c.yaml".into(), manifest.into());
    let mut kept = Value::Null;
    let mut server = |r: &Request| match r.verb {
        Verb::Get if kept.is_null() => Err(Status::not_found("", "configmaps", "c")),
        Verb::Get => Ok(Response { object: kept.clone(), ..Response::default() }),
        Verb::Create => {
            let client::Body::Object(o) = &r.body else { panic!("no object") };
            kept = o.clone();
            Ok(Response { object: kept.clone(), ..Response::default() })
        }
        v => panic!("unexpected {v:?}"),
    };
    assert_eq!(run(&io, "apply -f c.yaml", &mut server), (0, "configmap/c created\n".into()));
    assert_eq!(run(&io, "apply -f c.yaml", &mut server), (0, "configmap/c unchanged\n".into()));
    assert_eq!(
        kept.annotations()["kubectl.kubernetes.io/last-applied-configuration"].text(),
        "{\"apiVersion\":\"v1\",\"data\":{\"a\":\"b\"},\"kind\":\"ConfigMap\",\"metadata\":{\"annotations\":{},\"name\":\"c\",\"namespace\":\"default\"}}\n"
    );
}

#[test]
fn generators_refuse_what_upstream_refuses() {
    for (line, text) in [
        ("role r --verb=use --resource=pods", "error: can not perform 'use' on 'pods' in group ''\n"),
        (
            "role r --verb=get --resource=pods,foo.bar",
            "the server doesn't have a resource type \"foo\" in group \"bar\"\n",
        ),
        (
            "clusterrole r --verb=list --non-resource-url=/logs",
            "error: invalid verb: 'list' for nonResourceURL\n",
        ),
        (
            "clusterrole r --aggregation-rule=a",
            "error: invalid argument \"a\" for \"--aggregation-rule\" flag: malformed pair, expect string=string\nSee 'kubectl create clusterrole --help' for usage.\n",
        ),
        (
            "service clusterip s --tcp=99999",
            "error: strconv.ParseUint: parsing \"99999\": value out of range\n",
        ),
        (
            "service clusterip s --tcp=80:--",
            "error: must contain at least one letter (a-z),must not contain consecutive hyphens,must not begin or end with a hyphen\n",
        ),
        ("service externalname s --external-name=bad_x", "error: invalid service external name bad_x\n"),
        (
            "pdb p --selector=bad[in --min-available=1",
            "error: couldn't parse the selector string \"bad[in\": ",
        ),
        (
            "token t --bound-object-uid=x",
            "error: --bound-object-uid can only be set if --bound-object-kind is provided\n",
        ),
        (
            "cm c --dry-run=bad",
            "error: Invalid dry-run value (bad). Must be \"none\", \"server\", or \"client\".\n",
        ),
    ] {
        let io = Rc::new(MemoryIo::default());
        let got = run(&io, &format!("create {line} --dry-run=client"), &mut |r| nothing(r));
        let got = if line.contains("dry-run") || line.starts_with("token") {
            run(&io, &format!("create {line}"), &mut |r| nothing(r))
        } else {
            got
        };
        assert_eq!(got.0, 1, "{line}");
        assert!(got.1.starts_with(text), "{line}: {}", got.1);
    }
}

#[test]
fn local_changes_ask_nobody() {
    let manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    spec: {containers: [{name: a, image: x}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n";
    let typed = |containers: &str, account: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  selector:\n    matchLabels:\n      app: d\n  strategy: {{}}\n  template:\n    metadata:\n      labels:\n        app: d\n    spec:\n      containers:\n{containers}        resources: {{}}\n{account}status: {{}}\n"
        )
    };
    let no = "error: service/s the object is not a pod or does not have a pod template: *v1.Service\n\n";
    for (line, code, wanted) in [
        (
            "set image -f m.yaml a=z --local -o yaml",
            1,
            typed("      - image: z\n        name: a\n", "") + no,
        ),
        (
            "set env -f m.yaml A=1 --local -o yaml",
            1,
            typed("      - env:\n        - name: A\n          value: \"1\"\n        image: x\n        name: a\n", "")
                + no,
        ),
        (
            "set serviceaccount -f m.yaml robot --local -o yaml",
            1,
            typed("      - image: x\n        name: a\n", "      serviceAccountName: robot\n") + no,
        ),
        ("set image deploy/d a=y --local", 1, "error: you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n".into()),
        (
            "set env -f m.yaml 1A=1 --local",
            1,
            "error: \"1A\" is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')\n".into(),
        ),
    ] {
        let io = Rc::new(MemoryIo::default());
        io.files.borrow_mut().insert("m.yaml".into(), manifest.into());
        let (got, text) = run(&io, line, &mut |r| nothing(r));
        assert_eq!((got, text.trim_end()), (code, wanted.trim_end()), "{line}");
    }
}

#[test]
fn what_can_not_be_sorted_is_not_printed() {
    let row = |name: &str| value!({"cells": [(name)], "object": {"metadata": {"name": (name)}}});
    let table = value!({
        "kind": "Table", "columnDefinitions": [{"name": "Name", "priority": 0}], "rows": [(row("b")), (row("a"))],
    });
    for (line, code, wanted) in [
        ("get ns --sort-by=.metadata.name", 0, "NAME\na\nb\n"),
        ("get ns --sort-by=.nosuch", 0, "No resources found\n"),
        (
            "get ns,nodes --sort-by=.metadata.name",
            1,
            "error: couldn't find any field with path \"{.metadata.name}\" in the list of objects\n",
        ),
    ] {
        let io = Rc::new(MemoryIo::default());
        let got = run(&io, line, &mut |_| Ok(Response { object: table.clone(), ..Response::default() }));
        assert_eq!((got.0, got.1.as_str()), (code, wanted), "{line}");
    }
}

#[test]
fn kustomize_names_end_in_the_content() {
    let io = Rc::new(MemoryIo::default());
    for (path, text) in [
        (
            "base/kustomization.yaml",
            "resources: [p.yaml]\nconfigMapGenerator: [{name: cfg, literals: [a=b]}]\n",
        ),
        (
            "base/p.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: x, envFrom: [{configMapRef: {name: cfg}}]}]}\n",
        ),
        (
            "over/kustomization.yaml",
            "resources: [../base]\nnamePrefix: dev-\nnameSuffix: -x\nconfigMapGenerator: [{name: cfg, behavior: merge, literals: [c=d]}]\n",
        ),
        ("odd/kustomization.yaml", "foo: bar\n"),
    ] {
        io.files.borrow_mut().insert(path.into(), text.into());
    }
    let (code, text) = run(&io, "kustomize over", &mut |r| nothing(r));
    assert_eq!(code, 0, "{text}");
    let names: Vec<&str> =
        text.lines().filter_map(|l| l.trim_start_matches("- ").trim().strip_prefix("name: ")).collect();
    let hashed = names[0];
    assert!(hashed.starts_with("dev-cfg-x-") && hashed.len() == "dev-cfg-x-".len() + 10, "{text}");
    assert!(text.contains(&format!("configMapRef:\n        name: {hashed}\n")), "{text}");
    assert!(text.contains("  a: b\n  c: d\n") && text.contains("  name: dev-p-x\n"), "{text}");
    let odd = run(&io, "kustomize odd", &mut |r| nothing(r));
    assert_eq!(odd, (1, "error: invalid Kustomization: json: unknown field \"foo\"\n".into()));
}
