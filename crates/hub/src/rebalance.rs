//! Workloads that somebody wants divided anew, now that the members are others than when they were.
//!
//! Models `pkg/controllers/workloadrebalancer`: the bindings it names are marked with the instant of the wish, once;
//! what follows is the scheduler's.

use client::PatchType;
use objects::{Status, Value, value};

use crate::kinds::{BINDINGS, REBALANCERS, binding_name};
use crate::{Desk, Hub};

const ACTOR: &str = "workload-rebalancer";

impl Hub {
    pub(crate) fn sync_rebalancer(
        &mut self,
        name: &str,
        cause: u64,
        desk: &mut Desk<'_>,
    ) -> Result<(), Status> {
        let Some(wish) = self.rebalancers.get(name).cloned() else { return Ok(()) };
        let at = self.at.clone();
        if let Some(finished) = wish["status"]["finishTime"].time() {
            let Some(seconds) = wish["spec"]["ttlSecondsAfterFinished"].as_int() else { return Ok(()) };
            let end = finished + seconds.clamp(0, 1 << 32) * 1000;
            if end > desk.now {
                self.queue.add_after(format!("r:{name}"), cause, desk.now, end.since(desk.now));
                return Ok(());
            }
            return desk.on(&at, ACTOR, cause, |ctx| {
                ctx.delete(&REBALANCERS, "", name, Some(wish.uid()), None, None).map(|_| ())
            });
        }
        let mut observed = Vec::new();
        for workload in wish["spec"]["workloads"].items() {
            let binding = binding_name(workload["kind"].text(), workload["name"].text());
            let key = format!("{}/{binding}", workload["namespace"].text());
            let mut seen = value!({"workload": (workload)});
            match self.bindings.get(key.as_str()) {
                None => {
                    seen.set("result", "Failed");
                    seen.set("reason", "ReferencedBindingNotFound");
                }
                Some(b) => {
                    let wished = &wish.meta()["creationTimestamp"];
                    if b["spec"]["rescheduleTriggeredAt"].time() < wished.time() {
                        let patch = value!({"spec": {"rescheduleTriggeredAt": (wished)}});
                        let (ns, name) = (b.namespace().to_owned(), b.name().to_owned());
                        desk.on(&at, ACTOR, cause, |ctx| {
                            ctx.patch(&BINDINGS, &ns, &name, "", PatchType::Merge, patch).map(|_| ())
                        })?;
                    }
                    seen.set("result", "Successful");
                }
            }
            observed.push(seen);
        }
        let mut done = wish.clone();
        done.set(
            "status",
            value!({
                "observedWorkloads": (observed), "observedGeneration": (wish.generation()),
                "finishTime": (desk.now.rfc3339()),
            }),
        );
        desk.on(&at, ACTOR, cause, |ctx| ctx.update_status(&REBALANCERS, done).map(|_: Value| ()))
    }
}
