//! A real client library and, where one is installed, a stock kubectl drive the server.

use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::Time;
use cluster::ClusterConfig;
use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{
    Api, AttachParams, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams, TerminalSize,
    WatchEvent, WatchParams,
};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::json;
use serve::{Options, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Virtual seconds pass this much faster, so that images are pulled in a moment.
const SPEED: f64 = 50.0;
/// Far more real time than any step needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server on a port of its own, until the test ends; its kubeconfig.
fn start() -> String {
    let options = Options {
        listen: ([127, 0, 0, 1], 0).into(),
        cluster: ClusterConfig { start: Time::EPOCH, ..ClusterConfig::workers(1, 2) },
        speed: SPEED,
        explain: "",
        kubeconfig: None,
    };
    let server = Server::bind(options).expect("a free port");
    let kubeconfig = server.kubeconfig();
    std::thread::spawn(move || server.run(std::future::pending()));
    kubeconfig
}

async fn client(kubeconfig: &str, context: &str) -> Client {
    let parsed = Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let options = KubeConfigOptions { context: Some(context.into()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(parsed, &options).await.expect("a context");
    Client::try_from(config).expect("a client")
}

fn web(replicas: i32) -> serde_json::Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.25"}]}
            }
        }
    })
}

async fn drive(client: Client) {
    let version = client.apiserver_version().await.expect("a version");
    assert_eq!(version.git_version, "v1.36.2");

    // Create, refuse, list.
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "c"}, "data": {"a": "1"}})).expect("a map");
    maps.create(&PostParams::default(), &map).await.expect("created");
    let again = maps.create(&PostParams::default(), &map).await.expect_err("it exists");
    assert!(again.to_string().contains("configmaps \"c\" already exists"), "{again}");
    assert!(
        maps.list_metadata(&ListParams::default()).await.expect("a list").items.iter().any(|m| m
            .metadata
            .name
            .as_deref()
            == Some("c"))
    );

    // Server-side apply with a conflict.
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let by = |who: &str| PatchParams::apply(who);
    deployments.patch("web", &by("one"), &Patch::Apply(web(2))).await.expect("applied");
    let other = deployments.patch("web", &by("two"), &Patch::Apply(web(3))).await.expect_err("a conflict");
    assert!(other.to_string().contains("conflict with \"one\": .spec.replicas"), "{other}");
    deployments.patch("web", &by("two").force(), &Patch::Apply(web(3))).await.expect("forced");

    // Watch until three pods are ready.
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let mut events =
        pods.watch(&WatchParams::default().labels("app=web"), "0").await.expect("a watch").boxed();
    let mut ready = std::collections::BTreeSet::new();
    while ready.len() < 3 {
        let Some(WatchEvent::Added(p) | WatchEvent::Modified(p)) = events.try_next().await.expect("events")
        else {
            continue;
        };
        let conditions = p.status.and_then(|s| s.conditions).unwrap_or_default();
        if conditions.iter().any(|c| c.type_ == "Ready" && c.status == "True") {
            ready.extend(p.metadata.name);
        }
    }

    // A strategic merge patch, logs, exec.
    let patch = json!({"metadata": {"labels": {"who": "me"}}});
    let patched =
        deployments.patch("web", &PatchParams::default(), &Patch::Strategic(patch)).await.expect("patched");
    assert_eq!(patched.metadata.labels.and_then(|l| l.get("who").cloned()).as_deref(), Some("me"));
    let job = json!({
        "metadata": {"name": "talker"},
        "spec": {"containers": [{"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", "echo one; echo two; sleep 100000"]}]}
    });
    pods.create(&PostParams::default(), &serde_json::from_value(job).expect("a pod")).await.expect("created");
    loop {
        let phase = pods.get("talker").await.expect("it is there").status.and_then(|s| s.phase);
        if phase.as_deref() == Some("Running") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let follow = LogParams { follow: true, ..LogParams::default() };
    let mut lines = pods.log_stream("talker", &follow).await.expect("logs").lines();
    assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("one"));
    assert_eq!(lines.try_next().await.expect("a line").as_deref(), Some("two"));
    let mut process = pods
        .exec("talker", ["sh", "-c", "echo hi; exit 3"], &AttachParams::default().stderr(true))
        .await
        .expect("a process");
    let mut out = String::new();
    process.stdout().expect("its output").read_to_string(&mut out).await.expect("text");
    assert_eq!(out, "hi\n");
    let status = process.take_status().expect("a status").await.expect("how it ended");
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));

    // A terminal that is resized.
    let mut shell = pods
        .exec("talker", ["sh"], &AttachParams::default().stdin(true).tty(true).stderr(false))
        .await
        .expect("a shell");
    let size = TerminalSize { width: 132, height: 43 };
    shell.terminal_size().expect("its size").try_send(size).expect("sent");
    let mut input = shell.stdin().expect("its input");
    let mut output = shell.stdout().expect("its output");
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains("43 132") {
        input.write_all(b"stty size\n").await.expect("asked");
        assert!(output.read_buf(&mut seen).await.expect("an answer") > 0);
    }

    // A port of a pod, and one where nobody listens.
    let name = ready.first().expect("a pod");
    let mut forwarded = pods.portforward(name, &[80]).await.expect("forwarded");
    let mut port = forwarded.take_stream(80).expect("a stream");
    port.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("asked");
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("</html>") {
        assert!(port.read_buf(&mut answer).await.expect("an answer") > 0);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    let mut forwarded = pods.portforward(name, &[81]).await.expect("forwarded");
    let mut port = forwarded.take_stream(81).expect("a stream");
    port.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("asked");
    let why = forwarded.take_error(81).expect("its errors").await.unwrap_or_default();
    assert!(why.contains("failed to connect to localhost:81 inside namespace"), "{why}");

    deployments.delete("web", &DeleteParams::default()).await.expect("deleted");
    maps.delete("c", &DeleteParams::default()).await.expect("deleted");
    pods.delete("talker", &DeleteParams::default().grace_period(0)).await.expect("deleted");
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {cron: {type: string, description: When it runs.}}}
";

/// A certificate that the cluster's own signer issues names its holder.
async fn sign_in(kubeconfig: &str) {
    let admin = client(kubeconfig, "wheelhouse").await;
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut asked = rcgen::CertificateParams::new(Vec::<String>::new()).expect("parameters");
    asked.distinguished_name.push(rcgen::DnType::CommonName, "jane");
    asked.distinguished_name.push(rcgen::DnType::OrganizationName, "dev");
    let pem = asked.serialize_request(&key).expect("a request").pem().expect("its text");
    let requests: Api<CertificateSigningRequest> = Api::all(admin.clone());
    let body = json!({
        "metadata": {"name": "jane"},
        "spec": {
            "request": k8s_openapi::ByteString(pem.into_bytes()), "usages": ["client auth"],
            "signerName": "kubernetes.io/kube-apiserver-client", "expirationSeconds": 3600
        }
    });
    requests
        .create(&PostParams::default(), &serde_json::from_value(body).expect("a request"))
        .await
        .expect("created");
    let approved = json!({"status": {"conditions": [{"type": "Approved", "status": "True", "reason": "r"}]}});
    requests
        .patch_approval("jane", &PatchParams::default(), &Patch::Merge(approved))
        .await
        .expect("approved");
    let certificate = loop {
        let now = requests.get("jane").await.expect("it is there");
        if let Some(pem) = now.status.and_then(|s| s.certificate) {
            break pem;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let mut config = Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let user = config.auth_infos.first_mut().and_then(|u| u.auth_info.as_mut()).expect("a user");
    let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
    user.client_certificate_data = Some(encoded(&certificate.0));
    user.client_key_data = Some(encoded(key.serialize_pem().as_bytes()).into());
    let options = KubeConfigOptions { context: Some("wheelhouse".into()), ..KubeConfigOptions::default() };
    let config = Config::from_custom_kubeconfig(config, &options).await.expect("a context");
    let jane = Client::try_from(config).expect("a client");
    let pods: Api<Pod> = Api::default_namespaced(jane.clone());
    let refused = pods.list(&ListParams::default()).await.expect_err("no right");
    assert!(refused.to_string().contains("User \"jane\" cannot list resource \"pods\""), "{refused}");
    let bindings: Api<RoleBinding> = Api::default_namespaced(admin);
    let binding = json!({
        "metadata": {"name": "dev"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "dev"}]
    });
    bindings
        .create(&PostParams::default(), &serde_json::from_value(binding).expect("a binding"))
        .await
        .expect("created");
    pods.list(&ListParams::default()).await.expect("her group may");
}

#[test]
fn an_issued_certificate_is_accepted() {
    let kubeconfig = start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(PATIENCE, sign_in(&kubeconfig)).await.expect("in time");
    });
}

#[test]
fn a_client_library_drives_the_server() {
    let kubeconfig = start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for context in ["wheelhouse", "wheelhouse-token"] {
            let client = client(&kubeconfig, context).await;
            tokio::time::timeout(PATIENCE, drive(client)).await.expect("in time");
        }
    });
}

#[test]
fn who_has_no_credentials_is_told_so() {
    let kubeconfig = start();
    let mut parsed = Kubeconfig::from_yaml(&kubeconfig).expect("a kubeconfig");
    for user in &mut parsed.auth_infos {
        user.auth_info = Some(kube::config::AuthInfo::default());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let config =
            Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.expect("a context");
        let pods: Api<Pod> = Api::default_namespaced(Client::try_from(config).expect("a client"));
        let refused = pods.list(&ListParams::default()).await.expect_err("no rights");
        let text = "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\"";
        assert!(refused.to_string().contains(text), "{refused}");
    });
}

#[test]
fn who_brings_another_authoritys_certificate_is_unauthorized() {
    let kubeconfig = start();
    let mut parsed = Kubeconfig::from_yaml(&kubeconfig).expect("a kubeconfig");
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut claimed = rcgen::CertificateParams::new(Vec::<String>::new()).expect("parameters");
    claimed.distinguished_name.push(rcgen::DnType::CommonName, "kubernetes-admin");
    claimed.distinguished_name.push(rcgen::DnType::OrganizationName, "system:masters");
    let certificate = claimed.self_signed(&key).expect("a certificate");
    let user = parsed.auth_infos.first_mut().and_then(|u| u.auth_info.as_mut()).expect("a user");
    user.client_certificate_data = Some(STANDARD.encode(certificate.pem()));
    user.client_key_data = Some(STANDARD.encode(key.serialize_pem()).into());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let config =
            Config::from_custom_kubeconfig(parsed, &KubeConfigOptions::default()).await.expect("a context");
        let pods: Api<Pod> = Api::default_namespaced(Client::try_from(config).expect("a client"));
        let refused = pods.list(&ListParams::default()).await.expect_err("nobody it knows");
        assert!(matches!(&refused, kube::Error::Api(s) if s.code == 401), "{refused}");
    });
}

/// A GET as it is: code, headers, body.
async fn get(
    client: &Client,
    path: &str,
    header: Option<(&str, &str)>,
) -> (u16, axum::http::HeaderMap, String) {
    let mut asked = axum::http::Request::get(path);
    if let Some((name, value)) = header {
        asked = asked.header(name, value);
    }
    let asked = asked.body(kube::client::Body::empty()).expect("a request");
    let (head, body) = client.send(asked).await.expect("an answer").into_parts();
    let bytes = axum::body::to_bytes(axum::body::Body::new(body), usize::MAX).await.expect("a body");
    (head.status.as_u16(), head.headers, String::from_utf8_lossy(&bytes).into_owned())
}

async fn ask_for_paths(client: Client) {
    let (code, headers, version) = get(&client, "/version", None).await;
    assert_eq!((code, headers["content-type"].as_bytes()), (200, &b"application/json"[..]));
    assert!(version.starts_with("{\n  \"major\": \"1\",\n  \"minor\": \"36\",\n"), "{version}");
    assert!(version.ends_with("\"platform\": \"linux/amd64\"\n}"), "{version}");
    let (code, headers, page) = get(&client, "/nosuch", None).await;
    assert_eq!((code, page.as_str()), (404, "404 page not found\n"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let (code, _, status) = get(&client, "/api/v1/nosuch", None).await;
    let text = r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}"#;
    assert_eq!((code, status.trim_end()), (404, text));
    let (code, headers, health) = get(&client, "/livez?verbose", None).await;
    assert_eq!((code, headers["content-type"].as_bytes()), (200, &b"text/plain; charset=utf-8"[..]));
    assert!(health.ends_with("livez check passed\n"), "{health}");

    // A document is named by its hash, an old name leads to the new one.
    let (_, headers, index) = get(&client, "/openapi/v3", None).await;
    assert!(headers.contains_key("etag"));
    let index: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().expect("a path").to_owned();
    let (code, headers, document) = get(&client, &url, None).await;
    assert_eq!((code, headers["cache-control"].as_bytes()), (200, &b"public, immutable"[..]));
    assert!(document.contains("io.k8s.api.apps.v1.Deployment"));
    let tag = headers["etag"].to_str().expect("text").to_owned();
    let (code, _, body) = get(&client, &url, Some(("if-none-match", &tag))).await;
    assert_eq!((code, body.as_str()), (304, ""));
    let (code, headers, _) = get(&client, "/openapi/v3/apis/apps/v1?hash=OLD", None).await;
    assert_eq!((code, headers["location"].to_str().ok()), (301, Some(url.as_str())));

    // What wants a connection of its own says so, to whoever may have one.
    let (code, _, refused) =
        get(&client, "/api/v1/namespaces/default/pods/nosuch/exec?command=ls", None).await;
    assert!(code == 404 && refused.contains(r#"pods \"nosuch\" not found"#), "{refused}");
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let pod =
        json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx:1.25"}]}});
    pods.create(&PostParams::default(), &serde_json::from_value(pod).expect("a pod")).await.expect("created");

    // Through the server to a kubelet and to a pod.
    let (code, headers, _) = get(&client, "/api/v1/nodes/node-1/proxy", None).await;
    assert_eq!((code, headers["location"].as_bytes()), (301, &b"/api/v1/nodes/node-1/proxy/"[..]));
    assert_eq!(get(&client, "/api/v1/nodes/node-1/proxy/healthz", None).await.2, "ok");
    loop {
        let path = "/api/v1/namespaces/default/pods/p:80/proxy/";
        let (code, headers, body) = get(&client, path, None).await;
        if code == 200 {
            assert_eq!(headers["content-type"], "text/html");
            assert!(body.contains("Welcome to nginx!"), "{body}");
            break;
        }
        assert!(matches!(code, 400 | 503), "{code} {body}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (code, _, refused) = get(&client, "/api/v1/namespaces/default/pods/p/exec?command=ls", None).await;
    assert!(code == 400 && refused.contains(r#""message":"Upgrade request required""#), "{refused}");
}

#[test]
fn paths_beside_resources_are_answered_as_upstream_does() {
    let kubeconfig = start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let client = client(&kubeconfig, "wheelhouse").await;
        tokio::time::timeout(PATIENCE, ask_for_paths(client)).await.expect("in time");
    });
}

/// A stock kubectl whose streams are WebSockets, or SPDY as before v1.31.
fn stock(config: &std::path::Path, sockets: bool) -> Command {
    let mut command = Command::new("kubectl");
    for part in ["REMOTE_COMMAND", "PORT_FORWARD"] {
        command.env(format!("KUBECTL_{part}_WEBSOCKETS"), sockets.to_string());
    }
    command.arg("--kubeconfig").arg(config);
    command
}

/// Runs kubectl; its output, or what it said when it failed.
fn kubectl(config: &std::path::Path, arguments: &[&str]) -> Result<String, String> {
    outcome(stock(config, true).args(arguments))
}

fn outcome(command: &mut Command) -> Result<String, String> {
    let done = command.output();
    let done = done.map_err(|e| e.to_string())?;
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    if done.status.success() { Ok(text(&done.stdout)) } else { Err(text(&done.stderr)) }
}

/// What a web server says through `kubectl port-forward`.
fn forwarded(config: &std::path::Path, sockets: bool) -> String {
    use std::io::{BufRead, BufReader, Read, Write};
    let mut child = stock(config, sockets)
        .args(["port-forward", "deployment/web", ":80"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("kubectl starts");
    // It is kept open: kubectl says more later.
    let mut said = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    said.read_line(&mut line).expect("a line");
    // `Forwarding from 127.0.0.1:40000 -> 80`
    let address = line.split_whitespace().nth(2).unwrap_or_else(|| panic!("no address: {line}"));
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("asked");
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("</html>") {
        match stream.read(&mut part) {
            Ok(n) if n > 0 => answer.extend_from_slice(&part[..n]),
            _ => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_stock_kubectl_drives_the_server() {
    if Command::new("kubectl").arg("version").arg("--client").output().is_err() {
        eprintln!("no kubectl here: skipped");
        return;
    }
    let directory = std::env::temp_dir().join(format!("wheelhouse-serve-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let config = directory.join("kubeconfig");
    std::fs::write(&config, start()).expect("a file");
    let file = |name: &str, content: &serde_json::Value| {
        let path = directory.join(name);
        std::fs::write(&path, content.to_string()).expect("a file");
        path.display().to_string()
    };
    let run = |arguments: &[&str]| kubectl(&config, arguments);
    let ok = |arguments: &[&str]| run(arguments).unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
    let (two, three) = (file("two.json", &web(2)), file("three.json", &web(3)));
    assert_eq!(ok(&["apply", "-f", &two]), "deployment.apps/web created\n");
    assert_eq!(ok(&["create", "configmap", "c", "--from-literal=a=1"]), "configmap/c created\n");
    ok(&["rollout", "status", "deployment/web", "--timeout=60s"]);
    assert_eq!(ok(&["get", "deployment", "web", "--no-headers"]).split_whitespace().nth(1), Some("2/2"));
    ok(&["patch", "deployment", "web", "-p", r#"{"metadata":{"labels":{"who":"me"}}}"#]);
    ok(&["apply", "--server-side", "--field-manager=one", "--force-conflicts", "-f", &two]);
    let conflict =
        run(&["apply", "--server-side", "--field-manager=two", "-f", &three]).expect_err("a conflict");
    assert!(
        conflict.contains("Apply failed with 1 conflict: conflict with \"one\": .spec.replicas"),
        "{conflict}"
    );
    let logs = ok(&["logs", "deployment/web"]);
    assert!(logs.contains("[notice] 1#1: nginx/"), "{logs}");
    for sockets in [true, false] {
        let run = |script: &str| {
            outcome(stock(&config, sockets).args(["exec", "deployment/web", "--", "sh", "-c", script]))
        };
        assert_eq!(run("echo hi"), Ok("hi\n".to_owned()));
        let failed = run("echo no >&2; exit 3").expect_err("it fails");
        assert_eq!(failed, "no\ncommand terminated with exit code 3\n");
        let unknown = outcome(stock(&config, sockets).args(["exec", "deployment/web", "--", "nosuch"]));
        let why = "exec: \"nosuch\": executable file not found in $PATH: unknown\n";
        assert!(
            unknown.is_err_and(|e| e.starts_with("error: Internal error occurred: ") && e.ends_with(why))
        );
        assert!(forwarded(&config, sockets).contains("Welcome to nginx!"), "by WebSocket: {sockets}");
    }
    assert_eq!(ok(&["auth", "can-i", "create", "pods"]), "yes\n");
    let again = stock(&config, true).args(["apply", "-v=6", "-f", &three]).output();
    let log = String::from_utf8_lossy(&again.expect("kubectl runs").stderr).into_owned();
    assert!(log.contains("/openapi/v3") && !log.contains("/openapi/v2"), "{log}");
    let definition = directory.join("definition.yaml");
    std::fs::write(&definition, DEFINITION).expect("written");
    ok(&["apply", "-f", &definition.to_string_lossy()]);
    let explained = ok(&["explain", "crontabs"]);
    for field in ["apiVersion\t<string>", "metadata\t<ObjectMeta>", "spec\t<Object>"] {
        assert!(explained.contains(field), "{explained}");
    }
    assert!(ok(&["explain", "crontabs.spec.cron"]).contains("When it runs."));
    assert!(
        ok(&["get", "--raw", "/api/v1/namespaces/default"])
            .starts_with(r#"{"kind":"Namespace","apiVersion":"v1","#)
    );
    assert!(run(&["get", "pod", "nosuch"]).expect_err("none").contains("pods \"nosuch\" not found"));
    ok(&["delete", "deployment/web", "configmap/c"]);
    // What is left over is the system's to clear.
    let _ = std::fs::remove_dir_all(&directory);
}
