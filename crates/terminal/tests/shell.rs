//! The learner's line: what the shell does before kubectl comes into it.

use cluster::{Cluster, ClusterConfig};
use terminal::{Submitted, Terminal};

fn run(terminal: &mut Terminal, cluster: &mut Cluster, line: &str) -> (String, i32) {
    assert_eq!(terminal.submit(line), Submitted::Runs);
    assert!(terminal.finish(cluster, 60_000), "{line} did not end");
    let bytes: Vec<u8> = terminal.take_output().into_iter().flat_map(|o| o.bytes).collect();
    (String::from_utf8_lossy(&bytes).into_owned(), terminal.exit_code())
}

#[test]
fn the_shell_runs_its_own_commands_and_kubectl() {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    cluster.advance(1_000);
    let mut t = Terminal::new();
    assert_eq!(run(&mut t, &mut cluster, "echo hello"), ("hello\n".into(), 0));
    let (out, code) = run(&mut t, &mut cluster, "kubectl get nodes");
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("control-plane"), "{out}");
    let (out, code) = run(&mut t, &mut cluster, "kubectl get nodes --no-headers | wc -l");
    assert_eq!((out.trim(), code), ("4", 0));
}

#[test]
fn an_open_here_document_asks_for_more() {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    let mut t = Terminal::new();
    assert_eq!(t.submit("cat <<EOF"), Submitted::NeedsMore);
    assert_eq!(t.submit("one"), Submitted::NeedsMore);
    assert_eq!(run(&mut t, &mut cluster, "EOF"), ("one\n".into(), 0));
}
