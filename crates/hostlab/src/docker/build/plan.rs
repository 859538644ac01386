//! Which stages are built, in what order, and what they begin with.

use super::*;

impl Build {
    /// Reads the Dockerfile and asks for its bases.
    pub(super) fn prepare(&mut self, console: &mut dyn Console) -> Option<i32> {
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
    pub(super) fn stage_called(&self, name: &str, before: usize) -> Option<usize> {
        let stages = &self.file.stages[..before];
        stages
            .iter()
            .position(|s| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
            .or_else(|| name.parse().ok().filter(|n| *n < before))
    }

    pub(super) fn global_args(&self) -> BTreeMap<String, String> {
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

    pub(super) fn build_arg(&self, name: &str) -> Option<String> {
        let all = self.args.values("build-arg");
        all.iter()
            .rev()
            .filter_map(|a| a.split_once('='))
            .find(|(k, _)| *k == name)
            .map(|(_, v)| v.to_string())
    }

    /// `2/5`, with the stage's name when there are several.
    pub(super) fn label(&self, stage: usize, n: usize) -> String {
        let s = &self.file.stages[stage];
        let total = 1 + s.instructions.iter().filter(|i| is_step(i)).count();
        if self.plan.len() == 1 {
            return format!("[{n}/{total}] ");
        }
        let name = s.name.clone().unwrap_or_else(|| format!("stage-{stage}"));
        format!("[{name} {n}/{total}] ")
    }

    /// Enters the next stage: its base from another stage, from here, or from a registry.
    pub(super) fn enter(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
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
    pub(super) fn fetch(
        &mut self,
        stage: usize,
        image: &Arc<Built>,
        engine: &mut Engine,
        console: &mut dyn Console,
    ) {
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
}
