//! Shell scripts of likely pieces, run in a busybox container for a bounded number of steps.

use clock::Rng;
use containers::fs::{Cred, Fs};
use containers::images::base::{Base, tree};
use containers::machine::{Env, Host as _, Machine, Outcome, PlainHost, Stdio};
use std::cell::RefCell;

const PIECES: [&str; 84] = [
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "while",
    "until",
    "do",
    "done",
    "for i in",
    "case x in",
    "esac",
    "{",
    "}",
    "(",
    ")",
    "((",
    "))",
    "[[",
    "]]",
    "[",
    "]",
    ";",
    ";;",
    "&",
    "&&",
    "||",
    "|",
    "\n",
    "<",
    ">",
    ">>",
    "<<E\n",
    "E\n",
    "<<<",
    "2>&1",
    "&>",
    "$x",
    "${x",
    "${x:-",
    "${x#",
    "${x//a/",
    "${#x}",
    "$(",
    "`",
    "$((",
    "1+",
    "x=",
    "x=(",
    "a[1]=",
    "'",
    "\"",
    "\\",
    "*",
    "?",
    "{1..3}",
    "~",
    "!",
    "echo",
    "cat",
    "read y",
    "trap : TERM",
    "set -e",
    "set --",
    "shift",
    "exit 2",
    "sleep 1",
    "awk '{print $1}'",
    "sed s/a/b/",
    "sort -n",
    "grep -c a",
    "printf %s%d",
    "seq 3",
    "head -c 5 /dev/zero",
    "yes",
    "tr a-c x",
    "cut -d: -f1",
    "xargs",
    "tail -f /tmp/x",
    "kill $$",
    "find /",
    "test -f",
    "date +%s",
    "dd if=/dev/zero",
];
const STEPS: u32 = 3_000;

thread_local! {
    static ROOT: RefCell<Option<containers::fs::Tree>> = const { RefCell::new(None) };
}

pub(super) fn try_one(rng: &mut Rng) {
    let mut script = String::new();
    for _ in 0..rng.below(24) {
        let piece = if rng.below(8) == 0 { super::noise(rng) } else { super::pick(rng, &PIECES).to_string() };
        script.push_str(&piece);
        if rng.below(5) > 0 {
            script.push(' ');
        }
    }
    let mut fs = Fs::default();
    fs.tree = ROOT.with(|r| r.borrow_mut().get_or_insert_with(|| tree(Base::Busybox)).clone());
    let mut host = PlainHost::default();
    let mut machine = Machine::new(fs, "fuzz", 1, host.now());
    let sink = machine.sink();
    let shell = ["sh", "bash"][rng.below(2) as usize].to_string();
    let env: Env = Env::new([("PATH".to_string(), "/bin:/usr/bin".to_string())].into_iter().collect());
    let stdio = Stdio { input: None, sink, tty: false };
    let _ = machine.spawn(&mut host, &[shell, "-c".into(), script], env, "/", Cred::default(), stdio);
    for _ in 0..20 {
        match machine.step(STEPS, &mut host) {
            Outcome::Exited(_) | Outcome::Blocked { until: None } => break,
            Outcome::Blocked { until: Some(t) } => host.now = t,
            Outcome::Running => {}
        }
        machine.take_output(sink);
    }
}
