//! Nothing a learner types makes the shell, a program or the registry panic, and a slice stays a slice.

use containers::fs::{Cred, Fs};
use containers::images::base::{Base, tree};
use containers::images::resolve;
use containers::machine::{Env, Machine, Outcome, PlainHost, Stdio};
use containers::shell::{Dialect, parse};
use proptest::prelude::*;

/// Pieces scripts are made of, joined at random: far more of them reach the interpreter than random letters would.
const PIECES: &str = include_str!("pieces.txt");

fn pieces() -> Vec<String> {
    PIECES.lines().map(|l| l.replace("\\n", "\n").replace("\\\\", "\\")).collect()
}

fn run(dialect: Dialect, script: &str) {
    let mut host = PlainHost { now: clock::Time::EPOCH, ..PlainHost::default() };
    let mut machine = Machine::new(Fs::new(tree(Base::Busybox).root), "host", 1, host.now);
    machine.sh = dialect;
    let sink = machine.sink();
    let argv = ["sh", "-c", script].map(String::from);
    let env: Env = Env::new([("PATH".to_string(), "/bin".to_string())].into());
    let stdio = Stdio { input: None, sink, tty: false };
    let started = machine.spawn(&mut host, &argv, env, "/tmp", Cred::default(), stdio);
    assert!(started.is_ok());
    for _ in 0..60 {
        match machine.step(100, &mut host) {
            Outcome::Exited(_) | Outcome::Blocked { until: None } => break,
            Outcome::Blocked { until: Some(t) } => host.now = t,
            Outcome::Running => {}
        }
        machine.take_output(sink);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn scripts_of_pieces_never_panic(chosen in prop::collection::vec(prop::sample::select(pieces()), 0..14), dialect in 0..3usize) {
        run([Dialect::Ash, Dialect::Dash, Dialect::Bash][dialect], &chosen.join(if dialect == 0 { "" } else { " " }));
    }

    #[test]
    fn any_text_parses_or_says_why(text in ".{0,60}") {
        let _ = parse(&text, Dialect::Bash, true, None);
        let _ = parse(&text, Dialect::Ash, false, None);
        let _ = resolve(&text);
    }

    #[test]
    fn programs_take_any_arguments(
        which in prop::sample::select(vec!["sed", "awk", "grep", "grep -E", "printf", "sort", "cut", "tr", "find", "expr", "date", "seq", "test", "head", "tail", "xargs", "dd", "ls", "cp", "chmod", "diff", "stat", "uniq", "tail -c", "curl", "nslookup", "base64 -d", "mktemp", "sleep", "timeout"]),
        a in "[ -~한é]{0,12}",
        b in ".{0,6}",
    ) {
        let quote = |t: &str| format!("'{}'", t.replace('\'', "'\\''"));
        run(Dialect::Ash, &format!("printf 'a b\\nc:d\\n' | {which} {} {}", quote(&a), quote(&b)));
    }
}
