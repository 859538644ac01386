//! What containers use of a node, seen through a whole cluster.

mod ground;

use cluster::{Cluster, ClusterConfig};
use ground::{create, kubelet_usage};
use objects::value;

fn pod(name: &str, args: &[&str], resources: objects::Value) -> objects::Value {
    let args: objects::Value = args.iter().map(|a| objects::Value::from(*a)).collect();
    value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": (name), "namespace": "default"},
        "spec": {"containers": [{
            "name": "c", "image": "polinux/stress", "command": ["stress"], "args": (args), "resources": (resources)
        }]},
    })
}

#[test]
fn memory_over_the_limit_ends_the_container_with_137() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 1));
    let limits = value!({"requests": {"memory": "50Mi"}, "limits": {"memory": "100Mi"}});
    create(&mut c, "pods", pod("hog", &["--vm", "1", "--vm-bytes", "250M", "--vm-hang", "1"], limits));
    let limits = value!({"requests": {"memory": "100Mi"}, "limits": {"memory": "200Mi"}});
    create(&mut c, "pods", pod("fits", &["--vm", "1", "--vm-bytes", "150M", "--vm-hang", "1"], limits));
    c.advance(30_000);
    let status = &c.object("pods", "default", "hog").cloned().unwrap_or_default()["status"];
    let state = &status["containerStatuses"][0];
    let ended = [&state["state"]["terminated"], &state["lastState"]["terminated"]];
    assert!(ended.iter().any(|t| t["reason"] == "OOMKilled" && t["exitCode"].int() == 137), "{state:?}");
    assert!(state["restartCount"].int() > 0);
    let status = &c.object("pods", "default", "fits").cloned().unwrap_or_default()["status"];
    assert_eq!(status["containerStatuses"][0]["restartCount"].int(), 0);
    let used = kubelet_usage(&mut c, "node-1", "default/fits");
    assert!((150 << 20..160 << 20).contains(&used.memory_bytes()), "{used:?}");
}

#[test]
fn limits_throttle_and_what_a_node_has_is_shared() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 1));
    let limits = value!({"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}});
    create(&mut c, "pods", pod("two", &["--cpu", "2"], limits));
    c.advance(20_000);
    assert_eq!(kubelet_usage(&mut c, "node-1", "default/two").cpu_millis(), 1000);
    create(&mut c, "pods", pod("greedy", &["--cpu", "8"], value!({})));
    c.advance(20_000);
    let (two, greedy) =
        (kubelet_usage(&mut c, "node-1", "default/two"), kubelet_usage(&mut c, "node-1", "default/greedy"));
    // Four cores, less what the system takes: the one with a request keeps its limit.
    assert_eq!(two.cpu_millis(), 1000);
    assert!((2900..3000).contains(&greedy.cpu_millis()), "{greedy:?}");
}

#[test]
fn a_loop_in_a_shell_burns_a_core_and_a_limit_slows_it_down() {
    let mut c = Cluster::new(ClusterConfig::workers(1, 1));
    for (name, limit) in [("free", ""), ("held", "100m")] {
        let mut p = pod(name, &[], value!({}));
        let spec = p.at_mut(&["spec"]);
        let script = "while :; do :; done";
        spec.set("containers", vec![value!({
            "name": "c", "image": "busybox:1.36", "command": ["sh", "-c", (script)],
            "resources": (if limit.is_empty() { value!({}) } else { value!({"limits": {"cpu": (limit)}}) }),
        })]);
        create(&mut c, "pods", p);
    }
    c.advance(15_000);
    assert_eq!(kubelet_usage(&mut c, "node-1", "default/free").cpu_millis(), 1000);
    assert_eq!(kubelet_usage(&mut c, "node-1", "default/held").cpu_millis(), 100);
}
