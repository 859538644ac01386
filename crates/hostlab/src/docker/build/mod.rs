//! `docker build`: the stages of a Dockerfile carried out step by step, with a cache, told as BuildKit tells it.
//!
//! Models BuildKit's solver for one platform and its `tty` and `plain` progress. On a terminal the steps are printed when
//! the build has ended, since nothing is drawn over. Not modelled: steps at the same time, remote contexts, secrets.

mod context;
mod plan;
mod progress;
mod steps;

pub(super) use context::user_id;
use context::{bytes_of, filtered};
use progress::Step;

use ordered::BTreeMap;
use std::sync::Arc;

use clock::{Millis, Time};
use containers::container::{Container as Inside, Spec};
use containers::fs::{Node, clean, join, split};
use containers::glob::Pattern;
use containers::images::built::digest_of;
use containers::images::{Built, Config, Layer, Template};
use containers::machine::Outcome;
use containers::net::{NetAnswer, NetError};
use containers::shell::Dialect;

use super::args::{self, Flag};
use super::dockerfile::{self, Dockerfile, Instruction, json_words, substitute, words};
use super::pull::{ANSWER_MS, BYTES_PER_MS};
use super::{Console, Input, Job, Started, complain};
use crate::engine::{CacheEntry, Engine};
use crate::text;
use containers::machine::World;

const SLICE_STEPS: u32 = 4_000;
/// What a step takes besides its command: a container of its own (estimate).
const STEP_MS: Millis = 120;
const STAGES_MAX: usize = 100;

const FLAGS: &[Flag] = &[
    ("tag", 't', true),
    ("file", 'f', true),
    ("build-arg", ' ', true),
    ("target", ' ', true),
    ("no-cache", ' ', false),
    ("progress", ' ', true),
    ("quiet", 'q', false),
    ("label", ' ', true),
    ("platform", ' ', true),
    ("pull", ' ', false),
    ("load", ' ', false),
    ("push", ' ', false),
    ("rm", ' ', true),
    ("force-rm", ' ', false),
    ("network", ' ', true),
    ("secret", ' ', true),
    ("provenance", ' ', true),
];

/// A stage as far as it has come.
#[derive(Clone)]
struct Work {
    template: Template,
    layers: Vec<Layer>,
    /// All that led here, for the cache.
    key: String,
    vars: BTreeMap<String, String>,
    args: BTreeMap<String, String>,
    shell: Vec<String>,
    /// The working directory was set by an instruction.
    has_cmd: bool,
}

enum Phase {
    /// Reading a Dockerfile from standard input.
    Reading(Vec<u8>),
    /// Asking the registry, then fetching the base of the stage.
    Base {
        stage: usize,
        until: Time,
        image: Arc<Built>,
    },
    Go,
    Pause(Time),
    Run {
        inside: Box<Inside>,
        until: Option<Time>,
        line: String,
        words: Vec<String>,
        instruction: Instruction,
    },
}

struct Build {
    args: args::Args,
    file: Dockerfile,
    source: String,
    file_name: String,
    context: Node,
    context_bytes: u64,
    steps: Vec<Step>,
    began: Time,
    plain: bool,
    quiet: bool,
    phase: Phase,
    /// The stages to be built, by index, in order.
    plan: Vec<usize>,
    at: usize,
    instruction: usize,
    count: usize,
    done: BTreeMap<usize, Work>,
    current: Option<Work>,
    metadata: Vec<String>,
}

pub(super) fn build(argv: &[String], _engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("build", argv, FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let Some(path) = args.words.first().cloned() else {
        complain(
            console,
            "ERROR: docker: 'docker buildx build' requires 1 argument\n\nUsage:  docker buildx build [OPTIONS] PATH | URL | -\n\nRun 'docker buildx build --help' for more information\n",
        );
        return Started::Done(1);
    };
    for tag in args.values("tag") {
        if containers::images::reference::parse(tag).is_err() {
            complain(console, format!("ERROR: invalid tag \"{tag}\": invalid reference format\n"));
            return Started::Done(1);
        }
    }
    let plain = args.value("progress") == Some("plain") || !console.is_tty();
    let quiet = args.has("quiet");
    let began = console.now();
    let mut build = Build {
        args,
        file: Dockerfile::default(),
        source: String::new(),
        file_name: "Dockerfile".into(),
        context: Node::dir(0o755),
        context_bytes: 0,
        steps: Vec::new(),
        began,
        plain,
        quiet,
        phase: Phase::Go,
        plan: Vec::new(),
        at: 0,
        instruction: 0,
        count: 0,
        done: BTreeMap::new(),
        current: None,
        metadata: Vec::new(),
    };
    if path == "-" {
        build.phase = Phase::Reading(Vec::new());
        return Started::Goes(Box::new(build));
    }
    if path.contains("://") || path.starts_with("github.com/") {
        complain(console, "docker: building from a URL is not simulated here\n");
        return Started::Done(1);
    }
    let root = clean(&join(&console.cwd(), &path));
    let Some(Node::Dir(_)) = console.node(&root) else {
        complain(console, format!("ERROR: unable to prepare context: path \"{path}\" not found\n"));
        return Started::Done(1);
    };
    let file =
        build.args.value("file").map_or(format!("{root}/Dockerfile"), |f| clean(&join(&console.cwd(), f)));
    build.file_name = file.rsplit('/').next().unwrap_or("Dockerfile").to_string();
    if let Some(node) = console.node(&root) {
        let ignore = match console.node(&format!("{root}/.dockerignore")) {
            Some(Node::File(f)) => String::from_utf8_lossy(&f.bytes).into_owned(),
            _ => String::new(),
        };
        build.context = filtered(&node, &ignore);
        build.context_bytes = bytes_of(&build.context);
    }
    match console.node(&file) {
        Some(Node::File(f)) => build.source = String::from_utf8_lossy(&f.bytes).into_owned(),
        _ => {
            build.open("[internal] load build definition from ", "", console);
            let name = build.file_name.clone();
            return Started::Done(build.fail(
                &format!("failed to read dockerfile: open {name}: no such file or directory"),
                console,
            ));
        }
    }
    match build.prepare(console) {
        Some(code) => Started::Done(code),
        None => Started::Goes(Box::new(build)),
    }
}

impl Build {
    /// Carries out the next instruction. `Some`: the build has ended.
    fn next(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let stage = self.plan[self.at];
        let Some(one) = self.file.stages[stage].instructions.get(self.instruction).cloned() else {
            if let Some(work) = self.current.take() {
                self.done.insert(stage, work);
            }
            self.at += 1;
            if self.at < self.plan.len() {
                return None;
            }
            return Some(self.export(engine, console));
        };
        let Some(work) = self.current.as_mut() else { return Some(1) };
        let now = console.now();
        let mut vars = work.args.clone();
        vars.extend(work.vars.clone());
        let rest = if matches!(one.name.as_str(), "RUN" | "CMD" | "ENTRYPOINT" | "HEALTHCHECK" | "SHELL") {
            one.rest.clone()
        } else {
            substitute(&one.rest, &vars)
        };
        let config = &mut work.template.config;
        let empty = |work: &mut Work, text: String| {
            work.layers.push(Layer {
                digest: digest_of(&text),
                bytes: 0,
                command: text,
                empty: true,
                created: now,
            });
        };
        match one.name.as_str() {
            "RUN" | "COPY" | "ADD" | "WORKDIR" => return self.step(&one, &rest, engine, console),
            "ARG" => {
                let globals = self.global_args();
                for word in words(&one.rest) {
                    let (k, default) = word
                        .split_once('=')
                        .map_or((word.as_str(), None), |(k, v)| (k, Some(substitute(v, &vars))));
                    let value = self.build_arg(k).or(default).or_else(|| globals.get(k).cloned());
                    if let (Some(v), Some(work)) = (value, self.current.as_mut()) {
                        work.args.insert(k.to_string(), v);
                    }
                }
            }
            "ENV" => {
                let list = words(&rest);
                let pairs: Vec<(String, String)> = if list.first().is_some_and(|w| w.contains('=')) {
                    list.iter()
                        .filter_map(|w| w.split_once('='))
                        .map(|(k, v)| (k.to_string(), v.to_string()))
                        .collect()
                } else {
                    let (k, v) = rest.split_once(char::is_whitespace).unwrap_or((&rest, ""));
                    vec![(k.to_string(), v.trim().to_string())]
                };
                for (k, v) in pairs {
                    config.env.retain(|(n, _)| *n != k);
                    config.env.push((k.clone(), v.clone()));
                    work.vars.insert(k, v);
                }
                work.key = digest_of(&format!("{} ENV {rest}", work.key));
                empty(work, format!("ENV {rest}"));
            }
            "EXPOSE" => {
                for p in rest.split_whitespace() {
                    if let Ok(p) = p.split(['/', '-']).next().unwrap_or(p).parse::<u16>()
                        && !config.ports.contains(&p)
                    {
                        config.ports.push(p);
                    }
                }
                empty(
                    work,
                    format!("EXPOSE map[{}{}:{{}}]", rest, if rest.contains('/') { "" } else { "/tcp" }),
                );
            }
            "CMD" => {
                config.cmd = json_words(&rest).unwrap_or_else(|| shell_form(&work.shell, &rest));
                work.has_cmd = true;
                empty(work, format!("CMD {rest}"));
            }
            "ENTRYPOINT" => {
                config.entrypoint = json_words(&rest).unwrap_or_else(|| shell_form(&work.shell, &rest));
                if !work.has_cmd {
                    config.cmd.clear();
                }
                empty(work, format!("ENTRYPOINT {rest}"));
            }
            "SHELL" => {
                work.shell = json_words(&rest).filter(|w| !w.is_empty()).unwrap_or_else(|| work.shell.clone())
            }
            "USER" => {
                config.user.clone_from(&rest);
                config.uid = user_id(&work.template.tree, &rest).unwrap_or(1000);
                work.key = digest_of(&format!("{} USER {rest}", work.key));
                empty(work, format!("USER {rest}"));
            }
            "LABEL" => {
                for w in words(&rest) {
                    let (k, v) = w.split_once('=').unwrap_or((&w, ""));
                    config.labels.retain(|(n, _)| n != k);
                    config.labels.push((k.to_string(), v.to_string()));
                }
                empty(work, format!("LABEL {rest}"));
            }
            "VOLUME" => {
                let list = json_words(&rest).unwrap_or_else(|| words(&rest));
                config.volumes.extend(list);
                empty(work, format!("VOLUME [{rest}]"));
            }
            "STOPSIGNAL" => config.stop_signal = rest.trim_start_matches("SIG").to_string(),
            "HEALTHCHECK" => {
                let command = rest.strip_prefix("CMD").unwrap_or(&rest).trim();
                config.health = match json_words(command) {
                    Some(w) => std::iter::once("CMD".to_string()).chain(w).collect(),
                    None if rest == "NONE" => vec!["NONE".into()],
                    None => vec!["CMD-SHELL".into(), command.to_string()],
                };
                empty(work, format!("HEALTHCHECK {rest}"));
            }
            _ => {}
        }
        self.instruction += 1;
        None
    }

    /// Goes on with a running command. `Some(..)`: it has ended with this code.
    fn drive(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let Phase::Run { inside, until, .. } = &mut self.phase else { return Some(0) };
        let now = console.now();
        let mut world = World { now, volumes: &mut engine.trees };
        let mut code = None;
        for _ in 0..20 {
            match inside.run(SLICE_STEPS, &mut world) {
                Outcome::Exited(c) => {
                    code = Some(c);
                    break;
                }
                Outcome::Running => {
                    *until = Some(now + inside.slice_ms());
                    break;
                }
                Outcome::Blocked { until: next } => {
                    let asked = inside.take_net_requests();
                    if asked.is_empty() {
                        // A server that waits for requests would wait for ever.
                        *until = Some(next.map_or(now + 1000, |t| t.max(now + 1)));
                        break;
                    }
                    for (id, _) in asked {
                        inside.answer_net(id, NetAnswer::Failed { address: None, error: NetError::NoName });
                    }
                }
            }
        }
        let chunks = inside.attached_output();
        let mut text = String::new();
        for (_, bytes) in chunks {
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
        if let Phase::Run { line, .. } = &mut self.phase {
            line.push_str(&text);
            let mut whole: Vec<String> = Vec::new();
            while let Some((first, rest)) = line.split_once('\n') {
                whole.push(first.to_string());
                *line = rest.to_string();
            }
            if code.is_some() && !line.is_empty() {
                whole.push(std::mem::take(line));
            }
            for l in whole {
                self.wrote(&l, console);
            }
        }
        code
    }
}

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn is_step(i: &Instruction) -> bool {
    matches!(i.name.as_str(), "RUN" | "COPY" | "ADD" | "WORKDIR")
}

fn shell_form(shell: &[String], text: &str) -> Vec<String> {
    shell.iter().cloned().chain([text.to_string()]).collect()
}

impl Work {
    fn new(template: Template, layers: Vec<Layer>, key: String) -> Self {
        let vars = template.config.env.iter().cloned().collect();
        Self {
            template,
            layers,
            key,
            vars,
            args: BTreeMap::new(),
            shell: vec!["/bin/sh".into(), "-c".into()],
            has_cmd: false,
        }
    }
}

impl Job for Build {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        loop {
            match &mut self.phase {
                Phase::Reading(bytes) => match console.read() {
                    Input::Data(more) => bytes.extend(more),
                    Input::Wait => return None,
                    Input::End => {
                        self.source = String::from_utf8_lossy(bytes).into_owned();
                        self.phase = Phase::Go;
                        if let Some(code) = self.prepare(console) {
                            return Some(code);
                        }
                    }
                },
                Phase::Pause(until) => {
                    if console.now() < *until {
                        return None;
                    }
                    self.phase = Phase::Go;
                    if self.steps.last().is_some_and(|s| s.ended.is_none()) {
                        self.close(false, console);
                    }
                }
                Phase::Base { stage, until, image } => {
                    if console.now() < *until {
                        return None;
                    }
                    let (stage, image) = (*stage, image.clone());
                    self.fetch(stage, &image, engine, console);
                }
                Phase::Run { until, .. } => {
                    if until.is_some_and(|t| t > console.now()) {
                        return None;
                    }
                    let code = self.drive(engine, console)?;
                    let Phase::Run { inside, words, instruction, .. } =
                        std::mem::replace(&mut self.phase, Phase::Go)
                    else {
                        return Some(1);
                    };
                    if code != 0 {
                        let why = format!(
                            "process \"{}\" did not complete successfully: exit code: {code}",
                            words.join(" ")
                        );
                        return Some(self.fail(&why, console));
                    }
                    let used = inside.storage_used();
                    if let Some(work) = self.current.as_mut() {
                        let mut tree = inside.machine().fs.tree.clone();
                        tree.limit = None;
                        work.template.tree = tree;
                    }
                    let shown = if instruction.here.is_some() {
                        "RUN <<EOF".to_string()
                    } else {
                        format!("RUN {}", instruction.rest)
                    };
                    self.keep(&shown, used, engine, console);
                    self.instruction += 1;
                    self.phase = Phase::Pause(console.now() + STEP_MS);
                }
                Phase::Go => {
                    let ended = if self.current.is_none() {
                        self.enter(engine, console)
                    } else {
                        self.next(engine, console)
                    };
                    if ended.is_some() {
                        return ended;
                    }
                }
            }
        }
    }

    fn wakes_at(&self) -> Option<Time> {
        match &self.phase {
            Phase::Pause(t) => Some(*t),
            Phase::Base { until, .. } => Some(*until),
            Phase::Run { until, .. } => *until,
            _ => None,
        }
    }
}
