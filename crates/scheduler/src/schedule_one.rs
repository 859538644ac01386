//! One scheduling cycle: filter, score, choose, bind; or say why no node fits.
//!
//! Models `pkg/scheduler/schedule_one.go` and the texts of `framework.FitError`. Not modelled: opportunistic batching
//! (a pod of default constraints has no signature to batch by); what nodes are asked once for many pods is `kinds.rs`'s.

use std::ops::Range;
use std::sync::Arc;

use client::{Ctx, EventType, PatchType};
use objects::resources::PODS;
use objects::{Reason, Status, Str, Value, value};
use ordered::{BTreeMap, BTreeSet, Sort as _};

use crate::Scheduler;
use crate::best::best;
use crate::decision::{Decision, Outcome, Table};
use crate::framework::{Filter, Look, RawScores, Refusal, first_refusal};
use crate::kinds::Kind;
use crate::node_info::{Placed, PodInfo};
use crate::nodes::Slot;
use crate::plugins::default_preemption::passes_crowded;
use crate::plugins::{self, Cycle};
use crate::profile::Profile;
use crate::queue::Entry;

/// Below this many nodes all are looked at.
const MIN_FEASIBLE_NODES: usize = 100;
/// `minFeasibleNodesPercentageToFind`
const MIN_FEASIBLE_PERCENT: usize = 5;
/// The longest message an event may have (`NoteLengthLimit`).
const NOTE_LENGTH_LIMIT: usize = 1024;

/// What is reckoned on: kept so that it need not be made for each pod.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paper {
    /// 100 at most for each plugin, times its weight: small numbers, of which a processor compares many at once.
    sums: Vec<i16>,
    given: RawScores,
}

/// What the search for nodes found.
pub(crate) struct Search {
    pub(crate) table: Table,
    /// The nodes that fit, in the table's order.
    pub(crate) feasible: Vec<Slot>,
    /// Their places in that order.
    fitting: Vec<Range<usize>>,
    /// Nodes that did not come into question are refused all the same when a message is made.
    pub(crate) narrowed: bool,
}

impl Search {
    fn new(table: Table) -> Self {
        Self { table, feasible: Vec::new(), fitting: Vec::new(), narrowed: false }
    }

    /// The nodes at these places of the order fit.
    fn fit(&mut self, places: Range<usize>, order: &[Slot]) {
        self.table.fit(places.clone());
        self.feasible.extend_from_slice(&order[places.clone()]);
        match self.fitting.last_mut() {
            Some(last) if last.end == places.start => last.end = places.end,
            _ => self.fitting.push(places),
        }
    }
}

impl Scheduler {
    pub(crate) fn schedule_one(&mut self, mut entry: Entry, ctx: &mut Ctx<'_>) {
        self.nodes.refresh();
        let info = self.info_of(&entry.key, &entry.pod);
        let Some(profile) = self.profile_of(&entry.pod) else { return };
        let names = self.nodes.names();
        if names.is_empty() {
            let message = "no nodes available to schedule pods".to_owned();
            return self.refuse(entry, Table::new(names), message, Some(Str::default()), ctx);
        }
        let cycle = match plugins::pre_filter(&info, &mut self.nodes, &self.storage, &profile) {
            Ok(cycle) => cycle,
            Err((plugin, refusal)) => {
                let why = refusal.reasons.join(", ");
                let mut table = Table::new(names);
                table.refuse_all(plugin, refusal);
                entry.refused_by = vec![plugin];
                let search = Search::new(table);
                let made = self.post_filter(&info, &Cycle::default(), &profile, &search, ctx);
                let message = format!("{} {why}. {}", head(self.nodes.len()), made.message);
                return self.refuse(entry, search.table, message, made.nominated, ctx);
            }
        };
        let search = self.find_feasible(&info, &cycle, &profile);
        if search.feasible.is_empty() {
            entry.refused_by = search.table.refused_by().collect::<BTreeSet<_>>().iter().copied().collect();
            if search.narrowed && !entry.refused_by.contains(&"NodeAffinity") {
                entry.refused_by.push("NodeAffinity");
            }
            let mut message = fit_error(self.nodes.len(), &search);
            let made = self.post_filter(&info, &cycle, &profile, &search, ctx);
            if !made.message.is_empty() {
                message = format!("{message} {}", made.message);
            }
            return self.refuse(entry, search.table, message, made.nominated, ctx);
        }
        let decided = self.choose(&info, &cycle, &profile, search, ctx);
        self.bind_or_wait(entry, &info, &cycle, decided, ctx);
    }

    fn profile_of(&self, pod: &Value) -> Option<Arc<Profile>> {
        let name = pod["spec"]["schedulerName"].text();
        self.profiles.iter().find(|p| p.name == name).cloned()
    }

    /// Writes down and tells that a pod fits nowhere, and puts it back. `nominated` is the new nominated node; `None`
    /// leaves what it had.
    pub(crate) fn refuse(
        &mut self,
        entry: Entry,
        table: Table,
        message: String,
        nominated: Option<Str>,
        ctx: &mut Ctx<'_>,
    ) {
        let had = entry.pod["status"]["nominatedNodeName"].to_str();
        let outcome =
            Outcome::Unschedulable { message: message.clone(), nominated: nominated.clone().unwrap_or(had) };
        let decision = Decision {
            at: ctx.now,
            attempt: entry.attempts,
            outcome,
            nodes: table.names.len() as u32,
            fitting: 0,
            number: 0,
            table: Some(Arc::new(table)),
        };
        self.remember(&entry.pod, decision);
        if let Some(node) = &nominated {
            let info = self.info_of(&entry.key, &entry.pod);
            self.nominate(&info, node, ctx.now);
        }
        self.report(&entry.pod, "Unschedulable", &message, nominated.as_deref(), ctx);
        self.queue.add_unschedulable(entry, ctx.now);
    }

    /// Asks the filters about nodes until enough fit, and writes down what they said.
    fn find_feasible(&mut self, pod: &PodInfo, cycle: &Cycle, profile: &Profile) -> Search {
        let hopes = self.nominated_beside(pod);
        let look = Look { pod, cycle, nodes: &self.nodes, storage: &self.storage, profile };
        let filters = asked(&look);
        let kind = self.kinds.of(&pod.needs, profile, &self.nodes);
        let mut round = Round::new(look, &filters, &hopes, kind);
        let place = |name: &str| look.nodes.place_of(look.nodes.get(name)?.slot);
        // A node where room was made for it comes first.
        let hoped = pod.pod["status"]["nominatedNodeName"].text();
        if !hoped.is_empty()
            && let Some(i) = place(hoped)
        {
            round.ask(i);
            if !round.search.feasible.is_empty() {
                return round.search;
            }
        }
        let all = look.nodes.order().len();
        if let Some(only) = &cycle.only {
            round.search.narrowed = true;
            let mut places: Vec<usize> = only.iter().filter_map(|n| place(n)).collect();
            places.arrange();
            places.iter().for_each(|i| round.ask(*i));
            self.next_start_node = (self.next_start_node + places.len()) % all.max(1);
            return round.search;
        }
        let wanted = feasible_nodes_to_find(all, profile.percentage_of_nodes_to_score);
        let start = self.next_start_node % all.max(1);
        round.search.feasible.reserve_exact(wanted);
        let (mut visited, mut turned) = (0, (0, 0));
        for turn in [start..all, 0..start] {
            turned = (round.search.feasible.len(), round.search.fitting.len());
            visited += round.visit(turn, wanted);
        }
        self.next_start_node = (start + visited) % all.max(1);
        round.search.feasible.rotate_left(turned.0);
        round.search.fitting.rotate_left(turned.1);
        round.search
    }

    /// The best of the fitting nodes; equal ones by lot, as upstream.
    fn choose(
        &mut self,
        pod: &PodInfo,
        cycle: &Cycle,
        profile: &Profile,
        search: Search,
        ctx: &mut Ctx<'_>,
    ) -> (Slot, Table, u32) {
        let Search { mut table, feasible: slots, fitting, .. } = search;
        let found = slots.len() as u32;
        if let [only] = slots.as_slice() {
            return (*only, table, found);
        }
        let look = Look { pod, cycle, nodes: &self.nodes, storage: &self.storage, profile };
        let kind = self.kinds.of(&pod.needs, profile, &self.nodes);
        kind.score(&look);
        table.make_room(slots.len());
        let Paper { sums, given } = &mut self.paper;
        sums.clear();
        sums.resize(slots.len(), 0);
        let mut locals = 0;
        for (plugin, weight) in plugins::scores() {
            given.clear();
            let has_opinion = if plugin.is_local() {
                locals += 1;
                kind.scores(locals - 1, &fitting, given)
            } else {
                plugin.score(&look, &slots, given)
            };
            if has_opinion {
                table.score(*plugin, *weight, given, sums);
            }
        }
        table.shrink();
        let chosen = best(sums, ctx.rng);
        (slots[chosen], table, found)
    }

    fn bind_or_wait(
        &mut self,
        entry: Entry,
        info: &PodInfo,
        cycle: &Cycle,
        (slot, table, fitting): (Slot, Table, u32),
        ctx: &mut Ctx<'_>,
    ) {
        let node = self.nodes[slot].node.meta()["name"].to_str();
        let mut decision = Decision {
            at: ctx.now,
            attempt: entry.attempts,
            outcome: Outcome::Bound { node: node.clone() },
            nodes: table.names.len() as u32,
            fitting,
            number: 0,
            table: Some(Arc::new(table)),
        };
        // Assumed at once: the next pod in this instant must see it.
        self.forget_nomination(&entry.key);
        self.nodes.place_at(info, slot, ctx.now);
        if cycle.claims.as_ref().is_some_and(|c| !c.waiting.is_empty()) {
            decision.outcome = Outcome::WaitsForVolumes { node: node.clone() };
            self.remember(&entry.pod, decision);
            return self.bind_volumes(entry, cycle, node, ctx);
        }
        self.remember(&entry.pod, decision);
        self.bind(entry, node, ctx);
    }

    /// Binds a pod that was assumed on its node.
    pub(crate) fn bind(&mut self, entry: Entry, node: Str, ctx: &mut Ctx<'_>) {
        let (namespace, name) = (entry.pod.meta()["namespace"].clone(), entry.pod.meta()["name"].clone());
        let binding = value!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": (name.clone()), "namespace": (namespace.clone()), "uid": (entry.pod.uid())},
            "target": {"kind": "Node", "name": (&node)},
        });
        let request = client::Request::new(client::Verb::Create, &PODS.group, &PODS.version, &PODS.plural)
            .in_namespace(namespace.to_str())
            .named(name.to_str())
            .subresource("binding")
            .object(binding);
        match ctx.call(request) {
            Ok(_) => {
                let message = format!("Successfully assigned {}/{} to {node}", namespace.text(), name.text());
                self.recorder.event(ctx, &entry.pod, EventType::Normal, "Scheduled", &message);
            }
            Err(Status { reason: Reason::NotFound, .. }) => self.forget(&entry, ctx.now),
            Err(e) => self.binding_failed(entry, &format!("binding rejected: {e}"), ctx),
        }
    }

    /// An assumed pod could not be bound after all.
    pub(crate) fn binding_failed(&mut self, entry: Entry, message: &str, ctx: &mut Ctx<'_>) {
        self.forget(&entry, ctx.now);
        self.report(&entry.pod, "SchedulerError", message, Some(""), ctx);
        self.queue.add_error(entry, ctx.now);
    }

    /// Writes the event and the condition of a pod that was tried in vain.
    fn report(
        &mut self,
        pod: &Value,
        reason: &str,
        message: &str,
        nominated: Option<&str>,
        ctx: &mut Ctx<'_>,
    ) {
        let mut note = message.to_owned();
        if note.len() > NOTE_LENGTH_LIMIT {
            let cut = (0..=NOTE_LENGTH_LIMIT - 4).rev().find(|i| note.is_char_boundary(*i)).unwrap_or(0);
            note.truncate(cut);
            note.push_str(" ...");
        }
        self.recorder.event(ctx, pod, EventType::Warning, "FailedScheduling", &note);
        let old = pod.condition("PodScheduled");
        let mut status = Value::map();
        if old["status"] != "False" || old["message"] != message || old["reason"] != reason {
            let since = if old["status"] == "False" {
                old["lastTransitionTime"].clone()
            } else {
                Value::from(ctx.now.rfc3339())
            };
            let condition = value!({
                "type": "PodScheduled", "status": "False", "reason": (reason), "message": (message),
                "observedGeneration": (pod.generation()), "lastProbeTime": null, "lastTransitionTime": (since),
            });
            status.set("conditions", vec![condition]);
        }
        if let Some(node) = nominated
            && pod["status"]["nominatedNodeName"].text() != node
        {
            status.set("nominatedNodeName", if node.is_empty() { Value::Null } else { node.into() });
        }
        if !status.entries().is_empty() {
            self.patch_status(pod, status, ctx);
        }
    }

    pub(crate) fn patch_status(&mut self, pod: &Value, status: Value, ctx: &mut Ctx<'_>) {
        let (namespace, name) = (pod.meta()["namespace"].to_str(), pod.meta()["name"].to_str());
        let patch = value!({"metadata": {"uid": (pod.uid())}, "status": (status)});
        // A pod that is gone by now needs no status.
        let _ = ctx.patch(PODS, &namespace, &name, "status", PatchType::Strategic, patch);
    }

    /// The pods nominated to nodes that this one must leave room for.
    pub(crate) fn nominated_beside(&self, pod: &PodInfo) -> Hopes {
        let beside = |(key, (on, placed)): (&Str, &(Str, Placed))| {
            let counts = *key != pod.key && placed.needs.priority >= pod.needs.priority;
            counts.then(|| Some((self.nodes.get(on)?.slot, (key.clone(), placed.clone()))))?
        };
        self.nominated.iter().filter_map(beside).collect()
    }
}

/// Pods with the nodes they hope for.
pub(crate) type Hopes = Vec<(Slot, (Str, Placed))>;

/// Those that hope for this node.
pub(crate) fn hoping(hopes: &Hopes, slot: Slot) -> Vec<(Str, Placed)> {
    hopes.iter().filter(|(on, _)| *on == slot).map(|(_, hope)| hope.clone()).collect()
}

/// One pod's round of the nodes.
struct Round<'a> {
    look: Look<'a>,
    filters: &'a [&'static dyn Filter],
    /// The first of `filters`, whose answers `kind` keeps; and the rest.
    local: &'a [&'static dyn Filter],
    others: &'a [&'static dyn Filter],
    hopes: &'a Hopes,
    kind: &'a mut Kind,
    /// Nothing but the local filters has a say.
    plain: bool,
    /// The first node that was refused for each of the kind's refusals.
    refused: Vec<Option<usize>>,
    search: Search,
}

impl<'a> Round<'a> {
    fn new(look: Look<'a>, filters: &'a [&'static dyn Filter], hopes: &'a Hopes, kind: &'a mut Kind) -> Self {
        let (local, others) = filters.split_at(filters.partition_point(|f| f.is_local()));
        let search = Search::new(Table::new(look.nodes.names()));
        let plain = hopes.is_empty() && others.is_empty();
        kind.begin(look.nodes);
        Self { look, filters, local, others, hopes, kind, plain, refused: Vec::new(), search }
    }

    /// Asks about nodes in the order until so many fit in all. How many were asked about.
    fn visit(&mut self, places: Range<usize>, wanted: usize) -> usize {
        let mut next = places.start;
        while next < places.end && self.search.feasible.len() < wanted {
            if !self.plain {
                self.ask(next);
                next += 1;
                continue;
            }
            let (known, fit) = self.kind.stretch(&self.look, self.local, next..places.end);
            if fit {
                let end = known.min(next + wanted - self.search.feasible.len());
                self.search.fit(next..end, self.look.nodes.order());
                next = end;
            } else {
                (next..known).for_each(|i| self.ask(i));
                next = known;
            }
        }
        next - places.start
    }

    /// Asks about the node of this place in the order, and writes the answer down.
    fn ask(&mut self, i: usize) {
        if self.fits(i) {
            self.search.fit(i..i + 1, self.look.nodes.order());
        }
    }

    /// Whether all let the pod in; else the refusal is written down.
    fn fits(&mut self, i: usize) -> bool {
        let slot = self.look.nodes.order()[i];
        if let Err(refused) = self.crowded(slot) {
            self.search.table.refuse(i, &refused);
            return false;
        }
        if let Some(place) = self.kind.refusal_of(&self.look, self.local, i) {
            self.refuse(i, place);
            return false;
        }
        if self.others.is_empty() {
            return true;
        }
        let refused = first_refusal(&self.look, self.others, &self.look.nodes[slot]).err();
        refused.iter().for_each(|refused| self.search.table.refuse(i, refused));
        refused.is_none()
    }

    /// Refuses a node for what the kind knows in this place.
    fn refuse(&mut self, i: usize, place: usize) {
        if self.refused.len() <= place {
            self.refused.resize(place + 1, None);
        }
        match self.refused[place] {
            Some(other) => self.search.table.refuse_as(i, other),
            None => {
                self.search.table.refuse(i, self.kind.refusal(place));
                self.refused[place] = Some(i);
            }
        }
    }

    /// Whether the filters let the pod in beside those that hope for the node.
    fn crowded(&self, slot: Slot) -> Result<(), (&'static str, Refusal)> {
        if self.hopes.is_empty() {
            return Ok(());
        }
        let nominated = hoping(self.hopes, slot);
        passes_crowded(self.look, self.filters, &self.look.nodes[slot], &nominated)
    }
}

/// The filters that have something to say about a pod.
pub(crate) fn asked(look: &Look<'_>) -> Vec<&'static dyn Filter> {
    let mut asked = Vec::with_capacity(plugins::filters().len());
    asked.extend(plugins::filters().iter().copied().filter(|f| !f.skip(look)));
    asked
}

/// Upstream's `numFeasibleNodesToFind`; a percentage of 0 adapts to the number of nodes.
fn feasible_nodes_to_find(all: usize, percentage: usize) -> usize {
    if all < MIN_FEASIBLE_NODES {
        return all;
    }
    let adaptive = 50usize.saturating_sub(all / 125).max(MIN_FEASIBLE_PERCENT);
    let percent = if percentage == 0 { adaptive } else { percentage };
    (all * percent / 100).max(MIN_FEASIBLE_NODES).min(all)
}

pub(crate) fn head(all: usize) -> String {
    format!("0/{all} nodes are available:")
}

/// What the plugins say that could have made room.
pub(crate) fn tail(preemption: &str) -> String {
    // DynamicResources speaks first, and there is never anything to it.
    format!("no new claims to deallocate, preemption: {preemption}")
}

/// `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`
fn fit_error(all: usize, search: &Search) -> String {
    let told = search.table.refused().map(|(_, (_, r))| r);
    let mut counts = BTreeMap::new();
    for reason in told.flat_map(|r| &r.reasons) {
        *counts.entry(reason.as_str()).or_default() += 1;
    }
    let absent = all - search.table.refused().count().min(all);
    if search.narrowed && absent > 0 {
        *counts.entry("node(s) didn't satisfy plugin(s) [NodeAffinity]").or_default() += absent;
    }
    format!("{} {}.", head(all), sorted(&counts))
}

/// The reasons why making room does not help, of nodes that were looked at; the other of `all` nodes could not.
pub(crate) fn histogram<'a>(reasons: impl Iterator<Item = &'a Refusal>, all: usize) -> String {
    let mut counts = BTreeMap::new();
    let mut looked_at = 0;
    for refusal in reasons {
        looked_at += 1;
        for reason in &refusal.reasons {
            *counts.entry(reason.as_str()).or_default() += 1;
        }
    }
    if all > looked_at {
        *counts.entry("Preemption is not helpful for scheduling").or_default() += all - looked_at;
    }
    sorted(&counts)
}

/// `2 Insufficient cpu, 1 Too many pods`: in the order of the texts.
fn sorted(counts: &BTreeMap<&str, usize>) -> String {
    let mut texts: Vec<String> = counts.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    texts.arrange();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_nodes_are_looked_for() {
        assert_eq!([5, 99, 100, 1000, 6000].map(|n| feasible_nodes_to_find(n, 0)), [5, 99, 100, 420, 300]);
        assert_eq!([50, 1000].map(|n| feasible_nodes_to_find(n, 70)), [50, 700]);
        assert_eq!(feasible_nodes_to_find(1000, 1), 100);
    }

    #[test]
    fn the_message_counts_reasons() {
        let names: Vec<Str> = ["a", "b", "c"].map(Str::from).into();
        let mut table = Table::new(Arc::new(names));
        table.refuse(0, &("NodeResourcesFit", Refusal::unschedulable("Insufficient cpu")));
        table.refuse_as(1, 0);
        table.refuse(2, &("NodeUnschedulable", Refusal::unresolvable("node(s) were unschedulable")));
        let search = Search::new(table);
        assert_eq!(
            fit_error(3, &search),
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu."
        );
        let no = Refusal::unresolvable("No preemption victims found for incoming pod");
        assert_eq!(
            histogram([&no, &no].into_iter(), 3),
            "1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod"
        );
    }
}
