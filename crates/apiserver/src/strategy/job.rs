//! Jobs: a selector and labels of their own.
//!
//! Models `pkg/registry/batch/job/strategy.go`.

use clock::Time;
use objects::Value;

use super::{Dependents, PLAIN, Strategy};

const JOB_NAME: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
const CONTROLLER_UID: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

pub(crate) static STRATEGY: Strategy =
    Strategy { generation: true, status: true, dependents: Dependents::Orphan, prepare_create, ..PLAIN };

fn prepare_create(job: &mut Value, _: Time) {
    if job["spec"]["manualSelector"].is_true() {
        return;
    }
    let (name, uid) = (job.meta()["name"].clone(), job.meta()["uid"].clone());
    for (keys, value) in [(JOB_NAME, name), (CONTROLLER_UID, uid.clone())] {
        for key in keys {
            if job["spec"]["template"].labels()[key].is_null() {
                job.set_at(&["spec", "template", "metadata", "labels", key], value.clone());
            }
        }
    }
    if job["spec"]["selector"]["matchLabels"][CONTROLLER_UID[1]].is_null() {
        job.set_at(&["spec", "selector", "matchLabels", CONTROLLER_UID[1]], uid);
    }
    // Upstream applies this default again whenever it reads the job back.
    if job.labels().is_zero() {
        let labels = job["spec"]["template"].labels().clone();
        job.set_at(&["metadata", "labels"], labels);
    }
}
