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

#[test]
fn a_shell_started_at_the_prompt_asks_by_itself() {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    let mut t = Terminal::new();
    let mut say = |t: &mut Terminal, line: &str| {
        t.submit(line);
        t.poll(&mut cluster);
        let bytes: Vec<u8> = t.take_output().into_iter().flat_map(|o| o.bytes).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    assert_eq!(say(&mut t, "sh"), "# ");
    assert!(t.is_running());
    assert_eq!(say(&mut t, "cd /tmp && echo in"), "in\n# ");
    assert_eq!(say(&mut t, "for i in 1 2; do"), "> ");
    assert_eq!(say(&mut t, "echo $i; done"), "1\n2\n# ");
    assert!(say(&mut t, "if )").to_lowercase().contains("syntax error"), "and asks on");
    assert_eq!(say(&mut t, "exit 3"), "");
    assert_eq!((t.is_running(), t.exit_code()), (false, 3));
    assert_eq!(
        say(&mut t, "cat /etc/hostname | sh"),
        say(&mut t, "cat /etc/hostname | sh"),
        "a script asks nothing"
    );
}

#[test]
fn prompts_share_files_and_nothing_else() {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    let mut t = Terminal::new();
    run(&mut t, &mut cluster, "cd /tmp; x=1; echo a > /tmp/a");
    assert!(t.open());
    assert_eq!((t.prompts(), t.directory().as_str()), (2, "~"));
    assert_eq!(run(&mut t, &mut cluster, "echo [$x]; cat /tmp/a"), ("[]\na\n".into(), 0));
    t.choose(0);
    assert_eq!(t.directory(), "/tmp");
    assert_eq!(t.history().len(), 1);
    t.choose(1);
    assert!(t.close() && !t.close(), "the last one stays");
    assert_eq!(run(&mut t, &mut cluster, "echo [$x]"), ("[1]\n".into(), 0));
    for _ in 0..20 {
        t.open();
    }
    assert_eq!(t.prompts(), terminal::prompts::MOST);
}

#[test]
fn what_is_offered_says_what_it_is_in_the_readers_language() {
    let mut cluster = Cluster::new(ClusterConfig::playground(1));
    let mut t = Terminal::new();
    run(&mut t, &mut cluster, "kubectl create deployment shop --image=nginx");
    for (line, text, says) in [
        ("kubec", "kubectl", "talks to the cluster"),
        ("kubectl desc", "describe", "Tell all about objects"),
        ("kubectl get deplo", "deployments", "Deployment"),
        ("kubectl get pods --al", "--all-namespaces", ""),
        ("fault no", "node", "power, standstill or network of a node"),
        ("kubectl describe deployment sh", "shop", ""),
    ] {
        let (_, found) = t.complete(&mut cluster, line, line.len());
        let one = found.iter().find(|c| c.text.starts_with(text));
        let described = one.map(|c| c.description.as_str()).unwrap_or("not offered");
        assert!(described.contains(says), "{line}: {found:?}");
        assert!(one.is_some(), "{line}");
    }
    // Whoever may not list them is offered none.
    run(&mut t, &mut cluster, "kubectl config set-credentials robot --token=$(kubectl create token default)");
    run(&mut t, &mut cluster, "kubectl config set-context robot --cluster=wheelhouse --user=robot");
    run(&mut t, &mut cluster, "kubectl config use-context robot");
    let line = "kubectl describe deployment sh";
    assert_eq!(t.complete(&mut cluster, line, line.len()).1, Vec::new());
    t.speak_korean(true);
    let (_, found) = t.complete(&mut cluster, "loa", 3);
    assert!(found[0].description.contains("부하"), "{found:?}");
    assert!(run(&mut t, &mut cluster, "fault --help").0.contains("고장"));
    t.open();
    assert!(run(&mut t, &mut cluster, "fault --help").0.contains("고장"), "a new prompt too");
    t.speak_korean(false);
    assert!(run(&mut t, &mut cluster, "fault --help").0.contains("Usage"));
}
