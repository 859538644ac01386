//! What the node's container runtime would tell of itself: containers, sandboxes, images.
//!
//! Models what `crictl` sees through the CRI. Does not own: its words (the terminal's).

use clock::Time;
use objects::{Str, Value};

use crate::Kubelet;
use crate::container::State;

/// A container, running or ended.
#[derive(Clone, Debug)]
pub struct Held {
    /// Without `containerd://`.
    pub id: String,
    pub name: String,
    pub image: String,
    pub image_id: String,
    pub running: bool,
    pub attempt: u32,
    pub created: Time,
    pub exit_code: i32,
    pub reason: String,
    pub pid: i64,
    pub pod: String,
    pub namespace: String,
    pub pod_uid: String,
    pub pod_id: String,
    pub cpu_millis: u64,
    pub memory_bytes: u64,
    pub disk_bytes: u64,
}

impl Held {
    #[must_use]
    pub fn state(&self) -> &'static str {
        if self.running { "Running" } else { "Exited" }
    }
}

/// A pod's sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {
    pub id: String,
    pub name: String,
    pub namespace: String,
    pub ready: bool,
    pub attempt: u32,
    pub created: Time,
}

/// An image on the node.
#[derive(Clone, Debug)]
pub struct Stored {
    pub reference: String,
    pub id: String,
    pub bytes: u64,
}

/// All of it at one instant.
#[derive(Clone, Debug)]
pub struct Runtime {
    pub now: Time,
    pub containers: Vec<Held>,
    pub pods: Vec<Sandbox>,
    pub images: Vec<Stored>,
}

fn bare(id: &str) -> String {
    id.trim_start_matches("containerd://").to_owned()
}

fn instant(v: &Value) -> Time {
    Time::parse_rfc3339(v.text()).unwrap_or(Time::EPOCH)
}

impl Kubelet {
    /// What runs and what has run on this node.
    #[must_use]
    pub fn runtime(&self, now: Time) -> Runtime {
        let (mut containers, mut pods) = (Vec::new(), Vec::new());
        for (key, worker) in self.pods.iter() {
            let pod_id = crate::image_manager::digest(sandbox_seed(worker.uid()));
            let created = instant(&worker.pod["status"]["startTime"]);
            let mut ready = false;
            let usage = self.usage(key, now);
            for c in &worker.containers {
                let facts = c.image.as_ref();
                let mut held = Held {
                    id: bare(&c.id),
                    name: c.name().to_owned(),
                    image: c.spec["image"].text().to_owned(),
                    image_id: facts.map(|f| image_id(&f.id)).unwrap_or_default(),
                    running: true,
                    attempt: c.starts.saturating_sub(1),
                    created,
                    exit_code: 0,
                    reason: String::new(),
                    pid: i64::from(crate::processes::on_node(&c.id)),
                    pod: worker.pod.name().to_owned(),
                    namespace: worker.pod.namespace().to_owned(),
                    pod_uid: worker.uid().to_owned(),
                    pod_id: pod_id.clone(),
                    cpu_millis: 0,
                    memory_bytes: 0,
                    disk_bytes: 0,
                };
                let before = c.last.as_ref();
                match &c.state {
                    State::Absent => {}
                    State::Running { since } => {
                        ready = true;
                        held.created = *since;
                        if let Some((_, u)) = usage.iter().find(|(name, _)| name == c.name()) {
                            let age = u64::try_from(now.since(*since)).unwrap_or(1).max(1);
                            held.cpu_millis = u.cpu_us / age;
                            held.memory_bytes = u.memory_bytes;
                            held.disk_bytes = u.disk_bytes;
                        }
                        containers.push(held.clone());
                    }
                    State::Ended(e) => containers.push(ended(&held, e, held.attempt)),
                }
                if let Some(e) = before.filter(|e| bare(&e.id) != held.id || matches!(c.state, State::Absent))
                {
                    containers.push(ended(&held, e, held.attempt.saturating_sub(1)));
                }
            }
            pods.push(Sandbox {
                id: pod_id,
                name: worker.pod.name().to_owned(),
                namespace: worker.pod.namespace().to_owned(),
                ready,
                attempt: 0,
                created,
            });
        }
        let stored = |(reference, facts): (&Str, &crate::image_manager::ImageFacts)| Stored {
            reference: reference.to_string(),
            id: image_id(&facts.id),
            bytes: u64::try_from(facts.size_bytes).unwrap_or(0),
        };
        let images = self.images.stored(now).map(stored).collect();
        Runtime { now, containers, pods, images }
    }
}

fn ended(held: &Held, e: &crate::container::Ended, attempt: u32) -> Held {
    Held {
        id: bare(&e.id),
        running: false,
        created: e.started,
        exit_code: e.code,
        reason: e.reason.to_owned(),
        attempt,
        ..held.clone()
    }
}

/// `name@sha256:..` as the runtime's own `sha256:..`.
fn image_id(id: &str) -> String {
    id.rsplit('@').next().unwrap_or(id).to_owned()
}

fn sandbox_seed(uid: &str) -> u64 {
    uid.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}
