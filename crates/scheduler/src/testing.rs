//! Small clusters for tables of plugin tests: what one filter says of one node, how one score plugin ranks all.

use clock::Time;
use objects::{Value, value};

use crate::framework::{Filter, Look, RawScores, Score};
use crate::node_info::PodInfo;
use crate::nodes::Nodes;
use crate::plugins;
use crate::profile::Profile;
use crate::storage::Storage;

#[derive(Clone, Default)]
pub(crate) struct Cluster {
    pub(crate) nodes: Nodes,
    pub(crate) storage: Storage,
    pub(crate) profile: Profile,
}

pub(crate) fn named(name: &str) -> Value {
    value!({"metadata": {"name": (name)}})
}

pub(crate) fn cluster(nodes: Vec<Value>) -> Cluster {
    let mut c = Cluster::default();
    for n in &nodes {
        c.nodes.set_node(n);
    }
    c.nodes.refresh();
    c
}

pub(crate) fn info(pod: &Value) -> PodInfo {
    PodInfo::new(pod)
}

/// Puts a pod on a node under the key `namespace/name`.
pub(crate) fn put(c: &mut Cluster, node: &str, key: &str, pod: &Value) {
    let mut info = PodInfo::new(pod);
    info.key = key.into();
    c.nodes.place(&info, node, Time::EPOCH);
}

/// The plugin that refuses the pod whatever the node, and why.
pub(crate) fn refused_early(c: &Cluster, pod: &Value) -> Option<(&'static str, String)> {
    let mut nodes = c.nodes.clone();
    let refused = plugins::pre_filter(&info(pod), &mut nodes, &c.storage, &c.profile).err();
    refused.map(|(plugin, r)| (plugin, r.reasons.join(", ")))
}

fn asked<T>(c: &Cluster, pod: &Value, f: impl FnOnce(&Look<'_>) -> T) -> Result<T, String> {
    let mut nodes = c.nodes.clone();
    nodes.refresh();
    let pod = info(pod);
    let cycle = plugins::pre_filter(&pod, &mut nodes, &c.storage, &c.profile)
        .map_err(|(plugin, r)| format!("{plugin}: {}", r.reasons.join(", ")))?;
    Ok(f(&Look { pod: &pod, cycle: &cycle, nodes: &nodes, storage: &c.storage, profile: &c.profile }))
}

/// What one filter says of one node.
pub(crate) fn verdict(filter: &dyn Filter, c: &Cluster, pod: &Value, node: &str) -> Result<(), String> {
    asked(c, pod, |look| {
        let node = look.nodes.get(node).ok_or("no such node")?;
        if filter.skip(look) {
            return Ok(());
        }
        filter.filter(look, node).map_err(|r| r.reasons.join(", "))
    })?
}

/// The raw and normalised scores of all nodes as they came; `None` when the plugin has no opinion.
pub(crate) fn scored(plugin: &dyn Score, c: &Cluster, pod: &Value) -> Option<(Vec<i64>, Vec<i64>)> {
    asked(c, pod, |look| {
        let mut given = RawScores::default();
        let slots: Vec<_> = look.nodes.iter().map(|n| n.slot).collect();
        if !plugin.score(look, &slots, &mut given) {
            return None;
        }
        let RawScores { each: mut raw, codes, palette } = given;
        let meant = |code: &u8| match palette.get(usize::from(*code)) {
            Some(score) => score.expect("a code stands for a score"),
            None => i64::from(*code),
        };
        raw.extend(codes.iter().map(meant));
        if let [all] = raw[..] {
            raw.resize(slots.len(), all);
        }
        let mut scores = raw.clone();
        plugin.normalize(&mut scores);
        Some((raw, scores))
    })
    .ok()
    .flatten()
}
