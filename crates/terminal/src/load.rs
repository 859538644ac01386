//! The program `load`: people who send requests to a Service or an Ingress, started, stopped and watched from the
//! shell.
//!
//! Owns: the command's words, its help in Korean and English, its tables. Does not own: what load does (the cluster's
//! `load`).

use cluster::Cluster;
use cluster::load::{Amount, NoLoad, Profile, Running, Shape, Target, TargetKind};
use cluster::network::Language;
use objects::Str;
use objects::quantity::Quantity;

const HELP_EN: &str = "\
Send requests to a Service or an Ingress, as many people would.

Usage:
  load start TARGET [flags]     begin; TARGET is NAME, svc/NAME, ing/NAME or httproute/NAME
  load stop [NAME | --all]      end one load, or all of them
  load status [NAME]            how the loads fare now, and how requests fail
  load trace NAME               the way of the last request that was followed, hop by hop
  load events                   when loads began, failed, recovered and ended

How much (one of them):
  --rps=20                      requests per second
  --users=100                   people who wait for each answer and then think
  --think=1s                    how long they think

How it changes (constant without):
  --ramp-to=200 --over=2m       evenly up or down to an amount, which then stays
  --wave-to=200 --period=5m     up and down again in each period
  --spike-to=500 --after=1m --for=30s [--every=5m]
                                an amount for a while, once or in each period

What a request is:
  --cpu=10ms                    CPU time it takes
  --memory=256Ki                memory it holds while it is under way
  --body=0                      bytes it carries: --body=2Mi
  --timeout=5s                  how long a caller waits

More:
  --name=NAME                   what the load is called (without: the target's name)
  --duration=10m                when it ends by itself
  --port=80  --path=/           one port of the Service, one path of the Ingress
  -n, --namespace=default
";

const HELP_KO: &str = "\
여러 사람이 하듯 서비스나 인그레스에 요청을 보냅니다.

사용법:
  load start 대상 [플래그]        시작합니다. 대상은 이름, svc/이름, ing/이름, httproute/이름
  load stop [이름 | --all]       하나를, 또는 모두 멈춥니다
  load status [이름]             지금 부하가 어떤지, 요청이 왜 실패하는지 봅니다
  load trace 이름                마지막으로 따라가 본 요청이 지나간 길을 홉별로 봅니다
  load events                    언제 시작하고, 실패하고, 회복하고, 끝났는지 봅니다

얼마나 (둘 중 하나):
  --rps=20                       초당 요청 수
  --users=100                    응답을 기다렸다가 잠시 쉬고 다시 요청하는 사용자 수
  --think=1s                     사용자가 쉬는 시간

어떻게 변하는지 (없으면 일정):
  --ramp-to=200 --over=2m        고르게 늘거나 줄어 그 값에 머뭅니다
  --wave-to=200 --period=5m      주기마다 올랐다가 내려옵니다
  --spike-to=500 --after=1m --for=30s [--every=5m]
                                 잠시 치솟습니다. 한 번, 또는 주기마다

요청 하나의 모습:
  --cpu=10ms                     드는 CPU 시간
  --memory=256Ki                 처리하는 동안 차지하는 메모리
  --body=0                       함께 보내는 본문 크기: --body=2Mi
  --timeout=5s                   보낸 쪽이 기다리는 시간

그 밖에:
  --name=이름                    부하의 이름 (없으면 대상의 이름)
  --duration=10m                 저절로 끝나는 때
  --port=80  --path=/            서비스의 한 포트, 인그레스의 한 경로
  -n, --namespace=default
";

/// What a run of the command prints, and how it ends.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Printed {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq)]
enum Wrong {
    Command(String),
    Flag(String),
    NoValue(String),
    Invalid {
        flag: String,
        text: String,
    },
    NoTarget,
    Kind(String),
    /// Flags of which one may be given.
    Together(&'static str),
    NoName,
    NotTraced,
    NoneRuns(String),
    Refused(NoLoad),
}

impl Wrong {
    fn say(&self, korean: bool) -> String {
        if korean { self.in_korean() } else { self.in_english() }
    }

    fn in_english(&self) -> String {
        match self {
            Self::Command(word) => format!("unknown command \"{word}\" for \"load\""),
            Self::Flag(flag) => format!("unknown flag: {flag}"),
            Self::NoValue(flag) => format!("flag needs an argument: --{flag}"),
            Self::Invalid { flag, text } => format!("invalid argument \"{text}\" for \"--{flag}\" flag"),
            Self::NoTarget => "load start needs a target: NAME, svc/NAME, ing/NAME or httproute/NAME".into(),
            Self::Kind(kind) => {
                format!("no requests can be sent to a \"{kind}\": use svc/NAME, ing/NAME or httproute/NAME")
            }
            Self::Together(flags) => format!("only one of {flags} can be given"),
            Self::NoName => "load stop needs a name, or --all".into(),
            Self::NotTraced => "load trace needs a name; one request in five seconds is followed".into(),
            Self::NoneRuns(name) => format!("no load \"{name}\" runs"),
            Self::Refused(why) => why.to_string(),
        }
    }

    fn in_korean(&self) -> String {
        match self {
            Self::Command(word) => format!("load에 없는 명령입니다: {word}"),
            Self::Flag(flag) => format!("없는 플래그입니다: {flag}"),
            Self::NoValue(flag) => format!("값이 필요한 플래그입니다: --{flag}"),
            Self::Invalid { flag, text } => format!("--{flag}에 쓸 수 없는 값입니다: {text}"),
            Self::NoTarget => {
                "어디로 보낼지 정해야 합니다: load start 뒤에 이름, svc/이름, ing/이름, httproute/이름 가운데 하나".into()
            }
            Self::Kind(kind) => {
                format!("요청을 보낼 수 없는 종류입니다: {kind}. svc/이름, ing/이름, httproute/이름을 씁니다")
            }
            Self::Together(flags) => format!("이 가운데 하나만 쓸 수 있습니다: {flags}"),
            Self::NoName => "어느 부하를 멈출지 이름을 쓰거나 --all을 붙입니다".into(),
            Self::NotTraced => "어느 부하인지 이름을 써야 합니다. 요청은 5초에 하나씩 따라가 봅니다".into(),
            Self::NoneRuns(name) => format!("그런 부하가 없습니다: {name}"),
            Self::Refused(NoLoad::Amount) => "요청의 양이 범위를 벗어났습니다".into(),
            Self::Refused(NoLoad::Work) => "요청 하나의 CPU 시간은 1us에서 60s까지입니다".into(),
            Self::Refused(NoLoad::Memory) => "요청 하나의 메모리는 0에서 16Gi까지입니다".into(),
            Self::Refused(NoLoad::Body) => "요청 하나의 본문은 0에서 16Gi까지입니다".into(),
            Self::Refused(NoLoad::Timeout) => "기다리는 시간은 1ms에서 10m까지입니다".into(),
            Self::Refused(NoLoad::Name) => "이름은 1자에서 63자까지입니다".into(),
            Self::Refused(NoLoad::TooMany(n)) => format!("부하는 한꺼번에 {n}개까지 돌릴 수 있습니다"),
            Self::Refused(NoLoad::NoTarget { kind, name, namespace }) => {
                format!("네임스페이스 {namespace}에 그런 대상이 없습니다: {kind}/{name}")
            }
        }
    }
}

/// Flags with their values, and the other words.
struct Words {
    flags: Vec<(String, String)>,
    plain: Vec<String>,
}

const FLAGS: [&str; 20] = [
    "body",
    "rps",
    "users",
    "think",
    "ramp-to",
    "over",
    "wave-to",
    "period",
    "spike-to",
    "after",
    "for",
    "every",
    "cpu",
    "memory",
    "timeout",
    "name",
    "duration",
    "port",
    "path",
    "namespace",
];

impl Words {
    fn of(args: &[String]) -> Result<Self, Wrong> {
        let mut words = Self { flags: Vec::new(), plain: Vec::new() };
        let mut rest = args.iter();
        while let Some(word) = rest.next() {
            let flag = match word.strip_prefix("--") {
                Some(flag) => flag,
                None if word == "-n" => "namespace",
                None if word == "-h" => "help",
                None if word.len() > 1 && word.starts_with('-') => {
                    return Err(Wrong::Flag(word.clone()));
                }
                None => {
                    words.plain.push(word.clone());
                    continue;
                }
            };
            let (name, value) = match flag.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None if matches!(flag, "all" | "help") => (flag, String::new()),
                None => {
                    let value = rest.next().ok_or_else(|| Wrong::NoValue(flag.to_owned()))?;
                    (flag, value.clone())
                }
            };
            if !FLAGS.contains(&name) && !matches!(name, "all" | "help") {
                return Err(Wrong::Flag(format!("--{name}")));
            }
            words.flags.push((name.to_owned(), value));
        }
        Ok(words)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn span(&self, name: &str, otherwise: i64) -> Result<i64, Wrong> {
        let Some(text) = self.get(name) else { return Ok(otherwise) };
        Ok(micros(text).ok_or_else(|| invalid(name, text))? / 1000)
    }

    /// A number to the thousandth.
    fn milli(&self, name: &str) -> Result<Option<i64>, Wrong> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let n: f64 = text.parse().map_err(|_| invalid(name, text))?;
        if !(0.0..1e12).contains(&n) {
            return Err(invalid(name, text));
        }
        Ok(Some((n * 1000.0).round() as i64))
    }
}

fn invalid(flag: &str, text: &str) -> Wrong {
    Wrong::Invalid { flag: flag.to_owned(), text: text.to_owned() }
}

/// `10ms`, `1.5s`, `2m`, `1m30s`, `250us`; a bare number is seconds. In millionths of a second.
fn micros(text: &str) -> Option<i64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (0.0..1e9).contains(&seconds).then_some((seconds * 1e6) as i64);
    }
    let (mut total, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let n: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += n * match rest.get(..end)? {
            "us" | "µs" => 1.0,
            "ms" => 1e3,
            "s" => 1e6,
            "m" => 6e7,
            "h" => 3.6e9,
            _ => return None,
        };
        rest = rest.get(end..)?;
    }
    (!text.is_empty() && total.is_finite() && total < 1e15).then_some(total as i64)
}

fn profile(words: &Words) -> Result<Profile, Wrong> {
    let target = words.plain.get(1).ok_or(Wrong::NoTarget)?;
    let (kind, name) = match target.split_once('/') {
        None => (TargetKind::Service, target.as_str()),
        Some(("svc" | "service" | "services", name)) => (TargetKind::Service, name),
        Some(("ing" | "ingress" | "ingresses", name)) => (TargetKind::Ingress, name),
        Some(("httproute" | "httproutes", name)) => (TargetKind::HttpRoute, name),
        Some((other, _)) => {
            return Err(Wrong::Kind(other.to_owned()));
        }
    };
    let port = words.get("port").map_or(Ok(0), |p| p.parse().map_err(|_| invalid("port", p)))?;
    let target = Target {
        kind,
        namespace: words.get("namespace").unwrap_or("default").into(),
        name: name.into(),
        port,
        path: words.get("path").unwrap_or_default().into(),
    };
    let users = words.milli("users")?.map(|n| n / 1000);
    let unit = if users.is_some() { 1000 } else { 1 };
    let mut p = Profile::constant(target, words.milli("rps")?.unwrap_or(20_000));
    if let Some(count) = users {
        if words.get("rps").is_some() {
            return Err(Wrong::Together("--rps, --users"));
        }
        p.amount = Amount::Users { count, think_ms: words.span("think", 1_000)? };
    }
    let to = |flag: &str| words.milli(flag).map(|n| n.map(|n| n / unit));
    let shapes: Vec<Shape> = [
        to("ramp-to")?.map(|to| Ok(Shape::Ramp { to, over_ms: words.span("over", 60_000)? })),
        to("wave-to")?.map(|to| Ok(Shape::Wave { to, period_ms: words.span("period", 300_000)? })),
        to("spike-to")?.map(|to| {
            Ok(Shape::Spike {
                to,
                after_ms: words.span("after", 30_000)?,
                for_ms: words.span("for", 30_000)?,
                every_ms: words.span("every", 0)?,
            })
        }),
    ]
    .into_iter()
    .flatten()
    .collect::<Result<_, Wrong>>()?;
    match shapes.as_slice() {
        [] => {}
        [one] => p.shape = *one,
        _ => return Err(Wrong::Together("--ramp-to, --wave-to, --spike-to")),
    }
    if let Some(text) = words.get("cpu") {
        p.work_us = micros(text).ok_or_else(|| invalid("cpu", text))?;
    }
    if let Some(text) = words.get("memory") {
        p.memory_bytes = Quantity::parse(text).map_err(|_| invalid("memory", text))?.value();
    }
    if let Some(text) = words.get("body") {
        p.body_bytes = Quantity::parse(text).map_err(|_| invalid("body", text))?.value();
    }
    p.patience_ms = words.span("timeout", p.patience_ms)?;
    p.for_ms = match words.get("duration") {
        Some(_) => Some(words.span("duration", 0)?),
        None => None,
    };
    if let Some(name) = words.get("name") {
        p.name = name.into();
    }
    Ok(p)
}

/// Runs the command at this instant.
pub(crate) fn run(args: &[String], korean: bool, cluster: &mut Cluster) -> Printed {
    let help = || Printed { out: if korean { HELP_KO } else { HELP_EN }.to_owned(), ..Printed::default() };
    let result = Words::of(args).and_then(|words| {
        if words.get("help").is_some() {
            return Ok(help());
        }
        match words.plain.first().map(String::as_str) {
            None | Some("help") => Ok(help()),
            Some("start") => start(&words, korean, cluster),
            Some("stop") => stop(&words, korean, cluster),
            Some("status") => status(&words, korean, cluster),
            Some("trace") => trace(&words, korean, cluster),
            Some("events") => Ok(events(cluster)),
            Some(other) => Err(Wrong::Command(other.to_owned())),
        }
    });
    result.unwrap_or_else(|why| {
        let (error, hint) = if korean {
            ("오류", "사용법은 'load help'로 볼 수 있습니다.")
        } else {
            ("error", "See 'load help' for usage.")
        };
        Printed { err: format!("{error}: {}\n{hint}\n", why.say(korean)), code: 1, ..Printed::default() }
    })
}

fn said(out: String) -> Printed {
    Printed { out, ..Printed::default() }
}

fn start(words: &Words, korean: bool, cluster: &mut Cluster) -> Result<Printed, Wrong> {
    let p = profile(words)?;
    let (name, target) = (p.name.clone(), format!("{}/{}", p.target.kind.word(), p.target.name));
    cluster.start_load(p).map_err(Wrong::Refused)?;
    Ok(said(if korean {
        format!("부하 {name}: {target}에 요청을 보내기 시작했습니다\n")
    } else {
        format!("load {name} on {target} started\n")
    }))
}

fn stop(words: &Words, korean: bool, cluster: &mut Cluster) -> Result<Printed, Wrong> {
    let names: Vec<Str> = if words.get("all").is_some() {
        cluster.load().running().map(|r| r.profile.name.clone()).collect()
    } else {
        words.plain.iter().skip(1).map(|n| Str::from(n.as_str())).collect()
    };
    if names.is_empty() && words.get("all").is_none() {
        return Err(Wrong::NoName);
    }
    let mut out = String::new();
    for name in names {
        let came_to = cluster.load().get(&name).map(|r| {
            let [served, failed] = [r.total_served, r.total_failed].map(|n| n / 1000);
            let sums = if korean {
                format!("응답 {served}건, 실패 {failed}건")
            } else {
                format!("{served} requests answered, {failed} failed")
            };
            (sums, failures(&[r], korean))
        });
        let Some((sums, failures)) = came_to.filter(|_| cluster.stop_load(&name)) else {
            return Err(Wrong::NoneRuns(name.to_string()));
        };
        out.push_str(&if korean {
            format!("부하 {name}: 멈췄습니다 ({sums})\n{failures}")
        } else {
            format!("load {name} stopped: {sums}\n{failures}")
        });
    }
    Ok(said(out))
}

fn per_second(milli: i64) -> String {
    if milli >= 100_000 { (milli / 1000).to_string() } else { format!("{:.1}", milli as f64 / 1000.0) }
}

fn millis(us: i64) -> String {
    match us {
        ..=0 => "-".to_owned(),
        1..10_000 => format!("{:.1}ms", us as f64 / 1000.0),
        10_000..10_000_000 => format!("{}ms", us / 1000),
        _ => format!("{}s", us / 1_000_000),
    }
}

fn row(r: &Running) -> [String; 8] {
    let s = r.latest().cloned().unwrap_or_default();
    let errors = if s.offered > 0 { (s.failed * 1000 / s.offered).min(1000) } else { 0 };
    let t = &r.profile.target;
    [
        r.profile.name.to_string(),
        format!("{}/{}", t.kind.word(), t.name),
        per_second(s.offered),
        per_second(s.served),
        format!("{}.{}%", errors / 10, errors % 10),
        millis(s.latency_us),
        millis(s.p95_us),
        s.backends.len().to_string(),
    ]
}

fn status(words: &Words, korean: bool, cluster: &Cluster) -> Result<Printed, Wrong> {
    let wanted = words.plain.get(1);
    let found: Vec<&Running> =
        cluster.load().running().filter(|r| wanted.is_none_or(|n| r.profile.name == n.as_str())).collect();
    if found.is_empty() {
        return match wanted {
            Some(name) => Err(Wrong::NoneRuns(name.clone())),
            None => {
                let text =
                    if korean { "지금 보내는 부하가 없습니다.\n" } else { "No load runs.\n" };
                Ok(Printed { err: text.to_owned(), ..Printed::default() })
            }
        };
    }
    let header = ["NAME", "TARGET", "RPS", "SERVED", "ERRORS", "LATENCY", "P95", "PODS"].map(str::to_owned);
    let mut rows = vec![header];
    rows.extend(found.iter().map(|r| row(r)));
    let mut out = table(&rows);
    if wanted.is_some()
        && let Some(s) = found.first().and_then(|r| r.latest())
    {
        let mut rows = vec![["POD", "RPS", "SERVED", "QUEUED", "LATENCY", "P95"].map(str::to_owned)];
        rows.extend(s.backends.iter().map(|b| {
            let o = &b.outcome;
            [
                objects::meta::split_key(&b.pod).1.to_owned(),
                per_second(o.arriving),
                per_second(o.served),
                (o.queued / 1000).to_string(),
                millis(o.latency_us),
                millis(o.p95_us),
            ]
        }));
        out.push('\n');
        out.push_str(&table(&rows));
    }
    Ok(said(out + &failures(&found, korean)))
}

/// The way of the last request of a load that was followed.
fn trace(words: &Words, korean: bool, cluster: &Cluster) -> Result<Printed, Wrong> {
    let name = words.plain.get(1).ok_or(Wrong::NotTraced)?;
    let r = cluster.load().get(name).ok_or_else(|| Wrong::NoneRuns(name.clone()))?;
    let path = cluster.paths().iter().rfind(|p| p.id == r.sampled()).ok_or(Wrong::NotTraced)?;
    Ok(said(path.lines(language(korean)).join("\n") + "\n"))
}

fn language(korean: bool) -> Language {
    if korean { Language::Korean } else { Language::English }
}

/// How requests failed since their loads began: kind, number, in the last second, and where one went wrong.
fn failures(loads: &[&Running], korean: bool) -> String {
    let language = language(korean);
    let mut rows = vec![["LOAD", "ERROR", "RPS", "TOTAL", "WHY"].map(str::to_owned)];
    for r in loads {
        let last = r.latest().map(|s| s.at);
        rows.extend(r.failing().map(|f| {
            let place = f.place().map_or(String::new(), |p| format!(" ({p})"));
            let now = if Some(f.at) == last { f.latest } else { 0 };
            let why = f.why(language) + &place;
            [
                r.profile.name.to_string(),
                f.title(language),
                per_second(now),
                (f.total / 1000).to_string(),
                why,
            ]
        }));
    }
    if rows.len() == 1 { String::new() } else { format!("\n{}", table(&rows)) }
}

fn events(cluster: &Cluster) -> Printed {
    let mut rows = vec![["TIME", "LOAD", "EVENT"].map(str::to_owned)];
    let line = |e: &cluster::load::LoadEvent| [e.at.rfc3339(), e.load.to_string(), e.what.code().to_owned()];
    rows.extend(cluster.load().events().map(line));
    said(table(&rows))
}

/// The places a text takes on a terminal: letters of Korean take two.
fn places(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum()
}

/// Columns three spaces apart.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N).map(|i| rows.iter().map(|r| places(&r[i])).max().unwrap_or(0)).collect();
    let mut out = String::new();
    for r in rows {
        for (i, cell) in r.iter().enumerate() {
            out.push_str(cell);
            if i + 1 < N {
                out.extend(std::iter::repeat_n(' ', widths[i] + 3 - places(cell)));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn spans() {
        let table = [
            ("10ms", Some(10_000)),
            ("1.5s", Some(1_500_000)),
            ("1m30s", Some(90_000_000)),
            ("2", Some(2_000_000)),
            ("250us", Some(250)),
            ("fast", None),
            ("3x", None),
            ("", None),
        ];
        for (text, us) in table {
            assert_eq!(micros(text), us, "{text}");
        }
    }

    #[test]
    fn lines_become_profiles() {
        let p = |line: &str| Words::of(&words(line)).and_then(|w| profile(&w));
        let one = p("start svc/web --rps 50 --spike-to=500 --after=1m --for 10s --cpu=2ms").expect("good");
        assert_eq!(one.amount, Amount::Rate(50_000));
        assert_eq!(one.shape, Shape::Spike { to: 500_000, after_ms: 60_000, for_ms: 10_000, every_ms: 0 });
        assert_eq!((one.work_us, one.name.as_str()), (2_000, "web"));
        let users = p("start ing/front -n shop --users=100 --think=2s --ramp-to=300").expect("good");
        assert_eq!(users.amount, Amount::Users { count: 100, think_ms: 2_000 });
        assert_eq!(users.shape, Shape::Ramp { to: 300, over_ms: 60_000 });
        assert_eq!((users.target.kind, users.target.namespace.as_str()), (TargetKind::Ingress, "shop"));
        for bad in [
            "start",
            "start deploy/web",
            "start web --rps=x",
            "start web --users=1 --rps=1",
            "start web --ramp-to=1 --wave-to=2",
            "start web --colour=red",
            "start web --rps",
        ] {
            assert!(p(bad).is_err(), "{bad}");
        }
    }
}
