//! Where containers see volumes: mounts and devices.
//!
//! Models ValidateVolumeMounts, ValidateVolumeDevices and what they call.

use ordered::{BTreeMap, BTreeSet};

use objects::Value;

use super::{Errors, container};

/// The mounts and devices of a container; `volumes` are the pod's good ones.
pub(super) fn validate(c: &Value, volumes: &BTreeMap<&str, &Value>, e: &mut Errors) {
    mounts(c, volumes, e);
    devices(c, volumes, e);
}

fn any(list: &Value, key: &str, what: &Value) -> bool {
    list.items().iter().any(|m| m[key].text() == what.text())
}

fn must(item: &Value, key: &str, e: &mut Errors) {
    if item[key].text().is_empty() {
        e.at(key, |e| e.required(""));
    }
}

fn wrong(item: &Value, key: &str, why: &str, e: &mut Errors) {
    e.at(key, |e| e.invalid(&item[key].text().into(), why));
}

fn mounts(c: &Value, volumes: &BTreeMap<&str, &Value>, e: &mut Errors) {
    let mut points = BTreeSet::new();
    let devices = &c["volumeDevices"];
    e.at("volumeMounts", |e| {
        for (i, m) in c["volumeMounts"].items().iter().enumerate() {
            e.index(i, |e| {
                must(m, "name", e);
                if !volumes.contains_key(m["name"].text()) {
                    e.at("name", |e| e.not_found(&m["name"].text().into()));
                }
                must(m, "mountPath", e);
                if !points.insert(m["mountPath"].text()) {
                    wrong(m, "mountPath", "must be unique", e);
                }
                if any(devices, "name", &m["name"]) {
                    wrong(m, "name", "must not already exist in volumeDevices", e);
                }
                if any(devices, "devicePath", &m["mountPath"]) {
                    wrong(m, "mountPath", "must not already exist as a path in volumeDevices", e);
                }
            });
            // What follows stands at the list, not at the mount.
            if !m["subPath"].text().is_empty() {
                e.at("subPath", |e| container::descending_path(&m["subPath"], e));
            }
            if !m["subPathExpr"].text().is_empty() {
                if !m["subPath"].text().is_empty() {
                    e.index(i, |e| {
                        wrong(m, "subPathExpr", "subPathExpr and subPath are mutually exclusive", e);
                    });
                }
                e.at("subPathExpr", |e| container::descending_path(&m["subPathExpr"], e));
            }
            e.at("mountPropagation", |e| propagation(c, &m["mountPropagation"], e));
            e.at("recursiveReadOnly", |e| recursive_read_only(m, e));
        }
    });
}

fn propagation(c: &Value, mode: &Value, e: &mut Errors) {
    const MODES: [&str; 3] = ["Bidirectional", "HostToContainer", "None"];
    let Some(text) = mode.as_str() else { return };
    if !MODES.contains(&text) {
        e.not_supported(mode, &MODES);
    }
    if text == "Bidirectional" && !c["securityContext"]["privileged"].is_true() {
        e.forbidden("Bidirectional mount propagation is available only to privileged containers");
    }
}

fn recursive_read_only(m: &Value, e: &mut Errors) {
    const MODES: [&str; 3] = ["Disabled", "Enabled", "IfPossible"];
    match m["recursiveReadOnly"].as_str() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !m["readOnly"].is_true() {
                e.forbidden("may only be specified when readOnly is true");
            }
            if m["mountPropagation"].as_str().is_some_and(|p| p != "None") {
                e.forbidden("may only be specified when mountPropagation is None or not specified");
            }
        }
        Some(_) => e.not_supported(&m["recursiveReadOnly"], &MODES),
    }
}

fn devices(c: &Value, volumes: &BTreeMap<&str, &Value>, e: &mut Errors) {
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    let mounts = &c["volumeMounts"];
    e.each(c, "volumeDevices", |e, _, d| {
        let (name, path) = (d["name"].text().to_owned(), d["devicePath"].text().to_owned());
        must(d, "name", e);
        if names.contains(&name) {
            wrong(d, "name", "must be unique", e);
        }
        match volumes.get(name.as_str()) {
            None => e.at("name", |e| e.not_found(&name.as_str().into())),
            Some(v) if v["persistentVolumeClaim"].is_null() && v["ephemeral"].is_null() => wrong(
                d,
                "name",
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
                e,
            ),
            Some(_) => {}
        }
        must(d, "devicePath", e);
        if paths.contains(&path) {
            wrong(d, "devicePath", "must be unique", e);
        }
        if path.split('/').any(|p| p == "..") {
            wrong(d, "devicePath", "can not contain backsteps ('..')", e);
        } else {
            paths.insert(path);
        }
        if any(mounts, "name", &d["name"]) {
            wrong(d, "name", "must not already exist in volumeMounts", e);
        }
        if any(mounts, "mountPath", &d["devicePath"]) {
            wrong(d, "devicePath", "must not already exist as a path in volumeMounts", e);
        }
        if !name.is_empty() {
            names.insert(name);
        }
    });
}
