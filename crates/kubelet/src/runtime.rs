//! The container runtime as the kubelet sees it: what an image reference leads to, and a started process.

use clock::{Millis, Time};
use objects::{Str, Value};

/// What is known of an image once it is on a node.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImageFacts {
    /// As the container status names it: `nginx:1.25`.
    pub(crate) name: Str,
    /// `sha256:...`
    pub(crate) id: Str,
    pub(crate) size_bytes: i64,
}

/// Why a pull failed, as the registry or the reference's grammar says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PullError {
    /// The reference is no reference: `InvalidImageName`.
    Invalid(String),
    /// The registry's message: `ErrImagePull`.
    Refused(String),
}

/// What a reference leads to.
pub(crate) fn resolve(reference: &str) -> Result<ImageFacts, PullError> {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for b in reference.bytes() {
        hash = (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    Ok(ImageFacts {
        name: reference.into(),
        id: Str::from(format!("sha256:{}", digest(hash))),
        size_bytes: 45_000_000,
    })
}

/// 64 hex digits from a number, for image and container ids.
pub(crate) fn digest(seed: u64) -> String {
    let mut rng = clock::Rng::new(seed);
    (0..4).map(|_| format!("{:016x}", rng.next_u64())).collect()
}

/// A started main process.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    ends: Option<(Time, i32)>,
}

impl Process {
    pub(crate) fn start(_container: &Value, _now: Time) -> Self {
        Self { ends: None }
    }

    /// When it ends by itself, and with which code, as far as is known now.
    pub(crate) fn ends(&self) -> Option<(Time, i32)> {
        self.ends
    }

    /// Sends SIGTERM: a server ends in good order after a moment.
    pub(crate) fn terminate(&mut self, now: Time) {
        const ENDS_AFTER_MS: Millis = 40;
        self.ends = Some((now + ENDS_AFTER_MS, 0));
    }
}
