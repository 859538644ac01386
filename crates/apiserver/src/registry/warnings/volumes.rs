//! Volumes: sources of old, and paths that hide one another.

use objects::Value;

use super::overlaps;

/// Source, since when it is deprecated and since when it does nothing.
const SOURCES: [(&str, &str, &str); 8] = [
    ("photonPersistentDisk", "v1.11", "non-functional in v1.16+"),
    ("gitRepo", "v1.11", "and disabled by default in v1.33+"),
    ("scaleIO", "v1.16", "non-functional in v1.22+"),
    ("flocker", "v1.22", "non-functional in v1.25+"),
    ("quobyte", "v1.22", "non-functional in v1.25+"),
    ("glusterfs", "v1.25", "non-functional in v1.26+"),
    ("cephfs", "v1.28", "non-functional in v1.31+"),
    ("rbd", "v1.28", "non-functional in v1.31+"),
];
const STORAGEOS: &str = "deprecated in v1.22, non-functional in v1.25+";

/// A source of old. `at`: the path of what holds it.
#[inline(never)]
pub(super) fn source(spec: &Value, at: &str, out: &mut Vec<String>) {
    for (name, since, rest) in SOURCES {
        if !spec[name].is_null() {
            out.push(format!("{at}.{name}: deprecated in {since}, {rest}"));
        }
    }
    if !spec["storageos"].is_null() {
        out.push(format!("{at}.storageOS: {STORAGEOS}"));
    }
}

/// `at`: the path of the pod's spec.
#[inline(never)]
pub(super) fn told(spec: &Value, at: &str, out: &mut Vec<String>) {
    let volumes = spec["volumes"].items();
    for (i, volume) in volumes.iter().enumerate() {
        let at = format!("{at}.volumes[{i}]");
        source(volume, &at, out);
        let template = &volume["ephemeral"]["volumeClaimTemplate"];
        if !template.is_null() {
            super::claim(&template["spec"], &format!("{at}.ephemeral.volumeClaimTemplate.spec"), out);
        }
    }
    for volume in volumes {
        overlaps::told(volume, out);
    }
}
