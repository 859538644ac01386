//! Hashes that a real v1.36 server gave: templates of public example manifests (kubernetes/examples, Apache-2.0) as
//! they were stored, and revisions of a StatefulSet.

use super::*;
use crate::{json, value};

fn cases() -> Vec<Value> {
    include_str!("cases.jsonl").lines().filter_map(|line| json::parse(line).ok()).collect()
}

#[test]
fn templates_hash_as_upstream() {
    assert_eq!(cases().len(), 12);
    for case in cases() {
        assert_eq!(
            pod_template_hash(&case["template"], None),
            case["hash"].text(),
            "{}",
            case["name"].text()
        );
    }
}

#[test]
fn a_collision_gives_another_hash() {
    let template = &cases()[0]["template"];
    let hashes = [None, Some(0), Some(1)].map(|count| pod_template_hash(template, count));
    assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2], "{hashes:?}");
}

#[test]
fn a_stateful_sets_revision_hashes_its_patch() {
    let template = value!({
        "$patch": "replace",
        "metadata": {"labels": {"app": "db"}},
        "spec": {
            "containers": [{
                "image": "nginx:1.14.2", "imagePullPolicy": "IfNotPresent", "name": "db",
                "ports": [{"containerPort": 80, "name": "web", "protocol": "TCP"}],
                "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            }],
            "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler",
            "securityContext": {}, "terminationGracePeriodSeconds": 30,
        },
    });
    let data = json::to_string(&value!({"spec": {"template": (template)}}));
    assert_eq!(controller_revision_hash(&data, Some(0)), "7459d8d7b7");
}

#[test]
fn quantities_are_dumped_as_go_keeps_them() {
    let dump = |text: &str| {
        let mut out = String::new();
        dump_quantity(text, &mut out).map(|()| out)
    };
    let small = |value: &str, scale: i32, text: &str, format: &str| {
        Ok(format!(
            "{{i:(resource.int64Amount){{value:(int64){value} scale:(resource.Scale){scale}}} d:(resource.infDecAmount)\
             {{Dec:(*inf.Dec)<nil>}} s:(string){text} Format:(resource.Format){format}}}"
        ))
    };
    assert_eq!(dump("500m"), small("500", -3, "500m", "DecimalSI"));
    assert_eq!(dump("1Gi"), small("1073741824", 0, "1Gi", "BinarySI"));
    assert_eq!(dump("1000Mi"), small("1048576000", 0, "", "BinarySI"));
    assert_eq!(dump("0"), small("0", 0, "0", "DecimalSI"));
    assert_eq!(dump("2k"), small("2", 3, "2k", "DecimalSI"));
    assert!(dump("100Ti").is_ok_and(|d| d.contains("abs:(big.nat)[109951162777600]} scale:(inf.Scale)0}")));
}

#[test]
fn numbers_are_spelled_in_letters() {
    assert_eq!(safe_encode(1_234_567_890), "56789bcdf4");
    assert_eq!(safe_encode(0), "4");
}
