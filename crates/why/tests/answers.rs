//! Answers to questions about clusters at work, through the learner's own commands.

use cluster::{Cluster, ClusterConfig};
use terminal::Terminal;
use why::{Subject, Why, why};

struct Desk {
    cluster: Cluster,
    terminal: Terminal,
}

impl Desk {
    fn new() -> Self {
        Self { cluster: Cluster::new(ClusterConfig::playground(3)), terminal: Terminal::new() }
    }

    fn run(&mut self, line: &str) {
        for part in line.lines() {
            self.terminal.submit(part);
        }
        self.terminal.finish(&mut self.cluster, 60_000);
        let until = self.cluster.now() + 20_000;
        self.terminal.run_until(&mut self.cluster, until, &mut || true);
    }

    fn ask(&self, resource: &str, name: &str) -> Why {
        why(&self.cluster, &Subject::new(resource, "default", name)).expect("the object is there")
    }

    fn pod(&self) -> Why {
        let pods: Vec<_> = self.cluster.objects("pods").filter(|p| p.namespace() == "default").collect();
        self.ask("pods", pods.first().expect("a pod").name())
    }
}

fn wants(answer: &Why) -> Vec<(&str, &str, &str)> {
    answer.near.iter().map(|n| (n.field.as_str(), n.have.as_str(), n.want.as_str())).collect()
}

#[test]
fn a_pod_goes_back_to_the_learners_own_command() {
    let mut desk = Desk::new();
    desk.run("kubectl create deployment web --image=nginx:1.27");
    let answer = desk.pod();
    assert!(answer.fine, "{answer:?}");
    let actors: Vec<&str> = answer.chain.iter().map(|s| s.actor.as_str()).collect();
    assert_eq!(actors[..4], ["you", "deployment-controller", "replicaset-controller", "default-scheduler"]);
    assert!(actors[4].starts_with("kubelet/"), "{actors:?}");
    assert_eq!(answer.chain[0].what.en, "created Deployment web");
    assert!(answer.chain.is_sorted_by_key(|s| s.revision));
    assert!(answer.verdicts.iter().any(|v| v.chosen));
}

#[test]
fn a_label_off_by_one_letter_is_found() {
    let mut desk = Desk::new();
    desk.run("kubectl create deployment web --image=nginx:1.27");
    desk.run("kubectl create service clusterip web --tcp=80:80");
    assert!(desk.ask("services", "web").fine);
    desk.run("kubectl set selector service web app=wbe");
    let answer = desk.ask("services", "web");
    assert!(!answer.fine && answer.headline.en.starts_with("No endpoints"));
    assert_eq!(wants(&answer), [("spec.selector.app", "wbe", "web")]);
}

#[test]
fn a_port_that_nobody_hears_is_found() {
    let mut desk = Desk::new();
    desk.run("kubectl create deployment web --image=nginx:1.27");
    desk.run("kubectl expose deployment web --port=80 --target-port=8080");
    assert_eq!(wants(&desk.ask("services", "web")), [("spec.ports[0].targetPort", "8080", "80")]);
}

#[test]
fn an_image_that_almost_exists_is_found() {
    let mut desk = Desk::new();
    desk.run("kubectl create deployment web --image=ngnix:1.27");
    let answer = desk.pod();
    assert_eq!(wants(&answer), [("spec.containers[0].image", "ngnix:1.27", "nginx:1.27")]);
    let deployment = desk.ask("deployments.apps", "web");
    assert_eq!(wants(&deployment), wants(&answer));
}

#[test]
fn each_node_says_why_it_takes_no_pod() {
    let mut desk = Desk::new();
    desk.run(
        "kubectl run big --image=nginx --overrides='{\"spec\":{\"nodeSelector\":{\"kubernetes.io/os\":\"linus\"}}}'",
    );
    let answer = desk.pod();
    assert!(answer.headline.en.contains("none of the 4 nodes"), "{answer:?}");
    assert_eq!(answer.verdicts.iter().filter(|v| !v.fits).count(), 4);
    assert_eq!(wants(&answer), [("spec.nodeSelector.kubernetes.io/os", "linus", "linux")]);
}

#[test]
fn names_that_lead_nowhere_are_found_with_what_is_near() {
    let mut desk = Desk::new();
    desk.run("kubectl create configmap settings --from-literal=a=b");
    desk.run(
        "kubectl run p --image=nginx --overrides='{\"spec\":{\"containers\":[{\"name\":\"p\",\"image\":\"nginx\",\
         \"envFrom\":[{\"configMapRef\":{\"name\":\"setting\"}}]}]}}'",
    );
    let answer = desk.pod();
    assert!(!answer.fine);
    assert_eq!(wants(&answer), [("spec.containers[0].envFrom[0]", "setting", "settings")]);
}

#[test]
fn what_ended_a_pod_comes_before_what_its_containers_did() {
    let mut desk = Desk::new();
    desk.run("kubectl run gone --image=nginx --overrides='{\"spec\":{\"nodeName\":\"worker-2\"}}'");
    desk.run("fault disk worker-2 95Gi");
    let answer = desk.ask("pods", "gone");
    assert!(answer.headline.en == "The kubelet of worker-2 evicted it", "{answer:?}");
    assert!(answer.details[0].en.starts_with("The node was low on resource: "), "{answer:?}");
    let once = "'{\"spec\":{\"restartPolicy\":\"Never\"}}'";
    desk.run(&format!("kubectl run once --image=busybox --overrides={once} -- sh -c 'exit 3'"));
    let answer = desk.ask("pods", "once");
    assert_eq!(answer.headline.en, "Container once ended with code 3 (Error) and is not started again");
    assert!(answer.details.iter().any(|d| d.en == "kubectl logs once -c once shows what it said last"));
}

#[test]
fn a_pod_that_is_to_end_on_a_silent_node_got_no_signal() {
    let mut desk = Desk::new();
    desk.run("kubectl run q --image=nginx --overrides='{\"spec\":{\"nodeName\":\"worker-2\"}}'");
    desk.run("fault node worker-2 hang");
    // Nobody misses it before 50 s have passed.
    for line in ["true", "true", "kubectl delete pod q --wait=false"] {
        desk.run(line);
    }
    let answer = desk.ask("pods", "q");
    assert!(answer.headline.en.contains("nothing is heard of the kubelet of worker-2"), "{answer:?}");
}

#[test]
fn a_part_of_the_cluster_that_does_not_run_is_named() {
    let mut desk = Desk::new();
    desk.run("kubectl create deployment web --image=nginx:1.27");
    desk.run("node control-plane mv /etc/kubernetes/manifests/kube-scheduler.yaml /root/");
    // Its kubelet looks every 20 s.
    desk.run("true");
    desk.run("kubectl scale deployment web --replicas=2");
    let waits = desk.cluster.objects("pods").find(|p| p["status"]["phase"] == "Pending").cloned();
    let answer = desk.ask("pods", waits.expect("nobody chose a node").name());
    assert!(answer.headline.en.starts_with("kube-scheduler does not run"), "{answer:?}");
    desk.run("node control-plane mv /root/kube-scheduler.yaml /etc/kubernetes/manifests/");
    desk.run("node control-plane mv /etc/kubernetes/manifests/kube-controller-manager.yaml /root/");
    desk.run("true");
    desk.run("kubectl delete pods --all");
    let answer = desk.ask("deployments.apps", "web");
    assert!(
        !answer.fine && answer.details[0].en.starts_with("kube-controller-manager does not run"),
        "{answer:?}"
    );
}

#[test]
fn every_answer_speaks_both_languages() {
    let mut desk = Desk::new();
    desk.run("kubectl create deployment web --image=nginx:1.27");
    desk.run("kubectl run once --image=busybox -- sh -c 'exit 3'");
    let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
    for id in ["pods", "deployments.apps", "services", "nodes", "replicasets.apps", "events"] {
        for object in desk.cluster.objects(id) {
            let subject = Subject::new(id, object.namespace(), object.name());
            let answer = why(&desk.cluster, &subject).expect("an answer");
            assert!(!answer.headline.is_empty(), "{id} {}", object.name());
            for step in &answer.chain {
                assert!(hangul(&step.what.ko) || step.what.ko.contains('→'), "{step:?}");
            }
        }
    }
}

#[test]
fn what_is_absent_says_why_in_both_languages() {
    for (line, resource, name, en, ko) in [
        (
            "kubectl create ingress door --rule=shop.test/=web:80",
            "ingresses.networking.k8s.io",
            "door",
            "No controller serves it",
            "맡은 컨트롤러가 없습니다",
        ),
        (
            "kubectl create deployment web --image=nginx:1.27 && kubectl autoscale deployment web --min=1 --max=3 --cpu=50%",
            "horizontalpodautoscalers.autoscaling",
            "web",
            "It has no figures to go by",
            "판단할 지표가 없습니다",
        ),
        (
            "kubectl create cronjob tick --image=busybox:1.36 --schedule='0 3 * * *' -- true && kubectl patch cronjob tick -p '{\"spec\":{\"suspend\":true}}'",
            "cronjobs.batch",
            "tick",
            "It starts nothing",
            "아무것도 시작하지 않습니다",
        ),
        (
            "kubectl create -f - <<'EOF'\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\nEOF",
            "persistentvolumeclaims",
            "data",
            "It is bound once a pod uses it",
            "쓰는 파드가 생기면 묶입니다",
        ),
        (
            "kubectl create service loadbalancer front --tcp=80:80",
            "services",
            "front",
            "No endpoints: no pod in default",
            "엔드포인트 없음",
        ),
        (
            "kubectl run lost --image=nginx:1.27 --overrides='{\"spec\":{\"containers\":[{\"name\":\"lost\",\"image\":\"nginx:1.27\",\"envFrom\":[{\"secretRef\":{\"name\":\"keys\"}}]}]}}'",
            "pods",
            "lost",
            "Container lost can't be started",
            "컨테이너 lost: 시작할 수 없습니다",
        ),
        (
            "kubectl run far --image=nginx:1.27 --overrides='{\"spec\":{\"nodeSelector\":{\"disk\":\"ssd\"}}}'",
            "pods",
            "far",
            "It is Pending because none of the 4 nodes can take it",
            "노드 4개 중 어느 것도 받을 수 없어서 Pending입니다",
        ),
    ] {
        let mut desk = Desk::new();
        desk.run(line);
        let answer = desk.ask(resource, name);
        assert!(!answer.fine, "{line}");
        assert!(answer.headline.en.starts_with(en), "{line}: {}", answer.headline.en);
        assert!(answer.headline.ko.starts_with(ko), "{line}: {}", answer.headline.ko);
        assert_eq!(answer.chain[0].actor, "you", "{line}");
        // Refusals too are told in the learner's language.
        for verdict in answer.verdicts.iter().filter(|v| !v.fits) {
            assert!(
                !verdict.reason.ko.contains("node(s)") && verdict.reason.en.contains("node(s)"),
                "{verdict:?}"
            );
        }
    }
}
