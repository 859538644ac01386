//! From what a learner types (`po`, `deploy`, `Deployment.apps`) to the resource meant.
//!
//! Owns: look-ups by name, kind and category. Built-in resources are known; custom ones are asked of the server's
//! discovery, and what it said is remembered between runs until a name is not found, as kubectl's cache does.
//! Models `k8s.io/client-go/restmapper` and `k8s.io/client-go/discovery/cached`.

use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;

use client::Request;
use objects::resources::{self, Resource, Subresource};
use objects::{Str, Value};

use crate::error::{Error, Result, fail};
use crate::io::DiscoveryCache;
use crate::session::Kubectl;

pub struct Mapper {
    cache: DiscoveryCache,
    /// Whose resources they are.
    server: String,
    fresh: Cell<bool>,
}

impl Mapper {
    #[must_use]
    pub fn new(cache: DiscoveryCache, server: String) -> Self {
        Self { cache, server, fresh: Cell::new(false) }
    }

    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }
}

impl Kubectl {
    /// Every resource of the server, built-in ones first, in discovery order.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn resources(&self) -> Result<Rc<Vec<Resource>>> {
        let cached = self.mapper.cache.borrow().get(&self.mapper.server).cloned();
        match cached {
            Some(all) => Ok(all),
            None => self.discover().await,
        }
    }

    /// Asks the server anew.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn discover(&self) -> Result<Rc<Vec<Resource>>> {
        let groups = self.call(Request::raw("/apis")).await?.object;
        let mut all = resources::all().to_vec();
        if groups.kind() == "APIGroupDiscoveryList" {
            for g in groups["items"].items() {
                let group = g.name();
                for v in g["versions"].items() {
                    for r in v["resources"].items() {
                        let found = aggregated(group, v["version"].text(), r);
                        if !all.iter().any(|x| {
                            x.group == found.group && x.plural == found.plural && x.version == found.version
                        }) {
                            all.push(found);
                        }
                    }
                }
            }
        } else {
            for g in groups["groups"].items() {
                let group = g["name"].text();
                if resources::all().iter().any(|r| r.group == group) {
                    continue;
                }
                for v in g["versions"].items() {
                    let path = format!("/apis/{}", v["groupVersion"].text());
                    let Ok(list) = self.call(Request::raw(path)).await else { continue };
                    plain(&list.object, &mut all);
                }
            }
        }
        let all = Rc::new(all);
        self.mapper.cache.borrow_mut().insert(self.mapper.server.clone(), all.clone());
        self.mapper.fresh.set(true);
        Ok(all)
    }

    async fn find(&self, wanted: &dyn Fn(&Resource) -> bool) -> Result<Option<Resource>> {
        if let Some(r) = resources::all().iter().find(|r| wanted(r)) {
            return Ok(Some(r.clone()));
        }
        let all = self.resources().await?;
        if let Some(r) = all.iter().find(|r| wanted(r)) {
            return Ok(Some(r.clone()));
        }
        if self.mapper.fresh.get() {
            return Ok(None);
        }
        let all = self.discover().await?;
        Ok(all.iter().find(|r| wanted(r)).cloned())
    }

    /// The resource an argument names: `pods`, `po`, `Pod`, `deployments.apps`, `deployments.v1.apps`.
    ///
    /// # Errors
    /// `the server doesn't have a resource type "podz"`
    pub async fn resource(&self, arg: &str) -> Result<Resource> {
        if arg.is_empty() {
            return fail("the server doesn't have a resource type \"\"");
        }
        let lower = arg.to_lowercase();
        if let Some((name, rest)) = lower.split_once('.') {
            if let Some((version, group)) = rest.split_once('.') {
                let by = |r: &Resource| r.group == group && r.version == version && called(r, name);
                if let Some(r) = self.find(&by).await? {
                    return Ok(r);
                }
            }
            // Upstream matches a group by prefix too: `deployments.a` is none, `ingresses.networking` is.
            let by = |r: &Resource| {
                called(r, name)
                    && (r.group == rest
                        || (r.group.starts_with(rest) && r.group[rest.len()..].starts_with('.')))
            };
            if let Some(r) = self.find(&by).await? {
                return Ok(r);
            }
            return fail(format!("the server doesn't have a resource type \"{name}\""));
        }
        let names =
            |r: &Resource| r.plural == lower || r.singular == lower || r.kind.eq_ignore_ascii_case(&lower);
        let shorts = |r: &Resource| r.short_names.iter().any(|s| *s == lower);
        // Built-in short names come before custom plurals: upstream expands short names first.
        if let Some(r) =
            resources::all().iter().find(|r| shorts(r)).or_else(|| resources::all().iter().find(|r| names(r)))
        {
            return Ok(r.clone());
        }
        if let Some(r) = self.find(&|r: &Resource| names(r) || shorts(r)).await? {
            return Ok(r);
        }
        fail(format!("the server doesn't have a resource type \"{arg}\""))
    }

    /// The resources an argument names, a category (`all`) among them.
    ///
    /// # Errors
    /// As [`Self::resource`].
    pub async fn resources_called(&self, arg: &str) -> Result<Vec<Resource>> {
        if arg.contains('.') || resources::all().iter().any(|r| called(r, arg)) {
            return Ok(vec![self.resource(arg).await?]);
        }
        let all = self.resources().await?;
        let mut found: Vec<Resource> = Vec::new();
        for r in all.iter().filter(|r| r.categories.iter().any(|c| c == arg)) {
            if !found.iter().any(|f| f.id == r.id) {
                found.push(r.clone());
            }
        }
        if found.is_empty() {
            found.push(self.resource(arg).await?);
        }
        Ok(found)
    }

    /// The resource of a kind.
    ///
    /// # Errors
    /// `no matches for kind "X" in version "v1"`
    pub async fn resource_of_kind(&self, api_version: &str, kind: &str) -> Result<Resource> {
        let (group, version) = resources::split_api_version(api_version);
        if let Some(r) = resources::by_kind(group, version, kind) {
            return Ok(r.clone());
        }
        let by = |r: &Resource| r.kind == kind && r.group == group && r.version == version;
        match self.find(&by).await? {
            Some(r) => Ok(r),
            None => Err(Error::Text(format!("no matches for kind \"{kind}\" in version \"{api_version}\""))),
        }
    }

    /// The resource of a group and kind in the version the server prefers.
    ///
    /// # Errors
    /// `no matches for kind "X" in group "g"`
    pub async fn resource_of_group_kind(&self, group: &str, kind: &str) -> Result<Resource> {
        match self.find(&|r: &Resource| r.kind == kind && r.group == group).await? {
            Some(r) => Ok(r),
            None => fail(format!("no matches for kind \"{kind}\" in group \"{group}\"")),
        }
    }
}

fn called(r: &Resource, word: &str) -> bool {
    r.is_called(word) || r.kind.eq_ignore_ascii_case(word)
}

fn words(v: &Value) -> Cow<'static, [Str]> {
    v.items().iter().map(Value::to_str).collect::<Vec<Str>>().into()
}

fn id(plural: &Str, group: &str) -> Str {
    if group.is_empty() { plural.clone() } else { format!("{plural}.{group}").into() }
}

fn aggregated(group: &str, version: &str, r: &Value) -> Resource {
    let kind = &r["responseKind"];
    let plural = r["resource"].to_str();
    let subresources: Vec<Subresource> = r["subresources"]
        .items()
        .iter()
        .map(|s| Subresource {
            name: s["subresource"].to_str(),
            group: s["responseKind"]["group"].to_str(),
            version: s["responseKind"]["version"].to_str(),
            kind: s["responseKind"]["kind"].to_str(),
            verbs: words(&s["verbs"]),
        })
        .collect();
    Resource {
        id: id(&plural, group),
        group: group.into(),
        version: version.into(),
        singular: r["singularResource"].to_str(),
        kind: kind["kind"].to_str(),
        namespaced: r["scope"] == "Namespaced",
        short_names: words(&r["shortNames"]),
        categories: words(&r["categories"]),
        verbs: words(&r["verbs"]),
        subresources: subresources.into(),
        storage: id(&plural, group),
        plural,
    }
}

/// An `APIResourceList`.
fn plain(list: &Value, all: &mut Vec<Resource>) {
    let (group, version) = resources::split_api_version(list["groupVersion"].text());
    for r in list["resources"].items() {
        let plural = r["name"].to_str();
        if let Some((parent, sub)) = plural.split_once('/') {
            let sub = Subresource {
                name: sub.into(),
                group: r["group"].to_str(),
                version: r["version"].to_str(),
                kind: r["kind"].to_str(),
                verbs: words(&r["verbs"]),
            };
            if let Some(p) =
                all.iter_mut().find(|x| x.group == group && x.version == version && x.plural == parent)
            {
                p.subresources.to_mut().push(sub);
            }
            continue;
        }
        all.push(Resource {
            id: id(&plural, group),
            group: group.into(),
            version: version.into(),
            singular: r["singularName"].to_str(),
            kind: r["kind"].to_str(),
            namespaced: r["namespaced"].is_true(),
            short_names: words(&r["shortNames"]),
            categories: words(&r["categories"]),
            verbs: words(&r["verbs"]),
            subresources: Vec::new().into(),
            storage: id(&plural, group),
            plural,
        });
    }
}
