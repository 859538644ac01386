//! Instructions carried out, the layer each leaves, and the image in the end.

use super::context::{bytes_of, hash_of, merge, user_id};
use super::*;

impl Build {
    /// An instruction that makes a layer.
    pub(super) fn step(
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
    pub(super) fn keep(&mut self, command: &str, bytes: u64, engine: &mut Engine, console: &mut dyn Console) {
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
    pub(super) fn export(&mut self, engine: &mut Engine, console: &mut dyn Console) -> i32 {
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
            crate::docker::say(console, format!("{id}\n"));
        }
        0
    }
}
