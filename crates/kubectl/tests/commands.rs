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
