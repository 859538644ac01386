//! Models SetDefaults_IngressClass in `pkg/apis/networking/v1/defaults.go`.

use objects::Value;

use super::fill;

pub(super) fn class(object: &mut Value) {
    if let Some(parameters) = object.find_mut(&["spec", "parameters"]).filter(|p| !p.is_null()) {
        fill(parameters, "scope", "Cluster");
    }
}
