//! What must hold of a session: the same seed and commands give the same log, what is wrong changes nothing, and cost
//! follows the number of pods.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cluster::{Cluster, ClusterConfig, bench};
use terminal::{Terminal, script};

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// What the script of the parity test prints, and the hash of its log.
fn played(seed: u64) -> (String, u64) {
    let steps =
        script::parse(&read(&tests().join("browser/parity/play.txt"))).unwrap_or_else(|e| panic!("{e}"));
    let mut cluster = Cluster::new(ClusterConfig::playground(seed));
    let transcript = script::play(&steps, &mut cluster, &mut Terminal::new());
    (transcript, cluster.log_hash())
}

fn pods(transcript: &str) -> BTreeSet<&str> {
    let words = transcript.lines().filter_map(|l| l.split_whitespace().next());
    words.filter(|w| w.starts_with("web-") && w.matches('-').count() == 2).collect()
}

#[test]
fn the_same_seed_and_commands_give_the_same_log_and_another_seed_other_names() {
    let (first, again, other) = (played(1), played(1), played(2));
    assert_eq!(first, again);
    assert_ne!(first.1, other.1);
    assert_eq!(pods(&first.0).len(), 5, "{}", first.0);
    assert_eq!(pods(&other.0).len(), 5, "{}", other.0);
    assert!(pods(&first.0).is_disjoint(&pods(&other.0)));
}

#[test]
fn a_manifest_that_is_wrong_changes_nothing() {
    let directory = tests().join("scenarios/errors");
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    let mut terminal = Terminal::new();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(&directory).unwrap_or_else(|e| panic!("{e}")).flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            terminal
                .write_file(&name, read(&entry.path()).as_bytes())
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            wrong.push(name);
        }
    }
    wrong.retain(|name| name != "good.yaml");
    wrong.sort();
    assert!(wrong.len() >= 6, "{wrong:?}");
    let mut run = |line: &str, cluster: &mut Cluster| {
        terminal.submit(line);
        assert!(terminal.finish(cluster, 60_000), "{line} does not end");
        terminal.exit_code()
    };
    assert_eq!(run("kubectl apply -f good.yaml", &mut cluster), 0);
    cluster.settle();
    for name in wrong {
        for verb in ["apply", "create", "replace"] {
            let before = cluster.revision();
            assert_eq!(run(&format!("kubectl {verb} -f {name}"), &mut cluster), 1, "{verb} {name}");
            let written: Vec<String> = cluster
                .changes_since(before)
                .map(|c| c.resource.to_string())
                .filter(|r| !r.starts_with("leases."))
                .collect();
            assert_eq!(written, Vec::<String>::new(), "{verb} {name}");
        }
    }
}

#[test]
fn writes_and_events_follow_the_number_of_pods() {
    let run = |replicas| {
        bench::run(&bench::Workload { name: "test", nodes: 4, deployments: 1, replicas, rounds: 1 })
    };
    let (small, large) = (run(40), run(400));
    assert_eq!((small.ready, large.ready), (40, 400));
    assert!(large.writes < small.writes * 10, "{small:?} {large:?}");
    assert!(large.events < small.events * 10, "{small:?} {large:?}");
}

#[test]
fn a_pods_failure_costs_the_same_among_many_as_among_few() {
    let cost = |nodes, replicas| {
        let w = bench::Workload { name: "test", nodes, deployments: 1, replicas, rounds: 1 };
        let mut c = bench::booted(&w);
        bench::rest(&mut c);
        let idle = bench::aftermath(&mut c, false);
        bench::rest(&mut c);
        let with = bench::aftermath(&mut c, true);
        assert_eq!(with.ready, replicas);
        (with.writes - idle.writes, with.events - idle.events, with.visited - idle.visited)
    };
    let (few, many) = (cost(10, 40), cost(10, 800));
    assert_eq!(few.0, many.0, "writes");
    // Nodes hear of Services and controllers of pods; nobody looks at more than before.
    assert!(many.1 <= few.1 + 4 && many.2 <= few.2 + 4, "events and objects: {few:?} and {many:?}");
}

#[test]
fn a_nodes_loss_costs_what_its_pods_cost() {
    // Ten pods on each node: what is lost is the same, what is left is not.
    let cost = |nodes: usize| {
        let replicas = nodes as i64 * 10;
        let w = bench::Workload { name: "test", nodes, deployments: 1, replicas, rounds: 1 };
        let cluster = bench::booted(&w);
        let idle = bench::node_lost(&mut cluster.clone(), 1, false);
        let with = bench::node_lost(&mut cluster.clone(), 1, true);
        assert_eq!(with.ready, replicas);
        (with.writes - idle.writes, with.events - idle.events)
    };
    // Where the replacements land decides how many nodes hear of them at once: a tenth more or less, whatever the size.
    let few = cost(12);
    let alike = |a: u64, b: u64| a.abs_diff(b) * 10 <= a;
    for many in [cost(24), cost(48)] {
        assert!(alike(few.0, many.0), "writes: {few:?} and {many:?}");
        assert!(alike(few.1, many.1), "events: {few:?} and {many:?}");
    }
}
