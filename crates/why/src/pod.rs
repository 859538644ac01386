//! Why a pod waits, fails, restarts or runs where it runs.

use cluster::Cluster;
use containers::images::catalogue;
use objects::Value;
use scheduler::decision::Verdict as Said;

use crate::{Near, Say, Subject, Verdict, Why, latest_event, nearest};

/// Verdicts listed of a large cluster; refusals first.
const MOST_VERDICTS: usize = 60;

pub(crate) fn why(cluster: &Cluster, pod: &Value) -> Why {
    let mut answer = Why::default();
    let node = pod["spec"]["nodeName"].text();
    let status = &pod["status"];
    verdicts(cluster, pod, &mut answer);
    if pod.is_terminating() {
        ending(cluster, pod, &mut answer);
    } else if node.is_empty() {
        pending(cluster, pod, &mut answer);
    } else if matches!(status["phase"].text(), "Succeeded") {
        answer.fine = true;
        answer.headline =
            Say::new("All its containers ended with code 0", "모든 컨테이너가 코드 0으로 끝났습니다");
    } else if status["phase"] == "Failed" && !status["reason"].is_zero() {
        failed(pod, &mut answer);
    } else if let Some(stuck) = stuck(pod) {
        container(cluster, pod, stuck, &mut answer);
    } else if pod.condition_true("Ready") {
        answer.fine = true;
        answer.headline = Say::new(
            format!("Ready on {node}: its containers run and their readiness probes pass"),
            format!("노드 {node}에서 준비됨: 컨테이너가 실행 중이고 준비성 프로브를 통과했습니다"),
        );
    } else if status["phase"] == "Failed" {
        answer.headline = Say::new(
            "A container ended with an error and is not started again",
            "컨테이너가 오류로 끝났고 다시 시작되지 않습니다",
        );
    } else if let Some(event) =
        latest_event(cluster, pod, &["FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"])
    {
        answer.headline = if event["reason"] == "FailedCreatePodSandBox" {
            Say::new(
                "Its containers can't start: their network could not be set up",
                "컨테이너를 시작할 수 없습니다: 네트워크를 만들지 못했습니다",
            )
        } else {
            Say::new(
                "Its containers can't start: a volume could not be mounted",
                "컨테이너를 시작할 수 없습니다: 볼륨을 마운트하지 못했습니다",
            )
        };
        answer.details.push(Say::same(event["message"].text()));
    } else {
        let probe = latest_event(cluster, pod, &["Unhealthy"]);
        answer.headline = match probe {
            Some(event) => {
                let message = event["message"].text();
                answer.details.push(Say::same(message));
                match message.split_once(" probe") {
                    Some(("Startup", _)) => Say::new("Its startup probe fails", "시작 프로브가 실패합니다"),
                    Some(("Liveness", _)) => Say::new("Its liveness probe fails", "활성 프로브가 실패합니다"),
                    _ => Say::new("Its readiness probe fails", "준비성 프로브가 실패합니다"),
                }
            }
            None => Say::new(
                "Its containers are starting, or its readiness probe has not passed yet",
                "컨테이너가 시작되는 중이거나 준비성 프로브를 아직 통과하지 못했습니다",
            ),
        };
    }
    answer
}

/// Ended as a whole, by its node's kubelet: what its containers came to is not why.
fn failed(pod: &Value, answer: &mut Why) {
    let (node, status) = (pod["spec"]["nodeName"].text(), &pod["status"]);
    let (reason, message) = (status["reason"].text(), status["message"].text().trim_end());
    answer.headline = match (reason, message) {
        ("Evicted", _) => {
            answer.details.extend(Some(message).filter(|m| !m.is_empty()).map(Say::same));
            Say::new(
                format!("The kubelet of {node} evicted it"),
                format!("노드 {node}의 kubelet이 축출했습니다"),
            )
        }
        (_, "") => Say::same(reason),
        _ => Say::same(format!("{reason}: {message}")),
    };
    answer.details.push(Say::new(
        "It is not started again: its controller makes another one, if it has one",
        "다시 시작되지 않습니다. 컨트롤러가 있다면 컨트롤러가 새 파드를 만듭니다",
    ));
}

fn ending(cluster: &Cluster, pod: &Value, answer: &mut Why) {
    let node = pod["spec"]["nodeName"].text();
    let silent =
        cluster.object("nodes", "", node).is_some_and(|n| n.condition("Ready")["status"] == "Unknown");
    if silent {
        answer.headline = Say::new(
            format!(
                "It is to end, but nothing is heard of the kubelet of {node}: whether its containers still run nobody knows"
            ),
            format!(
                "끝내야 하지만 노드 {node}의 kubelet에서 소식이 없습니다. 컨테이너가 아직 도는지 아무도 모릅니다"
            ),
        );
        answer.details.push(Say::new(
            "It stays until the node is back, is deleted or is said to be out of service (node.kubernetes.io/out-of-service)",
            "노드가 돌아오거나, 삭제되거나, 서비스에서 빠졌다고 표시될 때까지(node.kubernetes.io/out-of-service) 남습니다",
        ));
        return;
    }
    let left = pod.deletion_time().map_or(0, |at| (at.0 - cluster.now().0).max(0) / 1000);
    let held: Vec<&str> = pod["metadata"]["finalizers"].items().iter().map(Value::text).collect();
    answer.headline = if left == 0 && !held.is_empty() {
        let list = held.join(", ");
        Say::new(
            format!("It is ending, and waits for its finalizers to be removed: {list}"),
            format!("종료 중이며, 파이널라이저가 지워지기를 기다립니다: {list}"),
        )
    } else {
        Say::new(
            format!("It is ending: its containers got SIGTERM and have {left} s left"),
            format!("종료 중입니다: 컨테이너가 SIGTERM을 받았고 {left}초 남았습니다"),
        )
    };
    answer.next = pod.deletion_time();
}

fn verdicts(cluster: &Cluster, pod: &Value, answer: &mut Why) {
    let Some(decision) = cluster.scheduler().and_then(|s| s.decision(pod.uid())) else { return };
    for (node, verdict) in decision.verdicts() {
        let chosen = node == decision.node();
        let (fits, plugin, reason, scores) = match verdict {
            Said::Refused { plugin, refusal } => {
                (false, plugin, crate::refusal::say(refusal.reasons.iter().map(|r| r.as_str())), Vec::new())
            }
            Said::Fits { scores, .. } if scores.is_empty() => {
                (true, "", Say::new("the only one that fits", "맞는 유일한 노드"), scores)
            }
            Said::Fits { scores, total } => {
                (true, "", Say::new(format!("fits, score {total}"), format!("맞음, 점수 {total}")), scores)
            }
            Said::NotVisited => (
                true,
                "",
                Say::new(
                    "not looked at: enough nodes had been found",
                    "보지 않음: 맞는 노드를 이미 충분히 찾음",
                ),
                Vec::new(),
            ),
        };
        answer.verdicts.push(Verdict { node: node.into(), fits, chosen, plugin, reason, scores });
    }
    if answer.verdicts.len() > MOST_VERDICTS {
        let mut kept: Vec<Verdict> = Vec::new();
        kept.extend(answer.verdicts.iter().filter(|v| v.chosen).cloned());
        kept.extend(answer.verdicts.iter().filter(|v| !v.fits).take(MOST_VERDICTS - 1).cloned());
        let room = MOST_VERDICTS - kept.len();
        kept.extend(answer.verdicts.iter().filter(|v| v.fits && !v.chosen).take(room).cloned());
        answer.verdicts = kept;
    }
}

fn pending(cluster: &Cluster, pod: &Value, answer: &mut Why) {
    let spec = &pod["spec"];
    if !spec["schedulingGates"].is_zero() {
        let gates: Vec<&str> = spec["schedulingGates"].items().iter().map(|g| g["name"].text()).collect();
        let list = gates.join(", ");
        answer.headline = Say::new(
            format!("It waits for its scheduling gates to be removed: {list}"),
            format!("스케줄링 게이트가 지워지기를 기다립니다: {list}"),
        );
        return;
    }
    let scheduler = spec["schedulerName"].text();
    if !scheduler.is_empty() && scheduler != "default-scheduler" {
        answer.headline = Say::new(
            format!("It waits for a scheduler named {scheduler}, and none runs here"),
            format!("이름이 {scheduler}인 스케줄러를 기다리는데, 여기에는 없습니다"),
        );
        answer.near.extend(nearest(scheduler, ["default-scheduler"]).map(|want| Near {
            say: Say::same("spec.schedulerName"),
            subject: Subject::new("pods", pod.namespace(), pod.name()),
            field: "spec.schedulerName".into(),
            have: scheduler.to_owned(),
            want: want.to_owned(),
        }));
        return;
    }
    if !cluster.part_runs("kube-scheduler") {
        answer.headline = Say::new(
            "kube-scheduler does not run, and nobody else chooses a node for it",
            "kube-scheduler가 돌고 있지 않아서 노드를 골라 줄 것이 없습니다",
        );
        return;
    }
    if answer.verdicts.is_empty() {
        let message = pod.condition("PodScheduled")["message"].text();
        answer.headline = if message.is_empty() {
            Say::new("The scheduler has not looked at it yet", "스케줄러가 아직 보지 않았습니다")
        } else {
            Say::same(message)
        };
        return;
    }
    let n = answer.verdicts.len();
    let message = pod.condition("PodScheduled")["message"].text();
    answer.headline = Say::new(
        format!("It is Pending because none of the {n} nodes can take it"),
        format!("노드 {n}개 중 어느 것도 받을 수 없어서 Pending입니다"),
    );
    if !message.is_empty() {
        answer.details.push(Say::same(message));
    }
    for (key, want) in spec["nodeSelector"].entries() {
        let nodes = || cluster.objects("nodes");
        if nodes().any(|n| n.labels().get(key).text() == want.text()) {
            continue;
        }
        let values: Vec<&str> =
            nodes().map(|n| n.labels().get(key).text()).filter(|v| !v.is_empty()).collect();
        let keys: Vec<&str> = nodes().flat_map(|n| n.labels().entries()).map(|(k, _)| k.as_str()).collect();
        let near = nearest(want.text(), values.iter().copied());
        let (have, near) = match near {
            Some(value) => (want.text().to_owned(), value.to_owned()),
            None if values.is_empty() => {
                let Some(other) = nearest(key, keys.iter().copied()) else {
                    answer.details.push(Say::new(
                        format!("No node carries the label {key}={}", want.text()),
                        format!("레이블이 {key}={}인 노드가 없습니다", want.text()),
                    ));
                    continue;
                };
                (key.to_string(), other.to_owned())
            }
            None => continue,
        };
        answer.near.push(Near {
            say: Say::new(
                format!("No node carries {key}={}; there is {near}", want.text()),
                format!("레이블이 {key}={}인 노드가 없습니다. 비슷한 것: {near}", want.text()),
            ),
            subject: Subject::new("pods", pod.namespace(), pod.name()),
            field: format!("spec.nodeSelector.{key}"),
            have,
            want: near,
        });
    }
}

/// The status of the first container that waits for a reason or has failed.
fn stuck(pod: &Value) -> Option<&Value> {
    let status = &pod["status"];
    let all = status["initContainerStatuses"].items().iter().chain(status["containerStatuses"].items());
    all.into_iter().find(|c| {
        let waiting = c["state"]["waiting"]["reason"].text();
        (!waiting.is_empty() && !matches!(waiting, "PodInitializing" | "ContainerCreating"))
            || c["state"]["terminated"]["exitCode"].int() != 0
    })
}

fn container(cluster: &Cluster, pod: &Value, status: &Value, answer: &mut Why) {
    let name = status["name"].text();
    let waiting = &status["state"]["waiting"];
    let (reason, message) = (waiting["reason"].text(), waiting["message"].text());
    let image = status["image"].text();
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" => {
            answer.headline = Say::new(
                format!("The image {image} of container {name} can't be pulled"),
                format!("컨테이너 {name}의 이미지 {image} 받기에 실패했습니다"),
            );
            if !message.is_empty() {
                answer.details.push(Say::same(message));
            }
            answer.near.extend(image_near(pod, name, image));
        }
        "CrashLoopBackOff" | "" => {
            let last = if reason.is_empty() {
                &status["state"]["terminated"]
            } else {
                &status["lastState"]["terminated"]
            };
            let (code, why, times) =
                (last["exitCode"].int(), last["reason"].text(), status["restartCount"].int());
            let (en, ko) = match times {
                0 if pod["status"]["phase"] == "Failed" => {
                    (" and is not started again".to_owned(), ", 다시 시작되지 않음".to_owned())
                }
                0 => (String::new(), String::new()),
                1 => (" and has been started again once".to_owned(), ", 지금까지 1번 다시 시작".to_owned()),
                _ => (
                    format!(" and has been started again {times} times"),
                    format!(", 지금까지 {times}번 다시 시작"),
                ),
            };
            answer.headline = Say::new(
                format!("Container {name} ended with code {code} ({why}){en}"),
                format!("컨테이너 {name}: 코드 {code}({why}) 종료{ko}"),
            );
            answer.details.push(exit_words(code, why));
            if reason == "CrashLoopBackOff" {
                answer.details.push(Say::same(message));
            }
            // Between two runs the latest one is the one that ended: there is nothing previous to it yet.
            let place = match pod.namespace() {
                "default" => String::new(),
                other => format!(" -n {other}"),
            };
            let line = format!("kubectl logs {} -c {name}{place}", pod.name());
            answer.details.push(Say::new(
                format!("{line} shows what it said last"),
                format!("마지막 출력 보기: {line}"),
            ));
        }
        "CreateContainerConfigError" => {
            answer.headline = Say::new(
                format!("Container {name} can't be started: what its settings refer to is not there"),
                format!("컨테이너 {name}: 시작할 수 없습니다. 설정이 가리키는 것이 없습니다"),
            );
            answer.details.push(Say::same(message));
        }
        _ => {
            answer.headline = Say::same(format!("{reason}: {message}"));
        }
    }
    if let Some(event) =
        latest_event(cluster, pod, &["Unhealthy"]).filter(|e| e["message"].text().contains("iveness"))
    {
        answer.details.push(Say::same(event["message"].text()));
    }
}

fn exit_words(code: i64, reason: &str) -> Say {
    match (code, reason) {
        (_, "OOMKilled") => Say::new(
            "It used more memory than resources.limits.memory allows",
            "resources.limits.memory보다 많은 메모리를 썼습니다",
        ),
        (0, _) => Say::new(
            "Code 0 is no error: its command simply came to its end, and restartPolicy starts it again",
            "코드 0은 오류가 아닙니다. 명령이 끝났고, restartPolicy가 다시 시작시켰습니다",
        ),
        (127, _) => {
            Say::new("127: the command was not found in the image", "127: 이미지에 그 명령이 없습니다")
        }
        (126, _) => {
            Say::new("126: the command is there but can't be run", "126: 명령이 있지만 실행할 수 없습니다")
        }
        (137, _) => Say::new("137: it was killed (SIGKILL)", "137: 강제로 종료되었습니다(SIGKILL)"),
        (143, _) => Say::new("143: it ended on SIGTERM", "143: SIGTERM을 받고 끝났습니다"),
        (code, _) => Say::new(
            format!("{code} is the program's own code: its log says more"),
            format!("{code}: 프로그램이 정한 코드입니다. 로그에 이유가 있습니다"),
        ),
    }
}

/// The name of an image without registry, library and tag; and its tag.
fn parts(image: &str) -> (&str, &str) {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let last = image.rsplit('/').next().unwrap_or(image);
    last.split_once(':').unwrap_or((last, ""))
}

fn image_near(pod: &Value, container: &str, image: &str) -> Option<Near> {
    let (name, tag) = parts(image);
    let containers = pod["spec"]["containers"].items();
    let at = containers.iter().position(|c| c["name"] == container)?;
    let known = catalogue().find(|i| parts(i.name).0 == name || i.aliases.contains(&name));
    let want = match known {
        Some(known) if tag.is_empty() || known.has_tag(tag) => return None,
        Some(known) => {
            let best = nearest(tag, known.tags.iter().copied().filter(|t| !t.contains(['*', '{', '['])))
                .unwrap_or("latest");
            format!("{name}:{best}")
        }
        None => {
            let near = nearest(name, catalogue().map(|i| parts(i.name).0))?;
            if tag.is_empty() { near.to_owned() } else { format!("{near}:{tag}") }
        }
    };
    Some(Near {
        say: Say::new(
            format!("There is no image {image}; there is {want}"),
            format!("이미지 {image} 없음, {want} 있음"),
        ),
        subject: Subject::new("pods", pod.namespace(), pod.name()),
        field: format!("spec.containers[{at}].image"),
        have: image.to_owned(),
        want,
    })
}

/// The ports a container of a known image listens on when it runs the image's own command; none when that is unknown.
#[must_use]
pub fn listens(container: &Value) -> Vec<i64> {
    if !container["command"].is_zero() || !container["args"].is_zero() {
        return Vec::new();
    }
    let (name, _) = parts(container["image"].text());
    let known = catalogue().find(|i| parts(i.name).0 == name || i.aliases.contains(&name));
    known.map(|i| i.ports.iter().map(|p| i64::from(*p)).collect()).unwrap_or_default()
}
