//! Models SetDefaults_CustomResourceDefinitionSpec in `apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go`.

use objects::{Value, value};

use super::fill;

pub(super) fn defaults(object: &mut Value) {
    let spec = object.map_mut().entry("spec");
    let names = spec.map_mut().entry("names");
    let kind = names["kind"].text().to_owned();
    if !kind.is_empty() {
        fill(names, "singular", kind.to_lowercase());
        fill(names, "listKind", format!("{kind}List"));
    }
    fill(spec, "conversion", value!({"strategy": "None"}));
}
