//! An image as something that can be run, tagged and pushed: its files, its configuration and its layers. Those of the
//! catalogue are turned into one when asked for; others come out of a Dockerfile.
//!
//! Owns: the shape of an image, ids and digests. Does not own: how one is built (hostlab), who stores it where.
//! Models the OCI image configuration. Not modelled: manifests for several platforms, compression.

use clock::{Rng, Time};

use super::{Image, PLAIN_APPETITE, Roots};
use crate::fs::Tree;
use crate::machine::Appetite;
use crate::shell::Dialect;

/// What an image says of how it is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub entrypoint: Vec<String>,
    pub cmd: Vec<String>,
    pub env: Vec<(String, String)>,
    pub workdir: String,
    pub uid: u32,
    /// As it was written: a name or a number; empty for root.
    pub user: String,
    pub ports: Vec<u16>,
    pub labels: Vec<(String, String)>,
    pub volumes: Vec<String>,
    /// The command of its health check, as words.
    pub health: Vec<String>,
    pub stop_signal: String,
}

/// All a container is made from, beside its own specification.
#[derive(Clone, Debug)]
pub struct Template {
    pub tree: Tree,
    pub tag: String,
    pub config: Config,
    pub sh: Dialect,
    pub appetite: Appetite,
    /// What is in the image is known: a program that is not in it does not exist.
    pub known: bool,
}

/// One layer. Equal digests are one and the same on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// `sha256:..`
    pub digest: String,
    pub bytes: u64,
    /// The instruction it came from, as `docker history` shows it.
    pub command: String,
    /// It changed the configuration only.
    pub empty: bool,
    pub created: Time,
}

/// A whole image.
#[derive(Clone, Debug)]
pub struct Built {
    /// `sha256:..`
    pub id: String,
    pub template: Template,
    /// The lowest first.
    pub layers: Vec<Layer>,
    pub created: Time,
}

/// `sha256:` and 64 digits that follow from a text.
#[must_use]
pub fn digest_of(text: &str) -> String {
    let seed = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    let mut rng = Rng::new(seed);
    let hex: String = (0..4).map(|_| format!("{:016x}", rng.next_u64())).collect();
    format!("sha256:{hex}")
}

fn owned(list: &[&str]) -> Vec<String> {
    list.iter().map(|s| (*s).to_string()).collect()
}

/// The layers of a catalogue's image: the base's, which images share, and its own.
#[must_use]
pub fn layers_of(image: &Image, tag: &str) -> Vec<Layer> {
    let base = image.base_of(tag);
    let size = image.size_of(tag);
    let count = usize::from(image.layers.max(1));
    let base_bytes = base.bytes().min(size);
    let shared = base_bytes > 0 && count > 1;
    let (first, rest) = if shared { (base_bytes, size - base_bytes) } else { (size, 0) };
    let own = |n: usize| digest_of(&format!("{} {tag} layer {n}", image.name));
    let mut layers = vec![Layer {
        digest: if shared { digest_of(&format!("base {base:?}")) } else { own(0) },
        bytes: first,
        command: "/bin/sh -c #(nop) ADD file:rootfs in / ".into(),
        empty: false,
        created: Time::EPOCH,
    }];
    // The second layer holds most: what was installed. The others are small.
    for n in 1..count {
        let bytes = if n == 1 { rest - rest / 50 } else { rest / 50 / (count as u64 - 2) };
        layers.push(Layer {
            digest: own(n),
            bytes,
            command: if n == 1 {
                "RUN /bin/sh -c set -x;  # buildkit".into()
            } else {
                "COPY . / # buildkit".into()
            },
            empty: false,
            created: Time::EPOCH,
        });
    }
    layers
}

impl Template {
    /// Of a catalogue's image under a tag; `None`: of an image nobody knows.
    #[must_use]
    pub fn of(image: Option<&'static Image>, tag: &str, roots: &mut Roots) -> Self {
        let Some(image) = image else {
            let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
            let config = Config {
                entrypoint: vec!["/usr/local/bin/server".into()],
                env: vec![("PATH".into(), path.into())],
                workdir: "/".into(),
                ..Config::default()
            };
            return Self {
                tree: roots.plain(),
                tag: tag.into(),
                config,
                sh: Dialect::Dash,
                appetite: PLAIN_APPETITE,
                known: false,
            };
        };
        let config = Config {
            entrypoint: owned(image.entrypoint),
            cmd: owned(image.cmd),
            env: image.environment(tag).into_iter().collect(),
            workdir: image.workdir.into(),
            uid: image.user,
            user: if image.user == 0 { String::new() } else { image.user.to_string() },
            ports: image.ports.to_vec(),
            ..Config::default()
        };
        Self {
            tree: roots.of(image, tag),
            tag: tag.into(),
            config,
            sh: image.sh(tag),
            appetite: image.appetite(),
            known: true,
        }
    }
}

impl Built {
    /// A catalogue's image (or one nobody knows, called `name`) as a whole image.
    #[must_use]
    pub fn of(image: Option<&'static Image>, name: &str, tag: &str, roots: &mut Roots) -> Self {
        let template = Template::of(image, tag, roots);
        let layers = match image {
            Some(image) => layers_of(image, tag),
            None => vec![Layer {
                digest: digest_of(&format!("{name}:{tag} layer")),
                bytes: 45_000_000,
                command: "/bin/sh -c #(nop) ADD file:rootfs in / ".into(),
                empty: false,
                created: Time::EPOCH,
            }],
        };
        let name = image.map_or(name, |i| i.name);
        Self { id: digest_of(&format!("{name}:{tag} config")), template, layers, created: Time::EPOCH }
    }

    /// Bytes of all layers.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.layers.iter().map(|l| l.bytes).sum()
    }

    /// The digest under which a registry has it.
    #[must_use]
    pub fn manifest(&self) -> String {
        digest_of(&format!("{} manifest", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_share_their_base_and_sum_up() {
        let find =
            |n: &str| super::super::catalogue().find(|i| i.name.ends_with(n)).expect("in the catalogue");
        let (a, b) = (layers_of(find("library/nginx"), "1.27"), layers_of(find("library/httpd"), "2.4"));
        assert_eq!(a[0].digest, b[0].digest);
        assert_ne!(a[1].digest, b[1].digest);
        for image in super::super::catalogue() {
            let sum: u64 = layers_of(image, "latest").iter().map(|l| l.bytes).sum();
            assert!(sum.abs_diff(image.size_of("latest")) < 64, "{}", image.name);
        }
    }
}
