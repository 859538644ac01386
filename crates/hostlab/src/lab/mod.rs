//! The host lab: servers, hypervisors with guests, and containers side by side; and a day of services on servers.
//!
//! Owns: the lab as plain data, the `lab` command over it, the facts that goals ask for, what a screen draws.
//! Does not own: `docker` (crate::docker), a cluster. The lab has no past: going back in time leaves it as it is.
//! Where the numbers come from: `numbers`, and docs/host-lab.md.

mod command;
pub mod day;
mod inside;
pub mod numbers;
pub mod rack;

use clock::Time;
pub use inside::id;

use day::{Plan, Played};
use rack::{Kind, MODULES, Rack};

/// What is open: one of two set-ups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Open {
    #[default]
    Nothing,
    Day,
    Machines,
}

impl Open {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Day => "day",
            Self::Machines => "machines",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Lab {
    pub open: Open,
    pub plan: Plan,
    /// The last day played by hand, and in a pool.
    pub by_hand: Option<Played>,
    pub in_pool: Option<Played>,
    /// The pool was played last.
    pub pool_last: bool,
    pub plays: i64,
    pub rack: Rack,
    /// Who the last break-in reached, and what the last failure took down.
    pub reached: Vec<String>,
    pub fallen: Vec<String>,
    /// Grows with each change.
    pub version: u64,
}

/// What a command prints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Printed {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl Printed {
    fn out(text: impl Into<String>) -> Self {
        Self { out: text.into(), ..Self::default() }
    }

    fn failed(code: i32, err: String) -> Self {
        Self { err, code, ..Self::default() }
    }
}

/// Something a goal can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Number(i64),
    Word(String),
}

/// Names of facts that are there from the start; guests and containers add `guest.NAME` and `container.NAME`.
pub const FACTS: [&str; 29] = [
    "open",
    "plays",
    "mode",
    "hand.servers",
    "hand.spares",
    "hand.lost",
    "hand.pages",
    "hand.pages.night",
    "hand.failures",
    "pool.servers",
    "pool.lost",
    "pool.pages",
    "pool.pages.night",
    "pool.failures",
    "guests",
    "guests.ready",
    "containers",
    "containers.ready",
    "kernels",
    "module.a",
    "module.b",
    "module.c",
    "capacity.c",
    "load.c",
    "java.errors",
    "memory.metal-1",
    "memory.metal-2",
    "reached",
    "fallen",
];

impl Lab {
    /// Runs `lab ARGS`.
    pub fn run(&mut self, args: &[String], korean: bool, now: Time) -> Printed {
        let printed = command::run(self, args, korean, now);
        self.version += 1;
        printed
    }

    /// Everything that goals can ask for, as it is now. Of what was not played yet there is nothing.
    #[must_use]
    pub fn facts(&self, now: Time) -> Vec<(String, Fact)> {
        let mut all: Vec<(String, Fact)> = Vec::new();
        let mut word = |name: &str, text: &str| all.push((name.to_owned(), Fact::Word(text.to_owned())));
        word("open", self.open.name());
        word("mode", if self.plan.pool.is_some() { "pool" } else { "hand" });
        word("reached", &self.reached.join(" "));
        word("fallen", &self.fallen.join(" "));
        for machine in self.rack.machines.iter().filter(|m| !m.is_server()) {
            let kind = if machine.kind == Kind::Guest { "guest" } else { "container" };
            let state = match (machine.up, machine.ready(now)) {
                (false, _) => "down",
                (true, false) => "starting",
                (true, true) => "ready",
            };
            word(&format!("{kind}.{}", machine.name), state);
        }
        let mut number = |name: &str, n: i64| all.push((name.to_owned(), Fact::Number(n)));
        number("plays", self.plays);
        for (name, played) in [("hand", &self.by_hand), ("pool", &self.in_pool)] {
            let Some(played) = played else { continue };
            number(&format!("{name}.servers"), count(played.servers));
            number(&format!("{name}.lost"), played.all_lost());
            number(&format!("{name}.pages"), count(played.pages()));
            number(&format!("{name}.pages.night"), count(played.night_pages()));
            number(&format!("{name}.failures"), count(played.failures.len()));
            if !played.pooled {
                number("hand.spares", count(played.spares));
            }
        }
        let rack = &self.rack;
        let of = |kind: Kind, ready: bool| {
            count(rack.machines.iter().filter(|m| m.kind == kind && (!ready || m.ready(now))).count())
        };
        number("guests", of(Kind::Guest, false));
        number("guests.ready", of(Kind::Guest, true));
        number("containers", of(Kind::Container, false));
        number("containers.ready", of(Kind::Container, true));
        number("kernels", rack.kernels());
        for module in MODULES {
            number(&format!("module.{}", module.name), rack.running(module, now));
        }
        number("capacity.c", rack.capacity(MODULES[2], now));
        number("load.c", rack.load);
        let failed = rack.machines.iter().flat_map(|m| m.states().filter(|s| s.1.is_some())).count();
        number("java.errors", count(failed));
        for server in rack.machines.iter().filter(|m| m.is_server()) {
            number(&format!("memory.{}", server.name), rack.holds(server));
        }
        all
    }

    /// When something here will be ready by itself.
    #[must_use]
    pub fn wakes_at(&self, now: Time) -> Option<Time> {
        if self.open == Open::Machines { self.rack.wakes_at(now) } else { None }
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(lab: &mut Lab, line: &str) -> Printed {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        lab.run(&args, false, Time::EPOCH)
    }

    fn number(lab: &Lab, name: &str) -> i64 {
        let facts = lab.facts(Time::EPOCH + 60_000);
        match facts.iter().find(|f| f.0 == name) {
            Some((_, Fact::Number(n))) => *n,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn a_day_is_planned_and_played_both_ways() {
        let mut lab = Lab::default();
        for line in
            ["open day", "place all 3", "spares all 1", "failures bad", "play-day", "pool 4", "play-day"]
        {
            let printed = run(&mut lab, line);
            assert_eq!((printed.code, printed.err.as_str()), (0, ""), "{line}");
        }
        assert_eq!((number(&lab, "hand.servers"), number(&lab, "hand.spares")), (9, 3));
        assert_eq!((number(&lab, "pool.servers"), number(&lab, "pool.pages.night")), (4, 0));
        assert!(number(&lab, "hand.lost") > number(&lab, "pool.lost"));
    }

    #[test]
    fn machines_are_run_and_looked_into() {
        let (mut lab, mut now) = (Lab::default(), Time::EPOCH);
        let table = [
            ("open machines", 0, ""),
            ("run guest app --on metal-1 --memory 4096", 0, "app"),
            ("install app jdk:8", 0, "8"),
            ("deploy a app", 0, ""),
            ("deploy b app", 1, "UnsupportedClassVersionError"),
            ("run container a --on metal-2", 0, "a"),
            ("run container b --on metal-2", 0, "b"),
            ("exec a uname -r", 0, "6.8.0-60-generic"),
            ("exec app -- uname -r", 0, "6.1.0-37-amd64"),
            ("exec a -- cat /proc/self/cgroup", 0, "0::/\n"),
            ("exec metal-2 -- cat /proc/2119/cgroup", 0, "docker-"),
            ("exec metal-2 -- lsns", 0, "java -jar a.jar"),
            ("exec a -- modprobe zfs", 1, "Operation not permitted"),
            ("exec app -- modprobe zfs", 0, ""),
            ("exec a -- setup.exe", 126, "Exec format error"),
            ("exec nobody uname", 1, "no machine"),
            ("servers", 0, "metal-1"),
            ("guests", 0, "app"),
            ("containers", 0, "metal-2"),
            ("path app", 0, "hypervisor"),
            ("path a", 0, ""),
            ("compare", 0, ""),
            ("numbers", 0, "estimate"),
            ("break a", 0, ""),
            ("break a --kernel", 0, "metal-2"),
            ("fail metal-2", 0, "a"),
            ("repair metal-2", 0, ""),
            ("scale b 3", 0, ""),
            ("load c 250", 0, ""),
            ("rm b-3", 0, ""),
        ];
        for (line, code, said) in table {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            now = now + 300_000;
            let printed = lab.run(&args, false, now);
            assert_eq!(printed.code, code, "{line}: {printed:?}");
            assert!(format!("{}{}", printed.out, printed.err).contains(said), "{line}: {printed:?}");
        }
        let facts = lab.facts(now);
        let has = |name: &str, n: i64| facts.contains(&(name.to_owned(), Fact::Number(n)));
        assert!(has("module.a", 2) && has("module.b", 2) && has("java.errors", 1), "{facts:?}");
    }

    #[test]
    fn nothing_that_can_be_typed_breaks_the_lab() {
        let words = [
            "open",
            "day",
            "machines",
            "run",
            "guest",
            "container",
            "--on",
            "metal-1",
            "metal-2",
            "x",
            "exec",
            "scale",
            "-1",
            "99999999999999999999",
            "9223372036854775807",
            "place",
            "shop",
            "all",
            "pool",
            "fail",
            "--at",
            "25:99",
            "break",
            "--kernel",
            "play-day",
            "deploy",
            "a",
            "install",
            "jdk:8",
            "--memory",
            "load",
            "c",
            "--",
            "path",
            "repair",
            "rm",
            "",
            "조타실",
        ];
        let mut state = 7_u64;
        let mut lab = Lab::default();
        for _ in 0..3_000 {
            let mut args = Vec::new();
            for _ in 0..5 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                args.push(words[(state >> 33) as usize % words.len()].to_owned());
            }
            let _ = lab.run(&args, args.len() % 2 == 0, Time::EPOCH);
            let _ = lab.facts(Time::EPOCH);
        }
        assert!(lab.rack.machines.len() <= rack::MOST);
    }

    #[test]
    fn the_facts_are_those_that_goals_may_name() {
        let mut lab = Lab::default();
        for line in ["open day", "play-day", "pool 4", "play-day"] {
            run(&mut lab, line);
        }
        let facts = lab.facts(Time::EPOCH);
        for name in FACTS {
            assert!(facts.iter().any(|f| f.0 == name), "{name}");
        }
        assert_eq!(facts.len(), FACTS.len());
    }
}
