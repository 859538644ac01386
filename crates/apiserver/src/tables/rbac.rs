//! RoleBindings and ClusterRoleBindings.
//!
//! Models printRoleBinding and printClusterRoleBinding.

use objects::Value;

use super::{AGE, NAME, Printer, age, name, text, wide};

pub(super) static BINDINGS: Printer = Printer {
    columns: &[NAME, text("Role"), AGE, wide("Users"), wide("Groups"), wide("ServiceAccounts")],
    cells: |o, now| {
        let role = &o["roleRef"];
        let named = |kind: &str, text: fn(&Value) -> String| {
            let of_kind = o["subjects"].items().iter().filter(|s| s["kind"] == *kind);
            of_kind.map(text).collect::<Vec<_>>().join(", ")
        };
        vec![
            name(o),
            format!("{}/{}", role["kind"].text(), role["name"].text()).into(),
            age(o, now),
            named("User", |s| s["name"].text().to_owned()).into(),
            named("Group", |s| s["name"].text().to_owned()).into(),
            named("ServiceAccount", |s| match s["namespace"].text() {
                "" => s["name"].text().to_owned(),
                ns => format!("{ns}/{}", s["name"].text()),
            })
            .into(),
        ]
    },
};
