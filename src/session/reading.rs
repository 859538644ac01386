//! What the views read of the cluster that is shown, at the instant that is shown. Reading leaves no trace.

use client::{Caller, Request, TableOf, Verb};
use objects::Value;
use ordered::BTreeMap;
use smol_str::{SmolStr, format_smolstr};

use super::Session;
use crate::console::table::Named;
use crate::stage::facts::{ObjectId, object_id};
use crate::stage::route::Route;

/// How long a request stays on the stage.
const ROUTE_MS: i64 = 2_500;

impl Session {
    #[must_use]
    pub fn object(&self, resource: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.shown().0.object(resource, namespace, name)
    }

    /// The object that printed text names: where the text tells no namespace, in the default one or else in the first
    /// that has an object of this name.
    #[must_use]
    pub fn named(&self, named: &Named) -> Option<ObjectId> {
        let Named { resource, namespace, name } = named;
        let place = if namespace.is_empty() { "default" } else { namespace };
        let cluster = self.shown().0;
        for place in [place, ""] {
            if cluster.object(resource, place, name).is_some() {
                return Some(object_id(resource, place, name));
            }
        }
        let mut others = cluster.objects(resource).filter(|_| namespace.is_empty());
        let found = others.find(|o| o.name() == name.as_str())?;
        Some(object_id(resource, found.namespace(), name))
    }

    /// The beginning of the server's table of a resource; of all namespaces when none is named.
    #[must_use]
    pub fn table(&mut self, resource: &str, namespace: &str) -> Value {
        let Some(kind) = objects::resources::by_id(resource) else { return Value::Null };
        let place = if kind.namespaced { namespace } else { "" };
        let mut request =
            Request::new(Verb::List, &kind.group, &kind.version, &kind.plural).in_namespace(place);
        request.options.table = TableOf::Metadata;
        request.options.limit = Some(crate::panels::objects::MOST);
        self.read(request)
    }

    /// What the server shown answers an administrator. Reading leaves no trace.
    fn read(&mut self, request: Request) -> Value {
        let admin = Caller {
            user: cluster::ADMIN.into(),
            groups: vec!["system:masters".into()],
            actor: "page".into(),
            ..Caller::default()
        };
        let cluster = match &mut self.past {
            Some(view) => &mut view.cluster,
            None => &mut self.here.cluster,
        };
        let name = self.member.as_ref().map_or_else(|| cluster.config().name.clone(), |m| m.name.clone());
        let answer = cluster.with_cluster(&name, |cluster| cluster.request(&admin, request));
        answer.and_then(Result::ok).map(|answer| answer.object).unwrap_or_default()
    }

    /// An object as the server answers it, with the managers of its fields.
    #[must_use]
    pub fn whole_object(&mut self, resource: &str, namespace: &str, name: &str) -> Option<Value> {
        let kind = objects::resources::by_id(resource)?;
        let place = if kind.namespaced { namespace } else { "" };
        let request =
            Request::new(Verb::Get, &kind.group, &kind.version, &kind.plural).in_namespace(place).named(name);
        Some(self.read(request)).filter(|object| !object.is_null())
    }

    /// Events, the latest last; those about one object when its kind and name are given.
    #[must_use]
    pub fn events(&self, about: Option<(&str, &str, &str)>, most: usize) -> Vec<Value> {
        let fits = |event: &&Value| {
            about.is_none_or(|(kind, namespace, name)| {
                let object = event.get("involvedObject");
                object.get("kind") == kind
                    && object.get("name") == name
                    && (namespace.is_empty() || object.get("namespace") == namespace)
            })
        };
        let all = self.shown().0.objects("events").filter(fits);
        let mut events: Vec<(u64, &Value)> = all.map(|event| (event.revision(), event)).collect();
        let older = events.len().saturating_sub(most);
        if older > 0 {
            events.select_nth_unstable_by_key(older, |(revision, _)| *revision);
            events.drain(..older);
        }
        events.sort_unstable_by_key(|(revision, _)| *revision);
        events.into_iter().map(|(_, event)| event.clone()).collect()
    }

    /// The last request, as long as it is news: the stage shows its way.
    #[must_use]
    pub fn route(&self) -> Option<Route> {
        let path = self.cluster().paths().iter().next_back()?;
        if self.now() - path.at.0 > ROUTE_MS {
            return None;
        }
        let (stops, passed) = crate::panels::traffic::stops(path);
        Some(Route { stops, served: passed && !crate::panels::traffic::failed(path) })
    }

    /// What these nodes and their pods use now, by name and by id: thousandths of a cpu, and bytes.
    #[must_use]
    pub fn usage<'a>(&self, nodes: impl Iterator<Item = &'a SmolStr>) -> BTreeMap<SmolStr, (i64, i64)> {
        let mut out = BTreeMap::new();
        for node in nodes {
            let Some(usage) = self.cluster().node_usage(node) else { continue };
            out.insert(node.clone(), (usage.cpu_millis, usage.memory_bytes));
            for pod in usage.pods {
                out.insert(format_smolstr!("pods/{}", pod.pod), (pod.cpu_millis(), pod.memory_bytes()));
            }
        }
        out
    }

    /// Services whose targetPort nobody hears, with that port. Looks at one endpoint of each of these.
    #[must_use]
    pub fn unheard<'a>(&self, services: impl Iterator<Item = &'a SmolStr>) -> BTreeMap<SmolStr, SmolStr> {
        let (cluster, scene) = self.shown();
        let object = |id: &str| {
            let (resource, namespace, name) = crate::stage::facts::split_id(id);
            cluster.object(resource, namespace, name)
        };
        let mut out = BTreeMap::new();
        for id in services {
            let ends = scene.stage.slices.values().filter(|s| s.service == *id);
            let pod = ends.flat_map(|s| &s.endpoints).find(|e| e.ready && !e.pod.is_empty());
            let Some((service, pod)) = object(id).zip(pod.and_then(|e| object(&e.pod))) else { continue };
            if let Some(port) = why::unheard(service, pod) {
                out.insert(id.clone(), port.into());
            }
        }
        out
    }

    /// What one container uses now.
    #[must_use]
    pub fn container_usage(&self, pod: &str, container: &str) -> Option<(i64, i64)> {
        let (_, namespace, name) = crate::stage::facts::split_id(pod);
        let node = self.stage().any_pod(pod)?.node.clone();
        let key = format_smolstr!("{namespace}/{name}");
        let usage = self.cluster().node_usage(&node)?.pods.into_iter().find(|p| p.pod == key)?;
        usage.containers.iter().find(|c| c.name == container).map(|c| (c.cpu_millis, c.memory_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::trial::*;

    #[test]
    fn a_printed_name_finds_its_object() {
        let mut session = session();
        run(&mut session, "kubectl apply -f web.yaml");
        let named = |resource: &str, namespace: &str, name: &str| Named {
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
        };
        for (what, id) in [
            (named("deployments.apps", "", "web"), Some("deployments.apps/default/web")),
            (named("nodes", "", "worker-1"), Some("nodes//worker-1")),
            (named("deployments.apps", "", "coredns"), Some("deployments.apps/kube-system/coredns")),
            (named("deployments.apps", "default", "coredns"), None),
        ] {
            assert_eq!(session.named(&what).as_deref(), id, "{what:?}");
        }
    }
}
