//! The hub's controllers in their place: what they hear of, when they act, how they reach each cluster.
//!
//! Does not own: what they do (the `hub` crate). They hear of changes one watch latency after the write, as all parts
//! do, and stand still while the hub's own cluster has no power.

use ::hub::Hub;
use client::component::WATCH_LATENCY;
use client::{Caller, Request, Response};
use clock::{Rng, Time, TimerId};
use objects::{Status, Str};
use ordered::BTreeMap;

use crate::Cluster;
use crate::event_loop::Due;

#[derive(Clone, Debug)]
pub(crate) struct HubPart {
    /// The cluster that holds the policies.
    pub(crate) at: Str,
    hub: Hub,
    rng: Rng,
    /// The last revision heard of, by cluster.
    heard: BTreeMap<Str, u64>,
    wake: Option<(Time, TimerId)>,
}

impl Cluster {
    pub(super) fn begin_hub(&mut self, at: &Str) {
        let now = self.now;
        let rng = Rng::new(self.config.seed).fork("hub");
        let hub = Hub::new(at.clone(), self.now);
        let mut part = HubPart { at: at.clone(), hub, rng, heard: BTreeMap::new(), wake: None };
        if let Some(cluster) = self.fleet.members.get_mut(at) {
            for document in objects::yaml::load_stream(::hub::KINDS).documents {
                let object = document.value;
                let Some(r) = ::hub::resource_of(&object) else { continue };
                let request = Request::new(client::Verb::Create, &r.group, &r.version, &r.plural)
                    .in_namespace(object.namespace())
                    .object(object);
                let made = cluster.api.handle(&Cluster::system("karmadactl"), request, now);
                debug_assert!(made.is_ok(), "{made:?}");
            }
            cluster.route();
        }
        part.heard.insert(at.clone(), 0);
        self.fleet.hub = Some(Box::new(part));
    }

    /// Puts every member under the hub, if there is one.
    pub(crate) fn join_all(&mut self) {
        let Some(hub) = self.fleet.hub.as_ref().map(|h| h.at.clone()) else { return };
        let caller = Self::system("karmadactl");
        let members: Vec<(Str, Str)> = self
            .fleet
            .members
            .values()
            .filter(|m| !m.config.is_hub)
            .map(|m| (m.config.name.clone(), m.server_url()))
            .collect();
        for (name, server) in members {
            let joined = ::hub::Fleet::call(self, &hub, &caller, membership(&name, &server, true));
            debug_assert!(joined.is_ok(), "{joined:?}");
        }
        self.fleet_moved();
    }

    pub(super) fn end_hub(&mut self) {
        if let Some(part) = self.fleet.hub.take()
            && let Some((_, timer)) = part.wake
        {
            self.due.cancel(timer);
        }
    }

    fn revision_of(&self, name: &str) -> u64 {
        self.cluster_named(name).map_or(0, Cluster::revision)
    }

    /// Something was written somewhere: sees to it that the hub hears of it in time.
    pub(crate) fn fleet_moved(&mut self) {
        let Some(part) = &self.fleet.hub else { return };
        let moved = part.heard.iter().any(|(name, seen)| self.revision_of(name) != *seen);
        let heard_at = moved.then_some(self.now + WATCH_LATENCY);
        let wanted = heard_at.into_iter().chain(part.hub.next_wake().map(|t| t.max(self.now))).min();
        let Some(part) = &mut self.fleet.hub else { return };
        let before = part.wake.map(|(at, _)| at);
        // What is on its way already comes no later for what has happened since.
        let kept = before.is_some_and(|b| wanted.is_some_and(|w| b <= w));
        if kept || before == wanted {
            return;
        }
        if let Some((_, old)) = part.wake.take() {
            self.due.cancel(old);
        }
        part.wake = wanted.map(|at| (at, self.due.set(at, Due::Hub)));
    }

    /// The hub hears what has happened and does one unit of work.
    pub(crate) fn wake_hub(&mut self) {
        let Some(mut part) = self.fleet.hub.take() else { return };
        part.wake = None;
        let lost = self.cluster_named(&part.at).is_none_or(|c| c.components.dark);
        if lost {
            // Heard of when it is back: nothing is asked meanwhile.
            self.fleet.hub = Some(part);
            return;
        }
        let now = self.now;
        let mut names: Vec<Str> = part.hub.joined();
        names.insert(0, part.at.clone());
        part.heard.retain(|name, _| names.contains(name));
        for name in names {
            let Some(cluster) = self.cluster_named(&name) else { continue };
            let latest = cluster.revision();
            let seen = part.heard.insert(name.clone(), latest);
            match seen.map(|s| cluster.api.changes_since(s)) {
                Some(Ok(changes)) => changes.for_each(|c| part.hub.deliver(&name, c, now)),
                // What is forgotten there is looked at anew.
                Some(Err(_)) => part.hub.relist(&name, now),
                None => {}
            }
        }
        if part.hub.next_wake().is_some_and(|at| at <= now) {
            part.hub.wake(now, &mut part.rng, self);
        }
        self.fleet.hub = Some(part);
        self.fleet_moved();
    }
}

impl ::hub::Fleet for Cluster {
    fn call(&mut self, cluster: &str, caller: &Caller, request: Request) -> Result<Response, Status> {
        let now = self.now;
        if cluster != self.config.name {
            let Some(member) = self.fleet.members.get_mut(cluster) else {
                return Err(Status::new(objects::Reason::Unreachable, "no such host"));
            };
            member.now = member.now.max(now);
            let name = member.config.name.clone();
            return member.call(&name, caller, request);
        }
        self.reach_from("").check(&self.server_address())?;
        let answer = self.handle(caller, request);
        self.route();
        answer
    }

    fn server(&self, cluster: &str) -> Option<Str> {
        self.cluster_named(cluster).map(Cluster::server_url)
    }
}

/// The request by which a hub is told of a member, or that it leaves.
#[must_use]
pub fn membership(name: &str, server: &str, joins: bool) -> Request {
    let verb = if joins { client::Verb::Create } else { client::Verb::Delete };
    let (group, version, plural) = ("cluster.karmada.io".into(), "v1alpha1".into(), "clusters".into());
    let request = Request::new(verb, &group, &version, &plural);
    if joins { request.object(::hub::joining(name, server)) } else { request.named(name) }
}
