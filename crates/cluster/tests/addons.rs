//! A kubeadm cluster's own pods: there from the first instant, and left alone by those who would heal them.

use cluster::{Addon, Cluster, ClusterConfig};
use objects::Value;

fn pods(cluster: &Cluster) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.text().to_owned();
    cluster
        .objects("pods")
        .map(|p| (p.name().to_owned(), text(&p["status"]["phase"]), text(&p["spec"]["nodeName"])))
        .collect()
}

#[test]
fn all_run_at_the_first_instant_and_stay_as_they_are() {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    let before = pods(&cluster);
    assert_eq!(before.len(), 4 + 4 + 4 + 2 + 1, "{before:?}");
    assert!(before.iter().all(|(_, phase, _)| phase == "Running"), "{before:?}");
    assert!(cluster.objects("pods").all(|p| p.condition_true("Ready")));
    let written = cluster.revision();
    cluster.advance(180_000);
    assert_eq!(pods(&cluster), before);
    let own =
        |kind: &str| ["pods", "deployments.apps", "replicasets.apps", "daemonsets.apps"].contains(&kind);
    let later: Vec<String> = cluster
        .changes_since(written)
        .filter(|c| own(&c.resource))
        .map(|c| {
            format!("{} {} by {}: {}", c.resource, c.name, c.actor, objects::yaml::emit(&c.object["status"]))
        })
        .collect();
    assert!(later.is_empty(), "{}", later.join("\n"));
}

#[test]
fn a_cluster_without_addons_has_none() {
    let mut config = ClusterConfig::playground(1);
    config.addons.clear();
    assert_eq!(pods(&Cluster::new(config)), []);
    assert!(Addon::ALL.iter().all(|a| Addon::named(a.name()) == Some(*a)));
}
