//! Charts over simulated time: usage of nodes and workloads, replicas, requests under load.
//!
//! Owns: what is remembered of each second (`record`), which series a subject has, how a chart is drawn (`draw`).
//! Does not own: the figures (kubelet's usage, the cluster's load model).

pub mod draw;
pub mod record;
#[cfg(target_arch = "wasm32")]
pub mod view;

use ordered::{BTreeSet, Sort};
use smol_str::{SmolStr, format_smolstr};

use crate::i18n::Texts;
use crate::panels::traffic::ending::Ending;
use crate::session::{kubectl, place};
use crate::stage::facts::split_id;
use record::{Sample, Usage};

/// What the figures of a chart count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Thousandths of a core.
    Milli,
    Bytes,
    Count,
    /// Thousandths of a request per second.
    Rate,
    /// Millionths of a second.
    Micros,
}

impl Unit {
    /// A figure as it is read.
    #[must_use]
    pub fn says(self, value: i64) -> SmolStr {
        let tenth = |v: i64, by: i64| {
            let tenths = v * 10 / by;
            if tenths % 10 == 0 || tenths >= 1000 {
                format_smolstr!("{}", tenths / 10)
            } else {
                format_smolstr!("{}.{}", tenths / 10, tenths % 10)
            }
        };
        match self {
            Self::Milli if value >= 1000 => format_smolstr!("{} cpu", tenth(value, 1000)),
            Self::Milli => format_smolstr!("{value}m"),
            Self::Bytes if value >= 1 << 30 => format_smolstr!("{} GiB", tenth(value, 1 << 30)),
            Self::Bytes => format_smolstr!("{} MiB", tenth(value, 1 << 20)),
            Self::Count => format_smolstr!("{value}"),
            Self::Rate => format_smolstr!("{}/s", tenth(value, 1000)),
            Self::Micros if value >= 1_000_000 => format_smolstr!("{} s", tenth(value, 1_000_000)),
            Self::Micros => format_smolstr!("{} ms", tenth(value, 1000)),
        }
    }
}

/// One line of a chart: its name and its points (instant, value).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    pub name: SmolStr,
    pub points: Vec<(i64, i64)>,
}

impl Series {
    /// The value at an instant: the last one known then.
    #[must_use]
    pub fn at(&self, now: i64) -> Option<i64> {
        let after = self.points.partition_point(|p| p.0 <= now);
        self.points[..after].last().map(|p| p.1)
    }

    /// Least, most and mean up to an instant.
    #[must_use]
    pub fn extent(&self, now: i64) -> Option<(i64, i64, i64)> {
        let seen = &self.points[..self.points.partition_point(|p| p.0 <= now)];
        let least = seen.iter().map(|p| p.1).min()?;
        let most = seen.iter().map(|p| p.1).max()?;
        let sum: i128 = seen.iter().map(|p| i128::from(p.1)).sum();
        Some((least, most, i64::try_from(sum / seen.len() as i128).unwrap_or(0)))
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub title: &'static str,
    pub unit: Unit,
    pub series: Vec<Series>,
}

/// All nodes together: the subject before one is chosen.
pub const NODES: &str = "nodes";
/// Lines of one chart at most.
const MOST_LINES: usize = 6;

/// What can be looked at: nodes first, then loads, workloads, pods; as it stands at the end of the record.
#[must_use]
pub fn subjects(usage: &Usage) -> Vec<SmolStr> {
    let mut out: Vec<SmolStr> = vec![NODES.into()];
    let Some(last) = usage.last() else { return out };
    out.extend(last.loads.iter().map(|l| format_smolstr!("load//{}", l.name)));
    out.extend(last.owners.iter().map(|o| o.id.clone()));
    out.extend(last.nodes.iter().map(|n| format_smolstr!("nodes//{}", n.0)));
    out.extend(last.pods.iter().map(|p| p.0.clone()));
    out
}

/// The command that tells the same as the charts of a subject.
#[must_use]
pub fn command(subject: &str) -> SmolStr {
    let (resource, namespace, name) = split_id(subject);
    match resource {
        NODES if name.is_empty() || name == NODES => "kubectl top nodes".into(),
        NODES => format_smolstr!("kubectl top node {name}"),
        "load" => format_smolstr!("load status {name}"),
        "pods" => format_smolstr!("kubectl top pod {name}{}", place(namespace)),
        _ => kubectl(
            "get",
            resource.split('.').next().unwrap_or_default().trim_end_matches('s'),
            namespace,
            name,
            "",
        ),
    }
}

fn series(name: &str, usage: &Usage, value: impl Fn(&Sample) -> Option<i64>) -> Series {
    let points = usage.samples().filter_map(|s| Some((s.at, value(s)?))).collect();
    Series { name: name.into(), points }
}

/// The charts of a subject.
#[must_use]
pub fn charts(usage: &Usage, subject: &str, texts: &Texts) -> Vec<Chart> {
    let (resource, _, name) = split_id(subject);
    let chart = |title, unit, series: Vec<Series>| Chart { title, unit, series };
    if subject == NODES && usage.last().is_some_and(|s| s.in_part.is_some()) {
        return in_part(usage, texts);
    }
    if subject == NODES {
        let names: Vec<SmolStr> = usage
            .last()
            .map(|s| s.nodes.iter().map(|n| n.0.clone()).take(MOST_LINES).collect())
            .unwrap_or_default();
        let of = |pick: fn(&record::Used) -> i64| -> Vec<Series> {
            let one = |n: &SmolStr| {
                series(n, usage, |s| s.nodes.iter().find(|(name, _)| name == n).map(|(_, used)| pick(used)))
            };
            names.iter().map(one).collect()
        };
        return vec![
            chart(texts.charts().cpu, Unit::Milli, of(|u| u.cpu)),
            chart(texts.charts().memory, Unit::Bytes, of(|u| u.memory)),
        ];
    }
    if resource == "load" {
        let of = |says: &str, pick: fn(&record::Load) -> i64| {
            series(says, usage, |s| s.loads.iter().find(|l| l.name == name).map(pick))
        };
        let kinds: BTreeSet<Ending> = usage
            .samples()
            .flat_map(|s| s.loads.iter().filter(|l| l.name == name))
            .flat_map(|l| l.errors.iter().map(|(how, _)| *how))
            .collect();
        let failed = |how: &Ending| {
            series(&how.says(texts), usage, |s| {
                let load = s.loads.iter().find(|l| l.name == name)?;
                Some(load.errors.iter().filter(|(other, _)| other == how).map(|(_, rate)| rate).sum())
            })
        };
        let errors: Vec<Series> = kinds.iter().take(MOST_LINES).map(failed).collect();
        let mut out = vec![
            chart(
                texts.charts().request_rate,
                Unit::Rate,
                vec![
                    of(texts.charts().offered, |l| l.offered),
                    of(texts.traffic().served, |l| l.served),
                    of(texts.charts().failed, |l| l.failed),
                ],
            ),
            chart(
                texts.charts().latency,
                Unit::Micros,
                vec![of(texts.charts().mean, |l| l.latency), of("p95", |l| l.p95)],
            ),
            chart(texts.charts().queue, Unit::Count, vec![of(texts.charts().queue, |l| l.queued / 1000)]),
        ];
        if !errors.is_empty() {
            out.push(chart(texts.charts().errors, Unit::Rate, errors));
        }
        return out;
    }
    let used = |s: &Sample| match resource {
        "nodes" => s.nodes.iter().find(|(n, _)| n == name).map(|(_, u)| *u),
        "pods" => s.pods.iter().find(|(id, _)| id == subject).map(|(_, u)| *u),
        _ => s.owners.iter().find(|o| o.id == subject).and_then(|o| o.used),
    };
    let mut out = vec![
        chart(texts.charts().cpu, Unit::Milli, vec![series(name, usage, |s| used(s).map(|u| u.cpu))]),
        chart(texts.charts().memory, Unit::Bytes, vec![series(name, usage, |s| used(s).map(|u| u.memory))]),
    ];
    if !matches!(resource, "nodes" | "pods") {
        let of = |says: &str, pick: fn(&record::Owner) -> i64| {
            series(says, usage, |s| s.owners.iter().find(|o| o.id == subject).map(pick))
        };
        let all = vec![of(texts.stage().desired, |o| o.desired), of(texts.charts().ready_word, |o| o.ready)];
        out.push(chart(texts.inspector().replicas, Unit::Count, all));
    }
    out
}

/// The charts of all nodes of a cluster too large to read whole: of the nodes that are read, the least, the middle and the
/// most; of all pods, how many are ready.
fn in_part(usage: &Usage, texts: &Texts) -> Vec<Chart> {
    let words = texts.charts();
    let of = |says: &str, part: fn(usize) -> usize, pick: fn(&record::Used) -> i64| {
        series(says, usage, |s| {
            let mut all: Vec<i64> = s.nodes.iter().map(|(_, used)| pick(used)).collect();
            all.arrange();
            all.get(part(all.len())).copied()
        })
    };
    let spread = |title, unit, pick: fn(&record::Used) -> i64| Chart {
        title,
        unit,
        series: vec![
            of(words.lowest, |_| 0, pick),
            of(words.median, |n| n / 2, pick),
            of(words.highest, |n| n.saturating_sub(1), pick),
        ],
    };
    let mut out = Vec::new();
    if usage.last().is_some_and(|s| !s.nodes.is_empty()) {
        out.push(spread(words.cpu, Unit::Milli, |u| u.cpu));
        out.push(spread(words.memory, Unit::Bytes, |u| u.memory));
    }
    let pods = vec![
        series(words.all_pods, usage, |s| Some(s.counts.1)),
        series(words.ready_word, usage, |s| Some(s.counts.0)),
    ];
    out.push(Chart { title: words.ready_pods, unit: Unit::Count, series: pods });
    out
}

/// What a reader of these charts has to know: how much of the cluster they tell of.
#[must_use]
pub fn remark(usage: &Usage, texts: &Texts) -> Option<SmolStr> {
    let last = usage.last()?;
    let number = |n: usize| i64::try_from(n).unwrap_or(0);
    Some((texts.charts().read_in_part)(number(last.nodes.len()), number(last.in_part?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use crate::session::Session;

    #[test]
    fn of_a_large_cluster_some_nodes_are_read_and_all_pods_are_counted() {
        let mut session = Session::with_nodes(1, 100, &[]);
        session.submit("kubectl create deployment web --image=nginx:1.27 --replicas=500");
        session.advance(60_000);
        let (usage, texts) = (session.readings(), Lang::En.texts());
        let all = charts(usage, NODES, texts);
        let titles: Vec<_> = all.iter().map(|c| c.title).collect();
        assert_eq!(titles, ["CPU", "Memory", "Pods"]);
        let now = session.latest();
        let figures = |i: usize| all[i].series.iter().filter_map(|s| s.at(now)).collect::<Vec<_>>();
        assert!(figures(1).windows(2).all(|w| w[0] <= w[1]) && figures(1).len() == 3, "{:?}", figures(1));
        assert!(figures(2).iter().all(|n| *n >= 500), "{:?}", figures(2));
        let read = usage.last().map_or(0, |s| s.nodes.len());
        assert!((10..=40).contains(&read), "{read}");
        assert!(remark(usage, texts).is_some_and(|says| says.contains(&format!("{read} of 101 nodes"))));
        let web = charts(usage, "deployments.apps/default/web", texts);
        assert_eq!(web.last().and_then(|c| c.series[0].at(now)), Some(500));
        assert_eq!(web[0].series[0].at(now), None, "nobody knows what all its pods use");
    }

    #[test]
    fn what_fails_is_told_by_its_kind() {
        let mut session = Session::new(1, &[]);
        for line in [
            "kubectl create deployment web --image=nginx:1.27",
            "kubectl expose deployment web --port=80 --target-port=8080",
        ] {
            session.submit(line);
            session.advance(20_000);
        }
        session.submit("load start svc/web --rps=50");
        session.advance(10_000);
        let texts = Lang::En.texts();
        let all = charts(session.readings(), "load//web", texts);
        let errors = all.last().filter(|c| c.title == texts.charts().errors).expect("something failed");
        assert_eq!(errors.series[0].name, texts.traffic().refused);
        assert!(errors.series[0].at(session.latest()).is_some_and(|rate| rate > 40_000), "{errors:?}");
    }

    #[test]
    fn figures_say_their_unit() {
        for (unit, value, says) in [
            (Unit::Milli, 250, "250m"),
            (Unit::Milli, 1500, "1.5 cpu"),
            (Unit::Bytes, 64 << 20, "64 MiB"),
            (Unit::Bytes, 3 << 29, "1.5 GiB"),
            (Unit::Rate, 20_000, "20/s"),
            (Unit::Micros, 12_300, "12.3 ms"),
            (Unit::Micros, 2_000_000, "2 s"),
            (Unit::Count, 3, "3"),
        ] {
            assert_eq!(unit.says(value), says);
        }
    }

    #[test]
    fn a_load_draws_its_curves_and_the_past_keeps_them() {
        let mut session = Session::new(1, &[]);
        for line in [
            "kubectl create deployment web --image=nginx:1.27 --replicas=2",
            "kubectl expose deployment web --port=80",
        ] {
            session.submit(line);
            session.advance(20_000);
        }
        session.submit("load start svc/web --rps=50 --cpu=5ms");
        session.advance(60_000);
        let texts = Lang::En.texts();
        let subjects = subjects(session.readings());
        for wanted in ["nodes", "load//web", "deployments.apps/default/web", "nodes//worker-1"] {
            assert!(subjects.iter().any(|s| s == wanted), "{wanted} in {subjects:?}");
        }
        let rates = charts(session.readings(), "load//web", texts);
        let served = &rates[0].series[1];
        let now = session.latest();
        assert!(served.at(now).is_some_and(|v| v > 30_000), "{served:?}");
        let web = charts(session.readings(), "deployments.apps/default/web", texts);
        assert_eq!(web.iter().map(|c| c.unit).collect::<Vec<_>>(), [Unit::Milli, Unit::Bytes, Unit::Count]);
        assert_eq!(web[2].series[0].at(now), Some(2));
        assert!(web[0].series[0].extent(now).is_some_and(|(least, most, _)| least < most));
        // Looking back moves the instant, never the record.
        let before = session.readings().samples().count();
        session.seek(session.earliest() + 30_000);
        assert_eq!(session.readings().samples().count(), before);
        assert_eq!(web[2].series[0].at(session.now()), Some(2));
        session.submit("kubectl scale deployment web --replicas=4");
        session.advance(10_000);
        let forked = charts(session.readings(), "deployments.apps/default/web", texts);
        assert_eq!(forked[2].series[0].at(session.now()), Some(4), "a line of its own");
        assert!(session.readings().samples().all(|s| s.loads.is_empty()), "which never had the load");
    }
}
