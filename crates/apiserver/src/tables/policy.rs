//! ResourceQuotas and PodDisruptionBudgets.
//!
//! Models printResourceQuota and printPodDisruptionBudget.

use objects::Value;

use super::{AGE, NAME, Printer, age, count, int_or_string, name, number, text};

pub(super) static QUOTAS: Printer = Printer {
    columns: &[NAME, text("Request"), text("Limit"), AGE],
    cells: |o, now| {
        let (mut requests, mut limits) = (Vec::new(), Vec::new());
        for (resource, hard) in o["status"]["hard"].entries() {
            let used = &o["status"]["used"][resource.as_str()];
            let used = if used.is_null() { "0".to_owned() } else { int_or_string(used) };
            let part = format!("{resource}: {used}/{}", int_or_string(hard));
            if resource.starts_with("limits.") { limits.push(part) } else { requests.push(part) }
        }
        vec![name(o), requests.join(", ").into(), limits.join(", ").into(), age(o, now)]
    },
};

pub(super) static BUDGETS: Printer = Printer {
    columns: &[NAME, text("Min Available"), text("Max Unavailable"), number("Allowed Disruptions"), AGE],
    cells: |o, now| {
        let shown = |v: &Value| if v.is_null() { "N/A".to_owned() } else { int_or_string(v) };
        vec![
            name(o),
            shown(&o["spec"]["minAvailable"]).into(),
            shown(&o["spec"]["maxUnavailable"]).into(),
            count(&o["status"]["disruptionsAllowed"]),
            age(o, now),
        ]
    },
};
