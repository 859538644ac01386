//! Larger groups for pods that find no place, and what becomes of machines that never come.
//!
//! Models `core/scaleup/orchestrator` and `clusterstate` with their defaults: a machine that is not ready 15 min after
//! its order is given up, and its group is left alone for 5 min, then for twice as long each time, up to 30 min.

use client::{Ctx, EventType};
use clock::{Millis, Time};
use objects::{Str, Value};
use ordered::BTreeMap;

use super::place::Place;
use super::{ClusterAutoscaler, NodeOrder};

/// From the order of a machine to its kubelet's first word (estimate).
const BOOT_MS: Millis = 60_000;
/// `max-node-provision-time`.
const PROVISION_MS: Millis = 900_000;
const BACKOFF_MS: Millis = 300_000;
const BACKOFF_MAX_MS: Millis = 1_800_000;
/// A group that has not failed for so long begins anew.
const BACKOFF_RESET_MS: Millis = 10_800_000;

/// A machine on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Starting {
    pub(super) group: usize,
    asked: Time,
    /// The provider has it: its kubelet may say its first word.
    made: bool,
}

/// A group whose machines did not come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BackOff {
    pub(super) until: Time,
    span: Millis,
}

impl ClusterAutoscaler {
    /// A new node of a group, with the pods of DaemonSets that come by themselves.
    fn template(&self, group: usize) -> Place {
        Place::new(&self.groups[group], self.daemon_sets.values())
    }

    pub(super) fn is_backed_off(&self, group: usize, now: Time) -> bool {
        self.backed_off.get(&group).is_some_and(|b| now < b.until)
    }

    /// Grows groups until every pending pod that can be helped has room.
    pub(super) fn scale_up(&mut self, ctx: &mut Ctx<'_>) {
        if self.pending.is_empty() {
            return;
        }
        let there = self.places(|_| true);
        // A pod that would run where there is room already is the scheduler's: only what is on its way counts as well.
        let mut rooms: Vec<Place> = there.clone();
        let coming = self.starting.iter().filter(|(name, _)| {
            !self.nodes.get(*name).is_some_and(|n| n.condition_true("Ready") && Self::is_open(n))
        });
        rooms.extend(coming.map(|(_, s)| self.template(s.group)));
        let known = rooms.len();
        let before: Vec<usize> = (0..self.groups.len()).map(|g| self.size(g)).collect();
        let mut added = vec![0usize; self.groups.len()];
        // The group of each room that is added, and whom it helps.
        let mut new: Vec<usize> = Vec::new();
        let mut helped: Vec<(Value, usize)> = Vec::new();
        for key in self.pending.clone() {
            let Some(pod) = self.pods.get(&key).cloned() else { continue };
            if let Some(room) = rooms.iter_mut().position(|r| r.take(&pod, &there)) {
                helped.extend(room.checked_sub(known).map(|i| (pod, new[i])));
                continue;
            }
            let mut why: BTreeMap<&'static str, usize> = BTreeMap::new();
            let mut grows = None;
            for g in 0..self.groups.len() {
                let mut place = self.template(g);
                let reasons = if self.is_backed_off(g, ctx.now) {
                    vec!["in backoff after failed scale-up"]
                } else if before[g] + added[g] >= self.groups[g].max {
                    vec!["max node group size reached"]
                } else {
                    place.refusals(&pod, &there)
                };
                if reasons.is_empty() && place.take(&pod, &there) {
                    grows = Some((g, place));
                    break;
                }
                for reason in reasons {
                    *why.entry(reason).or_default() += 1;
                }
            }
            if let Some((g, place)) = grows {
                added[g] += 1;
                rooms.push(place);
                new.push(g);
                helped.push((pod, g));
                continue;
            }
            let list: Vec<String> = why.iter().map(|(w, n)| format!("{n} {w}")).collect();
            let text = format!("pod didn't trigger scale-up: {}", list.join(", "));
            self.recorder.event(ctx, &pod, EventType::Normal, "NotTriggerScaleUp", &text);
        }
        for (g, n) in added.into_iter().enumerate().filter(|(_, n)| *n > 0) {
            self.grow(g, before[g], n, &helped, ctx);
        }
    }

    fn grow(&mut self, g: usize, from: usize, n: usize, helped: &[(Value, usize)], ctx: &mut Ctx<'_>) {
        let (name, max, to) = (self.groups[g].name.clone(), self.groups[g].max, from + n);
        let text = format!("Scale-up: setting group {name} size to {to} instead of {from} (max: {max})");
        self.about_status(ctx, EventType::Normal, "ScaledUpGroup", &text);
        self.grown = Some(ctx.now);
        self.ask_for(g, n, ctx.now);
        let text = format!("Scale-up: group {name} size set to {to} instead of {from} (max: {max})");
        self.about_status(ctx, EventType::Normal, "ScaledUpGroup", &text);
        for (pod, _) in helped.iter().filter(|(_, of)| *of == g) {
            let text = format!("pod triggered scale-up: [{{{name} {from}->{to} (max: {max})}}]");
            self.recorder.event(ctx, pod, EventType::Normal, "TriggeredScaleUp", &text);
        }
    }

    /// Asks the provider for so many machines of a group.
    pub(super) fn ask_for(&mut self, group: usize, n: usize, now: Time) {
        for _ in 0..n {
            self.made += 1;
            let machine = Str::from(format!("{}-{}", self.groups[group].name, self.made));
            self.starting.insert(machine, Starting { group, asked: now, made: false });
        }
    }

    /// Orders the machines whose time has come, and gives up those that should be ready by now.
    pub(super) fn follow_orders(&mut self, ctx: &mut Ctx<'_>) {
        let mut late: BTreeMap<usize, Millis> = BTreeMap::new();
        for (name, s) in self.starting.clone() {
            let waited = ctx.now.since(s.asked);
            if !s.made && waited >= BOOT_MS {
                self.orders
                    .push(NodeOrder::Create { name: name.clone(), group: self.groups[s.group].clone() });
                self.starting.insert(name.clone(), Starting { made: true, ..s });
            }
            if waited < PROVISION_MS {
                continue;
            }
            late.insert(s.group, waited);
            self.starting.remove(&name);
            // One that never said a word is given back; a node that is only not ready may still be.
            if !self.nodes.contains_key(&name) {
                let text = format!("Removed unregistered node {name}");
                self.about_status(ctx, EventType::Normal, "DeleteUnregistered", &text);
                self.orders.push(NodeOrder::Remove { name });
            }
        }
        for (g, waited) in late {
            let text = format!(
                "Nodes added to group {} failed to register within {}m{}s",
                self.groups[g].name,
                waited / 60_000,
                waited / 1000 % 60
            );
            self.about_status(ctx, EventType::Warning, "ScaleUpTimedOut", &text);
            let again = self.backed_off.get(&g).filter(|b| ctx.now.since(b.until) < BACKOFF_RESET_MS);
            let span = again.map_or(BACKOFF_MS, |b| (b.span * 2).min(BACKOFF_MAX_MS));
            self.backed_off.insert(g, BackOff { until: ctx.now + span, span });
        }
    }

    /// A machine is a node that is ready.
    pub(super) fn arrived(&mut self, name: &str) {
        if let Some(s) = self.starting.remove(name)
            && !self.starting.values().any(|o| o.group == s.group)
        {
            self.backed_off.remove(&s.group);
        }
    }
}
