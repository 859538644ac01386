//! Pods: the STATUS column and its many reasons.
//!
//! Models printPod and printPodTemplate.

use clock::{Time, duration_short};
use objects::Value;

use super::{AGE, Column, NAME, Printer, age, containers, labels_text, name, text, text_or, wide};

pub(super) static PODS: Printer = Printer {
    columns: &[
        NAME,
        text("Ready"),
        text("Status"),
        text("Restarts"),
        AGE,
        wide("IP"),
        wide("Node"),
        wide("Nominated Node"),
        wide("Readiness Gates"),
    ],
    cells,
};

pub(super) static TEMPLATES: Printer = Printer {
    columns: &[NAME, text("Containers"), text("Images"), Column("Pod Labels", "string", "", 0)],
    cells: |o, _| {
        let [names, images] = containers(&o["template"]["spec"]);
        vec![name(o), names, images, labels_text(o["template"].labels())]
    },
};

fn cells(pod: &Value, now: Time) -> Vec<Value> {
    let summary = summary(pod);
    let restarts = match summary.last_restart {
        Some(at) if summary.restarts != 0 => {
            format!("{} ({} ago)", summary.restarts, duration_short(now.since(at)))
        }
        _ => summary.restarts.to_string(),
    };
    let gates = pod["spec"]["readinessGates"].items();
    let open = gates.iter().filter(|g| pod.condition_true(g["conditionType"].text())).count();
    vec![
        name(pod),
        format!("{}/{}", summary.ready, summary.total).into(),
        summary.reason.into(),
        restarts.into(),
        age(pod, now),
        text_or(&pod["status"]["podIPs"][0]["ip"], "<none>"),
        text_or(&pod["spec"]["nodeName"], "<none>"),
        text_or(&pod["status"]["nominatedNodeName"], "<none>"),
        if gates.is_empty() { "<none>".into() } else { format!("{open}/{}", gates.len()).into() },
    ]
}

struct Summary {
    reason: String,
    ready: usize,
    total: usize,
    restarts: i64,
    last_restart: Option<Time>,
}

/// Counts of one group of containers' restarts and when the last one ended.
#[derive(Clone, Copy, Default)]
struct Restarts {
    count: i64,
    last: Option<Time>,
}

impl Restarts {
    fn add(&mut self, status: &Value) {
        self.count += status["restartCount"].int();
        self.last = self.last.max(status["lastState"]["terminated"]["finishedAt"].time());
    }
}

fn summary(pod: &Value) -> Summary {
    let (spec, status) = (&pod["spec"], &pod["status"]);
    let phase = status["phase"].text();
    let mut reason =
        if status["reason"].text().is_empty() { phase } else { status["reason"].text() }.to_owned();
    if pod.condition("PodScheduled")["reason"] == "SchedulingGated" {
        reason = "SchedulingGated".into();
    }
    let is_sidecar = |c: &Value| c["restartPolicy"] == "Always";
    let init = spec["initContainers"].items();
    let total = spec["containers"].items().len() + init.iter().filter(|c| is_sidecar(c)).count();
    let mut ready = 0;
    let (mut all, mut sidecars) = (Restarts::default(), Restarts::default());
    let mut initializing = false;
    for (i, s) in status["initContainerStatuses"].items().iter().enumerate() {
        all.add(s);
        let sidecar = init.iter().any(|c| c["name"] == s["name"] && is_sidecar(c));
        if sidecar {
            sidecars.add(s);
        }
        let (ended, waiting) = (&s["state"]["terminated"], &s["state"]["waiting"]);
        if !ended.is_null() && ended["exitCode"].int() == 0 {
            continue;
        }
        if sidecar && s["started"].is_true() {
            ready += usize::from(s["ready"].is_true());
            continue;
        }
        reason = if !ended.is_null() {
            format!("Init:{}", ended_reason(ended))
        } else if !matches!(waiting["reason"].text(), "" | "PodInitializing") {
            format!("Init:{}", waiting["reason"].text())
        } else {
            format!("Init:{i}/{}", init.len())
        };
        initializing = true;
        break;
    }
    let mut restarts = all;
    if !initializing || pod.condition_true("Initialized") {
        restarts = sidecars;
        let mut running = false;
        let mut error = String::new();
        for s in status["containerStatuses"].items().iter().rev() {
            restarts.add(s);
            let (ended, waiting) = (&s["state"]["terminated"], &s["state"]["waiting"]);
            if !waiting["reason"].text().is_empty() {
                reason = waiting["reason"].text().to_owned();
            } else if !ended.is_null() {
                reason = ended_reason(ended);
                if ended["exitCode"].int() != 0 {
                    error.clone_from(&reason);
                }
            } else if s["ready"].is_true() && !s["state"]["running"].is_null() {
                running = true;
                ready += 1;
            }
        }
        if reason == "Completed" {
            if running && pod.condition_true("Ready") {
                reason = "Running".into();
            } else if !error.is_empty() {
                reason = error;
            } else if running {
                reason = "NotReady".into();
            }
        }
    }
    if pod.is_terminating() {
        if status["reason"] == "NodeLost" {
            reason = "Unknown".into();
        } else if !matches!(phase, "Succeeded" | "Failed") {
            reason = "Terminating".into();
        }
    }
    Summary { reason, ready, total, restarts: restarts.count, last_restart: restarts.last }
}

fn ended_reason(ended: &Value) -> String {
    if !ended["reason"].text().is_empty() {
        ended["reason"].text().to_owned()
    } else if ended["signal"].int() != 0 {
        format!("Signal:{}", ended["signal"].int())
    } else {
        format!("ExitCode:{}", ended["exitCode"].int())
    }
}
