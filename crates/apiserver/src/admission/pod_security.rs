//! PodSecurity: a namespace's labels name the level its pods must meet, or are warned about.
//!
//! Models `k8s.io/pod-security-admission` (admission, policy) as of v1.36. Versions other than `latest` are accepted and
//! judged by the rules of today. Not modelled: audit annotations, exemptions by configuration.

use objects::status::Cause;
use objects::{Status, Value};
use ordered::{BTreeMap, BTreeSet};

use crate::registry::accept::pod_spec_path;
use crate::server::{ApiServer, Cx};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    #[default]
    Privileged,
    Baseline,
    Restricted,
}

/// A level and the version of its rules, as labels name them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mode {
    level: Level,
    version: String,
}

impl Mode {
    fn shown(&self) -> String {
        let level = match self.level {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        format!("{level}:{}", self.version)
    }
}

struct Policy {
    enforce: Mode,
    warn: Mode,
    errors: Vec<Cause>,
}

fn label(mode: &str, version: bool) -> String {
    format!("pod-security.kubernetes.io/{mode}{}", if version { "-version" } else { "" })
}

fn policy(labels: &Value) -> Policy {
    let mut errors = Vec::new();
    let mut wrong = |key: String, given: &str, why: &str| {
        errors.push(Cause {
            reason: "FieldValueInvalid",
            field: format!("metadata.labels[{key}]"),
            message: format!("Invalid value: {}: {why}", objects::json::go_quote(given)),
        });
    };
    let mut read = |mode: &str| {
        let key = label(mode, false);
        let level = match labels.find(&key).map(Value::text) {
            None => Ok(None),
            Some("privileged") => Ok(Some(Level::Privileged)),
            Some("baseline") => Ok(Some(Level::Baseline)),
            Some("restricted") => Ok(Some(Level::Restricted)),
            Some(other) => {
                wrong(key, other, "must be one of privileged, baseline, restricted");
                Err(())
            }
        };
        let key = label(mode, true);
        let version = labels.find(&key).map(|v| {
            let text = v.text();
            let minor = text.strip_prefix("v1.").filter(|n| {
                !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (*n == "0" || !n.starts_with('0'))
            });
            if text == "latest" || minor.is_some() {
                text.to_owned()
            } else {
                wrong(key, text, "must be \"latest\" or \"v1.x\"");
                "latest".to_owned()
            }
        });
        (level, version)
    };
    let (enforce, enforce_version) = read("enforce");
    let _ = read("audit");
    let (warn, warn_version) = read("warn");
    let enforced = Mode {
        level: enforce.unwrap_or(Some(Level::Restricted)).unwrap_or_default(),
        version: enforce_version.unwrap_or_else(|| "latest".into()),
    };
    let mut warned = Mode {
        level: warn.unwrap_or_default().unwrap_or_default(),
        version: warn_version.clone().unwrap_or_else(|| "latest".into()),
    };
    if warn == Ok(None)
        && let Ok(Some(level)) = enforce
        && level > warned.level
    {
        warned.level = level;
        if warn_version.is_none() {
            warned.version.clone_from(&enforced.version);
        }
    }
    Policy { enforce: enforced, warn: warned, errors }
}

/// A new or changed namespace: its labels must mean something, and its pods are held against a stricter level.
pub(super) fn namespace(server: &ApiServer, cx: &mut Cx<'_>, new: &Value, old: &Value) -> Result<(), Status> {
    if !cx.request.subresource.is_empty() || !old.is_null() && new.labels() == old.labels() {
        return Ok(());
    }
    let policy_of = |o: &Value| policy(o.labels());
    let (now, before) = (policy_of(new), policy_of(old));
    if !now.errors.is_empty() && (old.is_null() || now.errors != before.errors) {
        return Err(cx.invalid(new.name(), now.errors));
    }
    if old.is_null()
        || now.enforce == before.enforce
        || now.enforce.level == Level::Privileged
        || now.enforce.version == before.enforce.version && now.enforce.level <= before.enforce.level
    {
        return Ok(());
    }
    // Pods with the same faults share a line.
    let mut lines: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for pod in server.objects("pods", new.name()) {
        let faults = faults(now.enforce.level, pod, &pod["spec"]);
        if !faults.is_empty() {
            let reasons: Vec<&str> = faults.iter().map(|f| f.0).collect();
            lines.entry(reasons.join(", ")).or_insert_with(|| (pod.name().to_owned(), 0)).1 += 1;
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    cx.warnings.push(format!(
        "existing pods in namespace \"{}\" violate the new PodSecurity enforce level \"{}\"",
        new.name(),
        now.enforce.shown()
    ));
    let mut texts: Vec<String> = lines
        .iter()
        .map(|(reasons, (name, n))| match n {
            1 => format!("{name}: {reasons}"),
            2 => format!("{name} (and 1 other pod): {reasons}"),
            n => format!("{name} (and {} other pods): {reasons}", n - 1),
        })
        .collect();
    ordered::Sort::arrange(texts.as_mut_slice());
    cx.warnings.extend(texts);
    Ok(())
}

/// A pod is refused below the enforced level; whatever makes pods is warned about.
#[inline(never)]
pub(super) fn pod(server: &ApiServer, cx: &mut Cx<'_>, object: &Value) -> Result<(), Status> {
    let path = pod_spec_path(&cx.resource);
    let Some(namespace) = server.get("namespaces", "", cx.namespace()).filter(|_| !path.is_empty()) else {
        return Ok(());
    };
    if !namespace.labels().entries().iter().any(|(k, _)| k.starts_with("pod-security.kubernetes.io/")) {
        return Ok(());
    }
    let policy = policy(namespace.labels());
    let is_pod = path.len() == 1;
    let meta = if is_pod { object } else { object.at(&path[..path.len() - 1]) };
    let spec = object.at(path);
    if is_pod {
        let found = faults(policy.enforce.level, meta, spec);
        if !found.is_empty() {
            let why = format!("violates PodSecurity \"{}\": {}", policy.enforce.shown(), detail(&found));
            return Err(Status::forbidden("", "pods", object.name(), &why));
        }
    }
    let found = faults(policy.warn.level, meta, spec);
    if !found.is_empty() {
        cx.warnings.push(format!(
            "would violate PodSecurity \"{}\": {}",
            policy.warn.shown(),
            detail(&found)
        ));
    }
    Ok(())
}

/// A reason and its detail.
type Fault = (&'static str, String);

fn detail(faults: &[Fault]) -> String {
    let texts: Vec<String> = faults
        .iter()
        .map(|(reason, d)| if d.is_empty() { (*reason).to_owned() } else { format!("{reason} ({d})") })
        .collect();
    texts.join(", ")
}

fn quoted<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let all: Vec<String> = items.into_iter().map(|i| format!("\"{}\"", i.as_ref())).collect();
    all.join(", ")
}

fn plural<'a>(n: usize, one: &'a str, many: &'a str) -> &'a str {
    if n == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`
fn containers_text(names: &[String]) -> String {
    format!("{} {}", plural(names.len(), "container", "containers"), quoted(names))
}

/// The pod and those of its containers that are at fault, joined.
fn setters(pod: bool, containers: &[String]) -> Option<String> {
    let mut all = Vec::new();
    if pod {
        all.push("pod".to_owned());
    }
    if !containers.is_empty() {
        all.push(containers_text(containers));
    }
    (!all.is_empty()).then(|| all.join(" and "))
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    ["initContainers", "containers", "ephemeralContainers"].into_iter().flat_map(|k| spec[k].items())
}

fn names_where(spec: &Value, at_fault: impl Fn(&Value) -> bool) -> Vec<String> {
    containers(spec).filter(|c| at_fault(c)).map(|c| c["name"].text().to_owned()).collect()
}

/// Collects the values of a list that are not allowed.
fn strangers(list: &Value, allowed: &[&str], found: &mut BTreeSet<String>) -> bool {
    let before = list.items().iter().filter(|c| !allowed.contains(&c.text()));
    let mut any = false;
    for c in before {
        found.insert(c.text().to_owned());
        any = true;
    }
    any
}

/// Everything by which a pod falls short of a level, in upstream's order.
fn faults(level: Level, meta: &Value, spec: &Value) -> Vec<Fault> {
    let mut out = Vec::new();
    if level == Level::Privileged {
        return out;
    }
    let restricted = level == Level::Restricted;
    let windows = spec["os"]["name"] == "windows";
    let own_users = spec["hostUsers"].as_bool() == Some(false);
    app_armor(meta, spec, &mut out);
    if !restricted || windows {
        capabilities_baseline(spec, &mut out);
    }
    let host: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .iter()
        .filter(|k| spec[**k].is_true())
        .map(|k| format!("{k}=true"))
        .collect();
    if !host.is_empty() {
        out.push(("host namespaces", host.join(", ")));
    }
    if !restricted {
        let volumes = spec["volumes"].items().iter().filter(|v| !v["hostPath"].is_null());
        let names: Vec<&str> = volumes.map(|v| v["name"].text()).collect();
        if !names.is_empty() {
            out.push((
                "hostPath volumes",
                format!("{} {}", plural(names.len(), "volume", "volumes"), quoted(names)),
            ));
        }
    }
    host_ports(spec, &mut out);
    probe_hosts(spec, &mut out);
    let bad = names_where(spec, |c| c["securityContext"]["privileged"].is_true());
    if !bad.is_empty() {
        out.push((
            "privileged",
            format!("{} must not set securityContext.privileged=true", containers_text(&bad)),
        ));
    }
    if restricted || !own_users {
        proc_mount(spec, &mut out);
    }
    se_linux(spec, &mut out);
    if !restricted || windows {
        seccomp(spec, false, &mut out);
    }
    let sysctls: Vec<&str> = spec["securityContext"]["sysctls"]
        .items()
        .iter()
        .map(|s| s["name"].text())
        .filter(|n| !SYSCTLS.contains(n))
        .collect();
    if !sysctls.is_empty() {
        out.push(("forbidden sysctls", sysctls.join(", ")));
    }
    let host_process = |s: &Value| s["windowsOptions"]["hostProcess"].is_true();
    let bad = names_where(spec, |c| host_process(&c["securityContext"]));
    if let Some(who) = setters(host_process(&spec["securityContext"]), &bad) {
        out.push((
            "hostProcess",
            format!("{who} must not set securityContext.windowsOptions.hostProcess=true"),
        ));
    }
    if restricted {
        restricted_faults(spec, windows, own_users, &mut out);
    }
    out
}

const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];

const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn restricted_faults(spec: &Value, windows: bool, own_users: bool, out: &mut Vec<Fault>) {
    if !windows {
        let bad =
            names_where(spec, |c| c["securityContext"]["allowPrivilegeEscalation"].as_bool() != Some(false));
        if !bad.is_empty() {
            out.push((
                "allowPrivilegeEscalation != false",
                format!("{} must set securityContext.allowPrivilegeEscalation=false", containers_text(&bad)),
            ));
        }
        capabilities_restricted(spec, out);
    }
    restricted_volumes(spec, out);
    let pod = &spec["securityContext"];
    if !own_users {
        run_as_non_root(spec, out);
        let root = |s: &Value| s["runAsUser"].as_int() == Some(0);
        if let Some(who) = setters(root(pod), &names_where(spec, |c| root(&c["securityContext"]))) {
            out.push(("runAsUser=0", format!("{who} must not set runAsUser=0")));
        }
    }
    if !windows {
        seccomp(spec, true, out);
    }
}

fn app_armor(meta: &Value, spec: &Value, out: &mut Vec<Fault>) {
    const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
    let mut values = BTreeSet::new();
    let mut bad = |s: &Value| {
        let profile = &s["appArmorProfile"];
        let wrong = !profile.is_null() && !matches!(profile["type"].text(), "RuntimeDefault" | "Localhost");
        if wrong {
            values.insert(profile["type"].text().to_owned());
        }
        wrong
    };
    let pod = bad(&spec["securityContext"]);
    let names: Vec<String> = containers(spec)
        .filter(|c| bad(&c["securityContext"]))
        .map(|c| c["name"].text().to_owned())
        .collect();
    let annotations: Vec<String> = meta
        .annotations()
        .entries()
        .iter()
        .filter(|(k, v)| {
            let v = v.text();
            k.starts_with(PREFIX) && !(v.is_empty() || v == "runtime/default" || v.starts_with("localhost/"))
        })
        .map(|(k, v)| format!("{k}={}", objects::json::go_quote(v.text())))
        .collect();
    let mut who: Vec<String> = setters(pod, &names).into_iter().collect();
    let mut list: Vec<String> = values.iter().cloned().collect();
    if !annotations.is_empty() {
        who.push(plural(annotations.len(), "annotation", "annotations").to_owned());
        list.extend(annotations);
    }
    if !who.is_empty() {
        out.push((
            plural(list.len(), "forbidden AppArmor profile", "forbidden AppArmor profiles"),
            format!("{} must not set AppArmor profile type to {}", who.join(" and "), quoted(list)),
        ));
    }
}

fn capabilities_baseline(spec: &Value, out: &mut Vec<Fault>) {
    let mut found = BTreeSet::new();
    let names: Vec<String> = containers(spec)
        .filter(|c| strangers(&c["securityContext"]["capabilities"]["add"], &CAPABILITIES, &mut found))
        .map(|c| c["name"].text().to_owned())
        .collect();
    if !names.is_empty() {
        out.push((
            "non-default capabilities",
            format!(
                "{} must not include {} in securityContext.capabilities.add",
                containers_text(&names),
                quoted(found.iter())
            ),
        ));
    }
}

fn capabilities_restricted(spec: &Value, out: &mut Vec<Fault>) {
    let missing = names_where(spec, |c| {
        !c["securityContext"]["capabilities"]["drop"].items().iter().any(|d| *d == *"ALL")
    });
    let mut found = BTreeSet::new();
    let adding: Vec<String> = containers(spec)
        .filter(|c| {
            strangers(&c["securityContext"]["capabilities"]["add"], &["NET_BIND_SERVICE"], &mut found)
        })
        .map(|c| c["name"].text().to_owned())
        .collect();
    let mut details = Vec::new();
    if !missing.is_empty() {
        details.push(format!(
            "{} must set securityContext.capabilities.drop=[\"ALL\"]",
            containers_text(&missing)
        ));
    }
    if !adding.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers_text(&adding),
            quoted(found.iter())
        ));
    }
    if !details.is_empty() {
        out.push(("unrestricted capabilities", details.join("; ")));
    }
}

fn host_ports(spec: &Value, out: &mut Vec<Fault>) {
    let mut ports: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    for c in containers(spec) {
        let used: Vec<i64> =
            c["ports"].items().iter().map(|p| p["hostPort"].int()).filter(|p| *p != 0).collect();
        if !used.is_empty() {
            names.push(c["name"].text().to_owned());
            for port in used {
                ports.insert(port.to_string());
            }
        }
    }
    if !names.is_empty() {
        let list: Vec<&str> = ports.iter().map(String::as_str).collect();
        out.push((
            "hostPort",
            format!(
                "{} {} {} {}",
                containers_text(&names),
                plural(names.len(), "uses", "use"),
                plural(list.len(), "hostPort", "hostPorts"),
                list.join(", ")
            ),
        ));
    }
}

fn probe_hosts(spec: &Value, out: &mut Vec<Fault>) {
    let (mut names, mut hosts): (BTreeSet<String>, BTreeSet<String>) = Default::default();
    for c in containers(spec) {
        let life = &c["lifecycle"];
        let handlers = [
            &c["livenessProbe"],
            &c["readinessProbe"],
            &c["startupProbe"],
            &life["postStart"],
            &life["preStop"],
        ];
        for host in handlers.iter().flat_map(|h| [&h["httpGet"]["host"], &h["tcpSocket"]["host"]]) {
            if !host.text().is_empty() {
                names.insert(c["name"].text().to_owned());
                hosts.insert(host.text().to_owned());
            }
        }
    }
    if names.iter().next().is_some() {
        let names: Vec<String> = names.iter().cloned().collect();
        let hosts: Vec<&String> = hosts.iter().collect();
        out.push((
            "probe or lifecycle host",
            format!(
                "{} {} {} {}",
                containers_text(&names),
                plural(names.len(), "uses", "use"),
                plural(hosts.len(), "probe or lifecycle host", "probe or lifecycle hosts"),
                quoted(hosts)
            ),
        ));
    }
}

fn proc_mount(spec: &Value, out: &mut Vec<Fault>) {
    let mut types = BTreeSet::new();
    let names: Vec<String> = containers(spec)
        .filter(|c| {
            let mount = c["securityContext"]["procMount"].text();
            let bad = !mount.is_empty() && mount != "Default";
            if bad {
                types.insert(mount.to_owned());
            }
            bad
        })
        .map(|c| c["name"].text().to_owned())
        .collect();
    if !names.is_empty() {
        out.push((
            "procMount",
            format!(
                "{} must not set securityContext.procMount to {}",
                containers_text(&names),
                quoted(types.iter())
            ),
        ));
    }
}

fn se_linux(spec: &Value, out: &mut Vec<Fault>) {
    const TYPES: [&str; 5] = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let (mut types, mut user, mut role) = (BTreeSet::new(), false, false);
    let mut bad = |s: &Value| {
        let options = &s["seLinuxOptions"];
        let wrong_type = !TYPES.contains(&options["type"].text());
        if wrong_type {
            types.insert(options["type"].text().to_owned());
        }
        let (u, r) = (!options["user"].text().is_empty(), !options["role"].text().is_empty());
        user |= u;
        role |= r;
        wrong_type || u || r
    };
    let pod = bad(&spec["securityContext"]);
    let names: Vec<String> = containers(spec)
        .filter(|c| bad(&c["securityContext"]))
        .map(|c| c["name"].text().to_owned())
        .collect();
    if let Some(who) = setters(pod, &names) {
        let mut data = Vec::new();
        let types: Vec<&String> = types.iter().collect();
        if !types.is_empty() {
            data.push(format!("{} {}", plural(types.len(), "type", "types"), quoted(types)));
        }
        if user {
            data.push("user may not be set".into());
        }
        if role {
            data.push("role may not be set".into());
        }
        out.push((
            "seLinuxOptions",
            format!("{who} set forbidden securityContext.seLinuxOptions: {}", data.join("; ")),
        ));
    }
}

fn seccomp(spec: &Value, restricted: bool, out: &mut Vec<Fault>) {
    let profile = |s: &Value| s["seccompProfile"]["type"].text().to_owned();
    let valid = |t: &str| matches!(t, "RuntimeDefault" | "Localhost");
    let mut values = BTreeSet::new();
    let pod = profile(&spec["securityContext"]);
    let pod_bad = !pod.is_empty() && !valid(&pod);
    if pod_bad {
        values.insert(pod.clone());
    }
    let (mut explicit, mut implicit) = (Vec::new(), Vec::new());
    for c in containers(spec) {
        let own = profile(&c["securityContext"]);
        let name = c["name"].text().to_owned();
        if own.is_empty() {
            if !valid(&pod) {
                implicit.push(name);
            }
        } else if !valid(&own) {
            explicit.push(name);
            values.insert(own);
        }
    }
    if let Some(who) = setters(pod_bad, &explicit) {
        out.push((
            "seccompProfile",
            format!("{who} must not set securityContext.seccompProfile.type to {}", quoted(values.iter())),
        ));
    } else if restricted && !implicit.is_empty() {
        out.push((
            "seccompProfile",
            format!(
                "pod or {} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
                containers_text(&implicit)
            ),
        ));
    }
}

fn restricted_volumes(spec: &Value, out: &mut Vec<Fault>) {
    const ALLOWED: [&str; 9] = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    let (mut names, mut types) = (Vec::new(), BTreeSet::new());
    for v in spec["volumes"].items() {
        let source = v.entries().iter().map(|(k, _)| k.as_str()).find(|k| *k != "name").unwrap_or("unknown");
        if !ALLOWED.contains(&source) {
            names.push(v["name"].text());
            types.insert(source.to_owned());
        }
    }
    if !names.is_empty() {
        let types: Vec<&String> = types.iter().collect();
        out.push((
            "restricted volume types",
            format!(
                "{} {} {} {} {}",
                plural(names.len(), "volume", "volumes"),
                quoted(&names),
                plural(names.len(), "uses", "use"),
                plural(types.len(), "restricted volume type", "restricted volume types"),
                quoted(types)
            ),
        ));
    }
}

fn run_as_non_root(spec: &Value, out: &mut Vec<Fault>) {
    let non_root = |s: &Value| s["runAsNonRoot"].as_bool();
    let pod = non_root(&spec["securityContext"]);
    let explicit = names_where(spec, |c| non_root(&c["securityContext"]) == Some(false));
    if let Some(who) = setters(pod == Some(false), &explicit) {
        out.push(("runAsNonRoot != true", format!("{who} must not set securityContext.runAsNonRoot=false")));
        return;
    }
    let implicit = names_where(spec, |c| non_root(&c["securityContext"]).is_none() && pod != Some(true));
    if !implicit.is_empty() {
        out.push((
            "runAsNonRoot != true",
            format!("pod or {} must set securityContext.runAsNonRoot=true", containers_text(&implicit)),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use objects::value;

    #[test]
    fn a_plain_pod_meets_baseline_but_not_restricted() {
        let spec = value!({"containers": [{"name": "web", "image": "nginx"}]});
        assert_eq!(faults(Level::Baseline, &Value::Null, &spec), []);
        let want = "allowPrivilegeEscalation != false (container \"web\" must set securityContext.allowPrivilegeEscalation=false), \
                    unrestricted capabilities (container \"web\" must set securityContext.capabilities.drop=[\"ALL\"]), \
                    runAsNonRoot != true (pod or container \"web\" must set securityContext.runAsNonRoot=true), \
                    seccompProfile (pod or container \"web\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")";
        assert_eq!(detail(&faults(Level::Restricted, &Value::Null, &spec)), want);
    }

    #[test]
    fn each_rule_has_its_words() {
        let with = |pod: Value, container: Value| {
            let mut spec = pod;
            let mut c = container;
            c.set("name", "c");
            spec.set("containers", vec![c]);
            spec
        };
        let none = Value::map;
        let cases = [
            (
                with(value!({"hostNetwork": true, "hostPID": true}), none()),
                "host namespaces (hostNetwork=true, hostPID=true)",
            ),
            (
                with(none(), value!({"securityContext": {"privileged": true}})),
                "privileged (container \"c\" must not set securityContext.privileged=true)",
            ),
            (
                with(none(), value!({"ports": [{"hostPort": 80}, {"hostPort": 443}]})),
                "hostPort (container \"c\" uses hostPorts 443, 80)",
            ),
            (
                with(value!({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}), none()),
                "hostPath volumes (volume \"h\")",
            ),
            (
                with(none(), value!({"securityContext": {"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}})),
                "non-default capabilities (container \"c\" must not include \"NET_ADMIN\" in securityContext.capabilities.add)",
            ),
            (
                with(none(), value!({"securityContext": {"seccompProfile": {"type": "Unconfined"}}})),
                "seccompProfile (container \"c\" must not set securityContext.seccompProfile.type to \"Unconfined\")",
            ),
        ];
        for (spec, want) in cases {
            assert_eq!(detail(&faults(Level::Baseline, &Value::Null, &spec)), want);
        }
    }

    #[test]
    fn labels_name_a_policy() {
        let p = policy(&value!({"pod-security.kubernetes.io/enforce": "baseline"}));
        assert_eq!(
            (p.enforce.shown().as_str(), p.warn.shown().as_str()),
            ("baseline:latest", "baseline:latest")
        );
        let p = policy(&value!({
            "pod-security.kubernetes.io/enforce": "strict", "pod-security.kubernetes.io/warn-version": "v1.x"
        }));
        let texts: Vec<String> = p.errors.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
        assert_eq!(
            texts,
            [
                "metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted",
                "metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: \"v1.x\": must be \"latest\" or \"v1.x\"",
            ]
        );
        assert_eq!(p.enforce.level, Level::Restricted);
    }
}
