//! `vi` and `kubectl edit` at a terminal of lines.

use cluster::{Cluster, ClusterConfig};
use terminal::Terminal;

struct Seat(Terminal, Cluster);

impl Seat {
    fn say(&mut self, line: &str) -> String {
        self.0.submit(line);
        let until = self.1.now() + 5_000;
        self.0.run_until(&mut self.1, until, &mut || true);
        let bytes: Vec<u8> = self.0.take_output().into_iter().flat_map(|o| o.bytes).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn a_file_is_changed_line_by_line() {
    let mut s = Seat(Terminal::new(), Cluster::new(ClusterConfig::playground(1)));
    s.say("printf 'one\\ntwo\\nthree\\n' > f");
    let screen = s.say("vi f");
    assert!(screen.contains("> one\n  two\n  three\n") && screen.contains("\"f\" 3L, 14B"), "{screen}");
    s.say("/two");
    s.say("dd");
    s.say("o");
    s.say("new line");
    s.say(".");
    s.say("ggx");
    s.say(":%s/three/3/");
    assert!(s.say(":q").contains("E37: No write since last change"));
    assert!(s.say(":wq").contains("\"f\" 3L, 14B written"));
    assert_eq!(s.say("cat f"), "ne\n3\nnew line\n");
    s.say("vi f");
    s.say("dG");
    s.say("u");
    s.say("ddp");
    s.say(":q!");
    assert_eq!(s.say("cat f"), "ne\n3\nnew line\n");
}

#[test]
fn kubectl_edit_opens_it() {
    let mut s = Seat(Terminal::new(), Cluster::new(ClusterConfig::playground(1)));
    s.say("kubectl create deployment web --image=nginx:1.25");
    let screen = s.say("kubectl edit deployment web");
    assert!(screen.contains("# Please edit the object below."), "{screen}");
    s.say(":%s/replicas: 1/replicas: 2/");
    assert!(s.say(":wq").contains("deployment.apps/web edited"));
    assert_eq!(s.say("kubectl get deployment web -o jsonpath='{.spec.replicas}'"), "2");
    s.say("kubectl edit deployment web");
    assert!(s.say(":q").contains("Edit cancelled, no changes made."));
}
