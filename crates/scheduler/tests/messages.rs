//! What a pod is told when no node helps, whatever the nodes.

mod plain;

use client::Component;
use clock::{Rng, Time};
use objects::{Value, value};
use plain::{Yes, added, run};
use scheduler::{Outcome, Scheduler};

/// The message for a pod of this spec in a cluster of two empty nodes.
fn message(spec: Value) -> String {
    let mut scheduler = Scheduler::default();
    for name in ["a", "b"] {
        let node = value!({"metadata": {"name": (name)},
                           "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "9"}}});
        scheduler.deliver(&added("nodes", &node, 1), Time(0));
    }
    let mut pod = value!({"metadata": {"name": "p", "namespace": "ns", "uid": "u"}, "spec": (spec)});
    pod.at_mut(&["spec"]).set("schedulerName", "default-scheduler");
    scheduler.deliver(&added("pods", &pod, 2), Time(0));
    run(&mut scheduler, &mut Rng::new(1), &mut Yes::default());
    match scheduler.decision("u").map(|d| d.outcome.clone()) {
        Some(Outcome::Unschedulable { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_claim_that_is_not_there_helps_no_preemption() {
    let volumes = value!([{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]);
    let claim = value!({"volumes": (volumes)});
    assert_eq!(
        message(claim.clone()),
        "0/2 nodes are available: persistentvolumeclaim \"c\" not found. no new claims to deallocate, preemption: \
         0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    );
    let mut never = claim;
    never.set("preemptionPolicy", "Never");
    assert_eq!(
        message(never),
        "0/2 nodes are available: persistentvolumeclaim \"c\" not found. no new claims to deallocate, preemption: \
         not eligible due to preemptionPolicy=Never."
    );
}

#[test]
fn what_a_node_can_never_give_is_told_apart() {
    let cpu = |cpu: &str| value!({"containers": [{"resources": {"requests": {"cpu": (cpu)}}}]});
    assert_eq!(
        message(cpu("2")),
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: \
         0/2 nodes are available: 2 Preemption is not helpful for scheduling."
    );
    let mut never = cpu("2");
    never.set("preemptionPolicy", "Never");
    assert_eq!(
        message(never),
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: \
         not eligible due to preemptionPolicy=Never."
    );
}
