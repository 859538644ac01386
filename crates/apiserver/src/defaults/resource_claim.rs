//! Models SetDefaults_ExactDeviceRequest and SetDefaults_DeviceSubRequest in `pkg/apis/resource/v1/defaults.go`.

use objects::Value;

use super::{each, fill, part};

pub(super) fn claim(object: &mut Value) {
    if let Some(spec) = part(object, "spec") {
        devices(spec);
    }
}

pub(super) fn template(object: &mut Value) {
    if let Some(spec) = part(object, "spec") {
        claim(spec);
    }
}

fn devices(spec: &mut Value) {
    let Some(devices) = part(spec, "devices") else { return };
    for r in each(devices, "requests") {
        if let Some(exactly) = part(r, "exactly") {
            request(exactly);
        }
        each(r, "firstAvailable").for_each(request);
    }
}

fn request(r: &mut Value) {
    fill(r, "allocationMode", "ExactCount");
    if r["allocationMode"] == "ExactCount" && r["count"].int() == 0 {
        r.set("count", 1);
    }
    for t in each(r, "tolerations") {
        fill(t, "operator", "Equal");
    }
}
