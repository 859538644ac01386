//! Containers of a pod or template: image, ports, command, state, resources, probes, environment, mounts.

use objects::Value;
use ordered::Sort as _;

use super::Page;
use super::page::{amount, joined, long_time, plain, text_or, title_bool};

/// `space` is `""` for a pod and two spaces within a template. `pod` resolves field references; null in a template.
pub(super) fn describe(
    p: &mut Page,
    label: &str,
    containers: &Value,
    statuses: &Value,
    pod: &Value,
    space: &str,
) {
    p.line(0, &[space, label, if containers.items().is_empty() { ": <none>" } else { ":" }]);
    for c in containers.items() {
        let status = statuses.items().iter().find(|s| s["name"] == c["name"].text());
        basics(p, c, status, space);
        for (key, label) in [("command", "Command:"), ("args", "Args:")] {
            if !c[key].items().is_empty() {
                p.line(2, &[label]);
                for word in c[key].items() {
                    for line in word.text().split('\n') {
                        p.line(3, &[line]);
                    }
                }
            }
        }
        if let Some(s) = status {
            state(p, "State", &s["state"]);
            if !s["lastState"]["terminated"].is_null() {
                state(p, "Last State", &s["lastState"]);
            }
            p.at(2, "Ready", title_bool(s["ready"].is_true()));
            p.at(2, "Restart Count", &s["restartCount"].int().to_string());
        }
        resources(p, &c["resources"], 2);
        for (key, label) in
            [("livenessProbe", "Liveness"), ("readinessProbe", "Readiness"), ("startupProbe", "Startup")]
        {
            if !c[key].is_null() {
                p.at(2, label, &probe(&c[key]));
            }
        }
        env_from(p, c);
        environment(p, c, pod);
        mounts(p, c);
    }
}

fn basics(p: &mut Page, c: &Value, status: Option<&Value>, space: &str) {
    p.line(1, &[if space.is_empty() { "" } else { " " }, c["name"].text(), ":"]);
    if let Some(s) = status {
        p.at(2, "Container ID", s["containerID"].text());
    }
    p.at(2, "Image", c["image"].text());
    if let Some(s) = status {
        p.at(2, "Image ID", s["imageID"].text());
    }
    for (field, one, many) in [("containerPort", "Port", "Ports"), ("hostPort", "Host Port", "Host Ports")] {
        let ports: Vec<String> = c["ports"]
            .items()
            .iter()
            .map(|port| {
                let text = format!("{}/{}", port[field].int(), text_or(&port["protocol"], "TCP"));
                if port["name"].text().is_empty() {
                    text
                } else {
                    format!("{text} ({})", port["name"].text())
                }
            })
            .collect();
        match ports.as_slice() {
            [] => p.at(2, one, "<none>"),
            [only] => p.at(2, one, only),
            all => p.at(2, many, &all.join(", ")),
        }
    }
    let seccomp = &c["securityContext"]["seccompProfile"];
    if !seccomp.is_null() {
        p.at(2, "SeccompProfile", seccomp["type"].text());
        p.some(3, "LocalhostProfile", &seccomp["localhostProfile"]);
    }
}

fn state(p: &mut Page, label: &str, state: &Value) {
    if !state["running"].is_null() {
        p.at(2, label, "Running");
        p.at(3, "Started", &long_time(&state["running"]["startedAt"]));
    } else if !state["terminated"].is_null() {
        let t = &state["terminated"];
        p.at(2, label, "Terminated");
        p.some(3, "Reason", &t["reason"]);
        p.some(3, "Message", &t["message"]);
        p.at(3, "Exit Code", &t["exitCode"].int().to_string());
        if t["signal"].int() > 0 {
            p.at(3, "Signal", &t["signal"].int().to_string());
        }
        p.at(3, "Started", &long_time(&t["startedAt"]));
        p.at(3, "Finished", &long_time(&t["finishedAt"]));
    } else {
        p.at(2, label, "Waiting");
        p.some(3, "Reason", &state["waiting"]["reason"]);
    }
}

pub(super) fn resources(p: &mut Page, resources: &Value, level: usize) {
    for (key, label) in [("limits", "Limits:"), ("requests", "Requests:")] {
        if !resources[key].entries().is_empty() {
            p.line(level, &[label]);
            for (name, q) in resources[key].entries() {
                p.at(level + 1, name, &amount(q));
            }
        }
    }
}

/// `http-get http://:80/ delay=0s timeout=1s period=10s #success=1 #failure=3`
pub(super) fn probe(v: &Value) -> String {
    let attrs = format!(
        "delay={}s timeout={}s period={}s #success={} #failure={}",
        v["initialDelaySeconds"].int(),
        v["timeoutSeconds"].int(),
        v["periodSeconds"].int(),
        v["successThreshold"].int(),
        v["failureThreshold"].int()
    );
    if !v["exec"].is_null() {
        return format!("exec [{}] {attrs}", joined(&v["exec"]["command"], " "));
    }
    let get = &v["httpGet"];
    if !get.is_null() {
        let scheme = text_or(&get["scheme"], "HTTP").to_lowercase();
        let path = get["path"].text();
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        return format!(
            "http-get {scheme}://{}:{}{slash}{path} {attrs}",
            get["host"].text(),
            plain(&get["port"])
        );
    }
    let tcp = &v["tcpSocket"];
    if !tcp.is_null() {
        return format!("tcp-socket {}:{} {attrs}", tcp["host"].text(), plain(&tcp["port"]));
    }
    let grpc = &v["grpc"];
    if !grpc.is_null() {
        return format!("grpc <pod>:{} {} {attrs}", grpc["port"].int(), grpc["service"].text());
    }
    format!("unknown {attrs}")
}

fn env_from(p: &mut Page, c: &Value) {
    if c["envFrom"].items().is_empty() {
        return;
    }
    p.line(2, &["Environment Variables from:"]);
    for e in c["envFrom"].items() {
        let (kind, from) = if e["configMapRef"].is_null() {
            ("Secret", &e["secretRef"])
        } else {
            ("ConfigMap", &e["configMapRef"])
        };
        let prefix = match e["prefix"].text() {
            "" => String::new(),
            text => format!(" with prefix '{text}'"),
        };
        let optional = from["optional"].is_true().to_string();
        p.line(3, &[from["name"].text(), "\t", kind, &prefix, "\tOptional: ", &optional]);
    }
}

fn environment(p: &mut Page, c: &Value, pod: &Value) {
    let all = c["env"].items();
    p.line(2, &[if all.is_empty() { "Environment:\t<none>" } else { "Environment:" }]);
    for e in all {
        let (name, from) = (e["name"].text(), &e["valueFrom"]);
        if from.is_null() {
            for (i, line) in e["value"].text().split('\n').enumerate() {
                p.line(3, if i == 0 { [name, ":\t", line] } else { ["", "\t", line] }.as_slice());
            }
            continue;
        }
        if !from["fieldRef"].is_null() {
            let path = from["fieldRef"]["fieldPath"].text();
            let version = text_or(&from["fieldRef"]["apiVersion"], "v1");
            p.line(3, &[name, ":\t", &pod_field(pod, path), " (", version, ":", path, ")"]);
        } else if !from["resourceFieldRef"].is_null() {
            let r = from["resourceFieldRef"]["resource"].text();
            let value = match resource_value(c, r, &from["resourceFieldRef"]["divisor"]) {
                0 if matches!(r, "limits.cpu" | "limits.memory") => "node allocatable".to_owned(),
                n => n.to_string(),
            };
            p.line(3, &[name, ":\t", &value, " (", r, ")"]);
        } else {
            for (key, owner, joint) in
                [("secretKeyRef", "secret", "in"), ("configMapKeyRef", "config map", "of")]
            {
                let r = &from[key];
                if !r.is_null() {
                    let optional = r["optional"].is_true();
                    let (k, n) = (r["key"].text(), r["name"].text());
                    let text = format!(
                        "{name}:\t<set to the key '{k}' {joint} {owner} '{n}'>\tOptional: {optional}"
                    );
                    p.line(3, &[&text]);
                }
            }
        }
    }
}

fn pod_field(pod: &Value, path: &str) -> String {
    if let Some((map, key)) = path.strip_suffix("']").and_then(|x| x.split_once("['")) {
        let field = map.rsplit('.').next().unwrap_or(map);
        return pod.meta()[field][key].text().to_owned();
    }
    let parts: Vec<&str> = path.split('.').collect();
    match pod.at(&parts) {
        Value::Null => String::new(),
        Value::Map(m) => {
            let lines: Vec<String> = m.iter().map(|(k, v)| format!("{k}={:?}", v.text())).collect();
            lines.join("\n")
        }
        v => plain(v),
    }
}

fn resource_value(c: &Value, resource: &str, divisor: &Value) -> i64 {
    let parts: Vec<&str> = resource.splitn(2, '.').collect();
    let [kind, name] = parts.as_slice() else { return 0 };
    let q = objects::quantity::Quantity::of(&c["resources"][*kind][*name]);
    let d = if divisor.is_null() || divisor == "0" {
        1.0
    } else {
        objects::quantity::Quantity::of(divisor).as_float()
    };
    if d == 0.0 { 0 } else { (q.as_float() / d).ceil() as i64 }
}

fn mounts(p: &mut Page, c: &Value) {
    let mut all: Vec<&Value> = c["volumeMounts"].items().iter().collect();
    p.line(2, &[if all.is_empty() { "Mounts:\t<none>" } else { "Mounts:" }]);
    all.arrange_by(|a, b| a["mountPath"].text().cmp(b["mountPath"].text()));
    for m in all {
        let sub = match m["subPath"].text() {
            "" => String::new(),
            path => format!(",path={path:?}"),
        };
        let access = if m["readOnly"].is_true() { "ro" } else { "rw" };
        p.line(3, &[m["mountPath"].text(), " from ", m["name"].text(), " (", access, &sub, ")"]);
    }
    let mut devices: Vec<&Value> = c["volumeDevices"].items().iter().collect();
    if !devices.is_empty() {
        p.line(2, &[if c["volumeMounts"].items().is_empty() { "Devices:\t<none>" } else { "Devices:" }]);
        devices.arrange_by(|a, b| a["devicePath"].text().cmp(b["devicePath"].text()));
        for d in devices {
            p.line(3, &[d["devicePath"].text(), " from ", d["name"].text()]);
        }
    }
}
