//! One pod, or one container of it, from near: what it is given, what it does, who reaches it.
//!
//! Owns: which fields are worth a line there. Does not own: the way there (`tools`), the pod's summary (inspector).

use objects::Value;
use smol_str::{SmolStr, ToSmolStr, format_smolstr};

use super::draw::thing::kind_icon;
use super::facts::{How, ObjectId, split_id, thing_kind};
use super::glyph::glyph;
use super::model::Model;
use crate::format::{bytes, cpus, memory, millicpu, short_image};
use crate::i18n::Texts;
use crate::mark::Mark;
use crate::state_words::{PodState, pod_state, status_word};

pub type Marks = Vec<(SmolStr, Mark)>;

/// What one container uses now: thousandths of a cpu, and bytes.
pub type Used<'a> = &'a dyn Fn(&str) -> Option<(i64, i64)>;

fn icon(name: &'static str) -> Mark {
    Mark::new("svg", "ic").at("aria-hidden", "true").with(Mark::new("use", "").at("href", name))
}

fn heading(says: &'static str) -> Mark {
    Mark::new("h3", "sec").says(says)
}

/// A state in shape and word.
fn stated(state: PodState, words: impl Into<SmolStr>) -> Mark {
    let mut line = Mark::new("p", "").at("class", format_smolstr!("st {}", state.class()));
    line.add(glyph(state, 0, 0, 16));
    line.add(Mark::new("span", "").says(words));
    line
}

/// A container's state, and the word for it: `Running`, `CrashLoopBackOff`, `Completed (0)`.
fn container_state(status: &Value) -> (PodState, SmolStr) {
    let state = status.get("state");
    let ended = state.get("terminated");
    if !state.get("running").is_null() {
        let ready = status.get("ready").is_true();
        return (if ready { PodState::Ready } else { PodState::NotReady }, "Running".into());
    }
    if !ended.is_null() {
        let code = ended.get("exitCode").int();
        let state = if code == 0 { PodState::Completed } else { PodState::Failed };
        return (state, format_smolstr!("{} ({code})", ended.get("reason").text()));
    }
    let reason = state.at(&["waiting", "reason"]).text();
    let kind = match reason {
        r if r.ends_with("BackOff") => PodState::BackOff,
        r if r.starts_with("Err") || r.ends_with("Error") => PodState::Failed,
        "" => PodState::Pending,
        _ => PodState::Starting,
    };
    (kind, if reason.is_empty() { "Waiting".into() } else { reason.into() })
}

fn status_of<'a>(pod: &'a Value, name: &str) -> &'a Value {
    static NONE: Value = Value::Null;
    let lists = ["containerStatuses", "initContainerStatuses"];
    let all = lists.into_iter().flat_map(|list| pod.at(&["status", list]).items());
    all.into_iter().find(|s| s.get("name") == name).unwrap_or(&NONE)
}

/// Requests, limit and use of one resource as a bar with words.
fn bar(
    name: &'static str,
    used: i64,
    requested: i64,
    limit: i64,
    says: &dyn Fn(i64) -> SmolStr,
    texts: &Texts,
) -> Option<Mark> {
    let most = limit.max(requested).max(used);
    if most == 0 || (limit == 0 && requested == 0) {
        return None;
    }
    let px = |n: i64| format_smolstr!("{}", n * 200 / most);
    let none = |n: i64| if n == 0 { "–".to_smolstr() } else { says(n) };
    let words = (texts.chart().in_use)(&says(used), &none(requested), &none(limit));
    let mut drawing = Mark::new("svg", "meter").at("viewBox", "0 0 202 12").at("aria-hidden", "true");
    let rect = |class: &'static str, w: SmolStr, y: i32, h: i32| {
        Mark::new("rect", class).px("x", 1).px("y", y).at("width", w).px("height", h).px("rx", 2)
    };
    drawing.add(rect("bar", "200".into(), 1, 10));
    drawing.add(rect("req", px(requested), 1, 10));
    drawing.add(rect("use", px(used), 4, 4));
    let mut line = Mark::new("div", "metered");
    line.add(Mark::new("b", "m").says(name));
    line.add(drawing);
    line.add(Mark::new("span", "m").says(words));
    Some(line)
}

/// A container as a block that opens.
fn block(
    pod: &Value,
    container: &Value,
    step: Option<usize>,
    sidecar: bool,
    used: Used<'_>,
    texts: &Texts,
) -> Mark {
    let name = container.get("name").text();
    let status = status_of(pod, name);
    let (state, words) = container_state(status);
    let class = format_smolstr!("cbox {}", state.class());
    let mut mark = Mark::new("button", "").at("class", class).at("data-container", name.to_smolstr());
    let mut head = Mark::new("span", "chead");
    if let Some(step) = step {
        head.add(Mark::new("i", "no").says(format_smolstr!("{step}")));
    }
    head.add(glyph(state, 0, 0, 16));
    head.add(Mark::new("b", "m").says(name));
    if sidecar {
        head.add(Mark::new("small", "").says(texts.chart().beside));
    }
    mark.add(head);
    let restarts = status.get("restartCount").int();
    let words = if restarts > 0 {
        format_smolstr!("{words} · {}", (texts.stage().restarts)(restarts))
    } else {
        words
    };
    mark.add(Mark::new("span", "cword").says(words));
    mark.add(Mark::new("span", "m").says(short_image(container.get("image").text())));
    let heard: Vec<String> = why::listens(container).iter().map(ToString::to_string).collect();
    let running = !status.at(&["state", "running"]).is_null();
    if running && !heard.is_empty() {
        mark.add(Mark::new("span", "m").says((texts.chart().listens)(&heard.join(", "))));
    }
    for bar in bars(container, used(name), texts) {
        mark.add(bar);
    }
    mark
}

fn bars(container: &Value, used: Option<(i64, i64)>, texts: &Texts) -> Vec<Mark> {
    let of = |kind: &str, name: &str| container.at(&["resources", kind, name]).clone();
    let (cpu, mem) = used.unwrap_or_default();
    let cpu = bar("cpu", cpu, millicpu(&of("requests", "cpu")), millicpu(&of("limits", "cpu")), &cpus, texts);
    let mem =
        bar("mem", mem, bytes(&of("requests", "memory")), bytes(&of("limits", "memory")), &memory, texts);
    cpu.into_iter().chain(mem).collect()
}

fn link(id: &ObjectId, kind: &'static str, name: &str, note: SmolStr, lost: bool) -> Mark {
    let mut item = Mark::new("li", if lost { "lost" } else { "" });
    let mut button = Mark::new("button", "link").at("data-id", id.clone());
    button.add(icon(kind_icon(kind)));
    button.add(Mark::new("span", "k").says(kind));
    button.add(Mark::new("b", "m").says(name));
    item.add(button);
    if !note.is_empty() {
        item.add(Mark::new("small", if lost { "bad" } else { "" }).says(note));
    }
    item
}

/// A pod: what it is given, its containers in their order, where it is and who reaches it.
#[must_use]
pub fn pod(model: &Model, object: &Value, used: Used<'_>, texts: &Texts) -> Marks {
    let id = super::facts::object_id("pods", object.namespace(), object.name());
    let word = status_word(object);
    let state = pod_state(object, &word);
    let mut out = Marks::new();
    let mut head = Mark::new("header", "");
    head.add(Mark::new("h2", "m").says(object.name()));
    head.add(stated(
        state,
        format_smolstr!("{} · {word}", (texts.stage().state)(state, model.pulling.contains_key(&id))),
    ));
    out.push(("head".into(), head));

    let facts = model.any_pod(&id);
    let mut given = Mark::new("section", "given").with(heading(texts.chart().given));
    let mut list = Mark::new("ul", "");
    for used in facts.map(|f| f.uses.to_vec()).unwrap_or_default() {
        let (resource, _, name) = split_id(&used.id);
        let there = model.shelf.get(&used.id);
        let how = if used.how == How::Env { texts.chart().env } else { texts.chart().mounts };
        let lost = there.is_none() && !used.optional;
        let note =
            if there.is_none() { format_smolstr!("{how} · {}", texts.chart().missing) } else { how.into() };
        list.add(link(&used.id, thing_kind(resource).unwrap_or_default(), name, note, lost));
    }
    if list.children.is_empty() {
        given.add(Mark::new("p", "empty").says(texts.chart().nothing_given));
    } else {
        given.add(list);
    }
    out.push(("given".into(), given));

    let mut inside = Mark::new("section", "inside");
    let inits = object.at(&["spec", "initContainers"]).items();
    let beside = |c: &&Value| c.get("restartPolicy") == "Always";
    let first: Vec<&Value> = inits.iter().filter(|c| !beside(c)).collect();
    if !first.is_empty() {
        inside.add(heading(texts.chart().steps_before));
        for (i, container) in first.iter().enumerate() {
            inside.add(block(object, container, Some(i + 1), false, used, texts));
        }
    }
    inside.add(heading(texts.inspector().containers));
    for container in inits.iter().filter(beside) {
        inside.add(block(object, container, None, true, used, texts));
    }
    for container in object.at(&["spec", "containers"]).items() {
        inside.add(block(object, container, None, false, used, texts));
    }
    out.push(("inside".into(), inside));

    let mut place = Mark::new("section", "place").with(heading(texts.chart().place));
    let mut list = Mark::new("ul", "");
    if let Some(facts) = facts {
        if !facts.node.is_empty() {
            let node = super::facts::object_id("nodes", "", &facts.node);
            list.add(link(&node, "Node", &facts.node, facts.ip.clone(), false));
        }
        let mut at = facts.owner.clone();
        // Owners form no chain longer than CronJob, Job.
        for _ in 0..4 {
            let Some(owner) = model.owners.get(&at) else { break };
            let kind = super::facts::kind_name(&owner.kind);
            list.add(link(&owner.id, kind, &owner.name, SmolStr::default(), false));
            at = owner.owner.clone();
        }
    }
    place.add(list);
    place.add(heading(texts.chart().reached_by));
    let mut list = Mark::new("ul", "");
    for slice in model.slices.values() {
        let Some(end) = slice.endpoints.iter().find(|e| e.pod == id) else { continue };
        let note = match (end.ready, end.terminating) {
            (_, true) => (texts.stage().state)(PodState::Ending, false),
            (true, _) => (texts.stage().state)(PodState::Ready, false),
            _ => (texts.stage().state)(PodState::NotReady, false),
        };
        list.add(link(&slice.service, "Service", split_id(&slice.service).2, note.into(), !end.ready));
        for door in model.doors.values().filter(|d| d.links.contains(&slice.service)) {
            list.add(link(&door.id, door.kind, &door.name, door.note.clone(), false));
        }
    }
    if list.children.is_empty() {
        place.add(Mark::new("p", "empty").says(texts.chart().reached_by_none));
    } else {
        place.add(list);
    }
    out.push(("place".into(), place));
    out
}

fn row(list: &mut Mark, name: impl Into<SmolStr>, value: impl Into<SmolStr>) {
    list.add(Mark::new("dt", "m").says(name));
    list.add(Mark::new("dd", "m").says(value));
}

fn words(value: &Value) -> String {
    value.items().iter().map(Value::text).collect::<Vec<_>>().join(" ")
}

/// One container: what it runs, what it is given and where, how it is watched, what it uses.
#[must_use]
pub fn container(object: &Value, name: &str, used: Used<'_>, texts: &Texts) -> Marks {
    let all =
        ["containers", "initContainers"].into_iter().flat_map(|kind| object.at(&["spec", kind]).items());
    let Some(spec) = all.into_iter().find(|c| c.get("name") == name) else { return Marks::new() };
    let status = status_of(object, name);
    let (state, word) = container_state(status);
    let mut out = Marks::new();
    let mut head = Mark::new("header", "");
    head.add(Mark::new("h2", "m").says(name));
    let restarts = status.get("restartCount").int();
    let word =
        if restarts > 0 { format_smolstr!("{word} · {}", (texts.stage().restarts)(restarts)) } else { word };
    head.add(stated(state, word));
    out.push(("head".into(), head));

    let mut runs = Mark::new("section", "runs-what").with(heading(texts.inspector().facts));
    let mut list = Mark::new("dl", "kv");
    row(&mut list, "image", spec.get("image").text());
    for field in ["command", "args"] {
        let says = words(spec.get(field));
        row(&mut list, field, if says.is_empty() { texts.chart().image_default.to_owned() } else { says });
    }
    for port in spec.get("ports").items() {
        let says = format_smolstr!("{} {}", port.get("containerPort").int(), port.get("name").text());
        row(&mut list, "containerPort", says);
    }
    let heard: Vec<String> = why::listens(spec).iter().map(ToString::to_string).collect();
    if !heard.is_empty() {
        row(&mut list, "", (texts.chart().listens)(&heard.join(", ")));
    }
    let last = status.at(&["lastState", "terminated"]);
    if !last.is_null() {
        let says = format_smolstr!("{} ({})", last.get("reason").text(), last.get("exitCode").int());
        row(&mut list, texts.chart().last_time, says);
    }
    runs.add(list);
    for bar in bars(spec, used(name), texts) {
        runs.add(bar);
    }
    out.push(("runs".into(), runs));

    let mut given = Mark::new("section", "given").with(heading(texts.chart().env));
    let mut list = Mark::new("dl", "kv");
    for from in spec.get("envFrom").items() {
        let (map, secret) =
            (from.at(&["configMapRef", "name"]).text(), from.at(&["secretRef", "name"]).text());
        row(
            &mut list,
            "envFrom",
            if map.is_empty() { format!("Secret {secret}") } else { format!("ConfigMap {map}") },
        );
    }
    for env in spec.get("env").items() {
        let from = env.get("valueFrom");
        let source = |kind: &str, field: &str| {
            let of = from.get(field);
            (!of.is_null()).then(|| format!("{kind} {} · {}", of.get("name").text(), of.get("key").text()))
        };
        let field = || Some(from.at(&["fieldRef", "fieldPath"]).text().to_owned()).filter(|s| !s.is_empty());
        let value = source("ConfigMap", "configMapKeyRef")
            .or_else(|| source("Secret", "secretKeyRef"))
            .or_else(field);
        row(&mut list, env.get("name").text(), value.unwrap_or_else(|| env.get("value").text().to_owned()));
    }
    if list.children.is_empty() {
        row(&mut list, "", texts.inspector().none);
    }
    given.add(list);
    given.add(heading(texts.chart().mounts));
    let mut list = Mark::new("dl", "kv");
    for mount in spec.get("volumeMounts").items() {
        let volume = object
            .at(&["spec", "volumes"])
            .items()
            .iter()
            .find(|v| v.get("name") == mount.get("name").text());
        let source = volume.map_or_else(String::new, volume_says);
        let only = if mount.get("readOnly").is_true() { " · ro" } else { "" };
        row(&mut list, mount.get("mountPath").text(), format!("{source}{only}"));
    }
    if list.children.is_empty() {
        row(&mut list, "", texts.inspector().none);
    }
    given.add(list);
    out.push(("given".into(), given));

    let mut watched = Mark::new("section", "place").with(heading(texts.chart().probes));
    let mut list = Mark::new("dl", "kv");
    for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
        let of = spec.get(probe);
        if of.is_null() {
            continue;
        }
        let port = |p: &Value| p.as_int().map_or_else(|| p.text().to_owned(), |n| n.to_string());
        let how = if !of.get("httpGet").is_null() {
            format!("httpGet :{}{}", port(of.at(&["httpGet", "port"])), of.at(&["httpGet", "path"]).text())
        } else if !of.get("tcpSocket").is_null() {
            format!("tcpSocket :{}", port(of.at(&["tcpSocket", "port"])))
        } else if !of.get("grpc").is_null() {
            format!("grpc :{}", port(of.at(&["grpc", "port"])))
        } else {
            format!("exec {}", words(of.at(&["exec", "command"])))
        };
        let every = of.get("periodSeconds").int_or(10);
        row(&mut list, probe, format!("{how} · {every}s · ×{}", of.get("failureThreshold").int_or(3)));
    }
    if list.children.is_empty() {
        row(&mut list, "", texts.inspector().none);
    }
    watched.add(list);
    out.push(("watched".into(), watched));
    out
}

/// What a volume is made of: `ConfigMap settings`, `emptyDir`.
fn volume_says(volume: &Value) -> String {
    let of = |kind: &str, path: &[&str]| match volume.at(path).text() {
        "" => None,
        name => Some(format!("{kind} {name}")),
    };
    of("ConfigMap", &["configMap", "name"])
        .or_else(|| of("Secret", &["secret", "secretName"]))
        .or_else(|| of("PersistentVolumeClaim", &["persistentVolumeClaim", "claimName"]))
        .or_else(|| of("hostPath", &["hostPath", "path"]))
        .unwrap_or_else(|| {
            let kinds = volume.entries().iter().map(|(key, _)| key.to_string());
            kinds.into_iter().find(|key| key != "name").unwrap_or_default()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::session::Session;

    const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: shop}
spec:
  initContainers:
  - {name: wait, image: busybox:1.36, command: [sh, -c, 'true']}
  - {name: proxy, image: nginx:1.27, restartPolicy: Always}
  containers:
  - name: app
    image: nginx:1.27
    env:
    - name: MODE
      valueFrom: {configMapKeyRef: {name: settings, key: mode}}
    readinessProbe: {httpGet: {path: /, port: 80}}
    resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 200m}}
    volumeMounts: [{name: keys, mountPath: /keys}]
  volumes:
  - {name: keys, secret: {secretName: keys}}
";

    #[test]
    fn a_pod_from_near_names_what_is_missing() {
        let mut session = Session::new(1, &[("shop.yaml".into(), POD.into())]);
        session.exec("kubectl create configmap settings --from-literal=mode=dark", 1);
        session.exec("kubectl apply -f shop.yaml", 1);
        session.advance(20_000);
        let object = session.object("pods", "default", "shop").cloned().unwrap_or_default();
        assert!(!object.is_null());
        let missing: Vec<&str> = session.stage().missing().map(|id| id.as_str()).collect();
        assert_eq!(missing, ["secrets/default/keys"]);
        for lang in [Lang::En, Lang::Ko] {
            let texts = lang.texts();
            let marks = pod(session.stage(), &object, &|_| None, texts);
            let says: Vec<String> = marks.iter().map(|(_, m)| m.all_text()).collect();
            let says = says.join("\n");
            for part in [
                "ConfigMap settings",
                "Secret keys",
                texts.chart().missing,
                texts.chart().beside,
                "proxy",
                "wait",
            ] {
                assert!(says.contains(part), "{part}: {says}");
            }
            let marks = container(&object, "app", &|_| Some((50, 1 << 20)), texts);
            let says: Vec<String> = marks.iter().map(|(_, m)| m.all_text()).collect();
            let says = says.join("\n");
            for part in
                ["ConfigMap settings · mode", "/keys Secret keys", "httpGet :80/", "0.05", "nginx:1.27"]
            {
                assert!(says.contains(part), "{part}: {says}");
            }
        }
    }
}
