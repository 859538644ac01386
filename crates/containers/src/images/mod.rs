//! The image catalogue: one file an image, as data; their servers under `servers/`.
//!
//! Owns: what a name and tag lead to, what an image holds and runs by default.
//! Does not own: pulling, its delays and caches (the kubelet's).
//! Sizes, start-up times and appetites are stated estimates of the real images.

pub mod base;
pub mod built;
mod catalogue;
pub mod reference;
pub mod registry;
mod releases;
pub mod servers;
pub mod versions;

use ordered::BTreeMap;

pub use base::Base;
pub use built::{Built, Config, Layer, Template};
pub use reference::{Reference, Resolved, resolve};
pub use registry::{Fault, Login, Registry};

use crate::fs::{Meta, Node, Tree, split};
use crate::glob::Pattern;
use crate::machine::Appetite;
use crate::shell::Dialect;

/// One image.
#[derive(Debug)]
pub struct Image {
    /// Registry and path.
    pub name: &'static str,
    /// Other names of the same image.
    pub aliases: &'static [&'static str],
    /// Tags that exist, as shell patterns, before a suffix such as `-alpine`.
    pub tags: &'static [&'static str],
    pub suffixes: &'static [&'static str],
    pub size_bytes: u64,
    pub layers: u8,
    pub base: Base,
    pub user: u32,
    /// Users of its own and their ids, each with a group of the same name.
    pub users: &'static [(&'static str, u32)],
    pub workdir: &'static str,
    pub entrypoint: &'static [&'static str],
    pub cmd: &'static [&'static str],
    /// `@PRODUCT` as a value stands for that product's version under the tag.
    pub env: &'static [(&'static str, &'static str)],
    pub ports: &'static [u16],
    /// From start to listening, in milliseconds.
    pub start_ms: u32,
    /// Paths of executables and the built-in programs they run.
    pub programs: &'static [(&'static str, &'static str)],
    pub files: &'static [(&'static str, &'static str)],
    pub dirs: &'static [&'static str],
    /// Resident memory of the idle image, in bytes.
    pub memory_bytes: u64,
    /// CPU of the idle image, in thousandths of a core.
    pub cpu_millis: u32,
    /// CPU while it starts, in thousandths of a core.
    pub start_millis: u32,
    /// CPU time of one request, in microseconds, and the memory it adds.
    pub request_us: u32,
    pub request_bytes: u32,
}

/// What an entry of the catalogue need not say.
pub(crate) const PLAIN: Image = Image {
    name: "",
    aliases: &[],
    tags: &["latest"],
    suffixes: &[],
    size_bytes: 50 << 20,
    layers: 4,
    base: Base::Debian,
    user: 0,
    users: &[],
    workdir: "/",
    entrypoint: &[],
    cmd: &[],
    env: &[],
    ports: &[],
    start_ms: 0,
    programs: &[],
    files: &[],
    dirs: &[],
    memory_bytes: 8 << 20,
    cpu_millis: 0,
    start_millis: 200,
    request_us: 300,
    request_bytes: 4 << 10,
};

/// What an image that the catalogue does not know takes of a node.
pub const PLAIN_APPETITE: Appetite = PLAIN.appetite();

impl Image {
    /// What its server takes of a node.
    #[must_use]
    pub const fn appetite(&self) -> Appetite {
        Appetite {
            idle_millis: self.cpu_millis,
            start_millis: self.start_millis,
            start_ms: self.start_ms,
            memory_bytes: self.memory_bytes,
            request_us: self.request_us,
            request_bytes: self.request_bytes,
        }
    }

    /// Whether the registry has this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        let known = |t: &str| self.tags.iter().any(|p| Pattern::new(p).matches(t));
        known(tag)
            || self
                .suffixes
                .iter()
                .any(|s| tag.strip_suffix(s).is_some_and(&known) || s.trim_start_matches('-') == tag)
    }

    /// The base under a tag: `-alpine` variants are Alpine's.
    #[must_use]
    pub fn base_of(&self, tag: &str) -> Base {
        if tag.contains("alpine") && self.base != Base::Scratch { Base::Alpine } else { self.base }
    }

    /// What `/bin/sh` is in this image.
    #[must_use]
    pub fn sh(&self, tag: &str) -> Dialect {
        match self.base_of(tag) {
            Base::Debian | Base::Ubuntu => Dialect::Dash,
            _ => Dialect::Ash,
        }
    }

    /// The size of a tag's layers in bytes.
    #[must_use]
    pub fn size_of(&self, tag: &str) -> u64 {
        if self.base_of(tag) == self.base { self.size_bytes } else { self.size_bytes / 4 }
    }

    /// The environment an image sets under a tag, `PATH` included.
    #[must_use]
    pub fn environment(&self, tag: &str) -> BTreeMap<String, String> {
        // `@PRODUCT` stands for its version.
        let value = |v: &str| match v.strip_prefix('@') {
            Some(product) => versions::version(product, tag),
            None => v.to_string(),
        };
        let mut env: BTreeMap<String, String> =
            self.env.iter().map(|(k, v)| ((*k).to_string(), value(v))).collect();
        env.entry("PATH".into())
            .or_insert_with(|| "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into());
        env
    }

    fn tree(&self, tag: &str) -> Tree {
        let mut tree = base::tree(self.base_of(tag));
        base::add_users(&mut tree, self.users);
        if matches!(
            self.name,
            "docker.io/library/alpine" | "docker.io/library/debian" | "docker.io/library/ubuntu"
        ) {
            releases::write(&mut tree, self.base, tag);
        }
        for dir in self.dirs {
            tree.put(dir, Node::dir(if dir.starts_with("/tmp") { 0o1777 } else { 0o755 }));
            if self.user != 0
                && let Some(node) = tree.node_mut(&split(dir))
            {
                *node.meta_mut() = Meta { uid: self.user, gid: self.user, ..node.meta() };
            }
        }
        for (path, program) in self.programs {
            tree.put(path, Node::program(program, 1_400_000));
        }
        for (path, text) in self.files {
            let script = text.starts_with("#!");
            tree.put_file(path, text.as_bytes(), if script { 0o755 } else { 0o644 });
        }
        if self.workdir != "/" && tree.node(&split(self.workdir)).is_none() {
            tree.put(self.workdir, Node::dir(0o755));
        }
        tree.used = 0;
        tree
    }
}

pub(crate) fn is_nginx_site(text: &str) -> bool {
    catalogue::is_nginx_site(text)
}

/// All images, in the order of their names' files.
pub fn catalogue() -> impl Iterator<Item = &'static Image> {
    catalogue::ALL.iter().copied()
}

/// Root trees of images, made once and shared by all containers. A clone copies pointers.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    trees: BTreeMap<(&'static str, String), Tree>,
    plain: Option<Tree>,
}

impl Roots {
    /// The files of an image under a tag.
    pub fn of(&mut self, image: &'static Image, tag: &str) -> Tree {
        let key = (image.name, if tag.contains("alpine") { "alpine".to_string() } else { String::new() });
        self.trees.entry(key).or_insert_with(|| image.tree(tag)).clone()
    }

    /// The files of an image the catalogue does not know.
    pub fn plain(&mut self) -> Tree {
        self.plain
            .get_or_insert_with(|| {
                let mut tree = base::tree(Base::Debian);
                tree.put("/usr/local/bin/server", Node::program("plain-server", 9_000_000));
                tree
            })
            .clone()
    }
}
