//! Why a node is ready, silent, or takes no pods.

use cluster::Cluster;
use objects::Value;

use crate::{Say, Why};

pub(crate) fn why(cluster: &Cluster, node: &Value) -> Why {
    let name = node.name();
    let ready = node.condition("Ready");
    let mut answer = Why { fine: true, ..Why::default() };
    let since = ready["lastTransitionTime"].time().map_or(0, |t| cluster.now().since(t) / 1000);
    match ready["status"].text() {
        "True" => {
            answer.headline = Say::new(
                format!("Ready: the kubelet of {name} renews its lease and reports"),
                format!("준비됨: 노드 {name}의 kubelet이 리스를 갱신하고 상태를 알립니다"),
            );
        }
        "Unknown" => {
            answer.fine = false;
            answer.headline = Say::new(
                format!(
                    "NotReady for {since} s: its kubelet stopped renewing the lease, so the node controller set Unknown"
                ),
                format!(
                    "{since}초째 NotReady: kubelet이 리스를 갱신하지 않아 노드 컨트롤러가 Unknown으로 바꿨습니다"
                ),
            );
            answer.details.push(Say::new(
                "Its pods are evicted once their tolerationSeconds (300 unless set) have passed",
                "파드는 tolerationSeconds(정하지 않으면 300초)가 지나면 축출됩니다",
            ));
        }
        _ => {
            answer.fine = false;
            answer.headline = Say::same(ready["message"].text());
        }
    }
    for kind in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
        if node.condition_true(kind) {
            answer.fine = false;
            answer.details.push(Say::same(format!("{kind}: {}", node.condition(kind)["message"].text())));
        }
    }
    if node["spec"]["unschedulable"].is_true() {
        answer.fine = false;
        answer.details.push(Say::new(
            "Cordoned: spec.unschedulable is true, so new pods go elsewhere. kubectl uncordon lifts it",
            "차단됨: spec.unschedulable이 true라서 새 파드는 다른 곳으로 갑니다. kubectl uncordon으로 풉니다",
        ));
    }
    for taint in node["spec"]["taints"].items() {
        let (key, effect) = (taint["key"].text(), taint["effect"].text());
        answer.details.push(Say::new(
            format!("Taint {key}:{effect} keeps away pods that don't tolerate it"),
            format!("테인트 {key}:{effect}: 톨러레이션이 없는 파드를 막습니다"),
        ));
    }
    answer
}
