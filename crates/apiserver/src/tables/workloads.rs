//! Deployments, ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets and their revisions.
//!
//! Models printDeployment, printReplicaSet, printReplicationController, printStatefulSet, printDaemonSet and
//! printControllerRevision.

use objects::Value;
use objects::selector::{LabelSelector, format_label_selector};

use super::{AGE, NAME, Printer, age, containers, count, labels_text, name, number, text, wide};

pub(super) static DEPLOYMENTS: Printer = Printer {
    columns: &[
        NAME,
        text("Ready"),
        text("Up-to-date"),
        text("Available"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |o, now| {
        let [names, images] = containers(&o["spec"]["template"]["spec"]);
        let selector = LabelSelector::from_value(&o["spec"]["selector"]);
        vec![
            name(o),
            ready_of(o),
            count(&o["status"]["updatedReplicas"]),
            count(&o["status"]["availableReplicas"]),
            age(o, now),
            names,
            images,
            selector.map_or("<invalid>".into(), |s| s.to_string()).into(),
        ]
    },
};

pub(super) static REPLICA_SETS: Printer = Printer {
    columns: &[
        NAME,
        number("Desired"),
        number("Current"),
        number("Ready"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |o, now| {
        let mut cells = replicas(o, now);
        cells.push(format_label_selector(&o["spec"]["selector"]).into());
        cells
    },
};

pub(super) static REPLICATION_CONTROLLERS: Printer = Printer {
    columns: REPLICA_SETS.columns,
    cells: |o, now| {
        let mut cells = replicas(o, now);
        cells.push(labels_text(&o["spec"]["selector"]));
        cells
    },
};

pub(super) static STATEFUL_SETS: Printer = Printer {
    columns: &[NAME, text("Ready"), AGE, wide("Containers"), wide("Images")],
    cells: |o, now| {
        let [names, images] = containers(&o["spec"]["template"]["spec"]);
        vec![name(o), ready_of(o), age(o, now), names, images]
    },
};

pub(super) static DAEMON_SETS: Printer = Printer {
    columns: &[
        NAME,
        number("Desired"),
        number("Current"),
        number("Ready"),
        number("Up-to-date"),
        number("Available"),
        text("Node Selector"),
        AGE,
        wide("Containers"),
        wide("Images"),
        wide("Selector"),
    ],
    cells: |o, now| {
        let [names, images] = containers(&o["spec"]["template"]["spec"]);
        let s = &o["status"];
        vec![
            name(o),
            count(&s["desiredNumberScheduled"]),
            count(&s["currentNumberScheduled"]),
            count(&s["numberReady"]),
            count(&s["updatedNumberScheduled"]),
            count(&s["numberAvailable"]),
            labels_text(&o["spec"]["template"]["spec"]["nodeSelector"]),
            age(o, now),
            names,
            images,
            format_label_selector(&o["spec"]["selector"]).into(),
        ]
    },
};

pub(super) static CONTROLLER_REVISIONS: Printer = Printer {
    columns: &[NAME, text("Controller"), text("Revision"), AGE],
    cells: |o, now| {
        let owner = o.controller_ref();
        let controller = if owner.is_null() {
            "<none>".into()
        } else {
            let (group, _) = objects::resources::split_api_version(owner["apiVersion"].text());
            let kind = owner["kind"].text().to_lowercase();
            let dot = if group.is_empty() { "" } else { "." };
            format!("{kind}{dot}{group}/{}", owner["name"].text())
        };
        vec![name(o), controller.into(), count(&o["revision"]), age(o, now)]
    },
};

fn ready_of(o: &Value) -> Value {
    format!("{}/{}", o["status"]["readyReplicas"].int(), o["spec"]["replicas"].int()).into()
}

fn replicas(o: &Value, now: clock::Time) -> Vec<Value> {
    let [names, images] = containers(&o["spec"]["template"]["spec"]);
    vec![
        name(o),
        count(&o["spec"]["replicas"]),
        count(&o["status"]["replicas"]),
        count(&o["status"]["readyReplicas"]),
        age(o, now),
        names,
        images,
    ]
}
