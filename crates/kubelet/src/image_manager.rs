//! Images on a node: which are present, which are being pulled, one pull at a time.
//!
//! Models `pkg/kubelet/images` with `serializeImagePulls: true`.
//! Layers that another image brought are not pulled again. Does not own: when images are thrown away (image_gc).

use ordered::Sort as _;
use ordered::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clock::{Millis, Time};
use containers::images::built::layers_of;
use containers::images::registry::PRIVATE_IMAGE;
use containers::images::{
    Built, Image, Login, PLAIN_APPETITE, Reference, Registry, Resolved, reference, resolve,
};
use containers::machine::Appetite;
use objects::text::joined;
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
    /// One that somebody built and pushed; it goes before `image`.
    pub(crate) built: Option<Arc<Built>>,
    pub(crate) tag: Str,
    /// Digest and bytes of each layer, the lowest first.
    pub(crate) layers: Vec<(String, u64)>,
}

impl ImageFacts {
    pub(crate) fn uid(&self) -> u32 {
        match (&self.built, self.image) {
            (Some(b), _) => b.template.config.uid,
            (None, Some(i)) => i.user,
            (None, None) => 0,
        }
    }

    /// What it runs when it is told nothing else.
    pub(crate) fn argv(&self) -> Vec<String> {
        match (&self.built, self.image) {
            (Some(b), _) => {
                b.template.config.entrypoint.iter().chain(&b.template.config.cmd).cloned().collect()
            }
            (None, Some(i)) => i.entrypoint.iter().chain(i.cmd).map(|w| (*w).to_owned()).collect(),
            (None, None) => vec!["/usr/local/bin/server".into()],
        }
    }

    pub(crate) fn appetite(&self) -> Appetite {
        match (&self.built, self.image) {
            (Some(b), _) => b.template.appetite,
            (None, Some(i)) => i.appetite(),
            (None, None) => PLAIN_APPETITE,
        }
    }
}

/// The size of an image nobody knows (estimate).
const PLAIN_BYTES: i64 = 45_000_000;

/// Why a pull failed, as the registry or the reference's grammar says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PullError {
    /// The reference is no reference: `InvalidImageName`.
    Invalid(String),
    /// The runtime's message: `ErrImagePull`.
    Refused(String),
}

/// What a reference leads to in the registries, for somebody with these accounts.
pub(crate) fn look_up(text: &str, registry: &Registry, logins: &[Login]) -> Result<ImageFacts, PullError> {
    let found = reference::parse(text).map_err(PullError::Invalid)?;
    let full = found.full();
    let refused = |code: &str, why: &str| {
        PullError::Refused(format!(
            "rpc error: code = {code} desc = failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {why}"
        ))
    };
    if let Some(why) = registry.refusal(&found, logins) {
        return Err(refused("Unknown", &why));
    }
    if let Some(built) = registry.find(&found) {
        return Ok(of_built(&found, Arc::clone(built)));
    }
    if (found.name.as_str(), found.tag.as_str()) == (PRIVATE_IMAGE.0, PRIVATE_IMAGE.1) {
        let image = containers::images::catalogue().find(|i| i.name == PRIVATE_IMAGE.2);
        return Ok(of_catalogue(&found, image, "latest"));
    }
    if registry.has_repository(&found.name) || registry.is_private(&found.name) {
        return Err(refused("NotFound", &format!("{full}: not found")));
    }
    match resolve(text) {
        Resolved::Known { image, reference } => Ok(of_catalogue(&found, Some(image), &reference.tag)),
        Resolved::PlainServer { reference } => Ok(of_catalogue(&found, None, &reference.tag)),
        Resolved::NotFound { code, message, .. } => {
            Err(PullError::Refused(format!("rpc error: code = {code} desc = {message}")))
        }
        Resolved::Invalid { message } => Err(PullError::Invalid(message)),
    }
}

fn of_catalogue(found: &Reference, image: Option<&'static Image>, tag: &str) -> ImageFacts {
    let digest = found.digest.clone().unwrap_or_else(|| format!("sha256:{}", digest(hash(&found.full()))));
    let layers = match image {
        Some(image) => layers_of(image, tag).into_iter().map(|l| (l.digest, l.bytes)).collect(),
        None => vec![(digest.clone(), PLAIN_BYTES as u64)],
    };
    ImageFacts {
        id: Str::from(format!("{}@{digest}", found.name)),
        size_bytes: image.map_or(PLAIN_BYTES, |i| i.size_of(tag) as i64),
        layers,
        image,
        built: None,
        tag: tag.into(),
    }
}

fn of_built(found: &Reference, built: Arc<Built>) -> ImageFacts {
    ImageFacts {
        id: Str::from(format!("{}@{}", found.name, built.manifest())),
        size_bytes: built.size() as i64,
        layers: built.layers.iter().map(|l| (l.digest.clone(), l.bytes)).collect(),
        image: None,
        tag: found.tag.as_str().into(),
        built: Some(built),
    }
}

/// The accounts in an image pull secret.
pub(crate) fn logins_of(secret: &Value) -> Vec<Login> {
    let text = |v: &Value| objects::base64::decode(v.text()).and_then(|b| String::from_utf8(b).ok());
    let (data, kind) = (&secret["data"], secret["type"].text());
    let key = if kind == "kubernetes.io/dockercfg" { ".dockercfg" } else { ".dockerconfigjson" };
    let Some(config) = text(&data[key]).and_then(|t| objects::json::parse(&t).ok()) else {
        return Vec::new();
    };
    let auths = if config["auths"].is_null() { &config } else { &config["auths"] };
    let mut found = Vec::new();
    for (host, entry) in auths.entries() {
        let host = host.trim_start_matches("https://").trim_start_matches("http://");
        let host = host.split('/').next().unwrap_or(host);
        let host =
            if matches!(host, "index.docker.io" | "registry-1.docker.io") { "docker.io" } else { host };
        let pair = text(&entry["auth"])
            .and_then(|t| t.split_once(':').map(|(u, p)| (u.to_owned(), p.to_owned())))
            .unwrap_or_else(|| (entry["username"].text().to_owned(), entry["password"].text().to_owned()));
        found.push(Login { host: host.to_owned(), user: pair.0, password: pair.1 });
    }
    found
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// 64 hex digits from a number, for ids of images and sandboxes.
pub(crate) fn digest(seed: u64) -> String {
    text_of(&digits(seed)).to_owned()
}

/// `containerd://` and 64 hex digits from a number.
pub(crate) fn container_id(seed: u64) -> Str {
    joined(&["containerd://", text_of(&digits(seed))])
}

fn digits(seed: u64) -> [u8; 64] {
    let mut rng = clock::Rng::new(seed);
    let mut all = [0; 64];
    for word in all.chunks_exact_mut(16) {
        let n = rng.next_u64();
        for (place, digit) in word.iter_mut().rev().enumerate() {
            *digit = b"0123456789abcdef"[(n >> (4 * place)) as usize & 15];
        }
    }
    all
}

fn text_of(digits: &[u8; 64]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

/// An image on the node.
#[derive(Clone, Debug)]
struct Present {
    /// From when it can be used.
    from: Time,
    /// When a pod that used it was gone.
    used: Time,
    facts: Arc<ImageFacts>,
}

impl Present {
    fn new(from: Time, facts: Arc<ImageFacts>) -> Self {
        Self { from, used: Time::EPOCH, facts }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct ImageManager {
    /// By reference.
    present: BTreeMap<Str, Present>,
    /// When the one pull at a time is free again.
    busy_until: Time,
    /// By pod: when its pull began to move and when it ends.
    pulling: BTreeMap<Str, (Time, Time)>,
    /// Digests of the layers on the node.
    layers: BTreeSet<String>,
}

impl ImageManager {
    pub(crate) fn new(present: &[Str]) -> Self {
        let mut images = Self::default();
        for reference in present {
            images.present(reference);
        }
        images.count_layers();
        images
    }

    fn count_layers(&mut self) {
        let all = self.present.values().flat_map(|p| p.facts.layers.iter().map(|(digest, _)| digest.clone()));
        self.layers = all.collect();
    }

    /// The image, if it is on the node at this instant.
    pub(crate) fn get(&self, reference: &str, now: Time) -> Option<&Arc<ImageFacts>> {
        self.present.get(reference).filter(|p| p.from <= now).map(|p| &p.facts)
    }

    /// Images that can be used now.
    pub(crate) fn stored(&self, now: Time) -> impl Iterator<Item = (&Str, &ImageFacts)> {
        self.present.iter().filter(move |(_, p)| p.from <= now).map(|(r, p)| (r, &*p.facts))
    }

    /// Bytes of the disk that images take, shared layers once for each image.
    pub(crate) fn disk_bytes(&self) -> i64 {
        self.present.values().map(|p| p.facts.size_bytes).sum()
    }

    /// A pod that used the image is gone.
    pub(crate) fn let_go(&mut self, reference: &str, now: Time) {
        if let Some(p) = self.present.get_mut(reference) {
            p.used = now;
        }
    }

    /// Throws away what no pod uses and has been here since `before`, the least recently used first, until so many
    /// bytes are free. How many that made.
    pub(crate) fn free(&mut self, bytes: i64, in_use: &[Str], before: Time) -> i64 {
        let mut idle: Vec<(Time, Time, Str)> = self
            .present
            .iter()
            .filter(|(name, p)| p.from <= before && !in_use.contains(name))
            .map(|(name, p)| (p.used, p.from, name.clone()))
            .collect();
        idle.arrange();
        let mut freed = 0;
        for (_, _, name) in idle {
            if freed >= bytes {
                break;
            }
            freed += self.present.remove(&name).map_or(0, |p| p.facts.size_bytes);
        }
        self.count_layers();
        freed
    }

    /// The image, put on the node as if it had always been there.
    pub(crate) fn present(&mut self, reference: &Str) -> Option<Arc<ImageFacts>> {
        if let Some(p) = self.present.get(reference) {
            return Some(Arc::clone(&p.facts));
        }
        let facts = Arc::new(look_up(reference, &Registry::default(), &[]).ok()?);
        self.present.insert(reference.clone(), Present::new(Time::EPOCH, Arc::clone(&facts)));
        Some(facts)
    }

    /// Begins a pull of what was found for a pod; it moves when the pulls before it are done. When it ends.
    pub(crate) fn pull(
        &mut self,
        text: &Str,
        pod: &Str,
        result: Result<Arc<ImageFacts>, PullError>,
        slowness: Millis,
        now: Time,
    ) -> Time {
        let begins = now.max(self.busy_until);
        let took_ms = match &result {
            // Here by the time its turn comes: only the registry is asked.
            Ok(new) if self.get(text, begins).is_some_and(|old| old.id == new.id) => {
                delays::REGISTRY_ANSWER_MS * slowness
            }
            Ok(facts) => {
                let missing = facts.layers.iter().filter(|(digest, _)| !self.layers.contains(digest));
                let bytes: u64 = missing.map(|(_, bytes)| bytes).sum();
                (delays::REGISTRY_ANSWER_MS + bytes as i64 / delays::PULL_BYTES_PER_MS) * slowness
            }
            Err(PullError::Refused(why)) if why.ends_with("i/o timeout") => delays::REGISTRY_TIMEOUT_MS,
            Err(_) => delays::REGISTRY_REFUSAL_MS,
        };
        let done_at = begins + took_ms;
        self.busy_until = done_at;
        self.pulling.insert(pod.clone(), (begins, done_at));
        if let Ok(facts) = result {
            let changed = self.present.get(text).is_none_or(|old| old.facts.id != facts.id);
            if changed {
                for (digest, _) in &facts.layers {
                    if !self.layers.contains(digest) {
                        self.layers.insert(digest.clone());
                    }
                }
                self.present.insert(text.clone(), Present::new(done_at, facts));
            }
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
            self.present.iter().map(|(name, p)| (name, &*p.facts)).collect();
        all.arrange_by_key(|(name, f)| (std::cmp::Reverse(f.size_bytes), (*name).clone()));
        all.iter()
            .take(50)
            .map(|(name, f)| value!({"names": [(*name)], "sizeBytes": (f.size_bytes)}))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_used_last_stays_longest() {
        let names = ["nginx:1.25", "redis:7", "busybox:1.36", "httpd:2.4"].map(Str::new_static);
        let mut images = ImageManager::new(&names);
        for (name, at) in [("httpd:2.4", 10), ("redis:7", 20), ("nginx:1.25", 30)] {
            images.let_go(name, Time::EPOCH + at);
        }
        let left = |i: &ImageManager| i.present.keys().map(ToString::to_string).collect::<Vec<_>>();
        let httpd = images.present["httpd:2.4"].facts.size_bytes;
        assert_eq!(images.free(1, &["busybox:1.36".into()], Time::EPOCH), httpd);
        assert_eq!(left(&images), ["busybox:1.36", "nginx:1.25", "redis:7"]);
        assert_eq!(images.free(i64::MAX, &["redis:7".into()], Time::EPOCH - 1), 0, "too new");
        images.free(i64::MAX, &["redis:7".into()], Time::EPOCH);
        assert_eq!(left(&images), ["redis:7"]);
        assert_eq!(images.layers.len(), images.present["redis:7"].facts.layers.len());
    }
}
