//! The program `fault`: makes something go wrong, and puts it right again.
//!
//! Owns: the command's words, its help in Korean and English, its list. Does not own: what a fault does (the cluster's
//! `faults`), what follows from it.

use cluster::faults::NoVictim;
use cluster::{Cluster, Fault, NodeFault, RegistryFault};
use objects::Str;
use objects::quantity::Quantity;
use ordered::Sort as _;

use crate::load::Printed;

const HELP_EN: &str = "\
Make something go wrong, and see what the cluster does about it.

Usage:
  fault node NAME crash                      the power of a node goes
  fault node NAME hang                       all programs on it stand still
  fault node NAME cut                        it is cut off the network
  fault node NAME stop                       its kubelet stops; containers run on
  fault node NAME restore                    it is well again

  fault pod NAME crash|hang|resume [flags]   the main process of a container ends, stands still, goes on
  fault component NAME kill|hang|resume      the same for a part of the cluster: kube-apiserver, etcd,
                                             kube-scheduler, kube-controller-manager, kube-proxy, coredns

  fault registry HOST lose                   nobody knows the name of an image registry (docker.io)
  fault registry HOST refuse                 it refuses every connection
  fault registry HOST silence                it does not answer
  fault registry HOST limit                  it says that you have asked too often
  fault registry HOST certificate            nobody trusts its certificate
  fault registry HOST slow [N]               it sends N times slower (20)
  fault registry HOST restore                it is well again

  fault disk NODE SIZE|free                  so much of a node's disk is taken, such as 95Gi; or is free again
  fault cluster NAME lose|restore            a whole cluster loses its power; and is back
  fault any                                  one of these by chance
  fault list                                 what was done so far, and what is broken now

Flags of pod:
  -c, --container=NAME                       not the first container
  -n, --namespace=default
  --code=1                                   the exit code of a crash
";

const HELP_KO: &str = "\
일부러 고장을 내고, 클러스터가 어떻게 대처하는지 봅니다.

사용법:
  fault node 이름 crash                      노드의 전원이 꺼집니다
  fault node 이름 hang                       그 노드의 프로그램이 모두 멈춰 섭니다
  fault node 이름 cut                        네트워크가 끊깁니다
  fault node 이름 stop                       kubelet이 멈춥니다. 컨테이너는 계속 돕니다
  fault node 이름 restore                    되돌립니다

  fault pod 이름 crash|hang|resume [플래그]   컨테이너의 주 프로세스가 끝나거나, 멈춰 서거나, 다시 움직입니다
  fault component 이름 kill|hang|resume      클러스터의 한 부분이 그렇게 됩니다: kube-apiserver, etcd,
                                             kube-scheduler, kube-controller-manager, kube-proxy, coredns

  fault registry 호스트 lose                 이미지 레지스트리(docker.io)의 이름을 찾을 수 없습니다
  fault registry 호스트 refuse               연결을 모두 거부합니다
  fault registry 호스트 silence              아무 답도 하지 않습니다
  fault registry 호스트 limit                너무 자주 요청했다고 합니다
  fault registry 호스트 certificate          인증서를 믿을 수 없습니다
  fault registry 호스트 slow [N]             N배 느리게 보냅니다(20배)
  fault registry 호스트 restore              되돌립니다

  fault disk 노드 크기|free                   노드의 디스크를 그만큼 채우거나(예: 95Gi) 다시 비웁니다
  fault cluster 이름 lose|restore            클러스터 하나의 전원이 모두 꺼지거나 돌아옵니다
  fault any                                  이 가운데 하나를 무작위로 고릅니다
  fault list                                 지금까지 낸 고장과 지금 고장 난 것을 봅니다

pod의 플래그:
  -c, --container=이름                       첫 컨테이너가 아닌 다른 컨테이너
  -n, --namespace=default
  --code=1                                   비정상 종료의 종료 코드
";

fn value_of<'a>(args: &'a [String], names: &[&str]) -> Option<&'a str> {
    for (i, arg) in args.iter().enumerate() {
        for name in names {
            if arg == name {
                return args.get(i + 1).map(String::as_str);
            }
            if let Some(v) = arg.strip_prefix(name).and_then(|r| r.strip_prefix('=')) {
                return Some(v);
            }
        }
    }
    None
}

/// The words that are no flags and no flags' values.
fn plain(args: &[String]) -> Vec<&str> {
    let mut words = Vec::new();
    let mut skip = false;
    for arg in args {
        if std::mem::take(&mut skip) {
            continue;
        }
        if arg.starts_with('-') {
            skip = !arg.contains('=');
        } else {
            words.push(arg.as_str());
        }
    }
    words
}

fn parse(args: &[String]) -> Option<Fault> {
    let words = plain(args);
    let name = |i: usize| words.get(i).map(|w| Str::from(*w));
    Some(match (*words.first()?, words.get(2).copied().unwrap_or_default()) {
        ("node", how) => {
            let node = name(1)?;
            match how {
                "crash" => Fault::Node(node, NodeFault::Crashed),
                "hang" => Fault::Node(node, NodeFault::Hung),
                "cut" => Fault::Node(node, NodeFault::CutOff),
                "stop" => Fault::Node(node, NodeFault::NoKubelet),
                "restore" => Fault::RestoreNode(node),
                _ => return None,
            }
        }
        ("pod", how) => {
            let namespace = value_of(args, &["-n", "--namespace"]).unwrap_or("default");
            let pod = Str::from(format!("{namespace}/{}", name(1)?.trim_start_matches("pod/")));
            let container = Str::from(value_of(args, &["-c", "--container"]).unwrap_or_default());
            match how {
                "crash" => {
                    let code = value_of(args, &["--code"]).map_or(Some(1), |c| c.parse().ok())?;
                    Fault::CrashContainer { pod, container, code }
                }
                "hang" | "resume" => Fault::HangContainer { pod, container, hung: how == "hang" },
                _ => return None,
            }
        }
        ("component", "kill") => Fault::KillComponent(name(1)?),
        ("component", how @ ("hang" | "resume")) => Fault::HangComponent(name(1)?, how == "hang"),
        ("registry", how) => {
            let times = words.get(3).map_or(Some(20), |n| n.parse().ok())?;
            let what = match how {
                "lose" => Some(RegistryFault::Gone),
                "refuse" => Some(RegistryFault::Refused),
                "silence" => Some(RegistryFault::Silent),
                "limit" => Some(RegistryFault::RateLimited),
                "certificate" => Some(RegistryFault::Certificate),
                "slow" => Some(RegistryFault::Slow(times)),
                "restore" => None,
                _ => return None,
            };
            Fault::Registry(name(1)?, what)
        }
        ("disk", "free") => Fault::FillDisk(name(1)?, 0),
        ("disk", size) => {
            let size = Quantity::parse(size).ok()?;
            Fault::FillDisk(name(1)?, u64::try_from(size.value()).ok()?)
        }
        ("cluster", how @ ("lose" | "restore")) => Fault::Cluster(name(1)?, how == "lose"),
        ("any", _) => Fault::Any,
        _ => return None,
    })
}

/// What was done, in a sentence.
#[must_use]
pub fn sentence(fault: &Fault, korean: bool) -> String {
    let pick = |ko: String, en: String| if korean { ko } else { en };
    match fault {
        Fault::Node(n, NodeFault::Crashed) => {
            pick(format!("노드 {n}: 전원이 꺼졌습니다"), format!("node {n} has lost its power"))
        }
        Fault::Node(n, NodeFault::Hung) => {
            pick(format!("노드 {n}: 멈췄습니다"), format!("node {n} stands still"))
        }
        Fault::Node(n, NodeFault::CutOff) => {
            pick(format!("노드 {n}: 네트워크가 끊겼습니다"), format!("node {n} is cut off the network"))
        }
        Fault::Node(n, NodeFault::NoKubelet) => {
            pick(format!("노드 {n}: kubelet이 멈췄습니다"), format!("the kubelet of node {n} is stopped"))
        }
        Fault::RestoreNode(n) => pick(format!("노드 {n}: 되돌렸습니다"), format!("node {n} is back")),
        Fault::CrashContainer { pod, code, .. } => pick(
            format!("파드 {pod}: 컨테이너가 종료 코드 {code}로 끝났습니다"),
            format!("a container of pod {pod} ended with code {code}"),
        ),
        Fault::HangContainer { pod, hung: true, .. } => pick(
            format!("파드 {pod}: 컨테이너가 멈췄습니다"),
            format!("a container of pod {pod} stands still"),
        ),
        Fault::HangContainer { pod, .. } => pick(
            format!("파드 {pod}: 컨테이너가 다시 움직입니다"),
            format!("a container of pod {pod} goes on"),
        ),
        Fault::KillComponent(n) | Fault::CrashComponent(n, _) => {
            pick(format!("{n}: 강제로 종료했습니다"), format!("{n} was killed"))
        }
        Fault::HangComponent(n, true) => pick(format!("{n}: 멈췄습니다"), format!("{n} stands still")),
        Fault::HangComponent(n, false) => pick(format!("{n}: 다시 움직입니다"), format!("{n} goes on")),
        Fault::Registry(h, None) => {
            pick(format!("레지스트리 {h}: 되돌렸습니다"), format!("registry {h} is well again"))
        }
        Fault::Registry(h, Some(RegistryFault::Slow(times))) => pick(
            format!("레지스트리 {h}: {times}배 느려졌습니다"),
            format!("registry {h} is {times} times slower"),
        ),
        Fault::Registry(h, Some(_)) => {
            pick(format!("레지스트리 {h}: 쓸 수 없습니다"), format!("registry {h} can't be used"))
        }
        Fault::FillDisk(n, 0) => {
            pick(format!("노드 {n}: 디스크를 비웠습니다"), format!("the disk of node {n} is free again"))
        }
        Fault::FillDisk(n, bytes) => {
            let size = bytes >> 20;
            pick(
                format!("노드 {n}: 디스크 {size}MiB를 채웠습니다"),
                format!("{size} MiB of the disk of node {n} are taken"),
            )
        }
        Fault::Cluster(n, true) => {
            pick(format!("클러스터 {n}: 전원이 꺼졌습니다"), format!("cluster {n} has lost its power"))
        }
        Fault::Cluster(n, false) => {
            pick(format!("클러스터 {n}: 되돌렸습니다"), format!("cluster {n} is back"))
        }
        Fault::Any => pick("아무 고장".to_owned(), "anything".to_owned()),
    }
}

fn refusal(why: &NoVictim, korean: bool) -> String {
    let (en, ko) = match why {
        NoVictim::Node(n) => (format!("there is no node \"{n}\""), format!("그런 노드가 없습니다: {n}")),
        NoVictim::Pod(p) => {
            (format!("there is no pod \"{p}\" on a node"), format!("노드에서 도는 그런 파드가 없습니다: {p}"))
        }
        NoVictim::Container(p, c) if c.is_empty() => (
            format!("no container of pod \"{p}\" runs"),
            format!("파드 {p}에는 실행 중인 컨테이너가 없습니다"),
        ),
        NoVictim::Container(p, c) => (
            format!("no container \"{c}\" of pod \"{p}\" runs"),
            format!("파드 {p}에는 실행 중인 그런 컨테이너가 없습니다: {c}"),
        ),
        NoVictim::Component(c) => (
            format!("no pod in kube-system runs \"{c}\""),
            format!("kube-system에는 그런 프로그램을 실행하는 파드가 없습니다: {c}"),
        ),
        NoVictim::Cluster(c) => {
            (format!("there is no cluster \"{c}\""), format!("그런 클러스터가 없습니다: {c}"))
        }
    };
    if korean { format!("오류: {ko}\n") } else { format!("error: {en}\n") }
}

/// What can be done to what, as the usage says it.
const DEEDS: [(&str, &str); 6] = [
    ("node", "crash|hang|cut|stop|restore"),
    ("pod", "crash|hang|resume"),
    ("component", "kill|hang|resume"),
    ("registry", "lose|refuse|silence|limit|certificate|slow [N]|restore"),
    ("disk", "SIZE|free"),
    ("cluster", "lose|restore"),
];

/// The words that may follow `fault KIND NAME`, in the order of the usage; `SIZE` stands for an amount.
pub fn deeds(kind: &str) -> impl Iterator<Item = &'static str> {
    let found = DEEDS.iter().find(|d| d.0 == kind).map_or("", |d| d.1);
    found.split('|').map(|deed| deed.split(' ').next().unwrap_or(deed))
}

/// What can be broken, in the order of the usage.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    DEEDS.iter().map(|d| d.0)
}

/// Why a line is no fault: the kind is unknown, the name is missing, or nothing of the sort can be done to it.
fn unread(args: &[String], korean: bool) -> String {
    let words = plain(args);
    let kind = words.first().copied().unwrap_or_default();
    let (en, ko) = match (DEEDS.iter().find(|d| d.0 == kind), words.get(1), words.get(2)) {
        (None, ..) => {
            let known = DEEDS.map(|d| d.0).join(", ");
            (
                format!("\"{kind}\" can't be broken: there are {known}, any and list"),
                format!("고장 낼 수 없는 것입니다: {kind}. {known}, any, list가 있습니다"),
            )
        }
        (Some((_, deeds)), None, _) => (
            format!("the name is missing: fault {kind} NAME {deeds}"),
            format!("이름이 빠졌습니다: fault {kind} 이름 {deeds}"),
        ),
        (Some((_, deeds)), Some(name), None) => (
            format!("what is to happen to it is missing: fault {kind} {name} {deeds}"),
            format!("무슨 일이 일어날지가 빠졌습니다: fault {kind} {name} {deeds}"),
        ),
        (Some((_, deeds)), Some(name), Some(how)) => (
            format!("\"{how}\" is not possible here: fault {kind} {name} {deeds}"),
            format!("여기에는 쓸 수 없는 말입니다: {how}. fault {kind} {name} {deeds}"),
        ),
    };
    if korean {
        format!("오류: {ko}\n사용법은 'fault help'로 볼 수 있습니다.\n")
    } else {
        format!("error: {en}\nSee 'fault help' for usage.\n")
    }
}

/// What was done and what is broken, of all clusters; each says which it is of where there are several.
fn list(cluster: &Cluster, korean: bool) -> String {
    let several = cluster.has_members();
    let mut done = Vec::new();
    let mut broken = String::new();
    for (name, _) in cluster.clusters_known() {
        let Some(one) = cluster.cluster_named(&name) else { continue };
        let of = if several { format!("{name}: ") } else { String::new() };
        let line = |fault: &Fault| match fault {
            Fault::Cluster(..) => sentence(fault, korean),
            _ => format!("{of}{}", sentence(fault, korean)),
        };
        done.extend(one.faults().iter().map(|d| (d.at, line(&d.fault))));
        for fault in one.broken() {
            broken.push_str(&format!("  {}\n", line(&fault)));
        }
    }
    done.arrange_by(|a, b| a.0.cmp(&b.0));
    let mut text: String = done.iter().map(|(at, what)| format!("{}  {what}\n", at.rfc3339())).collect();
    text.push_str(match (broken.is_empty(), korean) {
        (true, true) => "지금 고장 난 것이 없습니다\n",
        (true, false) => "nothing is broken now\n",
        (false, true) => "지금:\n",
        (false, false) => "now:\n",
    });
    text + &broken
}

/// `fault cluster` and `fault list`: the first cluster has all of them in hand.
pub(crate) fn of_cluster(
    args: &[String],
    korean: bool,
    cluster: &mut Cluster,
    _: &dyn kubectl::Io,
) -> Printed {
    run(args, korean, cluster)
}

/// The command line.
pub(crate) fn run(args: &[String], korean: bool, cluster: &mut Cluster) -> Printed {
    let help = if korean { HELP_KO } else { HELP_EN };
    let done = |out: String| Printed { out, ..Printed::default() };
    let failed = |err: String| Printed { err, code: 1, ..Printed::default() };
    let first = args.first().map_or("", String::as_str);
    if first.is_empty() || args.iter().any(|a| a == "-h" || a == "--help") || first == "help" {
        return done(help.to_owned());
    }
    if first == "list" {
        return done(list(cluster, korean));
    }
    match parse(args).map(|fault| cluster.inject(fault)) {
        Some(Ok(fault)) => done(format!("{}\n", sentence(&fault, korean))),
        Some(Err(why)) => failed(refusal(&why, korean)),
        None => failed(unread(args, korean)),
    }
}
