//! `docker pull` and `push`: layers that come and go at their own pace.

use std::sync::Arc;

use clock::{Millis, Time};
use containers::images::{Built, Reference};

use super::args::{self, Flag};
use super::{Console, Job, Started, complain, refuse, say};
use crate::engine::{Engine, reference_name};
use crate::text;

/// A registry's answer before the first byte (estimate), and how fast layers move: 25 MB a second (estimate).
pub(super) const ANSWER_MS: Millis = 400;
pub(super) const BYTES_PER_MS: u64 = 25_000;

/// Lines to be printed at their instants, then an end.
struct Lines {
    waiting: Vec<(Time, String)>,
    to_stderr: bool,
}

impl Lines {
    /// True when all have been printed.
    fn poll(&mut self, console: &mut dyn Console) -> bool {
        let now = console.now();
        while self.waiting.first().is_some_and(|(at, _)| *at <= now) {
            let (_, line) = self.waiting.remove(0);
            if self.to_stderr { complain(console, line) } else { say(console, line) }
        }
        self.waiting.is_empty()
    }

    fn wakes_at(&self) -> Option<Time> {
        self.waiting.first().map(|(at, _)| *at)
    }
}

pub(super) struct Pull {
    lines: Lines,
    name: String,
    image: Arc<Built>,
    quiet: bool,
}

impl Pull {
    /// Asks the registry. The error is the daemon's.
    pub(super) fn begin(text: &str, engine: &mut Engine, console: &mut dyn Console) -> Result<Self, String> {
        let (reference, image) = engine.look_up(text, console.registry())?;
        let slow = u64::from(console.registry().slowness(&reference));
        let path = reference.name.strip_prefix("docker.io/").unwrap_or(&reference.name);
        let path = path.split_once('/').filter(|(h, _)| h.contains(['.', ':'])).map_or(path, |(_, p)| p);
        let mut at = console.now() + ANSWER_MS * slow as i64;
        let mut waiting = vec![(at, format!("{}: Pulling from {path}\n", reference.tag))];
        let name = reference.full();
        let here = engine.tags.get(&name) == Some(&image.id);
        if !here {
            for layer in &image.layers {
                let short = text::short(&layer.digest);
                if engine.has_layer(&layer.digest) {
                    waiting.push((at, format!("{short}: Already exists \n")));
                } else {
                    at = at + (layer.bytes / BYTES_PER_MS * slow) as i64;
                    waiting.push((at, format!("{short}: Pull complete \n")));
                }
            }
        }
        let shown = format!("{}:{}", reference_name(&reference.name), reference.tag);
        waiting.push((at, format!("Digest: {}\n", image.manifest())));
        waiting.push((
            at,
            if here {
                format!("Status: Image is up to date for {shown}\n")
            } else {
                format!("Status: Downloaded newer image for {shown}\n")
            },
        ));
        Ok(Self { lines: Lines { waiting, to_stderr: false }, name, image, quiet: false })
    }

    /// As `run` shows it.
    pub(super) fn on_stderr(mut self) -> Self {
        self.lines.to_stderr = true;
        self
    }
}

impl Job for Pull {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        if !self.lines.poll(console) {
            return None;
        }
        engine.keep_image(&self.name, self.image.clone());
        if !self.lines.to_stderr {
            let _ = self.quiet;
            say(console, format!("{}\n", self.name));
        }
        Some(0)
    }

    fn wakes_at(&self) -> Option<Time> {
        self.lines.wakes_at()
    }
}

const PULL_FLAGS: &[Flag] = &[("quiet", 'q', false), ("platform", ' ', true), ("all-tags", 'a', false)];

pub(super) fn pull(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("pull", argv, PULL_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(name) = args.words.first() else { return args::wrong_count(console, "pull", 1) };
    let tagged = name.contains('@') || name.rsplit('/').next().is_some_and(|t| t.contains(':'));
    match Pull::begin(name, engine, console) {
        Ok(mut p) => {
            if args.has("quiet") {
                p.lines.waiting =
                    vec![(p.lines.waiting.last().map_or(console.now(), |l| l.0), String::new())];
                p.quiet = true;
            } else if !tagged {
                say(console, "Using default tag: latest\n");
            }
            Started::Goes(Box::new(p))
        }
        Err(why) if why.starts_with("invalid reference") => {
            complain(console, format!("{why}\n"));
            Started::Done(1)
        }
        Err(why) => {
            if !tagged {
                say(console, "Using default tag: latest\n");
            }
            refuse(console, &why)
        }
    }
}

struct Push {
    lines: Lines,
    reference: Reference,
    image: Arc<Built>,
}

pub(super) fn push(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("push", argv, PULL_FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(name) = args.words.first() else { return args::wrong_count(console, "push", 1) };
    let reference = match containers::images::reference::parse(name) {
        Ok(r) => r,
        Err(_) => {
            complain(console, "invalid reference format\n");
            return Started::Done(1);
        }
    };
    let quiet = args.has("quiet");
    if !quiet && !name.rsplit('/').next().is_some_and(|t| t.contains(':')) {
        say(console, "Using default tag: latest\n");
    }
    if !quiet {
        say(console, format!("The push refers to repository [{}]\n", reference.name));
    }
    let Some(image) = engine.tags.get(&reference.full()).and_then(|id| engine.images.get(id)).cloned() else {
        complain(
            console,
            format!("An image does not exist locally with the tag: {}\n", reference_name(&reference.name)),
        );
        return Started::Done(1);
    };
    let logins = engine.logins.clone();
    let may = console.registry().may_push(&reference.name, &logins);
    let slow = u64::from(console.registry().slowness(&reference));
    let mut at = console.now() + ANSWER_MS * slow as i64;
    let mut waiting = Vec::new();
    if let Err(why) = may {
        for layer in image.layers.iter().rev().filter(|l| !l.empty) {
            say(console, format!("{}: Preparing \n", text::short(&layer.digest)));
        }
        complain(console, format!("{why}\n"));
        return Started::Done(1);
    }
    for layer in image.layers.iter().rev().filter(|l| !l.empty) {
        let short = text::short(&layer.digest);
        let theirs = console.registry().has_layer(&reference.name, &layer.digest);
        let public = reference.name.starts_with("docker.io/") && layer.created == Time::EPOCH;
        if theirs {
            waiting.push((at, format!("{short}: Layer already exists \n")));
        } else if public {
            waiting.push((at, format!("{short}: Mounted from library \n")));
        } else {
            at = at + (layer.bytes / BYTES_PER_MS * slow) as i64;
            waiting.push((at, format!("{short}: Pushed \n")));
        }
    }
    let size = image.layers.iter().filter(|l| !l.empty).count() * 211 + 527;
    if quiet {
        waiting = vec![(at, format!("{}:{}\n", reference.name, reference.tag))];
    } else {
        waiting.push((at, format!("{}: digest: {} size: {size}\n", reference.tag, image.manifest())));
    }
    Started::Goes(Box::new(Push { lines: Lines { waiting, to_stderr: false }, reference, image }))
}

impl Job for Push {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        if !self.lines.poll(console) {
            return None;
        }
        engine.told_registry(&self.reference, &self.image);
        console.registry().push(&self.reference.name, &self.reference.tag, self.image.clone());
        Some(0)
    }

    fn wakes_at(&self) -> Option<Time> {
        self.lines.wakes_at()
    }
}
