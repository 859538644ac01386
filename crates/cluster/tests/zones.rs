//! Zones that lose many nodes at once: the pace at which their pods are given up.

mod world;

use cluster::{ClusterConfig, Fault, NodeFault};
use objects::Value;
use world::World;

const ZONE: &str = "topology.kubernetes.io/zone";
/// Silence is noticed within this, and told at the next look.
const NOTICED_MS: i64 = 56_000;

/// So many nodes in each zone.
fn zones(sizes: &[(&'static str, usize)]) -> World {
    let mut config = ClusterConfig::workers(1, sizes.iter().map(|(_, n)| n).sum());
    let places = sizes.iter().flat_map(|(zone, n)| std::iter::repeat_n(*zone, *n));
    for (node, zone) in config.nodes.iter_mut().zip(places) {
        node.labels = vec![(ZONE.into(), zone.into())];
    }
    let mut w = World::of(config);
    w.advance(20_000);
    w
}

fn lose(w: &mut World, zone: &str, n: usize) {
    let of = |node: &&Value| node.labels()[ZONE] == zone;
    let names: Vec<_> =
        w.cluster.objects("nodes").filter(of).take(n).map(|node| node.name().into()).collect();
    for name in names {
        w.cluster.inject(Fault::Node(name, NodeFault::Hung)).expect("a node");
    }
}

/// Nodes of a zone whose pods are being given up.
fn given_up(w: &World, zone: &str) -> usize {
    let of = |node: &&Value| {
        let taints = node["spec"]["taints"].items();
        node.labels()[ZONE] == zone
            && taints
                .iter()
                .any(|t| t["key"] == "node.kubernetes.io/unreachable" && t["effect"] == "NoExecute")
    };
    w.cluster.objects("nodes").filter(of).count()
}

#[test]
fn a_few_lost_nodes_are_given_up_one_every_ten_seconds() {
    let mut w = zones(&[("a", 12)]);
    lose(&mut w, "a", 6);
    w.advance(NOTICED_MS);
    assert_eq!(given_up(&w, "a"), 1);
    w.advance(20_000);
    assert_eq!(given_up(&w, "a"), 3);
    w.advance(40_000);
    assert_eq!(given_up(&w, "a"), 6);
}

#[test]
fn more_than_half_of_a_small_zone_stops_it_and_of_a_large_one_slows_it_down() {
    for (size, lost, after_five_minutes) in [(12, 8, 0), (60, 40, 4), (60, 20, 20)] {
        let mut w = zones(&[("a", size)]);
        lose(&mut w, "a", lost);
        w.advance(NOTICED_MS + 300_000);
        assert_eq!(given_up(&w, "a"), after_five_minutes, "{lost} of {size}");
    }
}

#[test]
fn a_whole_zone_is_given_up_unless_nothing_answers_anywhere() {
    let mut w = zones(&[("a", 4), ("b", 4)]);
    lose(&mut w, "a", 4);
    w.advance(NOTICED_MS + 40_000);
    assert_eq!((given_up(&w, "a"), given_up(&w, "b")), (4, 0));
    // More likely the control plane is cut off than all nodes are lost: what was given up is taken back.
    lose(&mut w, "b", 4);
    w.advance(NOTICED_MS + 60_000);
    assert_eq!((given_up(&w, "a"), given_up(&w, "b")), (0, 0));
    let names: Vec<_> = w.cluster.config().nodes.iter().map(|n| n.name.clone()).collect();
    w.cluster.inject(Fault::RestoreNode(names[0].clone())).expect("a node");
    w.advance(30_000);
    // One that answers makes the other zone a lost one again, and its own one that is mostly lost.
    assert_eq!((given_up(&w, "a"), given_up(&w, "b")), (0, 3));
    w.advance(60_000);
    assert_eq!((given_up(&w, "a"), given_up(&w, "b")), (0, 4));
}
