//! Live tables of objects by kind: the API server's own columns, as `kubectl get` prints them.
//!
//! Owns: which kinds are offered, what of a table is shown. Does not own: columns and cells (apiserver).

#[cfg(target_arch = "wasm32")]
pub mod view;

use objects::{Value, resources};
use smol_str::{SmolStr, ToSmolStr};

use crate::session::Session;
use crate::stage::facts::{ObjectId, object_id};

/// Rows asked of one table.
pub const MOST: usize = 200;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub columns: Vec<SmolStr>,
    pub rows: Vec<(ObjectId, Vec<SmolStr>)>,
    /// Rows that are not shown.
    pub more: usize,
}

/// Resources that have objects, with how many: those a learner meets first come first.
#[must_use]
pub fn kinds(session: &Session) -> Vec<(SmolStr, usize)> {
    const FIRST: [&str; 14] = [
        "pods",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
        "services",
        "endpointslices.discovery.k8s.io",
        "ingresses.networking.k8s.io",
        "configmaps",
        "secrets",
        "persistentvolumeclaims",
        "nodes",
    ];
    let count = |id: &str| session.cluster().objects(id).take(10_000).count();
    let rest = resources::all().iter().map(|r| r.id.as_str()).filter(|id| !FIRST.contains(id));
    let all = FIRST.into_iter().chain(rest).map(|id| (SmolStr::from(id), count(id)));
    all.filter(|(id, n)| *n > 0 && id != "events.events.k8s.io").collect()
}

/// What `kubectl get` calls a resource.
#[must_use]
pub fn plural(id: &str) -> &str {
    id.split('.').next().unwrap_or(id)
}

/// A table as the server answers it.
#[must_use]
pub fn table(resource: &str, answer: &Value) -> Table {
    let definitions = answer["columnDefinitions"].items();
    let shown: Vec<usize> =
        (0..definitions.len()).filter(|i| definitions[*i]["priority"].int() == 0).collect();
    let rows = answer["rows"].items();
    let text = |cell: &Value| match cell {
        Value::Str(s) => s.to_smolstr(),
        other => SmolStr::from(objects::json::to_string(other)),
    };
    let namespaced = rows.iter().any(|r| !r["object"].namespace().is_empty());
    let mut columns: Vec<SmolStr> =
        shown.iter().map(|i| definitions[*i]["name"].text().to_uppercase().into()).collect();
    if namespaced {
        columns.insert(0, "NAMESPACE".into());
    }
    let row = |r: &Value| {
        let object = &r["object"];
        let mut cells: Vec<SmolStr> =
            shown.iter().map(|i| r["cells"].items().get(*i).map(text).unwrap_or_default()).collect();
        if namespaced {
            cells.insert(0, object.namespace().into());
        }
        (object_id(resource, object.namespace(), object.name()), cells)
    };
    let more = usize::try_from(answer["metadata"]["remainingItemCount"].int()).unwrap_or(0);
    Table { columns, rows: rows.iter().map(row).collect(), more }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_the_servers_columns() {
        let mut session = Session::new(1, &[]);
        session.exec("kubectl create deployment web --image=nginx --replicas=2", 1);
        session.advance(30_000);
        let table = table("pods", &session.table("pods", "default"));
        assert_eq!(table.columns[..3], ["NAMESPACE", "NAME", "READY"]);
        assert_eq!(table.rows.len(), 2, "{table:?}");
        assert!(table.rows[0].0.starts_with("pods/default/web-"), "{table:?}");
        assert!(table.rows[0].1.contains(&"Running".into()), "{table:?}");
        session.exec("kubectl scale deployment web --replicas=230", 1);
        session.advance(5_000);
        let many = super::table("pods", &session.table("pods", "default"));
        assert_eq!((many.rows.len(), many.more), (MOST, 230 - MOST));
        assert!(kinds(&session).iter().any(|(id, n)| id == "deployments.apps" && *n >= 1));
    }
}
