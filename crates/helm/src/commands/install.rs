//! `helm install` and `template`.

use objects::{Value, yaml};

use super::uninstall::uninstalled;
use super::{Done, Helm, check_name, dependency, get};
use crate::KUBE;
use crate::charts::{self, Chart, check_dependencies, complete, enabled};
use crate::engine::{Facts, Library, Rendered, render, shown};
use crate::hooks::{self, Picked};
use crate::kube::{self, adopt, targets};
use crate::release::Release;
use crate::values::{coalesced, given};

/// Look-ups may lead to further ones; then it is enough.
const ROUNDS: usize = 5;

/// What to render: of which release, and what the cluster is asked.
pub(super) struct Plan<'a> {
    pub(super) name: &'a str,
    pub(super) revision: i64,
    pub(super) upgrade: bool,
    /// The cluster's API versions count.
    pub(super) online: bool,
    /// `lookup` finds something.
    pub(super) looks_up: bool,
}

impl Helm {
    /// The chart that a word names, with what it depends on.
    pub(super) fn chart(&self, word: &str) -> Result<Chart, String> {
        let path = charts::find(self.io.as_ref(), word)?;
        let wanted = self.args.text("version");
        let mut chart = charts::load(self.io.as_ref(), &path)?;
        if word.starts_with("wheelhouse/")
            && !wanted.is_empty()
            && !crate::sprig::semver(wanted, chart.meta["version"].text())
        {
            let name = chart.name();
            return Err(format!(
                "chart \"{name}\" matching {wanted} not found in wheelhouse index. (try 'helm repo update'): no chart version found for {name}-{wanted}"
            ));
        }
        if check_dependencies(&chart).is_err() && self.args.is("dependency-update") {
            dependency::fetch(self, &path)?;
            chart = charts::load(self.io.as_ref(), &path)?;
        }
        check_dependencies(&chart)?;
        match chart.meta["type"].text() {
            "" | "application" => {}
            other => return Err(format!("{other} charts are not installable")),
        }
        if chart.meta["deprecated"].is_true() {
            self.warn("WARNING: This chart is deprecated\n");
        }
        Ok(chart)
    }

    /// Runs a chart's templates with the user's values.
    pub(super) async fn rendered(
        &self,
        chart: &mut Chart,
        user: &Value,
        plan: &Plan<'_>,
    ) -> Result<Rendered, String> {
        let values = coalesced(&chart.values, user);
        enabled(chart, &values);
        let values = complete(chart, &coalesced(&chart.values, user));
        let kube = self.args.text("kube-version");
        let facts = Facts {
            name: plan.name,
            namespace: &self.namespace,
            revision: plan.revision,
            upgrade: plan.upgrade,
            api_versions: self.api_versions(plan.online).await,
            kube: if kube.is_empty() {
                KUBE.to_owned()
            } else {
                format!("v{}", kube.trim_start_matches('v'))
            },
            now: self.now(),
        };
        if let wanted @ [_, ..] = chart.meta["kubeVersion"].text().as_bytes() {
            let wanted = String::from_utf8_lossy(wanted);
            if !crate::sprig::semver(&wanted, &facts.kube) {
                return Err(format!(
                    "chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {}",
                    facts.kube
                ));
            }
        }
        let seed = plan
            .name
            .bytes()
            .fold(self.now().0 as u64, |h, b| h.wrapping_mul(0x0100_0000_01b3) ^ u64::from(b));
        let mut found = Vec::new();
        for _ in 0..ROUNDS {
            let mut library = Library::new(seed ^ plan.revision as u64, facts.now);
            library.found = std::mem::take(&mut found);
            let mut rendered = render(chart, &values, &facts, &library);
            if let (Ok(r), true) = (&mut rendered, self.args.is("render-subchart-notes")) {
                let below = std::mem::take(&mut r.notes_below);
                r.notes =
                    [&r.notes].into_iter().chain(&below).map(String::as_str).collect::<Vec<_>>().join("\n");
            }
            let wanted = library.wanted.into_inner();
            found = library.found;
            if wanted.is_empty() || !plan.looks_up {
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
    fn name_and_chart(&self, default: &str) -> Result<(String, String), String> {
        let args = &self.args;
        match args.args.as_slice() {
            [_, _] if args.is("generate-name") => {
                Err("cannot set --generate-name and also specify a name".into())
            }
            [_, _] if !args.text("name-template").is_empty() => {
                Err("cannot set --name-template and also specify a name".into())
            }
            [name, chart] => Ok((name.clone(), chart.clone())),
            [chart] if !args.text("name-template").is_empty() => {
                let library = Library::new(self.now().0 as u64, self.now());
                let mut set = kubectl::printers::go_template::Set::default();
                set.add("name-template", args.text("name-template"), &library)?;
                Ok((set.render("name-template", &Value::map(), &library)?, chart.clone()))
            }
            [chart] if !default.is_empty() => Ok((default.to_owned(), chart.clone())),
            [chart] if args.is("generate-name") => {
                let base = chart.trim_end_matches('/').rsplit('/').next().unwrap_or("chart");
                let base = if base == "." || base.is_empty() { "chart" } else { base };
                Ok((format!("{base}-{}", self.now().0 / 1000), chart.clone()))
            }
            [_] => Err("must either provide a name or specify --generate-name".into()),
            more => Err(format!(
                "expected at most two arguments, unexpected arguments: {}",
                more.get(2..).unwrap_or_default().join(", ")
            )),
        }
    }
}

fn valid(name: &str) -> Done {
    check_name(name).map_err(|_| {
        format!("release name \"{name}\": invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53")
    })
}

pub(super) async fn template(helm: &Helm) -> Done {
    let (name, word) = helm.name_and_chart("release-name")?;
    valid(&name)?;
    let mut chart = helm.chart(&word)?;
    let user = given(&helm.args, helm.io.as_ref())?;
    let asks = helm.args.is("validate") || helm.args.text("dry-run") == "server";
    let plan =
        Plan { name: &name, revision: 1, upgrade: helm.args.is("is-upgrade"), online: asks, looks_up: asks };
    let rendered = helm
        .rendered(&mut chart, &user, &plan)
        .await
        .map_err(|why| format!("{why}\n\nUse --debug flag to render out invalid YAML"))?;
    let only = helm.args.list("show-only");
    let mut parts: Vec<(String, String)> = Vec::new();
    if helm.args.is("include-crds") && !helm.args.is("skip-crds") {
        parts.extend(crds(&chart, chart.name()));
    }
    let hooks: &[_] = if helm.args.is("no-hooks") { &[] } else { &rendered.hooks };
    let is_test =
        |m: &crate::engine::Manifest| m.object.annotations()["helm.sh/hook"].text().contains("test");
    let hooks = hooks.iter().filter(|h| !(helm.args.is("skip-tests") && is_test(h)));
    parts.extend(rendered.manifests.iter().chain(hooks).map(|m| (m.source.clone(), shown(m))));
    for o in &only {
        let wanted = o.trim_start_matches("./");
        let fits = |source: &String| source.split_once('/').is_some_and(|(_, path)| path == wanted);
        if !parts.iter().any(|(source, _)| fits(source)) {
            return Err(format!("could not find template {o} in chart"));
        }
    }
    let wanted = |source: &str| {
        let path = source.split_once('/').map_or(source, |(_, path)| path);
        only.is_empty() || only.iter().any(|o| o.trim_start_matches("./") == path)
    };
    parts.retain(|(source, _)| wanted(source));
    let directory = helm.args.text("output-dir");
    if directory.is_empty() {
        helm.out(&parts.iter().map(|(_, text)| text.as_str()).collect::<String>());
        return Ok(());
    }
    let mut written: Vec<(String, String)> = Vec::new();
    for (source, text) in parts {
        match written.iter_mut().find(|(path, _)| *path == source) {
            Some((_, all)) => all.push_str(&text),
            None => written.push((source, text)),
        }
    }
    for (source, text) in written {
        let path = format!("{}/{source}", directory.trim_end_matches('/'));
        helm.io.write(&path, text.as_bytes()).map_err(|e| format!("open {path}: {}", e.text()))?;
        helm.out(&format!("wrote {path}\n"));
    }
    Ok(())
}

/// The CRDs of a chart and of those in it: where they lie, and their text as it is shown.
fn crds(chart: &Chart, path: &str) -> Vec<(String, String)> {
    let own = chart.crds.iter().map(|(file, text)| {
        let source = format!("{path}/{file}");
        let shown = format!("---\n# Source: {source}\n{}\n", text.trim_end());
        (source, shown)
    });
    let mut all: Vec<(String, String)> = own.collect();
    for child in &chart.children {
        all.extend(crds(child, &format!("{path}/charts/{}", child.name())));
    }
    all
}

pub(super) async fn run(helm: &Helm) -> Done {
    let done = async {
        let (name, word) = helm.name_and_chart("")?;
        install(helm, &name, &word, helm.args.is("replace")).await
    };
    done.await.map_err(|why| format!("INSTALLATION FAILED: {why}"))
}

/// Makes what a chart's `crds` folder holds, where it is not there yet.
async fn install_crds(helm: &Helm, chart: &Chart) -> Done {
    for (path, text) in crds(chart, chart.name()) {
        for d in yaml::load_stream(&text).documents {
            for t in &targets(&helm.k, &[d.value], &helm.namespace).await? {
                if helm.k.get(&t.resource, "", t.object.name()).await.is_err() {
                    let done = kube::create(&helm.k, t).await;
                    done.map_err(|why| format!("failed to install CRD {path}: {why}"))?;
                }
            }
        }
    }
    helm.k.discover().await.map(|_| ()).map_err(|e| e.message())
}

/// `replace`: a name that failed or was removed may be used again.
pub(super) async fn install(helm: &Helm, name: &str, word: &str, replace: bool) -> Done {
    let mut chart = helm.chart(word)?;
    let user = given(&helm.args, helm.io.as_ref())?;
    let dry = helm.is_dry();
    helm.reachable().await?;
    valid(name)?;
    let mut before = helm.history_of(name).await?;
    let mut version = 1;
    if let Some(last) = before.last() {
        let gone = matches!(last.status(), "uninstalled" | "failed");
        if !(dry || replace && gone) {
            return Err("cannot re-use a name that is still in use".into());
        }
        version = last.version() + 1;
    }
    let values = coalesced(&chart.values, &user);
    enabled(&mut chart, &values);
    if !dry && !helm.args.is("skip-crds") && !crds(&chart, chart.name()).is_empty() {
        install_crds(helm, &chart).await?;
    }
    let looks_up = !dry || helm.args.text("dry-run") == "server";
    let plan = Plan { name, revision: version, upgrade: false, online: true, looks_up };
    let rendered = helm.rendered(&mut chart, &user, &plan).await?;
    let mut release = Release::new(name, &helm.namespace, version, &chart, &user, &rendered, helm.now());
    release.label(&helm.args.list("labels"));
    let mut objects: Vec<Value> = rendered.manifests.iter().map(|m| m.object.clone()).collect();
    for o in &mut objects {
        adopt(o, name, &helm.namespace);
    }
    let all = targets(&helm.k, &objects, &helm.namespace)
        .await
        .map_err(|why| format!("unable to build kubernetes objects from release manifest: {why}"))?;
    if !helm.args.is("take-ownership") {
        kube::check_owners(&helm.k, &all, name, &helm.namespace)
            .await
            .map_err(|why| format!("Unable to continue with install: {why}"))?;
    }
    if dry {
        release.set_status("pending-install", "Dry run complete");
        return get::shown(helm, &release);
    }
    if helm.args.is("create-namespace") {
        kube::ensure_namespace(&helm.k, &helm.namespace).await?;
    }
    if let Some(last) = before.last_mut() {
        let said = last.body["info"]["description"].to_str();
        last.set_status("superseded", &said);
        last.store(&helm.k).await?;
    }
    release.set_status("pending-install", "Initial install underway");
    release.store(&helm.k).await.map_err(|why| format!("create: failed to create: {why}"))?;
    if let Err(why) = brought(helm, &mut release, &all).await {
        release.set_status("failed", &format!("Release \"{name}\" failed: {why}"));
        if helm.is_atomic() {
            release.store(&helm.k).await?;
            uninstalled(helm, name).await.map_err(|e| {
                format!(
                    "an error occurred while uninstalling the release. original install error: {why}: {e}"
                )
            })?;
            return Err(format!(
                "release {name} failed, and has been uninstalled due to atomic being set: {why}"
            ));
        }
        release.store(&helm.k).await?;
        return Err(why);
    }
    let said = helm.args.text("description");
    release.set_status("deployed", if said.is_empty() { "Install complete" } else { said });
    release.store(&helm.k).await?;
    get::shown(helm, &release)
}

/// Brings a new release into the cluster, with its hooks around it.
async fn brought(helm: &Helm, release: &mut Release, all: &[kube::Target]) -> Done {
    let timeout = helm.args.millis("timeout");
    let hooked = !helm.args.is("no-hooks");
    if hooked {
        let done = hooks::run(&helm.k, release, &Picked::all("pre-install"), timeout).await;
        done.map_err(|why| format!("failed pre-install: {why}"))?;
    }
    // What somebody hands over is brought to the release's form.
    if helm.args.is("take-ownership") {
        kube::update(&helm.k, &[], all, &mut Vec::new()).await?;
    } else {
        let mut failed = Vec::new();
        for t in all {
            match kube::create(&helm.k, t).await {
                // The release's own from before.
                Err(_) if helm.k.get(&t.resource, &t.namespace, t.object.name()).await.is_ok() => {
                    kube::update(&helm.k, &[], std::slice::from_ref(t), &mut Vec::new()).await?;
                }
                done => failed.extend(done.err()),
            }
        }
        if !failed.is_empty() {
            return Err(kube::all_of(&failed));
        }
    }
    if helm.waits() {
        kube::wait(&helm.k, all, timeout, helm.args.is("wait-for-jobs")).await?;
    }
    if hooked {
        let done = hooks::run(&helm.k, release, &Picked::all("post-install"), timeout).await;
        done.map_err(|why| format!("failed post-install: {why}"))?;
    }
    Ok(())
}
