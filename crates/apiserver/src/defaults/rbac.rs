//! Models SetDefaults_RoleBinding, _ClusterRoleBinding and _Subject in `pkg/apis/rbac/v1/defaults.go`.

use objects::Value;

use super::{each, fill, part};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn binding(object: &mut Value) {
    if let Some(role) = part(object, "roleRef")
        && role["apiGroup"].text().is_empty()
    {
        role.set("apiGroup", GROUP);
    }
    for subject in each(object, "subjects") {
        if matches!(subject["kind"].text(), "User" | "Group") {
            fill(subject, "apiGroup", GROUP);
        }
    }
}
