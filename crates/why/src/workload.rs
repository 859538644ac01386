//! Why a workload, a claim or anything else with a status is as it is.

use cluster::Cluster;
use objects::Value;

use crate::{Say, Subject, Why, latest_event};

pub(crate) fn why(cluster: &Cluster, subject: &Subject, object: &Value) -> Why {
    let mut answer = match subject.resource.as_str() {
        "deployments.apps"
        | "replicasets.apps"
        | "statefulsets.apps"
        | "daemonsets.apps"
        | "replicationcontrollers" => replicas(cluster, subject, object),
        "persistentvolumeclaims" => claim(cluster, object),
        "jobs.batch" => job(object),
        "cronjobs.batch" => crate::absence::cron_job(object),
        "ingresses.networking.k8s.io" => crate::absence::ingress(cluster, object),
        "horizontalpodautoscalers.autoscaling" => crate::absence::autoscaler(object),
        _ => Why { fine: true, ..Why::default() },
    };
    if answer.headline.is_empty() {
        let kind = object.kind();
        answer.headline = Say::new(
            format!("{kind} {} is there because of the writes below", object.name()),
            format!("{kind} {}: 아래 기록이 만들었습니다", object.name()),
        );
    }
    if object.is_terminating() {
        answer.fine = false;
        let finalizers: Vec<&str> =
            object["metadata"]["finalizers"].items().iter().map(Value::text).collect();
        if !finalizers.is_empty() {
            let list = finalizers.join(", ");
            answer.details.push(Say::new(
                format!("It was deleted and waits for finalizers: {list}"),
                format!("삭제되었고 파이널라이저를 기다립니다: {list}"),
            ));
        }
    }
    answer
}

fn replicas(cluster: &Cluster, subject: &Subject, object: &Value) -> Why {
    let (spec, status) = (&object["spec"], &object["status"]);
    let (want, ready) = if subject.resource == "daemonsets.apps" {
        (status["desiredNumberScheduled"].int(), status["numberReady"].int())
    } else {
        (spec["replicas"].int_or(1), status["readyReplicas"].int())
    };
    let mut answer = Why { fine: ready >= want, ..Why::default() };
    if ready >= want {
        answer.headline = Say::new(
            format!("All {want} wanted pods are ready"),
            format!("원하는 파드 {want}개가 모두 준비되었습니다"),
        );
    } else {
        answer.headline = Say::new(
            format!("{ready} of {want} wanted pods are ready"),
            format!("원하는 파드 {want}개 중 {ready}개가 준비되었습니다"),
        );
    }
    if spec["paused"].is_true() {
        answer.fine = false;
        answer.details.push(Say::new(
            "spec.paused is true: changes to the template start no rollout until kubectl rollout resume",
            "spec.paused가 true입니다: kubectl rollout resume까지 템플릿을 바꿔도 롤아웃이 시작되지 않습니다",
        ));
    }
    if let Some(event) = latest_event(cluster, object, &["FailedCreate"]).filter(|_| !answer.fine) {
        answer.details.push(Say::same(event["message"].text()));
    }
    for set in cluster.objects("replicasets.apps").filter(|s| s.controller_ref()["uid"] == object.uid()) {
        if let Some(event) = latest_event(cluster, set, &["FailedCreate"]).filter(|_| !answer.fine) {
            answer.details.push(Say::same(event["message"].text()));
        }
    }
    let progressing = object.condition("Progressing");
    if progressing["reason"] == "ProgressDeadlineExceeded" {
        answer.details.push(Say::same(progressing["message"].text()));
    }
    if !answer.fine {
        // The first of its pods that is not ready speaks for the others.
        let ours = |pod: &&Value| {
            let owner = pod.controller_ref();
            owner["uid"] == object.uid()
                || (owner["kind"] == "ReplicaSet"
                    && cluster
                        .object("replicasets.apps", pod.namespace(), owner["name"].text())
                        .is_some_and(|s| s.controller_ref()["uid"] == object.uid()))
        };
        let waits = |pod: &&Value| !pod.condition_true("Ready") && !pod.is_terminating();
        let stuck = cluster.objects("pods").filter(|p| p.namespace() == object.namespace());
        if let Some(pod) = stuck.filter(ours).find(waits) {
            let inner = crate::pod::why(cluster, pod);
            answer.details.push(Say::new(
                format!("Pod {}: {}", pod.name(), inner.headline.en),
                format!("파드 {}: {}", pod.name(), inner.headline.ko),
            ));
            let whose = Subject::new("pods", pod.namespace(), pod.name());
            answer.near.extend(inner.near);
            answer.near.extend(crate::references::broken(cluster, &whose, pod));
            answer.verdicts = inner.verdicts;
            answer.next = inner.next;
        }
    }
    answer
}

fn claim(cluster: &Cluster, claim: &Value) -> Why {
    let mut answer = Why { fine: true, ..Why::default() };
    if claim["status"]["phase"] == "Bound" {
        let volume = claim["spec"]["volumeName"].text();
        answer.headline =
            Say::new(format!("Bound to volume {volume}"), format!("볼륨 {volume}에 묶였습니다"));
        return answer;
    }
    answer.fine = false;
    let event = latest_event(
        cluster,
        claim,
        &["ProvisioningFailed", "WaitForFirstConsumer", "FailedBinding", "ExternalProvisioning"],
    );
    if let Some(event) = event {
        answer.details.push(Say::same(event["message"].text()));
    }
    answer.headline = match event.map(|e| e["reason"].text()) {
        Some("WaitForFirstConsumer") => Say::new(
            "It is bound once a pod uses it: its class waits for the first one",
            "쓰는 파드가 생기면 묶입니다: 스토리지클래스가 첫 파드를 기다립니다",
        ),
        Some("ExternalProvisioning") => Say::new(
            "It waits for its class's provisioner to make a volume",
            "스토리지클래스의 프로비저너가 볼륨을 만들기를 기다립니다",
        ),
        Some("ProvisioningFailed") => Say::new("A volume could not be made", "볼륨을 만들지 못했습니다"),
        Some(_) => Say::new(
            "No volume fits, and it has no class that would make one",
            "맞는 볼륨이 없고, 새로 만들어 줄 스토리지클래스도 없습니다",
        ),
        None => Say::new(
            "No volume fits yet, and none has been made",
            "맞는 볼륨이 아직 없고, 새로 만들어지지도 않았습니다",
        ),
    };
    answer
}

fn job(job: &Value) -> Why {
    let status = &job["status"];
    let (done, failed, want) =
        (status["succeeded"].int(), status["failed"].int(), job["spec"]["completions"].int_or(1));
    let mut answer = Why { fine: failed == 0, ..Why::default() };
    answer.headline = Say::new(
        format!("{done} of {want} completions, {failed} failed pods"),
        format!("완료 {want}번 중 {done}번, 실패한 파드 {failed}개"),
    );
    if job.condition_true("Failed") {
        answer.fine = false;
        answer.details.push(Say::same(job.condition("Failed")["message"].text()));
    }
    answer
}
