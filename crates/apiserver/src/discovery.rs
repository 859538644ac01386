//! Discovery: which groups, versions and resources are served, as documents.
//!
//! Models `k8s.io/apiserver/pkg/endpoints/discovery`. Not modelled: storage version hashes.

use client::{Request, Response};
use objects::resources::{self, Resource};
use objects::{Status, Str, Value, value};

use crate::server::{ApiServer, is_built_in, no_such_page, no_such_resource};

impl ApiServer {
    /// Answers a GET of a path that is no resource.
    pub(crate) fn non_resource(&mut self, request: &Request) -> Result<Response, Status> {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty()).collect();
        let object = match parts.as_slice() {
            ["version"] => version(),
            ["api"] => value!({
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [{
                    "clientCIDR": "0.0.0.0/0",
                    "serverAddress": (format!("{}:{}", self.config.advertise_address, self.config.port))
                }]
            }),
            ["api", "v1"] => self.resource_list("", "v1").ok_or_else(no_such_resource)?,
            ["apis"] => value!({
                "kind": "APIGroupList", "apiVersion": "v1", "groups": (self.groups().iter().map(|g| self.group(g)).collect::<Value>())
            }),
            ["apis", name] if self.groups().iter().any(|g| g == name) => {
                let mut g = self.group(name);
                g.set("kind", "APIGroup");
                g.set("apiVersion", "v1");
                g
            }
            ["apis", group, version] => self
                .resource_list(group, version)
                .ok_or_else(|| if is_built_in(group) { no_such_resource() } else { no_such_page() })?,
            ["api", ..] => return Err(no_such_resource()),
            [] => value!({"paths": (self.paths().iter().map(Value::from).collect::<Value>())}),
            [check @ ("livez" | "readyz" | "healthz"), rest @ ..] => {
                Value::from(self.health.answer(check, rest, query, &request.options.query)?)
            }
            ["metrics"] => Value::from(self.metrics()),
            _ => return Err(no_such_page()),
        };
        Ok(Response { object, ..Response::default() })
    }
}

fn version() -> Value {
    value!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.2", "gitCommit": "0000000000000000000000000000000000000000", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1.26.0", "compiler": "gc", "platform": "linux/amd64"
    })
}

impl ApiServer {
    /// Everything that is served: the built-in resources, then the custom ones, then those of other servers.
    fn served(&self) -> impl Iterator<Item = &Resource> {
        resources::all().iter().chain(self.customs.iter()).chain(self.aggregated_resources())
    }

    /// The named groups in discovery order.
    fn groups(&self) -> Vec<Str> {
        let mut found: Vec<Str> = Vec::new();
        for r in self.served().filter(|r| !r.group.is_empty()) {
            if !found.contains(&r.group) {
                found.push(r.group.clone());
            }
        }
        found
    }

    /// What `/` lists.
    fn paths(&self) -> Vec<Str> {
        let mut found: Vec<Str> =
            ["/api", "/api/v1", "/apis", "/apis/", "/metrics", "/openapi/v3", "/openapi/v3/", "/version"]
                .map(Str::new_static)
                .to_vec();
        found.extend(self.health.paths().map(Str::from));
        for group in self.groups() {
            found.push(format!("/apis/{group}").into());
            for version in self.versions(&group) {
                found.push(format!("/apis/{group}/{version}").into());
            }
        }
        ordered::Sort::arrange(found.as_mut_slice());
        found
    }

    fn versions(&self, group: &str) -> Vec<Str> {
        let mut versions: Vec<Str> = Vec::new();
        for r in self.served().filter(|r| r.group == group) {
            if !versions.contains(&r.version) {
                versions.push(r.version.clone());
            }
        }
        versions
    }

    fn group(&self, name: &str) -> Value {
        let versions = self.versions(name);
        let entry = |v: &Str| value!({"groupVersion": (resources::api_version(name, v)), "version": (v)});
        value!({
            "name": (name), "versions": (versions.iter().map(entry).collect::<Value>()),
            "preferredVersion": (versions.first().map(entry))
        })
    }

    fn resource_list(&self, group: &str, version: &str) -> Option<Value> {
        let mut list = Vec::new();
        for r in self.served().filter(|r| r.group == group && r.version == version) {
            list.push(resource_entry(r));
            list.extend(r.subresources.iter().map(|s| {
                let mut e = value!({
                    "name": (format!("{}/{}", r.plural, s.name)), "singularName": "", "namespaced": (r.namespaced),
                    "kind": (s.kind.clone()), "verbs": (strings(&s.verbs))
                });
                if s.group != r.group || s.version != r.version {
                    e.set("group", &s.group);
                    e.set("version", &s.version);
                }
                e
            }));
        }
        (!list.is_empty()).then(|| {
            value!({
                "kind": "APIResourceList", "apiVersion": "v1",
                "groupVersion": (resources::api_version(group, version)), "resources": (Value::from(list))
            })
        })
    }
}

fn resource_entry(r: &Resource) -> Value {
    let mut e = value!({
        "name": (r.plural.clone()), "singularName": (r.singular.clone()), "namespaced": (r.namespaced),
        "kind": (r.kind.clone()), "verbs": (strings(&r.verbs))
    });
    if !r.short_names.is_empty() {
        e.set("shortNames", strings(&r.short_names));
    }
    if !r.categories.is_empty() {
        e.set("categories", strings(&r.categories));
    }
    e
}

fn strings(texts: &[Str]) -> Value {
    texts.iter().map(Value::from).collect()
}
