//! `helm install`, `template` and `lint`.

use std::cell::RefCell;

use client::Request;
use clock::Rng;
use objects::{Value, yaml};

use super::{Done, Helm, check_name, get};
use crate::charts::{self, Chart, complete, enabled};
use crate::engine::{Facts, Library, Rendered, render, shown};
use crate::kube::{self, adopt, targets};
use crate::release::Release;
use crate::values::{coalesced, given};

/// Look-ups may lead to further ones; then it is enough.
const ROUNDS: usize = 5;

/// What to render: of which release, and whether the cluster is asked.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    pub(super) revision: i64,
    pub(super) upgrade: bool,
    pub(super) online: bool,
}

impl Helm {
    /// Reads a chart and runs its templates with the user's values.
    pub(super) async fn rendered(
        &self,
        chart: &mut Chart,
        user: &Value,
        plan: &Plan<'_>,
    ) -> Result<Rendered, String> {
        let values = coalesced(&chart.values, user);
        enabled(chart, &values);
        let values = complete(chart, &values);
        let facts = Facts {
            name: plan.name,
            namespace: &self.namespace,
            revision: plan.revision,
            upgrade: plan.upgrade,
            api_versions: self.api_versions(plan.online).await,
            now: self.now(),
        };
        let seed = plan
            .name
            .bytes()
            .fold(self.now().0 as u64, |h, b| h.wrapping_mul(0x0100_0000_01b3) ^ u64::from(b));
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            let library = Library {
                rng: RefCell::new(Rng::new(seed ^ plan.revision as u64)),
                now: facts.now,
                found: std::mem::take(&mut found),
                wanted: RefCell::default(),
            };
            let rendered = render(chart, &values, &facts, &library);
            let wanted = library.wanted.into_inner();
            found = library.found;
            if wanted.is_empty() || !plan.online {
                return rendered;
            }
            for w in wanted {
                let answer = self.look_up(&w).await;
                found.push((w, answer));
            }
        }
        Err("look-ups lead to ever new look-ups".into())
    }

    async fn look_up(&self, [api_version, kind, namespace, name]: &[String; 4]) -> Value {
        let Ok(resource) = self.k.resource_of_kind(api_version, kind).await else { return Value::map() };
        if name.is_empty() {
            let items = self.k.list(&resource, namespace, "", "").await.unwrap_or_default();
            return objects::value!({"items": (Value::List(items.into()))});
        }
        self.k.get(&resource, namespace, name).await.unwrap_or_else(|_| Value::map())
    }

    async fn api_versions(&self, online: bool) -> Vec<String> {
        let mut out: Vec<String> = self.args.list("api-versions");
        let all = if online { self.k.resources().await.ok() } else { None };
        let builtin = objects::resources::all();
        for r in all.as_deref().map_or(builtin, Vec::as_slice) {
            let version = r.api_version().to_string();
            let with_kind = format!("{version}/{}", r.kind);
            if !out.contains(&version) {
                out.push(version);
            }
            out.push(with_kind);
        }
        out
    }

    /// The name and the chart of `[NAME] CHART`.
    fn name_and_chart(&self, needs_name: bool) -> Result<(String, String), String> {
        match self.args.args.as_slice() {
            [name, chart] => Ok((name.clone(), chart.clone())),
            [chart] if self.args.is("generate-name") => {
                let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or("chart");
                Ok((format!("{base}-{}", self.now().0 / 1000), chart.clone()))
            }
            [chart] if !needs_name => Ok(("release-name".into(), chart.clone())),
            [_] => Err("INSTALLATION FAILED: must either provide a name or specify --generate-name".into()),
            [] => Err(format!(
                "\"{0}\" requires at least 1 argument\n\nUsage:  {0} [NAME] [CHART] [flags]",
                self.args.path
            )),
            more => {
                Err(format!("expected at most two arguments, unexpected arguments: {}", more[2..].join(", ")))
            }
        }
    }
}

pub(super) async fn template(helm: &Helm) -> Done {
    let (name, word) = helm.name_and_chart(false)?;
    check_name(&name)?;
    let mut chart = charts::load(helm.io.as_ref(), &charts::find(helm.io.as_ref(), &word)?)?;
    let user = given(&helm.args, helm.io.as_ref())?;
    let plan = Plan { name: &name, revision: 1, upgrade: helm.args.is("is-upgrade"), online: false };
    let rendered = helm.rendered(&mut chart, &user, &plan).await?;
    let only = helm.args.list("show-only");
    let mut out = String::new();
    if helm.args.is("include-crds") {
        for (path, text) in &chart.crds {
            out.push_str(&format!("---\n# Source: {}/{path}\n{}\n", chart.name(), text.trim_end()));
        }
    }
    let hooks = if helm.args.is("no-hooks") { &[][..] } else { &rendered.hooks };
    let mut matched = only.is_empty();
    for m in rendered.manifests.iter().chain(hooks) {
        let wanted = only.is_empty() || only.iter().any(|o| m.source.ends_with(&format!("/{o}")));
        if wanted {
            matched = true;
            out.push_str(&shown(m));
        }
    }
    if !matched {
        return Err(format!("could not find template {} in chart", only.join(", ")));
    }
    helm.out(&out);
    Ok(())
}

pub(super) fn lint(helm: &Helm) -> Done {
    let words = if helm.args.args.is_empty() { vec![".".to_owned()] } else { helm.args.args.clone() };
    let (mut bad, all) = (0, words.len());
    for word in words {
        helm.out(&format!("==> Linting {word}\n"));
        let chart = charts::find(helm.io.as_ref(), &word).and_then(|p| charts::load(helm.io.as_ref(), &p));
        let result = chart.and_then(|mut chart| {
            let user = given(&helm.args, helm.io.as_ref())?;
            let values = coalesced(&chart.values, &user);
            enabled(&mut chart, &values);
            let facts = Facts {
                name: "test-release",
                namespace: &helm.namespace,
                revision: 1,
                upgrade: false,
                api_versions: Vec::new(),
                now: helm.now(),
            };
            let library = Library {
                rng: RefCell::new(Rng::new(1)),
                now: facts.now,
                found: Vec::new(),
                wanted: RefCell::default(),
            };
            let values = complete(&chart, &values);
            render(&chart, &values, &facts, &library)?;
            Ok(chart)
        });
        match result {
            Ok(chart) if chart.meta["icon"].is_null() => {
                helm.out("[INFO] Chart.yaml: icon is recommended\n\n");
            }
            Ok(_) => helm.out("\n"),
            Err(why) => {
                bad += 1;
                helm.out(&format!("[ERROR] templates/: {why}\n\n"));
            }
        }
    }
    let summary = format!("{all} chart(s) linted, {bad} chart(s) failed");
    if bad > 0 {
        return Err(summary);
    }
    helm.out(&format!("{summary}\n"));
    Ok(())
}

pub(super) async fn run(helm: &Helm) -> Done {
    let (name, word) = helm.name_and_chart(true)?;
    install(helm, &name, &word).await.map_err(|why| format!("INSTALLATION FAILED: {why}"))
}

pub(super) async fn install(helm: &Helm, name: &str, word: &str) -> Done {
    check_name(name)?;
    let path = charts::find(helm.io.as_ref(), word)?;
    let mut chart = charts::load(helm.io.as_ref(), &path)?;
    let dry = !matches!(helm.args.text("dry-run"), "" | "none" | "false");
    // Asks whether there is a cluster at all, as helm does first.
    helm.k
        .call(Request::raw("/version"))
        .await
        .map_err(|e| format!("Kubernetes cluster unreachable: {}", e.message()))?;
    let before = helm.history_of(name).await?;
    let mut version = 1;
    if let Some(last) = before.last() {
        let gone = matches!(last.status(), "uninstalled" | "failed");
        if !(helm.args.is("replace") && gone) {
            return Err("cannot re-use a name that is still in use".into());
        }
        version = last.version() + 1;
    }
    let user = given(&helm.args, helm.io.as_ref())?;
    if !dry && !helm.args.is("skip-crds") {
        for (path, text) in &chart.crds {
            for d in yaml::load_stream(text).documents {
                let all = targets(&helm.k, &[d.value], &helm.namespace).await?;
                for t in &all {
                    if helm.k.get(&t.resource, "", t.object.name()).await.is_err() {
                        kube::create(&helm.k, t)
                            .await
                            .map_err(|why| format!("failed to install CRD {path}: {why}"))?;
                    }
                }
            }
        }
    }
    let plan = Plan { name, revision: version, upgrade: false, online: true };
    let rendered = helm.rendered(&mut chart, &user, &plan).await?;
    let mut release = Release::new(name, &helm.namespace, version, &chart, &user, &rendered, helm.now());
    let mut objects: Vec<Value> = rendered.manifests.iter().map(|m| m.object.clone()).collect();
    for o in &mut objects {
        adopt(o, name, &helm.namespace);
    }
    let all = targets(&helm.k, &objects, &helm.namespace)
        .await
        .map_err(|why| format!("unable to build kubernetes objects from release manifest: {why}"))?;
    kube::check_owners(&helm.k, &all, name, &helm.namespace)
        .await
        .map_err(|why| format!("Unable to continue with install: {why}"))?;
    if dry {
        release.set_status("pending-install", "Dry run complete");
        helm.out(&get::described(&release, Some(&rendered)));
        return Ok(());
    }
    if helm.args.is("create-namespace") {
        kube::ensure_namespace(&helm.k, &helm.namespace).await?;
    }
    release.set_status("pending-install", "Initial install underway");
    release.store(&helm.k).await.map_err(|why| format!("create: failed to create: {why}"))?;
    let timeout = helm.args.millis("timeout");
    let hooked = !helm.args.is("no-hooks");
    let done = async {
        if hooked {
            kube::run_hooks(&helm.k, &rendered.hooks, "pre-install", &helm.namespace, timeout)
                .await
                .map_err(|why| format!("failed pre-install: {why}"))?;
        }
        for t in &all {
            kube::create(&helm.k, t).await?;
        }
        if helm.args.is("wait") {
            kube::wait(&helm.k, &all, timeout, helm.args.is("wait-for-jobs")).await?;
        }
        if hooked {
            kube::run_hooks(&helm.k, &rendered.hooks, "post-install", &helm.namespace, timeout)
                .await
                .map_err(|why| format!("failed post-install: {why}"))?;
        }
        Ok::<(), String>(())
    };
    if let Err(why) = done.await {
        release.set_status("failed", &format!("Release \"{name}\" failed: {why}"));
        release.store(&helm.k).await?;
        return Err(why);
    }
    let said = helm.args.text("description");
    release.set_status("deployed", if said.is_empty() { "Install complete" } else { said });
    release.store(&helm.k).await?;
    helm.out(&get::described(&release, None));
    Ok(())
}
