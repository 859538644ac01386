//! The program `node`: a node's own files, as its administrator sees them; machines that join, and groups of them.
//!
//! Owns: the command's words and its help in Korean and English. Does not own: the disk (the node's kubelet), what
//! follows from a manifest that comes or goes (static pods), growing and shrinking a group (`cloud`).
//! Stands for what `kubeadm join` and a provider's console do.

use cluster::{Cluster, NodeConfig, NodeGroup};
use objects::Str;
use objects::quantity::Quantity;

use crate::load::Printed;

const HELP_EN: &str = "\
Look at the files of a node, and move them; have more nodes.

Usage:
  node join NAME [flags]           a machine joins the cluster
  node group NAME [flags]          a group of nodes that grows for pods without a place
                                   and shrinks when nodes idle (a cluster autoscaler)

  node NODE ls [DIRECTORY]         what is in a directory
  node NODE cat FILE               what is in a file
  node NODE mv FILE TO             to another name or directory
  node NODE rm FILE
  node NODE mkdir DIRECTORY        with those above it

Flags of join and group:
  --cpu=4  --memory=8Gi            what each node has
  --labels=zone=a,disk=ssd
  --min=0  --max=3                 bounds of a group

The static pods of the control plane are in /etc/kubernetes/manifests:
  node control-plane mv /etc/kubernetes/manifests/kube-scheduler.yaml /root/
";

const HELP_KO: &str = "\
노드의 파일을 보고 옮기고, 노드를 늘립니다.

사용법:
  node join 이름 [플래그]           컴퓨터 한 대가 클러스터에 들어옵니다
  node group 이름 [플래그]          자리가 없는 파드가 있으면 늘고 놀면 줄어드는
                                   노드 그룹(클러스터 오토스케일러)

  node 노드 ls [디렉터리]           디렉터리에 있는 것
  node 노드 cat 파일                파일의 내용
  node 노드 mv 파일 갈곳            다른 이름이나 디렉터리로
  node 노드 rm 파일
  node 노드 mkdir 디렉터리          위의 디렉터리까지 함께 만듭니다

join과 group의 플래그:
  --cpu=4  --memory=8Gi            노드 하나가 가진 것
  --labels=zone=a,disk=ssd
  --min=0  --max=3                 그룹의 크기 범위

컨트롤 플레인의 스태틱 파드는 /etc/kubernetes/manifests에 있습니다:
  node control-plane mv /etc/kubernetes/manifests/kube-scheduler.yaml /root/
";

/// How many nodes a cluster may have by this command.
const NODES_MOST: usize = 50;

/// A machine by its flags; `None`: one of them is wrong.
fn machine(name: &str, args: &[String]) -> Option<(NodeConfig, usize, usize)> {
    let mut node = NodeConfig::worker(name);
    let (mut min, mut max) = (0, 3);
    for arg in args.iter().filter(|a| a.starts_with('-')) {
        let (flag, text) = arg.split_once('=')?;
        let quantity = || Quantity::parse(text).ok().filter(|q| q.value() > 0).map(|_| Str::from(text));
        match flag {
            "--cpu" => node.cpu = quantity()?,
            "--memory" => node.memory = quantity()?,
            "--min" => min = text.parse().ok()?,
            "--max" => max = text.parse().ok().filter(|n| *n <= NODES_MOST)?,
            "--labels" => {
                for pair in text.split(',') {
                    let (key, label) = pair.split_once('=')?;
                    let bad = !objects::names::qualified_name(key).is_empty()
                        || !objects::names::label_value(label).is_empty();
                    if bad {
                        return None;
                    }
                    node.labels.push((key.into(), label.into()));
                }
            }
            _ => return None,
        }
    }
    let named = objects::names::dns1123_subdomain(name).is_empty() && name.len() <= 63;
    (named && min <= max).then_some((node, min, max))
}

/// A machine, or a group of them, for the cluster; the error is what went wrong, in both languages.
fn more(kind: &str, name: &str, args: &[String], cluster: &mut Cluster) -> Result<[String; 2], [String; 2]> {
    let Some((node, min, max)) = machine(name, args) else {
        return Err(["a name or a flag is wrong".to_owned(), "이름이나 플래그가 잘못되었습니다".to_owned()]);
    };
    if cluster.config().nodes.len() >= NODES_MOST {
        return Err([format!("at most {NODES_MOST} nodes"), format!("노드는 {NODES_MOST}개까지입니다")]);
    }
    let taken = [format!("\"{name}\" is there already"), format!("이미 있습니다: {name}")];
    if kind == "join" {
        return if cluster.join_node(node) {
            Ok([format!("node/{name} joined\n"), format!("노드 {name}: 클러스터에 들어왔습니다\n")])
        } else {
            Err(taken)
        };
    }
    let group =
        NodeGroup { name: name.into(), min, max, cpu: node.cpu, memory: node.memory, labels: node.labels };
    if cluster.add_node_group(group) {
        Ok([
            format!("group {name}: {min} to {max} nodes\n"),
            format!("그룹 {name}: 노드 {min}개에서 {max}개까지\n"),
        ])
    } else {
        Err(taken)
    }
}

/// The command line.
pub(crate) fn run(args: &[String], korean: bool, cluster: &mut Cluster) -> Printed {
    let help = if korean { HELP_KO } else { HELP_EN };
    let done = |out: String| Printed { out, ..Printed::default() };
    let failed = |err: String| Printed { err, code: 1, ..Printed::default() };
    let word = |i: usize| args.get(i).map_or("", String::as_str);
    if word(0).is_empty() || args.iter().any(|a| a == "-h" || a == "--help") {
        return done(help.to_owned());
    }
    if matches!(word(0), "join" | "group") && !word(1).is_empty() && !word(1).starts_with('-') {
        let own = |[english, own]: [String; 2]| if korean { own } else { english };
        return match more(word(0), word(1), &args[2..], cluster) {
            Ok(said) => done(own(said)),
            Err(why) => failed(format!("node: {}\n", own(why))),
        };
    }
    let node = word(0);
    if cluster.kubelet(node).is_none() {
        return failed(format!("node: {node}: no such node\n"));
    }
    let nothing = |path: &str| format!("{}: {path}: No such file or directory\n", word(1));
    match (word(1), word(2), word(3)) {
        ("ls", path, _) => {
            let path = if path.is_empty() { "/" } else { path };
            match cluster.node_files(node, path) {
                Some(names) => done(names.iter().map(|n| format!("{n}\n")).collect()),
                None if cluster.node_file(node, path).is_some() => done(format!("{path}\n")),
                None => failed(nothing(path)),
            }
        }
        ("cat", path, _) if !path.is_empty() => match cluster.node_file(node, path) {
            Some(bytes) => done(String::from_utf8_lossy(&bytes).into_owned()),
            None => failed(nothing(path)),
        },
        ("mv", from, to) if !from.is_empty() && !to.is_empty() => {
            let name = from.rsplit('/').next().unwrap_or_default();
            let into = to.ends_with('/') || cluster.node_files(node, to).is_some();
            let to = if into { format!("{}/{name}", to.trim_end_matches('/')) } else { to.to_owned() };
            if cluster.move_node_file(node, from, &to) { done(String::new()) } else { failed(nothing(from)) }
        }
        ("rm", path, _) if !path.is_empty() => {
            if cluster.move_node_file(node, path, "") {
                done(String::new())
            } else {
                failed(nothing(path))
            }
        }
        ("mkdir", flag, path) if !flag.is_empty() => {
            let path = if flag == "-p" { path } else { flag };
            if path.is_empty() {
                failed(help.to_owned())
            } else if cluster.make_node_directory(node, path) {
                done(String::new())
            } else {
                failed(format!("mkdir: can't create directory '{path}': File exists\n"))
            }
        }
        _ => failed(help.to_owned()),
    }
}
