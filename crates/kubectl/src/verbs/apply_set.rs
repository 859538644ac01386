//! `kubectl apply --prune --applyset=`: a parent object remembers which kinds and namespaces a set spans, and its
//! members carry its id, so that what left the manifests is found again.
//!
//! Models `k8s.io/kubectl/pkg/cmd/apply` applyset.go and applyset_pruner.go (alpha: `KUBECTL_APPLYSET=true`).
//! Not modelled: the annotation that `contains-group-kinds` replaced.

use client::{Body, PatchType, Verb};
use objects::resources::{self, CUSTOMRESOURCEDEFINITIONS, Resource};
use objects::{Reason, Str, base64, value};
use ordered::BTreeSet;

use crate::error::{Error, Result, fail};
use crate::finder::{Info, group_kind};
use crate::flags::Args;
use crate::session::{DryRun, Kubectl, request, validation, write_options};

const TOOLING: &str = "applyset.kubernetes.io/tooling";
const TOOL: &str = "kubectl";
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";
const KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
const ID: &str = "applyset.kubernetes.io/id";
const PART_OF: &str = "applyset.kubernetes.io/part-of";
const IS_PARENT: &str = "applyset.kubernetes.io/is-parent-type";

/// A set, its parent, and what it spanned before and spans now.
pub(super) struct ApplySet<'a> {
    k: &'a Kubectl,
    args: &'a Args,
    dry: DryRun,
    parent: Resource,
    namespace: Str,
    name: String,
    id: String,
    kinds: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    new_kinds: BTreeSet<String>,
    new_namespaces: BTreeSet<String>,
}

impl<'a> ApplySet<'a> {
    /// The set that `--applyset` names; `None` without the flag.
    ///
    /// # Errors
    /// A parent that is none, flags that do not go together.
    pub(super) async fn of(k: &'a Kubectl, args: &'a Args, dry: DryRun) -> Result<Option<Self>> {
        let text = args.text("applyset");
        if !args.changed("applyset") || text.is_empty() {
            return Ok(None);
        }
        if k.io.env("KUBECTL_APPLYSET").is_none_or(|v| !v.eq_ignore_ascii_case("true")) {
            return Err(Error::text("unknown flag: --applyset\nSee 'kubectl apply --help' for usage."));
        }
        let (kind, name) = text.split_once('/').unwrap_or(("secrets", text));
        if name.is_empty() {
            return fail(format!("invalid parent reference {text:?}: name cannot be blank"));
        }
        let Ok(parent) = k.resource(kind).await else {
            let (plural, group) = kind.split_once('.').unwrap_or((kind, ""));
            return fail(format!(
                "invalid parent reference {text:?}: no matches for {group}/, Resource={plural}"
            ));
        };
        let named = parent.namespaced && k.enforce_namespace;
        let namespace = if named { k.namespace.clone() } else { Str::default() };
        let hex =
            crate::sha256::hex(format!("{name}.{namespace}.{}.{}", parent.kind, parent.group).as_bytes());
        let digest: Vec<u8> = (0..hex.len())
            .step_by(2)
            .filter_map(|i| u8::from_str_radix(hex.get(i..i + 2)?, 16).ok())
            .collect();
        let id = base64::encode(&digest).trim_end_matches('=').replace('+', "-").replace('/', "_");
        let none = BTreeSet::new;
        let set = Self {
            k,
            args,
            dry,
            name: name.to_owned(),
            id: format!("applyset-{id}-v1"),
            namespace,
            parent,
            kinds: none(),
            namespaces: none(),
            new_kinds: none(),
            new_namespaces: none(),
        };
        set.check().await?;
        Ok(Some(set))
    }

    async fn check(&self) -> Result<()> {
        if !self.args.is("prune") {
            return fail("--applyset requires --prune");
        }
        let mut wrong: Vec<String> = Vec::new();
        if self.parent.namespaced && self.namespace.is_empty() {
            wrong.push("namespace is required to use namespace-scoped ApplySet".into());
        }
        if !self.is_builtin() {
            let permitted = self.k.list(CUSTOMRESOURCEDEFINITIONS, "", IS_PARENT, "").await?;
            if !permitted.iter().any(|crd| crd.name() == self.parent.id.as_str()) {
                let p = &self.parent;
                wrong.push(format!(
                    "resource \"{}/{}, Resource={}\" is not permitted as an ApplySet parent",
                    p.group, p.version, p.plural
                ));
            }
        }
        match wrong.len() {
            0 => {}
            1 => return fail(wrong.remove(0)),
            _ => return fail(format!("[{}]", wrong.join(", "))),
        }
        for (given, flag) in [
            (self.args.is("all"), "all"),
            (!self.args.text("selector").is_empty(), "selector"),
            (!self.args.list("prune-allowlist").is_empty(), "prune-allowlist"),
        ] {
            if given {
                return fail(format!("--{flag} is incompatible with --applyset"));
            }
        }
        Ok(())
    }

    fn is_builtin(&self) -> bool {
        self.parent.group.is_empty() && matches!(self.parent.plural.as_str(), "secrets" | "configmaps")
    }

    /// `secrets./name`, quoted.
    fn shown(&self) -> String {
        format!("\"{}.{}/{}\"", self.parent.plural, self.parent.group, self.name)
    }

    /// Marks the objects as members.
    ///
    /// # Errors
    /// One that says already whose member it is.
    pub(super) fn label(&self, infos: &mut [Info]) -> Result<()> {
        for i in infos {
            if !i.object.labels()[PART_OF].is_null() {
                return fail(format!("ApplySet label \"{PART_OF}\" already set in input data"));
            }
            i.object.set_at(&["metadata", "labels", PART_OF], self.id.as_str());
        }
        Ok(())
    }

    /// Reads the parent and lets it span both what it spanned and what is applied now.
    ///
    /// # Errors
    /// A parent of somebody else, the server's refusal.
    pub(super) async fn begin(&mut self, infos: &[Info]) -> Result<()> {
        self.read().await?;
        for i in infos {
            self.new_kinds.insert(group_kind(&i.resource));
            if i.resource.namespaced && !i.namespace.is_empty() {
                self.new_namespaces.insert(i.namespace.to_string());
            }
        }
        let all = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.iter().chain(b.iter()).cloned().collect();
        self.write(&all(&self.kinds, &self.new_kinds), &all(&self.namespaces, &self.new_namespaces)).await
    }

    async fn read(&mut self) -> Result<()> {
        let shown = self.shown();
        let live = match self.k.get(&self.parent, &self.namespace, &self.name).await {
            Ok(live) => live,
            Err(e) if e.is_not_found() && self.is_builtin() => return Ok(()),
            Err(e) if e.is_not_found() => {
                return fail("custom resource ApplySet parents cannot be created automatically");
            }
            Err(e) => {
                return fail(format!("failed to fetch ApplySet parent object {shown}: {}", e.message()));
            }
        };
        let (labels, annotations) = (live.labels(), live.annotations());
        let tool = match annotations[TOOLING].as_str() {
            None => {
                return fail(format!(
                    "ApplySet parent object {shown} already exists and is missing required annotation \"{TOOLING}\""
                ));
            }
            Some(text) => text.rsplit_once('/').map_or(text, |(base, _)| base),
        };
        if tool != TOOL {
            return fail(format!(
                "ApplySet parent object {shown} already exists and is managed by tooling \"{tool}\" instead of \"{TOOL}\""
            ));
        }
        match labels[ID].as_str() {
            None => {
                return fail(format!(
                    "ApplySet parent object {shown} exists and does not have required label {ID}"
                ));
            }
            Some(other) if other != self.id => {
                return fail(format!(
                    "ApplySet parent object {shown} exists and has incorrect value for label \"{ID}\" (got: {other}, want: {})",
                    self.id
                ));
            }
            Some(_) => {}
        }
        let Some(kinds) = annotations[KINDS].as_str() else {
            return fail(format!(
                "parsing ApplySet annotation on {shown}: kubectl requires the \"{KINDS}\" annotation to be set on all ApplySet parent objects"
            ));
        };
        self.kinds.extend(kinds.split(',').filter(|t| !t.is_empty()).map(str::to_owned));
        let others = annotations[NAMESPACES].text().split(',').filter(|t| !t.is_empty()).map(str::to_owned);
        self.namespaces.extend(others);
        if !self.namespace.is_empty() {
            self.namespaces.insert(self.namespace.to_string());
        }
        Ok(())
    }

    async fn write(&self, kinds: &BTreeSet<String>, namespaces: &BTreeSet<String>) -> Result<()> {
        if self.dry == DryRun::Client {
            return Ok(());
        }
        let joined = |set: &BTreeSet<String>, but: &str| {
            set.iter().map(String::as_str).filter(|t| *t != but).collect::<Vec<_>>().join(",")
        };
        let p = &self.parent;
        let mut patch = value!({
            "apiVersion": (resources::api_version(&p.group, &p.version)), "kind": (p.kind.clone()),
            "metadata": {
                "name": (self.name.as_str()),
                "labels": {ID: (self.id.as_str())},
                "annotations": {
                    TOOLING: (format!("{TOOL}/{}", super::version::VERSION)),
                    KINDS: (joined(kinds, "")),
                    NAMESPACES: (joined(namespaces, &self.namespace)),
                },
            },
        });
        if !self.namespace.is_empty() {
            patch.set_at(&["metadata", "namespace"], self.namespace.clone());
        }
        let mut force = false;
        loop {
            let mut r = request(Verb::Patch, p, &self.namespace)
                .named(self.name.as_str())
                .patch(PatchType::Apply, Body::Object(patch.clone()));
            write_options(&mut r.options, "kubectl-applyset", validation(self.args)?, self.dry);
            r.options.force = force;
            match self.k.call(r).await {
                Ok(_) => return Ok(()),
                Err(e) if e.is(Reason::Conflict) && !force => force = true,
                Err(e) => return fail(format!("failed to update ApplySet: {}", e.message())),
            }
        }
    }

    /// Members that were not applied now, with their resources.
    ///
    /// # Errors
    /// A kind the server does not know any more, the server's refusal.
    pub(super) async fn leftovers(&self, uids: &[Str]) -> Result<Vec<Info>> {
        let mut out = Vec::new();
        for kind in self.kinds.iter() {
            let (name, group) = kind.split_once('.').unwrap_or((kind, ""));
            let resource = self.k.resource_of_group_kind(group, name).await.map_err(|e| {
                Error::text(format!(
                    "parsing ApplySet annotation on {}: could not find mapping for kind in \"{KINDS}\" annotation: {}",
                    self.shown(),
                    e.message()
                ))
            })?;
            let everywhere: BTreeSet<String> = [String::new()].into_iter().collect();
            let places = if resource.namespaced { &self.namespaces } else { &everywhere };
            for namespace in places.iter() {
                let members =
                    self.k.list(&resource, namespace, &format!("{PART_OF}={}", self.id), "").await?;
                out.extend(members.into_iter().filter(|o| !uids.iter().any(|u| u == o.uid())).map(
                    |object| Info {
                        resource: resource.clone(),
                        namespace: namespace.as_str().into(),
                        name: object.name().into(),
                        source: String::new(),
                        object,
                    },
                ));
            }
        }
        Ok(out)
    }

    /// Lets the parent span what was applied, and no more.
    ///
    /// # Errors
    /// The server's refusal.
    pub(super) async fn end(&self) -> Result<()> {
        self.write(&self.new_kinds, &self.new_namespaces).await.map_err(|e| {
            Error::text(format!("apply and prune succeeded, but ApplySet update failed: {}", e.message()))
        })
    }
}
