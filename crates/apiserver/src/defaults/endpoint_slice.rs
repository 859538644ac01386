//! Models SetDefaults_EndpointPort in `pkg/apis/discovery/v1/defaults.go` and SetDefaults_Endpoints in core.

use objects::Value;

use super::{each, fill};

pub(super) fn defaults(object: &mut Value) {
    for p in each(object, "ports") {
        fill(p, "name", "");
        fill(p, "protocol", "TCP");
    }
}

pub(super) fn endpoints(object: &mut Value) {
    for subset in each(object, "subsets") {
        for p in each(subset, "ports") {
            fill(p, "protocol", "TCP");
        }
    }
}
