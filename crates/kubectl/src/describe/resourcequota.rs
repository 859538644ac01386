//! `kubectl describe resourcequota`

use objects::Value;
use objects::quantity::Quantity;
use ordered::Sort as _;

use super::page::amount;
use super::{Page, Related};

pub(super) fn describe(p: &mut Page, o: &Value, _: &Related) {
    p.name(o);
    scopes(p, 0, o, " * ");
    p.put(0, "Resource\tUsed\tHard\n--------\t----\t----\n");
    rows(p, 0, o);
}

pub(super) fn within_namespace(p: &mut Page, quotas: &[Value]) {
    if quotas.is_empty() {
        p.line(0, &["No resource quota."]);
        return;
    }
    p.line(0, &["Resource Quotas"]);
    let mut all: Vec<&Value> = quotas.iter().collect();
    all.arrange_by(|a, b| a.name().cmp(b.name()));
    for q in all {
        p.at(1, "Name", q.name());
        scopes(p, 1, q, "* ");
        p.put(0, "  Resource\tUsed\tHard\n  --------\t---\t---\n");
        rows(p, 1, q);
    }
}

fn rows(p: &mut Page, level: usize, o: &Value) {
    let (hard, used) = (&o["status"]["hard"], &o["status"]["used"]);
    for (name, limit) in hard.entries() {
        let (h, u) = (Quantity::of(limit), Quantity::of(&used[name.as_str()]));
        let text = if level == 0 && h.format() != u.format() {
            Quantity::from_units(u.value(), h.format()).to_string()
        } else {
            amount(&used[name.as_str()])
        };
        p.line(level, &[name, "\t", &text, "\t", &amount(limit)]);
    }
}

fn scopes(p: &mut Page, level: usize, o: &Value, bullet: &str) {
    let mut all: Vec<&str> = o["spec"]["scopes"].items().iter().map(Value::text).collect();
    if all.is_empty() {
        return;
    }
    all.arrange();
    p.at(level, "Scopes", &all.join(", "));
    for s in all {
        let help = match s {
            "Terminating" => {
                "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system."
            }
            "NotTerminating" => {
                "Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate."
            }
            "BestEffort" => {
                "Matches all pods that do not have resource requirements set. These pods have a best effort quality of service."
            }
            "NotBestEffort" => {
                "Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service."
            }
            _ => continue,
        };
        p.line(level, &[bullet, help]);
    }
}
