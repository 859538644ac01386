//! The program `cluster`: more clusters beside the first, and a hub that spreads work over them.
//!
//! Owns: the command's words, its help in Korean and English, its list, what it writes into the kubeconfig; which
//! cluster the context in use means. Does not own: the clusters (`cluster`), what a hub does (`hub`), losing one (`fault`).
//! Stands for what `kind create cluster` and `karmadactl join` do.

use client::Credentials;
use cluster::{Cluster, ClusterConfig, NotMade};
use kubectl::kubeconfig::{Config, set_cluster};
use kubectl::{FsError, Io};
use objects::{Reason, Status, Str};

use crate::Terminal;
use crate::load::Printed;
use crate::program::learner;

const HELP_EN: &str = "\
Have more clusters than one. Each has a context: kubectl config use-context NAME

Usage:
  cluster list                    all clusters, their nodes and pods
  cluster add NAME [--workers=2]  a cluster beside the others
  cluster remove NAME
  cluster hub [NAME]              a hub (karmada) that spreads what it is given over clusters
  cluster join NAME               put a cluster under the hub
  cluster leave NAME              take it out again

To lose a whole cluster and have it back: fault cluster NAME lose|restore
";

const HELP_KO: &str = "\
클러스터를 여러 개 둡니다. 클러스터마다 컨텍스트가 있습니다: kubectl config use-context 이름

사용법:
  cluster list                    모든 클러스터와 노드, 파드 수
  cluster add 이름 [--workers=2]  클러스터를 하나 더 만듭니다
  cluster remove 이름             클러스터를 없앱니다
  cluster hub [이름]              맡은 것을 여러 클러스터에 나누는 허브(karmada)
  cluster join 이름               클러스터를 허브에 넣습니다
  cluster leave 이름              허브에서 뺍니다

클러스터 하나를 통째로 잃고 되찾으려면: fault cluster 이름 lose|restore
";

const HUB: &str = "karmada";
/// Where the machine keeps its kubeconfig.
pub(crate) const KUBECONFIG: &str = "/home/learner/.kube/config";
const WORKERS_MOST: usize = 20;

/// The name of the cluster that the context in use means.
pub(crate) fn current(cluster: &Cluster, io: &dyn Io) -> Result<Str, String> {
    if !cluster.has_members() {
        return Ok(cluster.config().name.clone());
    }
    let config =
        Config::load(io, "", &cluster.clusters_known()).map_err(|_| "error: error loading config file")?;
    cluster.at_server(config.server()).map_err(|s| s.message)
}

/// The server that a kubeconfig's context means; without one, the first cluster's.
pub(crate) fn server_in(cluster: &Cluster, kubeconfig: impl FnOnce() -> Option<String>) -> Str {
    if !cluster.has_members() {
        return cluster.server_url();
    }
    let Some(document) = kubeconfig().and_then(|text| objects::yaml::load(&text).ok()) else {
        return cluster.server_url();
    };
    let config = Config::of(document.value);
    config.server().into()
}

impl Terminal {
    /// The server of the context in use.
    pub(crate) fn current_server(&self, cluster: &Cluster) -> Str {
        server_in(cluster, || Some(String::from_utf8_lossy(&self.read_file(KUBECONFIG).ok()?).into_owned()))
    }

    /// Who the context in use is; `None` where no kubeconfig was written.
    pub(crate) fn current_credentials(&self) -> Option<Credentials> {
        let text = self.read_file(KUBECONFIG).ok()?;
        let document = objects::yaml::load(&String::from_utf8_lossy(&text)).ok()?;
        let read = |path: &str| self.read_file(path).map_err(|_| FsError::NotFound);
        Some(kubectl::credentials::quietly(&Config::of(document.value), &read))
    }

    /// The cluster of the context in use, by name.
    #[must_use]
    pub fn current_cluster(&self, cluster: &Cluster) -> Str {
        let server = self.current_server(cluster);
        cluster.at_server(&server).unwrap_or_else(|_| cluster.config().name.clone())
    }
}

fn done(out: String) -> Printed {
    Printed { out, ..Printed::default() }
}

fn failed(korean: bool, en: &str, ko: &str) -> Printed {
    let err = if korean { format!("오류: {ko}\n") } else { format!("error: {en}\n") };
    Printed { err, code: 1, ..Printed::default() }
}

/// Writes a cluster into the kubeconfig, where there is one, or takes it out.
fn remember(io: &dyn Io, cluster: &Cluster, name: &str, server: Option<&str>, current: bool) {
    let Ok(mut config) = Config::load(io, "", &cluster.clusters_known()) else { return };
    set_cluster(&mut config.value, name, server);
    if current || (server.is_none() && config.value["current-context"] == name) {
        config.value.set("current-context", if current { name } else { cluster::FIRST });
    }
    // A kubeconfig that can't be written stays as it is.
    let _ = config.save(io);
}

fn list(cluster: &Cluster, io: &dyn Io) -> String {
    let here = current(cluster, io).unwrap_or_default();
    let mut rows = vec!["CURRENT\tNAME\tNODES\tPODS\tSERVER\tNOTES".to_owned()];
    for c in cluster.clusters() {
        let mark = if c.name == here { "*" } else { "" };
        let notes = match (c.is_lost, c.is_hub) {
            (true, _) => "lost",
            (_, true) => "hub",
            _ => "",
        };
        rows.push(format!(
            "{mark}\t{}\t{}/{}\t{}/{}\t{}\t{notes}",
            c.name, c.ready_nodes, c.nodes, c.running_pods, c.pods, c.server
        ));
    }
    kubectl::printers::columns(&format!("{}\n", rows.join("\n")))
}

/// The hub's name, if there is one.
fn hub(cluster: &Cluster) -> Option<Str> {
    cluster.clusters().into_iter().find(|c| c.is_hub).map(|c| c.name)
}

fn add(cluster: &mut Cluster, io: &dyn Io, config: ClusterConfig, korean: bool) -> Printed {
    let name = config.name.clone();
    let is_hub = config.is_hub;
    if let Err(why) = cluster.add_cluster(config) {
        return match why {
            NotMade::Exists => failed(
                korean,
                &format!("there is a cluster \"{name}\" already"),
                &format!("이미 있는 클러스터입니다: {name}"),
            ),
            NotMade::TooMany => failed(
                korean,
                "there are as many clusters as a session can have",
                "한 세션에 둘 수 있는 만큼의 클러스터가 이미 있습니다",
            ),
            NotMade::BadName => failed(
                korean,
                "a cluster's name is of small letters, digits and dashes",
                "클러스터 이름에는 소문자, 숫자, 대시만 쓸 수 있습니다",
            ),
        };
    }
    let server = cluster.cluster_named(&name).map(Cluster::server_url).unwrap_or_default();
    remember(io, cluster, &name, Some(&server), true);
    let en = if is_hub { "hub" } else { "cluster" };
    let ko = if is_hub { "허브" } else { "클러스터" };
    done(if korean {
        format!("{ko} {name}: 만들고 컨텍스트로 골랐습니다\n")
    } else {
        format!("{en} \"{name}\" created, and set as the context in use\n")
    })
}

/// Tells the hub of a member, or that it leaves.
fn membership(cluster: &mut Cluster, name: &str, joins: bool, korean: bool) -> Printed {
    let Some(hub) = hub(cluster) else {
        return failed(korean, "there is no hub: cluster hub", "허브가 없습니다: cluster hub");
    };
    let Some(member) = cluster.cluster_named(name).filter(|c| !c.config().is_hub) else {
        return failed(
            korean,
            &format!("there is no cluster \"{name}\""),
            &format!("그런 클러스터가 없습니다: {name}"),
        );
    };
    let request = cluster::membership(name, &member.server_url(), joins);
    let answer = cluster.with_cluster(&hub, |c| c.request(&learner(), request));
    match answer {
        Some(Ok(_)) => done(match (joins, korean) {
            (true, false) => format!("cluster({name}) is joined successfully\n"),
            (false, false) => format!("cluster({name}) is leaving\n"),
            (true, true) => format!("클러스터 {name}: 허브에 들어왔습니다\n"),
            (false, true) => format!("클러스터 {name}: 허브에서 나갑니다\n"),
        }),
        Some(Err(Status { reason: Reason::AlreadyExists, .. })) => failed(
            korean,
            &format!("cluster({name}) is joined already"),
            &format!("이미 들어와 있는 클러스터입니다: {name}"),
        ),
        Some(Err(e)) => failed(korean, &e.message, &e.message),
        None => Printed::default(),
    }
}

/// The command line.
pub(crate) fn run(args: &[String], korean: bool, cluster: &mut Cluster, io: &dyn Io) -> Printed {
    let help = if korean { HELP_KO } else { HELP_EN };
    let words: Vec<&str> = args.iter().map(String::as_str).filter(|a| !a.starts_with('-')).collect();
    let flag = |name: &str| args.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('='));
    if words.is_empty() || args.iter().any(|a| a == "-h" || a == "--help") {
        return done(help.to_owned());
    }
    match (words[0], words.get(1).copied()) {
        ("list", _) => done(list(cluster, io)),
        ("add", Some(name)) => match flag("--workers").unwrap_or("2").parse() {
            Ok(workers) if workers <= WORKERS_MOST => {
                add(cluster, io, ClusterConfig::member(name, workers), korean)
            }
            _ => failed(
                korean,
                &format!("--workers is a number up to {WORKERS_MOST}"),
                &format!("--workers는 {WORKERS_MOST} 이하의 수입니다"),
            ),
        },
        ("hub", name) => match hub(cluster) {
            Some(name) => failed(
                korean,
                &format!("\"{name}\" is the hub already"),
                &format!("허브가 이미 있습니다: {name}"),
            ),
            None => add(cluster, io, ClusterConfig::hub(name.unwrap_or(HUB)), korean),
        },
        ("remove", Some(name)) => {
            if !cluster.remove_cluster(name) {
                return failed(
                    korean,
                    &format!("there is no cluster \"{name}\" that could be removed"),
                    &format!("없앨 수 있는 그런 클러스터가 없습니다: {name}"),
                );
            }
            remember(io, cluster, name, None, false);
            done(if korean {
                format!("클러스터 {name}: 없앴습니다\n")
            } else {
                format!("cluster \"{name}\" removed\n")
            })
        }
        ("join", Some(name)) => membership(cluster, name, true, korean),
        ("leave", Some(name)) => membership(cluster, name, false, korean),
        _ => Printed { err: help.to_owned(), code: 1, ..Printed::default() },
    }
}
