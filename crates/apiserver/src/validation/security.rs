//! Security contexts of pods and containers, and what a pod's operating system allows.
//!
//! Models ValidateSecurityContext, validatePodSpecSecurityContext, validateWindowsHostProcessPod, validateHostUsers,
//! validateOS, validateLinux, validateWindows, and the annotations that came before the fields.

use ordered::BTreeSet;

use objects::{Value, json, names};

use super::unified_diff::{Field, Shape, compact};
use super::{Errors, container};

const SECCOMP: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const ID: &str = "must be between 0 and 2147483647, inclusive";
/// The longest path of an AppArmor profile, in bytes.
const PROFILE_PATH_MAX: usize = 4095;

const PROFILE: [Field; 2] =
    [Field::text("Type", "type"), Field::plain("LocalhostProfile", "localhostProfile")];
const CONTEXT: [Field; 12] = [
    Field(
        "Capabilities",
        "capabilities",
        Shape::Struct(&[Field::plain("Add", "add"), Field::plain("Drop", "drop")]),
    ),
    Field::plain("Privileged", "privileged"),
    Field(
        "SELinuxOptions",
        "seLinuxOptions",
        Shape::Struct(&[
            Field::text("User", "user"),
            Field::text("Role", "role"),
            Field::text("Type", "type"),
            Field::text("Level", "level"),
        ]),
    ),
    Field(
        "WindowsOptions",
        "windowsOptions",
        Shape::Struct(&[
            Field::plain("GMSACredentialSpecName", "gmsaCredentialSpecName"),
            Field::plain("GMSACredentialSpec", "gmsaCredentialSpec"),
            Field::plain("RunAsUserName", "runAsUserName"),
            Field::plain("HostProcess", "hostProcess"),
        ]),
    ),
    Field::plain("RunAsUser", "runAsUser"),
    Field::plain("RunAsGroup", "runAsGroup"),
    Field::plain("RunAsNonRoot", "runAsNonRoot"),
    Field::plain("ReadOnlyRootFilesystem", "readOnlyRootFilesystem"),
    Field::plain("AllowPrivilegeEscalation", "allowPrivilegeEscalation"),
    Field::plain("ProcMount", "procMount"),
    Field("SeccompProfile", "seccompProfile", Shape::Struct(&PROFILE)),
    Field("AppArmorProfile", "appArmorProfile", Shape::Struct(&PROFILE)),
];

/// The path of a container within its pod spec: `initContainers[0]`.
fn each_container(spec: &Value, e: &mut Errors, mut check: impl FnMut(&mut Errors, &Value)) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        e.each(spec, list, |e, _, c| check(e, c));
    }
}

fn id(v: &Value, e: &mut Errors) {
    if let Some(n) = v.as_int()
        && !(0..=i64::from(i32::MAX)).contains(&n)
    {
        e.invalid(v, ID);
    }
}

/// The security context of one container.
pub(super) fn of_container(c: &Value, host_users: bool, e: &mut Errors) {
    let s = &c["securityContext"];
    if s.is_null() {
        return;
    }
    e.at("securityContext", |e| {
        for key in ["runAsUser", "runAsGroup"] {
            e.at(key, |e| id(&s[key], e));
        }
        if let Some(mount) = s["procMount"].as_str() {
            e.at("procMount", |e| {
                if !matches!(mount, "Default" | "Unmasked") {
                    e.not_supported(&s["procMount"], &["Default", "Unmasked"]);
                }
                if host_users && mount == "Unmasked" {
                    e.invalid(&s["procMount"], "`hostUsers` must be false to use `Unmasked`");
                }
            });
        }
        e.at("seccompProfile", |e| seccomp(&s["seccompProfile"], e));
        if s["allowPrivilegeEscalation"].as_bool() == Some(false) {
            let cannot = |what: &str| format!("cannot set `allowPrivilegeEscalation` to false and {what}");
            if s["privileged"].is_true() {
                e.invalid_shown(&compact(s, &CONTEXT), &cannot("`privileged` to true"));
            }
            if s["capabilities"]["add"].items().iter().any(|c| *c == "CAP_SYS_ADMIN") {
                e.invalid_shown(&compact(s, &CONTEXT), &cannot("`capabilities.Add` CAP_SYS_ADMIN"));
            }
        }
        e.at("windowsOptions", |e| windows_options(&s["windowsOptions"], e));
        e.at("appArmorProfile", |e| app_armor(&s["appArmorProfile"], e));
    });
}

/// The security context of a pod.
pub(super) fn of_pod(spec: &Value, e: &mut Errors) {
    let s = &spec["securityContext"];
    e.at("securityContext", |e| {
        for key in ["fsGroup", "runAsUser", "runAsGroup"] {
            e.at(key, |e| id(&s[key], e));
        }
        e.each(s, "supplementalGroups", |e, _, g| id(g, e));
        if spec["shareProcessNamespace"].is_true() && spec["hostPID"].is_true() {
            e.at("shareProcessNamespace", |e| {
                e.invalid(&true.into(), "ShareProcessNamespace and HostPID cannot both be enabled");
            });
        }
        sysctls(spec, e);
        let known = |key: &str, known: &[&str], e: &mut Errors| {
            if s[key].as_str().is_some_and(|v| !known.contains(&v)) {
                e.at(key, |e| e.not_supported(&s[key], known));
            }
        };
        known("fsGroupChangePolicy", &["Always", "OnRootMismatch"], e);
        e.at("seccompProfile", |e| seccomp(&s["seccompProfile"], e));
        e.at("windowsOptions", |e| windows_options(&s["windowsOptions"], e));
        e.at("appArmorProfile", |e| app_armor(&s["appArmorProfile"], e));
        known("supplementalGroupsPolicy", &["Merge", "Strict"], e);
        known("seLinuxChangePolicy", &["Recursive"], e);
    });
}

/// `[a-z0-9]([-_a-z0-9]*[a-z0-9])?`, in parts that dots and slashes divide.
fn is_sysctl(name: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.len() <= 253
        && name.split(['.', '/']).all(|part| {
            let b = part.as_bytes();
            b.first().is_some_and(|b| alnum(*b))
                && b.last().is_some_and(|b| alnum(*b))
                && b.iter().all(|b| alnum(*b) || matches!(b, b'-' | b'_'))
        })
}

fn sysctls(spec: &Value, e: &mut Errors) {
    const RULE: &str = "must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    let mut seen = BTreeSet::new();
    e.each(&spec["securityContext"], "sysctls", |e, _, s| {
        let name = s["name"].text();
        e.at("name", |e| {
            if name.is_empty() {
                e.required("");
            } else if !is_sysctl(name) {
                e.invalid(&s["name"], RULE);
            } else if seen.contains(name) {
                e.duplicate(&s["name"]);
            }
            // With a slash before any dot, the two are swapped.
            let dotted = match name.find(['.', '/']) {
                Some(i) if name.as_bytes()[i] == b'/' => name.replace('/', "."),
                _ => name.to_owned(),
            };
            let ipc = dotted.starts_with("kernel.shm")
                || dotted.starts_with("kernel.msg")
                || dotted.starts_with("fs.mqueue.")
                || dotted == "kernel.sem";
            if spec["hostNetwork"].is_true() && dotted.starts_with("net.") {
                e.invalid_text(name, "may not be specified when 'hostNetwork' is true");
            } else if spec["hostIPC"].is_true() && ipc {
                e.invalid_text(name, "may not be specified when 'hostIPC' is true");
            }
        });
        seen.insert(name.to_owned());
    });
}

fn seccomp(p: &Value, e: &mut Errors) {
    if p.is_null() {
        return;
    }
    e.at("type", |e| match p["type"].text() {
        "" => e.required("type is required when seccompProfile is set"),
        t if !SECCOMP.contains(&t) => e.not_supported(&p["type"], &SECCOMP),
        _ => {}
    });
    let path = &p["localhostProfile"];
    e.at("localhostProfile", |e| match (p["type"] == "Localhost", path.is_null()) {
        (true, true) => e.required("must be set when seccomp type is Localhost"),
        (true, false) => container::descending_path(path, e),
        (false, false) => {
            e.invalid_shown(&compact(p, &PROFILE), "can only be set when seccomp type is Localhost");
        }
        (false, true) => {}
    });
}

fn app_armor(p: &Value, e: &mut Errors) {
    if p.is_null() {
        return;
    }
    const MISSING: &str = "must be set when AppArmor type is Localhost";
    let path = &p["localhostProfile"];
    match p["type"].text() {
        "Localhost" => e.at("localhostProfile", |e| {
            let trimmed = path.text().trim();
            if path.is_null() {
                e.required(MISSING);
                return;
            }
            if trimmed != path.text() {
                e.invalid(path, "must not be padded with whitespace");
            } else if trimmed.is_empty() {
                e.required(MISSING);
            }
            if path.text().len() > PROFILE_PATH_MAX {
                e.too_long(PROFILE_PATH_MAX);
            }
        }),
        "RuntimeDefault" | "Unconfined" => {
            if !path.is_null() {
                e.at("localhostProfile", |e| {
                    e.invalid(path, "can only be set when AppArmor type is Localhost");
                });
            }
        }
        "" => e.at("type", |e| e.required("type is required when appArmorProfile is set")),
        _ => e.at("type", |e| e.not_supported(&p["type"], &SECCOMP)),
    }
}

fn windows_options(w: &Value, e: &mut Errors) {
    e.rule(w, "gmsaCredentialSpecName", names::dns1123_subdomain);
    if let Some(text) = w["gmsaCredentialSpec"].as_str() {
        let why = match text.len() {
            0 => "gmsaCredentialSpec cannot be an empty string",
            1..=65_536 => "",
            _ => "gmsaCredentialSpec size must be under 64 KiB",
        };
        if !why.is_empty() {
            e.at("gmsaCredentialSpec", |e| e.invalid(&w["gmsaCredentialSpec"], why));
        }
    }
    let name = &w["runAsUserName"];
    let Some(text) = name.as_str() else { return };
    e.at("runAsUserName", |e| {
        let parts: Vec<&str> = text.split('\\').collect();
        if text.is_empty() {
            e.invalid(name, "runAsUserName cannot be an empty string");
        } else if text.bytes().any(|b| b.is_ascii_control()) {
            e.invalid(name, "runAsUserName cannot contain control characters");
        } else if parts.len() > 2 {
            e.invalid(name, "runAsUserName cannot contain more than one backslash");
        } else {
            let (domain, user) = match parts.as_slice() {
                [domain, user] => (Some(*domain), *user),
                _ => (None, text),
            };
            let domain_text = domain.unwrap_or_default();
            let special =
                |t: &str, more: &str| t.contains(|c: char| "\\/:*?\"<>|".contains(c) || more.contains(c));
            let net_bios = !domain_text.is_empty()
                && domain_text.chars().count() <= 15
                && !domain_text.starts_with('.')
                && !special(domain_text, "");
            let dns = domain_text.split('.').all(|l| {
                let b = l.as_bytes();
                (1..=63).contains(&b.len())
                    && b[0].is_ascii_alphanumeric()
                    && b[b.len() - 1].is_ascii_alphanumeric()
                    && b.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            });
            let faults = [
                (domain_text.len() >= 256, "runAsUserName's Domain length must be under 256 characters"),
                (
                    domain.is_some() && !net_bios && !dns,
                    "runAsUserName's Domain doesn't match the NetBios nor the DNS format",
                ),
                (user.is_empty(), "runAsUserName's User cannot be empty"),
                (user.len() > 104, "runAsUserName's User length must not be longer than 104 characters"),
                (
                    !user.is_empty() && user.bytes().all(|b| matches!(b, b'.' | b' ')),
                    "runAsUserName's User cannot contain only periods or spaces",
                ),
                (
                    special(user, ";=,+@[]"),
                    "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
                ),
            ];
            for (_, why) in faults.iter().filter(|(wrong, _)| *wrong) {
                e.invalid(name, why);
            }
        }
    });
}

/// Windows containers that run on the host: all of a pod's or none.
pub(super) fn host_process(spec: &Value, e: &mut Errors) {
    let of = |s: &Value| s["securityContext"]["windowsOptions"]["hostProcess"].as_bool();
    let pod = of(spec);
    let (mut all, mut on_host) = (0, 0);
    each_container(spec, e, |e, c| {
        all += 1;
        let own = of(c);
        if let (Some(p), Some(o)) = (pod, own)
            && p != o
        {
            let why = format!("pod hostProcess value must be identical if both are specified, was {p}");
            e.at("securityContext.windowsOptions.hostProcess", |e| e.invalid(&o.into(), &why));
        }
        on_host += usize::from(own.or(pod) == Some(true));
    });
    if on_host == 0 {
        return;
    }
    if on_host != all {
        e.invalid_text(
            "",
            "If pod contains any hostProcess containers then all containers must be HostProcess containers",
        );
    }
    if !spec["hostNetwork"].is_true() {
        e.at("hostNetwork", |e| {
            e.invalid(&false.into(), "hostNetwork must be true if pod contains any hostProcess containers");
        });
    }
}

/// Whether the pod's users are the node's.
pub(super) fn shares_users(spec: &Value) -> bool {
    spec["hostUsers"].as_bool() != Some(false)
}

pub(super) fn host_users(spec: &Value, e: &mut Errors) {
    if shares_users(spec) {
        return;
    }
    for (key, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec[key].is_true() {
            e.at(shown, |e| e.forbidden("when `hostUsers` is false"));
        }
    }
    each_container(spec, e, |e, c| {
        if !c["volumeDevices"].items().is_empty() {
            e.at("volumeDevices", |e| e.forbidden("when `hostUsers` is false"));
        }
    });
}

const NOT_ON_WINDOWS: [&str; 15] = [
    "securityContext.appArmorProfile",
    "securityContext.seLinuxOptions",
    "hostUsers",
    "hostPID",
    "hostIPC",
    "securityContext.seccompProfile",
    "securityContext.fsGroup",
    "securityContext.fsGroupChangePolicy",
    "securityContext.sysctls",
    "shareProcessNamespace",
    "securityContext.runAsUser",
    "securityContext.runAsGroup",
    "securityContext.supplementalGroups",
    "securityContext.supplementalGroupsPolicy",
    "securityContext.seLinuxChangePolicy",
];
const NOT_IN_WINDOWS_CONTAINERS: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// What the pod's operating system knows nothing of.
pub(super) fn operating_system(spec: &Value, e: &mut Errors) {
    let os = &spec["os"];
    if os.is_null() {
        return;
    }
    match os["name"].text() {
        "" => e.at("os.name", |e| e.required("")),
        "linux" => {
            let no = |c: &Value, e: &mut Errors| {
                if !c["securityContext"]["windowsOptions"].is_null() {
                    e.at("securityContext.windowsOptions", |e| {
                        e.forbidden("windows options cannot be set for a linux pod");
                    });
                }
            };
            no(spec, e);
            each_container(spec, e, |e, c| no(c, e));
        }
        "windows" => {
            for path in NOT_ON_WINDOWS {
                let steps: Vec<&str> = path.split('.').collect();
                let v = spec.at(&steps);
                // Of the host's namespaces only those asked for count, and of lists only filled ones.
                let given = match v {
                    Value::Bool(on) => *on || !matches!(path, "hostPID" | "hostIPC"),
                    Value::List(l) => !l.is_empty() || path.ends_with("Groups"),
                    other => !other.is_null(),
                };
                if given {
                    e.at(path, |e| e.forbidden("cannot be set for a windows pod"));
                }
            }
            each_container(spec, e, |e, c| {
                for key in NOT_IN_WINDOWS_CONTAINERS {
                    if !c["securityContext"][key].is_null() {
                        e.at("securityContext", |e| {
                            e.at(key, |e| e.forbidden("cannot be set for a windows pod"));
                        });
                    }
                }
            });
        }
        _ => e.at("os", |e| e.not_supported(&os["name"], &["linux", "windows"])),
    }
}

/// Annotations of profiles, which the fields replaced.
pub(super) fn annotations(annotations: &Value, spec: &Value, e: &mut Errors) {
    for (key, value) in annotations.entries() {
        let p = value.text();
        if key.as_str() == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            e.at(key, |e| match p.strip_prefix("localhost/") {
                Some(path) => container::descending_path(&path.into(), e),
                None if matches!(p, "runtime/default" | "docker/default" | "unconfined") => {}
                None => e.invalid(value, "must be a valid seccomp profile"),
            });
        }
    }
    for (key, value) in annotations.entries() {
        let Some(name) = key.strip_prefix(APP_ARMOR) else { continue };
        let p = value.text();
        e.key(key, |e| {
            let known = ["initContainers", "containers", "ephemeralContainers"]
                .iter()
                .any(|list| spec[*list].items().iter().any(|c| c["name"] == *name));
            if !known {
                e.invalid_text(name, "container not found");
            }
            if !matches!(p, "" | "runtime/default" | "unconfined") && !p.starts_with("localhost/") {
                e.invalid(value, &format!("invalid AppArmor profile name: {}", json::go_quote(p)));
            }
        });
    }
}

/// What an annotation means as a field.
fn contradicts(annotation: &str, profile: &Value, docker: bool) -> Option<&'static str> {
    match profile["type"].text() {
        "Unconfined" => (annotation != "unconfined").then_some("type"),
        "RuntimeDefault" => {
            (annotation != "runtime/default" && !(docker && annotation == "docker/default")).then_some("type")
        }
        "Localhost" => match annotation.strip_prefix("localhost/") {
            None => Some("type"),
            Some(path) => (profile["localhostProfile"] != *path).then_some("localhostProfile"),
        },
        _ => None,
    }
}

/// Annotations and fields of a new pod must say the same; called at `spec`.
pub(super) fn annotations_match(annotations: &Value, spec: &Value, e: &mut Errors) {
    if annotations.is_zero() {
        return;
    }
    let check = |key: &str, p: &Value, what: &str, field: &str, e: &mut Errors| {
        let Some(annotation) = annotations[key].as_str() else { return };
        if let Some(part) = contradicts(annotation, p, what == "seccomp") {
            let noun = if part == "type" { "type" } else { "profile" };
            e.at("securityContext", |e| {
                e.at(field, |e| {
                    e.at(part, |e| e.forbidden(&format!("{what} {noun} in annotation and field must match")));
                });
            });
        }
    };
    check(SECCOMP_POD, &spec["securityContext"]["seccompProfile"], "seccomp", "seccompProfile", e);
    let own = |c: &Value, key: &str| c["securityContext"][key].clone();
    each_container(spec, e, |e, c| {
        let key = format!("{SECCOMP_CONTAINER}{}", c["name"].text());
        check(&key, &own(c, "seccompProfile"), "seccomp", "seccompProfile", e);
    });
    if spec["os"]["name"] == "windows" {
        return;
    }
    each_container(spec, e, |e, c| {
        let key = format!("{APP_ARMOR}{}", c["name"].text());
        let profile = match own(c, "appArmorProfile") {
            Value::Null => own(spec, "appArmorProfile"),
            own => own,
        };
        check(&key, &profile, "apparmor", "appArmorProfile", e);
    });
}
