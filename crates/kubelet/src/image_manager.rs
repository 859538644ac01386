//! Images on a node: which are present, which are being pulled, one pull at a time.
//!
//! Models `pkg/kubelet/images` with `serializeImagePulls: true`.

use std::collections::BTreeMap;

use clock::{Millis, Time};
use objects::{Str, Value, value};

use crate::delays;
use crate::runtime::{self, ImageFacts};

#[derive(Clone, Debug, Default)]
pub(crate) struct ImageManager {
    /// By reference: from when it can be used, and what it is.
    present: BTreeMap<Str, (Time, ImageFacts)>,
    /// When the one pull at a time is free again.
    busy_until: Time,
    /// By pod: when its pull began to move and when it ends.
    pulling: BTreeMap<Str, (Time, Time)>,
}

impl ImageManager {
    pub(crate) fn new(present: &[Str]) -> Self {
        let known =
            present.iter().filter_map(|r| Some((r.clone(), (Time::EPOCH, runtime::resolve(r).ok()?))));
        Self { present: known.collect(), ..Self::default() }
    }

    /// The image, if it is on the node at this instant.
    pub(crate) fn get(&self, reference: &str, now: Time) -> Option<&ImageFacts> {
        self.present.get(reference).filter(|(from, _)| *from <= now).map(|(_, facts)| facts)
    }

    /// Begins a pull for a pod; it moves when the pulls before it are done. When it ends.
    pub(crate) fn pull(&mut self, reference: &Str, pod: &Str, now: Time) -> Time {
        let begins = now.max(self.busy_until);
        let result = runtime::resolve(reference);
        let took_ms = match &result {
            // Here by the time its turn comes: only the registry is asked.
            Ok(_) if self.get(reference, begins).is_some() => delays::REGISTRY_ANSWER_MS,
            Ok(facts) => delays::REGISTRY_ANSWER_MS + facts.size_bytes / delays::PULL_BYTES_PER_MS,
            Err(_) => delays::REGISTRY_REFUSAL_MS,
        };
        let done_at = begins + took_ms;
        self.busy_until = done_at;
        self.pulling.insert(pod.clone(), (begins, done_at));
        if let Ok(facts) = &result {
            self.present.entry(reference.clone()).or_insert_with(|| (done_at, facts.clone()));
        }
        done_at
    }

    pub(crate) fn forget(&mut self, pod: &str) {
        self.pulling.remove(pod);
    }

    pub(crate) fn progress(&self, pod: &str, now: Time) -> Option<f64> {
        let (from, to) = self.pulling.get(pod)?;
        let span = to.since(*from).max(1) as f64;
        (now < *to).then(|| (now.since(*from) as f64 / span).clamp(0.0, 1.0))
    }

    /// How long the pod's pull itself took, without waiting for others.
    pub(crate) fn pull_time(&self, pod: &str) -> Option<Millis> {
        self.pulling.get(pod).map(|(from, to)| to.since(*from))
    }

    /// `status.images` of the node.
    pub(crate) fn node_status(&self) -> Vec<Value> {
        let mut all: Vec<(&Str, &ImageFacts)> = self.present.iter().map(|(name, (_, f))| (name, f)).collect();
        all.sort_by_key(|(name, f)| (std::cmp::Reverse(f.size_bytes), (*name).clone()));
        all.iter()
            .take(50)
            .map(|(name, f)| value!({"names": [(*name)], "sizeBytes": (f.size_bytes)}))
            .collect()
    }
}
