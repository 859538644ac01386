//! `docker build`: the stages of a Dockerfile carried out step by step, with a cache, told as BuildKit tells it.
//!
//! Models BuildKit's solver for one platform and its `tty` and `plain` progress. On a terminal the steps are printed when
//! the build has ended, since nothing is drawn over. Not modelled: steps at the same time, remote contexts, secrets.

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
use crate::engine::{CacheEntry, Engine, World};
use crate::text;

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

/// One line of the build's story.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    began: Time,
    ended: Option<Time>,
    cached: bool,
    failed: bool,
    /// What lies below it: text, and whether a time stands behind it.
    below: Vec<String>,
    /// What its command wrote.
    output: Vec<String>,
}

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

/// A context without what `.dockerignore` names.
fn filtered(root: &Node, ignore: &str) -> Node {
    let rules: Vec<(bool, String)> = ignore
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| match l.strip_prefix('!') {
            Some(l) => (false, l.trim_matches('/').trim_start_matches("./").to_string()),
            None => (true, l.trim_matches('/').trim_start_matches("./").to_string()),
        })
        .collect();
    if rules.is_empty() {
        return root.clone();
    }
    fn walk(node: &Node, path: &str, rules: &[(bool, String)]) -> Node {
        let Node::Dir(dir) = node else { return node.clone() };
        let mut kept = containers::fs::Dir { meta: dir.meta, entries: BTreeMap::new() };
        for (name, child) in &dir.entries {
            let full = if path.is_empty() { name.to_string() } else { format!("{path}/{name}") };
            let mut out = false;
            for (ignore, pattern) in rules {
                let tail = pattern.strip_prefix("**/").unwrap_or(pattern);
                let hit = Pattern::new(pattern).matches(&full)
                    || (tail != pattern && Pattern::new(tail).matches(name))
                    || full.starts_with(&format!("{pattern}/"));
                if hit {
                    out = *ignore;
                }
            }
            if !out {
                kept.entries.insert(name.clone(), walk(child, &full, rules));
            }
        }
        Node::Dir(Arc::new(kept))
    }
    walk(root, "", &rules)
}

fn bytes_of(node: &Node) -> u64 {
    match node {
        Node::Dir(d) => d.entries.values().map(bytes_of).sum(),
        other => other.len(),
    }
}

/// A number that follows from names, modes and contents.
fn hash_of(node: &Node, seed: u64) -> u64 {
    let mix = |h: u64, bytes: &[u8]| {
        bytes.iter().fold(h, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    match node {
        Node::Dir(d) => {
            d.entries.iter().fold(mix(seed, b"dir"), |h, (n, c)| hash_of(c, mix(h, n.as_bytes())))
        }
        Node::File(f) => {
            let h = mix(seed, &f.bytes);
            mix(mix(h, &f.len.to_le_bytes()), &f.meta.mode.to_le_bytes())
        }
        Node::Link(l) => mix(seed, l.target.as_bytes()),
        Node::Dev(..) => seed,
    }
}

/// Lays one tree over another.
fn merge(into: &mut containers::fs::Tree, path: &str, node: &Node, owner: Option<u32>, mode: Option<u16>) {
    match node {
        Node::Dir(d) => {
            if !matches!(into.node(&split(path)), Some(Node::Dir(_))) {
                into.put(path, Node::dir(0o755));
            }
            for (name, child) in &d.entries {
                merge(into, &format!("{}/{name}", path.trim_end_matches('/')), child, owner, mode);
            }
        }
        other => {
            let mut node = other.clone();
            if let Some(uid) = owner {
                (node.meta_mut().uid, node.meta_mut().gid) = (uid, uid);
            }
            if let Some(mode) = mode {
                node.meta_mut().mode = mode;
            }
            into.put(path, node);
        }
    }
}

fn user_id(tree: &containers::fs::Tree, name: &str) -> Option<u32> {
    let name = name.split(':').next().unwrap_or(name);
    if let Ok(n) = name.parse() {
        return Some(n);
    }
    let passwd = String::from_utf8_lossy(tree.file("/etc/passwd")?).into_owned();
    let line = passwd.lines().find(|l| l.split(':').next() == Some(name))?;
    line.split(':').nth(2)?.parse().ok()
}

impl Build {
    fn number(&self) -> usize {
        self.steps.len()
    }

    /// Begins a line of the story.
    fn open(&mut self, prefix: &str, name: &str, console: &mut dyn Console) {
        let name =
            if name.is_empty() { format!("{prefix}{}", self.file_name) } else { format!("{prefix}{name}") };
        let step = Step {
            name,
            began: console.now(),
            ended: None,
            cached: false,
            failed: false,
            below: Vec::new(),
            output: Vec::new(),
        };
        self.steps.push(step);
        if self.plain && !self.quiet {
            if self.number() == 1 {
                complain(console, "#0 building with \"default\" instance using docker driver\n\n");
            }
            let text = format!("#{} {}\n", self.number(), self.steps[self.number() - 1].name);
            complain(console, text);
        }
    }

    fn below(&mut self, text: &str, console: &mut dyn Console) {
        let n = self.number();
        if let Some(s) = self.steps.last_mut() {
            s.below.push(text.into());
        }
        if self.plain && !self.quiet {
            complain(console, format!("#{n} {text} done\n"));
        }
    }

    fn wrote(&mut self, line: &str, console: &mut dyn Console) {
        let n = self.number();
        let Some(s) = self.steps.last_mut() else { return };
        if s.output.len() < 1000 {
            s.output.push(line.into());
        }
        if self.plain && !self.quiet {
            let at = console.now().since(s.began) as f64 / 1000.0;
            complain(console, format!("#{n} {at:.3} {line}\n"));
        }
    }

    fn close(&mut self, cached: bool, console: &mut dyn Console) {
        let (n, now) = (self.number(), console.now());
        let Some(s) = self.steps.last_mut() else { return };
        s.ended = Some(now);
        s.cached = cached;
        if self.plain && !self.quiet {
            let took = now.since(s.began) as f64 / 1000.0;
            complain(
                console,
                if cached { format!("#{n} CACHED\n\n") } else { format!("#{n} DONE {took:.1}s\n\n") },
            );
        }
    }

    /// The steps as a terminal shows them in the end.
    fn picture(&mut self, console: &mut dyn Console, finished: bool) {
        if self.plain || self.quiet {
            return;
        }
        let now = console.now();
        let total = now.since(self.began) as f64 / 1000.0;
        let done = self.steps.iter().filter(|s| s.ended.is_some() && !s.failed).count();
        let word = if finished { " FINISHED" } else { "" };
        let head = format!("[+] Building {total:.1}s ({done}/{}){word}", self.steps.len());
        let mut out = format!("{head:<81}docker:default\n");
        for s in &self.steps {
            let took = s.ended.unwrap_or(now).since(s.began) as f64 / 1000.0;
            let mark = if s.failed {
                "ERROR "
            } else if s.cached {
                "CACHED "
            } else {
                ""
            };
            let text = text::cut(&format!(" => {mark}{}", s.name), 88);
            out.push_str(&format!("{text:<88} {took:>6.1}s\n"));
            for b in &s.below {
                let b = text::cut(&format!(" => => {b}"), 88);
                out.push_str(&format!("{b:<88} {:>6.1}s\n", 0.0));
            }
        }
        complain(console, out);
    }

    fn fail(&mut self, why: &str, console: &mut dyn Console) -> i32 {
        let n = self.number();
        if let Some(s) = self.steps.last_mut() {
            s.failed = true;
            s.ended = Some(console.now());
        }
        if self.plain && !self.quiet {
            complain(console, format!("#{n} ERROR: {why}\n"));
        }
        self.picture(console, true);
        if let Some(s) = self.steps.last().filter(|s| !s.name.starts_with("[internal]")) {
            let tail: Vec<&String> = s.output.iter().rev().take(10).collect();
            let text: String = tail.iter().rev().map(|l| format!("0.100 {l}\n")).collect();
            complain(console, format!("------\n > {}:\n{text}------\n", s.name));
        }
        if let Some((from, to)) = self.where_it_is() {
            complain(console, self.excerpt(from, to));
        }
        complain(console, format!("ERROR: failed to solve: {why}\n"));
        1
    }

    fn where_it_is(&self) -> Option<(usize, usize)> {
        let stage = self.file.stages.get(*self.plan.get(self.at)?)?;
        match self.current {
            Some(_) => stage.instructions.get(self.instruction).map(|i| i.lines),
            None => Some((stage.line, stage.line)),
        }
    }

    /// The lines around an instruction, it itself marked.
    fn excerpt(&self, from: usize, to: usize) -> String {
        let mut out = format!("{}:{from}\n--------------------\n", self.file_name);
        for (n, line) in self.source.lines().enumerate() {
            let n = n + 1;
            if n + 2 < from || n > to + 2 {
                continue;
            }
            let mark = if (from..=to).contains(&n) { ">>>" } else { "   " };
            out.push_str(&format!("{n:>4} | {mark} {line}\n"));
        }
        out.push_str("--------------------\n");
        out
    }

    /// Reads the Dockerfile and asks for its bases.
    fn prepare(&mut self, console: &mut dyn Console) -> Option<i32> {
        self.open("[internal] load build definition from ", "", console);
        self.below(&format!("transferring dockerfile: {}B", self.source.len() + 36), console);
        let file = match dockerfile::parse(&self.source) {
            Ok(f) if f.stages.len() <= STAGES_MAX => f,
            Ok(_) => return Some(self.fail("too many stages", console)),
            Err(why) => {
                let line = why
                    .strip_prefix("dockerfile parse error on line ")
                    .and_then(|r| r.split(':').next()?.parse().ok());
                let code = {
                    self.picture(console, true);
                    if let Some(n) = line {
                        complain(console, self.excerpt(n, n));
                    }
                    complain(console, format!("ERROR: failed to solve: {why}\n"));
                    1
                };
                return Some(code);
            }
        };
        self.close(false, console);
        let last = match self.args.value("target") {
            None => file.stages.len() - 1,
            Some(t) => {
                let by_name = file
                    .stages
                    .iter()
                    .position(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(t)));
                match by_name.or_else(|| t.parse().ok().filter(|n| *n < file.stages.len())) {
                    Some(n) => n,
                    None => {
                        return Some(self.fail(&format!("target stage \"{t}\" could not be found"), console));
                    }
                }
            }
        };
        self.file = file;
        self.plan = self.needed(last);
        None
    }

    /// The stages that the last one rests on, in order.
    fn needed(&self, last: usize) -> Vec<usize> {
        let mut wanted = vec![false; self.file.stages.len()];
        wanted[last] = true;
        for i in (0..=last).rev() {
            if !wanted[i] {
                continue;
            }
            let stage = &self.file.stages[i];
            let froms = stage
                .instructions
                .iter()
                .flat_map(|x| x.flags.iter())
                .filter(|(k, _)| k == "from")
                .map(|(_, v)| v.as_str());
            let all: Vec<usize> =
                froms.chain([stage.base.as_str()]).filter_map(|n| self.stage_called(n, i)).collect();
            for j in all {
                wanted[j] = true;
            }
        }
        (0..=last).filter(|i| wanted[*i]).collect()
    }

    /// The stage before `before` with this name or number.
    fn stage_called(&self, name: &str, before: usize) -> Option<usize> {
        let stages = &self.file.stages[..before];
        stages
            .iter()
            .position(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
            .or_else(|| name.parse().ok().filter(|n| *n < before))
    }

    fn global_args(&self) -> BTreeMap<String, String> {
        let mut vars = BTreeMap::new();
        for a in &self.file.args {
            for word in words(a) {
                let (k, v) = word.split_once('=').unwrap_or((&word, ""));
                let v = self.build_arg(k).unwrap_or_else(|| substitute(v, &vars));
                vars.insert(k.to_string(), v);
            }
        }
        vars
    }

    fn build_arg(&self, name: &str) -> Option<String> {
        let all = self.args.values("build-arg");
        all.iter()
            .rev()
            .filter_map(|a| a.split_once('='))
            .find(|(k, _)| *k == name)
            .map(|(_, v)| v.to_string())
    }

    /// `2/5`, with the stage's name when there are several.
    fn label(&self, stage: usize, n: usize) -> String {
        let s = &self.file.stages[stage];
        let total = 1 + s.instructions.iter().filter(|i| is_step(i)).count();
        if self.plan.len() == 1 {
            return format!("[{n}/{total}] ");
        }
        let name = s.name.clone().unwrap_or_else(|| format!("stage-{stage}"));
        format!("[{name} {n}/{total}] ")
    }

    /// Enters the next stage: its base from another stage, from here, or from a registry.
    fn enter(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        let stage = self.plan[self.at];
        let base = substitute(&self.file.stages[stage].base, &self.global_args());
        self.count = 1;
        self.instruction = 0;
        if let Some(j) = self.stage_called(&base, stage) {
            self.current = self.done.get(&j).cloned();
            return None;
        }
        if base == "scratch" {
            let template = Template {
                tree: containers::images::base::tree(containers::images::Base::Scratch),
                tag: String::new(),
                config: Config {
                    env: vec![("PATH".into(), PATH.into())],
                    workdir: "/".into(),
                    ..Config::default()
                },
                sh: Dialect::Ash,
                appetite: containers::images::PLAIN_APPETITE,
                known: true,
            };
            self.current = Some(Work::new(template, Vec::new(), "scratch".into()));
            return None;
        }
        let here = engine.image(&base);
        let full = containers::images::reference::parse(&base).map_or(base.clone(), |r| r.full());
        if !self.metadata.contains(&full) {
            self.metadata.push(full.clone());
            self.open("[internal] load metadata for ", &full, console);
        }
        let image = match here {
            Some(b) => b,
            None => match engine.look_up(&base, console.registry()) {
                Ok((_, b)) => b,
                Err(why) => {
                    let why = if why.contains("manifest unknown") {
                        format!("{base}: failed to resolve source metadata for {full}: {full}: not found")
                    } else if why.starts_with("invalid") {
                        format!("failed to parse stage name \"{base}\": {why}")
                    } else {
                        format!(
                            "{base}: failed to resolve source metadata for {full}: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed"
                        )
                    };
                    return Some(self.fail(&why, console));
                }
            },
        };
        let wait = if engine.image(&base).is_some() { 10 } else { ANSWER_MS };
        self.phase = Phase::Base { stage, until: console.now() + wait, image };
        None
    }

    /// The base's metadata is here: fetch its layers.
    fn fetch(&mut self, stage: usize, image: &Arc<Built>, engine: &mut Engine, console: &mut dyn Console) {
        if self.steps.last().is_some_and(|s| s.ended.is_none()) {
            self.close(false, console);
        }
        if self.steps.iter().all(|s| s.name != "[internal] load .dockerignore") {
            self.open("", "[internal] load .dockerignore", console);
            self.below("transferring context: 2B", console);
            self.close(false, console);
        }
        let base = substitute(&self.file.stages[stage].base, &self.global_args());
        let full = containers::images::reference::parse(&base).map_or(base, |r| r.full());
        let label = self.label(stage, 1);
        self.open(&label, &format!("FROM {full}@{}", image.manifest()), console);
        let missing: u64 =
            image.layers.iter().filter(|l| !engine.has_layer(&l.digest)).map(|l| l.bytes).sum();
        for l in image.layers.iter().filter(|l| !engine.has_layer(&l.digest)) {
            self.below(&format!("extracting {}", l.digest), console);
        }
        let work = Work::new(image.template.clone(), image.layers.clone(), image.id.clone());
        self.current = Some(work);
        // Kept without a name, so that its layers need not be fetched again.
        engine.images.entry(image.id.clone()).or_insert_with(|| image.clone());
        engine.tags.entry(full).or_insert_with(|| image.id.clone());
        self.phase = Phase::Pause(console.now() + (missing / BYTES_PER_MS) as i64);
    }

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
                empty(work, format!("EXPOSE map[{rest}:{{}}]"));
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

    /// An instruction that makes a layer.
    fn step(
        &mut self,
        one: &Instruction,
        rest: &str,
        engine: &mut Engine,
        console: &mut dyn Console,
    ) -> Option<i32> {
        let stage = self.plan[self.at];
        self.count += 1;
        let label = self.label(stage, self.count);
        let copies = matches!(one.name.as_str(), "COPY" | "ADD");
        let from_context = copies && one.flags.iter().all(|(k, _)| k != "from");
        if from_context && self.steps.iter().all(|s| s.name != "[internal] load build context") {
            self.open("", "[internal] load build context", console);
            let size = text::size(self.context_bytes);
            self.below(&format!("transferring context: {size}"), console);
            self.close(false, console);
        }
        let flags: String = one.flags.iter().map(|(k, v)| format!("--{k}={v} ")).collect();
        let shown = if one.here.is_some() {
            format!("{} {flags}<<EOF", one.name)
        } else {
            format!("{} {flags}{rest}", one.name)
        };
        self.open(&label, &shown, console);
        let found = if copies { Some(self.sources(one, rest, engine, console)) } else { None };
        let found = match found {
            Some(Err(why)) => return Some(self.fail(&why, console)),
            Some(Ok(f)) => Some(f),
            None => None,
        };
        let work = self.current.as_mut()?;
        let mut content = 0xcbf2_9ce4_8422_2325;
        for (name, node, _) in found.iter().flat_map(|f| &f.0) {
            content = hash_of(
                node,
                name.bytes().fold(content, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)),
            );
        }
        let args: String = work.args.iter().map(|(k, v)| format!("{k}={v};")).collect();
        let args = if one.name == "RUN" { args } else { String::new() };
        let key = digest_of(&format!(
            "{} {shown} {} {args} {content:x}",
            work.key,
            one.here.as_deref().unwrap_or("")
        ));
        let cached = if self.args.has("no-cache") { None } else { engine.cache.get(&key).cloned() };
        work.key.clone_from(&key);
        if let Some(entry) = cached {
            work.template.tree = entry.image.template.tree.clone();
            work.template.config.workdir.clone_from(&entry.image.template.config.workdir);
            work.layers.extend(entry.image.layers.last().cloned());
            self.close(true, console);
            self.instruction += 1;
            return None;
        }
        if let Some((nodes, target)) = found {
            let owner = one
                .flags
                .iter()
                .find(|(k, _)| k == "chown")
                .and_then(|(_, v)| user_id(&work.template.tree, v));
            let mode = one
                .flags
                .iter()
                .find(|(k, _)| k == "chmod")
                .and_then(|(_, v)| u16::from_str_radix(v, 8).ok());
            let bytes: u64 = nodes.iter().map(|(_, n, _)| bytes_of(n)).sum();
            for (path, node, _) in &nodes {
                merge(&mut work.template.tree, path, node, owner, mode);
            }
            let _ = target;
            self.keep(&shown, bytes, engine, console);
            self.close(false, console);
            self.instruction += 1;
            self.phase = Phase::Pause(console.now() + 20);
            return None;
        }
        if one.name == "WORKDIR" {
            let dir = clean(&join(&work.template.config.workdir, rest));
            if work.template.tree.node(&split(&dir)).is_none() {
                work.template.tree.put(&dir, Node::dir(0o755));
            }
            work.template.config.workdir = dir;
            self.keep(&shown, 0, engine, console);
            self.close(false, console);
            self.instruction += 1;
            self.phase = Phase::Pause(console.now() + 20);
            return None;
        }
        let argv = match (&one.here, json_words(rest)) {
            (Some(script), _) => shell_form(&work.shell, script),
            (None, Some(w)) => w,
            (None, None) => shell_form(&work.shell, rest),
        };
        let spec = Spec {
            command: Some(argv.clone()),
            args: Some(Vec::new()),
            env: work.args.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            hostname: "buildkitsandbox".into(),
            seed: engine.rng.next_u64(),
            ..Spec::default()
        };
        let mut world = World { now: console.now(), volumes: &mut engine.trees };
        match Inside::start_from(&work.template, &spec, &mut world) {
            Ok(mut inside) => {
                inside.attach();
                self.phase = Phase::Run {
                    inside: Box::new(inside),
                    until: None,
                    line: String::new(),
                    words: argv,
                    instruction: one.clone(),
                };
                None
            }
            Err(e) => {
                let why = e
                    .message
                    .rsplit("unable to start container process: ")
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(": unknown");
                let text = format!(
                    "runc run failed: unable to start container process: error during container init: {why}"
                );
                self.wrote(&text, console);
                Some(self.fail(
                    &format!("process \"{}\" did not complete successfully: exit code: 127", argv.join(" ")),
                    console,
                ))
            }
        }
    }

    /// What `COPY` and `ADD` bring: target paths and nodes.
    #[allow(clippy::type_complexity, reason = "a list of three things used in one place")]
    fn sources(
        &self,
        one: &Instruction,
        rest: &str,
        engine: &mut Engine,
        console: &mut dyn Console,
    ) -> Result<(Vec<(String, Node, bool)>, String), String> {
        let work = self.current.as_ref().ok_or("no stage")?;
        let list = json_words(rest).unwrap_or_else(|| words(rest));
        let Some((target, sources)) = list.split_last() else {
            return Err("COPY requires at least two arguments".into());
        };
        let base = clean(&join(&work.template.config.workdir, target));
        let from = one.flags.iter().find(|(k, _)| k == "from").map(|(_, v)| v.as_str());
        let root: Node = match from {
            None => self.context.clone(),
            Some(name) => {
                let stage = self.stage_called(name, self.plan[self.at]);
                match stage.and_then(|j| self.done.get(&j)) {
                    Some(w) => w.template.tree.root.clone(),
                    None => match engine.image(name) {
                        Some(b) => b.template.tree.root.clone(),
                        None => engine
                            .look_up(name, console.registry())
                            .map(|(_, b)| b.template.tree.root.clone())
                            .map_err(|_| {
                                format!("{name}: failed to resolve source metadata for {name}: not found")
                            })?,
                    },
                }
            }
        };
        let tree = containers::fs::Tree::with_root(root);
        if let Some(text) = &one.here {
            return Ok((vec![(base.clone(), Node::file(text.as_bytes(), 0o644), false)], base));
        }
        let into_dir = target.ends_with('/')
            || sources.len() > 1
            || matches!(work.template.tree.node(&split(&base)), Some(Node::Dir(_)));
        let mut found = Vec::new();
        for source in sources {
            if source.contains("://") {
                let host = source.split('/').nth(2).unwrap_or_default();
                return Err(format!(
                    "failed to load cache key: Get \"{source}\": dial tcp: lookup {host}: no such host"
                ));
            }
            let path = clean(source);
            let parts = split(&path);
            let has_glob = parts.last().is_some_and(|p| p.contains(['*', '?', '[']));
            let mut hits: Vec<(String, Node)> = Vec::new();
            if has_glob && let Some((last, above)) = parts.split_last() {
                if let Some(Node::Dir(d)) = tree.node(above) {
                    let pattern = Pattern::new(last);
                    hits.extend(
                        d.entries
                            .iter()
                            .filter(|(n, _)| pattern.matches(n))
                            .map(|(n, c)| (n.to_string(), c.clone())),
                    );
                }
            } else if let Some(node) = tree.node(&parts) {
                hits.push((parts.last().map_or(String::new(), ToString::to_string), node.clone()));
            }
            if hits.is_empty() {
                let checksum =
                    digest_of(&path).trim_start_matches("sha256:").chars().take(25).collect::<String>();
                let shown = if path == "/" { "/".to_string() } else { path };
                return Err(format!(
                    "failed to compute cache key: failed to calculate checksum of ref {checksum}::{checksum}: \"{shown}\": not found"
                ));
            }
            let several = hits.len() > 1 || into_dir;
            for (name, node) in hits {
                let is_dir = node.is_dir();
                let path = if is_dir || !several {
                    base.clone()
                } else {
                    format!("{}/{name}", base.trim_end_matches('/'))
                };
                found.push((path, node, is_dir));
            }
        }
        Ok((found, base))
    }

    /// A layer is done: kept in the cache.
    fn keep(&mut self, command: &str, bytes: u64, engine: &mut Engine, console: &mut dyn Console) {
        let Some(work) = self.current.as_mut() else { return };
        let command = match command.strip_prefix("RUN ") {
            Some(c) => format!("RUN /bin/sh -c {c} # buildkit"),
            None => format!("{command} # buildkit"),
        };
        work.template.tree.used = 0;
        work.layers.push(Layer {
            digest: digest_of(&work.key),
            bytes,
            command,
            empty: false,
            created: console.now(),
        });
        let image = Built {
            id: work.key.clone(),
            template: work.template.clone(),
            layers: work.layers.clone(),
            created: console.now(),
        };
        engine.cache.insert(work.key.clone(), CacheEntry { image: Arc::new(image) });
    }

    /// Names the result.
    fn export(&mut self, engine: &mut Engine, console: &mut dyn Console) -> i32 {
        let last = self.plan[self.plan.len() - 1];
        let Some(mut work) = self.done.remove(&last) else { return 1 };
        for l in self.args.values("label") {
            let (k, v) = l.split_once('=').unwrap_or((l, ""));
            work.template.config.labels.push((k.to_string(), v.to_string()));
        }
        let c = &work.template.config;
        let id = digest_of(&format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?}",
            work.key, c.cmd, c.entrypoint, c.ports, c.labels, c.user, c.volumes
        ));
        // The same instructions over the same files give the same image, and it keeps its first date.
        let created = engine.images.get(&id).map_or(console.now(), |b| b.created);
        work.template.known = true;
        let image = Arc::new(Built { id: id.clone(), template: work.template, layers: work.layers, created });
        self.open("", "exporting to image", console);
        self.below("exporting layers", console);
        self.below(&format!("writing image {id}"), console);
        engine.images.entry(id.clone()).or_insert_with(|| image.clone());
        let tags: Vec<String> = self.args.values("tag").iter().map(|t| (*t).to_string()).collect();
        for tag in tags {
            if let Ok(r) = containers::images::reference::parse(&tag) {
                engine.keep_image(&r.full(), image.clone());
                self.below(&format!("naming to {}", r.full()), console);
            }
        }
        self.close(false, console);
        self.picture(console, true);
        if self.quiet {
            super::say(console, format!("{id}\n"));
        }
        0
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
