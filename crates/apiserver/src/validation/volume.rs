//! Volumes of a pod.
//!
//! Models ValidateVolumes and validateVolumeSource. Not modelled: the fields of sources that no simulated node mounts
//! (storage systems from before CSI) beyond there being one source only.

use ordered::BTreeSet;

use objects::quantity::Quantity;
use objects::{Value, names};

use super::{Errors, container};

const HOST_PATH_TYPES: [&str; 8] =
    ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// Checks the volumes and returns the names of the good ones.
pub(super) fn validate<'a>(spec: &'a Value, e: &mut Errors) -> BTreeSet<&'a str> {
    let mut good = BTreeSet::new();
    if spec["volumes"].items().is_empty() {
        return good;
    }
    e.at("volumes", |e| {
        for (i, v) in spec["volumes"].items().iter().enumerate() {
            let before = e.len();
            e.index(i, |e| {
                source(v, e);
                e.at("name", |e| match v["name"].text() {
                    "" => e.required(""),
                    name => e.complaints(&v["name"], names::dns1123_label(name)),
                });
                if good.contains(v["name"].text()) {
                    e.at("name", |e| e.duplicate(&v["name"]));
                }
            });
            if e.len() == before {
                good.insert(v["name"].text());
            }
        }
    });
    good
}

fn source(v: &Value, e: &mut Errors) {
    let mut first = true;
    for (key, s) in v.entries().iter().filter(|(k, _)| k != "name") {
        if !std::mem::take(&mut first) {
            e.at(key, |e| e.forbidden("may not specify more than 1 volume type"));
            continue;
        }
        e.at(key, |e| match key.as_str() {
            "emptyDir" if Quantity::of(&s["sizeLimit"]).is_negative() => {
                e.at("sizeLimit", |e| e.forbidden("SizeLimit field must be a valid resource quantity"));
            }
            "hostPath" => host_path(s, e),
            "secret" => {
                required(s, "secretName", e);
                modes_and_items(s, e);
            }
            "configMap" => {
                required(s, "name", e);
                modes_and_items(s, e);
            }
            "persistentVolumeClaim" => required(s, "claimName", e),
            "nfs" => {
                required(s, "server", e);
                required(s, "path", e);
                if !s["path"].text().is_empty() && !s["path"].text().starts_with('/') {
                    e.at("path", |e| e.invalid(&s["path"], "must be an absolute path"));
                }
            }
            "csi" => required(s, "driver", e),
            "projected" => projected(s, e),
            _ => {}
        });
    }
    if first {
        e.required("must specify a volume type");
    }
}

fn required(s: &Value, key: &str, e: &mut Errors) {
    if s[key].text().is_empty() {
        e.at(key, |e| e.required(""));
    }
}

fn host_path(s: &Value, e: &mut Errors) {
    if s["path"].text().is_empty() {
        e.at("path", |e| e.required(""));
        return;
    }
    if s["path"].text().split('/').any(|p| p == "..") {
        e.at("path", |e| e.invalid(&s["path"], "must not contain '..'"));
    }
    if !HOST_PATH_TYPES.contains(&s["type"].text()) {
        e.at("type", |e| e.not_supported(&s["type"], &HOST_PATH_TYPES));
    }
}

fn mode(s: &Value, key: &str, e: &mut Errors) {
    if let Some(m) = s[key].as_int()
        && !(0..=0o777).contains(&m)
    {
        e.at(key, |e| e.invalid(&m.into(), MODE));
    }
}

fn modes_and_items(s: &Value, e: &mut Errors) {
    mode(s, "defaultMode", e);
    items(s, e);
}

fn items(s: &Value, e: &mut Errors) {
    e.each(s, "items", |e, _, item| {
        required(item, "key", e);
        required(item, "path", e);
        e.at("path", |e| container::descending_path(&item["path"], e));
        mode(item, "mode", e);
    });
}

fn projected(s: &Value, e: &mut Errors) {
    mode(s, "defaultMode", e);
    e.each(s, "sources", |e, _, source| {
        let mut first = true;
        for (key, p) in source.entries() {
            if !std::mem::take(&mut first) {
                e.at(key, |e| e.forbidden("may not specify more than 1 volume type per source"));
                continue;
            }
            e.at(key, |e| match key.as_str() {
                "secret" | "configMap" => {
                    required(p, "name", e);
                    items(p, e);
                }
                "serviceAccountToken" => {
                    let seconds = &p["expirationSeconds"];
                    if seconds.int() < 600 {
                        e.at("expirationSeconds", |e| {
                            e.invalid(seconds, "may not specify a duration less than 10 minutes");
                        });
                    }
                    required(p, "path", e);
                }
                _ => {}
            });
        }
    });
}
