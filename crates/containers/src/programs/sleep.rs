//! `sleep`, `usleep`, `timeout` and `stress`: programs that pass time.

use clock::Time;

use crate::machine::{Pid, Program, Signal, Sys, Turn, Wait};

#[derive(Clone)]
struct Sleep {
    argv: Vec<String>,
    until: Option<Time>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Sleep { argv: argv.to_vec(), until: None })
}

/// `1.5`, `10s`, `2m`, `1h`, `1d` in milliseconds; `None` is malformed.
pub(super) fn millis(text: &str) -> Option<i64> {
    if text == "infinity" || text == "inf" {
        return Some(i64::MAX / 4);
    }
    let (digits, unit) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    let n: f64 = digits.parse().ok()?;
    (n >= 0.0 && n.is_finite()).then(|| (n * unit * 1000.0).min(1e15) as i64)
}

impl Program for Sleep {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        match self.until {
            Some(until) if sys.now() >= until => return Turn::Exit(0),
            Some(until) => return Turn::Wait(Wait::Until(until)),
            None => {}
        }
        if self.argv.len() < 2 {
            return Turn::Exit(super::usage(sys, "sleep: missing operand\n"));
        }
        let mut total = 0i64;
        for text in &self.argv[1..] {
            let micros = super::short_name(&self.argv[0]) == "usleep";
            match millis(text).map(|ms| if micros { ms / 1_000_000 } else { ms }) {
                Some(ms) => total = total.saturating_add(ms),
                None => {
                    let text = if sys.gnu() {
                        format!(
                            "sleep: invalid time interval ‘{text}’\nTry 'sleep --help' for more information.\n"
                        )
                    } else {
                        format!("sleep: invalid number '{text}'\n")
                    };
                    return Turn::Exit(super::usage(sys, &text));
                }
            }
        }
        self.until = Some(sys.now() + total.min(1 << 52));
        Turn::More
    }
}

#[derive(Clone)]
struct Timeout {
    argv: Vec<String>,
    child: Option<(Pid, Time)>,
    fired: bool,
    signal: Signal,
}

pub(super) fn timeout(argv: &[String]) -> Box<dyn Program> {
    Box::new(Timeout { argv: argv.to_vec(), child: None, fired: false, signal: Signal::Term })
}

impl Program for Timeout {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some((pid, until)) = self.child else {
            let mut i = 1;
            while let Some(arg) = self.argv.get(i).filter(|a| a.starts_with('-')) {
                if matches!(arg.as_str(), "-s" | "-k" | "-t") {
                    i += 1;
                    if arg == "-s" {
                        self.signal = self.argv.get(i).and_then(|s| Signal::parse(s)).unwrap_or(Signal::Term);
                    }
                    if arg == "-t" {
                        i -= 1;
                        self.argv.remove(i);
                        break;
                    }
                }
                i += 1;
            }
            let (Some(ms), Some(rest)) =
                (self.argv.get(i).and_then(|t| millis(t)), self.argv.get(i + 1..).filter(|r| !r.is_empty()))
            else {
                return Turn::Exit(super::usage(sys, "timeout: invalid arguments\n"));
            };
            let rest = rest.to_vec();
            return match sys.spawn(&rest, None) {
                Ok(pid) => {
                    self.child = Some((pid, sys.now() + ms));
                    Turn::More
                }
                Err(e) => {
                    let (text, code) = super::exec_error(sys.machine().flavor, "timeout", &e);
                    sys.err(&text);
                    Turn::Exit(code)
                }
            };
        };
        if let Some(code) = sys.reap(pid) {
            let timed_out = if sys.gnu() { 124 } else { 143 };
            return Turn::Exit(if self.fired { timed_out } else { code });
        }
        if !self.fired && sys.now() >= until {
            self.fired = true;
            // It may have ended meanwhile.
            let _ = sys.kill(pid, Some(self.signal));
        }
        if self.fired {
            return Turn::Wait(Wait::Child(Some(pid)));
        }
        // Whichever comes first wakes it: the clock is looked at again at each tick of a second.
        Turn::Wait(Wait::Until((sys.now() + 100).min(until)))
    }
}

/// `150M`, `1G`, `4096`.
fn bytes(text: &str) -> Option<u64> {
    let unit = match text.chars().last()?.to_ascii_lowercase() {
        'k' => 10,
        'm' => 20,
        'g' => 30,
        _ => return text.parse().ok(),
    };
    let n: u64 = text.get(..text.len() - 1)?.parse().ok()?;
    n.checked_mul(1 << unit)
}

#[derive(Clone)]
struct Stress {
    argv: Vec<String>,
    begun: Time,
    until: Option<Time>,
}

pub(super) fn stress(argv: &[String]) -> Box<dyn Program> {
    Box::new(Stress { argv: argv.to_vec(), begun: Time::EPOCH, until: None })
}

impl Stress {
    /// `-cpus N -mem-total 150Mi`: the words of vish/stress.
    fn go(&mut self, value: &dyn Fn(&str, &str) -> Option<String>, sys: &mut Sys<'_>) -> Turn {
        let cpus = value("-cpus", "--cpus").and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
        let memory = value("-mem-total", "--mem-total").unwrap_or_else(|| "0".into());
        let held = bytes(memory.trim_end_matches(['i', 'B'])).unwrap_or(0);
        sys.set_load(cpus.saturating_mul(1000));
        sys.set_memory((2 << 20) + held);
        let mut out = format!(
            "I0101 00:00:00.000000       1 main.go:26] Allocating \"{memory}\" memory, in \"4Ki\" chunks, with a 1ms sleep between allocations\n"
        );
        for _ in 0..cpus.min(64) {
            out.push_str("I0101 00:00:00.000000       1 main.go:39] Spawning a thread to consume CPU\n");
        }
        out.push_str("I0101 00:00:00.000000       1 main.go:29] Allocated \"");
        out.push_str(&format!("{memory}\" memory\n"));
        sys.err(&out);
        self.until = Some(sys.now() + (1 << 52));
        Turn::More
    }
}

impl Program for Stress {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(until) = self.until else {
            let argv = self.argv.clone();
            let value = |long: &str, short: &str| {
                argv.iter().position(|a| a == long || a == short).and_then(|i| argv.get(i + 1)).cloned()
            };
            let n = |t: Option<String>| t.and_then(|t| t.parse::<u32>().ok()).unwrap_or(0);
            let go =
                super::short_name(&self.argv[0]) == "stress-go" || value("-cpus", "-mem-total").is_some();
            if go {
                return self.go(&value, sys);
            }
            let (cpu, vm) = (n(value("--cpu", "-c")), n(value("--vm", "-m")));
            let each = value("--vm-bytes", "").and_then(|t| bytes(&t)).unwrap_or(256 << 20);
            sys.set_load((cpu + vm).saturating_mul(1000));
            sys.set_memory((1 << 20) + each.saturating_mul(u64::from(vm)));
            let ms = value("--timeout", "-t").and_then(|t| millis(&t)).unwrap_or(1 << 52);
            sys.out(format!(
                "stress: info: [{}] dispatching hogs: {cpu} cpu, 0 io, {vm} vm, 0 hdd\n",
                sys.pid()
            ));
            (self.begun, self.until) = (sys.now(), Some(sys.now() + ms));
            return Turn::More;
        };
        if sys.now() < until {
            return Turn::Wait(Wait::Until(until));
        }
        let took = sys.now().since(self.begun) / 1000;
        sys.out(format!("stress: info: [{}] successful run completed in {took}s\n", sys.pid()));
        Turn::Exit(0)
    }
}
