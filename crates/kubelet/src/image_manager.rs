//! Images on a node: which are present, which are being pulled, one pull at a time.
//!
//! Models `pkg/kubelet/images` with `serializeImagePulls: true`.
//! Not modelled: layers shared between images, garbage collection, pull secrets.

use ordered::BTreeMap;
use ordered::Sort as _;
use std::sync::Arc;

use clock::{Millis, Time};
use containers::images::{Image, Resolved, resolve};
use objects::{Str, Value, value};

use crate::delays;

/// What is known of an image once it is on a node.
#[derive(Clone, Debug)]
pub(crate) struct ImageFacts {
    /// `docker.io/library/nginx@sha256:...`
    pub(crate) id: Str,
    pub(crate) size_bytes: i64,
    /// What runs in it; `None`: an image the catalogue does not know, which runs as a plain server.
    pub(crate) image: Option<&'static Image>,
    pub(crate) tag: Str,
}

/// Why a pull failed, as the registry or the reference's grammar says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PullError {
    /// The reference is no reference: `InvalidImageName`.
    Invalid(String),
    /// The runtime's message: `ErrImagePull`.
    Refused(String),
}

/// What a reference leads to.
pub(crate) fn look_up(reference: &str) -> Result<ImageFacts, PullError> {
    let (image, found) = match resolve(reference) {
        Resolved::Known { image, reference } => (Some(image), reference),
        Resolved::PlainServer { reference } => (None, reference),
        Resolved::NotFound { code, message, .. } => {
            return Err(PullError::Refused(format!("rpc error: code = {code} desc = {message}")));
        }
        Resolved::Invalid { message } => return Err(PullError::Invalid(message)),
    };
    let digest = found.digest.clone().unwrap_or_else(|| format!("sha256:{}", digest(hash(&found.full()))));
    Ok(ImageFacts {
        id: Str::from(format!("{}@{digest}", found.name)),
        size_bytes: image.map_or(45_000_000, |i| i.size_of(&found.tag) as i64),
        image,
        tag: Str::from(found.tag),
    })
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// 64 hex digits from a number, for image and container ids.
pub(crate) fn digest(seed: u64) -> String {
    let mut rng = clock::Rng::new(seed);
    (0..4).map(|_| format!("{:016x}", rng.next_u64())).collect()
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ImageManager {
    /// By reference: from when it can be used, and what it is.
    present: BTreeMap<Str, (Time, Arc<ImageFacts>)>,
    /// When the one pull at a time is free again.
    busy_until: Time,
    /// By pod: when its pull began to move and when it ends.
    pulling: BTreeMap<Str, (Time, Time)>,
}

impl ImageManager {
    pub(crate) fn new(present: &[Str]) -> Self {
        let known =
            present.iter().filter_map(|r| Some((r.clone(), (Time::EPOCH, Arc::new(look_up(r).ok()?)))));
        Self { present: known.collect(), ..Self::default() }
    }

    /// The image, if it is on the node at this instant.
    pub(crate) fn get(&self, reference: &str, now: Time) -> Option<&Arc<ImageFacts>> {
        self.present.get(reference).filter(|(from, _)| *from <= now).map(|(_, facts)| facts)
    }

    /// Begins a pull for a pod; it moves when the pulls before it are done. When it ends.
    pub(crate) fn pull(&mut self, reference: &Str, pod: &Str, now: Time) -> Time {
        let begins = now.max(self.busy_until);
        let result = look_up(reference);
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
            self.present.entry(reference.clone()).or_insert_with(|| (done_at, Arc::new(facts.clone())));
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
        let mut all: Vec<(&Str, &ImageFacts)> =
            self.present.iter().map(|(name, (_, f))| (name, &**f)).collect();
        all.arrange_by_key(|(name, f)| (std::cmp::Reverse(f.size_bytes), (*name).clone()));
        all.iter()
            .take(50)
            .map(|(name, f)| value!({"names": [(*name)], "sizeBytes": (f.size_bytes)}))
            .collect()
    }
}
