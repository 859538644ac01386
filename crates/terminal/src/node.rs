//! The program `node`: a node's own files, as its administrator sees them.
//!
//! Owns: the command's words and its help in Korean and English. Does not own: the disk (the node's kubelet), what
//! follows from a manifest that comes or goes (static pods).

use cluster::Cluster;

use crate::load::Printed;

const HELP_EN: &str = "\
Look at the files of a node, and move them.

Usage:
  node NODE ls [DIRECTORY]         what is in a directory
  node NODE cat FILE               what is in a file
  node NODE mv FILE TO             to another name or directory
  node NODE rm FILE
  node NODE mkdir DIRECTORY        with those above it

The static pods of the control plane are in /etc/kubernetes/manifests:
  node control-plane mv /etc/kubernetes/manifests/kube-scheduler.yaml /root/
";

const HELP_KO: &str = "\
노드의 파일을 보고 옮깁니다.

사용법:
  node 노드 ls [디렉터리]           디렉터리에 있는 것
  node 노드 cat 파일                파일의 내용
  node 노드 mv 파일 갈곳            다른 이름이나 디렉터리로
  node 노드 rm 파일
  node 노드 mkdir 디렉터리          위의 디렉터리까지 함께 만듭니다

컨트롤 플레인의 스태틱 파드는 /etc/kubernetes/manifests에 있습니다:
  node control-plane mv /etc/kubernetes/manifests/kube-scheduler.yaml /root/
";

/// The command line.
pub(crate) fn run(args: &[String], korean: bool, cluster: &mut Cluster) -> Printed {
    let help = if korean { HELP_KO } else { HELP_EN };
    let done = |out: String| Printed { out, ..Printed::default() };
    let failed = |err: String| Printed { err, code: 1, ..Printed::default() };
    let word = |i: usize| args.get(i).map_or("", String::as_str);
    if word(0).is_empty() || args.iter().any(|a| a == "-h" || a == "--help") {
        return done(help.to_owned());
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
