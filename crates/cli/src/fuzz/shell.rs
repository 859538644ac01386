//! Shell scripts of likely pieces, run in a busybox container for a bounded number of steps.

use clock::Rng;
use containers::fs::{Cred, Fs};
use containers::images::base::{Base, tree};
use containers::machine::{Env, Host as _, Machine, Outcome, PlainHost, Stdio};
use std::cell::RefCell;

const PIECES: &str = include_str!("../../../containers/tests/pieces.txt");
const STEPS: u32 = 3_000;

thread_local! {
    static ALL: Vec<String> =
        PIECES.lines().map(|l| l.replace("\\n", "\n").replace("\\\\", "\\")).collect();
    static ROOT: RefCell<Option<containers::fs::Tree>> = const { RefCell::new(None) };
}

pub(super) fn try_one(rng: &mut Rng) {
    let mut script = String::new();
    for _ in 0..rng.below(24) {
        let piece = if rng.below(8) == 0 {
            super::noise(rng)
        } else {
            ALL.with(|a| a[rng.below(a.len() as u64) as usize].clone())
        };
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
