//! The shell and its programs, run in tables of (script, output, exit code).
//!
//! The expectations were checked against busybox 1.35 `sh`; the tables carry them, so no shell is needed here.

use containers::fs::{Cred, Fs, Node};
use containers::images::base::{self, Base};
use containers::machine::{Env, Flavor, Machine, Outcome, PlainHost, Stdio, Stream};
use containers::shell::Dialect;

/// Runs a script to its end (or a bound) and gives output, errors and exit code.
fn run(dialect: Dialect, script: &str) -> (String, String, i32) {
    let mut host = PlainHost { now: clock::Time::EPOCH, ..PlainHost::default() };
    let base = if dialect == Dialect::Ash { Base::Busybox } else { Base::Ubuntu };
    let mut tree = base::tree(base);
    for name in ["jq", "openssl", "envsubst"] {
        tree.put(&format!("/usr/bin/{name}"), Node::program(name, 1000));
    }
    let mut machine = Machine::new(Fs::new(tree.root), "host", 1, host.now);
    machine.sh = dialect;
    machine.flavor = if dialect == Dialect::Ash { Flavor::Busybox } else { Flavor::Gnu };
    let sink = machine.sink();
    let shell = if dialect == Dialect::Bash { "bash" } else { "sh" };
    let argv = [shell, "-c", script].map(String::from);
    let env: Env =
        Env::new([("PATH", "/usr/bin:/bin"), ("HOME", "/root")].map(|(k, v)| (k.into(), v.into())).into());
    let stdio = Stdio { input: None, sink, tty: false };
    machine.spawn(&mut host, &argv, env, "/tmp", Cred::default(), stdio).expect("a shell");
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut code = -1;
    for _ in 0..20_000 {
        let outcome = machine.step(500, &mut host);
        for (stream, data) in machine.take_output(sink) {
            if stream == Stream::Out { out.extend(data) } else { err.extend(data) }
        }
        match outcome {
            Outcome::Running => {}
            Outcome::Blocked { until: Some(t) } => host.now = t,
            Outcome::Blocked { until: None } => break,
            Outcome::Exited(c) => {
                code = c;
                break;
            }
        }
    }
    (String::from_utf8_lossy(&out).into_owned(), String::from_utf8_lossy(&err).into_owned(), code)
}

fn check(dialect: Dialect, cases: &str) {
    check_after("", dialect, cases);
}

fn check_after(before: &str, dialect: Dialect, cases: &str) {
    let mut bad = String::new();
    let mut n = 0;
    for case in cases.split("\n====\n").filter(|c| !c.trim().is_empty()) {
        let (script, want) = case
            .trim_start_matches("====\n")
            .trim_start_matches('\n')
            .split_once("\n----\n")
            .expect("a case has ----");
        let (want, code) = want.rsplit_once("exit ").expect("a case has an exit code");
        let (out, err, got) = run(dialect, &format!("{before}{script}"));
        n += 1;
        if out != want || got.to_string() != code.trim() {
            bad.push_str(&format!(
                "{script}\n  want {want:?} {}\n  got  {out:?} {got}\n  err  {err:?}\n",
                code.trim()
            ));
        }
    }
    assert!(bad.is_empty(), "\n{bad}");
    assert!(n > 10, "the table is read");
}

#[test]
fn posix_scripts_give_what_busybox_gives() {
    check(Dialect::Ash, include_str!("cases/ash.txt"));
}

/// What the scripts over files begin with.
const FILES: &str = "mkdir /tmp/W; cd /tmp/W; printf 'hello\\nworld\\nfoo bar\\n' > a.txt; printf 'apple 3\\nbanana 1\\ncherry 2\\n' > b.txt; mkdir d; echo in > d/f; : > empty\n";

#[test]
fn scripts_over_files_give_what_busybox_gives() {
    check_after(FILES, Dialect::Ash, include_str!("cases/files.txt"));
}

#[test]
fn jq_filters_give_what_jq_gives() {
    check(Dialect::Ash, include_str!("cases/jq.txt"));
}

#[test]
fn openssl_and_envsubst_give_what_the_real_ones_give() {
    check(Dialect::Ash, include_str!("cases/openssl.txt"));
}

#[test]
fn awk_programs_give_what_busybox_gives() {
    check_after(FILES, Dialect::Ash, include_str!("cases/awk.txt"));
}

#[test]
fn bash_scripts_give_what_bash_gives() {
    check(Dialect::Bash, include_str!("cases/bash.txt"));
}

#[test]
fn hostile_filters_and_programs_end() {
    for (program, text) in [
        ("jq -n", "-".repeat(5_000) + "1"),
        ("jq -n", "(".repeat(5_000)),
        ("jq -n", "1//".repeat(5_000) + "1"),
        ("jq -n", "try ".repeat(5_000) + "1"),
        ("jq -n", "if 1 then 1 ".to_owned() + &"elif 1 then 1 ".repeat(5_000)),
        ("jq -n", "def f: f; f".into()),
        ("jq -n", "def f: .;".repeat(5_000) + "1"),
        ("jq -n", "[range(1e12)] | length".into()),
        ("jq -n", "\"x\" | test(\"(?<\")".into()),
        ("jq -n", "\"ééééééééééééééé\" | keys".into()),
        ("awk", "BEGIN{".to_owned() + &"getline ".repeat(5_000) + "}"),
        ("awk", "BEGIN{x=".to_owned() + &"(".repeat(5_000) + "}"),
        ("awk", "BEGIN{print strftime(\"%Y\", 1e300)}".into()),
    ] {
        let (_, _, code) = run(Dialect::Ash, &format!("{program} '{text}'"));
        let begins: String = text.chars().take(20).collect();
        assert!(code >= 0, "{program} {begins}");
    }
}
